//! Parameters of sigclip, and the conventions that name sets of them (algorithms.md sections 4.1 and 5.4).

use crate::builders::builders;
use crate::error::{check_factor, check_floor, check_sigscale};
use crate::{Convention, RejectError};

pub use skystack_stats::slice::MAD_STD_FACTOR;

/// Centre about which samples are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Center {
    /// Mean of the two middle values of an even count, rounded to the working type (C2).
    Median,
    /// Mean, trimmed as [`SigClip::trim`] says, rounded to the working type (E3).
    Mean,
    /// The value of rank ⌊(n+1)/2⌋.
    Lmedian,
}

/// Which passes take the centre *mean* without rank 1 and rank n. Other centres are never trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// No pass.
    None,
    /// The first pass (IRAF sigclip with mclip=no).
    First,
    /// Every pass with three or more survivors (IRAF ccdclip with mclip=no).
    Every,
}

/// Width estimator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Standard deviation, see [`About`] and [`SigClip::ddof`].
    Std,
    /// `factor` times the median absolute deviation about the **median**, whatever the centre.
    Mad {
        /// [`MAD_STD_FACTOR`] unless a convention says otherwise: [`Spread::mad`].
        factor: f64,
    },
    /// 0.741301109252801 times the interquartile range.
    Iqr,
    /// 1.1926 times Rousseeuw and Croux' Sₙ, without finite-sample factor.
    Sn,
}

impl Spread {
    /// [`Mad`](Self::Mad) with the factor of a convention: imcombiners and HDRL have it rounded to 1.4826.
    ///
    /// ```
    /// use skystack_reject::{Convention, MAD_STD_FACTOR, Spread};
    /// assert_eq!(Spread::mad(Convention::Hdrl), Spread::Mad { factor: 1.4826 });
    /// assert_eq!(Spread::mad(Convention::Iraf), Spread::Mad { factor: MAD_STD_FACTOR });
    /// ```
    pub const fn mad(convention: Convention) -> Self {
        match convention {
            Convention::Imcombiners | Convention::Hdrl => Self::Mad { factor: 1.4826 },
            _ => Self::Mad { factor: MAD_STD_FACTOR },
        }
    }
}

/// The point that [`Spread::Std`] is taken about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The centre (E4).
    Center,
    /// The mean of the survivors, whatever the centre (E5).
    Mean,
}

/// What `nkeep` and `maxrej` do (algorithms.md section 5.0.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restore {
    /// The least deviant samples come back (IRAF).
    Nearest,
    /// The pass that went too far is undone (imcombiners).
    Rollback,
    /// Nothing limits the clipping.
    None,
}

/// What a spread of zero means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroSpread {
    /// No (further) rejection.
    Stop,
    /// The test goes on and drops everything that differs from the centre.
    Test,
}

/// Iterated sigma clipping: drop what is more than `lsigma` below or `hsigma` above the centre, in units of the pixel's
/// own scatter, until nothing drops.
///
/// Each constructor is one row of algorithms.md section 4.1; the methods override single parameters.
///
/// Missing samples are ignored. Equal values share their fate; `nkeep` and `maxrej` may bring some of them back. The cost is that
/// of a sort of the column (about a mean: of no sort), and of a sum and some tests in each pass.
///
/// ```
/// use skystack_reject::{Center, SigClip, Trim};
/// let clip = SigClip::iraf().lsigma(2.5).hsigma(2.0).center(Center::Mean);
/// assert_eq!((clip.ddof, clip.trim, clip.maxiters), (1, Trim::First, None));
/// ```
///
/// # References
/// IRAF `imcombine` help (Valdes); astropy `sigma_clip`; algorithms.md section 5.4.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SigClip {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise.
    pub hsigma: f64,
    /// Centre of the test.
    pub center: Center,
    /// Centre of the first pass where it differs from the others (DRAGONS).
    pub first_center: Option<Center>,
    /// Trimming of a mean centre.
    pub trim: Trim,
    /// Width estimator.
    pub spread: Spread,
    /// What a standard deviation is taken about.
    pub about: About,
    /// Denominator n − ddof of a standard deviation.
    pub ddof: u32,
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
    /// What a spread of zero means.
    pub zero_spread: ZeroSpread,
    /// Stop before a pass when (σ_prev − σ)/σ is below this (gnuastro).
    pub tolerance: Option<f64>,
    /// Scales that are further than this from 1 correct the noise of their frames; 0 = never (IRAF; algorithms.md 5.0.5). Only a
    /// standard deviation about the centre can be corrected.
    pub sigscale: f64,
}

