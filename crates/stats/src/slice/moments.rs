//! Mean, variance and standard deviation (algorithms.md E2, E3, E5).

use skystack_simd::Element;

use super::bounds::Bounds;
use super::sum::sum_of;

/// Mean of the valid values.
///
/// M = p + Σ(x − p)/n with the first valid value as pivot p, so that digits which all values share are not rounded away.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// One pass of two additions an entry, and one to count; no memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::mean(&[1.0f32, 2.0, f32::NAN, 6.0]), Some(3.0));
/// assert_eq!(slice::mean::<f64>(&[]), None);
/// ```
///
/// # References
/// numpy `nanmean`; algorithms.md E3.
#[doc(alias = "average")]
pub fn mean<T: Element>(data: &[T]) -> Option<f64> {
    mean_within(data, Bounds::FINITE)
}

/// Variance of the valid values about their mean, with denominator n − `ddof`.
///
/// V = max(S2 − S1²/n, 0)/(n − ddof), S1 = Σd, S2 = Σd², d = x − mean. S1 would be 0 but for rounding, and its
/// square corrects S2 for that.
///
/// # Missing data
/// NaN and infinite entries are ignored; n ≤ `ddof`, or no valid value: `None`.
///
/// # Ties, zeros
/// Equal values have variance 0 exactly. A sum of squares beyond f64 gives ∞ or NaN.
///
/// # Cost
/// Three passes; no memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let x = [1.0f32, 2.0, 4.0, 9.0];
/// assert_eq!(slice::variance(&x, 0), Some(9.5));
/// assert_eq!(slice::variance(&x[..1], 1), None);
/// ```
///
/// # References
/// numpy `nanvar(ddof)`; Chan, Golub & LeVeque 1983, American Statistician 37, 242; algorithms.md E5.
#[doc(alias = "var")]
pub fn variance<T: Element>(data: &[T], ddof: u32) -> Option<f64> {
    variance_within(data, Bounds::FINITE, ddof)
}

/// Standard deviation of the valid values about their mean: the square root of [`variance`].
///
/// # Missing data
/// NaN and infinite entries are ignored; n ≤ `ddof`, or no valid value: `None`.
///
/// # Cost
/// Three passes; no memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let x = [2.0f64, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
/// assert_eq!(slice::std(&x, 0), Some(2.0));
/// ```
///
/// # References
/// numpy `nanstd(ddof)`.
#[doc(alias = "stddev")]
pub fn std<T: Element>(data: &[T], ddof: u32) -> Option<f64> {
    variance(data, ddof).map(f64::sqrt)
}

/// Mean of the values within `bounds` (E3).
pub(crate) fn mean_within<T: Element>(data: &[T], bounds: Bounds) -> Option<f64> {
    let p = bounds.values(data).next()?;
    Some(p + sum_of(data, bounds, |x| x - p) / bounds.count(data) as f64)
}

/// Variance about the mean of the values within `bounds` (E5, the form of a mean).
pub(crate) fn variance_within<T: Element>(data: &[T], bounds: Bounds, ddof: u32) -> Option<f64> {
    let mean = mean_within(data, bounds)?;
    let n = bounds.count(data);
    (n > ddof as usize).then(|| variance_by_pivot(data, bounds, mean, n as f64, ddof))
}

/// Population variance about the mean of the n > 0 values within `bounds`, their median c being known (E5, first form).
pub(crate) fn variance_by_median<T: Element>(data: &[T], bounds: Bounds, c: f64) -> f64 {
    let n = bounds.count(data) as f64;
    let (s1, s2) = moments(data, bounds, c);
    // Nearly all of S2 is the square of the mean's distance: the difference would have no digits left.
    // (A median lies within one deviation of the mean, so only squares that underflow get here; the contract asks.)
    let pivot = if s1 * s1 > 0.999 * (n * s2) { c + s1 / n } else { c };
    variance_by_pivot(data, bounds, pivot, n, 0)
}

fn variance_by_pivot<T: Element>(data: &[T], bounds: Bounds, pivot: f64, n: f64, ddof: u32) -> f64 {
    let (s1, s2) = moments(data, bounds, pivot);
    let q = s2 - (s1 * s1) / n;
    // Not f64::max, which would make 0 of the NaN of an overflow.
    let q = if q < 0.0 { 0.0 } else { q };
    q / (n - f64::from(ddof))
}

/// S1 and S2 about `pivot`.
fn moments<T: Element>(data: &[T], bounds: Bounds, pivot: f64) -> (f64, f64) {
    let s1 = sum_of(data, bounds, |x| x - pivot);
    let s2 = sum_of(data, bounds, |x| (x - pivot) * (x - pivot));
    (s1, s2)
}
