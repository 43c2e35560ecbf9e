//! varclip: clipping by the variance that comes with each sample (algorithms.md section 5.15).

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{self, Bounds, constants, number};

use crate::builders::builders;
use crate::error::check_factor;
use crate::prepared::Algorithm;
use crate::{
    About, Center, Columns, Convention, FrameFacts, Kept, RejectError, Restore, SigClip, Spread, Trim,
    ZeroSpread,
};

/// How a sample is tested against its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VarRule {
    /// d² > k²·v, pass after pass, first about the median (DRAGONS).
    Dragons,
    /// |d| > κ·√(v + |c|/g) + A·|c| about the median, once (SWarp; Gruen, Seitz & Bernstein 2014).
    Swarp {
        /// A: a fraction of the centre that is always allowed, for what a sharp star does in frames of different seeing.
        ampfrac: f64,
    },
}

/// Drops what is further from the centre than the variance of the sample itself allows. Every frame needs a plane of
/// variances.
///
/// ```
/// use skystack_reject::{Convention, VarClip, VarRule};
/// let clip = VarClip::convention(Convention::Swarp)?;
/// assert_eq!((clip.rule, clip.lsigma), (VarRule::Swarp { ampfrac: 0.3 }, 4.0));
/// assert!(clip.hsigma(3.0).validate().is_err(), "one factor for both sides");
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// A sample without a variance above zero is missing, and missing samples are ignored. Equal values of different variance may part. The
/// cost is that of a median and a test of each sample, by SWarp once, by DRAGONS in each pass.
///
/// # References
/// Gruen, Seitz & Bernstein 2014, PASP 126, 158; Gemini DRAGONS `nddops.NDStacker.varclip`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct VarClip {
    /// The test.
    pub rule: VarRule,
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise; with [`VarRule::Swarp`] the same as `lsigma`.
    pub hsigma: f64,
    /// Median or mean, from the second pass on; the first is about the median.
    pub center: Center,
    /// Most passes; `None`: to convergence.
    pub maxiters: Option<u32>,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected.
    pub maxrej: Option<u32>,
}

impl VarClip {
    /// DRAGONS: 3σ of the sample, at most 100 passes.
    pub const fn dragons() -> Self {
        Self {
            rule: VarRule::Dragons,
            lsigma: 3.0,
            hsigma: 3.0,
            center: Center::Median,
            maxiters: Some(100),
            nkeep: 0,
            maxrej: None,
        }
    }

    /// SWarp CLIPPED: 4σ and 0.3 of the median, once.
    pub const fn swarp() -> Self {
        Self {
            rule: VarRule::Swarp { ampfrac: 0.3 },
            lsigma: 4.0,
            hsigma: 4.0,
            maxiters: Some(1),
            ..Self::dragons()
        }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Dragons => Ok(Self::dragons()),
            Convention::Swarp => Ok(Self::swarp()),
            _ => Err(RejectError::NotDefined {
                rejection: "varclip",
                convention,
                instead: "dragons and swarp define it",
            }),
        }
    }

    builders!(lsigma hsigma center maxiters nkeep maxrej);

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN number; for SWarp's rule also for two different factors, or for what
    /// it does not have: a floor, passes, another centre. [`RejectError::Center`] for a centre other than median and mean.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)?;
        if self.center == Center::Lmedian {
            return Err(RejectError::Center { rejection: "varclip", found: self.center });
        }
        match self.rule {
            VarRule::Dragons => Ok(()),
            VarRule::Swarp { ampfrac } => self.validate_swarp(ampfrac),
        }
    }

    fn validate_swarp(&self, ampfrac: f64) -> Result<(), RejectError> {
        let refuse = |parameter, found, needed| Err(RejectError::Parameter { parameter, found, needed });
        let floor = self.maxrej.unwrap_or(self.nkeep);
        if !(ampfrac >= 0.0 && ampfrac.is_finite()) {
            return refuse("ampfrac", ampfrac, "a number, zero or more");
        }
        if self.hsigma != self.lsigma {
            return refuse("hsigma", self.hsigma, "the same as lsigma: varclip of swarp has one factor");
        }
        if self.nkeep != 0 || self.maxrej.is_some() {
            return refuse("nkeep or maxrej", f64::from(floor), "none: varclip of swarp restores nothing");
        }
        if self.maxiters != Some(1) {
            let found = self.maxiters.map_or(f64::INFINITY, f64::from);
            return refuse("maxiters", found, "1: varclip of swarp is one pass");
        }
        if self.center != Center::Median {
            return Err(RejectError::Center { rejection: "varclip of swarp", found: self.center });
        }
        Ok(())
    }
}

/// SWarp's rule for a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OncePerPixel {
    kappa: f64,
    ampfrac: f64,
    /// Gain of each frame.
    gains: Vec<f64>,
}

