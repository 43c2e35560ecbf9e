//! The progress bar: rows, rate and time left, on a terminal only.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use skystack::Progress;

use crate::args::{MachineArgs, ProgressName};

/// A bar on stderr that shows finished output rows.
#[derive(Debug, Clone)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// `None` where nobody would see it, or nobody wants it.
    pub(crate) fn new(args: &MachineArgs) -> Option<Self> {
        let wanted = args.progress == ProgressName::Auto && !args.quiet && io::stderr().is_terminal();
        let template = "{bar:40} {pos}/{len} rows, {per_sec}, {eta} left";
        wanted.then(|| {
            let bar = ProgressBar::new(0);
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            Self(bar)
        })
    }

    /// Moves the bar.
    pub(crate) fn show(&self, progress: &Progress) {
        self.0.set_length(progress.rows as u64);
        self.0.set_position(progress.rows_done as u64);
    }

    /// Takes the bar off the terminal.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
