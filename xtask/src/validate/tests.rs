//! The whole flow on a small oracle folder, with shell scripts in place of the program.

use super::cases::Case;
use super::plane::tests::write_fits;
use super::report::{Outcome, Status};
use super::{Request, Scratch, cases, run, run_all};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn arguments_are_understood_in_any_order() {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let request = Request::parse(&words("--brief some/folder --case iraf --bin ./s --keep")).unwrap();
    assert_eq!(
        request,
        Request {
            folder: Some("some/folder".into()),
            filter: Some("iraf".into()),
            binary: Some("./s".into()),
            brief: true,
            keep: true,
            write: false
        }
    );
    for wrong in ["--case", "--novel", "one two", "--write --case iraf"] {
        assert!(Request::parse(&words(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_missing_folder_is_an_error() {
    assert!(run(Path::new("."), &["no/such/folder".to_owned()]).is_err());
}

/// Oracles with four frames of 2 x 1 pixels and the case's golden planes, in a scratch folder.
struct Oracles {
    scratch: Scratch,
}

impl Oracles {
    fn new() -> Self {
        let scratch = Scratch::new(false).unwrap();
        let root = &scratch.path;
        for folder in ["stacks/n5", "golden", "ours", "out"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for frame in 0..4 {
            std::fs::write(root.join(format!("stacks/n5/f00{frame}.fits")), "").unwrap();
        }
        write_fits(&root.join("golden/image.fits"), [2, 1, 1], &[10.0, f64::NAN]);
        write_fits(&root.join("golden/nrej.fits"), [2, 1, 1], &[1.0, 4.0]);
        Self { scratch }
    }

    /// What the program writes as image and as count.
    fn ours(self, image: &[f64], count: &[f64]) -> Self {
        write_fits(&self.scratch.path.join("ours/image.fits"), [image.len(), 1, 1], image);
        write_fits(&self.scratch.path.join("ours/count.fits"), [count.len(), 1, 1], count);
        self
    }

    /// A program that copies those to the paths it is told.
    fn program(&self) -> PathBuf {
        let ours = self.scratch.path.join("ours");
        let ours = ours.display();
        self.script(&format!(
            "while [ $# -gt 0 ]; do case $1 in\n--output) cp {ours}/image.fits $2;;\n--count) cp {ours}/count.fits $2;;\nesac\nshift; done"
        ))
    }

    fn script(&self, body: &str) -> PathBuf {
        let path = self.scratch.path.join("program");
        // Written by another process: a descriptor of ours could leak into a program that another test
        // starts meanwhile, and a file that is open for writing cannot be run.
        let status = Command::new("sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#, "sh", body])
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success());
        path
    }

    fn outcome(&self, case: Case, program: &Path) -> Outcome {
        let out = Scratch { path: self.scratch.path.join("out"), keep: true };
        run_all(&[case], &self.scratch.path, program, &out).remove(0)
    }
}

fn plain() -> Case {
    let expect = "image = \"golden/image.fits\"\nnrej = \"golden/nrej.fits\"\nrtol = 1e-6\natol = 0.0";
    cases::tests::case("convention = \"iraf\"", expect)
}

fn with(convention: &str, extra: &str) -> Case {
    let mut case = plain();
    case.spec_differs = Some("on purpose".to_owned());
    let options = format!("convention = \"{convention}\"\n{extra}");
    case.options = options.parse().unwrap();
    case
}

#[test]
fn planes_that_agree_pass() {
    let oracles = Oracles::new().ours(&[10.000001, f64::NAN], &[3.0, 0.0]);
    let outcome = oracles.outcome(plain(), &oracles.program());
    assert_eq!((outcome.status, outcome.detail.as_str()), (Status::Passed, "image nrej"));
}

#[test]
fn a_plane_that_differs_fails_with_its_first_pixel() {
    let oracles = Oracles::new().ours(&[10.0, 0.0], &[3.0, 1.0]);
    let outcome = oracles.outcome(plain(), &oracles.program());
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(
        outcome.detail,
        "image: 1 of 2 pixels differ, first at (2, 1): 0 for NaN; nrej: 1 of 2 pixels differ, first at (2, 1): 3 for 4"
    );
}

#[test]
fn another_shape_fails() {
    let oracles = Oracles::new().ours(&[10.0, f64::NAN, 1.0], &[3.0, 0.0]);
    let outcome = oracles.outcome(plain(), &oracles.program());
    assert!(outcome.status == Status::Failed && outcome.detail.contains("image: shape"), "{outcome:?}");
}

#[test]
fn a_plane_that_was_not_written_fails() {
    let oracles = Oracles::new();
    let outcome = oracles.outcome(plain(), &oracles.script("exit 0"));
    assert!(outcome.status == Status::Failed && outcome.detail.contains("output.fits"), "{outcome:?}");
}

#[test]
fn a_refusal_is_not_yet_only_when_it_says_so() {
    let oracles = Oracles::new();
    let later = oracles.script("echo 'skystack: grow is not available yet' >&2; exit 2");
    let outcome = oracles.outcome(plain(), &later);
    assert_eq!(
        (outcome.status, outcome.detail.as_str()),
        (Status::NotYet, "skystack: grow is not available yet")
    );
    let oracles = Oracles::new();
    let outcome = oracles.outcome(plain(), &oracles.script("echo 'skystack: no such flag' >&2; exit 2"));
    assert_eq!((outcome.status, outcome.detail.as_str()), (Status::Failed, "exit 2: skystack: no such flag"));
}

#[test]
fn a_case_of_another_specification_never_passes() {
    let agrees_where_it_may = || Oracles::new().ours(&[10.0, 7.0], &[3.0, 4.0]);
    let oracles = agrees_where_it_may();
    let outcome = oracles.outcome(with("iraf", "grow = 1.0\nnkeep = 2"), &oracles.program());
    assert_eq!(outcome.status, Status::SpecDiffers);
    assert_eq!(outcome.detail, "image nrej agree at the 1 of 2 pixels that may");
    let oracles = agrees_where_it_may();
    let outcome = oracles.outcome(with("imcombiners", "grow = 1.0"), &oracles.program());
    assert_eq!((outcome.status, outcome.detail.as_str()), (Status::SpecDiffers, "not compared"));
}

#[test]
fn a_case_of_another_specification_can_fail() {
    let oracles = Oracles::new().ours(&[11.0, f64::NAN], &[3.0, 0.0]);
    let outcome = oracles.outcome(with("iraf", "grow = 1.0\nnkeep = 2"), &oracles.program());
    assert!(outcome.status == Status::Failed && outcome.detail.starts_with("image: 1 of 1"), "{outcome:?}");
}

#[test]
fn the_scratch_folder_goes_with_its_owner() {
    let scratch = Scratch::new(false).unwrap();
    let path = scratch.path.clone();
    assert!(path.is_dir());
    drop(scratch);
    assert!(!path.exists());
}
