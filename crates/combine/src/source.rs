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

/// N frames of one shape; samples that are NaN or infinite are missing.
///
/// A source hands out physical values of the working type ([`borrow`](Self::borrow) for frames that are in memory,
/// [`read`](Self::read) for others, or both), or samples as they are stored ([`stored`](Self::stored) says how,
/// [`borrow_stored`](Self::borrow_stored), [`read_stored`](Self::read_stored)), which the kernels decode when they load them.
/// That takes no pass over the samples and often less memory; unscaled 16-bit integers are even sorted as they are.
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
    /// # Errors
    /// Whatever the source cannot do; the run stops with it.
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        let _ = (rows, out);
        Err(format!("frame {frame} is neither in memory nor readable").into())
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

    /// As [`read`](Self::read), in the form of [`stored`](Self::stored): `rows.len() * width` samples.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let _ = (rows, out);
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
