//! What each frame loses to a rejection of ranks: the integers are still in frame order beside the sorted ones.
//!
//! Ranks split equal values by frame (C1): of those at the low bound the first few went, of those at the high bound the last.

use skystack_reject::Kept;
use skystack_simd::{Element, MAX_LANES, Mask, Ordered, Vector, Words};
use skystack_stats::lane::Window;

use crate::format::WordFormat;
use crate::kernel::FrameTotals;

/// Half of the lanes: those of one register of f32.
struct Half<N> {
    low: N,
    high: N,
    /// Ranks below and above the window.
    below: N,
    above: N,
    /// Lanes of the image.
    present: u32,
}

/// Adds what `kept`, of the first `lanes` lanes from `part` on, takes from each frame of `column`.
#[inline(always)]
pub(super) fn add<W: Words, V: Vector<Isa = W::Isa>>(
    isa: W::Isa,
    column: &[W],
    (part, lanes): (usize, usize),
    format: WordFormat,
    kept: &Kept<V>,
    per_frame: &mut [FrameTotals],
) {
    let Some(window) = &kept.window else { return };
    for half in 0..2 {
        let first = half * W::Narrow::LANES;
        if first < part || first >= part + lanes {
            continue;
        }
        let half_of = Half::<W::Narrow>::new(isa, column.len(), first - part, lanes, format, kept, window);
        half_of.add(isa, column, half, per_frame);
    }
}

impl<N: Vector<Element = f32>> Half<N> {
    #[inline(always)]
    fn new<V: Vector>(
        isa: N::Isa,
        frames: usize,
        first: usize,
        lanes: usize,
        format: WordFormat,
        kept: &Kept<V>,
        window: &Window<V>,
    ) -> Self {
        let offset = format.offset() as f32;
        let narrow = |of: &dyn Fn(usize) -> f64| {
            let mut narrow = [0.0f32; MAX_LANES];
            for (lane, to) in narrow[..N::LANES].iter_mut().enumerate() {
                *to = of(first + lane) as f32;
            }
            N::load(isa, &narrow)
        };
        let at = |of: &V, lane: usize| of.lanes()[lane].widen();
        let offset = f64::from(offset);
        Self {
            low: narrow(&|lane| at(&kept.bounds.low, lane) - offset),
            high: narrow(&|lane| at(&kept.bounds.high, lane) - offset),
            below: narrow(&|lane| at(&window.first, lane)),
            above: narrow(&|lane| frames as f64 - at(&window.first, lane) - at(&window.count, lane)),
            present: u32::MAX >> (u32::BITS as usize - (lanes - first).min(N::LANES)),
        }
    }

    #[inline(always)]
    fn add<W: Words<Isa = N::Isa, Narrow = N>>(
        &self,
        isa: N::Isa,
        column: &[W],
        half: usize,
        per_frame: &mut [FrameTotals],
    ) {
        let (zero, one) = (N::splat(isa, 0.0), N::splat(isa, 1.0));
        let (mut below, mut above) = (zero, zero);
        for (words, to) in column.iter().zip(per_frame.iter_mut()) {
            let y = words.widen()[half];
            let low = y.lt(self.low);
            // Where nothing is kept the bounds cross.
            let high = self.high.lt(y) & !low;
            below = below + N::select(low, one, zero);
            above = above + N::select(high, one, zero);
            to.low += u64::from((low.bits() & self.present).count_ones());
            to.high += u64::from((high.bits() & self.present).count_ones());
        }
        let split = below.lt(self.below) | above.lt(self.above);
        if split.bits() & self.present != 0 {
            self.add_ties(isa, column, half, (below, above), per_frame);
        }
    }

    /// Of the samples at the low bound the first go, of those at the high bound the last.
    #[inline(always)]
    fn add_ties<W: Words<Isa = N::Isa, Narrow = N>>(
        &self,
        isa: N::Isa,
        column: &[W],
        half: usize,
        (below, above): (N, N),
        per_frame: &mut [FrameTotals],
    ) {
        let (zero, one) = (N::splat(isa, 0.0), N::splat(isa, 1.0));
        let (skip, last) = (self.below - below, self.above - above);
        let mut at_high = zero;
        for words in column {
            at_high = at_high + N::select(words.widen()[half].eq(self.high), one, zero);
        }
        let take = at_high - last;
        let (mut seen_low, mut seen_high) = (zero, zero);
        for (words, to) in column.iter().zip(per_frame) {
            let y = words.widen()[half];
            let (is_low, is_high) = (y.eq(self.low), y.eq(self.high));
            let low = is_low & seen_low.lt(skip);
            let high = is_high & take.le(seen_high) & !low;
            seen_low = seen_low + N::select(is_low, one, zero);
            seen_high = seen_high + N::select(is_high, one, zero);
            to.low += u64::from((low.bits() & self.present).count_ones());
            to.high += u64::from((high.bits() & self.present).count_ones());
        }
    }
}
