//! The one order of every sum of a slice (algorithms.md E1).

use skystack_simd::Element;

use super::bounds::Bounds;

/// Entries of one chunk.
const CHUNK: usize = 64;

/// SUM of `term` over the values within `bounds`: chunks of 64 entries from 0.0 each, then their totals from 0.0.
pub(crate) fn sum_of<T: Element>(data: &[T], bounds: Bounds, term: impl Fn(f64) -> f64) -> f64 {
    let chunk = |entries: &[T]| bounds.values(entries).fold(0.0, |total, x| total + term(x));
    data.chunks(CHUNK).map(chunk).fold(0.0, |total, chunk| total + chunk)
}

/// Sum of the valid values.
///
/// f64 throughout, in the order that the [module](super) names: up to 64 entries the plain sum from left to right. The
/// rounding error is that of pieces of 64 and of n/64, far below that of one long sum; no compensation is made.
///
/// # Missing data
/// NaN and infinite entries add nothing but keep their place in the order. No valid value: `None`, not 0.
///
/// # Cost
/// n additions; no memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::sum(&[1.5f32, f32::NAN, 2.0]), Some(3.5));
/// assert_eq!(slice::sum(&[f64::NAN]), None);
/// ```
///
/// # References
/// numpy `nansum` (pairwise, so the last bits differ); algorithms.md E1.
pub fn sum<T: Element>(data: &[T]) -> Option<f64> {
    let any = Bounds::FINITE.values(data).next().is_some();
    any.then(|| sum_of(data, Bounds::FINITE, |x| x))
}
