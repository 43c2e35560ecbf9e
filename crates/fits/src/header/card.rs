//! One card: 80 bytes of a header.

use std::borrow::Cow;

use super::value::{self, Value};

/// One card of a header: 80 bytes, kept as they are so that a header can be copied verbatim.
///
/// A card holds only the bytes 32..=126 that FITS allows. Reading replaces TAB, NUL and line ends by a blank and
/// any other byte by `?`, so no byte of a hostile file can reach a log or an output header through a card.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Card, Value};
/// let card = Card::parse("FILTER  = 'Halpha  '           / narrow band");
/// assert_eq!(card.keyword(), "FILTER");
/// assert_eq!(card.value(), Some(Value::Text("Halpha".into())));
/// assert_eq!(card.comment(), "narrow band");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    // Only 32..=126; every constructor enforces it and `as_str` relies on it.
    raw: [u8; Card::BYTES],
}

/// What a card is, by its keyword and value indicator.
pub(super) enum Form<'a> {
    /// Keyword and the field that holds value and comment.
    Valued(Cow<'a, str>, &'a str),
    /// CONTINUE, with the field that holds its string.
    Continue(&'a str),
    /// COMMENT, HISTORY, blank or any card without value indicator.
    Commentary,
}

impl Card {
    /// Bytes of one card.
    pub const BYTES: usize = 80;

    /// The card of these 80 bytes; bytes that FITS forbids are replaced.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let raw = bytes.map(|b| match b {
            32..=126 => b,
            0 | b'\t' | b'\n' | b'\r' => b' ',
            _ => b'?',
        });
        Self { raw }
    }

    /// The card of a line of text: padded with blanks, cut at 80 bytes, forbidden bytes replaced.
    pub fn parse(line: &str) -> Self {
        let mut raw = [b' '; Self::BYTES];
        for (to, from) in raw.iter_mut().zip(line.as_bytes()) {
            *to = *from;
        }
        Self::from_bytes(&raw)
    }

    /// The 80 bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.raw
    }

    /// The 80 bytes as text.
    pub fn as_str(&self) -> &str {
        // Never the fallback: the bytes are ASCII by construction.
        std::str::from_utf8(&self.raw).unwrap_or_default()
    }

    /// The keyword in upper case, without trailing blanks; empty for a blank card.
    ///
    /// A HIERARCH card with a value has the keyword `HIERARCH ESO DET DIT`: all its words, one blank between.
    pub fn keyword(&self) -> Cow<'_, str> {
        match self.form() {
            Form::Valued(keyword, _) => keyword,
            _ => upper(self.name()),
        }
    }

    /// The value of this card alone, `None` for commentary. A long string continues in the cards that follow:
    /// [`Header::value`](super::Header::value) joins them.
    pub fn value(&self) -> Option<Value> {
        match self.form() {
            Form::Valued(_, field) => Some(value::parse_field(field).0),
            _ => None,
        }
    }

    /// The comment after the value; empty for commentary cards.
    pub fn comment(&self) -> &str {
        match self.form() {
            Form::Valued(_, field) => value::parse_field(field).1,
            Form::Continue(field) => value::parse_fragment(field).map_or("", |(_, comment)| comment),
            Form::Commentary => "",
        }
    }

    /// What follows the keyword: the text of a COMMENT, HISTORY or blank card, without trailing blanks.
    pub fn text(&self) -> &str {
        self.as_str()[8..].trim_end()
    }

    /// Whether this is the card that ends a header.
    pub fn is_end(&self) -> bool {
        &self.raw[..8] == b"END     " || &self.raw[..8] == b"end     "
    }

    /// Whether FITS requires nothing more of this card: legal keyword, well-formed value.
    ///
    /// Cards that fail this are read as far as they make sense, and become COMMENT cards in an output header.
    pub fn is_valid(&self) -> bool {
        let name = self.name();
        let legal = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-');
        match self.form() {
            Form::Valued(_, field) => {
                (name == "HIERARCH" || name.bytes().all(legal))
                    && !matches!(value::parse_field(field).0, Value::Malformed(_))
            }
            Form::Continue(field) => value::parse_fragment(field).is_some(),
            Form::Commentary => name.bytes().all(legal),
        }
    }

    /// The keyword field, as it stands.
    pub(super) fn name(&self) -> &str {
        self.as_str()[..8].trim_end()
    }

    pub(super) fn form(&self) -> Form<'_> {
        let text = self.as_str();
        let name = self.name();
        if name.eq_ignore_ascii_case("HIERARCH") {
            return match text[8..].find('=') {
                Some(at) => Form::Valued(hierarch_keyword(&text[8..8 + at]), &text[9 + at..]),
                None => Form::Commentary,
            };
        }
        if name.eq_ignore_ascii_case("CONTINUE") {
            return Form::Continue(&text[8..]);
        }
        let commentary =
            name.is_empty() || name.eq_ignore_ascii_case("COMMENT") || name.eq_ignore_ascii_case("HISTORY");
        if commentary || &text[8..10] != "= " {
            return Form::Commentary;
        }
        Form::Valued(upper(name), &text[10..])
    }

    /// Whether this card assigns a value to `keyword`, without building the keyword's text.
    pub(super) fn assigns(&self, keyword: &Wanted<'_>) -> bool {
        match keyword {
            Wanted::Standard(name) => {
                // The cheap test first: a look-up passes over hundreds of cards.
                self.name().eq_ignore_ascii_case(name) && matches!(self.form(), Form::Valued(..))
            }
            Wanted::Hierarch(name) => {
                self.name().eq_ignore_ascii_case("HIERARCH")
                    && matches!(self.form(), Form::Valued(keyword, _) if keyword == name.as_str())
            }
        }
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Card({:?})", self.as_str().trim_end())
    }
}

