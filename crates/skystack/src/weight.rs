//! Weights of frames (algorithms.md section 6.2).

use crate::{Error, ErrorKind};

/// Where the weights of `average` come from: one number a frame.
///
/// The given numbers are multiplied by the frames' NCOMBINE (absent: 1) and normalised to a sum of 1.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Weight {
    /// All frames count the same; NCOMBINE is not used.
    #[default]
    None,
    /// The exposure time, keyword EXPTIME.
    Exposure,
    /// This keyword.
    Keyword(String),
    /// These numbers, in frame order.
    Given(Vec<f64>),
}

/// The weights of N frames, normalised, from one number and one NCOMBINE for each.
///
/// `names` are for messages.
pub(crate) fn normalised(raw: &[f64], ncombine: &[f64], names: &[String]) -> Result<Vec<f64>, Error> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Parameter, message));
    if raw.len() != ncombine.len() {
        return wrong(format!(
            "weight is {} numbers, needed one for each of {} frames",
            raw.len(),
            ncombine.len()
        ));
    }
    if let Some(i) = raw.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
        return wrong(format!("weight of {} is {}, needed a finite number, zero or more", names[i], raw[i]));
    }
    let weights: Vec<f64> = raw.iter().zip(ncombine).map(|(w, n)| w * n).collect();
    let total: f64 = weights.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return wrong(format!("weights sum to {total}, needed a finite sum above zero"));
    }
    Ok(weights.iter().map(|w| w / total).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["a.fits".into(), "b.fits".into()]
    }

    #[test]
    fn weights_count_the_frames_behind_a_frame_and_sum_to_one() {
        assert_eq!(normalised(&[1.0, 1.0], &[1.0, 3.0], &names()).unwrap(), [0.25, 0.75]);
    }

    #[test]
    fn a_bad_weight_names_its_frame() {
        let message = normalised(&[1.0, -1.0], &[1.0, 1.0], &names()).unwrap_err().to_string();
        assert!(message.contains("b.fits") && message.contains("-1"), "{message}");
        assert!(normalised(&[0.0, 0.0], &[1.0, 1.0], &names()).is_err());
        assert!(normalised(&[1.0], &[1.0, 1.0], &names()).is_err());
    }
}
