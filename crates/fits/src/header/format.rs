//! Printing a keyword, value and comment as cards.

use super::card::Card;
use super::value::Value;
use crate::error::FitsError;
use crate::text::header_text;

/// Column after which a comment begins when the value is short: FITS 4.2 puts fixed-format numbers in 11..=30.
const VALUE_END: usize = 30;
/// Width of the text of a commentary card.
const COMMENTARY_COLUMNS: usize = 72;

/// The cards of one assignment: one, or more for a string that needs CONTINUE.
///
/// Fixed format; a comment that does not fit is cut at column 80.
pub(super) fn assignment(keyword: &str, value: &Value, comment: &str) -> Result<Vec<Card>, FitsError> {
    let (head, fixed) = head_of(keyword)?;
    let comment = header_text(comment);
    let number = match value {
        Value::Text(text) => return Ok(text_cards(&head, text, &comment, fixed)),
        Value::Malformed(text) => return Err(unwritable(keyword, text, "a well-formed value")),
        Value::Real(x) if !x.is_finite() => {
            return Err(unwritable(keyword, &x.to_string(), "a finite number"));
        }
        Value::Complex(re, im) if !(re.is_finite() && im.is_finite()) => {
            return Err(unwritable(keyword, &format!("({re}, {im})"), "finite numbers"));
        }
        other => other.to_string(),
    };
    let mut line = head;
    if fixed {
        line.push_str(&format!("{number:>20}"));
    } else {
        line.push_str(&number);
    }
    if line.len() > Card::BYTES {
        return Err(unwritable(keyword, &number, "a keyword and value of 80 bytes together"));
    }
    append_comment(&mut line, &comment);
    Ok(vec![Card::parse(&line)])
}

/// The cards of a commentary keyword: wrapped at 72 columns, at a blank where there is one.
pub(super) fn commentary(keyword: &str, text: &str) -> Vec<Card> {
    let mut cards = Vec::new();
    for line in text.split('\n') {
        let line = header_text(line.trim_end_matches('\r'));
        let mut rest = line.as_str();
        loop {
            let (now, later) = wrap(rest);
            cards.push(Card::parse(&format!("{keyword:<8}{now}")));
            if later.is_empty() {
                break;
            }
            rest = later;
        }
    }
    cards
}

fn wrap(text: &str) -> (&str, &str) {
    if text.len() <= COMMENTARY_COLUMNS {
        return (text, "");
    }
    // A blank in column 73 ends the line as well as one inside it.
    match text[..=COMMENTARY_COLUMNS].rfind(' ') {
        Some(at) if !text[..at].trim().is_empty() => (&text[..at], text[at..].trim_start()),
        _ => text.split_at(COMMENTARY_COLUMNS),
    }
}

/// The card up to and including the value indicator, and whether fixed format applies.
fn head_of(keyword: &str) -> Result<(String, bool), FitsError> {
    let name = keyword.trim().to_ascii_uppercase();
    let bad = || FitsError::Keyword { keyword: keyword.to_owned() };
    let legal = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-');
    if name.len() <= 8 && !name.is_empty() && name.bytes().all(legal) {
        // These have no value, by definition.
        return match name.as_str() {
            "COMMENT" | "HISTORY" | "CONTINUE" | "END" | "HIERARCH" => Err(bad()),
            _ => Ok((format!("{name:<8}= "), true)),
        };
    }
    let words: Vec<&str> = name.strip_prefix("HIERARCH ").unwrap_or(&name).split_ascii_whitespace().collect();
    let legal_word = |word: &&str| word.bytes().all(|b| legal(b) || b == b'.');
    if words.is_empty() || !words.iter().all(legal_word) {
        return Err(bad());
    }
    let head = format!("HIERARCH {} = ", words.join(" "));
    // Room for the shortest continued string: two quotes, one (perhaps doubled) character, an ampersand.
    if head.len() > Card::BYTES - 5 {
        return Err(bad());
    }
    Ok((head, false))
}

fn text_cards(head: &str, text: &str, comment: &str, fixed: bool) -> Vec<Card> {
    // Quotes count twice in a card, so fragments are measured after doubling and never cut a pair.
    let quoted = header_text(text.trim_end_matches(' ')).replace('\'', "''");
    let mut fragments = split_quoted(&quoted, Card::BYTES - head.len() - 2, Card::BYTES - 12);
    let last = fragments.pop().unwrap_or_default();
    let mut cards = Vec::with_capacity(fragments.len() + 1);
    let mut start = head.to_owned();
    for fragment in fragments {
        cards.push(Card::parse(&format!("{start}'{fragment}&'")));
        start = "CONTINUE  ".to_owned();
    }
    let width = if fixed { 8 } else { 0 };
    let mut line = format!("{start}'{last:<width$}'");
    append_comment(&mut line, comment);
    cards.push(Card::parse(&line));
    cards
}

