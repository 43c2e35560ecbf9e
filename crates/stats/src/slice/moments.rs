//! Mean, variance and standard deviation (algorithms.md E2, E3, E5).

use skystack_simd::Element;

use super::bounds::Bounds;
use super::sum::Sums;
use super::tuning::Tuning;

/// Mean of the valid values.
///
/// M = p + Σ(x − p)/n with the first valid value as pivot p, so that digits which all values share are not rounded away.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Cost
/// One pass of two additions an entry; no memory but that of [threads](super).
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
    mean_by(Tuning::here(), data)
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
/// Two passes; no memory but that of [threads](super).
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
    variance_by(Tuning::here(), data, ddof)
}

/// Standard deviation of the valid values about their mean: the square root of [`variance`].
///
/// # Missing data
/// NaN and infinite entries are ignored; n ≤ `ddof`, or no valid value: `None`.
///
/// # Cost
/// Two passes; no memory but that of [threads](super).
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

pub(crate) fn mean_by<T: Element>(tuning: Tuning, data: &[T]) -> Option<f64> {
    mean_within(tuning, data, Bounds::finite()).map(|(mean, _)| mean)
}

pub(crate) fn variance_by<T: Element>(tuning: Tuning, data: &[T], ddof: u32) -> Option<f64> {
    let (mean, n) = mean_within(tuning, data, Bounds::finite())?;
    (n > ddof as usize).then(|| variance_about(tuning, data, Bounds::finite(), mean, ddof))
}

/// Mean (E3) and number of the values within `bounds`.
pub(crate) fn mean_within<T: Element>(tuning: Tuning, data: &[T], bounds: Bounds<T>) -> Option<(f64, usize)> {
    let p = bounds.values(data).next()?.widen();
    let Sums { n, s1, .. } = Sums::about::<T, false>(tuning, data, bounds, p);
    Some((p + s1 / n as f64, n))
}

/// Variance about the mean of the values within `bounds`, which is known (E5, the form of a mean).
pub(crate) fn variance_about<T: Element>(
    tuning: Tuning,
    data: &[T],
    bounds: Bounds<T>,
    mean: f64,
    ddof: u32,
) -> f64 {
    variance_of(Sums::about::<T, true>(tuning, data, bounds, mean), ddof)
}

/// Population variance about the mean of the n > 0 values within `bounds`, their median c being known (E5, first form).
pub(crate) fn variance_by_median<T: Element>(tuning: Tuning, data: &[T], bounds: Bounds<T>, c: f64) -> f64 {
    let mut sums = Sums::about::<T, true>(tuning, data, bounds, c);
    let Sums { n, s1, s2 } = sums;
    // Nearly all of S2 is the square of the mean's distance: the difference would have no digits left.
    // (A median lies within one deviation of the mean, so only squares that underflow get here; the contract asks.)
    if s1 * s1 > 0.999 * (n as f64 * s2) {
        sums = Sums::about::<T, true>(tuning, data, bounds, c + s1 / n as f64);
    }
    variance_of(sums, 0)
}

/// V of S1 and S2.
fn variance_of(Sums { n, s1, s2 }: Sums, ddof: u32) -> f64 {
    let n = n as f64;
    let q = s2 - (s1 * s1) / n;
    // Not f64::max, which would make 0 of the NaN of an overflow.
    let q = if q < 0.0 { 0.0 } else { q };
    q / (n - f64::from(ddof))
}
