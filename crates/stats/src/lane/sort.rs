//! Sorting N registers lane by lane, and finding their middle.
//!
//! ```text
//! N <= 32:   one network in registers
//! above:     runs of 32 sorted in registers, then merged in pairs:
//!                a[p - 1 - i], b[i] = sort2(a[p - 1 - i], b[i])          both halves of 2p are bitonic now
//!                halve them down to runs of 32, which are sorted in registers
//!            for the middle alone the last merge is one pass over the two runs
//!            above N = 224 the middle is selected (`select.rs`)
//! ```
//!
//! No branch of a sort depends on the data, so L columns are sorted in the time of one. An order statistic is the same
//! whatever finds it (C4): the borders are a matter of speed alone. In ns a sample (f32, AVX-512, columns in the caches,
//! minima of turns; AMD EPYC Zen 4, two cores, 2026-11-21), with what the comparators alone would take (two instructions
//! for 16 samples, one a cycle, 3.6 GHz):
//!
//! | N | 31 | 63 | 101 | 128 | 224 | 301 | 1001 | 10001 |
//! |---|---|---|---|---|---|---|---|---|
//! | sort | 0.21 | 0.38 | 0.53 | 0.53 | 0.67 | 0.83 | 1.13 | 2.1 |
//! | of this, comparators | 0.20 | 0.31 | | 0.43 | | | 0.90 | 1.7 |
//! | Batcher's merge exchange in memory | | | | | | 1.5 | 2.3 | 3.9 |
//! | middle | 0.15 | 0.27 | 0.38 | 0.41 | 0.53 | 0.52 | 0.48 | 0.30 |

use skystack_simd::{Element, Isa, Ordered, Task, Vector};

use super::network::{self, WIDEST};
use super::select::{LONGEST_SORTED, Neighbours};
use super::{Bounds, constants};

/// Registers that are halved down to runs of [`WIDEST`] before the next ones: 16 KiB (of pairs 32), which the first-level cache holds.
const MOST_CACHED: usize = 256;

/// Most registers of a run that a network sorts with fewer comparators than halving down [`WIDEST`] of them takes: 17 with 74,
/// [`WIDEST`] with 80.
const SHORT_RUN: usize = 17;

/// Registers that are merged to sort `count`.
const fn merged_registers(count: usize) -> usize {
    if count % WIDEST <= SHORT_RUN { count } else { count.next_multiple_of(WIDEST) }
}

/// Registers that sorting `count` registers writes: whole runs of 32, where there are several.
pub const fn sorted_registers(count: usize) -> usize {
    if count <= WIDEST { count } else { count.next_multiple_of(WIDEST) }
}

/// Sorts each lane of `from` upwards into `to`.
///
/// # Shapes
/// `from`: N registers; `to`: [`sorted_registers`] of N; what lies beyond N becomes +∞.
/// # Missing data
/// There must be no NaN; a missing sample is +∞ and ends up past the valid ones.
/// # Ties, zeros
/// Equal values are indistinguishable after ingest (there is no −0), so stability does not matter.
/// # Cost
/// Comparators of two instructions: 180 for N = 31, 562 for 63; about N·log₂²N / 4.
#[inline(always)]
pub fn sort<V: Ordered>(isa: V::Isa, from: &[V], to: &mut [V]) {
    if from.len() <= WIDEST {
        network::sort(isa, from, to);
    } else {
        isa.call(SortRuns { from, to });
    }
}

/// [`sort`] for more registers than a network takes, as a function of its own.
struct SortRuns<'a, V> {
    from: &'a [V],
    to: &'a mut [V],
}

impl<V: Ordered> Task<V::Isa> for SortRuns<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { from, to } = self;
        let (to, beyond) = to.split_at_mut(merged_registers(from.len()));
        sort_first_runs(isa, from, to);
        merge_runs(isa, to, to.len());
        beyond.fill(V::padding(isa));
    }
}

