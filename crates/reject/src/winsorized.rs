//! winsorized: a scatter estimated from winsorised values decides which originals go (algorithms.md section 5.11).
//!
//! ```text
//! while n >= 4 (3):
//!     c = median;  s = standard deviation (1.1926·Sₙ);  [L, H] = everything
//!     repeat  [L, H] = [L, H] clamped to c ± 1.5 s;  w = y clamped to [L, H];  s = 1.134·sd(w);  (c = mean(w))
//!     until s stands still
//!     drop by F1 about c with V = s²,  stop if nothing dropped
//! ```
//!
//! The winsorised values are never stored. A value that was clamped to one interval after the other is the value clamped to
//! one interval, whose ends went the same way: a clamp is monotone, and the identity between its ends. So a round is two passes
//! of sums over the samples. Lanes whose s stands still are frozen while their neighbours go on; most take four to eight rounds.

mod params;
mod quick;

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{self, All, Bounds, Members, Terms, Window, number};

use crate::prepared::Algorithm;
use crate::sigclip::ends::drop_ends;
use crate::sigclip::spread::SN_FACTOR;
use crate::sigclip::{Survivors, Test};
use crate::variance::{self, Degrees, Pivoted};
use crate::{Columns, Kept};

pub use params::{Winsorized, WinsorizedRule};

/// Winsorised values lie within this many s of the centre.
const REACH: f64 = 1.5;

/// Turns the standard deviation of Gaussian data winsorised at ±1.5 into that of the data: 1/0.8823 rounded up.
const FACTOR: f64 = 1.134;

/// Relative change of s at which it stands still.
const STILL: f64 = 0.0005;

/// Most rounds.
const ROUNDS: usize = 100;

impl Algorithm for Winsorized {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let valid = columns.sort(isa);
        let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        let mut survivors = Survivors { bounds: Bounds::everything(isa), window, all: columns.full };
        let minimum = match self.rule {
            WinsorizedRule::Median => number::<V>(isa, 4),
            WinsorizedRule::MovingMean { .. } => number(isa, 3),
        };
        let mut active = minimum.le(valid);
        let mut first_pass = true;
        while active.any() {
            if self.rule == WinsorizedRule::Median
                && let Some(after) = quick::pass(self, isa, columns, &survivors, active)
            {
                let dropped = active & after.window.count.lt(survivors.window.count);
                survivors = Survivors::select(dropped, after, survivors);
                active = dropped & minimum.le(survivors.window.count);
                continue;
            }
            let estimate = if survivors.all {
                self.estimate(isa, columns, &survivors, All, active, first_pass)
            } else {
                self.estimate(isa, columns, &survivors, survivors.bounds, active, first_pass)
            };
            let test: Test<V> =
                Test::about(isa, [self.lsigma, self.hsigma], estimate.center, estimate.s * estimate.s);
            active = active & V::narrow_mask(estimate.usable);
            if !active.any() {
                break;
            }
            let after = drop_ends(isa, columns.ranks(), &survivors, &test, active).0;
            let dropped = active & after.window.count.lt(survivors.window.count);
            survivors = Survivors::select(dropped, after, survivors);
            active = dropped & minimum.le(survivors.window.count);
            first_pass = false;
        }
        let Survivors { bounds, window, all } = survivors;
        Kept { bounds, count: window.count, valid, window: Some(window), all }
    }
}

/// Centre and scatter of a pass.
struct Estimate<W: Vector> {
    center: W,
    s: W,
    /// Lanes in which every s on the way, s² and the centre are finite, and s² not 0.
    usable: W::Mask,
}

impl<W: Vector<Element = f64>> Estimate<W> {
    /// Freezes lanes whose s is 0, infinite or NaN.
    #[inline(always)]
    fn check(&mut self, isa: W::Isa, value: W) {
        let above_zero = W::splat(isa, 0.0).lt(value);
        self.usable = self.usable & above_zero & value.lt(W::splat(isa, f64::INFINITY));
    }
}

