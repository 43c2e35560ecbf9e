//! Means, sums and extremes of all samples, at the speed of memory: one pass over the rows, nothing written down.
//!
//! ```text
//! for each run of G·L pixels:
//!     assume that no sample is missing:  accumulate G registers over the frames
//!     a sum or a witness that is not finite says otherwise: the run goes through the columns of the general kernel
//! ```
//!
//! The sums are those of the contract (E1 to E3), so both ways give the same bits. A sample of −0 needs no care in a sum: no
//! partial sum can be −0, because each starts from +0.

use skystack_simd::{Element, Isa, Mask, Vector, prefetch};
use skystack_stats::lane::SUM_CHUNK;

use crate::band::{BandInput, Tile};
use crate::options::{Combine, Resolved};

/// Registers of pixels that are accumulated side by side. With one, 31 frames of 256 x 256 take 0.32 ns a sample, because
/// every access goes to another page; with four 0.12 (plain f32 sum, AMD EPYC Zen 4, 2026-11-21). Eight would spill.
const G: usize = 4;

/// G registers of f64 lanes.
type Wide<V> = [<V as Vector>::Wide; G];

/// Pixels in a run.
pub(super) const fn run_pixels<V: Vector>() -> usize {
    G * V::LANES
}

/// Can tiles with these options, and these outputs, be streamed?
pub(super) fn applies<T: Element>(options: &Resolved<T>, tile: &Tile<'_, T>) -> bool {
    let plain = options.rejection.is_none() && options.thresholds.is_none() && options.weights.is_none();
    let streams = matches!(options.combine, Combine::Average | Combine::Sum | Combine::Min | Combine::Max);
    plain && streams && tile.sigma.is_empty() && tile.rejmask.is_empty()
}

/// Writes the image of [`run_pixels`] pixels from `start` on; `false` where a sample of them is missing, or a sum overflows.
#[inline(always)]
pub(super) fn stream<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    input: &BandInput<'_, T>,
    tile: &mut Tile<'_, T>,
    start: usize,
) -> bool {
    let first = tile.pixels.start + start;
    let rows = Rows { input, row: tile.row, first, tile_end: tile.pixels.end };
    let values = match options.combine {
        Combine::Average => mean(isa, &rows),
        Combine::Sum => sum(isa, &rows),
        Combine::Min => extreme::<T, I, false>(isa, &rows),
        _ => extreme::<T, I, true>(isa, &rows),
    };
    let Some(values) = values else { return false };
    for (g, value) in values.iter().enumerate() {
        value.store_partial(&mut tile.image[start + g * T::Vector::<I>::LANES..]);
    }
    true
}

/// The pixels of one run in every frame.
struct Rows<'a, T> {
    input: &'a BandInput<'a, T>,
    row: usize,
    first: usize,
    tile_end: usize,
}

impl<T: Element> Rows<'_, T> {
    /// The run in one frame; the run after it is asked for.
    #[inline(always)]
    fn load<I: Isa>(&self, isa: I, frame: usize) -> [T::Vector<I>; G] {
        let pixels = run_pixels::<T::Vector<I>>();
        let row = self.input.planes[frame].row(self.row, self.first..self.tile_end);
        let (run, next) = row.split_at(pixels);
        if next.len() >= pixels {
            for line in next[..pixels].iter().step_by(64 / T::BYTES) {
                prefetch(line);
            }
        }
        let mut samples = [T::Vector::<I>::splat(isa, T::zero()); G];
        for (g, to) in samples.iter_mut().enumerate() {
            *to = T::Vector::<I>::load(isa, &run[g * T::Vector::<I>::LANES..]);
        }
        samples
    }

    fn frames(&self) -> usize {
        self.input.planes.len()
    }
}

/// SUM(y − pivot) of every lane (E1).
#[inline(always)]
fn sum_about<T: Element, I: Isa>(
    isa: I,
    rows: &Rows<'_, T>,
    pivot: Wide<T::Vector<I>>,
) -> Option<Wide<T::Vector<I>>> {
    let zero = [<T::Vector<I> as Vector>::Wide::splat(isa, 0.0); G];
    let mut total = zero;
    for chunk in (0..rows.frames()).step_by(SUM_CHUNK) {
        let mut part = zero;
        for frame in chunk..rows.frames().min(chunk + SUM_CHUNK) {
            let samples = rows.load(isa, frame);
            for g in 0..G {
                part[g] = part[g] + (samples[g].widen() - pivot[g]);
            }
        }
        for g in 0..G {
            total[g] = total[g] + part[g];
        }
    }
    // A NaN or an infinity among the samples, or an overflow, has reached its sum.
    let mut witness = zero[0];
    for sum in total {
        witness = witness + sum.zero_if_finite();
    }
    (!(!witness.eq(zero[0])).any()).then_some(total)
}

#[inline(always)]
fn mean<T: Element, I: Isa>(isa: I, rows: &Rows<'_, T>) -> Option<[T::Vector<I>; G]> {
    let mut values = rows.load(isa, 0);
    let n = <T::Vector<I> as Vector>::Wide::splat(isa, rows.frames() as f64);
    let mut pivot = [n; G];
    for g in 0..G {
        pivot[g] = values[g].widen();
    }
    let sums = sum_about(isa, rows, pivot)?;
    for g in 0..G {
        values[g] = T::Vector::<I>::narrow(pivot[g] + sums[g] / n);
    }
    Some(values)
}

#[inline(always)]
fn sum<T: Element, I: Isa>(isa: I, rows: &Rows<'_, T>) -> Option<[T::Vector<I>; G]> {
    let mut values = [T::Vector::<I>::splat(isa, T::zero()); G];
    let sums = sum_about(isa, rows, [<T::Vector<I> as Vector>::Wide::splat(isa, 0.0); G])?;
    for g in 0..G {
        values[g] = T::Vector::<I>::narrow(sums[g]);
    }
    Some(values)
}

#[inline(always)]
fn extreme<T: Element, I: Isa, const MAX: bool>(isa: I, rows: &Rows<'_, T>) -> Option<[T::Vector<I>; G]> {
    let zero = T::Vector::<I>::splat(isa, T::zero());
    let mut extremes = rows.load(isa, 0);
    // +0 as long as every sample is finite.
    let mut witness = [zero; G];
    for frame in 0..rows.frames() {
        let samples = rows.load(isa, frame);
        for g in 0..G {
            witness[g] = witness[g] + samples[g].zero_if_finite();
            let (low, high) = extremes[g].sort2(samples[g]);
            extremes[g] = if MAX { high } else { low };
        }
    }
    let mut finite = zero;
    for g in 0..G {
        finite = finite + witness[g];
        // Makes −0 positive.
        extremes[g] = extremes[g] + zero;
    }
    (!(!finite.eq(zero)).any()).then_some(extremes)
}
