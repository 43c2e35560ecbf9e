//! Two registers that act as one of twice the lanes: the f64 side of an f32 register, or two columns on their way through one
//! chain of operations, each of which waits for the one before it.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use crate::isa::sealed::Sealed;
use crate::{Mask, Ordered, Vector};

/// Lanes 0..L/2 in the first, L/2..L in the second.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Pair<V>(pub(crate) V, pub(crate) V);

macro_rules! operators {
    ($($trait:ident $method:ident)*) => { $(
        impl<V: $trait<Output = V>> $trait for Pair<V> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0), self.1.$method(other.1))
            }
        }
    )* };
}

operators!(Add add Sub sub Mul mul Div div BitAnd bitand BitOr bitor);

impl<M: Not<Output = M>> Not for Pair<M> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0, !self.1)
    }
}

/// Lanes of one half in the mask's bits.
///
/// A mask does not know its own lane count, so the half is counted by the vector that made it.
impl<M: Mask> Pair<M> {
    #[inline(always)]
    fn join_bits(self, half_lanes: usize) -> u32 {
        self.0.bits() | (self.1.bits() << half_lanes)
    }
}

/// The mask of a [`Pair`] of vectors.
#[derive(Debug, Clone, Copy)]
pub struct PairMask<V: Vector>(pub(crate) Pair<V::Mask>);

impl<V: Vector> BitAnd for PairMask<V> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl<V: Vector> BitOr for PairMask<V> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<V: Vector> Not for PairMask<V> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl<V: Vector> Sealed for PairMask<V> {}

impl<V: Vector> Mask for PairMask<V> {
    #[inline(always)]
    fn any(self) -> bool {
        (self.0.0 | self.0.1).any()
    }
    #[inline(always)]
    fn bits(self) -> u32 {
        self.0.join_bits(V::LANES)
    }
}

impl<V: Vector> Sealed for Pair<V> {}

impl<V: Vector> Ordered for Pair<V> {
    type Isa = V::Isa;
    const LANES: usize = 2 * V::LANES;

    #[inline(always)]
    fn sort2(self, other: Self) -> (Self, Self) {
        let (low, high) = (self.0.sort2(other.0), self.1.sort2(other.1));
        (Self(low.0, high.0), Self(low.1, high.1))
    }
    #[inline(always)]
    fn padding(isa: V::Isa) -> Self {
        Self(V::padding(isa), V::padding(isa))
    }

    type Register = V;
    const REGISTERS: usize = 2;

    #[inline(always)]
    fn register(&self, k: usize) -> V {
        if k == 0 { self.0 } else { self.1 }
    }
    #[inline(always)]
    fn set_register(&mut self, k: usize, register: V) {
        *(if k == 0 { &mut self.0 } else { &mut self.1 }) = register;
    }
}

impl<V: Vector> Vector for Pair<V> {
    type Element = V::Element;
    type Mask = PairMask<V>;
    type Wide = Pair<V::Wide>;

    #[inline(always)]
    fn splat(isa: V::Isa, value: V::Element) -> Self {
        Self(V::splat(isa, value), V::splat(isa, value))
    }
    #[inline(always)]
    fn load(isa: V::Isa, from: &[V::Element]) -> Self {
        Self(V::load(isa, from), V::load(isa, &from[V::LANES..]))
    }
    #[inline(always)]
    fn load_partial(isa: V::Isa, from: &[V::Element], pad: V::Element) -> Self {
        let (first, second) = from.split_at(from.len().min(V::LANES));
        Self(V::load_partial(isa, first, pad), V::load_partial(isa, second, pad))
    }
    #[inline(always)]
    fn lanes(&self) -> &[V::Element] {
        // SAFETY: `repr(C)` puts the two registers side by side without padding (the size of a type is a multiple of its
        // alignment), and each is V::LANES initialised elements (the trait is sealed).
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), Self::LANES) }
    }
    #[inline(always)]
    fn lanes_mut(&mut self) -> &mut [V::Element] {
        // SAFETY: as in `lanes`; every bit pattern is a valid element, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(std::ptr::from_mut(self).cast(), Self::LANES) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.sqrt(), self.1.sqrt())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.abs(), self.1.abs())
    }
    #[inline(always)]
    fn lt(self, other: Self) -> PairMask<V> {
        PairMask(Pair(self.0.lt(other.0), self.1.lt(other.1)))
    }
    #[inline(always)]
    fn le(self, other: Self) -> PairMask<V> {
        PairMask(Pair(self.0.le(other.0), self.1.le(other.1)))
    }
    #[inline(always)]
    fn eq(self, other: Self) -> PairMask<V> {
        PairMask(Pair(self.0.eq(other.0), self.1.eq(other.1)))
    }
    #[inline(always)]
    fn select(mask: PairMask<V>, yes: Self, no: Self) -> Self {
        Self(V::select(mask.0.0, yes.0, no.0), V::select(mask.0.1, yes.1, no.1))
    }
    #[inline(always)]
    fn widen(self) -> Pair<V::Wide> {
        Pair(self.0.widen(), self.1.widen())
    }
    #[inline(always)]
    fn narrow(wide: Pair<V::Wide>) -> Self {
        Self(V::narrow(wide.0), V::narrow(wide.1))
    }
    #[inline(always)]
    fn widen_mask(mask: PairMask<V>) -> PairMask<V::Wide> {
        PairMask(Pair(V::widen_mask(mask.0.0), V::widen_mask(mask.0.1)))
    }
    #[inline(always)]
    fn narrow_mask(mask: PairMask<V::Wide>) -> PairMask<V> {
        PairMask(Pair(V::narrow_mask(mask.0.0), V::narrow_mask(mask.0.1)))
    }
}
