//! The rows of all frames that a band needs, and of what belongs to their samples.

use std::ops::Range;

use skystack_simd::Element;

use super::rows::{PlacedRow, RowForm, Rows, TileRows, WordRows};
use crate::format::WordFormat;
use crate::{Plane, SampleFormat};

/// Some rows of one plane, and what of the output they cover.
#[derive(Debug, Clone)]
pub(crate) struct PlacedPlane<'a, E> {
    /// Row 0 is row `rows.start` of the band.
    pub(crate) plane: Plane<'a, E>,
    /// Rows of the band.
    pub(crate) rows: Range<usize>,
    /// Columns of the output.
    pub(crate) columns: Range<usize>,
    /// The sample of the plane at column `columns.start`.
    pub(crate) left: usize,
}

impl<'a, E> PlacedPlane<'a, E> {
    /// The part of `pixels` of a row that it covers, relative to them, and its elements, of which a sample has `elements`.
    fn row(&self, row: usize, pixels: &Range<usize>, elements: usize) -> (Range<usize>, &'a [E]) {
        let covered = pixels.start.max(self.columns.start)..pixels.end.min(self.columns.end);
        if !self.rows.contains(&row) || covered.is_empty() {
            return (0..0, &[]);
        }
        let first = covered.start - self.columns.start + self.left;
        let samples = first * elements..(first + covered.len()) * elements;
        let within = covered.start - pixels.start..covered.end - pixels.start;
        (within, self.plane.row(row - self.rows.start, samples))
    }

    /// `pixels` of line `line` of a plane that covers all rows and columns, and may begin to the left of them.
    fn whole_row(&self, line: usize, pixels: &Range<usize>, elements: usize) -> &'a [E] {
        let (start, end) = (pixels.start + self.left, pixels.end + self.left);
        self.plane.row(line, start * elements..end * elements)
    }
}

/// The lines of every frame that a band needs.
///
/// A *line* is what tiles are cut from: a row, or the whole band where the rows of every frame follow each other without
/// gaps. Long lines keep the memory streaming, and give narrow images tiles worth entering.
#[derive(Debug)]
pub(crate) struct BandInput<'a, T> {
    samples: Samples<'a, T>,
    layers: Layers<'a, T>,
    /// Every frame covers the whole width and all rows.
    whole: bool,
    pub(crate) line_width: usize,
}

/// The samples of the frames.
#[derive(Debug)]
pub(crate) enum Samples<'a, T> {
    /// Values of the working type.
    Values(Vec<PlacedPlane<'a, T>>),
    /// Samples as they are stored; the planes are of bytes.
    Stored(Vec<PlacedPlane<'a, u8>>, &'a StoredFormats),
}

/// What belongs to the samples, one plane a frame; empty where no frame has it.
#[derive(Debug)]
pub(crate) struct Layers<'a, T> {
    pub(crate) masks: Vec<Option<PlacedPlane<'a, u8>>>,
    pub(crate) variances: Vec<Option<PlacedPlane<'a, T>>>,
    pub(crate) weights: Vec<Option<PlacedPlane<'a, T>>>,
    pub(crate) quality: Vec<Option<PlacedPlane<'a, u32>>>,
}

impl<T> Layers<'_, T> {
    fn is_empty(&self) -> bool {
        self.masks.is_empty()
            && self.variances.is_empty()
            && self.weights.is_empty()
            && self.quality.is_empty()
    }
}

/// How the samples of each frame are stored.
#[derive(Debug)]
pub(crate) struct StoredFormats {
    frames: Vec<SampleFormat>,
    /// The one form of all, where a run in f32 takes them as 16-bit integers: sorted at twice the width.
    words: Option<WordFormat>,
}

impl StoredFormats {
    /// For a run in T.
    pub(crate) fn new<T: Element>(frames: Vec<SampleFormat>) -> Self {
        // Words are what f32 holds exactly; a run in f64 is rare enough to be converted.
        let first = frames.first().filter(|_| T::BYTES == f32::BYTES).and_then(WordFormat::of);
        let words = first.filter(|first| frames.iter().all(|format| WordFormat::of(format) == Some(*first)));
        Self { frames, words }
    }

