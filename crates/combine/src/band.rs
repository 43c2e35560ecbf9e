//! One band: the rows of all frames, the rows of all outputs, and its tiles.

use std::ops::Range;

use skystack_simd::{Element, Isa, prefetch};

use crate::format::{Decode, WordFormat};
use crate::{Plane, Products, SampleFormat};

/// The lines of every frame that a band needs.
///
/// A *line* is what tiles are cut from: a row, or the whole band where the rows of every frame follow each other without
/// gaps. Long lines keep the memory streaming, and give narrow images tiles worth entering.
#[derive(Debug)]
pub(crate) struct BandInput<'a, T> {
    pub(crate) pixels: Pixels<'a, T>,
    line_width: usize,
}

/// The planes of the frames: row y of a plane is line y, or all its rows are line 0.
#[derive(Debug)]
pub(crate) enum Pixels<'a, T> {
    /// Values of the working type.
    Values(Vec<Plane<'a, T>>),
    /// Samples as they are stored; the planes are of bytes.
    Stored(Vec<Plane<'a, u8>>, &'a StoredFormats),
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
    /// `pixels` hold `rows` rows of `width` pixels each.
    pub(crate) fn new(pixels: Pixels<'a, T>, rows: usize, width: usize) -> Self {
        let gapless = match &pixels {
            Pixels::Values(planes) => planes.iter().all(|plane| plane.stride == width),
            Pixels::Stored(planes, formats) => {
                planes.iter().enumerate().all(|(i, plane)| plane.stride == width * formats.bytes(i))
            }
        };
        Self { pixels, line_width: if gapless { rows * width } else { width } }
    }
}

impl<'a, T: Element> Pixels<'a, T> {
    /// `pixels` of line `line` of every frame.
    pub(crate) fn rows(&self, line: usize, pixels: &Range<usize>) -> Rows<'a, T> {
        match self {
            Self::Values(planes) => {
                Rows::Values(planes.iter().map(|plane| plane.row(line, pixels.clone())).collect())
            }
            Self::Stored(planes, StoredFormats { words: Some(format), .. }) => {
                let row = |plane: &Plane<'a, u8>| stored(plane, line, pixels, size_of::<[u8; 2]>());
                let rows = planes.iter().map(|plane| row(plane).as_chunks().0);
                Rows::Words(WordRows { rows: rows.collect(), format: *format })
            }
            Self::Stored(planes, formats) => {
                let rows = planes.iter().enumerate();
                let rows = rows.map(|(i, plane)| stored(plane, line, pixels, formats.bytes(i)));
                Rows::Stored(rows.collect(), &formats.frames)
            }
        }
    }
}

/// `pixels` of line `line`, samples of so many `bytes`.
fn stored<'a>(plane: &Plane<'a, u8>, line: usize, pixels: &Range<usize>, bytes: usize) -> &'a [u8] {
    plane.row(line, pixels.start * bytes..pixels.end * bytes)
}

/// The pixels of one tile in every frame.
///
/// A worker makes one a tile: a kernel that worked out where each row lies whenever it reads some registers of it would spend
/// a tenth of a median on that.
#[derive(Debug)]
pub(crate) enum Rows<'a, T> {
    /// Values of the working type.
    Values(Vec<&'a [T]>),
    /// 16-bit integers as they are stored.
    Words(WordRows<'a>),
    /// Samples as they are stored, each frame in its own form.
    Stored(Vec<&'a [u8]>, &'a [SampleFormat]),
}

/// 16-bit integers as they are stored.
#[derive(Debug)]
pub(crate) struct WordRows<'a> {
    pub(crate) rows: Vec<&'a [[u8; 2]]>,
    pub(crate) format: WordFormat,
}

/// Bytes of the [`Rows`] of `frames` frames.
pub(crate) const fn rows_bytes(frames: usize) -> usize {
    frames * size_of::<&[u8]>()
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
        }
    }

    /// Most bytes of a sample in memory.
    #[inline(always)]
    pub(crate) fn sample_bytes(&self) -> usize {
        match self {
            Self::Values(_) => T::BYTES,
            Self::Words(_) => size_of::<[u8; 2]>(),
            Self::Stored(_, formats) => formats.iter().map(SampleFormat::bytes).max().unwrap_or(1),
        }
    }

    /// Pixels of one frame as values, which may be made in `decoded`.
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
        }
    }
}

/// The finished rows of a band.
#[derive(Debug)]
pub struct BandOutput<T> {
    rows: Range<usize>,
    width: usize,
    frames: usize,
    tile_width: usize,
    line_width: usize,
    /// Combined values, `rows.len() * width`.
    pub image: Vec<T>,
    /// Scatter, likewise; empty if it was not asked for.
    pub sigma: Vec<T>,
    /// Rejected samples, likewise.
    pub nrej: Vec<u32>,
    /// Used samples, likewise.
    pub count: Vec<u32>,
    /// Tile by tile, frame by frame within a tile: one worker writes one contiguous piece.
    rejmask: Vec<u8>,
}

