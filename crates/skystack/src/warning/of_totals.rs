//! Warnings that the totals of a run give (W4 to W10, as far as the samples must say).

use skystack_combine::{Combine, FrameTotals, Options, Summary};
use skystack_simd::Element;

use super::of_options::{gaussian_factors, share_outside};
use super::{Warning, ratio};
use crate::simulate::theory::normal_cdf;
use crate::{Percentile, Rejection};

/// Shares of pixels (W8, W9, W10) and of a frame's samples (W7) that pass without a word.
const ONE_PERCENT: f64 = 0.01;

/// How many standard deviations low and high differ by, and their ratio (W6).
const ASYMMETRY: (f64, f64) = (5.0, 3.0);

/// How much more than the median frame a frame may lose (W7).
const DOMINATES: f64 = 5.0;

/// Level below which the noise of a sample does not go with its root (W5, DN).
const LEAST_LEVEL: f64 = 10.0;

/// Level in units of the noise below which fractions of it mean little (W4).
const LEVEL_OVER_NOISE: f64 = 10.0;

/// What a run has seen.
pub(crate) struct Seen<'a> {
    pub(crate) summary: &'a Summary,
    pub(crate) pixels: u64,
    /// Of rejections that need it.
    pub(crate) levels: Levels,
}

/// How many values of the image are low, counted on their way out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Levels {
    pub(crate) low: u64,
}

/// What low means, if anybody asks: only avsigclip does, and only values that are levels have an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LowLevel(Option<f64>);

impl LowLevel {
    pub(crate) fn of(options: &Options, frames: usize) -> Self {
        let asks = options.rejections.iter().any(|of| matches!(of, Rejection::AvSigClip(_)));
        Self(match options.combine {
            _ if !asks => None,
            Combine::Quadrature | Combine::Nmodel => None,
            Combine::Sum => Some(LEAST_LEVEL * frames as f64),
            _ => Some(LEAST_LEVEL),
        })
    }

    /// Counts the low ones among some values of the image.
    pub(crate) fn count<T: Element>(self, levels: &mut Levels, values: &[T]) {
        if let Self(Some(level)) = self {
            levels.low += values.iter().filter(|value| value.widen() < level).count() as u64;
        }
    }
}

/// The warnings of the totals.
pub(crate) fn of_totals(options: &Options, seen: &Seen<'_>) -> Vec<Warning> {
    let Seen { summary, pixels, levels } = seen;
    let mut warnings = Vec::new();
    let mut some = |warning: Option<Warning>| warnings.extend(warning);
    some(without_samples(&summary.frames, *pixels));
    if !options.rejections.is_empty() {
        some(near_zero(options, summary));
        some(low_level(options, seen, levels));
        some(more_than_expected(options, summary));
        some(asymmetry(options, summary));
        some(frames_lose_most(&summary.frames, *pixels));
        let part = |of: u64| (of as f64 > ONE_PERCENT * *pixels as f64).then_some((of, *pixels));
        some(part(summary.restored).map(|(pixels, of)| Warning::Restored { pixels, of }));
        some(part(summary.zero_spread).map(|(pixels, of)| Warning::ZeroSpread { pixels, of }));
    }
    if summary.empty as f64 > ONE_PERCENT * *pixels as f64 {
        warnings.push(Warning::EmptyPixels { pixels: summary.empty, of: *pixels });
    }
    warnings
}

/// Samples rejected low and high, without those that grew.
fn sides(summary: &Summary) -> (u64, u64) {
    summary.frames.iter().fold((0, 0), |(low, high), frame| (low + frame.low, high + frame.high))
}

fn without_samples(frames: &[FrameTotals], pixels: u64) -> Option<Warning> {
    let numbered = frames.iter().enumerate();
    let frames: Vec<usize> =
        numbered.filter(|(_, of)| of.missing == pixels).map(|(frame, _)| frame).collect();
    (!frames.is_empty()).then_some(Warning::FramesWithoutSamples { frames })
}

/// Gaussian samples with a median of m noises lie outside it by a fraction p with a probability of Φ(−m·p), on either side. A side
/// on which that is next to nothing says nothing, and outliers seldom lie on both.
fn near_zero(options: &Options, summary: &Summary) -> Option<Warning> {
    let [Rejection::Percentile(Percentile { plow, phigh, .. })] = options.rejections[..] else { return None };
    let valid = summary.samples - summary.missing;
    let (low, high) = sides(summary);
    let (low, high) = (ratio(low, valid), ratio(high, valid));
    let limit = |p: f64| normal_cdf(-LEVEL_OVER_NOISE * p).max(ONE_PERCENT);
    let limits = (limit(plow), limit(phigh));
    (low > limits.0 && high > limits.1).then_some(Warning::PercentileNearZero { low, high, limits })
}

