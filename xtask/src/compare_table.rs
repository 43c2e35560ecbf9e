//! The rows of a comparison: read from the driver's CSV, and the table that is made of them.

use crate::Result;
use std::fmt::Write as _;

/// Us, in the driver's column `program`.
const OURS: &str = "skystack";

/// One program at one job on one stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// `f32 31 x 512 x 512`.
    stack: String,
    job: String,
    program: String,
    version: String,
    threads: usize,
    /// Median of the turns.
    ms: f64,
    /// Quartiles of the turns.
    low_ms: f64,
    high_ms: f64,
    /// What the comparison of the images said; empty for us.
    answer: String,
}

impl Row {
    /// Is the image what it should be?
    pub(crate) fn agrees(&self) -> bool {
        !self.answer.starts_with("DIFFERS")
    }
}

/// Reads the driver's CSV; no cell holds a comma.
pub(crate) fn read(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        let found = heading.iter().position(|known| *known == name);
        found.ok_or_else(|| format!("the driver's CSV has no column {name:?}"))
    };
    let names = ["type", "frames", "height", "width", "job", "program", "version", "threads"];
    let figures = ["median_ms", "low_ms", "high_ms", "answer"];
    let at: Vec<usize> =
        names.iter().chain(&figures).map(|name| column(name)).collect::<std::result::Result<_, _>>()?;
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            if cells.len() != heading.len() {
                return Err(format!(
                    "the driver's CSV has {} cells in {line:?}, needed {}",
                    cells.len(),
                    heading.len()
                )
                .into());
            }
            let cell = |index: usize| cells[at[index]];
            Ok(Row {
                stack: format!("{} {} x {} x {}", cell(0), cell(1), cell(2), cell(3)),
                job: cell(4).to_owned(),
                program: cell(5).to_owned(),
                version: cell(6).to_owned(),
                threads: cell(7).parse()?,
                ms: cell(8).parse()?,
                low_ms: cell(9).parse()?,
                high_ms: cell(10).parse()?,
                answer: cell(11).to_owned(),
            })
        })
        .collect()
}

/// Time of `row` against ours at the same job with as many threads; above 1 we are faster.
fn ratio(rows: &[Row], row: &Row) -> Option<f64> {
    let ours = rows.iter().find(|other| {
        other.program == OURS
            && (&other.stack, &other.job, other.threads) == (&row.stack, &row.job, row.threads)
    })?;
    (row.program != OURS).then(|| row.ms / ours.ms)
}

/// The table, a stack a part, with a line on what was lost.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut stack = "";
    let (mut compared, mut lost) = (0, 0);
    for row in rows {
        if row.stack != stack {
            stack = &row.stack;
            let _ = writeln!(
                text,
                "\n{stack}\n{:<30}{:<20}{:>7}{:>11}{:>9}{:>9}  answer",
                "job", "program", "threads", "ms", "spread %", "ratio"
            );
        }
        let ratio = ratio(rows, row);
        let mut remark = row.answer.clone();
        // The plain sum is the machine's limit, no program that one could use instead.
        if let Some(ratio) = ratio.filter(|_| row.program != "plain sum") {
            compared += 1;
            if ratio < 1.0 {
                lost += 1;
                remark = format!("LOST; {remark}");
            }
        }
        let program = format!("{} {}", row.program, row.version);
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let spread = 100.0 * (row.high_ms - row.low_ms) / row.ms;
        let line = format!(
            "{:<30}{program:<20}{:>7}{:>11.3}{spread:>9.1}{ratio:>9}  {remark}",
            row.job, row.threads, row.ms
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let differing = rows.iter().filter(|row| !row.agrees()).count();
    let _ = writeln!(
        text,
        "\nratio: time against skystack with as many threads, above 1 skystack is faster; medians of turns\n\
         {compared} comparisons, {lost} lost, {differing} answers differ"
    );
    text
}

/// The first line of a record: a timing says nothing without its machine.
pub(crate) fn machine_comment(threads: usize) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").ok();
    let name = cpu.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("model name")));
    let name = name.map_or("cpu not known", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("# cargo xtask compare; {name}, {cores} cores, at most {threads} threads each")
}

/// YYYY-MM-DD of a day counted from 1970-01-01 (Hinnant's civil_from_days, for days that have been).
pub(crate) fn date(days: u64) -> String {
    let z = days + 719_468;
    let era = z / 146_097;
    let of_era = z % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The line of a program's complaint that tells most: the last that speaks of an error, or the last.
pub(crate) fn essence(stderr: &str) -> String {
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = lines().rfind(|line| line.to_ascii_lowercase().contains("error"));
    telling.or_else(|| lines().next_back()).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{date, essence, read, render};

    const CSV: &str = "type,frames,height,width,job,program,version,threads,turns,median_ms,low_ms,high_ms,\
                       pixels_beyond,greatest_relative,answer\n\
                       f32,31,8,8,sum,skystack,,1,5,2.0,1.9,2.1,0,0,\n\
                       f32,31,8,8,sum,skystack,,2,5,1.0,1.0,1.0,0,0,\n\
                       f32,31,8,8,sum,plain sum,,1,5,0.5,0.5,0.5,0,0,\n\
                       f32,31,8,8,sum,numpy,2.4.6,1,5,1.0,1.0,1.0,0,0,exact\n\
                       f32,31,8,8,sum,imcombiners,0.1.1,2,5,5.0,5.0,5.0,0,0,exact\n\
                       u16,9,8,8,median,skystack,,1,5,3.0,3.0,3.0,0,0,\n\
                       u16,9,8,8,median,numpy,2.4.6,1,5,33.0,33.0,33.0,4,0.1,DIFFERS at 4 of 64 pixels\n";

    #[test]
    fn losses_and_differences_are_in_the_table() {
        let rows = read(CSV).unwrap();
        let text = render(&rows);
        let line = |words: &[&str]| {
            let found = text.lines().find(|line| words.iter().all(|word| line.contains(word)));
            found.unwrap_or_else(|| panic!("{words:?} in {text}"))
        };
        assert!(line(&["sum", "numpy 2.4.6"]).ends_with("0.50  LOST; exact"));
        assert!(line(&["sum", "imcombiners"]).ends_with("5.00  exact"));
        assert!(line(&["plain sum"]).ends_with("0.25"));
        assert!(line(&["median", "numpy"]).ends_with("11.00  DIFFERS at 4 of 64 pixels"));
        assert!(text.contains("f32 31 x 8 x 8\n") && text.contains("u16 9 x 8 x 8\n"));
        assert!(text.ends_with("3 comparisons, 1 lost, 1 answers differ\n"), "{text}");
        assert_eq!(rows.iter().filter(|row| !row.agrees()).count(), 1);
    }

    #[test]
    fn a_broken_table_is_an_error() {
        assert!(read("job,program\n").unwrap_err().to_string().contains("\"type\""));
        let short = CSV.lines().take(1).chain(["f32,31"]).collect::<Vec<_>>().join("\n");
        assert!(read(&short).unwrap_err().to_string().contains("2 cells"));
    }

    #[test]
    fn days_become_dates() {
        for (days, text) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_778, "2026-11-21")]
        {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn a_complaint_is_cut_to_its_line() {
        let pip = "note: x\nERROR: No matching distribution found for nothing==1\nnotice: a new pip\n";
        assert_eq!(essence(pip), "ERROR: No matching distribution found for nothing==1");
        assert_eq!((essence("a\nb\n").as_str(), essence("").as_str()), ("b", "it said nothing"));
    }
}
