//! What the program ends with when it cannot do what was asked: one line and an exit code.

use std::error::Error as _;
use std::fmt;
use std::path::Path;

use skystack::fits::FitsError;

/// A run that ends without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// The run failed (bad file, disk full, out of budget): exit code 1.
    Run(String),
    /// A signal ended the run: exit code 128 and its number, as shells have it.
    Interrupted(u8),
    /// Nobody reads our output any more (`skystack ... | head`): not a failure to talk about.
    Closed,
}

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::Usage(with_dashes(one_line(message)))
    }

    pub(crate) fn run(message: impl fmt::Display) -> Self {
        Self::Run(one_line(message))
    }

    /// An output that is there already.
    pub(crate) fn exists(path: &Path) -> Self {
        Self::run(format!("{}: the output exists (needed: another name, or --overwrite)", path.display()))
    }

    /// Exit code of the contract.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Run(_) => 1,
            Self::Usage(_) => 2,
            Self::Interrupted(signal) => 128 + signal,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => write!(f, "error: {message}"),
            Self::Run(message) => write!(f, "skystack: {message}"),
            Self::Interrupted(signal) => write!(f, "skystack: stopped by signal {signal}, no output written"),
            Self::Closed => Ok(()),
        }
    }
}

impl From<skystack::Error> for Failure {
    fn from(error: skystack::Error) -> Self {
        if let Some(FitsError::Exists { path }) = error.source().and_then(|source| source.downcast_ref()) {
            return Self::exists(path);
        }
        match error.kind() {
            skystack::ErrorKind::Parameter => Self::usage(error),
            _ => Self::run(error),
        }
    }
}

impl From<FitsError> for Failure {
    fn from(error: FitsError) -> Self {
        match error {
            FitsError::Exists { path } => Self::exists(&path),
            _ => Self::run(error),
        }
    }
}

impl From<skystack::inputs::InputsError> for Failure {
    fn from(error: skystack::inputs::InputsError) -> Self {
        use skystack::inputs::InputsError;
        match error {
            InputsError::Nothing | InputsError::NoName { .. } | InputsError::Pattern { .. } => {
                Self::usage(error)
            }
            _ => Self::run(error),
        }
    }
}

/// Options that the library calls by the names of its own.
const OPTIONS: [&str; 26] = [
    "alpha",
    "ampfrac",
    "bitpix",
    "blank",
    "center",
    "combine",
    "ddof",
    "gain",
    "grow",
    "hsigma",
    "hthreshold",
    "lsigma",
    "lthreshold",
    "maxiters",
    "maxrej",
    "nhigh",
    "nkeep",
    "nlow",
    "pclip",
    "phigh",
    "plow",
    "rdnoise",
    "sigscale",
    "snoise",
    "spread",
    "weight",
];

/// `lsigma is -2` becomes `--lsigma is -2`: what the user typed.
fn with_dashes(message: String) -> String {
    if let Some(rest) = message.strip_prefix("nlow and nhigh ") {
        return format!("--nlow and --nhigh {rest}");
    }
    let named = |name: &&str| message.strip_prefix(*name).is_some_and(|rest| rest.starts_with(" is "));
    if OPTIONS.iter().any(named) { format!("--{message}") } else { message }
}

/// A message on one line: a file name may hold a line feed or a terminal's control codes.
pub(crate) fn one_line(message: impl fmt::Display) -> String {
    let text = message.to_string();
    text.trim()
        .chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_whatever_a_name_holds() {
        let failure = Failure::run("a\nb\u{1b}[2J.fits: no such file\n");
        assert_eq!(failure.to_string(), "skystack: a\\nb\\u{1b}[2J.fits: no such file");
        assert_eq!(
            Failure::usage("lsigma is -2, needed more").to_string(),
            "error: --lsigma is -2, needed more"
        );
        assert_eq!(Failure::usage("nlow and nhigh drop 3").to_string(), "error: --nlow and --nhigh drop 3");
        assert_eq!(Failure::usage("lsigmas is").to_string(), "error: lsigmas is");
        assert_eq!((failure.code(), Failure::usage("x").code(), Failure::Closed.code()), (1, 2, 0));
    }
}
