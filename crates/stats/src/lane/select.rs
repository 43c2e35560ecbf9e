//! Two neighbouring ranks of a long column without sorting it.
//!
//! ```text
//! while the column is long:
//!     pivots = values around the wanted ranks k, k + 1 in a small sorted sample of the column
//!     count the samples <= each pivot, in one pass
//!     low    = the greatest pivot with at most k + 1 samples up to it: it is at or below rank k
//!     high   = the least pivot with at least k + 2 samples up to it:   it is at or above rank k + 1
//!     column = low, the samples strictly between low and high, high, high, …     (each lane its own)
//! sort what is left
//! ```
//!
//! A pivot is itself a sample, so whatever its count is, it bounds the wanted ranks from one side, and equal values need no
//! care: a column of few different values ends after one pass. The sample decides how much is left, never the answer (C4).
//! Where it misleads so far that more than half of the scratch would be needed, the column is sorted: no input costs more
//! than two searches and one sort.
//!
//! What a pass costs (16 samples of f32, AVX-512): a comparison and a masked addition for each pivot, 1 to 1.3 cycles; and
//! about 5 cycles for each member, which is moved alone. Listing the members before they are moved, to spare the branch
//! that ends a run of them, was slower (0.60 ns a sample for N = 512 instead of 0.52).

use skystack_simd::{Element, MAX_LANES, Mask, Task, Vector};

use super::constants;
use super::network::WIDEST;
use super::sort::{sort, sorted_registers};

/// Longest column that is sorted rather than searched. The middle of 200 registers takes 0.53 ns a sample by merging and
/// 0.56 by searching, of 224 0.53 and 0.54, of 256 0.56 and 0.54, of 301 0.66 and 0.52, of 1001 0.96 and 0.48 (f32, AVX-512,
/// minima of turns; AMD EPYC Zen 4, two cores, 2026-11-21).
pub(super) const LONGEST_SORTED: usize = 224;

/// Where the pivots are in the sorted sample, in standard deviations of a rank from the wanted one. Six pivots: with more,
/// pivots and counts exceed the sixteen registers of AVX2. These places leave 1.04 standard deviations of the ranks on
/// average, the least there is with outer ones that miss one lane in 500.
const PIVOTS: [f64; 6] = [-3.1, -1.4, -0.45, 0.45, 1.4, 3.1];

/// The values of the 0-based ranks `rank` and `rank` + 1.
///
/// # Shapes
/// `column`: N registers; `rank`: whole numbers from 0 to N − 2, one a lane; `scratch`: [`sorted_registers`] of N,
/// overwritten.
/// # Missing data
/// There must be no NaN; infinities of either sign take part.
/// # Cost
/// About 8 passes' worth of instructions over the column for any rank, plus a sort of some tens of registers.
pub(super) struct Neighbours<'a, V> {
    pub(super) column: &'a [V],
    pub(super) rank: V,
    pub(super) scratch: &'a mut [V],
}

impl<V: Vector> Task<V::Isa> for Neighbours<'_, V> {
    type Output = (V, V);

    #[inline(always)]
    fn run(self, isa: V::Isa) -> (V, V) {
        let Self { mut column, mut rank, mut scratch } = self;
        let (_, one) = constants::<V>(isa);
        while column.len() > LONGEST_SORTED {
            let bracket = Bracket::around(isa, column, rank, scratch);
            let Some(left) = bracket.extract(isa, column, scratch) else { break };
            // The low pivot stands in front of the members. A rank beyond them is that of the high pivot, which equal
            // samples may put far behind; all lanes end with it twice.
            let last = V::splat(isa, V::Element::narrow((left - 2) as f64));
            rank = (rank - bracket.up_to_low + one).sort2(last).0;
            let (members, rest) = scratch.split_at_mut(left);
            (column, scratch) = (members, rest);
        }
        let sorted = &mut scratch[..sorted_registers(column.len())];
        sort(isa, column, sorted);
        (V::gather(isa, sorted, rank), V::gather(isa, sorted, rank + one))
    }
}

