//! Stacks of random samples, moments of images, and the comparison with what is expected.

use ndarray::{Array2, Array3, Axis};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use skystack::{CcdClip, Combined, CountProduct, Frames, NoiseModel, Products, Rejection, Stacker};

/// Pixels of a stack without `SKYSTACK_TRUTH_PIXELS`: a second or two a test in a test build.
const PIXELS: usize = 1 << 17;

const WIDTH: usize = 256;

/// Standard errors that a figure may be off.
pub(crate) const ERRORS: f64 = 5.0;

/// Pixels of a stack.
pub(crate) fn pixels() -> usize {
    let wanted = std::env::var("SKYSTACK_TRUTH_PIXELS").ok().and_then(|number| number.parse().ok());
    wanted.unwrap_or(PIXELS).next_multiple_of(WIDTH)
}

/// Fewer pixels where columns are long: as many samples as `pixels` columns of 20.
pub(crate) fn pixels_for(frames: usize) -> usize {
    (pixels() * 20 / frames.max(20)).next_multiple_of(WIDTH)
}

/// Frames of independent samples, one random stream a frame.
pub(crate) fn draw(
    frames: usize,
    pixels: usize,
    seed: u64,
    sample: impl Fn(usize, &mut ChaCha8Rng) -> f64 + Sync,
) -> Array3<f64> {
    let mut stack = Array3::zeros((frames, pixels / WIDTH, WIDTH));
    let planes = stack.as_slice_mut().expect("a fresh array is contiguous").par_chunks_mut(pixels);
    planes.enumerate().for_each(|(frame, plane)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(frame as u64);
        plane.iter_mut().for_each(|value| *value = sample(frame, &mut rng));
    });
    stack
}

/// A standard normal number.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Standard normal samples.
pub(crate) fn normals(frames: usize, pixels: usize, seed: u64) -> Array3<f64> {
    draw(frames, pixels, seed, |_, rng| normal(rng))
}

/// Combines the stack.
#[track_caller]
pub(crate) fn combine(stacker: &Stacker, stack: &Array3<f64>) -> Combined<f64> {
    stacker.run(Frames::new(stack.view())).expect("the options are good")
}

/// A noise model of variance 1 at every level.
pub(crate) fn unit_noise() -> NoiseModel {
    NoiseModel { gain: 1e12.into(), rdnoise: 1e12.into(), ..NoiseModel::default() }
}

/// A clip at `k` of a known σ about the median, once.
pub(crate) fn modelled(k: f64) -> CcdClip {
    CcdClip::iraf().lsigma(k).hsigma(k).maxiters(Some(1)).nkeep(0)
}

/// Mean and variance of an image, in units of the σ of a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// Moments of any values.
pub(crate) fn moments<'a>(values: impl IntoIterator<Item = &'a f64> + Clone) -> Moments {
    let (count, sum) = values.clone().into_iter().fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    let mean = sum / count;
    let square: f64 = values.into_iter().map(|value| (value - mean).powi(2)).sum();
    Moments { count, mean, variance: square / (count - 1.0) }
}

impl Moments {
    /// One standard error of the mean.
    pub(crate) fn mean_error(&self) -> f64 {
        (self.variance / self.count).sqrt()
    }

    /// One relative standard error of the variance of normal values.
    pub(crate) fn relative_variance_error(&self) -> f64 {
        (2.0 / self.count).sqrt()
    }
}

/// Rejected part of the samples, and its standard error: rejections of one column come in company.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) rate: f64,
    pub(crate) error: f64,
}

/// The rate that a count of rejected samples a pixel tells.
pub(crate) fn rate(nrej: &Array2<u32>, frames: usize) -> Rate {
    let counts = nrej.mapv(f64::from);
    let found = moments(counts.iter());
    Rate { rate: found.mean / frames as f64, error: found.mean_error() / frames as f64 }
}

/// Runs a rejection on a stack with a noise model of variance 1.
#[track_caller]
pub(crate) fn rejected(rejection: impl Into<Rejection>, stack: &Array3<f64>) -> Rate {
    let stacker = Stacker::new()
        .reject(rejection)
        .noise(unit_noise())
        .variance(skystack::InputVariance::Constant(1.0))
        .products(Products::NONE.with(CountProduct::Nrej));
    rate(
        combine(&stacker, stack).counts(CountProduct::Nrej).expect("it was asked for"),
        stack.len_of(Axis(0)),
    )
}

impl Rate {
    /// Is it the expected one, within the standard errors of what was counted?
    #[track_caller]
    pub(crate) fn is(&self, what: &str, expected: f64) {
        // Where next to nothing is expected the spread of what was counted says little: an eighth of the standard
        // error squared is that of one more rejected sample in as many.
        let tolerance = ERRORS * self.error;
        is(what, self.rate, expected, tolerance.max(1e-6));
    }
}

/// Shows a figure beside what is expected, and fails where they are further apart than `tolerance`.
#[track_caller]
pub(crate) fn is(what: &str, found: f64, expected: f64, tolerance: f64) {
    println!("{what:<58} {found:>12.6} expected {expected:>12.6} +- {tolerance:.6}");
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected} +- {tolerance}");
}

/// Shows a figure that has to lie between two others.
#[track_caller]
pub(crate) fn is_between(what: &str, found: f64, low: f64, high: f64) {
    println!("{what:<58} {found:>12.6} expected {low:>12.6} to {high:.6}");
    assert!((low..=high).contains(&found), "{what}: {found}, expected {low} to {high}");
}
