//! Median, low median and percentiles, by [selection](super::survivors) (algorithms.md C1, C2).

use skystack_simd::Element;

use super::key::Value;
use super::survivors::{Neighbours, Survivors, Wanted};
use super::tuning::Tuning;

/// Median of the valid values: the middle one, or the mean of the two middle ones.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// The mean of two middle values is computed in f64 and rounded once to `T`, to even. −0 counts as +0.
///
/// # Cost
/// Linear; [memory](super) for at most the n valid values ([`median_with`] reuses it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::median(&[3.0f32, 1.0, f32::NAN, 2.0]), Some(2.0));
/// assert_eq!(slice::median(&[3.0f64, 1.0, 4.0, 2.0]), Some(2.5));
/// assert_eq!(slice::median(&[f32::NAN]), None);
/// ```
///
/// # References
/// numpy `nanmedian`; algorithms.md C2.
pub fn median<T: Element>(data: &[T]) -> Option<T> {
    median_with(data, &mut Vec::new())
}

/// [`median`] with the caller's scratch vector.
pub fn median_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<T> {
    Survivors::valid(Tuning::here(), data, scratch).median()
}

/// Low median of the valid values: the one of rank ⌊(n+1)/2⌋, always a value of the data.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// Linear; [memory](super) for at most the n valid values ([`lmedian_with`] reuses it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::lmedian(&[4.0f32, 1.0, 3.0, 2.0]), Some(2.0));
/// ```
///
/// # References
/// Python `statistics.median_low`; DRAGONS `lmedian`. IRAF's `lmedian` differs from the median for two values only.
#[doc(alias = "median_low")]
pub fn lmedian<T: Element>(data: &[T]) -> Option<T> {
    lmedian_with(data, &mut Vec::new())
}

/// [`lmedian`] with the caller's scratch vector.
pub fn lmedian_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<T> {
    lmedian_of(&mut Survivors::valid(Tuning::here(), data, scratch))
}

/// What IRAF's `imcombine` takes for the median of an image when it scales by it: the sorted entry of 0-based index ⌊n/2⌋ − 1.
///
/// **Not a median**: low by one rank for even n and by half a rank more for odd n. It is here to reproduce numbers of that program and
/// for nothing else. For n = 1, where IRAF reads beside its array, it is the one value.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// As [`lmedian`].
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::iraf_statmedian(&[4.0f32, 1.0, 5.0, 3.0, 2.0]), Some(2.0));
/// assert_eq!(slice::median(&[4.0f32, 1.0, 5.0, 3.0, 2.0]), Some(3.0));
/// ```
///
/// # References
/// IRAF 2.17 `imcombine`, statistic "median" of `scale`, `zero` and `weight`; algorithms.md section 6.3.
pub fn iraf_statmedian<T: Element>(data: &[T]) -> Option<T> {
    iraf_statmedian_with(data, &mut Vec::new())
}

/// [`iraf_statmedian`] with the caller's scratch vector.
pub fn iraf_statmedian_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<T> {
    let wanted = |n: usize| Wanted { rank: (n / 2).max(1) - 1, next: false };
    let found = Survivors::valid(Tuning::here(), data, scratch).select(Value, wanted);
    found.map(|(_, found)| T::narrow(found.first))
}

/// The value below which the fraction `q` of the valid values lies, interpolated linearly.
///
/// At the 0-based position (n−1)·q between two sorted values a, b: a + frac·(b − a), in f64, rounded once to `T`. q = 0 is the
/// minimum, 0.5 the median, 1 the maximum.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// Linear; [memory](super) for at most the n valid values ([`percentile_with`] reuses it).
///
/// # Panics
/// If `q` is not within 0 ..= 1. It is a fraction, not a per cent.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::percentile(&[8.0f32, 1.0, 4.0, 2.0], 0.25), Some(1.75));
/// ```
///
/// # References
/// numpy `nanquantile(method="linear")`; Hyndman & Fan 1996, American Statistician 50, 361, type 7.
#[doc(alias = "quantile")]
pub fn percentile<T: Element>(data: &[T], q: f64) -> Option<T> {
    percentile_with(data, q, &mut Vec::new())
}

/// [`percentile`] with the caller's scratch vector.
///
/// # Panics
/// If `q` is not within 0 ..= 1.
pub fn percentile_with<T: Element>(data: &[T], q: f64, scratch: &mut Vec<T>) -> Option<T> {
    quantile_of(&mut Survivors::valid(Tuning::here(), data, scratch), q).map(T::narrow)
}

/// Low median of the survivors.
pub(crate) fn lmedian_of<T: Element>(survivors: &mut Survivors<'_, T>) -> Option<T> {
    let wanted = |n| Wanted { rank: (n - 1) / 2, next: false };
    survivors.select(Value, wanted).map(|(_, found)| T::narrow(found.first))
}

/// Quantile of the survivors, not rounded to `T`.
pub(crate) fn quantile_of<T: Element>(survivors: &mut Survivors<'_, T>, q: f64) -> Option<f64> {
    assert!((0.0..=1.0).contains(&q), "percentile {q}: a fraction within 0 and 1 is needed");
    let position = |n: usize| (n - 1) as f64 * q;
    // At a whole position the neighbour has no say, however far it is: 0 times an overflow would be NaN.
    let wanted = |n| Wanted { rank: position(n) as usize, next: position(n).fract() > 0.0 };
    let (n, Neighbours { first, next }) = survivors.select(Value, wanted)?;
    let fraction = position(n).fract();
    Some(if fraction == 0.0 { first } else { first + fraction * (next - first) })
}
