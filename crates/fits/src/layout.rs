//! The parts of an output file: its headers, and which rows have come.

use std::path::Path;

use crate::bitpix::Bitpix;
use crate::error::FitsError;
use crate::file::BLOCK;
use crate::header::{Card, Header, Value, WRITER_KEYWORDS, indexed};

/// Cards that the writer adds to a header, END and both of an unsigned convention included.
pub(crate) fn mandatory_cards(bitpix: Bitpix, axes: &[u64], index: usize, images: usize) -> usize {
    structure(bitpix, axes, Some("0"), index, images).len() + 1
}

/// A header as it stands in the file: whole blocks.
pub(crate) fn header_bytes(structure: Vec<Card>, header: &Header) -> Vec<u8> {
    let end = [Card::parse("END")];
    let cards = structure.iter().chain(header.cards()).chain(&end);
    let mut bytes: Vec<u8> = cards.flat_map(|card| *card.as_bytes()).collect();
    bytes.resize(bytes.len().next_multiple_of(BLOCK as usize), b' ');
    bytes
}

/// The mandatory cards in the order of FITS 4.4.1.
pub(crate) fn structure(
    bitpix: Bitpix,
    axes: &[u64],
    bzero: Option<&str>,
    index: usize,
    images: usize,
) -> Vec<Card> {
    let number = |keyword: &str, value: &str, comment: &str| {
        Card::parse(&format!("{keyword:<8}= {value:>20} / {comment}"))
    };
    let mut cards = vec![if index == 0 {
        number("SIMPLE", "T", "conforms to the FITS standard")
    } else {
        Card::parse("XTENSION= 'IMAGE   '           / image extension")
    }];
    cards.push(number("BITPIX", &bitpix.code().to_string(), "bits per sample, negative for floating point"));
    cards.push(number("NAXIS", &axes.len().to_string(), "number of axes"));
    for (i, length) in axes.iter().enumerate() {
        cards.push(number(
            &format!("NAXIS{}", i + 1),
            &length.to_string(),
            &format!("length of axis {}", i + 1),
        ));
    }
    if index > 0 {
        cards.push(number("PCOUNT", "0", "no parameters"));
        cards.push(number("GCOUNT", "1", "one group"));
    } else if images > 1 {
        cards.push(number("EXTEND", "T", "extensions follow"));
    }
    if let Some(bzero) = bzero {
        cards.push(number("BSCALE", "1", "stored values are not scaled"));
        cards.push(number("BZERO", bzero, "offset of unsigned integers"));
    }
    cards
}

/// Refuses keywords that only the writer can know, and cards that are not valid FITS.
pub(crate) fn check_header(path: &Path, bitpix: Bitpix, header: &Header) -> Result<(), FitsError> {
    for card in header.cards() {
        let keyword = card.keyword();
        let reserved = WRITER_KEYWORDS.contains(&&*keyword)
            || indexed(&keyword, "NAXIS").is_some()
            || (keyword == "BLANK" && !bitpix.is_integer());
        if reserved && card.value().is_some() {
            return Err(FitsError::ReservedKeyword { path: path.to_owned(), keyword: keyword.into_owned() });
        }
        if !card.is_valid() {
            return Err(FitsError::Value {
                keyword: keyword.into_owned(),
                found: card.to_string(),
                needed: "a card that is valid FITS; Header::inherit makes them so",
            });
        }
    }
    repeated_keyword(header).map_or(Ok(()), |entry| {
        Err(FitsError::Value {
            keyword: entry.0,
            found: entry.1.to_string(),
            needed: "one card for each keyword; Header::inherit makes it so",
        })
    })
}

/// A keyword with a value that occurs twice.
fn repeated_keyword(header: &Header) -> Option<(String, Value)> {
    let mut seen = std::collections::HashSet::new();
    header.cards().iter().find_map(|card| {
        let value = card.value()?;
        let keyword = card.keyword().into_owned();
        (!seen.insert(keyword.clone())).then_some((keyword, value))
    })
}

/// Product of the axes; 0 without axes. `None` for more than 999 axes or an overflow.
pub(crate) fn sample_count(axes: &[u64]) -> Option<u64> {
    if axes.len() > 999 {
        return None;
    }
    if axes.is_empty() || axes.contains(&0) {
        return Some(0);
    }
    axes.iter().try_fold(1_u64, |product, n| product.checked_mul(*n))
}

/// Which rows have been written: one bit a row. A row that was forgotten would read back as zeros, which are
/// ordinary values; so finishing without it is an error.
#[derive(Debug)]
pub(crate) struct RowSet {
    words: Vec<u64>,
    rows: usize,
}

impl RowSet {
    /// Allocates nothing: a set grows with the rows that really come, not with what the axes claim.
    pub(crate) fn new(rows: usize) -> Self {
        Self { words: Vec::new(), rows }
    }

    pub(crate) fn insert(&mut self, first: usize, count: usize) {
        let words = (first + count).div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
        for row in first..first + count {
            self.words[row / 64] |= 1 << (row % 64);
        }
    }

    pub(crate) fn first_missing(&self) -> Option<usize> {
        let row = match self.words.iter().position(|word| *word != u64::MAX) {
            Some(word) => word * 64 + self.words[word].trailing_ones() as usize,
            None => self.words.len() * 64,
        };
        (row < self.rows).then_some(row)
    }
}
