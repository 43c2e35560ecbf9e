//! The pixels of one tile in every frame.

use std::ops::Range;

use skystack_simd::{Element, Isa, prefetch};

use crate::SampleFormat;
use crate::format::{Decode, WordFormat};

/// The samples of one tile, and what belongs to them.
///
/// A worker makes one a tile: a kernel that worked out where each row lies whenever it reads some registers of it would spend
/// a tenth of a median on that.
#[derive(Debug)]
pub(crate) struct TileRows<'a, T> {
    pub(crate) samples: Rows<'a, T>,
    pub(crate) masks: LayerRows<'a, u8>,
    pub(crate) variances: LayerRows<'a, T>,
    pub(crate) weights: LayerRows<'a, T>,
    pub(crate) quality: LayerRows<'a, u32>,
}

/// The pixels of the tile that the plane of each frame covers, and its elements there. No entry at all: no frame has such a plane.
pub(crate) type LayerRows<'a, E> = Vec<(Range<usize>, &'a [E])>;

/// The element of pixel `pixel` of the tile, where the frame has one.
#[inline(always)]
pub(crate) fn element<E: Copy>(rows: &LayerRows<'_, E>, frame: usize, pixel: usize) -> Option<E> {
    let (covered, elements) = rows.get(frame)?;
    covered.contains(&pixel).then(|| elements[pixel - covered.start])
}

/// The samples of one tile in every frame.
#[derive(Debug)]
pub(crate) enum Rows<'a, T> {
    /// Values of the working type.
    Values(Vec<&'a [T]>),
    /// 16-bit integers as they are stored.
    Words(WordRows<'a>),
    /// Samples as they are stored, each frame in its own form.
    Stored(Vec<&'a [u8]>, &'a [SampleFormat]),
    /// Frames that cover parts of the output.
    Placed(Vec<PlacedRow<'a, T>>),
}

/// 16-bit integers as they are stored.
#[derive(Debug)]
pub(crate) struct WordRows<'a> {
    pub(crate) rows: Vec<&'a [[u8; 2]]>,
    pub(crate) format: WordFormat,
}

/// A frame that covers a part of the tile.
#[derive(Debug)]
pub(crate) struct PlacedRow<'a, T> {
    /// Pixels of the tile.
    pub(crate) covered: Range<usize>,
    pub(crate) form: RowForm<'a, T>,
}

/// The samples of the covered pixels.
#[derive(Debug)]
pub(crate) enum RowForm<'a, T> {
    Values(&'a [T]),
    Stored(&'a [u8], &'a SampleFormat),
}

/// Bytes of the [`TileRows`] of `frames` frames: of the samples, and of each layer.
pub(crate) const fn rows_bytes(frames: usize) -> usize {
    frames * (size_of::<PlacedRow<'_, f64>>() + 4 * size_of::<(Range<usize>, &[u8])>())
}

impl WordRows<'_> {
    /// As [`Rows::prefetch_next`].
    #[inline(always)]
    pub(crate) fn prefetch_next(&self, width: usize, x: usize, lanes: usize) {
        if x < width {
            self.rows.iter().for_each(|row| prefetch(&row[width.min(x + lanes) - 1]));
        }
    }
}

