//! The variance of each sample of L columns.

use skystack_simd::Vector;
use skystack_stats::lane::{self, number};

use super::Clip;
use crate::noise::{FrameScale, NoiseModel};
use crate::sigclip::Limits;

/// Where the variance of a sample comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Widths {
    /// V·r² of sigclip: the scatter of the samples, each in units of the noise that its frame's scale lets expect.
    Scatter(Vec<FrameScale>),
    /// S²·r² of avsigclip.
    Pooled(Vec<FrameScale>),
    /// The noise model of each frame (ccdclip).
    Noise(Vec<NoiseModel>),
    /// The noise model of each frame before it was scaled.
    ScaledNoise(Vec<(NoiseModel, FrameScale)>),
    /// Those of [`Columns::variances`](crate::Columns::variances).
    Given,
}

/// What the samples are that are measured.
pub(super) struct Measure<'a, V: Vector> {
    /// Survivors in frame order, NaN where there is none.
    pub(super) alive: &'a [V],
    pub(super) count: V,
    pub(super) center: V,
    /// S², for [`Widths::Pooled`].
    pub(super) pooled: V::Wide,
    /// The variances of the samples, for [`Widths::Given`].
    pub(super) variances: &'a [V],
}

impl Clip {
    /// Writes the variance of each frame's sample to `to`; what of it is common to all samples, 1 where nothing is.
    #[inline(always)]
    pub(super) fn measure<V: Vector>(
        &self,
        isa: V::Isa,
        of: &Measure<'_, V>,
        to: &mut [V::Wide],
    ) -> Limits<V> {
        let center = of.center.widen();
        let common = match &self.widths {
            Widths::Scatter(scales) => {
                levels(isa, scales, center, to);
                let [squares] = lane::sum(isa, of.alive, &CorrectedSquares { center, levels: to, isa });
                let degrees = of.count - number(isa, self.limits.ddof as usize);
                let variance = squares / degrees.widen();
                to.iter_mut().for_each(|level| *level = variance * *level);
                variance
            }
            Widths::Pooled(scales) => {
                levels(isa, scales, center, to);
                to.iter_mut().for_each(|level| *level = of.pooled * *level);
                of.pooled
            }
            Widths::Noise(models) => {
                to.iter_mut().zip(models).for_each(|(to, model)| *to = model.variance(isa, center));
                V::Wide::splat(isa, 1.0)
            }
            Widths::ScaledNoise(frames) => {
                for (to, (model, scale)) in to.iter_mut().zip(frames) {
                    *to = scale.noise(isa, model, center);
                }
                V::Wide::splat(isa, 1.0)
            }
            Widths::Given => {
                to.iter_mut().zip(of.variances).for_each(|(to, v)| *to = v.widen());
                V::Wide::splat(isa, 1.0)
            }
        };
        Limits { center: of.center, variance: common }
    }
}

#[inline(always)]
fn levels<W: Vector<Element = f64>>(isa: W::Isa, scales: &[FrameScale], center: W, to: &mut [W]) {
    to.iter_mut().zip(scales).for_each(|(to, scale)| *to = scale.level(isa, center));
}

/// (y − c)²/r² of the samples that are there.
pub(crate) struct CorrectedSquares<'a, V: Vector> {
    pub(crate) center: V::Wide,
    /// r² of each frame.
    pub(crate) levels: &'a [V::Wide],
    pub(crate) isa: V::Isa,
}

impl<V: Vector> lane::Terms<V, 1> for CorrectedSquares<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let d = y.widen() - self.center;
        let square = (d * d) / self.levels[frame];
        [V::Wide::select(V::widen_mask(y.eq(y)), square, V::Wide::splat(self.isa, 0.0))]
    }
}
