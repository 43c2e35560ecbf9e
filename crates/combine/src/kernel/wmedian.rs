//! The weighted median (algorithms.md section 7).
//!
//! Weights travel with their samples, so each lane is sorted by itself: (value, frame) is the order of ranks.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, Mask, Task, Vector};
use skystack_stats::lane;

use super::weights::Weights;
use crate::options::Resolved;

/// The value up to which half of the weight lies, the mean of two where it is exactly half. Equal weights, and weights that sum to
/// zero: the median.
///
/// # Cost
/// A scalar sort a pixel.
pub(super) struct WeightedMedian<'a, 'b, V: Vector> {
    pub(super) options: &'a Resolved<V::Element>,
    pub(super) columns: &'a mut Columns<'b, V>,
    pub(super) kept: &'a Kept<V>,
}

impl<V: Vector> Task<V::Isa> for WeightedMedian<'_, '_, V> {
    type Output = V;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> V {
        let Self { options, columns, kept } = self;
        let weights = Weights::of(options, columns);
        let total = weights.sum(isa, columns.samples, kept);
        let is_weighted = !weights.is_none();
        for frame in 0..columns.samples.len() {
            let weight = Weights::of(options, columns).at(isa, frame);
            columns.deviations[frame] = weight;
        }
        let (mut low, mut high) = (kept.count, kept.count);
        for lane in 0..V::LANES {
            let weightless = !is_weighted || total.lanes()[lane] == 0.0;
            let middle = of_lane(columns, kept, lane, weightless);
            low.lanes_mut()[lane] = V::Element::narrow(middle.0);
            high.lanes_mut()[lane] = V::Element::narrow(middle.1);
        }
        lane::halfway(isa, low, high)
    }
}

/// The two middle values of a lane; zeros where nothing is kept.
fn of_lane<V: Vector>(
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
    lane: usize,
    weightless: bool,
) -> (f64, f64) {
    let weight = |columns: &Columns<'_, V>, frame: u32| columns.deviations[frame as usize].lanes()[lane];
    let mut count = 0;
    let mut first = f64::NAN;
    let mut equal = true;
    for (frame, y) in (0..).zip(columns.samples.iter()) {
        let is_kept = kept.bounds.contain(*y).bits() >> lane & 1 == 1;
        let w = if weightless { 1.0 } else { weight(columns, frame) };
        if is_kept && w != 0.0 {
            equal = equal && (count == 0 || w == first);
            first = w;
            columns.keys[count] = (y.lanes()[lane].widen(), frame);
            count += 1;
        }
    }
    let keys = &mut columns.keys[..count];
    skystack_reject::sort_keys(keys);
    let Some(last) = count.checked_sub(1) else { return (0.0, 0.0) };
    if equal {
        return (keys[last / 2].0, keys[count / 2].0);
    }
    let keys = &columns.keys[..count];
    let half = keys.iter().fold(0.0, |total, (_, frame)| total + weight(columns, *frame)) / 2.0;
    let mut total = 0.0;
    for (rank, (y, frame)) in keys.iter().enumerate() {
        total += weight(columns, *frame);
        if total >= half {
            let next = if total == half && rank < last { keys[rank + 1].0 } else { *y };
            return (*y, next);
        }
    }
    (keys[last].0, keys[last].0)
}