impl Winsorized {
    #[inline(always)]
    fn estimate<V: Vector, M: Members<V>>(
        &self,
        isa: V::Isa,
        columns: &mut Columns<'_, V>,
        survivors: &Survivors<V>,
        members: M,
        active: V::Mask,
        first_pass: bool,
    ) -> Estimate<V::Wide> {
        let window = &survivors.window;
        let (nothing, infinity) = (V::Wide::splat(isa, 0.0), V::Wide::splat(isa, f64::INFINITY));
        let degrees = Degrees::new(isa, window.count.widen(), 1);
        let median = lane::median(isa, columns.ranks(), window);
        let s = match self.rule {
            WinsorizedRule::Median => {
                variance::by_median(isa, columns.samples, members, &degrees, median).sqrt()
            }
            WinsorizedRule::MovingMean { .. } => {
                V::Wide::splat(isa, SN_FACTOR) * lane::sn(isa, columns.sorted, window, columns.deviations)
            }
        };
        let mut estimate = Estimate { center: median.widen(), s, usable: V::widen_mask(active) };
        estimate.check(isa, s);
        let cutoff = match self.rule {
            WinsorizedRule::MovingMean { cutoff } if first_pass => V::Wide::splat(isa, cutoff) * s,
            _ => infinity,
        };
        let mut values = Values {
            members,
            low: V::Wide::splat(isa, f64::NEG_INFINITY),
            high: infinity,
            median: median.widen(),
            cutoff,
            pivot: s,
            zero: nothing,
        };
        let first = members.first(isa, columns.samples).widen();
        let mut open = estimate.usable;
        for round in 1..=ROUNDS {
            if !open.any() {
                break;
            }
            let reach = V::Wide::splat(isa, REACH) * estimate.s;
            values.clamp_to(estimate.center - reach, estimate.center + reach);
            let samples = &*columns.samples;
            let (mean, variance) = if cutoff_is_off(self.rule, first_pass) {
                variance::of_values(isa, samples, &degrees, values.clamp(first), Clamped(values))
            } else {
                variance::of_values(isa, samples, &degrees, values.value(first), values)
            };
            let next = V::Wide::splat(isa, FACTOR) * variance.sqrt();
            let change = (next - estimate.s).abs();
            let limit = V::Wide::splat(isa, STILL) * estimate.s;
            let still = match self.rule {
                WinsorizedRule::Median => change.le(limit),
                WinsorizedRule::MovingMean { .. } if round >= 2 => change.lt(limit),
                WinsorizedRule::MovingMean { .. } => change.lt(change),
            };
            estimate.s = V::Wide::select(open, next, estimate.s);
            if let WinsorizedRule::MovingMean { .. } = self.rule {
                estimate.center = V::Wide::select(open, mean, estimate.center);
            }
            estimate.check(isa, estimate.s);
            open = open & estimate.usable & !still;
        }
        estimate.check(isa, estimate.s * estimate.s);
        let is_number = estimate.center.zero_if_finite();
        estimate.usable = estimate.usable & is_number.eq(is_number);
        estimate
    }
}

/// Is no value replaced by the median?
#[inline(always)]
const fn cutoff_is_off(rule: WinsorizedRule, first_pass: bool) -> bool {
    !first_pass || matches!(rule, WinsorizedRule::Median)
}

/// Winsorised values, as deviations from a pivot.
#[derive(Clone, Copy)]
struct Values<W, M> {
    members: M,
    /// Ends of what all clamps together leave.
    low: W,
    high: W,
    /// Samples further than `cutoff` from the median count as it.
    median: W,
    cutoff: W,
    pivot: W,
    zero: W,
}

impl<W: Vector<Element = f64>, M> Values<W, M> {
    #[inline(always)]
    fn clamp_to(&mut self, low: W, high: W) {
        self.low = self.low.sort2(low).1.sort2(high).0;
        self.high = self.high.sort2(low).1.sort2(high).0;
    }

    #[inline(always)]
    fn clamp(&self, y: W) -> W {
        y.sort2(self.low).1.sort2(self.high).0
    }

    #[inline(always)]
    fn value(&self, y: W) -> W {
        let beyond = self.cutoff.lt((y - self.median).abs());
        self.clamp(W::select(beyond, self.median, y))
    }
}

impl<V: Vector, M: Members<V>> Terms<V, 1> for Values<V::Wide, M> {
    #[inline(always)]
    fn terms(&self, _: usize, y: V) -> [V::Wide; 1] {
        [self.members.term(y, self.value(y.widen()) - self.pivot, self.zero)]
    }
}

impl<V: Vector, M: Members<V>> Pivoted<V> for Values<V::Wide, M> {
    #[inline(always)]
    fn about(self, pivot: V::Wide) -> Self {
        Self { pivot, ..self }
    }
}

/// [`Values`] of which none is replaced.
#[derive(Clone, Copy)]
struct Clamped<W, M>(Values<W, M>);

impl<V: Vector, M: Members<V>> Terms<V, 1> for Clamped<V::Wide, M> {
    #[inline(always)]
    fn terms(&self, _: usize, y: V) -> [V::Wide; 1] {
        let Self(values) = self;
        [values.members.term(y, values.clamp(y.widen()) - values.pivot, values.zero)]
    }
}

impl<V: Vector, M: Members<V>> Pivoted<V> for Clamped<V::Wide, M> {
    #[inline(always)]
    fn about(self, pivot: V::Wide) -> Self {
        Self(Values { pivot, ..self.0 })
    }
}
