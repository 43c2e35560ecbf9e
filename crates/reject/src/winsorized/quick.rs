//! A pass about the median without the sums of the contract.
//!
//! What a pass leaves is a set, not a number. Sums by rank in f64, in any order, give the scatter to within a bound that is known;
//! where a decision of any lane is within it (does s stand still? is a sample beyond k·s?), nothing is decided, and the pass goes
//! by the contract.
//!
//! ```text
//! C1[j], C2[j] = sums of d and d² from the middle of the column out to rank j         d = y − m
//! round:  [a, b) = ranks that no lane clamps;  S1 = C1[a] + C1[b − 1] + clamped d of the others,  S2 likewise
//!         s = 1.134·sqrt((S2 − S1²/n)/(n − 1))
//! ```
//!
//! So a round costs what the outer ranks cost, a third of the samples or less, and one pass over them instead of two.
//!
//! The bound, with ε = 2⁻⁵²: a mean is within one standard deviation of the median, so Q is at least S2/2, and sums of n terms
//! give it to 16·n·ε of itself, here and by the contract. The contract clamps to m ± 1.5 s, rounded: off by 2·ε·(|m| + 1.5 s). Where s is
//! off by δ, each of c clamped values is by 1.5·δ, and the next s by 1.134·1.5·sqrt(c/(n − 1))·δ. Where that adds up to much
//! ([`MOST_ERROR`]) the pass is left to the contract.

use skystack_simd::{Mask, Ordered, Vector};
use skystack_stats::lane::{self, Window, number};

use super::{FACTOR, REACH, ROUNDS, STILL, Winsorized};
use crate::Columns;
use crate::sigclip::Survivors;
use crate::sigclip::ends::{Limit, Verdict, drop_ends};

/// Greatest error of s, relative to it.
const MOST_ERROR: f64 = 1e-6;

/// Squares of what is within these have all their digits.
const LEAST_SCATTER: f64 = 1e-140;
const GREATEST_SCATTER: f64 = 1e140;

/// 1.134·1.5, and a little more.
const MOST_SLOPE: f64 = 1.702;

/// Least factor: with a smaller one k²·V can underflow where V does not.
const LEAST_FACTOR: f64 = 1.0 / 16.0;

/// The survivors after a pass in the active lanes, or nothing where some lane is not decided.
#[inline(always)]
pub(super) fn pass<V: Vector>(
    winsorized: &Winsorized,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    survivors: &Survivors<V>,
    active: V::Mask,
) -> Option<Survivors<V>> {
    if winsorized.lsigma.min(winsorized.hsigma) < LEAST_FACTOR {
        return None;
    }
    let median = lane::median(isa, columns.ranks(), &survivors.window);
    let sums = Sums::new(isa, columns, &survivors.window, median)?;
    let scatter = sums.settle(isa, columns, V::widen_mask(active))?;
    let active = active & V::narrow_mask(scatter.some);
    let limits = Limits::new(isa, winsorized, median, &scatter);
    let (after, undecided) = drop_ends(isa, columns.ranks(), survivors, &limits, active);
    (!undecided.any()).then_some(after)
}

/// Sums over the survivors.
struct Sums<'a, V: Vector> {
    window: &'a Window<V>,
    median: V::Wide,
    /// 1/n, 1/(n − 1): divisions would take most of the time of a round.
    per_sample: V::Wide,
    per_degree: V::Wide,
    /// Middle of the ranks that all lanes have.
    middle: usize,
}

/// S1, S2, and how many of the samples were clamped.
#[derive(Clone, Copy)]
struct Moments<W> {
    s1: W,
    s2: W,
    clamped: W,
}

impl<W: Vector<Element = f64>> Moments<W> {
    #[inline(always)]
    fn add(&mut self, d: W) {
        self.s1 = self.s1 + d;
        self.s2 = self.s2 + d * d;
    }

    #[inline(always)]
    fn add_clamped(&mut self, d: W, reach: &Reach<W>, member: W::Mask) {
        let clamped = d.sort2(reach.low).1.sort2(reach.high).0;
        self.add(W::select(member, clamped, reach.zero));
        // One that is nearly clamped counts, because it may be.
        let counted = member & reach.nearly.lt(d.abs());
        self.clamped = self.clamped + W::select(counted, reach.one, reach.zero);
    }
}

/// What values are clamped to, about the median.
struct Reach<W> {
    low: W,
    high: W,
    nearly: W,
    zero: W,
    one: W,
}

