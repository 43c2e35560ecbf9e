//! A pass that is decided without the sums of the contract.
//!
//! What a pass leaves is a set, not a number. Sums in the working type, in any order, give the variance to within a bound
//! that is known; so each end of the kept interval has an inner and an outer limit:
//!
//! ```text
//! S1 = sum of d, S2 = sum of d²  (d = y − c, rounded to T)        Q = S2, or S2 − S1²/n about the mean
//! |Q − the contract's Q| <= ((2m + 64)·ε + (2n + 16)·2⁻⁵²)·S2     (m: `depth`)
//! r = k·sqrt(Q/(n − ddof)):  a sample further than the outer r is dropped, one nearer than the inner r is kept
//! ```
//!
//! Where a sample of any lane lies between the two, or the sums are near the limits of T, nothing is decided and the pass
//! runs by the contract. (31 frames of f32: the two radii differ by 10⁻⁵ of themselves.)
//!
//! Why the bound holds: with ε twice the rounding unit, S2 has a relative error below (m + 3)·ε/2 if no term passes through
//! more than m additions. S1 is off by at most (m + 2)·ε/2·SUM|d| <= (m + 2)·ε/2·sqrt(n·S2), so S1²/n by (m + 2)·ε·S2. With the
//! roundings of Q itself that is less than (3m/2 + 8)·ε·S2. The contract's own sums have the same bound with n for m and the
//! rounding unit of f64. The rest, 56·ε·S2, is more than n squares, a quotient and k²V can lose by underflow, because S2 and k
//! are far enough from zero ([`LEAST_FACTOR`], `tiny`).
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
use skystack_stats::lane::{self, Bounds, Window, constants, number};

use self::mad::Mad;
use super::ends::{Limit, Verdict, drop_ends};
use super::{About, Center, SigClip, Spread, Survivors, ZeroSpread};

/// No stack has more frames.
const MOST_FRAMES: usize = 1 << 22;

/// Least factor: with a smaller one k²V can underflow where V does not. (The contract keeps a sample whose d² underflows to 0,
/// though k = 0.)
const LEAST_FACTOR: f64 = 1.0 / 16.0;

impl SigClip {
    /// Can its passes be decided so?
    #[inline(always)]
    pub(super) fn is_quick(&self) -> bool {
        let first = self.first_center.unwrap_or(self.center);
        self.tolerance.is_none()
            && self.center != Center::Mean
            && first != Center::Mean
            && self.lsigma.min(self.hsigma) >= LEAST_FACTOR
            && matches!(self.spread, Spread::Std | Spread::Mad { .. })
    }
}

/// The survivors after pass number `pass`, or nothing where a lane of `active` is not decided. `zero_spread` gets the lanes
/// of two or more samples that are known to have none.
#[inline(always)]
pub(super) fn pass<V: Vector>(
    clip: &SigClip,
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    pass: u32,
    active: V::Mask,
    zero_spread: &mut u32,
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
    *zero_spread = (active & reach.zero & number::<V>(isa, 1).lt(survivors.window.count)).bits();
    // F4: a spread of 0 tells nothing, or everything.
    let active = if clip.zero_spread == ZeroSpread::Stop { active & !reach.zero } else { active };
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
    /// Lanes of which the variance is known to be 0: not by rounding.
    zero: V::Mask,
}

