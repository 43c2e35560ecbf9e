//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::{Isa, Task, Vector};

use crate::ranks::RankTable;
use crate::sigclip;
use crate::{Columns, Kept, RejectError, Rejection, SigClip};

/// A [`Rejection`] with everything that depends only on the number of frames worked out on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared(Rule);

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    None,
    Ranks(RankTable),
    SigClip(SigClip),
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
            Rejection::AvSigClip(_) => return Err(RejectError::NoKernel { rejection: "avsigclip" }),
            Rejection::CcdClip(_) => return Err(RejectError::NoKernel { rejection: "ccdclip" }),
            Rejection::MeanClip(_) => return Err(RejectError::NoKernel { rejection: "meanclip" }),
            Rejection::VarClip(_) => return Err(RejectError::NoKernel { rejection: "varclip" }),
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
            Rule::Ranks(table) => isa.call(KeepRanks { table, columns }),
            Rule::SigClip(clip) => isa.call(KeepClipped { clip, columns }),
        }
    }
}

/// Each algorithm is a function of its own: inlined together into the kernels that use them, they would share one set of
/// registers, and the kernels without a rejection would pay for it.
struct KeepRanks<'a, 'b, V: Vector> {
    table: &'a RankTable,
    columns: &'a mut Columns<'b, V>,
}

impl<V: Vector> Task<V::Isa> for KeepRanks<'_, '_, V> {
    type Output = Kept<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Kept<V> {
        self.table.keep(isa, self.columns)
    }
}

struct KeepClipped<'a, 'b, V: Vector> {
    clip: &'a SigClip,
    columns: &'a mut Columns<'b, V>,
}

impl<V: Vector> Task<V::Isa> for KeepClipped<'_, '_, V> {
    type Output = Kept<V>;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> Kept<V> {
        sigclip::keep(self.clip, isa, self.columns)
    }
}
