//! Sums in quadrature: of the samples, or of their noise (algorithms.md section 7).

use skystack_reject::{Columns, Kept, NoiseModel, Scaling};
use skystack_simd::{Task, Vector};
use skystack_stats::lane::{self, Terms};

use super::weights::Weights;
use crate::options::{Combine, Resolved};

/// √SUM((w·y)²)/SUM(w), or √SUM(w²·V(y))/SUM(w) with V of the noise model; all w are 1 where there are none, or where they sum to
/// zero.
pub(super) struct Quadrature<'a, 'b, V: Vector> {
    pub(super) options: &'a Resolved<V::Element>,
    pub(super) columns: &'a Columns<'b, V>,
    pub(super) kept: &'a Kept<V>,
}

impl<V: Vector> Task<V::Isa> for Quadrature<'_, '_, V> {
    type Output = V;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> V {
        let Self { options, columns, kept } = self;
        let weights = Weights::of(options, columns);
        let of = |weighted| Of { isa, options, weights, kept, weighted };
        let n = kept.count.widen();
        if weights.is_none() {
            let [sum] = lane::sum(isa, columns.samples, &of(false));
            return V::narrow(sum.sqrt() / n);
        }
        let total = weights.sum(isa, columns.samples, kept);
        let [weighted] = lane::sum(isa, columns.samples, &of(true));
        let [plain] = lane::sum(isa, columns.samples, &of(false));
        let weightless = total.eq(V::Wide::splat(isa, 0.0));
        V::narrow(V::Wide::select(weightless, plain.sqrt() / n, weighted.sqrt() / total))
    }
}

struct Of<'a, V: Vector> {
    isa: V::Isa,
    options: &'a Resolved<V::Element>,
    weights: Weights<'a, V>,
    kept: &'a Kept<V>,
    weighted: bool,
}

impl<V: Vector> Terms<V, 1> for Of<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let splat = |value| V::Wide::splat(self.isa, value);
        let member = V::widen_mask(self.kept.bounds.contain(y));
        let w = if self.weighted { self.weights.at(self.isa, frame) } else { splat(1.0) };
        let y = y.widen();
        let term = if self.options.combine == Combine::Nmodel {
            let scaling = self.options.scalings.get(frame).copied().unwrap_or(Scaling::NONE);
            let model = NoiseModel::scaled(&self.options.noise[frame], &scaling);
            (w * w) * model.variance(self.isa, y)
        } else {
            let weighted = w * y;
            weighted * weighted
        };
        [V::Wide::select(member, term, splat(0.0))]
    }
}
