//! How many good samples each rejection takes from normal columns.

use ndarray::Axis;
use skystack::simulate::theory::{self, KnownSigma, normal_cdf, normal_pdf};
use skystack::{
    AvSigClip, CcdClip, Center, Convention, CountProduct, CubeProduct, Gesd, LinearFit, MaxOutliers,
    MeanClip, MedSigma, PClip, Percentile, Products, SigClip, Stacker, VarClip, VarRule, Winsorized,
    WinsorizedRule, madclip,
};

use crate::common::{
    combine, draw, is, is_between, modelled, normal, normals, pixels, pixels_for, rejected, unit_noise,
};
use crate::quadrature::outlying;

/// sigclip about the mean with the pixel's own deviation of n − 1, once: the clip whose rate is known exactly.
fn studentised(k: f64) -> SigClip {
    SigClip::ccdproc().ddof(1).center(Center::Mean).lsigma(k).hsigma(k).maxiters(Some(1))
}

#[test]
fn the_first_pass_of_sigclip_has_its_exact_rate() {
    let table: [(f64, &[(usize, f64)]); 3] = [
        (
            2.0,
            &[
                (6, 6.1e-4),
                (7, 0.00863),
                (8, 0.0152),
                (10, 0.0234),
                (15, 0.0324),
                (20, 0.0362),
                (30, 0.0396),
                (50, 0.0421),
            ],
        ),
        (
            2.5,
            &[
                (9, 1.9e-4),
                (10, 8.2e-4),
                (12, 0.00237),
                (15, 0.00429),
                (20, 0.00635),
                (30, 0.00843),
                (50, 0.0101),
            ],
        ),
        (3.0, &[(15, 1.3e-4), (20, 5.0e-4), (30, 0.0011), (50, 0.00169)]),
    ];
    for (k, row) in table {
        for &(n, tabulated) in row {
            let exact = theory::sample_sigma_false_rejection(n, k);
            is(&format!("rate of the table, n = {n}, k = {k}"), tabulated, exact, 0.02 * exact + 5e-6);
            rejected(studentised(k), &normals(n, pixels_for(n), n as u64))
                .is(&format!("sigclip, n = {n}, k = {k}, once"), exact);
        }
    }
}

/// (n − 1)/√n is the largest deviation there is: nothing goes, whatever the samples are.
#[test]
fn sigclip_rejects_nothing_from_too_few() {
    for (k, most) in [(2.0, 5), (2.5, 8), (3.0, 10), (4.0, 17)] {
        let stack = normals(most, pixels_for(most), 40);
        assert_eq!(rejected(studentised(k), &stack).rate, 0.0, "n = {most}, k = {k}");
    }
    // IRAF's, about the median: √(n−1).
    for (k, most) in [(2.0, 5), (2.5, 7), (3.0, 10), (4.0, 17)] {
        let stack = normals(most, pixels_for(most), 40);
        assert_eq!(
            rejected(SigClip::iraf().lsigma(k).hsigma(k), &stack).rate,
            0.0,
            "iraf, n = {most}, k = {k}"
        );
    }
}

#[test]
fn the_iterated_clip_lies_between_its_first_pass_and_the_fixed_point() {
    for (n, k) in [(12, 2.0), (20, 2.5), (30, 3.0)] {
        let stack = normals(n, pixels_for(n), 50 + n as u64);
        let first = rejected(studentised(k), &stack);
        let iterated = rejected(studentised(k).maxiters(None), &stack);
        // Of endless columns the deviation shrinks to s = sd of what lies within k s.
        let fixed = (0..100).fold(1.0_f64, |s, _| s.min(KnownSigma { k: k * s }.kept_sigma()));
        let limit = 2.0 * normal_cdf(-k * fixed);
        is_between(&format!("sigclip, n = {n}, k = {k}, iterated"), iterated.rate, first.rate, limit);
        assert!(iterated.rate > first.rate, "n = {n}: {iterated:?} after {first:?}");
        // And it is what columns clipped by other code lose (IRAF's).
        let columns = pixels_for(n) as u64;
        let other = theory::MonteCarlo { samples: n, k, skewness: 0.0, step: 0.0, columns };
        let expected = other.clean(theory::Statistic::Average, 5);
        let found = rejected(SigClip::iraf().lsigma(k).hsigma(k), &stack);
        let error = found.error.hypot((expected.rejected_variance / columns as f64).sqrt() / n as f64);
        is(
            &format!("sigclip iraf, n = {n}, k = {k}, iterated"),
            found.rate,
            expected.false_rejection,
            5.0 * error,
        );
    }
}

