//! What can be wrong with the numbers that frames are normalised by.

use crate::CombineError;

/// Why there are no factors or weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NormaliseError {
    /// Another number of values than of frames.
    #[error("{what} is {found} numbers, needed one for each of {frames} frames")]
    Count {
        /// Option or property.
        what: &'static str,
        /// Numbers given.
        found: usize,
        /// Frames of the stack.
        frames: usize,
    },
    /// A number of a frame that cannot be used.
    #[error("{what} of frame {} is {found}, needed {needed}", frame + 1)]
    Value {
        /// Option or property.
        what: &'static str,
        /// The frame, in frame order, from 0.
        frame: usize,
        /// The number.
        found: f64,
        /// What would do.
        needed: &'static str,
    },
    /// No weight is above zero, or their sum is beyond any number.
    #[error("weights sum to {found}, needed a finite sum above zero")]
    Weights {
        /// Their sum.
        found: f64,
    },
    /// Nothing to take a statistic of.
    #[error("frame {} has no valid pixel in the section for statistics, needed at least one", frame + 1)]
    Empty {
        /// The frame, in frame order, from 0.
        frame: usize,
    },
    /// A combination that the convention's program does not have.
    #[error("{what} is not defined in convention {convention}: {instead}")]
    NotDefined {
        /// Option.
        what: &'static str,
        /// Name of the convention.
        convention: &'static str,
        /// What the user can do instead.
        instead: &'static str,
    },
    /// A pair of frames that no equation can be made of.
    #[error("pair of frames {} and {}: {what} is {found}, needed {needed}", first + 1, second + 1)]
    Pair {
        /// The one frame, in frame order, from 0.
        first: usize,
        /// The other one.
        second: usize,
        /// Number of the pair.
        what: &'static str,
        /// Its value.
        found: f64,
        /// What would do.
        needed: &'static str,
    },
    /// Weights of pairs so different that rounding has eaten an equation.
    #[error("overlaps leave frame {} undetermined: the weights of the pairs differ too much", frame + 1)]
    Undetermined {
        /// The frame, in frame order, from 0.
        frame: usize,
    },
    /// The source failed, or the run was cancelled.
    #[error(transparent)]
    Run(#[from] CombineError),
}

impl NormaliseError {
    /// The frame that is to blame, in frame order, from 0: for messages that name its file.
    pub fn frame(&self) -> Option<usize> {
        match self {
            Self::Value { frame, .. } | Self::Empty { frame } | Self::Undetermined { frame } => Some(*frame),
            Self::Run(CombineError::Source { frame, .. }) => Some(*frame),
            _ => None,
        }
    }
}

/// One number for each frame?
pub(super) fn check_count(what: &'static str, found: usize, frames: usize) -> Result<(), NormaliseError> {
    if found == frames { Ok(()) } else { Err(NormaliseError::Count { what, found, frames }) }
}

/// Does every frame's number pass? The first that does not is named.
pub(super) fn check_each(
    what: &'static str,
    numbers: impl IntoIterator<Item = f64>,
    passes: impl Fn(f64) -> bool,
    needed: &'static str,
) -> Result<(), NormaliseError> {
    match numbers.into_iter().enumerate().find(|(_, number)| !passes(*number)) {
        None => Ok(()),
        Some((frame, found)) => Err(NormaliseError::Value { what, frame, found, needed }),
    }
}

pub(super) const ABOVE_ZERO: &str = "a finite number above zero";
pub(super) const FINITE: &str = "a finite number";

pub(super) fn above_zero(number: f64) -> bool {
    number > 0.0 && number.is_finite()
}
