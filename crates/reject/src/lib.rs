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
mod builders;
mod ccdclip;
mod convention;
mod crreject;
mod error;
mod extrema;
mod facts;
mod gesd;
mod kernel;
mod linearfit;
mod madclip;
mod meanclip;
mod medsigma;
mod minmax;
mod pclip;
mod percentile;
mod sigclip;
mod varclip;
mod winsorized;

use kernel::{clipping, columns, fates, floor, noise, one_pass, prepared, ranks, variance};

pub use avsigclip::{AvSigClip, Pool, Scatter, pooled};
pub use ccdclip::CcdClip;
pub use columns::{
    Columns, ColumnsScratch, Groups, Kept, LEAST_GROUPS, MOST_GROUPS, WordGroups, columns_bytes, sort_keys,
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
pub use noise::NoiseModel;
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
    /// Least number of samples that it keeps, and most that it rejects; `None` for one that has no such limit.
    pub const fn limits(&self) -> Option<(u32, Option<u32>)> {
        match self {
            Self::Extrema(Extrema { nkeep, maxrej, .. })
            | Self::SigClip(SigClip { nkeep, maxrej, .. })
            | Self::AvSigClip(AvSigClip { nkeep, maxrej, .. })
            | Self::CcdClip(CcdClip { nkeep, maxrej, .. })
            | Self::PClip(PClip { nkeep, maxrej, .. })
            | Self::Percentile(Percentile { nkeep, maxrej, .. })
            | Self::LinearFit(LinearFit { nkeep, maxrej, .. })
            | Self::Gesd(Gesd { nkeep, maxrej, .. })
            | Self::VarClip(VarClip { nkeep, maxrej, .. }) => Some((*nkeep, *maxrej)),
            Self::None | Self::MinMax(_) | Self::MeanClip(_) | Self::MedSigma(_) | Self::Winsorized(_) => {
                None
            }
        }
    }

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

macro_rules! from_parameters {
    ($($parameters:ident)+) => { $(
        impl From<$parameters> for Rejection {
            fn from(parameters: $parameters) -> Self {
                Self::$parameters(parameters)
            }
        }
    )+ };
}

from_parameters!(MinMax Extrema SigClip AvSigClip CcdClip MeanClip VarClip PClip Percentile MedSigma Winsorized LinearFit Gesd);

/// K of algorithms.md section 5.0.4: how many of `valid` samples a rejection must keep.
pub fn kept_at_least(nkeep: u32, maxrej: Option<u32>, valid: usize) -> usize {
    let by_maxrej = maxrej.map_or(0, |most| valid.saturating_sub(most as usize));
    valid.min(nkeep as usize).max(by_maxrej)
}