impl SigClip {
    /// IRAF `imcombine`: median centre, deviation about it with n − 1, to convergence, at least `nkeep` = 1 kept.
    ///
    /// With `.center(Center::Mean)` this is IRAF's `mclip=no`, whose first mean leaves out the extremes.
    pub const fn iraf() -> Self {
        Self {
            lsigma: 3.0,
            hsigma: 3.0,
            center: Center::Median,
            first_center: None,
            trim: Trim::First,
            spread: Spread::Std,
            about: About::Center,
            ddof: 1,
            maxiters: None,
            minclip: 3,
            nkeep: 1,
            maxrej: None,
            restore: Restore::Nearest,
            zero_spread: ZeroSpread::Stop,
            tolerance: None,
            sigscale: 0.1,
        }
    }

    /// astropy `sigma_clip`: median centre, population deviation about the mean, five rounds, no floor.
    pub const fn astropy() -> Self {
        Self {
            trim: Trim::None,
            about: About::Mean,
            ddof: 0,
            maxiters: Some(5),
            minclip: 1,
            nkeep: 0,
            restore: Restore::None,
            zero_spread: ZeroSpread::Test,
            sigscale: 0.0,
            ..Self::iraf()
        }
    }

    /// ccdproc `sigma_clipping`: mean centre, one round.
    pub const fn ccdproc() -> Self {
        Self { center: Center::Mean, maxiters: Some(1), ..Self::astropy() }
    }

    /// imcombiners 0.1: population deviation about the centre, a pass that goes too far is undone.
    pub const fn imcombiners() -> Self {
        Self { about: About::Center, nkeep: 1, restore: Restore::Rollback, ..Self::astropy() }
    }

    /// Siril "sigma": median centre, deviation about the mean with n − 1, passes of four samples and more.
    pub const fn siril() -> Self {
        Self { ddof: 1, maxiters: None, minclip: 4, zero_spread: ZeroSpread::Stop, ..Self::astropy() }
    }

    /// The textbook rule: the same as [`SigClip::siril`].
    pub const fn textbook() -> Self {
        Self::siril()
    }

    /// gnuastro `sigclip-*`: as astropy, to convergence unless `maxiters` or `tolerance` is set.
    pub const fn gnuastro() -> Self {
        Self { maxiters: None, ..Self::astropy() }
    }

    /// ESO HDRL: median and 1.4826 MAD (its manual says IQR, its code MAD), to convergence unless `maxiters` is set.
    pub const fn hdrl() -> Self {
        Self { spread: Spread::Mad { factor: 1.4826 }, maxiters: None, ..Self::astropy() }
    }

    /// DeepSkyStacker: mean centre, 2σ, five rounds.
    pub const fn dss() -> Self {
        Self { lsigma: 2.0, hsigma: 2.0, center: Center::Mean, ..Self::astropy() }
    }

    /// PixInsight: 4σ low, 3σ high, median centre, deviation about the mean with n − 1.
    pub const fn pixinsight() -> Self {
        Self { lsigma: 4.0, minclip: 3, ..Self::siril() }
    }

    /// DRAGONS: the first pass is about the median whatever `center` says.
    pub const fn dragons() -> Self {
        Self { first_center: Some(Center::Median), maxiters: Some(100), ..Self::astropy() }
    }

