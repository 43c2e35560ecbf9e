//! Noise and bias of the statistics themselves, without outliers.

use rand_distr::{Distribution, Poisson};
use skystack::simulate::theory;
use skystack::stats::slice;
use skystack::{CcdClip, Center, Combine, Extrema, MinMax, SigClip, Stacker, Weight};

use crate::common::{
    ERRORS, combine, draw, is, is_between, modelled, moments, normal, normals, pixels, pixels_for, unit_noise,
};

/// n · var(median of n), by quadrature.
const MEDIANS: [(usize, f64); 13] = [
    (3, 1.34601),
    (4, 1.19280),
    (5, 1.43417),
    (6, 1.28846),
    (7, 1.47313),
    (9, 1.49491),
    (10, 1.38326),
    (12, 1.41019),
    (15, 1.52542),
    (20, 1.46874),
    (21, 1.53845),
    (31, 1.54893),
    (101, 1.56411),
];

#[test]
fn mean_and_median_have_their_noise() {
    for (n, median_factor) in MEDIANS {
        let stack = normals(n, pixels_for(n), 100 + n as u64);
        let mean = moments(&combine(&Stacker::new(), &stack).image);
        let median = moments(&combine(&Stacker::new().combine(Combine::Median), &stack).image);
        let tolerance = ERRORS * mean.relative_variance_error();
        let samples = n as f64;
        is(&format!("n var(mean), n = {n}"), samples * mean.variance, 1.0, tolerance);
        is(
            &format!("n var(median), n = {n}"),
            samples * median.variance,
            median_factor,
            tolerance * median_factor,
        );
        is(&format!("mean of the mean, n = {n}"), mean.mean, 0.0, ERRORS * mean.mean_error());
        is(&format!("mean of the median, n = {n}"), median.mean, 0.0, ERRORS * median.mean_error());
        // Of the same samples: most of the scatter of the two variances is common.
        let ratio = median.variance / mean.variance;
        let paired = ERRORS * ratio * (4.0 * (1.0 - 1.0 / median_factor) / mean.count).sqrt();
        is(
            &format!("var(median) / var(mean), n = {n}"),
            ratio,
            median_factor,
            paired.max(0.01 * median_factor).min(tolerance * median_factor),
        );
    }
}

/// What is left of 3 or 4 samples without their extremes is the median.
#[test]
fn minmax_has_the_noise_of_a_trimmed_mean() {
    for (n, factor) in [(3, 1.34601), (4, 1.19280)] {
        let stack = normals(n, pixels(), 200 + n as u64);
        let trimmed = moments(&combine(&Stacker::new().reject(MinMax::new(1.0, 1.0)), &stack).image);
        let tolerance = ERRORS * trimmed.relative_variance_error() * factor;
        is(&format!("n var(mean without extremes), n = {n}"), n as f64 * trimmed.variance, factor, tolerance);
    }
    let n = 100;
    let stack = normals(n, pixels_for(n), 250);
    for (drop, efficiency) in [(5, 0.974), (10, 0.943), (20, 0.874), (25, 0.837)] {
        let fixed = Stacker::new().reject(Extrema::new(drop, drop));
        let found = moments(&combine(&fixed, &stack).image);
        // The formula is asymptotic: half a percent remains for 100 samples.
        let tolerance = (ERRORS * found.relative_variance_error() + 0.005) / efficiency;
        is(
            &format!("n var, {drop} % trimmed on each side"),
            n as f64 * found.variance,
            1.0 / efficiency,
            tolerance,
        );
    }
}

#[test]
fn dropping_the_highest_only_is_biased() {
    for (n, bias) in [(3, -0.4231), (5, -0.2907), (7, -0.2254), (10, -0.1710), (15, -0.1240), (20, -0.0983)] {
        let stack = normals(n, pixels(), 300 + n as u64);
        let found = moments(&combine(&Stacker::new().reject(MinMax::new(0.0, 1.0)), &stack).image);
        is(
            &format!("bias without the highest, n = {n}"),
            found.mean,
            bias,
            ERRORS * found.mean_error() + 5e-5,
        );
    }
}

