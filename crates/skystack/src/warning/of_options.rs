//! Warnings that options and the number of frames give (W1 to W5, without what the samples must say).

use skystack_combine::{Combine, Options, Variance};
use skystack_reject::{FrameFacts, Noise};

use super::Warning;
use crate::simulate::theory::normal_cdf;
use crate::{About, Gesd, MaxOutliers, MedSigma, Rejection, SigClip, VarRule};

/// Share of good samples that may lie outside the factors (W2).
const FALSE_SHARE: f64 = 0.05;

/// Fewest samples for which the critical values of gesd hold (W3).
const GESD_SAMPLES: usize = 15;

/// Fewest samples of pclip (W4).
const PCLIP_SAMPLES: usize = 5;

/// How near |s − 1| may come to `sigscale` (W9), in units of it.
const EDGE: f64 = 0.1;

/// The warnings of `options` for `frames` frames.
pub(crate) fn of_options(options: &Options, frames: usize, has_weights: bool) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if options.combine == Combine::Sum && has_weights {
        warnings.push(Warning::WeightsWithSum);
    }
    for rejection in &options.rejections {
        warnings.extend(unreachable(rejection, frames));
        warnings.extend(false_rejections(rejection));
        warnings.extend(few_samples(rejection, frames));
        warnings.extend(sigscale_edge(rejection, options, frames));
    }
    warnings.extend(noise_unset(options));
    warnings
}

/// The factors of a rejection whose unit is the σ of Gaussian samples. (linearfit measures against a line through ranks, pclip
/// against one rank, swarp's varclip adds a fraction of the level.)
pub(super) fn gaussian_factors(rejection: &Rejection) -> Option<(f64, f64)> {
    Some(match rejection {
        Rejection::SigClip(p) => (p.lsigma, p.hsigma),
        Rejection::AvSigClip(p) => (p.lsigma, p.hsigma),
        Rejection::CcdClip(p) => (p.lsigma, p.hsigma),
        Rejection::MeanClip(p) => (p.lsigma, p.hsigma),
        Rejection::MedSigma(p) => (p.lsigma, p.hsigma),
        Rejection::Winsorized(p) => (p.lsigma, p.hsigma),
        Rejection::VarClip(p) if p.rule == VarRule::Dragons => (p.lsigma, p.hsigma),
        _ => return None,
    })
}

/// Share of Gaussian samples outside the factors.
pub(super) fn share_outside((lsigma, hsigma): (f64, f64)) -> f64 {
    normal_cdf(-lsigma) + normal_cdf(-hsigma)
}

fn unreachable(rejection: &Rejection, frames: usize) -> Option<Warning> {
    let reach_of = |n: usize| match rejection {
        Rejection::SigClip(clip) => Some(clip.reach(n)),
        Rejection::MedSigma(rule) => Some(medsigma_as_clip(rule).reach(n)),
        _ => None,
    };
    let (reach, factors) = (reach_of(frames)?, gaussian_factors(rejection)?);
    let beyond = |factor: f64| factor.is_finite() && factor >= reach;
    let (lsigma, hsigma) = (beyond(factors.0), beyond(factors.1));
    if !lsigma && !hsigma {
        return None;
    }
    // Of the sides that this is about: the other one may do with fewer frames.
    let largest = [(lsigma, factors.0), (hsigma, factors.1)]
        .into_iter()
        .filter_map(|(is_meant, factor)| is_meant.then_some(factor))
        .fold(0.0, f64::max);
    let enough = (frames..1000).find(|n| reach_of(*n).is_some_and(|reach| reach > largest));
    Some(Warning::UnreachableFactor { lsigma, hsigma, frames, reach, enough })
}

/// The first pass of medsigma is one of a sigma clip about the mean, its centre median or mean.
fn medsigma_as_clip(rule: &MedSigma) -> SigClip {
    let clip = if rule.about == About::Mean { SigClip::ccdproc() } else { SigClip::astropy() };
    clip.ddof(rule.ddof)
}

fn false_rejections(rejection: &Rejection) -> Option<Warning> {
    let (lsigma, hsigma) = gaussian_factors(rejection)?;
    let expected = share_outside((lsigma, hsigma));
    (expected > FALSE_SHARE).then_some(Warning::FalseRejections { lsigma, hsigma, expected })
}

