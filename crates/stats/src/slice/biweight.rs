//! Tukey's biweight: location and scale that neither outliers nor the shape of the tails carry away.
//!
//! idea: a value d from the median counts by how far it lies in units of the MAD, u = d/(c·MAD): fully at the median, ever less
//! beside it, not at all from |u| = 1 on.

use skystack_simd::{Element, Vector};

use super::bounds::Bounds;
use super::sum::{Sums, Terms};
use super::survivors::Survivors;
use super::tuning::Tuning;

/// c of the location: what lies six MAD away, four standard deviations of Gaussian data, has no say.
const LOCATION: f64 = 6.0;
/// c of the scale: nine MAD.
const SCALE: f64 = 9.0;

/// Biweight location of the valid values: their mean, weighted by their distance from the median.
///
/// M + Σ (x − M)(1 − u²)² / Σ (1 − u²)², both sums over |u| < 1, u = (x − M)/(6 · MAD), M the [`median`](super::median), a value of
/// `T`, MAD the [`mad`](super::mad). One step from the median, not iterated. The sums follow the [module](super)'s order.
///
/// About as precise as the mean for Gaussian data (98 %), where a median has 64 %.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// MAD = 0, more than half of the values being equal: M.
///
/// # Cost
/// Linear, two selections and one pass; [memory](super) for at most the n valid values ([`biweight_location_with`] reuses it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let location = slice::biweight_location(&[9.0f64, 10.0, 11.0, 12.0, 13.0, 1e6]).expect("valid values");
/// assert!((location - 11.04985206713272).abs() < 1e-13);
/// ```
///
/// # References
/// astropy `biweight_location` (c = 6); Beers, Flynn & Gebhardt 1990, AJ 100, 32.
pub fn biweight_location<T: Element>(data: &[T]) -> Option<f64> {
    biweight_location_with(data, &mut Vec::new())
}

/// [`biweight_location`] with the caller's scratch vector.
pub fn biweight_location_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<f64> {
    location_of(&mut Survivors::valid(Tuning::here(), data, scratch))
}

/// Biweight scale of the valid values: the square root of their biweight midvariance.
///
/// √( n Σ (x − M)²(1 − u²)⁴ ) / |Σ (1 − u²)(1 − 5u²)|, both sums over |u| < 1, u = (x − M)/(9 · MAD), n the number of **all** valid
/// values (astropy's `modify_sample_size=False`), M and MAD as in [`biweight_location`].
///
/// Of Gaussian data it is 1.008 times the standard deviation, with some 87 % of its efficiency, where [`mad_std`](super::mad_std) has
/// 37 %.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// MAD = 0: 0.
///
/// # Cost
/// As [`biweight_location`]; [`biweight_scale_with`] reuses the memory.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let scale = slice::biweight_scale(&[9.0f64, 10.0, 11.0, 12.0, 13.0, 1e6]).expect("valid values");
/// assert!((scale - 1.688302701439887).abs() < 1e-14);
/// ```
///
/// # References
/// astropy `biweight_scale` (c = 9); Beers, Flynn & Gebhardt 1990, AJ 100, 32; Lax 1985, JASA 80, 736.
#[doc(alias = "biweight_midvariance")]
pub fn biweight_scale<T: Element>(data: &[T]) -> Option<f64> {
    biweight_scale_with(data, &mut Vec::new())
}

/// [`biweight_scale`] with the caller's scratch vector.
pub fn biweight_scale_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<f64> {
    midvariance_of(&mut Survivors::valid(Tuning::here(), data, scratch)).map(f64::sqrt)
}

/// Location of the survivors.
pub(crate) fn location_of<T: Element>(survivors: &mut Survivors<'_, T>) -> Option<f64> {
    let (m, mad) = (survivors.median()?.widen(), survivors.mad()?);
    let Survivors { tuning, data, bounds, .. } = *survivors;
    Some(m + shift(tuning, data, bounds, m, mad))
}

/// How far the location lies from the median.
fn shift<T: Element>(tuning: Tuning, data: &[T], bounds: Bounds<T>, m: f64, mad: f64) -> f64 {
    let reach = LOCATION * mad;
    // Half of the values lie within one MAD, so the weights add up to something; unless 6 MAD are beyond f64.
    if reach == 0.0 || !reach.is_finite() {
        return 0.0;
    }
    let sums = Sums::of(tuning, data, bounds, m, Location { reach });
    sums.s1 / sums.s2
}

/// Midvariance of the survivors.
pub(crate) fn midvariance_of<T: Element>(survivors: &mut Survivors<'_, T>) -> Option<f64> {
    let (m, mad) = (survivors.median()?.widen(), survivors.mad()?);
    let Survivors { tuning, data, bounds, .. } = *survivors;
    let reach = SCALE * mad;
    if reach == 0.0 {
        return Some(0.0);
    }
    let Sums { n, s1, s2 } = Sums::of(tuning, data, bounds, m, Scale { reach });
    Some(n as f64 * s1 / (s2 * s2))
}

/// d(1 − u²)² and (1 − u²)², u = d/reach.
#[derive(Debug, Clone, Copy)]
struct Location {
    reach: f64,
}

impl Terms for Location {
    const TWO: bool = true;
    const ABSENT: f64 = f64::INFINITY;

    #[inline(always)]
    fn of<V: Vector<Element = f64>>(self, isa: V::Isa, d: V) -> [V; 2] {
        let (one, zero) = (V::splat(isa, 1.0), V::splat(isa, 0.0));
        let u = d / V::splat(isa, self.reach);
        let w = one - u * u;
        let weight = w * w;
        let counts = u.abs().lt(one);
        [V::select(counts, d * weight, zero), V::select(counts, weight, zero)]
    }
}

/// d²(1 − u²)⁴ and (1 − u²)(1 − 5u²), u = d/reach.
#[derive(Debug, Clone, Copy)]
struct Scale {
    reach: f64,
}

impl Terms for Scale {
    const TWO: bool = true;
    const ABSENT: f64 = f64::INFINITY;

    #[inline(always)]
    fn of<V: Vector<Element = f64>>(self, isa: V::Isa, d: V) -> [V; 2] {
        let (one, zero) = (V::splat(isa, 1.0), V::splat(isa, 0.0));
        let u = d / V::splat(isa, self.reach);
        let square = u * u;
        let w = one - square;
        let fourth = (w * w) * (w * w);
        let counts = u.abs().lt(one);
        let slope = w * (one - V::splat(isa, 5.0) * square);
        [V::select(counts, (d * d) * fourth, zero), V::select(counts, slope, zero)]
    }
}
