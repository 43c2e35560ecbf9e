//! What to compute: the options of one pixel (algorithms.md sections 1.2, 3.2 and 4).

use skystack_reject::{Convention, FrameFacts, Noise, Rejection, Scaling, ScalingError};

use crate::outcome::Context;

/// The working type T.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Working {
    /// T = f32.
    F32,
    /// T = f64.
    F64,
}

impl Working {
    /// T(v) of rule A3: one rounding to T, given back as the f64 equal to it.
    ///
    /// ```
    /// use skystack_reference::Working;
    /// assert_eq!(Working::F32.round(16_777_217.0), 16_777_216.0);
    /// assert_eq!(Working::F64.round(16_777_217.0), 16_777_217.0);
    /// ```
    pub const fn round(self, v: f64) -> f64 {
        match self {
            Self::F32 => v as f32 as f64,
            Self::F64 => v,
        }
    }
}

/// How the used samples become one value (section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// Mean, weighted where there are weights.
    Average,
    /// Median.
    Median,
    /// Low median, see [`Lmedian`].
    Lmedian,
    /// Sum.
    Sum,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// √SUM((w·y)²)/SUM(w): the samples are errors, and this is the error of their mean.
    Quadrature,
    /// The same of the noise that the model of section 5.6 gives each sample.
    Nmodel,
    /// Weighted median.
    Wmedian,
}

impl Combine {
    /// Do weights enter the value, and so its scatter? (A sum and an order statistic have none.)
    pub(crate) const fn is_weighted(self) -> bool {
        matches!(self, Self::Average | Self::Quadrature | Self::Nmodel | Self::Wmedian)
    }
}

/// Whose low median is meant (section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lmedian {
    /// IRAF: the lower one of exactly two samples, otherwise the median.
    Iraf,
    /// The sample of rank ⌊(n+1)/2⌋.
    Lower,
}

/// Whose sigma image is meant (section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigmaRule {
    /// Scatter about the output value with n − 1; 0 for one sample.
    Iraf,
    /// Scatter about the output value with n − 1; NaN for one sample.
    Scatter,
    /// gnuastro: √V of rule E5 with ddof 0, about the mean whatever the combination.
    Population,
}

/// Everything that decides the answer of one pixel.
///
/// The rejections must be valid for the number of frames ([`Rejection::validate`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup<'a> {
    /// The working type T.
    pub working: Working,
    /// Which samples are left out: one rejection after the other, each sees what the one before left.
    pub rejections: &'a [Rejection],
    /// How each frame is scaled; empty where none is.
    pub scalings: &'a [Scaling],
    /// How well the scalings are known, to be added to the variances (section 8.1); empty where they are exact.
    pub scaling_errors: &'a [ScalingError],
    /// Noise of each frame, of all frames, or empty ([`FrameFacts::noise`]).
    pub noise: &'a [Noise],
    /// How the rest becomes one value.
    pub combine: Combine,
    /// Whose low median [`Combine::Lmedian`] is.
    pub lmedian: Lmedian,
    /// Smallest value that is no missing one, inclusive, in input units.
    pub lthreshold: Option<f64>,
    /// Largest value that is no missing one, inclusive, in input units.
    pub hthreshold: Option<f64>,
    /// A weight ≥ 0 for each frame, normalised by the caller. Only [`Combine::Average`], the other weighted
    /// combinations, their sigma, and `meanclip` look at them.
    pub weights: Option<&'a [f64]>,
    /// Weigh each sample by the reciprocal of its variance, times the weight of its frame.
    pub weigh_by_variance: bool,
    /// Weight of the sample of each frame, by which that of the frame is multiplied; empty where there are none.
    pub sample_weights: &'a [f64],
    /// Variance of the sample of each frame before scaling; empty where there are none. A sample whose variance is no positive
    /// number is missing.
    pub variances: &'a [f64],
    /// The variance of a sample is that of the noise model at its own value (section 8.1); `variances` is not looked at.
    pub variance_of_noise: bool,
    /// S² of the output row ([`pooled`](crate::pooled())), where an avsigclip wants it.
    pub pooled: f64,
    /// Value of an empty pixel.
    pub blank: f64,
    /// Whose sigma image is meant.
    pub sigma: SigmaRule,
}

impl Setup<'_> {
    /// The plain average of everything valid, with `blank`, `lmedian` and the sigma image of `convention`.
    ///
    /// Overwrite the fields that differ. `blank` is 0 for iraf and swarp, NaN for the others.
    pub const fn convention(convention: Convention, working: Working) -> Self {
        let (lmedian, sigma) = match convention {
            Convention::Iraf => (Lmedian::Iraf, SigmaRule::Iraf),
            Convention::Gnuastro => (Lmedian::Lower, SigmaRule::Population),
            _ => (Lmedian::Lower, SigmaRule::Scatter),
        };
        let blank = match convention {
            Convention::Iraf | Convention::Swarp => 0.0,
            _ => f64::NAN,
        };
        Self {
            working,
            rejections: &[],
            scalings: &[],
            scaling_errors: &[],
            noise: &[],
            combine: Combine::Average,
            lmedian,
            lthreshold: None,
            hthreshold: None,
            weights: None,
            weigh_by_variance: false,
            sample_weights: &[],
            variances: &[],
            variance_of_noise: false,
            pooled: f64::NAN,
            blank,
            sigma,
        }
    }

    /// What a rejection is given beside its column of `frames` frames with these scaled variances.
    pub(crate) const fn context<'a>(&'a self, frames: usize, variances: &'a [f64]) -> Context<'a> {
        let facts = FrameFacts { frames, scalings: self.scalings, noise: self.noise, weights: self.weights };
        Context { working: self.working, facts, variances, pooled: self.pooled }
    }
}
