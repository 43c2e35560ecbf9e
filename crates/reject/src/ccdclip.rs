//! ccdclip: clipping by the noise model of a detector (algorithms.md section 5.6).

use crate::builders::builders;
use crate::clipping::Widths;
use crate::error::{check_factor, check_sigscale};
use crate::noise::{FrameScale, NoiseModel};
use crate::{About, Center, Convention, FrameFacts, RejectError, Restore, SigClip, Spread, Trim, ZeroSpread};

/// Drops what is further from the centre than the noise of the detector allows: read noise, photon noise, and a fraction of
/// the signal, of each frame ([`Noise`](crate::Noise), given with the frames: [`FrameFacts`](crate::FrameFacts)).
///
/// ```
/// use skystack_reject::{CcdClip, Center, Convention};
/// let clip = CcdClip::convention(Convention::Iraf)?.hsigma(4.0).center(Center::Mean);
/// assert_eq!((clip.minclip, clip.sigscale), (2, 0.1));
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// Missing samples are ignored. Equal values of frames with one noise share their fate, of others they may part. The cost is that of a
/// sort of the column and of one test in each pass; of frames with noise of their own, of a width for each sample in each pass.
///
/// # References
/// IRAF `imcombine` help, "ccdclip".
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CcdClip {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise.
    pub hsigma: f64,
    /// Median or mean.
    pub center: Center,
    /// Trimming of a mean centre.
    pub trim: Trim,
    /// Most passes; `None`: to convergence.
    pub maxiters: Option<u32>,
    /// Fewest samples that a pass runs with (MINCLIP).
    pub minclip: u32,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected.
    pub maxrej: Option<u32>,
    /// What `nkeep` and `maxrej` do.
    pub restore: Restore,
    /// Scales that are further than this from 1 correct the noise of their frames; 0 = never (algorithms.md 5.0.5).
    pub sigscale: f64,
}

impl CcdClip {
    /// IRAF `imcombine`: median centre, 3σ, from two samples on, to convergence. A mean centre leaves out the extremes in
    /// every pass.
    pub const fn iraf() -> Self {
        Self {
            lsigma: 3.0,
            hsigma: 3.0,
            center: Center::Median,
            trim: Trim::Every,
            maxiters: None,
            minclip: 2,
            nkeep: 1,
            maxrej: None,
            restore: Restore::Nearest,
            sigscale: 0.1,
        }
    }

    /// imcombiners: the same model, a plain mean as mean centre, five passes, a pass that goes too far is undone.
    pub const fn imcombiners() -> Self {
        Self {
            trim: Trim::None,
            maxiters: Some(5),
            minclip: 1,
            restore: Restore::Rollback,
            sigscale: 0.0,
            ..Self::iraf()
        }
    }

    /// PixInsight "CCD noise model" on 16-bit data: 4σ low, 3σ high, passes of three samples and more, no floor.
    pub const fn pixinsight() -> Self {
        Self { lsigma: 4.0, minclip: 3, nkeep: 0, restore: Restore::None, sigscale: 0.0, ..Self::iraf() }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Iraf => Ok(Self::iraf()),
            Convention::Imcombiners => Ok(Self::imcombiners()),
            Convention::Pixinsight => Ok(Self::pixinsight()),
            _ => Err(RejectError::NotDefined {
                rejection: "ccdclip",
                convention,
                instead: "iraf, imcombiners and pixinsight define it",
            }),
        }
    }

    builders!(lsigma hsigma center trim maxiters sigscale);

    /// Least number of samples kept. Where the convention restores nothing this switches to [`Restore::Nearest`].
    pub const fn nkeep(mut self, nkeep: u32) -> Self {
        self.nkeep = nkeep;
        self.restoring()
    }

    /// Most samples rejected (IRAF: a negative `nkeep`). Where the convention restores nothing this switches to
    /// [`Restore::Nearest`].
    pub const fn maxrej(mut self, maxrej: u32) -> Self {
        self.maxrej = Some(maxrej);
        self.restoring()
    }

    /// What `nkeep` and `maxrej` do.
    pub const fn restore(mut self, restore: Restore) -> Self {
        self.restore = restore;
        self
    }

    const fn restoring(mut self) -> Self {
        if matches!(self.restore, Restore::None) {
            self.restore = Restore::Nearest;
        }
        self
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor or `sigscale`, or a floor that nothing would restore;
    /// [`RejectError::Center`] for a centre other than median and mean.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)?;
        check_sigscale(self.sigscale)?;
        crate::error::check_floor(self.nkeep, self.maxrej, self.restore)?;
        if self.center == Center::Lmedian {
            return Err(RejectError::Center { rejection: "ccdclip", found: self.center });
        }
        Ok(())
    }
}

/// The noise of the frames of a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FrameNoise {
    /// All have the same: what is kept is an interval.
    Common(NoiseModel),
    /// Each has its own.
    Each(Widths),
}

impl CcdClip {
    /// The noise of each frame, as scaled.
    pub(crate) fn widths(&self, facts: &FrameFacts<'_>) -> FrameNoise {
        let models: Vec<_> = (0..facts.frames).map(|frame| NoiseModel::new(&facts.noise(frame))).collect();
        if let Some(scales) = FrameScale::corrected(facts, self.sigscale) {
            return FrameNoise::Each(Widths::ScaledNoise(models.into_iter().zip(scales).collect()));
        }
        match &models[..] {
            [first, others @ ..] if others.iter().all(|model| model == first) => FrameNoise::Common(*first),
            _ => FrameNoise::Each(Widths::Noise(models)),
        }
    }

    /// The same limits for sigclip's passes.
    pub(crate) fn limits(&self) -> SigClip {
        SigClip {
            lsigma: self.lsigma,
            hsigma: self.hsigma,
            center: self.center,
            trim: self.trim,
            spread: Spread::Std,
            about: About::Center,
            ddof: 0,
            maxiters: self.maxiters,
            minclip: self.minclip,
            nkeep: self.nkeep,
            maxrej: self.maxrej,
            restore: self.restore,
            zero_spread: ZeroSpread::Test,
            ..SigClip::iraf()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_conventions_define_it() {
        let defined = |c: &&Convention| CcdClip::convention(**c).is_ok();
        let names: Vec<_> = Convention::ALL.iter().filter(defined).map(|c| c.name()).collect();
        assert_eq!(names, ["iraf", "imcombiners", "pixinsight"]);
        let imcombiners = CcdClip::imcombiners();
        let found = (imcombiners.trim, imcombiners.maxiters, imcombiners.minclip, imcombiners.restore);
        assert_eq!(found, (Trim::None, Some(5), 1, Restore::Rollback));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        assert!(CcdClip::iraf().center(Center::Lmedian).validate().is_err());
        assert!(CcdClip { nkeep: 2, ..CcdClip::pixinsight() }.validate().is_err());
        assert!(CcdClip::pixinsight().nkeep(2).validate().is_ok());
        assert!(CcdClip::iraf().hsigma(f64::NAN).validate().is_err());
    }
}
