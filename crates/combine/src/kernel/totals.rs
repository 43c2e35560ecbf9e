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
    /// Pixels at which `nkeep` or `maxrej` brought a sample back.
    pub(crate) restored: u64,
    /// Pixels at which a clip found a spread of 0.
    pub(crate) zero_spread: u64,
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
    /// Samples that were missing.
    pub missing: u64,
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
        self.missing += other.missing;
    }
}

impl Totals {
    /// Of these totals, those that only the pass of the rejections knows, if it `counts`.
    pub(super) fn of_judging(self, counts: bool) -> Self {
        Self { zero_spread: if counts { self.zero_spread } else { 0 }, ..Self::default() }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.valid += other.valid;
        self.rejected += other.rejected;
        self.empty += other.empty;
        self.restored += other.restored;
        self.zero_spread += other.zero_spread;
    }
}

/// Adds what the first `lanes` of a group lost to each frame, if that is counted. Nothing to do where all is there, and used.
#[inline(always)]
pub(super) fn add_fates<V: Vector>(
    frames: &mut [FrameTotals],
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
    lanes: usize,
) {
    if frames.is_empty() || kept.all {
        return;
    }
    let present = present(lanes);
    let rejects = kept.count.lt(kept.valid).any();
    if rejects {
        for (to, fate) in frames.iter_mut().zip(columns.settle(kept)) {
            to.low += u64::from((fate.low & present).count_ones());
            to.high += u64::from((fate.high & present).count_ones());
        }
    }
    if !columns.full {
        // A rejection may have made NaN of what it dropped; that has a fate.
        let fates = columns.fates.iter().map(|fate| if rejects { fate.low | fate.high } else { 0 });
        for ((to, y), rejected) in frames.iter_mut().zip(columns.samples.iter()).zip(fates) {
            to.missing += u64::from((!y.eq(*y).bits() & !rejected & present).count_ones());
        }
    }
}

/// The first `lanes` lanes.
#[inline(always)]
fn present(lanes: usize) -> u32 {
    u32::MAX >> (u32::BITS as usize - lanes)
}

/// Adds what the codes (frames x `width`) say of some pixels; the lanes in which a sample was brought back.
#[inline(always)]
pub(super) fn add_codes(frames: &mut [FrameTotals], codes: &[u8], pixels: Range<usize>, width: usize) -> u32 {
    let is = |code: u8, reason: Reason| u64::from(code == reason as u8);
    let mut restored = 0;
    for (to, row) in frames.iter_mut().zip(codes.chunks_exact(width)) {
        for (lane, &code) in row[pixels.clone()].iter().enumerate() {
            to.low += is(code, Reason::Low);
            to.high += is(code, Reason::High);
            to.grow += is(code, Reason::Grow);
            to.missing += MISSING.iter().map(|reason| is(code, *reason)).sum::<u64>();
            restored |= u32::from(code == Reason::Restored as u8) << lane;
        }
    }
    restored
}

const MISSING: [Reason; 4] = [Reason::Outside, Reason::NoData, Reason::Masked, Reason::Threshold];

/// [`Totals`] of each lane, in f64: exact up to 2⁵³ samples.
pub(super) struct LaneTotals<V: Vector> {
    valid: V::Wide,
    used: V::Wide,
    zero: V,
    empty: u64,
    streamed: u64,
    restored: u64,
    zero_spread: u64,
}

impl<V: Vector> LaneTotals<V> {
    #[inline(always)]
    pub(super) fn new(isa: V::Isa) -> Self {
        let none = V::Wide::splat(isa, 0.0);
        let zero = V::splat(isa, V::Element::narrow(0.0));
        Self { valid: none, used: none, zero, empty: 0, streamed: 0, restored: 0, zero_spread: 0 }
    }

    /// Adds the lanes, of the first `lanes`, in which samples came back, and in which a spread was 0.
    #[inline(always)]
    pub(super) fn add_lanes(&mut self, restored: u32, zero_spread: u32, lanes: usize) {
        self.restored += u64::from((restored & present(lanes)).count_ones());
        self.zero_spread += u64::from((zero_spread & present(lanes)).count_ones());
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
        let empty = kept.count.eq(self.zero).bits() & present(lanes);
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
        let Self { empty, restored, zero_spread, .. } = *self;
        Totals { valid, rejected: valid - used, empty, restored, zero_spread }
    }
}
