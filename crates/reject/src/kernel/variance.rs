//! The variance of a set about its mean (algorithms.md E5), from either centre.

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{self, Deviations, Members, Moments, Terms};

/// Denominator n − ddof, and n.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Degrees<W> {
    n: W,
    degrees: W,
}

impl<W: Vector<Element = f64>> Degrees<W> {
    #[inline(always)]
    pub(crate) fn new(isa: W::Isa, n: W, ddof: u32) -> Self {
        Self { n, degrees: n - W::splat(isa, f64::from(ddof)) }
    }

    /// max(Q, 0)/(n − ddof) with Q = S2 − S1²/n. An overflow stays what it is: infinite or NaN.
    #[inline(always)]
    pub(crate) fn variance(&self, isa: W::Isa, [s1, s2]: [W; 2]) -> W {
        let zero = W::splat(isa, 0.0);
        let q = s2 - (s1 * s1) / self.n;
        W::select(q.lt(zero), zero, q) / self.degrees
    }
}

/// About the mean, where the median `center` of the set is known.
#[inline(always)]
pub(crate) fn by_median<V: Vector>(
    isa: V::Isa,
    samples: &[V],
    members: impl Members<V>,
    degrees: &Degrees<V::Wide>,
    center: V,
) -> V::Wide {
    let zero = V::Wide::splat(isa, 0.0);
    let about_center = Deviations { members, pivot: center.widen(), zero };
    let [s1, s2] = lane::sum(isa, samples, &Moments(about_center));
    let variance = degrees.variance(isa, [s1, s2]);
    // Where the median is far from the mean Q loses its digits: again, about the mean.
    let cancelled = (V::Wide::splat(isa, 0.999) * (degrees.n * s2)).lt(s1 * s1);
    if !cancelled.any() {
        return variance;
    }
    let about_mean = Moments(about_center.about(center.widen() + s1 / degrees.n));
    let about_mean = degrees.variance(isa, lane::sum(isa, samples, &about_mean));
    V::Wide::select(cancelled, about_mean, variance)
}

/// About the mean `mean` of the set.
#[inline(always)]
pub(crate) fn by_mean<V: Vector>(
    isa: V::Isa,
    samples: &[V],
    members: impl Members<V>,
    degrees: &Degrees<V::Wide>,
    mean: V::Wide,
) -> V::Wide {
    let zero = V::Wide::splat(isa, 0.0);
    let about = Moments(Deviations { members, pivot: mean, zero });
    degrees.variance(isa, lane::sum(isa, samples, &about))
}

/// Values that are made of the samples, as deviations from a pivot.
pub(crate) trait Pivoted<V: Vector>: Terms<V, 1> + Copy {
    /// From another one.
    fn about(self, pivot: V::Wide) -> Self;
}

impl<V: Vector, M: Members<V>> Pivoted<V> for Deviations<V, M> {
    #[inline(always)]
    fn about(self, pivot: V::Wide) -> Self {
        Self { pivot, ..self }
    }
}

/// Mean (E3) and variance of some values, of which `first` is the first in frame order.
#[inline(always)]
pub(crate) fn of_values<V: Vector>(
    isa: V::Isa,
    samples: &[V],
    degrees: &Degrees<V::Wide>,
    first: V::Wide,
    values: impl Pivoted<V>,
) -> (V::Wide, V::Wide) {
    let [s1] = lane::sum(isa, samples, &values.about(first));
    let mean = first + s1 / degrees.n;
    let moments = lane::sum(isa, samples, &Moments(values.about(mean)));
    (mean, degrees.variance(isa, moments))
}
