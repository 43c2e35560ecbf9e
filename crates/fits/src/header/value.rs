//! Values of keywords: reading the value field of a card, and printing one.

use std::borrow::Cow;
use std::fmt::Write;

/// The value of a keyword.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Card, Value};
/// let card = Card::parse("EXPTIME =              1.2D+02 / [s]");
/// assert_eq!(card.value(), Some(Value::Real(120.0)));
/// assert_eq!(Value::from(3_u32).to_string(), "3");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The keyword is there, its value field is blank.
    Undefined,
    /// T or F.
    Logical(bool),
    /// An integer that fits 64 bits. Longer ones are read as [`Value::Real`], the nearest double.
    Integer(i64),
    /// A finite real number.
    Real(f64),
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
    /// A string without its quotes, doubled quotes undone, trailing blanks (not significant in FITS) removed.
    Text(String),
    /// A value field that is none of these, as it stands in the card. It can be read, never written.
    Malformed(String),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Logical(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// The value as a card would hold it, without padding.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Undefined => Ok(()),
            Self::Logical(true) => f.write_char('T'),
            Self::Logical(false) => f.write_char('F'),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Real(x) => f.write_str(&real_text(*x)),
            Self::Complex(re, im) => write!(f, "({}, {})", real_text(*re), real_text(*im)),
            Self::Text(s) => write!(f, "'{}'", s.replace('\'', "''")),
            Self::Malformed(s) => f.write_str(s),
        }
    }
}

/// The shortest decimal that reads back as `x`, with the decimal point that tells a real from an integer.
///
/// Rust's formatting knows no locale and is exact, so the same number gives the same bytes everywhere.
pub(crate) fn real_text(x: f64) -> String {
    let text = format!("{x:?}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => format!("{mantissa}E{exponent}"),
        Some((mantissa, exponent)) => format!("{mantissa}.0E{exponent}"),
        None => text,
    }
}

/// Splits what follows the value indicator into value and comment.
pub(crate) fn parse_field(field: &str) -> (Value, &str) {
    let start = field.trim_start();
    if let Some(quoted) = start.strip_prefix('\'') {
        return match closing_quote(quoted) {
            Some(end) => {
                (Value::Text(unquote(&quoted[..end]).trim_end().to_owned()), comment_text(&quoted[end + 1..]))
            }
            None => (Value::Malformed(start.trim_end().to_owned()), ""),
        };
    }
    if start.starts_with('(') {
        let end = start.find(')').map_or(start.len(), |i| i + 1);
        let value = parse_complex(&start[..end])
            .unwrap_or_else(|| Value::Malformed(start[..end].trim_end().to_owned()));
        return (value, comment_text(&start[end..]));
    }
    // The first word is the value. A comment should begin with a slash, but some writers forget it.
    let end = start.find([' ', '/']).unwrap_or(start.len());
    (parse_word(&start[..end]), comment_text(&start[end..]))
}

/// The string fragment and comment of a CONTINUE card, given what follows the keyword.
pub(crate) fn parse_fragment(field: &str) -> Option<(String, &str)> {
    let quoted = field.trim_start().strip_prefix('\'')?;
    let end = closing_quote(quoted)?;
    let fragment = unquote(&quoted[..end]).trim_end().to_owned();
    Some((fragment, comment_text(&quoted[end + 1..])))
}

/// Index of the quote that ends a string; doubled quotes stand for one and do not end it.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'\'' {
            if bytes.get(i + 1) != Some(&b'\'') {
                return Some(i);
            }
            i += 1;
        }
        i += 1;
    }
    None
}

fn unquote(text: &str) -> Cow<'_, str> {
    if text.contains("''") { Cow::Owned(text.replace("''", "'")) } else { Cow::Borrowed(text) }
}

fn comment_text(rest: &str) -> &str {
    let rest = rest.trim();
    rest.strip_prefix('/').unwrap_or(rest).trim()
}

fn parse_word(word: &str) -> Value {
    match word {
        "" => Value::Undefined,
        "T" => Value::Logical(true),
        "F" => Value::Logical(false),
        _ => parse_number(word).unwrap_or_else(|| Value::Malformed(word.to_owned())),
    }
}

