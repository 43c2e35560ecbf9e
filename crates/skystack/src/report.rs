//! What a run did.

use std::fmt;

use std::time::{Duration, Instant};

use skystack_combine::{FrameTotals, Options, Product, Summary, Timings};
use skystack_plan::Plan;
use skystack_reject::Noise;
use skystack_simd::Level;

use crate::normalise::Normalised;
use crate::settings::Settings;
use crate::warning::{self, Levels, Seen, Warning};
use crate::{Stacker, Weight};

/// The account of a run. `Display` is what the program prints; with the feature `json` there is
/// `to_json`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Every option as it was resolved.
    pub settings: Settings,
    /// The frames in frame order.
    pub frames: Vec<FrameReport>,
    /// Rows of the output.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Bytes of the working type: 4 for f32, 8 for f64.
    pub element_bytes: usize,
    /// N × pixels.
    pub samples: u64,
    /// Samples that were missing.
    pub missing: u64,
    /// Samples that were rejected.
    pub rejected: u64,
    /// Output pixels without a used sample.
    pub empty: u64,
    /// Output pixels at which `nkeep` or `maxrej` brought a rejected sample back.
    pub restored: u64,
    /// Output pixels at which sigclip, madclip or avsigclip found a spread of 0 among two or more samples.
    pub zero_spread: u64,
    /// What each frame lost, in frame order.
    pub per_frame: Vec<FrameTotals>,
    /// What the user should know. Warnings never change a result.
    pub warnings: Vec<Warning>,
    /// How it was done.
    pub plan: Plan,
    /// The instruction set.
    pub level: Level,
    /// Wall time of the stages of combining.
    pub timings: Timings,
    /// Wall time of the statistics for scale, zero and weight, before that.
    pub statistics: Duration,
    /// Wall time of all of it, up to the moment at which outputs get their names.
    pub elapsed: Duration,
    /// Bytes of samples in output files.
    pub bytes_written: u64,
    /// Most memory that this process has had so far, in bytes, where the system tells; it is more than the plan's, which does not
    /// count the program, its libraries, and what the caller holds.
    pub peak_memory: Option<u64>,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FrameReport {
    /// The input as it was given; with the plane behind it for images of more than two axes. Of arrays `frame 1` and so on.
    pub name: String,
    /// EXPTIME (seconds), if the header has it.
    pub exposure: Option<f64>,
    /// NCOMBINE, 1 if the header lacks it.
    pub ncombine: f64,
    /// s, if frames are scaled: y = x/s − z.
    pub scale: Option<f64>,
    /// z likewise.
    pub zero: Option<f64>,
    /// Normalised weight, if there are weights.
    pub weight: Option<f64>,
    /// Pixel (0, 0) of the frame is this pixel (x, y) of the output.
    pub offset: (i64, i64),
    /// Its noise, if a model was given.
    pub noise: Option<Noise>,
    /// Its mask, if it has one.
    pub mask: Option<String>,
    /// DATASUM, if its header has it: of the data as they were stored.
    pub datasum: Option<String>,
}

/// A name without its folder: where files lay is nobody's business.
pub(crate) fn without_folder(name: &str) -> &str {
    name.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(name)
}

impl FrameReport {
    pub(crate) fn short_name(&self) -> &str {
        without_folder(&self.name)
    }

    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            exposure: None,
            ncombine: 1.0,
            scale: None,
            zero: None,
            weight: None,
            offset: (0, 0),
            noise: None,
            mask: None,
            datasum: None,
        }
    }
}

/// What a report is made of.
pub(crate) struct Run<'a> {
    pub(crate) stacker: &'a Stacker,
    /// As the frames resolved them.
    pub(crate) options: &'a Options,
    pub(crate) products: Vec<Product>,
    pub(crate) plan: Plan,
    pub(crate) level: Level,
    /// (height, width).
    pub(crate) shape: (usize, usize),
    pub(crate) element_bytes: usize,
    pub(crate) frames: Vec<FrameReport>,
    pub(crate) normalised: &'a Normalised,
    pub(crate) started: Instant,
    pub(crate) statistics: Duration,
}

impl Run<'_> {
    /// The report, once the engine is done.
    pub(crate) fn report(self, summary: Summary, levels: Levels) -> Report {
        let Self { stacker, options, products, shape: (height, width), mut frames, element_bytes, .. } = self;
        let has_weights = stacker.weight != Weight::None || options.sample_weights;
        let mut warnings = warning::of_options(options, frames.len(), has_weights);
        let seen = Seen { summary: &summary, pixels: (height * width) as u64, levels };
        warnings.extend(warning::of_totals(options, &seen));
        for (frame, noise) in frames.iter_mut().zip(&options.noise) {
            frame.noise = Some(*noise);
        }
        let Summary { samples, missing, rejected, empty, restored, zero_spread, frames: per_frame, timings } =
            summary;
        let mut report = Report {
            settings: Settings::of(stacker, options, element_bytes, &products),
            frames,
            height,
            width,
            element_bytes,
            samples,
            missing,
            rejected,
            empty,
            restored,
            zero_spread,
            per_frame,
            warnings,
            plan: self.plan,
            level: self.level,
            timings,
            statistics: self.statistics,
            elapsed: self.started.elapsed(),
            bytes_written: 0,
            peak_memory: peak_memory(),
        };
        self.normalised.tell(&mut report);
        report
    }
}

/// Most memory that this process has had, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

impl Report {
    /// Does the frame contribute to any pixel?
    pub(crate) fn contributes(&self, frame: usize) -> bool {
        let pixels = (self.height * self.width) as u64;
        self.per_frame.get(frame).is_none_or(|lost| lost.missing + lost.rejected() < pixels)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pixels = (self.height * self.width) as u64;
        let frames = self.samples / pixels.max(1);
        let share = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
        let valid = self.samples - self.missing;
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        let Timings { read, compute, write } = self.timings;
        writeln!(
            f,
            "{frames} frames of {} x {} pixels in f{}",
            self.width,
            self.height,
            8 * self.element_bytes
        )?;
        writeln!(f, "rejected {} of {valid} samples ({:.3} %)", self.rejected, share(self.rejected, valid))?;
        if self.missing > 0 {
            writeln!(f, "missing  {} samples ({:.3} %)", self.missing, share(self.missing, self.samples))?;
        }
        if self.empty > 0 {
            writeln!(f, "empty    {} pixels ({:.3} %)", self.empty, share(self.empty, pixels))?;
        }
        let (read, compute, write) = (seconds(read), seconds(compute), seconds(write));
        write!(
            f,
            "read {read:.3} s, compute {compute:.3} s, write {write:.3} s, {} workers",
            self.plan.workers
        )
    }
}
