//! One case: run the program, compare what it wrote.

use super::cases::{Case, Tolerance};
use super::compare::{Difference, Scope, Tally, compare};
use super::flags::flags;
use super::plane::read_plane;
use super::report::{Outcome, Record, Status};
use crate::Result;
use crate::shell::{Ended, run_quietly};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The stacks are small: a run that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What the program says, with exit code 2, of a part of the contract that it does not have.
const NOT_YET: &str = "not available yet";

/// An output of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Image,
    Count,
    Sigma,
    Rejmask,
    Expmap,
}

impl Output {
    fn flag(self) -> &'static str {
        match self {
            Self::Image => "--output",
            Self::Count => "--count",
            Self::Sigma => "--sigma",
            Self::Rejmask => "--rejmask",
            Self::Expmap => "--expmap",
        }
    }

    fn path(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.fits", self.flag().trim_start_matches('-')))
    }
}

/// An expected plane and the output it is compared with.
#[derive(Debug, Clone, Copy)]
struct Check<'a> {
    name: &'static str,
    golden: &'a str,
    output: Output,
    tolerance: Tolerance,
    /// Golden counts frames not used, our count those used.
    complement: bool,
}

/// Runs and judges a case.
pub(super) fn run_case(case: &Case, oracles: &Path, binary: &Path, scratch: &Path, keep: bool) -> Outcome {
    let folder = scratch.join(&case.name);
    let mut record = Record {
        planes_from: case.planes_from(),
        rejection: case.option("reject").unwrap_or("none").to_owned(),
        reason: case.spec_differs.as_ref().or(case.known_defect.as_ref()).cloned().unwrap_or_default(),
        ..Record::default()
    };
    let (status, detail) = judge(case, oracles, binary, &folder, &mut record)
        .unwrap_or_else(|error| (Status::Failed, error.to_string()));
    if !keep {
        // What cannot be removed now is removed, and reported, with the whole scratch folder.
        let _ = std::fs::remove_dir_all(&folder);
    }
    Outcome {
        case: case.name.clone(),
        convention: case.convention().to_owned(),
        program: program(case).to_owned(),
        status,
        detail,
        record,
    }
}

fn judge(
    case: &Case,
    oracles: &Path,
    binary: &Path,
    folder: &Path,
    record: &mut Record,
) -> Result<(Status, String)> {
    std::fs::create_dir(folder)?;
    let frames = case.frame_paths(oracles)?;
    let checks = checks(case);
    let mut command = Command::new(binary);
    command.arg("combine").args(flags(case, oracles)?);
    for output in outputs(&checks) {
        command.arg(output.flag()).arg(output.path(folder));
    }
    command.args(&frames);
    let (ended, said) = run_quietly(&mut command, folder, TIME_LIMIT)?;
    match failure(&ended, &said) {
        Some(verdict) => Ok(verdict),
        None => {
            let place = Place { oracles, folder, frames: frames.len() };
            let verdict = compare_all(case, &checks, &place, record)?;
            compare_for_the_record(case, &checks, &place, record)?;
            Ok(verdict)
        }
    }
}

/// Where the planes of a case lie.
struct Place<'a> {
    oracles: &'a Path,
    folder: &'a Path,
    frames: usize,
}

/// Everything that the case expects.
fn checks(case: &Case) -> Vec<Check<'_>> {
    let expect = &case.expect;
    let exact = Tolerance::default();
    // `combine = "count"` asks for our count as the image.
    let image = if case.option("combine") == Some("count") { Output::Count } else { Output::Image };
    let rows = [
        ("image", &expect.image, image, expect.tolerance),
        ("nrej", &expect.nrej, Output::Count, exact),
        ("rejmask", &expect.rejmask, Output::Rejmask, exact),
        ("sigma", &expect.sigma, Output::Sigma, expect.sigma_tolerance),
        ("expmask", &expect.expmask, Output::Expmap, expect.tolerance),
    ];
    let present = rows.into_iter().filter_map(|(name, golden, output, tolerance)| {
        let golden = golden.as_deref()?;
        Some(Check { name, golden, output, tolerance, complement: name == "nrej" })
    });
    present.collect()
}

