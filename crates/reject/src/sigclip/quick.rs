//! A pass that is decided without the sums of the contract.
//!
//! What a pass leaves is a set, not a number. Sums in the working type, in any order, give the variance to within a bound
//! that is known; so each end of the kept interval has an inner and an outer limit:
//!
//! ```text
//! S1 = sum of d, S2 = sum of d²  (d = y − c, rounded to T)        Q = S2, or S2 − S1²/n about the mean
//! |Q − the contract's Q| <= (3n + 64)·ε·S2
//! r = k·sqrt(Q/(n − ddof)):  a sample further than the outer r is dropped, one nearer than the inner r is kept
//! ```
//!
//! Where a sample of any lane lies between the two, or the sums are near the limits of T, nothing is decided and the pass
//! runs by the contract. (31 frames of f32: the two radii differ by 10⁻⁵ of themselves.)
//!
//! Why the bound holds: with ε twice the rounding unit, n terms of S2 have a relative error below (n + 3)·ε/2 in any order.
//! S1 is off by at most (n + 2)·ε/2·SUM|d| <= (n + 2)·ε/2·sqrt(n·S2), so S1²/n by (n + 2)·ε·S2. With the roundings of Q itself
//! that is less than (3n/2 + 8)·ε·S2. The contract's own sums have the same bound with the rounding unit of f64: (3n + 16)·ε·S2
//! in all for T = f64, half of it for f32. The rest, 48·ε·S2, is more than n squares, a quotient and k²V can lose by underflow,
//! because S2 and k are far enough from zero ([`LEAST_FACTOR`], `tiny`).
//!
//! (The sums of a later pass could be those of the first one without what was dropped since. That was tried: its wider bound,
//! and keeping account, take more time than a few additions for each rank. AMD EPYC Zen 4, 2026-11-21.)
//!
//! A MAD is nearer still: the order of rounded deviations is that of the exact ones.
//!
//! A difference y − c of two values of T has the sign of the exact one, and rounding is monotone: `y < fl(c − r)` implies
//! `y < c − r`. An r that overflows is right, too: k²V is then above S2, and no d² is.

mod mad;

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{self, Bounds, Window};

use super::ends::{Limit, Verdict, drop_ends};
use super::{About, Center, SigClip, Spread, Survivors};
use crate::columns::{constants, number};

/// Most frames: beyond, the limits are so far apart that some lane of a group is hardly ever decided.
const MOST_FRAMES: usize = 2048;

/// Least factor: with a smaller one k²V can underflow where V does not. (The contract keeps a sample whose d² underflows to 0,
/// though k = 0.)
const LEAST_FACTOR: f64 = 1.0 / 16.0;

impl SigClip {
    /// Can its passes be decided so?
    #[inline(always)]
    pub(super) fn is_quick(&self, frames: usize) -> bool {
        let first = self.first_center.unwrap_or(self.center);
        let most = match self.spread {
            Spread::Std => MOST_FRAMES,
            Spread::Mad { .. } => usize::MAX,
            Spread::Iqr | Spread::Sn => 0,
        };
        self.tolerance.is_none()
            && self.center != Center::Mean
            && first != Center::Mean
            && self.lsigma.min(self.hsigma) >= LEAST_FACTOR
            && frames <= most
    }
}

/// The survivors after pass number `pass`, or nothing where a lane of `active` is not decided.
#[inline(always)]
pub(super) fn pass<V: Vector>(
    clip: &SigClip,
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    pass: u32,
    active: V::Mask,
) -> Option<Survivors<V>> {
    let median = lane::median(isa, sorted, &survivors.window);
    let center = match clip.first_center.filter(|_| pass == 0).unwrap_or(clip.center) {
        Center::Lmedian => lane::lmedian(isa, sorted, &survivors.window),
        _ => median,
    };
    let reach = match clip.spread {
        Spread::Mad { factor } => Reach::of_mad(isa, factor, sorted, survivors, median, active),
        _ => Reach::of_sums(clip, isa, sorted, survivors, center),
    };
    if (active & !reach.sane).any() {
        return None;
    }
    let low = reach.radii(isa, clip.lsigma);
    let high = if clip.hsigma == clip.lsigma { low } else { reach.radii(isa, clip.hsigma) };
    let [[inner_low, outer_low], [inner_high, outer_high]] = [low, high];
    let interval = Interval {
        kept: Bounds { low: center - inner_low, high: center + inner_high },
        gone: Bounds { low: center - outer_low, high: center + outer_high },
    };
    let (after, undecided) = drop_ends(isa, sorted, survivors, &interval, active);
    (!undecided.any()).then_some(after)
}

/// Bounds of the variance.
struct Reach<V: Vector> {
    least: V,
    most: V,
    /// Lanes where they are bounds.
    sane: V::Mask,
}

