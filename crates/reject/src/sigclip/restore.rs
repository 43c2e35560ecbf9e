//! `restore = nearest`: the least deviant samples come back until K are kept (algorithms.md section 5.0.4).
//!
//! Rare (K binds in few pixels), so this is done lane by lane.

use skystack_simd::{Element, Vector};
use skystack_stats::lane::{Bounds, Ranks, Window, number, true_lanes};

use super::{Clipped, Limits, Survivors};
use crate::Columns;

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
    let ranks = if columns.ordered { &*columns.samples } else { &*columns.sorted };
    for (i, (y, to)) in ranks.iter().zip(columns.residuals.iter_mut()).enumerate() {
        let rank = number::<V>(isa, i);
        let dropped = active & contains(&before.window, rank) & !contains(&after.window, rank);
        *to = V::Wide::select(V::widen_mask(dropped), (y.widen() - center).abs() / sigma, *to);
    }
}

#[inline(always)]
fn contains<V: Vector>(window: &Window<V>, rank: V) -> V::Mask {
    window.first.le(rank) & rank.lt(window.first + window.count)
}

/// What [`nearest_ranks`] must know of a lane.
pub(crate) trait Residuals {
    /// n at the start of the last pass; `valid`: n₀.
    fn guard(&self, lane: usize, valid: usize) -> usize;
    /// That of a sample by its rank, from 1 on.
    fn residual(&self, lane: usize, rank: usize) -> f64;
}

/// Residuals that the last pass wrote down.
pub(crate) struct Recorded<'a, V: Vector> {
    /// By rank, from 0 on.
    pub(crate) residuals: &'a [V::Wide],
    /// n at the start of the last pass.
    pub(crate) guards: V,
}

impl<V: Vector> Residuals for Recorded<'_, V> {
    #[inline(always)]
    fn guard(&self, lane: usize, _: usize) -> usize {
        self.guards.lanes()[lane].widen() as usize
    }
    #[inline(always)]
    fn residual(&self, lane: usize, rank: usize) -> f64 {
        self.residuals[rank - 1].lanes()[lane]
    }
}

/// Interval algorithms: grows the window of the survivors of each `short` lane towards the smaller residual: rare, so lane by lane.
#[inline(always)]
pub(crate) fn nearest_ranks<V: Vector>(
    frames: usize,
    survivors: &Window<V>,
    [kept, valid]: [&V; 2],
    short: V::Mask,
    residuals: &impl Residuals,
) -> Window<V> {
    let mut window = *survivors;
    window.ranks = Ranks::unknown(frames);
    for lane in true_lanes(short) {
        let (first, count) = survivors.lane(lane);
        let valid = valid.lanes()[lane].widen() as usize;
        let restored = grow(Growth {
            low: first + 1,
            high: first + count,
            kept: kept.lanes()[lane].widen() as usize,
            valid,
            guard: residuals.guard(lane, valid),
            residual: |rank: usize| residuals.residual(lane, rank),
        });
        window.first.lanes_mut()[lane] = V::Element::from_i32((restored.0 - 1) as i32);
        window.count.lanes_mut()[lane] = V::Element::from_i32((restored.1 + 1 - restored.0) as i32);
    }
    window
}

/// One lane of the interval rule, in the 1-based ranks of the specification.
pub(crate) struct Growth<R> {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) kept: usize,
    pub(crate) valid: usize,
    pub(crate) guard: usize,
    pub(crate) residual: R,
}

/// The listing of section 5.0.4: more than K may come back, where residuals are equal to within [`TOL`].
#[inline(always)]
pub(crate) fn grow<R: Fn(usize) -> f64>(lane: Growth<R>) -> (usize, usize) {
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
    let everything = Bounds::<V>::everything(isa);
    let mut bounds = clipped.survivors.bounds;
    for lane in true_lanes(short) {
        let (_, count) = clipped.survivors.window.lane(lane);
        let missing = kept.lanes()[lane].widen() as usize - count;
        let mut candidates = 0;
        for (frame, y) in columns.samples.iter().enumerate() {
            if let Fate::Dropped(residual) = clipped.fate(lane, y.lanes()[lane]) {
                columns.keys[candidates] = (residual, frame as u32);
                candidates += 1;
            }
        }
        let keys = &mut columns.keys[..candidates];
        crate::sort_keys(keys);
        let last = last_restored(keys, missing);
        for frame in 0..columns.samples.len() {
            let y = columns.samples[frame].lanes()[lane];
            match clipped.fate(lane, y) {
                Fate::Survived => {}
                Fate::Dropped(residual) if (residual, frame as u32) <= last => {
                    columns.note_restored_lane(frame, lane);
                }
                Fate::Dropped(_) | Fate::Gone => {
                    let is_low = y < clipped.survivors.bounds.low.lanes()[lane];
                    columns.drop_lane(frame, lane, is_low);
                }
            }
        }
        bounds.low.lanes_mut()[lane] = everything.low.lanes()[lane];
        bounds.high.lanes_mut()[lane] = everything.high.lanes()[lane];
    }
    bounds
}

/// The key of the last sample that comes back: the `missing`-th, and further ones while the next residual is within [`TOL`]
/// of the last.
pub(crate) fn last_restored(keys: &[(f64, u32)], missing: usize) -> (f64, u32) {
    let mut restored = missing;
    while restored < keys.len() && keys[restored].0 < keys[restored - 1].0 + TOL {
        restored += 1;
    }
    keys[restored - 1]
}

/// What the passes made of a sample.
enum Fate {
    Survived,
    /// Dropped in the last pass, with this residual.
    Dropped(f64),
    /// Missing, or dropped before.
    Gone,
}

impl<V: Vector> Clipped<V> {
    #[inline(always)]
    fn fate(&self, lane: usize, y: V::Element) -> Fate {
        let within = |bounds: &Bounds<V>| bounds.low.lanes()[lane] <= y && y <= bounds.high.lanes()[lane];
        if within(&self.survivors.bounds) {
            Fate::Survived
        } else if within(&self.last.before.bounds) {
            Fate::Dropped(self.last.limits.residual(lane, y))
        } else {
            Fate::Gone
        }
    }
}
