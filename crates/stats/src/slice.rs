//! Statistics of one vector of numbers, `&[f32]` or `&[f64]`, in any order and with gaps.
//!
//! | wanted | functions |
//! |---|---|
//! | location | [`median`], [`lmedian`], [`mean`], [`biweight_location`], [`mode`], [`integer_mode`], [`percentile`] |
//! | width | [`mad_std`], [`iqr_std`], [`std()`], [`biweight_scale`], [`mad`], [`iqr`], [`variance`] |
//! | both, without the outliers | [`sigma_clipped_stats`], [`ikss_lite`] |
//! | noise of a background with stars | [`background_noise`] |
//! | extent | [`min_max`], [`sum`] |
//!
//! **Missing data** are NaN and ±∞: every function ignores them. `None` means that nothing was left. No finite number is
//! ever taken for a gap. −0 counts, and is returned, as +0.
//!
//! **Types.** What is a position in the data (median, percentile, mode, minimum) comes as `T`; widths, moments and sums
//! come as f64 and are not rounded to `T` on the way.
//!
//! **The same bits everywhere.** All arithmetic is f64 without fused operations, and every sum has one order (algorithms.md
//! E1): the slice is cut into chunks of 64 entries **by index**, a chunk is added from its first entry to its last, then the
//! totals of the chunks are. Missing entries keep their place and add nothing. Order statistics are exact, whatever
//! finds them.
//!
//! **Speed.** One source of vector code for all instruction sets; the highest of the machine is taken, under the cap of
//! `SKYSTACK_LEVEL`, which is read once (a text that names no level caps nothing). From 16 384 entries on, order
//! statistics select between two values of a sample, in one pass that reads the data in place.
//!
//! **Threads.** From 262 144 entries on, passes are shared on the rayon pool of the caller (the global one outside any
//! pool). What they find is joined in the order of the slice, or in any order where it is exact: the bits do not depend on
//! the number of threads. Sums then take at most 1 MiB for chunk totals.
//!
//! **Memory.** Order statistics put the values that they select from into a vector, up to 16 383 entries a copy of the
//! valid ones, beyond some per cent of them. Where a sample misleads, which may happen in one case of hundreds, and in
//! [`mode`] always, it is a copy of all valid values. The functions whose names end in `_with` take a vector of the
//! caller's and need no other once that has grown; its contents do not matter.
//!
//! ```
//! use skystack_stats::slice;
//! let sky = [11.0f32, 9.0, 10.0, f32::NAN, 12.0, 60_000.0, 8.0];
//! assert_eq!(slice::median(&sky), Some(10.5));
//! assert_eq!(slice::mad(&sky), Some(1.5));
//!
//! let mut scratch = Vec::new();
//! for row in sky.chunks(4) {
//!     assert!(slice::median_with(row, &mut scratch).is_some());
//! }
//! ```

mod biweight;
mod bounds;
mod census;
mod clip;
mod extent;
mod ikss;
mod iqr;
mod key;
mod mad;
mod min_max;
mod mode;
mod moments;
mod noise;
mod order;
mod sum;
mod survivors;
mod transpose;
mod tuning;

#[cfg(test)]
mod tests;

pub use biweight::{biweight_location, biweight_location_with, biweight_scale, biweight_scale_with};
pub use clip::{
    ClipCenter, ClipSpread, ClippedStats, SigmaClip, sigma_clipped_stats, sigma_clipped_stats_with,
};
pub use ikss::{LocationScale, ikss_lite, ikss_lite_with};
pub use iqr::{IQR_STD_FACTOR, iqr, iqr_std, iqr_std_with, iqr_with};
pub use mad::{MAD_STD_FACTOR, mad, mad_std, mad_std_with, mad_with};
pub use min_max::min_max;
pub use mode::{integer_mode, integer_mode_with, mode, mode_with};
pub use moments::{mean, std, variance};
pub use noise::{background_noise, background_noise_with};
pub use order::{
    iraf_statmedian, iraf_statmedian_with, lmedian, lmedian_with, median, median_with, percentile,
    percentile_with,
};
pub use sum::sum;
