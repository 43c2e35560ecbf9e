//! What a selection orders values by.

use skystack_simd::{Element, Vector};

/// Two keys of a sample, low ≤ high, that are hoped to enclose the one searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bracket {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Where the keys of a register lie.
pub(crate) struct Places<M> {
    /// Below the bracket.
    pub(crate) below: M,
    /// Not above its low end.
    pub(crate) to_low: M,
    /// Below its high end.
    pub(crate) below_high: M,
    /// Not above it.
    pub(crate) to_high: M,
}

/// A number that a value is ordered by; never NaN for a finite value.
pub(crate) trait Key: Copy + Send + Sync {
    /// The key of one value.
    fn of<T: Element>(self, x: T) -> f64;
    /// Compares the keys of a register.
    fn places<V: Vector>(self, isa: V::Isa, x: V, bracket: Bracket) -> Places<V::Mask>;
}

/// The value itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value;

/// Its distance from a centre, in f64 whatever the type of the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deviation(pub(crate) f64);

impl Key for Value {
    #[inline(always)]
    fn of<T: Element>(self, x: T) -> f64 {
        x.widen()
    }

    #[inline(always)]
    fn places<V: Vector>(self, isa: V::Isa, x: V, bracket: Bracket) -> Places<V::Mask> {
        // Ends of a bracket are values of T or infinite, so rounding them changes nothing.
        let low = V::splat(isa, V::Element::narrow(bracket.low));
        let high = V::splat(isa, V::Element::narrow(bracket.high));
        Places { below: x.lt(low), to_low: x.le(low), below_high: x.lt(high), to_high: x.le(high) }
    }
}

impl Key for Deviation {
    #[inline(always)]
    fn of<T: Element>(self, x: T) -> f64 {
        (x.widen() - self.0).abs()
    }

    #[inline(always)]
    fn places<V: Vector>(self, isa: V::Isa, x: V, bracket: Bracket) -> Places<V::Mask> {
        let (low, high) = (V::Wide::splat(isa, bracket.low), V::Wide::splat(isa, bracket.high));
        let d = (x.widen() - V::Wide::splat(isa, self.0)).abs();
        Places {
            below: V::narrow_mask(d.lt(low)),
            to_low: V::narrow_mask(d.le(low)),
            below_high: V::narrow_mask(d.lt(high)),
            to_high: V::narrow_mask(d.le(high)),
        }
    }
}
