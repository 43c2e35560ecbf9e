//! Fixed vectors against numbers computed elsewhere (numpy 2.4.6, astropy 8.0.2) or by hand.

use skystack_stats::slice::{self, ClipCenter, ClipSpread, SigmaClip};

/// Sky near 10.4 with four outliers; no value needs rounding in f32 except 10.9.
const X: [f64; 20] = [
    10.25, 11.5, 9.75, 10.0, 12.125, 9.5, 10.5, 10.75, 9.875, 250.0, 10.375, -40.5, 10.25, 11.0, 10.625,
    13.0, 9.0, 10.125, 10.9, 60.0,
];

fn near(ours: Option<f64>, theirs: f64) {
    let ours = ours.expect("valid values");
    assert!((ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs.abs(), "ours {ours}, theirs {theirs}");
}

#[test]
fn numpy_agrees_in_f64() {
    near(slice::mean(&X), 22.451249999999998);
    near(slice::sum(&X), 449.025);
    near(slice::variance(&X, 0), 2978.4982796874997);
    near(slice::variance(&X, 1), 3135.261347039473);
    near(slice::std(&X, 0), 54.57561982870648);
    near(slice::std(&X, 1), 55.99340449588213);
    assert_eq!(slice::median(&X), Some(10.4375));
    assert_eq!(slice::lmedian(&X), Some(10.375));
    assert_eq!(slice::min_max(&X), Some((-40.5, 250.0)));
    let quantiles =
        [(0.0, -40.5), (0.1, 9.45), (0.25, 9.96875), (0.75, 11.125), (0.9, 17.700000000000067), (1.0, 250.0)];
    for (q, theirs) in quantiles {
        near(slice::percentile(&X, q), theirs);
    }
    near(slice::iqr(&X), 11.125 - 9.96875);
}

#[test]
fn astropy_agrees_in_f64() {
    assert_eq!(slice::mad(&X), Some(0.5625));
    near(slice::mad_std(&X), 0.8339637479094011);
    let default = SigmaClip::default();
    let two = SigmaClip { lsigma: 2.0, hsigma: 2.0, ..default };
    let cases = [
        (default, 10.560294117647059, 10.375, 0.9409420663985318, 17),
        (two, 10.3, 10.25, 0.4343430051858164, 13),
        (SigmaClip { maxiters: Some(1), ..two }, 10.475, 10.375, 16.329423314663433, 19),
        (SigmaClip { maxiters: None, ..two }, 10.3, 10.25, 0.4343430051858164, 13),
        (SigmaClip { center: ClipCenter::Mean, ..two }, 10.385714285714286, 10.3125, 0.5202775946648136, 14),
        (
            SigmaClip { lsigma: 1.5, hsigma: 2.5, ..default },
            10.385714285714286,
            10.3125,
            0.5202775946648136,
            14,
        ),
        (SigmaClip { spread: ClipSpread::MadStd, ..default }, 10.4078125, 10.3125, 0.7385436868214026, 16),
    ];
    for (clip, mean, median, std, n) in cases {
        let ours = slice::sigma_clipped_stats(&X, &clip).expect("survivors");
        near(Some(ours.mean), mean);
        near(Some(ours.std), std);
        assert_eq!((ours.median, ours.n), (median, n), "{clip:?}");
    }
}

/// Ratios of sums of twenty terms: some last places.
fn nearly(ours: Option<f64>, theirs: f64) {
    let ours = ours.expect("valid values");
    assert!((ours - theirs).abs() <= 16.0 * f64::EPSILON * theirs.abs(), "ours {ours}, theirs {theirs}");
}

/// 1500 values of a long tail, more than a register of chunks.
fn tail() -> Vec<f64> {
    (0..1500).map(|i| f64::from((i * 7919) % 1009)).map(|v| v * v / 1000.0).collect()
}

/// `biweight_location`, `biweight_scale` with their defaults; the scale of IKSS-lite is 0.991 √`biweight_midvariance` of what 6 MAD keep.
#[test]
fn astropy_agrees_on_the_biweight() {
    nearly(slice::biweight_location(&X), 10.418119166054796);
    nearly(slice::biweight_scale(&X), 0.9523549037424578);
    nearly(slice::biweight_location(&tail()), 301.7963407964314);
    nearly(slice::biweight_scale(&tail()), 318.0647595178798);
    let ikss = slice::ikss_lite(&X).expect("valid values");
    nearly(Some(ikss.scale), 0.8501546032355034);
    assert_eq!((ikss.location, ikss.n), (10.375, 17));
    let ikss = slice::ikss_lite(&tail()).expect("valid values");
    nearly(Some(ikss.scale), 315.20217668221886);
    assert_eq!((ikss.location, ikss.n), (254.5205, 1500));
}

#[test]
fn astropy_agrees_on_the_biweight_of_f32() {
    let x = X.map(|v| v as f32);
    nearly(slice::biweight_location(&x), 10.418119143156002);
    nearly(slice::biweight_scale(&x), 0.9523548801166315);
    let ikss = slice::ikss_lite(&x).expect("valid values");
    nearly(Some(ikss.scale), 0.850154575346736);
    assert_eq!((ikss.location, ikss.n), (10.375, 17));
}

/// `sigma_clipped_stats(sigma=3, maxiters=None)`.
#[test]
fn astropy_agrees_on_the_noise_of_the_background() {
    near(slice::background_noise(&X), 0.9409420663985318);
    nearly(slice::background_noise(&tail()), 303.1664743252887);
}

/// -2 -1 -1 0 1 1 and c: M = 0, MAD = 1 for both, so |u| < 1 means |x| < 6 for the location. 6 has no say, 5.9 has.
#[test]
fn the_border_of_the_biweight_has_no_say() {
    let with = |far: f64| [-2.0, -1.0, -1.0, 0.0, 1.0, 1.0, far];
    assert_eq!(slice::mad(&with(6.0)), Some(1.0));
    assert_eq!(slice::biweight_location(&with(6.0)), slice::biweight_location(&with(1e9)));
    assert_ne!(slice::biweight_location(&with(5.9)), slice::biweight_location(&with(1e9)));
    // The number of all values enters the scale, and 9 MAD are its border.
    assert_eq!(slice::biweight_scale(&with(9.0)), slice::biweight_scale(&with(1e9)));
    assert_ne!(slice::biweight_scale(&with(8.9)), slice::biweight_scale(&with(1e9)));
}

/// The limit of IKSS-lite is kept: M = 0, MAD = 1, and 6 lies on it, its neighbour in f32 beyond.
#[test]
fn ikss_keeps_the_limit() {
    let with = |far: f32| slice::ikss_lite(&[-2.0f32, -1.0, -1.0, 0.0, 1.0, 1.0, far]).map(|found| found.n);
    assert_eq!((with(6.0), with(6.0f32.next_up())), (Some(7), Some(6)));
    let with = |far: f32| slice::ikss_lite(&[2.0f32, 1.0, 1.0, 0.0, -1.0, -1.0, far]).map(|found| found.n);
    assert_eq!((with(-6.0), with((-6.0f32).next_down())), (Some(7), Some(6)));
}

#[test]
fn without_width_the_robust_scales_are_zero() {
    let x = [5.0f32, 5.0, 5.0, 90.0];
    assert_eq!((slice::biweight_location(&x), slice::biweight_scale(&x)), (Some(5.0), Some(0.0)));
    let ikss = slice::ikss_lite(&x).expect("valid values");
    assert_eq!((ikss.location, ikss.scale, ikss.n), (5.0, 0.0, 3));
    assert_eq!(slice::background_noise(&[5.0f32; 3]), Some(0.0));
}

/// 1-based ranks 1 + 3 = 4 to 1 + 17 = 18 of twenty: 2 2 3 3 3 3 4 4 4 4 4 5 5 6 7, range 5. bin = max(1, 0.5), step = max(1, 0.05): windows
/// [2, 3), [3, 4), [4, 5): five fours, the fullest, ranks 10 to 14, i = 10, k = 15, rank 12.
/// Real numbers have bin 0.5, which holds one level too.
#[test]
fn mode_of_integers_by_hand() {
    let x =
        [0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 5.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    assert_eq!(slice::integer_mode(&x), Some(4.0));
    assert_eq!(slice::mode(&x), Some(4.0));
}

/// Ranks 4 to 18 run from 0 to 6. Whole numbers, step and bin 1: [0, 1) holds 0 0.5 0.9, [1, 2) holds 1 1 1.1 1.2 1.9, i = 7, k = 12,
/// rank 9. Real ones, step 0.06 and bin 0.6: [0.6, 1.2) is the first that holds five, 0.9 1 1 1.1 1.2 (the end is 1.2000000000000002),
/// i = 6, k = 11, rank 8.
#[test]
fn a_window_over_integers_is_at_least_one_wide_and_moves_by_one() {
    let x = [
        -3.0, -2.0, -1.0, 0.0, 0.5, 0.9, 1.0, 1.0, 1.1, 1.2, 1.9, 2.5, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0,
    ];
    assert_eq!(slice::integer_mode(&x), Some(1.1));
    assert_eq!(slice::mode(&x), Some(1.0));
}

#[test]
fn a_mode_of_large_integers_is_that_of_real_numbers() {
    let x: Vec<f64> = tail().iter().map(|v| (v * 1000.0).round()).collect();
    assert_eq!(slice::integer_mode(&x), slice::mode(&x));
}

/// Rank ⌊n/2⌋ counted from 1; one value is its own.
#[test]
fn the_median_of_irafs_statistics_is_low() {
    assert_eq!(slice::iraf_statmedian(&X), Some(10.375));
    assert_eq!(slice::iraf_statmedian(&[3.0f32, 1.0, 2.0]), Some(1.0));
    assert_eq!(slice::iraf_statmedian(&[3.0f32, 1.0]), Some(1.0));
    assert_eq!(slice::iraf_statmedian(&[3.0f32]), Some(3.0));
}

#[test]
fn numpy_agrees_in_f32() {
    let x = X.map(|v| v as f32);
    near(slice::mean(&x), 22.451249980926512);
    near(slice::std(&x, 0), 54.57561983274349);
    assert_eq!(slice::median(&x), Some(10.4375));
    assert_eq!(slice::mad(&x), Some(0.5625));
}

/// i = 4 and j = 18, counted from 1: the search runs over 9.75 9.875 10 10.125 10.25 10.25 10.375 10.5 10.625 10.75 10.9 11 11.5
/// 12.125 13, with bin = 0.325 and step = 0.0325. The window from 9.75 + 7 steps = 9.9775 to 10.3025 is the first with four values,
/// ranks 6 to 9; none has five (10.125 to 10.5 needs 0.375). i = 6, k = 10: rank 8.
#[test]
fn mode_by_hand() {
    assert_eq!(slice::mode(&X), Some(10.25));
}

/// A window is open above. z1 = 0 and z2 = 10: the first one, [0, 1), holds 0 0 and not 1 1; the fullest one holds 5 5.2 5.4.
#[test]
fn mode_does_not_count_the_upper_end_of_a_window() {
    let low = [-5.0, -5.0, -5.0];
    let searched = [0.0, 0.0, 1.0, 1.0, 2.5, 3.7, 5.0, 5.2, 5.4, 6.6, 7.7, 8.8, 10.0, 10.0, 10.0];
    let x: Vec<f64> = low.into_iter().chain(searched).chain([60.0, 250.0]).collect();
    assert_eq!(slice::mode(&x), Some(5.2));
}

#[test]
fn mode_of_fewer_than_ten_is_the_middle_one() {
    assert_eq!(slice::mode(&[5.0f32]), Some(5.0));
    assert_eq!(slice::mode(&[6.0f32, 5.0]), Some(5.0));
    assert_eq!(slice::mode(&[9.0f32, 7.0, 8.0, 6.0, 5.0]), Some(6.0));
}

#[test]
fn mode_of_equal_values_and_of_an_infinite_range_is_the_low_end() {
    assert_eq!(slice::mode(&[5.0f32; 12]), Some(5.0));
    let mut wide = [f64::MIN; 20];
    wide[10..].fill(f64::MAX);
    assert_eq!(slice::mode(&wide), Some(f64::MIN));
}

/// Next to each other in f64: the window is narrower than the last place, the search must still end.
#[test]
fn mode_of_neighbouring_values_ends() {
    let mut x = [1.0f64; 20];
    x[12..].fill(1.0f64.next_up());
    assert!(slice::mode(&x).is_some_and(|mode| mode == 1.0 || mode == 1.0f64.next_up()));
}

#[test]
fn nothing_valid_is_none_everywhere() {
    for x in [&[][..], &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY][..]] {
        assert_eq!((slice::median(x), slice::lmedian(x), slice::percentile(x, 0.3)), (None, None, None));
        assert_eq!(
            (slice::mad(x), slice::mad_std(x), slice::iqr(x), slice::iqr_std(x)),
            (None, None, None, None)
        );
        assert_eq!(
            (slice::mean(x), slice::sum(x), slice::variance(x, 0), slice::std(x, 0)),
            (None, None, None, None)
        );
        assert_eq!((slice::mode(x), slice::min_max(x)), (None, None));
        assert_eq!((slice::integer_mode(x), slice::iraf_statmedian(x)), (None, None));
        assert_eq!((slice::biweight_location(x), slice::biweight_scale(x)), (None, None));
        assert_eq!((slice::ikss_lite(x), slice::background_noise(x)), (None, None));
        assert_eq!(slice::sigma_clipped_stats(x, &SigmaClip::default()), None);
    }
}

#[test]
fn one_value_is_its_own_statistics() {
    let x = [f64::NAN, -3.5, f64::INFINITY];
    assert_eq!(
        (slice::median(&x), slice::lmedian(&x), slice::percentile(&x, 0.9)),
        (Some(-3.5), Some(-3.5), Some(-3.5))
    );
    assert_eq!(
        (slice::mad(&x), slice::iqr(&x), slice::std(&x, 0), slice::std(&x, 1)),
        (Some(0.0), Some(0.0), Some(0.0), None)
    );
    let clipped = slice::sigma_clipped_stats(&x, &SigmaClip::default()).expect("a value");
    assert_eq!((clipped.mean, clipped.median, clipped.std, clipped.n), (-3.5, -3.5, 0.0, 1));
}

#[test]
fn minus_zero_is_returned_as_plus_zero() {
    let x = [-0.0f32, -0.0, -0.0];
    let bits = [slice::median(&x), slice::lmedian(&x), slice::percentile(&x, 0.5), slice::mode(&x)];
    assert!(bits.iter().all(|v| v.map(f32::to_bits) == Some(0)), "{bits:?}");
    let (min, max) = slice::min_max(&x).expect("valid");
    assert_eq!((min.to_bits(), max.to_bits()), (0, 0));
    assert_eq!((slice::mean(&x).map(f64::to_bits), slice::sum(&x).map(f64::to_bits)), (Some(0), Some(0)));
}

/// The mean of 1 and 1 + 2⁻²³ is a tie in f32, to even: 1. Percentile 0.5 rounds the same number.
#[test]
fn positions_are_rounded_once_to_their_type() {
    let x = [1.0f32 + f32::EPSILON, 1.0];
    assert_eq!((slice::median(&x), slice::percentile(&x, 0.5)), (Some(1.0), Some(1.0)));
    // Widths are not rounded: about c = 1 the deviations are 0 and 2⁻²³.
    assert_eq!(slice::mad(&x), Some(f64::from(f32::EPSILON) / 2.0));
}

/// 1, then 127 times u = 2⁻⁵³: u is lost beside 1 in the first chunk of 64, but the second one sums to 64 u.
#[test]
fn sums_start_anew_every_64_entries() {
    let u = 2f64.powi(-53);
    let mut x = vec![u; 128];
    x[0] = 1.0;
    assert_eq!(slice::sum(&x), Some(1.0 + 2f64.powi(-47)));
    // A gap keeps its place: the second chunk still begins at entry 64.
    x[1] = f64::NAN;
    assert_eq!(slice::sum(&x), Some(1.0 + 2f64.powi(-47)));
    x[64] = f64::NAN;
    assert_eq!(slice::sum(&x), Some(1.0 + 63.0 * u));
}

/// All digits that matter lie behind a common offset: a plain sum of f64 would lose them.
#[test]
fn a_common_offset_costs_no_digits() {
    let x = [1e15 + 1.0, 1e15 + 2.0, 1e15 + 4.0, 1e15 + 9.0];
    assert_eq!((slice::mean(&x), slice::variance(&x, 0)), (Some(1e15 + 4.0), Some(9.5)));
}

#[test]
fn clipping_may_leave_nothing() {
    let clip = SigmaClip { lsigma: 0.5, hsigma: 0.5, ..SigmaClip::default() };
    assert_eq!(slice::sigma_clipped_stats(&[0.0f32, 2.0], &clip), None);
}

/// 5 5 5 9: MAD 0 drops the 9; with an infinite factor ∞·0 must not.
#[test]
fn zero_spread_drops_what_differs() {
    let x = [5.0f32, 9.0, 5.0, 5.0];
    let clip = SigmaClip { spread: ClipSpread::MadStd, ..SigmaClip::default() };
    assert_eq!(slice::sigma_clipped_stats(&x, &clip).map(|s| s.n), Some(3));
    let one_sided = SigmaClip { hsigma: f64::INFINITY, ..clip };
    assert_eq!(slice::sigma_clipped_stats(&x, &one_sided).map(|s| s.n), Some(4));
}

/// Median 0, MAD 1. σ = 1.482602218505602 becomes 1.48260224 in f32; k σ lies on this and that side of 10.
#[test]
fn a_mad_width_is_rounded_to_the_working_type() {
    let x = [-2.0, -1.0, -1.0, 0.0, 1.0, 1.0, 10.0];
    let between = (1.482602218505602 + f64::from(1.482602218505602f64 as f32)) / 2.0;
    let clip = SigmaClip { hsigma: 10.0 / between, spread: ClipSpread::MadStd, ..SigmaClip::default() };
    assert_eq!(slice::sigma_clipped_stats(&x, &clip).map(|s| s.n), Some(6));
    assert_eq!(slice::sigma_clipped_stats(&x.map(|v| v as f32), &clip).map(|s| s.n), Some(7));
}

/// 0 0 1 about the mean: V = 2/9, c = 1/3, in f32 0.33333334; k σ lies between the two distances of the zeros.
#[test]
fn a_mean_centre_is_rounded_to_the_working_type() {
    let x = [0.0, 0.0, 1.0];
    let between = (1.0 / 3.0 + f64::from((1.0 / 3.0f64) as f32)) / 2.0;
    let lsigma = between / (2.0 / 9.0f64).sqrt();
    let clip = SigmaClip {
        lsigma,
        hsigma: f64::INFINITY,
        maxiters: Some(1),
        center: ClipCenter::Mean,
        ..SigmaClip::default()
    };
    assert_eq!(slice::sigma_clipped_stats(&x, &clip).map(|s| s.n), Some(3));
    assert_eq!(slice::sigma_clipped_stats(&x.map(|v| v as f32), &clip).map(|s| s.n), Some(1));
}

#[test]
fn an_overflowing_variance_ends_the_clipping() {
    let x = [-1e300, 0.0, 1e300, 1.0];
    let clip = SigmaClip { lsigma: 0.1, hsigma: 0.1, ..SigmaClip::default() };
    assert_eq!(slice::sigma_clipped_stats(&x, &clip).map(|s| s.n), Some(4));
    assert!(slice::variance(&x, 0).is_some_and(|v| !v.is_finite()));
}

#[test]
#[should_panic(expected = "a fraction within 0 and 1 is needed")]
fn a_percentile_is_a_fraction() {
    let _ = slice::percentile(&[1.0f32], 50.0);
}

#[test]
#[should_panic(expected = "hsigma is NaN")]
fn a_factor_is_a_number() {
    let _ = slice::sigma_clipped_stats(&[1.0f32], &SigmaClip { hsigma: f64::NAN, ..SigmaClip::default() });
}

/// Values near both limits of f64 have their statistics, and the searches end.
#[test]
fn values_at_the_limits_of_f64_neither_overflow_nor_hang() {
    use skystack_stats::slice::{iqr, mad, mode, percentile};
    assert_eq!(percentile(&[f64::MIN, f64::MAX], 0.0), Some(f64::MIN));
    assert_eq!(iqr(&[f64::MIN, f64::MIN, f64::MIN, f64::MIN, f64::MAX]), Some(0.0));
    assert_eq!(mad(&[-1e308, 1e308, -1e308, 1e308]), Some(1e308));
    use skystack_stats::slice::{biweight_location, biweight_scale, ikss_lite};
    let ends = [f64::MIN, f64::MIN, f64::MAX, f64::MAX];
    assert_eq!(biweight_location(&ends), Some(0.0));
    assert_eq!(biweight_scale(&ends), Some(f64::INFINITY));
    assert_eq!(ikss_lite(&ends).map(|found| found.n), Some(4));
    let tiny: Vec<f64> = [0.0; 10].into_iter().chain([2e-323; 10]).collect();
    assert_eq!(mode(&tiny), Some(0.0));
}
