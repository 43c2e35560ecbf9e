//! `cargo xtask validate`: the program against the results of other programs.
//!
//! An oracle folder holds stacks, what established programs made of them, and `cases.toml`. Each
//! case is one run of `skystack combine`, and each of its planes is compared at every pixel.

// The tests of the reference run the same cases: what a case says, and when planes agree, is one text for both. How FITS
// files are read is not, so that a fault of our reader cannot hide in both.
#[path = "../../crates/reference/tests/oracles/cases.rs"]
mod cases;
#[path = "../../crates/reference/tests/oracles/compare.rs"]
mod compare;
mod document;
mod flags;
mod plane;
mod report;
mod run_case;

use crate::Result;
use crate::shell::{Invocation, target_dir};
use cases::Case;
use report::Outcome;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the command line of `validate` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    folder: Option<PathBuf>,
    filter: Option<String>,
    binary: Option<PathBuf>,
    brief: bool,
    keep: bool,
    write: bool,
}

impl Request {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--case" => request.filter = Some(value()?.clone()),
                "--bin" => request.binary = Some(value()?.into()),
                "--brief" => request.brief = true,
                "--keep" => request.keep = true,
                "--write" => request.write = true,
                flag if flag.starts_with('-') => return Err(format!("validate has no flag {flag}").into()),
                folder if request.folder.is_none() => request.folder = Some(folder.into()),
                extra => return Err(format!("validate takes one folder; found {extra} too").into()),
            }
        }
        if request.write && request.filter.is_some() {
            return Err("validate --write is about all cases, needed: without --case".into());
        }
        Ok(request)
    }
}

/// What the run is written into, from the root.
const DOCUMENT: &str = "docs/validation.md";

/// Where the oracle folder lies when nobody says otherwise: beside the repository.
pub(crate) fn default_folder(root: &Path) -> PathBuf {
    root.join("../shared/oracles")
}

/// Runs the cases; good when none failed and some passed.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    let request = Request::parse(arguments)?;
    let folder = request.folder.clone().unwrap_or_else(|| default_folder(root));
    // Absolute, so that a case's run does not depend on where it happens.
    let folder =
        folder.canonicalize().map_err(|error| format!("oracle folder {}: {error}", folder.display()))?;
    let list = folder.join("cases.toml");
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let mut cases = cases::parse(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    if let Some(part) = &request.filter {
        cases.retain(|case| case.name.contains(part.as_str()));
    }
    let binary = match &request.binary {
        Some(path) => path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?,
        None => build(root)?,
    };
    let scratch = Scratch::new(request.keep)?;
    let outcomes = run_all(&cases, &folder, &binary, &scratch);
    print!("{}", report::render(&outcomes, request.brief));
    if request.write {
        let path = root.join(DOCUMENT);
        let named = |error: &dyn std::fmt::Display| format!("{DOCUMENT}: {error}");
        let text = std::fs::read_to_string(&path).map_err(|error| named(&error))?;
        let text = document::updated(&text, &outcomes).map_err(|error| named(&error))?;
        std::fs::write(&path, text).map_err(|error| named(&error))?;
        println!("{DOCUMENT} is written");
    }
    Ok(report::is_good(&outcomes))
}

fn build(root: &Path) -> Result<PathBuf> {
    let command = Invocation::new("cargo build --release -p skystack-cli");
    if !command.run(root)? {
        return Err(format!("`{}` failed", command.line()).into());
    }
    let binary = target_dir(root).join("release").join(format!("skystack{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() { Ok(binary) } else { Err(format!("{} was not built", binary.display()).into()) }
}

/// A folder for outputs, outside of the repository; removed when it goes out of scope, unless kept.
struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    fn new(keep: bool) -> Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("skystack-validate-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if keep {
            println!("outputs are kept in {}", path.display());
        }
        Ok(Self { path, keep })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("{}: {error}", self.path.display());
        }
    }
}

/// The outcomes in the order of the cases; as many at a time as there are cores.
fn run_all(cases: &[Case], oracles: &Path, binary: &Path, scratch: &Scratch) -> Vec<Outcome> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(cases.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(cases.len()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((number, case)) = take(&next, cases) {
                    let outcome = run_case::run_case(case, oracles, binary, &scratch.path, scratch.keep);
                    done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((number, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    Some((number, cases.get(number)?))
}

// The stand-ins for the program are shell scripts.
#[cfg(all(test, unix))]
mod tests;
