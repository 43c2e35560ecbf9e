//! Quantiles of Student's t distribution, to nearly the last digit of f64 and with the same bits on every machine.
//!
//! ```text
//! T(t) = P(t_ν > t) = I_x(ν/2, 1/2)/2,  x = ν/(ν + t²)      I: regularized incomplete beta function, a continued fraction
//! f(t) = −T'(t)
//! t <- t − T·(1 − T/q)/f  until it stands still              Newton's step for 1/T(t) = 1/q
//! ```
//!
//! Why 1/T: it is convex and rises, so from a start above the root the steps fall towards it and cannot leave the half line;
//! and far out in the heavy tails of few degrees of freedom it is a low power of t.
//!
//! Only +, −, ×, ÷ and √ are used, because exp, ln and Γ of the standard library are those of the platform, whose last digits
//! differ. The power x^(ν/2), which loses the digits of x for many degrees of freedom, is taken in pairs of f64; the ratio of
//! gamma functions is its asymptotic series.
//!
//! References: Abramowitz & Stegun 1972, 26.7.1, 26.5.8; Press et al. 2007, *Numerical Recipes*, 3rd ed., 6.4 (the continued
//! fraction by Lentz' method).

/// t with P(t_ν > t) = `upper`, for ν = `degrees` from 1 to 2²² and `upper` from 1e-110 to 1/4.
///
/// `start`: near the answer or above it; the answer does not depend on it but in its last digits.
pub(super) fn quantile(upper: f64, degrees: usize, start: f64) -> f64 {
    let mut t = start;
    // Each step at least halves the distance to a root of a power of t; some eight more double the digits.
    for _ in 0..2000 {
        let Tail { tail, density } = Tail::at(t, degrees);
        let next = t - tail * (1.0 - tail / upper) / density;
        if (next - t).abs() <= 4.0 * f64::EPSILON * t {
            return next;
        }
        t = next;
    }
    t
}

/// Above the quantile of one degree of freedom, cot(π·`upper`), and close to it where that is small.
pub(super) fn start_for_one_degree(upper: f64) -> f64 {
    1.0 / (std::f64::consts::PI * upper)
}

/// T(t) and f(t).
struct Tail {
    tail: f64,
    density: f64,
}

impl Tail {
    fn at(t: f64, degrees: usize) -> Self {
        let nu = degrees as f64;
        let (a, b) = (0.5 * nu, 0.5);
        let (x, beyond) = (nu / (nu + t * t), t * t / (nu + t * t));
        // 1/B(a, b) = Γ(a + 1/2)/(Γ(a)·√π).
        let inverse_beta = gamma_ratio(a) / std::f64::consts::PI.sqrt();
        let power = half_power(Pair::quotient(nu, Pair::sum(nu, Pair::product(t, t))), degrees);
        // x^a·(1 − x)^b / B(a, b).
        let front = power * (t / (nu + t * t).sqrt()) * inverse_beta;
        let tail = if x < (a + 1.0) / (a + b + 2.0) {
            front * continued_fraction(a, b, x) / a
        } else {
            1.0 - front * continued_fraction(b, a, beyond) / b
        };
        Self { tail: 0.5 * tail, density: inverse_beta / nu.sqrt() * power * x.sqrt() }
    }
}

/// The continued fraction of I_x(a, b), which converges within some √a steps for x < (a + 1)/(a + b + 2).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    // Lentz' method divides by no zero.
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..100_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// Γ(z + 1/2)/Γ(z).
fn gamma_ratio(z: f64) -> f64 {
    // Above this the first term that is left out is below 1e-15.
    const LEAST: f64 = 32.0;
    let (mut z, mut factor) = (z, 1.0);
    while z < LEAST {
        factor *= z / (z + 0.5);
        z += 1.0;
    }
    // Abramowitz & Stegun 6.1.37 for both, divided.
    const SERIES: [f64; 8] = [
        1.0,
        -1.0 / 8.0,
        1.0 / 128.0,
        5.0 / 1024.0,
        -21.0 / 32_768.0,
        -399.0 / 262_144.0,
        869.0 / 4_194_304.0,
        39_325.0 / 33_554_432.0,
    ];
    factor * z.sqrt() * SERIES.iter().rev().fold(0.0, |sum, term| sum / z + term)
}

/// x^(ν/2).
fn half_power(x: Pair, degrees: usize) -> f64 {
    let (mut power, mut square, mut exponent) = (Pair(1.0, 0.0), x, degrees / 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            power = power.times(square);
        }
        square = square.times(square);
        exponent /= 2;
    }
    if degrees % 2 == 1 { power.0 * x.0.sqrt() } else { power.0 }
}

