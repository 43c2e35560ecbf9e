//! The normal distribution and its relatives, by plain quadrature.

use std::f64::consts::PI;

/// Density of the standard normal distribution.
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Φ(x), the standard normal distribution function; relative error below 1e-13, also far in the lower tail.
///
/// Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/15 + ...) near zero, and Laplace's continued fraction of the tail beyond |x| = 3.
///
/// ```
/// use skystack::simulate::theory::normal_cdf;
/// assert!((2.0 * normal_cdf(-3.0) - 0.0026997960632601866).abs() < 1e-16);
/// ```
///
/// # References
/// Abramowitz & Stegun 26.2.11 and 26.2.14.
pub fn normal_cdf(x: f64) -> f64 {
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 + normal_pdf(x) * sum;
    }
    let far = x.abs();
    let fraction = (1..=200).rev().fold(far, |below, k| far + f64::from(k) / below);
    let tail = normal_pdf(far) / fraction;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Φ⁻¹(p) by bisection, to the last bits of the interval ±40.
pub fn normal_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(T > t) for Student's t with `dof` degrees of freedom and noncentrality `delta` (0: the ordinary t).
///
/// T = (z + delta) / w with z normal and w² = χ²/dof: P = ∫ Φ(delta − t w) f(w) dw,
/// f(w) = 2 (ν/2)^(ν/2) / Γ(ν/2) · w^(ν−1) e^(−ν w²/2). Simpson's rule; all terms are positive, so small tails keep
/// their relative accuracy (1e-9 or better for dof < 1000).
pub fn student_t_above(t: f64, dof: f64, delta: f64) -> f64 {
    let log_norm = std::f64::consts::LN_2 + 0.5 * dof * (0.5 * dof).ln() - ln_gamma(0.5 * dof);
    // w^0 is 1 also at w = 0, where its logarithm is of no use.
    let power = |w: f64| if dof == 1.0 { 0.0 } else { (dof - 1.0) * w.ln() };
    let density = |w: f64| (log_norm + power(w) - 0.5 * dof * w * w).exp();
    let end = 1.0 + 12.0 / (2.0 * dof).sqrt();
    simpson(0.0, end, 4000, |w| normal_cdf(delta - t * w) * density(w))
}

/// Simpson's rule with `steps` (even) intervals.
pub(super) fn simpson(from: f64, to: f64, steps: u32, f: impl Fn(f64) -> f64) -> f64 {
    let h = (to - from) / f64::from(steps);
    let inner = |k: u32| f(from + f64::from(k) * h) * if k % 2 == 1 { 4.0 } else { 2.0 };
    (f(from) + (1..steps).map(inner).sum::<f64>() + f(to)) * h / 3.0
}

/// ln Γ(x) for x > 0: Stirling's series after shifting x above 10.
pub(super) fn ln_gamma(x: f64) -> f64 {
    let (mut shifted, mut product) = (x, 1.0);
    while shifted < 10.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let inverse = 1.0 / (shifted * shifted);
    let series =
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / shifted;
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * (2.0 * PI).ln() + series - product.ln()
}
