//! Which cards of an input belong in the header of an output.

use std::collections::HashSet;
use std::ops::Range;

use super::{Card, Header, Value};

/// Keywords that describe how an HDU is stored: only the writer knows them.
pub(crate) const WRITER_KEYWORDS: [&str; 13] = [
    "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "BSCALE", "BZERO",
    "CHECKSUM", "DATASUM", "END",
];

/// Keywords that were true of the input's samples or file and would be false of the output's.
///
/// BLANK to DATAMAX speak of stored samples; EXTNAME to INHERIT of the place in the input's list of HDUs; DATE is
/// when the input was written; the IRAF ones are statistics and file facts of the input; THEAP and TFIELDS of
/// tables; the Z ones of tile compression.
const FALSE_OF_OUTPUT: [&str; 37] = [
    "BLANK", "DATAMIN", "DATAMAX", "BLOCKED", "EXTNAME", "EXTVER", "EXTLEVEL", "INHERIT", "DATE", "IRAF-TLM",
    "IRAF-MAX", "IRAF-MIN", "IRAF-B/P", "IRAFNAME", "NEXTEND", "THEAP", "TFIELDS", "ZIMAGE", "ZTENSION",
    "ZSIMPLE", "ZBITPIX", "ZNAXIS", "ZEXTEND", "ZBLOCKED", "ZPCOUNT", "ZGCOUNT", "ZCMPTYPE", "ZQUANTIZ",
    "ZDITHER0", "ZMASKCMP", "ZBLANK", "ZSCALE", "ZZERO", "ZHECKSUM", "ZDATASUM", "ZTABLE", "ZTHEAP",
];

/// Same, for keywords with a number: axes, groups, table columns, compression parameters.
const INDEXED_FALSE_OF_OUTPUT: [&str; 20] = [
    "NAXIS", "ZNAXIS", "ZTILE", "ZNAME", "ZVAL", "ZFORM", "ZCTYP", "PTYPE", "PSCAL", "PZERO", "TTYPE",
    "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDIM", "TBCOL", "TLMIN",
];

/// World coordinate keywords of one axis, `CTYPE3` or `CTYPE3A`.
const OF_ONE_AXIS: [&str; 11] =
    ["CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT", "CROTA", "CNAME", "CRDER", "CSYER", "LTV", "CPDIS"];

/// World coordinate keywords of a pair of axes, `CD1_3`.
const OF_TWO_AXES: [&str; 3] = ["CD", "PC", "LTM"];

/// World coordinate keywords of an axis and a parameter, `PV3_1`.
const OF_AXIS_AND_PARAMETER: [&str; 3] = ["PV", "PS", "WAT"];

impl Header {
    /// A copy for an output image of `axes` axes: what is true of the sky stays, what was true of the file goes.
    ///
    /// Dropped: structure and scaling (SIMPLE, BITPIX, NAXIS.., BSCALE, BZERO, BLANK), sums and extrema of the old
    /// data (CHECKSUM, DATASUM, DATAMIN, DATAMAX), the HDU's own name and place (EXTNAME, EXTVER, INHERIT: the
    /// output is another HDU), DATE, compression and table keywords, world coordinates of axes that the output
    /// does not have, and repetitions of a keyword (the first counts). WCSAXES and WCSDIM are lowered to `axes`.
    ///
    /// Kept, byte for byte: everything else, commentary and HIERARCH included. Lower-case keywords are raised;
    /// a card that is not valid FITS (illegal keyword, unreadable value) becomes COMMENT cards with its text.
    ///
    /// # Examples
    ///
    /// ```
    /// use skystack_fits::{Card, Header};
    /// let cube = Header::from_cards(["NAXIS   = 3", "CTYPE1  = 'RA---TAN'", "CTYPE3  = 'FREQ'"].map(Card::parse));
    /// let image = cube.inherit(2);
    /// assert_eq!(image.cards(), [Card::parse("CTYPE1  = 'RA---TAN'")]);
    /// ```
    #[must_use]
    pub fn inherit(&self, axes: usize) -> Header {
        let mut out = Header::new();
        let mut seen = HashSet::new();
        for span in self.records() {
            let cards = &self.cards[span];
            let first = &cards[0];
            let valued = first.value().is_some();
            let keyword = first.keyword();
            if valued && (is_of_file(&keyword) || highest_axis(&keyword).is_some_and(|axis| axis > axes)) {
                continue;
            }
            if valued && !seen.insert(keyword.clone().into_owned()) {
                continue;
            }
            if valued && lowers_axis_count(&keyword) {
                out.cards.push(with_axis_count(first, axes));
                continue;
            }
            for card in cards {
                inherit_card(&mut out, card);
            }
        }
        out
    }
}