/// An unevaluated sum of two f64: twice the digits.
#[derive(Clone, Copy)]
struct Pair(f64, f64);

impl Pair {
    /// a·b exactly (Dekker 1971, without fused operations).
    fn product(a: f64, b: f64) -> Self {
        let halves = |v: f64| {
            let big = 134_217_729.0 * v;
            let high = big - (big - v);
            (high, v - high)
        };
        let ((a1, a0), (b1, b0), p) = (halves(a), halves(b), a * b);
        Self(p, ((a1 * b1 - p) + a1 * b0 + a0 * b1) + a0 * b0)
    }

    /// a + b.
    fn sum(a: f64, Self(b1, b0): Self) -> Self {
        let s = a + b1;
        let part = s - a;
        Self::normal(s, ((a - (s - part)) + (b1 - part)) + b0)
    }

    /// a/b.
    fn quotient(a: f64, b: Self) -> Self {
        let q = a / b.0;
        let Self(p1, p0) = Self::product(q, b.0);
        Self::normal(q, (((a - p1) - p0) - q * b.1) / b.0)
    }

    fn times(self, other: Self) -> Self {
        let Self(p1, p0) = Self::product(self.0, other.0);
        Self::normal(p1, p0 + (self.0 * other.1 + self.1 * other.0))
    }

    fn normal(high: f64, low: f64) -> Self {
        let sum = high + low;
        Self(sum, low - (sum - high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(found: f64, expected: f64) -> f64 {
        ((found - expected) / expected).abs()
    }

    /// mpmath 1.3 with 40 digits (roots of integrals of the density), cot(πq) for one degree, and a closed form for two. The
    /// first two are in every table of the distribution.
    #[test]
    #[expect(clippy::excessive_precision, reason = "as they were printed")]
    fn quantiles_agree_with_a_computation_in_forty_digits() {
        let table = [
            (0.025, 1, 12.706204736174703938),
            (0.025, 10, 2.2281388519862747157),
            (0.05 / 6.0, 1, 38.188459297025609586),
            (1e-12, 1, 318309886183.79067794),
            (1e-9, 2, 22360.679741456876591),
            (1e-3, 2, 22.327124770119875202),
            (0.25, 5, 0.72668684380042265302),
            (0.16, 7, 1.0702873962742887506),
            (0.05 / 22.0, 9, 3.7513146647968270191),
            (1e-6, 30, 5.8711171204188826617),
            (1e-15, 50, 11.336304033653027308),
            (0.05 / 106.0, 51, 3.5110632638857381222),
            (0.05 / 108.0, 52, 3.5130863811669501094),
            (0.05 / 204.0, 100, 3.6041597954867465991),
            (1e-5, 1000, 4.285437682652957842),
            (2.5e-7, 100_000, 5.0266428803465254119),
            (6e-9, 4_194_302, 5.6997375799831490794),
        ];
        for (upper, degrees, expected) in table {
            // As λ needs them: from the quantile of one degree less.
            let before = if degrees < 3 { start_for_one_degree(upper) } else { 3.0 * expected };
            for start in [before, 1.01 * expected, 0.9 * expected] {
                let found = quantile(upper, degrees, start);
                // x is nearly 1 for many degrees, and the fraction loses some digits of it.
                let limit = 5e-14 + 1e-19 * degrees as f64;
                assert!(
                    relative(found, expected) < limit,
                    "{upper} {degrees} from {start}: {found} {expected}"
                );
            }
        }
    }

    /// Γ(1)/Γ(1/2), Γ(3/2)/Γ(1), and Γ(20.5)/Γ(20) by mpmath.
    #[test]
    #[expect(clippy::excessive_precision, reason = "as they were printed")]
    fn the_gamma_ratio_is_that_of_closed_forms() {
        let root = std::f64::consts::PI.sqrt();
        for (z, expected) in [(0.5, 1.0 / root), (1.0, root / 2.0), (20.0, 4.44427516123991514457754875776)] {
            assert!(relative(gamma_ratio(z), expected) < 1e-14, "{z}: {}", gamma_ratio(z));
        }
    }

    /// (1 − 2⁻⁴⁰)^(2²¹): its binomial series to the fourth term.
    #[test]
    fn a_power_of_many_degrees_keeps_its_digits() {
        let x = Pair(1.0 - 2f64.powi(-40), 0.0);
        let expected = 1.0 - 2f64.powi(-19) + 2f64.powi(-39) - 2f64.powi(-60) - 2f64.powi(-57) / 6.0;
        assert!(relative(half_power(x, 1 << 22), expected) <= 2.0 * f64::EPSILON);
    }
}
