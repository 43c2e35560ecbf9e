//! Which pixels of a frame a statistic is taken of (algorithms.md section 6.3).
//!
//! idea: the section of each frame -> every j-th row and pixel of it -> without what is missing, masked or outside the thresholds.

use std::ops::Range;

use super::NormaliseError;
use crate::{FrameSource, Placement};

/// A sample is thinned until it has fewer pixels than this.
pub(super) const MOST_PIXELS: usize = 100_000;

/// IRAF thins no further than to every tenth row and pixel.
const MOST_STEP: usize = 10;

/// The part of a frame that statistics look at. Pixels and rows count from 0, ends are not included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Statsec {
    /// All of it.
    #[default]
    Whole,
    /// These pixels of each frame, in its own rows and columns. What lies outside of a frame is left out.
    Input {
        /// Pixels of a row.
        columns: Range<usize>,
        /// Rows.
        rows: Range<usize>,
    },
    /// Those that lie in this part of the output, where a frame lies at its [`Placement`].
    Output {
        /// Pixels of an output row.
        columns: Range<i64>,
        /// Output rows.
        rows: Range<i64>,
    },
    /// Those that lie where all frames do.
    Overlap,
}

/// How many pixels of the section are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleSize {
    /// Every j-th row and pixel from the first one of the section on, j from 1 to 10 the least with fewer than 100 000 pixels, else 10
    /// (IRAF).
    #[default]
    Thinned,
    /// Every pixel (`statsample=all`).
    All,
}

/// What a statistic of frames is taken of. The default is IRAF's, without thresholds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sampling {
    /// Part of the frames.
    pub statsec: Statsec,
    /// Pixels of that part.
    pub size: SampleSize,
    /// Least good value of the unscaled samples, itself good.
    pub lthreshold: Option<f64>,
    /// Greatest good value likewise.
    pub hthreshold: Option<f64>,
}

/// A rectangle of pixels: columns and rows of one frame, or of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) columns: Range<i64>,
    pub(super) rows: Range<i64>,
}

impl Area {
    pub(super) fn common(&self, other: &Self) -> Self {
        let both = |a: &Range<i64>, b: &Range<i64>| a.start.max(b.start)..a.end.min(b.end);
        Self { columns: both(&self.columns, &other.columns), rows: both(&self.rows, &other.rows) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty() || self.rows.is_empty()
    }

    pub(super) fn moved(&self, dx: i64, dy: i64) -> Self {
        // Offsets come from files: where they are absurd the area is empty or somewhere else, but nothing overflows.
        let by = |range: &Range<i64>, d| range.start.saturating_add(d)..range.end.saturating_add(d);
        Self { columns: by(&self.columns, dx), rows: by(&self.rows, dy) }
    }

    /// Pixels of every `step`-th row and column.
    pub(super) fn pixels(&self, step: usize) -> usize {
        let along = |range: &Range<i64>| {
            let length = range.end.saturating_sub(range.start).max(0) as usize;
            length.div_ceil(step)
        };
        along(&self.columns).saturating_mul(along(&self.rows))
    }

    /// The least step from 1 to `most` that leaves fewer than 100 000 pixels, else `most`.
    pub(super) fn step(&self, most: usize) -> usize {
        (1..most).find(|&step| self.pixels(step) < MOST_PIXELS).unwrap_or(most)
    }
}

/// Where frames lie in the output.
pub(super) struct Places {
    frames: Vec<Area>,
    /// Pixels of a row of each.
    widths: Vec<usize>,
}

impl Places {
    pub(super) fn of<T>(source: &impl FrameSource<T>) -> Self {
        let whole = Placement { x: 0, y: 0, height: source.height(), width: source.width() };
        let places: Vec<Placement> =
            (0..source.frames()).map(|frame| source.placement(frame).unwrap_or(whole)).collect();
        let area = |place: &Placement| {
            let own = Area { columns: 0..saturated(place.width), rows: 0..saturated(place.height) };
            own.moved(place.x as i64, place.y as i64)
        };
        Self {
            frames: places.iter().map(area).collect(),
            widths: places.iter().map(|place| place.width).collect(),
        }
    }

