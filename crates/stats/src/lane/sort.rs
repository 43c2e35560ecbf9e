//! Sorting N registers lane by lane.
//!
//! ```text
//! for every comparator (i, j) of a sorting network for N:  column[i], column[j] = sort2(column[i], column[j])
//! ```
//!
//! The network is Batcher's merge exchange (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M), which exists for
//! every N and needs no table: about N·log₂²N / 4 comparators. No branch depends on the data, so L columns are sorted in
//! the time of one.

use skystack_simd::{Element, Vector};

use super::constants;

/// Sorts each lane upwards.
///
/// # Shapes
/// N registers; lane k of each belongs to the same column.
/// # Missing data
/// There must be no NaN; a missing sample is +∞ and ends up past the valid ones.
/// # Ties, zeros
/// Equal values are indistinguishable after ingest (there is no −0), so stability does not matter.
/// # Cost
/// About N·log₂²N / 4 times two instructions, in place.
#[inline(always)]
pub fn sort<V: Vector>(column: &mut [V]) {
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
fn exchange<V: Vector>(column: &mut [V], p: usize, r: usize, d: usize) {
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
/// `samples` in frame order and `sorted`: N registers each.
/// # Missing data
/// NaN in `samples`.
#[inline(always)]
pub fn sorted_copy<V: Vector>(isa: V::Isa, samples: &[V], sorted: &mut [V]) -> V {
    let (zero, one) = constants::<V>(isa);
    let infinity = V::splat(isa, V::Element::INFINITY);
    let mut valid = zero;
    for (to, y) in sorted.iter_mut().zip(samples) {
        let present = y.eq(*y);
        *to = V::select(present, *y, infinity);
        valid = valid + V::select(present, one, zero);
    }
    sort(sorted);
    valid
}

#[cfg(test)]
mod tests {
    use skystack_simd::{Isa, Kernel, Level};

    use super::*;

    /// The 0-1 principle: a network that sorts every 0-1 sequence sorts everything.
    struct ZeroOne(usize);

    impl Kernel for ZeroOne {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            for pattern in 0u32..1 << self.0 {
                let mut column: Vec<I::F32> =
                    (0..self.0).map(|i| I::F32::splat(isa, (pattern >> i & 1) as f32)).collect();
                sort(&mut column);
                let zeros = self.0 - pattern.count_ones() as usize;
                for (i, v) in column.iter().enumerate() {
                    assert_eq!(v.lanes()[0], f32::from(u8::from(i >= zeros)), "n = {}, {pattern:b}", self.0);
                }
            }
        }
    }

    #[test]
    fn the_network_sorts_every_zero_one_sequence() {
        for n in 0..=16 {
            Level::Scalar.run(ZeroOne(n));
        }
    }

    struct Shuffled(usize);

    impl Kernel for Shuffled {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) {
            let n = self.0;
            // Each lane is another permutation of 0..n, with every seventh value missing in lane order.
            let mut samples = vec![I::F64::splat(isa, 0.0); n];
            for (i, register) in samples.iter_mut().enumerate() {
                for (k, lane) in register.lanes_mut().iter_mut().enumerate() {
                    let value = (i * 7919 + k * 13) % n;
                    *lane = if value % 7 == k % 7 { f64::NAN } else { value as f64 };
                }
            }
            let mut sorted = samples.clone();
            let valid = sorted_copy(isa, &samples, &mut sorted);
            for k in 0..I::F64::LANES {
                let mut expected: Vec<f64> =
                    samples.iter().map(|r| r.lanes()[k]).filter(|v| !v.is_nan()).collect();
                expected.sort_by(f64::total_cmp);
                assert_eq!(valid.lanes()[k], expected.len() as f64);
                expected.resize(n, f64::INFINITY);
                assert!(sorted.iter().map(|r| r.lanes()[k]).eq(expected), "lane {k} of n = {n}");
            }
        }
    }

    #[test]
    fn large_columns_with_missing_samples_are_sorted_at_every_level() {
        for level in Level::available() {
            for n in [17, 31, 64, 100, 101, 255, 1000, 1023] {
                level.run(Shuffled(n));
            }
        }
    }
}
