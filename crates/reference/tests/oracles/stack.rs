//! The frames of a case: read, masked, placed on the output grid; and what it says of each of them.

use std::path::{Path, PathBuf};

use skystack_reject::{Convention, Noise, Scaling};

use crate::cases::{Case, matching, number};
use crate::fits::Fits;
use crate::options::Frames;

/// N frames of one shape; NaN where a frame has no sample.
pub(crate) struct Stack {
    files: Vec<Fits>,
    pub(crate) width: usize,
    pub(crate) height: usize,
    planes: Vec<Vec<f64>>,
}

impl Stack {
    /// The frames of `case` on its output grid.
    pub(crate) fn read(oracles: &Path, case: &Case) -> Result<Self, String> {
        let folder = case.stack_folder(oracles);
        let files = read_all(&case.frame_paths(oracles)?);
        let masks = masks(&folder, case, files.len())?;
        let offsets = offsets(&folder, case, &files);
        let far = |axis: usize| {
            let ends = files.iter().zip(&offsets).map(|(file, offset)| file.axes[axis] + offset[axis]);
            ends.max().expect("a frame")
        };
        let (width, height) = (far(0), far(1));
        let good = |frame: usize| masks.as_ref().map(|masks| &masks[frame]);
        let place = |(frame, (file, offset)): (usize, (&Fits, &[usize; 2]))| {
            let mut plane = vec![f64::NAN; width * height];
            for (i, value) in file.data.iter().enumerate() {
                let (x, y) = (i % file.axes[0] + offset[0], i / file.axes[0] + offset[1]);
                if good(frame).is_none_or(|good| good[i]) {
                    plane[y * width + x] = *value;
                }
            }
            plane
        };
        let planes = files.iter().zip(&offsets).enumerate().map(place).collect();
        Ok(Self { width, height, planes, files })
    }

