//! extrema: fixed counts however many samples are missing (algorithms.md section 5.3).

use skystack_reject::Extrema;

use crate::column::Sample;
use crate::order::by_rank;
use crate::outcome::{Context, Outcome};
use crate::restore::must_keep;

/// Drops ranks 1 … a and n₀ − b + 1 … n₀.
pub(crate) fn reject(column: &[Sample], extrema: &Extrema, context: &Context) -> Outcome {
    let (a, b) = drops(column.len(), context.facts.frames, extrema);
    Outcome::of_ranks(&by_rank(column), a, b)
}

/// b = min(nhigh′, n₀ − K), a = min(nlow, n₀ − K − b).
fn drops(n0: usize, frames: usize, extrema: &Extrema) -> (usize, usize) {
    let k = must_keep(n0, extrema.nkeep, extrema.maxrej);
    let nmiss = frames - n0;
    let (nlow, nhigh) = (extrema.nlow as usize, extrema.nhigh as usize);
    let nhigh = if extrema.count_missing_high { nhigh.saturating_sub(nmiss) } else { nhigh };
    let b = nhigh.min(n0 - k);
    let a = nlow.min(n0 - k - b);
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_do_not_follow_the_missing_samples() {
        assert_eq!(drops(9, 9, &Extrema::new(1, 2)), (1, 2));
        assert_eq!(drops(4, 9, &Extrema::new(1, 2)), (1, 2));
    }

    #[test]
    fn high_goes_before_low_where_both_do_not_fit() {
        assert_eq!(drops(2, 9, &Extrema { nkeep: 0, ..Extrema::new(1, 2) }), (0, 2));
        assert_eq!(drops(2, 9, &Extrema::new(1, 2)), (0, 1));
        assert_eq!(drops(9, 9, &Extrema { maxrej: Some(2), ..Extrema::new(2, 1) }), (1, 1));
    }

    #[test]
    fn ccdproc_counts_missing_samples_as_high() {
        let ccdproc = Extrema { count_missing_high: true, ..Extrema::new(1, 2) };
        assert_eq!((drops(8, 9, &ccdproc), drops(6, 9, &ccdproc)), ((1, 1), (1, 0)));
    }
}
