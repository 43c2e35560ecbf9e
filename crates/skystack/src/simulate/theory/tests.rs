//! Every formula against numbers that were worked out apart: by quadrature, or by simulation where a test says so.

use super::normal::ln_gamma;
use super::order::expected_rank;
use super::*;

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected} +- {tolerance}");
}

#[test]
fn normal_functions_have_their_known_values() {
    close(normal_cdf(0.0), 0.5, 0.0);
    close(normal_cdf(-6.0), 9.865_876_450_376_98e-10, 1e-21);
    close(normal_cdf(3.0) + normal_cdf(-3.0), 1.0, 1e-15);
    close(normal_cdf(-2.999_999) - normal_cdf(-3.000_001), 2e-6 * normal_pdf(3.0), 1e-15);
    close(normal_quantile(0.75), 1.0 / 1.482602218505602, 1e-14);
    close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln(), 1e-12);
    close(ln_gamma(11.0), 3_628_800_f64.ln(), 1e-12);
}

#[test]
fn students_t_has_its_known_quantiles() {
    close(student_t_above(2.228_138_85, 10.0, 0.0), 0.025, 1e-9);
    close(student_t_above(12.706_204_736, 1.0, 0.0), 0.025, 1e-6);
    close(student_t_above(0.0, 7.0, 0.0), 0.5, 1e-9);
}

#[test]
fn median_noise_is_the_tabulated_one() {
    let table = [
        (1, 1.0),
        (2, 1.0),
        (3, 1.34601),
        (4, 1.19280),
        (5, 1.43417),
        (6, 1.28846),
        (7, 1.47313),
        (8, 1.34545),
        (9, 1.49491),
        (10, 1.38326),
        (11, 1.50879),
        (12, 1.41019),
        (15, 1.52542),
        (20, 1.46874),
        (21, 1.53845),
        (25, 1.54366),
        (30, 1.50066),
        (31, 1.54893),
        (50, 1.52764),
        (51, 1.55753),
        (100, 1.54879),
        (101, 1.56411),
    ];
    for (n, expected) in table {
        close(median_noise_factor(n), expected, 6e-6);
    }
}

#[test]
fn median_noise_of_many_samples_goes_on_as_the_formula() {
    for (below, above) in [(499, 501), (500, 502)] {
        close(median_noise_factor(below), median_noise_factor(above), 1.5e-3);
    }
}

#[test]
fn order_statistics_have_their_tabulated_means() {
    for (n, expected) in [(3, 0.84628), (5, 1.16296), (10, 1.53875), (20, 1.86748)] {
        close(expected_max(n), expected, 1e-5);
    }
    for (n, expected) in
        [(3, -0.4231), (5, -0.2907), (7, -0.2254), (10, -0.1710), (15, -0.1240), (50, -0.0459)]
    {
        close(minmax_high_bias(n), expected, 1e-4);
    }
    close(expected_rank(3, 5), 0.0, 1e-12);
}

#[test]
fn one_outlier_pulls_the_median_as_tabulated() {
    let table = [
        (3, 0.564),
        (4, 0.423),
        (5, 0.297),
        (7, 0.2015),
        (9, 0.1525),
        (10, 0.1373),
        (11, 0.1227),
        (15, 0.0882),
        (20, 0.0654),
        (30, 0.0429),
    ];
    for (n, expected) in table {
        close(median_outlier_bias(n), expected, 6e-4);
    }
}

#[test]
fn known_sigma_clip_has_the_tabulated_row_for_every_factor() {
    let table = [
        (1.5, 0.133614, 0.47783, 0.75052, 0.60544, 0.74265),
        (2.0, 0.0455003, 0.73854, 0.82512, 0.76866, 0.87963),
        (2.5, 0.0124193, 0.89994, 0.91548, 0.90342, 0.95460),
        (3.0, 0.0026998, 0.97071, 0.97221, 0.97091, 0.98658),
        (3.5, 0.000465, 0.99343, 0.99351, 0.99343, 0.99694),
        (4.0, 6.33e-5, 0.99887, 0.99887, 0.99887, 0.99946),
        (5.0, 5.7e-7, 0.99998, 0.99998, 0.99998, 0.99999),
    ];
    for (k, false_rejection, iterated, mean, median, kept) in table {
        let clip = KnownSigma { k };
        close(clip.false_rejection(), false_rejection, 0.01 * false_rejection);
        close(clip.efficiency_iterated(), iterated, 6e-6);
        close(clip.efficiency_one_pass_mean(), mean, 6e-6);
        close(clip.efficiency_one_pass_median(), median, 6e-6);
        close(clip.kept_sigma(), kept, 1e-5);
    }
}

