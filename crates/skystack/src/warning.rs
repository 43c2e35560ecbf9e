//! What the user should know about a run (algorithms.md section 11). Warnings never change a result.

mod of_options;
mod of_totals;

use std::fmt;

use skystack_combine::normalise;

pub(crate) use of_options::of_options;
pub(crate) use of_totals::{Levels, LowLevel, Seen, of_totals};

use crate::settings::Value;

/// Frames that a message names; the report has them all.
const MOST_NAMED: usize = 5;

/// A warning, with its numbers as data. `Display` is one line. Frames count from 0, in messages from 1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// W1: a lone outlier cannot reach a factor.
    UnreachableFactor {
        /// Is it `lsigma`?
        lsigma: bool,
        /// Is it `hsigma`?
        hsigma: bool,
        /// Number of frames.
        frames: usize,
        /// The largest deviation of one bad sample, in units of the σ that it widens.
        reach: f64,
        /// The number of frames from which the smaller factor can be reached, if it is below 1000.
        enough: Option<usize>,
    },
    /// W2: more than one good sample in twenty lies outside the factors.
    FalseRejections {
        /// The low factor.
        lsigma: f64,
        /// The high factor.
        hsigma: f64,
        /// Share of Gaussian samples that lie outside of them in the first pass, from 0 to 1.
        expected: f64,
    },
    /// W3: gesd has critical values for 15 samples and more.
    FewSamplesForGesd {
        /// Number of frames.
        frames: usize,
    },
    /// W3: the fraction of outliers that gesd looks for is less than one sample; it looks for one.
    LessThanOneOutlier {
        /// Number of frames.
        frames: usize,
        /// Share of the samples that may be outliers.
        fraction: f64,
    },
    /// W4: pclip takes its width from the distance of two ranks among very few.
    FewSamplesForPclip {
        /// Number of frames.
        frames: usize,
    },
    /// W4: percentile has rejected as much on either side as noise of a tenth of the median would make it: the level is too
    /// near zero for fractions of it.
    PercentileNearZero {
        /// Share of the valid samples rejected low.
        low: f64,
        /// Share rejected high.
        high: f64,
        /// The least shares that draw this warning.
        limits: (f64, f64),
    },
    /// W5: avsigclip takes the noise to go with the root of the level, and the level is below 10.
    LowLevelForAvsigclip {
        /// Share of the output pixels with samples that are below the level.
        share: f64,
        /// The level: half of the pixels are below it.
        level: f64,
    },
    /// W5: ccdclip or crreject with a gain of 1 and no read noise, which nobody's detector has.
    NoiseModelUnset,
    /// W6: the rejections are the same on either side, what they reject is not.
    Asymmetry {
        /// Samples rejected low.
        low: u64,
        /// Samples rejected high.
        high: u64,
    },
    /// W7: frames that lose more than 5 times as much as the others, and more than one sample in a hundred.
    FramesLoseMost {
        /// Each such frame, and the share of its valid samples that is rejected.
        frames: Vec<(usize, f64)>,
        /// The median share of all frames.
        median: f64,
    },
    /// W8: `nkeep` or `maxrej` brought samples back at more than one pixel in a hundred.
    Restored {
        /// Such pixels.
        pixels: u64,
        /// Of so many.
        of: u64,
    },
    /// W9: more than one pixel in a hundred has no used sample.
    EmptyPixels {
        /// Such pixels.
        pixels: u64,
        /// Of so many.
        of: u64,
    },
    /// W9: the greatest difference of a scale from 1 is within a tenth of `sigscale`: a small change of the scales switches the
    /// correction of the clipping on or off.
    SigscaleEdge {
        /// The limit.
        sigscale: f64,
        /// The greatest |s − 1|.
        largest: f64,
    },
    /// W9 and others: what is to be said about scales, zeros and weights.
    Normalisation(normalise::Warning),
    /// W10: more than one pixel in a hundred has samples without scatter: quantised or saturated data.
    ZeroSpread {
        /// Such pixels.
        pixels: u64,
        /// Of so many.
        of: u64,
    },
    /// Frames without a single valid sample: a wrong mask, wrong thresholds, a wrong offset.
    FramesWithoutSamples {
        /// The frames.
        frames: Vec<usize>,
    },
    /// More than one valid sample in twenty is rejected, and more than twice as many as Gaussian noise accounts for.
    RejectedMoreThanExpected {
        /// Share of the valid samples that is rejected, without growth.
        share: f64,
        /// Share of Gaussian samples outside the factors.
        expected: f64,
    },
    /// Weights do not enter a sum.
    WeightsWithSum,
    /// A NCOMBINE that is no number of images counts as 1.
    Ncombine {
        /// The input.
        frame: String,
        /// What its header says.
        found: f64,
    },
    /// What reading an input brought up.
    Input(String),
}

