//! Where rows come from and where they go: the engine knows nothing else of the world.

use std::ops::Range;

use crate::{BandOutput, BoxError};

/// Rows of one frame that are in memory already, as values of the working type.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a, T> {
    /// Row y starts at `y * stride`.
    pub data: &'a [T],
    /// Elements from one row to the next, at least the width.
    pub stride: usize,
}

impl<'a, T> Plane<'a, T> {
    /// Pixels `pixels` of row `row`.
    ///
    /// # Panics
    /// If the plane has no such row.
    #[inline(always)]
    pub fn row(&self, row: usize, pixels: Range<usize>) -> &'a [T] {
        let start = row * self.stride;
        &self.data[start + pixels.start..start + pixels.end]
    }
}

/// N frames of one shape, as physical values of the working type; missing samples are NaN or infinite.
///
/// A source implements [`borrow`](Self::borrow) for frames that are in memory, or [`read`](Self::read), or both.
pub trait FrameSource<T>: Sync {
    /// Number of frames N.
    fn frames(&self) -> usize;
    /// Rows of a frame.
    fn height(&self) -> usize;
    /// Pixels of a row.
    fn width(&self) -> usize;

    /// The whole frame in place, if this source holds it: no copy of the stack is made then.
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        let _ = frame;
        None
    }

    /// Writes the rows `rows` of `frame` to `out` (`rows.len() * width` elements). Called from several threads.
    ///
    /// `raw` is scratch of the calling worker.
    ///
    /// # Errors
    /// Whatever the source cannot do; the run stops with it.
    fn read(
        &self,
        frame: usize,
        rows: Range<usize>,
        out: &mut [T],
        raw: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        let _ = (rows, out, raw);
        Err(format!("frame {frame} is neither in memory nor readable").into())
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
