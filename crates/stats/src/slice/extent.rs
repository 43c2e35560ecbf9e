//! The least and the greatest value that pass a test, in one pass.

use skystack_simd::{Element, Isa, Kernel, Mask, Ordered, Vector};

use super::bounds::Bounds;
use super::tuning::Tuning;

/// The test of a round of clipping (algorithms.md F1), made on squares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clip {
    pub(crate) center: f64,
    /// Greatest square of a distance below the centre that is kept; ∞ keeps all.
    pub(crate) low: f64,
    /// The same above it.
    pub(crate) high: f64,
}

impl Clip {
    /// Which lanes the test drops.
    #[inline(always)]
    fn drops<V: Vector>(self, isa: V::Isa, x: V) -> V::Mask {
        let splat = |value| V::Wide::splat(isa, value);
        let d = x.widen() - splat(self.center);
        let (square, zero) = (d * d, splat(0.0));
        let low = d.lt(zero) & splat(self.low).lt(square);
        let high = zero.lt(d) & splat(self.high).lt(square);
        V::narrow_mask(low | high)
    }
}

/// What a pass found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent<T> {
    /// The values that were kept lie in these bounds and reach both; low > high: there are none.
    pub(crate) kept: Bounds<T>,
    /// Did the test drop any?
    pub(crate) dropped: bool,
}

impl<T: Element> Extent<T> {
    /// Of the values within `bounds`, those that `clip` keeps.
    pub(crate) fn of(tuning: Tuning, data: &[T], bounds: Bounds<T>, clip: Option<Clip>) -> Self {
        let piece = |data: &[T]| tuning.level.run(Search { data, bounds, clip });
        let none = Self { kept: Bounds { low: T::INFINITY, high: T::neg_infinity() }, dropped: false };
        tuning.over_pieces(data, piece, Self::merge).unwrap_or(none)
    }

    fn merge(a: Self, b: Self) -> Self {
        let kept = Bounds { low: a.kept.low.min(b.kept.low), high: a.kept.high.max(b.kept.high) };
        Self { kept, dropped: a.dropped | b.dropped }
    }
}

struct Search<'a, T> {
    data: &'a [T],
    bounds: Bounds<T>,
    clip: Option<Clip>,
}

impl<T: Element> Kernel for Search<'_, T> {
    type Output = Extent<T>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Extent<T> {
        let splat = |value| T::Vector::<I>::splat(isa, value);
        let (above, below) = (splat(T::INFINITY), splat(T::neg_infinity()));
        let (mut low, mut high) = (above, below);
        let mut dropped = above.lt(above);
        for entries in self.data.chunks(T::Vector::<I>::LANES) {
            let x = T::Vector::<I>::load_partial(isa, entries, T::NAN);
            let mut kept = self.bounds.mask(isa, x);
            if let Some(clip) = self.clip {
                let drops = kept & clip.drops(isa, x);
                dropped = dropped | drops;
                kept = kept & !drops;
            }
            low = low.sort2(T::Vector::<I>::select(kept, x, above)).0;
            high = high.sort2(T::Vector::<I>::select(kept, x, below)).1;
        }
        let low = low.lanes().iter().fold(T::INFINITY, |low, &x| low.min(x));
        let high = high.lanes().iter().fold(T::neg_infinity(), |high, &x| high.max(x));
        Extent { kept: Bounds { low, high }, dropped: dropped.any() }
    }
}
