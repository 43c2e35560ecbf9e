//! Mean centre, or variances that come with the samples: every survivor is tested by itself.

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Ranks, Window, constants, number, true_lanes};

use super::widths::Measure;
use super::{Clip, Widths};
use crate::sigclip::{Floors, Limits, Survivors, Test, last_restored, trimmed_mean};
use crate::{Center, Columns, Kept, Restore, Trim};

/// Rejects in L columns.
#[inline(always)]
pub(super) fn keep<V: Vector>(
    clip: &Clip,
    pooled: V::Wide,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
) -> Kept<V> {
    let valid = columns.count_valid(isa);
    let floors = clip.limits.floors(isa, valid);
    let (zero, one) = constants::<V>(isa);
    let may_restore = clip.limits.restore == Restore::Nearest && zero.lt(floors.kept).any();
    if may_restore {
        // What is dropped becomes NaN, and may have to come back.
        columns.residuals.iter_mut().zip(columns.samples.iter()).for_each(|(to, y)| *to = y.widen());
    }
    let every = Lanes { active: zero.le(zero), count: valid, last: None };
    let mut count = valid;
    let mut lanes = every;
    let mut all = true;
    loop {
        let clipped = passes(clip, pooled, isa, columns, &floors, lanes);
        count = V::select(lanes.active, clipped.count, count);
        all &= clipped.all;
        let short = clipped.count.lt(floors.kept) & lanes.active;
        if !may_restore || lanes.last.is_some() || !short.any() {
            break;
        }
        // Rare: the passes before the last one run again, and the last one drops fewer.
        for frame in 0..columns.samples.len() {
            columns.take_back(frame, V::narrow(columns.residuals[frame]), short);
        }
        lanes = Lanes { active: short, count: valid, last: Some((clipped.passes - one, floors.kept)) };
    }
    Kept { bounds: Bounds::everything(isa), count, valid, window: None, all }
}

/// Where passes run.
#[derive(Debug, Clone, Copy)]
struct Lanes<V: Vector> {
    active: V::Mask,
    /// Samples at the start.
    count: V,
    /// Number of the pass (0-based) that is the last one and must leave so many samples.
    last: Option<(V, V)>,
}

/// What the passes leave.
#[derive(Debug, Clone, Copy)]
struct Clipped<V> {
    count: V,
    /// Number of passes that tested.
    passes: V,
    /// No pass dropped anything, in any lane.
    all: bool,
}

/// Runs passes until every lane has stopped.
#[inline(always)]
fn passes<V: Vector>(
    clip: &Clip,
    pooled: V::Wide,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    floors: &Floors<V>,
    lanes: Lanes<V>,
) -> Clipped<V> {
    let (limits, (zero, one)) = (&clip.limits, constants(isa));
    let mut clipped = Clipped { count: lanes.count, passes: zero, all: columns.full };
    let mut last = Limits { center: zero, variance: V::Wide::splat(isa, 0.0) };
    let mut active = lanes.active;
    let mut pass = 0;
    while limits.maxiters.is_none_or(|most| pass < most) {
        let ddof = number::<V>(isa, limits.ddof as usize);
        active = active & floors.minimum.le(clipped.count) & ddof.lt(clipped.count);
        if !active.any() {
            break;
        }
        let measured = measure(clip, pooled, isa, columns, clipped.count, pass);
        active = active & limits.may_go_on(isa, &measured, &last, pass);
        last = Limits::select(active, measured, last);
        if let Some((number_of_last, kept)) = lanes.last {
            let is_last = active & number::<V>(isa, pass as usize).eq(number_of_last);
            for lane in true_lanes(is_last) {
                let (center, kept) = (measured.center.lanes()[lane].widen(), kept.lanes()[lane].widen());
                let left = drop_all_but(clip, columns, lane, center, kept as usize);
                clipped.count.lanes_mut()[lane] = V::Element::from_i32(left as i32);
            }
            active = active & !is_last;
        }
        clipped.passes = clipped.passes + V::select(active, one, zero);
        active = clipped.drop_outside(clip, isa, columns, measured.center, active);
        pass += 1;
    }
    clipped
}