fn few_samples(rejection: &Rejection, frames: usize) -> Vec<Warning> {
    match rejection {
        Rejection::Gesd(rule) => few_for_gesd(rule, frames),
        Rejection::PClip(_) if frames < PCLIP_SAMPLES => vec![Warning::FewSamplesForPclip { frames }],
        _ => Vec::new(),
    }
}

fn few_for_gesd(rule: &Gesd, frames: usize) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if frames < GESD_SAMPLES {
        warnings.push(Warning::FewSamplesForGesd { frames });
    }
    if let MaxOutliers::Fraction(fraction) = rule.outliers
        && fraction * (frames as f64) < 1.0
    {
        warnings.push(Warning::LessThanOneOutlier { frames, fraction });
    }
    warnings
}

/// A correction that a small change of the scales would switch. There is none where all scales are one.
fn sigscale_edge(rejection: &Rejection, options: &Options, frames: usize) -> Option<Warning> {
    let sigscale = match rejection {
        Rejection::SigClip(p) => p.sigscale,
        Rejection::AvSigClip(p) => p.sigscale,
        Rejection::CcdClip(p) => p.sigscale,
        _ => return None,
    };
    let scalings = options.reject_scalings.as_deref().unwrap_or(&options.scalings);
    let facts = FrameFacts { scalings, ..FrameFacts::new(frames) };
    let largest = (0..frames).map(|i| (facts.scaling(i).scale() - 1.0).abs()).fold(0.0, f64::max);
    let is_near = sigscale > 0.0 && (largest - sigscale).abs() <= EDGE * sigscale;
    is_near.then_some(Warning::SigscaleEdge { sigscale, largest })
}

fn noise_unset(options: &Options) -> Option<Warning> {
    let uses = options.rejections.iter().any(|of| matches!(of, Rejection::CcdClip(_)))
        || options.variance == Variance::Noise
        || options.combine == Combine::Nmodel;
    let is_unset = |noise: &Noise| noise.gain == 1.0 && noise.rdnoise == 0.0;
    (uses && options.noise.iter().all(is_unset)).then_some(Warning::NoiseModelUnset)
}

#[cfg(test)]
mod tests {
    use skystack_reject::Scaling;

    use super::*;
    use crate::{CcdClip, Convention, PClip, Winsorized, crreject, madclip};

