//! Scales and zeros: from one number a frame to y = x/sᵢ − zᵢ (algorithms.md section 6.1).

use skystack_reject::{Convention, Scaling};

use super::error::{ABOVE_ZERO, FINITE, above_zero, check_count, check_each};
use super::{Measurement, NormaliseError, Warning};

/// Scales that differ by more than this factor, without zeros, draw a warning (W9).
const SPREAD: f64 = 20.0;

/// The numbers that scales or zeros come from, one a frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Values {
    /// Nothing is scaled, or nothing is subtracted.
    #[default]
    None,
    /// What the frames *have*: a statistic of their samples, an exposure time. Frame 0 is the reference.
    Measured(Vec<Measurement>),
    /// What the user wants *done*, from a file, a keyword or a vector: scales that multiply, zeros that are added.
    Given(Vec<f64>),
}

impl Values {
    /// Measured numbers that have no error, such as exposure times.
    pub fn exact(numbers: &[f64]) -> Self {
        Self::Measured(numbers.iter().map(|&value| Measurement::exact(value)).collect())
    }

    fn numbers(&self) -> Vec<f64> {
        match self {
            Self::None => Vec::new(),
            Self::Measured(of) => of.iter().map(|measured| measured.value).collect(),
            Self::Given(numbers) => numbers.clone(),
        }
    }
}

/// Whose formula makes factors of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NormRule {
    /// Measured: sᵢ = Sᵢ/S₀, zᵢ = Zᵢ/sᵢ − Z₀/s₀. Given: sᵢ = F₀/Fᵢ, zᵢ = −Zᵢ/sᵢ, not relative to frame 0.
    #[default]
    Iraf,
    /// sᵢ = Sᵢ/S₀, zᵢ = (Zᵢ − Z₀)/sᵢ, whether measured or given: given numbers divide and are subtracted.
    Imcombiners,
    /// Given scales multiply as they are, sᵢ = 1/Fᵢ. There are no zeros. Measured scales: as `Iraf`.
    Ccdproc,
}

impl From<Convention> for NormRule {
    fn from(convention: Convention) -> Self {
        match convention {
            Convention::Imcombiners => Self::Imcombiners,
            Convention::Ccdproc => Self::Ccdproc,
            _ => Self::Iraf,
        }
    }
}

/// How one frame is scaled: y = x/s − z.
///
/// Rejections and combinations take [`scaling`](Self::scaling). One set of factors serves both; whoever wants the rejection to see other
/// samples than the combination (`reject_norm`, section 6.6) makes two sets from the same measurements and hands each to its step: kept
/// flags carry over, not values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// s.
    pub scale: f64,
    /// z, in units of the scaled samples.
    pub zero: f64,
    /// The same as m = 1/s and o = −z.
    pub scaling: Scaling,
    /// Standard error of s, where it is known; frame 0 is the reference and has none.
    pub scale_error: Option<f64>,
    /// Standard error of z for this s, likewise. What the error of s does to a sample is counted once, as (y/s)²σ² (section 8.1).
    pub zero_error: Option<f64>,
}

impl Factor {
    /// Samples stay as they are.
    pub const NONE: Self =
        Self { scale: 1.0, zero: 0.0, scaling: Scaling::NONE, scale_error: Some(0.0), zero_error: Some(0.0) };

    /// y = x/s − z, of unknown errors.
    pub fn new(scale: f64, zero: f64) -> Self {
        let scaling = Scaling { multiply: 1.0 / scale, add: 0.0 - zero };
        Self { scale, zero, scaling, scale_error: None, zero_error: None }
    }

    /// y = m·x + o, of unknown errors.
    pub fn of(scaling: Scaling) -> Self {
        Self { scale: scaling.scale(), zero: scaling.zero(), scaling, scale_error: None, zero_error: None }
    }
}

