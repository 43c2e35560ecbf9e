//! One pass that counts the values on either side of a bracket and collects those inside.

use std::ops::Add;
use std::sync::{Mutex, PoisonError};

use skystack_simd::{Element, Isa, Kernel, MAX_LANES, Mask, Vector};

use super::bounds::Bounds;
use super::key::{Bracket, Key, Places};
use super::tuning::Tuning;

/// Values that a task collects before it hands them over.
const HELD: usize = 1024;

/// How many values are meant, and how many of them lie where.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Census {
    /// All.
    pub(crate) n: usize,
    /// Those below the bracket.
    pub(crate) below: usize,
    /// Those not above its low end.
    pub(crate) to_low: usize,
    /// Those not above its high end.
    pub(crate) to_high: usize,
}

impl Add for Census {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            below: self.below + other.below,
            to_low: self.to_low + other.to_low,
            to_high: self.to_high + other.to_high,
        }
    }
}

impl Census {
    /// Counts; `inside` becomes the values strictly inside the bracket, in any order.
    pub(crate) fn take<T: Element>(
        tuning: Tuning,
        data: &[T],
        bounds: Bounds<T>,
        key: impl Key,
        bracket: Bracket,
        inside: &mut Vec<T>,
    ) -> Self {
        inside.clear();
        let inside = Mutex::new(inside);
        let inside = &inside;
        let piece = |data: &[T]| tuning.level.run(Count { data, bounds, key, bracket, inside });
        tuning.over_pieces(data, piece, Self::add).unwrap_or_default()
    }
}

struct Count<'a, 'v, T, K> {
    data: &'a [T],
    bounds: Bounds<T>,
    key: K,
    bracket: Bracket,
    /// Threads share one vector: no memory of their own, and they come by once in [`HELD`] values.
    inside: &'a Mutex<&'v mut Vec<T>>,
}

impl<T: Element, K: Key> Kernel for Count<'_, '_, T, K> {
    type Output = Census;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Census {
        let lanes = T::Vector::<I>::LANES;
        let (one, zero) = (T::Vector::<I>::splat(isa, T::one()), T::Vector::<I>::splat(isa, T::zero()));
        // Counts of one piece are small integers, exact in any T.
        let (mut n, mut below, mut to_low, mut to_high) = (zero, zero, zero, zero);
        let (mut held, mut count) = ([T::zero(); HELD + MAX_LANES], 0);
        for entries in self.data.chunks(lanes) {
            let x = T::Vector::<I>::load_partial(isa, entries, T::NAN);
            let meant = self.bounds.mask(isa, x);
            let at: Places<_> = self.key.places(isa, x, self.bracket);
            n = n + T::Vector::<I>::select(meant, one, zero);
            below = below + T::Vector::<I>::select(meant & at.below, one, zero);
            to_low = to_low + T::Vector::<I>::select(meant & at.to_low, one, zero);
            to_high = to_high + T::Vector::<I>::select(meant & at.to_high, one, zero);
            let mut inside = (meant & at.below_high & !at.to_low).bits();
            while inside != 0 {
                held[count] = entries[inside.trailing_zeros() as usize] + T::zero();
                count += 1;
                inside &= inside - 1;
            }
            if count >= HELD {
                hand_over(self.inside, &held[..count]);
                count = 0;
            }
        }
        hand_over(self.inside, &held[..count]);
        let total = |v: T::Vector<I>| v.lanes().iter().map(|x| x.widen() as usize).sum();
        Census { n: total(n), below: total(below), to_low: total(to_low), to_high: total(to_high) }
    }
}

/// Not inlined: locks have no business in the loop of a kernel.
#[inline(never)]
fn hand_over<T: Element>(inside: &Mutex<&mut Vec<T>>, held: &[T]) {
    inside.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(held);
}
