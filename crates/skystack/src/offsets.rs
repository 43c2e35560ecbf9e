//! Where frames lie on the output (algorithms.md 2.1): whole pixels, from a list, from headers, on a grid.

use std::ops::Range;

use skystack_combine::Placement;
use skystack_fits::Header;

use crate::{Error, ErrorKind};

/// How the offsets of the frames are found.
///
/// Offsets are relative: the least of them over all frames is subtracted, so that pixel (1, 1) of the union is its lower left
/// corner.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Offsets {
    /// Pixel (1, 1) of every frame is pixel (1, 1) of the output.
    #[default]
    None,
    /// From the world coordinates: dx = round(CRPIX1 of the first frame − CRPIX1), dy likewise. All frames must have one reference
    /// point, scale and orientation.
    Wcs,
    /// From the physical coordinates that IRAF keeps: dx = round(LTV1 of the first frame − LTV1), dy likewise (absent: 0).
    Physical,
    /// Frame after frame on a grid of `columns`, `step` pixels apart in x and y.
    Grid {
        /// Frames in a row of the grid.
        columns: usize,
        /// Pixels from one to the next in x and y.
        step: (i64, i64),
    },
    /// These (dx, dy), in frame order.
    Given(Vec<(i64, i64)>),
}

/// Which pixels the output has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Footprint {
    /// All that some frame covers.
    #[default]
    Union,
    /// Those that all frames cover.
    Intersection,
    /// These columns and rows of the union, counted from 0.
    Limits {
        /// Columns.
        x: Range<i64>,
        /// Rows.
        y: Range<i64>,
    },
}

/// The frames on their output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// One a frame; none at all where every frame covers the output.
    pub(crate) placements: Vec<Placement>,
}

impl Layout {
    /// The (x, y) of `frame` at an output pixel, if it covers that.
    pub(crate) fn within(&self, frame: usize, x: usize, y: usize) -> Option<(usize, usize)> {
        let Some(placement) = self.placements.get(frame) else { return Some((x, y)) };
        let own = (x.checked_add_signed(-placement.x)?, y.checked_add_signed(-placement.y)?);
        (own.0 < placement.width && own.1 < placement.height).then_some(own)
    }
}

/// A frame as far as its place is concerned.
pub(crate) struct Framed<'a> {
    pub(crate) name: String,
    /// (height, width).
    pub(crate) shape: (usize, usize),
    /// Absent for arrays.
    pub(crate) header: Option<&'a Header>,
}

/// dx, dy and (height, width) of a frame.
type Placed = (i64, i64, (usize, usize));

/// Most pixels along an axis of the output: sizes are the planner's business, this is about offsets that are no offsets.
const MOST_PIXELS: i64 = 1 << 31;

