//! Which entries of a slice are meant: those with a value in an interval.

use skystack_simd::{Element, Vector};

/// The values `low ..= high`. NaN is in no interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds<T> {
    pub(crate) low: T,
    pub(crate) high: T,
}

impl<T: Element> Bounds<T> {
    /// Every valid value: infinities lie outside, NaN does anyway.
    pub(crate) fn finite() -> Self {
        Self { low: T::min_value(), high: T::max_value() }
    }

    /// Is this entry meant?
    #[inline(always)]
    pub(crate) fn contains(self, x: T) -> bool {
        self.low <= x && x <= self.high
    }

    /// Which lanes are meant.
    #[inline(always)]
    pub(crate) fn mask<V: Vector<Element = T>>(self, isa: V::Isa, x: V) -> V::Mask {
        V::splat(isa, self.low).le(x) & x.le(V::splat(isa, self.high))
    }

    /// The values meant, in the order of the slice, −0 as +0.
    pub(crate) fn values(self, data: &[T]) -> impl Iterator<Item = T> {
        data.iter().filter(move |&&x| self.contains(x)).map(|&x| x + T::zero())
    }
}
