//! `cargo xtask truth [--pixels N]`: the statistics of the program against theory, on more pixels than a test run has.
//!
//! The work is a test of `skystack`, compiled with optimisations here; it prints every figure beside what is expected.

use std::path::Path;

use crate::Result;
use crate::shell::Invocation;

/// Eight times those of a test run: a variance is known to 0.7 % at five standard errors.
const PIXELS: &str = "1048576";

/// Runs the tests.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    invocation(arguments)?.run(root)
}

fn invocation(arguments: &[String]) -> Result<Invocation> {
    let pixels = match arguments {
        [] => PIXELS,
        [flag, number] if flag == "--pixels" => {
            number.parse::<usize>().map_err(|error| format!("--pixels {number}: {error}"))?;
            number
        }
        _ => return Err(format!("truth knows --pixels N; found {arguments:?}").into()),
    };
    let test = "cargo test --release -p skystack --test truth -- --nocapture --test-threads 1";
    Ok(Invocation::new(test).with_env("SKYSTACK_TRUTH_PIXELS", pixels))
}

#[cfg(test)]
mod tests {
    use super::invocation;

    #[test]
    fn the_number_of_pixels_reaches_the_test_as_a_variable() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(
            invocation(&[])
                .unwrap()
                .line()
                .starts_with("SKYSTACK_TRUTH_PIXELS=\"1048576\" cargo test --release")
        );
        assert!(invocation(&words("--pixels 512")).unwrap().line().contains("\"512\""));
        for wrong in ["--pixels", "--pixels many", "--seed 1"] {
            assert!(invocation(&words(wrong)).is_err(), "{wrong}");
        }
    }
}