impl Offsets {
    /// Places the frames.
    pub(crate) fn layout(&self, frames: &[Framed<'_>], footprint: &Footprint) -> Result<Layout, Error> {
        let offsets = self.of(frames)?;
        let left = offsets.iter().map(|(x, _)| *x).min().unwrap_or(0);
        let bottom = offsets.iter().map(|(_, y)| *y).min().unwrap_or(0);
        let placed = offsets.iter().zip(frames).map(|((x, y), frame)| (x - left, y - bottom, frame.shape));
        let placed: Vec<Placed> = placed.collect();
        let (columns, rows) = footprint.limits(&placed)?;
        let placement = |&(x, y, (height, width)): &Placed| Placement {
            x: (x - columns.start) as isize,
            y: (y - rows.start) as isize,
            height,
            width,
        };
        let placements: Vec<Placement> = placed.iter().map(placement).collect();
        let (height, width) = ((rows.end - rows.start) as usize, (columns.end - columns.start) as usize);
        let whole = Placement { x: 0, y: 0, height, width };
        let all_whole = placements.iter().all(|placement| *placement == whole);
        Ok(Layout { height, width, placements: if all_whole { Vec::new() } else { placements } })
    }

    fn of(&self, frames: &[Framed<'_>]) -> Result<Vec<(i64, i64)>, Error> {
        let offsets = match self {
            Self::None => vec![(0, 0); frames.len()],
            Self::Wcs => of_wcs(frames)?,
            Self::Physical => relative(frames, "LTV1", "LTV2", Some(0.0))?,
            Self::Grid { columns, step } => {
                if *columns == 0 {
                    return Err(wrong("columns of the grid of offsets is 0, needed at least 1".to_owned()));
                }
                let place = |i: usize| ((i % columns) as i64 * step.0, (i / columns) as i64 * step.1);
                (0..frames.len()).map(place).collect()
            }
            Self::Given(offsets) if offsets.len() == frames.len() => offsets.clone(),
            Self::Given(offsets) => {
                let (found, needed) = (offsets.len(), frames.len());
                return Err(wrong(format!(
                    "offsets are {found} pairs, needed one for each of {needed} frames"
                )));
            }
        };
        match offsets.iter().zip(frames).find(|((x, y), _)| x.abs().max(y.abs()) >= MOST_PIXELS) {
            None => Ok(offsets),
            Some(((x, y), frame)) => Err(wrong(format!(
                "offset of {} is ({x}, {y}), needed less than {MOST_PIXELS} pixels",
                frame.name
            ))),
        }
    }
}

impl Footprint {
    /// Columns and rows of the output, in those of the union.
    fn limits(&self, placed: &[Placed]) -> Result<(Range<i64>, Range<i64>), Error> {
        let ends = |of: fn(&Placed) -> (i64, usize)| {
            placed.iter().map(of).map(|(start, length)| start..start + length as i64).collect::<Vec<_>>()
        };
        let (x, y) = (ends(|p| (p.0, p.2.1)), ends(|p| (p.1, p.2.0)));
        let union = |ranges: &[Range<i64>]| 0..ranges.iter().map(|range| range.end).max().unwrap_or(0);
        let common = |ranges: &[Range<i64>]| {
            let start = ranges.iter().map(|range| range.start).max().unwrap_or(0);
            start..ranges.iter().map(|range| range.end).min().unwrap_or(0)
        };
        let (columns, rows) = match self {
            Self::Union => (union(&x), union(&y)),
            Self::Intersection => (common(&x), common(&y)),
            Self::Limits { x, y } => (x.clone(), y.clone()),
        };
        if columns.is_empty() || rows.is_empty() {
            let found = format!("columns {columns:?}, rows {rows:?}");
            return Err(wrong(format!(
                "the footprint of the output is empty ({found}), needed at least one pixel"
            )));
        }
        if columns.end - columns.start > MOST_PIXELS || rows.end - rows.start > MOST_PIXELS {
            let message =
                format!("the output has more than {MOST_PIXELS} pixels along an axis, needed fewer");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        Ok((columns, rows))
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Parameter, message)
}

/// round(first − own) of two keywords.
fn relative(frames: &[Framed<'_>], x: &str, y: &str, absent: Option<f64>) -> Result<Vec<(i64, i64)>, Error> {
    let number = |frame: &Framed<'_>, keyword: &str| {
        let header =
            frame.header.ok_or_else(|| wrong("offsets from headers: an array has none".to_owned()))?;
        let value = header.number(keyword).or(absent).filter(|value| value.is_finite());
        value.ok_or_else(|| {
            let message = format!("{} has no number in keyword {keyword}, needed for offsets", frame.name);
            Error::new(ErrorKind::Format, message)
        })
    };
    let first = match frames.first() {
        Some(first) => (number(first, x)?, number(first, y)?),
        None => return Ok(Vec::new()),
    };
    let offset = |frame: &Framed<'_>| -> Result<(i64, i64), Error> {
        let (own_x, own_y) = (number(frame, x)?, number(frame, y)?);
        Ok(((first.0 - own_x).round() as i64, (first.1 - own_y).round() as i64))
    };
    frames.iter().map(offset).collect()
}

/// Keywords that must say the same in all frames, and what they are if absent.
const SAME_NUMBERS: &[(&str, Option<f64>)] = &[
    ("CRVAL1", Some(0.0)),
    ("CRVAL2", Some(0.0)),
    ("CD1_1", None),
    ("CD1_2", None),
    ("CD2_1", None),
    ("CD2_2", None),
    ("CDELT1", None),
    ("CDELT2", None),
    ("PC1_1", None),
    ("PC1_2", None),
    ("PC2_1", None),
    ("PC2_2", None),
    ("CROTA2", None),
];

/// Scales, angles and reference points may differ by this much of themselves: header cards are written with some digits.
const SAME: f64 = 1e-7;

fn of_wcs(frames: &[Framed<'_>]) -> Result<Vec<(i64, i64)>, Error> {
    let offsets = relative(frames, "CRPIX1", "CRPIX2", None)?;
    let Some(Framed { header: Some(first), name: first_name, .. }) = frames.first() else {
        return Ok(offsets);
    };
    for frame in &frames[1..] {
        let Some(header) = frame.header else { continue };
        let differs = |keyword: &str, found: String, needed: String| {
            let message = format!(
                "{}: {keyword} is {found}, needed {needed} as in {first_name}: offsets from world coordinates are for frames \
                 with one reference point, scale and orientation",
                frame.name
            );
            Err(Error::new(ErrorKind::Format, message))
        };
        for (keyword, absent) in SAME_NUMBERS {
            let value = |header: &Header| header.number(keyword).or(*absent);
            let (found, needed) = (value(header), value(first));
            let agrees = match (found, needed) {
                (Some(found), Some(needed)) => (found - needed).abs() <= SAME * needed.abs().max(SAME),
                (found, needed) => found.is_none() && needed.is_none(),
            };
            if !agrees {
                let show = |value: Option<f64>| value.map_or_else(|| "absent".to_owned(), |v| v.to_string());
                return differs(keyword, show(found), show(needed));
            }
        }
        for keyword in ["CTYPE1", "CTYPE2"] {
            let (found, needed) = (header.text(keyword), first.text(keyword));
            if found != needed {
                let show = |value: Option<String>| value.unwrap_or_else(|| "absent".to_owned());
                return differs(keyword, show(found), show(needed));
            }
        }
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(shapes: &[(usize, usize)]) -> Vec<Framed<'static>> {
        let framed = |(i, shape): (usize, &(usize, usize))| Framed {
            name: format!("f{i}"),
            shape: *shape,
            header: None,
        };
        shapes.iter().enumerate().map(framed).collect()
    }

    fn place(x: isize, y: isize, height: usize, width: usize) -> Placement {
        Placement { x, y, height, width }
    }

    #[test]
    fn the_union_starts_at_the_least_offset() {
        let offsets = Offsets::Given(vec![(0, 0), (4, -2), (-3, 5)]);
        let layout = offsets.layout(&frames(&[(10, 20); 3]), &Footprint::Union).unwrap();
        assert_eq!((layout.height, layout.width), (17, 27));
        assert_eq!(layout.placements, [place(3, 2, 10, 20), place(7, 0, 10, 20), place(0, 7, 10, 20)]);
    }

    #[test]
    fn intersection_and_limits_cut_the_union() {
        let offsets = Offsets::Given(vec![(0, 0), (4, 2)]);
        let frames = frames(&[(10, 20), (10, 8)]);
        let layout = offsets.layout(&frames, &Footprint::Intersection).unwrap();
        assert_eq!((layout.height, layout.width), (8, 8));
        assert_eq!(layout.placements, [place(-4, -2, 10, 20), place(0, 0, 10, 8)]);
        let limits = Footprint::Limits { x: -1..30, y: 3..5 };
        let layout = offsets.layout(&frames, &limits).unwrap();
        assert_eq!((layout.height, layout.width, layout.placements[1]), (2, 31, place(5, -1, 10, 8)));
        let apart = Offsets::Given(vec![(0, 0), (100, 0)]);
        assert!(apart.layout(&frames, &Footprint::Intersection).unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn frames_of_one_shape_without_offsets_need_no_placements() {
        let layout = Offsets::None.layout(&frames(&[(3, 4); 2]), &Footprint::Union).unwrap();
        assert!(layout.placements.is_empty());
        let layout = Offsets::None.layout(&frames(&[(3, 4), (5, 2)]), &Footprint::Union).unwrap();
        assert_eq!((layout.height, layout.width, layout.placements.len()), (5, 4, 2));
    }

    #[test]
    fn a_grid_goes_row_by_row() {
        let grid = Offsets::Grid { columns: 2, step: (5, 7) };
        let layout = grid.layout(&frames(&[(2, 3); 3]), &Footprint::Union).unwrap();
        assert_eq!(layout.placements, [place(0, 0, 2, 3), place(5, 0, 2, 3), place(0, 7, 2, 3)]);
    }

    #[test]
    fn offsets_from_world_coordinates_are_refused_where_scales_differ() {
        let header = |crpix: f64, scale: f64| {
            let mut header = Header::new();
            for (keyword, value) in [("CRPIX1", crpix), ("CRPIX2", 1.0), ("CD1_1", scale), ("CD2_2", scale)] {
                header.set(keyword, value, "").unwrap();
            }
            header
        };
        let (a, b, c) = (header(17.0, -1e-4), header(13.2, -1e-4), header(17.0, -1.1e-4));
        let framed = |header| Framed { name: "f".into(), shape: (2, 2), header: Some(header) };
        let placements =
            Offsets::Wcs.layout(&[framed(&a), framed(&b)], &Footprint::Union).unwrap().placements;
        assert_eq!(placements[1].x, 4);
        let refused =
            Offsets::Wcs.layout(&[framed(&a), framed(&c)], &Footprint::Union).unwrap_err().to_string();
        assert!(refused.contains("CD1_1 is -0.00011, needed -0.0001"), "{refused}");
    }
}
