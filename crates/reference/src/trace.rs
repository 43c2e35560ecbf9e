//! The same pixel with every stage written down.

use std::fmt;

use skystack_reject::Rejection;

use crate::column::{self, Sample};
use crate::outcome::{Context, Outcome};
use crate::{Combine, Ingest, Pixel, Reason, Setup, Side, Stop, Working};
use crate::{
    avsigclip, ccdclip, combine, errors, extrema, gesd, linearfit, meanclip, medsigma, minmax, none, pclip,
    percentile, sigclip, sigma, varclip, winsorized,
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
    /// y, after scaling; of a sample that is missing as far as it got.
    pub scaled: f64,
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
    check(frames, setup);
    let variances = column::variances(samples, setup);
    let context = setup.context(frames, &variances);
    let column = column::valid(samples, setup);
    let outcome = reject_all(&column, setup, &context);
    let used: Vec<Sample> = column.iter().copied().filter(|sample| !outcome.rejected(sample.frame)).collect();
    let only_average = outcome.current.is_none() || setup.combine == Combine::Average;
    assert!(only_average, "medsigma is for combine=average");
    let results = results(&used, outcome.current.as_deref(), setup, &context);
    let rows = samples.iter().enumerate().map(|(frame, &input)| stages(frame, input, &used, &outcome, setup));
    let frames_of_rows: Vec<Stages> = rows.collect();
    let (low, high) = (outcome.count(Side::Low), outcome.count(Side::High));
    let pixel = Pixel {
        nrej: low + high,
        nmiss: frames - column.len(),
        used: frames_of_rows.iter().map(|row| row.used).collect(),
        low,
        high,
        restored: outcome.restored.len(),
        passes: outcome.passes,
        stop: outcome.stop,
        ..results
    };
    Trace { working: setup.working, combine: setup.combine, frames: frames_of_rows, pixel }
}

/// Steps 8 and 9 alone: the results of a pixel of which the samples of the frames in `used` are combined, whoever chose them.
///
/// What comes of the choice itself (counts of rejected samples, passes) is left at nothing. It is for what acts on whole
/// images, such as [`grow`](crate::grow()).
///
/// ```
/// use skystack_reference::{Setup, Working, combined};
/// use skystack_reject::Convention;
/// let setup = Setup::convention(Convention::Iraf, Working::F64);
/// let answer = combined(&[1.0, 2.0, 9.0], &[true, true, false], &setup);
/// assert_eq!((answer.value, answer.count), (1.5, 2));
/// ```
///
/// # Panics
/// As [`pixel`](crate::pixel()).
pub fn combined(samples: &[f64], used: &[bool], setup: &Setup) -> Pixel {
    check(samples.len(), setup);
    let variances = column::variances(samples, setup);
    let context = setup.context(samples.len(), &variances);
    let column = column::valid(samples, setup);
    let kept: Vec<Sample> = column.iter().copied().filter(|sample| used[sample.frame]).collect();
    let of_frame = |frame: usize| kept.iter().any(|sample| sample.frame == frame);
    let used = (0..samples.len()).map(of_frame).collect();
    Pixel { used, nmiss: samples.len() - column.len(), ..results(&kept, None, setup, &context) }
}

/// Value, sigma, variances and count of the used samples; the value is that of `current` where samples were replaced.
pub(crate) fn results(
    used: &[Sample],
    current: Option<&[Sample]>,
    setup: &Setup,
    context: &Context,
) -> Pixel {
    let value = combine::combine(current.unwrap_or(used), setup, context);
    Pixel {
        value,
        sigma: sigma::sigma(used, value, setup, context),
        variance: errors::propagated(used, setup, context),
        empirical: errors::empirical(used, value, setup, context),
        count: used.len(),
        nrej: 0,
        nmiss: 0,
        used: vec![],
        low: 0,
        high: 0,
        restored: 0,
        passes: vec![],
        stop: Stop::SinglePass,
    }
}

pub(crate) fn check(frames: usize, setup: &Setup) {
    let of_all = |count: usize| count == 0 || count == frames;
    assert!(setup.weights.is_none_or(|weights| weights.len() == frames), "one weight per frame is needed");
    assert!(of_all(setup.variances.len()), "one variance per frame is needed, or none");
    assert!(of_all(setup.sample_weights.len()), "one weight per sample is needed, or none");
    assert!(of_all(setup.scalings.len()), "one scaling per frame is needed, or none");
}

/// What the rejections leave of a column.
pub(crate) fn survivors(samples: &[f64], setup: &Setup, context: &Context) -> Vec<Sample> {
    let mut column = column::valid(samples, setup);
    let outcome = reject_all(&column, setup, context);
    column.retain(|sample| !outcome.rejected(sample.frame));
    column
}

/// Step 6: one rejection after the other.
pub(crate) fn reject_all(column: &[Sample], setup: &Setup, context: &Context) -> Outcome {
    let (mut column, mut all) = (column.to_vec(), none::reject());
    for rejection in setup.rejections {
        assert!(all.current.is_none(), "nothing can be rejected from what medsigma has replaced");
        let outcome = reject(&column, rejection, context);
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
        Rejection::AvSigClip(clip) => avsigclip::reject(column, clip, context),
        Rejection::CcdClip(clip) => ccdclip::reject(column, clip, context),
        Rejection::MeanClip(clip) => meanclip::reject(column, clip, context),
        Rejection::VarClip(clip) => varclip::reject(column, clip, context),
        other => panic!("the reference does not know the rejection {other:?}"),
    }
}

fn stages(frame: usize, input: f64, used: &[Sample], outcome: &Outcome, setup: &Setup) -> Stages {
    let (scaled, ingest) = column::ingest(frame, input, setup);
    Stages {
        frame,
        input,
        scaled,
        ingest,
        dropped: outcome.dropped(frame).map(|dropped| (dropped.side, dropped.pass)),
        restored: outcome.restored.contains(&frame),
        used: used.iter().any(|sample| sample.frame == frame),
    }
}

impl Stages {
    /// What became of the sample, in one word. (Masked samples come in as NaN: the reference does not know them.)
    pub fn reason(&self) -> Reason {
        match (self.ingest, self.dropped) {
            (Ingest::Missing, _) => Reason::Nodata,
            (Ingest::Threshold, _) => Reason::Threshold,
            (Ingest::Valid, None) => Reason::Used,
            (Ingest::Valid, Some(_)) if self.restored => Reason::Restored,
            (Ingest::Valid, Some((Side::Low, _))) => Reason::Low,
            (Ingest::Valid, Some((Side::High, _))) => Reason::High,
        }
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
        // Nothing is said of scales where there are none.
        let is_scaled = self.frames.iter().any(|row| row.ingest == Ingest::Valid && row.scaled != row.input);
        let scaled = |text: &str| if is_scaled { format!("  {text:>22}") } else { String::new() };
        writeln!(
            f,
            "{:>5}  {:>22}{}  {:<10} {:<14} {:<9} result",
            "frame",
            "input",
            scaled("scaled"),
            "ingest",
            "rejection",
            "restore"
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
            let (frame, scaled) = (row.frame + 1, scaled(&self.show(row.scaled)));
            writeln!(
                f,
                "{frame:>5}  {input:>22}{scaled}  {ingest:<10} {dropped:<14} {restored:<9} {result}"
            )?;
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
