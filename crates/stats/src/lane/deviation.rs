//! Order statistics of deviations, from a column that is sorted already (algorithms.md C3, F3).
//!
//! The k samples nearest to a point c are k neighbours in the sorted column. So the k-th smallest deviation is
//!
//! ```text
//! d(k) = min over i of max(c − y[i], y[i + k − 1] − c)
//! ```
//!
//! and since the first term falls and the second rises with i, the minimum is at their crossing: no second sort.

use skystack_simd::{Element, Mask, Ordered, Vector};

use super::Window;
use super::sort::sort_in_place;

/// One lane of a sorted column, cut to its window.
struct Ranks<'a, V> {
    sorted: &'a [V],
    lane: usize,
    first: usize,
    count: usize,
}

impl<V: Vector> Ranks<'_, V> {
    #[inline(always)]
    fn at(&self, rank: usize) -> f64 {
        self.sorted[self.first + rank].lanes()[self.lane].widen()
    }

    /// The k-th smallest |y − c| of the window, k in 1..=count.
    #[inline(always)]
    fn kth_deviation(&self, c: f64, k: usize) -> f64 {
        let (mut low, mut high) = (0, self.count - k);
        while low < high {
            let i = (low + high) / 2;
            if self.at(i + k - 1) - c >= c - self.at(i) {
                high = i;
            } else {
                low = i + 1;
            }
        }
        let worst = |i: usize| (c - self.at(i)).max(self.at(i + k - 1) - c);
        if low == 0 { worst(0) } else { worst(low).min(worst(low - 1)) }
    }
}

/// Median absolute deviation about `center`, in f64: dᵢ = |f64(yᵢ) − f64(c)|, the mean of the two middle ones for an even
/// count.
///
/// # Shapes
/// `sorted`: N registers or more; `center`: the median of the window (C3), exact for any other point too. Lanes outside
/// `wanted` get an arbitrary value.
/// # Missing data
/// Past the window; an empty window gives NaN.
/// # Cost
/// About n/4 steps for all lanes with the same window together.
#[inline(always)]
pub fn mad<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>, center: V, wanted: V::Mask) -> V::Wide {
    let zero = V::splat(isa, V::Element::narrow(0.0));
    let mut mads = V::Wide::splat(isa, f64::NAN);
    let mut pending = wanted & zero.lt(window.count);
    while pending.any() {
        let lane = pending.bits().trailing_zeros() as usize;
        let (first, count) = window.lane(lane);
        let first_of_lane = V::splat(isa, window.first.lanes()[lane]);
        let count_of_lane = V::splat(isa, window.count.lanes()[lane]);
        let these = pending & window.first.eq(first_of_lane) & window.count.eq(count_of_lane);
        let (lower, upper) = middle_deviations(isa, &sorted[first..first + count], center.widen(), these);
        let mean = V::Wide::select(lower.eq(upper), lower, (lower + upper) * V::Wide::splat(isa, 0.5));
        mads = V::Wide::select(V::widen_mask(these), mean, mads);
        pending = pending & !these;
    }
    mads
}

/// The two middle deviations of a sorted window, the same one twice for an odd count; `wanted` lanes only.
#[inline(always)]
fn middle_deviations<V: Vector>(
    isa: V::Isa,
    sorted: &[V],
    center: V::Wide,
    wanted: V::Mask,
) -> (V::Wide, V::Wide) {
    let infinity = V::Wide::splat(isa, f64::INFINITY);
    let (mut lower, mut upper) = (infinity, infinity);
    let wanted = V::widen_mask(wanted);
    let (fewer, more) = (sorted.len().div_ceil(2), sorted.len() / 2 + 1);
    for i in 0..=sorted.len() - fewer {
        let below = center - sorted[i].widen();
        let above = sorted[i + fewer - 1].widen() - center;
        lower = below.sort2(above).1.sort2(lower).0;
        if let Some(above) = sorted.get(i + more - 1) {
            upper = below.sort2(above.widen() - center).1.sort2(upper).0;
        }
        // From here on the greater deviation is the upper one, and grows.
        if !(wanted & above.lt(below)).any() {
            break;
        }
    }
    (lower, upper)
}

/// Rousseeuw and Croux' Sₙ without factors, in f64: lomedᵢ himedⱼ |yᵢ − yⱼ|, himed of rank ⌊n/2⌋ + 1 (j = i included),
/// lomed of rank ⌊(n+1)/2⌋.
///
/// # Shapes
/// `sorted` and `scratch`: N registers each; `scratch` is overwritten.
/// # Missing data
/// Past the window; an empty window gives NaN.
/// # Cost
/// n·log₂ n steps a lane and one sort of `scratch`.
/// # References
/// Rousseeuw & Croux 1993, J. Am. Stat. Assoc. 88, 1273.
#[inline(always)]
pub fn sn<V: Vector>(isa: V::Isa, sorted: &[V], window: &Window<V>, scratch: &mut [V::Wide]) -> V::Wide {
    for (rank, to) in scratch.iter_mut().enumerate() {
        for (lane, to) in to.lanes_mut().iter_mut().enumerate() {
            let (first, count) = window.lane(lane);
            let ranks = Ranks { sorted, lane, first, count };
            let member = rank < count;
            *to = if member { ranks.kth_deviation(ranks.at(rank), count / 2 + 1) } else { f64::INFINITY };
        }
    }
    sort_in_place(scratch);
    let mut sns = V::Wide::splat(isa, f64::NAN);
    for (lane, to) in sns.lanes_mut().iter_mut().enumerate() {
        let (_, count) = window.lane(lane);
        if count > 0 {
            *to = scratch[count.div_ceil(2) - 1].lanes()[lane];
        }
    }
    sns
}
