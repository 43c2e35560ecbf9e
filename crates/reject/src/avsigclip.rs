//! avsigclip: sigma clipping with one noise constant for many pixels (algorithms.md section 5.5).

use crate::error::{check_factor, check_sigscale};
use crate::{Center, Convention, RejectError};

/// The pixels whose scatter is pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Those of one output row (IRAF).
    Row,
    /// Each pixel alone (PixInsight).
    Pixel,
}

/// Sigma clipping for few frames: the scatter grows as the square root of the level, and its constant S² is the same for
/// every pixel of an output row.
///
/// V = S²·max(1, c), in units of the samples: levels must be well above 1.
///
/// ```
/// use skystack_reject::{AvSigClip, Convention, Pool};
/// let clip = AvSigClip::iraf().lsigma(1.5).nkeep(2);
/// assert_eq!((clip.pool, clip.hsigma, clip.nkeep), (Pool::Row, 3.0, 2));
/// assert_eq!(AvSigClip::convention(Convention::Pixinsight)?.pool, Pool::Pixel);
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # References
/// IRAF `imcombine` help, "avsigclip"; PixInsight "averaged sigma clipping".
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AvSigClip {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise.
    pub hsigma: f64,
    /// Median or mean. The first mean, and that of the pooled scatter, leaves out rank 1 and rank n.
    pub center: Center,
    /// Whose scatter is pooled.
    pub pool: Pool,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected.
    pub maxrej: Option<u32>,
    /// Scales that are further than this from 1 correct the noise of their frames; 0 = never (algorithms.md 5.0.5).
    pub sigscale: f64,
}

impl AvSigClip {
    /// Fewest samples of a pixel that is clipped, or whose scatter counts (MINCLIP).
    pub const MINCLIP: u32 = 3;

    /// IRAF `imcombine`: pooled over the row, median centre, 3σ.
    pub const fn iraf() -> Self {
        Self {
            lsigma: 3.0,
            hsigma: 3.0,
            center: Center::Median,
            pool: Pool::Row,
            nkeep: 1,
            maxrej: None,
            sigscale: 0.1,
        }
    }

    /// PixInsight "averaged sigma clipping": each pixel alone, 4σ low, 3σ high, no floor.
    pub const fn pixinsight() -> Self {
        Self { lsigma: 4.0, pool: Pool::Pixel, nkeep: 0, sigscale: 0.0, ..Self::iraf() }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Iraf => Ok(Self::iraf()),
            Convention::Pixinsight => Ok(Self::pixinsight()),
            _ => Err(RejectError::NotDefined {
                rejection: "avsigclip",
                convention,
                instead: "iraf and pixinsight define it",
            }),
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

    /// Median or mean.
    #[doc(alias = "mclip")]
    pub const fn center(mut self, center: Center) -> Self {
        self.center = center;
        self
    }

    /// Whose scatter is pooled.
    pub const fn pool(mut self, pool: Pool) -> Self {
        self.pool = pool;
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

    /// Scales that are further than this from 1 correct the noise of their frames; 0 = never.
    pub const fn sigscale(mut self, sigscale: f64) -> Self {
        self.sigscale = sigscale;
        self
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor or `sigscale`, [`RejectError::Center`] for a centre other than
    /// median and mean.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)?;
        check_sigscale(self.sigscale)?;
        if self.center == Center::Lmedian {
            return Err(RejectError::Center { rejection: "avsigclip", found: self.center });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_conventions_define_it() {
        let defined = |c: &&Convention| AvSigClip::convention(**c).is_ok();
        let names: Vec<_> = Convention::ALL.iter().filter(defined).map(|c| c.name()).collect();
        assert_eq!(names, ["iraf", "pixinsight"]);
        let pixinsight = AvSigClip::pixinsight();
        assert_eq!((pixinsight.lsigma, pixinsight.hsigma, pixinsight.nkeep), (4.0, 3.0, 0));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        assert!(AvSigClip::iraf().lsigma(f64::INFINITY).validate().is_ok());
        assert!(AvSigClip::iraf().lsigma(-1.0).validate().is_err());
        assert!(AvSigClip::iraf().sigscale(-0.1).validate().is_err());
        assert!(AvSigClip::iraf().sigscale(f64::INFINITY).validate().is_err());
        assert!(AvSigClip::iraf().center(Center::Lmedian).validate().is_err());
    }
}
