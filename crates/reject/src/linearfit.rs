//! linearfit: samples in the order of their values should lie on a line (algorithms.md section 5.12).
//!
//! ```text
//! while n >= 4 (5):
//!     sort the survivors;  v[j] = y[j] − median;  the line through (j, v[j]);  s from its residuals
//!     drop what is further from the line than the factors times s,  stop if nothing dropped
//! ```
//!
//! What goes may be an inner rank, so the survivors are sorted again after every pass that dropped something: then they are the
//! first n ranks in every lane, and the sums by rank need no list of members. Which frame a rank is, is looked for only where it
//! goes: the t-th of the samples that are equal to it.

mod absolute;
mod params;
mod squares;

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Window, constants, number, true_lanes};

use crate::prepared::Algorithm;
use crate::{Columns, Kept, floor};

pub use params::{LineFit, LinearFit};

/// The survivors by rank.
struct Ranked<'a, V: Vector> {
    /// Sorted; the first `count` are survivors.
    sorted: &'a [V],
    count: V,
    median: V,
    /// The ranks below this are survivors in all lanes.
    common: usize,
}

/// v = intercept + slope·(j − x̄) with x̄ = (n − 1)/2.
#[derive(Clone, Copy)]
struct Line<W> {
    intercept: W,
    slope: W,
    /// x̄.
    middle: W,
}

/// A line, and what its residuals are measured in.
struct Fitted<W> {
    line: Line<W>,
    s: W,
}

impl<V: Vector> Ranked<'_, V> {
    /// v of rank j.
    #[inline(always)]
    fn value(&self, y: V) -> V::Wide {
        y.widen() - self.median.widen()
    }

    /// Lanes in which rank j is a survivor.
    #[inline(always)]
    fn has(&self, isa: V::Isa, j: usize) -> V::Mask {
        number::<V>(isa, j).lt(self.count)
    }

    /// `term` of rank j, or 0 where that is none.
    #[inline(always)]
    fn term(&self, isa: V::Isa, j: usize, term: V::Wide) -> V::Wide {
        if j < self.common {
            return term;
        }
        V::Wide::select(V::widen_mask(self.has(isa, j)), term, V::Wide::splat(isa, 0.0))
    }

    /// x̄.
    #[inline(always)]
    fn middle(&self, isa: V::Isa) -> V::Wide {
        (self.count.widen() - V::Wide::splat(isa, 1.0)) * V::Wide::splat(isa, 0.5)
    }

    /// e of every rank, arbitrary where there is none.
    #[inline(always)]
    fn write_residuals(&self, isa: V::Isa, line: &Line<V::Wide>, to: &mut [V::Wide]) {
        for (j, (to, y)) in to.iter_mut().zip(self.sorted).enumerate() {
            *to = self.residual(isa, line, j, *y);
        }
    }

    /// e of rank j.
    #[inline(always)]
    fn residual(&self, isa: V::Isa, line: &Line<V::Wide>, j: usize, y: V) -> V::Wide {
        let position = V::Wide::splat(isa, j as f64) - line.middle;
        self.value(y) - (line.intercept + line.slope * position)
    }
}

