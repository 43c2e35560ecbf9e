//! JSON text, as much of it as a record of timings needs.

use std::fmt::Write as _;

/// A string with its quotes.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number; what JSON has no number for is null.
pub(super) fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { "null".to_owned() }
}

/// An object, its values being JSON already.
pub(super) fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}: {value}", string(name))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// An array of JSON values, one a line.
pub(super) fn lines(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| format!("\n  {value}")).collect();
    format!("[{}\n]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_numbers_are_numbers() {
        assert_eq!(string("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000ad\"");
        assert_eq!((number(0.25).as_str(), number(1e-9).as_str()), ("0.25", "0.000000001"));
        assert_eq!(number(f64::NAN), "null");
        assert_eq!(object(&[("a", number(1.0)), ("b", string("c"))]), "{\"a\": 1, \"b\": \"c\"}");
        assert_eq!(lines(["1".to_owned(), "2".to_owned()]), "[\n  1,\n  2\n]");
    }
}
