//! Two variances of the combined value: propagated from those of the samples, and from their scatter (algorithms.md
//! sections 8.1 and 8.2).

use std::f64::consts::{FRAC_PI_2, PI};

use skystack_reject::Rejection;

use crate::column::Sample;
use crate::combine::{total_weight, weights};
use crate::order::by_rank;
use crate::outcome::Context;
use crate::sums::sum;
use crate::{Combine, Setup};

/// Propagated variance in f64; `blank` where nothing is used. Nothing where there are no variances or there is no
/// definition.
pub(crate) fn propagated(used: &[Sample], setup: &Setup, context: &Context) -> Option<f64> {
    if context.variances.is_empty() || matches!(setup.combine, Combine::Quadrature | Combine::Nmodel) {
        return None;
    }
    if used.is_empty() {
        return Some(setup.blank);
    }
    let weights = weights(setup, context);
    let (n, v) = (used.len() as f64, |s: Sample| context.variance(s.frame));
    let plain = || sum(used, v) / (n * n);
    let weighted = || match total_weight(used, weights.as_deref()) {
        Some((w, total)) => sum(used, |s| (w[s.frame] * w[s.frame]) * v(s)) / (total * total),
        None => plain(),
    };
    let ranked = by_rank(used);
    let variance = match setup.combine {
        Combine::Average => weighted(),
        Combine::Sum => sum(used, v),
        Combine::Median | Combine::Lmedian if used.len() <= 2 => plain(),
        Combine::Median | Combine::Lmedian => {
            let s = sum(used, |s| 1.0 / v(s).sqrt());
            (PI * (n * n)) / ((2.0 * (s * s)) * (n + kappa(used.len())))
        }
        Combine::Wmedian => FRAC_PI_2 * weighted(),
        Combine::Min => v(ranked[0]),
        Combine::Max => v(ranked[ranked.len() - 1]),
        Combine::Quadrature | Combine::Nmodel => return None,
    };
    Some(variance)
}

/// κ: how many samples more a median of n seems to have (SWarp).
fn kappa(n: usize) -> f64 {
    if n % 2 == 1 { FRAC_PI_2 - 1.0 } else { PI - 2.0 }
}