/// A clip of known σ: rejection costs more noise than the part that it rejects.
#[test]
fn clips_have_their_efficiency() {
    let n = 200;
    let stack = normals(n, pixels_for(n), 400);
    let table =
        [(1.5, 0.75052, 0.60544), (2.0, 0.82512, 0.76866), (2.5, 0.91548, 0.90342), (3.0, 0.97221, 0.97091)];
    for (k, about_mean, about_median) in table {
        // convention imcombiners: about the plain mean
        let mean_clip = CcdClip::imcombiners().center(Center::Mean).lsigma(k).hsigma(k).maxiters(Some(1));
        for (name, clip, efficiency) in
            [("mean", mean_clip, about_mean), ("median", modelled(k), about_median)]
        {
            let found = moments(&combine(&Stacker::new().reject(clip).noise(unit_noise()), &stack).image);
            // Asymptotic as well.
            let tolerance = (ERRORS * found.relative_variance_error() + 0.005) / efficiency;
            is(
                &format!("n var, {k} sigma about the {name}, once"),
                n as f64 * found.variance,
                1.0 / efficiency,
                tolerance,
            );
        }
    }
}

/// To convergence with the pixel's own scatter there is no formula: plain columns, clipped by code of its own, tell.
#[test]
fn the_iterated_clip_has_the_noise_of_its_columns() {
    for (n, k) in [(10, 2.0), (15, 3.0), (20, 2.5)] {
        let columns = pixels() as u64;
        let of_columns = theory::MonteCarlo { samples: n, k, skewness: 0.0, step: 0.0, columns };
        let expected = of_columns.clean(theory::Statistic::Average, 7).noise_factor;
        let stack = normals(n, pixels(), 450 + n as u64);
        let found =
            moments(&combine(&Stacker::new().reject(SigClip::iraf().lsigma(k).hsigma(k)), &stack).image);
        let tolerance = ERRORS * expected * (2.0 / found.count + 2.0 / columns as f64).sqrt();
        is(&format!("n var, iterated at {k} sigma, n = {n}"), n as f64 * found.variance, expected, tolerance);
    }
}

#[test]
fn weights_give_the_inverse_variance_mean() {
    let sigmas = [1.0, 1.0, 2.0, 0.5, 3.0, 1.5, 1.0, 2.5];
    let n = sigmas.len() as f64;
    let stack = draw(sigmas.len(), pixels(), 500, |frame, rng| 100.0 + sigmas[frame] * normal(rng));
    let inverse: Vec<f64> = sigmas.iter().map(|sigma: &f64| sigma.powi(-2)).collect();
    let best = 1.0 / inverse.iter().sum::<f64>();
    let equal = sigmas.iter().map(|sigma| sigma * sigma).sum::<f64>() / (n * n);
    let cases = [
        ("given", Weight::Given(inverse), best),
        ("measured", Weight::Noise, best),
        ("equal", Weight::None, equal),
    ];
    for (name, weight, expected) in cases {
        let found = moments(&combine(&Stacker::new().weight(weight), &stack).image);
        let tolerance = (ERRORS * found.relative_variance_error()).max(0.01) * expected;
        is(&format!("variance, weights {name}"), found.variance, expected, tolerance);
        is(&format!("bias, weights {name}"), found.mean, 100.0, ERRORS * found.mean_error());
    }
    // Weights that have nothing to do with the noise are worse than none.
    assert!(equal / best > 2.0);
}

/// Frames of flux s and noise V, scaled by 1/s: weights s²/V are best, and var = 1/Σ(s²/V).
#[test]
fn scaled_frames_have_the_noise_of_their_weights() {
    let fluxes: [f64; 6] = [1.0, 0.5, 2.0, 0.8, 1.3, 0.25];
    let level: f64 = 1000.0;
    // sky-limited: V = s T
    let stack = draw(fluxes.len(), pixels(), 600, |frame, rng| {
        fluxes[frame] * level + (fluxes[frame] * level).sqrt() * normal(rng)
    });
    let multipliers = fluxes.iter().map(|flux| 1.0 / flux).collect();
    let weights: Vec<f64> = fluxes.to_vec();
    let stacker = Stacker::new().scale(skystack::Norm::Given(multipliers)).weight(Weight::Given(weights));
    let found = moments(&combine(&stacker, &stack).image);
    let best = level / fluxes.iter().sum::<f64>();
    is(
        "variance, scale 1/s and weight s",
        found.variance,
        best,
        (ERRORS * found.relative_variance_error()).max(0.01) * best,
    );
    is("bias, scale 1/s and weight s", found.mean, level, ERRORS * found.mean_error());
}

