//! `cargo xtask levels [--pixels N] [--seed S]`: are the bits of all levels of this machine the same on N random pixels?
//!
//! The work is a test of `skystack-combine`, which every test run does on fewer pixels; here it is compiled with
//! optimisations. Ten million pixels take one to two minutes on two cores.

use std::path::Path;

use crate::Result;
use crate::shell::Invocation;

const PIXELS: &str = "10000000";

/// Runs the test; it prints what it tried and, where all is well, a digest to compare with another machine's.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    invocation(arguments)?.run(root)
}

fn invocation(arguments: &[String]) -> Result<Invocation> {
    let (mut pixels, mut seed) = (PIXELS.to_owned(), "0".to_owned());
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{flag} needs a number"))?;
        value.parse::<u64>().map_err(|error| format!("{flag} {value}: {error}"))?;
        match flag.as_str() {
            "--pixels" => pixels.clone_from(value),
            "--seed" => seed.clone_from(value),
            _ => return Err(format!("levels knows --pixels N and --seed S; found {flag}").into()),
        }
    }
    let test = "cargo test --release -p skystack-combine --test levels -- --nocapture";
    Ok(Invocation::new(test).with_env("SKYSTACK_PIXELS", &pixels).with_env("SKYSTACK_SEED", &seed))
}

#[cfg(test)]
mod tests {
    use super::invocation;

    #[test]
    fn numbers_reach_the_test_as_variables() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let line = invocation(&words("--seed 7 --pixels 20")).unwrap().line();
        assert!(line.starts_with("SKYSTACK_PIXELS=\"20\" SKYSTACK_SEED=\"7\" cargo test --release"));
        assert!(invocation(&[]).unwrap().line().contains("\"10000000\""));
        assert!(invocation(&words("--pixels many")).is_err());
        assert!(invocation(&words("--pixels")).is_err());
        assert!(invocation(&words("--bands 3")).is_err());
    }
}
