//! Counts over the tiles that a worker has processed.

use std::ops::Range;

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Mask, Vector};

use crate::band::Tile;
use crate::{CountProduct, Reason};

/// Counts over all frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Samples that were there before rejection.
    pub(crate) valid: u64,
    /// Samples rejected.
    pub(crate) rejected: u64,
    /// Pixels without a used sample.
    pub(crate) empty: u64,
}

/// What one frame lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameTotals {
    /// Samples rejected at the low side.
    pub low: u64,
    /// Samples rejected at the high side.
    pub high: u64,
    /// Samples rejected as neighbours.
    pub grow: u64,
}

impl FrameTotals {
    /// Samples rejected.
    pub const fn rejected(&self) -> u64 {
        self.low + self.high + self.grow
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.low += other.low;
        self.high += other.high;
        self.grow += other.grow;
    }
}

impl Totals {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.valid += other.valid;
        self.rejected += other.rejected;
        self.empty += other.empty;
    }
}

/// Adds what the first `lanes` of a group lost to each frame, if that is counted.
#[inline(always)]
pub(super) fn add_fates<V: Vector>(
    frames: &mut [FrameTotals],
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
    lanes: usize,
) {
    if frames.is_empty() || kept.all || !kept.count.lt(kept.valid).any() {
        return;
    }
    let present = u32::MAX >> (u32::BITS as usize - lanes);
    for (to, fate) in frames.iter_mut().zip(columns.settle(kept)) {
        to.low += u64::from((fate.low & present).count_ones());
        to.high += u64::from((fate.high & present).count_ones());
    }
}

/// Adds what the codes (frames x `width`) say of some pixels.
#[inline(always)]
pub(super) fn add_codes(frames: &mut [FrameTotals], codes: &[u8], pixels: Range<usize>, width: usize) {
    for (to, row) in frames.iter_mut().zip(codes.chunks_exact(width)) {
        for code in &row[pixels.clone()] {
            to.low += u64::from(*code == Reason::Low as u8);
            to.high += u64::from(*code == Reason::High as u8);
            to.grow += u64::from(*code == Reason::Grow as u8);
        }
    }
}
/// [`Totals`] of each lane, in f64: exact up to 2⁵³ samples.
pub(super) struct LaneTotals<V: Vector> {
    valid: V::Wide,
    used: V::Wide,
    zero: V,
    empty: u64,
    streamed: u64,
}

impl<V: Vector> LaneTotals<V> {
    #[inline(always)]
    pub(super) fn new(isa: V::Isa) -> Self {
        let none = V::Wide::splat(isa, 0.0);
        Self { valid: none, used: none, zero: V::splat(isa, V::Element::narrow(0.0)), empty: 0, streamed: 0 }
    }

    /// Adds L pixels of `frames` frames, of which the first `lanes` are in the image.
    #[inline(always)]
    pub(super) fn add(&mut self, kept: &Kept<V>, frames: usize, lanes: usize) {
        if kept.all {
            self.streamed += (frames * lanes) as u64;
            return;
        }
        let (mut valid, mut used) = (kept.valid, kept.count);
        for lane in lanes..V::LANES {
            (valid.lanes_mut()[lane], used.lanes_mut()[lane]) =
                (V::Element::narrow(0.0), V::Element::narrow(0.0));
        }
        self.valid = self.valid + valid.widen();
        self.used = self.used + used.widen();
        let empty = kept.count.eq(self.zero).bits() & (u32::MAX >> (u32::BITS as usize - lanes));
        self.empty += u64::from(empty.count_ones());
    }

    /// Adds `pixels` of the tile that use all their `frames` samples, and writes their counts.
    #[inline(always)]
    pub(super) fn add_all<T: Element>(
        &mut self,
        tile: &mut Tile<'_, T>,
        pixels: Range<usize>,
        frames: usize,
    ) {
        self.streamed += (pixels.len() * frames) as u64;
        for product in CountProduct::ALL {
            let Some(to) = tile.planes.counts_mut(*product).get_mut(pixels.clone()) else { continue };
            to.fill(match product {
                CountProduct::Count | CountProduct::Coverage => frames as u32,
                _ => 0,
            });
        }
    }

    #[inline(always)]
    pub(super) fn sum(&self) -> Totals {
        let sum = |lanes: &V::Wide| lanes.lanes().iter().map(|n| *n as u64).sum::<u64>();
        let (valid, used) = (sum(&self.valid) + self.streamed, sum(&self.used) + self.streamed);
        Totals { valid, rejected: valid - used, empty: self.empty }
    }
}
