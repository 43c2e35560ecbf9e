//! sigclip: iterated sigma clipping (algorithms.md section 5.4).
//!
//! ```text
//! while n >= minimum and passes < maxiters:
//!     c = centre of the survivors;  V = spread²             (stop where V is not finite, or 0 and zero_spread = stop)
//!     drop d < 0 with d² > lsigma²·V and d > 0 with d² > hsigma²·V,  d = y − c
//!     stop if nothing dropped
//! restore until nkeep, maxrej hold
//! ```
//!
//! One c and V a pixel make the kept set an interval of values, so a lane carries only its bounds and counts. An order
//! statistic reads the column that was sorted once: dropping n samples at an end moves its window by n ranks. The test is
//! monotone, so only the ends of the window are tested, from the outermost rank inwards to the first one that is kept.
//! Sums read the samples in frame order between the bounds. A mean centre with a standard deviation needs no sort at all:
//! there every sample is tested.
//! Convergence is judged per lane: finished lanes are frozen while their neighbours go on.

mod center;
pub(crate) mod ends;
mod params;
mod quick;
mod reach;
pub(crate) mod restore;
pub(crate) mod spread;
mod width;

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Window, constants, number};

use self::ends::Verdict;
use self::restore::{Recorded, nearest_ranks};
use crate::{Columns, Kept, floor};

pub(crate) use center::trimmed_mean;
pub(crate) use ends::drop_ends;
pub(crate) use restore::last_restored;
pub(crate) use width::Width;

pub use params::{About, Center, MAD_STD_FACTOR, Restore, SigClip, Spread, Trim, ZeroSpread};

/// The survivors of L columns between two passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survivors<V> {
    pub(crate) bounds: Bounds<V>,
    /// `count` is always right; `first` and `ranks` only where the column is sorted.
    pub(crate) window: Window<V>,
    /// No sample of any lane is missing or dropped: sums need not ask.
    pub(crate) all: bool,
}

/// Centre and variance of a pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits<V: Vector> {
    pub(crate) center: V,
    pub(crate) variance: V::Wide,
}

/// The last pass that ran in each lane: what restoring needs.
#[derive(Debug, Clone, Copy)]
struct LastPass<V: Vector> {
    before: Survivors<V>,
    limits: Limits<V>,
}

/// What the passes leave.
#[derive(Debug, Clone, Copy)]
struct Clipped<V: Vector> {
    survivors: Survivors<V>,
    last: LastPass<V>,
}

/// Limits of §5.0.4 a lane: K, and the least n that a pass runs with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floors<V> {
    pub(crate) kept: V,
    pub(crate) minimum: V,
}

/// Rejects in L columns, by the scatter of their samples or by what else `width` says.
#[inline(always)]
pub(crate) fn keep<V: Vector>(
    clip: &SigClip,
    width: &Width<'_, V>,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
) -> Kept<V> {
    let sorted = clip.needs_order();
    let valid = if sorted { columns.sort(isa) } else { columns.count_valid(isa) };
    let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
    let bounds = if sorted { Bounds::everything(isa) } else { lane::extremes(isa, columns.samples) };
    let start = Survivors { bounds, window, all: columns.full };
    let floors = clip.floors(isa, valid);
    // Residuals are only worth writing down when a sample must come back, which is rare: then the passes run again, by the
    // contract.
    let mut record = false;
    let clipped = loop {
        let clipped = passes(clip, width, isa, columns, start, &floors, record);
        let short = clipped.survivors.window.count.lt(floors.kept);
        if clip.restore != Restore::Nearest || !short.any() {
            return kept(clipped.survivors, valid, sorted);
        }
        if record || clip.center == Center::Mean {
            break clipped;
        }
        record = true;
    };
    let short = clipped.survivors.window.count.lt(floors.kept);
    if clip.center == Center::Mean {
        let bounds = restore::least_deviant(isa, columns, &clipped, &floors.kept, short);
        let count = lane::count(isa, columns.samples, &bounds);
        return Kept { bounds, count, valid, window: None, all: false };
    }
    let recorded = Recorded { residuals: columns.residuals, guards: clipped.last.before.window.count };
    let (frames, left) = (columns.samples.len(), &clipped.survivors.window);
    let window = nearest_ranks(frames, left, [&floors.kept, &valid], short, &recorded);
    let bounds = crate::ranks::cut_to_window(isa, columns, &window);
    columns.note_restored(&clipped.survivors.bounds, &bounds, short);
    Kept { bounds, count: window.count, valid, window: Some(window), all: false }
}

#[inline(always)]
fn kept<V: Vector>(survivors: Survivors<V>, valid: V, sorted: bool) -> Kept<V> {
    let Survivors { bounds, window, all } = survivors;
    Kept { bounds, count: window.count, valid, window: sorted.then_some(window), all }
}

