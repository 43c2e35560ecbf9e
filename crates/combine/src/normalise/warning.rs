//! What a user should know about factors and weights. Warnings never change a result.

use std::fmt;

/// A warning about a normalisation, for the report (algorithms.md section 11, W9, and 6.2 to 6.5).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Scales differ so much that a difference of sky is likely to be among them, and nothing is subtracted.
    ScaleSpread {
        /// Frame of the least scale, from 0, and that scale.
        least: (usize, f64),
        /// Frame of the greatest scale likewise.
        greatest: (usize, f64),
    },
    /// A frame's noise is equalised by a factor that is not the ratio of its flux: its photometric scale changes.
    NotFluxRatio {
        /// The frame, from 0.
        frame: usize,
        /// The factor a that its samples are multiplied by.
        factor: f64,
        /// What the exposure times, or the stars, say.
        expected: f64,
    },
    /// Measured weights are not corrected for the level of the sky, for no frame, because a zero is not above 0.
    WeightsNotCorrected {
        /// The first such frame, from 0.
        frame: usize,
        /// Its zero.
        zero: f64,
    },
    /// The overlaps fall into groups of frames that nothing connects: they are not calibrated against each other.
    Unconnected {
        /// Lowest frame of each group, from 0.
        groups: Vec<usize>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScaleSpread { least, greatest } => write!(
                f,
                "scales reach from {:.4} (frame {}) to {:.4} (frame {}) and nothing is subtracted: a difference of sky is \
                 no difference of scale",
                least.1,
                least.0 + 1,
                greatest.1,
                greatest.0 + 1
            ),
            Self::NotFluxRatio { frame, factor, expected } => write!(
                f,
                "frame {} is multiplied by {factor:.4} to equalise its noise, its flux asks for {expected:.4}: its \
                 photometric scale changes",
                frame + 1
            ),
            Self::WeightsNotCorrected { frame, zero } => write!(
                f,
                "weights are not corrected for the level of the sky: the zero of frame {} is {zero}, needed above 0 for all",
                frame + 1
            ),
            Self::Unconnected { groups } => {
                let first: Vec<String> = groups.iter().map(|frame| (frame + 1).to_string()).collect();
                write!(
                    f,
                    "the overlaps connect {} separate groups of frames, from frames {} on: they are not calibrated against \
                     each other",
                    groups.len(),
                    first.join(", ")
                )
            }
        }
    }
}
