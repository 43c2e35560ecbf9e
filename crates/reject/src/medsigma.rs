//! medsigma: replace outliers by the median, so that every pixel keeps all its samples (algorithms.md section 5.10).

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, All, Bounds, Members, Window, constants, number};

use crate::builders::builders;
use crate::error::check_factor;
use crate::prepared::Algorithm;
use crate::sigclip::Test;
use crate::variance::{self, Degrees};
use crate::{About, Columns, Convention, Kept, RejectError};

/// Replaces what is more than `lsigma` below or `hsigma` above the centre by the median, in units of the pixel's own
/// scatter about its mean, until a pass replaces nothing.
///
/// Values are replaced in place: later passes take their median and scatter from samples and replacements together. The
/// pixel is the mean of all of them, so **only an average** can be taken. A replaced sample counts as rejected: it is in no
/// mask, count or scatter as used, though its replacement stands in the mean.
///
/// Missing samples are ignored and not replaced; the test is strict, and a sample that is equal to the median is never
/// touched. A pass needs more than `ddof` samples and a scatter above zero.
///
/// ```
/// use skystack_reject::{Convention, MedSigma};
/// let dss = MedSigma::convention(Convention::Dss)?;
/// assert_eq!((dss.lsigma, dss.ddof, dss.maxiters), (2.0, 0, 5));
/// assert!(MedSigma::convention(Convention::Iraf).is_err());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// Siril and DeepSkyStacker manuals, "median sigma" and "median kappa-sigma clipping"; algorithms.md section 5.10.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MedSigma {
    /// Low factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High factor (σ), likewise.
    pub hsigma: f64,
    /// What the distance of a sample is measured from: [`About::Center`] is the median, which also replaces;
    /// [`About::Mean`] the mean, rounded to the working type. The scatter is about the mean in both.
    pub about: About,
    /// Denominator n − ddof of the variance.
    pub ddof: u32,
    /// Most passes.
    pub maxiters: u32,
}

impl MedSigma {
    /// Siril "median": distances from the median, scatter with n − 1, at most 100 passes.
    pub const fn siril() -> Self {
        Self { lsigma: 3.0, hsigma: 3.0, about: About::Center, ddof: 1, maxiters: 100 }
    }

    /// DeepSkyStacker "median kappa-sigma": distances from the mean, scatter with n, 2σ, five passes.
    pub const fn dss() -> Self {
        Self { lsigma: 2.0, hsigma: 2.0, about: About::Mean, ddof: 0, maxiters: 5 }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Siril => Ok(Self::siril()),
            Convention::Dss => Ok(Self::dss()),
            _ => Err(RejectError::NotDefined {
                rejection: "medsigma",
                convention,
                instead: "siril and dss define it",
            }),
        }
    }

    builders!(lsigma hsigma);

    /// What the distance of a sample is measured from.
    pub const fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Denominator n − ddof of the variance.
    pub const fn ddof(mut self, ddof: u32) -> Self {
        self.ddof = ddof;
        self
    }

    /// Most passes.
    pub const fn maxiters(mut self, maxiters: u32) -> Self {
        self.maxiters = maxiters;
        self
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)
    }
}

impl Algorithm for MedSigma {
    /// The current values are in [`Columns::padded`], missing samples as infinities; what was replaced is NaN among the samples.
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let (zero, one) = constants::<V>(isa);
        let valid = columns.count_valid(isa);
        let infinity = V::splat(isa, V::Element::INFINITY);
        for (to, y) in columns.padded.iter_mut().zip(columns.samples.iter()) {
            *to = V::select(y.eq(*y), *y, infinity);
        }
        let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        let mut active = number::<V>(isa, self.ddof as usize).lt(valid) & zero.lt(valid);
        let mut rejected = zero;
        for _ in 0..self.maxiters {
            if !active.any() {
                break;
            }
            lane::sort(isa, columns.padded, columns.sorted);
            let median = lane::median(isa, columns.sorted, &window);
            let (test, usable) = if columns.full {
                self.test(isa, columns.padded, All, valid, median)
            } else {
                self.test(isa, columns.padded, Columns::current_values(isa), valid, median)
            };
            // Where the ends stay, everything does.
            let ends = window.ends(isa, columns.sorted);
            active = active & usable & (test.low(ends.low) | test.high(ends.high));
            if !active.any() {
                break;
            }
            let mut replaced = zero.lt(zero);
            for frame in 0..columns.samples.len() {
                let y = columns.padded[frame];
                let touched = active & y.lt(infinity) & !y.eq(median);
                let (low, high) = (touched & test.low(y), touched & test.high(y));
                replaced = replaced | low | high;
                let untouched = columns.samples[frame].lt(infinity);
                rejected = rejected + V::select((low | high) & untouched, one, zero);
                // The first pass that replaces a sample is the one that rejects it.
                columns.drop_sample(isa, frame, low & untouched, high & untouched);
                columns.padded[frame] = V::select(low | high, median, y);
            }
            active = active & replaced;
        }
        let all = columns.full && !zero.lt(rejected).any();
        Kept { bounds: Bounds::everything(isa), count: valid - rejected, valid, window: None, all }
    }
}

impl MedSigma {
    /// F1 for the current values, and the lanes in which V is finite and not 0.
    #[inline(always)]
    fn test<V: Vector, M: Members<V>>(
        &self,
        isa: V::Isa,
        current: &[V],
        members: M,
        count: V,
        median: V,
    ) -> (Test<V>, V::Mask) {
        let degrees = Degrees::new(isa, count.widen(), self.ddof);
        let (center, variance) = match self.about {
            About::Center => (median, variance::by_median(isa, current, members, &degrees, median)),
            About::Mean => {
                let mean = lane::mean(isa, current, members, count);
                (V::narrow(mean), variance::by_mean(isa, current, members, &degrees, mean))
            }
        };
        let (zero, infinity) = (V::Wide::splat(isa, 0.0), V::Wide::splat(isa, f64::INFINITY));
        let usable = V::narrow_mask(zero.lt(variance) & variance.lt(infinity));
        (Test::about(isa, [self.lsigma, self.hsigma], center.widen(), variance), usable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined: Vec<_> = Convention::ALL.iter().filter(|c| MedSigma::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Convention::Siril, &Convention::Dss]);
    }

    #[test]
    fn factors_are_zero_or_more() {
        assert!(MedSigma::siril().lsigma(0.0).hsigma(f64::INFINITY).validate().is_ok());
        assert!(MedSigma::siril().lsigma(-1.0).validate().is_err());
        assert!(MedSigma::dss().hsigma(f64::NAN).validate().is_err());
    }
}