/// The factors of `frames` frames from what was measured or given for scale and zero.
///
/// # Shapes
/// One number a frame in each of `scale` and `zero`, as far as they are not [`Values::None`].
/// # Errors
/// Another number of numbers; a scale that is not finite and above 0, a zero that is not finite, or factors that overflow: named by
/// frame. Zeros with [`NormRule::Ccdproc`], which has none.
/// # Examples
/// ```
/// use skystack_combine::normalise::{NormRule, Values, factors};
/// // Constant frames 110, 230, 70 with zeros 10, 30, 20 and scales 1, 2, 0.5 become 110, 110, 110.
/// let (scale, zero) = (Values::exact(&[1.0, 2.0, 0.5]), Values::exact(&[10.0, 30.0, 20.0]));
/// let factors = factors(NormRule::Iraf, 3, &scale, &zero)?;
/// let frames = [110.0, 230.0, 70.0];
/// let scaled = frames.iter().zip(&factors).map(|(x, factor)| x * factor.scaling.multiply + factor.scaling.add);
/// assert_eq!(scaled.collect::<Vec<f64>>(), [110.0, 110.0, 110.0]);
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
/// # References
/// IRAF `imcombine`, "scale" and "zero"; imcombiners; ccdproc `Combiner.scaling`; algorithms.md section 6.1.
pub fn factors(
    rule: NormRule,
    frames: usize,
    scale: &Values,
    zero: &Values,
) -> Result<Vec<Factor>, NormaliseError> {
    check(frames, scale, zero)?;
    if rule == NormRule::Ccdproc && *zero != Values::None {
        let instead = "it has scales only; name a convention that has zeros";
        return Err(NormaliseError::NotDefined { what: "zero", convention: "ccdproc", instead });
    }
    let scales = scales(rule, frames, scale);
    let zeros = zeros(rule, &scales, zero);
    let mut factors: Vec<Factor> =
        scales.iter().zip(&zeros).map(|(&scale, &zero)| Factor::new(scale, zero)).collect();
    if let (NormRule::Ccdproc, Values::Given(multipliers)) = (rule, scale) {
        // As they are given, not 1/(1/F).
        factors.iter_mut().zip(multipliers).for_each(|(factor, f)| factor.scaling.multiply = *f);
    }
    check_each("scale factor", scales.iter().copied(), above_zero, ABOVE_ZERO)?;
    check_each("1/scale factor", factors.iter().map(|f| f.scaling.multiply), above_zero, ABOVE_ZERO)?;
    check_each("zero factor", zeros.iter().copied(), f64::is_finite, FINITE)?;
    add_errors(rule, &mut factors, scale, zero);
    Ok(factors)
}

fn check(frames: usize, scale: &Values, zero: &Values) -> Result<(), NormaliseError> {
    if *scale != Values::None {
        let scales = scale.numbers();
        check_count("scale", scales.len(), frames)?;
        check_each("scale", scales, above_zero, ABOVE_ZERO)?;
    }
    if *zero != Values::None {
        let zeros = zero.numbers();
        check_count("zero", zeros.len(), frames)?;
        check_each("zero", zeros, f64::is_finite, FINITE)?;
    }
    Ok(())
}

/// sᵢ.
fn scales(rule: NormRule, frames: usize, scale: &Values) -> Vec<f64> {
    let numbers = scale.numbers();
    let relative = |value: &f64| value / numbers[0];
    match (scale, rule) {
        (Values::None, _) => vec![1.0; frames],
        (Values::Given(given), NormRule::Iraf) => given.iter().map(|f| given[0] / f).collect(),
        (Values::Given(given), NormRule::Ccdproc) => given.iter().map(|f| 1.0 / f).collect(),
        (Values::Given(_), NormRule::Imcombiners) | (Values::Measured(_), _) => {
            numbers.iter().map(relative).collect()
        }
    }
}

/// zᵢ.
fn zeros(rule: NormRule, scales: &[f64], zero: &Values) -> Vec<f64> {
    let numbers = zero.numbers();
    let each = |z: &dyn Fn(f64, f64) -> f64| numbers.iter().zip(scales).map(|(v, s)| z(*v, *s)).collect();
    match (zero, rule) {
        (Values::None, _) => vec![0.0; scales.len()],
        (_, NormRule::Imcombiners) => each(&|value, s| (value - numbers[0]) / s),
        (Values::Given(_), _) => each(&|value, s| 0.0 - value / s),
        (Values::Measured(_), _) => each(&|value, s| value / s - numbers[0] / scales[0]),
    }
}

