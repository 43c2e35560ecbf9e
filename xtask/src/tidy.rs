//! `cargo xtask tidy`: the repository's own rules, as code.
//!
//! Every rule is a function from one file's text to its findings, so that tests can feed it text.

mod architecture;
mod document;
mod lexer;
mod manifest;
mod source;
mod vocabulary;

use crate::Result;
use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use document::test_command as readme_test_command;

/// Folders with Rust sources and manifests; the fuzz targets are outside of the workspace.
const SOURCES: &[&str] = &["crates", "xtask", "benches", "fuzz"];
const MANIFESTS: &[&str] = &["crates", "xtask", "benches"];

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl SourceFile {
    fn finding(&self, line: usize, message: &str) -> Finding {
        Finding { path: self.path.clone(), line, message: message.to_owned() }
    }
}

/// A rule that a file breaks.
#[derive(Debug)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks everything and prints what it finds.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    if !arguments.is_empty() {
        return Err(format!("tidy takes no arguments; found {arguments:?}").into());
    }
    let sources = collect(root, SOURCES, |path| path.extension().is_some_and(|ending| ending == "rs"))?;
    let manifests =
        collect(root, MANIFESTS, |path| path.file_name().is_some_and(|name| name == "Cargo.toml"))?;
    let documents = collect(root, &["."], |path| path.extension().is_some_and(|ending| ending == "md"))?;
    let mut findings: Vec<Finding> = sources.iter().flat_map(source::check).collect();
    findings.extend(vocabulary::check(&sources));
    findings.extend(manifests.iter().flat_map(manifest::check));
    findings.extend(
        documents.iter().flat_map(|file| document::check_links(file, |path| root.join(path).exists())),
    );
    match documents.iter().find(|file| file.path == "README.md") {
        Some(readme) => findings.extend(document::check_readme(readme)),
        None => findings
            .push(SourceFile { path: "README.md".into(), text: String::new() }.finding(1, "is missing")),
    }
    let named = |path: &str| documents.iter().find(|file| file.path == path);
    if let (Some(document), Some(algorithms)) = (named(architecture::PATH), named(architecture::ALGORITHMS)) {
        findings.extend(architecture::check_unsafe(document, &sources));
        findings.extend(architecture::check_rejections(document, algorithms));
        findings.extend(architecture::check_decisions(document, &documents));
    }
    for finding in &findings {
        println!("{finding}");
    }
    let files = sources.len() + manifests.len() + documents.len();
    println!("tidy: {files} files, {} findings", findings.len());
    Ok(findings.is_empty())
}

/// The features that a package of ours declares.
pub(crate) fn features_of(root: &Path, package: &str) -> Result<Vec<String>> {
    let folder = package.strip_prefix("skystack-").unwrap_or(package);
    let path = root.join("crates").join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(manifest::feature_names(&table).map(str::to_owned).collect())
}

/// The wanted files below some folders of the root, sorted by path.
fn collect(root: &Path, folders: &[&str], wanted: impl Fn(&Path) -> bool) -> Result<Vec<SourceFile>> {
    let mut paths = Vec::new();
    for folder in folders.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
        walk(&folder, &mut paths)?;
    }
    paths.retain(|path| wanted(path));
    paths.sort();
    paths.iter().map(|path| read(root, path)).collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Build products, corpora of the fuzzer, and what starts with a dot are not ours to judge.
        if name.starts_with('.') || ["target", "corpus", "out"].contains(&name.as_ref()) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> Result<SourceFile> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let parts: Vec<_> = path.strip_prefix(root)?.components().filter_map(normal).collect();
    Ok(SourceFile { path: parts.join("/"), text })
}

fn normal(component: std::path::Component<'_>) -> Option<String> {
    match component {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{collect, features_of};
    use crate::shell::root;

    #[test]
    fn this_repository_is_walked_with_paths_from_the_root() {
        let files = collect(&root(), &["xtask"], |path| path.ends_with("main.rs")).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, "xtask/src/main.rs");
    }

    #[test]
    fn features_of_an_unknown_crate_is_an_error() {
        assert!(features_of(&root(), "skystack-nothing").is_err());
        assert!(features_of(&root(), "skystack-fits").is_ok());
    }
}
