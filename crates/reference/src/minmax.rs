//! minmax: fixed ranks in proportion to the samples present (algorithms.md section 5.2).

use skystack_reject::MinMax;

use crate::column::Sample;
use crate::order::by_rank;
use crate::outcome::{Context, Outcome};

/// Drops ranks 1 … a and n₀ − b + 1 … n₀.
pub(crate) fn reject(column: &[Sample], minmax: &MinMax, context: &Context) -> Outcome {
    let (a, b) = drops(column.len(), context.facts.frames, minmax);
    Outcome::of_ranks(&by_rank(column), a, b)
}

/// (a, b) of the listing in section 5.2.
fn drops(n0: usize, frames: usize, minmax: &MinMax) -> (usize, usize) {
    let n = frames as f64;
    let fraction = |count: f64| if count < 1.0 { count } else { count / n };
    let (flow, fhigh) = (fraction(minmax.nlow), fraction(minmax.nhigh));
    // A count is not divided and multiplied again: 1/49·49 is below 1 (docs/decisions/0011).
    let whole = |count: f64| if count < 1.0 { (count * n).trunc() } else { count };
    let (whole_low, whole_high) = (whole(minmax.nlow), whole(minmax.nhigh));
    assert!(whole_low + whole_high < n, "minmax would drop all of {frames} frames");
    if whole_low == 0.0 && whole_high == 0.0 {
        return (0, 0);
    }
    let of_valid = |fraction: f64| (fraction * n0 as f64 + 0.001).trunc() as usize;
    let (mut a, mut b) = (of_valid(flow), of_valid(fhigh));
    if n0 > 0 && a + b >= n0 {
        b = (n0 - 1).saturating_sub(a);
        a = a.min(n0 - 1 - b);
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    /// nlow 1 of 9, n₀ = 4: 4/9 + 0.001 truncates to 0. n₀ = 9: 9·(1/9) + 0.001 truncates to 1 whatever the rounding.
    #[test]
    fn the_drops_follow_the_valid_samples() {
        let of = |n0| drops(n0, 9, &MinMax::new(1.0, 2.0));
        assert_eq!((of(9), of(8), of(5), of(4), of(0)), ((1, 2), (0, 1), (0, 1), (0, 0), (0, 0)));
    }

    /// 0.25 of 10 frames is 2.5: 2 frames; of 8 valid ones exactly 2.
    #[test]
    fn a_value_below_one_is_a_fraction() {
        assert_eq!(drops(8, 10, &MinMax::new(0.25, 0.0)), (2, 0));
    }

    /// 0.09 of 10 frames is less than one at both ends: switched off, though 0.09·n₀ + 0.001 is below 1 anyway.
    #[test]
    fn less_than_one_frame_at_both_ends_is_none() {
        assert_eq!(drops(10, 10, &MinMax::new(0.09, 0.09)), (0, 0));
    }

    /// 0.4999 at both ends of n₀ = 2: 0.9998 + 0.001 carries over 1 twice, a + b = 2 ≥ 2: b = max(0, 2−1−1) = 0, a = 1.
    #[test]
    fn one_sample_always_remains() {
        assert_eq!(drops(1000, 1000, &MinMax::new(500.0, 499.0)), (500, 499));
        assert_eq!(drops(0, 1000, &MinMax::new(500.0, 499.0)), (0, 0));
        assert_eq!(drops(2, 10, &MinMax::new(0.4999, 0.4999)), (1, 0));
    }

    #[test]
    fn equal_values_go_by_frame() {
        let context = Context::of(3);
        let outcome = reject(&samples(&[1.0, 1.0, 1.0]), &MinMax::new(1.0, 1.0), &context);
        assert!(outcome.rejected(0) && !outcome.rejected(1) && outcome.rejected(2));
    }

    #[test]
    #[should_panic(expected = "minmax would drop all of 2 frames")]
    fn dropping_every_frame_is_an_error() {
        drops(2, 2, &MinMax::new(1.0, 1.0));
    }
}
