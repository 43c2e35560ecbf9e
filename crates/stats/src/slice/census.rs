//! One pass that counts the values on either side of a bracket and collects those inside.

use std::ops::Add;
use std::sync::{Mutex, PoisonError};

use skystack_simd::{Element, Isa, Kernel, Mask, Vector};

use super::bounds::Bounds;
use super::key::{Bracket, Key, Places};
use super::tuning::Tuning;

/// Values that a task collects before it hands them over.
const HELD: usize = 1024;

/// Entries whose places fill one word of bits.
const GROUP: usize = 64;

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
        let zero = T::Vector::<I>::splat(isa, T::zero());
        let mut counts = Counts { n: zero, below: zero, to_low: zero, to_high: zero };
        let (mut held, mut count) = ([T::zero(); HELD + GROUP], 0);
        let mut groups = self.data.chunks_exact(GROUP);
        for group in &mut groups {
            let inside = self.look(isa, group, &mut counts);
            count = collect(inside, group, &mut held, count);
            if count >= HELD {
                hand_over(self.inside, &held[..count]);
                count = 0;
            }
        }
        let mut last = [T::NAN; GROUP];
        last[..groups.remainder().len()].copy_from_slice(groups.remainder());
        let inside = self.look(isa, &last, &mut counts);
        count = collect(inside, &last, &mut held, count);
        hand_over(self.inside, &held[..count]);
        counts.census()
    }
}

/// Counts of one piece, lane by lane: small integers, exact in any T.
struct Counts<V> {
    n: V,
    below: V,
    to_low: V,
    to_high: V,
}

impl<V: Vector> Counts<V> {
    #[inline(always)]
    fn census(&self) -> Census {
        let total = |counts: &V| counts.lanes().iter().map(|x| x.widen() as usize).sum();
        Census {
            n: total(&self.n),
            below: total(&self.below),
            to_low: total(&self.to_low),
            to_high: total(&self.to_high),
        }
    }
}

impl<T: Element, K: Key> Count<'_, '_, T, K> {
    /// Counts the entries of a group; those inside the bracket are the bits of the result.
    #[inline(always)]
    fn look<V: Vector<Element = T>>(&self, isa: V::Isa, group: &[T], counts: &mut Counts<V>) -> u64 {
        let (one, zero) = (V::splat(isa, T::one()), V::splat(isa, T::zero()));
        let mut inside = 0;
        for start in (0..GROUP).step_by(V::LANES) {
            let x = V::load(isa, &group[start..]);
            let meant = self.bounds.mask(isa, x);
            let at: Places<_> = self.key.places(isa, x, self.bracket);
            counts.n = counts.n + V::select(meant, one, zero);
            counts.below = counts.below + V::select(meant & at.below, one, zero);
            counts.to_low = counts.to_low + V::select(meant & at.to_low, one, zero);
            counts.to_high = counts.to_high + V::select(meant & at.to_high, one, zero);
            inside |= u64::from((meant & at.below_high & !at.to_low).bits()) << start;
        }
        inside
    }
}

/// Appends the entries that `inside` names to the `count` ones held, −0 as +0, and returns the new count.
///
/// Which entries lie inside is noise to a processor, and a branch on it is mispredicted: 6 ns each. So the first four
/// are written whether they exist or not; more are rare.
#[inline(always)]
fn collect<T: Element>(mut inside: u64, group: &[T], held: &mut [T], mut count: usize) -> usize {
    for _ in 0..4 {
        held[count] = group[inside.trailing_zeros() as usize % GROUP] + T::zero();
        count += usize::from(inside != 0);
        inside &= inside.wrapping_sub(1);
    }
    while inside != 0 {
        held[count] = group[inside.trailing_zeros() as usize] + T::zero();
        count += 1;
        inside &= inside - 1;
    }
    count
}

/// Not inlined: locks have no business in the loop of a kernel.
#[inline(never)]
fn hand_over<T: Element>(inside: &Mutex<&mut Vec<T>>, held: &[T]) {
    inside.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(held);
}
