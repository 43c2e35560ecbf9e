//! The planes of established programs, pixel by pixel, against the reference.
//!
//! The oracle set (`shared/oracles` beside the checkout, CC0) is not part of the repository: without it this test says so
//! and passes. Cases are picked by what this crate can do ([`case::Case::is_ours`]), never by name.
#![allow(clippy::print_stderr, reason = "a test that skips must say so")]

mod case;
mod compare;
mod factors;
mod fits;
mod stack;

use std::path::PathBuf;

use case::Case;

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
    let cases = case::parse(&text);
    let ours: Vec<&Case> = cases.iter().filter(|case| case.is_ours()).collect();
    let mut planes = compare::Planes::default();
    let mut failures = vec![];
    for case in &ours {
        if let Err(failure) = compare::run(&folder, case, &mut planes) {
            failures.push(format!("{}: {failure}", case.name));
        }
    }
    let apart = ours.iter().filter(|case| case.spec_differs).count();
    eprintln!("{} of {} cases compared: {planes:?}", ours.len(), cases.len());
    eprintln!(
        "{apart} of them where the specification departs from the program, in the pixels where it does not"
    );
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
    // Every case that was picked gave at least its image and its count; none was passed over in silence.
    assert_eq!((planes.image, planes.nrej), (ours.len(), ours.len()));
    assert!(ours.len() >= case::EXPECTED, "only {} cases: did the predicate lose some?", ours.len());
}
