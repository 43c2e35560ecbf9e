//! Least and greatest value.

use skystack_simd::Element;

use super::bounds::Bounds;
use super::extent::Extent;
use super::tuning::Tuning;

/// The least and the greatest valid value.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// −0 and +0 are the same value, and +0 is returned.
///
/// # Cost
/// One pass; no memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::min_max(&[3.0f32, f32::INFINITY, -1.0]), Some((-1.0, 3.0)));
/// ```
///
/// # References
/// numpy `nanmin`, `nanmax`, which keep infinities.
#[doc(alias = "min")]
#[doc(alias = "max")]
#[doc(alias = "range")]
pub fn min_max<T: Element>(data: &[T]) -> Option<(T, T)> {
    min_max_by(Tuning::here(), data)
}

pub(crate) fn min_max_by<T: Element>(tuning: Tuning, data: &[T]) -> Option<(T, T)> {
    let Bounds { low, high } = Extent::of(tuning, data, Bounds::finite(), None).kept;
    // Of zeros of both signs either may have been found.
    (low <= high).then(|| (low + T::zero(), high + T::zero()))
}
