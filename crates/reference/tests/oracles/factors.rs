//! Scales, zeros and weights of the oracle set, from the frames of each case that gives them.
//!
//! The factors of cases with a statistic were worked out by a float64 implementation of the set's own and shown to give IRAF's
//! images; those whose statistic is IRAF's biased median have the program's image beside them, which its element must give.

use std::ops::Range;
use std::path::{Path, PathBuf};

use skystack_reference::normalise::sampling::{Image, sample};
use skystack_reference::normalise::{Source, factors, statistic, weights};
use skystack_reference::{Setup, Working, pixel};
use skystack_reject::Convention;

use crate::cases::{Case, Tolerance, parse};
use crate::compare::{Plane, compare};
use crate::fits::Fits;

/// Cases that give factors.
const CASES: usize = 29;

/// The lists have nine digits.
const TOLERANCE: f64 = 6e-9;

/// What `median` is.
#[derive(Clone, Copy, PartialEq)]
enum Median {
    /// The median, not rounded to the type of the image, as the set has it.
    Exact,
    /// The median (C2).
    True,
    /// Element ⌊n/2⌋ − 1, which IRAF takes for it.
    Iraf,
}

#[test]
fn statistics_and_given_numbers_become_the_factors_of_the_set() {
    let Some((folder, cases)) = cases() else { return };
    let mut failures = vec![];
    for case in &cases {
        let stack = Frames::read(&folder, case);
        let found = stack.factors(Median::Exact);
        let level = stack.files.iter().flat_map(|file| &file.data).fold(0.0f64, |most, v| most.max(v.abs()));
        let expected = case.expect.factors.as_ref().expect("a case with factors");
        for (key, ours, expected, unit) in [
            ("scale", &found.scales, &expected.scale, 0.0),
            ("zero", &found.zeros, &expected.zero, level),
            ("weight", &found.weights, &expected.weight, 0.0),
        ] {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * b.abs().max(unit);
            if ours.len() != expected.len() || !ours.iter().zip(expected).all(near) {
                failures.push(format!("{} {key}: {ours:?}, expected {expected:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.len() >= CASES, "{} cases with factors", cases.len());
}

/// `image` is that of the median, `image_program` that of the element that IRAF takes for it.
#[test]
fn the_biased_median_gives_the_image_of_the_program() {
    let Some((folder, cases)) = cases() else { return };
    let is_median = |case: &&Case| {
        ["scale", "zero"].iter().any(|key| case.option(key) == Some("median"))
            && case.expect.image_program.is_some()
    };
    let mut compared = 0;
    for case in cases.iter().filter(is_median) {
        let stack = Frames::read(&folder, case);
        let [width, height] = [0, 1].map(|axis| stack.files[0].axes[axis]);
        let tolerance = Tolerance { rtol: 1e-6, ..case.expect.tolerance };
        for (median, path) in [(Median::True, &case.expect.image), (Median::Iraf, &case.expect.image_program)]
        {
            let path = path.as_ref().expect("both images");
            let ours = Plane { width, height, planes: 1, data: stack.average(median) };
            let agreed = compare(&ours, &Fits::read(&folder.join(path)).into_plane(), tolerance, None);
            assert!(agreed.is_ok(), "{} {path}: {agreed:?}", case.name);
        }
        assert_ne!(
            stack.average(Median::True),
            stack.average(Median::Iraf),
            "{}: no difference to see",
            case.name
        );
        compared += 1;
    }
    assert!(compared >= 2, "{compared} cases of a biased median");
}

fn cases() -> Option<(PathBuf, Vec<Case>)> {
    let folder = crate::folder();
    // The other test of this program says so where there is no oracle set.
    let text = std::fs::read_to_string(folder.join("cases.toml")).ok()?;
    let mut cases = parse(&text).unwrap_or_else(|error| panic!("cases.toml: {error}"));
    cases.retain(|case| case.expect.factors.is_some());
    Some((folder, cases))
}

struct Found {
    scales: Vec<f64>,
    zeros: Vec<f64>,
    weights: Vec<f64>,
    scalings: Vec<skystack_reject::Scaling>,
}

/// The frames of a case with what it asks for.
struct Frames<'a> {
    case: &'a Case,
    /// That of the stack.
    folder: PathBuf,
    files: Vec<Fits>,
}

impl<'a> Frames<'a> {
    fn read(oracles: &Path, case: &'a Case) -> Self {
        let folder = case.stack_folder(oracles);
        let paths = case.frame_paths(oracles).unwrap_or_else(|error| panic!("{error}"));
        let files: Vec<Fits> = paths.iter().map(|path| Fits::read(path)).collect();
        assert!(
            files.iter().all(|file| file.bitpix == -32),
            "{}: statistics of other types are not met",
            case.name
        );
        assert!(
            case.option("masktype").is_none_or(|kind| kind == "none"),
            "{}: masks are not met",
            case.name
        );
        Self { case, folder, files }
    }

    fn factors(&self, median: Median) -> Found {
        assert_eq!(self.case.option("convention"), Some("iraf"));
        let [scale, zero, weight] = ["scale", "zero", "weight"].map(|key| self.source(key, median));
        let found = factors::iraf(self.files.len(), &scale, &zero);
        let ncombine: Vec<f64> =
            self.files.iter().map(|file| file.number("NCOMBINE").unwrap_or(1.0)).collect();
        let equal = || vec![1.0 / self.files.len() as f64; self.files.len()];
        let weights = weights::iraf(&weight, &ncombine, &zero, &found.scales).unwrap_or_else(equal);
        Found { scales: found.scales, zeros: found.zeros, weights, scalings: found.scalings }
    }

    /// The numbers behind an option.
    fn source(&self, key: &str, median: Median) -> Source {
        let keyword = |key: &str| -> Vec<f64> {
            self.files.iter().map(|file| file.number(key).unwrap_or_else(|| panic!("no {key}"))).collect()
        };
        match self.case.option(key).unwrap_or("none") {
            "none" => Source::None,
            "exposure" => Source::Measured(keyword("EXPTIME")),
            of => match of.split_at(1) {
                ("!", key) => Source::Given(keyword(key)),
                ("@", file) => {
                    let text = std::fs::read_to_string(self.folder.join(file)).expect("a file of numbers");
                    Source::Given(
                        text.split_whitespace().map(|word| word.parse().expect("a number")).collect(),
                    )
                }
                _ => Source::Measured(
                    (0..self.files.len()).map(|frame| self.statistic(of, frame, median)).collect(),
                ),
            },
        }
    }

    fn statistic(&self, of: &str, frame: usize, median: Median) -> f64 {
        let file = &self.files[frame];
        let (columns, rows) = self.section(frame);
        let image = Image { data: &file.data, width: file.axes[0] };
        let limits = (self.case.number("lthreshold"), self.case.number("hthreshold"));
        let sample = sample(image, columns, rows, false, limits);
        match (of, median) {
            ("mode", _) => statistic::mode(&sample, false),
            ("mean", _) => statistic::mean(&sample),
            ("median", Median::Exact) => statistic::median(&sample, Working::F64),
            ("median", Median::True) => statistic::median(&sample, Working::F32),
            ("median", Median::Iraf) => statistic::iraf_median(&sample),
            _ => panic!("statistic {of}"),
        }
    }

    /// `[x1:x2,y1:y2]`, `overlap`, or the whole frame; pixels and rows from 0.
    fn section(&self, frame: usize) -> (Range<usize>, Range<usize>) {
        let [width, height] = [0, 1].map(|axis| self.files[frame].axes[axis]);
        match self.case.option("statsec") {
            None => (0..width, 0..height),
            Some("overlap") => {
                let [columns, rows] = [0, 1].map(|axis| self.overlap(axis, frame));
                (columns, rows)
            }
            Some(section) => {
                let ends: Vec<usize> = section
                    .split(|c: char| !c.is_ascii_digit())
                    .filter(|word| !word.is_empty())
                    .map(|word| word.parse().expect("a number"))
                    .collect();
                (ends[0] - 1..ends[1], ends[2] - 1..ends[3])
            }
        }
    }

    /// What all frames have in common along an axis, in pixels of `frame`.
    fn overlap(&self, axis: usize, frame: usize) -> Range<usize> {
        let text = std::fs::read_to_string(self.folder.join("offsets.txt")).expect("offsets");
        let numbers: Vec<i64> = text.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        let starts: Vec<i64> = numbers.chunks(2).map(|pair| pair[axis]).collect();
        let ends = starts.iter().zip(&self.files).map(|(start, file)| start + file.axes[axis] as i64);
        let (first, end) = (starts.iter().max().expect("a frame"), ends.min().expect("a frame"));
        (first - starts[frame]) as usize..(end - starts[frame]) as usize
    }

    /// The average of the scaled frames.
    fn average(&self, median: Median) -> Vec<f64> {
        assert_eq!(
            (self.case.option("combine"), self.case.option("reject")),
            (Some("average"), Some("none"))
        );
        let found = self.factors(median);
        let mut setup = Setup::convention(Convention::Iraf, Working::F32);
        setup.scalings = &found.scalings;
        let column = |i: usize| self.files.iter().map(|file| file.data[i]).collect::<Vec<f64>>();
        (0..self.files[0].data.len()).map(|i| pixel(&column(i), &setup).value).collect()
    }
}
