//! Normalisation by the letter of algorithms.md section 6: a sample of a frame, its statistics, factors, weights.
//!
//! ```
//! use skystack_reference::Working;
//! use skystack_reference::normalise::{Source, factors, statistic};
//! // zero=median of two frames.
//! let zeros = [[4.0, 1.0, 3.0], [9.0, 11.0, 10.0]].map(|frame| statistic::median(&frame, Working::F64));
//! let found = factors::iraf(2, &Source::None, &Source::Measured(zeros.to_vec()));
//! assert_eq!((found.scalings[1].multiply, found.scalings[1].add), (1.0, -7.0));
//! ```

pub mod factors;
pub mod sampling;
pub mod statistic;
pub mod weights;

/// One number a frame, and how it is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// No scaling, or no zeros.
    None,
    /// A statistic or an exposure time.
    Measured(Vec<f64>),
    /// A file, a keyword or a vector.
    Given(Vec<f64>),
}
