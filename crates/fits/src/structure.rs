//! What a header says about the shape and size of its HDU, checked before anyone relies on it.

use std::path::Path;

use crate::bitpix::Bitpix;
use crate::error::FitsError;
use crate::hdu::HduKind;
use crate::header::{Header, Value, indexed};

/// FITS 4.4.1.1: NAXIS is at most 999.
const MAX_AXES: usize = 999;

/// The keywords that decide on structure, first occurrence each.
const STRUCTURAL: [&str; 10] =
    ["SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "GROUPS", "ZIMAGE", "EXTNAME", "EXTVER"];

/// File and HDU, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    pub(crate) hdu: usize,
}

impl Place<'_> {
    #[cold]
    pub(crate) fn bad(&self, keyword: &str, found: Option<&Value>, needed: &'static str) -> FitsError {
        FitsError::BadHeader {
            path: self.path.to_owned(),
            hdu: self.hdu,
            keyword: keyword.to_owned(),
            found: match found {
                None => "missing".to_owned(),
                Some(Value::Undefined) => "undefined".to_owned(),
                Some(value) => value.to_string(),
            },
            needed,
        }
    }
}

/// Kind, type, axes and size of one HDU.
pub(crate) struct Structure {
    pub(crate) kind: HduKind,
    pub(crate) bitpix: Bitpix,
    pub(crate) axes: Vec<u64>,
    pub(crate) data_bytes: u64,
    pub(crate) name: Option<String>,
    pub(crate) version: i64,
}

/// First values of the structural keywords, collected in one pass: looking up 999 axes one by one in a header of
/// a million cards would take minutes.
struct Found {
    values: [Option<Value>; STRUCTURAL.len()],
    axes: Vec<Option<Value>>,
    repeated: Vec<String>,
}

impl Found {
    fn collect(header: &Header) -> Self {
        let mut found =
            Self { values: [const { None }; STRUCTURAL.len()], axes: Vec::new(), repeated: Vec::new() };
        for card in header.cards() {
            let keyword = card.keyword();
            let slot = match STRUCTURAL.iter().position(|name| *name == keyword) {
                Some(i) => &mut found.values[i],
                None => match indexed(&keyword, "NAXIS") {
                    Some(n) if n <= MAX_AXES => {
                        if found.axes.len() < n {
                            found.axes.resize(n, None);
                        }
                        &mut found.axes[n - 1]
                    }
                    _ => continue,
                },
            };
            let Some(value) = card.value() else { continue };
            match slot {
                None => *slot = Some(value),
                Some(first) => {
                    if *first != value && !found.repeated.iter().any(|k| *k == keyword) {
                        found.repeated.push(keyword.into_owned());
                    }
                }
            }
        }
        found
    }

    fn value(&self, keyword: &str) -> Option<&Value> {
        let i = STRUCTURAL.iter().position(|name| *name == keyword)?;
        self.values[i].as_ref()
    }

    fn count(&self, keyword: &str, place: &Place<'_>) -> Result<Option<u64>, FitsError> {
        match self.value(keyword) {
            None => Ok(None),
            found => Ok(Some(non_negative(keyword, found, place)?)),
        }
    }
}

impl Structure {
    /// Reads and checks the structure of a primary HDU or an extension.
    pub(crate) fn read(
        header: &Header,
        place: &Place<'_>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, FitsError> {
        let found = Found::collect(header);
        for keyword in &found.repeated {
            warn(format!("{keyword} occurs again with another value; the first counts"));
        }
        check_order(header, warn);

        let bitpix = bitpix(&found, place)?;
        let axes = axes(&found, place)?;
        let kind = if place.hdu == 0 { primary_kind(&found, &axes) } else { extension_kind(&found, place)? };
        let (parameters, groups) = group_counts(&found, &kind, place, warn)?;
        let data_bytes = data_bytes(bitpix, &axes, parameters, groups, &kind).ok_or_else(|| {
            let found = Value::Malformed(format!("{axes:?}"));
            place.bad("NAXISn", Some(&found), "a data size below 2^63 bytes")
        })?;
        Ok(Self {
            kind,
            bitpix,
            axes,
            data_bytes,
            name: header.text("EXTNAME").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            version: match found.value("EXTVER") {
                Some(Value::Integer(version)) => *version,
                _ => 1,
            },
        })
    }
}

fn bitpix(found: &Found, place: &Place<'_>) -> Result<Bitpix, FitsError> {
    let value = found.value("BITPIX");
    match value {
        Some(Value::Integer(code)) => Bitpix::from_code(*code),
        _ => None,
    }
    .ok_or_else(|| place.bad("BITPIX", value, "8, 16, 32, 64, -32 or -64"))
}

