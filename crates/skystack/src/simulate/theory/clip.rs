//! Clipping: false rejections, efficiency, completeness.

use std::f64::consts::PI;

use super::normal::{normal_cdf, normal_pdf, student_t_above};
use super::order::median_outlier_bias;

/// A clip at ± k σ with a **known** σ, for many samples.
///
/// With P = 2Φ(k) − 1, c = 2kφ(k), A = P − c:
///
/// ```
/// let clip = skystack::simulate::theory::KnownSigma { k: 2.0 };
/// assert!((clip.false_rejection() - 0.0455003).abs() < 1e-7);
/// assert!((clip.efficiency_iterated() - 0.73854).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownSigma {
    /// Clipping factor on both sides.
    pub k: f64,
}

impl KnownSigma {
    fn kept(self) -> f64 {
        2.0 * normal_cdf(self.k) - 1.0
    }

    fn c(self) -> f64 {
        2.0 * self.k * normal_pdf(self.k)
    }

    /// Part of good samples that is rejected: 2Φ(−k).
    pub fn false_rejection(self) -> f64 {
        2.0 * normal_cdf(-self.k)
    }

    /// 1 / (n · var of the mean of the kept), iterated to a fixed point: A.
    pub fn efficiency_iterated(self) -> f64 {
        self.kept() - self.c()
    }

    /// The same after one pass about the mean: P² / (A + 2cA + c²).
    pub fn efficiency_one_pass_mean(self) -> f64 {
        let (p, c, a) = (self.kept(), self.c(), self.efficiency_iterated());
        p * p / (a + 2.0 * c * a + c * c)
    }

    /// The same after one pass about the median: P² / (A + 2c(1 − e^(−k²/2)) + c²π/2).
    pub fn efficiency_one_pass_median(self) -> f64 {
        let (p, c, a) = (self.kept(), self.c(), self.efficiency_iterated());
        p * p / (a + 2.0 * c * (1.0 - (-0.5 * self.k * self.k).exp()) + c * c * PI / 2.0)
    }

    /// Standard deviation of the kept samples: √(1 − 2kφ(k)/(2Φ(k)−1)).
    pub fn kept_sigma(self) -> f64 {
        (1.0 - self.c() / self.kept()).sqrt()
    }
}

/// Largest possible |x − mean| / s of n samples, s with n − 1: (n−1)/√n. A factor above it rejects nothing, ever.
pub fn largest_deviation(n: usize) -> f64 {
    (n as f64 - 1.0) / (n as f64).sqrt()
}

/// The t of n − 2 degrees of freedom that belongs to a deviation of k sample sigmas; `None` where k is out of reach.
fn t_of_deviation(n: usize, k: f64) -> Option<f64> {
    if n < 3 || k >= largest_deviation(n) {
        return None;
    }
    let n = n as f64;
    Some(k * (n * (n - 2.0)).sqrt() / ((n - 1.0) * (n - 1.0) - n * k * k).sqrt())
}

/// Part of good samples that the **first pass** of a clip rejects about the mean, with the pixel's own s (ddof 1):
/// 2 P(t₍ₙ₋₂₎ > k √(n(n−2)) / √((n−1)² − nk²)), exact. 0 where k is out of reach ([`largest_deviation`]).
///
/// For ddof 0 use k √((n−1)/n) in place of k.
///
/// ```
/// let p = skystack::simulate::theory::sample_sigma_false_rejection(15, 3.0);
/// assert!((p - 1.3e-4).abs() < 0.1e-4);
/// ```
pub fn sample_sigma_false_rejection(n: usize, k: f64) -> f64 {
    t_of_deviation(n, k).map_or(0.0, |t| 2.0 * student_t_above(t, n as f64 - 2.0, 0.0))
}

/// Part of single outliers of `amplitude` \[σ\] that the first pass of a clip about the mean with the pixel's own s
/// (ddof 1) rejects: P(T > t), T noncentral t of n − 2 degrees of freedom with δ = A √((n−1)/n), exact.
///
/// The deviation r of the outlier in units of s is a monotone function of its studentised residual; that residual is a
/// noncentral t. Iterated clipping catches a little more, namely where another sample was rejected before.
///
/// ```
/// use skystack::simulate::theory::{sample_sigma_completeness, sample_sigma_false_rejection};
/// let two_sided = 2.0 * sample_sigma_completeness(20, 3.0, 0.0);
/// assert!((two_sided - sample_sigma_false_rejection(20, 3.0)).abs() < 1e-12);
/// assert!(sample_sigma_completeness(15, 3.0, 12.0) > 0.9);
/// ```
pub fn sample_sigma_completeness(n: usize, k: f64, amplitude: f64) -> f64 {
    let size = n as f64;
    let delta = amplitude * ((size - 1.0) / size).sqrt();
    t_of_deviation(n, k).map_or(0.0, |t| student_t_above(t, size - 2.0, delta))
}

/// Part of good samples that a clip about the mean with a **modelled** σ rejects (ccdclip, mclip=no), first pass:
/// 2Φ(−k/√(1−1/n)).
pub fn modelled_false_rejection(n: usize, k: f64) -> f64 {
    2.0 * normal_cdf(-k / (1.0 - 1.0 / n as f64).sqrt())
}

/// Part of single outliers of `amplitude` \[σ\] that a clip about the **median** with a **modelled** σ rejects:
/// Φ((A − k − m_n) / √(1 + π/(2(n−1)))), m_n = [`median_outlier_bias`]: the hit pulls the median.
///
/// Within 0.005 of Monte Carlo for n = 5, 10, 20 and A = 3 .. 6, except at the steep foot.
///
/// # References
/// algorithms.md section 12; the hit pulls the median by its bias with one sample at infinity.
pub fn modelled_completeness(n: usize, k: f64, amplitude: f64) -> f64 {
    let width = (1.0 + PI / (2.0 * (n as f64 - 1.0))).sqrt();
    normal_cdf((amplitude - k - median_outlier_bias(n)) / width)
}
