//! Order statistics of sorted columns (algorithms.md C1, C2): exact, whatever found the order.

use skystack_simd::{Element, Mask, Vector};

use super::{Ranks, Window, constants};

/// Median of the ranks in `window`.
///
/// Odd count: the middle value. Even count: T((f64(a) + f64(b)) × 0.5) of the two middle values; two equal ones give that
/// value (docs/decisions/0003: the formula would overflow for |a| > 9e307).
///
/// # Shapes
/// `sorted`: N registers.
/// # Missing data
/// Past the window. A lane with an empty window gets an arbitrary value.
/// # Cost
/// Two picks of a few ranks, independent of N where the windows of the lanes are alike.
#[inline(always)]
pub fn median<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>) -> V {
    let (low, high) = middle_of_window(isa, sorted, window);
    halfway(isa, low, high)
}

/// The two middle values of the ranks in `window`; the same one twice where their number is odd.
#[inline(always)]
pub fn middle_of_window<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>) -> (V, V) {
    let (_, one) = constants::<V>(isa);
    let half = V::splat(isa, V::Element::narrow(0.5));
    // Indices are truncated: for an odd count both are the middle.
    let Ranks { outer, common } = window.ranks;
    let (least, most) = (outer.0 + common.1, common.0 + outer.1);
    let lower = (least.saturating_sub(1) / 2, most.saturating_sub(1) / 2);
    let low = pick(isa, sorted, window.first + (window.count - one) * half, lower);
    let high = pick(isa, sorted, window.first + window.count * half, (least / 2, most / 2));
    (low, high)
}

/// Most neighbouring ranks that are looked through.
const MOST_PICKED: usize = 12;

/// Most ranks after the first one that are looked through at once.
const MOST_AT_ONCE: usize = 3;

/// Lane k of `sorted[index[k]]`, indices truncated, all within the ranks `least` and `most` or beyond either end of the column.
#[inline(always)]
pub(super) fn pick<V: Vector>(isa: V::Isa, sorted: &[V], index: V, (least, most): (usize, usize)) -> V {
    let most = most.min(sorted.len() - 1);
    if least > most || most - least > MOST_PICKED {
        return V::gather(isa, sorted, index);
    }
    let mut picked = sorted[least];
    if most == least {
        return picked;
    }
    // The usual few, without a jump that the CPU cannot foresee.
    if most - least <= MOST_AT_ONCE && least + MOST_AT_ONCE < sorted.len() {
        for k in 1..=MOST_AT_ONCE {
            let here = V::splat(isa, V::Element::from_i32((least + k) as i32)).le(index);
            picked = V::select(here, sorted[least + k], picked);
        }
        return picked;
    }
    for (rank, value) in (least + 1..).zip(&sorted[least + 1..=most]) {
        let here = V::splat(isa, V::Element::from_i32(rank as i32)).le(index);
        picked = V::select(here, *value, picked);
    }
    picked
}

/// T((f64(a) + f64(b)) × 0.5), or the value that both are: the median from the two middle values (C2).
#[inline(always)]
pub fn halfway<V: Vector>(isa: V::Isa, low: V, high: V) -> V {
    let same = low.eq(high);
    // So it is in every lane for an odd number of samples: five frames take 0.50 ns a sample instead of 0.53.
    if !(!same).any() {
        return low;
    }
    let mean = (low.widen() + high.widen()) * V::Wide::splat(isa, 0.5);
    V::select(same, low, V::narrow(mean))
}

/// The value of rank ⌊(n+1)/2⌋ of the ranks in `window`: the lower of two middle values.
///
/// # Shapes, missing data, cost
/// As [`median`].
#[inline(always)]
pub fn lmedian<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>) -> V {
    middle_of_window(isa, sorted, window).0
}

/// Quantile `q` in 0..=1 of the ranks in `window`, by linear interpolation at the 0-based position (n − 1)·q in f64.
///
/// # Shapes, missing data
/// As [`median`].
/// # Cost
/// One scalar interpolation a lane.
#[inline(always)]
pub fn percentile<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>, q: f64) -> V::Wide {
    let mut quantiles = V::Wide::splat(isa, 0.0);
    for (lane, to) in quantiles.lanes_mut().iter_mut().enumerate() {
        let (first, count) = window.lane(lane);
        let position = count.saturating_sub(1) as f64 * q;
        let below = position as usize;
        let at = |rank: usize| sorted[(first + rank).min(sorted.len() - 1)].lanes()[lane].widen();
        let fraction = position - below as f64;
        // At a whole position the neighbour may be past the window, where there is padding.
        *to = if fraction > 0.0 { at(below) + fraction * (at(below + 1) - at(below)) } else { at(below) };
    }
    quantiles
}

/// Interquartile range of the ranks in `window`, in f64.
#[inline(always)]
pub fn iqr<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>) -> V::Wide {
    percentile(isa, sorted, window, 0.75) - percentile(isa, sorted, window, 0.25)
}
