//! `cargo xtask science [--bins DIR]`: runs the commands of `docs/science-case.md`, and writes its tables and pictures anew.
//!
//! The document is the script: its `sh` blocks are run as they stand, in one shell, but for the first, which builds. The tables
//! do not depend on the machine, but for the last digits of logarithms in the simulation.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::shell::{Invocation, target_dir};

const DOCUMENT: &str = "docs/science-case.md";
const FIGURES: &str = "docs/figures/science-case";
const BEGIN: &str = "<!-- written by `cargo xtask science`, from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Most bytes of all pictures together: they are part of the repository.
const MOST_BYTES: u64 = 400_000;

/// Runs it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    let bins = match arguments {
        [] => built(root)?,
        [flag, folder] if flag == "--bins" => vec![Path::new(folder).canonicalize()?],
        _ => return Err(format!("science knows --bins DIR; found {arguments:?}").into()),
    };
    let document = root.join(DOCUMENT);
    let text = std::fs::read_to_string(&document).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    let folder = target_dir(root).join("science-case");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let said = shell(&script(&text), &folder, &bins)?;
    let tables = said.find("Sky that all").map(|at| &said[at..]).ok_or("the tables are missing")?;
    std::fs::write(&document, updated(&text, tables)?)?;
    let bytes = copy_pictures(&folder.join("night"), &root.join(FIGURES))?;
    println!(
        "{DOCUMENT} and {FIGURES} are written, {bytes} bytes of pictures; the night is in {}",
        folder.display()
    );
    Ok(bytes <= MOST_BYTES)
}

/// Builds both programs; the folders that hold them.
fn built(root: &Path) -> Result<Vec<PathBuf>> {
    let command = Invocation::new("cargo build --release -p skystack-cli --bins --examples");
    if !command.run(root)? {
        return Err(format!("`{}` failed", command.line()).into());
    }
    let release = target_dir(root).join("release");
    Ok(vec![release.clone(), release.join("examples")])
}

/// The shell blocks of the document but that which builds.
fn script(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| !block.contains("cargo build")).collect()
}

/// Runs it in the folder and returns what it says.
fn shell(script: &str, folder: &Path, bins: &[PathBuf]) -> Result<String> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(bins.iter().cloned().chain(std::env::split_paths(&old)))?;
    let output =
        Command::new("sh").args(["-e", "-c", script]).current_dir(folder).env("PATH", path).output()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    if output.status.success() { Ok(said) } else { Err(format!("the commands failed: {said}").into()) }
}

/// The document with the part between the marks made anew.
fn updated(text: &str, tables: &str) -> Result<String> {
    let (head, rest) = text.split_once(BEGIN).ok_or("the first mark is missing")?;
    let (_, tail) = rest.split_once(END).ok_or("the second mark is missing")?;
    Ok(format!("{head}{BEGIN}{}\n{END}{tail}", tables.trim_end()))
}

fn copy_pictures(from: &Path, to: &Path) -> Result<u64> {
    std::fs::create_dir_all(to)?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "png") {
            bytes += std::fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, script, updated};

    #[test]
    fn the_script_is_every_block_but_that_which_builds() {
        let text =
            "a\n```sh\ncargo build\n```\nb\n```sh\none\n```\n```rust\nno\n```\n```sh\ntwo\nthree\n```\n";
        assert_eq!(script(text), "one\ntwo\nthree\n");
    }

    #[test]
    fn tables_replace_what_is_between_the_marks() {
        let text = format!("head\n{BEGIN}old\n{END}tail\n");
        assert_eq!(updated(&text, "new\n\n").unwrap(), format!("head\n{BEGIN}new\n{END}tail\n"));
        assert!(updated("head", "new").is_err());
    }
}
