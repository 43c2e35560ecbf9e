//! The part of `docs/validation.md` that `validate --write` writes: what was compared, what agreed, what did not and why.
//!
//! The text depends on the cases and the program alone: the same run writes the same bytes on every machine.

use super::compare::Tally;
use super::report::{Outcome, Status, count};
use crate::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const BEGIN: &str = "<!-- written by `cargo xtask validate --write`, from here -->\n";
const END: &str = "<!-- to here -->\n";

/// The document with the part between the marks made anew.
pub(crate) fn updated(document: &str, outcomes: &[Outcome]) -> Result<String> {
    let marks = || format!("needs the lines {} and {}, in this order", BEGIN.trim(), END.trim());
    let (head, rest) = document.split_once(BEGIN).ok_or_else(marks)?;
    let (_, tail) = rest.split_once(END).ok_or_else(marks)?;
    Ok(format!("{head}{BEGIN}{}{END}{tail}", part(outcomes)))
}

fn part(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    push_summary(&mut text, outcomes);
    push_programs(&mut text, outcomes);
    push_rejections(&mut text, outcomes);
    push_unmet(&mut text, outcomes);
    push_by_specification(&mut text, outcomes);
    push_defects(&mut text, outcomes);
    text
}

/// Thousands apart, as the other documents write them.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn of_all<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Tally {
    let mut all = Tally::default();
    outcomes.into_iter().for_each(|outcome| all += outcome.record.binding);
    all
}

fn push_summary(text: &mut String, outcomes: &[Outcome]) {
    let all = of_all(outcomes);
    let _ = writeln!(
        text,
        "{} cases: **{} passed, {} failed**, {} not yet, {} differ by specification. {} values compared, {} disagree.\n",
        outcomes.len(),
        count(outcomes, Status::Passed),
        count(outcomes, Status::Failed),
        count(outcomes, Status::NotYet),
        count(outcomes, Status::SpecDiffers),
        grouped(all.compared),
        grouped(all.differing),
    );
}

fn groups(outcomes: &[Outcome], key: impl Fn(&Outcome) -> String) -> BTreeMap<String, Vec<&Outcome>> {
    let mut groups: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    outcomes.iter().for_each(|outcome| groups.entry(key(outcome)).or_default().push(outcome));
    groups
}

/// A row of counts: cases, passed, differ by specification, failed, not yet, values, agree, disagree.
fn counts(group: &[&Outcome]) -> String {
    let number = |status| group.iter().filter(|outcome| outcome.status == status).count();
    let all = of_all(group.iter().copied());
    format!(
        "{} | {} | {} | {} | {} | {} | {} | {} |",
        group.len(),
        number(Status::Passed),
        number(Status::SpecDiffers),
        number(Status::Failed),
        number(Status::NotYet),
        grouped(all.compared),
        grouped(all.compared - all.differing),
        grouped(all.differing)
    )
}

const COUNTS: &str =
    "cases | passed | differ by specification | failed | not yet | values compared | agree | disagree |";
const RULE: &str = "---|---|---|---|---|---|---|---|";

fn push_programs(text: &mut String, outcomes: &[Outcome]) {
    let _ = writeln!(text, "### By program\n\n| convention | planes from | {COUNTS}\n|---|---|{RULE}");
    let key = |outcome: &Outcome| format!("{} | {}", outcome.convention, outcome.record.planes_from);
    for (key, group) in groups(outcomes, key) {
        let _ = writeln!(text, "| {key} | {}", counts(&group));
    }
    text.push('\n');
}

fn push_rejections(text: &mut String, outcomes: &[Outcome]) {
    let _ = writeln!(text, "### By rejection\n\n| rejection | conventions | {COUNTS}\n|---|---|{RULE}");
    for (rejection, group) in groups(outcomes, |outcome| outcome.record.rejection.clone()) {
        let mut conventions: Vec<&str> = group.iter().map(|outcome| outcome.convention.as_str()).collect();
        conventions.sort_unstable();
        conventions.dedup();
        let _ = writeln!(text, "| {rejection} | {} | {}", conventions.join(", "), counts(&group));
    }
    text.push('\n');
}

