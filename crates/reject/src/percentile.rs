//! percentile: reject what is further from the median than a fraction of it (algorithms.md section 5.9).

use skystack_simd::{Element, Vector};
use skystack_stats::lane::{self, Window, constants};

use crate::builders::builders;
use crate::error::check_factor;
use crate::one_pass::{self, OnePass};
use crate::prepared::Algorithm;
use crate::sigclip::ends::{Limit, Verdict};
use crate::{Columns, Convention, Kept, RejectError, floor};

/// Fewest samples that are looked at.
const MINCLIP: usize = 2;

/// Drops what is more than `plow`·|c| below or `phigh`·|c| above the median c: for very few frames, whose own scatter says
/// little. One pass.
///
/// Only meaningful where the background is well above zero; c = 0 keeps everything. **Not** IRAF's `pclip`, see
/// [`PClip`](crate::PClip).
///
/// Missing samples are ignored; equal values share their fate; the test is strict, and with fewer than two samples nothing
/// is rejected. The cost is that of a sort of the column.
///
/// ```
/// use skystack_reject::{Convention, Percentile};
/// let clip = Percentile::convention(Convention::Pixinsight)?.plow(0.3);
/// assert_eq!((clip.plow, clip.phigh), (0.3, 0.1));
/// assert!(Percentile::new(-0.1, 0.1).validate().is_err());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// Siril and PixInsight manuals, "percentile clipping"; algorithms.md section 5.9.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Percentile {
    /// Fraction of |median| that a kept sample may be below it: zero or more; infinity switches the side off.
    pub plow: f64,
    /// Fraction of |median| that a kept sample may be above it, likewise.
    pub phigh: f64,
    /// Least number of samples kept; the least deviant come back.
    pub nkeep: u32,
    /// Most samples rejected, likewise.
    pub maxrej: Option<u32>,
}

impl Percentile {
    /// Both fractions, and no floor on the number of samples.
    pub const fn new(plow: f64, phigh: f64) -> Self {
        Self { plow, phigh, nkeep: 0, maxrej: None }
    }

    /// The row of `convention` in algorithms.md section 4.2: 0.2 low, 0.1 high.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Siril | Convention::Pixinsight => Ok(Self::new(0.2, 0.1)),
            _ => Err(RejectError::NotDefined {
                rejection: "percentile",
                convention,
                instead: "siril and pixinsight define it; IRAF's percentile clip is pclip",
            }),
        }
    }

    /// Fraction of |median| that a kept sample may be below it.
    pub const fn plow(mut self, plow: f64) -> Self {
        self.plow = plow;
        self
    }

    /// Fraction of |median| that a kept sample may be above it.
    pub const fn phigh(mut self, phigh: f64) -> Self {
        self.phigh = phigh;
        self
    }

    builders!(nkeep maxrej);

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN fraction.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("plow", self.plow)?;
        check_factor("phigh", self.phigh)
    }
}

impl Algorithm for Percentile {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let (zero, _) = constants::<V>(isa);
        let valid = columns.sort(isa);
        let kept = floor::kept_at_least(isa, self.nkeep, self.maxrej, valid);
        let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        let center = lane::median(isa, columns.ranks(), &window);
        let active = floor::minimum(isa, MINCLIP, kept).le(valid) & !center.eq(zero);
        let center = center.widen();
        let size = center.abs();
        let low = size * V::Wide::splat(isa, self.plow);
        let high = size * V::Wide::splat(isa, self.phigh);
        let test: Test<V> = Test { center, low, high };
        one_pass::keep(isa, columns, valid, &test, active, kept)
    }
}

/// Distances from the centre above which a sample goes.
struct Test<V: Vector> {
    center: V::Wide,
    low: V::Wide,
    high: V::Wide,
}

impl<V: Vector> Limit<V> for Test<V> {
    #[inline(always)]
    fn low(&self, y: V) -> Verdict<V> {
        Verdict::of(V::narrow_mask(self.low.lt(self.center - y.widen())))
    }
    #[inline(always)]
    fn high(&self, y: V) -> Verdict<V> {
        Verdict::of(V::narrow_mask(self.high.lt(y.widen() - self.center)))
    }
}

impl<V: Vector> OnePass<V> for Test<V> {
    #[inline(always)]
    fn residual(&self, lane: usize, y: V::Element) -> f64 {
        let center = self.center.lanes()[lane];
        (y.widen() - center).abs() / center.abs()
    }
    #[inline(always)]
    fn guard(&self, valid: usize) -> usize {
        valid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined: Vec<_> =
            Convention::ALL.iter().filter(|c| Percentile::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Convention::Siril, &Convention::Pixinsight]);
    }

    #[test]
    fn fractions_are_zero_or_more() {
        assert!(Percentile::new(0.0, f64::INFINITY).validate().is_ok());
        assert!(Percentile::new(0.1, -0.1).validate().unwrap_err().to_string().starts_with("phigh is -0.1"));
        assert!(Percentile::new(f64::NAN, 0.1).validate().is_err());
    }
}