/// Empirical variance about `out`, the rounded output value, in f64; `blank` where nothing is used, NaN for one
/// sample. Nothing where there is no definition.
pub(crate) fn empirical(used: &[Sample], out: f64, setup: &Setup, context: &Context) -> Option<f64> {
    if !matches!(setup.combine, Combine::Average | Combine::Median | Combine::Lmedian) {
        return None;
    }
    if used.len() < 2 {
        return Some(if used.is_empty() { setup.blank } else { f64::NAN });
    }
    let n = used.len() as f64;
    let square = |s: Sample| (s.y - out) * (s.y - out);
    let plain = || sum(used, square) / (n * (n - 1.0));
    let weights = weights(setup, context);
    let variance = match (setup.combine, total_weight(used, weights.as_deref())) {
        (Combine::Average, Some((w, total))) => {
            let squares = sum(used, |s| w[s.frame] * w[s.frame]);
            let larger = match setup.rejections.iter().rfind(|rejection| **rejection != Rejection::None) {
                // 5.14 has its own.
                Some(Rejection::MeanClip(_)) => (total * total) / (total * total - squares),
                _ => n / (n - 1.0),
            };
            let scatter = (sum(used, |s| w[s.frame] * square(s)) / total) * larger;
            scatter * (squares / (total * total))
        }
        (Combine::Average, None) => plain(),
        _ => plain() * FRAC_PI_2,
    };
    Some(variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Pixel, Working, combined};
    use skystack_reject::{Convention, MeanClip};

    fn of(combine: Combine, column: &[f64], variances: &[f64], weights: Option<&[f64]>) -> Pixel {
        let base = Setup::convention(Convention::Astropy, Working::F64);
        let setup = Setup { combine, variances, weights, ..base };
        combined(column, &vec![true; column.len()], &setup)
    }

    /// v = 1 2 3. Average 6/9; weights 1 1 2: (1 + 2 + 12)/16; sum 6; the extremes have their own.
    #[test]
    fn propagated_by_hand() {
        let v = |combine, weights| of(combine, &[5.0, 7.0, 6.0], &[1.0, 2.0, 3.0], weights).variance.unwrap();
        assert_eq!(v(Combine::Average, None), 6.0 / 9.0);
        assert_eq!(v(Combine::Average, Some(&[1.0, 1.0, 2.0])), 15.0 / 16.0);
        assert_eq!(v(Combine::Wmedian, Some(&[1.0, 1.0, 2.0])), FRAC_PI_2 * 15.0 / 16.0);
        assert_eq!(v(Combine::Wmedian, None), FRAC_PI_2 * (6.0 / 9.0));
        assert_eq!((v(Combine::Sum, None), v(Combine::Min, None), v(Combine::Max, None)), (6.0, 1.0, 2.0));
        assert_eq!(of(Combine::Quadrature, &[5.0], &[1.0], None).variance, None);
    }

    /// Equal v: (π/2)·v/(n + κ). With one and two samples the median is a mean.
    #[test]
    fn the_median_has_a_formula_for_finite_n() {
        let v = |n: usize| of(Combine::Median, &vec![1.0; n], &vec![4.0; n], None).variance.unwrap();
        let expected = |n: f64, kappa: f64| FRAC_PI_2 * 4.0 / (n + kappa);
        assert_eq!((v(1), v(2)), (4.0, 2.0));
        assert!((v(3) - expected(3.0, FRAC_PI_2 - 1.0)).abs() < 1e-15);
        assert!((v(4) - expected(4.0, PI - 2.0)).abs() < 1e-15);
    }

    /// The second sample has no variance, so it is missing although it was chosen.
    #[test]
    fn a_sample_of_unknown_variance_has_no_part_in_that_of_the_pixel() {
        let answer = of(Combine::Average, &[3.0, 4.0], &[1.0, 0.0], None);
        assert_eq!((answer.variance, answer.count, answer.nmiss), (Some(1.0), 1, 1));
        assert_eq!(of(Combine::Average, &[3.0, 4.0], &[], None).variance, None);
    }

    /// 1 3 8 about the mean 4: 26/(3·2). The median 3: (4 + 0 + 25)/6·π/2. Weights 1/4 1/4 1/2 of 1 5 6: 4.5; 4.25·(3/2)·(6/16).
    #[test]
    fn empirical_by_hand() {
        assert_eq!(of(Combine::Average, &[1.0, 3.0, 8.0], &[], None).empirical, Some(26.0 / 6.0));
        assert_eq!(of(Combine::Median, &[1.0, 3.0, 8.0], &[], None).empirical, Some(29.0 / 6.0 * FRAC_PI_2));
        let weighted = of(Combine::Average, &[1.0, 5.0, 6.0], &[], Some(&[0.25, 0.25, 0.5]));
        assert_eq!(weighted.empirical, Some(4.25 * 1.5 * 0.375));
        // meanclip has W² for n and W² − Σw² for n − 1: 1/(5/8).
        let rejections = [MeanClip::lsst().into(), Rejection::None];
        let base = Setup::convention(Convention::Astropy, Working::F64);
        let setup = Setup { rejections: &rejections, weights: Some(&[0.25, 0.25, 0.5]), ..base };
        let of_meanclip = combined(&[1.0, 5.0, 6.0], &[true; 3], &setup).empirical;
        assert_eq!(of_meanclip, Some(4.25 * 1.6 * 0.375));
        assert!(of(Combine::Average, &[1.0], &[], None).empirical.unwrap().is_nan());
        assert_eq!(of(Combine::Sum, &[1.0, 2.0], &[], None).empirical, None);
    }

    #[test]
    fn nothing_is_blank() {
        let base = Setup::convention(Convention::Iraf, Working::F64);
        let base = Setup { blank: -5.0, variances: &[1.0], ..base };
        let context = base.context(1, &[1.0]);
        let set = samples(&[]);
        assert_eq!(
            (propagated(&set, &base, &context), empirical(&set, 0.0, &base, &context)),
            (Some(-5.0), Some(-5.0))
        );
    }
}