/// The values of the 0-based ranks N/2 − 1 and N/2 of each lane; the only value twice where N = 1.
///
/// # Shapes
/// `column`: N registers; `scratch`: [`sorted_registers`] of N, overwritten.
/// # Missing data
/// There must be no NaN; infinities of either sign take part.
/// # Cost
/// 269 instructions for N = 31, 1,250 for 63.
#[inline(always)]
pub fn middle<V: Vector>(isa: V::Isa, column: &[V], scratch: &mut [V]) -> (V, V) {
    if column.len() <= LONGEST_SORTED {
        return middle_of_ordered(isa, column, scratch);
    }
    let rank = V::splat(isa, V::Element::narrow((column.len() / 2 - 1) as f64));
    isa.call(Neighbours { column, rank, scratch })
}

/// [`middle`] of registers that only have an order, 16-bit integers for one; never selected.
///
/// # Shapes, cost
/// As [`middle`] up to some 200 registers; twice that and more for many.
#[inline(always)]
pub fn middle_of_ordered<V: Ordered>(isa: V::Isa, column: &[V], scratch: &mut [V]) -> (V, V) {
    if column.len() <= WIDEST {
        network::middle(isa, column)
    } else {
        isa.call(MiddleOfRuns { column, scratch })
    }
}

/// [`middle_of_ordered`] for more registers than a network takes, as a function of its own.
struct MiddleOfRuns<'a, V> {
    column: &'a [V],
    scratch: &'a mut [V],
}

impl<V: Ordered> Task<V::Isa> for MiddleOfRuns<'_, V> {
    type Output = (V, V);

    #[inline(always)]
    fn run(self, isa: V::Isa) -> (V, V) {
        let Self { column, scratch } = self;
        let count = column.len();
        let scratch = &mut scratch[..merged_registers(count)];
        sort_first_runs(isa, column, scratch);
        let half = scratch.len().next_power_of_two() / 2;
        merge_runs(isa, scratch, half);
        let (a, b) = scratch[..count].split_at(half);
        (smallest_of_two_runs(isa, a, b, count / 2), smallest_of_two_runs(isa, a, b, count / 2 + 1))
    }
}

/// The k-th smallest (1-based) value of two sorted runs: the least of max(a(i), b(k − i)) over all ways to take i values of
/// one and k − i of the other.
#[inline(always)]
fn smallest_of_two_runs<V: Ordered>(isa: V::Isa, a: &[V], b: &[V], k: usize) -> V {
    let mut least = V::padding(isa);
    for run in [a, b] {
        if let Some(all_of_one) = run.get(k - 1) {
            least = least.sort2(*all_of_one).0;
        }
    }
    let taken = 1.max(k.saturating_sub(a.len()))..=b.len().min(k - 1);
    if taken.is_empty() {
        return least;
    }
    let (fewest, most) = taken.into_inner();
    for (a, b) in a[k - most - 1..k - fewest].iter().rev().zip(&b[fewest - 1..most]) {
        least = a.sort2(*b).1.sort2(least).0;
    }
    least
}

/// Sorted runs of [`WIDEST`], the last one filled up with +∞ or short.
#[inline(always)]
fn sort_first_runs<V: Ordered>(isa: V::Isa, from: &[V], to: &mut [V]) {
    for (from, to) in from.chunks(WIDEST).zip(to.chunks_mut(WIDEST)) {
        network::sort(isa, from, &mut to[..from.len()]);
    }
    to[from.len()..].fill(V::padding(isa));
}

/// Merges runs of [`WIDEST`] into runs of `length`, of which the last may be shorter.
#[inline(always)]
fn merge_runs<V: Ordered>(isa: V::Isa, column: &mut [V], length: usize) {
    let mut half = WIDEST;
    while half < length {
        for run in column.chunks_mut(2 * half).filter(|run| run.len() > half) {
            merge(isa, run, half);
        }
        half *= 2;
    }
}

