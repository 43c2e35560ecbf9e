//! `cases.toml` of an oracle folder: what was asked of another program, and what it answered.
//!
//! Shared by the two that answer the same questions: the tests of the reference, pixel by pixel, and `cargo xtask validate`, with the
//! program. It lies here because a published crate has to hold what its tests need; xtask, which is not published, points at it.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What is wrong, in a line.
type Result<T> = std::result::Result<T, String>;

/// One question to another program.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Unique, and fit to be the name of a folder.
    pub(crate) name: String,
    /// Program and version.
    pub(crate) oracle: String,
    /// Folder below `stacks/`.
    pub(crate) stack: String,
    /// Pattern of the frames' names, with at most one `*`.
    pub(crate) frames: String,
    /// Why our specification gives something else, if it does.
    pub(crate) spec_differs: Option<String>,
    /// What the program does wrong, where the expected planes are not its own.
    pub(crate) known_defect: Option<String>,
    /// The parameters, as written.
    pub(crate) options: Table,
    /// The answer.
    pub(crate) expect: Expect,
}

/// The expected planes, as paths from the oracle folder, and how close is close enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expect {
    /// The combined image.
    pub(crate) image: Option<String>,
    /// Frames not used, a pixel.
    pub(crate) nrej: Option<String>,
    /// 1 = sample not used, a plane a frame.
    pub(crate) rejmask: Option<String>,
    /// Scatter of the used samples.
    pub(crate) sigma: Option<String>,
    /// Exposure map.
    pub(crate) expmask: Option<String>,
    /// What the program wrote as image, where that is defective: compared for the record only.
    pub(crate) image_program: Option<String>,
    /// The same for the frames not used.
    #[allow(dead_code, reason = "the tests of the reference keep no such record")]
    pub(crate) nrej_program: Option<String>,
    /// Scales, zeros and weights of the frames.
    #[allow(dead_code, reason = "the program that xtask runs finds them itself")]
    pub(crate) factors: Option<Factors>,
    /// For image and expmask; exact where the case does not say.
    pub(crate) tolerance: Tolerance,
    /// For sigma, likewise.
    pub(crate) sigma_tolerance: Tolerance,
}

/// What statistics or given numbers make of each frame: x′ = x/scale − zero, weights of sum 1.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "as the field of that name")]
pub(crate) struct Factors {
    pub(crate) scale: Vec<f64>,
    pub(crate) zero: Vec<f64>,
    pub(crate) weight: Vec<f64>,
}

/// |ours - golden| <= atol + rtol |golden|.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tolerance {
    /// Relative to the golden value.
    pub(crate) rtol: f64,
    /// In the unit of the plane.
    pub(crate) atol: f64,
}

/// What `[case.expect]` may hold besides planes, factors and tolerances.
const INFORMATIVE: &[&str] = &["max_mismatch_fraction", "verified", "notes"];

/// Options, what their values have to be, and whether one is.
type Kind = (&'static str, &'static str, fn(&Value) -> bool);

const KINDS: &[Kind] = &[
    (
        "convention combine reject center spread zero scale weight statsec offsets masktype outtype",
        "a word",
        Value::is_str,
    ),
    (
        "lsigma hsigma nlow nhigh nkeep maxrej maxiters ddof pclip plow phigh alpha max_outliers max_outlier_fraction \
         clip_ampfrac input_variance sigscale grow lthreshold hthreshold blank maskvalue",
        "a number",
        |value| number(value).is_some(),
    ),
    ("gain rdnoise snoise", "a number or a keyword", |value| value.is_str() || number(value).is_some()),
    ("mclip", "true or false", Value::is_bool),
];

/// The kind of an option, if it is one. What its words mean is the business of whoever runs the case.
pub(crate) fn kind_of(option: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|(options, ..)| options.split(' ').any(|name| name == option))
}

impl Case {
    /// The convention, which every case names.
    pub(crate) fn convention(&self) -> &str {
        self.option("convention").unwrap_or("")
    }

    /// Whose planes they are, without the packager's words.
    pub(crate) fn planes_from(&self) -> String {
        let name = |text: &str| text.split(" (").next().unwrap_or(text).trim().to_owned();
        match self.oracle.split_once("; program: ") {
            Some((_, program)) => format!("the definition, in place of {}", name(program)),
            None if self.oracle.starts_with("independent") => "the definition".to_owned(),
            None => name(&self.oracle),
        }
    }

