//! Headers of outputs (algorithms.md section 9): what is inherited from the first frame, what is said about the run.

use skystack_combine::{Combine, Product, ValueProduct};
use skystack_fits::Header;
use skystack_reject::{About, Center, Rejection, SigClip, Spread, Trim};

use crate::files::{Frame, Inputs};
use crate::{Error, Report, Stacker};

/// Names that fit into IMCMBnnn.
const MOST_NAMES: usize = 999;

/// Cards that are true of one exposure only: those of the first frame would be false of the result. Some are set again.
const PER_EXPOSURE: &[&str] = &[
    "NCOMBINE", "EXPTIME", "EXPOSURE", "TEXPTIME", "DATE-OBS", "DATE-BEG", "DATE-AVG", "DATE-END",
    "TIME-OBS", "TIME-BEG", "TIME-END", "UT", "UTC", "UTC-OBS", "UT-OBS", "ST", "LST", "LST-OBS", "HA", "JD",
    "JD-OBS", "MJD", "MJD-OBS", "MJD-BEG", "MJD-AVG", "MJD-END", "AIRMASS", "IMAGETYP",
];

/// The cards that all products of a run share.
pub(crate) fn shared(stacker: &Stacker, inputs: &Inputs, report: &Report) -> Result<Header, Error> {
    let frames = &inputs.frames;
    let mut header = frames[0].header().inherit(2);
    let all = header.iter().map(|entry| entry.keyword);
    let stale: Vec<String> = all.filter(|keyword| keyword.starts_with("IMCMB")).collect();
    for keyword in stale.iter().map(String::as_str).chain(PER_EXPOSURE.iter().copied()) {
        header.remove(keyword);
    }
    if let Some(kind) = common(frames, |frame| frame.header().get_str("IMAGETYP")) {
        header.set("IMAGETYP", kind, "of every frame")?;
    }
    move_origin(&mut header, inputs)?;
    exposure(&mut header, stacker, report)?;
    dates(&mut header, frames)?;
    let ncombine: f64 = report.frames.iter().map(|frame| frame.ncombine).sum();
    header.set("NCOMBINE", ncombine as i64, "number of images combined")?;
    for (i, frame) in frames.iter().take(MOST_NAMES).enumerate() {
        header.set(&format!("IMCMB{:03}", i + 1), frame.short_name(), "")?;
    }
    history(&mut header, stacker, report);
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

/// Coordinates of the output: those of the first frame, shifted by its place.
fn move_origin(header: &mut Header, inputs: &Inputs) -> Result<(), Error> {
    let Some(first) = inputs.layout.placements.first() else { return Ok(()) };
    for (shift, keywords) in [(first.x, ["CRPIX1", "LTV1"]), (first.y, ["CRPIX2", "LTV2"])] {
        for keyword in keywords {
            let value = header.get_f64(keyword);
            if let Some(value) = value.filter(|_| shift != 0) {
                let comment = header.comment(keyword).unwrap_or_default();
                header.set(keyword, value + shift as f64, &comment)?;
            }
        }
    }
    Ok(())
}

/// EXPTIME is the mean of the frames (their sum for combine=sum), TEXPTIME the sum; absent unless every frame has it.
fn exposure(header: &mut Header, stacker: &Stacker, report: &Report) -> Result<(), Error> {
    let exposures: Option<Vec<f64>> = report.frames.iter().map(|frame| frame.exposure).collect();
    let Some(exposures) = exposures else { return Ok(()) };
    let total: f64 = exposures.iter().sum();
    let weighted = |(exposure, frame): (&f64, &crate::FrameReport)| exposure * frame.weight.unwrap_or(0.0);
    let exposure = match stacker.options.combine {
        Combine::Sum => total,
        _ if report.frames.iter().all(|frame| frame.weight.is_some()) => {
            exposures.iter().zip(&report.frames).map(weighted).sum()
        }
        _ => total / exposures.len() as f64,
    };
    if total.is_finite() {
        header.set("EXPTIME", exposure, "[s] exposure that the values stand for")?;
        header.set("TEXPTIME", total, "[s] total exposure of all frames")?;
    }
    Ok(())
}

/// Earliest start and latest end, where every frame has an ISO date.
fn dates(header: &mut Header, frames: &[Frame]) -> Result<(), Error> {
    let all = |keyword: &str| {
        let iso = |text: &String| text.len() >= 10 && text.as_bytes()[4] == b'-' && text.is_ascii();
        let date = |frame: &Frame| frame.header().get_str(keyword).filter(iso);
        frames.iter().map(date).collect::<Option<Vec<String>>>()
    };
    // ISO dates sort as text.
    if let Some(start) = all("DATE-OBS").and_then(|dates| dates.into_iter().min()) {
        header.set("DATE-OBS", start, "earliest start")?;
    }
    if let Some(end) = all("DATE-END").and_then(|dates| dates.into_iter().max()) {
        header.set("DATE-END", end, "latest end")?;
    }
    Ok(())
}

fn common<V: PartialEq>(frames: &[Frame], value: impl Fn(&Frame) -> Option<V>) -> Option<V> {
    let first = value(&frames[0])?;
    frames.iter().all(|frame| value(frame).as_ref() == Some(&first)).then_some(first)
}

/// Every resolved option: what somebody needs to make the same image again.
fn history(header: &mut Header, stacker: &Stacker, report: &Report) {
    let options = &stacker.options;
    let mut say = |line: String| header.push_history(&line);
    say(format!("skystack {} combine, arithmetic contract v1", env!("CARGO_PKG_VERSION")));
    let combine = format!("{:?}", options.combine).to_lowercase();
    say(format!("combine={combine} convention={} blank={}", stacker.convention, options.blank));
    if options.rejections.is_empty() {
        say("reject=none".to_owned());
    }
    options.rejections.iter().for_each(|of| say(rejection(of)));
    if let Some(lthreshold) = options.lthreshold {
        say(format!("lthreshold={lthreshold}"));
    }
    if let Some(hthreshold) = options.hthreshold {
        say(format!("hthreshold={hthreshold}"));
    }
    let lmedian = format!("{:?}", options.lmedian).to_lowercase();
    let sigma = format!("{:?}", options.sigma_rule).to_lowercase();
    say(format!("lmedian={lmedian} sigma={sigma} computed in f{}", 8 * report.element_bytes));
    for (i, frame) in report.frames.iter().enumerate() {
        if let Some(weight) = frame.weight {
            say(format!("frame {} weight={weight}", i + 1));
        }
    }
    if report.frames.len() > MOST_NAMES {
        say(format!("IMCMBnnn names the first {MOST_NAMES} of {} frames", report.frames.len()));
    }
    say(format!("{} samples, {} missing, {} rejected", report.samples, report.missing, report.rejected));
    for warning in &report.warnings {
        // Without folders, as the names of the frames.
        let short = report.frames.iter().fold(warning.clone(), |text, frame| {
            let name = frame.name.rsplit('/').next().unwrap_or(&frame.name);
            text.replace(&frame.name, name)
        });
        say(format!("warning: {short}"));
    }
}

fn rejection(rejection: &Rejection) -> String {
    match rejection {
        Rejection::None => "reject=none".to_owned(),
        Rejection::MinMax(p) => format!("reject=minmax nlow={} nhigh={}", p.nlow, p.nhigh),
        Rejection::Extrema(p) => format!(
            "reject=extrema nlow={} nhigh={} nkeep={} maxrej={} count_missing={}",
            p.nlow,
            p.nhigh,
            p.nkeep,
            number(p.maxrej),
            if p.count_missing_high { "high" } else { "no" }
        ),
        Rejection::SigClip(p) => sigclip(p),
        _ => format!("reject={rejection:?}"),
    }
}

fn sigclip(p: &SigClip) -> String {
    let lower = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let spread = match p.spread {
        Spread::Mad { factor } => format!("mad factor={factor}"),
        other => lower(&other),
    };
    let mut text =
        format!("reject=sigclip lsigma={} hsigma={} center={}", p.lsigma, p.hsigma, lower(&p.center));
    if let Some(first) = p.first_center {
        text += &format!(" first_center={}", lower(&first));
    }
    if p.center == Center::Mean && p.trim != Trim::None {
        text += &format!(" trim={}", lower(&p.trim));
    }
    text += &format!(" spread={spread}");
    if p.spread == Spread::Std {
        let about = if p.about == About::Mean { "mean" } else { "center" };
        text += &format!(" about={about} ddof={}", p.ddof);
    }
    text += &format!(
        " maxiters={} minclip={} nkeep={} maxrej={} restore={} zero_spread={}",
        number(p.maxiters),
        p.minclip,
        p.nkeep,
        number(p.maxrej),
        lower(&p.restore),
        lower(&p.zero_spread)
    );
    if let Some(tolerance) = p.tolerance {
        text += &format!(" tolerance={tolerance}");
    }
    text
}

fn number(value: Option<u32>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}