    pub(crate) fn frames(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn bitpix(&self) -> i64 {
        self.files[0].bitpix
    }

    pub(crate) fn column(&self, pixel: usize) -> Vec<f64> {
        self.planes.iter().map(|plane| plane[pixel]).collect()
    }

    /// The numbers behind a keyword, one a frame.
    pub(crate) fn keyword(&self, key: &str) -> Vec<f64> {
        let of = |file: &Fits| file.number(key).unwrap_or_else(|| panic!("no {key}"));
        self.files.iter().map(of).collect()
    }

    /// What the case says of each frame.
    pub(crate) fn facts(&self, oracles: &Path, case: &Case) -> Frames {
        Frames {
            rejection: case.rejection(),
            scalings: self.scalings(case),
            noise: self.noise(case),
            weights: self.weights(&case.stack_folder(oracles), case),
            variances: case.number("input_variance").map_or(vec![], |v| vec![v; self.frames()]),
        }
    }

    /// x′ = x/scale − zero with the factors of the oracle set: how statistics become factors is tested elsewhere. ccdproc
    /// multiplies as it is told.
    fn scalings(&self, case: &Case) -> Vec<Scaling> {
        if case.known_convention() == Convention::Ccdproc {
            let Some(source) = case.option("scale") else { return vec![] };
            let factors = self.keyword(source.strip_prefix('!').expect("a keyword"));
            return factors.into_iter().map(|multiply| Scaling { multiply, add: 0.0 }).collect();
        }
        let Some(factors) = &case.expect.factors else {
            let given = |key| case.option(key).is_some_and(|source| source != "none");
            assert!(!given("scale") && !given("zero"), "{}: scaled without factors", case.name);
            return vec![];
        };
        let (scales, zeros) = (&factors.scale, &factors.zero);
        // Frames that nothing scales are given no scaling, as the program would do it.
        if scales.iter().all(|s| *s == 1.0) && zeros.iter().all(|z| *z == 0.0) {
            return vec![];
        }
        scales.iter().zip(zeros).map(|(s, z)| Scaling { multiply: 1.0 / s, add: -z }).collect()
    }

    /// gain, rdnoise and snoise: each a number, or a keyword.
    fn noise(&self, case: &Case) -> Vec<Noise> {
        let of = |key: &str, default: f64| match case.options.get(key) {
            None => vec![default; self.frames()],
            Some(value) => match value.as_str() {
                Some(keyword) => self.keyword(keyword),
                None => vec![number(value).expect("a number"); self.frames()],
            },
        };
        let (gain, rdnoise, snoise) = (of("gain", 1.0), of("rdnoise", 0.0), of("snoise", 0.0));
        let frame = |i: usize| Noise { gain: gain[i], rdnoise: rdnoise[i], snoise: snoise[i] };
        (0..self.frames()).map(frame).collect()
    }

    /// Section 6.2: W·NCOMBINE (absent = 1), normalised to sum 1. Where statistics enter, the factors of the oracle set.
    fn weights(&self, folder: &Path, case: &Case) -> Option<Vec<f64>> {
        let zeroed = case.option("zero").is_some_and(|source| source != "none");
        let given = match case.option("weight")? {
            "none" => return None,
            _ if zeroed => return case.expect.factors.as_ref().map(|factors| factors.weight.clone()),
            "exposure" => self.keyword("EXPTIME"),
            source => match source.split_at(1) {
                ("!", key) => self.keyword(key),
                ("@", file) => numbers(&folder.join(file)),
                _ => {
                    let factors = case.expect.factors.as_ref().expect("factors of a statistic");
                    return Some(factors.weight.clone());
                }
            },
        };
        assert_eq!(given.len(), self.frames());
        let ncombine = self.files.iter().map(|frame| frame.number("NCOMBINE").unwrap_or(1.0));
        let counted: Vec<f64> = given.iter().zip(ncombine).map(|(w, count)| w * count).collect();
        let total: f64 = counted.iter().sum();
        Some(counted.iter().map(|w| w / total).collect())
    }
}

fn read_all(paths: &[PathBuf]) -> Vec<Fits> {
    let files: Vec<Fits> = paths.iter().map(|path| Fits::read(path)).collect();
    assert!(files.windows(2).all(|pair| pair[0].bitpix == pair[1].bitpix));
    files
}

/// Section 2.3: which samples of each frame are good.
fn masks(folder: &Path, case: &Case, frames: usize) -> Result<Option<Vec<Vec<bool>>>, String> {
    let Some(kind) = case.option("masktype").filter(|kind| *kind != "none") else { return Ok(None) };
    let value = case.number("maskvalue").unwrap_or(0.0) as i64;
    let is_good = |q: f64| match (kind, q as i64) {
        ("goodvalue", q) => q == value,
        ("badvalue", q) => q != value,
        ("goodbits", q) => q & value != 0,
        ("badbits", q) => q & value == 0,
        _ => panic!("masktype {kind}"),
    };
    let masks = read_all(&matching(folder, "m*.fits")?);
    assert_eq!(masks.len(), frames, "a mask a frame");
    Ok(Some(masks.iter().map(|mask| mask.data.iter().map(|q| is_good(*q)).collect()).collect()))
}

/// Where each frame lies in the output (section 2.1, step 1): dx, dy from its lower left corner.
fn offsets(folder: &Path, case: &Case, files: &[Fits]) -> Vec<[usize; 2]> {
    let placed: Vec<[f64; 2]> = match case.option("offsets").unwrap_or("none") {
        "none" => vec![[0.0; 2]; files.len()],
        "file" => numbers(&folder.join("offsets.txt")).chunks(2).map(|pair| [pair[0], pair[1]]).collect(),
        "wcs" => {
            let reference = |file: &Fits| ["CRPIX1", "CRPIX2"].map(|key| file.number(key).expect("a WCS"));
            let first = reference(&files[0]);
            let of = |file: &Fits| std::array::from_fn(|i| (first[i] - reference(file)[i]).round());
            files.iter().map(of).collect()
        }
        other => panic!("offsets {other}"),
    };
    assert_eq!(placed.len(), files.len(), "an offset a frame");
    let least = |axis: usize| placed.iter().map(|offset| offset[axis]).fold(f64::INFINITY, f64::min);
    let corner = [least(0), least(1)];
    placed.iter().map(|offset| std::array::from_fn(|i| (offset[i] - corner[i]) as usize)).collect()
}

fn numbers(path: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}
