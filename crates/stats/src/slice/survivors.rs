//! Selection of ranks among the values within bounds.
//!
//! idea: two values of a random sample enclose the rank with near certainty -> one pass counts what lies below them and
//! collects the few values between -> select among those. Where the rank lies elsewhere after all, and where the data are
//! few: copy the values and select among them.
//!
//! Selection, not sorting: linear time, and the answer of an order statistic does not depend on what finds it (C4). The
//! sample is drawn by a fixed rule, so that even the time taken is the same in every run.

use std::cmp::Ordering;

use skystack_simd::Element;

use super::bounds::Bounds;
use super::census::Census;
use super::key::{Bracket, Deviation, Key, Value};
use super::tuning::Tuning;

/// The keys of a rank, and of the next one if that was asked for and there is one, else the same again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbours {
    pub(crate) first: f64,
    pub(crate) next: f64,
}

/// A 0-based rank, and whether the next one is wanted too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) rank: usize,
    pub(crate) next: bool,
}

impl Wanted {
    /// The middle of n > 0 values.
    fn middle(n: usize) -> Self {
        Self { rank: (n - 1) / 2, next: n.is_multiple_of(2) }
    }
}

/// The values within bounds that may become narrower, and the scratch vector to select in.
pub(crate) struct Survivors<'a, T> {
    pub(crate) tuning: Tuning,
    pub(crate) data: &'a [T],
    pub(crate) bounds: Bounds<T>,
    scratch: &'a mut Vec<T>,
    /// The scratch holds all survivors and nothing else.
    gathered: bool,
    /// Where it is known.
    median: Option<T>,
}

impl<'a, T: Element> Survivors<'a, T> {
    /// The valid values.
    pub(crate) fn valid(tuning: Tuning, data: &'a [T], scratch: &'a mut Vec<T>) -> Self {
        let mut all = Self { tuning, data, bounds: Bounds::finite(), scratch, gathered: false, median: None };
        if data.len() < tuning.sampled_from {
            all.gather();
        }
        all
    }

    /// Keeps those within `bounds`.
    pub(crate) fn narrow(&mut self, bounds: Bounds<T>) {
        (self.bounds, self.median) = (bounds, None);
        if self.gathered {
            self.scratch.retain(|&x| bounds.contains(x));
        }
    }

    /// Median (C2).
    pub(crate) fn median(&mut self) -> Option<T> {
        if self.median.is_none() {
            let (_, Neighbours { first, next }) = self.select(Value, Wanted::middle)?;
            self.median = Some(T::narrow(crate::mean_of_two(first, next)));
        }
        self.median
    }

    /// MAD (C3).
    pub(crate) fn mad(&mut self) -> Option<f64> {
        let c = self.median()?.widen();
        let (_, Neighbours { first, next }) = self.select(Deviation(c), Wanted::middle)?;
        Some(crate::mean_of_two(first, next))
    }

    /// The number of survivors and the keys of the ranks that `wanted` names given it; `None`: there are no survivors.
    pub(crate) fn select(
        &mut self,
        key: impl Key,
        wanted: impl Fn(usize) -> Wanted,
    ) -> Option<(usize, Neighbours)> {
        if !self.gathered {
            let bracket = self.bracket(key, &wanted);
            let census = Census::take(self.tuning, self.data, self.bounds, key, bracket, self.scratch);
            if census.n == 0 {
                return None;
            }
            if let Some(found) = pick(census, bracket, self.scratch, key, wanted(census.n)) {
                return Some((census.n, found));
            }
            self.gather();
        }
        let n = self.scratch.len();
        (n > 0).then(|| (n, select_in(self.scratch, key, wanted(n))))
    }

    fn gather(&mut self) {
        fill(self.scratch, self.data, self.bounds);
        self.gathered = true;
    }

