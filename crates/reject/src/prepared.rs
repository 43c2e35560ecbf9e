//! A rejection resolved for a stack of N frames, and its entry point for kernels.

use skystack_simd::Vector;

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
        }))
    }

    /// Does it keep every sample?
    pub fn is_none(&self) -> bool {
        self.0 == Rule::None
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
            Rule::Ranks(table) => table.keep(isa, columns),
            Rule::SigClip(clip) => sigclip::keep(clip, isa, columns),
        }
    }
}
