//! The combined value (algorithms.md section 7) of L pixels.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Deviations, Terms, Window};

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
        Combine::Average => average(isa, options, columns.samples, kept),
        Combine::Sum => {
            let zero = V::Wide::splat(isa, 0.0);
            let plain = Deviations { bounds: &kept.bounds, pivot: zero, zero };
            let [sum] = lane::sum(isa, columns.samples, &plain);
            V::narrow(sum)
        }
        Combine::Median => {
            let window = order(isa, columns, kept);
            lane::median(isa, columns.sorted, &window)
        }
        Combine::Lmedian => {
            let window = order(isa, columns, kept);
            lmedian(isa, options.lmedian, columns.sorted, &window)
        }
        Combine::Min => extremes(isa, columns.samples, kept).low,
        Combine::Max => extremes(isa, columns.samples, kept).high,
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
        return V::narrow(lane::mean(isa, samples, &kept.bounds, kept.count));
    };
    let zero = V::Wide::splat(isa, 0.0);
    let pivot = lane::first_in(isa, samples, &kept.bounds).widen();
    let deviations = Deviations { bounds: &kept.bounds, pivot, zero };
    let [weighted, total] = lane::sum(isa, samples, &Weighted { weights, deviations, isa });
    let weighted = pivot + weighted / total;
    let weightless = total.eq(zero);
    if !weightless.any() {
        return V::narrow(weighted);
    }
    let plain = lane::mean(isa, samples, &kept.bounds, kept.count);
    V::narrow(V::Wide::select(weightless, plain, weighted))
}

/// w·d and w over the members.
struct Weighted<'a, V: Vector> {
    weights: &'a [f64],
    deviations: Deviations<'a, V>,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for Weighted<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let weight = V::Wide::splat(self.isa, self.weights[frame]);
        let member = V::widen_mask(self.deviations.bounds.contain(y));
        let [d] = self.deviations.terms(frame, y);
        [weight * d, V::Wide::select(member, weight, self.deviations.zero)]
    }
}

/// The kept samples as ranks: those of the rejection, or of a sort of what it left.
#[inline(always)]
fn order<V: Vector>(isa: V::Isa, columns: &mut Columns<'_, V>, kept: &Kept<V>) -> Window<V> {
    if let Some(window) = kept.window {
        return window;
    }
    let infinity = V::splat(isa, V::Element::INFINITY);
    for (to, y) in columns.sorted.iter_mut().zip(columns.samples.iter()) {
        *to = V::select(kept.bounds.contain(*y), *y, infinity);
    }
    lane::sort(columns.sorted);
    Window { first: V::splat(isa, V::Element::narrow(0.0)), count: kept.count }
}

#[inline(always)]
fn lmedian<V: Vector>(isa: V::Isa, rule: Lmedian, sorted: &[V], window: &Window<V>) -> V {
    let lower = lane::lmedian(isa, sorted, window);
    match rule {
        Lmedian::Lower => lower,
        Lmedian::Iraf => {
            let two = V::splat(isa, V::Element::narrow(2.0));
            V::select(window.count.eq(two), lower, lane::median(isa, sorted, window))
        }
    }
}

/// Least and greatest kept sample.
#[inline(always)]
fn extremes<V: Vector>(isa: V::Isa, samples: &[V], kept: &Kept<V>) -> Bounds<V> {
    let mut extremes = Bounds::nothing(isa);
    for y in samples {
        extremes = extremes.including(kept.bounds.contain(*y), *y);
    }
    extremes
}
