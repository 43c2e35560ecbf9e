//! meanclip: LSST's clipped mean (algorithms.md section 5.14).

use crate::error::check_factor;
use crate::{Convention, RejectError};

/// A fixed number of rounds of clipping, each of which tests every sample that was there at the beginning: the first about
/// the median with the interquartile range, the others about the mean with the deviation of what the round before kept.
///
/// Where frames have weights, means and deviations are weighted.
///
/// ```
/// use skystack_reject::{Convention, MeanClip};
/// let clip = MeanClip::convention(Convention::Lsst)?;
/// assert_eq!((clip.lsigma, clip.hsigma, clip.rounds), (3.0, 3.0, 3));
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// LSST `afw` statistics, MEANCLIP.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MeanClip {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise. LSST has one factor for both sides.
    pub hsigma: f64,
    /// Number of rounds, the first one included.
    pub rounds: u32,
}

impl MeanClip {
    /// LSST: three rounds at 3σ.
    pub const fn lsst() -> Self {
        Self { lsigma: 3.0, hsigma: 3.0, rounds: 3 }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Lsst => Ok(Self::lsst()),
            _ => {
                Err(RejectError::NotDefined { rejection: "meanclip", convention, instead: "lsst defines it" })
            }
        }
    }

    /// Low clipping factor (σ).
    pub const fn lsigma(mut self, lsigma: f64) -> Self {
        self.lsigma = lsigma;
        self
    }

    /// High clipping factor (σ).
    pub const fn hsigma(mut self, hsigma: f64) -> Self {
        self.hsigma = hsigma;
        self
    }

    /// Number of rounds, the first one included.
    #[doc(alias = "numIter")]
    pub const fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lsst_defines_it() {
        let defined = |c: &&Convention| MeanClip::convention(**c).is_ok();
        assert_eq!(Convention::ALL.iter().filter(defined).collect::<Vec<_>>(), [&Convention::Lsst]);
        assert!(MeanClip::lsst().hsigma(-1.0).validate().is_err());
    }
}
