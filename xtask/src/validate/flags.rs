//! From a case's options to the words of the command line.
//!
//! The case files use one vocabulary for all programs; most keys are our flags, the others are
//! translated here. A key or value that is not known is an error: to leave it out would be to ask
//! another question than the one the golden planes answer.

use super::cases::{Case, number};
use crate::Result;
use std::path::Path;
use toml::Value;

/// Values that our flags have anyway, whatever the convention. They stay unsaid, so that the defaults are tested too.
const DEFAULTS: &[(&str, &str)] = &[
    ("combine", "average"),
    ("reject", "none"),
    ("nlow", "1"),
    ("nhigh", "1"),
    ("pclip", "-0.5"),
    ("plow", "0.2"),
    ("phigh", "0.1"),
    ("alpha", "0.05"),
    ("max_outlier_fraction", "0.3"),
    ("clip_ampfrac", "0.3"),
    ("grow", "0"),
    ("gain", "1"),
    ("rdnoise", "0"),
    ("snoise", "0"),
    ("sigscale", "0.1"),
    ("zero", "none"),
    ("scale", "none"),
    ("weight", "none"),
    ("offsets", "none"),
    ("masktype", "none"),
    ("outtype", "real"),
];

/// Keys that are flags of the same name with the same values.
const SAME: &[&str] = &[
    "convention",
    "lsigma",
    "hsigma",
    "nlow",
    "nhigh",
    "nkeep",
    "maxrej",
    "pclip",
    "plow",
    "phigh",
    "alpha",
    "grow",
    "lthreshold",
    "hthreshold",
    "blank",
    "sigscale",
    "statsec",
    "masktype",
    "maskvalue",
];

/// The flags for a case, without inputs and outputs.
pub(crate) fn flags(case: &Case, oracles: &Path) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for (key, value) in &case.options {
        let text = text_of(key, value)?;
        if is_default(case, key, &text) || !is_meaningful(case, key) {
            continue;
        }
        if let Some((flag, value)) = translate(case, oracles, key, text)? {
            words.push(format!("--{flag}"));
            words.push(value);
        }
    }
    if case.option("reject") == Some("extrema") {
        words.extend(extrema_counts(case));
    }
    Ok(words)
}

/// A value as the command line writes it; numbers without a needless fraction.
fn text_of(key: &str, value: &Value) -> Result<String> {
    match (value, number(value)) {
        (Value::String(word), _) => Ok(word.clone()),
        (Value::Boolean(truth), _) => Ok(truth.to_string()),
        (_, Some(number)) => Ok(number.to_string()),
        _ => Err(format!("option {key}: cannot say {value}").into()),
    }
}

fn is_default(case: &Case, key: &str, text: &str) -> bool {
    // The counts of `extrema` default to 0 in the case files, to 1 on the command line.
    let ambiguous = case.option("reject") == Some("extrema") && matches!(key, "nlow" | "nhigh");
    !ambiguous && DEFAULTS.contains(&(key, text))
}

fn extrema_counts(case: &Case) -> Vec<String> {
    let absent = ["nlow", "nhigh"].into_iter().filter(|key| !case.options.contains_key(*key));
    absent.flat_map(|key| [format!("--{key}"), "0".to_owned()]).collect()
}

/// `madclip` says by its name what centre and spread are; a spread by MAD has no denominator to choose.
fn is_meaningful(case: &Case, key: &str) -> bool {
    let by_mad = case.option("reject") == Some("madclip");
    match key {
        "center" | "spread" => !by_mad,
        "ddof" => !by_mad && case.option("spread") != Some("mad"),
        _ => true,
    }
}

/// Flag and value; none where the key asks for an output instead.
fn translate(case: &Case, oracles: &Path, key: &str, text: String) -> Result<Option<(String, String)>> {
    let (flag, value) = match (key, text.as_str()) {
        ("combine", "count") | ("reject", "minmax_limits") => return Ok(None),
        ("reject", "clipped") => (key, "varclip".to_owned()),
        ("outtype", "double") => ("bitpix", "-64".to_owned()),
        ("mclip", "true") => ("center", "median".to_owned()),
        ("mclip", "false") => ("center", "mean".to_owned()),
        ("maxiters", "-1") => (key, "inf".to_owned()),
        ("clip_ampfrac", _) => ("ampfrac", text),
        ("input_variance", _) => ("variance", text),
        ("max_outliers" | "max_outlier_fraction", _) => ("max-outliers", text),
        ("offsets", "file") => (key, in_stack(case, oracles, "offsets.txt")),
        ("gain" | "rdnoise" | "snoise", _) => (key, number_or_keyword(&text)),
        ("zero" | "scale" | "weight", word) if word.starts_with('@') => {
            (key, in_stack(case, oracles, &word[1..]))
        }
        ("combine" | "reject" | "center" | "spread" | "ddof" | "maxiters" | "offsets", _) => (key, text),
        ("zero" | "scale" | "weight", _) => (key, text),
        _ if SAME.contains(&key) => (key, text),
        _ => return Err(format!("option {key} = {text:?} is not known to validate").into()),
    };
    Ok(Some((flag.to_owned(), value)))
}

fn in_stack(case: &Case, oracles: &Path, file: &str) -> String {
    format!("@{}", case.stack_folder(oracles).join(file).display())
}

fn number_or_keyword(text: &str) -> String {
    if text.parse::<f64>().is_ok() || text.starts_with('!') { text.to_owned() } else { format!("!{text}") }
}

#[cfg(test)]
mod tests {
    use super::flags;
    use crate::validate::cases::tests::case;
    use std::path::Path;

