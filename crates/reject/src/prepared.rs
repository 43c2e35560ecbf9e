//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::{Isa, Task, Vector};

use crate::gesd::GesdTable;
use crate::pclip::PClipTable;
use crate::ranks::RankTable;
use crate::{
    Columns, FrameFacts, Kept, LinearFit, MedSigma, Percentile, RejectError, Rejection, SigClip, Winsorized,
};

/// Rejections with everything that depends only on the frames of the stack worked out on the host. Each sees what the one before
/// left.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared(Vec<Rule>);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Ranks(RankTable),
    SigClip(SigClip),
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
    /// As [`Rejection::validate`]; a rejection after medsigma, which replaces samples.
    pub fn new(rejections: &[Rejection], facts: &FrameFacts<'_>) -> Result<Self, RejectError> {
        let frames = facts.frames;
        let mut rules = Vec::new();
        for rejection in rejections {
            rejection.validate(frames)?;
            if let Some(Rule::MedSigma(_)) = rules.last() {
                return Err(RejectError::NotLast { rejection: "medsigma" });
            }
            rules.push(match rejection {
                Rejection::None => continue,
                Rejection::MinMax(minmax) => {
                    let drops = minmax.drops(frames)?;
                    Rule::Ranks(RankTable::new(frames, |valid| drops.at(valid)))
                }
                Rejection::Extrema(extrema) => {
                    Rule::Ranks(RankTable::new(frames, |valid| extrema.at(valid, frames)))
                }
                Rejection::SigClip(clip) => Rule::SigClip(*clip),
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
            [Rule::SigClip(clip)] => clip.is_of_ranks(),
            _ => false,
        }
    }

    /// Does it replace samples rather than leave them out? Then the pixel is the mean of [`Columns::padded`].
    pub fn replaces(&self) -> bool {
        matches!(self.0.last(), Some(Rule::MedSigma(_)))
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
            Self::Ranks(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::SigClip(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::PClip(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::Percentile(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::MedSigma(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::Winsorized(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::LinearFit(algorithm) => isa.call(Keep { algorithm, columns }),
            Self::Gesd(algorithm) => isa.call(Keep { algorithm, columns }),
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
