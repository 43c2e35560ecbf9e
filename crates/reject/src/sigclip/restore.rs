//! `restore = nearest`: the least deviant samples come back until K are kept (algorithms.md section 5.0.4).
//!
//! Rare (K binds in few pixels), so this is done lane by lane.

use skystack_simd::{Element, Vector};
use skystack_stats::lane::{Bounds, Window, true_lanes};

use super::{Clipped, Limits, Survivors};
use crate::Columns;
use crate::columns::number;

/// Residuals within this of each other come back together (IRAF).
const TOL: f64 = 0.001;

/// Writes |d|/√V of every rank that a pass drops.
#[inline(always)]
pub(super) fn record_residuals<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    before: &Survivors<V>,
    after: &Survivors<V>,
    limits: &Limits<V>,
    active: V::Mask,
) {
    let (center, sigma) = (limits.center.widen(), limits.variance.sqrt());
    for (i, (y, to)) in columns.sorted.iter().zip(columns.residuals.iter_mut()).enumerate() {
        let rank = number::<V>(isa, i);
        let dropped = active & contains(&before.window, rank) & !contains(&after.window, rank);
        *to = V::Wide::select(V::widen_mask(dropped), (y.widen() - center).abs() / sigma, *to);
    }
}

#[inline(always)]
fn contains<V: Vector>(window: &Window<V>, rank: V) -> V::Mask {
    window.first.le(rank) & rank.lt(window.first + window.count)
}

/// Interval algorithms: grows the window of each `short` lane towards the smaller residual.
#[inline(always)]
pub(super) fn nearest_ranks<V: Vector>(
    columns: &Columns<'_, V>,
    clipped: &Clipped<V>,
    kept: &V,
    valid: &V,
    short: V::Mask,
) -> Window<V> {
    let mut window = clipped.survivors.window;
    for lane in true_lanes(short) {
        let (first, count) = window.lane(lane);
        let residual = |rank: usize| columns.residuals[rank - 1].lanes()[lane];
        let restored = grow(Growth {
            low: first + 1,
            high: first + count,
            kept: kept.lanes()[lane].widen() as usize,
            valid: valid.lanes()[lane].widen() as usize,
            guard: clipped.last.before.window.lane(lane).1,
            residual,
        });
        window.first.lanes_mut()[lane] = V::Element::narrow((restored.0 - 1) as f64);
        window.count.lanes_mut()[lane] = V::Element::narrow((restored.1 + 1 - restored.0) as f64);
    }
    window
}

/// One lane of the interval rule, in the 1-based ranks of the specification.
struct Growth<R> {
    low: usize,
    high: usize,
    kept: usize,
    valid: usize,
    guard: usize,
    residual: R,
}

/// The listing of section 5.0.4: more than K may come back, where residuals are equal to within [`TOL`].
#[inline(always)]
fn grow<R: Fn(usize) -> f64>(lane: Growth<R>) -> (usize, usize) {
    let Growth { mut low, mut high, kept, valid, guard, residual } = lane;
    while high + 1 - low < kept {
        if low == 1 {
            high += 1;
        } else if high == valid {
            low -= 1;
        } else {
            let (below, above) = (residual(low - 1), residual(high + 1));
            if below < above {
                low -= 1;
                if above <= below + TOL {
                    high += 1;
                }
                if low > 1 && residual(low - 1) <= below + TOL {
                    low -= 1;
                }
            } else {
                high += 1;
                if below <= above + TOL {
                    low -= 1;
                }
                if high < guard && residual(high + 1) <= above + TOL {
                    high += 1;
                }
            }
        }
    }
    (low, high)
}

/// Mean-centre algorithms: of the samples dropped in the last pass those with the least residual come back, equal ones by
/// frame. What stays out becomes NaN in each `short` lane, because equal residuals need not be an interval.
#[inline(always)]
pub(super) fn least_deviant<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    clipped: &Clipped<V>,
    kept: &V,
    short: V::Mask,
) -> Bounds<V> {
    let mut bounds = clipped.survivors.bounds;
    for lane in true_lanes(short) {
        let samples = &mut *columns.samples;
        let (low, high, _, mut count) = clipped.survivors.lane(lane);
        let (low_before, high_before, ..) = clipped.last.before.lane(lane);
        let kept = kept.lanes()[lane].widen() as usize;
        let limits = &clipped.last.limits;
        let mut last: Option<(f64, usize)> = None;
        loop {
            let candidate = |(frame, y): (usize, &V)| {
                let y = y.lanes()[lane];
                let dropped = low_before <= y && y <= high_before && !(low <= y && y <= high);
                let next = (limits.residual(lane, y), frame);
                (dropped && last.is_none_or(|last| last < next)).then_some(next)
            };
            let nearest = samples.iter().enumerate().filter_map(candidate).reduce(lesser);
            let Some(next) = nearest else { break };
            let tied = last.is_some_and(|last| next.0 < last.0 + TOL);
            if count >= kept && !tied {
                break;
            }
            last = Some(next);
            count += 1;
        }
        let restored = |residual: f64, frame: usize| last.is_some_and(|last| (residual, frame) <= last);
        for (frame, y) in samples.iter_mut().enumerate() {
            let value = y.lanes()[lane];
            let stays = low <= value && value <= high;
            let dropped = low_before <= value && value <= high_before && !stays;
            let used = stays || (dropped && restored(limits.residual(lane, value), frame));
            if !used {
                y.lanes_mut()[lane] = V::Element::NAN;
            }
        }
        let everything = Bounds::<V>::everything(isa);
        bounds.low.lanes_mut()[lane] = everything.low.lanes()[lane];
        bounds.high.lanes_mut()[lane] = everything.high.lanes()[lane];
    }
    bounds
}

/// The smaller of two (residual, frame) keys.
#[inline(always)]
fn lesser(a: (f64, usize), b: (f64, usize)) -> (f64, usize) {
    if b < a { b } else { a }
}