    /// Two keys of a sample around the wanted rank, three standard deviations to either side of where it is expected;
    /// infinite where the sample ends before.
    fn bracket(&mut self, key: impl Key, wanted: impl Fn(usize) -> Wanted) -> Bracket {
        self.scratch.clear();
        let drawn = sample_positions(self.data.len()).map(|at| self.data[at]);
        self.scratch.extend(drawn.filter(|&x| self.bounds.contains(x)).map(|x| x + T::zero()));
        let m = self.scratch.len();
        let mut bracket = Bracket { low: f64::NEG_INFINITY, high: f64::INFINITY };
        if m == 0 {
            return bracket;
        }
        let rank = wanted(m).rank;
        // 3 √(m q (1 − q)) is greatest at the median, q = ½; two more for what rounds.
        let margin = 3 * m.isqrt() / 2 + 2;
        let mut rest = &mut self.scratch[..];
        if let Some(low) = rank.checked_sub(margin) {
            let (_, x, above) = rest.select_nth_unstable_by(low, ascending(key));
            bracket.low = key.of(*x);
            rest = above;
        }
        if rank + margin < m {
            let high = rest.len() - (m - (rank + margin));
            bracket.high = key.of(*rest.select_nth_unstable_by(high, ascending(key)).1);
        }
        bracket
    }
}

/// Where the sample of `len` entries is drawn: one place in each of about len^⅔ equal stretches, so that neither a
/// period of the data nor a part of them gets more than its share. The more, the fewer values lie between two of them:
/// at this number the sample and what is collected cost about the same.
pub(crate) fn sample_positions(len: usize) -> impl Iterator<Item = usize> {
    let count = 1usize << (len.max(1).ilog2() * 2 / 3);
    let stretch = len / count;
    let mut state = 0u64;
    (0..count).map(move |k| {
        // Knuth's 64-bit linear congruence; its high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        k * stretch + (state >> 33) as usize % stretch
    })
}

/// The wanted keys from a census and the values inside its bracket; `None`: they lie outside.
pub(crate) fn pick<T: Element>(
    census: Census,
    bracket: Bracket,
    inside: &mut [T],
    key: impl Key,
    wanted: Wanted,
) -> Option<Neighbours> {
    let Census { below, to_low, to_high, .. } = census;
    let to_inside = to_low + inside.len();
    let last = wanted.rank + usize::from(wanted.next);
    if wanted.rank < below || last >= to_high {
        return None;
    }
    let end = |rank: usize| if rank < to_low { bracket.low } else { bracket.high };
    let is_inside = |rank: usize| to_low <= rank && rank < to_inside;
    if is_inside(wanted.rank) {
        let next = wanted.next && is_inside(last);
        let mut found = select_in(inside, key, Wanted { rank: wanted.rank - to_low, next });
        if wanted.next && !next {
            found.next = end(last);
        }
        return Some(found);
    }
    let first = end(wanted.rank);
    let next = if is_inside(last) { least(inside, key) } else { end(last) };
    Some(Neighbours { first, next })
}

/// The wanted keys of values, which are reordered; the wanted ranks exist.
fn select_in<T: Element>(values: &mut [T], key: impl Key, wanted: Wanted) -> Neighbours {
    let (_, x, above) = values.select_nth_unstable_by(wanted.rank, ascending(key));
    let first = key.of(*x);
    let next = if wanted.next && !above.is_empty() { least(above, key) } else { first };
    Neighbours { first, next }
}

fn least<T: Element>(values: &[T], key: impl Key) -> f64 {
    values.iter().fold(f64::INFINITY, |least, &x| least.min(key.of(x)))
}

/// Order by a key. Equal ones need no order among themselves: their keys are the same bits.
pub(crate) fn ascending<T: Element>(key: impl Key) -> impl Fn(&T, &T) -> Ordering {
    move |a, b| key.of(*a).partial_cmp(&key.of(*b)).unwrap_or(Ordering::Equal)
}

/// Makes `scratch` the values within `bounds`, −0 as +0.
pub(crate) fn fill<T: Element>(scratch: &mut Vec<T>, data: &[T], bounds: Bounds<T>) {
    scratch.clear();
    scratch.extend(bounds.values(data));
}