    /// Bytes of a sample of `frame`.
    pub(crate) fn bytes(&self, frame: usize) -> usize {
        self.frames[frame].bytes()
    }
}

impl<'a, T: Element> BandInput<'a, T> {
    /// `samples` of `rows` rows of an output of `width` pixels a row. `by_row`: a tile may not go on into the next row.
    pub(crate) fn new(
        samples: Samples<'a, T>,
        layers: Layers<'a, T>,
        rows: usize,
        width: usize,
        by_row: bool,
    ) -> Self {
        let covers =
            |covered: &Range<usize>, columns: &Range<usize>| *covered == (0..rows) && *columns == (0..width);
        let (whole, gapless) = match &samples {
            Samples::Values(planes) => (
                planes.iter().all(|placed| covers(&placed.rows, &placed.columns)),
                planes.iter().all(|placed| placed.plane.stride == width),
            ),
            Samples::Stored(planes, formats) => (
                planes.iter().all(|placed| covers(&placed.rows, &placed.columns)),
                planes.iter().enumerate().all(|(i, placed)| placed.plane.stride == width * formats.bytes(i)),
            ),
        };
        let long = whole && gapless && layers.is_empty() && !by_row;
        Self { samples, layers, whole, line_width: if long { rows * width } else { width } }
    }

    /// `pixels` of line `line` of every frame.
    pub(crate) fn rows(&self, line: usize, pixels: &Range<usize>) -> TileRows<'a, T> {
        TileRows {
            samples: if self.whole {
                self.samples.rows(line, pixels)
            } else {
                self.samples.placed(line, pixels)
            },
            masks: layer(&self.layers.masks, line, pixels),
            variances: layer(&self.layers.variances, line, pixels),
            weights: layer(&self.layers.weights, line, pixels),
            quality: layer(&self.layers.quality, line, pixels),
        }
    }
}

/// `pixels` of one row of a layer.
fn layer<'a, E>(
    planes: &[Option<PlacedPlane<'a, E>>],
    row: usize,
    pixels: &Range<usize>,
) -> Vec<(Range<usize>, &'a [E])> {
    let of = |plane: &Option<PlacedPlane<'a, E>>| {
        plane.as_ref().map_or((0..0, &[][..]), |p| p.row(row, pixels, 1))
    };
    planes.iter().map(of).collect()
}

impl<'a, T: Element> Samples<'a, T> {
    /// Of frames that cover the whole output.
    fn rows(&self, line: usize, pixels: &Range<usize>) -> Rows<'a, T> {
        match self {
            Self::Values(planes) => {
                Rows::Values(planes.iter().map(|placed| placed.whole_row(line, pixels, 1)).collect())
            }
            Self::Stored(planes, StoredFormats { words: Some(format), .. }) => {
                let row = |placed: &PlacedPlane<'a, u8>| placed.whole_row(line, pixels, size_of::<[u8; 2]>());
                let rows = planes.iter().map(|placed| row(placed).as_chunks().0);
                Rows::Words(WordRows { rows: rows.collect(), format: *format })
            }
            Self::Stored(planes, formats) => {
                let rows = planes.iter().enumerate();
                let rows = rows.map(|(i, placed)| placed.whole_row(line, pixels, formats.bytes(i)));
                Rows::Stored(rows.collect(), &formats.frames)
            }
        }
    }

    /// Of frames that cover parts of it.
    fn placed(&self, row: usize, pixels: &Range<usize>) -> Rows<'a, T> {
        Rows::Placed(match self {
            Self::Values(planes) => {
                let of = |placed: &PlacedPlane<'a, T>| {
                    let (covered, values) = placed.row(row, pixels, 1);
                    PlacedRow { covered, form: RowForm::Values(values) }
                };
                planes.iter().map(of).collect()
            }
            Self::Stored(planes, formats) => {
                let of = |(placed, format): (&PlacedPlane<'a, u8>, &'a SampleFormat)| {
                    let (covered, stored) = placed.row(row, pixels, format.bytes());
                    PlacedRow { covered, form: RowForm::Stored(stored, format) }
                };
                planes.iter().zip(&formats.frames).map(of).collect()
            }
        })
    }
}
