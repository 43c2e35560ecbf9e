//! What to compute: the options of one pixel (algorithms.md sections 1.2, 3.2 and 4).

use skystack_reject::{Convention, FrameFacts, Noise, Rejection, Scaling};

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
    /// A weight ≥ 0 for each frame, normalised by the caller. Only [`Combine::Average`] and its sigma look at them.
    pub weights: Option<&'a [f64]>,
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
            noise: &[],
            combine: Combine::Average,
            lmedian,
            lthreshold: None,
            hthreshold: None,
            weights: None,
            blank,
            sigma,
        }
    }

    /// What the rejections know of `frames` frames.
    pub(crate) const fn facts(&self, frames: usize) -> FrameFacts<'_> {
        FrameFacts { frames, scalings: self.scalings, noise: self.noise, weights: self.weights }
    }
}
