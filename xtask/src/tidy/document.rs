//! Rules of the documents: the README's two commands, and links that lead somewhere.

use super::{Finding, SourceFile};
use std::path::Path;

/// The first thing a newcomer runs.
const DEMO: &str = "cargo run --release -p skystack-cli -- demo";

/// The README's rules.
pub(crate) fn check_readme(file: &SourceFile) -> Vec<Finding> {
    let blocks = fenced_blocks(&file.text);
    let demo = blocks.first().is_some_and(|block| block.lines().any(|line| line.trim() == DEMO));
    let mut found = Vec::new();
    if !demo {
        found.push(file.finding(1, &format!("the first fenced block must have the line `{DEMO}`")));
    }
    if let Err(message) = test_command(&file.text) {
        found.push(file.finding(1, &message));
    }
    found
}

/// The command of the README's second fenced block.
pub(crate) fn test_command(readme: &str) -> Result<String, String> {
    let blocks = fenced_blocks(readme);
    let block = blocks.get(1).ok_or("needs a second fenced block with the test command")?;
    let commands: Vec<&str> =
        block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match commands[..] {
        [command]
            if command.starts_with("cargo test")
                && !command.contains(['&', '|', ';', '"', '\'', '$', '\\']) =>
        {
            Ok(command.to_owned())
        }
        _ => {
            Err(format!("the second fenced block must be one plain `cargo test` command; found {commands:?}"))
        }
    }
}

fn fenced_blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match (&mut open, line.trim_start().starts_with("```")) {
            (Some(_), true) => blocks.extend(open.take()),
            (Some(block), false) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, true) => open = Some(String::new()),
            (None, false) => {}
        }
    }
    blocks
}

/// Relative links whose target does not exist.
pub(crate) fn check_links(file: &SourceFile, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    links(&file.text)
        .into_iter()
        .filter(|(_, target)| !exists(&folder.join(target)))
        .map(|(line, target)| file.finding(line, &format!("the link to {target} leads nowhere")))
        .collect()
}

/// Line and path of each relative link outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_fence = false;
    for (row, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            let spoken: String = line.split('`').step_by(2).collect();
            found.extend(
                spoken.split("](").skip(1).filter_map(relative_target).map(|target| (row + 1, target)),
            );
        }
    }
    found
}

/// The path at the start of what follows `](`.
fn relative_target(rest: &str) -> Option<String> {
    let target = rest.split([')', ' ']).next()?;
    let path = target.split('#').next()?;
    let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
    (!elsewhere).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{DEMO, check_links, check_readme, test_command};
    use crate::tidy::SourceFile;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.into(), text: text.into() }
    }

    fn readme(first: &str, second: &str) -> String {
        format!("# Title\n\n```sh\n{first}\n```\n\nText\n\n```sh\n{second}\n```\n")
    }

    #[test]
    fn the_two_commands_in_order_are_fine() {
        let text = readme(DEMO, "cargo test --workspace");
        assert_eq!(check_readme(&file("README.md", &text)).len(), 0);
        assert_eq!(test_command(&text).unwrap(), "cargo test --workspace");
    }

    #[test]
    fn commands_that_miss_or_swap_are_found() {
        assert_eq!(check_readme(&file("README.md", "# Title\n")).len(), 2);
        assert_eq!(check_readme(&file("README.md", &readme("cargo test --workspace", DEMO))).len(), 2);
        assert_eq!(check_readme(&file("README.md", &readme("cargo run", "cargo test"))).len(), 1);
    }

    #[test]
    fn a_test_command_that_needs_a_shell_is_refused() {
        assert!(test_command(&readme(DEMO, "cargo test && echo done")).is_err());
        assert!(test_command(&readme(DEMO, "cargo test\ncargo bench")).is_err());
    }

    #[test]
    fn only_relative_links_that_lead_nowhere_are_found() {
        let text = "[a](b.md) [c](https://x.org) [d](#here)\n[e](gone.md#part) `f[g](h)`\n```\n[i](j)\n```\n";
        let found = check_links(&file("docs/one.md", text), |path| path.ends_with("docs/b.md"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "docs/one.md:2: the link to gone.md leads nowhere");
    }
}
