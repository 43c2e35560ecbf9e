//! Measured figures of the demo beside the ones that theory expects.

use skystack::simulate::theory::{self, MonteCarlo, Statistic};
use skystack::simulate::{Simulated, measure};

use super::{Run, Runs};

/// Standard errors that a figure may be off: beyond, one run in two million is a false alarm.
pub(super) const TOLERANCE: f64 = 5.0;

/// Most columns drawn where theory has no closed form, and most samples: a tall stack gets fewer columns.
const COLUMNS: u64 = 500_000;
const SAMPLES: u64 = 15 * COLUMNS;
/// The same for each point of a completeness curve.
const CURVE_COLUMNS: u64 = 16_384;
const CURVE_SAMPLES: u64 = 30 * CURVE_COLUMNS;
/// Amplitude \[σ\] from which a hit counts as strong.
const STRONG: f64 = 30.0;

/// Edges of the bins of amplitude \[σ\].
const EDGES: [f64; 10] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 30.0, 1000.0];

/// One measured number, what is expected, and the standard error of their difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figure {
    pub(super) measured: f64,
    pub(super) expected: f64,
    pub(super) error: f64,
}

impl Figure {
    /// Is it where theory says?
    pub(super) fn agrees(&self) -> bool {
        self.deviation().abs() <= TOLERANCE
    }

    /// Difference in standard errors.
    pub(super) fn deviation(&self) -> f64 {
        let difference = self.measured - self.expected;
        if difference == 0.0 { 0.0 } else { difference / self.error }
    }
}

/// A row of the noise table.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) noise_dn: f64,
    pub(super) noise_factor: Cell,
    pub(super) bias: Cell,
    pub(super) hit_bias: Cell,
    pub(super) msamples_a_second: f64,
}

/// A number of the table: judged, or only measured where nothing is known to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Judged(Figure),
    Measured(f64),
}

/// False rejections and completeness of one clip.
pub(super) struct Clip {
    pub(super) name: &'static str,
    pub(super) theory: &'static str,
    pub(super) false_rejection: Figure,
    pub(super) bins: Vec<Bin>,
}

/// A bin of completeness.
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) hits: usize,
    pub(super) caught: Figure,
}

/// Everything that the demo judges.
pub(super) struct Judged {
    pub(super) rows: Vec<Row>,
    pub(super) clips: Vec<Clip>,
    pub(super) same_mask: bool,
}

impl Judged {
    /// All figures, with their names.
    pub(super) fn figures(&self) -> Vec<(String, Figure)> {
        let mut all = Vec::new();
        for row in &self.rows {
            let named = [("noise", row.noise_factor), ("bias", row.bias), ("bias where hit", row.hit_bias)];
            for (what, cell) in named {
                if let Cell::Judged(figure) = cell {
                    all.push((format!("{what} of {}", row.name), figure));
                }
            }
        }
        for clip in &self.clips {
            all.push((format!("false rejections of {}", clip.name), clip.false_rejection));
            let bin =
                |bin: &Bin| (format!("hits of {} to {} sigma, {}", bin.from, bin.to, clip.name), bin.caught);
            all.extend(clip.bins.iter().map(bin));
        }
        all
    }
}

/// Measures all runs and computes what to expect.
pub(super) fn judge(simulated: &Simulated, runs: &Runs) -> Judged {
    let samples = simulated.frames.dim().0;
    let level = simulated.scene.background_dn(simulated.scene.width / 2);
    let skewness = simulated.noise.skewness(level);
    // Samples are whole DN.
    let step = 1.0 / simulated.noise.rounded_variance_dn(level).sqrt();
    let clip =
        MonteCarlo { samples, k: runs.k, skewness, step, columns: COLUMNS.min(SAMPLES / samples as u64) };
    let clip_row = |run, statistic| {
        let (clean, hit) = (clip.clean(statistic, 1), clip.with_outlier(statistic, 200.0, 2));
        let expected = Expectation {
            noise_factor: clean.noise_factor,
            bias: clean.bias,
            hit: HitExpectation::Bias(hit.bias),
            columns: clean.columns as f64,
        };
        row(simulated, run, Some(expected))
    };
    let rows = vec![
        row(simulated, &runs.average, Some(Expectation::exact(1.0, 0.0, HitExpectation::Share))),
        row(simulated, &runs.median, Some(median_expectation(samples, skewness, step))),
        clip_row(&runs.clip_average, Statistic::Average),
        clip_row(&runs.clip_median, Statistic::Median),
        row(simulated, &runs.one_pass, None),
    ];
    let clips = vec![iterated(simulated, runs, &clip), one_pass(simulated, runs, samples)];
    Judged { rows, clips, same_mask: runs.clip_average.rejmask == runs.clip_median.rejmask }
}

