//! MAD of a window in the working type.
//!
//! The samples of a sorted column within d of c are a run of ranks, so the k-th smallest deviation is
//!
//! ```text
//! d(k) = min over i of max(c − y[i], y[i + k − 1] − c)
//! ```
//!
//! and the minimum is where the two cross. k is the same in every lane with as many survivors. The dropped samples of a lane are
//! among the y as well; they change nothing where d(k) is not above the deviations of the outermost survivors, and so not above
//! those of what was dropped beyond them: of the k deviations up to d(k) the survivors between c and a dropped sample have
//! half, and the median itself or its lower middle one more. (The exception is a median of two that is rounded, where the lower
//! one's deviation is above d(k) by a unit of c at most. Then a dropped sample and a survivor differ, but not their deviations,
//! which are therefore not small beside c: 2ε of d(k).) Where it is above, which takes such a rounding, it is not known.

use std::ops::RangeInclusive;

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{self, Window, number};

use super::super::Survivors;

/// A MAD in T.
pub(super) struct Mad<V: Vector> {
    /// Median of |y − median| of the survivors, each difference rounded.
    pub(super) value: V,
    /// Lanes in which it is 0 without any rounding: a difference is 0 of equal values alone.
    pub(super) zero: V::Mask,
    /// Lanes in which it is not known.
    pub(super) unknown: V::Mask,
}

/// The MAD of the survivors in the `active` lanes, arbitrary in the others.
#[inline(always)]
pub(super) fn mad<V: Vector>(
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    median: V,
    active: V::Mask,
) -> Mad<V> {
    let Window { first, count, ranks } = survivors.window;
    let frames = sorted.len();
    let most = ranks.outer.1 - ranks.outer.0;
    let least = ranks.common.1.saturating_sub(ranks.common.0).max(1);
    let (mut lower, mut upper) = (median, median);
    for k in least.div_ceil(2)..=(most / 2 + 1).min(frames) {
        // An odd count has its middle twice.
        let odd = count.eq(number(isa, 2 * k - 1));
        let is_lower = odd | count.eq(number(isa, 2 * k));
        let is_upper = odd | count.eq(number(isa, 2 * k - 2));
        let wanted = (is_lower | is_upper) & active;
        if wanted.any() {
            let deviation = kth_deviation(sorted, median, k, wanted);
            lower = V::select(is_lower, deviation, lower);
            upper = V::select(is_upper, deviation, upper);
        }
    }
    let bounds = &survivors.bounds;
    let none = number::<V>(isa, 0);
    let near_low = none.lt(first) & !upper.le(median - bounds.low);
    let near_high = (first + count).lt(number(isa, frames)) & !upper.le(bounds.high - median);
    let unknown = near_low | near_high;
    Mad { value: lane::halfway(isa, lower, upper), zero: upper.eq(none) & !unknown, unknown }
}

/// d(k) of the whole column, in the `wanted` lanes; k is 1 or more.
#[inline(always)]
fn kth_deviation<V: Vector>(sorted: &[V], median: V, k: usize, wanted: V::Mask) -> V {
    let last = sorted.len() - k;
    // About half of the samples that are further away are below: off by less than this in nearly every group. A loop that
    // ends where all lanes have crossed would save half of the steps, and lose more by a jump that nobody can predict.
    let slack = 1 + sorted.len().isqrt();
    let some = (last / 2).saturating_sub(slack)..=last.min(last.div_ceil(2) + slack);
    let (deviation, found) = least_within(sorted, median, k, some);
    if !(wanted & !found).any() {
        return deviation;
    }
    least_within(sorted, median, k, 0..=last).0
}

/// The least of max(c − y[i], y[i + k − 1] − c) over i in `run`, and where no other i can have a lesser one.
#[inline(always)]
fn least_within<V: Vector>(sorted: &[V], median: V, k: usize, run: RangeInclusive<usize>) -> (V, V::Mask) {
    let (first, last) = (*run.start(), *run.end());
    let below = &sorted[first..=last];
    let above = &sorted[first + k - 1..=last + k - 1];
    let mut least = median;
    let mut found = median.eq(median);
    for (i, (below, above)) in below.iter().zip(above).enumerate() {
        let (below, above) = (median - *below, *above - median);
        let (_, greater) = below.sort2(above);
        // As i rises, the deviation below falls and the one above rises.
        if i == 0 {
            least = greater;
            if first > 0 {
                found = above.le(below);
            }
        }
        (least, _) = greater.sort2(least);
        if i == last - first && last + k < sorted.len() {
            found = found & below.le(above);
        }
    }
    (least, found)
}
