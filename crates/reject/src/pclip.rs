//! pclip: IRAF's percentile clip, a width from one order statistic (algorithms.md section 5.8).

use crate::{Convention, RejectError};

/// Whose arithmetic is meant where IRAF and imcombiners differ in the last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PClipRule {
    /// The median is a value of the working type (C2), and restoring looks no further up than rank 1 + ⌊n₀/2⌋ for equal
    /// residuals.
    Iraf,
    /// The median of an even count stays in f64, and restoring looks at all ranks.
    Imcombiners,
}

/// Takes the distance from the median to one other rank as the width σ, and drops what is `lsigma` below or `hsigma`
/// above, **or more**. One pass: nothing is computed again from the survivors.
///
/// Missing samples are ignored, except that a fraction is one of half of **all** frames; equal values share their fate,
/// except where `nkeep` or `maxrej` bring some of them back. With fewer than three samples, and where σ is 0, nothing is
/// rejected. The cost is that of a sort of the column.
///
/// ```
/// use skystack_reject::PClip;
/// let clip = PClip::iraf().pclip(0.25).lsigma(2.0);
/// // A quarter of the way from the median of 12 frames up: one rank above it.
/// assert_eq!(clip.ranks_from_median(12), 1);
/// assert_eq!(PClip::iraf().ranks_from_median(12), -3);
/// assert!(PClip::iraf().pclip(0.0).validate().is_err());
/// ```
///
/// # References
/// IRAF `imcombine` help (Valdes), "pclip"; algorithms.md section 5.8.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PClip {
    /// Which rank gives the width: a number of ranks from the median, or below 1 a fraction of half of the frames; negative:
    /// below the median. Not 0.
    pub pclip: f64,
    /// Low clipping factor (σ), above zero; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise.
    pub hsigma: f64,
    /// Least number of samples kept; the least deviant come back.
    pub nkeep: u32,
    /// Most samples rejected, likewise.
    pub maxrej: Option<u32>,
    /// Details of the arithmetic.
    pub rule: PClipRule,
}

impl PClip {
    /// IRAF `imcombine`: the width is that of the sample half way between the median and the lowest one.
    pub const fn iraf() -> Self {
        Self { pclip: -0.5, lsigma: 3.0, hsigma: 3.0, nkeep: 1, maxrej: None, rule: PClipRule::Iraf }
    }

    /// imcombiners 0.1: the same ranks.
    pub const fn imcombiners() -> Self {
        Self { rule: PClipRule::Imcombiners, ..Self::iraf() }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Iraf => Ok(Self::iraf()),
            Convention::Imcombiners => Ok(Self::imcombiners()),
            _ => Err(RejectError::NotDefined {
                rejection: "pclip",
                convention,
                instead: "iraf and imcombiners define it; a fraction of the median is percentile",
            }),
        }
    }

    /// Which rank gives the width.
    pub const fn pclip(mut self, pclip: f64) -> Self {
        self.pclip = pclip;
        self
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

    /// Least number of samples kept.
    pub const fn nkeep(mut self, nkeep: u32) -> Self {
        self.nkeep = nkeep;
        self
    }

    /// Most samples rejected (IRAF: a negative `nkeep`).
    pub const fn maxrej(mut self, maxrej: u32) -> Self {
        self.maxrej = Some(maxrej);
        self
    }

    /// Details of the arithmetic.
    pub const fn rule(mut self, rule: PClipRule) -> Self {
        self.rule = rule;
        self
    }

    /// `pclip` in ranks for a stack of `frames` frames: not 0, and at most half of them.
    pub fn ranks_from_median(&self, frames: usize) -> i64 {
        let half = (frames / 2) as i64;
        // Saturates for an infinite or enormous number of ranks.
        let ranks = if self.pclip.abs() < 1.0 { self.pclip * half as f64 } else { self.pclip } as i64;
        if self.pclip < 0.0 { ranks.max(-half).min(-1) } else { ranks.min(half).max(1) }
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a `pclip` that is 0 or NaN, and for a factor that is not above zero.
    pub fn validate(&self) -> Result<(), RejectError> {
        let wrong = |parameter, found, needed| Err(RejectError::Parameter { parameter, found, needed });
        if self.pclip == 0.0 || self.pclip.is_nan() {
            return wrong(
                "pclip",
                self.pclip,
                "a number of ranks or a fraction of half of the frames, not 0",
            );
        }
        for (parameter, found) in [("lsigma", self.lsigma), ("hsigma", self.hsigma)] {
            // Inclusive: with a factor of 0 the centre itself would go.
            if found.is_nan() || found <= 0.0 {
                return wrong(parameter, found, "a number above zero (inf switches the side off)");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined: Vec<_> = Convention::ALL.iter().filter(|c| PClip::convention(**c).is_ok()).collect();
        assert_eq!(defined, [&Convention::Iraf, &Convention::Imcombiners]);
    }

    /// Fractions are of half of the frames, truncated; counts are truncated; neither reaches 0 nor beyond the ends.
    #[test]
    fn ranks_are_clamped_to_the_column() {
        let table = [
            (-0.5, 9, -2),
            (0.5, 9, 2),
            (-0.5, 3, -1),
            (0.1, 9, 1),
            (-0.99, 101, -49),
            (-2.0, 12, -2),
            (2.7, 12, 2),
            (-2.7, 12, -2),
            (40.0, 12, 6),
            (-40.0, 12, -6),
            (f64::INFINITY, 12, 6),
            (-1.0, 1, -1),
        ];
        for (pclip, frames, ranks) in table {
            assert_eq!(PClip::iraf().pclip(pclip).ranks_from_median(frames), ranks, "{pclip} of {frames}");
        }
    }

    #[test]
    fn a_rank_and_positive_factors_are_needed() {
        let message = |clip: PClip| clip.validate().unwrap_err().to_string();
        assert!(message(PClip::iraf().pclip(0.0)).starts_with("pclip is 0"));
        assert!(message(PClip::iraf().pclip(f64::NAN)).starts_with("pclip is NaN"));
        assert!(message(PClip::iraf().lsigma(0.0)).starts_with("lsigma is 0"));
        assert!(message(PClip::iraf().hsigma(f64::NAN)).starts_with("hsigma is NaN"));
        assert!(PClip::iraf().hsigma(f64::INFINITY).validate().is_ok());
    }
}