impl Algorithm for LinearFit {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let frames = columns.samples.len();
        let valid = columns.sort(isa);
        let kept = floor::kept_at_least(isa, self.nkeep, self.maxrej, valid);
        let minimum = floor::minimum(isa, self.least_samples(), kept);
        let mut window = Window::of_valid(isa, valid, frames, columns.full);
        let mut active = minimum.le(valid);
        let mut all = columns.full;
        while active.any() {
            let median = lane::median(isa, columns.sorted, &window);
            let ranked = Ranked {
                sorted: &columns.sorted[..frames],
                count: window.count,
                median,
                common: window.ranks.common.1,
            };
            let fitted = match self.fit {
                LineFit::LeastSquares => squares::fit(isa, &ranked),
                LineFit::LeastAbsolute => absolute::fit(isa, &ranked, active),
            };
            let (zero, infinity) = (V::Wide::splat(isa, 0.0), V::Wide::splat(isa, f64::INFINITY));
            active = active & V::narrow_mask(zero.lt(fitted.s) & fitted.s.lt(infinity));
            if !active.any() {
                break;
            }
            let limits = Limits::new(isa, self, fitted.s);
            ranked.write_residuals(isa, &fitted.line, columns.deviations);
            let mut count = limits.count_left(isa, columns.deviations, window.count, active);
            let dropped = active & count.lt(window.count);
            let short = dropped & count.lt(kept);
            if short.any() {
                all = false;
                restore(columns, &limits, &window.count, &kept, &count, short);
                count = limits.count_left(isa, columns.deviations, window.count, active);
            }
            active = dropped & !short & minimum.le(count);
            if count.lt(window.count).any() {
                drop_ranks(isa, columns, &limits, &window, dropped);
                columns.padded.copy_from_slice(&columns.sorted[..frames]);
                lane::sort(isa, columns.padded, columns.sorted);
                window = Window::of_valid(isa, count, frames, false);
                all = false;
            }
        }
        let bounds = Bounds::everything(isa);
        Kept { bounds, count: window.count, valid, window: Some(window), all }
    }
}

impl LinearFit {
    /// Fewest samples that a line is fitted to.
    #[inline(always)]
    const fn least_samples(&self) -> usize {
        match self.fit {
            LineFit::LeastSquares => 4,
            LineFit::LeastAbsolute => 5,
        }
    }
}

/// The test of a pass.
struct Limits<V: Vector> {
    low: Limit<V::Wide>,
    high: Limit<V::Wide>,
    s: V::Wide,
    zero: V::Wide,
    fit: LineFit,
}

/// How large a residual may be at one side.
struct Limit<W> {
    /// k·s: more than this goes, by least squares.
    size: W,
    /// −k·s.
    opposite: W,
    /// k: this in units of s goes, by least absolute residuals; NaN where k is infinite, because no quotient is beyond that, not
    /// even one that overflows.
    factor: W,
}

impl<W: Vector<Element = f64>> Limit<W> {
    #[inline(always)]
    fn new(isa: W::Isa, factor: f64, s: W) -> Self {
        let finite = if factor.is_finite() { factor } else { f64::NAN };
        let size = W::splat(isa, factor) * s;
        Self { size, opposite: W::splat(isa, 0.0) - size, factor: W::splat(isa, finite) }
    }
}

impl<V: Vector> Limits<V> {
    #[inline(always)]
    fn new(isa: V::Isa, linearfit: &LinearFit, s: V::Wide) -> Self {
        Self {
            low: Limit::new(isa, linearfit.lsigma, s),
            high: Limit::new(isa, linearfit.hsigma, s),
            s,
            zero: V::Wide::splat(isa, 0.0),
            fit: linearfit.fit,
        }
    }

    /// Does a sample with residual e go, at the low or at the high side?
    #[inline(always)]
    fn test(&self, e: V::Wide) -> (V::Mask, V::Mask) {
        let (low, high) = match self.fit {
            // A limit is not negative: what is beyond it has the sign of its side.
            LineFit::LeastSquares => (e.lt(self.low.opposite), self.high.size.lt(e)),
            LineFit::LeastAbsolute => {
                let quotient = e.abs() / self.s;
                let (low, high) = (self.low.factor.le(quotient), self.high.factor.le(quotient));
                (e.lt(self.zero) & low, self.zero.lt(e) & high)
            }
        };
        (V::narrow_mask(low), V::narrow_mask(high))
    }

    /// Does it in this lane?
    #[inline(always)]
    fn fails_in(&self, e: V::Wide, lane: usize) -> bool {
        let (low, high) = self.test(e);
        (low | high).bits() >> lane & 1 == 1
    }

    /// How many of the first `count` ranks stay in each active lane.
    #[inline(always)]
    fn count_left(&self, isa: V::Isa, residuals: &[V::Wide], count: V, active: V::Mask) -> V {
        let (zero, one) = constants(isa);
        let mut dropped = zero;
        for (j, e) in residuals.iter().enumerate() {
            let (low, high) = self.test(*e);
            let goes = (low | high) & active & number::<V>(isa, j).lt(count);
            dropped = dropped + V::select(goes, one, zero);
        }
        count - dropped
    }
}