impl<W: Vector<Element = f64>> Reach<W> {
    #[inline(always)]
    fn new(isa: W::Isa, high: W) -> Self {
        let zero = W::splat(isa, 0.0);
        let nearly = high * W::splat(isa, 1.0 - 16.0 * MOST_ERROR);
        Self { low: zero - high, high, nearly, zero, one: W::splat(isa, 1.0) }
    }
}

/// What the rounds end with.
struct Scatter<V: Vector> {
    s: V::Wide,
    /// Bound of what it is off.
    error: V::Wide,
    /// Lanes in which it is not 0.
    some: <V::Wide as Vector>::Mask,
}

impl<'a, V: Vector> Sums<'a, V> {
    /// Writes C1 to `residuals` and C2 to `deviations`.
    #[inline(always)]
    fn new(isa: V::Isa, columns: &mut Columns<'_, V>, window: &'a Window<V>, median: V) -> Option<Self> {
        let (from, to) = window.ranks.common;
        if from + 2 > to {
            return None;
        }
        let Columns { sorted, residuals, deviations, .. } = columns;
        let median = median.widen();
        let zero = V::Wide::splat(isa, 0.0);
        let middle = from.midpoint(to);
        let none = Moments { s1: zero, s2: zero, clamped: zero };
        let (mut below, mut above) = (none, none);
        for j in (from..middle).rev() {
            below.add(sorted[j].widen() - median);
            (residuals[j], deviations[j]) = (below.s1, below.s2);
        }
        for j in middle..to {
            above.add(sorted[j].widen() - median);
            (residuals[j], deviations[j]) = (above.s1, above.s2);
        }
        let (n, one) = (window.count.widen(), V::Wide::splat(isa, 1.0));
        let (per_sample, per_degree) = (one / n, one / (n - one));
        Some(Self { window, median, per_sample, per_degree, middle })
    }

    /// The sums with everything clamped to `reach`, which nothing in the ranks [a, b) is.
    #[inline(always)]
    fn clamped(
        &self,
        isa: V::Isa,
        columns: &Columns<'_, V>,
        (a, b): (usize, usize),
        reach: &Reach<V::Wide>,
    ) -> Moments<V::Wide> {
        let zero = reach.zero;
        let mut sums = Moments { s1: zero, s2: zero, clamped: zero };
        if a < self.middle {
            (sums.s1, sums.s2) = (columns.residuals[a], columns.deviations[a]);
        }
        if self.middle < b {
            sums.s1 = sums.s1 + columns.residuals[b - 1];
            sums.s2 = sums.s2 + columns.deviations[b - 1];
        }
        let Window { first, count, ranks } = self.window;
        let (from, to) = ranks.common;
        let all = zero.eq(zero);
        for j in (from..a).chain(b..to) {
            sums.add_clamped(columns.sorted[j].widen() - self.median, reach, all);
        }
        // Not all lanes have these.
        let end = *first + *count;
        for j in (ranks.outer.0..from).chain(to..ranks.outer.1) {
            let at = number::<V>(isa, j);
            let member = V::widen_mask(first.le(at) & at.lt(end));
            sums.add_clamped(columns.sorted[j].widen() - self.median, reach, member);
        }
        sums
    }

    /// Is it clamped at the low end, or nearly?
    #[inline(always)]
    fn is_low(&self, y: &V, reach: &Reach<V::Wide>) -> <V::Wide as Vector>::Mask {
        (y.widen() - self.median).le(reach.zero - reach.nearly)
    }

    /// At the high end?
    #[inline(always)]
    fn is_high(&self, y: &V, reach: &Reach<V::Wide>) -> <V::Wide as Vector>::Mask {
        reach.nearly.le(y.widen() - self.median)
    }

    /// sqrt((S2 − S1²/n)/(n − 1)).
    #[inline(always)]
    fn deviation(&self, sums: &Moments<V::Wide>) -> V::Wide {
        ((sums.s2 - sums.s1 * sums.s1 * self.per_sample) * self.per_degree).sqrt()
    }

