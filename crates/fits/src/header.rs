//! Headers: ordered cards with typed values.
//!
//! A header is kept as the cards it was read from, because what an output copies should be what the input said,
//! byte for byte; values are parsed when asked for.

mod card;
mod format;
mod inherit;
mod value;

use std::ops::Range;

pub use card::Card;
use card::{Form, Wanted};
pub(crate) use inherit::{WRITER_KEYWORDS, indexed};
pub use value::Value;

use crate::error::FitsError;

/// The cards of one HDU in file order, without END.
///
/// Keywords are compared without regard to case. Where a keyword occurs twice the first one counts. HIERARCH
/// keywords are named by their words, with or without `HIERARCH` in front.
///
/// # Examples
///
/// ```
/// use skystack_fits::Header;
///
/// let mut header = Header::new();
/// header.set("OBJECT", "M 31", "name of the field")?;
/// header.set("EXPTIME", 120.0, "[s]")?;
/// header.set("ESO DET DIT", 2.5, "[s]")?;
/// header.push_history("combined 31 frames");
/// assert_eq!(header.text("object").as_deref(), Some("M 31"));
/// assert_eq!(header.number("HIERARCH ESO DET DIT"), Some(2.5));
/// assert_eq!(header.cards()[1].to_string(), "EXPTIME =                120.0 / [s]");
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    cards: Vec<Card>,
}

/// One keyword with its value and comment; the CONTINUE cards of a long string are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Upper case; empty for a blank card.
    pub keyword: String,
    /// `None` for commentary.
    pub value: Option<Value>,
    /// The comment of a valued card; the text of a commentary card.
    pub comment: String,
}

impl Header {
    /// A header without cards.
    pub fn new() -> Self {
        Self::default()
    }

    /// The header of these cards; an END card and what follows it are dropped.
    pub fn from_cards(cards: impl IntoIterator<Item = Card>) -> Self {
        Self { cards: cards.into_iter().take_while(|card| !card.is_end()).collect() }
    }

