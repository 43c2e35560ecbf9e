//! Values as they are written on the command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

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

/// `--weight` as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WeightSource {
    None,
    Exposure,
    Keyword(String),
    File(PathBuf),
    /// A value of the contract that this version does not have.
    Later(String),
}

impl WeightSource {
    /// Reads the notation; a file may have any name.
    pub(crate) fn parse(given: OsString) -> Result<Self, String> {
        let needed = || "needed none, exposure, !KEYWORD or @FILE".to_owned();
        if let Some(file) = after_at(&given).filter(|file| !file.is_empty()) {
            return Ok(Self::File(file.into()));
        }
        match given.to_str().ok_or_else(needed)? {
            "none" => Ok(Self::None),
            "exposure" => Ok(Self::Exposure),
            text @ ("mode" | "median" | "mean" | "noise") => Ok(Self::Later(text.to_owned())),
            text => match text.strip_prefix('!') {
                Some(keyword) if !keyword.is_empty() => Ok(Self::Keyword(keyword.to_owned())),
                _ => Err(needed()),
            },
        }
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
    fn weights_come_from_four_places() {
        let parse = |text: &str| WeightSource::parse(text.into());
        assert_eq!(parse("none"), Ok(WeightSource::None));
        assert_eq!(parse("exposure"), Ok(WeightSource::Exposure));
        assert_eq!(parse("!NCOMBINE"), Ok(WeightSource::Keyword("NCOMBINE".into())));
        assert_eq!(parse("@w.txt"), Ok(WeightSource::File("w.txt".into())));
        assert_eq!(parse("noise"), Ok(WeightSource::Later("noise".into())));
        assert!(["", "!", "@", "w.txt", "3"].iter().all(|text| parse(text).is_err()));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_weights_may_have_any_name() {
        use std::os::unix::ffi::OsStringExt;
        let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        assert_eq!(WeightSource::parse(name(b"@\xff")), Ok(WeightSource::File(name(b"\xff").into())));
        assert!(WeightSource::parse(name(b"\xff")).is_err());
    }
}