    /// The kinds of warnings of one rejection among so many frames.
    fn kinds(rejection: impl Into<Rejection>, frames: usize) -> Vec<&'static str> {
        let options = Options { rejections: vec![rejection.into()], ..Options::default() };
        of_options(&options, frames, false).iter().map(Warning::kind).collect()
    }

    #[test]
    fn w1_a_factor_that_a_lone_outlier_cannot_reach() {
        assert_eq!(kinds(SigClip::iraf(), 10), ["unreachable_factor"]);
        assert!(kinds(SigClip::iraf(), 11).is_empty());
        assert!(kinds(madclip(Convention::Textbook).unwrap(), 4).is_empty());
        // About the mean with n − 1: 3 sigma from 10 samples on (section 11's row of siril).
        assert_eq!(kinds(MedSigma::siril(), 9), ["unreachable_factor"]);
        assert!(kinds(MedSigma::siril(), 10).is_empty());
    }

    #[test]
    fn w2_factors_that_reject_more_than_one_good_sample_in_twenty() {
        let both = |k: f64| SigClip::iraf().lsigma(k).hsigma(k);
        // 2Φ(−1.95) = 0.0512, 2Φ(−1.96) = 0.04999.
        assert_eq!(kinds(both(1.95), 31), ["false_rejections"]);
        assert!(kinds(both(1.96), 31).is_empty());
        // One side alone: Φ(−1.64) = 0.0505, Φ(−1.65) = 0.0495.
        assert_eq!(kinds(SigClip::iraf().hsigma(1.64).lsigma(f64::INFINITY), 31), ["false_rejections"]);
        assert!(kinds(SigClip::iraf().hsigma(1.65).lsigma(f64::INFINITY), 31).is_empty());
        let mut winsorized = Winsorized::textbook();
        winsorized.lsigma = 1.5;
        assert_eq!(kinds(winsorized, 31), ["false_rejections"]);
    }

    #[test]
    fn w3_gesd_with_few_samples_or_less_than_one_outlier() {
        assert_eq!(kinds(Gesd::textbook(), 14), ["few_samples_for_gesd"]);
        assert!(kinds(Gesd::textbook(), 15).is_empty());
        let few = Gesd::textbook().outliers(MaxOutliers::Fraction(0.05));
        assert_eq!(kinds(few, 19), ["less_than_one_outlier"]);
        assert!(kinds(few, 20).is_empty());
        assert!(kinds(Gesd::textbook().outliers(MaxOutliers::Count(1)), 15).is_empty());
    }

    #[test]
    fn w4_pclip_with_few_samples() {
        assert_eq!(kinds(PClip::iraf(), 4), ["few_samples_for_pclip"]);
        assert!(kinds(PClip::iraf(), 5).is_empty());
    }

    #[test]
    fn w1_counts_the_frames_that_the_side_in_question_needs() {
        let enough = |clip: SigClip| {
            let options = Options { rejections: vec![clip.into()], ..Options::default() };
            match of_options(&options, 9, false).first() {
                Some(Warning::UnreachableFactor { lsigma, hsigma, enough, .. }) => {
                    (*lsigma, *hsigma, *enough)
                }
                other => panic!("{other:?}"),
            }
        };
        // About the median the reach is √(n − 1): 2.83 for 9, and beyond 3 from 11 frames on, beyond 4 from 18.
        assert_eq!(enough(SigClip::iraf()), (true, true, Some(11)));
        assert_eq!(enough(SigClip::iraf().hsigma(2.5)), (true, false, Some(11)));
        assert_eq!(enough(SigClip::iraf().hsigma(4.0)), (true, true, Some(18)));
        assert_eq!(enough(SigClip::iraf().lsigma(f64::INFINITY)), (false, true, Some(11)));
    }

    #[test]
    fn w5_a_noise_model_that_nobody_has() {
        assert_eq!(kinds(CcdClip::iraf(), 5), ["noise_model_unset"]);
        assert_eq!(kinds(crreject(Convention::Iraf).unwrap(), 5), ["noise_model_unset"]);
        let of = |noise: Noise| {
            let options = Options {
                rejections: vec![CcdClip::iraf().into()],
                noise: vec![noise],
                ..Options::default()
            };
            of_options(&options, 5, false).len()
        };
        assert_eq!(of(Noise { rdnoise: 4.0, ..Noise::default() }), 0);
        assert_eq!(of(Noise { gain: 1.5, ..Noise::default() }), 0);
        assert_eq!(of(Noise { snoise: 0.1, ..Noise::default() }), 1);
        let unset =
            |options: Options| of_options(&options, 5, false).iter().map(Warning::kind).collect::<Vec<_>>();
        let noise = Options { variance: Variance::Noise, ..Options::default() };
        assert_eq!(unset(noise), ["noise_model_unset"]);
        assert_eq!(unset(Options { combine: Combine::Nmodel, ..Options::default() }), ["noise_model_unset"]);
    }

    #[test]
    fn w9_scales_at_the_edge_of_the_correction() {
        let edge = |rejection: Rejection, scale: f64| {
            let scalings = vec![Scaling::NONE, Scaling { multiply: 1.0 / scale, add: 0.0 }];
            let options = Options { rejections: vec![rejection], scalings, ..Options::default() };
            let warnings = of_options(&options, 2, false);
            warnings.iter().any(|warning| warning.kind() == "sigscale_edge")
        };
        for (scale, warns) in
            [(1.105, true), (0.905, true), (1.095, true), (1.12, false), (1.08, false), (1.0, false)]
        {
            assert_eq!(edge(SigClip::iraf().into(), scale), warns, "{scale}");
        }
        let mut never = SigClip::iraf();
        never.sigscale = 0.0;
        assert!(!edge(never.into(), 1.1));
    }

    #[test]
    fn weights_with_a_sum() {
        let options = Options { combine: Combine::Sum, ..Options::default() };
        assert_eq!(of_options(&options, 3, true), [Warning::WeightsWithSum]);
        assert_eq!(of_options(&options, 3, false), []);
    }
}
