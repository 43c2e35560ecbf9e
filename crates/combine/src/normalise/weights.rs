//! Weights: one number a frame, normalised to a sum of 1 (algorithms.md section 6.2).
//!
//! A weight influences no rejection but meanclip. Weights are of whole frames; maps of weights, one number a sample, would multiply these.

use skystack_stats::slice;

use super::error::{ABOVE_ZERO, above_zero, check_count, check_each};
use super::{Factor, NormaliseError, Values, Warning};

const NOT_NEGATIVE: &str = "a finite number, zero or more";

/// What the weights of N frames come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Weights {
    /// All frames count the same; NCOMBINE is not used.
    #[default]
    None,
    /// What the frames have, a statistic or an exposure time: times NCOMBINE, and corrected for the level of the sky where that
    /// was measured as well (IRAF).
    Measured(Vec<f64>),
    /// From a file, a keyword or a vector: times NCOMBINE (IRAF).
    Given(Vec<f64>),
    /// NCOMBINE alone (Siril's "number of stacked images").
    Ncombine,
    /// 1/(m²σ²), σ the noise of the background of each frame before it is scaled. The same weights are inverse variances of the scaled
    /// frames (`ivar`) and Siril's "noise".
    Noise(Vec<f64>),
    /// (1/f² − 1/f²max)/(1/f²min − 1/f²max), f the full width of stars at half maximum (Siril): 1 for the sharpest frame, 0 for the
    /// worst. All the same where all f are.
    Fwhm(Vec<f64>),
    /// ((n − nmin)/(nmax − nmin))², n the number of stars (Siril): 1 for the most, 0 for the fewest. All the same where all n are.
    Stars(Vec<f64>),
}

/// Weights and what there is to say about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameWeights {
    /// One a frame, of sum 1; `None`: all frames count the same.
    pub weights: Option<Vec<f64>>,
    /// For the report.
    pub warnings: Vec<Warning>,
}

/// The weights of as many frames as there are `factors`, normalised to a sum of 1.
///
/// Siril normalises its weights to a mean of 1. Only ratios matter, so these are the same.
///
/// # Shapes
/// One number a frame in `source` and in `ncombine`, which may be empty: no frame says. A number in it that is not above 0 counts as 1.
/// `zero` is what the zeros of the factors came from.
/// # Errors
/// Another number of numbers, a number that cannot be a weight, named by frame, or no weight above zero.
/// # Examples
/// ```
/// use skystack_combine::normalise::{Factor, Values, Weights, weights};
/// let exposures = Weights::Measured(vec![10.0, 30.0]);
/// let found = weights(&exposures, &[1.0, 2.0], &Values::None, &[Factor::NONE; 2])?;
/// assert_eq!(found.weights, Some(vec![10.0 / 70.0, 60.0 / 70.0]));
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
/// # References
/// IRAF `imcombine`, "weight"; Siril, "weighting"; algorithms.md section 6.2.
pub fn weights(
    source: &Weights,
    ncombine: &[f64],
    zero: &Values,
    factors: &[Factor],
) -> Result<FrameWeights, NormaliseError> {
    let frames = factors.len();
    if !ncombine.is_empty() {
        check_count("ncombine", ncombine.len(), frames)?;
    }
    let count = |frame: usize| ncombine.get(frame).copied().filter(|n| *n > 0.0).unwrap_or(1.0);
    let counted = |of: &[f64]| of.iter().enumerate().map(|(frame, w)| w * count(frame)).collect::<Vec<f64>>();
    let mut warnings = Vec::new();
    let raw = match source {
        Weights::None => return Ok(FrameWeights::default()),
        Weights::Given(given) => counted(checked(given, frames, "weight", not_negative, NOT_NEGATIVE)?),
        Weights::Measured(measured) => {
            let measured = checked(measured, frames, "weight", not_negative, NOT_NEGATIVE)?;
            corrected(counted(measured), zero, factors, &mut warnings)
        }
        Weights::Ncombine => counted(&vec![1.0; frames]),
        Weights::Noise(noise) => {
            inverse_variances(checked(noise, frames, "noise", above_zero, ABOVE_ZERO)?, factors)
        }
        Weights::Fwhm(widths) => by_width(checked(widths, frames, "fwhm", above_zero, ABOVE_ZERO)?),
        Weights::Stars(stars) => {
            by_stars(checked(stars, frames, "number of stars", not_negative, NOT_NEGATIVE)?)
        }
    };
    Ok(FrameWeights { weights: Some(normalised(&raw)?), warnings })
}

