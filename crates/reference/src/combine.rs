//! The value of a pixel (algorithms.md section 7).

use crate::column::Sample;
use crate::order::{by_rank, lower_median, median};
use crate::sums::sum;
use crate::{Combine, Lmedian, Setup};

/// The combined value of the used samples, rounded once to T (G1); `blank` where there are none.
pub(crate) fn combine(used: &[Sample], setup: &Setup) -> f64 {
    if used.is_empty() {
        return setup.working.round(setup.blank);
    }
    let value = match setup.combine {
        Combine::Average => average(used, setup.weights),
        Combine::Median => median(used, setup.working),
        Combine::Lmedian => lmedian(used, setup),
        Combine::Sum => sum(used, |s| s.y),
        Combine::Min => by_rank(used)[0].y,
        Combine::Max => by_rank(used)[used.len() - 1].y,
    };
    setup.working.round(value)
}

/// p + SUM(w·(y−p))/SUM(w), p the first used sample (E2); without weights, or where they sum to 0, p + SUM(y−p)/n.
fn average(used: &[Sample], weights: Option<&[f64]>) -> f64 {
    let p = used[0].y;
    match total_weight(used, weights) {
        Some((weights, total)) => p + sum(used, |s| weights[s.frame] * (s.y - p)) / total,
        None => p + sum(used, |s| s.y - p) / used.len() as f64,
    }
}

/// The weights and SUM(w), unless that is 0 at this pixel.
pub(crate) fn total_weight<'a>(used: &[Sample], weights: Option<&'a [f64]>) -> Option<(&'a [f64], f64)> {
    let weights = weights?;
    let total = sum(used, |s| weights[s.frame]);
    (total != 0.0).then_some((weights, total))
}

fn lmedian(used: &[Sample], setup: &Setup) -> f64 {
    match setup.lmedian {
        Lmedian::Iraf if used.len() != 2 => median(used, setup.working),
        Lmedian::Iraf | Lmedian::Lower => lower_median(used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Working;
    use crate::column::samples;
    use skystack_reject::Convention;

    fn of(combine_by: Combine, values: &[f64]) -> f64 {
        let setup = Setup { combine: combine_by, ..Setup::convention(Convention::Astropy, Working::F64) };
        combine(&samples(values), &setup)
    }

    #[test]
    fn each_combination_of_four() {
        let values = [5.0, 1.0, 2.0, 4.0];
        let all =
            [Combine::Average, Combine::Median, Combine::Lmedian, Combine::Sum, Combine::Min, Combine::Max];
        assert_eq!(all.map(|by| of(by, &values)), [3.0, 3.0, 2.0, 12.0, 1.0, 5.0]);
    }

    #[test]
    fn nothing_is_blank_for_a_sum_too() {
        assert!(of(Combine::Sum, &[]).is_nan());
        let setup =
            Setup { combine: Combine::Sum, blank: -7.0, ..Setup::convention(Convention::Iraf, Working::F32) };
        assert_eq!(combine(&[], &setup), -7.0);
    }

    #[test]
    fn lmedian_of_iraf_is_low_for_two_only() {
        let setup = Setup { combine: Combine::Lmedian, ..Setup::convention(Convention::Iraf, Working::F64) };
        assert_eq!(combine(&samples(&[4.0, 2.0]), &setup), 2.0);
        assert_eq!(combine(&samples(&[4.0, 2.0, 8.0, 6.0]), &setup), 5.0);
    }

    /// Weights 0.25 0.75 of frames 0 and 2 (frame 1 is not used): p = 10, 10 + 0.75·(14 − 10)/1 = 13.
    #[test]
    fn weights_belong_to_frames() {
        let weights = [0.25, 9.0, 0.75];
        let setup = Setup { weights: Some(&weights), ..Setup::convention(Convention::Iraf, Working::F64) };
        let used = [Sample { frame: 0, y: 10.0 }, Sample { frame: 2, y: 14.0 }];
        assert_eq!(combine(&used, &setup), 13.0);
    }

    #[test]
    fn weights_that_sum_to_zero_here_are_left_out() {
        let weights = [0.0, 0.0, 1.0];
        let setup = Setup { weights: Some(&weights), ..Setup::convention(Convention::Iraf, Working::F64) };
        assert_eq!(combine(&samples(&[1.0, 3.0]), &setup), 2.0);
        let setup = Setup { combine: Combine::Sum, ..setup };
        assert_eq!(combine(&samples(&[1.0, 3.0, 5.0]), &setup), 9.0);
    }

    /// 1 and 1 + 2⁻²³: the mean 1 + 2⁻²⁴ is a tie in f32, to even.
    #[test]
    fn the_value_is_rounded_once() {
        let set = samples(&[1.0, 1.0 + 2f64.powi(-23)]);
        let of = |working| combine(&set, &Setup::convention(Convention::Iraf, working));
        assert_eq!((of(Working::F32), of(Working::F64)), (1.0, 1.0 + 2f64.powi(-24)));
    }
}
