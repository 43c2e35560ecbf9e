//! Every chore of the workspace behind one command: `cargo xtask <name>`.
//!
//! `main` only chooses; each chore is a module with a function `run` that says whether all was well.

#![forbid(unsafe_code)]
// Talking to the person at the terminal is what this program is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod asm;
mod ci;
mod codegen;
mod compare;
mod compare_table;
mod levels;
mod sanitize;
mod science;
mod shell;
mod tidy;
mod truth;
mod validate;

use std::path::Path;
use std::process::ExitCode;

/// A chore's result: `Ok(false)` when it ran and found something wrong, `Err` when it could not run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

type Chore = fn(&Path, &[String]) -> Result<bool>;

const CHORES: &[(&str, &str, Chore)] = &[
    ("ci", "every check of a change, in order, stopping at the first failure (--list shows them)", ci::run),
    ("test", "the tests alone, by the README's command", ci::test),
    ("tidy", "the repository's own rules: docs, unsafe, layers, dependencies, README", tidy::run),
    (
        "codegen",
        "write the generated sources anew; --check: are they what the generator writes?",
        codegen::run,
    ),
    (
        "asm",
        "what the compiler made of the kernels: registers, calls in loops, no fused operations (needs objdump)",
        asm::run,
    ),
    (
        "levels",
        "are the bits of all levels the same on random pixels? [--pixels N] (10000000) [--seed S]",
        levels::run,
    ),
    (
        "sanitize",
        "the numeric crates under Miri and AddressSanitizer, as far as nightly is installed",
        sanitize::run,
    ),
    ("package", "try to package every crate as a release would (needs the registry)", ci::package),
    (
        "validate",
        "compare the program with other programs' results: [DIR] [--case TEXT] [--brief] [--keep] [--bin PATH] [--write]",
        validate::run,
    ),
    (
        "truth",
        "the statistics of combined noise against theory, on many pixels: [--pixels N] (1048576)",
        truth::run,
    ),
    (
        "science",
        "run the commands of docs/science-case.md and write its tables and pictures anew: [--bins DIR]",
        science::run,
    ),
    (
        "compare",
        "time skystack and the Python programs in turn, and compare answers: [--quick] [--record MACHINE]",
        compare::run,
    ),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(name) = words.next() else {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    };
    let Some((_, _, chore)) = CHORES.iter().find(|(known, _, _)| *known == name) else {
        eprint!("no chore named {name:?}\n\n{}", usage());
        return ExitCode::from(2);
    };
    let rest: Vec<String> = words.collect();
    match chore(&shell::root(), &rest) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("cargo xtask <chore>\n\n");
    for (name, line, _) in CHORES {
        text.push_str(&format!("    {name:<10} {line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{CHORES, usage};

    #[test]
    fn usage_has_one_line_for_each_chore() {
        let text = usage();
        for (name, line, _) in CHORES {
            assert!(text.lines().any(|row| row.contains(name) && row.contains(line)), "{name}");
        }
    }
}
