//! Values as they are written on the command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use skystack::Combine;

/// `--combine`.
pub(crate) fn combine() -> impl TypedValueParser<Value = Combine> {
    let names = PossibleValuesParser::new(Combine::ALL.iter().map(|combine| combine.name()));
    names.map(|name| *Combine::ALL.iter().find(|combine| combine.name() == name).expect("one of the names"))
}

/// A size in bytes: `2GiB`, `128MiB`, `500MB`, `1.5 GB`, or plain bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let needed = "needed bytes or a size such as 2GiB, 128MiB or 500MB";
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (digits, unit) = (&text[..end], text[end..].trim().to_ascii_lowercase());
        let factor: u64 = match unit.as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "m" | "mb" => 1000_u64.pow(2),
            "g" | "gb" => 1000_u64.pow(3),
            "t" | "tb" => 1000_u64.pow(4),
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(needed.to_owned()),
        };
        let number: f64 = digits.parse().map_err(|_| needed.to_owned())?;
        let whole = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(factor));
        let bytes = whole.unwrap_or((number * factor as f64) as u64);
        if bytes == 0 || number * factor as f64 >= u64::MAX as f64 {
            return Err(format!("{needed}, above zero and below 16 EiB"));
        }
        Ok(Self(bytes))
    }
}

/// Clipping rounds: a count, or `inf` for as many as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rounds(pub(crate) Option<u32>);

impl FromStr for Rounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "inf" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|count| Self(Some(count)))
                .map_err(|_| "needed a whole number or inf".to_owned()),
        }
    }
}

/// Width and height: `1024x768`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Size {
    /// Number of pixels; it may be more than there can be.
    pub(crate) fn pixels(self) -> u128 {
        (self.width as u128).saturating_mul(self.height as u128)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| part.parse::<usize>().ok().filter(|&side| side > 0);
        let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some((number(w)?, number(h)?)));
        let (width, height) = sides.ok_or("needed WIDTHxHEIGHT in pixels, such as 1024x768")?;
        Ok(Self { width, height })
    }
}

/// A number of each frame: `--zero`, `--scale`, `--weight` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameNumbers {
    None,
    Mode,
    Median,
    Mean,
    IkssLite,
    Noise,
    Variance,
    Exposure,
    Keyword(String),
    File(PathBuf),
}

impl FrameNumbers {
    /// `--zero`.
    pub(crate) fn zero(given: OsString) -> Result<Self, String> {
        Self::parse(given, &["none", "mode", "median", "mean", "iksslite"])
    }

    /// `--scale`.
    pub(crate) fn scale(given: OsString) -> Result<Self, String> {
        Self::parse(given, &["none", "mode", "median", "mean", "iksslite", "exposure"])
    }

    /// `--weight`.
    pub(crate) fn weight(given: OsString) -> Result<Self, String> {
        Self::parse(given, &["none", "mode", "median", "mean", "noise", "variance", "exposure"])
    }

    /// Reads the notation, of which these words; a file may have any name.
    fn parse(given: OsString, words: &[&str]) -> Result<Self, String> {
        let needed = || format!("needed {}, !KEYWORD or @FILE", words.join(", "));
        if let Some(file) = after_at(&given).filter(|file| !file.is_empty()) {
            return Ok(Self::File(file.into()));
        }
        let text = given.to_str().ok_or_else(needed)?;
        if let Some(keyword) = text.strip_prefix('!').filter(|keyword| !keyword.is_empty()) {
            return Ok(Self::Keyword(keyword.to_owned()));
        }
        match text {
            _ if !words.contains(&text) => Err(needed()),
            "mode" => Ok(Self::Mode),
            "median" => Ok(Self::Median),
            "mean" => Ok(Self::Mean),
            "iksslite" => Ok(Self::IkssLite),
            "noise" => Ok(Self::Noise),
            "variance" => Ok(Self::Variance),
            "exposure" => Ok(Self::Exposure),
            _ => Ok(Self::None),
        }
    }
}

/// `--offsets` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OffsetSource {
    None,
    Wcs,
    Physical,
    File(PathBuf),
}

impl OffsetSource {
    /// Reads the notation.
    pub(crate) fn parse(given: OsString) -> Result<Self, String> {
        if let Some(file) = after_at(&given).filter(|file| !file.is_empty()) {
            return Ok(Self::File(file.into()));
        }
        match given.to_str() {
            Some("none") => Ok(Self::None),
            Some("wcs") => Ok(Self::Wcs),
            Some("physical") => Ok(Self::Physical),
            _ => Err("needed none, wcs, physical or @FILE".to_owned()),
        }
    }
}

/// A number, or the keyword that has one for each frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NumberOrKeyword {
    Number(f64),
    Keyword(String),
}

impl FromStr for NumberOrKeyword {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('!') {
            Some(keyword) if !keyword.is_empty() => Ok(Self::Keyword(keyword.to_owned())),
            _ => text.parse().map(Self::Number).map_err(|_| "needed a number or !KEYWORD".to_owned()),
        }
    }
}

/// `--variance` as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VarianceSource {
    None,
    Noise,
    Number(f64),
    Extension(String),
}

impl FromStr for VarianceSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let extension = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match (text, extension) {
            ("none", _) => Ok(Self::None),
            ("noise", _) => Ok(Self::Noise),
            (_, Some(name)) if !name.is_empty() => Ok(Self::Extension(name.to_owned())),
            _ => {
                let number = text.parse().map(Self::Number);
                number.map_err(|_| "needed none, noise, a number, or an extension such as [VAR]".to_owned())
            }
        }
    }
}

/// `--statsec` as written: FITS pixels, from 1, ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Section {
    Overlap,
    /// x1, x2, y1, y2.
    Pixels([usize; 4]),
}

