//! sigclip: iterated sigma clipping (algorithms.md section 5.4).

mod params;

pub use params::{About, Center, MAD_STD_FACTOR, Restore, SigClip, Spread, Trim, ZeroSpread};
