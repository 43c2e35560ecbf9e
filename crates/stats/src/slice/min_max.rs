//! Least and greatest value.

use skystack_simd::Element;

use super::bounds::Bounds;

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
    let mut values = Bounds::FINITE.values(data);
    let first = values.next()?;
    let (min, max) = values
        .fold((first, first), |(min, max), x| (if x < min { x } else { min }, if x > max { x } else { max }));
    Some((T::narrow(min), T::narrow(max)))
}