fn not_negative(number: f64) -> bool {
    number >= 0.0 && number.is_finite()
}

fn checked<'a>(
    numbers: &'a [f64],
    frames: usize,
    what: &'static str,
    passes: impl Fn(f64) -> bool,
    needed: &'static str,
) -> Result<&'a [f64], NormaliseError> {
    check_count(what, numbers.len(), frames)?;
    check_each(what, numbers.iter().copied(), passes, needed)?;
    Ok(numbers)
}

/// Times (Z₀/s₀)/(Zᵢ/sᵢ): less weight for a higher sky, whose noise is greater. For all frames or for none.
fn corrected(mut raw: Vec<f64>, zero: &Values, factors: &[Factor], warnings: &mut Vec<Warning>) -> Vec<f64> {
    let Values::Measured(zeros) = zero else { return raw };
    if let Some((frame, zero)) = zeros.iter().map(|z| z.value).enumerate().find(|(_, z)| *z <= 0.0) {
        warnings.push(Warning::WeightsNotCorrected { frame, zero });
        return raw;
    }
    let levels = zeros.iter().zip(factors).map(|(zero, factor)| zero.value / factor.scale);
    let reference = zeros[0].value / factors[0].scale;
    raw.iter_mut().zip(levels).for_each(|(w, level)| *w *= reference / level);
    raw
}

fn inverse_variances(noise: &[f64], factors: &[Factor]) -> Vec<f64> {
    let variance = |(sigma, factor): (&f64, &Factor)| {
        let scaled = factor.scaling.multiply * sigma;
        1.0 / (scaled * scaled)
    };
    noise.iter().zip(factors).map(variance).collect()
}

fn by_width(widths: &[f64]) -> Vec<f64> {
    let square = |f: f64| 1.0 / (f * f);
    between(widths.iter().map(|f| square(*f)).collect())
}

fn by_stars(stars: &[f64]) -> Vec<f64> {
    between(stars.to_vec()).iter().map(|w| w * w).collect()
}

/// 0 for the least, 1 for the greatest, in proportion between; all 1 where they are equal.
fn between(numbers: Vec<f64>) -> Vec<f64> {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if greatest > least {
        numbers.iter().map(|x| (x - least) / (greatest - least)).collect()
    } else {
        vec![1.0; numbers.len()]
    }
}

