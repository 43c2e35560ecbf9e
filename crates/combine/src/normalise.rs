//! Bringing frames to one level: scales, zeros and weights (algorithms.md section 6).
//!
//! ```text
//! FrameSource --measure--> Measurement a frame --factors--> Factor a frame: y = x/s − z, as Scaling { multiply, add }
//!                          given numbers ------/        \--weights--> weight a frame, sum 1
//!             --measure--> locations, scales  --affine--> Factor a frame
//!             --compare_pairs--> Pair --least_squares--> Solution --> Factor a frame
//! ```
//!
//! Only [`measure`] and [`compare_pairs`] read samples. All else are pure functions of one number a frame, with one order of every sum, and
//! an error that names the frame of a number that will not do. Nothing is silently repaired: what may be a mistake is a [`Warning`].
//!
//! Statistics are of **unscaled** samples: measure once, then make as many sets of factors as are wanted. Samples that a rejection shall see
//! in another way than the combination (section 6.6) are a second set from the same measurements.
//!
//! ```
//! use skystack_combine::normalise::{NormRule, Values, Weights, factors, weights};
//! // scale=exposure, zero=mode, weight=exposure of three frames.
//! let exposures = [10.0, 20.0, 10.0];
//! let (scale, zero) = (Values::exact(&exposures), Values::exact(&[100.0, 240.0, 130.0]));
//! let factors = factors(NormRule::Iraf, 3, &scale, &zero)?;
//! let zeros: Vec<f64> = factors.iter().map(|factor| factor.zero).collect();
//! assert_eq!(zeros, [0.0, 20.0, 30.0]);
//! let found = weights(&Weights::Measured(exposures.to_vec()), &[], &zero, &factors)?;
//! assert!((found.weights.expect("weights").iter().sum::<f64>() - 1.0).abs() < 1e-15);
//! # Ok::<(), skystack_combine::normalise::NormaliseError>(())
//! ```

mod affine;
mod cholesky;
mod error;
mod factors;
mod logarithm;
mod overlap;
mod pairs;
mod rows;
mod sampling;
mod statistics;
mod warning;
mod weights;

pub use affine::{Affine, affine, flux_warnings};
pub use error::NormaliseError;
pub use factors::{Factor, NormRule, Values, factors, warnings};
pub use overlap::{Pair, Solution, least_squares};
pub use pairs::{Compare, PairWeight, compare_pairs, pair_bytes};
pub use sampling::{SampleSize, Sampling, Statsec};
pub use statistics::{Measurement, Statistic, measure, sample_bytes};
pub use warning::Warning;
pub use weights::{FrameWeights, Weights, weights};
