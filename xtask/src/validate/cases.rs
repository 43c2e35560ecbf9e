//! `cases.toml` of an oracle folder: what was asked of another program, and what it answered.

use crate::Result;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

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
    pub(crate) nrej_program: Option<String>,
    /// For image and expmask.
    pub(crate) tolerance: Tolerance,
    /// For sigma.
    pub(crate) sigma_tolerance: Tolerance,
}

/// |ours - golden| <= atol + rtol |golden|.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tolerance {
    /// Relative to the golden value.
    pub(crate) rtol: f64,
    /// In the unit of the plane.
    pub(crate) atol: f64,
}

/// What `[case.expect]` may hold besides the planes and tolerances above.
const INFORMATIVE: &[&str] =
    &["max_mismatch_fraction", "factors_scale", "factors_zero", "factors_weight", "verified", "notes"];

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

    /// The program's short name.
    pub(crate) fn program(&self) -> &str {
        self.oracle.split_whitespace().next().unwrap_or("")
    }

    /// An option that is a word.
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).and_then(Value::as_str)
    }

    /// The frames' paths, sorted by name.
    pub(crate) fn frame_paths(&self, oracles: &Path) -> Result<Vec<PathBuf>> {
        let folder = self.stack_folder(oracles);
        let (head, tail) = self.frames.split_once('*').unwrap_or((&self.frames, ""));
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let long_enough = name.len() >= head.len() + tail.len();
            if long_enough && name.starts_with(head) && name.ends_with(tail) {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(format!("{}: no frame matches {:?}", folder.display(), self.frames).into());
        }
        Ok(paths)
    }

    /// Where the frames and the case's `@` files lie.
    pub(crate) fn stack_folder(&self, oracles: &Path) -> PathBuf {
        oracles.join("stacks").join(&self.stack)
    }
}

/// Parses the text of a `cases.toml`.
pub(crate) fn parse(text: &str) -> Result<Vec<Case>> {
    let document: Table = text.parse()?;
    let schema = document.get("schema").and_then(Value::as_integer);
    if schema != Some(1) {
        return Err(format!("needs schema = 1; found {schema:?}").into());
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
        )
        .into());
    }
    parse_case(name, entry).map_err(|error| format!("case {name}: {error}").into())
}

fn parse_case(name: &str, entry: &Value) -> Result<Case> {
    let word = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let needed = |key: &str| word(key).ok_or_else(|| format!("needs {key}"));
    let table =
        |key: &str| entry.get(key).and_then(Value::as_table).ok_or_else(|| format!("needs [case.{key}]"));
    let options = table("options")?.clone();
    if options.get("convention").and_then(Value::as_str).is_none() {
        return Err("needs options.convention".into());
    }
    Ok(Case {
        name: name.to_owned(),
        oracle: needed("oracle")?,
        stack: needed("stack")?,
        frames: needed("frames")?,
        spec_differs: word("spec_differs"),
        known_defect: word("known_defect"),
        options,
        expect: parse_expect(table("expect")?)?,
    })
}

fn parse_expect(table: &Table) -> Result<Expect> {
    let mut expect = Expect::default();
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
            known if INFORMATIVE.contains(&known) => {}
            // A plane that we do not know would silently not be compared.
            unknown => return Err(format!("expect.{unknown} is not known to validate").into()),
        }
    }
    Ok(expect)
}

fn tolerance(key: &str, value: &Value) -> Result<f64> {
    match number(value) {
        Some(found) if found.is_finite() && found >= 0.0 => Ok(found),
        _ => Err(format!("expect.{key}: needs a number not below 0; found {value}").into()),
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
        let case =
            case("convention = \"iraf\"", "image = \"g/i.fits\"\nrtol = 1e-6\nsigma_atol = 2\nnotes = \"x\"");
        assert_eq!((case.convention(), case.program()), ("iraf", "IRAF"));
        assert_eq!(case.expect.image.as_deref(), Some("g/i.fits"));
        assert_eq!(case.expect.tolerance.rtol, 1e-6);
        assert_eq!(case.expect.sigma_tolerance.atol, 2.0);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let iraf = "convention = \"iraf\"";
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert!(message("schema = 2").contains("schema"));
        assert!(message(&document("", "")).contains("convention"));
        assert!(message(&document(iraf, "novel = \"a.fits\"")).contains("expect.novel"));
        assert!(message(&document(iraf, "rtol = -1.0")).contains("expect.rtol"));
        assert!(message(&document(iraf, "").replace("\"one\"", "\"../one\"")).contains("name"));
    }

    #[test]
    fn frames_are_those_of_the_pattern_in_name_order() {
        let oracles = std::env::temp_dir().join(format!("xtask-cases-{}", std::process::id()));
        let folder = oracles.join("stacks/n5");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["f001.fits", "f000.fits", "m000.fits", "f.txt"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let found = case("convention = \"iraf\"", "").frame_paths(&oracles).unwrap();
        std::fs::remove_dir_all(&oracles).unwrap();
        assert_eq!(found, [folder.join("f000.fits"), folder.join("f001.fits")]);
    }
}
