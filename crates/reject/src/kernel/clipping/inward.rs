//! Median centre: from the ends of the ranks inward.
//!
//! Which frame has which rank is not known, and need not be: the first rank from below that stays is the least sample, in the
//! order (value, frame), that does not fail the low test; everything below it goes. So each pass looks at the frames in
//! their order and remembers two samples a lane.

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Ranks, Window, constants, number, true_lanes};

use super::Clip;
use super::widths::Measure;
use crate::ranks::cut_to_window;
use crate::sigclip::restore::{Recorded, nearest_ranks};
use crate::sigclip::{Floors, Limits, Test};
use crate::{Center, Columns, Kept, Restore};

/// What the passes leave.
#[derive(Debug, Clone, Copy)]
struct Clipped<V> {
    window: Window<V>,
    /// n at the start of the last pass.
    guards: V,
    /// No pass dropped anything, in any lane.
    all: bool,
}

/// Rejects in L columns.
#[inline(always)]
pub(super) fn keep<V: Vector>(
    clip: &Clip,
    pooled: V::Wide,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
) -> Kept<V> {
    let valid = columns.sort(isa);
    let start = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
    let floors = clip.limits.floors(isa, valid);
    // Residuals are only worth writing down when a sample must come back, which is rare: then the passes run again.
    let mut recorded = None;
    let (window, all) = loop {
        let clipped = passes(clip, pooled, isa, columns, start, &floors, recorded);
        let short = clipped.window.count.lt(floors.kept);
        if clip.limits.restore != Restore::Nearest || !short.any() {
            break (clipped.window, clipped.all);
        }
        if recorded.is_some() {
            let Clipped { window, guards, .. } = clipped;
            let recorded = Recorded { residuals: columns.residuals, guards };
            break (
                nearest_ranks(columns.samples.len(), &window, [&floors.kept, &valid], short, &recorded),
                false,
            );
        }
        recorded = Some(short);
    };
    let bounds = cut_to_window(isa, columns, &window);
    if let Some(short) = recorded {
        note_restored(columns, &bounds, short);
    }
    Kept { bounds, count: window.count, valid, window: Some(window), all }
}

/// Writes down what came back in some lanes: what is kept, and was none of the survivors.
#[inline(always)]
fn note_restored<V: Vector>(columns: &mut Columns<'_, V>, bounds: &Bounds<V>, lanes: V::Mask) {
    for frame in 0..columns.samples.len() {
        let (y, alive) = (columns.samples[frame], columns.padded[frame]);
        for lane in true_lanes(bounds.contain(y) & !alive.eq(alive) & lanes) {
            columns.note_restored_lane(frame, lane);
        }
    }
}

/// Runs passes until every lane has stopped; writes the residuals of some lanes.
#[inline(always)]
fn passes<V: Vector>(
    clip: &Clip,
    pooled: V::Wide,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    start: Window<V>,
    floors: &Floors<V>,
    recorded: Option<V::Mask>,
) -> Clipped<V> {
    let (limits, (zero, _)) = (&clip.limits, constants(isa));
    // The survivors: what was sorted is in no need of `padded` any more.
    columns.padded.copy_from_slice(columns.samples);
    let mut clipped = Clipped { window: start, guards: start.count, all: columns.full };
    let mut last = Limits { center: zero, variance: V::Wide::splat(isa, 0.0) };
    let mut active = number::<V>(isa, limits.ddof as usize).lt(start.count);
    let mut pass = 0;
    while limits.maxiters.is_none_or(|most| pass < most) {
        let window = clipped.window;
        active = active
            & floors.minimum.le(window.count)
            & number::<V>(isa, limits.ddof as usize).lt(window.count);
        if !active.any() {
            break;
        }
        let center = match limits.center {
            Center::Lmedian => lane::lmedian(isa, columns.sorted, &window),
            _ => lane::median(isa, columns.sorted, &window),
        };
        let (alive, variances) = (&*columns.padded, &*columns.variances);
        let measure = Measure { alive, count: window.count, center, pooled, variances };
        let measured = clip.measure(isa, &measure, columns.deviations);
        active = active & limits.may_go_on(isa, &measured, &last, pass);
        last = Limits::select(active, measured, last);
        clipped.guards = V::select(active, window.count, clipped.guards);
        let ends = Ends::find(clip, isa, columns, center);
        if !(ends.fails & active).any() {
            break;
        }
        if let Some(lanes) = recorded {
            record(columns, &ends, &window, center, lanes & active);
        }
        active = clipped.drop_beyond(clip, isa, columns, &ends, active);
        pass += 1;
    }
    clipped
}

/// The outermost samples that a pass keeps, as keys (value, frame).
struct Ends<V: Vector> {
    low: (V, V),
    high: (V, V),
    /// Lanes in which any test says drop.
    fails: V::Mask,
}