impl Warning {
    /// The number that algorithms.md section 11 gives it, such as `W1`; there are others.
    pub const fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnreachableFactor { .. } => "W1",
            Self::FalseRejections { .. } => "W2",
            Self::FewSamplesForGesd { .. } | Self::LessThanOneOutlier { .. } => "W3",
            Self::FewSamplesForPclip { .. } | Self::PercentileNearZero { .. } => "W4",
            Self::LowLevelForAvsigclip { .. } | Self::NoiseModelUnset => "W5",
            Self::Asymmetry { .. } => "W6",
            Self::FramesLoseMost { .. } => "W7",
            Self::Restored { .. } => "W8",
            Self::EmptyPixels { .. } | Self::SigscaleEdge { .. } => "W9",
            Self::Normalisation(normalise::Warning::ScaleSpread { .. }) => "W9",
            Self::ZeroSpread { .. } => "W10",
            _ => return None,
        })
    }

    /// A name that does not change, for programs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnreachableFactor { .. } => "unreachable_factor",
            Self::FalseRejections { .. } => "false_rejections",
            Self::FewSamplesForGesd { .. } => "few_samples_for_gesd",
            Self::LessThanOneOutlier { .. } => "less_than_one_outlier",
            Self::FewSamplesForPclip { .. } => "few_samples_for_pclip",
            Self::PercentileNearZero { .. } => "percentile_near_zero",
            Self::LowLevelForAvsigclip { .. } => "low_level_for_avsigclip",
            Self::NoiseModelUnset => "noise_model_unset",
            Self::Asymmetry { .. } => "asymmetry",
            Self::FramesLoseMost { .. } => "frames_lose_most",
            Self::Restored { .. } => "restored",
            Self::EmptyPixels { .. } => "empty_pixels",
            Self::SigscaleEdge { .. } => "sigscale_edge",
            Self::Normalisation(normalise::Warning::ScaleSpread { .. }) => "scale_spread",
            Self::Normalisation(_) => "normalisation",
            Self::ZeroSpread { .. } => "zero_spread",
            Self::FramesWithoutSamples { .. } => "frames_without_samples",
            Self::RejectedMoreThanExpected { .. } => "rejected_more_than_expected",
            Self::WeightsWithSum => "weights_with_sum",
            Self::Ncombine { .. } => "ncombine",
            Self::Input(_) => "input",
        }
    }

    /// Its numbers, each with a name that does not change. Frames count from 1 here, as in the report they stand in.
    pub fn numbers(&self) -> Vec<(&'static str, Value)> {
        let frames_of =
            |frames: &[usize]| Value::List(frames.iter().map(|frame| (frame + 1).into()).collect());
        match self {
            Self::UnreachableFactor { lsigma, hsigma, frames, reach, enough } => vec![
                ("lsigma", (*lsigma).into()),
                ("hsigma", (*hsigma).into()),
                ("frames", (*frames).into()),
                ("reach", (*reach).into()),
                ("enough_frames", (*enough).into()),
            ],
            Self::FalseRejections { lsigma, hsigma, expected } => {
                vec![
                    ("lsigma", (*lsigma).into()),
                    ("hsigma", (*hsigma).into()),
                    ("expected", (*expected).into()),
                ]
            }
            Self::FewSamplesForGesd { frames } | Self::FewSamplesForPclip { frames } => {
                vec![("frames", (*frames).into())]
            }
            Self::LessThanOneOutlier { frames, fraction } => {
                vec![("frames", (*frames).into()), ("fraction", (*fraction).into())]
            }
            Self::PercentileNearZero { low, high, limits } => vec![
                ("low", (*low).into()),
                ("high", (*high).into()),
                ("limit_low", limits.0.into()),
                ("limit_high", limits.1.into()),
            ],
            Self::LowLevelForAvsigclip { share, level } => {
                vec![("share", (*share).into()), ("level", (*level).into())]
            }
            Self::Asymmetry { low, high } => vec![("low", (*low).into()), ("high", (*high).into())],
            Self::FramesLoseMost { frames, median } => vec![
                ("frames", frames_of(&frames.iter().map(|(frame, _)| *frame).collect::<Vec<_>>())),
                ("shares", Value::List(frames.iter().map(|(_, share)| (*share).into()).collect())),
                ("median", (*median).into()),
            ],
            Self::Restored { pixels, of }
            | Self::EmptyPixels { pixels, of }
            | Self::ZeroSpread { pixels, of } => {
                vec![("pixels", (*pixels).into()), ("of", (*of).into())]
            }
            Self::SigscaleEdge { sigscale, largest } => {
                vec![("sigscale", (*sigscale).into()), ("largest", (*largest).into())]
            }
            Self::Normalisation(normalise::Warning::ScaleSpread { least, greatest }) => vec![
                ("least_frame", (least.0 + 1).into()),
                ("least", least.1.into()),
                ("greatest_frame", (greatest.0 + 1).into()),
                ("greatest", greatest.1.into()),
            ],
            Self::FramesWithoutSamples { frames } => vec![("frames", frames_of(frames))],
            Self::RejectedMoreThanExpected { share, expected } => {
                vec![("share", (*share).into()), ("expected", (*expected).into())]
            }
            Self::Ncombine { found, .. } => vec![("found", (*found).into())],
            Self::Normalisation(_) | Self::NoiseModelUnset | Self::WeightsWithSum | Self::Input(_) => {
                Vec::new()
            }
        }
    }
}