    /// The row of `convention`.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where section 4.1 has no such row.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        Ok(match convention {
            Convention::Iraf => Self::iraf(),
            Convention::Astropy => Self::astropy(),
            Convention::Ccdproc => Self::ccdproc(),
            Convention::Imcombiners => Self::imcombiners(),
            Convention::Siril => Self::siril(),
            Convention::Textbook => Self::textbook(),
            Convention::Gnuastro => Self::gnuastro(),
            Convention::Hdrl => Self::hdrl(),
            Convention::Dss => Self::dss(),
            Convention::Pixinsight => Self::pixinsight(),
            Convention::Dragons => Self::dragons(),
            Convention::Lsst => return Err(not_defined(convention, "LSST's clipped mean is meanclip")),
            Convention::Swarp => return Err(not_defined(convention, "SWarp's clipping is varclip")),
            Convention::Montage | Convention::Nightlight => {
                return Err(not_defined(convention, "iraf, astropy, siril or textbook define it"));
            }
        })
    }

    builders!(lsigma hsigma center trim maxiters sigscale);

    /// Width estimator. One that cannot be corrected for scales sets `sigscale` to 0.
    #[doc(alias = "stdfunc")]
    pub const fn spread(mut self, spread: Spread) -> Self {
        self.spread = spread;
        self.correctable()
    }

    /// What a standard deviation is taken about. About the mean it cannot be corrected for scales: `sigscale` becomes 0.
    pub const fn about(mut self, about: About) -> Self {
        self.about = about;
        self.correctable()
    }

    /// Denominator n − ddof of a standard deviation.
    pub const fn ddof(mut self, ddof: u32) -> Self {
        self.ddof = ddof;
        self
    }

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

    /// What a spread of zero means.
    pub const fn zero_spread(mut self, zero_spread: ZeroSpread) -> Self {
        self.zero_spread = zero_spread;
        self
    }

    /// Stop before a pass when (σ_prev − σ)/σ is below this.
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    const fn correctable(mut self) -> Self {
        if !matches!((self.spread, self.about), (Spread::Std, About::Center)) {
            self.sigscale = 0.0;
        }
        self
    }

    const fn restoring(mut self) -> Self {
        if matches!(self.restore, Restore::None) {
            self.restore = Restore::Nearest;
        }
        self
    }

    /// Rule 5.0.5 is written for a standard deviation about the centre, of passes that are alike.
    fn check_sigscale(&self) -> Result<(), RejectError> {
        check_sigscale(self.sigscale)?;
        let correctable = self.spread == Spread::Std && self.about == About::Center;
        if self.sigscale > 0.0 && !(correctable && self.first_center.is_none()) {
            let needed = "0, or spread std about the center";
            return Err(RejectError::Parameter { parameter: "sigscale", found: self.sigscale, needed });
        }
        Ok(())
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor or tolerance, a floor that nothing would restore, or a `sigscale`
    /// that has no meaning with the spread.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)?;
        check_floor(self.nkeep, self.maxrej, self.restore)?;
        self.check_sigscale()?;
        if let Spread::Mad { factor } = self.spread
            && !(factor > 0.0 && factor.is_finite())
        {
            let needed = "a positive number";
            return Err(RejectError::Parameter { parameter: "MAD factor", found: factor, needed });
        }
        match self.tolerance {
            Some(found) if found.is_nan() || found < 0.0 => {
                Err(RejectError::Parameter { parameter: "tolerance", found, needed: "zero or more" })
            }
            _ => Ok(()),
        }
    }
}

