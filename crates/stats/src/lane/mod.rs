//! Statistics of L columns at once: lane k of register i is frame i's sample at output pixel x + k.
//!
//! A *column* is a slice of N registers. In **frame order** a missing sample is NaN. A **sorted** column has its missing
//! samples replaced by +∞ and moved past the end by [`sort`]; they are counted, never recognised by value. A [`Window`]
//! says which ranks of a sorted column are meant, [`Bounds`] which values of a column in frame order; both have one value
//! a lane, and for a set that is an interval of values they describe the same samples.
//!
//! Every function is `#[inline(always)]` and compiled inside the level that [`skystack_simd::Level::run`] enters.

mod deviation;
mod moments;
mod network;
mod order;
mod select;
mod sort;

use skystack_simd::{Element, Mask, Vector};

pub use deviation::{mad, sn};
pub use moments::{
    All, DeviationMoments, Deviations, Distances, Members, SUM_CHUNK, Squares, Terms, first_in, mean, sum,
};
pub use order::{halfway, iqr, lmedian, median, middle_of_window, percentile};
pub use sort::{middle, middle_within, sort, sorted_copy, sorted_registers};

/// The ranks `first` … `first + count − 1` (0-based) of a sorted column, one window a lane.
#[derive(Debug, Clone, Copy)]
pub struct Window<V> {
    /// Rank of the lowest member.
    pub first: V,
    /// Number of members.
    pub count: V,
}

/// The samples with `low <= y <= high`, one interval a lane. NaN is in no interval; `low > high` is empty.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<V> {
    /// Least member.
    pub low: V,
    /// Greatest member.
    pub high: V,
}

impl<V: Vector> Bounds<V> {
    /// Every sample that is not missing.
    #[inline(always)]
    pub fn everything(isa: V::Isa) -> Self {
        let infinity = V::Element::INFINITY;
        Self { low: V::splat(isa, -infinity), high: V::splat(isa, infinity) }
    }

    /// No sample.
    #[inline(always)]
    pub fn nothing(isa: V::Isa) -> Self {
        let Self { low, high } = Self::everything(isa);
        Self { low: high, high: low }
    }

    /// Which lanes of `y` are members.
    #[inline(always)]
    pub fn contain(&self, y: V) -> V::Mask {
        self.low.le(y) & y.le(self.high)
    }

    /// The least bounds of the members and of the lanes of `y` that `mask` adds.
    #[inline(always)]
    pub fn including(self, mask: V::Mask, y: V) -> Self {
        Self {
            low: V::select(mask & y.lt(self.low), y, self.low),
            high: V::select(mask & self.high.lt(y), y, self.high),
        }
    }

    /// Lane by lane one of two bounds.
    #[inline(always)]
    pub fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self { low: V::select(mask, yes.low, no.low), high: V::select(mask, yes.high, no.high) }
    }
}

impl<V: Vector> Window<V> {
    /// Lane by lane one of two windows.
    #[inline(always)]
    pub fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self { first: V::select(mask, yes.first, no.first), count: V::select(mask, yes.count, no.count) }
    }

    /// One lane of the window as (first rank, number of members).
    #[inline(always)]
    pub fn lane(&self, lane: usize) -> (usize, usize) {
        (self.first.lanes()[lane].widen() as usize, self.count.lanes()[lane].widen() as usize)
    }
}

/// How many lanes' samples are members of `bounds`, per lane.
#[inline(always)]
pub fn count<V: Vector>(isa: V::Isa, samples: &[V], bounds: &Bounds<V>) -> V {
    let (zero, one) = constants(isa);
    let mut members = zero;
    for y in samples {
        members = members + V::select(bounds.contain(*y), one, zero);
    }
    members
}

/// The least bounds of all samples; an empty lane gets [`Bounds::nothing`].
#[inline(always)]
pub fn extremes<V: Vector>(isa: V::Isa, samples: &[V]) -> Bounds<V> {
    let mut extremes = Bounds::nothing(isa);
    for y in samples {
        extremes.low = V::select(y.lt(extremes.low), *y, extremes.low);
        extremes.high = V::select(extremes.high.lt(*y), *y, extremes.high);
    }
    extremes
}

/// Zero and one in every lane.
#[inline(always)]
fn constants<V: Vector>(isa: V::Isa) -> (V, V) {
    (V::splat(isa, V::Element::narrow(0.0)), V::splat(isa, V::Element::narrow(1.0)))
}

/// Calls `f(lane)` for each true lane of a mask.
#[inline(always)]
pub fn true_lanes<M: Mask>(mask: M) -> impl Iterator<Item = usize> {
    let bits = mask.bits();
    (0..u32::BITS as usize).filter(move |lane| bits >> lane & 1 == 1)
}