fn parse_complex(text: &str) -> Option<Value> {
    let (re, im) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let part = |s: &str| match parse_number(s.trim())? {
        Value::Integer(i) => Some(i as f64),
        Value::Real(x) => Some(x),
        _ => None,
    };
    Some(Value::Complex(part(re)?, part(im)?))
}

/// Integers and reals of FITS 4.2.3 and 4.2.4: sign, digits, point, exponent after E or D.
///
/// The shape is checked here because `f64::from_str` also takes "inf", "nan" and the like, which FITS has not.
fn parse_number(word: &str) -> Option<Value> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let (mantissa, exponent) = match unsigned.find(['E', 'e', 'D', 'd']) {
        Some(i) => (&unsigned[..i], Some(&unsigned[i + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction.unwrap_or("")) {
        return None;
    }
    if whole.is_empty() && fraction.unwrap_or("").is_empty() {
        return None;
    }
    if let Some(e) = exponent {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        if e.is_empty() || !digits(e) {
            return None;
        }
    }
    if fraction.is_none()
        && exponent.is_none()
        && let Ok(i) = word.parse::<i64>()
    {
        return Some(Value::Integer(i));
    }
    let x: f64 = word.replace(['D', 'd'], "E").parse().ok()?;
    // A literal beyond the range of a double has no value that could be used.
    x.is_finite().then_some(Value::Real(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value {
        Value::Text(s.to_owned())
    }

    fn malformed(s: &str) -> Value {
        Value::Malformed(s.to_owned())
    }

    #[test]
    fn value_fields_are_read_as_the_standard_says() {
        let cases = [
            ("                   T / conforms", Value::Logical(true), "conforms"),
            (" F", Value::Logical(false), ""),
            ("                  -32 / bits", Value::Integer(-32), "bits"),
            (" +7/tight", Value::Integer(7), "tight"),
            (" 007", Value::Integer(7), ""),
            (" 2000.0 /", Value::Real(2000.0), ""),
            (" 1.5D3", Value::Real(1500.0), ""),
            (" -1.5d-1", Value::Real(-0.15), ""),
            (" +.5E+01", Value::Real(5.0), ""),
            (" 5.", Value::Real(5.0), ""),
            (" 1E3", Value::Real(1000.0), ""),
            (" 9223372036854775808", Value::Real(9_223_372_036_854_775_808.0), ""),
            (" -9223372036854775808", Value::Integer(i64::MIN), ""),
            (" (1, -2.5) / z", Value::Complex(1.0, -2.5), "z"),
            (" 'NGC 1316'  / name", text("NGC 1316"), "name"),
            (" 'it''s / not a comment' / but this", text("it's / not a comment"), "but this"),
            (" ''", text(""), ""),
            (" '        '", text(""), ""),
            (" '  leading kept  '", text("  leading kept"), ""),
            (" ''''", text("'"), ""),
            ("", Value::Undefined, ""),
            ("      / only a comment", Value::Undefined, "only a comment"),
            (" 12 forgotten slash", Value::Integer(12), "forgotten slash"),
        ];
        for (field, value, comment) in cases {
            assert_eq!(parse_field(field), (value, comment), "field {field:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_malformed_and_kept() {
        for bad in [
            "nan",
            "inf",
            "-Infinity",
            "1e99999",
            ".",
            "+",
            "1.2.3",
            "1e",
            "1e+",
            "0x10",
            "t",
            "TRUE",
            "1_000",
            "--1",
            "(1,2",
            "(1)",
            "E5",
            "'open",
        ] {
            assert_eq!(parse_field(bad).0, malformed(bad), "{bad}");
        }
    }

    #[test]
    fn printed_reals_are_shortest_and_read_back() {
        let cases = [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e16, "1.0E16"),
            (1.5e300, "1.5E300"),
            (1e-7, "1.0E-7"),
            (5e-324, "5.0E-324"),
            (f64::MAX, "1.7976931348623157E308"),
        ];
        for (x, expected) in cases {
            assert_eq!(real_text(x), expected);
            assert_eq!(parse_field(expected).0, Value::Real(x));
        }
    }
}
