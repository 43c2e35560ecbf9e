//! What is known of a frame's noise and scale, as constants of the kernels (algorithms.md sections 5.0.5 and 5.6).

use skystack_simd::Vector;

use crate::{FrameFacts, Noise, Scaling};

/// Least variance of the read noise: IRAF's largest number in the place of its reciprocal.
const LEAST_VARIANCE: f64 = 1e4 / 0.99e37;

/// The noise model of one frame, ready for kernels.
///
/// # References
/// IRAF `imcombine` help, "ccdclip".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseModel {
    /// ρ = max((R/g)², least), in DN².
    read: f64,
    gain: f64,
    snoise: f64,
}

impl NoiseModel {
    /// Of samples as they were read.
    pub fn new(noise: &Noise) -> Self {
        let read = (noise.rdnoise / noise.gain) * (noise.rdnoise / noise.gain);
        Self { read: read.max(LEAST_VARIANCE), gain: noise.gain, snoise: noise.snoise }
    }

    /// Of scaled samples: gᵢ·sᵢ for gᵢ.
    pub fn scaled(noise: &Noise, scaling: &Scaling) -> Self {
        Self::new(&Noise { gain: noise.gain * scaling.scale(), ..*noise })
    }

    /// V = (ρ + S/g) + (S·f)·(S·f) with S = max(0, `signal`), in DN². S is 0 for NaN.
    #[inline(always)]
    pub fn variance<W: Vector<Element = f64>>(&self, isa: W::Isa, signal: W) -> W {
        let constant = |value: f64| W::splat(isa, value);
        let signal = at_least(isa, signal, 0.0);
        let photons = constant(self.read) + signal / constant(self.gain);
        let snoise = signal * constant(self.snoise);
        photons + snoise * snoise
    }
}

/// s and z of one frame: y = x/s − z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FrameScale {
    scale: f64,
    zero: f64,
}

impl FrameScale {
    pub(crate) fn new(scaling: &Scaling) -> Self {
        Self { scale: scaling.scale(), zero: scaling.zero() }
    }

    /// Those of all frames, if they are to be corrected for.
    pub(crate) fn corrected(facts: &FrameFacts<'_>, sigscale: f64) -> Option<Vec<Self>> {
        let of = |frame| Self::new(&facts.scaling(frame));
        facts.corrects_scales(sigscale).then(|| (0..facts.frames).map(of).collect())
    }

    /// max(1, (c + z)/s): the level c in units of this frame before it was scaled.
    #[inline(always)]
    pub(crate) fn level<W: Vector<Element = f64>>(&self, isa: W::Isa, center: W) -> W {
        at_least(isa, (center + W::splat(isa, self.zero)) / W::splat(isa, self.scale), 1.0)
    }

    /// V of the signal s·(c + z), in scaled units: divided by s².
    #[inline(always)]
    pub(crate) fn noise<W: Vector<Element = f64>>(&self, isa: W::Isa, model: &NoiseModel, center: W) -> W {
        let signal = W::splat(isa, self.scale) * (center + W::splat(isa, self.zero));
        model.variance(isa, signal) / W::splat(isa, self.scale * self.scale)
    }
}

/// max(value, least), `least` for NaN.
#[inline(always)]
pub(crate) fn at_least<W: Vector<Element = f64>>(isa: W::Isa, value: W, least: f64) -> W {
    let least = W::splat(isa, least);
    W::select(least.lt(value), value, least)
}
