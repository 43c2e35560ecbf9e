//! The one order of every sum of a slice (algorithms.md E1).
//!
//! idea: lane k of a register adds chunk k of as many neighbouring chunks as the register has lanes, so every chunk is added
//! from its first entry to its last, and the totals are added in the order of the chunks. Entries reach their lanes by
//! [transposition](super::transpose). Threads fill tables of chunk totals, which one thread adds.

use rayon::prelude::*;
use skystack_simd::{Element, Isa, Kernel, MAX_LANES, Ordered, Scalar, Vector};

use super::bounds::Bounds;
use super::transpose::transpose;
use super::tuning::{PIECE, Tuning};
use crate::lane::SUM_CHUNK as CHUNK;

/// Entries whose chunk totals threads put into one table, of 1 MiB: enough work to outweigh the wait for its last task.
const SHARED: usize = 256 * PIECE;

/// Both sums of one chunk.
type Total = [f64; 2];

/// What is summed over the values: up to two terms of d, the distance of a value from the pivot.
pub(crate) trait Terms: Copy + Send + Sync {
    /// Is there a second term?
    const TWO: bool;
    /// A distance whose terms are +0: what stands in for an entry that is not meant.
    const ABSENT: f64;
    /// The terms of the distances in a register.
    fn of<V: Vector<Element = f64>>(self, isa: V::Isa, d: V) -> [V; 2];
}

/// d, and with `SQUARES` d².
#[derive(Debug, Clone, Copy)]
struct Powers<const SQUARES: bool>;

impl<const SQUARES: bool> Terms for Powers<SQUARES> {
    const TWO: bool = SQUARES;
    const ABSENT: f64 = 0.0;

    #[inline(always)]
    fn of<V: Vector<Element = f64>>(self, _: V::Isa, d: V) -> [V; 2] {
        [d, d * d]
    }
}

/// Sums over the values within bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    /// Number of values.
    pub(crate) n: usize,
    /// SUM of the first term: of d, where nothing else is said.
    pub(crate) s1: f64,
    /// SUM of the second term, or 0 where there is none.
    pub(crate) s2: f64,
}

impl Sums {
    /// SUM(d), and with `SQUARES` SUM(d²), in one pass.
    pub(crate) fn about<T: Element, const SQUARES: bool>(
        tuning: Tuning,
        data: &[T],
        bounds: Bounds<T>,
        pivot: f64,
    ) -> Self {
        Self::of(tuning, data, bounds, pivot, Powers::<SQUARES>)
    }

    /// The sums of `terms` of the distances from `pivot`, in one pass.
    pub(crate) fn of<T: Element>(
        tuning: Tuning,
        data: &[T],
        bounds: Bounds<T>,
        pivot: f64,
        terms: impl Terms,
    ) -> Self {
        let piece = |data: &[T], totals: &mut [Total]| {
            tuning.level.run(ChunkTotals { data, bounds, pivot, terms, totals })
        };
        let mut sums = Self::default();
        if data.len() < CHUNK * MAX_LANES {
            for chunk in data.chunks(CHUNK) {
                let mut total = [0.0; 2];
                let n = chunk_total(chunk, bounds, pivot, terms, &mut total);
                sums.add(n, &[total]);
            }
        } else if tuning.shares(data.len()) {
            let mut totals = vec![[0.0; 2]; SHARED.min(data.len()).div_ceil(CHUNK)];
            for data in data.chunks(SHARED) {
                let totals = &mut totals[..data.len().div_ceil(CHUNK)];
                let tasks = data.par_chunks(PIECE).zip(totals.par_chunks_mut(PIECE / CHUNK));
                let n = tasks.map(|(data, totals)| piece(data, totals)).sum();
                sums.add(n, totals);
            }
        } else {
            let mut totals = [[0.0; 2]; PIECE / CHUNK];
            for data in data.chunks(PIECE) {
                let totals = &mut totals[..data.len().div_ceil(CHUNK)];
                sums.add(piece(data, totals), totals);
            }
        }
        sums
    }

    /// Adds the totals of the next chunks.
    fn add(&mut self, n: usize, totals: &[Total]) {
        self.n += n;
        for [s1, s2] in totals {
            self.s1 += s1;
            self.s2 += s2;
        }
    }
}

/// Writes the totals of every chunk and returns the number of values.
struct ChunkTotals<'a, T, S> {
    data: &'a [T],
    bounds: Bounds<T>,
    pivot: f64,
    terms: S,
    totals: &'a mut [Total],
}

