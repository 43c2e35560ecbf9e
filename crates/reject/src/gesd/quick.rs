//! The outliers of full columns without the sums of the contract.
//!
//! What is wanted is a set, not a number. Sums by rank in f64, in any order, give mean and variance to within a bound that is
//! known; where a decision of any lane is within it, nothing is decided, and the group goes by the contract.
//!
//! ```text
//! forward:   m from S1, from which each end that goes is taken off:  which end is further?      (keeping what was taken)
//! backward:  S1, S2 of what is left;  put back what was taken, the last first, until R > λ
//! ```
//!
//! Backward nothing cancels: each S2 is a sum of squares that were added, the outliers last. A step is a few operations instead
//! of two passes over the samples.
//!
//! The bounds, with ε = 2⁻⁵² and d about a sample c in the middle:
//! - S1 is off by n·ε·SUM|d| at most. The contract takes its mean from deviations about its first sample p, and |y − p| is at most
//!   SUM|d| each: n²·ε·SUM|d|. Its mean, and what is subtracted from it, are rounded once: 4·ε·(|c| + |m|).
//! - S2 is off by n·ε·S2, S1²/n by 2·n·ε·S2 because |S1| and SUM|d| are at most sqrt(n·S2); the contract's own Q by 2·n·ε·Q.
//!
//! Twice as much and more is allowed for.

use skystack_simd::{Mask, Ordered, Vector};
use skystack_stats::lane::{constants, number};

use super::{GesdTable, Taken};
use crate::Columns;

/// Squares that are within these have all their digits.
const LEAST_SQUARE: f64 = 1e-280;
const GREATEST_SQUARE: f64 = 1e280;

/// What was taken away in each step lies in the scratch of the columns: its deviation in `residuals`, its distance from the mean
/// in `deviations`, and in `padded` 1 where it was at the low end.
#[inline(always)]
pub(super) fn outliers<V: Vector>(
    table: &GesdTable,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
) -> Option<Taken<V>> {
    let frames = columns.samples.len();
    let (zero, _) = constants::<V>(isa);
    let gesd = &table.gesd;
    let steps = table.steps[frames];
    let most = frames - crate::kept_at_least(gesd.nkeep, gesd.maxrej, frames);
    if steps == 0 || most == 0 {
        return Some(Taken { low: zero, high: zero });
    }
    let center = columns.sorted[frames / 2].widen();
    let (taken, error) = take_ends(isa, columns, center, steps)?;
    put_back(table, isa, columns, center, taken, error, [steps, most])
}

/// Takes `steps` ends away. How many at each, and a bound of what the mean of any step may be off.
#[inline(always)]
fn take_ends<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    center: V::Wide,
    steps: usize,
) -> Option<(Taken<V>, V::Wide)> {
    let (zero, one) = constants::<V>(isa);
    let Columns { sorted, padded, residuals, deviations, samples, .. } = columns;
    let frames = samples.len();
    let (mut s1, mut sizes) = (V::Wide::splat(isa, 0.0), V::Wide::splat(isa, 0.0));
    for y in &sorted[..frames] {
        let d = y.widen() - center;
        s1 = s1 + d;
        sizes = sizes + d.abs();
    }
    let n = frames as f64 + 8.0;
    let error_of_sum = sizes * V::Wide::splat(isa, 4.0 * n * n * f64::EPSILON);
    let few = V::Wide::splat(isa, 8.0 * f64::EPSILON);
    let four = V::Wide::splat(isa, 4.0);
    let last = number::<V>(isa, frames - 1);
    let mut taken = Taken { low: zero, high: zero };
    let (mut low, mut high) = (sorted[0].widen() - center, sorted[frames - 1].widen() - center);
    let mut worst = V::Wide::splat(isa, 0.0);
    for step in 0..steps {
        let n = V::Wide::splat(isa, (frames - step) as f64);
        let mean = s1 / n;
        let error = error_of_sum / n + few * (center.abs() + mean.abs());
        let (below, above) = (mean - low, high - mean);
        let gap = (below - above).abs();
        // Too close, or NaN.
        if (!(four * error + few * (below + above)).lt(gap)).any() {
            return None;
        }
        worst = worst.sort2(error).1;
        let is_low = above.lt(below);
        let goes = V::Wide::select(is_low, low, high);
        residuals[step] = goes;
        deviations[step] = V::Wide::select(is_low, below, above);
        let is_low = V::narrow_mask(is_low);
        padded[step] = V::select(is_low, one, zero);
        s1 = s1 - goes;
        taken.low = taken.low + padded[step];
        taken.high = taken.high + (one - padded[step]);
        low = V::gather(isa, sorted, taken.low).widen() - center;
        high = V::gather(isa, sorted, last - taken.high).widen() - center;
    }
    Some((taken, worst))
}

