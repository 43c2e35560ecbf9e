//! The planes of established programs, pixel by pixel, against the reference.
//!
//! The oracle set (`shared/oracles` beside the checkout, CC0) is not part of the repository: without it this test says so
//! and passes. Cases are picked by what this crate can do ([`cases::Case::is_ours`]), never by name.
#![allow(clippy::print_stderr, reason = "a test that skips must say so")]

mod cases;
mod compare;
mod factors;
mod fits;
mod options;
mod run_case;
mod stack;

use std::path::PathBuf;

use cases::Case;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oracles")
}

#[test]
fn every_case_that_the_reference_can_run_agrees() {
    let folder = folder();
    let Ok(text) = std::fs::read_to_string(folder.join("cases.toml")) else {
        eprintln!("skipped: no oracle set at {}", folder.display());
        return;
    };
    let cases = cases::parse(&text).unwrap_or_else(|error| panic!("cases.toml: {error}"));
    let ours: Vec<&Case> = cases.iter().filter(|case| case.is_ours()).collect();
    let mut compared = run_case::Compared::default();
    let mut failures = vec![];
    for case in &ours {
        if let Err(failure) = run_case::run(&folder, case, &mut compared) {
            failures.push(format!("{} ({}): {failure}", case.name, case.planes_from()));
        }
    }
    let apart = ours.iter().filter(|case| case.spec_differs.is_some()).count();
    let defective = ours.iter().filter(|case| case.known_defect.is_some()).count();
    eprintln!("{} of {} cases compared: {compared:?}", ours.len(), cases.len());
    eprintln!(
        "{apart} of them where the specification departs from the program, in the pixels where it does not; {defective} with the \
         definition in place of a program that has a defect"
    );
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
    // Every case that was picked gave at least its image and its count; none was passed over in silence.
    assert_eq!((compared.image, compared.nrej), (ours.len(), ours.len()));
    assert!(ours.len() >= options::EXPECTED, "only {} cases: did the predicate lose some?", ours.len());
}
