//! Where the variance of a pass comes from: one for all samples of a pixel.

use skystack_simd::Vector;

use crate::noise::{NoiseModel, at_least};

/// How wide the noise of a pixel is taken to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Width<'a, V: Vector> {
    /// As wide as its samples scatter: sigclip's [`Spread`](crate::Spread).
    Scatter,
    /// S²·max(1, c): avsigclip.
    Level(V::Wide),
    /// The noise model at c, the same for all frames: ccdclip.
    Noise(&'a NoiseModel),
}

impl<V: Vector> Width<'_, V> {
    /// V about the centre, unless the samples have to be asked.
    #[inline(always)]
    pub(super) fn variance(&self, isa: V::Isa, center: V) -> Option<V::Wide> {
        match self {
            Self::Scatter => None,
            Self::Level(s2) => Some(*s2 * at_least(isa, center.widen(), 1.0)),
            Self::Noise(model) => Some(model.variance(isa, center.widen())),
        }
    }
}
