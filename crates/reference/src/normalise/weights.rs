//! Weights (section 6.2).

use skystack_reject::Scaling;

use super::Source;
use crate::column::Sample;
use crate::sums;

/// W·NCOMBINE, times (Z₀/s₀)/(Zᵢ/sᵢ) where weights and zeros were measured and all Z are above 0, of sum 1. `None`: no weights.
pub fn iraf(weight: &Source, ncombine: &[f64], zero: &Source, scales: &[f64]) -> Option<Vec<f64>> {
    let (Source::Measured(given) | Source::Given(given)) = weight else { return None };
    let mut raw: Vec<f64> = given.iter().zip(ncombine).map(|(w, count)| w * count).collect();
    if let (Source::Measured(_), Source::Measured(zeros)) = (weight, zero)
        && zeros.iter().all(|z| *z > 0.0)
    {
        let level = |i: usize| zeros[i] / scales[i];
        (0..raw.len()).for_each(|i| raw[i] *= level(0) / level(i));
    }
    Some(normalised(&raw))
}

/// 1/(m²σ²), of sum 1.
pub fn noise(noise: &[f64], scalings: &[Scaling]) -> Vec<f64> {
    let variance = |i: usize| (scalings[i].multiply * noise[i]) * (scalings[i].multiply * noise[i]);
    normalised(&(0..noise.len()).map(|i| 1.0 / variance(i)).collect::<Vec<f64>>())
}

fn normalised(raw: &[f64]) -> Vec<f64> {
    let set: Vec<Sample> = raw.iter().enumerate().map(|(frame, &y)| Sample { frame, y }).collect();
    let total = sums::sum(&set, |s| s.y);
    raw.iter().map(|w| w / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_by_hand() {
        let of = |weight: &Source, zero: &Source| iraf(weight, &[1.0, 3.0], zero, &[1.0; 2]);
        assert_eq!(of(&Source::Given(vec![1.0, 1.0]), &Source::None), Some(vec![0.25, 0.75]));
        let zero = Source::Measured(vec![100.0, 300.0]);
        assert_eq!(of(&Source::Measured(vec![1.0, 1.0]), &zero), Some(vec![0.5, 0.5]));
        assert_eq!(of(&Source::Given(vec![1.0, 1.0]), &zero), Some(vec![0.25, 0.75]));
        let dark = Source::Measured(vec![100.0, -3.0]);
        assert_eq!(of(&Source::Measured(vec![1.0, 1.0]), &dark), Some(vec![0.25, 0.75]));
        assert_eq!(of(&Source::None, &zero), None);
        assert_eq!(noise(&[1.0, 2.0], &[Scaling::NONE; 2]), [0.8, 0.2]);
    }
}
