//! The combined value (algorithms.md section 7) of L pixels.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Isa, Mask, Task, Vector};
use skystack_stats::lane::{self, All, Bounds, Deviations, Ranks, Terms};

use super::quadrature::Quadrature;
use super::weights::Weights;
use super::wmedian::WeightedMedian;
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
        Combine::Average if options.rejections.replaces() => {
            isa.call(MeanOfCurrent { columns, blank: options.blank })
        }
        Combine::Average | Combine::Sum if columns.ordered => {
            let sum = sum_of_ranks::<V, EXACT_RUN>(isa, columns, kept);
            V::narrow(if options.combine == Combine::Sum { sum } else { sum / kept.count.widen() })
        }
        Combine::Average | Combine::Sum
            if Weights::of(options, columns).is_none() && is_exact(isa, columns, kept) =>
        {
            let sum = sum_of_ranks::<V, 1>(isa, columns, kept);
            V::narrow(if options.combine == Combine::Sum { sum } else { sum / kept.count.widen() })
        }
        Combine::Average => average(isa, options, columns, kept),
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
        Combine::Quadrature | Combine::Nmodel => isa.call(Quadrature { options, columns, kept }),
        Combine::Wmedian => isa.call(WeightedMedian { options, columns, kept }),
        Combine::Min => extremes(isa, columns, kept).low,
        Combine::Max => extremes(isa, columns, kept).high,
    }
}

/// The mean of what a rejection made of all samples, outliers replaced; `blank` where there are none.
struct MeanOfCurrent<'a, 'b, V: Vector> {
    columns: &'a Columns<'b, V>,
    blank: V::Element,
}

impl<V: Vector> Task<V::Isa> for MeanOfCurrent<'_, '_, V> {
    type Output = V;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> V {
        let (current, members) = (&*self.columns.padded, Columns::<V>::current_values(isa));
        let count = lane::count(isa, current, &members);
        let mean: V = V::narrow(lane::mean(isa, current, members, count));
        let some = V::splat(isa, V::Element::narrow(0.0)).lt(count);
        V::select(some, mean, V::splat(isa, self.blank))
    }
}

/// p + SUM(y − p)/n, or p + SUM(w·(y − p))/SUM(w) where the weights at this pixel do not sum to zero.
#[inline(always)]
fn average<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
) -> V {
    let (samples, weights) = (&*columns.samples, Weights::of(options, columns));
    if weights.is_none() {
        return V::narrow(mean(isa, samples, kept));
    }
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
    weights: Weights<'a, V>,
    deviations: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for Weighted<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let weight = self.weights.at(self.isa, frame);
        let member = V::widen_mask(self.deviations.members.contain(y));
        let [d] = self.deviations.terms(frame, y);
        // The weight of a sample that is no member may be NaN.
        let weight = V::Wide::select(member, weight, self.deviations.zero);
        [weight * d, weight]
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

/// 2²⁵.
const EXACT_SPAN: f64 = 33_554_432.0;

/// Are the sums of the kept samples exact in f64 whatever their order, and is their mean in f32 that of the contract? So it is in
/// all lanes where N times the greatest of them is at most 2²⁵ times the least, and that is positive.
///
/// Let 2^a <= least, greatest < 2^(b+1), u = 2^(a−23). Samples and their differences are multiples of u, and their sums are less than
/// N·2^(b+1): exact, because N·2^(b−a) <= 2²⁶ (the least may be nearly 2^(a+1)). The mean m = S/n is a multiple of u/n, the contract's
/// p + (S − n·p)/n in f64 differs from it by less than 2^(b−51), S/n in f64 by less. A number at which rounding to f32 changes is
/// a multiple of u/2 here, so one that is not m is at least u/(2n) = 2^(a−24)/n away: more than that. If it is m, both are exact.
#[inline(always)]
fn is_exact<V: Vector>(isa: V::Isa, columns: &Columns<'_, V>, kept: &Kept<V>) -> bool {
    let Some(window) = &kept.window else { return false };
    let (from, to) = window.ranks.outer;
    if V::Element::BYTES != f32::BYTES || from >= to {
        return false;
    }
    // Missing samples are behind the others, and in no comparison.
    let ranks = columns.ranks();
    let n = V::splat(isa, V::Element::from_i32(ranks.len() as i32));
    let span = V::splat(isa, V::Element::narrow(EXACT_SPAN));
    !(!(ranks[to - 1] * n).le(ranks[from] * span)).any()
}

/// Longest run of 16-bit integers whose sum is exact in f32: 256 times 2¹⁶ is 2²⁴.
const EXACT_RUN: usize = 256;

/// Sum of the kept ranks, in which runs of `RUN` ranks are exact in the working type and everything is in f64.
#[inline(always)]
fn sum_of_ranks<V: Vector, const RUN: usize>(
    isa: V::Isa,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
) -> V::Wide {
    let zero = V::splat(isa, V::Element::narrow(0.0));
    let window = kept.window.unwrap_or_else(|| unreachable!("ordered columns are kept by rank"));
    let end = window.first + window.count;
    let Ranks { outer, common } = window.ranks;
    let (from, to) = if common.0 < common.1 { common } else { (outer.1, outer.1) };
    let ranks = columns.ranks();
    let mut total = zero.widen();
    for run in ranks[from..to].chunks(RUN) {
        let mut sum = run[0];
        for y in &run[1..] {
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
