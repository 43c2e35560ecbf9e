//! What a run did.

use std::fmt;

use skystack_combine::{FrameTotals, Summary, Timings};
use skystack_plan::Plan;

use crate::{Combine, Rejection, Stacker, Weight};

/// The account of a run. `Display` is what the program prints.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The frames in frame order; empty for arrays.
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
    /// What each frame lost, in frame order.
    pub per_frame: Vec<FrameTotals>,
    /// What the user should know. Warnings never change a result.
    pub warnings: Vec<String>,
    /// How it was done.
    pub plan: Plan,
    /// Wall time of the stages.
    pub timings: Timings,
}

/// One input frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FrameReport {
    /// The input as it was given; with the plane behind it for images of more than two axes.
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
}

impl Report {
    pub(crate) fn new(
        stacker: &Stacker,
        plan: Plan,
        summary: Summary,
        (height, width): (usize, usize),
        element_bytes: usize,
    ) -> Self {
        let Summary { samples, missing, rejected, empty, frames: per_frame, timings } = summary;
        let mut warnings = Vec::new();
        if stacker.options.combine == Combine::Sum && stacker.weight != Weight::None {
            warnings.push("weight has no effect on combine=sum".to_owned());
        }
        let frames = samples / (height * width).max(1) as u64;
        warnings
            .extend(stacker.options.rejections.iter().filter_map(|rejection| unreachable(rejection, frames)));
        let frames = Vec::new();
        Self {
            frames,
            height,
            width,
            element_bytes,
            samples,
            missing,
            rejected,
            empty,
            per_frame,
            warnings,
            plan,
            timings,
        }
    }
}

/// A factor that a lone outlier among so many frames cannot reach (algorithms.md section 11, W1).
fn unreachable(rejection: &Rejection, frames: u64) -> Option<String> {
    let Rejection::SigClip(clip) = rejection else { return None };
    let reach = clip.reach(frames as usize);
    let beyond = |factor: f64| factor.is_finite() && factor >= reach;
    let sides = [("lsigma", clip.lsigma), ("hsigma", clip.hsigma)];
    let sides: Vec<&str> =
        sides.iter().filter(|(_, factor)| beyond(*factor)).map(|(side, _)| *side).collect();
    if sides.is_empty() {
        return None;
    }
    let least = clip.lsigma.min(clip.hsigma);
    let enough = (frames..1000).find(|n| clip.reach(*n as usize) > least);
    let more_frames = enough.map_or_else(String::new, |n| format!(", or at least {n} frames,"));
    Some(format!(
        "{} cannot reject a lone outlier among {frames} frames, which is at most {reach:.2} sigma from the centre: a smaller \
         factor{more_frames} can",
        sides.join(" and ")
    ))
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