/// Failures, and what the program does not have.
fn push_unmet(text: &mut String, outcomes: &[Outcome]) {
    let unmet = |outcome: &&Outcome| matches!(outcome.status, Status::Failed | Status::NotYet);
    let unmet: Vec<&Outcome> = outcomes.iter().filter(unmet).collect();
    if unmet.is_empty() {
        return;
    }
    text.push_str("### Not as it should be\n\n| case | what |\n|---|---|\n");
    for outcome in unmet {
        let _ = writeln!(text, "| `{}` | {} |", outcome.case, cell(&outcome.detail));
    }
    text.push('\n');
}

fn push_by_specification(text: &mut String, outcomes: &[Outcome]) {
    let is_wanted = |outcome: &&Outcome| outcome.status == Status::SpecDiffers;
    let wanted: Vec<&Outcome> = outcomes.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return;
    }
    text.push_str(
        "### Different by specification\n\nThe values that must agree do, and count above; all values of the planes are \
         counted here.\n\n",
    );
    push_records(text, &wanted);
}

fn push_defects(text: &mut String, outcomes: &[Outcome]) {
    let is_wanted = |outcome: &&Outcome| {
        outcome.status != Status::SpecDiffers && !outcome.record.for_the_record.is_empty()
    };
    let wanted: Vec<&Outcome> = outcomes.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return;
    }
    text.push_str(
        "### Where a program is not its definition\n\nThese cases pass: they are judged by the definition, computed \
         independently in f64. What the program itself wrote is\ncounted here only.\n\n",
    );
    push_records(text, &wanted);
}

fn push_records(text: &mut String, outcomes: &[&Outcome]) {
    text.push_str("| case | plane | values | agree | disagree | why |\n|---|---|---|---|---|---|\n");
    for outcome in outcomes {
        let mut reason = cell(&outcome.record.reason);
        for (plane, tally) in &outcome.record.for_the_record {
            let agree = grouped(tally.compared - tally.differing);
            let (compared, differing) = (grouped(tally.compared), grouped(tally.differing));
            let case = &outcome.case;
            let _ = writeln!(text, "| `{case}` | {plane} | {compared} | {agree} | {differing} | {reason} |");
            reason = "as above".to_owned();
        }
    }
    text.push('\n');
}

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, grouped, updated};
    use crate::validate::compare::Tally;
    use crate::validate::report::{Outcome, Record, Status};

    fn outcome(case: &str, status: Status, differing: usize) -> Outcome {
        let word = str::to_owned;
        let record = Record {
            planes_from: word("IRAF 2.17"),
            rejection: word("sigclip"),
            reason: word("|x| is old"),
            binding: Tally { compared: 1200, differing },
            for_the_record: Vec::new(),
        };
        let (convention, program, detail) = (word("iraf"), word("IRAF"), word("image: 1 of 2"));
        Outcome { case: word(case), convention, program, status, detail, record }
    }

    #[test]
    fn what_is_around_the_marks_stays() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        let new = updated(&text, &[outcome("one", Status::Passed, 0)]).unwrap();
        assert!(new.starts_with(&format!("before\n{BEGIN}1 cases: **1 passed, 0 failed**")), "{new}");
        assert!(new.ends_with(&format!("{END}after\n")) && !new.contains("old"));
        assert!(
            new.contains("| iraf | IRAF 2.17 | 1 | 1 | 0 | 0 | 0 | 1,200 | 1,200 | 0 |\n")
                && new.contains("| sigclip | iraf | 1 | 1 | 0 |"),
            "{new}"
        );
        assert_eq!(updated(&new, &[outcome("one", Status::Passed, 0)]).unwrap(), new);
    }

    #[test]
    fn a_document_without_marks_is_not_touched() {
        assert!(updated("no marks\n", &[]).is_err());
        assert!(updated(&format!("{END}{BEGIN}"), &[]).is_err());
    }

    #[test]
    fn failures_and_reasons_are_named() {
        let mut differs = outcome("two", Status::SpecDiffers, 0);
        differs.record.for_the_record = vec![("image", Tally { compared: 1440, differing: 160 })];
        let all = [outcome("one", Status::Failed, 3), differs];
        let text = updated(&format!("{BEGIN}{END}"), &all).unwrap();
        assert!(text.contains("2,400 values compared, 3 disagree"), "{text}");
        assert!(text.contains("| `one` | image: 1 of 2 |\n"), "{text}");
        assert!(text.contains("| `two` | image | 1,440 | 1,280 | 160 | \\|x\\| is old |\n"), "{text}");
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([grouped(0), grouped(999), grouped(1_234_567)], ["0", "999", "1,234,567"]);
    }
}
