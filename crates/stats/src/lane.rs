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
    All, Deviations, Distances, Members, Moments, SUM_CHUNK, Squares, Terms, first_in, mean, sum,
};
pub use order::{halfway, iqr, lmedian, median, middle_of_window, percentile};
pub use sort::{middle, middle_of_ordered, middle_within, sort, sorted_copy, sorted_registers};

/// The ranks `first` … `first + count − 1` (0-based) of a sorted column, one window a lane.
#[derive(Debug, Clone, Copy)]
pub struct Window<V> {
    /// Rank of the lowest member.
    pub first: V,
    /// Number of members.
    pub count: V,
    /// What is known of all lanes.
    pub ranks: Ranks,
}

/// Ranks (from, to) that limit the windows of all lanes: these differ by a few ranks mostly, and what all have in common needs
/// no mask.
#[derive(Debug, Clone, Copy)]
pub struct Ranks {
    /// Every window lies within these.
    pub outer: (usize, usize),
    /// Every window holds these; none where they are in the wrong order.
    pub common: (usize, usize),
}

impl Ranks {
    /// Where nothing is known of windows in a column of `frames` samples.
    pub const fn unknown(frames: usize) -> Self {
        Self { outer: (0, frames), common: (frames, 0) }
    }
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
    /// The first `valid` ranks of a column of `frames` samples; `full`: that is all of them in every lane.
    #[inline(always)]
    pub fn of_valid(isa: V::Isa, valid: V, frames: usize, full: bool) -> Self {
        let mut fewest = frames;
        for valid in valid.lanes().iter().take_while(|_| !full) {
            fewest = fewest.min(valid.widen() as usize);
        }
        let ranks = Ranks { outer: (0, frames), common: (0, fewest) };
        Self { first: V::splat(isa, V::Element::narrow(0.0)), count: valid, ranks }
    }

    /// Lane by lane one of two windows.
    #[inline(always)]
    pub fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        let (a, b) = (yes.ranks, no.ranks);
        let ranks = Ranks {
            outer: (a.outer.0.min(b.outer.0), a.outer.1.max(b.outer.1)),
            common: (a.common.0.max(b.common.0), a.common.1.min(b.common.1)),
        };
        Self {
            first: V::select(mask, yes.first, no.first),
            count: V::select(mask, yes.count, no.count),
            ranks,
        }
    }

    /// The values of the first and of the last rank of each window.
    #[inline(always)]
    pub fn ends(&self, isa: V::Isa, sorted: &[V]) -> Bounds<V> {
        let (_, one) = constants::<V>(isa);
        let Ranks { outer, common } = self.ranks;
        let last = self.first + self.count - one;
        Bounds {
            low: order::pick(isa, sorted, self.first, (outer.0, common.0)),
            high: order::pick(isa, sorted, last, (common.1.saturating_sub(1), outer.1.saturating_sub(1))),
        }
    }

    /// The values of the ranks before and after each window; arbitrary where there are none.
    #[inline(always)]
    pub fn neighbours(&self, isa: V::Isa, sorted: &[V]) -> Bounds<V> {
        let (_, one) = constants::<V>(isa);
        let Ranks { outer, common } = self.ranks;
        let before = (outer.0.saturating_sub(1), common.0.saturating_sub(1));
        Bounds {
            low: order::pick(isa, sorted, self.first - one, before),
            high: order::pick(isa, sorted, self.first + self.count, (common.1, outer.1)),
        }
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

/// 0 and 1 in every lane.
#[inline(always)]
pub fn constants<V: Vector>(isa: V::Isa) -> (V, V) {
    (number(isa, 0), number(isa, 1))
}

/// A count or rank in every lane: exact in f32 for all stacks that `skystack-combine` accepts (2²² frames).
#[inline(always)]
pub fn number<V: Vector>(isa: V::Isa, value: usize) -> V {
    // From 32 bits: from 64 it is five instructions where there is no AVX-512.
    V::splat(isa, V::Element::from_i32(value as i32))
}

/// Calls `f(lane)` for each true lane of a mask.
#[inline(always)]
pub fn true_lanes<M: Mask>(mask: M) -> impl Iterator<Item = usize> {
    let bits = mask.bits();
    (0..u32::BITS as usize).filter(move |lane| bits >> lane & 1 == 1)
}
