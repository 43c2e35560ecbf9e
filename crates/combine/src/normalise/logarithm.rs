//! Natural logarithm and exponential of +, −, × and ÷ alone.
//!
//! Those of the standard library are the platform's, and may differ in the last bit from one to the next; gains of overlaps would,
//! and with them images. These are the same everywhere and right to a few units of the last place.

/// ln 2 in two parts: the first has 20 trailing zero bits, so that its products with exponents are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// Natural logarithm of a number above zero.
///
/// x = m·2^e with m between √½ and √2; ln m = 2 artanh f = 2 (f + f³/3 + f⁵/5 + …), f = (m − 1)/(m + 1), |f| < 0.172: the term after the
/// last one used is below 2⁻⁵⁹ f.
pub(super) fn ln(x: f64) -> f64 {
    debug_assert!(x > 0.0 && x.is_finite(), "{x}");
    let (x, shift) = if x < f64::MIN_POSITIVE { (x * 2f64.powi(54), -54) } else { (x, 0) };
    let bits = x.to_bits();
    let mut e = (bits >> 52) as i32 - 1023 + shift;
    let mut m = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if m > std::f64::consts::SQRT_2 {
        (m, e) = (m * 0.5, e + 1);
    }
    let f = (m - 1.0) / (m + 1.0);
    let square = f * f;
    let series = (0..12).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    let e = f64::from(e);
    e * LN_2[0] + (2.0 * (f * series) + e * LN_2[1])
}

/// e to the power `v`; 0 or ∞ beyond the normal numbers.
///
/// v = k ln 2 + r with |r| below 0.347; e^r by its power series, whose term after the last one used is below 2⁻⁵⁷.
pub(super) fn exp(v: f64) -> f64 {
    let k = (v / std::f64::consts::LN_2).round();
    if k.abs() > 1022.0 {
        return if k > 0.0 { f64::INFINITY } else { 0.0 };
    }
    let r = (v - k * LN_2[0]) - k * LN_2[1];
    let series = (1..14).rev().fold(1.0, |sum, n| 1.0 + sum * (r / f64::from(n)));
    series * f64::from_bits(((1023 + k as i64) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The platform's is right to within a unit in the last place; near 1 the relative error counts all the same.
    #[test]
    fn both_are_near_those_of_the_platform() {
        let numbers = (-300..300).map(|k| 1.1f64.powi(k)).chain((-40..40).map(|k| 1.0 + f64::from(k) * 1e-4));
        for x in numbers.chain([
            1e-320,
            f64::MIN_POSITIVE,
            f64::MAX,
            0.5,
            2.0,
            1.0f64.next_up(),
            1.0f64.next_down(),
        ]) {
            let (ours, theirs) = (ln(x), x.ln());
            assert!((ours - theirs).abs() <= 3.0 * f64::EPSILON * theirs.abs(), "ln {x}: {ours}, {theirs}");
        }
        for v in (-2000..2000).map(|k| f64::from(k) * 0.013).chain([700.0, -700.0]) {
            let (ours, theirs) = (exp(v), v.exp());
            assert!((ours - theirs).abs() <= 3.0 * f64::EPSILON * theirs, "exp {v}: {ours}, {theirs}");
        }
        assert_eq!((ln(1.0), exp(0.0)), (0.0, 1.0));
        assert_eq!((exp(1e9), exp(-1e9)), (f64::INFINITY, 0.0));
    }
}
