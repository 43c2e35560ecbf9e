//! Errors of the result, and the exposure behind it (algorithms.md 8.1, 8.2, 8.4).

use std::f64::consts::{FRAC_PI_2, PI};

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Vector};
use skystack_stats::lane::{self, Bounds, Deviations, Moments, Terms};

use crate::kernel::weights::Weights;
use crate::options::{Combine, Resolved};

/// Variance of the result from the variances of the kept samples; arbitrary where there are none.
#[inline(always)]
pub(super) fn propagated<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
) -> V::Wide {
    let sums = Variances { isa, columns, weights: Weights::of(options, columns), bounds: kept.bounds };
    let n = kept.count.widen();
    let splat = |value| V::Wide::splat(isa, value);
    match options.combine {
        Combine::Average | Combine::Wmedian if !sums.weights.is_none() => {
            let total = sums.weights.sum(isa, columns.samples, kept);
            let [squares] = lane::sum(isa, columns.samples, &Squared(&sums));
            let [plain] = lane::sum(isa, columns.samples, &Plain(&sums));
            // Weights that sum to zero here were left out.
            let v = V::Wide::select(total.eq(splat(0.0)), plain / (n * n), squares / (total * total));
            if options.combine == Combine::Wmedian { splat(FRAC_PI_2) * v } else { v }
        }
        Combine::Average | Combine::Wmedian => {
            let [plain] = lane::sum(isa, columns.samples, &Plain(&sums));
            let v = plain / (n * n);
            if options.combine == Combine::Wmedian { splat(FRAC_PI_2) * v } else { v }
        }
        Combine::Sum => lane::sum(isa, columns.samples, &Plain(&sums))[0],
        Combine::Median | Combine::Lmedian => {
            let [plain] = lane::sum(isa, columns.samples, &Plain(&sums));
            let [roots] = lane::sum(isa, columns.samples, &InverseRoots(&sums));
            let of_many = splat(PI) * (n * n) / (splat(2.0) * (roots * roots) * (n + kappa(isa, n)));
            V::Wide::select(n.le(splat(2.0)), plain / (n * n), of_many)
        }
        Combine::Min => selected(isa, columns, kept, false).widen(),
        Combine::Max => selected(isa, columns, kept, true).widen(),
        // Refused with the options.
        Combine::Quadrature | Combine::Nmodel => n,
    }
}

/// κ of SWarp's formula: π/2 − 1 for odd n, π − 2 for even n.
#[inline(always)]
fn kappa<W: Vector<Element = f64>>(isa: W::Isa, n: W) -> W {
    let mut kappa = W::splat(isa, FRAC_PI_2 - 1.0);
    for (kappa, n) in kappa.lanes_mut().iter_mut().zip(n.lanes()) {
        if n % 2.0 == 0.0 {
            *kappa = PI - 2.0;
        }
    }
    kappa
}

/// The variance of the least sample, of equal ones that of the first frame; or of the greatest, of equal ones that of the last.
#[inline(always)]
fn selected<V: Vector>(isa: V::Isa, columns: &Columns<'_, V>, kept: &Kept<V>, greatest: bool) -> V {
    let mut extremes = Bounds::<V>::nothing(isa);
    let mut variance = V::splat(isa, V::Element::NAN);
    for (y, v) in columns.samples.iter().zip(columns.variances.iter()) {
        let member = kept.bounds.contain(*y);
        let better = if greatest { extremes.high.le(*y) } else { y.lt(extremes.low) };
        variance = V::select(member & better, *v, variance);
        extremes = extremes.including(member, *y);
    }
    variance
}

/// Sums over the variances of the members of some bounds.
struct Variances<'a, 'b, V: Vector> {
    isa: V::Isa,
    columns: &'a Columns<'b, V>,
    weights: Weights<'a, V>,
    bounds: Bounds<V>,
}

