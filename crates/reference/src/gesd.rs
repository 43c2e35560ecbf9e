//! gesd: the generalized extreme Studentized deviate test (algorithms.md section 5.13).

use skystack_reject::{Gesd, MaxOutliers};

use crate::column::Sample;
use crate::moments::{mean, variance_by_mean};
use crate::order::by_rank;
use crate::outcome::{Dropped, Outcome, Pass, Side, Stop};
use crate::restore::must_keep;
use crate::student::quantile;

/// Takes the extreme away r times; the outliers are those up to the last time that it was beyond the critical value.
pub(crate) fn reject(column: &[Sample], gesd: &Gesd) -> Outcome {
    let n0 = column.len();
    if n0 < 3 {
        return Outcome::keeping_all(Stop::NotEnoughSamples);
    }
    let (steps, mut stop) = take_extremes(column, gesd);
    let beyond = |step: &&Step| step.deviate > step.critical;
    let mut outliers = steps.iter().filter(beyond).map(|step| step.dropped.pass).max().unwrap_or(0);
    // i* is limited so that n ≥ K.
    let k = must_keep(n0, gesd.nkeep, gesd.maxrej);
    if outliers > n0 - k {
        (outliers, stop) = (n0 - k, Stop::Nkeep);
    }
    let passes =
        steps.iter().map(|step| Pass { undone: step.dropped.pass > outliers, ..step.pass() }).collect();
    let dropped = steps.iter().take(outliers).map(|step| step.dropped).collect();
    Outcome { dropped, passes, ..Outcome::keeping_all(stop) }
}

/// Step i.
struct Step {
    /// The extreme that it takes away; its residual is R_i.
    dropped: Dropped,
    deviate: f64,
    critical: f64,
    m: f64,
    s: f64,
    /// Samples before.
    n: usize,
}

impl Step {
    fn pass(&self) -> Pass {
        Pass::new(self.m, self.s, [self.critical; 2], self.n).dropping(&[self.dropped])
    }
}

/// The loop of the listing, and why it ended.
fn take_extremes(column: &[Sample], gesd: &Gesd) -> (Vec<Step>, Stop) {
    let (n0, mut set, mut steps) = (column.len(), column.to_vec(), vec![]);
    for i in 1..=most_outliers(n0, gesd) {
        let m = mean(&set);
        let v = variance_by_mean(&set, 1);
        // s = 0, and likewise an overflow (F4): R_i = 0 from here.
        if v == 0.0 {
            return (steps, Stop::ZeroSpread);
        }
        if !v.is_finite() {
            return (steps, Stop::NotFinite);
        }
        let s = v.sqrt();
        let ranked = by_rank(&set);
        let (first, last) = (ranked[0], ranked[set.len() - 1]);
        let (dl, dh) = (m - first.y, last.y - m);
        let deviate = if dl > dh { dl } else { dh } / s;
        // A tie takes the high one.
        let (sample, side) = if dl > dh { (first, Side::Low) } else { (last, Side::High) };
        let dropped = Dropped { sample, side, pass: i, residual: deviate };
        steps.push(Step { dropped, deviate, critical: critical(n0, i, gesd.alpha), m, s, n: set.len() });
        set.retain(|other| other.frame != sample.frame);
    }
    (steps, Stop::Converged)
}

/// r.
fn most_outliers(n0: usize, gesd: &Gesd) -> usize {
    let asked = match gesd.outliers {
        MaxOutliers::Fraction(fraction) => ((fraction * n0 as f64 + 1e-9).floor() as usize).max(1),
        MaxOutliers::Count(count) => count as usize,
    };
    asked.min(n0 - 2)
}

