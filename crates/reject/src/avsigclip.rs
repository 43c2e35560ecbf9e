//! avsigclip: sigma clipping with one noise constant for many pixels (algorithms.md section 5.5).
//!
//! ```text
//! of each pixel:  q = SUM((y − c)²)/max(1, c)         [`Prepared::scatter`](crate::Prepared::scatter)
//! of a row:       S² = SUM(q)/(M − 1)                 [`pooled`]
//! of each pixel:  sigclip with V = S²·max(1, c)
//! ```

use skystack_simd::Vector;
use skystack_stats::lane::{self, Bounds, Distances, SUM_CHUNK, Squares, Window, number};

use crate::builders::builders;
use crate::clipping::{Clip, CorrectedSquares, Widths};
use crate::error::{check_factor, check_sigscale};
use crate::noise::{FrameScale, at_least};
use crate::sigclip::{Survivors, trimmed_mean};
use crate::{
    About, Center, Columns, Convention, FrameFacts, RejectError, Restore, SigClip, Spread, Trim, ZeroSpread,
};

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
/// Missing samples are ignored. Equal values share their fate; `nkeep` and `maxrej` may bring some of them back. The cost is that of
/// two sorts of the column and a sum.
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

    builders!(lsigma hsigma center nkeep maxrej sigscale);

    /// Whose scatter is pooled.
    pub const fn pool(mut self, pool: Pool) -> Self {
        self.pool = pool;
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

/// S² of an output row from the scatter of its pixels ([`Prepared::scatter`](crate::Prepared::scatter)): SUM(q)/(M − 1) with
/// M the number of samples, 0 (no rejection in this row) where M ≤ 1.
///
/// # Shapes
/// `scatter[x]`: q and n of the pixel x, all pixels of the row. The order of the sum is that of E6: chunks of 64 by x.
///
/// ```
/// assert_eq!(skystack_reject::pooled(&[(1.25, 3.0), (0.0, 0.0), (1.0, 3.0)]), 2.25 / 5.0);
/// assert_eq!(skystack_reject::pooled(&[]), 0.0);
/// ```
pub fn pooled(scatter: &[(f64, f64)]) -> f64 {
    let chunk = |chunk: &[(f64, f64)]| chunk.iter().fold(0.0, |total, (q, _)| total + q);
    let total = scatter.chunks(SUM_CHUNK).map(chunk).fold(0.0, |total, chunk| total + chunk);
    // Whole numbers: exact in any order.
    let samples: f64 = scatter.iter().map(|(_, n)| n).sum();
    if samples <= 1.0 { 0.0 } else { total / (samples - 1.0) }
}

/// [`AvSigClip`] resolved for a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PooledClip {
    pool: Pool,
    limits: SigClip,
    /// Where scales are corrected for.
    corrected: Option<Clip>,
}

/// q and n of L pixels; both 0 for a pixel that does not take part.
#[derive(Debug, Clone, Copy)]
pub struct Scatter<V: Vector> {
    /// SUM((y − c)²) in units of the level.
    pub q: V::Wide,
    /// Number of samples.
    pub n: V,
}

impl<V: Vector> Scatter<V> {
    /// S² of each pixel alone.
    #[inline(always)]
    pub(crate) fn of_pixel(self, isa: V::Isa) -> V::Wide {
        self.q / (self.n.widen() - V::Wide::splat(isa, 1.0))
    }
}

impl PooledClip {
    pub(crate) fn new(rule: &AvSigClip, facts: &FrameFacts<'_>) -> Self {
        let limits = SigClip {
            lsigma: rule.lsigma,
            hsigma: rule.hsigma,
            center: rule.center,
            trim: Trim::First,
            spread: Spread::Std,
            about: About::Center,
            ddof: 0,
            maxiters: None,
            minclip: AvSigClip::MINCLIP,
            nkeep: rule.nkeep,
            maxrej: rule.maxrej,
            restore: Restore::Nearest,
            zero_spread: ZeroSpread::Stop,
            ..SigClip::iraf()
        };
        let scales = FrameScale::corrected(facts, rule.sigscale);
        let corrected = scales.map(|scales| Clip { limits, widths: Widths::Pooled(scales) });
        Self { pool: rule.pool, limits, corrected }
    }

    /// Does it want [`Columns::pooled`]?
    pub(crate) fn pools_rows(&self) -> bool {
        self.pool == Pool::Row
    }

    /// Limits of the passes.
    pub(crate) fn limits(&self) -> &SigClip {
        &self.limits
    }

    /// The clip by which scales are corrected for.
    pub(crate) fn corrected(&self) -> Option<&Clip> {
        self.corrected.as_ref()
    }

    /// Stage 1 of L columns.
    #[inline(always)]
    pub(crate) fn scatter<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Scatter<V> {
        let about_median = self.limits.center != Center::Mean;
        let n = if about_median { columns.sort(isa) } else { columns.count_valid(isa) };
        let window = Window::of_valid(isa, n, columns.samples.len(), columns.full);
        let bounds = Bounds::everything(isa);
        let center = if about_median {
            lane::median(isa, columns.ranks(), &window)
        } else {
            let survivors = Survivors { bounds, window, all: columns.full };
            let mean = survivors.mean(isa, columns.samples);
            trimmed_mean(isa, columns.samples, &survivors, mean)
        };
        let wide = center.widen();
        let q = match &self.corrected {
            None => {
                let [squares] =
                    lane::sum(isa, columns.samples, &Squares(Distances { members: bounds, center }));
                squares / at_least(isa, wide, 1.0)
            }
            Some(Clip { widths: Widths::Pooled(scales), .. }) => {
                let levels = &mut *columns.deviations;
                levels.iter_mut().zip(scales).for_each(|(to, scale)| *to = scale.level(isa, wide));
                let [q] = lane::sum(isa, columns.samples, &CorrectedSquares { center: wide, levels, isa });
                q
            }
            Some(_) => unreachable!("avsigclip corrects levels"),
        };
        let takes_part = number::<V>(isa, AvSigClip::MINCLIP as usize).le(n);
        let none = V::Wide::splat(isa, 0.0);
        Scatter {
            q: V::Wide::select(V::widen_mask(takes_part), q, none),
            n: V::select(takes_part, n, number(isa, 0)),
        }
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
