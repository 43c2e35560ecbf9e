//! Outlier rejections of image combination, exactly as published.
//!
//! A rejection looks at the *column* of one output pixel (its N samples) and says which are kept. Parameters live in one
//! struct per algorithm, with a constructor per convention; the kernels work on one output pixel per SIMD lane.
//!
//! **Must never know:** rows, columns, bands or files (that is `skystack-combine`); how scales and masks are applied (samples
//! come in finished, missing ones as NaN; what a noise model must know of the frames is in [`FrameFacts`]).
//!
//! ```
//! use skystack_reject::{Convention, Rejection, SigClip};
//! let rejection = Rejection::from(SigClip::convention(Convention::Astropy)?.lsigma(2.0));
//! rejection.validate(9)?;
//! # Ok::<(), skystack_reject::RejectError>(())
//! ```
#![forbid(unsafe_code)]

mod avsigclip;
mod ccdclip;
mod clipping;
mod columns;
mod convention;
mod crreject;
mod error;
mod extrema;
mod facts;
mod fates;
mod floor;
mod gesd;
mod linearfit;
mod madclip;
mod meanclip;
mod medsigma;
mod minmax;
mod noise;
mod one_pass;
mod pclip;
mod percentile;
mod prepared;
mod ranks;
mod sigclip;
mod varclip;
mod variance;
mod winsorized;

pub use avsigclip::{AvSigClip, Pool, Scatter, pooled};
pub use ccdclip::CcdClip;
pub use columns::{
    Block, Columns, ColumnsScratch, Kept, LEAST_GROUPS, MOST_GROUPS, WordBlock, columns_bytes, sort_keys,
};
pub use convention::Convention;
pub use crreject::crreject;
pub use error::RejectError;
pub use extrema::Extrema;
pub use facts::{FrameFacts, Noise, Scaling, ScalingError};
pub use fates::Fates;
pub use gesd::{Gesd, MaxOutliers};
pub use linearfit::{LineFit, LinearFit};
pub use madclip::madclip;
pub use meanclip::MeanClip;
pub use medsigma::MedSigma;
pub use minmax::{MinMax, MinMaxDrops};
pub use pclip::{PClip, PClipRule};
pub use percentile::Percentile;
pub use prepared::Prepared;
pub use sigclip::{About, Center, MAD_STD_FACTOR, Restore, SigClip, Spread, Trim, ZeroSpread};
pub use varclip::{VarClip, VarRule};
pub use winsorized::{Winsorized, WinsorizedRule};

/// Which samples of a column are left out before combining.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Rejection {
    /// Nothing is rejected.
    #[default]
    None,
    /// Fixed ranks, in proportion to the samples present.
    MinMax(MinMax),
    /// Fixed counts.
    Extrema(Extrema),
    /// Sigma clipping, and madclip.
    SigClip(SigClip),
    /// Sigma clipping with a pooled noise constant.
    AvSigClip(AvSigClip),
    /// Clipping by the noise model of the detector, and crreject.
    CcdClip(CcdClip),
    /// LSST's clipped mean.
    MeanClip(MeanClip),
    /// Clipping by the variances of the samples.
    VarClip(VarClip),
    /// IRAF's percentile clip: a width from one order statistic.
    PClip(PClip),
    /// A fraction of the median.
    Percentile(Percentile),
    /// Outliers are replaced by the median; for an average alone.
    MedSigma(MedSigma),
    /// A scatter of winsorised values.
    Winsorized(Winsorized),
    /// A line through the samples in the order of their values.
    LinearFit(LinearFit),
    /// The generalized extreme Studentized deviate test.
    Gesd(Gesd),
}

impl Rejection {
    /// Can this run on a stack of `frames` frames?
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self, frames: usize) -> Result<(), RejectError> {
        match self {
            Self::None | Self::Extrema(_) => Ok(()),
            Self::MinMax(minmax) => minmax.drops(frames).map(drop),
            Self::SigClip(sigclip) => sigclip.validate(),
            Self::AvSigClip(avsigclip) => avsigclip.validate(),
            Self::CcdClip(ccdclip) => ccdclip.validate(),
            Self::MeanClip(meanclip) => meanclip.validate(),
            Self::VarClip(varclip) => varclip.validate(),
            Self::PClip(pclip) => pclip.validate(),
            Self::Percentile(percentile) => percentile.validate(),
            Self::MedSigma(medsigma) => medsigma.validate(),
            Self::Winsorized(winsorized) => winsorized.validate(),
            Self::LinearFit(linearfit) => linearfit.validate(),
            Self::Gesd(gesd) => gesd.validate(),
        }
    }
}

impl From<SigClip> for Rejection {
    fn from(sigclip: SigClip) -> Self {
        Self::SigClip(sigclip)
    }
}

impl From<AvSigClip> for Rejection {
    fn from(avsigclip: AvSigClip) -> Self {
        Self::AvSigClip(avsigclip)
    }
}

impl From<CcdClip> for Rejection {
    fn from(ccdclip: CcdClip) -> Self {
        Self::CcdClip(ccdclip)
    }
}

impl From<MeanClip> for Rejection {
    fn from(meanclip: MeanClip) -> Self {
        Self::MeanClip(meanclip)
    }
}

impl From<VarClip> for Rejection {
    fn from(varclip: VarClip) -> Self {
        Self::VarClip(varclip)
    }
}

impl From<MinMax> for Rejection {
    fn from(minmax: MinMax) -> Self {
        Self::MinMax(minmax)
    }
}

impl From<Extrema> for Rejection {
    fn from(extrema: Extrema) -> Self {
        Self::Extrema(extrema)
    }
}

impl From<PClip> for Rejection {
    fn from(pclip: PClip) -> Self {
        Self::PClip(pclip)
    }
}

impl From<Percentile> for Rejection {
    fn from(percentile: Percentile) -> Self {
        Self::Percentile(percentile)
    }
}

impl From<MedSigma> for Rejection {
    fn from(medsigma: MedSigma) -> Self {
        Self::MedSigma(medsigma)
    }
}

impl From<Winsorized> for Rejection {
    fn from(winsorized: Winsorized) -> Self {
        Self::Winsorized(winsorized)
    }
}

impl From<LinearFit> for Rejection {
    fn from(linearfit: LinearFit) -> Self {
        Self::LinearFit(linearfit)
    }
}

impl From<Gesd> for Rejection {
    fn from(gesd: Gesd) -> Self {
        Self::Gesd(gesd)
    }
}

/// K of algorithms.md section 5.0.4: how many of `valid` samples a rejection must keep.
pub fn kept_at_least(nkeep: u32, maxrej: Option<u32>, valid: usize) -> usize {
    let by_maxrej = maxrej.map_or(0, |most| valid.saturating_sub(most as usize));
    valid.min(nkeep as usize).max(by_maxrej)
}