fn axes(found: &Found, place: &Place<'_>) -> Result<Vec<u64>, FitsError> {
    let value = found.value("NAXIS");
    let naxis = match value {
        Some(Value::Integer(n)) => usize::try_from(*n).ok().filter(|n| *n <= MAX_AXES),
        _ => None,
    }
    .ok_or_else(|| place.bad("NAXIS", value, "an integer from 0 to 999"))?;
    (0..naxis)
        .map(|i| {
            let value = found.axes.get(i).and_then(Option::as_ref);
            non_negative(&format!("NAXIS{}", i + 1), value, place)
        })
        .collect()
}

fn non_negative(keyword: &str, found: Option<&Value>, place: &Place<'_>) -> Result<u64, FitsError> {
    match found {
        Some(Value::Integer(n)) => u64::try_from(*n).ok(),
        _ => None,
    }
    .ok_or_else(|| place.bad(keyword, found, "an integer from 0 to 2^63 - 1"))
}

fn primary_kind(found: &Found, axes: &[u64]) -> HduKind {
    if axes.first() == Some(&0) && found.value("GROUPS") == Some(&Value::Logical(true)) {
        HduKind::RandomGroups
    } else {
        HduKind::Image
    }
}

fn extension_kind(found: &Found, place: &Place<'_>) -> Result<HduKind, FitsError> {
    let value = found.value("XTENSION");
    let Some(Value::Text(name)) = value else {
        return Err(place.bad("XTENSION", value, "a string"));
    };
    Ok(match name.trim().to_ascii_uppercase().as_str() {
        // IUEIMAGE and A3DTABLE are what IMAGE and BINTABLE were called before they were standard.
        "IMAGE" | "IUEIMAGE" => HduKind::Image,
        "BINTABLE" | "A3DTABLE" if found.value("ZIMAGE") == Some(&Value::Logical(true)) => {
            HduKind::CompressedImage
        }
        "BINTABLE" | "A3DTABLE" => HduKind::BinTable,
        "TABLE" => HduKind::AsciiTable,
        other => HduKind::Foreign(other.to_owned()),
    })
}

/// PCOUNT and GCOUNT; both have a meaning in extensions and random groups only.
fn group_counts(
    found: &Found,
    kind: &HduKind,
    place: &Place<'_>,
    warn: &mut dyn FnMut(String),
) -> Result<(u64, u64), FitsError> {
    if place.hdu == 0 && *kind != HduKind::RandomGroups {
        return Ok((0, 1));
    }
    let parameters = found.count("PCOUNT", place)?;
    let groups = found.count("GCOUNT", place)?;
    if parameters.is_none() || groups.is_none() {
        warn("PCOUNT or GCOUNT is missing; taken as 0 and 1".to_owned());
    }
    let (parameters, groups) = (parameters.unwrap_or(0), groups.unwrap_or(1));
    if *kind == HduKind::Image && (parameters, groups) != (0, 1) {
        let (keyword, needed) =
            if parameters == 0 { ("GCOUNT", "1 in an image") } else { ("PCOUNT", "0 in an image") };
        return Err(place.bad(keyword, found.value(keyword), needed));
    }
    Ok((parameters, groups))
}

/// |BITPIX| / 8 * GCOUNT * (PCOUNT + product of the axes), `None` beyond 2^63 - 1.
fn data_bytes(bitpix: Bitpix, axes: &[u64], parameters: u64, groups: u64, kind: &HduKind) -> Option<u64> {
    // In random groups the first axis has length 0 by definition and does not count.
    let counted = if *kind == HduKind::RandomGroups { &axes[1..] } else { axes };
    let samples = if counted.is_empty() || counted.contains(&0) {
        0
    } else {
        counted.iter().try_fold(1_u64, |product, n| product.checked_mul(*n))?
    };
    let bytes = parameters.checked_add(samples)?.checked_mul(groups)?.checked_mul(bitpix.bytes() as u64)?;
    i64::try_from(bytes).ok().map(|_| bytes)
}

/// FITS 4.4.1.1 fixes the order of the mandatory cards. Any order can be read; a wrong one is worth a word.
fn check_order(header: &Header, warn: &mut dyn FnMut(String)) {
    let expected = ["BITPIX", "NAXIS"];
    let in_order = expected
        .iter()
        .enumerate()
        .all(|(i, keyword)| header.cards().get(i + 1).is_some_and(|card| card.keyword() == *keyword));
    if !in_order {
        warn("mandatory keywords are not in the order of the standard".to_owned());
    }
}
