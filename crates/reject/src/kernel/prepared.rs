//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::{Isa, Task, Vector};

use crate::avsigclip::PooledClip;
use crate::ccdclip::FrameNoise;
use crate::clipping::{Clip, Widths};
use crate::gesd::GesdTable;
use crate::meanclip::Rounds;
use crate::noise::{FrameScale, NoiseModel};
use crate::pclip::PClipTable;
use crate::ranks::RankTable;
use crate::sigclip::{self, Width};
use crate::varclip::OncePerPixel;
use crate::{
    Columns, FrameFacts, Kept, LinearFit, MedSigma, Percentile, RejectError, Rejection, Scatter, SigClip,
    VarRule, Winsorized,
};

/// Rejections with everything that depends only on the frames of the stack worked out on the host. Each sees what the one before
/// left.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared(Vec<Rule>);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Ranks(RankTable),
    SigClip(SigClip),
    /// ccdclip of frames that are alike.
    Noise(SigClip, NoiseModel),
    /// A clip in which each sample has a variance of its own.
    Each(Clip),
    /// avsigclip.
    Pooled(PooledClip),
    /// meanclip.
    Rounds(Rounds),
    /// varclip of SWarp.
    OncePerPixel(OncePerPixel),
    PClip(PClipTable),
    Percentile(Percentile),
    MedSigma(MedSigma),
    Winsorized(Winsorized),
    LinearFit(LinearFit),
    Gesd(GesdTable),
}

impl Prepared {
    /// Resolves `rejections` for the frames of `facts`.
    ///
    /// # Errors
    /// As [`Rejection::validate`].
    pub fn new(rejections: &[Rejection], facts: &FrameFacts<'_>) -> Result<Self, RejectError> {
        let frames = facts.frames;
        let mut rules = Vec::new();
        for rejection in rejections {
            rejection.validate(frames)?;
            rules.push(match rejection {
                Rejection::None => continue,
                Rejection::MinMax(minmax) => {
                    let drops = minmax.drops(frames)?;
                    Rule::Ranks(RankTable::new(frames, |valid| drops.at(valid)))
                }
                Rejection::Extrema(extrema) => {
                    Rule::Ranks(RankTable::new(frames, |valid| extrema.at(valid, frames)))
                }
                Rejection::SigClip(clip) => match FrameScale::corrected(facts, clip.sigscale) {
                    Some(scales) => Rule::Each(Clip { limits: *clip, widths: Widths::Scatter(scales) }),
                    None => Rule::SigClip(*clip),
                },
                Rejection::AvSigClip(clip) => Rule::Pooled(PooledClip::new(clip, facts)),
                Rejection::CcdClip(clip) => match clip.widths(facts) {
                    FrameNoise::Common(model) => Rule::Noise(clip.limits(), model),
                    FrameNoise::Each(widths) => Rule::Each(Clip { limits: clip.limits(), widths }),
                },
                Rejection::MeanClip(clip) => Rule::Rounds(Rounds::new(clip, facts)),
                Rejection::VarClip(clip) => match clip.rule {
                    VarRule::Dragons => Rule::Each(Clip { limits: clip.limits(), widths: Widths::Given }),
                    VarRule::Swarp { ampfrac } => Rule::OncePerPixel(OncePerPixel::new(clip, ampfrac, facts)),
                },
                Rejection::PClip(clip) => Rule::PClip(PClipTable::new(*clip, frames)),
                Rejection::Percentile(percentile) => Rule::Percentile(*percentile),
                Rejection::MedSigma(medsigma) => Rule::MedSigma(*medsigma),
                Rejection::Winsorized(winsorized) => Rule::Winsorized(*winsorized),
                Rejection::LinearFit(linearfit) => Rule::LinearFit(*linearfit),
                Rejection::Gesd(gesd) => Rule::Gesd(GesdTable::new(*gesd, frames)),
            });
        }
        Ok(Self(rules))
    }

