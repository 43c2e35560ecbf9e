//! Columns of 16-bit integers: sorted as they are, and what can be told from their order.
//!
//! A rejection that keeps a run of ranks needs nothing but the sorted column, because its sums are the same in any order (E7b).
//! So is the mean of what it keeps. The contract takes it about the first kept sample p (E2, E3), all else being exact:
//! p + (S − n·p)/n in f64, within 2⁻³⁸ + ulp/2 of m = S/n, because |m − p| < 2¹⁶. With m in 2^e … 2^(e+1) a number at which
//! rounding to f32 changes is a multiple of 2^(e−24), so one that is not m is at least 2^(e−24)/n away; and |m| >= 1/n, or 0.
//! For n <= 127 that is more than the error: S/n rounds to the same f32 ([`MOST_WITHOUT_PIVOT`]).

mod sides;

use std::ops::Range;

use skystack_reject::{ColumnsScratch, MOST_GROUPS};
use skystack_simd::{Element, Isa, MAX_LANES, Ordered, Pair, Vector, Words};
use skystack_stats::lane;

use crate::band::{Tile, TileRows, WordRows};
use crate::format::WordFormat;
use crate::kernel::{Group, KernelScratch, LaneTotals, Totals, output};
use crate::options::{Combine, Lmedian, Resolved};
use sides::Sides;

/// Longest column of a median without a rejection: above, selecting f32 is faster than merging integers. (1001 frames take 0.55 ns
/// a sample so and 0.78 as f32, 2001 take 0.65 and 0.76, 4001 0.81 and 0.68; AVX-512, AMD EPYC Zen 4, 2026-11-21.)
pub(super) const MOST_SORTED: usize = 2048;

/// Longest column of which the mean in f32 does not depend on the sample that it is taken about.
const MOST_WITHOUT_PIVOT: usize = 127;

/// Most integers of a register.
const MOST_LANES: usize = 2 * MAX_LANES;

/// Longest column of which sums of squares are exact in any order.
const MOST_EXACT: usize = 1 << 19;

/// Writes the outputs of the whole tile, if order is all that the rejection and the statistic need.
#[inline(always)]
pub(super) fn reject<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    rows: &TileRows<'_, T>,
    words: &WordRows<'_>,
    tile: &mut Tile<'_, T>,
    scratch: &mut KernelScratch,
) -> Option<Totals> {
    let format = &words.format;
    let (frames, width) = (words.rows.len(), tile.width());
    let without_pivot = T::BYTES == size_of::<f32>() && frames <= MOST_WITHOUT_PIVOT;
    let is_mean = options.combine == Combine::Average;
    if !options.rejections.is_of_ranks() || frames > MOST_EXACT || is_mean && !without_pivot {
        return None;
    }
    let lanes = I::I16::LANES;
    assert_eq!(lanes, <Pair<T::Vector<I>>>::LANES, "a pair of registers of f32 has a lane for each integer");
    let KernelScratch { columns: scratch, frames: per_frame, .. } = scratch;
    let mut groups = scratch.words::<I::I16, Pair<T::Vector<I>>>(isa, frames);
    let count = groups.count();
    let mut totals = LaneTotals::new(isa);
    for start in (0..width).step_by(count * lanes) {
        let pixels = start..width.min(start + count * lanes);
        load(isa, words, pixels.clone(), groups.words);
        for (group, x) in pixels.step_by(lanes).enumerate() {
            words.prefetch_next(width, x + count * lanes, lanes);
            lane::sort(isa, &groups.words[group * frames..][..frames], groups.sorted);
            for (words, y) in groups.sorted[..frames].iter().zip(groups.values.iter_mut()) {
                *y = widen(isa, *words, *format);
            }
            let mut columns = groups.columns();
            let kept = options.rejections.keep(isa, &mut columns);
            let (restored, zero_spread) = (columns.restored, columns.zero_spread);
            let group_of = Group { x, rows, fallback: 0, codes: None };
            output::write(isa, options, tile, &group_of, &mut columns, &kept);
            let lanes = lanes.min(width - x);
            if !per_frame.is_empty() && !kept.all {
                let column = &groups.words[group * frames..][..frames];
                let sorted = &groups.sorted[..frames];
                Sides { column, sorted, format: *format, lanes, kept: &kept }.add(isa, per_frame);
            }
            totals.add(&kept, frames, lanes);
            totals.add_lanes(restored, zero_spread, lanes);
        }
    }
    Some(totals.sum())
}

/// The values of L integers.
#[inline(always)]
fn widen<V: Vector, W: Words<Isa = V::Isa>>(isa: V::Isa, words: W, format: WordFormat) -> V {
    let mut lanes = [V::Element::narrow(0.0); MOST_LANES];
    for (to, exact) in lanes.chunks_exact_mut(W::Narrow::LANES).zip(&words.widen()) {
        for (to, y) in to.iter_mut().zip(exact.lanes()) {
            *to = V::Element::narrow(f64::from(*y));
        }
    }
    V::load(isa, &lanes) + V::splat(isa, V::Element::from_i32(format.offset()))
}

/// Writes the median of every pixel.
#[inline(always)]
pub(super) fn median<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    words: &WordRows<'_>,
    tile: &mut Tile<'_, T>,
    scratch: &mut ColumnsScratch,
) {
    let WordRows { rows, format } = words;
    let (frames, width) = (rows.len(), tile.width());
    let lanes = I::I16::LANES;
    let groups = scratch.words::<I::I16, T::Vector<I>>(isa, frames);
    let count = groups.count();
    let offset = I::F32::splat(isa, format.offset() as f32);
    for start in (0..width).step_by(count * lanes) {
        let pixels = start..width.min(start + count * lanes);
        load(isa, words, pixels.clone(), groups.words);
        for (group, x) in pixels.step_by(lanes).enumerate() {
            words.prefetch_next(width, x + count * lanes, lanes);
            let column = &groups.words[group * frames..][..frames];
            let (low, high) = lane::middle_of_ordered(isa, column, groups.sorted);
            let (low, high) = (low.widen(), high.widen());
            for half in 0..2 {
                let (low, high) = (low[half] + offset, high[half] + offset);
                let value = of_middle(isa, options, frames, low, high);
                write_f32(value, tile, x + half * I::F32::LANES);
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
fn write_f32<T: Element, V: Vector<Element = f32>>(value: V, tile: &mut Tile<'_, T>, x: usize) {
    if x >= tile.width() {
        return;
    }
    for (to, value) in tile.planes.image[x..].iter_mut().zip(value.lanes()) {
        *to = T::narrow(f64::from(*value));
    }
}

/// Fills the columns of `pixels` (relative to the tile), group by group; lanes beyond its end are zero.
#[inline(always)]
fn load<I: Isa>(
    isa: I,
    WordRows { rows, format }: &WordRows<'_>,
    pixels: Range<usize>,
    columns: &mut [I::I16],
) {
    let mut keys = [0i16; MOST_GROUPS * MOST_LANES];
    for (frame, row) in rows.iter().enumerate() {
        let row = &row[pixels.clone()];
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
