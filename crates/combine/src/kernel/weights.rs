//! Weights of samples: those of the frames times those of the samples, where there are such.

use skystack_reject::{Columns, Kept};
use skystack_simd::Vector;
use skystack_stats::lane::{self, Bounds, Terms};

use crate::options::Resolved;

/// The weights of the columns of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights<'a, V> {
    frames: Option<&'a [f64]>,
    samples: &'a [V],
    /// Weights are divided by these.
    variances: &'a [V],
}

impl<'a, V: Vector> Weights<'a, V> {
    #[inline(always)]
    pub(super) fn of(options: &'a Resolved<V::Element>, columns: &'a Columns<'_, V>) -> Self {
        let variances = if options.weigh_by_variance { &*columns.variances } else { &[] };
        Self { frames: options.weights.as_deref(), samples: columns.weights, variances }
    }

    /// Do all samples count the same?
    #[inline(always)]
    pub(super) fn is_none(&self) -> bool {
        self.frames.is_none() && self.samples.is_empty() && self.variances.is_empty()
    }

    /// w of `frame`.
    #[inline(always)]
    pub(super) fn at(&self, isa: V::Isa, frame: usize) -> V::Wide {
        let mut weight = V::Wide::splat(isa, self.frames.map_or(1.0, |weights| weights[frame]));
        if let Some(variance) = self.variances.get(frame) {
            weight = weight / variance.widen();
        }
        match self.samples.get(frame) {
            None => weight,
            Some(of_sample) => weight * of_sample.widen(),
        }
    }

    /// SUM(w) over the kept samples.
    #[inline(always)]
    pub(super) fn sum(&self, isa: V::Isa, samples: &[V], kept: &Kept<V>) -> V::Wide {
        if self.is_none() {
            return kept.count.widen();
        }
        let zero = V::Wide::splat(isa, 0.0);
        let [sum] = lane::sum(isa, samples, &Members { weights: self, bounds: kept.bounds, zero, isa });
        sum
    }
}

/// w over the members of some bounds.
struct Members<'a, V: Vector> {
    weights: &'a Weights<'a, V>,
    bounds: Bounds<V>,
    zero: V::Wide,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 1> for Members<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let member = V::widen_mask(self.bounds.contain(y));
        [V::Wide::select(member, self.weights.at(self.isa, frame), self.zero)]
    }
}