/// Turns the ranks of `window` that fail into NaN in frame order, and into infinities among the sorted samples.
///
/// # Cost
/// A pass over the samples for each rank that goes in some lane: mostly the outermost few.
#[inline(always)]
fn drop_ranks<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    limits: &Limits<V>,
    window: &Window<V>,
    dropped: V::Mask,
) {
    let infinity = V::splat(isa, V::Element::INFINITY);
    // From the highest rank down: the equal samples of lower ranks are still there to be counted.
    for j in (0..columns.samples.len()).rev() {
        let member = dropped & number::<V>(isa, j).lt(window.count);
        let (low, high) = limits.test(columns.deviations[j]);
        let (low, high) = (low & member, high & member);
        if !(low | high).any() {
            continue;
        }
        drop_rank(isa, columns, j, low, high);
        columns.sorted[j] = V::select(low | high, infinity, columns.sorted[j]);
    }
}

/// Finds the frame of rank j in each lane of the masks, and drops it.
#[inline(always)]
fn drop_rank<V: Vector>(isa: V::Isa, columns: &mut Columns<'_, V>, j: usize, low: V::Mask, high: V::Mask) {
    let (zero, one) = constants(isa);
    let value = columns.sorted[j];
    let mut pending = low | high;
    // How many survivors of lower rank are equal: they are of lower frames.
    let mut before = zero;
    let mut equal = pending;
    for y in columns.sorted[..j].iter().rev() {
        equal = equal & y.eq(value);
        if !equal.any() {
            break;
        }
        before = before + V::select(equal, one, zero);
    }
    for frame in 0..columns.samples.len() {
        let hit = pending & columns.samples[frame].eq(value);
        if !hit.any() {
            continue;
        }
        let found = hit & before.eq(zero);
        before = before - V::select(hit, one, zero);
        columns.drop_sample(isa, frame, found & low, found & high);
        pending = pending & !found;
        if !pending.any() {
            break;
        }
    }
}

/// In each `short` lane the least deviant of the ranks that fail come back: their residuals become 0. Rare, so lane by lane.
#[inline(always)]
fn restore<V: Vector>(
    columns: &mut Columns<'_, V>,
    limits: &Limits<V>,
    count: &V,
    kept: &V,
    left: &V,
    short: V::Mask,
) {
    for lane in true_lanes(short) {
        let missing = kept.lanes()[lane].widen() - left.lanes()[lane].widen();
        let (count, missing) = (count.lanes()[lane].widen() as usize, missing as usize);
        let s = limits.s.lanes()[lane];
        let mut candidates = 0;
        for j in 0..count {
            let e = columns.deviations[j];
            if limits.fails_in(e, lane) {
                columns.keys[candidates] = (e.lanes()[lane].abs() / s, frame_of_rank(columns, lane, j));
                candidates += 1;
            }
        }
        let keys = &mut columns.keys[..candidates];
        crate::sort_keys(keys);
        let last = crate::sigclip::restore::last_restored(keys, missing);
        for j in 0..count {
            let e = columns.deviations[j];
            if !limits.fails_in(e, lane) {
                continue;
            }
            let frame = frame_of_rank(columns, lane, j);
            if (e.lanes()[lane].abs() / s, frame) <= last {
                columns.deviations[j].lanes_mut()[lane] = 0.0;
                columns.note_restored_lane(frame as usize, lane);
            }
        }
    }
}

/// The frame of rank j of one lane: of equal samples the t-th, where t of lower rank are equal.
#[inline(always)]
fn frame_of_rank<V: Vector>(columns: &Columns<'_, V>, lane: usize, j: usize) -> u32 {
    let value = columns.sorted[j].lanes()[lane];
    let before = columns.sorted[..j].iter().rev().take_while(|y| y.lanes()[lane] == value).count();
    let frames = (0..).zip(columns.samples.iter()).filter(|(_, y)| y.lanes()[lane] == value);
    frames.map(|(frame, _)| frame).nth(before).unwrap_or(u32::MAX)
}
