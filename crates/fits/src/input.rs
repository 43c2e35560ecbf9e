//! The notation `file[hdu]`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::hdu::HduSelector;
use crate::text::{printable, shown};

/// A file and which of its HDUs is meant: `f.fits`, `f.fits[2]`, `f.fits[SCI]`, `f.fits[SCI,1]`.
///
/// # Examples
///
/// ```
/// use skystack_fits::{HduSelector, InputPath};
/// let input = InputPath::parse("night1/m31.fits[SCI,2]");
/// assert_eq!(input.path.to_str(), Some("night1/m31.fits"));
/// assert_eq!(input.hdu, HduSelector::Name { name: "SCI".into(), version: Some(2) });
/// assert_eq!(input.to_string(), "night1/m31.fits[SCI,2]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InputPath {
    /// The file.
    pub path: PathBuf,
    /// The HDU.
    pub hdu: HduSelector,
}

impl InputPath {
    /// Reads the notation.
    ///
    /// A file that really has brackets in its name wins, whatever they hold; this is why parsing looks at the
    /// file system. Brackets that cannot be an HDU (empty, or an image section such as `[1:100,*]`) are part of
    /// the name.
    pub fn parse(text: impl AsRef<OsStr>) -> Self {
        let text = text.as_ref();
        if !Path::new(text).exists()
            && let Some((path, inside)) = split_brackets(text)
            && let Some(hdu) = parse_selector(&inside)
        {
            return Self { path: path.into(), hdu };
        }
        Self { path: text.into(), hdu: HduSelector::First }
    }
}

impl From<PathBuf> for InputPath {
    /// The first image of a file, its name taken literally.
    fn from(path: PathBuf) -> Self {
        Self { path, hdu: HduSelector::First }
    }
}

/// The notation again, for messages: control characters escaped.
impl std::fmt::Display for InputPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", shown(&self.path), printable(&self.hdu.to_string()))
    }
}

fn parse_selector(inside: &str) -> Option<HduSelector> {
    let inside = inside.trim();
    if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()) {
        return inside.parse().ok().map(HduSelector::Index);
    }
    let (name, version) = match inside.rsplit_once(',') {
        Some((name, version)) => (name.trim(), Some(version.trim().parse().ok()?)),
        None => (inside, None),
    };
    // These are what image sections and file patterns are made of.
    if name.is_empty() || name.contains([':', '*', '?', ',', '[', ']']) {
        return None;
    }
    Some(HduSelector::Name { name: name.to_owned(), version })
}

/// The text before the last bracket, and what is in it.
#[cfg(unix)]
fn split_brackets(text: &OsStr) -> Option<(OsString, String)> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let (before, inside) = split_bytes(text.as_bytes())?;
    Some((OsString::from_vec(before.to_vec()), inside))
}

#[cfg(not(unix))]
fn split_brackets(text: &OsStr) -> Option<(OsString, String)> {
    let (before, inside) = split_bytes(text.to_str()?.as_bytes())?;
    Some((String::from_utf8(before.to_vec()).ok()?.into(), inside))
}

fn split_bytes(text: &[u8]) -> Option<(&[u8], String)> {
    let body = text.strip_suffix(b"]")?;
    let open = body.iter().rposition(|&b| b == b'[')?;
    if open == 0 {
        return None;
    }
    let inside = String::from_utf8(body[open + 1..].to_vec()).ok()?;
    Some((&body[..open], inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_name_an_hdu_or_stay_in_the_name() {
        let named = |name: &str, version| HduSelector::Name { name: name.into(), version };
        let cases = [
            ("f.fits", "f.fits", HduSelector::First),
            ("f.fits[0]", "f.fits", HduSelector::Index(0)),
            ("f.fits[12]", "f.fits", HduSelector::Index(12)),
            ("f.fits[SCI]", "f.fits", named("SCI", None)),
            ("f.fits[ sci , 3 ]", "f.fits", named("sci", Some(3))),
            ("f.fits[primary hdu]", "f.fits", named("primary hdu", None)),
            ("a[1].fits", "a[1].fits", HduSelector::First),
            ("a[1].fits[2]", "a[1].fits", HduSelector::Index(2)),
            ("f.fits[]", "f.fits[]", HduSelector::First),
            ("f.fits[1:100,*]", "f.fits[1:100,*]", HduSelector::First),
            ("f.fits[SCI,x]", "f.fits[SCI,x]", HduSelector::First),
            ("f.fits[99999999999999999999999]", "f.fits[99999999999999999999999]", HduSelector::First),
            ("[1]", "[1]", HduSelector::First),
            ("x:03:17.fits", "x:03:17.fits", HduSelector::First),
            ("-a b%#@(c){d}*?.fits", "-a b%#@(c){d}*?.fits", HduSelector::First),
            ("", "", HduSelector::First),
        ];
        for (text, path, hdu) in cases {
            let input = InputPath::parse(text);
            assert_eq!((input.path.as_path(), &input.hdu), (Path::new(path), &hdu), "{text}");
        }
    }

    #[test]
    fn display_is_the_notation_on_one_line() {
        for text in ["f.fits", "f.fits[2]", "f.fits[SCI]", "f.fits[SCI,1]"] {
            assert_eq!(InputPath::parse(text).to_string(), text);
        }
        assert_eq!(InputPath::parse("a\nb.fits[X\nY]").to_string(), "a\\nb.fits[X\\nY]");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8_are_split_too() {
        use std::os::unix::ffi::OsStrExt;
        let input = InputPath::parse(OsStr::from_bytes(b"\xff.fits[3]"));
        assert_eq!(input.path.as_os_str().as_bytes(), b"\xff.fits");
        assert_eq!(input.hdu, HduSelector::Index(3));
    }
}
