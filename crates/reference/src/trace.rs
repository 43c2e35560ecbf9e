//! The same pixel with every stage written down.

use std::fmt;

use skystack_reject::Rejection;

use crate::column::{self, Sample};
use crate::outcome::{Context, Outcome};
use crate::{Combine, Ingest, Pixel, Setup, Side, Stop, Working};
use crate::{
    combine, extrema, gesd, linearfit, medsigma, minmax, none, pclip, percentile, sigclip, sigma, winsorized,
};

/// The history of one pixel. `Display` writes it as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The working type T.
    pub working: Working,
    /// How the used samples were combined.
    pub combine: Combine,
    /// One row per frame, in frame order.
    pub frames: Vec<Stages>,
    /// The results.
    pub pixel: Pixel,
}

/// What happened to the sample of one frame, stage by stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stages {
    /// Frame number, from 0.
    pub frame: usize,
    /// The value as it was given.
    pub input: f64,
    /// After ingest and thresholds.
    pub ingest: Ingest,
    /// Side and pass (from 1) in which the rejection dropped it.
    pub dropped: Option<(Side, usize)>,
    /// Did `nkeep` or `maxrej` bring it back?
    pub restored: bool,
    /// Is it in the combined value?
    pub used: bool,
}

/// Computes one output pixel as [`pixel`](crate::pixel()) does, and keeps every stage.
///
/// ```
/// use skystack_reference::{Setup, Working, trace};
/// use skystack_reject::Convention;
/// let mut setup = Setup::convention(Convention::Iraf, Working::F32);
/// setup.hthreshold = Some(100.0);
/// println!("{}", trace(&[10.0, 200.0, f64::NAN, 12.0], &setup));
/// ```
///
/// # Panics
/// As [`pixel`](crate::pixel()).
pub fn trace(samples: &[f64], setup: &Setup) -> Trace {
    let frames = samples.len();
    assert!(setup.weights.is_none_or(|weights| weights.len() == frames), "one weight per frame is needed");
    let column = column::valid(samples, setup);
    let outcome = reject_all(&column, frames, setup);
    let used: Vec<Sample> = column.iter().copied().filter(|sample| !outcome.rejected(sample.frame)).collect();
    let only_average = outcome.current.is_none() || setup.combine == Combine::Average;
    assert!(only_average, "medsigma is for combine=average");
    let value = combine::combine(outcome.current.as_deref().unwrap_or(&used), setup);
    let rows = samples.iter().enumerate().map(|(frame, &input)| stages(frame, input, &used, &outcome, setup));
    let frames_of_rows: Vec<Stages> = rows.collect();
    let (low, high) = (outcome.count(Side::Low), outcome.count(Side::High));
    let pixel = Pixel {
        value,
        sigma: sigma::sigma(&used, value, setup),
        count: used.len(),
        nrej: low + high,
        nmiss: frames - column.len(),
        used: frames_of_rows.iter().map(|row| row.used).collect(),
        low,
        high,
        restored: outcome.restored.len(),
        passes: outcome.passes,
        stop: outcome.stop,
    };
    Trace { working: setup.working, combine: setup.combine, frames: frames_of_rows, pixel }
}

/// Step 6: one rejection after the other.
fn reject_all(column: &[Sample], frames: usize, setup: &Setup) -> Outcome {
    let context = Context { working: setup.working, facts: setup.facts(frames) };
    let (mut column, mut all) = (column.to_vec(), none::reject());
    for rejection in setup.rejections {
        assert!(all.current.is_none(), "nothing can be rejected from what medsigma has replaced");
        let outcome = reject(&column, rejection, &context);
        column.retain(|sample| !outcome.rejected(sample.frame));
        all = all.then(outcome);
    }
    all
}

fn reject(column: &[Sample], rejection: &Rejection, context: &Context) -> Outcome {
    match rejection {
        Rejection::None => none::reject(),
        Rejection::MinMax(minmax) => minmax::reject(column, minmax, context),
        Rejection::Extrema(extrema) => extrema::reject(column, extrema, context),
        Rejection::SigClip(clip) => sigclip::reject(column, clip, context),
        Rejection::PClip(pclip) => pclip::reject(column, pclip, context),
        Rejection::Percentile(percentile) => percentile::reject(column, percentile, context),
        Rejection::MedSigma(medsigma) => medsigma::reject(column, medsigma, context),
        Rejection::Winsorized(winsorized) => winsorized::reject(column, winsorized, context),
        Rejection::LinearFit(linearfit) => linearfit::reject(column, linearfit, context),
        Rejection::Gesd(gesd) => gesd::reject(column, gesd),
        other => panic!("the reference does not know the rejection {other:?}"),
    }
}

