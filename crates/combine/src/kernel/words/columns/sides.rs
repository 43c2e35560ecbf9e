//! What each frame loses to a rejection of ranks: the integers are still in frame order beside the sorted ones.
//!
//! ```text
//! for each frame:  below the low bound, above the high bound: a comparison of integers each, and a count of bits
//! where a bound splits equal values:  of those at the low one the first frames went, of those at the high one the last (C1)
//! ```

use skystack_reject::Kept;
use skystack_simd::{Element, Mask, Vector, Words};
use skystack_stats::lane::number;

use super::{MOST_EXACT, MOST_LANES};
use crate::format::WordFormat;
use crate::kernel::FrameTotals;

/// L columns of integers of which some ranks were dropped.
pub(super) struct Sides<'a, W, V> {
    /// N registers in frame order.
    pub(super) column: &'a [W],
    /// The same in order.
    pub(super) sorted: &'a [W],
    pub(super) format: WordFormat,
    /// Lanes of the image.
    pub(super) lanes: usize,
    pub(super) kept: &'a Kept<V>,
}

/// Bounds as integers: a sample is low if it is below `low`, or high if it is above `high`.
struct Keys<W> {
    low: W,
    high: W,
    /// Lanes in which nothing reaches the low bound.
    all_low: u32,
    /// Lanes in which everything exceeds the high bound.
    all_high: u32,
}

impl<W: Words, V: Vector<Isa = W::Isa>> Sides<'_, W, V> {
    /// Adds what is dropped to the totals of each frame.
    #[inline(always)]
    pub(super) fn add(&self, isa: V::Isa, per_frame: &mut [FrameTotals]) {
        let keys = self.keys(isa);
        let present = u32::MAX >> (u32::BITS as usize - self.lanes);
        for (words, to) in self.column.iter().zip(per_frame.iter_mut()) {
            let low = words.lt(keys.low) | keys.all_low;
            // Where nothing is kept the bounds cross.
            let high = (keys.high.lt(*words) | keys.all_high) & !low;
            to.low += u64::from((low & present).count_ones());
            to.high += u64::from((high & present).count_ones());
        }
        let (mut first, mut last) = (Counts::default(), Counts::default());
        self.count_ties(isa, &keys, &mut first, &mut last);
        for (words, to) in self.column.iter().zip(per_frame.iter_mut()) {
            if first.some == 0 {
                break;
            }
            to.low += u64::from((first.take(words.eq(keys.low)) & present).count_ones());
        }
        for (words, to) in self.column.iter().zip(per_frame.iter_mut()).rev() {
            if last.some == 0 {
                break;
            }
            to.high += u64::from((last.take(words.eq(keys.high)) & present).count_ones());
        }
    }

    #[inline(always)]
    fn keys(&self, isa: V::Isa) -> Keys<W> {
        let splat = |key: i32| V::splat(isa, V::Element::from_i32(key));
        // Samples, or beyond all of them.
        let low = self.kept.bounds.low - splat(self.format.offset());
        let high = self.kept.bounds.high - splat(self.format.offset());
        let all_low = splat(i16::MAX.into()).lt(low).bits();
        let all_high = high.lt(splat(i16::MIN.into())).bits();
        Keys { low: key(isa, low), high: key(isa, high), all_low, all_high }
    }

    /// How many of the samples at the low bound, and of those at the high one, were dropped.
    #[inline(always)]
    fn count_ties(&self, isa: V::Isa, keys: &Keys<W>, low: &mut Counts, high: &mut Counts) {
        let window = self.kept.window.as_ref().expect("what keeps ranks knows which");
        for (rank, words) in self.sorted.iter().enumerate() {
            let dropped = number::<V>(isa, rank).lt(window.first).bits();
            if dropped == 0 {
                break;
            }
            low.add(dropped & words.eq(keys.low));
        }
        let end = window.first + window.count;
        for (rank, words) in self.sorted.iter().enumerate().rev() {
            let dropped = end.le(number::<V>(isa, rank)).bits();
            if dropped == 0 {
                break;
            }
            high.add(dropped & words.eq(keys.high));
        }
    }
}

/// Whole numbers as integers; the greatest or least of these for what is beyond them.
#[inline(always)]
fn key<W: Words, V: Vector<Isa = W::Isa>>(isa: V::Isa, values: V) -> W {
    let splat = |value: f64| V::splat(isa, V::Element::narrow(value));
    let (values, _) = values.sort2(splat(i16::MAX.into()));
    let (_, values) = splat(i16::MIN.into()).sort2(values);
    // Next to 1.5 · 2²³ the last bits of an f32 count ones: a conversion that compilers make vector code of, as they do not of
    // a cast, which must look for NaN.
    let values = values + splat(f64::from(3 << 22));
    let mut keys = [0; MOST_LANES];
    for (key, value) in keys.iter_mut().zip(values.lanes()) {
        *key = (value.widen() as f32).to_bits() as i16;
    }
    W::load(isa, &keys)
}

/// A small count in each lane: bit k of plane p is bit p of the count of lane k.
#[derive(Default)]
struct Counts {
    planes: [u32; PLANES],
    /// Planes above are zero.
    used: usize,
    /// Lanes whose count is not zero.
    some: u32,
}

/// Of counts up to the longest column.
const PLANES: usize = MOST_EXACT.ilog2() as usize + 1;

impl Counts {
    /// Adds 1 in these lanes.
    #[inline(always)]
    fn add(&mut self, lanes: u32) {
        self.some |= lanes;
        let mut carry = lanes;
        for (p, plane) in self.planes.iter_mut().enumerate() {
            if carry == 0 {
                break;
            }
            (*plane, carry) = (*plane ^ carry, *plane & carry);
            self.used = self.used.max(p + 1);
        }
    }

    /// Takes 1 from these lanes, where there is one; those lanes.
    #[inline(always)]
    fn take(&mut self, lanes: u32) -> u32 {
        let taken = lanes & self.some;
        if taken != 0 {
            let mut borrow = taken;
            self.some = 0;
            for plane in &mut self.planes[..self.used] {
                (*plane, borrow) = (*plane ^ borrow, !*plane & borrow);
                self.some |= *plane;
            }
        }
        taken
    }
}