#[test]
fn ccdclip_about_the_mean_has_its_exact_rate() {
    for (n, tabulated) in [(5, 7.96e-4), (10, 0.001565), (20, 0.002084), (50, 0.002442)] {
        let clip = CcdClip::imcombiners().center(Center::Mean).maxiters(Some(1)).nkeep(0);
        let exact = theory::modelled_false_rejection(n, 3.0);
        is(&format!("rate of the table, n = {n}"), tabulated, exact, 1e-6);
        rejected(clip, &normals(n, pixels_for(n), 60 + n as u64))
            .is(&format!("ccdclip about the mean, n = {n}"), exact);
    }
}

/// Every clip of a known width about the median is the same clip.
#[test]
fn clips_of_known_width_about_the_median_have_their_exact_rate() {
    for n in [3, 4, 5, 10, 20, 50] {
        let stack = normals(n, pixels_for(n), 70 + n as u64);
        let exact = outlying(n, 3.0);
        rejected(modelled(3.0), &stack).is(&format!("ccdclip, n = {n}"), exact);
        rejected(modelled(3.0).lsigma(f64::INFINITY), &stack).is(&format!("crreject, n = {n}"), 0.5 * exact);
        rejected(VarClip::dragons().maxiters(Some(1)), &stack)
            .is(&format!("varclip dragons, n = {n}"), exact);
        let mut swarp = VarClip::swarp().lsigma(3.0).hsigma(3.0);
        swarp.rule = VarRule::Swarp { ampfrac: 0.0 };
        rejected(swarp, &stack).is(&format!("varclip swarp, n = {n}"), exact);
        // 3 σ is 3e-4 of a level of 1e4.
        let raised = stack.mapv(|value| 1e4 + value);
        let percentile = Percentile::new(3e-4, 3e-4);
        let rate = rejected(percentile, &raised);
        is(&format!("percentile, n = {n}"), rate.rate, exact, 5.0 * rate.error + 0.01 * exact);
    }
    // To convergence no less goes.
    let stack = normals(10, pixels(), 77);
    let iterated = rejected(CcdClip::iraf().nkeep(0), &stack);
    is_between("ccdclip, n = 10, iterated", iterated.rate, outlying(10, 3.0), 1.05 * outlying(10, 3.0));
}

/// The MAD of few samples is too small, and madclip rejects what it should not: documented, not hidden.
#[test]
fn madclip_of_few_samples_rejects_as_tabulated() {
    for (n, tabulated, digit) in [
        (3, 0.110, 1e-3),
        (4, 0.055, 1e-3),
        (5, 0.069, 1e-3),
        (10, 0.028, 1e-3),
        (20, 0.014, 1e-3),
        (50, 0.0066, 1e-4),
    ] {
        let clip = madclip(Convention::Textbook).expect("it is defined").maxiters(Some(1));
        let rate = rejected(clip, &normals(n, pixels_for(n), 80 + n as u64));
        is(&format!("madclip, n = {n}, once"), rate.rate, tabulated, 5.0 * rate.error + 0.5 * digit);
    }
}

