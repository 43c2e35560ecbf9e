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

/// How 16-bit integers lie in memory, and what they stand for.
///
/// ```
/// use skystack_combine::{WordKind, WordFormat};
/// let fits = WordFormat { big_endian: true, kind: WordKind::Offset };
/// assert_eq!(fits.value(fits.key([0x80, 0x01])), 1);
/// let native = WordFormat { big_endian: cfg!(target_endian = "big"), kind: WordKind::Unsigned };
/// assert_eq!(native.value(native.key(40_000u16.to_ne_bytes())), 40_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordFormat {
    /// The most significant byte comes first.
    pub big_endian: bool,
    /// What the bits mean.
    pub kind: WordKind,
}

/// What the bits of a 16-bit integer mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordKind {
    /// An `i16`.
    Signed,
    /// A `u16`.
    Unsigned,
    /// An `i16` that is 32768 less than the value: the unsigned integers of FITS.
    Offset,
}

impl WordFormat {
    /// An integer in the order of the values.
    #[inline(always)]
    pub fn key(self, bytes: [u8; 2]) -> i16 {
        let bits = if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        (if self.kind == WordKind::Unsigned { bits ^ 0x8000 } else { bits }) as i16
    }

    /// The value of a key.
    #[inline(always)]
    pub fn value(self, key: i16) -> i32 {
        i32::from(key) + self.offset()
    }

    /// Values less keys.
    #[inline(always)]
    pub fn offset(self) -> i32 {
        if self.kind == WordKind::Signed { 0 } else { 0x8000 }
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

    /// Every sample of every frame is an unscaled 16-bit integer in this form, and none is missing. A run in f32 then takes
    /// the frames from [`borrow_words`](Self::borrow_words) and [`read_words`](Self::read_words): half the memory, and
    /// sorted at twice the width.
    fn words(&self) -> Option<WordFormat> {
        None
    }

    /// As [`borrow`](Self::borrow), in the form of [`words`](Self::words).
    fn borrow_words(&self, frame: usize) -> Option<Plane<'_, [u8; 2]>> {
        let _ = frame;
        None
    }

    /// As [`read`](Self::read), in the form of [`words`](Self::words).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_words(&self, frame: usize, rows: Range<usize>, out: &mut [[u8; 2]]) -> Result<(), BoxError> {
        let _ = (rows, out);
        Err(format!("frame {frame} is neither in memory nor readable").into())
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