/// Merges two sorted runs: the first `half` registers and the others, which are not more.
///
/// A second run that is shorter stands for one of the same length that ends in +∞: no comparator would move these, because
/// each leaves the greater value where the +∞ is.
#[inline(always)]
fn merge<V: Ordered>(isa: V::Isa, run: &mut [V], half: usize) {
    let mut length = half;
    if run.len() == 2 * half && half > WIDEST {
        fold_and_halve(run);
        length /= 2;
    } else {
        fold(run, half);
    }
    halve_down(run, length, MOST_CACHED);
    let cached = length.min(MOST_CACHED);
    for part in run.chunks_mut(cached) {
        halve_down(part, cached, WIDEST);
        let mut runs = part.chunks_exact_mut(WIDEST);
        for run in &mut runs {
            network::bitonic_sort(isa, run);
        }
        let short = runs.into_remainder();
        if !short.is_empty() {
            isa.call(SortShort(short));
        }
    }
}

/// Sorts at most [`SHORT_RUN`] registers in place, as a function of its own.
struct SortShort<'a, V>(&'a mut [V]);

impl<V: Ordered> Task<V::Isa> for SortShort<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let mut run = [self.0[0]; SHORT_RUN];
        let run = &mut run[..self.0.len()];
        run.copy_from_slice(self.0);
        network::sort(isa, run, self.0);
    }
}

/// Makes two bitonic halves of two sorted runs, none of the first above any of the second.
#[inline(always)]
fn fold<V: Ordered>(run: &mut [V], half: usize) {
    let (low, high) = run.split_at_mut(half);
    let opposite = &mut low[half - high.len()..];
    for (a, b) in opposite.iter_mut().zip(high.iter_mut().rev()) {
        (*a, *b) = a.sort2(*b);
    }
}

/// [`fold`] and [`halve`] with half as many loads and stores.
#[inline(always)]
fn fold_and_halve<V: Ordered>(run: &mut [V]) {
    let [a, b, c, d] = quarters(run);
    let quarter = a.len();
    // Indices, because a reversed iterator in a zip costs two comparisons a step.
    for i in 0..quarter {
        let j = quarter - 1 - i;
        let (a_low, d_high) = a[i].sort2(d[j]);
        let (b_low, c_high) = b[i].sort2(c[j]);
        (a[i], b[i]) = a_low.sort2(b_low);
        (c[j], d[j]) = c_high.sort2(d_high);
    }
}

/// Splits bitonic sequences of `length` registers, of which the last may be cut off, into such of `shortest`.
#[inline(always)]
fn halve_down<V: Ordered>(column: &mut [V], mut length: usize, shortest: usize) {
    while length > shortest {
        let twice = length > 2 * shortest;
        for part in column.chunks_mut(length) {
            match (twice, part.len() == length) {
                (true, true) => halve_twice(part),
                (true, false) => {
                    halve(part, length);
                    halve(part, length / 2);
                }
                _ => halve(part, length),
            }
        }
        length /= if twice { 4 } else { 2 };
    }
}

/// Halves bitonic sequences of `length` registers, none of a first half above any of the second.
#[inline(always)]
fn halve<V: Ordered>(column: &mut [V], length: usize) {
    for part in column.chunks_mut(length).filter(|part| part.len() > length / 2) {
        let (front, back) = part.split_at_mut(length / 2);
        for (a, b) in front.iter_mut().zip(back) {
            (*a, *b) = a.sort2(*b);
        }
    }
}

/// [`halve`] of one sequence and of its halves, with half as many loads and stores.
#[inline(always)]
fn halve_twice<V: Ordered>(part: &mut [V]) {
    let [a, b, c, d] = quarters(part);
    for ((a, b), (c, d)) in a.iter_mut().zip(b).zip(c.iter_mut().zip(d)) {
        let (a_low, c_high) = a.sort2(*c);
        let (b_low, d_high) = b.sort2(*d);
        (*a, *b) = a_low.sort2(b_low);
        (*c, *d) = c_high.sort2(d_high);
    }
}