/// A row of many pixels knows S: what is left is a clip of known width, which the sample about its own median narrows.
#[test]
fn avsigclip_has_the_rate_of_its_pooled_scatter() {
    for n in [3, 5, 9] {
        // sigma is the root of the level, and the level is the same for all samples to a part in a thousand
        let level: f64 = 1e8;
        let stack = draw(n, pixels(), 90 + n as u64, |_, rng| level + level.sqrt() * normal(rng));
        // E Σ(x−median)² = (n − 2 + n var(median)) σ², over all samples of the row
        let narrower = ((n as f64 - 2.0 + theory::median_noise_factor(n)) / n as f64).sqrt();
        let first = outlying(n, 3.0 * narrower);
        let rate = rejected(AvSigClip::iraf().nkeep(0), &stack);
        // It is iterated: a little more goes, never less.
        is_between(
            &format!("avsigclip, n = {n}"),
            rate.rate,
            first - 5.0 * rate.error - 0.02 * first,
            1.06 * first + 5.0 * rate.error,
        );
    }
}

/// The rate of gesd is that of columns: about alpha of them lose a sample. Bonferroni's bound is a little cautious for one outlier; the
/// approximation of several is good from 25 samples on.
#[test]
fn gesd_rejects_from_alpha_of_the_clean_columns() {
    for (n, alpha, most) in [(15, 0.05, 1.6), (25, 0.05, 1.25), (30, 0.1, 1.25), (25, 0.01, 1.25)] {
        let stack = normals(n, pixels_for(n), 110 + n as u64);
        let columns = |gesd: Gesd| {
            let stacker =
                Stacker::new().reject(gesd.alpha(alpha)).products(Products::NONE.with(CountProduct::Nrej));
            let combined = combine(&stacker, &stack);
            let nrej = combined.counts(CountProduct::Nrej).expect("it was asked for");
            nrej.iter().filter(|&&count| count > 0).count() as f64 / nrej.len() as f64
        };
        let error = 5.0 * (alpha / pixels_for(n) as f64).sqrt();
        // One outlier at most is Grubbs' test, exact but for two samples beyond at once: below alpha²/2.
        let one = columns(Gesd::textbook().outliers(MaxOutliers::Count(1)));
        is_between(
            &format!("columns of {n}, gesd of one outlier, alpha {alpha}"),
            one,
            alpha - 0.5 * alpha * alpha - error,
            alpha + error,
        );
        let many = columns(Gesd::textbook());
        is_between(&format!("columns of {n}, gesd, alpha {alpha}"), many, one, most * alpha);
    }
}

/// Widths of endless columns are known; those of hundreds are near them.
#[test]
fn rejections_of_long_columns_approach_their_limits() {
    let n = 1001;
    let stack = normals(n, pixels_for(n), 120);
    let nominal = KnownSigma { k: 3.0 }.false_rejection();
    // three rounds: from σ, to the sd within 3 σ, to the sd within 3 of that
    let second = KnownSigma { k: 3.0 }.kept_sigma();
    let third = KnownSigma { k: 3.0 * second }.kept_sigma();
    let meanclip = rejected(MeanClip::lsst(), &stack);
    is(
        "meanclip, n = 1001",
        meanclip.rate,
        2.0 * normal_cdf(-3.0 * third),
        5.0 * meanclip.error + 0.02 * nominal,
    );
    // pclip: a width from the quartile, 0.67449 σ
    let pclip = rejected(PClip::iraf().nkeep(0), &stack);
    // and of n samples, with the variance 3/(16 n phi^2) of the quartile: t phi(t) var(t)
    let t = 3.0 * 0.67449;
    let variance = 9.0 * 3.0 / (16.0 * n as f64 * normal_pdf(0.67449).powi(2));
    let expected = 2.0 * normal_cdf(-t) + t * normal_pdf(t) * variance;
    is("pclip, n = 1001", pclip.rate, expected, 5.0 * pclip.error + 0.01 * expected);
    for rule in [WinsorizedRule::Median, WinsorizedRule::MovingMean { cutoff: 5.0 }] {
        let winsorized = rejected(Winsorized::textbook().rule(rule), &stack);
        let tolerance = 5.0 * winsorized.error + 0.02 * nominal;
        is(&format!("winsorized {rule:?}, n = 1001"), winsorized.rate, winsorized_limit(3.0), tolerance);
    }
}