/// Divided by their sum, which has the order of every sum (E1, frames as entries).
fn normalised(raw: &[f64]) -> Result<Vec<f64>, NormaliseError> {
    let found =
        if raw.iter().all(|w| w.is_finite()) { slice::sum(raw).unwrap_or(0.0) } else { f64::INFINITY };
    if !above_zero(found) {
        return Err(NormaliseError::Weights { found });
    }
    Ok(raw.iter().map(|w| w / found).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::{NormRule, factors};

    fn plain(source: &Weights, ncombine: &[f64], frames: usize) -> Result<Vec<f64>, NormaliseError> {
        let found = weights(source, ncombine, &Values::None, &vec![Factor::NONE; frames])?;
        Ok(found.weights.expect("weights"))
    }

    #[test]
    fn weights_count_the_frames_behind_a_frame_and_sum_to_one() {
        assert_eq!(plain(&Weights::Given(vec![1.0, 1.0]), &[1.0, 3.0], 2).unwrap(), [0.25, 0.75]);
        assert_eq!(plain(&Weights::Given(vec![1.0, 1.0]), &[-5.0, f64::NAN], 2).unwrap(), [0.5, 0.5]);
        assert_eq!(plain(&Weights::Ncombine, &[1.0, 3.0], 2).unwrap(), [0.25, 0.75]);
        assert_eq!(weights(&Weights::None, &[2.0], &Values::None, &[Factor::NONE]).unwrap().weights, None);
    }

    #[test]
    fn a_bad_weight_names_its_frame() {
        let error = plain(&Weights::Given(vec![1.0, -1.0]), &[], 2).unwrap_err();
        assert_eq!(error.to_string(), "weight of frame 2 is -1, needed a finite number, zero or more");
        assert_eq!(error.frame(), Some(1));
        assert!(plain(&Weights::Given(vec![0.0, 0.0]), &[], 2).is_err());
        assert!(plain(&Weights::Given(vec![1.0]), &[], 2).is_err());
        assert!(plain(&Weights::Given(vec![1.0; 2]), &[1.0], 2).is_err());
        assert!(plain(&Weights::Given(vec![1e308, 1e308]), &[], 2).is_err());
        assert_eq!(plain(&Weights::Noise(vec![1.0, 0.0]), &[], 2).unwrap_err().frame(), Some(1));
        assert_eq!(plain(&Weights::Noise(vec![1.0, 1e-200]), &[], 2).unwrap_err().frame(), None);
    }

    /// Z = 100, 300 and s = 1, 2: levels 100, 150, so 1 : 100/150. Given weights, and zeros that are given, are left alone.
    #[test]
    fn measured_weights_fall_with_the_sky() {
        let (scale, zero) = (Values::exact(&[1.0, 2.0]), Values::exact(&[100.0, 300.0]));
        let scaled = factors(NormRule::Iraf, 2, &scale, &zero).unwrap();
        let of =
            |source: &Weights, zero: &Values| weights(source, &[], zero, &scaled).unwrap().weights.unwrap();
        let measured = Weights::Measured(vec![1.0, 1.0]);
        assert_eq!(
            of(&measured, &zero),
            [1.0 / (1.0 + 100.0 / 150.0), (100.0 / 150.0) / (1.0 + 100.0 / 150.0)]
        );
        assert_eq!(of(&Weights::Given(vec![1.0, 1.0]), &zero), [0.5, 0.5]);
        assert_eq!(of(&measured, &Values::Given(vec![100.0, 300.0])), [0.5, 0.5]);
    }

    #[test]
    fn one_zero_that_is_not_positive_leaves_all_weights_alone_and_is_told() {
        let zero = Values::exact(&[100.0, -1.0, 50.0]);
        let scaled = factors(NormRule::Iraf, 3, &Values::None, &zero).unwrap();
        let found = weights(&Weights::Measured(vec![1.0, 2.0, 1.0]), &[], &zero, &scaled).unwrap();
        assert_eq!(found.weights, Some(vec![0.25, 0.5, 0.25]));
        assert_eq!(found.warnings, [Warning::WeightsNotCorrected { frame: 1, zero: -1.0 }]);
    }

    /// m = 1, ½ and σ = 2, 4: the scaled noise is 2 in both. NCOMBINE has its say in the noise already.
    #[test]
    fn noise_counts_after_scaling() {
        let scaled = factors(NormRule::Iraf, 2, &Values::exact(&[1.0, 2.0]), &Values::None).unwrap();
        let found = weights(&Weights::Noise(vec![2.0, 4.0]), &[1.0, 9.0], &Values::None, &scaled).unwrap();
        assert_eq!(found.weights, Some(vec![0.5, 0.5]));
        assert_eq!(plain(&Weights::Noise(vec![1.0, 2.0]), &[], 2).unwrap(), [0.8, 0.2]);
    }

    /// f = 1, 2, 4: 1/f² = 1, 0.25, 0.0625; (0.25 − 0.0625)/(1 − 0.0625) = 0.2. n = 10, 20, 30: 0, ¼, 1.
    #[test]
    fn siril_weights_run_from_zero_to_one() {
        assert_eq!(plain(&Weights::Fwhm(vec![1.0, 2.0, 4.0]), &[], 3).unwrap(), [1.0 / 1.2, 0.2 / 1.2, 0.0]);
        assert_eq!(plain(&Weights::Stars(vec![10.0, 20.0, 30.0]), &[], 3).unwrap(), [0.0, 0.2, 0.8]);
        for same in [Weights::Fwhm(vec![3.0; 2]), Weights::Stars(vec![7.0; 2]), Weights::Stars(vec![0.0; 2])]
        {
            assert_eq!(plain(&same, &[], 2).unwrap(), [0.5, 0.5]);
        }
    }

    /// 1 and 127 times 2⁻⁵³: chunks of 64 keep what one long sum loses.
    #[test]
    fn the_sum_of_the_weights_has_the_order_of_every_sum() {
        let mut raw = vec![2f64.powi(-53); 128];
        raw[0] = 1.0;
        assert_eq!(plain(&Weights::Given(raw), &[], 128).unwrap()[0], 1.0 / (1.0 + 2f64.powi(-47)));
    }
}
