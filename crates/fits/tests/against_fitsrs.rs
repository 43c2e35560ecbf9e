//! Every header value that both this crate and `fitsrs` read must be the same, and so must places and shapes.
//!
//! Two departures of `fitsrs` 0.4.1 are allowed for where values are collected: it takes the last of repeated
//! keywords where we take the first, and it keeps a blank for a string of blanks. Any other difference fails.

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::panic::catch_unwind;
use std::path::Path;

use common::{Folder, hdu, header, image, real_files};
use fitsrs::card::Value as Theirs;
use fitsrs::{Fits, HDU};
use skystack_fits::{Entry, FitsErrorKind, FitsFile, Header, Value};

/// What one HDU says, in terms that both readers have.
#[derive(Debug, PartialEq)]
struct Seen {
    data_offset: u64,
    data_bytes: u64,
    /// BITPIX and axes of an image.
    shape: Option<(i64, Vec<u64>)>,
    values: BTreeMap<String, String>,
}

fn by_fitsrs(path: &Path) -> Result<Vec<Seen>, String> {
    let mut seen = Vec::new();
    for hdu in Fits::from_reader(BufReader::new(File::open(path).unwrap())) {
        let hdu = hdu.map_err(|e| e.to_string())?;
        let (shape, values) = match &hdu {
            HDU::Primary(hdu) | HDU::XImage(hdu) => {
                let image = hdu.get_header().get_xtension();
                let shape = (i64::from(image.get_bitpix() as i8), image.get_naxis().to_vec());
                (Some(shape), their_values(hdu.get_header().iter()))
            }
            HDU::XBinaryTable(hdu) => (None, their_values(hdu.get_header().iter())),
            HDU::XASCIITable(hdu) => (None, their_values(hdu.get_header().iter())),
        };
        seen.push(Seen {
            data_offset: hdu.get_data_unit_byte_offset(),
            data_bytes: hdu.get_data_unit_byte_size(),
            shape,
            values,
        });
    }
    Ok(seen)
}

fn their_values<'a>(values: impl Iterator<Item = (&'a str, &'a Theirs)>) -> BTreeMap<String, String> {
    values
        .filter_map(|(keyword, value)| {
            let text = match value {
                Theirs::Integer { value, .. } => format!("integer {value}"),
                Theirs::Float { value, .. } => format!("real {:016x}", value.to_bits()),
                Theirs::Logical { value, .. } => format!("logical {value}"),
                Theirs::String { value, .. } => format!("text {}", value.trim_end()),
                Theirs::Undefined | Theirs::Invalid(_) => return None,
            };
            Some((keyword.to_owned(), text))
        })
        .collect()
}

fn by_us(file: &FitsFile) -> Vec<Seen> {
    file.hdus()
        .iter()
        .map(|hdu| {
            let is_image = *hdu.kind() == skystack_fits::HduKind::Image;
            Seen {
                data_offset: hdu.data_offset(),
                data_bytes: hdu.data_bytes(),
                shape: is_image.then(|| (hdu.bitpix().code(), hdu.axes().to_vec())),
                values: our_values(hdu.header()),
            }
        })
        .collect()
}

/// Our values, HIERARCH keywords in the notation of `fitsrs`: words joined by points.
fn our_values(header: &Header) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for Entry { keyword, value, .. } in header.iter() {
        let text = match value {
            Some(Value::Integer(i)) => format!("integer {i}"),
            Some(Value::Real(x)) => format!("real {:016x}", x.to_bits()),
            Some(Value::Logical(b)) => format!("logical {b}"),
            Some(Value::Text(s)) => format!("text {}", s.trim_end()),
            _ => continue,
        };
        let keyword =
            keyword.strip_prefix("HIERARCH ").map_or(keyword.clone(), |words| words.replace(' ', "."));
        // The last of repeated keywords, as `fitsrs` does; `Header::value` gives the first.
        values.insert(keyword, text);
    }
    values
}

fn compare(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let ours = FitsFile::open(path);
    let theirs = catch_unwind(|| by_fitsrs(path));
    let (ours, theirs) = match (ours, theirs) {
        (Ok(ours), Ok(Ok(theirs))) => (by_us(&ours), theirs),
        (Err(error), Ok(Err(_))) if error.kind() != FitsErrorKind::Io => return Vec::new(),
        (ours, theirs) => {
            return vec![format!("{name}: ours {:?}, theirs {theirs:?}", ours.map(|_| "reads"))];
        }
    };
    let mut differences = Vec::new();
    if ours.len() != theirs.len() {
        differences.push(format!("{name}: {} HDUs, theirs {}", ours.len(), theirs.len()));
    }
    for (i, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let place = |seen: &Seen| (seen.data_offset, seen.data_bytes, seen.shape.clone());
        if place(ours) != place(theirs) {
            differences.push(format!("{name} HDU {i}: {:?}, theirs {:?}", place(ours), place(theirs)));
        }
        for (keyword, theirs) in &theirs.values {
            if ours.values.get(keyword) != Some(theirs) {
                differences.push(format!(
                    "{name} HDU {i} {keyword}: {:?}, theirs {theirs:?}",
                    ours.values.get(keyword)
                ));
            }
        }
    }
    differences
}

#[test]
fn generated_files_are_read_the_same() {
    let folder = Folder::new();
    let more = [
        "EXPTIME =                120.5 / fixed",
        "FREE    = 2000.0 /",
        "DEXP    = 1.5D3",
        "PLUS    = +7",
        "NEG     = -.25E-03",
        "YES     =                    T",
        "NO      = F / free",
        "NAME    = 'it''s / text'      / comment",
        "EMPTY   = ''",
        "LONG    = 'first &'",
        "CONTINUE  'second &' / with comment",
        "CONTINUE  'third'",
        "HIERARCH ESO DET DIT = 2.5 / s",
        "HIERARCH ESO TEL NAME = 'VLT'",
        "COMMENT text = 3",
        "HISTORY more",
    ];
    let extension =
        ["XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 3", "NAXIS1  = 2", "NAXIS2  = 3", "NAXIS3  = 4"];
    let mut mosaic = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"]);
    mosaic.extend(hdu(
        &[&extension[..], &["PCOUNT  = 0", "GCOUNT  = 1", "EXTNAME = 'SCI'"]].concat(),
        &[0; 48],
    ));
    let mut files = vec![mosaic];
    for bitpix in [8, 16, 32, 64, -32, -64] {
        files.push(image(bitpix, &[5, 3], &more, &[0; 120]));
    }
    for (i, bytes) in files.iter().enumerate() {
        let path = folder.write(&format!("generated-{i}.fits"), bytes);
        assert_eq!(compare(&path), [] as [&str; 0]);
        // A comparison of nothing would pass as well.
        assert!(by_fitsrs(&path).unwrap().iter().map(|seen| seen.values.len()).sum::<usize>() >= 12);
    }
}

#[test]
fn real_files_are_read_the_same() {
    let differences: Vec<_> = real_files().iter().flat_map(|path| compare(path)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
