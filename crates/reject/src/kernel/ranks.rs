//! Keeping a run of ranks: minmax and extrema, and what a restored sigclip leaves.
//!
//! A run of ranks is an interval of values, except that equal values at its ends may be split by frame: the total order is
//! (value, frame), so at the low end the earliest frames go first, at the high end the latest.

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{Bounds, Ranks, Window, constants, number};

use crate::prepared::Algorithm;
use crate::{Columns, Kept};

/// How many ranks go at each end, for every number of valid samples: resolved once for a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RankTable {
    /// Entry n₀: (low, high).
    drops: Vec<(usize, usize)>,
}

impl RankTable {
    /// The table of `drops(valid)` for 0..=`frames` valid samples.
    pub(crate) fn new(frames: usize, drops: impl Fn(usize) -> (usize, usize)) -> Self {
        Self { drops: (0..=frames).map(drops).collect() }
    }
}

impl Algorithm for RankTable {
    /// Keeps ranks a … n₀ − b − 1 of each lane.
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let valid = columns.sort(isa);
        let frames = columns.samples.len();
        let mut window = Window { first: valid, count: valid, ranks: Ranks::unknown(frames) };
        if columns.full {
            let (low, high) = self.drops[frames];
            let ranks = (low, frames - high);
            window.first = number(isa, low);
            window.count = valid - number(isa, low + high);
            window.ranks = Ranks { outer: ranks, common: ranks };
        }
        for lane in (0..V::LANES).filter(|_| !columns.full) {
            let n = valid.lanes()[lane].widen() as usize;
            let (low, high) = self.drops[n];
            window.first.lanes_mut()[lane] = V::Element::from_i32(low as i32);
            window.count.lanes_mut()[lane] = V::Element::from_i32((n - low - high) as i32);
            let common = &mut window.ranks.common;
            *common = if lane == 0 { (low, n - high) } else { (common.0.max(low), common.1.min(n - high)) };
        }
        let bounds = cut_to_window(isa, columns, &window);
        Kept { bounds, count: window.count, valid, window: Some(window), all: false }
    }
}

/// The bounds of `window`; samples equal to a bound that are outside the window become NaN in frame order.
///
/// # Shapes
/// The columns are sorted.
/// # Cost
/// Four picks; two passes over the samples where a lane splits equal values.
#[inline(always)]
pub(crate) fn cut_to_window<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    window: &Window<V>,
) -> Bounds<V> {
    let (zero, _) = constants::<V>(isa);
    let end = window.first + window.count;
    let some = zero.lt(window.count);
    let bounds =
        Bounds::select(some, window.ends(isa, columns.ranks()), crossed(isa, columns.ranks(), window));
    if columns.ordered {
        return bounds;
    }
    let outside = window.neighbours(isa, columns.ranks());
    let frames = number::<V>(isa, columns.samples.len());
    let split_low = zero.lt(window.first) & outside.low.eq(bounds.low);
    let split_high = end.lt(frames) & outside.high.eq(bounds.high);
    if (split_low | (some & split_high)).any() {
        drop_split_ties(isa, columns, window, &bounds);
    }
    bounds
}

/// The bounds of an empty window: what lies below its place was dropped low, the rest high.
#[inline(always)]
pub(crate) fn crossed<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>) -> Bounds<V> {
    let Bounds { low: highest, high: lowest } = Bounds::nothing(isa);
    let is_inside = window.first.lt(number(isa, sorted.len()));
    Bounds { low: V::select(is_inside, window.neighbours(isa, sorted).high, highest), high: lowest }
}

/// Turns the samples that equal a bound but whose rank is outside `window` into NaN.
#[inline(always)]
fn drop_split_ties<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    window: &Window<V>,
    bounds: &Bounds<V>,
) {
    let (zero, one) = constants(isa);
    let (mut under_low, mut under_high) = (zero, zero);
    for y in columns.samples.iter() {
        under_low = under_low + V::select(y.lt(bounds.low), one, zero);
        under_high = under_high + V::select(y.lt(bounds.high), one, zero);
    }
    // Equal samples have consecutive ranks in frame order: the first `skip` at the low bound and all but the first `take`
    // at the high bound are outside.
    let skip = window.first - under_low;
    let take = window.first + window.count - under_high;
    let (mut seen_low, mut seen_high) = (zero, zero);
    for frame in 0..columns.samples.len() {
        let y = columns.samples[frame];
        let (at_low, at_high) = (y.eq(bounds.low), y.eq(bounds.high));
        let (low, high) = (at_low & seen_low.lt(skip), at_high & take.le(seen_high));
        seen_low = seen_low + V::select(at_low, one, zero);
        seen_high = seen_high + V::select(at_high, one, zero);
        columns.drop_sample(isa, frame, low, high & !low);
    }
}
