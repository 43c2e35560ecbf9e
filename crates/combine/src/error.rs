//! What can go wrong between the options and the last row.

use std::ops::Range;

use skystack_reject::RejectError;

/// An error of a source or a sink, whose type the engine does not know.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a stack could not be combined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// An option outside its range, found before any work.
    #[error("{option} is {found}, needed {needed}")]
    Option {
        /// Canonical option name.
        option: &'static str,
        /// What was given.
        found: String,
        /// What would do.
        needed: &'static str,
    },
    /// A parameter of the rejection.
    #[error(transparent)]
    Reject(#[from] RejectError),
    /// A source failed to give rows.
    #[error("{error}")]
    Source {
        /// The frame, in frame order.
        frame: usize,
        /// The rows that were asked for.
        rows: Range<usize>,
        /// What the source says.
        #[source]
        error: BoxError,
    },
    /// A sink failed to take rows.
    #[error("{error}")]
    Sink {
        /// The rows that were handed over.
        rows: Range<usize>,
        /// What the sink says.
        #[source]
        error: BoxError,
    },
    /// Memory for a band could not be had.
    #[error("no memory for a band of {bytes} bytes")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// A worker panicked: a bug, in this program or in a source.
    #[error("a worker panicked: {message}")]
    Panic {
        /// Its words.
        message: String,
    },
    /// [`Control::cancel`](crate::Control::cancel) was set.
    #[error("cancelled")]
    Cancelled,
}

impl CombineError {
    /// A plane in memory that is too small for its frame.
    #[cold]
    pub(crate) fn plane(frame: usize, elements: usize, stride: usize) -> Self {
        let found = format!("{elements} elements with stride {stride} for frame {}", frame + 1);
        Self::Option { option: "plane", found, needed: "height rows of width samples" }
    }
}
