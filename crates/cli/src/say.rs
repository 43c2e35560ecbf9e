//! Writing to the terminal: a closed pipe ends the program quietly instead of with a panic.

use std::fmt;
use std::io::{self, Write};

use crate::failure::{Failure, one_line};

/// Writes a line to stdout.
pub(crate) fn say(text: impl fmt::Display) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{text}") {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        Err(error) => Err(Failure::run(format!("cannot write to standard output: {error}"))),
    }
}

/// As [`say`], while work remains: a reader who has left does not stop the work.
pub(crate) fn say_on(text: impl fmt::Display) -> Result<(), Failure> {
    match say(text) {
        Err(Failure::Closed) => Ok(()),
        other => other,
    }
}

/// As [`say`], of results that are safe in files: that it cannot be said does not make them a failure.
pub(crate) fn mention(text: impl fmt::Display) {
    if let Err(Failure::Run(message)) = say(text) {
        warn(message);
    }
}

/// Writes a line to stderr.
pub(crate) fn complain(text: impl fmt::Display) {
    // Nothing can be said about a stderr that is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a warning, on one line.
pub(crate) fn warn(text: impl fmt::Display) {
    complain(format_args!("warning: {}", one_line(text)));
}