    /// An option that is a word.
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).and_then(Value::as_str)
    }

    /// An option that is a number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.options.get(key).and_then(number)
    }

    /// The frames' paths, sorted by name.
    pub(crate) fn frame_paths(&self, oracles: &Path) -> Result<Vec<PathBuf>> {
        matching(&self.stack_folder(oracles), &self.frames)
    }

    /// Where the frames and the case's `@` files lie.
    pub(crate) fn stack_folder(&self, oracles: &Path) -> PathBuf {
        oracles.join("stacks").join(&self.stack)
    }
}

/// The files of a folder whose names match a pattern with at most one `*`, sorted by name; an error where there is none.
pub(crate) fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (head, tail) = pattern.split_once('*').unwrap_or((pattern, ""));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(named)? {
        let path = entry.map_err(named)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let long_enough = name.len() >= head.len() + tail.len();
        if long_enough && name.starts_with(head) && name.ends_with(tail) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: no file matches {pattern:?}", folder.display()));
    }
    Ok(paths)
}

/// Parses the text of a `cases.toml`.
pub(crate) fn parse(text: &str) -> Result<Vec<Case>> {
    let document: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let schema = document.get("schema").and_then(Value::as_integer);
    if schema != Some(1) {
        return Err(format!("needs schema = 1; found {schema:?}"));
    }
    let entries = document.get("case").and_then(Value::as_array).ok_or("no [[case]]")?;
    entries.iter().enumerate().map(|(number, entry)| parse_entry(number, entry)).collect()
}

fn parse_entry(number: usize, entry: &Value) -> Result<Case> {
    let name = entry.get("name").and_then(Value::as_str).unwrap_or("");
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !plain {
        return Err(format!(
            "case {}: the name must be letters, digits, _ and -; found {name:?}",
            number + 1
        ));
    }
    parse_case(name, entry).map_err(|error| format!("case {name}: {error}"))
}

fn parse_case(name: &str, entry: &Value) -> Result<Case> {
    let word = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let needed = |key: &str| word(key).ok_or_else(|| format!("needs {key}"));
    let table =
        |key: &str| entry.get(key).and_then(Value::as_table).ok_or_else(|| format!("needs [case.{key}]"));
    Ok(Case {
        name: name.to_owned(),
        oracle: needed("oracle")?,
        stack: needed("stack")?,
        frames: needed("frames")?,
        spec_differs: word("spec_differs"),
        known_defect: word("known_defect"),
        options: checked_options(table("options")?)?.clone(),
        expect: parse_expect(table("expect")?)?,
    })
}

/// An option of another kind would be taken for absent. An unknown one fails its case, and not the whole file here.
fn checked_options(options: &Table) -> Result<&Table> {
    for (key, value) in options {
        let Some((_, kind, fits)) = kind_of(key) else { continue };
        if !fits(value) {
            return Err(format!("options.{key}: needs {kind}; found {value}"));
        }
    }
    if options.contains_key("convention") { Ok(options) } else { Err("needs options.convention".to_owned()) }
}

fn parse_expect(table: &Table) -> Result<Expect> {
    let mut expect = Expect { factors: parse_factors(table)?, ..Expect::default() };
    for (key, value) in table {
        let path = || value.as_str().map(str::to_owned).ok_or_else(|| format!("expect.{key}: needs a path"));
        match key.as_str() {
            "image" => expect.image = Some(path()?),
            "nrej" => expect.nrej = Some(path()?),
            "rejmask" => expect.rejmask = Some(path()?),
            "sigma" => expect.sigma = Some(path()?),
            "expmask" => expect.expmask = Some(path()?),
            "image_program" => expect.image_program = Some(path()?),
            "nrej_program" => expect.nrej_program = Some(path()?),
            "rtol" => expect.tolerance.rtol = tolerance(key, value)?,
            "atol" => expect.tolerance.atol = tolerance(key, value)?,
            "sigma_rtol" => expect.sigma_tolerance.rtol = tolerance(key, value)?,
            "sigma_atol" => expect.sigma_tolerance.atol = tolerance(key, value)?,
            "factors_scale" | "factors_zero" | "factors_weight" => {}
            known if INFORMATIVE.contains(&known) => {}
            // A plane that we do not know would silently not be compared.
            unknown => return Err(format!("expect.{unknown} is not a plane that we know")),
        }
    }
    Ok(expect)
}

