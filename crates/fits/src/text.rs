//! Turning bytes from outside into one printable line.

use std::path::Path;

/// A path for a message: control characters escaped, so that a hostile name cannot forge a second line.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Text with every control character escaped; other Unicode stays readable.
pub(crate) fn printable(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Text restricted to the bytes 32..=126 that a header may hold; anything else is escaped, never dropped.
pub(crate) fn header_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

/// The first bytes of a file that is not FITS, escaped and quoted.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "an empty file".to_owned();
    }
    format!("\"{}\"", bytes[..bytes.len().min(16)].escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_a_message() {
        assert_eq!(shown(Path::new("a\nb\x1b[31m")), "a\\nb\\u{1b}[31m");
        assert_eq!(shown(Path::new("é.fits")), "é.fits");
    }

    #[test]
    fn header_text_is_ascii() {
        assert_eq!(header_text("5 µm\n"), "5 \\u{b5}m\\n");
    }

    #[test]
    fn first_bytes_are_short_and_escaped() {
        assert_eq!(first_bytes(b"\x89PNG\r\n"), "\"\\x89PNG\\r\\n\"");
        assert_eq!(first_bytes(b""), "an empty file");
    }
}