/// The card without its trailing blanks.
impl std::fmt::Display for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str().trim_end())
    }
}

/// A keyword to look for, sorted out once for a whole search.
pub(super) enum Wanted<'a> {
    Standard(&'a str),
    Hierarch(String),
}

impl<'a> Wanted<'a> {
    /// More than 8 bytes or more than one word can only be HIERARCH, with that word in front or not.
    pub(super) fn new(keyword: &'a str) -> Self {
        let keyword = keyword.trim();
        if keyword.len() <= 8 && !keyword.contains(' ') {
            return Self::Standard(keyword);
        }
        let has_prefix = keyword.len() > 9 && keyword.as_bytes()[..9].eq_ignore_ascii_case(b"HIERARCH ");
        Self::Hierarch(hierarch_keyword(if has_prefix { &keyword[9..] } else { keyword }).into_owned())
    }
}

fn hierarch_keyword(words: &str) -> Cow<'static, str> {
    let mut keyword = String::from("HIERARCH");
    for word in words.split_ascii_whitespace() {
        keyword.push(' ');
        keyword.push_str(&word.to_ascii_uppercase());
    }
    Cow::Owned(keyword)
}

fn upper(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_lowercase()) {
        Cow::Owned(name.to_ascii_uppercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyword_and_value_of_every_form() {
        let cases = [
            ("BITPIX  =                   16", "BITPIX", Some(Value::Integer(16))),
            ("bitpix  =                   16", "BITPIX", Some(Value::Integer(16))),
            ("HIERARCH ESO DET  DIT = 0.5 / s", "HIERARCH ESO DET DIT", Some(Value::Real(0.5))),
            ("HIERARCH ESO no equals", "HIERARCH", None),
            ("COMMENT = not a value", "COMMENT", None),
            ("HISTORY text", "HISTORY", None),
            ("", "", None),
            ("FILTER   ='no indicator'", "FILTER", None),
            ("KEY     =5", "KEY", None),
            ("KEY     = ", "KEY", Some(Value::Undefined)),
            ("CONTINUE  'rest&'", "CONTINUE", None),
        ];
        for (line, keyword, value) in cases {
            let card = Card::parse(line);
            assert_eq!(card.keyword(), keyword, "{line}");
            assert_eq!(card.value(), value, "{line}");
        }
    }

    #[test]
    fn forbidden_bytes_never_stay_in_a_card() {
        let mut raw = [b' '; 80];
        raw[..19].copy_from_slice(b"OBJECT  = 'a\tb\nc\x1b\x80'");
        let card = Card::from_bytes(&raw);
        assert_eq!(card.to_string(), "OBJECT  = 'a b c??'");
        assert!(Card::parse("é").as_str().is_ascii());
    }

    #[test]
    fn validity_is_that_of_keyword_and_value() {
        assert!(Card::parse("DATE-OBS= '2020-01-01'").is_valid());
        assert!(Card::parse("").is_valid());
        assert!(Card::parse("HIERARCH ESO x.y = 3").is_valid());
        for bad in [
            "date-obs= '2020'",
            "MY KEY  = 3",
            "KEY$    = 3",
            "KEY     = 'open",
            "KEY     = NaN",
            "CONTINUE  open",
        ] {
            assert!(!Card::parse(bad).is_valid(), "{bad}");
        }
    }
}