/// Cuts a string (quotes doubled already) into pieces that fit `first` and then `next` columns.
/// All but the last leave a column for the ampersand.
fn split_quoted(quoted: &str, first: usize, next: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = quoted;
    let mut room = first;
    while rest.len() > room {
        let mut cut = room - 1;
        // An odd run of quotes before the cut means that it falls inside a doubled quote.
        let run = rest[..cut].bytes().rev().take_while(|&b| b == b'\'').count();
        if run % 2 == 1 {
            cut -= 1;
        }
        let (piece, later) = rest.split_at(cut);
        pieces.push(piece);
        rest = later;
        room = next;
    }
    pieces.push(rest);
    pieces
}

fn append_comment(line: &mut String, comment: &str) {
    if comment.is_empty() {
        return;
    }
    while line.len() < VALUE_END {
        line.push(' ');
    }
    // " / " and at least one character; less would be a slash that says nothing.
    if line.len() + 4 > Card::BYTES {
        return;
    }
    line.push_str(" / ");
    let room = Card::BYTES - line.len();
    line.push_str(&comment[..comment.len().min(room)]);
}

fn unwritable(keyword: &str, found: &str, needed: &'static str) -> FitsError {
    FitsError::Value { keyword: header_text(keyword), found: header_text(found), needed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(keyword: &str, value: impl Into<Value>, comment: &str) -> Vec<String> {
        assignment(keyword, &value.into(), comment).unwrap().iter().map(|card| card.to_string()).collect()
    }

    #[test]
    fn fixed_format_has_its_columns() {
        assert_eq!(lines("SIMPLE", true, "FITS"), ["SIMPLE  =                    T / FITS"]);
        assert_eq!(lines("NAXIS", 2, ""), ["NAXIS   =                    2"]);
        assert_eq!(lines("exptime", 0.1, "[s]"), ["EXPTIME =                  0.1 / [s]"]);
        assert_eq!(
            lines("X", -1.797_693_134_862_315_7e308, "big"),
            ["X       = -1.7976931348623157E308 / big"]
        );
        assert_eq!(lines("OBJECT", "M 31", "name"), ["OBJECT  = 'M 31    '           / name"]);
        assert_eq!(lines("EMPTY", "", ""), ["EMPTY   = '        '"]);
        assert_eq!(lines("QUOTE", "it's", ""), ["QUOTE   = 'it''s   '"]);
        assert_eq!(lines("UNDEF", Value::Undefined, "none"), ["UNDEF   =                      / none"]);
        assert_eq!(lines("Z", Value::Complex(1.0, -2.0), ""), ["Z       =          (1.0, -2.0)"]);
        assert_eq!(lines("ESO DET DIT", 2.5, "s"), ["HIERARCH ESO DET DIT = 2.5     / s"]);
        assert_eq!(lines("UNIT", "µm\n", ""), ["UNIT    = '\\u{b5}m\\n'"]);
    }

    #[test]
    fn a_comment_is_cut_and_a_value_never() {
        let long = "c".repeat(100);
        assert_eq!(lines("N", 1, &long)[0].len(), 80);
        assert_eq!(lines("S", "x".repeat(68), &long), [format!("S       = '{}'", "x".repeat(68))]);
    }

    #[test]
    fn long_strings_continue_without_cutting_a_doubled_quote() {
        for n in 60..150 {
            let text = format!("{}''{}", "a".repeat(n), "'".repeat(n));
            let cards = assignment("LONG", &Value::Text(text.clone()), "end").unwrap();
            assert!(cards.len() > 1);
            let header = super::super::Header::from_cards(cards);
            assert_eq!(header.text("LONG").unwrap(), text);
        }
    }

    #[test]
    fn what_fits_cannot_hold_is_refused() {
        for keyword in ["", "A=B", "KEY$", "COMMENT", "HISTORY", "END", "CONTINUE", "HIERARCH", "a'b c"] {
            assert!(
                matches!(assignment(keyword, &Value::Integer(1), ""), Err(FitsError::Keyword { .. })),
                "{keyword}"
            );
        }
        for value in [
            Value::Real(f64::NAN),
            Value::Real(f64::INFINITY),
            Value::Complex(0.0, f64::NAN),
            Value::Malformed("x".into()),
        ] {
            assert!(matches!(assignment("K", &value, ""), Err(FitsError::Value { .. })), "{value:?}");
        }
        let long_name = ["WORD"; 12].join(" ");
        assert!(assignment(&long_name, &Value::Integer(1), "").is_ok());
        assert!(assignment(&long_name, &Value::Integer(i64::MIN), "").is_err());
    }

    #[test]
    fn commentary_wraps_at_blanks_and_loses_nothing() {
        let text = "word ".repeat(40);
        let cards = commentary("HISTORY", text.trim_end());
        let joined: Vec<_> = cards.iter().map(|c| c.text().trim()).collect();
        assert_eq!(joined.join(" "), text.trim_end());
        assert!(cards.len() == 3);
        let solid = "x".repeat(200);
        let cards = commentary("COMMENT", &solid);
        assert_eq!(cards.iter().map(|c| c.text()).collect::<String>(), solid);
        assert_eq!(commentary("HISTORY", "a\nb").len(), 2);
        assert_eq!(commentary("HISTORY", "").len(), 1);
    }
}
