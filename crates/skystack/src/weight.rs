//! Weights of frames (algorithms.md section 6.2).

use skystack_combine::normalise::{self, Factor, NormaliseError, Values, Weights};

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
    let unscaled = vec![Factor::NONE; names.len()];
    let found = normalise::weights(&Weights::Given(raw.to_vec()), ncombine, &Values::None, &unscaled);
    let weights = found.map_err(|error| named(&error, names))?.weights;
    Ok(weights.unwrap_or_else(|| unreachable!("weights that were given")))
}

/// The error in the words of the facade, which knows what the frame to blame is called.
fn named(error: &NormaliseError, names: &[String]) -> Error {
    let message = match error.frame().and_then(|frame| names.get(frame)) {
        Some(name) => format!("{name}: {error}"),
        None => error.to_string(),
    };
    Error::new(ErrorKind::Parameter, message)
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
