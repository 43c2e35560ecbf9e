//! Values as they are written on the command line.

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
    File(String),
    /// A value of the contract that this version does not have.
    Later(String),
}

impl FromStr for WeightSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => return Ok(Self::None),
            "exposure" => return Ok(Self::Exposure),
            "mode" | "median" | "mean" | "noise" => return Ok(Self::Later(text.to_owned())),
            _ => {}
        }
        match (text.strip_prefix('!'), text.strip_prefix('@')) {
            (Some(keyword), _) if !keyword.is_empty() => Ok(Self::Keyword(keyword.to_owned())),
            (_, Some(file)) if !file.is_empty() => Ok(Self::File(file.to_owned())),
            _ => Err("needed none, exposure, !KEYWORD or @FILE".to_owned()),
        }
    }
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
        assert_eq!("none".parse(), Ok(WeightSource::None));
        assert_eq!("exposure".parse(), Ok(WeightSource::Exposure));
        assert_eq!("!NCOMBINE".parse(), Ok(WeightSource::Keyword("NCOMBINE".into())));
        assert_eq!("@w.txt".parse(), Ok(WeightSource::File("w.txt".into())));
        assert_eq!("noise".parse(), Ok(WeightSource::Later("noise".into())));
        assert!(["", "!", "@", "w.txt", "3"].iter().all(|text| text.parse::<WeightSource>().is_err()));
    }
}
