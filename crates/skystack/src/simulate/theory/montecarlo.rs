//! Expectations without a closed form, from plain columns of random numbers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use rayon::prelude::*;

/// Columns that one task draws: a stream of random numbers each, so the number of threads does not matter.
const COLUMNS_A_STREAM: u64 = 4096;

/// What is made of the samples that a clip keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Their mean.
    Average,
    /// Their median.
    Median,
}

/// IRAF's sigma clipping to convergence (median centre, deviation about it with n − 1, at least 3 samples a pass, one
/// kept) of normal columns, one f64 column at a time.
///
/// Noise of a small skewness γ is drawn as x = z + (γ/6)(z² − 1), which has mean 0 and variance 1 + γ²/18.
///
/// ```
/// use skystack::simulate::theory::{MonteCarlo, Statistic};
/// let clip = MonteCarlo { samples: 10, k: 3.0, skewness: 0.0, step: 0.0, columns: 4096 };
/// // Ten samples: 3 sigma is out of reach, nothing is ever rejected.
/// assert_eq!(clip.clean(Statistic::Average, 1).false_rejection, 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonteCarlo {
    /// Samples a column, n.
    pub samples: usize,
    /// Clipping factor on both sides.
    pub k: f64,
    /// Skewness γ of the noise.
    pub skewness: f64,
    /// Samples are multiples of this \[σ\], at a random place in each column; 0: not rounded.
    pub step: f64,
    /// Columns to draw; rounded up to whole streams.
    pub columns: u64,
}

/// What [`MonteCarlo::clean`] or [`MonteCarlo::with_outlier`] found, in units of σ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// n · var of the result.
    pub noise_factor: f64,
    /// Mean of the result.
    pub bias: f64,
    /// Rejected part of the samples.
    pub false_rejection: f64,
    /// Variance of the number of samples rejected in a column: they come in company.
    pub rejected_variance: f64,
    /// Columns drawn.
    pub columns: u64,
}

impl MonteCarlo {
    /// Columns without outliers.
    pub fn clean(&self, statistic: Statistic, seed: u64) -> Expected {
        self.expected(statistic, None, seed)
    }

    /// Columns with one outlier of `amplitude` \[σ\] each; its own rejection counts in `false_rejection`.
    pub fn with_outlier(&self, statistic: Statistic, amplitude: f64, seed: u64) -> Expected {
        self.expected(statistic, Some(amplitude), seed)
    }

    fn expected(&self, statistic: Statistic, outlier: Option<f64>, seed: u64) -> Expected {
        let sums = self.over_columns(seed, |column| {
            column[0] += outlier.unwrap_or(0.0);
            let kept = clip(column, self.k);
            let value = match statistic {
                Statistic::Average => mean(kept),
                Statistic::Median => median(kept),
            };
            let rejected = (self.samples - kept.len()) as f64;
            [value, value * value, rejected, rejected * rejected]
        });
        let columns = self.streams() * COLUMNS_A_STREAM;
        let [bias, square, rejected, rejected_square] = sums.map(|sum| sum / columns as f64);
        let n = self.samples as f64;
        Expected {
            noise_factor: n * (square - bias * bias),
            bias,
            false_rejection: rejected / n,
            rejected_variance: rejected_square - rejected * rejected,
            columns,
        }
    }

    /// Part of single outliers of `amplitude` \[σ\], one a column, that is rejected.
    pub fn completeness(&self, amplitude: f64, seed: u64) -> f64 {
        let sums = self.over_columns(seed, |column| {
            column[0] += amplitude;
            let hit = column[0];
            let caught = !clip(column, self.k).contains(&hit);
            [f64::from(u8::from(caught)), 0.0, 0.0, 0.0]
        });
        sums[0] / (self.streams() * COLUMNS_A_STREAM) as f64
    }

    fn streams(&self) -> u64 {
        self.columns.div_ceil(COLUMNS_A_STREAM).max(1)
    }

    /// Sums of `measure` over all columns, in the order of the streams.
    fn over_columns(&self, seed: u64, measure: impl Fn(&mut [f64]) -> [f64; 4] + Sync) -> [f64; 4] {
        let of_stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            let (mut column, mut sums) = (vec![0.0; self.samples], [0.0; 4]);
            for _ in 0..COLUMNS_A_STREAM {
                self.draw(&mut rng, &mut column);
                let found = measure(&mut column);
                sums.iter_mut().zip(found).for_each(|(sum, value)| *sum += value);
            }
            sums
        };
        let parts: Vec<[f64; 4]> = (0..self.streams()).into_par_iter().map(of_stream).collect();
        parts.into_iter().fold([0.0; 4], |a, b| std::array::from_fn(|i| a[i] + b[i]))
    }

    fn draw(&self, rng: &mut ChaCha8Rng, column: &mut [f64]) {
        // Rounding adds step²/12; the noise before it is so much smaller that σ stays 1.
        let before = (1.0 - self.step * self.step / 12.0).sqrt();
        let phase: f64 = StandardUniform.sample(rng);
        for x in column {
            let z: f64 = StandardNormal.sample(rng);
            *x = before * (z + self.skewness / 6.0 * (z * z - 1.0));
            if self.step > 0.0 {
                *x = ((*x / self.step + phase).round() - phase) * self.step;
            }
        }
    }
}

/// Sorts the column and returns what the clip keeps of it.
fn clip(column: &mut [f64], k: f64) -> &[f64] {
    column.sort_unstable_by(f64::total_cmp);
    let mut kept: &[f64] = column;
    while kept.len() >= 3 {
        let centre = median(kept);
        let square: f64 = kept.iter().map(|x| (x - centre) * (x - centre)).sum();
        let limit = k * (square / (kept.len() as f64 - 1.0)).sqrt();
        let low = kept.iter().take_while(|x| centre - **x > limit).count();
        let high = kept.iter().rev().take_while(|x| **x - centre > limit).count();
        if limit == 0.0 || low + high == 0 {
            break;
        }
        kept = &kept[low..kept.len() - high];
    }
    kept
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Median of sorted values.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) }
}