/// Two pivots that enclose the wanted ranks, with the samples that are strictly between them as members.
struct Bracket<V> {
    /// NaN where no pivot is low enough.
    low: V,
    /// NaN where no pivot is high enough.
    high: V,
    /// Number of samples <= `low`; 0 where there is none.
    up_to_low: V,
    /// Number of samples <= `high`; N where there is none.
    up_to_high: V,
}

impl<V: Vector> Bracket<V> {
    /// The bracket of the ranks `rank` and `rank` + 1.
    #[inline(always)]
    fn around(isa: V::Isa, column: &[V], rank: V, scratch: &mut [V]) -> Self {
        let (zero, one) = constants::<V>(isa);
        let pivots = pivots(isa, column, rank, scratch);
        let counts = count_up_to(isa, column, &pivots);
        let none = V::splat(isa, V::Element::NAN);
        let all = V::splat(isa, V::Element::narrow(column.len() as f64));
        let mut bracket = Self { low: none, high: none, up_to_low: zero, up_to_high: all };
        let upper = rank + one;
        for (pivot, count) in pivots.iter().zip(&counts) {
            let low = count.le(upper);
            bracket.low = V::select(low, *pivot, bracket.low);
            bracket.up_to_low = V::select(low, *count, bracket.up_to_low);
        }
        for (pivot, count) in pivots.iter().zip(&counts).rev() {
            let high = upper.lt(*count);
            bracket.high = V::select(high, *pivot, bracket.high);
            bracket.up_to_high = V::select(high, *count, bracket.up_to_high);
        }
        bracket
    }

    /// Fills the front of `to` with the low pivot, the members, and the high pivot to the end, twice in the longest lane; how
    /// many registers that takes, if at most half of `to`.
    #[inline(always)]
    fn extract(&self, isa: V::Isa, column: &[V], to: &mut [V]) -> Option<usize> {
        let mut most = 0.0f64;
        for (low, high) in self.up_to_low.lanes().iter().zip(self.up_to_high.lanes()) {
            most = most.max(high.widen() - low.widen());
        }
        // Whole networks: what is left must find room to be sorted in the rest. Equal values at the high pivot make `most`
        // more than there are members.
        let room = (to.len() / 2 / WIDEST * WIDEST).min(most as usize + 3);
        let (to, last) = to[..room].split_at_mut(room - 2);
        let infinity = V::splat(isa, V::Element::INFINITY);
        let high = V::select(self.high.eq(self.high), self.high, infinity);
        to.fill(high);
        last.fill(high);
        // Where there is no low pivot the wanted ranks are above this register, whatever it is, as long as it sorts first.
        to[0] = V::select(self.low.eq(self.low), self.low, V::splat(isa, -V::Element::INFINITY));
        let mut ends = [1; 2 * MAX_LANES];
        for run in column.chunks(u64::BITS as usize / V::LANES) {
            self.append(run, to, &mut ends)?;
        }
        let mut longest = 0;
        for end in ends {
            longest = longest.max(end);
        }
        Some(longest + 2)
    }

    /// Appends the members among at most 64 samples at the end of their lanes; `None` where there is no room.
    #[inline(always)]
    fn append(&self, run: &[V], to: &mut [V], ends: &mut [usize; 2 * MAX_LANES]) -> Option<()> {
        let mut members = 0u64;
        for (i, y) in run.iter().enumerate() {
            // Every sample is inside a NaN.
            let member = !(y.le(self.low) | self.high.le(*y));
            members |= u64::from(member.bits()) << (i * V::LANES);
        }
        // One loop for several registers, because its end is a branch that is hard to predict.
        while members != 0 {
            let first = members.trailing_zeros() as usize;
            let (i, lane) = (first / V::LANES, first % V::LANES);
            to.get_mut(ends[lane])?.lanes_mut()[lane] = run[i].lanes()[lane];
            ends[lane] += 1;
            members &= members - 1;
        }
        Some(())
    }
}

