//! Parameters of gesd, and the conventions that name them (algorithms.md sections 4.2 and 5.13).

use crate::builders::builders;
use crate::{Convention, RejectError};

/// Below, squares of quantiles overflow.
const LEAST_ALPHA: f64 = 1e-100;

/// How many outliers a column is searched for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxOutliers {
    /// This fraction of the valid samples, rounded down, but at least one: above 0 and at most 1.
    Fraction(f64),
    /// This many, one or more.
    Count(u32),
}

/// Generalized extreme Studentized deviate: finds up to r outliers at the significance level `alpha`, of either side.
///
/// The most extreme sample is taken away r times, and each time its distance from the mean, in standard deviations, is
/// compared with a critical value λ. The last time that it was above decides: everything taken away until then is an outlier.
/// So outliers that hide each other at first are found.
///
/// Missing samples are ignored; r is at most n₀ − 2, and with fewer than three samples nothing is rejected. Equal values are
/// split by frame. On Gaussian data some sample of a pixel is rejected with a probability of about `alpha`; the critical values
/// are approximate below 15 samples.
///
/// The critical values are worked out once for a stack: the time for that rises with the number of frames, not with the
/// pixels. A pixel costs r means and standard deviations.
///
/// ```
/// use skystack_reject::{Gesd, MaxOutliers};
/// let gesd = Gesd::textbook().alpha(0.01).outliers(MaxOutliers::Fraction(0.2));
/// assert_eq!((gesd.most_outliers(31), gesd.most_outliers(3), gesd.most_outliers(2)), (6, 1, 0));
/// assert!(Gesd::textbook().alpha(0.0).validate().is_err());
/// ```
///
/// # References
/// Rosner 1983, Technometrics 25, 165; NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.17.3; algorithms.md section 5.13.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Gesd {
    /// Significance level, below 1; 1e-100 or more.
    pub alpha: f64,
    /// How many outliers are searched for, r.
    pub outliers: MaxOutliers,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected.
    pub maxrej: Option<u32>,
}

impl Gesd {
    /// Rosner's test: up to 0.3 of the samples, level 0.05, no floor.
    pub const fn textbook() -> Self {
        Self { alpha: 0.05, outliers: MaxOutliers::Fraction(0.3), nkeep: 0, maxrej: None }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair: PixInsight's test of this name is another one.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        let instead = match convention {
            Convention::Siril | Convention::Textbook => return Ok(Self::textbook()),
            Convention::Pixinsight => {
                "its variant (trimmed centre, first failure ends) is not offered; siril and textbook are"
            }
            _ => "siril and textbook define it",
        };
        Err(RejectError::NotDefined { rejection: "gesd", convention, instead })
    }

    /// Significance level.
    pub const fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// How many outliers are searched for.
    pub const fn outliers(mut self, outliers: MaxOutliers) -> Self {
        self.outliers = outliers;
        self
    }

    builders!(nkeep maxrej);

    /// r of a pixel with `valid` samples: how many times the extreme is taken away.
    pub fn most_outliers(&self, valid: usize) -> usize {
        let asked = match self.outliers {
            // A fraction of a whole number that is meant to be whole, 0.3 of 10, may be a little below it.
            MaxOutliers::Fraction(fraction) => ((fraction * valid as f64 + 1e-9) as usize).max(1),
            MaxOutliers::Count(count) => count as usize,
        };
        asked.min(valid.saturating_sub(2))
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a level outside 1e-100..1, a fraction outside (0, 1], or a count of 0.
    pub fn validate(&self) -> Result<(), RejectError> {
        let wrong = |parameter, found, needed| Err(RejectError::Parameter { parameter, found, needed });
        if !(self.alpha >= LEAST_ALPHA && self.alpha < 1.0) {
            return wrong("alpha", self.alpha, "a level below 1, and 1e-100 or more");
        }
        match self.outliers {
            MaxOutliers::Fraction(found) if !(found > 0.0 && found <= 1.0) => {
                wrong("max-outliers", found, "a fraction above 0 and at most 1, or a count")
            }
            MaxOutliers::Count(0) => wrong("max-outliers", 0.0, "one or more, or a fraction"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined: Vec<_> = Convention::ALL.iter().filter(|c| Gesd::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Convention::Siril, &Convention::Textbook]);
        let message = Gesd::convention(Convention::Pixinsight).unwrap_err().to_string();
        assert!(message.contains("first failure"), "{message}");
    }

    /// 0.3 of 10 is 3 although 0.3·10 may not be; two samples are always left.
    #[test]
    fn the_number_of_outliers_follows_the_samples() {
        let of = |outliers, valid| Gesd::textbook().outliers(outliers).most_outliers(valid);
        let fraction: Vec<usize> = (0..11).map(|valid| of(MaxOutliers::Fraction(0.3), valid)).collect();
        assert_eq!(fraction, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]);
        assert_eq!(of(MaxOutliers::Fraction(1.0), 9), 7);
        assert_eq!((of(MaxOutliers::Count(10), 54), of(MaxOutliers::Count(10), 7)), (10, 5));
    }

    #[test]
    fn levels_fractions_and_counts_have_ranges() {
        for alpha in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(Gesd::textbook().alpha(alpha).validate().is_err(), "{alpha}");
        }
        for outliers in [0.0, 1.01, f64::NAN].map(MaxOutliers::Fraction) {
            assert!(Gesd::textbook().outliers(outliers).validate().is_err(), "{outliers:?}");
        }
        assert!(Gesd::textbook().outliers(MaxOutliers::Count(0)).validate().is_err());
        assert!(Gesd::textbook().outliers(MaxOutliers::Fraction(1.0)).validate().is_ok());
    }
}
