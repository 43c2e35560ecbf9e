//! gesd: the generalized extreme Studentized deviate test (algorithms.md section 5.13).
//!
//! ```text
//! for i in 1..=r:  m, s = mean and standard deviation of what is left
//!                  R = distance of the further end of the sorted column, in s;  take it away
//!                  if R > λ:  everything taken away until now is an outlier
//! ```
//!
//! What is taken away are ranks, so that a lane carries two counts. The sums of the contract go by frame: they read the samples
//! between two bounds, and where a rank that was taken away has an equal that was not, the sample itself is marked in a copy of
//! the column, because frames decide which of equal samples went.

mod critical;
mod params;
mod quick;
mod student;

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Window, constants, number};

use self::critical::CriticalValues;
use crate::prepared::Algorithm;
use crate::ranks::cut_to_window;
use crate::variance::{self, Degrees};
use crate::{Columns, Kept, floor};

pub use params::{Gesd, MaxOutliers};

/// [`Gesd`] with what depends on the number of frames alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GesdTable {
    gesd: Gesd,
    critical: CriticalValues,
    /// Entry n₀: r.
    steps: Vec<usize>,
}

impl GesdTable {
    pub(crate) fn new(gesd: Gesd, frames: usize) -> Self {
        let steps = (0..=frames).map(|valid| gesd.most_outliers(valid)).collect();
        Self { gesd, critical: CriticalValues::new(gesd.alpha, frames), steps }
    }

    /// r of each lane.
    #[inline(always)]
    fn steps_of<V: Vector>(&self, isa: V::Isa, columns: &Columns<'_, V>, valid: &V) -> V {
        if columns.full {
            return number(isa, self.steps[columns.samples.len()]);
        }
        let mut steps = *valid;
        for (to, valid) in steps.lanes_mut().iter_mut().zip(valid.lanes()) {
            *to = V::Element::from_i32(self.steps[valid.widen() as usize] as i32);
        }
        steps
    }

    /// λ of each lane for `left` samples, the same number in all lanes if `full`.
    #[inline(always)]
    fn critical_of<V: Vector>(&self, isa: V::Isa, full: bool, left: &V) -> V::Wide {
        if full {
            return V::Wide::splat(isa, self.critical.of(left.lanes()[0].widen() as usize));
        }
        let mut critical = left.widen();
        for (to, left) in critical.lanes_mut().iter_mut().zip(left.lanes()) {
            *to = self.critical.of(left.widen().max(0.0) as usize);
        }
        critical
    }
}

/// Ranks that were taken away at each end.
#[derive(Clone, Copy)]
struct Taken<V> {
    low: V,
    high: V,
}

impl<V: Vector> Taken<V> {
    #[inline(always)]
    fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self { low: V::select(mask, yes.low, no.low), high: V::select(mask, yes.high, no.high) }
    }
}

impl Algorithm for GesdTable {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let valid = columns.sort(isa);
        let quick = if columns.full { quick::outliers(self, isa, columns) } else { None };
        let outliers = match quick {
            Some(outliers) => outliers,
            None => self.outliers(isa, columns, valid),
        };
        let (zero, _) = constants::<V>(isa);
        let rejected = outliers.low + outliers.high;
        let mut window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        if !zero.lt(rejected).any() {
            let bounds = Bounds::everything(isa);
            return Kept { bounds, count: valid, valid, window: Some(window), all: columns.full };
        }
        window.first = outliers.low;
        window.count = valid - rejected;
        let common = &mut window.ranks.common;
        for (low, high) in outliers.low.lanes().iter().zip((valid - outliers.high).lanes()) {
            *common = (common.0.max(low.widen() as usize), common.1.min(high.widen() as usize));
        }
        let bounds = cut_to_window(isa, columns, &window);
        Kept { bounds, count: window.count, valid, window: Some(window), all: false }
    }
}

impl GesdTable {
    /// What goes at each end, by the sums of the contract.
    #[inline(always)]
    fn outliers<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>, valid: V) -> Taken<V> {
        let (zero, one) = constants::<V>(isa);
        let wide_zero = V::Wide::splat(isa, 0.0);
        let infinity = V::Wide::splat(isa, f64::INFINITY);
        let kept = floor::kept_at_least(isa, self.gesd.nkeep, self.gesd.maxrej, valid);
        let (most, steps) = (valid - kept, self.steps_of(isa, columns, &valid));
        let nothing = Taken { low: zero, high: zero };
        // `allowed` is what `taken` was before K forbade more.
        let (mut taken, mut allowed, mut outliers) = (nothing, nothing, nothing);
        let last = valid - one;
        columns.padded.copy_from_slice(columns.samples);
        let full = columns.full;
        let mut ends = Bounds { low: columns.sorted[0], high: V::gather(isa, columns.sorted, last) };
        let mut step = 1;
        let mut active = one.le(steps);
        while active.any() {
            let n = valid - taken.low - taken.high;
            let first = lane::first_in(isa, columns.padded, &ends).widen();
            let degrees = Degrees::new(isa, n.widen(), 1);
            let values = lane::Deviations { members: ends, pivot: first, zero: wide_zero };
            let (mean, variance) = variance::of_values(isa, &*columns.padded, &degrees, first, values);
            active = active & V::narrow_mask(wide_zero.lt(variance) & variance.lt(infinity));
            if !active.any() {
                break;
            }
            let (below, above) = (mean - ends.low.widen(), ends.high.widen() - mean);
            let is_low = above.lt(below);
            let deviate = V::Wide::select(is_low, below, above) / variance.sqrt();
            let tested = valid - number(isa, step - 1);
            let beyond = active & V::narrow_mask(self.critical_of(isa, full, &tested).lt(deviate));
            let (at_low, at_high) = (active & V::narrow_mask(is_low), active & !V::narrow_mask(is_low));
            taken.low = taken.low + V::select(at_low, one, zero);
            taken.high = taken.high + V::select(at_high, one, zero);
            let within = number::<V>(isa, step).le(most);
            allowed = Taken::select(active & within, taken, allowed);
            outliers = Taken::select(beyond, allowed, outliers);
            ends = take_away(isa, columns, &ends, &taken, last, [at_low, at_high]);
            step += 1;
            active = active & number::<V>(isa, step).le(steps);
        }
        outliers
    }
}

/// The ends of what is left, once one of them is taken away in each lane of the masks. Where an equal sample stays, the one that
/// goes becomes NaN in the copy: the earliest at the low end, the latest at the high end.
#[inline(always)]
fn take_away<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    ends: &Bounds<V>,
    taken: &Taken<V>,
    last: V,
    [at_low, at_high]: [V::Mask; 2],
) -> Bounds<V> {
    let next = Bounds {
        low: V::gather(isa, columns.sorted, taken.low),
        high: V::gather(isa, columns.sorted, last - taken.high),
    };
    let mut pending = at_low & next.low.eq(ends.low);
    for y in columns.padded.iter_mut() {
        if !pending.any() {
            break;
        }
        pending = mark(isa, y, pending, ends.low);
    }
    let mut pending = at_high & next.high.eq(ends.high);
    for y in columns.padded.iter_mut().rev() {
        if !pending.any() {
            break;
        }
        pending = mark(isa, y, pending, ends.high);
    }
    next
}

/// Turns `y` into NaN in the `pending` lanes where it is `end`; those that are still pending.
#[inline(always)]
fn mark<V: Vector>(isa: V::Isa, y: &mut V, pending: V::Mask, end: V) -> V::Mask {
    let goes = pending & y.eq(end);
    *y = V::select(goes, V::splat(isa, V::Element::NAN), *y);
    pending & !goes
}
