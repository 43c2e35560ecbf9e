//! Interquartile range (algorithms.md F3).

use skystack_simd::Element;

use super::order::quantile_of;
use super::survivors::Survivors;
use super::tuning::Tuning;

/// 1 / (2 Φ⁻¹(3/4)): turns an interquartile range into the standard deviation of Gaussian data.
pub const IQR_STD_FACTOR: f64 = 0.741301109252801;

/// Interquartile range of the valid values: percentile 0.75 less percentile 0.25.
///
/// The quartiles are those of [`percentile`](super::percentile), but stay f64.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// Linear, two selections; [memory](super) for at most the n valid values ([`iqr_with`] reuses it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::iqr(&[8.0f32, 1.0, 4.0, 2.0]), Some(3.25));
/// ```
///
/// # References
/// scipy `stats.iqr`; algorithms.md F3.
pub fn iqr<T: Element>(data: &[T]) -> Option<f64> {
    iqr_with(data, &mut Vec::new())
}

/// [`iqr`] with the caller's scratch vector.
pub fn iqr_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<f64> {
    iqr_of(&mut Survivors::valid(Tuning::here(), data, scratch))
}

pub(crate) fn iqr_of<T: Element>(valid: &mut Survivors<'_, T>) -> Option<f64> {
    let low = quantile_of(valid, 0.25)?;
    let high = quantile_of(valid, 0.75)?;
    Some(high - low)
}

/// Standard deviation of Gaussian data from their interquartile range: [`IQR_STD_FACTOR`] · [`iqr`].
///
/// A quarter of the data at either end may be anything without carrying it away.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// As [`iqr`].
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let x: Vec<f32> = (0..=100).map(|i| i as f32).collect();
/// assert_eq!(slice::iqr_std(&x), Some(0.741301109252801 * 50.0));
/// ```
///
/// # References
/// LSST `afw` "IQRANGE"; algorithms.md F3.
pub fn iqr_std<T: Element>(data: &[T]) -> Option<f64> {
    iqr_std_with(data, &mut Vec::new())
}

/// [`iqr_std`] with the caller's scratch vector.
pub fn iqr_std_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<f64> {
    iqr_with(data, scratch).map(|iqr| IQR_STD_FACTOR * iqr)
}