const fn not_defined(convention: Convention, instead: &'static str) -> RejectError {
    RejectError::NotDefined { rejection: "sigclip", convention, instead }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 4.1 written once more, column by column: center, about, ddof, lsigma, hsigma, maxiters, MINCLIP, nkeep,
    /// restore, zero_spread.
    #[test]
    fn each_convention_has_the_parameters_of_the_table() {
        use About::{Center as AboutCenter, Mean as AboutMean};
        use Center::{Mean, Median};
        use Convention as C;
        use Restore::{Nearest, None as Nothing, Rollback};
        use ZeroSpread::{Stop, Test};
        let table = [
            (C::Iraf, Median, AboutCenter, 1, 3.0, 3.0, None, 3, 1, Nearest, Stop),
            (C::Astropy, Median, AboutMean, 0, 3.0, 3.0, Some(5), 1, 0, Nothing, Test),
            (C::Ccdproc, Mean, AboutMean, 0, 3.0, 3.0, Some(1), 1, 0, Nothing, Test),
            (C::Imcombiners, Median, AboutCenter, 0, 3.0, 3.0, Some(5), 1, 1, Rollback, Test),
            (C::Siril, Median, AboutMean, 1, 3.0, 3.0, None, 4, 0, Nothing, Stop),
            (C::Textbook, Median, AboutMean, 1, 3.0, 3.0, None, 4, 0, Nothing, Stop),
            (C::Gnuastro, Median, AboutMean, 0, 3.0, 3.0, None, 1, 0, Nothing, Test),
            (C::Hdrl, Median, AboutMean, 0, 3.0, 3.0, None, 1, 0, Nothing, Test),
            (C::Dss, Mean, AboutMean, 0, 2.0, 2.0, Some(5), 1, 0, Nothing, Test),
            (C::Pixinsight, Median, AboutMean, 1, 4.0, 3.0, None, 3, 0, Nothing, Stop),
            (C::Dragons, Median, AboutMean, 0, 3.0, 3.0, Some(100), 1, 0, Nothing, Test),
        ];
        for (convention, center, about, ddof, low, high, maxiters, minclip, nkeep, restore, zero) in table {
            let clip = SigClip::convention(convention).unwrap();
            let found = (clip.center, clip.about, clip.ddof, clip.lsigma, clip.hsigma, clip.maxiters);
            assert_eq!(found, (center, about, ddof, low, high, maxiters), "{convention}");
            let found = (clip.minclip, clip.nkeep, clip.restore, clip.zero_spread);
            assert_eq!(found, (minclip, nkeep, restore, zero), "{convention}");
            let mad = matches!(clip.spread, Spread::Mad { factor: 1.4826 });
            assert_eq!(mad, convention == C::Hdrl, "{convention}");
            assert_eq!(clip.first_center.is_some(), convention == C::Dragons, "{convention}");
            assert_eq!(clip.trim == Trim::First, convention == C::Iraf, "{convention}");
            assert_eq!((clip.maxrej, clip.tolerance), (None, None), "{convention}");
            assert_eq!(clip.sigscale, if convention == C::Iraf { 0.1 } else { 0.0 }, "{convention}");
        }
        let defined = Convention::ALL.iter().filter(|c| SigClip::convention(**c).is_ok()).count();
        assert_eq!(defined, table.len());
    }

    #[test]
    fn parameters_that_would_have_no_effect_are_refused() {
        let mut silent = SigClip::astropy();
        silent.nkeep = 5;
        assert!(silent.validate().unwrap_err().to_string().contains("restore"));
        assert!(SigClip::astropy().nkeep(5).validate().is_ok());
        assert!(SigClip::iraf().lsigma(-1.0).validate().is_err());
        assert!(SigClip::iraf().hsigma(f64::NAN).validate().is_err());
        assert!(SigClip::iraf().lsigma(f64::INFINITY).validate().is_ok());
    }

    #[test]
    fn only_a_deviation_about_the_centre_is_corrected_for_scales() {
        assert!(SigClip::iraf().validate().is_ok());
        assert_eq!(SigClip::iraf().spread(Spread::Iqr).sigscale, 0.0);
        assert_eq!(SigClip::iraf().about(About::Mean).sigscale, 0.0);
        assert!(SigClip::iraf().about(About::Mean).sigscale(0.1).validate().is_err());
        assert!(SigClip::dragons().about(About::Center).sigscale(0.1).validate().is_err());
        assert!(SigClip::iraf().sigscale(f64::NAN).validate().is_err());
        assert!(SigClip::imcombiners().sigscale(0.1).validate().is_ok());
    }
}
