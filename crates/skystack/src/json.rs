//! The report of a run as JSON: a schema of its own, so that names in it stay when fields of [`Report`] are renamed.
//!
//! JSON has no NaN and no infinities: they are the strings `"nan"`, `"inf"` and `"-inf"` wherever a number may stand. What is
//! unknown, or does not apply, is `null`. The fields are described in `docs/report.md`; a change that a reader can stumble over
//! counts [`SCHEMA_VERSION`] up.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use skystack_combine::FrameTotals;
use skystack_reject::Noise;

use crate::settings::{Group, Value};
use crate::{FrameReport, OverlapReport, Quantity, Report, Warning};

/// Of the fields and what they mean. New fields do not count.
const SCHEMA_VERSION: u32 = 1;

impl Report {
    /// The report as JSON, indented, with a line feed at the end; `docs/report.md` says what is in it.
    ///
    /// ```
    /// use skystack::{SigClip, Stacker};
    /// let stack = skystack::simulate::stack(12, 8, 8, 1).frames;
    /// let report = Stacker::new().reject(SigClip::iraf()).run(stack.view())?.report;
    /// assert!(report.to_json().starts_with("{\n  \"schema\": \"skystack-report\",\n  \"schema_version\": 1,"));
    /// # Ok::<(), skystack::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        // Strings and numbers that are finite, under names that are strings: nothing in it can fail.
        let mut text =
            serde_json::to_string_pretty(self).unwrap_or_else(|error| unreachable!("a report: {error}"));
        text.push('\n');
        text
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::of(self).serialize(serializer)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    schema_version: u32,
    program: Program,
    output: Output,
    options: Options<'a>,
    totals: Totals,
    frames: Vec<Frame<'a>>,
    overlaps: Vec<Overlap>,
    plan: Plan<'a>,
    run: Run,
    warnings: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct Program {
    name: &'static str,
    version: &'static str,
    algorithms_version: u32,
    contract_version: u32,
}

#[derive(Serialize)]
struct Output {
    width: usize,
    height: usize,
    computed_in: &'static str,
}

#[derive(Serialize)]
struct Totals {
    frames: usize,
    pixels: usize,
    samples: u64,
    missing: u64,
    rejected: u64,
    empty_pixels: u64,
    restored_pixels: u64,
    zero_spread_pixels: u64,
}

#[derive(Serialize)]
struct Frame<'a> {
    number: usize,
    name: &'a str,
    exposure: Option<Number>,
    ncombine: Number,
    scale: Option<Number>,
    zero: Option<Number>,
    reject_scale: Option<Number>,
    reject_zero: Option<Number>,
    weight: Option<Number>,
    offset: [i64; 2],
    noise: Option<FrameNoise>,
    mask: Option<&'a str>,
    datasum: Option<&'a str>,
    missing: u64,
    rejected: Rejected,
}

#[derive(Serialize)]
struct Overlap {
    quantity: &'static str,
    frames: [usize; 2],
    group: usize,
    difference: Number,
    weight: Number,
    residual: Number,
}

#[derive(Serialize)]
struct FrameNoise {
    gain: Number,
    rdnoise: Number,
    snoise: Number,
}

#[derive(Serialize)]
struct Rejected {
    low: u64,
    high: u64,
    grow: u64,
    total: u64,
}

#[derive(Serialize)]
struct Plan<'a> {
    workers: usize,
    band_rows: usize,
    tile_width: usize,
    bands: usize,
    open_files: usize,
    bytes_read: u64,
    peak_bytes: u64,
    budget_bytes: u64,
    reasons: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Reason<'a> {
    field: &'static str,
    because: &'a str,
}