impl FromStr for Section {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "overlap" {
            return Ok(Self::Overlap);
        }
        let needed = "needed [x1:x2,y1:y2] with 1 <= x1 <= x2 and 1 <= y1 <= y2, or overlap";
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let range = |part: &str| -> Option<(usize, usize)> {
            let (from, to) = part.split_once(':')?;
            let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
            (1 <= from && from <= to).then_some((from, to))
        };
        let both = inner.and_then(|inner| inner.split_once(','));
        let ranges = both.and_then(|(x, y)| Some((range(x)?, range(y)?)));
        let ((x1, x2), (y1, y2)) = ranges.ok_or(needed)?;
        Ok(Self::Pixels([x1, x2, y1, y2]))
    }
}

#[cfg(unix)]
fn after_at(given: &OsStr) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    given.as_bytes().strip_prefix(b"@").map(|file| OsStr::from_bytes(file).to_owned())
}

#[cfg(not(unix))]
fn after_at(given: &OsStr) -> Option<OsString> {
    given.to_str()?.strip_prefix('@').map(OsString::from)
}

/// A number, in words that say so: the parser's own speak of float literals.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "needed a number".to_owned())
}

/// A whole number of the type, zero or more.
pub(crate) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "needed a whole number, zero or more".to_owned())
}

/// A whole number from 1.
pub(crate) fn from_one<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "needed a whole number from 1".to_owned())
}

/// A number of frames to time: the rejections need three.
pub(crate) fn bench_frames(text: &str) -> Result<u32, String> {
    let frames = text.parse().ok().filter(|frames| (3..=100_000).contains(frames));
    frames.ok_or_else(|| "needed a whole number from 3 to 100000".to_owned())
}

/// A whole number of either sign.
pub(crate) fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "needed a whole number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_memory_are_read_as_people_write_them() {
        let table = [
            ("4096", 4096),
            ("1b", 1),
            ("2GiB", 2 << 30),
            ("128MiB", 128 << 20),
            ("500MB", 500_000_000),
            ("500 MB", 500_000_000),
            ("1.5GiB", 3 << 29),
            ("64k", 64_000),
            ("64KiB", 65_536),
            ("1tib", 1 << 40),
            ("18446744073709551614", u64::MAX - 1),
        ];
        for (text, bytes) in table {
            // Above 2^53 the check against the largest size is the coarser one.
            let expected = if bytes > 1 << 60 { Err(()) } else { Ok(Bytes(bytes)) };
            assert_eq!(text.parse::<Bytes>().map_err(drop), expected, "{text}");
        }
        for text in ["", "GiB", "0", "-1", "1e9", "1.2.3GB", "2 GiBs", "nan", "99999999999TiB", "75%"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn rounds_are_a_count_or_inf() {
        assert_eq!("inf".parse(), Ok(Rounds(None)));
        assert_eq!("5".parse(), Ok(Rounds(Some(5))));
        assert!(["-1", "1.5", "none", ""].iter().all(|text| text.parse::<Rounds>().is_err()));
    }

    #[test]
    fn image_sizes_are_width_times_height() {
        assert_eq!("640x480".parse(), Ok(Size { width: 640, height: 480 }));
        assert!(["640", "0x5", "x", "5x", "-5x5", "5x5x5"].iter().all(|text| text.parse::<Size>().is_err()));
    }

    #[test]
    fn numbers_of_frames_come_from_words_keywords_and_files() {
        let parse = |text: &str| FrameNumbers::weight(text.into());
        assert_eq!(parse("none"), Ok(FrameNumbers::None));
        assert_eq!(parse("exposure"), Ok(FrameNumbers::Exposure));
        assert_eq!(parse("!NCOMBINE"), Ok(FrameNumbers::Keyword("NCOMBINE".into())));
        assert_eq!(parse("@w.txt"), Ok(FrameNumbers::File("w.txt".into())));
        assert_eq!(parse("noise"), Ok(FrameNumbers::Noise));
        assert!(["", "!", "@", "w.txt", "3", "iksslite"].iter().all(|text| parse(text).is_err()));
        assert!(FrameNumbers::zero("exposure".into()).is_err());
        assert_eq!(FrameNumbers::scale("iksslite".into()), Ok(FrameNumbers::IkssLite));
    }

    #[test]
    fn sections_are_fits_pixels() {
        assert_eq!("[1:20,3:4]".parse(), Ok(Section::Pixels([1, 20, 3, 4])));
        assert_eq!("overlap".parse(), Ok(Section::Overlap));
        for text in ["", "1:2,3:4", "[0:2,1:2]", "[2:1,1:2]", "[1:2]", "[1:2,3]", "[a:b,c:d]"] {
            assert!(text.parse::<Section>().is_err(), "{text}");
        }
    }

    #[test]
    fn variances_come_from_four_places() {
        assert_eq!("[VAR,2]".parse(), Ok(VarianceSource::Extension("VAR,2".into())));
        assert_eq!("noise".parse(), Ok(VarianceSource::Noise));
        assert_eq!("2.5".parse(), Ok(VarianceSource::Number(2.5)));
        assert!(["", "[]", "VAR"].iter().all(|text| text.parse::<VarianceSource>().is_err()));
        assert_eq!("!GAIN".parse(), Ok(NumberOrKeyword::Keyword("GAIN".into())));
        assert!(["", "!", "x"].iter().all(|text| text.parse::<NumberOrKeyword>().is_err()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_weights_may_have_any_name() {
        use std::os::unix::ffi::OsStringExt;
        let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        assert_eq!(FrameNumbers::weight(name(b"@\xff")), Ok(FrameNumbers::File(name(b"\xff").into())));
        assert!(FrameNumbers::weight(name(b"\xff")).is_err());
    }
}