    /// The header in these bytes: cards of 80 bytes up to END or the end of the slice. Never fails: what is no
    /// card is kept as a card without value.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (cards, _) = bytes.as_chunks::<{ Card::BYTES }>();
        Self::from_cards(cards.iter().map(Card::from_bytes))
    }

    /// The cards in order, without END.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Keywords with values and comments, in order; the CONTINUE cards of a long string count as part of it.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        self.records().map(|span| self.entry(span))
    }

    /// The value of `keyword`, with a long string joined; `None` if no card assigns it one.
    /// A value field that is no FITS value is [`Value::Malformed`].
    pub fn value(&self, keyword: &str) -> Option<Value> {
        let span = self.find(keyword)?;
        Some(self.joined(span).0)
    }

    /// The comment of `keyword`.
    pub fn comment(&self, keyword: &str) -> Option<String> {
        let span = self.find(keyword)?;
        Some(self.joined(span).1)
    }

    /// The string value of `keyword`; `None` if it is absent or not a string.
    pub fn text(&self, keyword: &str) -> Option<String> {
        match self.value(keyword)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer value of `keyword`; `None` if it is absent or not an integer of 64 bits.
    pub fn integer(&self, keyword: &str) -> Option<i64> {
        match self.value(keyword)? {
            Value::Integer(i) => Some(i),
            _ => None,
        }
    }

    /// The numeric value of `keyword`, integer or real; `None` if it is absent or not a number.
    pub fn number(&self, keyword: &str) -> Option<f64> {
        match self.value(keyword)? {
            Value::Integer(i) => Some(i as f64),
            Value::Real(x) => Some(x),
            _ => None,
        }
    }

    /// The logical value of `keyword`; `None` if it is absent or not a logical.
    pub fn logical(&self, keyword: &str) -> Option<bool> {
        match self.value(keyword)? {
            Value::Logical(b) => Some(b),
            _ => None,
        }
    }

    /// Whether a card assigns `keyword` a value, even an undefined one.
    pub fn contains(&self, keyword: &str) -> bool {
        self.find(keyword).is_some()
    }

    /// Sets `keyword`: replaces the first card that assigns it and removes others, or appends.
    ///
    /// Keywords longer than 8 bytes or of several words become HIERARCH cards. Strings beyond one card continue
    /// in CONTINUE cards; characters outside ASCII 32..=126 are escaped; trailing blanks are not significant. A
    /// comment that does not fit is cut.
    ///
    /// # Errors
    ///
    /// `Keyword` for a name that no header can hold, `Value` for NaN, infinity or a malformed value.
    pub fn set(&mut self, keyword: &str, value: impl Into<Value>, comment: &str) -> Result<(), FitsError> {
        let cards = format::assignment(keyword, &value.into(), comment)?;
        match self.find(keyword) {
            None => self.cards.extend(cards),
            Some(first) => {
                let at = first.start;
                self.remove(keyword);
                self.cards.splice(at..at, cards);
            }
        }
        Ok(())
    }

    /// Removes every card that assigns `keyword`; says whether there was one.
    pub fn remove(&mut self, keyword: &str) -> bool {
        let wanted = Wanted::new(keyword);
        let spans: Vec<_> = self.records().filter(|span| self.cards[span.start].assigns(&wanted)).collect();
        for span in spans.iter().rev() {
            self.cards.drain(span.clone());
        }
        !spans.is_empty()
    }

    /// Appends HISTORY cards: one a line of `text`, lines wrapped at 72 columns.
    pub fn push_history(&mut self, text: &str) {
        self.cards.extend(format::commentary("HISTORY", text));
    }

    /// Appends COMMENT cards: one a line of `text`, lines wrapped at 72 columns.
    pub fn push_comment(&mut self, text: &str) {
        self.cards.extend(format::commentary("COMMENT", text));
    }

    /// Appends a card as it is; an END card is ignored, since the writer places the only one.
    pub fn push_card(&mut self, card: Card) {
        if !card.is_end() {
            self.cards.push(card);
        }
    }

    /// The first record that assigns `keyword`.
    fn find(&self, keyword: &str) -> Option<Range<usize>> {
        let wanted = Wanted::new(keyword);
        let start = self.cards.iter().position(|card| card.assigns(&wanted))?;
        Some(start..self.record_end(start))
    }

    /// Spans of cards that belong together.
    fn records(&self) -> impl Iterator<Item = Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = next;
            (start < self.cards.len()).then(|| {
                next = self.record_end(start);
                start..next
            })
        })
    }

    /// One past the last card of the record that starts at `start`.
    fn record_end(&self, start: usize) -> usize {
        let mut end = start + 1;
        let mut open = match self.cards[start].form() {
            Form::Valued(_, field) => {
                matches!(value::parse_field(field).0, Value::Text(text) if text.ends_with('&'))
            }
            _ => false,
        };
        while open && end < self.cards.len() {
            let Form::Continue(field) = self.cards[end].form() else {
                break;
            };
            let Some((fragment, _)) = value::parse_fragment(field) else {
                break;
            };
            open = fragment.ends_with('&');
            end += 1;
        }
        end
    }

    /// Value and comment of a record with a value.
    fn joined(&self, span: Range<usize>) -> (Value, String) {
        let Form::Valued(_, field) = self.cards[span.start].form() else {
            return (Value::Undefined, String::new());
        };
        let (first, comment) = value::parse_field(field);
        let mut comment = comment.to_owned();
        let Value::Text(mut text) = first else {
            return (first, comment);
        };
        for card in &self.cards[span.start + 1..span.end] {
            let Form::Continue(field) = card.form() else { break };
            let Some((fragment, more)) = value::parse_fragment(field) else {
                break;
            };
            // `record_end` took this card only because the text so far ends in an ampersand.
            text.pop();
            text.push_str(&fragment);
            if !more.is_empty() {
                if !comment.is_empty() {
                    comment.push(' ');
                }
                comment.push_str(more);
            }
        }
        text.truncate(text.trim_end().len());
        (Value::Text(text), comment)
    }

    fn entry(&self, span: Range<usize>) -> Entry {
        let card = &self.cards[span.start];
        let keyword = card.keyword().into_owned();
        match card.form() {
            Form::Valued(..) => {
                let (value, comment) = self.joined(span);
                Entry { keyword, value: Some(value), comment }
            }
            _ => Entry { keyword, value: None, comment: card.text().to_owned() },
        }
    }
}

#[cfg(test)]
mod tests;
