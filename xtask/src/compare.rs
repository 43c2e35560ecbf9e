//! `cargo xtask compare`: skystack beside imcombiners, numpy, Bottleneck, astropy and ccdproc, answers and times.
//!
//! The Python programs live in an environment of their own under the target folder, at the versions of
//! `xtask/compare/requirements.txt`. `xtask/compare/driver.py` runs everybody in turn and writes one CSV; here it becomes
//! one table, our losses included. Different answers fail the chore, slower ones do not.

use crate::shell::{Invocation, target_dir};
use crate::{Result, compare_table as table};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = "xtask/compare/requirements.txt";
const DRIVER: &str = "xtask/compare/driver.py";
const RECORDS: &str = "benches/record";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flags {
    quick: bool,
    /// Folder below `benches/record`.
    record: Option<String>,
}

impl Flags {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut flags = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => flags.quick = true,
                "--record" => {
                    let name = words.next().ok_or("--record needs the name of a machine")?;
                    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
                        let needed = "letters, digits, - _ and . as in epyc-zen4-2core";
                        return Err(format!("--record is {name:?}, needed {needed}").into());
                    }
                    flags.record = Some(name.clone());
                }
                _ => return Err(format!("compare takes --quick and --record MACHINE; found {word:?}").into()),
            }
        }
        if flags.quick && flags.record.is_some() {
            return Err("--quick is no measurement to keep (needed: --record without --quick)".into());
        }
        Ok(flags)
    }
}

/// Prepares, runs, prints; `false` where answers differ.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    let flags = Flags::read(arguments)?;
    let record = flags.record.as_ref().map(|machine| record_path(root, machine)).transpose()?;
    let target = target_dir(root);
    let python = environment(root, &target.join("compare-venv"))?;
    if !Invocation::new("cargo build --release -p skystack-benches --bin compare_engine").run(root)? {
        return Err("the skystack side does not build".into());
    }
    let work = target.join("compare");
    fs::create_dir_all(&work)?;
    let csv = work.join("compare.csv");
    // Two, or the one there is: what the threaded peers and we get.
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(2));
    let mut driver = Command::new(&python);
    driver.arg(root.join(DRIVER)).arg(target.join("release").join("compare_engine"));
    driver.args([&work, &csv]).arg(threads.to_string()).args(flags.quick.then_some("--quick"));
    if !driver.status().map_err(|error| format!("cannot start {}: {error}", python.display()))?.success() {
        return Err(format!("{DRIVER} failed; its message stands above").into());
    }
    let text = fs::read_to_string(&csv)?;
    let rows = table::read(&text)?;
    print!("{}", table::render(&rows));
    if let Some(path) = record {
        fs::create_dir_all(path.parent().ok_or("the record has no folder")?)?;
        fs::write(&path, format!("{}\n{text}", table::machine_comment(threads)))?;
        println!("recorded in {}", path.display());
    }
    Ok(rows.iter().all(table::Row::agrees))
}

/// `benches/record/MACHINE/DATE-compare.csv`; an earlier record of the day is not overwritten.
fn record_path(root: &Path, machine: &str) -> Result<PathBuf> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let date = table::date(since.as_secs() / 86_400);
    let path = root.join(RECORDS).join(machine).join(format!("{date}-compare.csv"));
    if path.exists() {
        return Err(
            format!("{} is there already (needed: another name, or remove it)", path.display()).into()
        );
    }
    Ok(path)
}

/// The Python of an environment that has the required versions; made where it is not there or has others.
fn environment(root: &Path, venv: &Path) -> Result<PathBuf> {
    let python = venv.join("bin").join("python");
    let wanted = fs::read_to_string(root.join(REQUIREMENTS))?;
    // Written last: an environment that was left half-way has none.
    let stamp = venv.join("installed-requirements.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!("compare: making {} (once)", venv.display());
    let needed = "needed: Python 3.11 or newer with venv";
    let mut make = Command::new("python3");
    finish(make.args(["-m", "venv", "--clear"]).arg(venv), "python3 -m venv", needed)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    // imcombiners is built by cargo: into a folder of its own, not into ours.
    pip.arg(root.join(REQUIREMENTS)).env_remove("CARGO_TARGET_DIR");
    finish(
        &mut pip,
        "pip install",
        "needed: the package index, or a network to it, and cargo for imcombiners",
    )?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

/// Runs a preparation; one line says what was wrong.
fn finish(command: &mut Command, name: &str, needed: &str) -> Result<()> {
    let output = command.output().map_err(|error| format!("cannot start {name}: {error} ({needed})"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} failed: {} ({needed})", table::essence(&String::from_utf8_lossy(&output.stderr)))
        .into())
}

#[cfg(test)]
mod tests {
    use super::{Flags, finish};
    use std::process::Command;

    fn flags(line: &str) -> Result<Flags, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::read(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_are_read_and_others_refused() {
        assert_eq!(flags(""), Ok(Flags::default()));
        assert!(flags("--quick").unwrap().quick);
        assert_eq!(flags("--record epyc-zen4-2core").unwrap().record.as_deref(), Some("epyc-zen4-2core"));
        for (line, words) in [
            ("--record", "needs the name"),
            ("--record ../x", "../x"),
            ("--record a/b", "a/b"),
            ("--fast", "--fast"),
            ("--quick --record m", "--quick"),
        ] {
            let message = flags(line).unwrap_err();
            assert!(message.contains(words) && !message.contains('\n'), "{line}: {message}");
        }
    }

    #[test]
    fn a_preparation_that_cannot_start_is_one_line() {
        let error = finish(&mut Command::new("no-such-program"), "python3", "needed: Python").unwrap_err();
        let message = error.to_string();
        assert!(message.contains("python3") && message.contains("needed: Python"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
