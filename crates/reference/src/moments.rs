//! E2 to E5: mean and variance.

use crate::column::Sample;
use crate::sums::sum;

/// Mean M of a set, f64 (E3), pivot its first sample in frame order (E2).
pub(crate) fn mean(set: &[Sample]) -> f64 {
    let p = set[0].y;
    p + sum(set, |s| s.y - p) / set.len() as f64
}

/// Variance about a centre (E4).
pub(crate) fn variance_about(set: &[Sample], c: f64, ddof: u32) -> f64 {
    sum(set, |s| (s.y - c) * (s.y - c)) / (set.len() as f64 - f64::from(ddof))
}

/// Variance about the mean where the median c of the same set is known (E5, first form).
pub(crate) fn variance_by_median(set: &[Sample], c: f64, ddof: u32) -> f64 {
    let n = set.len() as f64;
    let (s1, s2) = moments(set, c);
    // So far from the mean that the difference below would lose its digits: once more about the mean itself.
    let about = if s1 * s1 > 0.999 * (n * s2) { c + s1 / n } else { c };
    variance_by_pivot(set, about, ddof)
}

/// Variance about the mean where the centre is a mean (E5, second form): d about the f64 mean of E3.
pub(crate) fn variance_by_mean(set: &[Sample], ddof: u32) -> f64 {
    variance_by_pivot(set, mean(set), ddof)
}

/// Q = S2 − (S1·S1)/n, V = max(Q, 0)/(n − ddof), with d about `pivot`.
fn variance_by_pivot(set: &[Sample], pivot: f64, ddof: u32) -> f64 {
    let n = set.len() as f64;
    let (s1, s2) = moments(set, pivot);
    let q = s2 - (s1 * s1) / n;
    // Not f64::max, which would turn the NaN of an overflow into 0: F4 has to see it.
    let q = if q < 0.0 { 0.0 } else { q };
    q / (n - f64::from(ddof))
}

/// S1 = SUM(d), S2 = SUM(d²), d about `pivot`.
fn moments(set: &[Sample], pivot: f64) -> (f64, f64) {
    (sum(set, |s| s.y - pivot), sum(set, |s| (s.y - pivot) * (s.y - pivot)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    /// 0.1 0.2 0.4: p = 0.1; the mean is 0.1 + (0 + 0.1 + 0.30000000000000004)/3, not (0.1 + 0.2 + 0.4)/3.
    #[test]
    fn mean_is_taken_about_the_first_sample() {
        let expected = 0.1 + ((0.2 - 0.1) + (0.4 - 0.1)) / 3.0;
        assert_eq!(mean(&samples(&[0.1, 0.2, 0.4])), expected);
    }

    /// 1 2 4 9 about 3: 4 + 1 + 1 + 36 = 42; with n − 1: 14.
    #[test]
    fn variance_about_a_centre_does_not_correct_for_the_mean() {
        assert_eq!(variance_about(&samples(&[1.0, 2.0, 4.0, 9.0]), 3.0, 1), 14.0);
    }

    /// 1 2 4 9, median 3: d = −2 −1 1 6, S1 = 4, S2 = 42, Q = 42 − 16/4 = 38; ddof 0: 9.5. Mean 4: 9 + 4 + 0 + 25 = 38.
    #[test]
    fn both_forms_of_the_variance_about_the_mean() {
        let set = samples(&[1.0, 2.0, 4.0, 9.0]);
        assert_eq!(variance_by_median(&set, 3.0, 0), 9.5);
        assert_eq!(variance_by_mean(&set, 0), 9.5);
        assert_eq!(variance_by_mean(&set, 2), 19.0);
    }

    /// d = 2²⁷, 2²⁷, 2²⁷ + 1 about c = 0: S2 rounds (d² of the last is 2⁵⁴ + 2²⁸ + 1), so Q about c is wrong; S1² is
    /// nearly n·S2, hence the second try about M = 2²⁷ + 1/3 with Q ≈ 2/3.
    #[test]
    fn a_remote_centre_is_replaced_by_the_mean() {
        let big = 2f64.powi(27);
        let set = samples(&[big, big, big + 1.0]);
        assert!((variance_by_median(&set, 0.0, 0) - 2.0 / 9.0).abs() < 1e-8);
        assert!((variance_by_pivot(&set, 0.0, 0) - 2.0 / 9.0).abs() > 1e-3);
    }

    /// The limit 0.999 is on S1² against n·S2. Two samples d = 1, 1.05 about 0: S1² = 4.2025, n·S2 = 4.205, ratio 0.99940:
    /// about M. d = 1, 1.1: 4.41 of 4.42, 0.9977: about c. The bits tell which.
    #[test]
    fn the_999_rule_has_its_limit() {
        let near = samples(&[1.0, 1.05]);
        assert_eq!(variance_by_median(&near, 0.0, 1), variance_by_pivot(&near, (1.0 + 1.05) / 2.0, 1));
        assert_ne!(variance_by_median(&near, 0.0, 1), variance_by_pivot(&near, 0.0, 1));
        let far = samples(&[1.0, 1.1]);
        assert_eq!(variance_by_median(&far, 0.0, 1), variance_by_pivot(&far, 0.0, 1));
        assert_ne!(variance_by_median(&far, 0.0, 1), variance_by_pivot(&far, (1.0 + 1.1) / 2.0, 1));
    }

    #[test]
    fn an_overflow_is_not_taken_for_zero() {
        assert!(!variance_by_mean(&samples(&[-1e300, 1e300]), 0).is_finite());
        assert!(variance_by_median(&samples(&[1e300, -1e300, 1e300]), 1e300, 0).is_nan());
    }
}
