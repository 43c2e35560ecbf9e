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

/// Writes a line to stderr.
pub(crate) fn complain(text: impl fmt::Display) {
    // Nothing can be said about a stderr that is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a warning, on one line.
pub(crate) fn warn(text: impl fmt::Display) {
    complain(format_args!("warning: {}", one_line(text)));
}