fn low_level(options: &Options, seen: &Seen<'_>, levels: &Levels) -> Option<Warning> {
    let Summary { empty, .. } = *seen.summary;
    let frames = seen.summary.samples / seen.pixels.max(1);
    let LowLevel(Some(level)) = LowLevel::of(options, frames as usize) else { return None };
    // `blank` is no level.
    let blanks = if options.blank < level { empty } else { 0 };
    let share = ratio(levels.low.saturating_sub(blanks), seen.pixels - empty);
    (share > 0.5).then_some(Warning::LowLevelForAvsigclip { share, level })
}

fn more_than_expected(options: &Options, summary: &Summary) -> Option<Warning> {
    let factors: Option<Vec<(f64, f64)>> = options.rejections.iter().map(gaussian_factors).collect();
    let expected = factors?.into_iter().map(share_outside).sum::<f64>();
    let (low, high) = sides(summary);
    let share = ratio(low + high, summary.samples - summary.missing);
    (share > 0.05 && share > 2.0 * expected).then_some(Warning::RejectedMoreThanExpected { share, expected })
}

/// Where the user treats both sides alike.
fn is_symmetric(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::PClip(p) => p.lsigma == p.hsigma,
        Rejection::LinearFit(p) => p.lsigma == p.hsigma,
        Rejection::VarClip(p) => p.lsigma == p.hsigma,
        Rejection::Percentile(p) => p.plow == p.phigh,
        Rejection::MinMax(p) => p.nlow == p.nhigh,
        Rejection::Extrema(p) => p.nlow == p.nhigh && !p.count_missing_high,
        Rejection::Gesd(_) => true,
        other => gaussian_factors(other).is_some_and(|(lsigma, hsigma)| lsigma == hsigma),
    }
}

fn asymmetry(options: &Options, summary: &Summary) -> Option<Warning> {
    let (low, high) = sides(summary);
    let (less, more) = (low.min(high) as f64, low.max(high) as f64);
    let is_uneven = more - less > ASYMMETRY.0 * (more + less).sqrt() && more > ASYMMETRY.1 * less;
    (is_uneven && options.rejections.iter().all(is_symmetric)).then_some(Warning::Asymmetry { low, high })
}

