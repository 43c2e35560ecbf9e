//! Running other programs, and where things are.

use crate::Result;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The repository's root: the folder above this crate.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// The folder that cargo builds into.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// A program with its arguments, run in the repository's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Variables set for this run only.
    pub(crate) env: Vec<(String, String)>,
    /// Program, then arguments.
    pub(crate) words: Vec<String>,
}

impl Invocation {
    /// From words separated by blanks; no quoting.
    pub(crate) fn new(line: &str) -> Self {
        Self { env: Vec::new(), words: line.split_whitespace().map(str::to_owned).collect() }
    }

    /// The same with a variable set.
    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As one could type it.
    pub(crate) fn line(&self) -> String {
        let mut words: Vec<String> =
            self.env.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        words.extend(self.words.iter().cloned());
        words.join(" ")
    }

    /// Runs it with this terminal's streams; `false` when it exits with anything but 0.
    pub(crate) fn run(&self, root: &Path) -> Result<bool> {
        let (program, arguments) = self.words.split_first().ok_or("an empty command")?;
        let status = Command::new(program_path(program))
            .args(arguments)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .status()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        Ok(status.success())
    }
}

/// Under `cargo xtask`, cargo names itself in CARGO: the nested one must be of the same toolchain.
fn program_path(program: &str) -> PathBuf {
    match std::env::var_os("CARGO") {
        Some(cargo) if program == "cargo" => PathBuf::from(cargo),
        _ => PathBuf::from(program),
    }
}

/// How a program that was waited for ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code; none when a signal ended it.
    Exit(Option<i32>),
    /// Not within the time allowed; it was killed.
    TimedOut,
}

/// Runs a program quietly, its stderr into a file of `folder`; returns how it ended and that text.
pub(crate) fn run_quietly(command: &mut Command, folder: &Path, limit: Duration) -> Result<(Ended, String)> {
    // A file, not a pipe: nobody drains a pipe while we wait, and a full one would block the program.
    let log = folder.join("stderr.txt");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", command.get_program().display()))?;
    let started = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break Ended::Exit(status.code());
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break Ended::TimedOut;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    Ok((ended, text))
}

#[cfg(test)]
mod tests {
    use super::Invocation;

    #[test]
    fn line_shows_variables_before_the_program() {
        let invocation = Invocation::new("cargo doc --no-deps").with_env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(invocation.line(), r#"RUSTDOCFLAGS="-D warnings" cargo doc --no-deps"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_killed_at_the_limit() {
        use super::{Ended, run_quietly};
        let folder = std::env::temp_dir().join(format!("xtask-shell-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut sleep = std::process::Command::new("sleep");
        let limit = std::time::Duration::from_millis(50);
        let (ended, _) = run_quietly(sleep.arg("30"), &folder, limit).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ended, Ended::TimedOut);
    }
}
