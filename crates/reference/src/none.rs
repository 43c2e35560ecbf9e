//! none: combine everything valid (algorithms.md section 5.1).

use crate::outcome::Outcome;

/// Drops nothing.
pub(crate) fn reject() -> Outcome {
    Outcome::of_ranks(&[], 0, 0)
}
