//! What a rejection may know of each frame beside its samples.

/// How the samples of a frame were scaled: y = T(x·m + o), two f64 roundings and one to T (algorithms.md D1).
///
/// In the words of the rejections (algorithms.md 5.0.5) sᵢ = 1/m and zᵢ = −o.
///
/// ```
/// let scaling = skystack_reject::Scaling { multiply: 0.5, add: -3.0 };
/// assert_eq!((scaling.scale(), scaling.zero()), (2.0, 3.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// m.
    pub multiply: f64,
    /// o, in units of the scaled samples.
    pub add: f64,
}

impl Scaling {
    /// Samples stay as they are.
    pub const NONE: Self = Self { multiply: 1.0, add: 0.0 };

    /// sᵢ = 1/m.
    pub fn scale(&self) -> f64 {
        1.0 / self.multiply
    }

    /// zᵢ = −o.
    pub fn zero(&self) -> f64 {
        0.0 - self.add
    }
}

/// How well a [`Scaling`] is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScalingError {
    /// Standard error of the scale, over the scale.
    pub scale: f64,
    /// Standard error of the zero, in units of scaled samples.
    pub zero: f64,
}

impl ScalingError {
    /// What it adds to the variance of the scaled sample y: (y·scale)² + zero².
    pub fn variance(&self, y: f64) -> f64 {
        let scale = y * self.scale;
        scale * scale + self.zero * self.zero
    }
}

/// What is known of the noise of a frame's detector (algorithms.md 5.6).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Gain (e⁻/DN).
    pub gain: f64,
    /// Read noise (e⁻).
    pub rdnoise: f64,
    /// Sensitivity noise, a fraction of the signal.
    pub snoise: f64,
}

impl Default for Noise {
    /// One electron a count, no read noise, no sensitivity noise.
    fn default() -> Self {
        Self { gain: 1.0, rdnoise: 0.0, snoise: 0.0 }
    }
}

/// The N frames of a stack, as far as a rejection is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameFacts<'a> {
    /// N.
    pub frames: usize,
    /// One entry a frame; empty where nothing is scaled.
    pub scalings: &'a [Scaling],
    /// One entry a frame, one for all, or empty: [`Noise::default`] for all.
    pub noise: &'a [Noise],
    /// One weight a frame, where there are weights.
    pub weights: Option<&'a [f64]>,
}

impl FrameFacts<'_> {
    /// `frames` frames of which nothing is known.
    pub const fn new(frames: usize) -> Self {
        Self { frames, scalings: &[], noise: &[], weights: None }
    }

    /// How the samples of `frame` were scaled.
    pub fn scaling(&self, frame: usize) -> Scaling {
        self.scalings.get(frame).copied().unwrap_or(Scaling::NONE)
    }

    /// The noise of `frame`.
    pub fn noise(&self, frame: usize) -> Noise {
        match self.noise {
            [] => Noise::default(),
            [common] => *common,
            each => each[frame],
        }
    }

    /// Do rejections that ask for it correct for the scales of the frames (algorithms.md 5.0.5)? Some scale differs
    /// from that of frame 0, and some is further than `sigscale` from 1; 0 switches it off.
    pub fn corrects_scales(&self, sigscale: f64) -> bool {
        let scales = || self.scalings.iter().map(Scaling::scale);
        let differ = scales().any(|s| Some(s) != scales().next());
        differ && sigscale > 0.0 && scales().any(|s| (s - 1.0).abs() > sigscale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_corrected_for_only_where_some_differ_by_more_than_sigscale() {
        let of = |multipliers: &[f64], sigscale| {
            let scalings: Vec<_> = multipliers.iter().map(|m| Scaling { multiply: *m, add: 7.0 }).collect();
            FrameFacts { scalings: &scalings, ..FrameFacts::new(multipliers.len()) }.corrects_scales(sigscale)
        };
        assert!(of(&[1.0, 0.5], 0.1));
        assert!(!of(&[1.0, 0.95], 0.1));
        assert!(!of(&[1.0, 0.5], 0.0));
        assert!(!of(&[0.5, 0.5], 0.1));
        assert!(!of(&[1.0, 1.0], 0.1));
        assert!(!FrameFacts::new(3).corrects_scales(0.1));
    }
}
