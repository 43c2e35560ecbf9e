//! extrema: drop fixed counts however many samples are missing (algorithms.md section 5.3).

use crate::{Convention, RejectError};

/// Drops the `nlow` lowest and `nhigh` highest samples of every pixel, but never below `nkeep`.
///
/// ```
/// use skystack_reject::Extrema;
/// // Six of nine samples are valid; ccdproc counts the missing ones as high.
/// assert_eq!(Extrema::new(1, 2).at(6, 9), (1, 2));
/// assert_eq!(Extrema { count_missing_high: true, ..Extrema::new(1, 2) }.at(6, 9), (1, 0));
/// ```
///
/// Missing samples have no rank; equal values go by frame, at the low end the earliest first. The cost is that of a sort of the column.
///
/// # References
/// ccdproc `clip_extrema`; ESO HDRL min-max; PixInsight "min/max".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extrema {
    /// Samples dropped at the low end.
    pub nlow: u32,
    /// Samples dropped at the high end.
    pub nhigh: u32,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected.
    pub maxrej: Option<u32>,
    /// ccdproc's documented counting: each missing sample stands for one of `nhigh`.
    pub count_missing_high: bool,
}

impl Extrema {
    /// Fixed counts, but at least one sample is kept.
    pub const fn new(nlow: u32, nhigh: u32) -> Self {
        Self { nlow, nhigh, nkeep: 1, maxrej: None, count_missing_high: false }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Ccdproc => Ok(Self { count_missing_high: true, ..Self::new(0, 0) }),
            Convention::Hdrl | Convention::Pixinsight => Ok(Self::new(1, 1)),
            _ => Err(RejectError::NotDefined {
                rejection: "extrema",
                convention,
                instead: "ccdproc, hdrl and pixinsight define it",
            }),
        }
    }

    /// Samples dropped at the low and at the high end of a pixel with `valid` of `frames` samples.
    pub fn at(&self, valid: usize, frames: usize) -> (usize, usize) {
        let keep = crate::kept_at_least(self.nkeep, self.maxrej, valid);
        let missing = if self.count_missing_high { frames - valid } else { 0 };
        let high = (self.nhigh as usize).saturating_sub(missing).min(valid - keep);
        let low = (self.nlow as usize).min(valid - keep - high);
        (low, high)
    }
}
