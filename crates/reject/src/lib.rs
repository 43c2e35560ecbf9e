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

mod columns;
mod convention;
mod error;
mod extrema;
mod facts;
mod fates;
mod madclip;
mod minmax;
mod prepared;
mod ranks;
mod sigclip;

pub use columns::{
    Block, Columns, ColumnsScratch, Kept, LEAST_GROUPS, MOST_GROUPS, WordBlock, columns_bytes,
};
pub use convention::Convention;
pub use error::RejectError;
pub use extrema::Extrema;
pub use facts::{FrameFacts, Noise, Scaling};
pub use fates::Fates;
pub use madclip::madclip;
pub use minmax::{MinMax, MinMaxDrops};
pub use prepared::Prepared;
pub use sigclip::{About, Center, MAD_STD_FACTOR, Restore, SigClip, Spread, Trim, ZeroSpread};

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
        }
    }
}

impl From<SigClip> for Rejection {
    fn from(sigclip: SigClip) -> Self {
        Self::SigClip(sigclip)
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

/// K of algorithms.md section 5.0.4: how many of `valid` samples a rejection must keep.
pub fn kept_at_least(nkeep: u32, maxrej: Option<u32>, valid: usize) -> usize {
    let by_maxrej = maxrej.map_or(0, |most| valid.saturating_sub(most as usize));
    valid.min(nkeep as usize).max(by_maxrej)
}
