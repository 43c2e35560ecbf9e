//! What became of each sample of L columns, by frame.

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::Bounds;

use crate::{Columns, Kept};

/// Lane k of a frame's samples in bit k.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fates {
    /// Dropped below the centre, or at the low end of the ranks.
    pub low: u32,
    /// Dropped above.
    pub high: u32,
    /// Dropped, and brought back by `nkeep` or `maxrej`: used.
    pub restored: u32,
}

impl<V: Vector> Columns<'_, V> {
    /// What is written down of each frame, nothing at first.
    #[inline(always)]
    fn fates(&mut self) -> &mut [Fates] {
        if !self.fates_known {
            self.fates.fill(Fates::default());
            self.fates_known = true;
        }
        self.fates
    }

    /// Drops lanes of the sample of one frame, in a set that is no interval of values: they become NaN.
    #[inline(always)]
    pub(crate) fn drop_sample(&mut self, isa: V::Isa, frame: usize, low: V::Mask, high: V::Mask) {
        let fate = &mut self.fates()[frame];
        fate.low |= low.bits();
        fate.high |= high.bits();
        let sample = &mut self.samples[frame];
        *sample = V::select(low | high, V::splat(isa, V::Element::NAN), *sample);
    }

    /// As [`drop_sample`](Self::drop_sample), of one lane. A missing sample stays missing.
    #[inline(always)]
    pub(crate) fn drop_lane(&mut self, frame: usize, lane: usize, is_low: bool) {
        let y = self.samples[frame].lanes()[lane];
        let fate = &mut self.fates()[frame];
        let bit = u32::from(!y.widen().is_nan()) << lane;
        if is_low {
            fate.low |= bit
        } else {
            fate.high |= bit
        }
        self.samples[frame].lanes_mut()[lane] = V::Element::NAN;
    }

    /// Undoes [`drop_sample`](Self::drop_sample) in some lanes, whose sample was `y`, before a rejection starts anew.
    #[inline(always)]
    pub(crate) fn take_back(&mut self, frame: usize, y: V, lanes: V::Mask) {
        // What was missing stays missing, and keeps the fate that an earlier rejection gave it.
        let back = lanes & y.eq(y);
        let fate = &mut self.fates()[frame];
        fate.low &= !back.bits();
        fate.high &= !back.bits();
        self.samples[frame] = V::select(back, y, self.samples[frame]);
    }

    /// Writes down that the sample of one lane came back.
    #[inline(always)]
    pub(crate) fn note_restored_lane(&mut self, frame: usize, lane: usize) {
        self.fates()[frame].restored |= 1 << lane;
        self.restored |= 1 << lane;
    }

    /// Writes down what came back: the samples inside `after` and outside `before`, in some lanes.
    #[inline(always)]
    pub(crate) fn note_restored(&mut self, before: &Bounds<V>, after: &Bounds<V>, lanes: V::Mask) {
        self.restored |= lanes.bits();
        if self.ordered {
            return;
        }
        self.fates();
        for (fate, y) in self.fates.iter_mut().zip(self.samples.iter()) {
            fate.restored |= (after.contain(*y) & !before.contain(*y) & lanes).bits();
        }
    }

    /// The fate of every sample, once the last rejection has spoken; of all frames, in frame order.
    ///
    /// # Panics
    /// If the columns are `ordered`: there are no frames then.
    #[inline(always)]
    pub fn settle(&mut self, kept: &Kept<V>) -> &[Fates] {
        assert!(!self.ordered, "columns without frames");
        self.fates();
        for (fate, y) in self.fates.iter_mut().zip(self.samples.iter()) {
            let low = y.lt(kept.bounds.low);
            fate.low |= low.bits();
            // Where nothing is kept the bounds cross.
            fate.high |= (kept.bounds.high.lt(*y) & !low).bits();
        }
        self.fates
    }

    /// [`settle`](Self::settle) before another rejection: what was dropped becomes missing for it.
    #[inline(always)]
    pub(crate) fn settle_for_the_next(&mut self, isa: V::Isa, kept: &Kept<V>) {
        if kept.all {
            return;
        }
        self.settle(kept);
        for y in self.samples.iter_mut() {
            *y = V::select(kept.bounds.contain(*y), *y, V::splat(isa, V::Element::NAN));
        }
        self.full = false;
    }
}