/// What a combination should show, in units of the noise of one sample.
struct Expectation {
    noise_factor: f64,
    bias: f64,
    hit: HitExpectation,
    /// Columns behind the numbers where they come from Monte Carlo; infinite where they are exact.
    columns: f64,
}

/// What one strong hit should do.
enum HitExpectation {
    /// The mean keeps 1/n of it.
    Share,
    /// A bias \[σ\] that does not depend on how strong it is.
    Bias(f64),
}

impl Expectation {
    fn exact(noise_factor: f64, bias: f64, hit: HitExpectation) -> Self {
        Self { noise_factor, bias, hit, columns: f64::INFINITY }
    }
}

fn median_expectation(samples: usize, skewness: f64, step: f64) -> Expectation {
    let bias = theory::median_bias_of_skew(samples, skewness);
    // The skew of the other samples shifts the median of a hit pixel about as much.
    let hit = theory::median_outlier_bias(samples) + theory::median_bias_of_skew(samples - 1, skewness);
    Expectation::exact(theory::median_noise_factor_of_steps(samples, step), bias, HitExpectation::Bias(hit))
}

fn row(simulated: &Simulated, run: &Run, expected: Option<Expectation>) -> Row {
    let noise = measure::noise(simulated, run.image.view());
    let hits = measure::bias_at_hits(simulated, run.image.view(), STRONG);
    let samples = simulated.frames.dim().0 as f64;
    let judged = |measured, expected, variance: f64| {
        Cell::Judged(Figure { measured, expected, error: variance.sqrt() })
    };
    let mut row = Row {
        name: run.name,
        noise_dn: noise.noise_dn,
        noise_factor: Cell::Measured(noise.noise_factor),
        bias: Cell::Measured(noise.bias),
        hit_bias: Cell::Measured(hits.bias),
        msamples_a_second: simulated.frames.len() as f64 / run.time.as_secs_f64() / 1e6,
    };
    let Some(expected) = expected else { return row };
    let both = |pixels: usize| 1.0 / pixels as f64 + 1.0 / expected.columns;
    let factor_variance = 2.0 * expected.noise_factor.powi(2) * both(noise.pixels);
    let value_variance = expected.noise_factor / samples;
    row.noise_factor = judged(noise.noise_factor, expected.noise_factor, factor_variance);
    row.bias = judged(noise.bias, expected.bias, value_variance * both(noise.pixels));
    let hit = match expected.hit {
        HitExpectation::Share => hits.amplitude / samples,
        HitExpectation::Bias(bias) => bias,
    };
    // Of few hits the mean is not normal enough to judge.
    if hits.pixels > 30 && hit.is_finite() {
        // One sample less, and a tenth more for the spread of what is left.
        let variance = 1.1 * samples / (samples - 1.0) * value_variance * both(hits.pixels);
        row.hit_bias = judged(hits.bias, hit, variance);
    }
    row
}

/// The clip to convergence: expected values from Monte Carlo columns.
fn iterated(simulated: &Simulated, runs: &Runs, clip: &MonteCarlo) -> Clip {
    let clean = clip.clean(Statistic::Average, 1);
    let n = clip.samples as f64;
    let mask = runs.clip_average.rejmask.as_ref().expect("a clip has a mask");
    let found = measure::false_rejection(simulated, mask.view());
    let variance =
        clean.rejected_variance / (n * n) * (n / found.samples as f64 + 1.0 / clean.columns as f64);
    let false_rejection =
        Figure { measured: found.rate(), expected: clean.false_rejection, error: variance.sqrt() };
    let columns = CURVE_COLUMNS.min(CURVE_SAMPLES / clip.samples as u64);
    let curve = Curve::new(|amplitude| MonteCarlo { columns, ..*clip }.completeness(amplitude, 3));
    let bins = completeness(simulated, mask, &curve, columns as f64);
    Clip { name: runs.clip_average.name, theory: "Monte Carlo", false_rejection, bins }
}

