//! Siril's robust location and scale, "IKSS-lite".
//!
//! idea: drop what lies further than six MAD from the median -> median of the rest, and the root of its biweight midvariance.

use skystack_simd::Element;

use super::biweight::midvariance_of;
use super::bounds::Bounds;
use super::survivors::Survivors;
use super::tuning::Tuning;

/// Values further from the median than so many MAD are dropped.
const REACH: f64 = 6.0;
/// Makes the scale that of Gaussian data, as its authors found it.
const FACTOR: f64 = 0.991;

/// What [`ikss_lite`] found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocationScale<T> {
    /// Median of the kept values.
    pub location: T,
    /// 0.991 times the root of their biweight midvariance.
    pub scale: f64,
    /// Number of kept values.
    pub n: usize,
}

/// Robust location and scale of the valid values, as Siril normalises frames by them ("IKSS-lite").
///
/// With m the [`median`](super::median) and D the [`mad`](super::mad), unscaled: those with |x − m| ≤ 6 D are kept, limits included, in
/// f64. The location is the median m′ of the kept; the scale is 0.991 · [`biweight_scale`](super::biweight_scale) of the kept, with m′
/// and D′ of the kept.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// D = 0, or D′ = 0: the scale is 0.
///
/// # Cost
/// Linear, four selections and one pass; [memory](super) for at most the n valid values ([`ikss_lite_with`] reuses it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let found = slice::ikss_lite(&[9.0f64, 10.0, 11.0, 12.0, 13.0, 1e6]).expect("valid values");
/// assert_eq!((found.location, found.n), (11.0, 5));
/// assert!((found.scale - 1.501966345061193).abs() < 1e-14);
/// ```
///
/// # References
/// Siril, normalisation "lite"; PixInsight's IKSS, of which it is one round; algorithms.md section 6.3.
#[doc(alias = "iksslite")]
pub fn ikss_lite<T: Element>(data: &[T]) -> Option<LocationScale<T>> {
    ikss_lite_with(data, &mut Vec::new())
}

/// [`ikss_lite`] with the caller's scratch vector.
pub fn ikss_lite_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<LocationScale<T>> {
    ikss_of(&mut Survivors::valid(Tuning::here(), data, scratch))
}

pub(crate) fn ikss_of<T: Element>(valid: &mut Survivors<'_, T>) -> Option<LocationScale<T>> {
    let m = valid.median()?.widen();
    let reach = REACH * valid.mad()?;
    valid.narrow(within(m, reach));
    let location = valid.median()?;
    let scale = FACTOR * midvariance_of(valid)?.sqrt();
    let Survivors { data, bounds, .. } = *valid;
    let n = bounds.values(data).count();
    Some(LocationScale { location, scale, n })
}

/// The values of `T` with |x − m| ≤ `reach` in f64, as bounds: the test is monotone on either side of m.
fn within<T: Element>(m: f64, reach: f64) -> Bounds<T> {
    let kept = |x: T| x.is_finite() && (x.widen() - m).abs() <= reach;
    let Bounds { low: least, high: most } = Bounds::<T>::finite();
    let mut low = T::narrow(m - reach).max(least);
    // Rounding of the end, and of the test itself, is at most a few steps.
    while !kept(low) {
        low = low.next_up();
    }
    while kept(low.next_down()) {
        low = low.next_down();
    }
    let mut high = T::narrow(m + reach).min(most);
    while !kept(high) {
        high = high.next_down();
    }
    while kept(high.next_up()) {
        high = high.next_up();
    }
    Bounds { low, high }
}