/// Runs passes until every lane has stopped.
#[inline(always)]
fn passes<V: Vector>(
    clip: &SigClip,
    width: &Width<'_, V>,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    start: Survivors<V>,
    floors: &Floors<V>,
    record: bool,
) -> Clipped<V> {
    let (zero, one) = constants(isa);
    let wide_zero = V::Wide::splat(isa, 0.0);
    let mut survivors = start;
    let mut last = LastPass { before: start, limits: Limits { center: zero, variance: wide_zero } };
    let mut active = zero.le(zero);
    let mut pass = 0;
    let quickly = !record && matches!(width, Width::Scatter) && clip.is_quick();
    while clip.maxiters.is_none_or(|most| pass < most) {
        active = active & floors.minimum.le(survivors.window.count);
        if clip.spread == Spread::Std {
            active = active & number::<V>(isa, clip.ddof as usize).lt(survivors.window.count);
        }
        if !active.any() {
            break;
        }
        let mut zero_spread = 0;
        if quickly
            && let Some(after) =
                quick::pass(clip, isa, columns.ranks(), &survivors, pass, active, &mut zero_spread)
        {
            columns.zero_spread |= zero_spread;
            active = survivors.replace(clip, isa, columns, after, active);
            pass += 1;
            continue;
        }
        let limits = center::limits(clip, width, isa, columns, &survivors, pass, active);
        let is_zero = V::narrow_mask(limits.variance.eq(wide_zero)) & one.lt(survivors.window.count);
        columns.zero_spread |= (active & is_zero).bits();
        active = active & clip.may_go_on(isa, &limits, &last.limits, pass);
        if !active.any() {
            break;
        }
        let after = if clip.needs_order() {
            ends::drop_ends(isa, columns.ranks(), &survivors, &Test::new(clip, isa, &limits), active).0
        } else {
            drop_outside(clip, isa, columns.samples, &survivors, &limits, active)
        };
        last = LastPass {
            before: Survivors::select(active, survivors, last.before),
            limits: Limits::select(active, limits, last.limits),
        };
        if record {
            restore::record_residuals(isa, columns, &survivors, &after, &limits, active);
        }
        active = survivors.replace(clip, isa, columns, after, active);
        pass += 1;
    }
    Clipped { survivors, last }
}

/// The test F1 of one pass: strict, in f64, in the squared domain.
pub(crate) struct Test<V: Vector> {
    center: V::Wide,
    low: V::Wide,
    high: V::Wide,
    zero: V::Wide,
}

impl<V: Vector> Test<V> {
    #[inline(always)]
    fn new(clip: &SigClip, isa: V::Isa, limits: &Limits<V>) -> Self {
        Self::about(isa, [clip.lsigma, clip.hsigma], limits.center.widen(), limits.variance)
    }

    /// With these factors about a centre in f64.
    #[inline(always)]
    pub(crate) fn about(isa: V::Isa, [lsigma, hsigma]: [f64; 2], center: V::Wide, variance: V::Wide) -> Self {
        // An infinite factor gives an infinite limit, or NaN where V is 0: nothing is above either.
        Self {
            center,
            low: V::Wide::splat(isa, lsigma * lsigma) * variance,
            high: V::Wide::splat(isa, hsigma * hsigma) * variance,
            zero: V::Wide::splat(isa, 0.0),
        }
    }

    #[inline(always)]
    pub(crate) fn low(&self, y: V) -> V::Mask {
        let d = y.widen() - self.center;
        V::narrow_mask(d.lt(self.zero) & self.low.lt(d * d))
    }

    #[inline(always)]
    pub(crate) fn high(&self, y: V) -> V::Mask {
        let d = y.widen() - self.center;
        V::narrow_mask(self.zero.lt(d) & self.high.lt(d * d))
    }
}

impl<V: Vector> ends::Limit<V> for Test<V> {
    #[inline(always)]
    fn low(&self, y: V) -> Verdict<V> {
        Verdict::of(self.low(y))
    }
    #[inline(always)]
    fn high(&self, y: V) -> Verdict<V> {
        Verdict::of(self.high(y))
    }
}

/// Drops in the active lanes by testing every sample.
#[inline(always)]
fn drop_outside<V: Vector>(
    clip: &SigClip,
    isa: V::Isa,
    samples: &[V],
    survivors: &Survivors<V>,
    limits: &Limits<V>,
    active: V::Mask,
) -> Survivors<V> {
    let (zero, one) = constants(isa);
    let test = Test::new(clip, isa, limits);
    // The bounds are members from the second pass on: where they stay, everything does.
    let extremes = &survivors.bounds;
    if !((test.low(extremes.low) | test.high(extremes.high)) & active).any() {
        return *survivors;
    }
    let mut bounds = Bounds::nothing(isa);
    let mut dropped = zero;
    for y in samples {
        let member = survivors.bounds.contain(*y);
        let outside = (test.low(*y) | test.high(*y)) & member & active;
        bounds = bounds.including(member & !outside, *y);
        dropped = dropped + V::select(outside, one, zero);
    }
    let window = Window { count: survivors.window.count - dropped, ..survivors.window };
    // Crossed about the centre where nothing is left.
    bounds.low = V::select(zero.lt(window.count), bounds.low, limits.center);
    Survivors { bounds, window, all: survivors.all && !zero.lt(dropped).any() }
}