impl VarClip {
    /// The limits of DRAGONS' rule for sigclip's passes.
    pub(crate) fn limits(&self) -> SigClip {
        SigClip {
            lsigma: self.lsigma,
            hsigma: self.hsigma,
            center: self.center,
            trim: Trim::None,
            spread: Spread::Std,
            about: About::Center,
            ddof: 0,
            maxiters: self.maxiters,
            minclip: 1,
            nkeep: self.nkeep,
            maxrej: self.maxrej,
            restore: Restore::Nearest,
            zero_spread: ZeroSpread::Test,
            ..SigClip::iraf()
        }
    }
}

impl OncePerPixel {
    pub(crate) fn new(clip: &VarClip, ampfrac: f64, facts: &FrameFacts<'_>) -> Self {
        let gains = (0..facts.frames).map(|frame| facts.noise(frame).gain).collect();
        Self { kappa: clip.lsigma, ampfrac, gains }
    }
}

impl Algorithm for OncePerPixel {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let valid = columns.count_valid(isa);
        let ((zero, one), two) = (constants::<V>(isa), number::<V>(isa, 2));
        let everything = Bounds::everything(isa);
        let (low, high) =
            lane::middle_within(isa, columns.samples, &everything, columns.padded, columns.sorted);
        let center = lane::halfway(isa, low, high);
        // Of exactly two samples these are the two.
        let pairs = valid.eq(two);
        let apart = if pairs.any() { pairs & self.are_apart(isa, columns, low, high) } else { pairs };
        let many = two.lt(valid);
        let mut dropped = zero;
        let mut seen = zero.lt(zero);
        for frame in 0..columns.samples.len() {
            let y = columns.samples[frame];
            let gone = many & self.is_gone(isa, frame, y, columns.variances[frame], center);
            let below = (gone & y.lt(center)) | (apart & y.eq(low) & !seen);
            let above = (gone & !y.lt(center)) | (apart & y.eq(y) & !below);
            seen = seen | below;
            if (below | above).any() {
                dropped = dropped + V::select(below | above, one, zero);
                columns.drop_sample(isa, frame, below, above);
            }
        }
        let all = columns.full && !zero.lt(dropped).any();
        Kept { bounds: everything, count: valid - dropped, valid, window: None, all }
    }
}

impl OncePerPixel {
    /// |y − μ| > κ·√(v + |μ|/g) + A·|μ|
    #[inline(always)]
    fn is_gone<V: Vector>(&self, isa: V::Isa, frame: usize, y: V, variance: V, center: V) -> V::Mask {
        let constant = |value: f64| V::Wide::splat(isa, value);
        let mu = center.widen();
        let noise = variance.widen() + mu.abs() / constant(self.gains[frame]);
        let limit = constant(self.kappa) * noise.sqrt() + constant(self.ampfrac) * mu.abs();
        V::narrow_mask(limit.lt((y.widen() - mu).abs()))
    }

    /// Of two samples: |a − b| > κ·√(va + vb + f·(1/ga + 1/gb)) + A·f with f = |a + b|/2.
    #[inline(always)]
    fn are_apart<V: Vector>(&self, isa: V::Isa, columns: &Columns<'_, V>, low: V, high: V) -> V::Mask {
        let constant = |value: f64| V::Wide::splat(isa, value);
        let (mut variance, mut inverse_gain) = (constant(0.0), constant(0.0));
        for (frame, y) in columns.samples.iter().enumerate() {
            let here = V::widen_mask(y.eq(*y));
            let v = columns.variances[frame].widen();
            variance = V::Wide::select(here, variance + v, variance);
            inverse_gain =
                V::Wide::select(here, inverse_gain + constant(1.0 / self.gains[frame]), inverse_gain);
        }
        let f = (low.widen() + high.widen()).abs() * constant(0.5);
        let noise = (variance + f * inverse_gain).sqrt();
        let limit = constant(self.kappa) * noise + constant(self.ampfrac) * f;
        V::narrow_mask(limit.lt((high.widen() - low.widen()).abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined = |c: &&Convention| VarClip::convention(**c).is_ok();
        let names: Vec<_> = Convention::ALL.iter().filter(defined).map(|c| c.name()).collect();
        assert_eq!(names, ["dragons", "swarp"]);
    }

    #[test]
    fn swarp_refuses_what_only_dragons_has() {
        assert!(VarClip::swarp().validate().is_ok());
        assert!(VarClip::swarp().lsigma(3.0).hsigma(3.0).validate().is_ok());
        for wrong in [
            VarClip::swarp().lsigma(3.0),
            VarClip::swarp().nkeep(1),
            VarClip::swarp().maxrej(1),
            VarClip::swarp().maxiters(None),
            VarClip::swarp().center(Center::Mean),
            VarClip { rule: VarRule::Swarp { ampfrac: -0.1 }, ..VarClip::swarp() },
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
        assert!(VarClip::dragons().nkeep(2).center(Center::Mean).hsigma(5.0).validate().is_ok());
    }
}