impl<V: Vector> Reach<V> {
    #[inline(always)]
    fn of_sums(clip: &SigClip, isa: V::Isa, sorted: &[V], survivors: &Survivors<V>, center: V) -> Self {
        let n = survivors.window.count;
        let epsilon = V::Element::EPSILON;
        let relative = (n + n + n + number(isa, 64)) * V::splat(isa, epsilon);
        let (q, s2) = if clip.about == About::Center {
            let [_, s2] = sums::<V, false>(isa, sorted, survivors, center);
            (s2, s2)
        } else {
            let [s1, s2] = sums::<V, true>(isa, sorted, survivors, center);
            (s2 - s1 * s1 / n, s2)
        };
        let error = s2 * relative;
        let degrees = n - number(isa, clip.ddof as usize);
        let (zero, _) = constants::<V>(isa);
        let least = q - error;
        Self {
            sane: Self::is_ordinary(isa, s2) & zero.lt(least),
            least: least / degrees,
            most: (q + error) / degrees,
        }
    }

    /// V = T(factor·MAD)². A deviation, their mean, the product and σ are rounded once each, here and by the contract: V is
    /// off by 10·ε at most.
    #[inline(always)]
    fn of_mad(
        isa: V::Isa,
        factor: f64,
        sorted: &[V],
        survivors: &Survivors<V>,
        median: V,
        active: V::Mask,
    ) -> Self {
        let constant = |value: f64| V::splat(isa, V::Element::narrow(value));
        let (mad, unknown) = mad::mad(isa, sorted, survivors, median, active);
        let sigma = constant(factor) * mad;
        let v = sigma * sigma;
        let epsilon = V::Element::EPSILON.widen();
        let (least, most) = (v * constant(1.0 - 32.0 * epsilon), v * constant(1.0 + 32.0 * epsilon));
        Self { least, most, sane: Self::is_ordinary(isa, v) & !unknown }
    }

    /// Squares below the least normal number lose digits: 2²⁴ times as much is safe for all n and k. The other end leaves room
    /// for n·S2, of which the contract makes use.
    #[inline(always)]
    fn is_ordinary(isa: V::Isa, square: V) -> V::Mask {
        let constant = |value: f64| V::splat(isa, V::Element::narrow(value));
        let tiny = V::splat(isa, V::Element::LEAST_NORMAL) * constant(16_777_216.0);
        let huge = V::splat(isa, V::Element::GREATEST) * constant(0.1 / MOST_FRAMES as f64);
        tiny.lt(square) & square.lt(huge)
    }

    /// The radius within which every sample is kept, and the one beyond which every sample is dropped. The margin is for
    /// the roundings of these lines and of F1.
    #[inline(always)]
    fn radii(&self, isa: V::Isa, factor: f64) -> [V; 2] {
        let square = V::splat(isa, V::Element::narrow(factor * factor));
        let margin = V::Element::EPSILON.widen() * 16.0;
        let inner = V::splat(isa, V::Element::narrow(1.0 - margin));
        let outer = V::splat(isa, V::Element::narrow(1.0 + margin));
        [(square * self.least).sqrt() * inner, (square * self.most).sqrt() * outer]
    }
}

/// SUM(y − c), unless only the second is wanted, and SUM((y − c)²) of the window, rounded at every step.
#[inline(always)]
fn sums<V: Vector, const FIRST: bool>(
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    center: V,
) -> [V; 2] {
    const CHAINS: usize = 4;
    let (zero, _) = constants::<V>(isa);
    let Window { first, count, ranks } = survivors.window;
    let end = first + count;
    let (from, to) = ranks.common;
    let (from, to) = if from < to { (from, to) } else { (sorted.len(), sorted.len()) };
    let (mut s1, mut s2) = ([zero; CHAINS], [zero; CHAINS]);
    for rank in (0..from).chain(to..sorted.len()) {
        let at = number::<V>(isa, rank);
        let member = first.le(at) & at.lt(end);
        let d = V::select(member, sorted[rank] - center, zero);
        s1[0] = s1[0] + d;
        s2[0] = s2[0] + d * d;
    }
    let (fours, rest) = sorted[from..to].as_chunks::<CHAINS>();
    for four in fours {
        for chain in 0..CHAINS {
            let d = four[chain] - center;
            if FIRST {
                s1[chain] = s1[chain] + d;
            }
            s2[chain] = s2[chain] + d * d;
        }
    }
    for (chain, y) in rest.iter().enumerate() {
        let d = *y - center;
        if FIRST {
            s1[chain] = s1[chain] + d;
        }
        s2[chain] = s2[chain] + d * d;
    }
    [(s1[0] + s1[1]) + (s1[2] + s1[3]), (s2[0] + s2[1]) + (s2[2] + s2[3])]
}

/// The inner and outer limits of the kept interval.
struct Interval<V> {
    kept: Bounds<V>,
    gone: Bounds<V>,
}

impl<V: Vector> Limit<V> for Interval<V> {
    #[inline(always)]
    fn low(&self, y: V) -> Verdict<V> {
        Verdict { gone: y.lt(self.gone.low), stays: self.kept.low.lt(y) }
    }
    #[inline(always)]
    fn high(&self, y: V) -> Verdict<V> {
        Verdict { gone: self.gone.high.lt(y), stays: y.lt(self.kept.high) }
    }
}
