//! `cargo xtask ci`: what a change must pass, and `cargo xtask package`.
//!
//! The order puts the cheap and the frequently wrong first, so that a failure shows early.

use crate::shell::Invocation;
use crate::{Result, tidy, validate};
use std::path::Path;
use std::time::Instant;

/// Feature combinations that are linted and tested besides the defaults. Never `--all-features`:
/// some features exclude each other or need a foreign library to link.
pub(crate) const FEATURE_SETS: &[(&str, &[&str])] =
    &[("skystack", &["json"]), ("skystack-fits", &["fitsrs"]), ("skystack-plan", &["detect"])];

/// Crates whose features the program turns on: the tests of the whole workspace are tests with them. To test such a crate by itself
/// would compile all kernels once more, for other features of dependencies; it is linted without them instead.
const IN_WORKSPACE: &[&str] = &["skystack"];

/// Instruction-set caps under which the numeric crates' tests run once more. The uncapped run has the widest level.
const LEVELS: &[&str] = &["scalar", "baseline", "avx2"];

/// Tests of what chooses its level by the cap: facade and program. Layers below compare all levels of the machine in every run.
///
/// Chosen by name out of the whole workspace: another choice of packages has other features of dependencies, and all kernels would
/// be compiled once more.
const LEVELLED: &[&str] = &["files", "words", "bitpix", "normalise", "combine", "limits", "others"];

/// What a step does.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    Command(Invocation),
    Tidy,
    /// The README's own test command, looked up when its turn comes: a stranger will type exactly that.
    ReadmeTests,
    Validate,
}

/// How a step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
    /// It needs something that is not on this machine.
    Skipped,
}

impl From<bool> for Verdict {
    fn from(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

#[derive(Debug)]
struct Step {
    name: String,
    action: Action,
}

/// Runs every step; `--list` only shows them.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    let steps = steps(&existing_features(root)?);
    match arguments {
        [] => run_all(root, &steps),
        [flag] if flag == "--list" => {
            for step in &steps {
                println!("{:<28} {}", step.name, shown(&step.action, root));
            }
            Ok(true)
        }
        _ => Err(format!("ci takes no arguments but --list; found {arguments:?}").into()),
    }
}

/// Runs the README's test command.
pub(crate) fn test(root: &Path, arguments: &[String]) -> Result<bool> {
    if !arguments.is_empty() {
        return Err(format!("test takes no arguments; found {arguments:?}").into());
    }
    readme_tests(root)?.run(root)
}

/// Packages every crate without uploading.
pub(crate) fn package(root: &Path, arguments: &[String]) -> Result<bool> {
    if !arguments.is_empty() {
        return Err(format!("package takes no arguments; found {arguments:?}").into());
    }
    Invocation::new("cargo publish --workspace --dry-run --allow-dirty").run(root)
}

fn run_all(root: &Path, steps: &[Step]) -> Result<bool> {
    let begun = Instant::now();
    let mut skipped = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("\n[{}/{}] {}: {}", number + 1, steps.len(), step.name, shown(&step.action, root));
        let started = Instant::now();
        let verdict = perform(&step.action, root).unwrap_or_else(|error| {
            println!("{error}");
            Verdict::Bad
        });
        let seconds = started.elapsed().as_secs_f64();
        match verdict {
            Verdict::Good => println!("[{}/{}] {}: ok, {seconds:.1} s", number + 1, steps.len(), step.name),
            Verdict::Skipped => skipped.push(step.name.as_str()),
            Verdict::Bad => {
                println!("\nci: FAILED at {:?} after {seconds:.1} s; later steps did not run", step.name);
                return Ok(false);
            }
        }
    }
    println!("\n{}", summary(steps.len(), &skipped, begun.elapsed().as_secs_f64()));
    Ok(true)
}

fn summary(steps: usize, skipped: &[&str], seconds: f64) -> String {
    let passed = steps - skipped.len();
    let rest = if skipped.is_empty() { String::new() } else { format!(" (skipped: {})", skipped.join(", ")) };
    format!("ci: {passed} of {steps} steps passed in {seconds:.0} s{rest}")
}

fn perform(action: &Action, root: &Path) -> Result<Verdict> {
    let good = match action {
        Action::Command(invocation) => invocation.run(root)?,
        Action::Tidy => tidy::run(root, &[])?,
        Action::ReadmeTests => readme_tests(root)?.run(root)?,
        Action::Validate if validate::default_folder(root).is_dir() => {
            validate::run(root, &["--brief".into()])?
        }
        Action::Validate => {
            println!("oracles not here: skipped");
            return Ok(Verdict::Skipped);
        }
    };
    Ok(good.into())
}

fn readme_tests(root: &Path) -> Result<Invocation> {
    let text =
        std::fs::read_to_string(root.join("README.md")).map_err(|error| format!("README.md: {error}"))?;
    let line = tidy::readme_test_command(&text).map_err(|finding| format!("README.md: {finding}"))?;
    Ok(Invocation::new(&line))
}

fn shown(action: &Action, root: &Path) -> String {
    match action {
        Action::Command(invocation) => invocation.line(),
        Action::Tidy => "cargo xtask tidy".into(),
        Action::ReadmeTests => {
            readme_tests(root).map_or_else(|error| error.to_string(), |found| found.line())
        }
        Action::Validate => "cargo xtask validate --brief".into(),
    }
}