/// The image, which is always written, and what else the checks need, once each.
fn outputs(checks: &[Check<'_>]) -> Vec<Output> {
    let mut outputs = vec![Output::Image];
    for check in checks {
        if !outputs.contains(&check.output) {
            outputs.push(check.output);
        }
    }
    outputs
}

/// The verdict on a run that did not end well.
fn failure(ended: &Ended, said: &str) -> Option<(Status, String)> {
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing on stderr").trim();
    match ended {
        Ended::Exit(Some(0)) => None,
        Ended::Exit(Some(2)) if said.contains(NOT_YET) => {
            let reason = said.lines().find(|line| line.contains(NOT_YET)).unwrap_or(first);
            Some((Status::NotYet, reason.trim().to_owned()))
        }
        Ended::Exit(Some(code)) => Some((Status::Failed, format!("exit {code}: {first}"))),
        Ended::Exit(None) => Some((Status::Failed, format!("ended by a signal: {first}"))),
        Ended::TimedOut => Some((Status::Failed, format!("still running after {} s", TIME_LIMIT.as_secs()))),
    }
}

fn compare_all(
    case: &Case,
    checks: &[Check<'_>],
    place: &Place<'_>,
    record: &mut Record,
) -> Result<(Status, String)> {
    if checks.is_empty() {
        return Ok((Status::Failed, "the case expects nothing".to_owned()));
    }
    let scope = scope(case, place)?;
    if scope == Scope::Nothing {
        return Ok((Status::SpecDiffers, "not compared".to_owned()));
    }
    let mut wrong = Vec::new();
    for check in checks {
        match compare_one(check, place, scope.include())? {
            Ok(compared) => record.binding += Tally { compared, differing: 0 },
            Err(difference) => {
                record.binding += tally(&difference);
                wrong.push(format!("{}: {difference}", check.name));
            }
        }
    }
    let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
    Ok(match (wrong.is_empty(), &scope) {
        (false, _) => (Status::Failed, wrong.join("; ")),
        (true, Scope::Pixels(include)) => {
            let compared = include.iter().filter(|included| **included).count();
            let agreed =
                format!("{} agree at the {compared} of {} pixels that may", names.join(" "), include.len());
            (Status::SpecDiffers, agreed)
        }
        (true, _) => (Status::Passed, names.join(" ")),
    })
}

/// How many values agree, or how they do not; an error where there is nothing to compare.
fn compare_one(
    check: &Check<'_>,
    place: &Place<'_>,
    include: Option<&[bool]>,
) -> Result<std::result::Result<usize, Difference>> {
    let golden = read_plane(&place.oracles.join(check.golden))?;
    let mut ours = read_plane(&check.output.path(place.folder))?;
    if check.complement {
        ours.data.iter_mut().for_each(|count| *count = place.frames as f64 - *count);
    }
    Ok(compare(&ours, &golden, check.tolerance, include))
}

/// Planes of another shape have nothing in common that could be counted.
fn tally(difference: &Difference) -> Tally {
    match difference {
        Difference::Shape(..) => Tally::default(),
        Difference::Values { tally, .. } => *tally,
    }
}

/// How far we are from what the program itself wrote, where that does not bind: every pixel of a case that differs by
/// specification, and the planes of defective programs.
fn compare_for_the_record(
    case: &Case,
    checks: &[Check<'_>],
    place: &Place<'_>,
    record: &mut Record,
) -> Result<()> {
    let expect = &case.expect;
    let programs = [("image", &expect.image_program), ("nrej", &expect.nrej_program)];
    let written = programs.into_iter().filter_map(|(name, plane)| {
        let like = checks.iter().find(|check| check.name == name)?;
        Some(Check { golden: plane.as_deref()?, ..*like })
    });
    let everywhere = checks.iter().copied().filter(|_| case.spec_differs.is_some());
    for check in everywhere.chain(written) {
        let tally = match compare_one(&check, place, None)? {
            Ok(compared) => Tally { compared, differing: 0 },
            Err(difference) => tally(&difference),
        };
        record.for_the_record.push((check.name, tally));
    }
    Ok(())
}

/// Where the case binds; its golden counts say it of a case that differs by specification.
fn scope(case: &Case, place: &Place<'_>) -> Result<Scope> {
    let nrej = match (&case.spec_differs, &case.expect.nrej) {
        (Some(_), Some(nrej)) => Some(read_plane(&place.oracles.join(nrej))?),
        _ => None,
    };
    Ok(Scope::of(case, place.frames, nrej.as_ref()))
}

/// The program's short name.
fn program(case: &Case) -> &str {
    case.oracle.split_whitespace().next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::{Ended, Output, Status, checks, failure, outputs, program};
    use crate::validate::cases::tests::case;

    const EVERYTHING: &str =
        "image = \"i\"\nnrej = \"n\"\nrejmask = \"r\"\nsigma = \"s\"\nexpmask = \"e\"\nimage_program = \"p\"";

    #[test]
    fn each_expected_plane_is_asked_for_once() {
        let case = case("convention = \"iraf\"", EVERYTHING);
        let checks = checks(&case);
        let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
        assert_eq!(names, ["image", "nrej", "rejmask", "sigma", "expmask"]);
        let all = [Output::Image, Output::Count, Output::Rejmask, Output::Sigma, Output::Expmap];
        assert_eq!(outputs(&checks), all);
    }

    #[test]
    fn a_program_has_a_short_name() {
        assert_eq!(program(&case("convention = \"iraf\"", EVERYTHING)), "IRAF");
    }

    #[test]
    fn counting_compares_the_count() {
        let case = case("convention = \"iraf\"\ncombine = \"count\"", "image = \"i\"\nnrej = \"n\"");
        let checks = checks(&case);
        assert!(checks.iter().all(|check| check.output == Output::Count));
        assert_eq!([checks[0].complement, checks[1].complement], [false, true]);
        assert_eq!(outputs(&checks), [Output::Image, Output::Count]);
    }

    #[test]
    fn how_a_run_ended_decides_the_status() {
        let status =
            |ended, said| failure(&ended, said).map(|(status, detail)| (status, detail.contains("why")));
        assert_eq!(status(Ended::Exit(Some(0)), ""), None);
        let later = "warning\nskystack: pclip is not available yet: why\n";
        assert_eq!(status(Ended::Exit(Some(2)), later), Some((Status::NotYet, true)));
        assert_eq!(status(Ended::Exit(Some(1)), later), Some((Status::Failed, false)));
        assert_eq!(status(Ended::Exit(Some(2)), "why"), Some((Status::Failed, true)));
        assert_eq!(status(Ended::Exit(None), "why"), Some((Status::Failed, true)));
        assert_eq!(status(Ended::TimedOut, ""), Some((Status::Failed, false)));
    }
}