/// One pass about the mean with the pixel's own deviation: exact expectations.
fn one_pass(simulated: &Simulated, runs: &Runs, samples: usize) -> Clip {
    let mask = runs.one_pass.rejmask.as_ref().expect("a clip has a mask");
    let found = measure::false_rejection(simulated, mask.view());
    let expected = theory::sample_sigma_false_rejection(samples, runs.k);
    // Where next to nothing is expected, one sample more or less is the grain of the figure; where nothing is possible,
    // nothing is allowed.
    let grain = if expected > 0.0 { 0.2 / found.samples as f64 } else { 0.0 };
    let error = ((expected * (1.0 - expected)).max(grain) / found.samples as f64).sqrt();
    let curve = Curve::new(|amplitude| theory::sample_sigma_completeness(samples, runs.k, amplitude));
    let bins = completeness(simulated, mask, &curve, f64::INFINITY);
    let false_rejection = Figure { measured: found.rate(), expected, error };
    Clip { name: runs.one_pass.name, theory: "noncentral t, exact", false_rejection, bins }
}

fn completeness(simulated: &Simulated, mask: &ndarray::Array3<u8>, curve: &Curve, columns: f64) -> Vec<Bin> {
    let bins = measure::completeness(simulated, mask.view(), &EDGES).into_iter();
    let filled = bins.filter(|bin| !bin.amplitudes.is_empty());
    let judged = filled.map(|bin| {
        let hits = bin.amplitudes.len() as f64;
        let chances: Vec<f64> = bin.amplitudes.iter().map(|&amplitude| curve.at(amplitude)).collect();
        let expected = chances.iter().sum::<f64>() / hits;
        let variance: f64 = chances.iter().map(|p| p * (1.0 - p)).sum();
        // Where nearly all are caught (or none is), one more or less is the grain of the figure.
        let error = (variance.max(0.2) / (hits * hits) + expected * (1.0 - expected) / columns).sqrt();
        let caught = Figure { measured: bin.caught as f64 / hits, expected, error };
        Bin { from: bin.from, to: bin.to, hits: bin.amplitudes.len(), caught }
    });
    judged.collect()
}

/// A curve over amplitude \[σ\], tabulated and interpolated linearly.
struct Curve {
    points: Vec<(f64, f64)>,
}

impl Curve {
    fn new(f: impl Fn(f64) -> f64) -> Self {
        let steep = (0..56).map(|step| 0.25 * f64::from(step));
        let far = [14.0, 16.0, 18.0, 20.0, 25.0, 30.0, 40.0, 60.0, 100.0, 1000.0];
        Self { points: steep.chain(far).map(|amplitude| (amplitude, f(amplitude))).collect() }
    }

    fn at(&self, amplitude: f64) -> f64 {
        let above = self.points.partition_point(|&(x, _)| x < amplitude).clamp(1, self.points.len() - 1);
        let ((x0, y0), (x1, y1)) = (self.points[above - 1], self.points[above]);
        let part = ((amplitude - x0) / (x1 - x0)).clamp(0.0, 1.0);
        y0 + part * (y1 - y0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_agrees_within_five_standard_errors() {
        let figure = |measured| Figure { measured, expected: 1.0, error: 0.1 };
        assert!(figure(1.49).agrees() && figure(0.51).agrees() && !figure(1.51).agrees());
        assert!(Figure { measured: 0.0, expected: 0.0, error: 0.0 }.agrees());
        assert!(!Figure { measured: 1e-9, expected: 0.0, error: 0.0 }.agrees());
    }

    #[test]
    fn a_curve_interpolates_and_ends_level() {
        let curve = Curve::new(|amplitude| amplitude.min(500.0));
        assert!((curve.at(3.1) - 3.1).abs() < 1e-12 && (curve.at(22.0) - 22.0).abs() < 1e-12);
        assert_eq!((curve.at(-1.0), curve.at(1e9)), (0.0, 500.0));
    }
}
