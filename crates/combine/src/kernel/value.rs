//! The combined value (algorithms.md section 7) of L pixels.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, All, Bounds, Deviations, Ranks, Terms};

use crate::options::{Combine, Lmedian, Resolved};

/// The statistic of the kept samples; arbitrary where there are none.
#[inline(always)]
pub(super) fn combine<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) -> V {
    match options.combine {
        Combine::Average if columns.ordered => {
            V::narrow(sum_of_ranks(isa, columns, kept) / kept.count.widen())
        }
        Combine::Sum if columns.ordered => V::narrow(sum_of_ranks(isa, columns, kept)),
        Combine::Average => average(isa, options, columns.samples, kept),
        Combine::Sum => {
            let zero = V::Wide::splat(isa, 0.0);
            let plain = Deviations { members: kept.bounds, pivot: zero, zero };
            let [sum] = lane::sum(isa, columns.samples, &plain);
            V::narrow(sum)
        }
        Combine::Median => {
            let (low, high) = middle(isa, columns, kept);
            lane::halfway(isa, low, high)
        }
        Combine::Lmedian => {
            let (low, high) = middle(isa, columns, kept);
            lmedian(isa, options.lmedian, low, high, kept.count)
        }
        Combine::Min => extremes(isa, columns, kept).low,
        Combine::Max => extremes(isa, columns, kept).high,
    }
}

/// p + SUM(y − p)/n, or p + SUM(w·(y − p))/SUM(w) where the weights at this pixel do not sum to zero.
#[inline(always)]
fn average<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    samples: &[V],
    kept: &Kept<V>,
) -> V {
    let Some(weights) = &options.weights else {
        return V::narrow(mean(isa, samples, kept));
    };
    let zero = V::Wide::splat(isa, 0.0);
    let pivot = lane::first_in(isa, samples, &kept.bounds).widen();
    let deviations = Deviations { members: kept.bounds, pivot, zero };
    let [weighted, total] = lane::sum(isa, samples, &Weighted { weights, deviations, isa });
    let weighted = pivot + weighted / total;
    let weightless = total.eq(zero);
    if !weightless.any() {
        return V::narrow(weighted);
    }
    let plain = mean(isa, samples, kept);
    V::narrow(V::Wide::select(weightless, plain, weighted))
}

#[inline(always)]
fn mean<V: Vector>(isa: V::Isa, samples: &[V], kept: &Kept<V>) -> V::Wide {
    if kept.all {
        return lane::mean(isa, samples, All, kept.count);
    }
    lane::mean(isa, samples, kept.bounds, kept.count)
}

/// w·d and w over the members.
struct Weighted<'a, V: Vector> {
    weights: &'a [f64],
    deviations: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for Weighted<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let weight = V::Wide::splat(self.isa, self.weights[frame]);
        let member = V::widen_mask(self.deviations.members.contain(y));
        let [d] = self.deviations.terms(frame, y);
        [weight * d, V::Wide::select(member, weight, self.deviations.zero)]
    }
}

/// The two middle values of the kept samples, the same one twice where their number is odd.
#[inline(always)]
fn middle<V: Vector>(isa: V::Isa, columns: &mut Columns<'_, V>, kept: &Kept<V>) -> (V, V) {
    if let Some(window) = &kept.window {
        return lane::middle_of_window(isa, columns.ranks(), window);
    }
    if kept.all {
        let (low, high) = lane::middle(isa, columns.samples, columns.sorted);
        return if columns.samples.len() % 2 == 1 { (high, high) } else { (low, high) };
    }
    lane::middle_within(isa, columns.samples, &kept.bounds, columns.padded, columns.sorted)
}

#[inline(always)]
fn lmedian<V: Vector>(isa: V::Isa, rule: Lmedian, low: V, high: V, count: V) -> V {
    match rule {
        Lmedian::Lower => low,
        Lmedian::Iraf => {
            let two = V::splat(isa, V::Element::narrow(2.0));
            V::select(count.eq(two), low, lane::halfway(isa, low, high))
        }
    }
}

/// Least and greatest kept sample.
#[inline(always)]
fn extremes<V: Vector>(isa: V::Isa, columns: &Columns<'_, V>, kept: &Kept<V>) -> Bounds<V> {
    if let Some(window) = &kept.window {
        return window.ends(isa, columns.ranks());
    }
    let mut extremes = Bounds::nothing(isa);
    for y in columns.samples.iter() {
        extremes = extremes.including(kept.bounds.contain(*y), *y);
    }
    extremes
}

/// Longest run of 16-bit integers whose sum is exact in f32: 256 times 2¹⁶ is 2²⁴.
const EXACT_RUN: usize = 256;

/// Sum of the kept ranks of 16-bit integers: exact.
#[inline(always)]
fn sum_of_ranks<V: Vector>(isa: V::Isa, columns: &Columns<'_, V>, kept: &Kept<V>) -> V::Wide {
    let zero = V::splat(isa, V::Element::narrow(0.0));
    let window = kept.window.unwrap_or_else(|| unreachable!("ordered columns are kept by rank"));
    let end = window.first + window.count;
    let Ranks { outer, common } = window.ranks;
    let (from, to) = if common.0 < common.1 { common } else { (outer.1, outer.1) };
    let ranks = columns.ranks();
    let mut total = zero.widen();
    for run in ranks[from..to].chunks(EXACT_RUN) {
        let mut sum = zero;
        for y in run {
            sum = sum + *y;
        }
        total = total + sum.widen();
    }
    for rank in (outer.0..from).chain(to..outer.1) {
        let at = V::splat(isa, V::Element::from_i32(rank as i32));
        let y = V::select(window.first.le(at) & at.lt(end), ranks[rank], zero);
        total = total + y.widen();
    }
    total
}