/// The whole list, given the feature sets whose features exist.
fn steps(features: &[(&str, String)]) -> Vec<Step> {
    let mut steps = vec![
        command("format", "cargo fmt --all --check"),
        command("clippy", "cargo clippy --workspace --all-targets -- -D warnings"),
    ];
    for (package, set) in features {
        let line = format!("cargo clippy -p {package} --features {set} --all-targets -- -D warnings");
        steps.push(command(&format!("clippy {package} {set}"), &line));
    }
    for package in IN_WORKSPACE {
        let line = format!("cargo clippy -p {package} --all-targets -- -D warnings");
        steps.push(command(&format!("clippy {package}"), &line));
    }
    steps.push(Step { name: "tidy".into(), action: Action::Tidy });
    steps.push(command("generated sources", "cargo xtask codegen --check"));
    let doc = Invocation::new("cargo doc --workspace --no-deps").with_env("RUSTDOCFLAGS", "-D warnings");
    steps.push(Step { name: "documentation".into(), action: Action::Command(doc) });
    steps.push(Step { name: "tests".into(), action: Action::ReadmeTests });
    for (package, set) in features.iter().filter(|(package, _)| !IN_WORKSPACE.contains(package)) {
        let line = format!("cargo test -p {package} --features {set}");
        steps.push(command(&format!("tests {package} {set}"), &line));
    }
    steps.extend(LEVELS.iter().map(|level| level_step(level)));
    steps.push(Step { name: "validate".into(), action: Action::Validate });
    steps
}

fn command(name: &str, line: &str) -> Step {
    Step { name: name.into(), action: Action::Command(Invocation::new(line)) }
}

fn level_step(level: &str) -> Step {
    let tests: Vec<String> = LEVELLED.iter().map(|test| format!("--test {test}")).collect();
    let line = format!("cargo test --workspace {}", tests.join(" "));
    let tests = Invocation::new(&line).with_env("SKYSTACK_LEVEL", level);
    Step { name: format!("tests capped at {level}"), action: Action::Command(tests) }
}

/// Those of [`FEATURE_SETS`] that the crates have; says which they have not.
fn existing_features(root: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    for (package, set) in FEATURE_SETS {
        let features = tidy::features_of(root, package)?;
        match set.iter().find(|feature| !features.iter().any(|known| known == *feature)) {
            Some(missing) => {
                println!("note: {package} has no feature {missing:?}; its feature steps are left out")
            }
            None => found.push((*package, set.join(","))),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Action, LEVELS, Step, Verdict, perform, run_all, steps, summary};
    use crate::shell::Invocation;
    use std::path::Path;

    fn names(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.name.as_str()).collect()
    }

    #[test]
    fn steps_run_from_cheap_to_dear() {
        let list = steps(&[]);
        let names = names(&list);
        assert_eq!(names[..5], ["format", "clippy", "clippy skystack", "tidy", "generated sources"]);
        assert_eq!(names[5..7], ["documentation", "tests"]);
        assert_eq!(names.last(), Some(&"validate"));
        assert_eq!(names.len(), 8 + LEVELS.len());
    }

    #[test]
    fn each_feature_set_is_linted_and_tested() {
        let list = steps(&[("skystack-fits", "fitsrs".to_owned())]);
        let lines: Vec<String> = list
            .iter()
            .filter_map(|step| match &step.action {
                Action::Command(invocation) => Some(invocation.line()),
                _ => None,
            })
            .collect();
        assert!(lines.contains(
            &"cargo clippy -p skystack-fits --features fitsrs --all-targets -- -D warnings".to_owned()
        ));
        assert!(lines.contains(&"cargo test -p skystack-fits --features fitsrs".to_owned()));
    }

    #[test]
    fn level_caps_reach_the_tests_as_a_variable() {
        let list = steps(&[]);
        let capped = list.iter().find(|step| step.name == "tests capped at scalar").unwrap();
        let Action::Command(invocation) = &capped.action else { panic!("not a command") };
        assert!(
            invocation.line().starts_with("SKYSTACK_LEVEL=\"scalar\" cargo test --workspace --test files")
        );
    }

    #[test]
    fn nothing_ever_asks_for_all_features() {
        let list = steps(&[("skystack-fits", "fitsrs".to_owned())]);
        assert!(!format!("{list:?}").contains("--all-features"));
    }

    #[test]
    fn what_was_skipped_is_not_called_passed() {
        assert_eq!(summary(3, &[], 60.4), "ci: 3 of 3 steps passed in 60 s");
        assert_eq!(summary(3, &["validate"], 1.0), "ci: 2 of 3 steps passed in 1 s (skipped: validate)");
        let nowhere = Path::new("no/such/root");
        assert_eq!(perform(&Action::Validate, nowhere).unwrap(), Verdict::Skipped);
    }

    #[cfg(unix)]
    #[test]
    fn the_first_failure_stops_the_run() {
        let here = std::env::temp_dir();
        let mark = format!("xtask-ci-{}", std::process::id());
        let step = |line: &str| Step { name: line.into(), action: Action::Command(Invocation::new(line)) };
        let late = format!("touch {mark}");
        assert!(!run_all(&here, &[step("true"), step("false"), step(&late)]).unwrap());
        assert!(!run_all(&here, &[step("no-such-program"), step(&late)]).unwrap());
        assert!(!here.join(&mark).exists());
        assert!(run_all(&here, &[step("true"), step(&late)]).unwrap());
        std::fs::remove_file(here.join(mark)).unwrap();
    }
}
