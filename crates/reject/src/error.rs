//! What can be wrong with the parameters of a rejection.

use crate::{Center, Convention, Restore};

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
    /// A centre that the rejection has no definition for.
    #[error("center of {rejection} is {}, needed one that it is defined with: median, or mean where it has one", format!("{found:?}").to_lowercase())]
    Center {
        /// Name of the rejection.
        rejection: &'static str,
        /// The centre that was given.
        found: Center,
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

/// `sigscale`: a number, zero or more.
pub(crate) fn check_sigscale(found: f64) -> Result<(), RejectError> {
    if found >= 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(RejectError::Parameter { parameter: "sigscale", found, needed: "a number, zero or more (0 = never)" })
}

/// `nkeep` and `maxrej` need something that restores.
pub(crate) fn check_floor(nkeep: u32, maxrej: Option<u32>, restore: Restore) -> Result<(), RejectError> {
    if restore == Restore::None && (nkeep > 0 || maxrej.is_some()) {
        let found = f64::from(maxrej.unwrap_or(nkeep));
        let needed = "restore nearest or rollback: with restore none it would have no effect";
        return Err(RejectError::Parameter { parameter: "nkeep or maxrej", found, needed });
    }
    Ok(())
}
