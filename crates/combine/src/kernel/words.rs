//! Statistics of all samples of unscaled 16-bit integers, as they are: twice the lanes of f32, half the memory.
//!
//! ```text
//! median:  for each block of registers of 16-bit integers:
//!              for each frame:     its integers, in an order that is that of the values (signed, of this machine's byte order)
//!              for each register:  the two middle integers of the column, as f32 on either side
//! others:  for each strip of pixels, for each 8 frames:  their sum, or the extreme of each pixel, in integers
//! ```
//!
//! Integer sums are exact, and so are the sums of the contract over such data (E7b): the order does not matter.

use std::ops::Range;

use skystack_reject::{ColumnsScratch, MOST_GROUPS};
use skystack_simd::{Element, Isa, MAX_LANES, Ordered, Vector, Words};
use skystack_stats::lane;

use crate::WordFormat;
use crate::band::{Rows, Tile};
use crate::options::{Combine, Lmedian, Resolved};

/// Longest column of a median: above, selecting f32 is faster than merging integers.
const MOST_SORTED: usize = 384;

/// Longest column of a sum: that of as many of the greatest integers fits an i32.
const MOST_SUMMED: usize = 1 << 16;

/// Pixels whose sums stay in the first cache.
const STRIP_PIXELS: usize = 2048;

/// Frames that are added at a time.
const FRAMES: usize = 8;

/// Writes the image of the whole tile, if its samples are 16-bit integers and its statistic needs nothing else.
#[inline(always)]
pub(super) fn run<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    rows: &Rows<'_, T>,
    tile: &mut Tile<'_, T>,
    scratch: &mut ColumnsScratch,
) -> bool {
    let Rows::Words(rows, format) = rows else { return false };
    let plain = options.rejection.is_none() && options.thresholds.is_none() && options.weights.is_none();
    if !(plain && tile.sigma.is_empty() && tile.rejmask.is_empty()) {
        return false;
    }
    match options.combine {
        Combine::Median | Combine::Lmedian if rows.len() <= MOST_SORTED => {
            median(isa, options, rows, *format, tile, scratch);
        }
        Combine::Average | Combine::Sum | Combine::Min | Combine::Max if rows.len() <= MOST_SUMMED => {
            stream(options.combine, rows, *format, tile);
        }
        _ => return false,
    }
    true
}

/// [`Average`](Combine::Average), [`Sum`](Combine::Sum), [`Min`](Combine::Min) or [`Max`](Combine::Max) of every pixel.
///
/// Plain loops over slices of one length: they become vector code of the level that this is inlined into.
#[inline(always)]
fn stream<T: Element>(combine: Combine, rows: &[&[[u8; 2]]], format: WordFormat, tile: &mut Tile<'_, T>) {
    let mut totals = [0i32; STRIP_PIXELS];
    let width = tile.image.len();
    for start in (0..width).step_by(STRIP_PIXELS) {
        let strip = start..width.min(start + STRIP_PIXELS);
        let totals = &mut totals[..strip.len()];
        let first = &rows[0][strip.clone()];
        let row = |frame: usize| &rows[frame][strip.clone()];
        match combine {
            Combine::Average | Combine::Sum => totals.fill(0),
            _ => totals.iter_mut().zip(first).for_each(|(to, word)| *to = format.key(*word).into()),
        }
        let groups = rows.len() / FRAMES;
        for group in 0..groups {
            gather(combine, format, totals, std::array::from_fn::<_, FRAMES, _>(|k| row(group * FRAMES + k)));
        }
        for frame in groups * FRAMES..rows.len() {
            gather(combine, format, totals, [row(frame)]);
        }
        let image = tile.image[strip.clone()].iter_mut();
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

/// Adds F frames to the sums of a strip, or takes them into its extremes.
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

/// Median of every pixel.
#[inline(always)]
fn median<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    rows: &[&[[u8; 2]]],
    format: WordFormat,
    tile: &mut Tile<'_, T>,
    scratch: &mut ColumnsScratch,
) {
    let lanes = I::I16::LANES;
    let (columns, sorted) = scratch.words::<I::I16>(isa, rows.len());
    let groups = columns.len() / rows.len();
    let width = tile.image.len();
    for start in (0..width).step_by(groups * lanes) {
        let block = start..width.min(start + groups * lanes);
        load(isa, rows, format, block.clone(), columns);
        for (group, x) in block.clone().step_by(lanes).enumerate() {
            prefetch_next(rows, width, x + groups * lanes, lanes);
            let column = &columns[group * rows.len()..][..rows.len()];
            let (low, high) = lane::middle_of_ordered(isa, column, sorted);
            let (low, high) = (low.widen(), high.widen());
            let offset = I::F32::splat(isa, format.offset() as f32);
            for half in 0..2 {
                let (low, high) = (low[half] + offset, high[half] + offset);
                let value = of_middle(isa, options, rows.len(), low, high);
                write(value, tile, x + half * I::F32::LANES);
            }
        }
    }
}

/// The statistic of `frames` samples with these two middle values.
#[inline(always)]
fn of_middle<T, V: Vector<Element = f32>>(
    isa: V::Isa,
    options: &Resolved<T>,
    frames: usize,
    low: V,
    high: V,
) -> V {
    let lower = options.combine == Combine::Lmedian && (options.lmedian == Lmedian::Lower || frames == 2);
    match frames {
        n if n % 2 == 1 => high,
        _ if lower => low,
        _ => lane::halfway(isa, low, high),
    }
}

/// L values from pixel `x` of the tile on, as many as there are.
#[inline(always)]
fn write<T: Element, V: Vector<Element = f32>>(value: V, tile: &mut Tile<'_, T>, x: usize) {
    if x >= tile.image.len() {
        return;
    }
    for (to, value) in tile.image[x..].iter_mut().zip(value.lanes()) {
        *to = T::narrow(f64::from(*value));
    }
}

/// Fills the columns of `block` (relative to the tile), group by group; lanes beyond its end are zero.
#[inline(always)]
fn load<I: Isa>(
    isa: I,
    rows: &[&[[u8; 2]]],
    format: WordFormat,
    block: Range<usize>,
    columns: &mut [I::I16],
) {
    let mut keys = [0i16; MOST_GROUPS * 2 * MAX_LANES];
    for (frame, row) in rows.iter().enumerate() {
        let row = &row[block.clone()];
        for (key, word) in keys.iter_mut().zip(row) {
            *key = format.key(*word);
        }
        for (group, keys) in
            keys[..row.len().next_multiple_of(I::I16::LANES)].chunks_exact(I::I16::LANES).enumerate()
        {
            columns[group * rows.len() + frame] = I::I16::load(isa, keys);
        }
    }
}

/// Asks for the memory of every frame that holds the last of `lanes` pixels from `x` on, if the tile of `width` pixels has any.
#[inline(always)]
fn prefetch_next(rows: &[&[[u8; 2]]], width: usize, x: usize, lanes: usize) {
    if x < width {
        let last = width.min(x + lanes) - 1;
        rows.iter().for_each(|row| skystack_simd::prefetch(&row[last]));
    }
}