#[inline(always)]
fn quarters<V>(part: &mut [V]) -> [&mut [V]; 4] {
    let (front, back) = part.split_at_mut(part.len() / 2);
    let (a, b) = front.split_at_mut(front.len() / 2);
    let (c, d) = back.split_at_mut(back.len() / 2);
    let quarter = a.len();
    [&mut a[..quarter], &mut b[..quarter], &mut c[..quarter], &mut d[..quarter]]
}

/// Sorts each lane upwards by Batcher's merge exchange (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M), which
/// exists for every N and needs no table.
#[inline(always)]
pub(super) fn sort_in_place<V: Ordered>(column: &mut [V]) {
    let count = column.len();
    if count < 2 {
        return;
    }
    let top = count.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            exchange(column, p, r, d);
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
}

/// Comparators (i, i + d) for all i with `i & p == r`.
#[inline(always)]
fn exchange<V: Ordered>(column: &mut [V], p: usize, r: usize, d: usize) {
    let end = column.len() - d;
    let mut base = r;
    while base < end {
        // p <= d, so the two runs do not overlap.
        let run = p.min(end - base);
        let (front, back) = column.split_at_mut(base + d);
        for (a, b) in front[base..base + run].iter_mut().zip(&mut back[..run]) {
            (*a, *b) = a.sort2(*b);
        }
        base += 2 * p;
    }
}

/// Fills `sorted` with the valid samples of each lane upwards, then +∞; returns how many are valid.
///
/// # Shapes
/// `samples` in frame order and `padded`: N registers each; `sorted`: [`sorted_registers`] of N. `padded` is overwritten.
/// # Missing data
/// NaN in `samples`.
#[inline(always)]
pub fn sorted_copy<V: Vector>(isa: V::Isa, samples: &[V], padded: &mut [V], sorted: &mut [V]) -> V {
    let (zero, one) = constants::<V>(isa);
    let infinity = V::splat(isa, V::Element::INFINITY);
    let mut valid = zero;
    for (to, y) in padded.iter_mut().zip(samples) {
        let present = y.eq(*y);
        *to = V::select(present, *y, infinity);
        valid = valid + V::select(present, one, zero);
    }
    sort(isa, padded, sorted);
    valid
}

/// The two middle values of the samples of each lane within `bounds`; the same value twice where their number is odd.
///
/// The other samples become +∞ and −∞ in turn, so that the middle of the members stays in the middle of all: for n members
/// of N samples both middle values (n even) are the ranks N/2 − 1 and N/2, and the only one (n odd) is the upper of these
/// for odd N, the lower for even N.
///
/// # Shapes
/// As [`sorted_copy`]; `scratch` is overwritten.
/// # Missing data
/// NaN is within no bounds; a lane without members gets infinities.
#[inline(always)]
pub fn middle_within<V: Vector>(
    isa: V::Isa,
    samples: &[V],
    bounds: &Bounds<V>,
    padded: &mut [V],
    scratch: &mut [V],
) -> (V, V) {
    let (zero, _) = constants::<V>(isa);
    let mut pad = V::splat(isa, V::Element::INFINITY);
    for (to, y) in padded.iter_mut().zip(samples) {
        let present = bounds.contain(*y);
        *to = V::select(present, *y, pad);
        pad = V::select(present, pad, zero - pad);
    }
    let (lower, upper) = middle(isa, padded, scratch);
    // The next pad tells whether the number of missing samples is odd.
    let odd_missing = pad.lt(zero);
    let only = if samples.len() % 2 == 1 { upper } else { lower };
    let odd_count = if samples.len() % 2 == 1 { !odd_missing } else { odd_missing };
    (V::select(odd_count, only, lower), V::select(odd_count, only, upper))
}

#[cfg(test)]
mod tests {
    use skystack_simd::{Isa, Kernel, Level};

    use super::*;

    type V<I> = <I as Isa>::F64;