impl<V: Vector> Variances<'_, '_, V> {
    /// `term` of the variance of `frame` where `y` is a member, else zero.
    #[inline(always)]
    fn term(&self, frame: usize, y: V, term: impl Fn(V::Wide) -> V::Wide) -> [V::Wide; 1] {
        let v = self.columns.variances[frame].widen();
        let member = V::widen_mask(self.bounds.contain(y));
        [V::Wide::select(member, term(v), V::Wide::splat(self.isa, 0.0))]
    }
}

/// v.
struct Plain<'a, 'b, 'c, V: Vector>(&'a Variances<'b, 'c, V>);

impl<V: Vector> Terms<V, 1> for Plain<'_, '_, '_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        self.0.term(frame, y, |v| v)
    }
}

/// (w·w)·v.
struct Squared<'a, 'b, 'c, V: Vector>(&'a Variances<'b, 'c, V>);

impl<V: Vector> Terms<V, 1> for Squared<'_, '_, '_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let w = self.0.weights.at(self.0.isa, frame);
        self.0.term(frame, y, |v| (w * w) * v)
    }
}

/// 1/√v.
struct InverseRoots<'a, 'b, 'c, V: Vector>(&'a Variances<'b, 'c, V>);

impl<V: Vector> Terms<V, 1> for InverseRoots<'_, '_, '_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let one = V::Wide::splat(self.0.isa, 1.0);
        self.0.term(frame, y, |v| one / v.sqrt())
    }
}

/// Error of the result from the scatter of the kept samples about it; NaN for one sample.
#[inline(always)]
pub(super) fn empirical<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
    out: V,
) -> V {
    let splat = |value| V::Wide::splat(isa, value);
    let (n, one, zero) = (kept.count.widen(), splat(1.0), splat(0.0));
    let about = Deviations { members: kept.bounds, pivot: out.widen(), zero };
    let [_, s2] = lane::sum(isa, columns.samples, &Moments(about));
    let mut variance = s2 / (n * (n - one));
    let weights = Weights::of(options, columns);
    match options.combine {
        Combine::Median | Combine::Lmedian => variance = variance * splat(FRAC_PI_2),
        Combine::Average if !weights.is_none() => {
            let total = weights.sum(isa, columns.samples, kept);
            let [squares, of_weights] =
                lane::sum(isa, columns.samples, &WeightedScatter { weights, about, isa });
            let larger = if options.rejections.has_weighted_degrees() {
                (total * total) / (total * total - of_weights)
            } else {
                n / (n - one)
            };
            let weighted = (squares / total) * larger * (of_weights / (total * total));
            variance = V::Wide::select(total.eq(zero), variance, weighted);
        }
        _ => {}
    }
    let error = V::narrow(variance.sqrt());
    V::select(V::splat(isa, T::one()).lt(kept.count), error, V::splat(isa, T::NAN))
}

/// w·d² and w² over the members.
struct WeightedScatter<'a, V: Vector> {
    weights: Weights<'a, V>,
    about: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for WeightedScatter<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let member = V::widen_mask(self.about.members.contain(y));
        // The weight of a sample that is no member may be NaN.
        let w = V::Wide::select(member, self.weights.at(self.isa, frame), self.about.zero);
        let [d] = self.about.terms(frame, y);
        [w * (d * d), w * w]
    }
}

/// Sum of the exposure times of the kept samples whose weight is not zero.
#[inline(always)]
pub(super) fn exposure<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
) -> V::Wide {
    let weights = Weights::of(options, columns);
    let [sum] = lane::sum(isa, columns.samples, &Exposures { options, weights, bounds: kept.bounds, isa });
    sum
}

struct Exposures<'a, T, V: Vector> {
    options: &'a Resolved<T>,
    weights: Weights<'a, V>,
    bounds: Bounds<V>,
    isa: V::Isa,
}

impl<T: Element, V: Vector<Element = T>> Terms<V, 1> for Exposures<'_, T, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let zero = V::Wide::splat(self.isa, 0.0);
        let time = V::Wide::splat(self.isa, self.options.exposures[frame]);
        let time = V::Wide::select(zero.lt(self.weights.at(self.isa, frame)), time, zero);
        [V::Wide::select(V::widen_mask(self.bounds.contain(y)), time, zero)]
    }
}
