//! The rows of a run: as a table, as JSON, as CSV.

use std::fmt;
use std::fmt::Write as _;

use skystack::Level;

use super::facts::Facts;
use super::json;
use super::measure::{Paired, quartiles};

/// One kernel on one stack.
#[derive(Debug, Clone)]
pub(super) struct Row {
    kernel: String,
    type_name: String,
    level: Level,
    frames: usize,
    height: usize,
    width: usize,
    /// Median time for one input sample \[ns\].
    ns_per_sample: f64,
    /// Input bytes by the median time, 10^9 a second.
    gb_per_s: f64,
    /// Time against that of the plain sum.
    ratio: f64,
    /// Middle half of the turns by the median.
    spread: f64,
    turns: usize,
}

/// The columns of [`Row`]'s `Display`.
pub(super) const HEADING: &str =
    "kernel              N  type  level     rows x columns  ns/sample     GB/s  x plain sum  spread %  turns";

impl Row {
    /// The row of the kernel, or of the sum that was measured beside it.
    pub(super) fn new(
        kernel: String,
        (type_name, level): (&str, Level),
        (frames, height, width): (usize, usize, usize),
        sample_bytes: usize,
        times: &Paired,
        of_sum: bool,
    ) -> Self {
        let seconds = if of_sum { &times.sum } else { &times.kernel };
        let [low, median, high] = quartiles(seconds);
        let samples = (frames * height * width) as f64;
        Self {
            kernel,
            type_name: type_name.to_owned(),
            level,
            frames,
            height,
            width,
            ns_per_sample: median * 1e9 / samples,
            gb_per_s: samples * sample_bytes as f64 / median / 1e9,
            ratio: if of_sum { 1.0 } else { times.ratio() },
            spread: (high - low) / median,
            turns: seconds.len(),
        }
    }

    fn json(&self) -> String {
        json::object(&[
            ("kernel", json::string(&self.kernel)),
            ("frames", self.frames.to_string()),
            ("type", json::string(&self.type_name)),
            ("level", json::string(&self.level.to_string())),
            ("height", self.height.to_string()),
            ("width", self.width.to_string()),
            ("ns_per_sample", json::number(self.ns_per_sample)),
            ("gb_per_s", json::number(self.gb_per_s)),
            ("ratio_to_plain_sum", json::number(self.ratio)),
            ("spread", json::number(self.spread)),
            ("turns", self.turns.to_string()),
        ])
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = format!("{} x {}", self.height, self.width);
        let Self { kernel, frames, type_name, turns, .. } = self;
        let level = self.level.to_string();
        let (ns, gb, ratio) = (self.ns_per_sample, self.gb_per_s, self.ratio);
        let spread = 100.0 * self.spread;
        write!(
            f,
            "{kernel:<15}{frames:>6}  {type_name:<4}  {level:<8}  {size:<14}  {ns:>9.3}  {gb:>7.2}  {ratio:>11.2}  \
             {spread:>8.1}  {turns:>5}"
        )
    }
}

/// Everything of a run.
pub(super) fn json(facts: &Facts, rows: &[Row]) -> String {
    let caches = facts.caches.iter().map(|cache| {
        json::object(&[("name", json::string(&cache.name)), ("size", json::string(&cache.size))])
    });
    let levels: Vec<String> = facts.levels.iter().map(|level| json::string(level)).collect();
    let machine = json::object(&[
        ("cpu", facts.cpu.as_deref().map_or_else(|| "null".to_owned(), json::string)),
        ("cores", facts.cores.to_string()),
        ("memory_bytes", facts.memory_bytes.map_or_else(|| "null".to_owned(), |bytes| bytes.to_string())),
        ("caches", format!("[{}]", caches.collect::<Vec<_>>().join(", "))),
        ("levels", format!("[{}]", levels.join(", "))),
    ]);
    let fields = [
        ("skystack", json::string(env!("CARGO_PKG_VERSION"))),
        ("machine", machine),
        ("threads", facts.threads.to_string()),
        ("quick", facts.quick.to_string()),
        ("rows", json::lines(rows.iter().map(Row::json))),
    ];
    format!("{}\n", json::object(&fields))
}

/// As the records of the repository: a line on the machine, a heading, a line a row.
pub(super) fn csv(facts: &Facts, rows: &[Row]) -> String {
    let cpu = facts.cpu.as_deref().unwrap_or("cpu not known");
    let mut text = format!(
        "# skystack bench {}; {cpu}, {} cores, {}; level {}, {} threads{}\n",
        env!("CARGO_PKG_VERSION"),
        facts.cores,
        facts.cache_words(),
        facts.level,
        facts.threads,
        if facts.quick { "; quick" } else { "" },
    );
    text.push_str(
        "kernel,frames,type,level,height,width,ns_per_sample,gb_per_s,ratio_to_plain_sum,spread,turns\n",
    );
    for row in rows {
        let Row { kernel, frames, type_name, level, height, width, turns, .. } = row;
        let _ = writeln!(
            text,
            "{kernel},{frames},{type_name},{level},{height},{width},{:.4},{:.3},{:.3},{:.4},{turns}",
            row.ns_per_sample, row.gb_per_s, row.ratio, row.spread
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_follow_from_the_times() {
        let times = Paired { kernel: vec![4e-6, 2e-6, 3e-6], sum: vec![1e-6, 1e-6, 1e-6] };
        let row = Row::new("median".into(), ("u16", Level::Scalar), (10, 10, 10), 2, &times, false);
        assert!((row.ns_per_sample - 3.0).abs() < 1e-12 && (row.gb_per_s - 2.0 / 3.0).abs() < 1e-12);
        assert!((row.ratio - 3.0).abs() < 1e-12 && (row.spread - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(row.to_string().len(), HEADING.len());
        let sum = Row::new("plain sum".into(), ("u16", Level::Scalar), (10, 10, 10), 2, &times, true);
        assert!((sum.ns_per_sample - 1.0).abs() < 1e-12 && sum.ratio == 1.0 && sum.spread == 0.0);
    }
}