/// Puts the ends back, the last one first, until in each lane one was beyond its critical value: the outliers, `most` at most.
#[inline(always)]
fn put_back<V: Vector>(
    table: &GesdTable,
    isa: V::Isa,
    columns: &Columns<'_, V>,
    center: V::Wide,
    taken: Taken<V>,
    error: V::Wide,
    [steps, most]: [usize; 2],
) -> Option<Taken<V>> {
    let frames = columns.samples.len();
    let (zero, _) = constants::<V>(isa);
    let [mut s1, mut s2] = sums_of_rest(isa, columns, center, &taken);
    let relative = V::Wide::splat(isa, (16 * frames + 128) as f64 * f64::EPSILON);
    let few = V::Wide::splat(isa, 32.0 * f64::EPSILON);
    let (tiny, huge) = (V::Wide::splat(isa, LEAST_SQUARE), V::Wide::splat(isa, GREATEST_SQUARE));
    let mut outliers = Taken { low: zero, high: zero };
    let mut low = taken.low;
    let mut open = zero.eq(zero);
    let mut found = zero.lt(zero);
    for step in (1..=steps).rev() {
        let d = columns.residuals[step - 1];
        s1 = s1 + d;
        s2 = s2 + d * d;
        let samples = frames - step + 1;
        let n = V::Wide::splat(isa, samples as f64);
        let q = s2 - s1 * s1 / n;
        let error_of_q = s2 * relative;
        let critical = table.critical.of(samples);
        let square = V::Wide::splat(isa, critical * critical / (samples - 1) as f64);
        let distance = columns.deviations[step - 1];
        let off = error + few * distance;
        let (nearer, further) = (distance - off, distance + off);
        let (least, greatest) = (square * (q - error_of_q), square * (q + error_of_q));
        let slack = few * greatest;
        let is_ordinary = tiny.lt(q - error_of_q) & s2.lt(huge);
        let beyond = (greatest + slack).lt(nearer * nearer) & V::Wide::splat(isa, 0.0).lt(nearer);
        let within = (further * further).lt(least - slack);
        if (open & !V::narrow_mask(is_ordinary & (beyond | within))).any() {
            return None;
        }
        found = found | (open & V::narrow_mask(beyond));
        open = open & !found;
        if step <= most {
            let high = number::<V>(isa, step) - low;
            outliers = Taken::select(found, Taken { low, high }, outliers);
            found = zero.lt(zero);
            if !open.any() {
                break;
            }
        }
        low = low - columns.padded[step - 1];
    }
    Some(outliers)
}

/// S1 and S2 of the ranks that were not taken.
#[inline(always)]
fn sums_of_rest<V: Vector>(
    isa: V::Isa,
    columns: &Columns<'_, V>,
    center: V::Wide,
    taken: &Taken<V>,
) -> [V::Wide; 2] {
    let frames = columns.samples.len();
    let zero = V::Wide::splat(isa, 0.0);
    let end = number::<V>(isa, frames) - taken.high;
    let (mut s1, mut s2) = (zero, zero);
    for (rank, y) in columns.sorted[..frames].iter().enumerate() {
        let at = number::<V>(isa, rank);
        let member = V::widen_mask(taken.low.le(at) & at.lt(end));
        let d = V::Wide::select(member, y.widen() - center, zero);
        s1 = s1 + d;
        s2 = s2 + d * d;
    }
    [s1, s2]
}