impl<V: Vector> Reach<V> {
    #[inline(always)]
    fn of_sums(clip: &SigClip, isa: V::Isa, sorted: &[V], survivors: &Survivors<V>, center: V) -> Self {
        let n = survivors.window.count;
        let of_these = (2 * depth(sorted.len()) + 64) as f64 * V::Element::EPSILON.widen();
        let of_the_contract = (2 * sorted.len() + 16) as f64 * f64::EPSILON;
        let relative = V::splat(isa, V::Element::narrow(of_these + of_the_contract));
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
            zero: zero.lt(zero),
        }
    }

    /// V = T(factor·MAD)². A deviation, their mean, the product and σ are rounded once each, here and by the contract, and
    /// a deviation may be 2ε off (`mad`): V is off by 16·ε at most.
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
        let Mad { value, zero, unknown } = mad::mad(isa, sorted, survivors, median, active);
        let sigma = constant(factor) * value;
        let v = sigma * sigma;
        let epsilon = V::Element::EPSILON.widen();
        let (least, most) = (v * constant(1.0 - 32.0 * epsilon), v * constant(1.0 + 32.0 * epsilon));
        // In f64 the square of a difference may be 0, too, and F1 keeps such a sample.
        let ordinary = Self::is_ordinary(isa, v) & !unknown;
        let sane = if V::Element::BYTES == size_of::<f32>() { ordinary | zero } else { ordinary };
        Self { least, most, sane, zero }
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
        let infinity = V::splat(isa, V::Element::INFINITY);
        let (inner, outer) = ((square * self.least).sqrt() * inner, (square * self.most).sqrt() * outer);
        // Of a variance of 0: all but the centre itself is dropped, by an infinite factor nothing.
        let of_zero = if factor.is_infinite() { infinity } else { number(isa, 0) };
        [V::select(self.zero, infinity, inner), V::select(self.zero, of_zero, outer)]
    }
}

/// Ranks that are summed in [`CHAINS`] chains before the next ones: the error of a sum of many is that of a short one.
const RUN: usize = 256;

/// Sums side by side.
const CHAINS: usize = 4;

/// No sample passes through more additions than this in [`sums`].
const fn depth(frames: usize) -> usize {
    let of_runs = RUN / CHAINS + CHAINS + frames / RUN + 3;
    if frames < of_runs { frames } else { of_runs }
}

/// SUM(y − c), unless only the second is wanted, and SUM((y − c)²) of the window, rounded at every step.
#[inline(always)]
fn sums<V: Vector, const FIRST: bool>(
    isa: V::Isa,
    sorted: &[V],
    survivors: &Survivors<V>,
    center: V,
) -> [V; 2] {
    let (zero, _) = constants::<V>(isa);
    let Window { first, count, ranks } = survivors.window;
    let end = first + count;
    let (from, to) = ranks.common;
    let (from, to) = if from < to { (from, to) } else { (sorted.len(), sorted.len()) };
    let (mut s1, mut s2) = (zero, zero);
    for start in (0..from).step_by(RUN).chain((to..sorted.len()).step_by(RUN)) {
        let stop = if start < from { from } else { sorted.len() }.min(start + RUN);
        let (mut part1, mut part2) = ([zero; CHAINS], [zero; CHAINS]);
        for rank in start..stop {
            let at = number::<V>(isa, rank);
            let member = first.le(at) & at.lt(end);
            let d = V::select(member, sorted[rank] - center, zero);
            part1[rank % CHAINS] = part1[rank % CHAINS] + d;
            part2[rank % CHAINS] = part2[rank % CHAINS] + d * d;
        }
        s1 = s1 + across(part1);
        s2 = s2 + across(part2);
    }
    for run in sorted[from..to].chunks(RUN) {
        let (mut part1, mut part2) = ([zero; CHAINS], [zero; CHAINS]);
        let (fours, rest) = run.as_chunks::<CHAINS>();
        for four in fours {
            for chain in 0..CHAINS {
                let d = four[chain] - center;
                if FIRST {
                    part1[chain] = part1[chain] + d;
                }
                part2[chain] = part2[chain] + d * d;
            }
        }
        for (chain, y) in rest.iter().enumerate() {
            let d = *y - center;
            if FIRST {
                part1[chain] = part1[chain] + d;
            }
            part2[chain] = part2[chain] + d * d;
        }
        s1 = s1 + across(part1);
        s2 = s2 + across(part2);
    }
    [s1, s2]
}

#[inline(always)]
fn across<V: Vector>(chains: [V; CHAINS]) -> V {
    (chains[0] + chains[1]) + (chains[2] + chains[3])
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
