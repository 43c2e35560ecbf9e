//! Where rows come from and where they go: the engine knows nothing else of the world.

use std::ops::Range;

use crate::{BandOutput, BoxError, SampleFormat};

/// Rows of one frame that are in memory already: values of the working type, or the bytes of stored samples.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a, T> {
    /// Row y starts at `y * stride`.
    pub data: &'a [T],
    /// Elements from one row to the next, at least those of a row.
    pub stride: usize,
}

impl<'a, T> Plane<'a, T> {
    /// Elements `elements` of row `row`.
    ///
    /// # Panics
    /// If the plane has no such row.
    #[inline(always)]
    pub fn row(&self, row: usize, elements: Range<usize>) -> &'a [T] {
        let start = row * self.stride;
        &self.data[start + elements.start..start + elements.end]
    }
}

/// Where a frame lies on the output: its pixel (0, 0) at output pixel (x, y), which may be outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Output column of the frame's column 0.
    pub x: isize,
    /// Output row of the frame's row 0.
    pub y: isize,
    /// Rows of the frame.
    pub height: usize,
    /// Pixels of a row of the frame.
    pub width: usize,
}

impl Placement {
    /// The output rows among `rows` that the frame covers.
    pub(crate) fn rows_within(&self, rows: Range<usize>) -> Range<usize> {
        overlap(rows, self.y, self.height)
    }

    /// The output columns among `columns` that the frame covers.
    pub(crate) fn columns_within(&self, columns: Range<usize>) -> Range<usize> {
        overlap(columns, self.x, self.width)
    }
}

/// The part of `range` from `start` on for `length`; an empty one lies within `range`.
fn overlap(range: Range<usize>, start: isize, length: usize) -> Range<usize> {
    let clamped = |at: isize| (at.max(0) as usize).clamp(range.start, range.end);
    let end = start.saturating_add_unsigned(length);
    clamped(start)..clamped(end)
}

/// N frames on one output; samples that are NaN or infinite are missing.
///
/// A source hands out physical values of the working type ([`borrow`](Self::borrow) for frames that are in memory,
/// [`read`](Self::read) for others, or both), or samples as they are stored ([`stored`](Self::stored) says how,
/// [`borrow_stored`](Self::borrow_stored), [`read_stored`](Self::read_stored)), which the kernels decode when they load them.
/// That takes no pass over the samples and often less memory; unscaled 16-bit integers are even sorted as they are.
///
/// Rows are those of the frame itself, of its own width ([`placement`](Self::placement)).
pub trait FrameSource<T>: Sync {
    /// Number of frames N.
    fn frames(&self) -> usize;
    /// Rows of the output.
    fn height(&self) -> usize;
    /// Pixels of a row of the output.
    fn width(&self) -> usize;

    /// Where `frame` lies on the output, and its size; `None`: it covers the output.
    fn placement(&self, frame: usize) -> Option<Placement> {
        let _ = frame;
        None
    }

    /// The whole frame in place, if this source holds it: no copy of the stack is made then.
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        let _ = frame;
        None
    }

    /// Writes the rows `rows` of `frame` to `out` (`rows.len()` rows of the frame). Called from several threads.
    ///
    /// # Errors
    /// Whatever the source cannot do; the run stops with it.
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        let _ = (rows, out);
        Err(format!("frame {} is neither in memory nor readable", frame + 1).into())
    }

    /// How the samples of `frame` are stored. Where every frame has an answer, the run takes all frames as they are stored.
    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        let _ = frame;
        None
    }

    /// As [`borrow`](Self::borrow), in the form of [`stored`](Self::stored).
    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        let _ = frame;
        None
    }

    /// As [`read`](Self::read), in the form of [`stored`](Self::stored): `rows.len()` rows of samples.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let _ = (rows, out);
        Err(format!("frame {} is neither in memory nor readable", frame + 1).into())
    }

    /// What the masks say of each sample (algorithms.md 2.3): 0 is good; anything else is missing, from the least bad class, 1, on.
    /// A pixel without any good sample falls back on the least bad class that it has, where the options say so; class
    /// [`NO_VALUE`] never.
    fn masks(&self) -> Option<&dyn Layer<u8>> {
        None
    }

    /// Variance of each sample, of the value as it is before scaling. A sample without a variance above zero is missing.
    fn variances(&self) -> Option<&dyn Layer<T>> {
        None
    }

    /// A weight for each sample, zero or more, by which the weight of the frame is multiplied.
    fn weights(&self) -> Option<&dyn Layer<T>> {
        None
    }

    /// Data quality bits of each sample, for the output's.
    fn quality(&self) -> Option<&dyn Layer<u32>> {
        None
    }
}

/// The class of samples that no fallback takes.
pub const NO_VALUE: u8 = u8::MAX;

/// What belongs to the samples of some or all frames: rows in the shape of the frame's own.
pub trait Layer<E>: Sync {
    /// Does `frame` have it?
    fn has(&self, frame: usize) -> bool {
        let _ = frame;
        true
    }

    /// The whole plane in place.
    fn borrow(&self, frame: usize) -> Option<Plane<'_, E>> {
        let _ = frame;
        None
    }

    /// Writes the rows `rows` of the plane of `frame` to `out`. Called from several threads.
    ///
    /// # Errors
    /// Whatever the source cannot do; the run stops with it.
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [E]) -> Result<(), BoxError> {
        let _ = (rows, out);
        Err(format!("this plane of frame {} is neither in memory nor readable", frame + 1).into())
    }
}

/// Takes finished rows, band after band from the first row to the last.
pub trait RowSink<T> {
    /// Takes the rows of one band.
    ///
    /// # Errors
    /// Whatever the sink cannot do; the run stops with it.
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError>;

    /// Takes the rows of the last band, and its buffers, for which the engine has no more use.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_last(&mut self, band: BandOutput<T>) -> Result<(), BoxError> {
        self.write(&band)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_covers_what_it_has_in_common_with_the_output() {
        let frame = |x, width| Placement { x, y: 0, height: 1, width }.columns_within(10..20);
        assert_eq!(frame(12, 3), 12..15);
        assert_eq!(frame(-5, 17), 10..12);
        assert_eq!(frame(15, 50), 15..20);
        assert_eq!((frame(30, 5), frame(-9, 5)), (20..20, 10..10));
        assert_eq!(frame(isize::MAX, 5), 20..20);
    }
}