impl From<normalise::Warning> for Warning {
    fn from(warning: normalise::Warning) -> Self {
        Self::Normalisation(warning)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreachableFactor { lsigma, hsigma, frames, reach, enough } => {
                let sides = [("lsigma", *lsigma), ("hsigma", *hsigma)];
                let sides: Vec<&str> = sides.iter().filter(|(_, is)| *is).map(|(side, _)| *side).collect();
                let more = enough.map_or_else(String::new, |n| format!(", or at least {n} frames,"));
                write!(
                    f,
                    "{} cannot reject a lone outlier among {frames} frames, which is at most {reach:.2} sigma from the \
                     centre: a smaller factor{more} can",
                    sides.join(" and ")
                )
            }
            Self::FalseRejections { lsigma, hsigma, expected } => write!(
                f,
                "lsigma={lsigma} and hsigma={hsigma} reject {} of good samples, of Gaussian noise alone",
                percent(*expected)
            ),
            Self::FewSamplesForGesd { frames } => {
                write!(f, "gesd among {frames} frames: its critical values hold for 15 and more")
            }
            Self::LessThanOneOutlier { frames, fraction } => write!(
                f,
                "gesd looks for one outlier, because max-outliers={fraction} of {frames} frames is less than one"
            ),
            Self::FewSamplesForPclip { frames } => {
                write!(
                    f,
                    "pclip among {frames} frames takes its width from one of very few ranks, needed 5 or more"
                )
            }
            Self::PercentileNearZero { low, high, .. } => write!(
                f,
                "percentile rejected {} low and {} high, as if the noise were more than a tenth of the level: fractions of \
                 a level near zero mean nothing",
                percent(*low),
                percent(*high)
            ),
            Self::LowLevelForAvsigclip { share, level } => write!(
                f,
                "{} of the pixels are below {level} DN: avsigclip takes the noise to go with the root of the level, and \
                 takes no level to be below 1",
                percent(*share)
            ),
            Self::NoiseModelUnset => f.write_str(
                "gain is 1 and rdnoise is 0 for every frame: is the noise model of the detector unset?",
            ),
            Self::Asymmetry { low, high } => write!(
                f,
                "{low} samples are rejected low and {high} high, though low and high are treated alike: the samples are \
                 not scattered evenly about their centre, or outliers lie on one side"
            ),
            Self::FramesLoseMost { frames, median } => {
                let one = |(frame, share): &(usize, f64)| format!("frame {} {}", frame + 1, percent(*share));
                let named: Vec<String> = frames.iter().take(MOST_NAMED).map(one).collect();
                write!(
                    f,
                    "{}{} of the samples are rejected, of the median frame {}",
                    named.join(", "),
                    and_more(frames.len()),
                    percent(*median)
                )
            }
            Self::Restored { pixels, of } => write!(
                f,
                "nkeep or maxrej brought rejected samples back at {pixels} of {of} pixels ({})",
                percent(ratio(*pixels, *of))
            ),
            Self::EmptyPixels { pixels, of } => {
                write!(f, "{pixels} of {of} pixels ({}) have no sample", percent(ratio(*pixels, *of)))
            }
            Self::SigscaleEdge { sigscale, largest } => write!(
                f,
                "scales differ from 1 by up to {largest:.4}, which is about sigscale={sigscale}: a small change of them \
                 switches the correction of the clipping {}",
                if largest > sigscale { "off" } else { "on" }
            ),
            Self::Normalisation(warning) => warning.fmt(f),
            Self::ZeroSpread { pixels, of } => write!(
                f,
                "samples have no scatter at {pixels} of {of} pixels ({}): quantised or saturated data",
                percent(ratio(*pixels, *of))
            ),
            Self::FramesWithoutSamples { frames } => {
                let named: Vec<String> =
                    frames.iter().take(MOST_NAMED).map(|frame| (frame + 1).to_string()).collect();
                let (named, more) = (named.join(", "), and_more(frames.len()));
                write!(f, "no sample of frame {named}{more} is valid: see masks, thresholds and offsets")
            }
            Self::RejectedMoreThanExpected { share, expected } => write!(
                f,
                "{} of the samples are rejected, where Gaussian noise accounts for {}",
                percent(*share),
                percent(*expected)
            ),
            Self::WeightsWithSum => f.write_str("weight has no effect on combine=sum"),
            Self::Ncombine { frame, found } => write!(f, "{frame}: NCOMBINE is {found}, counted as 1"),
            Self::Input(message) => f.write_str(message),
        }
    }
}

