//! Rules of docs/vocabulary.md that code can be asked: names that it declares have no synonyms of the structural words.
//!
//! Looked at are files, modules, types, traits, functions, constants and macros. What they call (`chunks`, `strip_prefix`), locals and
//! prose are not.

use super::lexer::{views, words};
use super::{Finding, SourceFile};

/// Words that docs/vocabulary.md has others for.
const FORBIDDEN: &[&str] = &["block", "chunk", "slab", "strip"];

/// Where a forbidden word is right, by the start of the path.
const ALLOWED: &[(&str, &str)] = &[
    // The 2880 bytes of FITS.
    ("crates/fits/src/", "block"),
    // The 64 frames or entries of a partial sum: rule E1 calls them so.
    ("crates/stats/src/lane/moments.rs", "chunk"),
    ("crates/stats/src/slice/sum.rs", "chunk"),
    ("crates/reference/src/avsigclip.rs", "chunk"),
    ("crates/reference/src/sums.rs", "chunk"),
];

/// What declares the identifier after it.
const DECLARING: &[&str] =
    &["const", "enum", "fn", "macro_rules", "mod", "static", "struct", "trait", "type", "union"];

/// Names with a forbidden word, and exceptions that nothing needs any more.
pub(crate) fn check(sources: &[SourceFile]) -> Vec<Finding> {
    check_with(ALLOWED, sources)
}

fn check_with(allowed: &[(&str, &str)], sources: &[SourceFile]) -> Vec<Finding> {
    let mut used = vec![false; allowed.len()];
    let mut found = Vec::new();
    for file in sources.iter().filter(|file| is_source_of_a_crate(&file.path)) {
        for (line, name) in names(file) {
            for word in FORBIDDEN.iter().filter(|word| has_word(&name, word)) {
                match allowed.iter().position(|(path, known)| file.path.starts_with(path) && known == word) {
                    Some(exception) => used[exception] = true,
                    None => {
                        let message = format!("`{name}`: docs/vocabulary.md has another word for {word:?}");
                        found.push(file.finding(line, &message));
                    }
                }
            }
        }
    }
    let idle = allowed.iter().zip(used).filter(|(_, used)| !used).map(|((path, word), _)| {
        let list = SourceFile { path: file!().into(), text: String::new() };
        list.finding(1, &format!("no name in {path} has {word:?}: take the exception out of the list"))
    });
    found.extend(idle);
    found
}

fn is_source_of_a_crate(path: &str) -> bool {
    path.strip_prefix("crates/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| rest.starts_with("src/"))
}

/// The names that a file declares, its own among them, each with its line.
fn names(file: &SourceFile) -> Vec<(usize, String)> {
    let folders = file.path.trim_end_matches(".rs").split('/').skip(3);
    let mut found: Vec<(usize, String)> = folders.map(|name| (1, name.to_owned())).collect();
    let code = views(&file.text).code;
    let mut before = "";
    for (line, word) in words(&code) {
        if DECLARING.contains(&before) {
            found.push((line, word.to_owned()));
        }
        before = word;
    }
    found
}

/// Is `word`, or its plural, a word of the snake- or camel-case `name`?
fn has_word(name: &str, word: &str) -> bool {
    let mut split = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_uppercase() && after_small {
            split.push('_');
        }
        after_small = !c.is_uppercase();
        split.extend(c.to_lowercase());
    }
    split.split('_').any(|part| part == word || part.strip_suffix('s') == Some(word))
}

#[cfg(test)]
mod tests {
    use super::{check_with, has_word};
    use crate::tidy::SourceFile;

    fn findings(allowed: &[(&str, &str)], path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.into(), text: text.into() };
        check_with(allowed, &[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn words_of_names_are_whole_words() {
        for name in ["Block", "WordBlock", "BLOCK_BYTES", "sort_blocks", "block"] {
            assert!(has_word(name, "block"), "{name}");
        }
        for name in ["Blocking", "unblock", "blocky_map", "BLOCKING"] {
            assert!(!has_word(name, "block"), "{name}");
        }
    }

    #[test]
    fn declared_names_are_found_and_called_ones_are_not() {
        let path = "crates/combine/src/kernel.rs";
        for declared in [
            "struct Strip;",
            "pub(super) const STRIP_PIXELS: u8 = 1;",
            "mod slabs;",
            "const fn in_chunk() {}",
        ] {
            let found = findings(&[], path, &format!("//! Doc.\n{declared}\n"));
            assert_eq!(found.len(), 1, "{declared}");
            assert!(found[0].starts_with("crates/combine/src/kernel.rs:2: `"), "{found:?}");
        }
        let calls = "fn f(block: &[u8]) { block.chunks(2).map(|s| s.strip_prefix(p)) } // fn strip\n";
        assert_eq!(findings(&[], path, calls), [""; 0]);
        assert_eq!(findings(&[], "crates/combine/src/strip.rs", "//! Doc.\n").len(), 1);
        assert_eq!(findings(&[], "crates/combine/tests/strip.rs", "fn strip() {}\n"), [""; 0]);
        assert_eq!(findings(&[], "xtask/src/main.rs", "struct Block;\n"), [""; 0]);
    }

    #[test]
    fn an_exception_is_of_one_path_and_one_word_and_must_be_needed() {
        let allowed = [("crates/fits/src/", "block")];
        assert_eq!(findings(&allowed, "crates/fits/src/file.rs", "const BLOCK: usize = 2880;\n"), [""; 0]);
        assert_eq!(findings(&allowed, "crates/fits/src/file.rs", "fn block_of_chunk() {}\n").len(), 1);
        let found = findings(&allowed, "crates/fits/src/file.rs", "fn chunk() {}\n");
        assert_eq!(found.len(), 2);
        assert!(found[1].contains("no name in crates/fits/src/ has \"block\""), "{found:?}");
    }
}
