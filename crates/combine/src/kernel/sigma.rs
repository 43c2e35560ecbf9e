//! The sigma image (algorithms.md section 8.3) of L pixels: scatter of the samples about the output, not an error of it.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Vector};
use skystack_stats::lane::{self, Bounds, Deviations, Moments, Terms};

use super::weights::Weights;
use crate::options::{Resolved, SigmaRule};

/// Scatter of the kept samples about `out`, the rounded output; arbitrary where there are none.
#[inline(always)]
pub(super) fn sigma<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
    out: V,
) -> V {
    let samples = &*columns.samples;
    let zero = V::Wide::splat(isa, 0.0);
    let n = kept.count.widen();
    if options.sigma_rule == SigmaRule::Population {
        let pivot = lane::mean(isa, samples, kept.bounds, kept.count);
        let about = Deviations { members: kept.bounds, pivot, zero };
        let [s1, s2] = lane::sum(isa, samples, &Moments(about));
        let q = s2 - (s1 * s1) / n;
        return V::narrow((V::Wide::select(q.lt(zero), zero, q) / n).sqrt());
    }
    let about = Deviations { members: kept.bounds, pivot: out.widen(), zero };
    let one = V::Wide::splat(isa, 1.0);
    let [_, s2] = lane::sum(isa, samples, &Moments(about));
    let mut variance = s2 / (n - one);
    let weights = Weights::of(options, columns);
    if !weights.is_none() {
        let [squares, total] = lane::sum(isa, samples, &WeightedSquares { weights, about, isa });
        let weighted = (squares / total) * (n / (n - one));
        variance = V::Wide::select(total.eq(zero), variance, weighted);
    }
    let single = match options.sigma_rule {
        SigmaRule::Iraf => T::narrow(0.0),
        _ => T::NAN,
    };
    let is_single = kept.count.eq(V::splat(isa, T::narrow(1.0)));
    V::select(is_single, V::splat(isa, single), V::narrow(variance.sqrt()))
}

/// w·d² and w over the members.
struct WeightedSquares<'a, V: Vector> {
    weights: Weights<'a, V>,
    about: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for WeightedSquares<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let member = V::widen_mask(self.about.members.contain(y));
        // The weight of a sample that is no member may be NaN.
        let weight = V::Wide::select(member, self.weights.at(self.isa, frame), self.about.zero);
        let [d] = self.about.terms(frame, y);
        [weight * (d * d), weight]
    }
}
