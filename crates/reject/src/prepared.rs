//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::{Isa, Task, Vector};

use crate::gesd::GesdTable;
use crate::pclip::PClipTable;
use crate::ranks::RankTable;
use crate::{Columns, Kept, LinearFit, MedSigma, Percentile, RejectError, Rejection, SigClip, Winsorized};

/// A [`Rejection`] with everything that depends only on the number of frames worked out on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared(Rule);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    None,
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
    /// Resolves `rejection` for `frames` frames.
    ///
    /// # Errors
    /// As [`Rejection::validate`].
    pub fn new(rejection: &Rejection, frames: usize) -> Result<Self, RejectError> {
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
            Rejection::SigClip(clip) => Rule::SigClip(*clip),
            Rejection::PClip(clip) => Rule::PClip(PClipTable::new(*clip, frames)),
            Rejection::Percentile(percentile) => Rule::Percentile(*percentile),
            Rejection::MedSigma(medsigma) => Rule::MedSigma(*medsigma),
            Rejection::Winsorized(winsorized) => Rule::Winsorized(*winsorized),
            Rejection::LinearFit(linearfit) => Rule::LinearFit(*linearfit),
            Rejection::Gesd(gesd) => Rule::Gesd(GesdTable::new(*gesd, frames)),
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
            Rule::None | Rule::MedSigma(_) | Rule::Winsorized(_) | Rule::LinearFit(_) | Rule::Gesd(_) => {
                false
            }
            Rule::Ranks(_) | Rule::PClip(_) | Rule::Percentile(_) => true,
            Rule::SigClip(clip) => clip.is_of_ranks(),
        }
    }

    /// Does it replace samples rather than leave them out? Then the pixel is the mean of [`Columns::padded`].
    pub fn replaces(&self) -> bool {
        matches!(self.0, Rule::MedSigma(_))
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
            Rule::Ranks(algorithm) => isa.call(Keep { algorithm, columns }),
            Rule::SigClip(algorithm) => isa.call(Keep { algorithm, columns }),
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
