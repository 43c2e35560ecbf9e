//! Passes of clipping where each sample has a variance of its own (algorithms.md sections 5.0.3 to 5.0.5).
//!
//! ```text
//! while n >= minimum and passes < maxiters:
//!     c = centre of the survivors;  V(frame) = its variance at c
//!     drop d < 0 with d² > lsigma²·V(frame) and d > 0 with d² > hsigma²·V(frame),  d = y − c
//!         median: from the ends of the ranks inward, to the first that stays          (`inward`)
//!         mean:   wherever                                                            (`all`)
//!     stop if nothing dropped
//! restore until nkeep, maxrej hold
//! ```
//!
//! With one variance for all samples what is kept is an interval of values, and `sigclip` finds it at the ends of the sorted
//! column. Here a sample may stay that is further out than one that goes, so every pass looks at all frames; and what a
//! pass leaves is no interval of values, so dropped samples become NaN in frame order.

mod all;
mod inward;
mod widths;

use skystack_simd::Vector;

use crate::{Center, Columns, Kept, SigClip};

pub(crate) use widths::{CorrectedSquares, Widths};

/// A clip with a variance for each sample, resolved for a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clip {
    /// Factors, centre and floors. Of its spread nothing but `ddof` is looked at.
    pub(crate) limits: SigClip,
    /// The variances.
    pub(crate) widths: Widths,
}

impl Clip {
    /// Rejects in L columns; `pooled` is S² of [`Widths::Pooled`].
    #[inline(always)]
    pub(crate) fn keep<V: Vector>(
        &self,
        pooled: V::Wide,
        isa: V::Isa,
        columns: &mut Columns<'_, V>,
    ) -> Kept<V> {
        if self.limits.center == Center::Mean || self.widths == Widths::Given {
            all::keep(self, pooled, isa, columns)
        } else {
            inward::keep(self, pooled, isa, columns)
        }
    }
}