    /// Pixels of a row of `frame`.
    pub(super) fn width(&self, frame: usize) -> usize {
        self.widths[frame]
    }

    /// Where the section of `frame` lies in the output.
    pub(super) fn section(&self, statsec: &Statsec, frame: usize) -> Area {
        let place = &self.frames[frame];
        match statsec {
            Statsec::Whole => place.clone(),
            Statsec::Input { columns, rows } => {
                let signed = |range: &Range<usize>| saturated(range.start)..saturated(range.end);
                let own = Area { columns: signed(columns), rows: signed(rows) };
                place.common(&own.moved(place.columns.start, place.rows.start))
            }
            Statsec::Output { columns, rows } => {
                place.common(&Area { columns: columns.clone(), rows: rows.clone() })
            }
            Statsec::Overlap => self.frames.iter().fold(place.clone(), |common, other| common.common(other)),
        }
    }

    /// An area of the output in the pixels of `frame`, which has all of it.
    pub(super) fn in_frame(&self, area: &Area, frame: usize) -> (Range<usize>, Range<usize>) {
        let place = &self.frames[frame];
        let by =
            |range: &Range<i64>, start: i64| (range.start - start) as usize..(range.end - start) as usize;
        (by(&area.columns, place.columns.start), by(&area.rows, place.rows.start))
    }
}

fn saturated(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The section of a frame and the step in it.
pub(super) fn thinned(
    places: &Places,
    sampling: &Sampling,
    frame: usize,
) -> Result<(Area, usize), NormaliseError> {
    let area = places.section(&sampling.statsec, frame);
    if area.is_empty() {
        return Err(NormaliseError::Empty { frame });
    }
    let step = match sampling.size {
        SampleSize::Thinned => area.step(MOST_STEP),
        SampleSize::All => 1,
    };
    Ok((area, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(columns: Range<i64>, rows: Range<i64>) -> Area {
        Area { columns, rows }
    }

    /// 999 × 100 = 99 900 pixels are few enough, 1000 × 100 are not. 3000 × 3000: j = 9 leaves 334 × 334 = 111 556, 10 leaves 90 000.
    /// 10 000 × 10 000: a million at j = 10, which is the last.
    #[test]
    fn the_step_is_the_least_that_leaves_fewer_than_a_hundred_thousand() {
        let step = |width, height| area(0..width, 0..height).step(MOST_STEP);
        assert_eq!((step(999, 100), step(1000, 100)), (1, 2));
        assert_eq!((step(3000, 3000), step(10_000, 10_000)), (10, 10));
        assert_eq!(area(5..10, 0..7).pixels(3), 2 * 3);
        assert_eq!(area(0..10_000, 0..10_000).step(usize::MAX), 32);
    }

    #[test]
    fn sections_lie_where_the_offsets_put_them() {
        let frames = vec![area(0..10, 0..8), area(3..13, -2..6), area(1..11, 1..9)];
        let places = Places { frames, widths: vec![10; 3] };
        assert_eq!(places.section(&Statsec::Whole, 1), area(3..13, -2..6));
        let input = Statsec::Input { columns: 2..40, rows: 1..3 };
        assert_eq!(places.section(&input, 1), area(5..13, -1..1));
        assert_eq!(places.in_frame(&places.section(&input, 1), 1), (2..10, 1..3));
        let output = Statsec::Output { columns: -5..5, rows: 0..100 };
        assert_eq!(places.section(&output, 1), area(3..5, 0..6));
        let overlap = area(3..10, 1..6);
        assert!((0..3).all(|frame| places.section(&Statsec::Overlap, frame) == overlap));
        assert_eq!(places.in_frame(&overlap, 1), (0..7, 3..8));
        assert_eq!(places.in_frame(&overlap, 2), (2..9, 0..5));
        assert!(places.section(&Statsec::Input { columns: 10..20, rows: 0..8 }, 0).is_empty());
        assert!(
            places.section(&Statsec::Input { columns: usize::MAX..usize::MAX, rows: 0..8 }, 1).is_empty()
        );
    }
}
