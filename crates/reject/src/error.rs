//! What can be wrong with the parameters of a rejection.

use crate::Convention;

/// A rejection that cannot be run as asked. Found before any work starts.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectError {
    /// The pair (rejection, convention) has no published definition.
    #[error("rejection {rejection} is not defined in convention {convention}: {instead}")]
    NotDefined {
        /// Name of the rejection.
        rejection: &'static str,
        /// The convention that was asked for.
        convention: Convention,
        /// What the user can do instead.
        instead: &'static str,
    },
    /// A parameter outside its range.
    #[error("{parameter} is {found}, needed {needed}")]
    Parameter {
        /// Canonical option name.
        parameter: &'static str,
        /// The value that was given.
        found: f64,
        /// The range in words.
        needed: &'static str,
    },
    /// minmax would drop every frame.
    #[error("nlow and nhigh drop {low} and {high} of {frames} frames, needed fewer than {frames} together")]
    DropsAll {
        /// Frames dropped at the low end.
        low: usize,
        /// Frames dropped at the high end.
        high: usize,
        /// Frames in the stack.
        frames: usize,
    },
    /// Another rejection is to follow one that replaces samples.
    #[error("a rejection follows {rejection}, which replaces samples, needed {rejection} as the last one")]
    NotLast {
        /// Name of the rejection that must be the last.
        rejection: &'static str,
    },
    /// A name that is no convention.
    #[error("convention {found:?} is unknown, needed one of {}", Convention::names())]
    UnknownConvention {
        /// The text that was given.
        found: String,
    },
}

/// A clipping factor: zero or more, infinity switches its side off.
pub(crate) fn check_factor(parameter: &'static str, found: f64) -> Result<(), RejectError> {
    if found >= 0.0 {
        return Ok(());
    }
    Err(RejectError::Parameter { parameter, found, needed: "zero or more (inf switches the side off)" })
}