impl<V: Vector> Ends<V> {
    #[inline(always)]
    fn find(clip: &Clip, isa: V::Isa, columns: &Columns<'_, V>, center: V) -> Self {
        let (zero, infinity) = (number::<V>(isa, 0), V::splat(isa, V::Element::INFINITY));
        let (mut low, mut high) = ((infinity, zero), (zero - infinity, zero));
        let mut fails = zero.lt(zero);
        let (factors, center) = ([clip.limits.lsigma, clip.limits.hsigma], center.widen());
        for (frame, (y, variance)) in columns.padded.iter().zip(columns.deviations.iter()).enumerate() {
            let frame = number::<V>(isa, frame);
            let test = Test::about(isa, factors, center, *variance);
            let (below, above) = (test.low(*y), test.high(*y));
            let (stays_low, stays_high) = (!below & y.lt(low.0), !above & high.0.le(*y));
            low = (V::select(stays_low, *y, low.0), V::select(stays_low, frame, low.1));
            high = (V::select(stays_high, *y, high.0), V::select(stays_high, frame, high.1));
            fails = fails | below | above;
        }
        Self { low, high, fails }
    }

    /// Is the sample below the first that stays; is it above the last one?
    #[inline(always)]
    fn beyond(&self, isa: V::Isa, frame: usize, y: V) -> (V::Mask, V::Mask) {
        let frame = number::<V>(isa, frame);
        let low = y.lt(self.low.0) | (y.eq(self.low.0) & frame.lt(self.low.1));
        let high = self.high.0.lt(y) | (self.high.0.eq(y) & self.high.1.lt(frame));
        (low, high & !low)
    }
}

impl<V: Vector> Clipped<V> {
    /// Drops in the active lanes what is beyond the ends; the lanes that go on.
    #[inline(always)]
    fn drop_beyond(
        &mut self,
        clip: &Clip,
        isa: V::Isa,
        columns: &mut Columns<'_, V>,
        ends: &Ends<V>,
        active: V::Mask,
    ) -> V::Mask {
        let ((zero, one), missing) = (constants(isa), V::splat(isa, V::Element::NAN));
        let (mut dropped_low, mut dropped_high) = (zero, zero);
        for (frame, y) in columns.padded.iter().enumerate() {
            let (low, high) = ends.beyond(isa, frame, *y);
            dropped_low = dropped_low + V::select(low & active, one, zero);
            dropped_high = dropped_high + V::select(high & active, one, zero);
        }
        let count = self.window.count - (dropped_low + dropped_high);
        let frames = number::<V>(isa, columns.samples.len());
        let undone = active & clip.limits.goes_too_far(isa, count, frames);
        let lost = active & count.lt(self.window.count);
        let go_on = lost & !undone;
        self.all &= !lost.any();
        for frame in 0..columns.padded.len() {
            let y = columns.padded[frame];
            let (low, high) = ends.beyond(isa, frame, y);
            columns.padded[frame] = V::select((low | high) & go_on, missing, y);
            for lane in true_lanes((low | high) & undone) {
                columns.note_restored_lane(frame, lane);
            }
        }
        let first = self.window.first + dropped_low;
        let mut window = self.window;
        window.first = V::select(go_on, first, window.first);
        window.count = V::select(go_on, count, window.count);
        window.ranks = ranks_of(&window);
        self.window = window;
        go_on
    }
}

/// What all lanes of a window have in common.
#[inline(always)]
fn ranks_of<V: Vector>(window: &Window<V>) -> Ranks {
    let mut ranks = Ranks { outer: (usize::MAX, 0), common: (0, usize::MAX) };
    for lane in 0..V::LANES {
        let (first, count) = window.lane(lane);
        let end = first + count;
        ranks.outer = (ranks.outer.0.min(first), ranks.outer.1.max(end));
        ranks.common = (ranks.common.0.max(first), ranks.common.1.min(end));
    }
    ranks
}

/// Writes |d|/√V of what the pass drops in some lanes, by rank (F6).
#[inline(always)]
fn record<V: Vector>(
    columns: &mut Columns<'_, V>,
    ends: &Ends<V>,
    window: &Window<V>,
    center: V,
    lanes: V::Mask,
) {
    for lane in true_lanes(lanes) {
        let of = |v: &V| v.lanes()[lane].widen();
        let key = |(value, frame): &(V, V)| (of(value), of(frame));
        let (first_kept, last_kept) = (key(&ends.low), key(&ends.high));
        let mut dropped = 0;
        let mut survivors = 0;
        for (frame, y) in columns.padded.iter().enumerate() {
            let key = (of(y), frame as f64);
            if key.0.is_nan() {
                continue;
            }
            survivors += 1;
            if key < first_kept || key > last_kept {
                columns.keys[dropped] = (key.0, frame as u32);
                dropped += 1;
            }
        }
        let keys = &mut columns.keys[..dropped];
        crate::sort_keys(keys);
        let (first, _) = window.lane(lane);
        for (k, (y, frame)) in keys.iter().enumerate() {
            let low = (*y, f64::from(*frame)) < first_kept;
            let rank = if low { first + k } else { first + survivors - dropped + k };
            let variance = columns.deviations[*frame as usize].lanes()[lane];
            columns.residuals[rank].lanes_mut()[lane] = (y - of(&center)).abs() / variance.sqrt();
        }
    }
}
