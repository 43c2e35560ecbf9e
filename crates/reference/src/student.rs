//! Quantiles of Student's t distribution by bisection of an integral: slow, plain, and a route of their own.
//!
//! With t = √ν·cot φ the upper tail is P(t_ν > t) = W⁻¹ ∫₀^φ sin^(ν−1) u du, W = ∫₀^π sin^(ν−1) u du (Wallis).

use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// By the bits of the tail, and ν: the pixels of an image ask for the same few again and again.
    static KNOWN: RefCell<HashMap<(u64, usize), f64>> = RefCell::new(HashMap::new());
}

/// t with P(t_ν > t) = `upper`, for ν = `degrees` ≥ 1 and `upper` below 1/2.
pub(crate) fn quantile(upper: f64, degrees: usize) -> f64 {
    let key = (upper.to_bits(), degrees);
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).copied()) {
        return known;
    }
    // In log₂ t; 2⁴⁰⁰ is beyond any that is asked for, and 800/2⁷⁰ below the last digit.
    let (mut low, mut high) = (-400.0, 400.0);
    for _ in 0..70 {
        let middle = (low + high) * 0.5;
        if tail(f64::exp2(middle), degrees) > upper {
            low = middle;
        } else {
            high = middle;
        }
    }
    let t = f64::exp2(low);
    KNOWN.with_borrow_mut(|known| known.insert(key, t));
    t
}

/// P(t_ν > t) for t > 0.
fn tail(t: f64, degrees: usize) -> f64 {
    let end = f64::sqrt(degrees as f64).atan2(t);
    // Only the powers differ by ν: sin^(ν−1).
    integral(end, |u| f64::powi(u.sin(), degrees as i32 - 1)) / whole(degrees)
}

/// ∫₀^π sin^(ν−1): π for ν = 1, 2 for ν = 2, and ν/(ν + 1) times as much for ν + 2.
fn whole(degrees: usize) -> f64 {
    let (start, from) = if degrees % 2 == 1 { (std::f64::consts::PI, 1) } else { (2.0, 2) };
    (from..degrees).step_by(2).fold(start, |whole, nu| whole * (nu as f64 / (nu as f64 + 1.0)))
}

/// ∫₀^end by the double exponential rule (Takahasi & Mori 1974): u = end/(1 + e^(−π·sinh x)), steps of 1/32 in x.
fn integral(end: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    let term = |i: i32| {
        let x = f64::from(i) * STEP;
        let e = f64::exp(-std::f64::consts::PI * x.sinh());
        let u = end / (1.0 + e);
        let slope = u * (e / (1.0 + e)) * std::f64::consts::PI * x.cosh();
        if slope > 0.0 { f(u) * slope } else { 0.0 }
    };
    (-160..=160).map(term).sum::<f64>() * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of the distribution has the first two; the others by mpmath with 40 digits, cot(π/120) for one degree and a
    /// closed form for two.
    #[test]
    #[expect(clippy::excessive_precision, reason = "as they were printed")]
    fn quantiles_agree_with_published_ones() {
        let table = [
            (0.025, 1, 12.706204736174703938),
            (0.025, 10, 2.2281388519862747157),
            (0.05 / 6.0, 1, 38.188459297025609586),
            (1e-9, 2, 22360.679741456876591),
            (0.05 / 22.0, 9, 3.7513146647968270191),
            (1e-15, 50, 11.336304033653027308),
            (0.05 / 108.0, 52, 3.5130863811669501094),
            (1e-5, 1000, 4.285437682652957842),
        ];
        for (upper, degrees, expected) in table {
            let found = quantile(upper, degrees);
            assert!((found / expected - 1.0).abs() < 1e-12, "{upper} {degrees}: {found}");
        }
    }

    #[test]
    fn the_whole_integral_is_that_of_wallis() {
        use std::f64::consts::PI;
        assert_eq!([1, 2, 3, 4].map(whole), [PI, 2.0, PI * 0.5, 2.0 * (2.0 / 3.0)]);
    }
}