/// Weights of the pixel's own value would give the harmonic mean, a DN below on Poisson samples. Those of frames do not.
#[test]
fn measured_weights_do_not_pull_poisson_samples_down() {
    let poisson = Poisson::new(100.0).expect("a good mean");
    let stack = draw(10, pixels(), 700, |_, rng| poisson.sample(rng));
    for weight in [Weight::Noise, Weight::Mean, Weight::Median] {
        let name = format!("{weight:?}");
        let found = moments(&combine(&Stacker::new().weight(weight), &stack).image);
        is(&format!("bias of weights of {name}"), found.mean, 100.0, ERRORS * found.mean_error());
    }
}

/// A symmetric clip of skewed samples is biased: λ (p(a−1) − p(b)) / P(a..b), p the Poisson probability.
#[test]
fn a_clip_of_poisson_samples_has_the_bias_of_its_limits() {
    let lambda: f64 = 100.0;
    let poisson = Poisson::new(lambda).expect("a good mean");
    let stack = draw(20, pixels(), 800, |_, rng| poisson.sample(rng));
    for (k, bias) in [(2.0, -0.1461), (3.0, -0.0359)] {
        let half = k * lambda.sqrt();
        let stacker = Stacker::new().lthreshold(lambda - half).hthreshold(lambda + half);
        let found = moments(&combine(&stacker, &stack).image);
        // The mean of the kept: a pixel weighs its samples equally, however many they are; the difference is far below.
        is(
            &format!("bias within {k} sigma of 100 e-"),
            found.mean - lambda,
            bias,
            ERRORS * found.mean_error() + 5e-5,
        );
    }
}

/// Widths of few samples are biased; the tables say by how much.
#[test]
fn widths_of_few_samples_have_their_factors() {
    let mads = [
        (3, 1.486),
        (4, 1.363),
        (5, 1.217),
        (6, 1.189),
        (7, 1.137),
        (8, 1.129),
        (9, 1.101),
        (10, 1.096),
        (20, 1.042),
    ];
    for (n, factor) in mads {
        let found = widths(n, |column| slice::mad_std(column).expect("it is not empty"));
        is(&format!("mean of 1.4826 MAD, n = {n}"), found.0, 1.0 / factor, found.1 + 0.002 / factor);
    }
    for (n, c4) in [(3, 0.8862), (5, 0.9400), (10, 0.9727), (20, 0.9869)] {
        let found = widths(n, |column| slice::std(column, 1).expect("it is not empty"));
        is(&format!("mean of s, n = {n}"), found.0, c4, found.1 + 5e-5);
    }
    for (n, expected) in [(5, 0.733), (10, 0.869), (20, 0.933)] {
        let found = widths(n, |column| slice::iqr_std(column).expect("it is not empty"));
        is(&format!("mean of IQR / 1.349, n = {n}"), found.0, expected, found.1 + 5e-4);
    }
}

/// Mean of a width over columns, and five standard errors of it.
fn widths(n: usize, width: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let samples = normals(1, pixels() / 2, 900 + n as u64);
    let samples = samples.as_slice().expect("a fresh array is contiguous");
    let widths: Vec<f64> = samples.chunks_exact(n).map(width).collect();
    let found = moments(&widths);
    (found.mean, ERRORS * found.mean_error())
}

/// A one-sided clip takes the upper tail only: the mean is low by φ(k)/Φ(k).
#[test]
fn crreject_is_biased_as_a_one_sided_clip() {
    let n = 200;
    let stack = normals(n, pixels_for(n), 950);
    for (k, bias) in [(2.0, -0.0552), (3.0, -0.00444)] {
        let clip = CcdClip::iraf().lsigma(f64::INFINITY).hsigma(k).maxiters(Some(1));
        let found = moments(&combine(&Stacker::new().reject(clip).noise(unit_noise()), &stack).image);
        is(
            &format!("bias of crreject at {k} sigma"),
            found.mean,
            bias,
            ERRORS * found.mean_error() + 0.01 * bias.abs(),
        );
    }
    // To convergence it takes more, and leaves less.
    let clip = CcdClip::iraf().lsigma(f64::INFINITY).hsigma(2.0);
    let found = moments(&combine(&Stacker::new().reject(clip).noise(unit_noise()), &stack).image);
    is_between("bias of crreject at 2 sigma, iterated", found.mean, -0.075, -0.0552);
}