fn frames_lose_most(frames: &[FrameTotals], pixels: u64) -> Option<Warning> {
    let share = |of: &FrameTotals| ratio(of.rejected(), pixels - of.missing);
    let shares: Vec<f64> = frames.iter().map(share).collect();
    let mut sorted = shares.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = |at: usize| sorted.get(at).copied().unwrap_or(0.0);
    let median = 0.5 * (middle(sorted.len() / 2) + middle(sorted.len().saturating_sub(1) / 2));
    let dominates = |share: f64| share > DOMINATES * median && share > ONE_PERCENT;
    let frames: Vec<(usize, f64)> =
        shares.into_iter().enumerate().filter(|(_, share)| dominates(*share)).collect();
    (!frames.is_empty()).then_some(Warning::FramesLoseMost { frames, median })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AvSigClip, Gesd, MinMax, SigClip};

    /// Ten frames of a thousand pixels, of which each loses `low` and `high`.
    fn summary(low: u64, high: u64) -> Summary {
        let frame = FrameTotals { low, high, ..FrameTotals::default() };
        Summary {
            samples: 10_000,
            rejected: 10 * (low + high),
            frames: vec![frame; 10],
            ..Summary::default()
        }
    }

    fn kinds_of(options: &Options, summary: &Summary, levels: Levels) -> Vec<&'static str> {
        let seen = Seen { summary, pixels: 1000, levels };
        of_totals(options, &seen).iter().map(Warning::kind).collect()
    }

    fn kinds(rejection: impl Into<Rejection>, summary: &Summary) -> Vec<&'static str> {
        let options = Options { rejections: vec![rejection.into()], ..Options::default() };
        kinds_of(&options, summary, Levels::default())
    }

    #[test]
    fn w4_percentile_that_rejects_as_noise_of_a_tenth_of_the_level_would() {
        // Φ(−10·0.2) = 0.0228 and Φ(−10·0.1) = 0.1587 of 1000.
        let percentile = Percentile::new(0.2, 0.1);
        assert_eq!(kinds(percentile, &summary(23, 159)), ["percentile_near_zero"]);
        assert!(kinds(percentile, &summary(22, 159)).is_empty());
        assert!(kinds(percentile, &summary(23, 158)).is_empty());
        assert!(kinds(MinMax::new(1.0, 1.0), &summary(100, 200)).is_empty());
    }

    #[test]
    fn w5_avsigclip_where_half_of_the_image_is_below_10() {
        let options = |combine| Options {
            combine,
            rejections: vec![AvSigClip::iraf().into()],
            blank: 0.0,
            ..Options::default()
        };
        // 100 pixels are empty, and their blank is among the low ones: 451 of 900 are low.
        let summary = Summary { empty: 10, ..summary(0, 0) };
        let kinds = |low| kinds_of(&options(Combine::Average), &summary, Levels { low });
        assert_eq!(kinds(10 + 496), ["low_level_for_avsigclip"]);
        assert!(kinds(10 + 495).is_empty());
        assert_eq!(LowLevel::of(&options(Combine::Sum), 7), LowLevel(Some(70.0)));
        assert_eq!(LowLevel::of(&options(Combine::Nmodel), 7), LowLevel(None));
        assert_eq!(LowLevel::of(&Options::default(), 7), LowLevel(None));
        let mut levels = Levels::default();
        LowLevel(Some(10.0)).count(&mut levels, &[9.9f32, 10.0, f32::NAN, -3.0]);
        assert_eq!(levels.low, 2);
    }

    #[test]
    fn w6_more_on_one_side() {
        // 10 and 35 in all frames together: 25 < 5·√45. 20 and 61: 41 < 45; 30 and 91: 61 > 55 and 91 > 90.
        let of = |low, high| {
            let frames = vec![FrameTotals { low, high, ..FrameTotals::default() }];
            let summary = Summary { samples: 10_000, frames, ..Summary::default() };
            kinds(SigClip::iraf(), &summary).contains(&"asymmetry")
        };
        assert!(of(30, 91) && of(91, 30));
        assert!(!of(30, 90) && !of(20, 61));
        let uneven = summary(10, 40);
        assert_eq!(kinds(Gesd::textbook(), &uneven), ["asymmetry"]);
        // The user asked for it.
        assert!(!kinds(SigClip::iraf().lsigma(4.0), &uneven).contains(&"asymmetry"));
        assert!(kinds(MinMax::new(0.0, 1.0), &uneven).is_empty());
    }

    #[test]
    fn w7_a_frame_that_loses_more_than_its_share() {
        let with = |low: u64, missing: u64| {
            let mut all = summary(2, 2);
            all.frames[3] = FrameTotals { low, high: low, missing, ..FrameTotals::default() };
            kinds(Gesd::textbook(), &all).contains(&"frames_lose_most")
        };
        // The median is 0.4 %: 2 %.
        assert!(!with(10, 0) && with(11, 0));
        // Of the samples that it has.
        assert!(with(10, 10));
        // 1 % at least.
        let mut rare = summary(0, 0);
        rare.frames[0].grow = 10;
        assert!(kinds(Gesd::textbook(), &rare).is_empty());
        rare.frames[0].grow = 11;
        assert_eq!(kinds(Gesd::textbook(), &rare), ["frames_lose_most"]);
    }

    #[test]
    fn w8_w9_w10_more_than_one_pixel_in_a_hundred() {
        let clip = SigClip::iraf();
        for (at_most, more, kind) in [
            (
                Summary { restored: 10, ..summary(0, 0) },
                Summary { restored: 11, ..summary(0, 0) },
                "restored",
            ),
            (Summary { empty: 10, ..summary(0, 0) }, Summary { empty: 11, ..summary(0, 0) }, "empty_pixels"),
            (
                Summary { zero_spread: 10, ..summary(0, 0) },
                Summary { zero_spread: 11, ..summary(0, 0) },
                "zero_spread",
            ),
        ] {
            assert!(kinds(clip, &at_most).is_empty(), "{kind}");
            assert_eq!(kinds(clip, &more), [kind]);
        }
    }

    #[test]
    fn frames_without_a_sample_and_rejections_beyond_noise() {
        let mut masked = summary(0, 0);
        masked.frames[2].missing = 999;
        assert!(kinds_of(&Options::default(), &masked, Levels::default()).is_empty());
        masked.frames[2].missing = 1000;
        assert_eq!(kinds_of(&Options::default(), &masked, Levels::default()), ["frames_without_samples"]);
        assert_eq!(kinds(SigClip::iraf(), &summary(26, 26)), ["rejected_more_than_expected"]);
        assert!(kinds(SigClip::iraf(), &summary(25, 25)).is_empty());
        // Factors of 2 account for 4.6 %.
        assert!(kinds(SigClip::iraf().lsigma(2.0).hsigma(2.0), &summary(45, 45)).is_empty());
    }
}