/// Centre of the survivors in pass number `pass` (0-based); writes the variance of each sample.
#[inline(always)]
fn measure<V: Vector>(
    clip: &Clip,
    pooled: V::Wide,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    count: V,
    pass: u32,
) -> Limits<V> {
    let bounds = Bounds::everything(isa);
    let about_median = clip.limits.center != Center::Mean || (clip.widths == Widths::Given && pass == 0);
    let center = if about_median {
        let (low, high) = lane::middle_within(isa, columns.samples, &bounds, columns.padded, columns.sorted);
        lane::halfway(isa, low, high)
    } else {
        let ranks = Ranks::unknown(columns.samples.len());
        let survivors = Survivors { bounds, window: Window { first: count, count, ranks }, all: false };
        let mean = survivors.mean(isa, columns.samples);
        let trimmed = match clip.limits.trim {
            Trim::None => false,
            Trim::First => pass == 0,
            Trim::Every => true,
        };
        if trimmed { trimmed_mean(isa, columns.samples, &survivors, mean) } else { V::narrow(mean) }
    };
    let (alive, variances) = (&*columns.samples, &*columns.variances);
    clip.measure(isa, &Measure { alive, count, center, pooled, variances }, columns.deviations)
}

impl Clip {
    /// Which lanes of the sample of `frame` are too far below and above the centre.
    #[inline(always)]
    fn test<V: Vector>(
        &self,
        isa: V::Isa,
        columns: &Columns<'_, V>,
        frame: usize,
        center: V,
    ) -> (V::Mask, V::Mask) {
        let factors = [self.limits.lsigma, self.limits.hsigma];
        let test = Test::about(isa, factors, center.widen(), columns.deviations[frame]);
        (test.low(columns.samples[frame]), test.high(columns.samples[frame]))
    }
}

impl<V: Vector> Clipped<V> {
    /// Drops in the active lanes what fails; the lanes that go on.
    #[inline(always)]
    fn drop_outside(
        &mut self,
        clip: &Clip,
        isa: V::Isa,
        columns: &mut Columns<'_, V>,
        center: V,
        active: V::Mask,
    ) -> V::Mask {
        let (zero, one) = constants(isa);
        let mut dropped = zero;
        for frame in 0..columns.samples.len() {
            let (low, high) = clip.test(isa, columns, frame, center);
            dropped = dropped + V::select((low | high) & active, one, zero);
        }
        let count = self.count - dropped;
        let frames = number::<V>(isa, columns.samples.len());
        let undone = active & clip.limits.goes_too_far(isa, count, frames);
        let lost = active & zero.lt(dropped);
        let go_on = lost & !undone;
        if lost.any() {
            self.all = false;
            for frame in 0..columns.samples.len() {
                let (low, high) = clip.test(isa, columns, frame, center);
                if ((low | high) & lost).any() {
                    columns.drop_sample(isa, frame, low & go_on, high & go_on);
                    for lane in true_lanes((low | high) & lost & undone) {
                        columns.note_restored_lane(frame, lane);
                    }
                }
            }
        }
        self.count = V::select(go_on, count, self.count);
        go_on
    }
}

/// One lane: drops what a pass about `center` drops, but for those with the least residual, equal ones by frame, which are needed
/// to keep `kept`; how many stay.
#[inline(always)]
fn drop_all_but<V: Vector>(
    clip: &Clip,
    columns: &mut Columns<'_, V>,
    lane: usize,
    center: f64,
    kept: usize,
) -> usize {
    let (lsigma, hsigma) = (clip.limits.lsigma, clip.limits.hsigma);
    let (mut candidates, mut survivors) = (0, 0);
    for frame in 0..columns.samples.len() {
        let (y, v) = (columns.samples[frame].lanes()[lane].widen(), columns.deviations[frame].lanes()[lane]);
        if y.is_nan() {
            continue;
        }
        survivors += 1;
        let d = y - center;
        let k = if d < 0.0 { lsigma } else { hsigma };
        if d != 0.0 && (k * k) * v < d * d {
            columns.keys[candidates] = (d.abs() / v.sqrt(), frame as u32);
            candidates += 1;
        }
    }
    crate::sort_keys(&mut columns.keys[..candidates]);
    let (_, last) = last_restored(&columns.keys[..candidates], kept + candidates - survivors);
    let mut restored = 0;
    let mut is_restored = true;
    for i in 0..candidates {
        let frame = columns.keys[i].1;
        if is_restored {
            columns.note_restored_lane(frame as usize, lane);
            restored += 1;
        } else {
            let is_low = columns.samples[frame as usize].lanes()[lane].widen() < center;
            columns.drop_lane(frame as usize, lane, is_low);
        }
        is_restored &= frame != last;
    }
    survivors - candidates + restored
}
