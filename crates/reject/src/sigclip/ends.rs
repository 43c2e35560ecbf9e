//! Dropping from the ends of a sorted column: a clip is monotone, so the first rank that stays ends the search.

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{Bounds, Ranks, Window, constants, number};

use super::Survivors;
use crate::ranks::crossed;

/// What a pass says of a sample: dropped, kept, or neither where it does not know.
pub(crate) struct Verdict<V: Vector> {
    pub(crate) gone: V::Mask,
    pub(crate) stays: V::Mask,
}

impl<V: Vector> Verdict<V> {
    /// Of a test that knows: what does not go stays.
    #[inline(always)]
    pub(crate) fn of(gone: V::Mask) -> Self {
        Self { gone, stays: !gone }
    }
}

/// The limits of a pass.
pub(crate) trait Limit<V: Vector> {
    /// Of a sample at the low end.
    fn low(&self, y: V) -> Verdict<V>;
    /// Of a sample at the high end.
    fn high(&self, y: V) -> Verdict<V>;
}

/// Ranks that are tested before asking whether any lane is open. (One at a time saves a few comparisons; but one or two are
/// the usual numbers, in no order that the CPU could foresee.)
const STEP: usize = 2;

/// The survivors after a pass in the active lanes, and the lanes in which a sample that was not dropped is not known to stay.
#[inline(always)]
pub(crate) fn drop_ends<V: Vector>(
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    limit: &impl Limit<V>,
    active: V::Mask,
) -> (Survivors<V>, V::Mask) {
    let (zero, one) = constants::<V>(isa);
    let Survivors { mut bounds, window: Window { first, count, mut ranks }, .. } = *survivors;
    let end = first + count;
    let (mut dropped_low, mut dropped_high) = (zero, zero);
    let mut undecided = zero.lt(zero);
    let mut open = active;
    // Ranks below the window were dropped before; what is beyond it is above the centre, and closes the lane. Only a centre
    // that overflowed (f64 values near the limit) leaves lanes open: then everything is beyond it.
    for (step, ranks_of_step) in sorted.chunks(STEP).enumerate() {
        for (k, y) in ranks_of_step.iter().enumerate() {
            let inside = open & first.le(number(isa, step * STEP + k));
            let Verdict { gone, stays } = limit.low(*y);
            dropped_low = dropped_low + V::select(inside & gone, one, zero);
            let kept = inside & !gone;
            undecided = undecided | (kept & !stays);
            bounds.low = V::select(kept, *y, bounds.low);
            open = open & !kept;
        }
        if !open.any() {
            ranks.common.0 = ranks.common.0.max(step * STEP + ranks_of_step.len() - 1);
            break;
        }
    }
    let mut overflowed = open.any();
    open = active;
    for (step, ranks_of_step) in sorted.rchunks(STEP).enumerate() {
        let last = sorted.len() - 1 - step * STEP;
        for (k, y) in ranks_of_step.iter().rev().enumerate() {
            let inside = open & number::<V>(isa, last - k).lt(end);
            let Verdict { gone, stays } = limit.high(*y);
            dropped_high = dropped_high + V::select(inside & gone, one, zero);
            let kept = inside & !gone;
            undecided = undecided | (kept & !stays);
            bounds.high = V::select(kept, *y, bounds.high);
            open = open & !kept;
        }
        if !open.any() {
            ranks.common.1 = ranks.common.1.min(last + 2 - ranks_of_step.len());
            break;
        }
    }
    overflowed |= open.any();
    if overflowed {
        ranks = Ranks::unknown(sorted.len());
        // Past the window, such a lane has counted what was dropped before.
        (dropped_low, _) = dropped_low.sort2(count);
        let left = count - dropped_low;
        (dropped_high, _) = dropped_high.sort2(left);
        let gone = active & left.le(dropped_high);
        let empty = Window { first: first + dropped_low, count: zero, ranks };
        bounds = Bounds::select(gone, crossed(isa, sorted, &empty), bounds);
    }
    let dropped = dropped_low + dropped_high;
    let window = Window { first: first + dropped_low, count: count - dropped, ranks };
    (Survivors { bounds, window, all: survivors.all && !zero.lt(dropped).any() }, undecided)
}