fn stages(frame: usize, input: f64, used: &[Sample], outcome: &Outcome, setup: &Setup) -> Stages {
    Stages {
        frame,
        input,
        ingest: column::ingest(frame, input, setup).1,
        dropped: outcome.dropped(frame).map(|dropped| (dropped.side, dropped.pass)),
        restored: outcome.restored.contains(&frame),
        used: used.iter().any(|sample| sample.frame == frame),
    }
}

impl Trace {
    /// A value of T as a person would write it: the shortest digits that give it back.
    fn show(&self, v: f64) -> String {
        match self.working {
            Working::F32 => (v as f32).to_string(),
            Working::F64 => v.to_string(),
        }
    }

    fn write_frames(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>5}  {:>22}  {:<10} {:<14} {:<9} result",
            "frame", "input", "ingest", "rejection", "restore"
        )?;
        for row in &self.frames {
            let dropped = match row.dropped {
                Some((Side::Low, pass)) => format!("low, pass {pass}"),
                Some((Side::High, pass)) => format!("high, pass {pass}"),
                None if row.ingest == Ingest::Valid => "kept".to_owned(),
                None => String::new(),
            };
            let restored = if row.restored { "restored" } else { "" };
            let result = match (row.ingest, row.used) {
                (_, true) => "used",
                (Ingest::Valid, false) => "rejected",
                (_, false) => "missing",
            };
            let (input, ingest) = (self.show(row.input), name_of_ingest(row.ingest));
            writeln!(f, "{:>5}  {input:>22}  {ingest:<10} {dropped:<14} {restored:<9} {result}", row.frame)?;
        }
        Ok(())
    }

    fn write_passes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pixel.passes.is_empty() {
            return Ok(());
        }
        let heads = ["center", "sigma", "lower", "upper"];
        write!(f, "{:>5}", "pass")?;
        heads.iter().try_for_each(|head| write!(f, "  {head:>22}"))?;
        writeln!(f, "  {:>5} {:>5} {:>5}", "n", "low", "high")?;
        for (pass, number) in self.pixel.passes.iter().zip(1..) {
            write!(f, "{number:>5}  {:>22}", self.show(pass.center))?;
            // f64, also where T = f32: the contract does not round them.
            [pass.sigma, pass.lower, pass.upper].iter().try_for_each(|v| write!(f, "  {v:>22}"))?;
            let undone = if pass.undone { "  undone" } else { "" };
            writeln!(f, "  {:>5} {:>5} {:>5}{undone}", pass.n, pass.low, pass.high)?;
        }
        Ok(())
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_frames(f)?;
        self.write_passes(f)?;
        let pixel = &self.pixel;
        writeln!(f, "stop   {}", name_of_stop(pixel.stop))?;
        writeln!(f, "value  {} ({:?}, {:?})", self.show(pixel.value), self.combine, self.working)?;
        writeln!(f, "sigma  {}", self.show(pixel.sigma))?;
        let (low, high) = (pixel.low, pixel.high);
        write!(f, "counts {} used, {} rejected ({low} low, {high} high), ", pixel.count, pixel.nrej)?;
        write!(f, "{} restored, {} missing, N = {}", pixel.restored, pixel.nmiss, self.frames.len())
    }
}

fn name_of_ingest(ingest: Ingest) -> &'static str {
    match ingest {
        Ingest::Valid => "valid",
        Ingest::Missing => "missing",
        Ingest::Threshold => "threshold",
    }
}

fn name_of_stop(stop: Stop) -> &'static str {
    match stop {
        Stop::SinglePass => "no further passes",
        Stop::Converged => "converged",
        Stop::MaxIters => "maxiters",
        Stop::TooFew => "too few survivors",
        Stop::Nkeep => "nkeep or maxrej",
        Stop::ZeroSpread => "zero spread",
        Stop::NotFinite => "variance not finite",
        Stop::NotEnoughSamples => "not enough samples",
    }
}