/// λ_i. The quantile is asked for by its upper tail, 1 − p = α/(2(n₀ − i + 1)), which keeps its digits.
fn critical(n0: usize, i: usize, alpha: f64) -> f64 {
    let (n0, i) = (n0 as f64, i as f64);
    let degrees = n0 - i - 1.0;
    let t = quantile(alpha / (2.0 * (n0 - i + 1.0)), degrees as usize);
    (n0 - i) * t / ((degrees + t * t) * (n0 - i + 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::Convention;

    fn of(column: &[f64], gesd: Gesd) -> Pixel {
        let rejections = [gesd.into()];
        let setup =
            Setup { rejections: &rejections, ..Setup::convention(Convention::Textbook, Working::F64) };
        pixel(column, &setup)
    }

    /// Rosner's 54 values as printed in the NIST/SEMATECH e-Handbook 1.3.5.17.3.
    const ROSNER: [f64; 54] = [
        -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65,
        1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26,
        2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30,
        4.64, 5.34, 5.42, 6.01,
    ];

    /// The handbook's table: ten test statistics and critical values; the third is the last one above.
    #[test]
    fn rosners_example_has_three_outliers() {
        let answer = of(&ROSNER, Gesd::textbook().outliers(MaxOutliers::Count(10)));
        let outliers: Vec<usize> = (0..54).filter(|&frame| !answer.used[frame]).collect();
        assert_eq!((outliers, answer.high), (vec![51, 52, 53], 3));
        let deviates = [3.118, 2.942, 3.179, 2.810, 2.815, 2.848, 2.279, 2.310, 2.101, 2.067];
        let criticals = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085];
        let (steps, _) = take_extremes(&samples(&ROSNER), &Gesd::textbook().outliers(MaxOutliers::Count(10)));
        assert_eq!((answer.passes.len(), steps.len()), (10, 10));
        for (step, (deviate, critical)) in steps.iter().zip(deviates.into_iter().zip(criticals)) {
            // The handbook cuts some last digits and rounds others.
            assert!((step.critical - critical).abs() < 0.0011, "{critical}: {}", step.critical);
            assert!((step.deviate - deviate).abs() < 0.0011, "{deviate}: {}", step.deviate);
        }
        assert_eq!(answer.passes.iter().filter(|pass| pass.undone).count(), 7);
    }

    /// Of three samples the largest possible deviate is 2/√3 = 1.1547, the critical value 1.1543.
    #[test]
    fn one_of_three_can_be_an_outlier() {
        assert_eq!(of(&[0.0, 7.0, 0.0], Gesd::textbook()).used, [true, false, true]);
        assert_eq!(of(&[0.0, 7.0, 0.3], Gesd::textbook()).nrej, 0);
        assert_eq!(of(&[0.0, 7.0], Gesd::textbook()).stop, Stop::NotEnoughSamples);
    }

    /// −9 and 9 about seven zeros: the mean is 0, both are as far: the high one first.
    #[test]
    fn a_tie_takes_the_high_one() {
        let mut column = [0.0; 9];
        (column[2], column[5]) = (-9.0, 9.0);
        let answer = of(&column, Gesd::textbook().outliers(MaxOutliers::Count(2)).alpha(0.5));
        let sides: Vec<_> = answer.passes.iter().map(|pass| (pass.low, pass.high)).collect();
        assert_eq!((sides, answer.nrej), (vec![(0, 1), (1, 0)], 2));
    }

    /// Equal extremes: of the high ones the last frame goes first, of the low ones the first.
    #[test]
    fn equal_values_are_split_by_frame() {
        let mut column = [0.0; 12];
        (column[3], column[8]) = (50.0, 50.0);
        column[1] = 1.0;
        let two = Gesd::textbook().outliers(MaxOutliers::Count(2));
        assert_eq!(of(&column, two).nrej, 2);
        let one = of(&column, two.maxrej(1));
        assert_eq!((one.used[3], one.used[8], one.stop), (true, false, Stop::Nkeep));
        let flipped: Vec<f64> = column.iter().map(|y| -y).collect();
        let one = of(&flipped, two.nkeep(11));
        assert_eq!((one.used[3], one.used[8]), (false, true));
    }

    /// Once only equal values are left there is no further step.
    #[test]
    fn a_scatter_of_zero_ends_the_steps() {
        let answer = of(&[0.0, 0.0, 0.0, 0.0, 0.0, 80.0], Gesd::textbook().outliers(MaxOutliers::Count(4)));
        assert_eq!((answer.high, answer.passes.len(), answer.stop), (1, 1, Stop::ZeroSpread));
        assert_eq!(of(&[-1e300, 1e300, 0.0, 1.0], Gesd::textbook()).stop, Stop::NotFinite);
    }
}