    /// Each lane another permutation of small integers with ties; every value with `value % 7 == lane % missing` is missing.
    fn shuffled<I: Isa>(isa: I, n: usize, missing: usize) -> Vec<V<I>> {
        let mut samples = vec![V::<I>::splat(isa, 0.0); n];
        for (i, register) in samples.iter_mut().enumerate() {
            for (k, lane) in register.lanes_mut().iter_mut().enumerate() {
                let value = (i * 7919 + k * 13) % n / 2;
                *lane = if value % 7 < k % missing { f64::NAN } else { value as f64 };
            }
        }
        samples
    }

    fn lane_of<I: Isa>(column: &[V<I>], k: usize) -> Vec<f64> {
        column.iter().map(|register| register.lanes()[k]).collect()
    }

    struct Orders {
        n: usize,
        missing: usize,
    }

    impl Kernel for Orders {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let Self { n, missing } = self;
            let samples = shuffled(isa, n, missing);
            let mut padded = vec![V::<I>::splat(isa, -5.0); n];
            let mut sorted = vec![V::<I>::splat(isa, -5.0); sorted_registers(n)];
            let count = sorted_copy(isa, &samples, &mut padded, &mut sorted);
            let mut scratch = vec![V::<I>::splat(isa, -5.0); sorted_registers(n)];
            let everything = Bounds::everything(isa);
            let (lower, upper) = middle_within(isa, &samples, &everything, &mut padded, &mut scratch);
            for k in 0..V::<I>::LANES {
                let mut expected = lane_of::<I>(&samples, k);
                expected.retain(|v| !v.is_nan());
                expected.sort_by(f64::total_cmp);
                let m = expected.len();
                assert_eq!(count.lanes()[k], m as f64);
                if m > 0 {
                    let middles = (expected[(m - 1) / 2], expected[m / 2]);
                    assert_eq!((lower.lanes()[k], upper.lanes()[k]), middles, "n = {n}, lane {k}");
                }
                expected.resize(sorted_registers(n), f64::INFINITY);
                assert_eq!(lane_of::<I>(&sorted, k), expected, "n = {n}, lane {k}");
            }
        }
    }

    #[test]
    fn every_number_of_samples_is_ordered_at_every_level() {
        for level in Level::available() {
            for n in (1..140).chain([191, 192, 193, 255, 256, 257, 300, 1000]) {
                for missing in [1, 3, 8] {
                    level.run(Orders { n, missing });
                }
            }
        }
    }

    /// The 0-1 principle for what is merged of checked networks: every pair of sorted halves.
    struct ZeroOne(usize);

    impl Kernel for ZeroOne {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let n = self.0;
            for ones_first in 0..=n / 2 {
                for ones_second in 0..=n - n / 2 {
                    let one = |i: usize| i < ones_first || (n / 2..n / 2 + ones_second).contains(&i);
                    let value = |i: usize| f64::from(u8::from(one(i)));
                    let column: Vec<V<I>> = (0..n).map(|i| V::<I>::splat(isa, value(i))).collect();
                    let mut sorted = vec![V::<I>::splat(isa, -5.0); sorted_registers(n)];
                    sort(isa, &column, &mut sorted);
                    let ones = ones_first + ones_second;
                    let found = lane_of::<I>(&sorted[..n], 0);
                    let expected: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i >= n - ones))).collect();
                    assert_eq!(found, expected, "n = {n}");
                    let (lower, upper) = middle(isa, &column, &mut sorted);
                    let at = |rank: usize| expected[rank];
                    assert_eq!((lower.lanes()[0], upper.lanes()[0]), (at(n / 2 - 1), at(n / 2)), "n = {n}");
                }
            }
        }
    }

    #[test]
    fn zero_one_columns_are_ordered() {
        for n in [2, 5, 16, 31, 32, 33, 63, 64, 65, 100, 128, 129] {
            Level::Scalar.run(ZeroOne(n));
        }
    }
}
