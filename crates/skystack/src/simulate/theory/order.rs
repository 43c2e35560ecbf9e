//! Medians, extremes and trimmed means of normal samples.

use std::f64::consts::{FRAC_PI_2, PI};

use super::normal::{ln_gamma, normal_cdf, normal_pdf, normal_quantile, simpson};

/// Beyond this many samples the products in [`middle_product`] underflow, and the formula is good to 0.06 %.
const QUADRATURE_UP_TO: usize = 500;

/// n · var(median of n) / σ²: what the median costs against the mean.
///
/// By quadrature over the density of the middle value (of the two middle values for even n) up to n = 500, beyond that
/// (π/2) n / (n + κ), κ = π/2 − 1 for odd and π − 2 for even n. The limit is π/2. Even n is better than odd n.
///
/// ```
/// use skystack::simulate::theory::median_noise_factor;
/// assert!((median_noise_factor(3) - 1.34601).abs() < 1e-5);
/// assert!((median_noise_factor(4) - 1.19280).abs() < 1e-5);
/// ```
///
/// # References
/// algorithms.md sections 8.1 and 12 (the finite-n formula is SWarp's).
pub fn median_noise_factor(n: usize) -> f64 {
    let samples = n as f64;
    let half = n / 2;
    match n {
        0 => f64::NAN,
        _ if n > QUADRATURE_UP_TO => {
            let kappa = if n % 2 == 1 { FRAC_PI_2 - 1.0 } else { PI - 2.0 };
            FRAC_PI_2 * samples / (samples + kappa)
        }
        _ if n % 2 == 1 => samples * rank_moment(half + 1, n, |t| t * t),
        // By symmetry both middle values have the same square: ((a + b)/2)^2 averages to (E[a^2] + E[ab])/2.
        _ => 0.5 * samples * (rank_moment(half, n, |t| t * t) + middle_product(half)),
    }
}

/// The same for samples rounded to multiples of `step` \[σ\], σ² being the variance after rounding.
///
/// A mean averages rounding errors (variance step²/12 each) down with n; a median of odd n *is* a rounded number, and one
/// of even n the mean of two: n · var = f(n) (1 − step²/12) + n r step²/12, r = 1 or 1/2. Good where the middle values
/// lie more than a step apart.
pub fn median_noise_factor_of_steps(n: usize, step: f64) -> f64 {
    let rounding = step * step / 12.0;
    let share = if n % 2 == 1 { 1.0 } else { 0.5 };
    median_noise_factor(n) * (1.0 - rounding) + n as f64 * share * rounding
}

/// E[x₍ₘ₎ x₍ₘ₊₁₎] of n = 2m normal samples:
/// n!/((m−1)!)² ∫ a Φ(a)^(m−1) φ(a) G(a) da, G(a) = ∫ₐ^∞ b (1−Φ(b))^(m−1) φ(b) db (trapezoids, from the right).
fn middle_product(m: usize) -> f64 {
    const STEPS: u32 = 40_000;
    // Middle values crowd around zero; their neighbours, whose gap the steps must resolve, do so even more.
    let reach = (20.0 / (2.0 * m as f64).sqrt()).min(9.0);
    let (start, h) = (-reach, 2.0 * reach / f64::from(STEPS));
    let log_norm = ln_factorial(2 * m) - 2.0 * ln_factorial(m - 1);
    let power = (m - 1) as f64;
    let upper = |b: f64| b * (power * normal_cdf(-b).ln()).exp() * normal_pdf(b);
    let (mut above, mut last, mut sum) = (0.0, upper(start + f64::from(STEPS) * h), 0.0);
    for k in (0..STEPS).rev() {
        let a = start + f64::from(k) * h;
        let next = upper(a);
        above += 0.5 * h * (last + next);
        last = next;
        sum += a * (log_norm + power * normal_cdf(a).ln()).exp() * normal_pdf(a) * above;
    }
    sum * h
}

fn ln_factorial(k: usize) -> f64 {
    ln_gamma(k as f64 + 1.0)
}

/// E[x₍ᵢ:ₙ₎], the mean of the i-th smallest (from 1) of n normal samples.
pub(super) fn expected_rank(i: usize, n: usize) -> f64 {
    rank_moment(i, n, |t| t)
}

/// E[f(x₍ᵢ:ₙ₎)] = n! / ((i−1)! (n−i)!) ∫ f(t) Φ(t)^(i−1) (1−Φ(t))^(n−i) φ(t) dt.
fn rank_moment(i: usize, n: usize, f: impl Fn(f64) -> f64) -> f64 {
    let log_norm = ln_factorial(n) - ln_factorial(i - 1) - ln_factorial(n - i);
    let power = |base: f64, exponent: usize| if exponent == 0 { 0.0 } else { exponent as f64 * base.ln() };
    simpson(-9.0, 9.0, 4000, |t| {
        let log_density = log_norm + power(normal_cdf(t), i - 1) + power(normal_cdf(-t), n - i);
        f(t) * log_density.exp() * normal_pdf(t)
    })
}

/// E\[max of n\] / σ.
///
/// ```
/// assert!((skystack::simulate::theory::expected_max(10) - 1.53875).abs() < 1e-5);
/// ```
pub fn expected_max(n: usize) -> f64 {
    expected_rank(n, n)
}

/// Bias of the mean after dropping only the highest of n: −E\[max\]/(n−1), in σ.
pub fn minmax_high_bias(n: usize) -> f64 {
    -expected_max(n) / (n as f64 - 1.0)
}

/// Bias of the median of n \[σ\] when one of them is an outlier far above: the cosmic ray that nobody rejects.
///
/// The median of n is then a middle rank of the n − 1 others: E[x₍ₘ₊₁:₂ₘ₎] for n = 2m + 1, and
/// (0 + E[x₍ₘ₊₁:₂ₘ₋₁₎])/2 for n = 2m. For two samples (or one) there is no bound: infinity.
pub fn median_outlier_bias(n: usize) -> f64 {
    match n {
        0..=2 => f64::INFINITY,
        _ if n % 2 == 1 => expected_rank(n / 2 + 1, n - 1),
        _ => 0.5 * expected_rank(n / 2 + 1, n - 1),
    }
}

/// Bias of the median of n against the mean \[σ\] for noise of a small skewness γ: −(γ/6)(1 − var(median of n)).
///
/// First order of Cornish and Fisher: x = z + (γ/6)(z² − 1), so E\[median\] = (γ/6)(E\[median(z)²\] − 1). With Poisson noise
/// of level λ \[e-\] γ = λ/σ³: for many frames the median lies λ/(6σ²), at most 1/6 e-, below the mean.
pub fn median_bias_of_skew(n: usize, skewness: f64) -> f64 {
    -(skewness / 6.0) * (1.0 - median_noise_factor(n) / n as f64)
}

/// Asymptotic n · var of the mean after trimming the fraction `alpha` (below 1/2) at each end:
/// ((1−2α) − 2cφ(c) + 2αc²) / (1−2α)², c = Φ⁻¹(1−α).
pub fn trimmed_noise_factor(alpha: f64) -> f64 {
    let (c, kept) = (normal_quantile(1.0 - alpha), 1.0 - 2.0 * alpha);
    (kept - 2.0 * c * normal_pdf(c) + 2.0 * alpha * c * c) / (kept * kept)
}
