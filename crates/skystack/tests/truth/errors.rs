//! Errors that the program states against those that it makes.

use ndarray::{Array3, Zip};
use skystack::simulate::theory::KnownSigma;
use skystack::{
    CcdClip, Center, Combine, Frames, InputVariance, MinMax, Products, Rejection, Stacker, ValueProduct,
    Weight,
};

use crate::common::{ERRORS, combine, draw, is, moments, normal, normals, pixels, pixels_for, unit_noise};

/// Standard deviation of (image − truth)/error, and one standard error of it for normal residuals.
fn pull(image: &ndarray::Array2<f64>, error: &ndarray::Array2<f64>, truth: f64) -> (f64, f64) {
    let pulls = Zip::from(image).and(error).map_collect(|value, error| (value - truth) / error);
    let found = moments(&pulls);
    (found.variance.sqrt(), (0.5 / found.count).sqrt())
}

/// Half a percent, or five standard errors where there are too few pixels to see that.
fn tolerance(error: f64) -> f64 {
    (ERRORS * error).max(0.005)
}

fn propagated(stacker: Stacker, stack: &Array3<f64>, variances: &Array3<f64>) -> (f64, f64) {
    let stacker = stacker.variance(InputVariance::Extension("VAR".to_owned()));
    let stacker = stacker.products(Products::NONE.with(ValueProduct::Error));
    let combined =
        stacker.run(Frames::new(stack.view()).variances(variances.view())).expect("the options are good");
    pull(&combined.image, combined.values(ValueProduct::Error).expect("it was asked for"), 0.0)
}

/// Frames of unequal noise, their variances known.
#[test]
fn propagated_errors_are_the_errors_that_are_made() {
    let sigmas = [1.0, 2.0, 0.7, 1.0, 1.5, 3.0, 1.0];
    let stack = draw(sigmas.len(), pixels(), 2000, |frame, rng| sigmas[frame] * normal(rng));
    let variances = Array3::from_shape_fn(stack.dim(), |(frame, _, _)| sigmas[frame] * sigmas[frame]);
    let weights = Weight::Given(sigmas.iter().map(|sigma: &f64| sigma.powi(-2)).collect());
    let cases = [
        ("average", Stacker::new()),
        ("average, weighted", Stacker::new().weight(weights)),
        (
            "average, weights of no use",
            Stacker::new().weight(Weight::Given(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])),
        ),
        ("sum", Stacker::new().combine(Combine::Sum)),
    ];
    for (name, stacker) in cases {
        let (found, error) = propagated(stacker, &stack, &variances);
        is(&format!("pull of the propagated error, {name}"), found, 1.0, tolerance(error));
    }
    // A scaled frame has the variance of its scaled samples.
    let multipliers = vec![1.0, 2.0, 0.5, 3.0, 1.0, 1.0, 0.25];
    let (found, error) =
        propagated(Stacker::new().scale(skystack::Norm::Given(multipliers)), &stack, &variances);
    is("pull of the propagated error, scaled frames", found, 1.0, tolerance(error));
}

/// (π/2) v/(n + κ) is SWarp's formula for a median; it is 2 % off for 3 samples and better for more.
#[test]
fn propagated_errors_of_medians_are_those_of_the_formula() {
    for (n, factor) in [(3, 1.34601), (4, 1.19280), (5, 1.43417), (10, 1.38326), (20, 1.46874)] {
        let stack = normals(n, pixels(), 2100 + n as u64);
        let (found, error) =
            propagated(Stacker::new().combine(Combine::Median), &stack, &Array3::ones(stack.dim()));
        let samples = n as f64;
        let kappa = if n % 2 == 1 { std::f64::consts::FRAC_PI_2 - 1.0 } else { std::f64::consts::PI - 2.0 };
        let formula = std::f64::consts::FRAC_PI_2 * samples / (samples + kappa);
        is(
            &format!("pull of the propagated error, median of {n}"),
            found,
            (factor / formula).sqrt(),
            tolerance(error),
        );
        assert!((factor / formula).sqrt() < 1.02);
    }
}

/// A propagated error counts the samples that are left; a clip that takes tails leaves more noise than that: √(P/efficiency).
#[test]
fn clipping_makes_propagated_errors_small_by_what_theory_says() {
    let n = 100;
    let stack = normals(n, pixels_for(n), 2200);
    let table = [(1.5, 0.75052), (2.0, 0.82512), (2.5, 0.91548), (3.0, 0.97221)];
    for (k, efficiency) in table {
        let clip = CcdClip::imcombiners().center(Center::Mean).lsigma(k).hsigma(k).maxiters(Some(1));
        let stacker = Stacker::new().reject(clip).noise(unit_noise());
        let (found, error) = propagated(stacker, &stack, &Array3::ones(stack.dim()));
        let kept = 1.0 - KnownSigma { k }.false_rejection();
        is(
            &format!("pull of the propagated error, clipped at {k} sigma"),
            found,
            (kept / efficiency).sqrt(),
            tolerance(error),
        );
    }
}

fn products(
    rejection: impl Into<Rejection>,
    stack: &Array3<f64>,
    product: ValueProduct,
) -> (ndarray::Array2<f64>, ndarray::Array2<f64>) {
    let combined = combine(&Stacker::new().reject(rejection).products(Products::NONE.with(product)), stack);
    let map = combined.values(product).expect("it was asked for").clone();
    (combined.image, map)
}

/// The scatter of n samples is too small by c4 on average; (mean − truth)/(s/√n) is Student's t, whose deviation is
/// √((n−1)/(n−3)) and not 1 (decision 0035).
#[test]
fn errors_from_the_scatter_are_students() {
    for (n, c4) in [(5, 0.9400), (10, 0.9727), (20, 0.9869)] {
        let stack = normals(n, pixels(), 2300 + n as u64);
        let (_, sigma) = products(Rejection::None, &stack, ValueProduct::Sigma);
        let found = moments(&sigma);
        is(&format!("mean of the sigma image, n = {n}"), found.mean, c4, ERRORS * found.mean_error() + 5e-5);
        let (image, empirical) = products(Rejection::None, &stack, ValueProduct::Empirical);
        let mean_square = moments(&empirical.mapv(|error| error * error)).mean;
        is(
            &format!("mean square of the error, times n = {n}"),
            n as f64 * mean_square,
            1.0,
            5.0 * (2.0 / (n as f64 - 1.0) / found.count).sqrt(),
        );
        let (spread, error) = pull(&image, &empirical, 0.0);
        let dof = n as f64 - 1.0;
        // kurtosis 3 + 6/(dof − 4); for 5 samples it is infinite, and so is the error of this figure
        if n > 5 {
            let error = error * (1.0 + 3.0 / (dof - 4.0)).sqrt();
            is(
                &format!("pull of the error from the scatter, n = {n}"),
                spread,
                (dof / (dof - 2.0)).sqrt(),
                tolerance(error),
            );
        }
    }
}

/// Of three samples without their extremes one is left: no scatter, no error.
#[test]
fn one_sample_has_no_error() {
    let stack = normals(3, 256, 2400);
    let (_, error) = products(MinMax::new(1.0, 1.0), &stack, ValueProduct::Empirical);
    assert!(error.iter().all(|error| error.is_nan()));
}
