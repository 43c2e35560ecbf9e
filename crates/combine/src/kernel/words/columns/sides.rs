//! What each frame loses to a rejection of ranks: the integers are still in frame order beside the sorted ones.
//!
//! Ranks split equal values by frame (C1): of those at the low bound the first few went, of those at the high bound the last.

use skystack_reject::Kept;
use skystack_simd::{Element, Mask, Vector, Words};

use super::widen;
use crate::format::WordFormat;
use crate::kernel::FrameTotals;

/// L columns of integers of which some ranks were dropped.
pub(super) struct Sides<'a, W, V> {
    /// N registers in frame order.
    pub(super) column: &'a [W],
    pub(super) format: WordFormat,
    /// The first lane of the integers that is one of `ranks`.
    pub(super) part: usize,
    /// Lanes of the image.
    pub(super) lanes: usize,
    /// The values in order.
    pub(super) ranks: &'a [V],
    pub(super) kept: &'a Kept<V>,
}

impl<W: Words, V: Vector<Isa = W::Isa>> Sides<'_, W, V> {
    /// Adds what is dropped to the totals of each frame.
    #[inline(always)]
    pub(super) fn add(&self, isa: V::Isa, per_frame: &mut [FrameTotals]) {
        let Some((first, last)) = self.ties(isa) else { return };
        let bounds = &self.kept.bounds;
        let present = u32::MAX >> (u32::BITS as usize - self.lanes);
        let (zero, one) = (number::<V>(isa, 0), number::<V>(isa, 1));
        let tied = (zero.lt(first) | zero.lt(last)).any();
        let (mut below, mut above) = (zero, if tied { self.count_of_high(isa) - last } else { zero });
        for (words, to) in self.column.iter().zip(per_frame) {
            let y: V = widen(isa, *words, self.part, self.format);
            let mut low = y.lt(bounds.low);
            let mut high = bounds.high.lt(y);
            if tied {
                let (at_low, at_high) = (y.eq(bounds.low), y.eq(bounds.high));
                low = low | at_low & below.lt(first);
                high = high | at_high & above.le(zero);
                below = below + V::select(at_low, one, zero);
                above = above - V::select(at_high, one, zero);
            }
            // Where nothing is kept the bounds cross.
            high = high & !low;
            to.low += u64::from((low.bits() & present).count_ones());
            to.high += u64::from((high.bits() & present).count_ones());
        }
    }

    /// How many of the samples at the low bound, and of those at the high one, were dropped.
    #[inline(always)]
    fn ties(&self, isa: V::Isa) -> Option<(V, V)> {
        let (window, bounds) = (self.kept.window.as_ref()?, &self.kept.bounds);
        let (zero, one) = (number::<V>(isa, 0), number::<V>(isa, 1));
        let (mut low, mut high) = (zero, zero);
        for (rank, y) in self.ranks.iter().enumerate() {
            let dropped = number::<V>(isa, rank).lt(window.first);
            if !dropped.any() {
                break;
            }
            low = low + V::select(dropped & y.eq(bounds.low), one, zero);
        }
        let end = window.first + window.count;
        for (rank, y) in self.ranks.iter().enumerate().rev() {
            let dropped = end.le(number::<V>(isa, rank));
            if !dropped.any() {
                break;
            }
            high = high + V::select(dropped & y.eq(bounds.high), one, zero);
        }
        Some((low, high))
    }

    /// Number of samples at the high bound.
    #[inline(always)]
    fn count_of_high(&self, isa: V::Isa) -> V {
        let (zero, one) = (number::<V>(isa, 0), number::<V>(isa, 1));
        let mut count = zero;
        for y in self.ranks {
            count = count + V::select(y.eq(self.kept.bounds.high), one, zero);
        }
        count
    }
}

#[inline(always)]
fn number<V: Vector>(isa: V::Isa, n: usize) -> V {
    V::splat(isa, V::Element::narrow(n as f64))
}
