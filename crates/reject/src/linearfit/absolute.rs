//! The line through two of the points with the least sum of absolute residuals.
//!
//! Every pair is tried, in all lanes at once, and given up as soon as its sum is beyond the best one everywhere: sums of sizes
//! only grow, also when they are rounded. (A search for the weighted median of the slopes through each point would take
//! n²·log n steps instead of n³/2, but one lane at a time: it would be faster from some 200 samples on.) The choice does not
//! depend on the order of the pairs, because of equal sums the flatter line wins, and of equal slopes the lower one.

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{SUM_CHUNK, Terms};

use super::squares::Sizes;
use super::{Fitted, Line, Ranked};

/// Ranks that are added before the sum is compared with the best one.
const STEP: usize = 16;

/// s = 2·(SUM|e|/n)·√(1 + b²); infinite where no line has a finite sum. Arbitrary in lanes that are not active.
#[inline(always)]
pub(super) fn fit<V: Vector>(isa: V::Isa, ranked: &Ranked<'_, V>, active: V::Mask) -> Fitted<V::Wide> {
    let infinity = V::Wide::splat(isa, f64::INFINITY);
    let middle = ranked.middle(isa);
    let mut best = Line { intercept: infinity, slope: infinity, middle };
    let mut least = infinity;
    let frames = ranked.sorted.len();
    for first in 0..frames {
        let v = ranked.value(ranked.sorted[first]);
        let position = V::Wide::splat(isa, first as f64) - middle;
        for second in first + 1..frames {
            let there = active & ranked.has(isa, second);
            if !there.any() {
                break;
            }
            let there = V::widen_mask(there);
            let slope =
                (ranked.value(ranked.sorted[second]) - v) / V::Wide::splat(isa, (second - first) as f64);
            let line = Line { intercept: v - slope * position, slope, middle };
            let Some(sum) = sum_up_to(isa, ranked, &line, least, there) else { continue };
            let flatter = slope.abs().lt(best.slope.abs());
            let lower = slope.abs().eq(best.slope.abs()) & line.intercept.lt(best.intercept);
            let better = there & (sum.lt(least) | (sum.eq(least) & (flatter | lower)));
            least = V::Wide::select(better, sum, least);
            best.slope = V::Wide::select(better, slope, best.slope);
            best.intercept = V::Wide::select(better, line.intercept, best.intercept);
        }
    }
    let n = ranked.count.widen();
    let (one, two) = (V::Wide::splat(isa, 1.0), V::Wide::splat(isa, 2.0));
    let s = two * (least / n) * (one + best.slope * best.slope).sqrt();
    Fitted { line: best, s }
}

/// SUM|e| in the order of the contract, or nothing where it is above `least` in all lanes of `there`.
#[inline(always)]
fn sum_up_to<V: Vector>(
    isa: V::Isa,
    ranked: &Ranked<'_, V>,
    line: &Line<V::Wide>,
    least: V::Wide,
    there: <V::Wide as Vector>::Mask,
) -> Option<V::Wide> {
    let sizes = Sizes { ranked, line, isa };
    let zero = V::Wide::splat(isa, 0.0);
    let mut total = zero;
    for (chunk, samples) in ranked.sorted.chunks(SUM_CHUNK).enumerate() {
        let mut part = zero;
        for (step, some) in samples.chunks(STEP).enumerate() {
            for (k, y) in some.iter().enumerate() {
                let [size] = sizes.terms(chunk * SUM_CHUNK + step * STEP + k, *y);
                part = part + size;
            }
            if !(there & !least.lt(total + part)).any() {
                return None;
            }
        }
        total = total + part;
    }
    Some(total)
}