/// Standard errors to first order. What is given, or nothing, has none; frame 0 is the reference.
fn add_errors(rule: NormRule, factors: &mut [Factor], scale: &Values, zero: &Values) {
    let measured = |values: &Values, frame: usize| match values {
        Values::Measured(of) => (of[frame].value, of[frame].error),
        _ => (1.0, Some(0.0)),
    };
    let relative = |frame| {
        let (value, error) = measured(scale, frame);
        error.map(|error| error / value)
    };
    for (frame, factor) in factors.iter_mut().enumerate() {
        if frame == 0 {
            (factor.scale_error, factor.zero_error) = (Some(0.0), Some(0.0));
            continue;
        }
        let s = factor.scale;
        let s_0 = if rule == NormRule::Imcombiners { s } else { 1.0 };
        let in_scaled = |frame, s: f64| measured(zero, frame).1.map(|error| error / s);
        factor.scale_error = both(relative(frame), relative(0)).map(|error| error * s);
        factor.zero_error = both(in_scaled(frame, s), in_scaled(0, s_0));
    }
}

/// √(a² + b²).
fn both(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some((a? * a? + b? * b?).sqrt())
}

/// Warnings about factors: scales that differ by more than 20 while `zero` subtracts nothing (W9).
pub fn warnings(factors: &[Factor], zero: &Values) -> Vec<Warning> {
    let scales = || factors.iter().map(|factor| factor.scale).enumerate();
    let least = scales().min_by(|a, b| a.1.total_cmp(&b.1));
    let greatest = scales().max_by(|a, b| a.1.total_cmp(&b.1));
    match (zero, least, greatest) {
        (Values::None, Some(least), Some(greatest)) if greatest.1 > SPREAD * least.1 => {
            vec![Warning::ScaleSpread { least, greatest }]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(factors: &[Factor]) -> (Vec<f64>, Vec<f64>) {
        factors.iter().map(|factor| (factor.scaling.multiply, factor.scaling.add)).unzip()
    }

    /// F = 2, 4: s = 1, 0.5. Z = 6, 8 are added to the frames, before the scale: z = −6, −16, y = x·2 + 16 = (x + 8)·2.
    #[test]
    fn given_numbers_multiply_and_are_added() {
        let (scale, zero) = (Values::Given(vec![2.0, 4.0]), Values::Given(vec![6.0, 8.0]));
        let found = factors(NormRule::Iraf, 2, &scale, &zero).unwrap();
        assert_eq!(parts(&found), (vec![1.0, 2.0], vec![6.0, 16.0]));
    }

    /// (x − (Z − Z₀))/(S/S₀): S = 2, 4 and Z = 6, 8: (x − 2)/2.
    #[test]
    fn imcombiners_subtracts_before_it_divides() {
        for values in [|v: [f64; 2]| Values::exact(&v), |v: [f64; 2]| Values::Given(v.to_vec())] {
            let found = factors(NormRule::Imcombiners, 2, &values([2.0, 4.0]), &values([6.0, 8.0])).unwrap();
            assert_eq!(parts(&found), (vec![1.0, 0.5], vec![0.0, -1.0]));
        }
        let iraf =
            factors(NormRule::Iraf, 2, &Values::exact(&[2.0, 4.0]), &Values::exact(&[6.0, 8.0])).unwrap();
        assert_eq!(parts(&iraf), (vec![1.0, 0.5], vec![0.0, 2.0]));
    }

    #[test]
    fn ccdproc_multiplies_by_what_is_given_and_has_no_zeros() {
        // 1/(1/49) is not 49 in f64.
        let scale = Values::Given(vec![49.0, 0.3]);
        let found = factors(NormRule::Ccdproc, 2, &scale, &Values::None).unwrap();
        assert_eq!(parts(&found), (vec![49.0, 0.3], vec![0.0, 0.0]));
        let measured = factors(NormRule::Ccdproc, 2, &Values::exact(&[2.0, 4.0]), &Values::None).unwrap();
        assert_eq!(parts(&measured).0, [1.0, 0.5]);
        let error = factors(NormRule::Ccdproc, 2, &scale, &Values::Given(vec![0.0; 2])).unwrap_err();
        assert!(error.to_string().contains("zero is not defined in convention ccdproc"), "{error}");
    }

    #[test]
    fn only_two_conventions_have_a_rule_of_their_own() {
        assert_eq!(NormRule::from(Convention::Iraf), NormRule::Iraf);
        assert_eq!(NormRule::from(Convention::Siril), NormRule::Iraf);
        assert_eq!(NormRule::from(Convention::Imcombiners), NormRule::Imcombiners);
        assert_eq!(NormRule::from(Convention::Ccdproc), NormRule::Ccdproc);
    }

    #[test]
    fn a_number_that_will_not_do_names_its_frame() {
        let of = |scale: &Values, zero: &Values| factors(NormRule::Iraf, 2, scale, zero).unwrap_err();
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = of(&Values::exact(&[1.0, bad]), &Values::None);
            assert_eq!(error.frame(), Some(1));
            assert!(error.to_string().starts_with(&format!("scale of frame 2 is {bad}, needed")), "{error}");
        }
        let error = of(&Values::None, &Values::exact(&[f64::NAN, 1.0]));
        assert!(error.to_string().starts_with("zero of frame 1 is NaN"), "{error}");
        let error = of(&Values::Given(vec![1.0]), &Values::None);
        assert!(error.to_string().contains("1 numbers, needed one for each of 2 frames"), "{error}");
        // Each is a number above zero; their ratio is none.
        assert!(of(&Values::exact(&[1e-200, 1e200]), &Values::None).to_string().contains("scale factor"));
        assert!(of(&Values::exact(&[1.0, 1e-320]), &Values::None).to_string().contains("1/scale factor"));
        assert!(of(&Values::None, &Values::exact(&[-1e308, 1e308])).to_string().contains("zero factor"));
    }

    /// S = 100 ± 1, 200 ± 4: s = 2 ± 2·√(0.01² + 0.02²). Z = 10 ± 0.3, 30 ± 0.8: z = 30/2 − 10 ± √(0.4² + 0.3²), but of imcombiners
    /// (30 − 10)/2 ± √(0.4² + 0.15²).
    #[test]
    fn errors_of_statistics_become_errors_of_factors() {
        let of = |value, error| Measurement { value, error: Some(error), n: 1 };
        let scale = Values::Measured(vec![of(100.0, 1.0), of(200.0, 4.0)]);
        let zero = Values::Measured(vec![of(10.0, 0.3), of(30.0, 0.8)]);
        let found = factors(NormRule::Iraf, 2, &scale, &zero).unwrap();
        assert_eq!((found[0].scale_error, found[0].zero_error), (Some(0.0), Some(0.0)));
        let (s, z) = (found[1].scale_error.unwrap(), found[1].zero_error.unwrap());
        assert!((s - 2.0 * 0.0005f64.sqrt()).abs() < 1e-15, "{s}");
        assert!((z - 0.5).abs() < 1e-15, "{z}");
        let found = factors(NormRule::Imcombiners, 2, &scale, &zero).unwrap();
        assert!((found[1].zero_error.unwrap() - 0.1825f64.sqrt()).abs() < 1e-15);
        let unknown = Values::Measured(vec![of(10.0, 0.3), Measurement { value: 30.0, error: None, n: 1 }]);
        assert_eq!(factors(NormRule::Iraf, 2, &Values::None, &unknown).unwrap()[1].zero_error, None);
        let given = factors(NormRule::Iraf, 2, &Values::Given(vec![1.0, 3.0]), &Values::None).unwrap();
        assert_eq!((given[1].scale_error, given[1].zero_error), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_wide_spread_of_scales_without_zeros_is_a_warning() {
        let of = |numbers: &[f64], zero: &Values| {
            let scale = Values::exact(numbers);
            warnings(&factors(NormRule::Iraf, numbers.len(), &scale, zero).unwrap(), zero)
        };
        let zero = Values::exact(&[1.0, 1.0, 1.0]);
        assert_eq!(of(&[1.0, 20.0, 2.0], &Values::None), []);
        assert_eq!(of(&[1.0, 21.0, 2.0], &zero), []);
        let expected = Warning::ScaleSpread { least: (0, 1.0), greatest: (1, 21.0) };
        assert_eq!(of(&[1.0, 21.0, 2.0], &Values::None), std::slice::from_ref(&expected));
        assert!(expected.to_string().contains("21.0000 (frame 2)"), "{expected}");
    }
}