impl<T: Element> Rows<'_, T> {
    /// Number of frames.
    #[inline(always)]
    pub(crate) fn frames(&self) -> usize {
        match self {
            Self::Values(rows) => rows.len(),
            Self::Words(words) => words.rows.len(),
            Self::Stored(rows, _) => rows.len(),
            Self::Placed(rows) => rows.len(),
        }
    }

    /// Most bytes of a sample in memory.
    #[inline(always)]
    pub(crate) fn sample_bytes(&self) -> usize {
        match self {
            Self::Words(_) => size_of::<[u8; 2]>(),
            Self::Stored(_, formats) => formats.iter().map(SampleFormat::bytes).max().unwrap_or(1),
            Self::Values(_) | Self::Placed(_) => T::BYTES,
        }
    }

    /// Does `frame` cover pixel `pixel`?
    #[inline(always)]
    pub(crate) fn covers(&self, frame: usize, pixel: usize) -> bool {
        match self {
            Self::Placed(rows) => rows[frame].covered.contains(&pixel),
            _ => true,
        }
    }

    /// Pixels of one frame as values, which may be made in `decoded`; NaN where the frame has none.
    #[inline(always)]
    pub(crate) fn values<'b, I: Isa>(
        &'b self,
        isa: I,
        frame: usize,
        pixels: Range<usize>,
        decoded: &'b mut [T],
    ) -> &'b [T] {
        match self {
            Self::Values(rows) => &rows[frame][pixels],
            Self::Words(WordRows { rows, format }) => {
                let words = &rows[frame][pixels];
                let decoded = &mut decoded[..words.len()];
                for (to, word) in decoded.iter_mut().zip(words) {
                    *to = T::from_i32(format.value(format.key(*word)));
                }
                decoded
            }
            Self::Stored(rows, formats) => {
                let format = &formats[frame];
                let bytes = format.bytes();
                let values = &mut decoded[..pixels.len()];
                let stored = &rows[frame][pixels.start * bytes..pixels.end * bytes];
                isa.call(Decode { format, stored, values });
                &decoded[..pixels.len()]
            }
            Self::Placed(rows) => {
                let values = &mut decoded[..pixels.len()];
                rows[frame].values(isa, pixels, values);
                values
            }
        }
    }

    /// Asks for the line of every frame that holds the last of `lanes` pixels from `x` on, if the tile of `width` pixels has any
    /// of them. (Rows seldom begin with a line: the line of the first pixel came with the pixels before it, and nothing else
    /// asks for the last.)
    #[inline(always)]
    pub(crate) fn prefetch_next(&self, width: usize, x: usize, lanes: usize) {
        if x < width {
            self.prefetch(0..self.frames(), width.min(x + lanes) - 1);
        }
    }

    /// Asks for the memory that holds a pixel of some frames.
    #[inline(always)]
    pub(crate) fn prefetch(&self, frames: Range<usize>, pixel: usize) {
        match self {
            Self::Values(rows) => rows[frames].iter().for_each(|row| prefetch(&row[pixel])),
            Self::Words(words) => words.rows[frames].iter().for_each(|row| prefetch(&row[pixel])),
            Self::Stored(rows, formats) => {
                let rows = rows[frames.clone()].iter().zip(&formats[frames]);
                rows.for_each(|(row, format)| prefetch(&row[pixel * format.bytes()]));
            }
            Self::Placed(rows) => rows[frames].iter().for_each(|row| row.prefetch(pixel)),
        }
    }
}

impl<T: Element> PlacedRow<'_, T> {
    #[inline(always)]
    fn values<I: Isa>(&self, isa: I, pixels: Range<usize>, values: &mut [T]) {
        values.fill(T::NAN);
        let (from, to) = (pixels.start.max(self.covered.start), pixels.end.min(self.covered.end));
        if from >= to {
            return;
        }
        let values = &mut values[from - pixels.start..to - pixels.start];
        let (from, to) = (from - self.covered.start, to - self.covered.start);
        match self.form {
            RowForm::Values(row) => values.copy_from_slice(&row[from..to]),
            RowForm::Stored(row, format) => {
                let stored = &row[from * format.bytes()..to * format.bytes()];
                isa.call(Decode { format, stored, values });
            }
        }
    }

    #[inline(always)]
    fn prefetch(&self, pixel: usize) {
        if !self.covered.contains(&pixel) {
            return;
        }
        let at = pixel - self.covered.start;
        match self.form {
            RowForm::Values(row) => prefetch(&row[at]),
            RowForm::Stored(row, format) => prefetch(&row[at * format.bytes()]),
        }
    }
}
