//! Parameters of linearfit, and the conventions that name them (algorithms.md sections 4.2 and 5.12).

use crate::builders::builders;
use crate::error::check_factor;
use crate::{Convention, RejectError};

/// How the line is fitted, and what a residual is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFit {
    /// Least squares; residuals in units of their mean absolute value. A sample exactly at the factor is kept. Four samples
    /// and more.
    LeastSquares,
    /// The line through two of the points with the least sum of absolute residuals (PixInsight); the unit is twice their mean
    /// times √(1 + slope²), which **depends on the units of the data**. A sample exactly at the factor goes. Five samples and
    /// more.
    ///
    /// Every pair of points is a candidate: the cost rises with the cube of the number of frames.
    LeastAbsolute,
}

/// Fits a line to the samples of a pixel as a function of their rank, drops what is further from it than `lsigma` or
/// `hsigma` mean residuals, and fits again until nothing drops.
///
/// For pixels whose level drifts from frame to frame (a rising sky, clouds): the drift is part of the line, and is not taken
/// for scatter. The kept samples need not be a run of ranks: one in the middle may be dropped.
///
/// Missing samples are ignored. Equal values have different ranks, by frame, and need not share their fate. A line without
/// residuals rejects nothing.
///
/// ```
/// use skystack_reject::{Convention, LineFit, LinearFit};
/// let pixinsight = LinearFit::convention(Convention::Pixinsight)?;
/// assert_eq!((pixinsight.lsigma, pixinsight.fit), (5.0, LineFit::LeastAbsolute));
/// assert_eq!(LinearFit::convention(Convention::Siril)?, LinearFit::textbook());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// PixInsight reference documentation, ImageIntegration, "linear fit clipping" (J. Conejero); algorithms.md section 5.12.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LinearFit {
    /// Low factor (mean residuals), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High factor (mean residuals), likewise.
    pub hsigma: f64,
    /// How the line is fitted.
    pub fit: LineFit,
    /// Least number of samples kept; the least deviant of the last pass come back.
    pub nkeep: u32,
    /// Most samples rejected, likewise.
    pub maxrej: Option<u32>,
}

impl LinearFit {
    /// Siril, nightlight and the textbook: least squares, fitted to the survivors in each pass, no floor.
    pub const fn textbook() -> Self {
        Self { lsigma: 3.0, hsigma: 3.0, fit: LineFit::LeastSquares, nkeep: 0, maxrej: None }
    }

    /// PixInsight: least absolute residuals, 5 low, 4 high, no floor.
    pub const fn pixinsight() -> Self {
        Self { lsigma: 5.0, hsigma: 4.0, fit: LineFit::LeastAbsolute, ..Self::textbook() }
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
                rejection: "linearfit",
                convention,
                instead: "siril, nightlight, textbook and pixinsight define it",
            }),
        }
    }

    builders!(lsigma hsigma nkeep maxrej);

    /// How the line is fitted.
    pub const fn fit(mut self, fit: LineFit) -> Self {
        self.fit = fit;
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
    fn four_conventions_define_it() {
        use Convention::{Nightlight, Pixinsight, Siril, Textbook};
        let defined: Vec<_> = Convention::ALL.iter().filter(|c| LinearFit::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Siril, &Nightlight, &Pixinsight, &Textbook]);
    }

    #[test]
    fn factors_are_zero_or_more() {
        assert!(LinearFit::textbook().lsigma(0.0).hsigma(f64::INFINITY).validate().is_ok());
        assert!(LinearFit::pixinsight().lsigma(-1.0).validate().is_err());
        assert!(LinearFit::textbook().hsigma(f64::NAN).validate().is_err());
    }
}
