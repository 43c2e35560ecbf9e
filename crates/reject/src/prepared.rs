//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::{Isa, Task, Vector};

use crate::avsigclip::PooledClip;
use crate::ccdclip::FrameNoise;
use crate::clipping::{Clip, Widths};
use crate::columns::number;
use crate::meanclip::Rounds;
use crate::noise::{FrameScale, NoiseModel};
use crate::ranks::RankTable;
use crate::sigclip::{self, Width};
use crate::varclip::OncePerPixel;
use crate::{Columns, FrameFacts, Kept, RejectError, Rejection, Scatter, SigClip, VarRule};

/// A [`Rejection`] with everything that depends only on the number of frames worked out on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared(Rule);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    None,
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
}

impl Prepared {
    /// Resolves `rejection` for the frames of `facts`.
    ///
    /// # Errors
    /// As [`Rejection::validate`].
    pub fn new(rejection: &Rejection, facts: &FrameFacts<'_>) -> Result<Self, RejectError> {
        let frames = facts.frames;
        rejection.validate(frames)?;
        Ok(Self(match rejection {
            Rejection::None => Rule::None,
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
        }))
    }

    /// Does it keep every sample?
    pub fn is_none(&self) -> bool {
        self.0 == Rule::None
    }

    /// Is what it keeps a run of ranks, which it finds without looking at the order of the frames? (Of samples whose sums are
    /// exact in any order: algorithms.md E7b.)
    pub fn is_of_ranks(&self) -> bool {
        match &self.0 {
            Rule::None => false,
            Rule::Ranks(_) => true,
            Rule::SigClip(clip) => clip.is_of_ranks(),
            Rule::Noise(clip, _) => clip.is_of_ranks(),
            Rule::Each(_) | Rule::Pooled(_) | Rule::Rounds(_) | Rule::OncePerPixel(_) => false,
        }
    }

    /// Must [`Columns::pooled`] be S² of the row (avsigclip)?
    pub fn pools_rows(&self) -> bool {
        matches!(&self.0, Rule::Pooled(clip) if clip.pools_rows())
    }

    /// Does it look at [`Columns::variances`]?
    pub fn needs_variances(&self) -> bool {
        match &self.0 {
            Rule::OncePerPixel(_) => true,
            Rule::Each(clip) => clip.widths == Widths::Given,
            _ => false,
        }
    }

    /// Stage 1 of a rejection that [pools rows](Self::pools_rows): what L columns add to the scatter of their row, to be handed
    /// to [`pooled`](crate::pooled). Of another rejection nothing.
    ///
    /// # Shapes, missing data
    /// As [`keep`](Self::keep); the samples stay as they are.
    #[inline(always)]
    pub fn scatter<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Scatter<V> {
        match &self.0 {
            Rule::Pooled(rule) => isa.call(ScatterOf { rule, columns }),
            _ => Scatter { q: V::Wide::splat(isa, 0.0), n: number(isa, 0) },
        }
    }

    /// Rejects in L columns at once.
    ///
    /// # Shapes
    /// `columns.samples`: N registers in frame order, L output pixels.
    /// # Missing data
    /// NaN; never counted, never restored.
    #[inline(always)]
    pub fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        match &self.0 {
            Rule::None => Kept::everything(isa, columns),
            Rule::Ranks(rule) => isa.call(Keep { rule, columns }),
            Rule::SigClip(limits) => {
                isa.call(Keep { rule: &CommonWidth { limits, width: Width::Scatter }, columns })
            }
            Rule::Noise(limits, model) => {
                isa.call(Keep { rule: &CommonWidth { limits, width: Width::Noise(model) }, columns })
            }
            Rule::Each(clip) => {
                isa.call(Keep { rule: &EachWidth { clip, pooled: V::Wide::splat(isa, 1.0) }, columns })
            }
            Rule::Pooled(rule) => {
                let pooled = rule
                    .of_row(isa, columns)
                    .unwrap_or_else(|| isa.call(ScatterOf { rule, columns }).of_pixel(isa));
                match rule.corrected() {
                    Some(clip) => isa.call(Keep { rule: &EachWidth { clip, pooled }, columns }),
                    None => {
                        let (limits, width) = (rule.limits(), Width::Level(pooled));
                        isa.call(Keep { rule: &CommonWidth { limits, width }, columns })
                    }
                }
            }
            Rule::Rounds(rule) => isa.call(Keep { rule, columns }),
            Rule::OncePerPixel(rule) => isa.call(Keep { rule, columns }),
        }
    }
}

/// Each algorithm is a function of its own: inlined together into the kernels that use them, they would share one set of
/// registers, and the kernels without a rejection would pay for it.
struct Keep<'a, 'b, R, V: Vector> {
    rule: &'a R,
    columns: &'a mut Columns<'b, V>,
}

/// One variance for all samples of a pixel.
struct CommonWidth<'a, V: Vector> {
    limits: &'a SigClip,
    width: Width<'a, V>,
}

/// A variance for each sample.
struct EachWidth<'a, V: Vector> {
    clip: &'a Clip,
    pooled: V::Wide,
}

/// [`Prepared::scatter`] likewise.
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

macro_rules! keep {
    ($($rule:ty: |$self:ident, $isa:ident, $columns:ident| $keep:expr,)*) => { $(
        impl<V: Vector> Task<V::Isa> for Keep<'_, '_, $rule, V> {
            type Output = Kept<V>;

            #[inline(always)]
            fn run(self, $isa: V::Isa) -> Kept<V> {
                let Keep { rule: $self, columns: $columns } = self;
                $keep
            }
        }
    )* };
}

keep! {
    RankTable: |table, isa, columns| table.keep(isa, columns),
    CommonWidth<'_, V>: |rule, isa, columns| sigclip::keep(rule.limits, &rule.width, isa, columns),
    EachWidth<'_, V>: |rule, isa, columns| rule.clip.keep(rule.pooled, isa, columns),
    Rounds: |rule, isa, columns| rule.keep(isa, columns),
    OncePerPixel: |rule, isa, columns| rule.keep(isa, columns),
}