/// Values around rank `rank` of each lane, upwards.
#[inline(always)]
fn pivots<V: Vector>(isa: V::Isa, column: &[V], rank: V, scratch: &mut [V]) -> [V; PIVOTS.len()] {
    let size = sample_size(column.len());
    let (sample, rest) = scratch.split_at_mut(size);
    let step = column.len() as f64 / size as f64;
    for (i, to) in sample.iter_mut().enumerate() {
        *to = column[sampled(i, step).min(column.len() - 1)];
    }
    let sorted = &mut rest[..sorted_registers(size)];
    sort(isa, sample, sorted);
    let center = rank * V::splat(isa, V::Element::narrow(1.0 / step));
    // Of the rank of a middle value, in a sample of independent ones.
    let deviation = (size as f64).sqrt() / 2.0;
    let mut pivots = [rank; PIVOTS.len()];
    for (pivot, place) in pivots.iter_mut().zip(PIVOTS) {
        let offset = V::splat(isa, V::Element::narrow(place * deviation + 0.5));
        *pivot = V::gather(isa, sorted, center + offset);
    }
    pivots
}

/// Registers in the sample of a column: whole networks. Half or twice as many cost 5 to 10 % more.
#[inline(always)]
const fn sample_size(count: usize) -> usize {
    match count {
        ..1024 => 64,
        1024..4096 => 128,
        _ => 256,
    }
}

/// Index of sample number i, where one is taken out of every `step`: not at a fixed place, because observing sequences are
/// periodic, and so are missing samples, which are infinities of either sign in turn.
#[inline(always)]
fn sampled(i: usize, step: f64) -> usize {
    // The golden ratio in 32 bits spreads the places evenly.
    let place = f64::from((i as u32).wrapping_mul(0x9E37_79B9)) / f64::from(u32::MAX);
    ((i as f64 + place) * step) as usize
}

