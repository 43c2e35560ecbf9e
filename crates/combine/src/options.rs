//! What to compute: the one struct of options, and the same resolved for a stack.

mod check;
mod resolved;
mod statistic;

use skystack_reject::{Convention, Noise, Pool, Rejection, Scaling, ScalingError};
use skystack_simd::Element;

pub(crate) use self::resolved::Resolved;
pub use self::statistic::{Combine, Lmedian, SigmaRule};
use crate::{CombineError, Products};

/// Where the variances of the samples come from (algorithms.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Variance {
    /// There are none.
    #[default]
    None,
    /// One plane a frame ([`FrameSource::variances`](crate::FrameSource::variances)).
    Planes,
    /// The noise model of the frames, at the sample's own value (algorithms.md 5.6).
    Noise,
    /// One number for all samples, before scaling.
    Constant(f64),
}

/// Rejecting the neighbours of rejected samples too (algorithms.md 5.19).
///
/// Where growing leaves fewer samples than `nkeep` and `maxrej` want kept (or than there were), none of it happens at that pixel.
///
/// ```
/// use skystack_combine::Grow;
/// let grow = Grow { maxrej: Some(3), ..Grow::new(1.5) };
/// assert_eq!(grow.nkeep, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Grow {
    /// Radius in pixels; below 1 nothing grows.
    pub radius: f64,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected of the valid ones, those that grow included.
    pub maxrej: Option<u32>,
}

impl Grow {
    /// Within `radius` pixels, but never so that no sample is left.
    pub const fn new(radius: f64) -> Self {
        Self { radius, nkeep: 1, maxrej: None }
    }
}

/// Most frames of a stack: ranks, and halves of them, are carried in f32 lanes, which are exact up to here.
pub const MOST_FRAMES: usize = 1 << 22;

/// Everything that decides the value of an output pixel.
///
/// ```
/// use skystack_combine::{Combine, Options};
/// use skystack_reject::{Convention, SigClip};
/// let options = Options {
///     combine: Combine::Median,
///     rejections: vec![SigClip::iraf().hsigma(2.5).into()],
///     ..Options::convention(Convention::Iraf)
/// };
/// assert!(options.blank.is_nan());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The statistic.
    pub combine: Combine,
    /// What is left out before: one rejection after the other, each sees what the one before left.
    pub rejections: Vec<Rejection>,
    /// Definition of `lmedian`.
    pub lmedian: Lmedian,
    /// Definition of the sigma image.
    pub sigma_rule: SigmaRule,
    /// Least good value of the input, itself good.
    pub lthreshold: Option<f64>,
    /// Greatest good value of the input, itself good.
    pub hthreshold: Option<f64>,
    /// How the samples of each frame are scaled; empty where none is.
    pub scalings: Vec<Scaling>,
    /// How they are scaled for the rejections, if otherwise (algorithms.md 6.6).
    pub reject_scalings: Option<Vec<Scaling>>,
    /// How well `scalings` are known, to be added to the variances of the samples (8.1); empty: they are exact.
    pub scaling_errors: Vec<ScalingError>,
    /// What is known of the noise of each frame, of all frames, or nothing.
    pub noise: Vec<Noise>,
    /// One weight a frame, zero or more; for `average` (and without effect for `sum`).
    pub weights: Option<Vec<f64>>,
    /// Multiply the weights by those of the samples ([`FrameSource::weights`](crate::FrameSource::weights)); for `average`.
    pub sample_weights: bool,
    /// Divide the weights by the variances of the samples.
    pub weigh_by_variance: bool,
    /// Exposure time of each frame (s), for [`ValueProduct::Exposure`](crate::ValueProduct::Exposure).
    pub exposures: Vec<f64>,
    /// Variances of the samples.
    pub variance: Variance,
    /// Growth of rejections.
    pub grow: Grow,
    /// May a pixel without good samples use the least bad ones that it has (algorithms.md 2.3)?
    pub fallback: bool,
    /// Value of a pixel without samples.
    pub blank: f64,
    /// Further images.
    pub products: Products,
    /// Count what each frame loses ([`Summary::frames`](crate::Summary::frames)).
    pub per_frame: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::convention(Convention::Iraf)
    }
}

impl Options {
    /// A plain average with the definitions of `convention` (algorithms.md sections 7 and 8.3). `blank` is NaN: the 0 of
    /// IRAF and SWarp is only for users who ask for their convention by name.
    pub fn convention(convention: Convention) -> Self {
        Self {
            combine: Combine::Average,
            rejections: Vec::new(),
            lmedian: if convention == Convention::Iraf { Lmedian::Iraf } else { Lmedian::Lower },
            sigma_rule: match convention {
                Convention::Iraf => SigmaRule::Iraf,
                Convention::Gnuastro => SigmaRule::Population,
                _ => SigmaRule::Scatter,
            },
            lthreshold: None,
            hthreshold: None,
            scalings: Vec::new(),
            reject_scalings: None,
            scaling_errors: Vec::new(),
            noise: Vec::new(),
            weights: None,
            sample_weights: false,
            weigh_by_variance: false,
            exposures: Vec::new(),
            variance: Variance::None,
            grow: Grow::default(),
            fallback: false,
            blank: f64::NAN,
            products: Products::NONE,
            per_frame: false,
        }
    }

    /// Can a stack of `frames` frames be combined like this in working type T?
    ///
    /// # Errors
    /// The first option that is out of its range or does not go with another.
    pub fn check<T: Element>(&self, frames: usize) -> Result<(), CombineError> {
        self.resolve::<T>(frames).map(drop)
    }

    /// Rows above and below a band that it depends on.
    pub fn halo(&self) -> usize {
        if self.two_passes() { self.grow.halo() } else { 0 }
    }

    /// Bytes a sample that a band hands from one pass to the other.
    pub fn code_bytes(&self) -> usize {
        usize::from(self.two_passes())
    }

    /// Does a rejection pool the noise of a whole row?
    pub fn pools_rows(&self) -> bool {
        let pools = |of: &Rejection| matches!(of, Rejection::AvSigClip(clip) if clip.pool == Pool::Row);
        self.rejections.iter().any(pools)
    }

    /// Must all rejections have been made before the first value is combined?
    pub(crate) fn two_passes(&self) -> bool {
        let rejects = self.rejections.iter().any(|of| !matches!(of, Rejection::None));
        rejects && (self.grow.radius >= 1.0 || self.reject_scalings.is_some())
    }
}
