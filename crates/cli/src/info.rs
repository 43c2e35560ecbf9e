//! `skystack info`: what is in FITS files, as combining sees it.

use std::path::Path;

use skystack::fits::{FitsFile, Hdu, HduKind, HduSelector, InputPath, Value};
use skystack::inputs;

use crate::args::InfoArgs;
use crate::failure::{Failure, one_line};
use crate::say::{complain, say};

/// Keywords that combining reads or that tell frames apart.
const KEYWORDS: [&str; 8] = ["OBJECT", "FILTER", "DATE-OBS", "EXPTIME", "NCOMBINE", "GAIN", "RDNOISE", "BPM"];

/// Describes each file; a name with an extension shows that HDU only.
pub(crate) fn run(args: &InfoArgs) -> Result<(), Failure> {
    let mut last = Ok(());
    for name in inputs::expand(&args.files)? {
        match describe(&name) {
            Err(Failure::Closed) => return Err(Failure::Closed),
            // One bad file does not hide the others. The last line is written where the program ends.
            Err(failure) => {
                if let Err(before) = std::mem::replace(&mut last, Err(failure)) {
                    complain(before);
                }
            }
            Ok(()) => {}
        }
    }
    last
}

fn describe(name: &Path) -> Result<(), Failure> {
    let input = InputPath::parse(name);
    let file = FitsFile::open(&input.path)?;
    say(one_line(input.path.display()))?;
    let chosen = if input.hdu == HduSelector::First { None } else { Some(index_of(&file, &input.hdu)?) };
    for hdu in file.hdus().iter().filter(|hdu| chosen.is_none_or(|index| index == hdu.index())) {
        say(format_args!("  [{}]{} {}", hdu.index(), name_of(hdu), content(&file, hdu)))?;
        let keywords = keywords_of(hdu);
        if !keywords.is_empty() {
            say(format_args!("      {keywords}"))?;
        }
    }
    for warning in file.warnings() {
        say(format_args!("  warning: {}", one_line(warning)))?;
    }
    Ok(())
}

/// The HDU that is meant, image or not.
fn index_of(file: &FitsFile, selector: &HduSelector) -> Result<usize, Failure> {
    let meant = |hdu: &&Hdu| match selector {
        HduSelector::Index(index) => hdu.index() == *index,
        HduSelector::Name { name, version } => {
            hdu.name().is_some_and(|found| found.eq_ignore_ascii_case(name))
                && version.is_none_or(|version| hdu.version() == version)
        }
        _ => false,
    };
    match file.hdus().iter().find(meant) {
        Some(hdu) => Ok(hdu.index()),
        // The reader says what is there instead.
        None => Ok(file.image(selector)?.hdu_index()),
    }
}

fn name_of(hdu: &Hdu) -> String {
    match hdu.name() {
        Some(name) if hdu.version() != 1 => format!(" {},{}", one_line(name), hdu.version()),
        Some(name) => format!(" {}", one_line(name)),
        None => String::new(),
    }
}

/// Kind, shape, type and scaling.
fn content(file: &FitsFile, hdu: &Hdu) -> String {
    match hdu.kind() {
        HduKind::Image if hdu.axes().is_empty() || hdu.data_bytes() == 0 => "no data".to_owned(),
        HduKind::Image => {
            let axes: Vec<String> = hdu.axes().iter().map(u64::to_string).collect();
            let mut text = format!("image {}, {}", axes.join(" x "), type_name(file, hdu));
            // Only a table of tiles is compressed; say so once instead of leaving it open.
            text.push_str(", uncompressed");
            text
        }
        HduKind::CompressedImage => compressed(hdu),
        other => other.to_string(),
    }
}

fn type_name(file: &FitsFile, hdu: &Hdu) -> String {
    let bitpix = hdu.bitpix();
    let name = match bitpix.code() {
        8 => "8-bit unsigned integers",
        16 => "16-bit integers",
        32 => "32-bit integers",
        64 => "64-bit integers",
        -32 => "32-bit floats",
        _ => "64-bit floats",
    };
    let mut text = format!("BITPIX {} ({name})", bitpix.code());
    match file.image(&HduSelector::Index(hdu.index())) {
        Ok(image) => {
            let scaling = image.scaling();
            if scaling.is_unsigned_convention() {
                text.push_str(", offset to the other signedness");
            } else if !scaling.is_identity() {
                text.push_str(&format!(", BSCALE {} BZERO {}", scaling.bscale(), scaling.bzero()));
            }
            if let Some(blank) = scaling.blank() {
                text.push_str(&format!(", BLANK {blank}"));
            }
        }
        Err(error) => text.push_str(&format!(", cannot be read: {}", one_line(error))),
    }
    text
}

fn compressed(hdu: &Hdu) -> String {
    let header = hdu.header();
    let axes: Vec<String> =
        (1..=9).map_while(|k| header.integer(&format!("ZNAXIS{k}"))).map(|n| n.to_string()).collect();
    let method = header.text("ZCMPTYPE").unwrap_or_else(|| "unknown method".to_owned());
    let bitpix = header.integer("ZBITPIX").map_or_else(|| "?".to_owned(), |code| code.to_string());
    format!(
        "image {}, BITPIX {bitpix}, compressed ({}): not readable yet",
        axes.join(" x "),
        one_line(method)
    )
}

fn keywords_of(hdu: &Hdu) -> String {
    let shown = |value: Value| match value {
        Value::Text(text) => format!("'{}'", one_line(text)),
        other => one_line(other),
    };
    let found = KEYWORDS.iter().filter_map(|&key| Some(format!("{key} {}", shown(hdu.header().value(key)?))));
    found.collect::<Vec<_>>().join("  ")
}
