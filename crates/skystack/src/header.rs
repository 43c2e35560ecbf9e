//! Headers of outputs (algorithms.md section 9): what is inherited from the first frame, what is said about the run.

mod detector;
mod history;
mod table;
mod times;

use skystack_combine::{Options, Product, ValueProduct};
use skystack_fits::Header;

pub(crate) use self::table::table;
use crate::files::{Frame, Inputs};
use crate::{Error, Report, Stacker};

/// Names that fit into IMCMBnnn, and frames that HISTORY tells of one by one.
pub(crate) const MOST_NAMES: usize = 999;

/// Cards that are true of one exposure only: those of the first frame would be false of the result. Some are set again.
const PER_EXPOSURE: &[&str] = &[
    "NCOMBINE", "GAINEFF", "RDNEFF", "EXPTIME", "EXPOSURE", "TEXPTIME", "DATE-OBS", "DATE-BEG", "DATE-AVG",
    "DATE-END", "TIME-OBS", "TIME-BEG", "TIME-END", "UT", "UTC", "UTC-OBS", "UT-OBS", "ST", "LST", "LST-OBS",
    "HA", "JD", "JD-OBS", "MJD", "MJD-OBS", "MJD-BEG", "MJD-AVG", "MJD-MID", "MJD-END", "DATE-MID",
    "AIRMASS", "IMAGETYP", "BPM",
];

/// The cards that all products of a run share.
pub(crate) fn shared(
    stacker: &Stacker,
    options: &Options,
    inputs: &Inputs,
    report: &Report,
) -> Result<Header, Error> {
    let frames = &inputs.frames;
    let mut header = frames[0].header().inherit(2);
    let all = header.iter().map(|entry| entry.keyword);
    let stale: Vec<String> = all.filter(|keyword| keyword.starts_with("IMCMB")).collect();
    for keyword in stale.iter().map(String::as_str).chain(PER_EXPOSURE.iter().copied()) {
        header.remove(keyword);
    }
    if let Some(kind) = common(frames, |frame| frame.header().text("IMAGETYP")) {
        header.set("IMAGETYP", kind, "of every frame")?;
    }
    move_origin(&mut header, inputs)?;
    times::exposure(&mut header, options.combine, report)?;
    times::dates(&mut header, frames, report)?;
    detector::effective(&mut header, stacker, options, frames, report)?;
    let ncombine: f64 = report.frames.iter().map(|frame| frame.ncombine).sum();
    header.set("NCOMBINE", ncombine as i64, "number of images combined")?;
    // In a table, if they are more: half a list would be none.
    let names = if frames.len() > MOST_NAMES { &[] } else { &frames[..] };
    for (i, frame) in names.iter().enumerate() {
        header.set(&format!("IMCMB{:03}", i + 1), frame.short_name(), "")?;
    }
    history::write(&mut header, report);
    Ok(header)
}

/// The header of one product.
///
/// `blank` is the number that stands for an empty pixel of an integer image.
pub(crate) fn of_product(
    shared: &Header,
    product: Option<Product>,
    blank: Option<i64>,
) -> Result<Header, Error> {
    let mut header = shared.clone();
    let Some(product) = product else {
        if let Some(blank) = blank {
            header.set("BLANK", blank, "empty pixel")?;
        }
        return Ok(header);
    };
    // What counts samples has no brightness unit.
    let of_brightness = [ValueProduct::Sigma, ValueProduct::Error, ValueProduct::Empirical];
    if !of_brightness.iter().any(|of| Product::from(*of) == product) {
        header.remove("BUNIT");
    }
    header.set("EXTNAME", product.name(), "")?;
    header.push_comment(product.comment());
    Ok(header)
}

/// Coordinates of the output: those of the first frame, shifted by its place, in every description of the world that it has.
fn move_origin(header: &mut Header, inputs: &Inputs) -> Result<(), Error> {
    let Some(first) = inputs.layout.placements.first() else { return Ok(()) };
    for (axis, shift) in [(1, first.x), (2, first.y)].into_iter().filter(|(_, shift)| *shift != 0) {
        let alternates = ('A'..='Z').map(|a| format!("CRPIX{axis}{a}"));
        for keyword in std::iter::once(format!("CRPIX{axis}")).chain(alternates) {
            if let Some(value) = header.number(&keyword) {
                shift_by(header, &keyword, value, shift)?;
            }
        }
        // Absent means 0, which a shifted image no longer is.
        let keyword = format!("LTV{axis}");
        let value = header.number(&keyword).unwrap_or(0.0);
        shift_by(header, &keyword, value, shift)?;
    }
    Ok(())
}

fn shift_by(header: &mut Header, keyword: &str, value: f64, shift: isize) -> Result<(), Error> {
    let comment = header.comment(keyword).unwrap_or_default();
    Ok(header.set(keyword, value + shift as f64, &comment)?)
}

fn common<V: PartialEq>(frames: &[Frame], value: impl Fn(&Frame) -> Option<V>) -> Option<V> {
    let first = value(&frames[0])?;
    frames.iter().all(|frame| value(frame).as_ref() == Some(&first)).then_some(first)
}
