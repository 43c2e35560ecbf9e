//! Statistics of unscaled 16-bit integers, as they are: twice the lanes of f32.
//!
//! ```text
//! columns:     for some registers of 16-bit integers at a time (`columns`):
//!                  for each frame:     its integers, in an order that is that of the values (signed, of this machine's bytes)
//!                  for each register:  the two middle integers;  or all in order, as values: rejection, statistic
//! no columns:  for each span of pixels, for each 8 frames:  their sum, or the extreme of each pixel, in integers
//! ```
//!
//! Integer sums are exact, and so are the sums of the contract over such data (E7b): the order does not matter.

mod columns;

use skystack_simd::{Element, Isa};

use super::{KernelScratch, LaneTotals, Totals};
use crate::band::{Rows, Tile, TileRows, WordRows};
use crate::format::WordFormat;
use crate::options::{Combine, Resolved};

/// Longest column of a sum: that of as many of the greatest integers fits an i32.
const MOST_SUMMED: usize = 1 << 16;

/// Pixels whose sums stay in the first cache.
const SPAN_PIXELS: usize = 2048;

/// Frames that are added at a time.
const FRAMES: usize = 8;

/// Writes the outputs of the whole tile, if its samples are 16-bit integers and nothing that is asked for wants them otherwise.
#[inline(always)]
pub(super) fn run<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    rows: &TileRows<'_, T>,
    tile: &mut Tile<'_, T>,
    scratch: &mut KernelScratch,
) -> Option<Totals> {
    // Known when this is compiled: nothing of it is for f64.
    if T::BYTES != f32::BYTES {
        return None;
    }
    let Rows::Words(words) = &rows.samples else { return None };
    if options.looks_at_samples(rows) || !options.only_counts() {
        return None;
    }
    if !options.rejections.is_none() {
        return columns::reject(isa, options, rows, words, tile, scratch);
    }
    let scratch = &mut scratch.columns;
    match options.combine {
        Combine::Median | Combine::Lmedian if words.rows.len() <= columns::MOST_SORTED => {
            columns::median(isa, options, words, tile, scratch);
        }
        Combine::Average | Combine::Sum | Combine::Min | Combine::Max if words.rows.len() <= MOST_SUMMED => {
            stream(options.combine, words, tile);
        }
        _ => return None,
    }
    let mut totals = LaneTotals::<T::Vector<I>>::new(isa);
    totals.add_all(tile, 0..tile.width(), words.rows.len());
    Some(totals.sum())
}

/// [`Average`](Combine::Average), [`Sum`](Combine::Sum), [`Min`](Combine::Min) or [`Max`](Combine::Max) of every pixel.
///
/// Plain loops over slices of one length: they become vector code of the level that this is inlined into.
#[inline(always)]
fn stream<T: Element>(combine: Combine, words: &WordRows<'_>, tile: &mut Tile<'_, T>) {
    let WordRows { rows, format } = words;
    let mut totals = [0i32; SPAN_PIXELS];
    let width = tile.width();
    for start in (0..width).step_by(SPAN_PIXELS) {
        let span = start..width.min(start + SPAN_PIXELS);
        let totals = &mut totals[..span.len()];
        let first = &rows[0][span.clone()];
        let row = |frame: usize| &rows[frame][span.clone()];
        match combine {
            Combine::Average | Combine::Sum => totals.fill(0),
            _ => totals.iter_mut().zip(first).for_each(|(to, word)| *to = format.key(*word).into()),
        }
        let groups = rows.len() / FRAMES;
        for group in 0..groups {
            gather(
                combine,
                *format,
                totals,
                std::array::from_fn::<_, FRAMES, _>(|k| row(group * FRAMES + k)),
            );
        }
        for frame in groups * FRAMES..rows.len() {
            gather(combine, *format, totals, [row(frame)]);
        }
        let image = tile.planes.image[span.clone()].iter_mut();
        let n = rows.len() as f64;
        let offset = f64::from(format.offset());
        for ((to, total), first) in image.zip(totals.iter()).zip(first) {
            let total = f64::from(*total);
            *to = T::narrow(match combine {
                Combine::Average => {
                    // E2 and E3: about the sample of the first frame.
                    let pivot = f64::from(format.key(*first));
                    (pivot + offset) + (total - n * pivot) / n
                }
                Combine::Sum => total + n * offset,
                _ => total + offset,
            });
        }
    }
}

/// Adds F frames to the sums of a span, or takes them into its extremes.
#[inline(always)]
fn gather<const F: usize>(combine: Combine, format: WordFormat, totals: &mut [i32], rows: [&[[u8; 2]]; F]) {
    match combine {
        Combine::Average | Combine::Sum => {
            each(totals, rows, |total, word| total + i32::from(format.key(word)))
        }
        Combine::Min => each(totals, rows, |total, word| total.min(format.key(word).into())),
        _ => each(totals, rows, |total, word| total.max(format.key(word).into())),
    }
}

#[inline(always)]
fn each<const F: usize>(totals: &mut [i32], rows: [&[[u8; 2]]; F], next: impl Fn(i32, [u8; 2]) -> i32) {
    let rows = rows.map(|row| &row[..totals.len()]);
    for (x, total) in totals.iter_mut().enumerate() {
        for row in &rows {
            *total = next(*total, row[x]);
        }
    }
}
