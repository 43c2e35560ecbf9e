//! Median, low median and percentiles, by selection (algorithms.md C1, C2).
//!
//! idea: copy the valid values -> select rank k, all lower values now lie before it -> its neighbour is the greatest of
//! those, or the least of the others.
//!
//! Selection, not sorting: linear time, and the answer of an order statistic does not depend on what finds it (C4).

use std::cmp::Ordering;

use skystack_simd::Element;

use super::bounds::Bounds;

/// Median of the valid values: the middle one, or the mean of the two middle ones.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// The mean of two middle values is computed in f64 and rounded once to `T`, to even. −0 counts as +0.
///
/// # Cost
/// Linear; a copy of the n valid values ([`median_with`] reuses one).
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
    fill(scratch, data, Bounds::FINITE);
    median_of(scratch)
}

/// Low median of the valid values: the one of rank ⌊(n+1)/2⌋, always a value of the data.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// Linear; a copy of the n valid values ([`lmedian_with`] reuses one).
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
    fill(scratch, data, Bounds::FINITE);
    let rank = scratch.len().div_ceil(2).checked_sub(1)?;
    Some(*select(scratch, rank).1)
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
/// Linear; a copy of the n valid values ([`percentile_with`] reuses one).
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
    fill(scratch, data, Bounds::FINITE);
    quantile_of(scratch, q).map(T::narrow)
}

/// Makes `scratch` the values within `bounds`, −0 as +0.
pub(crate) fn fill<T: Element>(scratch: &mut Vec<T>, data: &[T], bounds: Bounds) {
    scratch.clear();
    scratch.extend(bounds.values(data).map(T::narrow));
}

/// Median of finite values, which are reordered.
pub(crate) fn median_of<T: Element>(values: &mut [T]) -> Option<T> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let (below, &mut upper) = select(values, n / 2);
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = below.iter().copied().reduce(|a, b| if b > a { b } else { a })?;
    Some(T::narrow(crate::mean_of_two(lower.widen(), upper.widen())))
}

/// Quantile of finite values, which are reordered; not rounded to `T`.
pub(crate) fn quantile_of<T: Element>(values: &mut [T], q: f64) -> Option<f64> {
    assert!((0.0..=1.0).contains(&q), "percentile {q}: a fraction within 0 and 1 is needed");
    let position = values.len().checked_sub(1)? as f64 * q;
    let below = position.floor();
    let (_, &mut a, above) = values.select_nth_unstable_by(below as usize, ascending);
    let b = above.iter().copied().reduce(|a, b| if b < a { b } else { a }).unwrap_or(a);
    // At a whole position the neighbour has no say, however far it is: 0 times an overflow would be NaN.
    if position == below {
        return Some(a.widen());
    }
    Some(a.widen() + (position - below) * (b.widen() - a.widen()))
}

/// The value of 0-based rank k, and the lower ones.
fn select<T: Element>(values: &mut [T], k: usize) -> (&[T], &mut T) {
    let (below, value, _) = values.select_nth_unstable_by(k, ascending);
    (below, value)
}

/// Order of finite values. Equal ones need no order among themselves: they are the same bits.
pub(crate) fn ascending<T: Element>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}