impl Header {
    /// This header of an extension with what it shares with `primary`, where INHERIT = T says that it does (FITS standard 4.0,
    /// appendix K): its own cards, then those of `primary` whose keywords it lacks.
    ///
    /// Never shared is what speaks of one HDU alone, the keywords that [`inherit`](Self::inherit) drops whatever the axes, and
    /// commentary.
    #[must_use]
    pub(crate) fn sharing(&self, primary: &Header) -> Header {
        let mut out = self.clone();
        if self.logical("INHERIT") != Some(true) {
            return out;
        }
        let keyword = |header: &Header, span: &Range<usize>| {
            let card = &header.cards[span.start];
            card.value().map(|_| card.keyword().into_owned())
        };
        let mut known: HashSet<String> = self.records().filter_map(|span| keyword(self, &span)).collect();
        for span in primary.records() {
            if let Some(keyword) = keyword(primary, &span)
                && !is_of_file(&keyword)
                && known.insert(keyword)
            {
                out.cards.extend_from_slice(&primary.cards[span]);
            }
        }
        out
    }
}

fn inherit_card(out: &mut Header, card: &Card) {
    if card.is_valid() {
        out.cards.push(card.clone());
        return;
    }
    let mut raised = *card.as_bytes();
    raised[..8].make_ascii_uppercase();
    let raised = Card::from_bytes(&raised);
    if raised.is_valid() {
        out.cards.push(raised);
    } else {
        out.push_comment(card.as_str().trim_end());
    }
}

fn is_of_file(keyword: &str) -> bool {
    WRITER_KEYWORDS.contains(&keyword)
        || FALSE_OF_OUTPUT.contains(&keyword)
        || INDEXED_FALSE_OF_OUTPUT.iter().any(|name| indexed(keyword, name).is_some())
}

/// The number in `NAMEn`.
pub(crate) fn indexed(keyword: &str, name: &str) -> Option<usize> {
    let digits = keyword.strip_prefix(name)?;
    let canonical =
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if canonical { digits.parse().ok() } else { None }
}

/// The highest axis that a world coordinate keyword speaks of.
fn highest_axis(keyword: &str) -> Option<usize> {
    // The last letter may name an alternate description.
    let plain = keyword.strip_suffix(|c: char| c.is_ascii_uppercase()).unwrap_or(keyword);
    if let Some(axis) = OF_ONE_AXIS.iter().find_map(|name| indexed(plain, name)) {
        return Some(axis);
    }
    let pair = |name: &&str| {
        let rest = plain.strip_prefix(*name)?;
        if let Some((i, j)) = rest.split_once('_') {
            return Some((digits(i)?, digits(j)?));
        }
        // The draft notation of old files: PC001002.
        if rest.len() == 6 && rest.is_ascii() {
            return Some((digits(&rest[..3])?, digits(&rest[3..])?));
        }
        None
    };
    if let Some((i, j)) = OF_TWO_AXES.iter().find_map(pair) {
        // Axes count from 1: CD0_3 is somebody's own keyword.
        return (i.min(j) > 0).then_some(i.max(j));
    }
    OF_AXIS_AND_PARAMETER.iter().find_map(pair).map(|(axis, _)| axis)
}

fn digits(text: &str) -> Option<usize> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn lowers_axis_count(keyword: &str) -> bool {
    keyword == "WCSDIM" || keyword.strip_prefix("WCSAXES").is_some_and(|alternate| alternate.len() <= 1)
}

