//! pclip: IRAF's percentile clip, a width from one order statistic (algorithms.md section 5.8).

use skystack_simd::{Element, Vector};
use skystack_stats::lane::{self, Window};

use crate::builders::builders;
use crate::one_pass::{self, OnePass};
use crate::prepared::Algorithm;
use crate::sigclip::ends::{Limit, Verdict};
use crate::{Columns, Convention, Kept, RejectError, floor};

/// Fewest samples that are looked at.
const MINCLIP: usize = 3;

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

    builders!(lsigma hsigma nkeep maxrej);

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

/// [`PClip`] resolved for a stack of N frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PClipTable {
    clip: PClip,
    /// Entry n₀: the 0-based rank that gives the width; 0 where nothing is looked at.
    rank: Vec<usize>,
}

impl PClipTable {
    pub(crate) fn new(clip: PClip, frames: usize) -> Self {
        let p = clip.ranks_from_median(frames);
        let rank = |valid: usize| {
            // 1-based: the upper of two middle values, from which a negative p counts from the lower one.
            let middle = 1 + (valid / 2) as i64;
            let even = i64::from(valid.is_multiple_of(2) && p < 0);
            (middle - even + p).clamp(1, valid.max(1) as i64) as usize - 1
        };
        Self { clip, rank: (0..=frames).map(rank).collect() }
    }

    /// The sample of each lane that gives the width.
    #[inline(always)]
    fn ruling<V: Vector>(&self, isa: V::Isa, columns: &Columns<'_, V>, valid: &V) -> V {
        if columns.full {
            return columns.ranks()[self.rank[columns.samples.len()]];
        }
        let mut index = *valid;
        for (to, valid) in index.lanes_mut().iter_mut().zip(valid.lanes()) {
            *to = V::Element::from_i32(self.rank[valid.widen() as usize] as i32);
        }
        V::gather(isa, columns.ranks(), index)
    }
}

impl Algorithm for PClipTable {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let Self { clip, .. } = self;
        let valid = columns.sort(isa);
        let kept = floor::kept_at_least(isa, clip.nkeep, clip.maxrej, valid);
        let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        let center = clip.rule.center(isa, columns.ranks(), &window);
        let ruling = self.ruling(isa, columns, &valid).widen();
        let sigma = if clip.pclip < 0.0 { center - ruling } else { ruling - center };
        let wide = !sigma.eq(V::Wide::splat(isa, 0.0));
        let active = floor::minimum(isa, MINCLIP, kept).le(valid) & V::narrow_mask(wide);
        let (lsigma, hsigma) = (Factor::new(isa, clip.lsigma), Factor::new(isa, clip.hsigma));
        let test: Test<V> = Test { center, sigma, lsigma, hsigma, rule: clip.rule };
        one_pass::keep(isa, columns, valid, &test, active, kept)
    }
}

impl PClipRule {
    #[inline(always)]
    fn center<V: Vector>(self, isa: V::Isa, sorted: &[V], window: &Window<V>) -> V::Wide {
        let (low, high) = lane::middle_of_window(isa, sorted, window);
        match self {
            Self::Iraf => lane::halfway(isa, low, high).widen(),
            Self::Imcombiners => {
                let mean = (low.widen() + high.widen()) * V::Wide::splat(isa, 0.5);
                V::Wide::select(low.widen().eq(high.widen()), low.widen(), mean)
            }
        }
    }
}

/// A clipping factor.
struct Factor<W> {
    value: W,
    is_finite: bool,
}

impl<W: Vector<Element = f64>> Factor<W> {
    #[inline(always)]
    fn new(isa: W::Isa, value: f64) -> Self {
        Self { value: W::splat(isa, value), is_finite: value.is_finite() }
    }

    /// Inclusive; nothing is beyond an infinite factor, not even a quotient that overflows.
    #[inline(always)]
    fn reaches(&self, quotient: W) -> W::Mask {
        if self.is_finite { self.value.le(quotient) } else { self.value.lt(self.value) }
    }
}

struct Test<V: Vector> {
    center: V::Wide,
    sigma: V::Wide,
    lsigma: Factor<V::Wide>,
    hsigma: Factor<V::Wide>,
    rule: PClipRule,
}

impl<V: Vector> Limit<V> for Test<V> {
    #[inline(always)]
    fn low(&self, y: V) -> Verdict<V> {
        Verdict::of(V::narrow_mask(self.lsigma.reaches((self.center - y.widen()) / self.sigma)))
    }
    #[inline(always)]
    fn high(&self, y: V) -> Verdict<V> {
        Verdict::of(V::narrow_mask(self.hsigma.reaches((y.widen() - self.center) / self.sigma)))
    }
}

impl<V: Vector> OnePass<V> for Test<V> {
    #[inline(always)]
    fn residual(&self, lane: usize, y: V::Element) -> f64 {
        (y.widen() - self.center.lanes()[lane]).abs() / self.sigma.lanes()[lane]
    }
    #[inline(always)]
    fn guard(&self, valid: usize) -> usize {
        match self.rule {
            PClipRule::Iraf => 1 + valid / 2,
            PClipRule::Imcombiners => valid,
        }
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