#[test]
fn first_pass_false_rejection_with_the_pixels_own_sigma_is_the_tabulated_one() {
    let table: [(f64, &[(usize, f64)]); 3] = [
        (2.0, &[(6, 6.1e-4), (7, 0.00863), (10, 0.0234), (15, 0.0324), (20, 0.0362), (100, 0.0438)]),
        (2.5, &[(9, 1.9e-4), (10, 8.2e-4), (12, 0.00237), (20, 0.00635), (100, 0.0113)]),
        (3.0, &[(11, 2.6e-10), (12, 3.7e-6), (15, 1.3e-4), (20, 5.0e-4), (30, 0.0011), (100, 0.00218)]),
    ];
    for (k, row) in table {
        for &(n, expected) in row {
            close(sample_sigma_false_rejection(n, k), expected, 0.05 * expected);
        }
    }
}

#[test]
fn nothing_is_rejected_below_the_smallest_count() {
    for (k, most) in [(2.0, 5), (2.5, 8), (3.0, 10), (4.0, 17), (5.0, 26)] {
        assert_eq!(sample_sigma_false_rejection(most, k), 0.0, "n = {most}, k = {k}");
        assert_eq!(sample_sigma_completeness(most, k, 1e6), 0.0, "n = {most}, k = {k}");
        assert!(sample_sigma_false_rejection(most + 1, k) > 0.0, "n = {}, k = {k}", most + 1);
    }
}

#[test]
fn modelled_clips_have_their_tabulated_rates() {
    for (n, expected) in [(5, 7.96e-4), (10, 0.001565), (20, 0.002084), (50, 0.002442)] {
        close(modelled_false_rejection(n, 3.0), expected, 1e-6);
    }
    for (amplitude, expected) in [(3.0, 0.450), (3.5, 0.634), (4.0, 0.792), (5.0, 0.959), (6.0, 0.996)] {
        close(modelled_completeness(10, 3.0, amplitude), expected, 0.006);
    }
}

#[test]
fn trimmed_means_have_their_efficiencies() {
    for (alpha, efficiency) in [(0.05, 0.974), (0.10, 0.943), (0.20, 0.874), (0.25, 0.837)] {
        close(1.0 / trimmed_noise_factor(alpha), efficiency, 6e-4);
    }
}

#[test]
fn monte_carlo_without_clipping_gives_mean_and_median() {
    let none = MonteCarlo { samples: 9, k: f64::INFINITY, skewness: 0.2, step: 0.0, columns: 200_000 };
    let (average, median) = (none.clean(Statistic::Average, 3), none.clean(Statistic::Median, 3));
    let relative = 5.0 * (2.0 / average.columns as f64).sqrt();
    close(average.noise_factor, 1.0 + 0.2 * 0.2 / 18.0, relative);
    close(median.noise_factor, median_noise_factor(9), 1.5 * relative + 0.003);
    close(median.bias, median_bias_of_skew(9, 0.2), 5.0 * (1.5 / 9.0 / median.columns as f64).sqrt());
}

#[test]
fn rounding_is_averaged_by_a_mean_and_kept_by_a_median() {
    for samples in [9, 10] {
        let none = MonteCarlo { samples, k: f64::INFINITY, skewness: 0.0, step: 0.25, columns: 200_000 };
        let (average, median) = (none.clean(Statistic::Average, 3), none.clean(Statistic::Median, 3));
        let relative = 5.0 * (2.0 / average.columns as f64).sqrt();
        close(average.noise_factor, 1.0, relative);
        close(median.noise_factor, median_noise_factor_of_steps(samples, 0.25), 1.5 * relative);
    }
}

#[test]
fn monte_carlo_of_many_samples_approaches_the_known_sigma_clip() {
    let clip = MonteCarlo { samples: 200, k: 2.5, skewness: 0.0, step: 0.0, columns: 8192 };
    let found = clip.clean(Statistic::Average, 5);
    // Its sigma shrinks with each round, so it rejects a little more than the known-sigma clip.
    let nominal = KnownSigma { k: 2.5 }.false_rejection();
    assert!(found.false_rejection > nominal && found.false_rejection < 2.0 * nominal, "{found:?}");
}

#[test]
fn monte_carlo_completeness_rises_from_the_false_rejection_to_one() {
    let clip = MonteCarlo { samples: 15, k: 3.0, skewness: 0.0, step: 0.0, columns: 20_000 };
    let curve: Vec<f64> = [0.0, 4.0, 6.0, 10.0, 30.0].map(|a| clip.completeness(a, 2)).to_vec();
    assert!(curve.windows(2).all(|pair| pair[0] < pair[1] + 1e-9), "{curve:?}");
    assert!(curve[0] < 0.01 && curve[4] > 0.999, "{curve:?}");
}
