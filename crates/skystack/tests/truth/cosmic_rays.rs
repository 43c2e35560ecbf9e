//! What happens to samples that are hit: caught or not, and what stays behind in the image.

use ndarray::{Axis, s};
use skystack::simulate::theory;
use skystack::{CcdClip, Center, Combine, CountProduct, CubeProduct, Products, Rejection, SigClip, Stacker};

use crate::common::{
    ERRORS, combine, draw, is, is_between, modelled, moments, normal, normals, pixels, unit_noise,
};
use crate::quadrature::{caught, outlying};

/// Rejected part of frame 0, to which `amplitude` is added, and its pixels.
fn completeness(rejection: impl Into<Rejection>, frames: usize, amplitude: f64, seed: u64) -> (f64, f64) {
    let mut stack = normals(frames, pixels(), seed);
    stack.index_axis_mut(Axis(0), 0).mapv_inplace(|value| value + amplitude);
    let stacker = Stacker::new().reject(rejection).noise(unit_noise());
    let combined = combine(&stacker.products(Products::NONE.with(CubeProduct::Rejmask)), &stack);
    let mask = combined.cube(CubeProduct::Rejmask).expect("it was asked for").index_axis(Axis(0), 0);
    let found: u64 = mask.iter().map(|&rejected| u64::from(rejected)).sum();
    (found as f64 / mask.len() as f64, mask.len() as f64)
}

#[track_caller]
fn binomial(what: &str, (found, count): (f64, f64), expected: f64) {
    is(what, found, expected, ERRORS * (expected * (1.0 - expected) / count).sqrt() + 1.0 / count);
}

#[test]
fn a_modelled_clip_is_complete_as_the_curve_says() {
    for n in [5, 10, 20] {
        for amplitude in [2.0, 3.0, 3.5, 4.0, 5.0, 6.0] {
            let exact = caught(n, 3.0, amplitude);
            let found = completeness(modelled(3.0), n, amplitude, 1000 + n as u64);
            binomial(&format!("ccdclip catches {amplitude} sigma of {n}"), found, exact);
            let curve = theory::modelled_completeness(n, 3.0, amplitude);
            is(&format!("the curve at {amplitude} sigma of {n}"), curve, exact, 0.012);
        }
    }
}

/// With the pixel's own deviation the outlier widens what it is measured by.
#[test]
fn the_first_pass_of_sigclip_is_complete_as_noncentral_t_says() {
    for (n, k) in [(12, 2.5), (20, 3.0)] {
        let clip = SigClip::ccdproc().ddof(1).center(Center::Mean).lsigma(k).hsigma(k);
        for amplitude in [3.0, 5.0, 8.0, 12.0] {
            // Both sides are tested: a sample far above is never rejected as low.
            let exact = theory::sample_sigma_completeness(n, k, amplitude);
            let found = completeness(clip, n, amplitude, 1100 + n as u64);
            let low = theory::sample_sigma_completeness(n, k, -amplitude);
            binomial(&format!("sigclip catches {amplitude} sigma of {n} at {k}"), found, exact + low);
        }
    }
}

/// Of what is rejected, how much was bad: the rates say.
#[test]
fn what_is_rejected_is_as_pure_as_the_rates_say() {
    let (n, hit, amplitude) = (10, 0.01, 20.0);
    let rows = (hit * pixels() as f64 / 256.0).round().max(1.0) as usize;
    let mut stack = normals(n, pixels(), 1200);
    stack.slice_mut(s![3, ..rows, ..]).mapv_inplace(|value| value + amplitude);
    let stacker = Stacker::new().reject(modelled(3.0)).noise(unit_noise());
    let combined = combine(&stacker.products(Products::NONE.with(CountProduct::Nrej)), &stack);
    let rejected = combined.counts(CountProduct::Nrej).expect("it was asked for").mapv(f64::from).sum();
    let (hits, others) = ((rows * 256) as f64, (n * pixels() - rows * 256) as f64);
    // In hit pixels the median is pulled: their other samples are one percent of all.
    let expected_false = others * outlying(n, 3.0);
    let purity = hits / (hits + expected_false);
    let error = purity * (1.0 - purity) * ((1.0 / expected_false).sqrt() + 0.01);
    is("purity, 0.1 % of the samples hit", hits / rejected, purity, ERRORS * error);
}

/// One hit a pixel, far away: the median keeps its bias, a mean the hit's share, a clip that catches it nothing.
#[test]
fn a_hit_leaves_the_tabulated_bias() {
    for (n, of_median) in [(5, 0.297), (7, 0.2015), (10, 0.1373), (20, 0.0654)] {
        let amplitude = 1000.0;
        let mut stack = normals(n, pixels(), 1300 + n as u64);
        stack.index_axis_mut(Axis(0), n / 2).mapv_inplace(|value| value + amplitude);
        let found = |stacker: Stacker| moments(&combine(&stacker.noise(unit_noise()), &stack).image);
        let median = found(Stacker::new().combine(Combine::Median));
        is(&format!("median of {n} with a hit"), median.mean, of_median, ERRORS * median.mean_error() + 5e-4);
        let mean = found(Stacker::new());
        is(&format!("mean of {n} with a hit"), mean.mean, amplitude / n as f64, ERRORS * mean.mean_error());
        // So far out that no good sample goes: the mean of n − 1.
        let clip = |k: f64| found(Stacker::new().reject(CcdClip::iraf().lsigma(k).hsigma(k)));
        let clipped = clip(6.0);
        is(&format!("ccdclip of {n} with a hit"), clipped.mean, 0.0, ERRORS * clipped.mean_error());
        let noise = ERRORS * clipped.relative_variance_error();
        is(
            &format!("n - 1 times var, ccdclip of {n} with a hit"),
            (n as f64 - 1.0) * clipped.variance,
            1.0,
            noise,
        );
        // At 3 sigma the hit, which pulls the median up, costs good low samples in the first pass: a bias of a percent of a sigma for
        // few frames (decision 0035), that of a clip and not of a median.
        let usual = clip(3.0);
        is_between(
            &format!("ccdclip at 3 sigma of {n} with a hit"),
            usual.mean,
            -ERRORS * usual.mean_error(),
            0.1 * of_median,
        );
    }
}

/// Each sample is hit with probability q. Only a median with less than half of its samples hit stays near the truth.
#[test]
fn more_than_half_hit_cannot_be_mended() {
    let (n, q, amplitude) = (5, 0.2, 1e6);
    let stack = draw(n, pixels(), 1400, |_, rng| {
        let sample = normal(rng);
        if rand_distr::Distribution::<f64>::sample(&rand_distr::StandardUniform, rng) < q {
            sample + amplitude
        } else {
            sample
        }
    });
    let image = combine(&Stacker::new().combine(Combine::Median), &stack).image;
    let lost = image.iter().filter(|&&value| value > 0.1 * amplitude).count() as f64 / image.len() as f64;
    let binomials = [(3, 10.0), (4, 5.0), (5, 1.0)];
    let expected: f64 =
        binomials.iter().map(|&(j, ways)| ways * f64::powi(q, j) * f64::powi(1.0 - q, n as i32 - j)).sum();
    binomial("medians of 5 lost to hits, q = 0.2", (lost, image.len() as f64), expected);
}