impl SigClip {
    /// Is the kept set a run of ranks, found with no sum that depends on the order of the frames if the samples are such?
    pub(crate) fn is_of_ranks(&self) -> bool {
        self.center != Center::Mean && self.first_center.is_none_or(|center| center != Center::Mean)
    }

    /// Does any pass, or restoring, read ranks?
    #[inline(always)]
    fn needs_order(&self) -> bool {
        self.center != Center::Mean
            || self.first_center.is_some_and(|center| center != Center::Mean)
            || self.spread != Spread::Std
    }

    /// K, and the least number of survivors that a pass runs with (§5.0.3).
    #[inline(always)]
    pub(crate) fn floors<V: Vector>(&self, isa: V::Isa, valid: V) -> Floors<V> {
        // No pass runs on nothing.
        let minclip = self.minclip.max(1) as usize;
        if self.restore != Restore::Nearest {
            return Floors { kept: number(isa, 0), minimum: number(isa, minclip) };
        }
        let kept = floor::kept_at_least(isa, self.nkeep, self.maxrej, valid);
        let minimum = floor::minimum(isa, minclip, kept);
        Floors { kept, minimum }
    }

    /// F4, F5 and the tolerance: lanes whose spread allows a test.
    #[inline(always)]
    pub(crate) fn may_go_on<V: Vector>(
        &self,
        isa: V::Isa,
        limits: &Limits<V>,
        last: &Limits<V>,
        pass: u32,
    ) -> V::Mask {
        let zero = V::Wide::splat(isa, 0.0);
        let variance = limits.variance;
        // Not NaN, not infinite: a variance is never negative.
        let mut go_on = V::narrow_mask(variance.lt(V::Wide::splat(isa, f64::INFINITY)));
        if self.zero_spread == ZeroSpread::Stop {
            go_on = go_on & !V::narrow_mask(variance.eq(zero));
        }
        if let Some(tolerance) = self.tolerance
            && pass > 0
        {
            let sigma = variance.sqrt();
            let fall = (last.variance.sqrt() - sigma) / sigma;
            go_on = go_on & !V::narrow_mask(fall.lt(V::Wide::splat(isa, tolerance)));
        }
        go_on
    }

    /// Rollback: lanes in which a pass left fewer than `nkeep`, or took more than `maxrej` of **all** frames.
    #[inline(always)]
    pub(crate) fn goes_too_far<V: Vector>(&self, isa: V::Isa, count: V, frames: V) -> V::Mask {
        let mut too_far = count.lt(count);
        if self.restore == Restore::Rollback {
            too_far = count.lt(number(isa, self.nkeep as usize));
            if let Some(most) = self.maxrej {
                too_far = too_far | number::<V>(isa, most as usize).lt(frames - count);
            }
        }
        too_far
    }
}

impl<V: Vector> Survivors<V> {
    /// What a pass in the `active` lanes leaves becomes the survivors. The lanes that go on: those that lost a sample.
    #[inline(always)]
    fn replace(
        &mut self,
        clip: &SigClip,
        isa: V::Isa,
        columns: &mut Columns<'_, V>,
        after: Self,
        active: V::Mask,
    ) -> V::Mask {
        let dropped = active & after.window.count.lt(self.window.count);
        let frames = number::<V>(isa, columns.samples.len());
        let undone = active & clip.goes_too_far(isa, after.window.count, frames);
        let go_on = dropped & !undone;
        if (dropped & undone).any() {
            columns.note_restored(&after.bounds, &self.bounds, dropped & undone);
        }
        // Nothing dropped leaves the bounds as they were, not as tight as they might be.
        *self = Self::select(go_on, after, *self);
        go_on
    }

    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self {
            bounds: Bounds::select(mask, yes.bounds, no.bounds),
            window: Window::select(mask, yes.window, no.window),
            all: yes.all && no.all,
        }
    }
}

impl<V: Vector> Limits<V> {
    #[inline(always)]
    pub(crate) fn select(mask: V::Mask, yes: Self, no: Self) -> Self {
        Self {
            center: V::select(mask, yes.center, no.center),
            variance: V::Wide::select(V::widen_mask(mask), yes.variance, no.variance),
        }
    }

    /// One lane: |d|/√V of `value` (F6).
    #[inline(always)]
    fn residual(&self, lane: usize, value: V::Element) -> f64 {
        (value.widen() - self.center.lanes()[lane].widen()).abs() / self.variance.lanes()[lane].sqrt()
    }
}