    /// The flags for these lines of options, as one line.
    fn line(options: &str) -> String {
        flags(&case(options, ""), Path::new("/o")).unwrap().join(" ")
    }

    #[test]
    fn iraf_sigma_clipping_about_the_median() {
        let options = "convention = \"iraf\"\ncombine = \"average\"\nreject = \"sigclip\"\nmclip = true\n\
                       lsigma = 2.0\nhsigma = 2.5\nnkeep = -2";
        assert_eq!(
            line(options),
            "--convention iraf --hsigma 2.5 --lsigma 2 --center median --nkeep -2 --reject sigclip"
        );
    }

    #[test]
    fn iraf_noise_model_from_keywords() {
        let options = "convention = \"iraf\"\ncombine = \"median\"\nreject = \"ccdclip\"\nmclip = false\n\
                       rdnoise = \"RDNOISE\"\ngain = \"GAIN\"\nsnoise = 0.0";
        assert_eq!(
            line(options),
            "--combine median --convention iraf --gain !GAIN --center mean --rdnoise !RDNOISE --reject ccdclip"
        );
    }

    #[test]
    fn files_are_those_of_the_stack() {
        let options = "convention = \"iraf\"\nzero = \"!SKYLEV\"\nscale = \"@scale.txt\"\nweight = \"exposure\"\n\
                       offsets = \"file\"\nstatsec = \"[5:40,4:33]\"";
        assert_eq!(
            line(options),
            "--convention iraf --offsets @/o/stacks/n5/offsets.txt --scale @/o/stacks/n5/scale.txt \
             --statsec [5:40,4:33] --weight exposure --zero !SKYLEV"
        );
        assert_eq!(line("convention = \"montage\"\noffsets = \"wcs\""), "--convention montage --offsets wcs");
    }

    #[test]
    fn astropy_in_float64_until_nothing_changes() {
        let options = "convention = \"astropy\"\ncombine = \"average\"\nreject = \"sigclip\"\ncenter = \"median\"\n\
                       spread = \"std\"\nddof = 0\nmaxiters = -1\nouttype = \"double\"";
        assert_eq!(
            line(options),
            "--center median --convention astropy --ddof 0 --maxiters inf --bitpix -64 --reject sigclip --spread std"
        );
    }

    #[test]
    fn a_spread_by_mad_has_no_denominator() {
        let options = "convention = \"astropy\"\nreject = \"sigclip\"\nspread = \"mad\"\nddof = 0";
        assert_eq!(line(options), "--convention astropy --reject sigclip --spread mad");
    }

    #[test]
    fn madclip_names_its_centre_and_spread_itself() {
        let options = "convention = \"imcombiners\"\nreject = \"madclip\"\ncenter = \"median\"\nspread = \"mad\"\n\
                       ddof = 0\nmaxiters = 5\nnkeep = 1";
        assert_eq!(line(options), "--convention imcombiners --maxiters 5 --nkeep 1 --reject madclip");
    }

    #[test]
    fn swarp_clipping_is_varclip() {
        let options = "convention = \"swarp\"\nreject = \"clipped\"\nlsigma = 4.0\nclip_ampfrac = 0.3\n\
                       input_variance = 220.0\ngain = 2.0";
        assert_eq!(line(options), "--convention swarp --gain 2 --variance 220 --lsigma 4 --reject varclip");
    }

    #[test]
    fn ccdproc_limits_are_thresholds_without_a_rejection() {
        let options =
            "convention = \"ccdproc\"\nreject = \"minmax_limits\"\nlthreshold = 300.0\nhthreshold = 900.0";
        assert_eq!(line(options), "--convention ccdproc --hthreshold 900 --lthreshold 300");
    }

    #[test]
    fn counts_of_extrema_are_always_said() {
        let some = "convention = \"ccdproc\"\nreject = \"extrema\"\nnlow = 1\nnhigh = 2";
        assert_eq!(line(some), "--convention ccdproc --nhigh 2 --nlow 1 --reject extrema");
        let none = "convention = \"ccdproc\"\nreject = \"extrema\"";
        assert_eq!(line(none), "--convention ccdproc --reject extrema --nlow 0 --nhigh 0");
    }

    #[test]
    fn gesd_takes_a_count_or_a_fraction() {
        let head = "convention = \"textbook\"\nreject = \"gesd\"\n";
        assert_eq!(
            line(&format!("{head}alpha = 0.05\nmax_outliers = 10")),
            "--convention textbook --max-outliers 10 --reject gesd"
        );
        assert_eq!(
            line(&format!("{head}alpha = 0.01\nmax_outlier_fraction = 0.1")),
            "--alpha 0.01 --convention textbook --max-outliers 0.1 --reject gesd"
        );
    }

    #[test]
    fn counting_is_an_output_not_a_statistic() {
        assert_eq!(line("convention = \"iraf\"\ncombine = \"count\""), "--convention iraf");
    }

    #[test]
    fn masks_and_blanks_go_through_as_they_are() {
        let options = "convention = \"iraf\"\nmasktype = \"badbits\"\nmaskvalue = 5\nblank = -9.0";
        assert_eq!(line(options), "--blank -9 --convention iraf --masktype badbits --maskvalue 5");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let error = flags(&case("convention = \"iraf\"\nnovel = 1", ""), Path::new("/o")).unwrap_err();
        assert!(error.to_string().contains("novel"));
        assert!(flags(&case("convention = \"iraf\"\nouttype = \"short\"", ""), Path::new("/o")).is_err());
    }
}
