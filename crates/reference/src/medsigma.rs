//! medsigma: outliers are replaced by the median (algorithms.md section 5.10).

use skystack_reject::{About, MedSigma};

use crate::column::Sample;
use crate::moments::{mean, variance_by_mean, variance_by_median};
use crate::order::median;
use crate::outcome::{Context, Dropped, Outcome, Pass, Stop, f1};

/// Replaces what fails F1 by the median, pass after pass. Nothing leaves the set.
pub(crate) fn reject(column: &[Sample], medsigma: &MedSigma, context: &Context) -> Outcome {
    let n = column.len();
    if n == 0 || n <= medsigma.ddof as usize {
        return Outcome::keeping_all(Stop::NotEnoughSamples);
    }
    let factors = [medsigma.lsigma, medsigma.hsigma];
    let (mut current, mut dropped, mut passes) = (column.to_vec(), Vec::<Dropped>::new(), vec![]);
    let stop = loop {
        if passes.len() == medsigma.maxiters as usize {
            break Stop::MaxIters;
        }
        let m = median(&current, context.working);
        let (c, v) = match medsigma.about {
            About::Center => (m, variance_by_median(&current, m, medsigma.ddof)),
            About::Mean => (context.working.round(mean(&current)), variance_by_mean(&current, medsigma.ddof)),
        };
        if v == 0.0 {
            break Stop::ZeroSpread;
        }
        if !v.is_finite() {
            break Stop::NotFinite;
        }
        let pass = passes.len() + 1;
        // A sample that is the median is not touched.
        let fails = |&sample: &Sample| f1(sample, c, v, factors, pass).filter(|_| sample.y != m);
        let replaced: Vec<Dropped> = current.iter().filter_map(fails).collect();
        passes.push(Pass::new(c, v.sqrt(), factors, n).dropping(&replaced));
        if replaced.is_empty() {
            break Stop::Converged;
        }
        for replaced in replaced {
            let frame = replaced.sample.frame;
            current.iter_mut().filter(|sample| sample.frame == frame).for_each(|sample| sample.y = m);
            // The first pass that replaces a sample is the one that rejects it.
            if dropped.iter().all(|dropped| dropped.sample.frame != frame) {
                dropped.push(replaced);
            }
        }
    };
    Outcome { dropped, passes, current: Some(current), ..Outcome::keeping_all(stop) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Combine, Pixel, Setup, Working, pixel};
    use skystack_reject::{Convention, MinMax, Rejection};

    fn of(column: &[f64], medsigma: MedSigma) -> Pixel {
        let rejections = [medsigma.into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Siril, Working::F64) };
        pixel(column, &setup)
    }

    /// 1 2 3 4 100: median 3, mean 22, V = 7610/4 = 1902.5; at 1.5σ (4280) 97² goes: 3. Pass 2: 1 2 3 4 3: median 3, mean 2.6,
    /// V = 5.2/4 = 1.3, 2.25 V = 2.9: 1 (d² = 4) becomes 3. Pass 3: 3 2 3 4 3: V = 0.5, 1.1: nothing. The mean of 3 2 3 4 3 is 3.
    #[test]
    fn each_pass_takes_its_median_with_the_replacements() {
        let answer = of(&[1.0, 2.0, 3.0, 4.0, 100.0], MedSigma::siril().lsigma(1.5).hsigma(1.5));
        assert_eq!((answer.value, answer.count, answer.low, answer.high), (3.0, 3, 1, 1));
        assert_eq!((answer.used, answer.stop), (vec![false, true, true, true, false], Stop::Converged));
        let variances: Vec<f64> = answer.passes.iter().map(|pass| pass.sigma * pass.sigma).collect();
        for (found, expected) in variances.iter().zip([1902.5, 1.3, 0.5]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert_eq!(variances.len(), 3);
        // The scatter image is of 2 3 4 alone, about the value.
        assert_eq!(answer.sigma, 1.0);
    }

    /// After one pass: 1 2 3 4 3, mean 2.6.
    #[test]
    fn maxiters_counts_passes() {
        let answer = of(&[1.0, 2.0, 3.0, 4.0, 100.0], MedSigma::siril().lsigma(1.5).hsigma(1.5).maxiters(1));
        assert_eq!((answer.value, answer.nrej, answer.stop), (2.6, 1, Stop::MaxIters));
        assert_eq!(of(&[1.0, 9.0, 1.0], MedSigma::siril().maxiters(0)).value, 11.0 / 3.0);
    }

    /// 0 0 0 0 10 about the mean 2, V = 80/5 = 16: 10 is at exactly 2σ and stays; at 1.99 it becomes the median 0, and all are
    /// equal.
    #[test]
    fn dss_tests_about_the_mean_and_replaces_by_the_median() {
        let column = [0.0, 0.0, 10.0, 0.0, 0.0];
        assert_eq!(of(&column, MedSigma::dss()).nrej, 0);
        let answer = of(&column, MedSigma::dss().hsigma(1.99));
        assert_eq!((answer.value, answer.high, answer.stop), (0.0, 1, Stop::ZeroSpread));
        // The zeros are 0.5σ below the mean, but they are the median.
        assert_eq!(of(&column, MedSigma::dss().lsigma(0.1).hsigma(9.0)).nrej, 0);
    }

    /// 0 and 10: both go to 5, and no sample is left as it was; the value is 5 all the same.
    #[test]
    fn a_pixel_without_an_untouched_sample_has_a_value() {
        let answer = of(&[0.0, 10.0], MedSigma::siril().lsigma(0.5).hsigma(0.5));
        assert_eq!((answer.value, answer.count, answer.low, answer.high), (5.0, 0, 1, 1));
        assert!(answer.sigma.is_nan());
    }

    #[test]
    fn few_samples_are_left_alone() {
        assert_eq!(of(&[7.0], MedSigma::siril()).stop, Stop::NotEnoughSamples);
        assert_eq!(of(&[7.0], MedSigma::dss()).stop, Stop::ZeroSpread);
        assert!(of(&[f64::NAN], MedSigma::siril()).value.is_nan());
        assert_eq!(of(&[-1e300, 1e300, 0.0], MedSigma::siril()).stop, Stop::NotFinite);
    }

    /// Weights 0.5 0.1 0.1 0.1 0.2 of 1 2 3 4 and the 3 that was 100.
    #[test]
    fn a_replacement_has_the_weight_of_its_frame() {
        let weights = [0.5, 0.1, 0.1, 0.1, 0.2];
        let rejections = [MedSigma::siril().lsigma(1.5).hsigma(1.5).maxiters(1).into()];
        let setup = Setup {
            rejections: &rejections,
            weights: Some(&weights),
            ..Setup::convention(Convention::Siril, Working::F64)
        };
        assert!((pixel(&[1.0, 2.0, 3.0, 4.0, 100.0], &setup).value - 2.0).abs() < 1e-15);
    }

    #[test]
    #[should_panic(expected = "medsigma is for combine=average")]
    fn a_median_of_replacements_is_refused() {
        let rejections = [MedSigma::siril().into()];
        let setup = Setup::convention(Convention::Siril, Working::F64);
        pixel(&[1.0, 2.0, 3.0], &Setup { rejections: &rejections, combine: Combine::Median, ..setup });
    }

    #[test]
    #[should_panic(expected = "nothing can be rejected from what medsigma has replaced")]
    fn nothing_follows_it() {
        let rejections: [Rejection; 2] = [MedSigma::siril().into(), MinMax::new(1.0, 0.0).into()];
        let setup = Setup::convention(Convention::Siril, Working::F64);
        pixel(&[1.0, 2.0, 3.0], &Setup { rejections: &rejections, ..setup });
    }
}