    /// Winsorises until s stands still in each lane; nothing where one is not decided.
    #[inline(always)]
    fn settle(
        &self,
        isa: V::Isa,
        columns: &Columns<'_, V>,
        active: <V::Wide as Vector>::Mask,
    ) -> Option<Scatter<V>> {
        let (from, to) = self.window.ranks.common;
        let relative = V::Wide::splat(isa, (32 * columns.samples.len() + 256) as f64 * f64::EPSILON);
        let few = V::Wide::splat(isa, 8.0 * f64::EPSILON);
        let everything = Reach::new(isa, V::Wide::splat(isa, f64::INFINITY));
        let all = self.clamped(isa, columns, (from, to), &everything);
        // Differences are 0 of equal values alone; where their squares are, the contract's are too.
        let some = active & everything.zero.lt(all.s2);
        let s = self.deviation(&all);
        let mut scatter = Scatter { s, error: s * relative, some };
        let mut reach = everything.high;
        let (mut a, mut b) = (from, to);
        let mut open = some;
        for _ in 0..ROUNDS {
            if !scatter.is_ordinary(isa) {
                return None;
            }
            if !open.any() {
                break;
            }
            reach = (V::Wide::splat(isa, REACH) * scatter.s).sort2(reach).0;
            let limits = Reach::new(isa, reach);
            while (open & self.is_low(&columns.sorted[a], &limits)).any() {
                a += 1;
                // The middle of what all lanes have need not be near the median of each.
                if a > self.middle {
                    return None;
                }
            }
            while (open & self.is_high(&columns.sorted[b - 1], &limits)).any() {
                b -= 1;
                if b < self.middle {
                    return None;
                }
            }
            let sums = self.clamped(isa, columns, (a, b), &limits);
            let next = V::Wide::splat(isa, FACTOR) * self.deviation(&sums);
            // Half of 1 + x is not below the root of x.
            let root = (limits.one + sums.clamped * self.per_degree) * V::Wide::splat(isa, 0.5);
            let passed_on = V::Wide::splat(isa, MOST_SLOPE) * root;
            let of_rounding = few * (self.median.abs() + scatter.s) + next * relative;
            let error = passed_on * scatter.error + of_rounding;
            let change = (next - scatter.s).abs();
            let limit = V::Wide::splat(isa, STILL) * scatter.s;
            let doubt = V::Wide::splat(isa, 2.0) * (error + scatter.error);
            if (open & !(doubt.lt((change - limit).abs()))).any() {
                return None;
            }
            let still = change.lt(limit);
            scatter.s = V::Wide::select(open, next, scatter.s);
            scatter.error = V::Wide::select(open, error, scatter.error);
            open = open & !still;
        }
        scatter.is_ordinary(isa).then_some(scatter)
    }
}

impl<V: Vector> Scatter<V> {
    /// Is s known well wherever it is not 0, and far from the limits of f64?
    #[inline(always)]
    fn is_ordinary(&self, isa: V::Isa) -> bool {
        let (least, greatest) = (V::Wide::splat(isa, LEAST_SCATTER), V::Wide::splat(isa, GREATEST_SCATTER));
        let most = V::Wide::splat(isa, MOST_ERROR) * self.s;
        let good = least.lt(self.s) & self.s.lt(greatest) & self.error.lt(most);
        !(self.some & !good).any()
    }
}

/// Radii within which every sample is kept, and beyond which every one is dropped.
struct Limits<V: Vector> {
    median: V::Wide,
    kept: [V::Wide; 2],
    gone: [V::Wide; 2],
}

impl<V: Vector> Limits<V> {
    #[inline(always)]
    fn new(isa: V::Isa, winsorized: &Winsorized, median: V, scatter: &Scatter<V>) -> Self {
        // The margin is for the roundings of these lines and of F1.
        let inner = (scatter.s - scatter.error) * V::Wide::splat(isa, 1.0 - 32.0 * f64::EPSILON);
        let outer = (scatter.s + scatter.error) * V::Wide::splat(isa, 1.0 + 32.0 * f64::EPSILON);
        let zero = V::Wide::splat(isa, 0.0);
        let low = zero - V::Wide::splat(isa, winsorized.lsigma);
        let high = V::Wide::splat(isa, winsorized.hsigma);
        Self { median: median.widen(), kept: [low * inner, high * inner], gone: [low * outer, high * outer] }
    }
}

impl<V: Vector> Limit<V> for Limits<V> {
    #[inline(always)]
    fn low(&self, y: V) -> Verdict<V> {
        let d = y.widen() - self.median;
        Verdict { gone: V::narrow_mask(d.lt(self.gone[0])), stays: V::narrow_mask(self.kept[0].le(d)) }
    }
    #[inline(always)]
    fn high(&self, y: V) -> Verdict<V> {
        let d = y.widen() - self.median;
        Verdict { gone: V::narrow_mask(self.gone[1].lt(d)), stays: V::narrow_mask(d.le(self.kept[1])) }
    }
}