/// How many samples of each lane are <= each pivot.
#[inline(always)]
fn count_up_to<V: Vector, const P: usize>(isa: V::Isa, column: &[V], pivots: &[V; P]) -> [V; P] {
    let (zero, one) = constants::<V>(isa);
    let mut counts = [zero; P];
    for y in column {
        for (count, pivot) in counts.iter_mut().zip(pivots) {
            *count = V::select(y.le(*pivot), *count + one, *count);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use skystack_simd::{Isa, Kernel, Level};

    use super::*;

    type Shape = fn(n: usize, frame: usize, lane: usize) -> f64;

    /// Whole numbers in another order in each lane.
    fn shuffled(n: usize, i: usize, lane: usize) -> usize {
        (i * 7919 + lane * 13) % n
    }

    /// Is frame i of n in the sample that the first pivots come from?
    fn is_sampled(n: usize, i: usize) -> bool {
        let step = n as f64 / sample_size(n) as f64;
        let about = (i as f64 / step) as usize;
        (about.saturating_sub(1)..=about).any(|s| sampled(s, step) == i)
    }

    const SHAPES: [(&str, Shape); 13] = [
        ("shuffled", |n, i, lane| shuffled(n, i, lane) as f64),
        ("with ties", |n, i, lane| (shuffled(n, i, lane) / 9) as f64),
        ("rising", |_, i, _| i as f64),
        ("falling", |_, i, lane| -((i + lane) as f64)),
        ("all equal", |_, _, lane| lane as f64),
        ("two values", |_, i, lane| f64::from(u8::from(i % 16 < lane))),
        ("denormal", |n, i, lane| shuffled(n, i, lane) as f64 * f64::from(f32::from_bits(1))),
        ("geometric", |n, i, lane| {
            (1.0 - (i % 2 * 2) as f64) * ((shuffled(n, i, lane) % 250) as f64 - 125.0).exp2()
        }),
        ("missing in turn", |n, i, lane| match (i + lane) % 4 {
            0 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            _ => shuffled(n, i, lane) as f64,
        }),
        ("nearly all missing", |_, i, lane| match i {
            100 => lane as f64,
            _ if i % 2 == 0 => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        }),
        ("sampled ones high", |n, i, _| if is_sampled(n, i) { 1e30 } else { i as f64 }),
        ("sampled ones low", |n, i, lane| if is_sampled(n, i) && lane % 2 == 0 { -1e30 } else { i as f64 }),
        (
            "sampled ones equal",
            |n, i, lane| if is_sampled(n, i) { 77.0 } else { shuffled(n, i, lane) as f64 },
        ),
    ];

    struct FindsWhatSortingFinds {
        n: usize,
        name: &'static str,
        shape: Shape,
    }

    impl FindsWhatSortingFinds {
        #[inline(always)]
        fn check<V: Vector>(&self, isa: V::Isa) {
            let Self { n, name, shape } = *self;
            let number = |value: f64| V::splat(isa, V::Element::narrow(value));
            let mut column = vec![number(0.0); n];
            for (i, register) in column.iter_mut().enumerate() {
                for (lane, to) in register.lanes_mut().iter_mut().enumerate() {
                    *to = V::Element::narrow(shape(n, i, lane));
                }
            }
            let mut sorted: Vec<Vec<f64>> =
                (0..V::LANES).map(|lane| column.iter().map(|y| y.lanes()[lane].widen()).collect()).collect();
            sorted.iter_mut().for_each(|lane| lane.sort_by(f64::total_cmp));
            // The middle, the ends, and another rank in each lane.
            for first in [n / 2 - 1, 0, n - 2, n / 3] {
                let rank_of =
                    |lane: usize| if first == n / 3 { (first + lane * n / 7) % (n - 1) } else { first };
                let mut rank = number(0.0);
                for (lane, to) in rank.lanes_mut().iter_mut().enumerate() {
                    *to = V::Element::narrow(rank_of(lane) as f64);
                }
                let mut scratch = vec![number(-5.0); sorted_registers(n)];
                let (lower, upper) = Neighbours { column: &column, rank, scratch: &mut scratch }.run(isa);
                for (lane, sorted) in sorted.iter().enumerate() {
                    let found = (lower.lanes()[lane].widen(), upper.lanes()[lane].widen());
                    let k = rank_of(lane);
                    let same = found.0 == sorted[k] && found.1 == sorted[k + 1];
                    assert!(same, "{name}, n = {n}, lane {lane}, ranks {k}: {found:?}");
                }
            }
        }
    }

    impl Kernel for FindsWhatSortingFinds {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            self.check::<I::F32>(isa);
            self.check::<I::F64>(isa);
        }
    }

    #[test]
    fn every_shape_of_column_gives_the_ranks_of_a_sort_at_every_level() {
        for level in Level::available() {
            for n in [LONGEST_SORTED, LONGEST_SORTED + 1, 256, 257, 301, 512, 1001, 1024, 4100] {
                for (name, shape) in SHAPES {
                    level.run(FindsWhatSortingFinds { n, name, shape });
                }
            }
        }
    }

    /// How many registers a first pass for a rank leaves of 1000.
    struct Left(Shape, f64);

    impl Kernel for Left {
        type Output = Option<usize>;
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Option<usize> {
            let mut column = vec![I::F64::splat(isa, 0.0); 1000];
            for (i, register) in column.iter_mut().enumerate() {
                for (lane, to) in register.lanes_mut().iter_mut().enumerate() {
                    *to = self.0(1000, i, lane);
                }
            }
            let mut scratch = column.clone();
            scratch.resize(sorted_registers(1000), column[0]);
            let bracket = Bracket::around(isa, &column, I::F64::splat(isa, self.1), &mut scratch);
            bracket.extract(isa, &column, &mut scratch)
        }
    }

    #[test]
    fn a_pass_leaves_little_unless_the_sample_misleads() {
        for level in Level::available() {
            for (name, shape) in SHAPES {
                let left = level.run(Left(shape, 499.0));
                match name {
                    // Nothing but the low pivot and the high ones.
                    "all equal" | "two values" => assert_eq!(left, Some(3), "{name}"),
                    "nearly all missing" => assert_eq!(left, Some(4), "{name}"),
                    "sampled ones high" | "sampled ones low" | "sampled ones equal" => {
                        assert_eq!(left, None, "{name}")
                    }
                    _ => assert!(left.is_some_and(|left| left < 200), "{name}: {left:?}"),
                }
            }
            // Above the last pivot there is no high one.
            let left = level.run(Left(SHAPES[0].1, 998.0));
            assert!(left.is_some_and(|left| left < 200), "the end: {left:?}");
        }
    }
}
