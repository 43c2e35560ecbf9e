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

/// The section with a row for each rejection.
const REJECTIONS_SECTION: &str = "## Rejections, file by file";

/// The section of decisions.
const DECISIONS_SECTION: &str = "## Decisions";

/// Where the rejections are specified, in sections `### 5.N NAME`.
pub(crate) const ALGORITHMS: &str = "docs/algorithms.md";

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

/// Each section on a rejection in algorithms.md has a row, with its number and its name, and each row such a section.
pub(crate) fn check_rejections(document: &SourceFile, algorithms: &SourceFile) -> Vec<Finding> {
    let Some((first, section)) = section(&document.text, REJECTIONS_SECTION) else {
        return vec![document.finding(1, &format!("has no section {REJECTIONS_SECTION:?}"))];
    };
    let specified: Vec<(&str, &str)> = algorithms
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("### ")?.split_once(' '))
        .filter(|(number, _)| number.starts_with("5.") && *number != "5.0")
        .collect();
    let rows: Vec<(usize, &str, &str)> = section
        .lines()
        .enumerate()
        .filter_map(|(row, line)| {
            let (number, rest) = line.strip_prefix("| [5.").and_then(|_| line[3..].split_once(']'))?;
            Some((first + row, number, rest.split('|').nth(1)?.trim()))
        })
        .collect();
    let without_row = specified
        .iter()
        .filter(|(number, name)| !rows.iter().any(|(_, of, row)| (of, row) == (number, name)))
        .map(|(number, name)| {
            document.finding(first, &format!("{number} {name} of {ALGORITHMS} has no row"))
        });
    let without_section = rows
        .iter()
        .filter(|(_, number, name)| !specified.contains(&(number, name)))
        .map(|(line, number, name)| document.finding(*line, &format!("{ALGORITHMS} has no {number} {name}")));
    without_row.chain(without_section).collect()
}

/// Each decision is in the list of decisions.
pub(crate) fn check_decisions(document: &SourceFile, documents: &[SourceFile]) -> Vec<Finding> {
    let Some((first, section)) = section(&document.text, DECISIONS_SECTION) else {
        return vec![document.finding(1, &format!("has no section {DECISIONS_SECTION:?}"))];
    };
    documents
        .iter()
        .filter_map(|file| file.path.strip_prefix("docs/"))
        .filter(|path| path.starts_with("decisions/") && !section.contains(&format!("]({path})")))
        .map(|path| document.finding(first, &format!("{path} has no row")))
        .collect()
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
    use super::{ALGORITHMS, PATH, check_decisions, check_rejections, check_unsafe};
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

    #[test]
    fn each_rejection_has_a_row_and_each_row_a_rejection() {
        let text =
            "## 5. Rejections\n\n### 5.0 Common rules\n\n### 5.1 none\n\n### 5.2 minmax\n\n### 6.1 Scales\n";
        let algorithms = file(ALGORITHMS, text);
        let findings = |rows: &str| -> Vec<String> {
            let document =
                file(PATH, &format!("# Title\n\n## Rejections, file by file\n\n{rows}\n## Next\n"));
            check_rejections(&document, &algorithms).iter().map(ToString::to_string).collect()
        };
        let row = |number: &str, name: &str| format!("| [{number}](algorithms.md#x) | {name} | a | b |\n");
        assert_eq!(findings(&(row("5.1", "none") + &row("5.2", "minmax"))), [""; 0]);
        assert_eq!(
            findings(&row("5.1", "none")),
            ["docs/architecture.md:4: 5.2 minmax of docs/algorithms.md has no row"]
        );
        let found = findings(&(row("5.1", "none") + &row("5.2", "extrema")));
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], "docs/architecture.md:6: docs/algorithms.md has no 5.2 extrema");
    }

    #[test]
    fn a_decision_without_a_row_is_found() {
        let document = file(PATH, "## Decisions\n\n| [0001](decisions/0001-a.md) | a |\n");
        let documents = [
            file("docs/decisions/0001-a.md", ""),
            file("docs/decisions/0002-b.md", ""),
            file("docs/x.md", ""),
        ];
        let found = check_decisions(&document, &documents);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "docs/architecture.md:2: decisions/0002-b.md has no row");
    }
}
