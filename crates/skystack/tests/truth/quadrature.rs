//! Exact expectations of clips about the median with a known σ = 1, by quadrature over the middle ranks.
//!
//! Of n normal samples let u be the median (odd n = 2m + 1), or a < b the two middle ones (even n = 2m). Given those, samples
//! above are independent and normal, cut off below u or b. So every probability is an integral over one or two numbers.

use skystack::simulate::theory::{normal_cdf, normal_pdf};

const REACH: f64 = 8.0;
const STEPS: i32 = 400;

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// Σ over a grid of the whole line (trapezoids: exact for what vanishes at both ends).
fn over_line(f: impl Fn(f64) -> f64) -> f64 {
    let step = 2.0 * REACH / f64::from(STEPS);
    (0..=STEPS).map(|k| f(-REACH + f64::from(k) * step)).sum::<f64>() * step
}

/// ∫ over 0 ≤ h by Simpson's rule.
fn over_half_line(f: impl Fn(f64) -> f64) -> f64 {
    let step = REACH / f64::from(STEPS);
    let weight = |k| {
        if k == 0 || k == STEPS {
            1.0
        } else if k % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    (0..=STEPS).map(|k| weight(k) * f(f64::from(k) * step)).sum::<f64>() * step / 3.0
}

/// E[f] over one rank: `below` of `below + 1 + above` samples lie below it.
fn over_rank(below: usize, above: usize, f: impl Fn(f64) -> f64) -> f64 {
    let norm = factorial(below + 1 + above) / factorial(below) / factorial(above);
    over_line(|u| {
        let density = normal_cdf(u).powi(below as i32) * normal_cdf(-u).powi(above as i32) * normal_pdf(u);
        norm * density * f(u)
    })
}

/// E[f(a, b)] over two neighbouring ranks.
fn over_two_ranks(below: usize, above: usize, f: impl Fn(f64, f64) -> f64) -> f64 {
    let norm = factorial(below + 2 + above) / factorial(below) / factorial(above);
    let density = |a: f64, b: f64| {
        normal_cdf(a).powi(below as i32) * normal_cdf(-b).powi(above as i32) * normal_pdf(a) * normal_pdf(b)
    };
    // a = c - h, b = c + h: the Jacobian is 2.
    over_line(|c| over_half_line(|h| 2.0 * norm * density(c - h, c + h) * f(c - h, c + h)))
}

/// P(x > t | x > u).
fn beyond(t: f64, u: f64) -> f64 {
    normal_cdf(-t.max(u)) / normal_cdf(-u)
}

/// Part of n normal samples that is further than `k` from their median.
pub(crate) fn outlying(n: usize, k: f64) -> f64 {
    let m = n / 2;
    let samples = n as f64;
    if n % 2 == 1 {
        return (samples - 1.0) / samples * over_rank(m, m, |u| beyond(u + k, u));
    }
    let outer = over_two_ranks(m - 1, m - 1, |a, b| beyond(0.5 * (a + b) + k, b));
    let middle = over_two_ranks(m - 1, m - 1, |a, b| f64::from(u8::from(b - a >= 2.0 * k)));
    ((samples - 2.0) * outer + 2.0 * middle) / samples
}

/// Part of outliers of `amplitude`, one among n samples, that is more than `k` above the median of all n.
///
/// For even n what lies between the middle ranks of the others and 2k above the lower one is left out: below 1e-6 for n > 3.
pub(crate) fn caught(n: usize, k: f64, amplitude: f64) -> f64 {
    let m = n / 2;
    if n % 2 == 1 {
        return over_rank(m, m - 1, |u| normal_cdf(amplitude - k - u));
    }
    over_two_ranks(m - 1, m - 2, |a, b| normal_cdf(amplitude - (0.5 * (a + b) + k).max(b)))
}

#[test]
fn ranks_have_their_densities() {
    use crate::common::is;
    is("total over a rank", over_rank(3, 2, |_| 1.0), 1.0, 1e-9);
    is("total over two ranks", over_two_ranks(2, 4, |_, _| 1.0), 1.0, 1e-6);
    is("nothing is within 0 of the median but itself", outlying(5, 0.0), 0.8, 1e-9);
    is("of an even number nothing is", outlying(6, 0.0), 1.0, 1e-4);
    is("highest of 10", over_rank(9, 0, |u| u), 1.53875, 1e-5);
}

/// Rates about the median at 3 sigma and completeness, as tabulated from simulations; the rates are a little higher than those
/// tables have (decision 0035).
#[test]
fn quadrature_gives_the_simulated_tables() {
    use crate::common::is;
    for (n, expected, digit) in
        [(3, 0.0053, 1e-4), (5, 0.0046, 1e-4), (10, 0.00345, 2e-5), (20, 0.0031, 1e-4), (50, 0.0029, 1e-4)]
    {
        is(&format!("further than 3 sigma from the median of {n}"), outlying(n, 3.0), expected, digit);
    }
    for (amplitude, expected) in [(3.0, 0.450), (3.5, 0.634), (4.0, 0.792), (5.0, 0.959), (6.0, 0.996)] {
        is(&format!("caught of {amplitude} sigma among 10"), caught(10, 3.0, amplitude), expected, 0.006);
    }
}