/// Rate of winsorized at k for endless columns: rounds and passes as the rule has them, of a normal distribution that is cut off at ± t by
/// the passes before.
fn winsorized_limit(k: f64) -> f64 {
    // Variance of what lies within ± t, clamped at ± c.
    let variance = |c: f64, t: f64| {
        let (c, within) = (c.min(t), 2.0 * normal_cdf(t) - 1.0);
        let inside = 2.0 * normal_cdf(c) - 1.0 - 2.0 * c * normal_pdf(c);
        (inside + 2.0 * c * c * (normal_cdf(t) - normal_cdf(c))) / within
    };
    let mut t: f64 = 38.0;
    for _ in 0..50 {
        let (mut s, mut c) = (variance(t, t).sqrt(), f64::INFINITY);
        for _ in 0..100 {
            c = c.min(1.5 * s);
            let before = std::mem::replace(&mut s, 1.134 * variance(c, t).sqrt());
            if (s - before).abs() <= 0.0005 * before {
                break;
            }
        }
        t = t.min(k * s);
    }
    2.0 * normal_cdf(-t)
}

/// medsigma tests as sigclip does: once, it replaces what that would drop.
#[test]
fn medsigma_replaces_what_sigclip_would_drop() {
    let n = 15;
    let stack = normals(n, pixels(), 130);
    let nrej = |stacker: Stacker| {
        let combined = combine(&stacker.products(Products::NONE.with(CountProduct::Nrej)), &stack);
        combined.counts(CountProduct::Nrej).cloned().expect("it was asked for")
    };
    let replaced = nrej(Stacker::new().reject(MedSigma::siril().lsigma(2.5).hsigma(2.5).maxiters(1)));
    let dropped = nrej(Stacker::new().reject(SigClip::siril().lsigma(2.5).hsigma(2.5).maxiters(Some(1))));
    assert!(replaced == dropped && dropped.iter().any(|&count| count > 0));
}

/// Sorted normal samples lie on no line: linearfit takes more from longer columns. No theory has its rate; this is what it is.
#[test]
fn linearfit_takes_more_from_longer_columns() {
    let rates =
        [9, 15, 31].map(|n| rejected(LinearFit::textbook(), &normals(n, pixels_for(n), 140 + n as u64)).rate);
    println!("linearfit of 9, 15 and 31 clean samples rejects {rates:?}");
    assert!(rates[0] < rates[1] && rates[1] < rates[2] && rates[2] < 0.2, "{rates:?}");
}

/// No frame and no side of the image loses more than another.
#[test]
fn rejections_do_not_prefer_frames_or_sides() {
    let n = 10;
    let stack = normals(n, pixels(), 150);
    let stacker = Stacker::new().reject(modelled(2.0)).noise(unit_noise());
    let combined = combine(&stacker.products(Products::NONE.with(CubeProduct::Rejmask)), &stack);
    let mask = combined.cube(CubeProduct::Rejmask).expect("it was asked for").mapv(u64::from);
    let frames: Vec<u64> = mask.outer_iter().map(|plane| plane.sum()).collect();
    // Samples of a column are less than independent: the sum over frames is nearly fixed, so this is cautious.
    is_even("frames", &frames);
    let columns = mask.sum_axis(Axis(0)).sum_axis(Axis(0));
    let sides: Vec<u64> =
        columns.exact_chunks(columns.len() / 2).into_iter().map(|side| side.sum()).collect();
    is_even("sides", &sides);
    // Lanes of a register are neighbours in x.
    let lanes: Vec<u64> = (0..16).map(|lane| columns.iter().skip(lane).step_by(16).sum()).collect();
    is_even("lanes", &lanes);
}

/// χ² of equal parts, by Wilson and Hilferty's cube root: below a probability of 1e-6.
#[track_caller]
fn is_even(what: &str, counts: &[u64]) {
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    let square: f64 = counts.iter().map(|&count| (count as f64 - mean).powi(2) / mean).sum();
    let dof = (counts.len() - 1) as f64;
    let normal = ((square / dof).cbrt() - 1.0 + 2.0 / (9.0 * dof)) * (9.0 * dof / 2.0).sqrt();
    is_between(&format!("chi square of {what}, as a normal deviate"), normal, -5.0, 4.75);
}