/// All three lists, or none.
fn parse_factors(table: &Table) -> Result<Option<Factors>> {
    let list = |of: &str| {
        let key = format!("factors_{of}");
        let numbers = table.get(&key).and_then(Value::as_array);
        let numbers = numbers.and_then(|list| list.iter().map(number).collect::<Option<Vec<f64>>>());
        numbers.ok_or_else(|| format!("expect.{key}: needs a list of numbers, as the other factors"))
    };
    if !table.keys().any(|key| key.starts_with("factors_")) {
        return Ok(None);
    }
    Ok(Some(Factors { scale: list("scale")?, zero: list("zero")?, weight: list("weight")? }))
}

fn tolerance(key: &str, value: &Value) -> Result<f64> {
    match number(value) {
        Some(found) if found.is_finite() && found >= 0.0 => Ok(found),
        _ => Err(format!("expect.{key}: needs a number not below 0; found {value}")),
    }
}

/// A TOML integer or float.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Case, parse};

    /// One case with these lines of options and of expected planes.
    pub(crate) fn case(options: &str, expect: &str) -> Case {
        parse(&document(options, expect)).unwrap().remove(0)
    }

    fn document(options: &str, expect: &str) -> String {
        format!(
            "schema = 1\n[[case]]\nname = \"one\"\noracle = \"IRAF images 2.17 (x)\"\nstack = \"n5\"\n\
             frames = \"f*.fits\"\n[case.options]\n{options}\n[case.expect]\n{expect}\n"
        )
    }

    #[test]
    fn a_case_is_read_whole() {
        let case = case(
            "convention = \"iraf\"\nnkeep = -2",
            "image = \"g/i.fits\"\nrtol = 1e-6\nsigma_atol = 2\nnotes = \"x\"",
        );
        assert_eq!((case.convention(), case.planes_from().as_str()), ("iraf", "IRAF images 2.17"));
        assert_eq!((case.number("nkeep"), case.option("reject")), (Some(-2.0), None));
        assert_eq!(case.expect.image.as_deref(), Some("g/i.fits"));
        assert_eq!((case.expect.tolerance.rtol, case.expect.tolerance.atol), (1e-6, 0.0));
        assert_eq!(case.expect.sigma_tolerance.atol, 2.0);
    }

    #[test]
    fn factors_are_three_lists() {
        let three = "factors_scale = [1, 0.5]\nfactors_zero = [0.0, 2.0]\nfactors_weight = [0.5, 0.5]";
        let factors = case("convention = \"iraf\"", three).expect.factors.unwrap();
        assert_eq!([factors.scale, factors.zero, factors.weight], [[1.0, 0.5], [0.0, 2.0], [0.5, 0.5]]);
        let one = parse(&document("convention = \"iraf\"", "factors_zero = [0.0, 2.0]"));
        assert!(one.unwrap_err().contains("expect.factors_scale"));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let iraf = "convention = \"iraf\"";
        let message = |text: &str| parse(text).unwrap_err();
        assert!(message("schema = 2").contains("schema"));
        assert!(message(&document("", "")).contains("convention"));
        assert!(message(&document(iraf, "novel = \"a.fits\"")).contains("expect.novel"));
        assert!(message(&document(iraf, "rtol = -1.0")).contains("expect.rtol"));
        assert!(message(&document(iraf, "").replace("\"one\"", "\"../one\"")).contains("name"));
    }

    #[test]
    fn an_option_of_another_kind_is_not_taken_for_absent() {
        for wrong in ["combine = 3", "lsigma = \"2\"", "mclip = 1", "gain = true", "convention = 1"] {
            let error = parse(&document(&format!("{wrong}\nblank = 0"), "")).unwrap_err();
            assert!(error.contains(wrong.split(' ').next().unwrap()), "{wrong}: {error}");
        }
        assert!(parse(&document("convention = \"iraf\"\ngain = \"GAIN\"\nrdnoise = 5", "")).is_ok());
    }

    #[test]
    fn frames_are_those_of_the_pattern_in_name_order() {
        let oracles = std::env::temp_dir().join(format!("skystack-cases-{}", std::process::id()));
        let folder = oracles.join("stacks/n5");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["f001.fits", "f000.fits", "m000.fits", "f.txt"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let case = case("convention = \"iraf\"", "");
        let (found, none) = (case.frame_paths(&oracles), super::matching(&folder, "x*"));
        std::fs::remove_dir_all(&oracles).unwrap();
        assert_eq!(found.unwrap(), [folder.join("f000.fits"), folder.join("f001.fits")]);
        assert!(none.is_err() && case.frame_paths(&oracles).is_err());
    }
}