/// A run of pixels of one line: what one worker processes at a time, and where its results go.
#[derive(Debug)]
pub(crate) struct Tile<'a, T> {
    /// Line within the band.
    pub(crate) line: usize,
    /// Pixels of the line.
    pub(crate) pixels: Range<usize>,
    pub(crate) image: &'a mut [T],
    pub(crate) sigma: &'a mut [T],
    pub(crate) nrej: &'a mut [u32],
    pub(crate) count: &'a mut [u32],
    pub(crate) rejmask: &'a mut [u8],
}

impl<T: Element> BandOutput<T> {
    /// Room for `rows` rows of `width` pixels.
    pub(crate) fn new(
        products: &Products,
        frames: usize,
        rows: usize,
        width: usize,
        tile_width: usize,
    ) -> Self {
        let pixels = rows * width;
        // Every pixel is written. Zeros come from the system for nothing; a test would see a pixel that was forgotten.
        let unwritten = if cfg!(debug_assertions) { T::NAN } else { T::zero() };
        let values = |wanted: bool| if wanted { vec![unwritten; pixels] } else { Vec::new() };
        let counts = |wanted: bool| if wanted { vec![0; pixels] } else { Vec::new() };
        Self {
            rows: 0..rows,
            width,
            frames,
            tile_width,
            line_width: width,
            image: values(true),
            sigma: values(products.sigma),
            nrej: counts(products.nrej),
            count: counts(products.count),
            rejmask: if products.rejmask { vec![0; pixels * frames] } else { Vec::new() },
        }
    }

    /// The rows of the output image that this band holds.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Moves on to `rows`, of which there are not more than before.
    pub(crate) fn move_to(&mut self, rows: Range<usize>) {
        let pixels = rows.len() * self.width;
        self.image.truncate(pixels);
        self.sigma.truncate(pixels);
        self.nrej.truncate(pixels);
        self.count.truncate(pixels);
        self.rejmask.truncate(pixels * self.frames);
        self.rows = rows;
    }

    /// Copies row `row` of the band (0-based within it) of the rejection mask of `frame` to `out`.
    ///
    /// # Panics
    /// If the mask was not asked for, or `out` is not `width` long.
    pub fn rejmask_row(&self, frame: usize, row: usize, out: &mut [u8]) {
        let line_start = row * self.width / self.line_width * self.line_width;
        let mut x = row * self.width - line_start;
        let mut rest = out;
        while !rest.is_empty() {
            let tile_start = x / self.tile_width * self.tile_width;
            let tile = self.tile_width.min(self.line_width - tile_start);
            let (part, after) = rest.split_at_mut(rest.len().min(tile_start + tile - x));
            let start = (line_start + tile_start) * self.frames + frame * tile + (x - tile_start);
            part.copy_from_slice(&self.rejmask[start..start + part.len()]);
            x += part.len();
            rest = after;
        }
    }

    /// The tiles of the band, each with its own piece of every output.
    pub(crate) fn tiles(&mut self, input: &BandInput<'_, T>) -> Vec<Tile<'_, T>> {
        self.line_width = input.line_width;
        let (tile_width, frames) = (self.tile_width, self.frames);
        let (mut image, mut sigma) = (&mut self.image[..], &mut self.sigma[..]);
        let (mut nrej, mut count) = (&mut self.nrej[..], &mut self.count[..]);
        let mut rejmask = &mut self.rejmask[..];
        let lines = self.rows.len() * self.width / self.line_width;
        let mut tiles = Vec::with_capacity(lines * self.line_width.div_ceil(tile_width));
        for line in 0..lines {
            for x in (0..self.line_width).step_by(tile_width) {
                let pixels = x..(x + tile_width).min(self.line_width);
                let length = pixels.len();
                tiles.push(Tile {
                    line,
                    pixels,
                    image: cut(&mut image, length),
                    sigma: cut(&mut sigma, length),
                    nrej: cut(&mut nrej, length),
                    count: cut(&mut count, length),
                    rejmask: cut(&mut rejmask, length * frames),
                });
            }
        }
        tiles
    }
}

/// Takes `count` elements off the front, or nothing where the output was not asked for.
fn cut<'a, E>(rest: &mut &'a mut [E], count: usize) -> &'a mut [E] {
    let whole = std::mem::take(rest);
    let count = count.min(whole.len());
    let (front, back) = whole.split_at_mut(count);
    *rest = back;
    front
}
