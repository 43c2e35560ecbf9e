//! nkeep and maxrej, and bringing samples back (algorithms.md section 5.0.4).

use crate::column::Sample;
use crate::order::by_rank;
use crate::outcome::{Dropped, by_side};

/// Residuals closer than this come back together.
const TOL: f64 = 0.001;

/// K = max( min(n₀, nkeep), n₀ − maxrej if maxrej is given and below n₀ ).
pub(crate) fn must_keep(n0: usize, nkeep: u32, maxrej: Option<u32>) -> usize {
    let by_nkeep = n0.min(nkeep as usize);
    match maxrej {
        Some(maxrej) if (maxrej as usize) < n0 => by_nkeep.max(n0 - maxrej as usize),
        _ => by_nkeep,
    }
}

/// `restore = nearest` for interval algorithms: the frames that come back until K are used.
///
/// `guard` is n at the start of the last pass. The listing compares h, a rank of the column on entry, with it.
pub(crate) fn nearest_in_interval(
    column: &[Sample],
    dropped: &[Dropped],
    k: usize,
    guard: usize,
) -> Vec<usize> {
    let (ranked, n0) = (by_rank(column), column.len());
    let (low, high) = by_side(dropped);
    // The kept ranks are l … h, 1-based.
    let (kept_l, kept_h) = (low + 1, n0 - high);
    let (mut l, mut h) = (kept_l, kept_h);
    let res = |rank: usize| residual(dropped, ranked[rank - 1].frame);
    while h + 1 - l < k {
        if l == 1 {
            h += 1;
        } else if h == n0 {
            l -= 1;
        } else {
            let (r, s) = (res(l - 1), res(h + 1));
            if r < s {
                l -= 1;
                if s <= r + TOL {
                    h += 1;
                }
                if l > 1 && res(l - 1) <= r + TOL {
                    l -= 1;
                }
            } else {
                h += 1;
                if r <= s + TOL {
                    l -= 1;
                }
                if h < guard && res(h + 1) <= s + TOL {
                    h += 1;
                }
            }
        }
    }
    let back = (l..kept_l).chain(kept_h + 1..=h);
    back.map(|rank| ranked[rank - 1].frame).collect()
}

fn residual(dropped: &[Dropped], frame: usize) -> f64 {
    let found = dropped.iter().find(|dropped| dropped.sample.frame == frame);
    found.expect("a rank outside the interval was dropped").residual
}

/// `restore = nearest` for mean-centre algorithms: of the samples dropped in the last pass those with the least residuals,
/// until K are used, and on while the next residual is less than TOL above the last one restored.
pub(crate) fn nearest_of_last_pass(last: &[Dropped], survivors: usize, k: usize) -> Vec<usize> {
    let mut sorted = last.to_vec();
    sorted.sort_by(|a, b| a.residual.total_cmp(&b.residual).then(a.sample.frame.cmp(&b.sample.frame)));
    let mut back = k - survivors;
    while back < sorted.len() && sorted[back].residual < sorted[back - 1].residual + TOL {
        back += 1;
    }
    sorted[..back].iter().map(|dropped| dropped.sample.frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::column::samples;

    #[test]
    fn k_is_the_stronger_of_nkeep_and_maxrej() {
        assert_eq!(must_keep(9, 3, None), 3);
        assert_eq!(must_keep(2, 3, None), 2);
        assert_eq!(must_keep(9, 3, Some(2)), 7);
        assert_eq!(must_keep(9, 0, Some(9)), 0);
        assert_eq!(must_keep(9, 0, Some(12)), 0);
        assert_eq!(must_keep(0, 1, Some(0)), 0);
    }

    /// Frames 0 … 6 hold their own numbers, so rank = frame + 1. Dropped: frames 0, 1 low, 5, 6 high; kept ranks 3 … 5.
    fn dropped(residuals: [f64; 4]) -> Vec<Dropped> {
        let sides = [Side::Low, Side::Low, Side::High, Side::High];
        let of = |(i, frame): (usize, usize)| Dropped {
            sample: Sample { frame, y: frame as f64 },
            side: sides[i],
            pass: 1,
            residual: residuals[i],
        };
        [0, 1, 5, 6].into_iter().enumerate().map(of).collect()
    }

    fn interval(residuals: [f64; 4], k: usize, guard: usize) -> Vec<usize> {
        let column = samples(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        nearest_in_interval(&column, &dropped(residuals), k, guard)
    }

    /// K = 4. r = res(2) = 2.0, s = res(6) = 2.5: r < s, l = 2; s is not within TOL; res(1) = 3 neither.
    #[test]
    fn the_nearest_comes_back() {
        assert_eq!(interval([3.0, 2.0, 2.5, 4.0], 4, 7), [1]);
        assert_eq!(interval([3.0, 2.5, 2.0, 4.0], 4, 7), [5]);
    }

    /// K = 4. r = 2.0 < s = 2.0005 ≤ r + TOL: both. res(1) = 2.0009 ≤ r + TOL: also. Three come back for one.
    #[test]
    fn equal_residuals_come_back_together() {
        assert_eq!(interval([2.0009, 2.0, 2.0005, 2.0008], 4, 7), [0, 1, 5]);
    }

    /// K = 4. s = 2.0 ≤ r = 2.0: h = 6, l = 2. Then h = 6 < guard = 7 and res(7) = 2.0008 ≤ s + TOL: rank 7 too. With
    /// guard 6, the n of a last pass that saw 6 samples, rank 7 stays out.
    #[test]
    fn the_guard_holds_the_high_end() {
        assert_eq!(interval([9.0, 2.0, 2.0, 2.0008], 4, 7), [1, 5, 6]);
        assert_eq!(interval([9.0, 2.0, 2.0, 2.0008], 4, 6), [1, 5]);
    }

    /// K = 7 − 1: 2.0 first (l = 2), then 3.0 against 2.5: h = 6, then 3.0 against 4.0: l = 1.
    #[test]
    fn it_goes_on_until_k_are_used() {
        assert_eq!(interval([3.0, 2.0, 2.5, 4.0], 6, 7), [0, 1, 5]);
    }

    #[test]
    fn at_an_end_only_the_other_side_is_left() {
        let column = samples(&[0.0, 1.0, 2.0]);
        let low = |frame, residual| Dropped {
            sample: Sample { frame, y: frame as f64 },
            side: Side::Low,
            pass: 1,
            residual,
        };
        // All three went at the low end: l = 4, h = 3 = n0.
        let all = [low(0, 3.0), low(1, 2.0), low(2, 1.0)];
        assert_eq!(nearest_in_interval(&column, &all, 2, 3), [1, 2]);
    }

    /// Residuals by frame 0: 3, 1: 2, 5: 2.0005, 6: 2.0012. One is missing to K: 2; then 2.0005 < 2 + TOL, then
    /// 2.0012 < 2.0005 + TOL (the chain moves), then 3 no more.
    #[test]
    fn mean_centre_restores_a_chain() {
        assert_eq!(nearest_of_last_pass(&dropped([3.0, 2.0, 2.0005, 2.0012]), 3, 4), [1, 5, 6]);
        assert_eq!(nearest_of_last_pass(&dropped([3.0, 2.0, 2.5, 2.5]), 3, 4), [1]);
        assert_eq!(nearest_of_last_pass(&dropped([3.0, 2.0, 2.0, 2.0]), 3, 4), [1, 5, 6]);
    }
}
