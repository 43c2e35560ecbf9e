//! Combine N aligned astronomical frames into one image.
//!
//! Each output pixel comes from the N samples at its position: rejection of outliers, then a statistic of the rest. Every
//! rejection follows its published definition under its own name, results have the same bits on every machine, and a memory
//! limit holds.
//!
//! # From arrays
//!
//! ```
//! use ndarray::Array3;
//! use skystack::{Combine, SigClip, Stacker};
//!
//! let stack: Array3<f32> = skystack::simulate::stack(9, 64, 64, 1).frames;      // (N, H, W)
//! let out = Stacker::new()
//!     .reject(SigClip::iraf().lsigma(3.0).hsigma(3.0))
//!     .combine(Combine::Median)
//!     .run(stack.view())?;
//! assert_eq!(out.image.dim(), (64, 64));
//! # Ok::<(), skystack::Error>(())
//! ```
//!
//! # From files
//!
//! ```standalone_crate
//! use skystack::{Combine, Stacker};
//!
//! # let folder = std::env::temp_dir().join(format!("skystack-doc-lib-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let paths = skystack::doc::write_frames(&folder)?;
//! # std::env::set_current_dir(&folder)?;
//! let report = Stacker::new().combine(Combine::Average).run_files(&paths, "out.fits")?;
//! println!("{report}");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is where
//!
//! | wanted | item |
//! |---|---|
//! | the one entry point | [`Stacker`] |
//! | what is left out ([`Rejection`]) | [`MinMax`], [`Extrema`], [`SigClip`], [`AvSigClip`], [`CcdClip`], [`crreject`], [`PClip`], [`Percentile`], [`MedSigma`], [`Winsorized`], [`LinearFit`], [`Gesd`], [`MeanClip`], [`VarClip`], [`madclip`] |
//! | whose definition | [`Convention`] |
//! | the statistic | [`Combine`], [`Weight`] |
//! | scales, zeros, places, masks, noise | [`Normalisation`], [`Offsets`], [`Masks`], [`NoiseModel`], [`InputVariance`] |
//! | further images | [`Products`], [`OutputFiles`] |
//! | what happened | [`Report`], [`Warning`], [`settings`], [`Trace`] (one pixel, stage by stage) |
//! | stacks with known truth | [`simulate`](mod@simulate) |
//! | the speed of this machine's memory | [`roofline`] |
//! | single layers | [`fits`], [`stats`], and the crates `skystack-reject`, `skystack-combine`, `skystack-plan` |
//!
//! # Feature `json`
//!
//! `Report::to_json` and `OutputFiles::report`: the report of a run as JSON, described in `docs/report.md` of the repository.
//!
//! Missing samples are NaN, infinities, and BLANK in integer images; they are ignored everywhere and never counted as
//! rejected. No finite number stands for "missing".
//!
//! **Must never know:** how a kernel works, how bytes of a file are laid out. This crate joins the layers, decides on
//! headers, and turns their errors into one [`Error`].
#![forbid(unsafe_code)]

mod arrays;
mod error;
mod files;
mod header;
pub mod inputs;
#[cfg(feature = "json")]
mod json;
mod masks;
mod noise;
mod normalise;
mod offsets;
mod output;
mod report;
pub mod roofline;
pub mod settings;
pub mod simulate;
mod stacker;
mod trace;
mod warning;
mod weight;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use arrays::{Combined, Frames, Sample};
pub use error::{Error, ErrorKind};
pub use masks::{MaskType, Masks};
pub use noise::{NoiseModel, PerFrame};
pub use normalise::{Norm, Normalisation, Overlap, OverlapFit};
pub use offsets::{Footprint, Offsets};
pub use output::OutputFiles;
pub use report::{FrameReport, OverlapReport, Quantity, Report};
pub use skystack_combine::normalise::{Affine, PairWeight, Statsec};
pub use skystack_combine::{
    Combine, CountProduct, CubeProduct, FrameTotals, Grow, Product, Products, Progress, Reason, Timings,
    ValueProduct,
};
pub use skystack_fits as fits;
pub use skystack_plan::{Machine, Plan};
pub use skystack_reference::Trace;
pub use skystack_reject::{
    About, AvSigClip, CcdClip, Center, Convention, Extrema, FrameFacts, Gesd, LineFit, LinearFit,
    MAD_STD_FACTOR, MaxOutliers, MeanClip, MedSigma, MinMax, Noise, PClip, PClipRule, Percentile, Pool,
    RejectError, Rejection, Restore, Scaling, SigClip, Spread, Trim, VarClip, VarRule, Winsorized,
    WinsorizedRule, ZeroSpread, crreject, madclip,
};
pub use skystack_simd::Level;
pub use skystack_stats as stats;
pub use stacker::{InputVariance, Outtype, Stacker};
pub use warning::Warning;
pub use weight::Weight;

/// This machine as the planner sees it, with the instruction sets and devices of this build.
///
/// ```
/// assert!(skystack::machine().cores >= 1);
/// ```
pub fn machine() -> Machine {
    Machine { levels: Level::available().map(|level| level.to_string()).collect(), ..Machine::detect() }
}

/// [`machine`] as it was within the last second: looking takes longer than combining a small image.
pub(crate) fn machine_lately() -> Machine {
    static LATELY: Mutex<Option<(Instant, Machine)>> = Mutex::new(None);
    let mut lately = LATELY.lock().unwrap_or_else(PoisonError::into_inner);
    match &*lately {
        Some((looked, machine)) if looked.elapsed() < Duration::from_secs(1) => machine.clone(),
        _ => lately.insert((Instant::now(), machine())).1.clone(),
    }
}

/// What the examples of this crate need.
#[doc(hidden)]
pub mod doc {
    use std::path::{Path, PathBuf};

    use crate::fits::{Bitpix, FitsError, FitsWriter, Header, ImageSpec};

    /// Writes three small frames.
    pub fn write_frames(folder: &Path) -> Result<Vec<PathBuf>, FitsError> {
        let frame = |i: usize| {
            let path = folder.join(format!("frame{i}.fits"));
            let spec = ImageSpec { bitpix: Bitpix::F32, axes: vec![8, 4], header: Header::new() };
            let mut writer = FitsWriter::create(&path, &spec, true)?;
            writer.write_rows(0, 0, &[i as f32; 32])?;
            writer.finish().map(|()| path)
        };
        (0..3).map(frame).collect()
    }
}
