//! Rules of docs/architecture.md: its lists of files are those of the tree.
//!
//! That a file which is named exists is a rule of links; here it is the other way round: what exists is named.

use super::lexer::{views, words};
use super::{Finding, SourceFile};
use std::collections::BTreeMap;

/// Where the document lies.
pub(crate) const PATH: &str = "docs/architecture.md";

/// The section that names every file with `unsafe`.
const UNSAFE_SECTION: &str = "## Where `unsafe` lives";

/// The crates that may have some: everywhere else another rule finds it.
const UNSAFE_FOLDERS: &[&str] = &["crates/simd/src/", "crates/cuda/src/"];

/// The section on `unsafe` names the files that have some, and no others.
pub(crate) fn check_unsafe(document: &SourceFile, sources: &[SourceFile]) -> Vec<Finding> {
    let Some((first, section)) = section(&document.text, UNSAFE_SECTION) else {
        return vec![document.finding(1, &format!("has no section {UNSAFE_SECTION:?}"))];
    };
    let named: BTreeMap<String, usize> = section
        .lines()
        .enumerate()
        .flat_map(|(row, line)| links(line).map(move |path| (path, first + row)))
        .filter(|(path, _)| UNSAFE_FOLDERS.iter().any(|folder| path.starts_with(folder)))
        .collect();
    let unsafe_files: Vec<&str> =
        sources.iter().filter(|file| has_unsafe(file)).map(|file| file.path.as_str()).collect();
    let missing = unsafe_files
        .iter()
        .filter(|path| !named.contains_key(**path))
        .map(|path| document.finding(first, &format!("{path} has `unsafe` and is not named here")));
    let safe = named
        .iter()
        .filter(|(path, _)| !unsafe_files.contains(&path.as_str()))
        .map(|(path, line)| document.finding(*line, &format!("{path} has no `unsafe`")));
    missing.chain(safe).collect()
}

fn has_unsafe(file: &SourceFile) -> bool {
    UNSAFE_FOLDERS.iter().any(|folder| file.path.starts_with(folder))
        && words(&views(&file.text).code).any(|(_, word)| word == "unsafe")
}

/// The text below a heading up to the next one, and the 1-based line on which it starts.
fn section<'a>(text: &'a str, heading: &str) -> Option<(usize, &'a str)> {
    let (before, after) = text.split_once(&format!("{heading}\n"))?;
    let end = after.find("\n#").unwrap_or(after.len());
    Some((before.lines().count() + 2, &after[..end]))
}

/// Paths from the root of a line's links into the repository.
fn links(line: &str) -> impl Iterator<Item = String> {
    line.split("](../").skip(1).filter_map(|rest| rest.split([')', '#']).next()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{PATH, check_unsafe};
    use crate::tidy::SourceFile;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.into(), text: text.into() }
    }

    fn unsafe_findings(section: &str) -> Vec<String> {
        let sources = [
            file("crates/simd/src/pair.rs", "fn f() { unsafe { g() } }"),
            file("crates/simd/src/lib.rs", "//! The only crate with `unsafe`.\n"),
            file("crates/stats/src/lib.rs", "unsafe fn another_rule_finds_this() {}"),
        ];
        let document = file(PATH, &format!("# Title\n\n## Where `unsafe` lives\n{section}\n## Next\n"));
        check_unsafe(&document, &sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_list_of_unsafe_files_is_complete_and_no_longer() {
        let pair = "[pair.rs](../crates/simd/src/pair.rs)";
        assert_eq!(
            unsafe_findings(&format!("\nIn {pair} (see [stats](../crates/stats/src/lib.rs)).\n")),
            [""; 0]
        );
        let found = unsafe_findings("\nNowhere.\n");
        assert_eq!(
            found,
            ["docs/architecture.md:4: crates/simd/src/pair.rs has `unsafe` and is not named here"]
        );
        let found = unsafe_findings(&format!("\n{pair}\n[lib.rs](../crates/simd/src/lib.rs)\n"));
        assert_eq!(found, ["docs/architecture.md:6: crates/simd/src/lib.rs has no `unsafe`"]);
    }

    #[test]
    fn a_list_after_the_section_does_not_count() {
        assert_eq!(unsafe_findings("\n## Other\n[pair.rs](../crates/simd/src/pair.rs)\n").len(), 1);
        assert_eq!(check_unsafe(&file(PATH, "# Title\n"), &[]).len(), 1);
    }
}