impl<T: Element, S: Terms> Kernel for ChunkTotals<'_, T, S> {
    type Output = usize;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> usize {
        let lanes = T::Vector::<I>::LANES;
        let Self { data, bounds, pivot, terms, totals } = self;
        let mut n = 0;
        let mut buffer = [T::zero(); CHUNK * MAX_LANES];
        let groups = data.chunks_exact(CHUNK * lanes);
        let whole = data.len() - groups.remainder().len();
        for (group, totals) in groups.zip(totals.chunks_exact_mut(lanes)) {
            // Reading the chunks side by side defeats the prefetching of the hardware: 0.27 ns a value in the cache were
            // 0.92 from memory. A copy in order costs 0.04.
            let buffer = &mut buffer[..CHUNK * lanes];
            buffer.copy_from_slice(group);
            n += lane_totals::<T, T::Vector<I>, S>(isa, buffer, bounds, pivot, terms, totals);
        }
        for (chunk, total) in data[whole..].chunks(CHUNK).zip(&mut totals[whole / CHUNK..]) {
            n += chunk_total(chunk, bounds, pivot, terms, total);
        }
        n
    }
}

/// As many neighbouring chunks as a register has lanes, lane by lane.
#[inline(always)]
fn lane_totals<T: Element, V: Vector<Element = T>, S: Terms>(
    isa: V::Isa,
    group: &[T],
    bounds: Bounds<T>,
    pivot: f64,
    terms: S,
    totals: &mut [Total],
) -> usize {
    let absent = V::Wide::splat(isa, S::ABSENT);
    let zero = V::Wide::splat(isa, 0.0);
    let pivot = V::Wide::splat(isa, pivot);
    let (mut s1, mut s2, mut n) = (zero, zero, V::splat(isa, T::zero()));
    for entry in (0..CHUNK).step_by(V::LANES) {
        let mut columns = [n; MAX_LANES];
        for lane in 0..V::LANES {
            columns[lane] = V::load(isa, &group[lane * CHUNK + entry..]);
        }
        transpose(isa, &mut columns);
        for x in columns.into_iter().take(V::LANES) {
            let meant = bounds.mask(isa, x);
            // Adding +0 is adding nothing: a sum that began with +0 is never −0.
            let d = V::Wide::select(V::widen_mask(meant), x.widen() - pivot, absent);
            let [first, second] = terms.of(isa, d);
            s1 = s1 + first;
            if S::TWO {
                s2 = s2 + second;
            }
            n = n + V::select(meant, V::splat(isa, T::one()), V::splat(isa, T::zero()));
        }
    }
    for (total, (&s1, &s2)) in totals.iter_mut().zip(s1.lanes().iter().zip(s2.lanes())) {
        *total = [s1, s2];
    }
    n.lanes().iter().map(|n| n.widen() as usize).sum()
}

/// One chunk, entry by entry.
#[inline(always)]
fn chunk_total<T: Element>(
    chunk: &[T],
    bounds: Bounds<T>,
    pivot: f64,
    terms: impl Terms,
    total: &mut Total,
) -> usize {
    let (mut s1, mut s2, mut n) = (0.0, 0.0, 0);
    for &x in chunk {
        if bounds.contains(x) {
            let d = <Scalar as Isa>::F64::splat(Scalar, x.widen() - pivot);
            let [first, second] = terms.of(Scalar, d);
            s1 += first.lanes()[0];
            s2 += second.lanes()[0];
            n += 1;
        }
    }
    *total = [s1, s2];
    n
}

/// Sum of the valid values.
///
/// f64 throughout, in the order that the [module](super) names: up to 64 entries the plain sum from left to right. The
/// rounding error is that of pieces of 64 and of n/64, far below that of one long sum; no compensation is made.
///
/// # Missing data
/// NaN and infinite entries add nothing but keep their place in the order. No valid value: `None`, not 0.
///
/// # Cost
/// One pass of n additions; no memory but that of [threads](super).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// assert_eq!(slice::sum(&[1.5f32, f32::NAN, 2.0]), Some(3.5));
/// assert_eq!(slice::sum(&[f64::NAN]), None);
/// ```
///
/// # References
/// numpy `nansum` (pairwise, so the last bits differ); algorithms.md E1.
pub fn sum<T: Element>(data: &[T]) -> Option<f64> {
    sum_by(Tuning::here(), data)
}

pub(crate) fn sum_by<T: Element>(tuning: Tuning, data: &[T]) -> Option<f64> {
    let sums = Sums::about::<T, false>(tuning, data, Bounds::finite(), 0.0);
    (sums.n > 0).then_some(sums.s1)
}