    /// Does it keep every sample?
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Is what it keeps a run of ranks, which it finds without looking at the order of the frames? (Of samples whose sums are
    /// exact in any order: algorithms.md E7b.)
    pub fn is_of_ranks(&self) -> bool {
        match &self.0[..] {
            [Rule::Ranks(_) | Rule::PClip(_) | Rule::Percentile(_)] => true,
            [Rule::SigClip(clip) | Rule::Noise(clip, _)] => clip.is_of_ranks(),
            _ => false,
        }
    }

    /// Does it replace samples rather than leave them out? Then the pixel is the mean of [`Columns::padded`].
    pub fn replaces(&self) -> bool {
        matches!(self.0.last(), Some(Rule::MedSigma(_)))
    }

    /// Is the scatter behind the error of a weighted mean that of meanclip, over W − Σw²/W degrees of freedom (algorithms.md 5.14)?
    pub fn has_weighted_degrees(&self) -> bool {
        matches!(self.0.last(), Some(Rule::Rounds(_)))
    }

    /// Must [`Columns::pooled`] be S² of the row (avsigclip)?
    pub fn pools_rows(&self) -> bool {
        self.0.iter().any(|rule| matches!(rule, Rule::Pooled(clip) if clip.pools_rows()))
    }

    /// Does it look at [`Columns::variances`]?
    pub fn needs_variances(&self) -> bool {
        self.0.iter().any(|rule| match rule {
            Rule::OncePerPixel(_) => true,
            Rule::Each(clip) => clip.widths == Widths::Given,
            _ => false,
        })
    }

    /// Stage 1 of the first rejection that [pools rows](Self::pools_rows): what L columns add to the scatter of their row, to be
    /// handed to [`pooled`](crate::pooled). The rejections before it are carried out. Nothing where none pools.
    ///
    /// # Shapes, missing data
    /// As [`keep`](Self::keep).
    #[inline(always)]
    pub fn scatter<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Option<Scatter<V>> {
        for rule in &self.0 {
            match rule {
                Rule::Pooled(rule) if rule.pools_rows() => {
                    return Some(isa.call(ScatterOf { rule, columns }));
                }
                rule => {
                    let kept = rule.keep(isa, columns);
                    columns.settle_for_the_next(isa, &kept);
                }
            }
        }
        None
    }

    /// Rejects in L columns at once.
    ///
    /// # Shapes
    /// `columns.samples`: N registers in frame order, L output pixels.
    /// # Missing data
    /// NaN; never counted, never restored.
    #[inline(always)]
    pub fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let Some((first, others)) = self.0.split_first() else { return Kept::everything(isa, columns) };
        let mut kept = first.keep(isa, columns);
        for rule in others {
            let valid = kept.valid;
            columns.settle_for_the_next(isa, &kept);
            kept = Kept { valid, ..rule.keep(isa, columns) };
        }
        kept
    }
}

impl Rule {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        match self {
            Rule::Ranks(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::SigClip(limits) => isa.call(KeepOne { limits, width: Width::Scatter, columns }),
            Rule::Noise(limits, model) => isa.call(KeepOne { limits, width: Width::Noise(model), columns }),
            Rule::Each(clip) => isa.call(KeepEach { clip, pooled: V::Wide::splat(isa, 1.0), columns }),
            Rule::Pooled(rule) => rule.keep(isa, columns),
            Rule::Rounds(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::OncePerPixel(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::PClip(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::Percentile(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::MedSigma(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::Winsorized(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::LinearFit(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::Gesd(algorithm) => isa.call(Keep { algorithm, columns }),
        }
    }
}

/// A rejection that kernels carry out.
pub(crate) trait Algorithm {
    /// Rejects in L columns.
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V>;
}

/// Each algorithm is a function of its own: inlined together into the kernels that use them, they would share one set of
/// registers, and the kernels without a rejection would pay for it.
struct Keep<'a, 'b, A, V: Vector> {
    algorithm: &'a A,
    columns: &'a mut Columns<'b, V>,
}

impl<A: Algorithm, V: Vector> Task<V::Isa> for Keep<'_, '_, A, V> {
    type Output = Kept<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Kept<V> {
        self.algorithm.keep(isa, self.columns)
    }
}

impl PooledClip {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let pooled = match self.pools_rows() {
            true => V::Wide::splat(isa, columns.pooled),
            false => isa.call(ScatterOf { rule: self, columns }).of_pixel(isa),
        };
        match self.corrected() {
            Some(clip) => isa.call(KeepEach { clip, pooled, columns }),
            None => isa.call(KeepOne { limits: self.limits(), width: Width::Level(pooled), columns }),
        }
    }
}

/// One variance for all samples of a pixel.
struct KeepOne<'a, 'b, V: Vector> {
    limits: &'a SigClip,
    width: Width<'a, V>,
    columns: &'a mut Columns<'b, V>,
}

impl<V: Vector> Task<V::Isa> for KeepOne<'_, '_, V> {
    type Output = Kept<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Kept<V> {
        sigclip::keep(self.limits, &self.width, isa, self.columns)
    }
}

/// A variance for each sample.
struct KeepEach<'a, 'b, V: Vector> {
    clip: &'a Clip,
    pooled: V::Wide,
    columns: &'a mut Columns<'b, V>,
}

impl<V: Vector> Task<V::Isa> for KeepEach<'_, '_, V> {
    type Output = Kept<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Kept<V> {
        self.clip.keep(self.pooled, isa, self.columns)
    }
}

/// Stage 1 of avsigclip.
struct ScatterOf<'a, 'b, V: Vector> {
    rule: &'a PooledClip,
    columns: &'a mut Columns<'b, V>,
}

impl<V: Vector> Task<V::Isa> for ScatterOf<'_, '_, V> {
    type Output = Scatter<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Scatter<V> {
        self.rule.scatter(isa, self.columns)
    }
}