#[derive(Serialize)]
struct Run {
    backend: &'static str,
    level: String,
    seconds: Seconds,
    bytes_read: u64,
    bytes_written: u64,
    peak_memory_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Seconds {
    statistics: f64,
    read: f64,
    compute: f64,
    write: f64,
    total: f64,
}

impl<'a> Document<'a> {
    fn of(report: &'a Report) -> Self {
        let pixels = report.height * report.width;
        let none = FrameTotals::default();
        let totals = |i: usize| report.per_frame.get(i).unwrap_or(&none);
        Self {
            schema: "skystack-report",
            schema_version: SCHEMA_VERSION,
            program: Program {
                name: "skystack",
                version: env!("CARGO_PKG_VERSION"),
                algorithms_version: 1,
                contract_version: 1,
            },
            output: Output {
                width: report.width,
                height: report.height,
                computed_in: if report.element_bytes == 4 { "f32" } else { "f64" },
            },
            options: Options(&report.settings.groups),
            totals: Totals {
                frames: report.frames.len(),
                pixels,
                samples: report.samples,
                missing: report.missing,
                rejected: report.rejected,
                empty_pixels: report.empty,
                restored_pixels: report.restored,
                zero_spread_pixels: report.zero_spread,
            },
            frames: report
                .frames
                .iter()
                .enumerate()
                .map(|(i, frame)| Frame::of(i, frame, totals(i)))
                .collect(),
            overlaps: report.overlaps.iter().map(Overlap::of).collect(),
            plan: Plan::of(&report.plan),
            run: Run::of(report),
            warnings: report.warnings.iter().map(Said).collect(),
        }
    }
}

impl<'a> Frame<'a> {
    fn of(i: usize, frame: &'a FrameReport, totals: &FrameTotals) -> Self {
        let noise = |Noise { gain, rdnoise, snoise }: Noise| FrameNoise {
            gain: Number(gain),
            rdnoise: Number(rdnoise),
            snoise: Number(snoise),
        };
        Self {
            number: i + 1,
            name: &frame.name,
            exposure: frame.exposure.map(Number),
            ncombine: Number(frame.ncombine),
            scale: frame.scale.map(Number),
            zero: frame.zero.map(Number),
            reject_scale: frame.reject_scale.map(Number),
            reject_zero: frame.reject_zero.map(Number),
            weight: frame.weight.map(Number),
            offset: [frame.offset.0, frame.offset.1],
            noise: frame.noise.map(noise),
            mask: frame.mask.as_deref(),
            datasum: frame.datasum.as_deref(),
            missing: totals.missing,
            rejected: Rejected {
                low: totals.low,
                high: totals.high,
                grow: totals.grow,
                total: totals.rejected(),
            },
        }
    }
}

impl Overlap {
    fn of(pair: &OverlapReport) -> Self {
        Self {
            quantity: match pair.quantity {
                Quantity::Gain => "gain",
                Quantity::Zero => "zero",
            },
            frames: [pair.frames.0 + 1, pair.frames.1 + 1],
            group: pair.group + 1,
            difference: Number(pair.difference),
            weight: Number(pair.weight),
            residual: Number(pair.residual),
        }
    }
}

impl<'a> Plan<'a> {
    fn of(plan: &'a crate::Plan) -> Self {
        let reason =
            |reason: &'a skystack_plan::Reason| Reason { field: reason.field, because: &reason.because };
        Self {
            workers: plan.workers,
            band_rows: plan.band_rows,
            tile_width: plan.tile_width,
            bands: plan.bands,
            open_files: plan.open_files,
            bytes_read: plan.bytes_read,
            peak_bytes: plan.peak_bytes,
            budget_bytes: plan.budget_bytes,
            reasons: plan.reasons.iter().map(reason).collect(),
        }
    }
}

impl Run {
    fn of(report: &Report) -> Self {
        Self {
            backend: "cpu",
            level: report.level.to_string(),
            seconds: Seconds {
                statistics: report.statistics.as_secs_f64(),
                read: report.timings.read.as_secs_f64(),
                compute: report.timings.compute.as_secs_f64(),
                write: report.timings.write.as_secs_f64(),
                total: report.elapsed.as_secs_f64(),
            },
            bytes_read: report.plan.bytes_read,
            bytes_written: report.bytes_written,
            peak_memory_bytes: report.peak_memory,
        }
    }
}

/// A number of JSON where it is one.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_finite() => serializer.serialize_f64(number),
            number if number.is_nan() => serializer.serialize_str("nan"),
            number if number > 0.0 => serializer.serialize_str("inf"),
            _ => serializer.serialize_str("-inf"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => Number(*number).serialize(serializer),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
        }
    }
}

/// One object a topic, but for the rejections, which are a list.
struct Options<'a>(&'a [Group]);

impl Serialize for Options<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let rejections: Vec<Entries<'_>> =
            self.0.iter().filter(|group| group.topic == "reject").map(Entries).collect();
        for group in self.0.iter().filter(|group| group.topic != "reject") {
            map.serialize_entry(group.topic, &Entries(group))?;
        }
        map.serialize_entry("rejections", &rejections)?;
        map.end()
    }
}

struct Entries<'a>(&'a Group);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.entries.iter().map(|(key, value)| (*key, value)))
    }
}

/// A warning: the same three fields for all, and the numbers of its kind.
struct Said<'a>(&'a Warning);

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(warning) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", &warning.code())?;
        map.serialize_entry("kind", warning.kind())?;
        map.serialize_entry("message", &warning.to_string())?;
        let numbers = Group { topic: "", entries: warning.numbers() };
        map.serialize_entry("numbers", &Entries(&numbers))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigClip, Stacker};

    #[test]
    fn numbers_that_json_lacks_are_strings() {
        let text = |number| serde_json::to_string(&Value::Number(number)).unwrap();
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(text),
            ["\"nan\"", "\"inf\"", "\"-inf\""]
        );
        assert_eq!([0.1, -2.0].map(text), ["0.1", "-2.0"]);
    }

    #[test]
    fn the_document_reads_back_and_has_what_the_report_has() {
        let stack = crate::simulate::stack(9, 12, 10, 1).frames;
        let clip = SigClip::iraf().hsigma(f64::INFINITY);
        let report = Stacker::new().reject(clip).run(stack.view()).unwrap().report;
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["schema_version"], 1);
        assert_eq!(json["options"]["combine"]["blank"], "nan");
        assert_eq!(json["options"]["rejections"][0]["hsigma"], "inf");
        assert_eq!(json["options"]["rejections"][0]["maxrej"], serde_json::Value::Null);
        assert_eq!(json["totals"]["samples"], 9 * 12 * 10);
        assert_eq!(json["frames"].as_array().unwrap().len(), 9);
        let total: u64 = (0..9).map(|i| json["frames"][i]["rejected"]["total"].as_u64().unwrap()).sum();
        assert_eq!(total, report.rejected);
        assert_eq!(json["warnings"][0]["code"], "W1");
        assert_eq!(json["warnings"][0]["numbers"]["frames"], 9);
        assert_eq!(json["plan"]["reasons"].as_array().unwrap().len(), report.plan.reasons.len());
        assert!(json["run"]["seconds"]["total"].as_f64().unwrap() > 0.0);
        assert_eq!(json["overlaps"], serde_json::json!([]));
        let pair = OverlapReport {
            quantity: Quantity::Gain,
            frames: (0, 2),
            group: 1,
            difference: 0.5,
            weight: 7.0,
            residual: -0.25,
        };
        let report = Report { overlaps: vec![pair], ..report };
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        let expected = r#"[{"quantity":"gain","frames":[1,3],"group":2,"difference":0.5,"weight":7.0,"residual":-0.25}]"#;
        assert_eq!(json["overlaps"], serde_json::from_str::<serde_json::Value>(expected).unwrap());
    }
}
