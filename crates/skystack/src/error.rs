//! The one error of this crate: opaque, one line, with a kind to decide on.

use std::fmt;

use skystack_combine::normalise::NormaliseError;
use skystack_combine::{BoxError, CombineError};
use skystack_fits::{FitsError, FitsErrorKind};
use skystack_plan::PlanError;
use skystack_reject::RejectError;

/// Why a stack could not be combined. `Display` is one line that names the file or option, what was found and what was
/// needed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    cause: Cause,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An input is not what it should be: no FITS file, a broken one, or frames that do not fit each other.
    Format,
    /// An option is impossible, alone or together with another.
    Parameter,
    /// A bound was passed: the memory limit, or a limit on what a file may claim.
    Limit,
    /// The operating system refused: missing file, permission, disk full, existing output.
    Io,
    /// A device is missing or failed.
    Device,
    /// The caller stopped the run.
    Cancelled,
}

#[derive(Debug)]
enum Cause {
    Message(String),
    Other(BoxError),
}

impl Error {
    /// What kind of failure it is.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, cause: Cause::Message(message.into()) }
    }

    #[cold]
    fn wrap(kind: ErrorKind, error: impl Into<BoxError>) -> Self {
        Self { kind, cause: Cause::Other(error.into()) }
    }

    /// The error of a source or sink of ours: ours again, or one of a file.
    pub(crate) fn from_box(error: BoxError) -> Self {
        match error.downcast::<FitsError>() {
            Ok(error) => (*error).into(),
            Err(error) => match error.downcast::<Self>() {
                Ok(error) => *error,
                Err(error) => Self::wrap(ErrorKind::Io, error),
            },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Message(message) => f.write_str(message),
            Cause::Other(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Message(_) => None,
            Cause::Other(error) => Some(&**error),
        }
    }
}

impl From<FitsError> for Error {
    fn from(error: FitsError) -> Self {
        let kind = match error.kind() {
            FitsErrorKind::Io | FitsErrorKind::Changed | FitsErrorKind::Exists => ErrorKind::Io,
            FitsErrorKind::Limit => ErrorKind::Limit,
            // Of a file: what it holds, or that it is no place for an output. Options are checked before files are.
            _ => ErrorKind::Format,
        };
        Self::wrap(kind, error)
    }
}

impl From<RejectError> for Error {
    fn from(error: RejectError) -> Self {
        Self::wrap(ErrorKind::Parameter, error)
    }
}

impl From<NormaliseError> for Error {
    fn from(error: NormaliseError) -> Self {
        match error {
            NormaliseError::Run(error) => error.into(),
            error => Self::wrap(ErrorKind::Parameter, error),
        }
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Self {
        let kind = match error {
            PlanError::Infeasible { .. } => ErrorKind::Limit,
            _ => ErrorKind::Parameter,
        };
        Self::wrap(kind, error)
    }
}

impl From<CombineError> for Error {
    fn from(error: CombineError) -> Self {
        let kind = match error {
            CombineError::Source { error, .. } | CombineError::Sink { error, .. } => {
                return Self::from_box(error);
            }
            CombineError::Option { .. } | CombineError::Number { .. } | CombineError::Reject(_) => {
                ErrorKind::Parameter
            }
            CombineError::OutOfMemory { .. } => ErrorKind::Limit,
            CombineError::Cancelled => ErrorKind::Cancelled,
            _ => ErrorKind::Io,
        };
        Self::wrap(kind, error)
    }
}