fn with_axis_count(card: &Card, axes: usize) -> Card {
    let axes = i64::try_from(axes).unwrap_or(i64::MAX);
    match card.value() {
        Some(Value::Integer(n)) if n > axes => {
            let mut header = Header::new();
            match header.set(&card.keyword(), axes, card.comment()) {
                Ok(()) => header.cards.swap_remove(0),
                Err(_) => card.clone(),
            }
        }
        _ => card.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(lines: &[&str]) -> Header {
        Header::from_cards(lines.iter().map(|line| Card::parse(line)))
    }

    fn lines(header: &Header) -> Vec<String> {
        header.cards().iter().map(|card| card.to_string()).collect()
    }

    #[test]
    fn structure_goes_and_the_rest_stays_verbatim() {
        let input = header(&[
            "SIMPLE  =                    T",
            "BITPIX  =                   16",
            "NAXIS   =                    2",
            "NAXIS1  =                   10",
            "NAXIS2  =                   10",
            "EXTEND  =                    T",
            "BSCALE  = 1.0",
            "BZERO   = 32768",
            "BLANK   = -32768",
            "DATAMAX = 7",
            "CHECKSUM= 'abc'",
            "ZCMPTYPE= 'RICE_1'",
            "ZVAL1   = 32",
            "OBJECT  = 'M 31'   /   odd   spacing",
            "COMMENT keep me",
            "",
            "HIERARCH ESO DET DIT = 2.5 / s",
            "HISTORY and me",
        ]);
        assert_eq!(
            lines(&input.inherit(2)),
            [
                "OBJECT  = 'M 31'   /   odd   spacing",
                "COMMENT keep me",
                "",
                "HIERARCH ESO DET DIT = 2.5 / s",
                "HISTORY and me"
            ]
        );
    }

    #[test]
    fn axes_that_the_output_lacks_go() {
        let kept = [
            "CTYPE1", "CRPIX2", "CD1_2", "PC2_1A", "PV2_10", "LTM1_1", "WAT2_001", "PC001002", "CTYPE1B",
            "CDELT2", "PC0_3",
        ];
        let gone = [
            "CTYPE3", "CRPIX3A", "CD1_3", "CD3_1", "PC3_3", "PV3_1", "LTV3", "LTM3_3", "WAT3_001", "PC001003",
        ];
        let mut input = Header::new();
        for keyword in kept.iter().chain(&gone) {
            input.set(keyword, 1.0, "").unwrap();
        }
        let output = input.inherit(2);
        let names: Vec<_> = output.iter().map(|e| e.keyword).collect();
        assert_eq!(names, kept);
        assert_eq!(input.inherit(3).cards().len(), kept.len() + gone.len());
    }

    #[test]
    fn the_axis_count_is_lowered() {
        let input = header(&["WCSAXES = 3 / n", "WCSDIM  = 3", "WCSAXESA= 2"]);
        let output = input.inherit(2);
        assert_eq!(output.integer("WCSAXES"), Some(2));
        assert_eq!(output.comment("WCSAXES").as_deref(), Some("n"));
        assert_eq!(output.integer("WCSDIM"), Some(2));
        assert_eq!(output.integer("WCSAXESA"), Some(2));
    }

    #[test]
    fn only_valid_cards_without_repetition_come_out() {
        let input = header(&["gain    = 2.0", "GAIN    = 3.0", "MY KEY  = 1", "BAD     = 'open", "L = 'x'"]);
        assert_eq!(
            lines(&input.inherit(2)),
            ["GAIN    = 2.0", "COMMENT MY KEY  = 1", "COMMENT BAD     = 'open", "COMMENT L = 'x'"]
        );
        assert!(input.inherit(2).cards().iter().all(Card::is_valid));
    }

    #[test]
    fn an_extension_shares_what_the_primary_header_has_more() {
        let mut primary = header(&[
            "SIMPLE  =                    T",
            "NAXIS   =                    0",
            "EXPTIME = 30.0",
            "gain    = 1.5",
            "OBJECT  = 'M 31'",
            "DATASUM = '0'",
            "EXTVER  = 7",
            "HIERARCH ESO DET DIT = 2.5",
            "HISTORY of the file",
        ]);
        let long = "x".repeat(200);
        primary.set("ORIGIN", long.as_str(), "").unwrap();
        let own = ["XTENSION= 'IMAGE'", "INHERIT =                    T", "OBJECT  = 'M 33'"];
        let shared = header(&own).sharing(&primary);
        assert_eq!(
            lines(&shared)[..6],
            [&own[..], &["EXPTIME = 30.0", "gain    = 1.5", "HIERARCH ESO DET DIT = 2.5"]].concat()
        );
        assert_eq!(shared.text("ORIGIN"), Some(long));
        assert_eq!(shared.text("OBJECT").as_deref(), Some("M 33"));
        for alone in ["INHERIT =                    F", "INHERIT = 'T'", "OBJECT  = 'M 33'"] {
            assert_eq!(header(&[alone]).sharing(&primary), header(&[alone]));
        }
    }

    #[test]
    fn a_long_string_goes_or_stays_whole() {
        let long = "x".repeat(200);
        let mut input = Header::new();
        input.set("EXTNAME", long.as_str(), "").unwrap();
        input.set("ORIGIN", long.as_str(), "").unwrap();
        let output = input.inherit(2);
        assert_eq!(output.cards().len(), 3);
        assert_eq!(output.text("ORIGIN"), Some(long));
    }
}