/// Those beyond the ones that are named.
fn and_more(frames: usize) -> String {
    if frames > MOST_NAMED { format!(" and {} more", frames - MOST_NAMED) } else { String::new() }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn ratio(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each.
    fn all() -> Vec<Warning> {
        let of = 1000;
        vec![
            Warning::UnreachableFactor {
                lsigma: true,
                hsigma: false,
                frames: 9,
                reach: 2.8,
                enough: Some(11),
            },
            Warning::FalseRejections { lsigma: 1.0, hsigma: 2.0, expected: 0.18 },
            Warning::FewSamplesForGesd { frames: 5 },
            Warning::LessThanOneOutlier { frames: 3, fraction: 0.3 },
            Warning::FewSamplesForPclip { frames: 4 },
            Warning::PercentileNearZero { low: 0.1, high: 0.2, limits: (0.02, 0.16) },
            Warning::LowLevelForAvsigclip { share: 0.7, level: 10.0 },
            Warning::NoiseModelUnset,
            Warning::Asymmetry { low: 3, high: 90 },
            Warning::FramesLoseMost { frames: (0..7).map(|i| (i, 0.1)).collect(), median: 0.001 },
            Warning::Restored { pixels: 20, of },
            Warning::EmptyPixels { pixels: 20, of },
            Warning::SigscaleEdge { sigscale: 0.1, largest: 0.105 },
            normalise::Warning::ScaleSpread { least: (0, 1.0), greatest: (2, 30.0) }.into(),
            normalise::Warning::Unconnected { groups: vec![0, 3] }.into(),
            Warning::ZeroSpread { pixels: 20, of },
            Warning::FramesWithoutSamples { frames: vec![1, 4] },
            Warning::RejectedMoreThanExpected { share: 0.1, expected: 0.003 },
            Warning::WeightsWithSum,
            Warning::Ncombine { frame: "a.fits".into(), found: -1.0 },
            Warning::Input("a.fits: odd".into()),
        ]
    }

    #[test]
    fn each_is_one_line_with_a_name_of_its_own() {
        let mut kinds = Vec::new();
        for warning in all() {
            let line = warning.to_string();
            assert!(
                !line.contains('\n') && !line.contains("  ") && line.len() > 20 || line == "a.fits: odd",
                "{line}"
            );
            assert!(!kinds.contains(&warning.kind()), "{}", warning.kind());
            kinds.push(warning.kind());
        }
        let codes: Vec<_> = all().iter().filter_map(Warning::code).collect();
        for number in 1..=10 {
            assert!(codes.contains(&format!("W{number}").as_str()), "W{number}");
        }
    }

    #[test]
    fn messages_name_frames_from_1_and_not_all_of_them() {
        let of = |kind: &str| all().into_iter().find(|warning| warning.kind() == kind).unwrap();
        let line = of("frames_lose_most").to_string();
        assert!(
            line.starts_with("frame 1 10.00 %, ") && line.contains("frame 5 10.00 % and 2 more"),
            "{line}"
        );
        let Some((_, Value::List(frames))) = of("frames_lose_most").numbers().into_iter().next() else {
            unreachable!()
        };
        assert_eq!((frames.len(), &frames[6]), (7, &Value::Integer(7)));
        assert!(of("frames_without_samples").to_string().contains("frame 2, 5 is"));
        assert!(of("sigscale_edge").to_string().ends_with("off"));
    }
}
