//! What `validate` says: a line a case, counts, and the verdict.

use super::compare::Tally;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How a case came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Every expected plane agrees at every pixel.
    Passed,
    /// A plane differs, or the program failed.
    Failed,
    /// The program says that it cannot do this yet.
    NotYet,
    /// Our specification gives something else on purpose. Never a pass.
    SpecDiffers,
}

impl Status {
    const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::NotYet, Self::SpecDiffers];

    fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotYet => "not yet",
            Self::SpecDiffers => "differs by specification",
        }
    }
}

/// A case and how it came out.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) case: String,
    pub(crate) convention: String,
    pub(crate) program: String,
    pub(crate) status: Status,
    pub(crate) detail: String,
    /// What it is about, and each plane that was compared.
    pub(crate) record: Record,
}

/// What the document needs of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Program and version that the expected planes are from, or the definition.
    pub(crate) planes_from: String,
    /// The rejection, or `none`.
    pub(crate) rejection: String,
    /// Why our result is another one than the program's, if it is.
    pub(crate) reason: String,
    /// The comparisons that decide on the verdict.
    pub(crate) binding: Tally,
    /// Those that say how far we are from what a program wrote: plane, how it compares everywhere.
    pub(crate) for_the_record: Vec<(&'static str, Tally)>,
}

pub(super) fn count(outcomes: &[Outcome], status: Status) -> usize {
    outcomes.iter().filter(|outcome| outcome.status == status).count()
}

/// Nothing failed and something passed.
pub(crate) fn is_good(outcomes: &[Outcome]) -> bool {
    count(outcomes, Status::Failed) == 0 && count(outcomes, Status::Passed) > 0
}

/// The whole report; brief leaves out the lines of the cases that did not fail, and the counts.
pub(crate) fn render(outcomes: &[Outcome], brief: bool) -> String {
    let mut text = String::new();
    let lines = outcomes.iter().filter(|outcome| !brief || outcome.status == Status::Failed);
    push_table(&mut text, &lines.collect::<Vec<_>>());
    if !brief {
        push_counts(&mut text, outcomes);
    }
    let count = |status| count(outcomes, status);
    let _ = writeln!(
        text,
        "not yet: {}, differs by specification: {}\n{} passed, {} failed",
        count(Status::NotYet),
        count(Status::SpecDiffers),
        count(Status::Passed),
        count(Status::Failed)
    );
    text
}

fn push_table(text: &mut String, lines: &[&Outcome]) {
    let width = |of: fn(&Outcome) -> usize| lines.iter().map(|outcome| of(outcome)).max().unwrap_or(0);
    let status = width(|outcome| outcome.status.word().len());
    let case = width(|outcome| outcome.case.len());
    let program = width(|outcome| outcome.program.len());
    for line in lines {
        let _ = writeln!(
            text,
            "{:<status$}  {:<case$}  {:<program$}  {}",
            line.status.word(),
            line.case,
            line.program,
            line.detail
        );
    }
}

fn push_counts(text: &mut String, outcomes: &[Outcome]) {
    let mut groups: BTreeMap<(&str, &str), BTreeMap<Status, usize>> = BTreeMap::new();
    for outcome in outcomes {
        let group = groups.entry((&outcome.convention, &outcome.program)).or_default();
        *group.entry(outcome.status).or_default() += 1;
    }
    text.push('\n');
    for ((convention, program), counts) in groups {
        let listed = Status::ALL.iter().filter_map(|status| Some((status, counts.get(status)?)));
        let listed: Vec<String> =
            listed.map(|(status, count)| format!("{count} {}", status.word())).collect();
        let _ = writeln!(text, "{convention:<12} {program:<12} {}", listed.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Record, Status, is_good, render};

    fn outcome(case: &str, status: Status) -> Outcome {
        let word = str::to_owned;
        Outcome {
            case: word(case),
            convention: word("iraf"),
            program: word("IRAF"),
            status,
            detail: word("why"),
            record: Record::default(),
        }
    }

    #[test]
    fn the_last_two_lines_hold_the_counts() {
        let all = Status::ALL.map(|status| outcome("one", status));
        let text = render(&all, false);
        let last: Vec<&str> = text.lines().rev().take(2).collect();
        assert_eq!(last, ["1 passed, 1 failed", "not yet: 1, differs by specification: 1"]);
        assert!(
            text.contains(
                "iraf         IRAF         1 passed, 1 FAILED, 1 not yet, 1 differs by specification"
            )
        );
    }

    #[test]
    fn brief_shows_failures_only() {
        let text = render(&[outcome("good", Status::Passed), outcome("bad", Status::Failed)], true);
        assert_eq!(
            text,
            "FAILED  bad  IRAF  why\nnot yet: 0, differs by specification: 0\n1 passed, 1 failed\n"
        );
    }

    #[test]
    fn only_real_passes_make_a_good_run() {
        let passed = outcome("one", Status::Passed);
        assert!(is_good(&[
            passed.clone(),
            outcome("two", Status::NotYet),
            outcome("three", Status::SpecDiffers)
        ]));
        assert!(!is_good(&[passed, outcome("two", Status::Failed)]));
        assert!(!is_good(&[outcome("two", Status::NotYet)]));
        assert!(!is_good(&[]));
    }
}
