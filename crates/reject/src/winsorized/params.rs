//! Parameters of winsorized, and the conventions that name them (algorithms.md sections 4.2 and 5.11).

use crate::builders::builders;
use crate::error::check_factor;
use crate::{Convention, RejectError};

/// Whose winsorising is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WinsorizedRule {
    /// About the median, which stays; the scatter starts as the standard deviation. Four samples and more.
    Median,
    /// About a mean that moves with the winsorised values; the scatter starts as 1.1926·Sₙ. Three samples and more.
    MovingMean {
        /// In the first pass values further than this many σ from the median are replaced by it before they are
        /// winsorised: zero or more, infinity for none.
        cutoff: f64,
    },
}

/// Drops what is more than `lsigma` below or `hsigma` above the centre, in units of a scatter that is estimated from values
/// which were pulled in to 1.5 of it, round after round until it stands still; then again from the survivors.
///
/// Nothing limits how much is rejected but the least number of samples that a pass needs. Missing samples are ignored; the
/// test is strict; equal values share their fate; a scatter of 0 ends the clipping.
///
/// ```
/// use skystack_reject::{Convention, Winsorized, WinsorizedRule};
/// let pixinsight = Winsorized::convention(Convention::Pixinsight)?;
/// assert_eq!(pixinsight.rule, WinsorizedRule::MovingMean { cutoff: 5.0 });
/// assert_eq!(Winsorized::convention(Convention::Siril)?, Winsorized::textbook());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// Huber & Ronchetti 2009, *Robust Statistics*, 2nd ed., for winsorising; Siril and PixInsight manuals; algorithms.md
/// section 5.11.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Winsorized {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise.
    pub hsigma: f64,
    /// Centre and start of the scatter.
    pub rule: WinsorizedRule,
}

impl Winsorized {
    /// Siril, nightlight and the textbook: about the median.
    pub const fn textbook() -> Self {
        Self { lsigma: 3.0, hsigma: 3.0, rule: WinsorizedRule::Median }
    }

    /// PixInsight: about a moving mean, outliers beyond 5σ replaced at first.
    pub const fn pixinsight() -> Self {
        Self { rule: WinsorizedRule::MovingMean { cutoff: 5.0 }, ..Self::textbook() }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Siril | Convention::Nightlight | Convention::Textbook => Ok(Self::textbook()),
            Convention::Pixinsight => Ok(Self::pixinsight()),
            _ => Err(RejectError::NotDefined {
                rejection: "winsorized",
                convention,
                instead: "siril, nightlight, textbook and pixinsight define it",
            }),
        }
    }

    builders!(lsigma hsigma);

    /// Centre and start of the scatter.
    pub const fn rule(mut self, rule: WinsorizedRule) -> Self {
        self.rule = rule;
        self
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor or cutoff.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)?;
        match self.rule {
            WinsorizedRule::Median => Ok(()),
            WinsorizedRule::MovingMean { cutoff } => check_factor("cutoff", cutoff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_conventions_define_it() {
        use Convention::{Nightlight, Pixinsight, Siril, Textbook};
        let defined: Vec<_> =
            Convention::ALL.iter().filter(|c| Winsorized::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Siril, &Nightlight, &Pixinsight, &Textbook]);
    }

    #[test]
    fn factors_and_cutoff_are_zero_or_more() {
        let cutoff = |cutoff| Winsorized::textbook().rule(WinsorizedRule::MovingMean { cutoff }).validate();
        assert!(cutoff(f64::INFINITY).is_ok() && cutoff(0.0).is_ok());
        assert!(cutoff(-1.0).unwrap_err().to_string().starts_with("cutoff is -1"));
        assert!(Winsorized::textbook().hsigma(f64::NAN).validate().is_err());
    }
}
