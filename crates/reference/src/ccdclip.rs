//! ccdclip: the noise model of the detector (algorithms.md section 5.6). Without its low side it is crreject.

use skystack_reject::{CcdClip, Center};

use crate::clipping::{Limits, Measured, Style, clip};
use crate::column::Sample;
use crate::noise;
use crate::order::median;
use crate::outcome::{Context, Outcome};
use crate::spread::mean_center;

/// Drops what the noise of its frame does not explain, pass after pass, then restores.
pub(crate) fn reject(column: &[Sample], rule: &CcdClip, context: &Context) -> Outcome {
    clip(column, &limits(rule), context, |survivors, pass| {
        let c = center(survivors, rule, pass, context);
        let measured = Measured::each(c, survivors, |sample| variance(sample.frame, c, rule, context));
        let one = measured.variances.windows(2).all(|pair| pair[0] == pair[1]);
        let sigma = if one { measured.variances[0].sqrt() } else { f64::NAN };
        Measured { sigma, ..measured }
    })
}

fn limits(rule: &CcdClip) -> Limits {
    Limits {
        lsigma: rule.lsigma,
        hsigma: rule.hsigma,
        maxiters: rule.maxiters,
        minclip: rule.minclip,
        nkeep: rule.nkeep,
        maxrej: rule.maxrej,
        restore: rule.restore,
        style: Style::about(rule.center),
    }
}

/// The median, or the mean, without rank 1 and rank n where `trim` says so and more than two are left.
fn center(survivors: &[Sample], rule: &CcdClip, pass: usize, context: &Context) -> f64 {
    match rule.center {
        Center::Mean => mean_center(survivors, rule.trim, pass, context.working),
        _ => median(survivors, context.working),
    }
}

/// V of a sample of `frame` at the centre c, in scaled units.
fn variance(frame: usize, c: f64, rule: &CcdClip, context: &Context) -> f64 {
    let noise = context.facts.noise(frame);
    if !context.facts.corrects_scales(rule.sigscale) {
        return noise::variance(&noise, c.max(0.0));
    }
    let (s, z) = (context.facts.scaling(frame).scale(), context.facts.scaling(frame).zero());
    noise::variance(&noise, (s * (c + z)).max(0.0)) / (s * s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, Stop, Working, pixel};
    use skystack_reject::{Convention, Noise, Scaling, Trim};

    fn of(column: &[f64], rule: CcdClip, noise: &[Noise], scalings: &[Scaling]) -> Pixel {
        let rejections = [rule.into()];
        let base = Setup::convention(Convention::Astropy, Working::F64);
        pixel(column, &Setup { rejections: &rejections, noise, scalings, ..base })
    }

    const CCD: Noise = Noise { gain: 2.0, rdnoise: 6.0, snoise: 0.0 };

    /// c = 32, V = 9 + 16 = 25, k = 2: 42 is on the limit, 43 beyond.
    #[test]
    fn equality_survives() {
        let rule = CcdClip::iraf().lsigma(2.0).hsigma(2.0);
        assert_eq!(of(&[32.0, 32.0, 42.0, 22.0, 32.0], rule, &[CCD], &[]).nrej, 0);
        let beyond = of(&[32.0, 32.0, 43.0, 21.0, 32.0], rule, &[CCD], &[]);
        assert_eq!((beyond.low, beyond.high, beyond.passes[0].sigma), (1, 1, 5.0));
    }

    #[test]
    fn a_negative_level_has_the_read_noise_alone() {
        let rule = CcdClip::iraf().lsigma(2.0).hsigma(2.0);
        assert_eq!(of(&[-32.0, -32.0, -26.0, -32.0], rule, &[CCD], &[]).nrej, 0);
        assert_eq!(of(&[-32.0, -32.0, -25.9, -32.0], rule, &[CCD], &[]).high, 1);
    }

    /// 0 and 40: median 20, V = 9 + 10; at 2σ (8.7) both go, and K = 1 brings back rank 2 (r = s: the high end first, then the
    /// low one, equal to within 0.001).
    #[test]
    fn two_samples_are_enough() {
        let rule = CcdClip::iraf().lsigma(2.0).hsigma(2.0);
        let both = of(&[0.0, 40.0], rule, &[CCD], &[]);
        assert_eq!((both.count, both.passes.len()), (2, 1));
        assert_eq!(of(&[0.0, 40.0], rule.nkeep(0), &[CCD], &[]).count, 0);
        assert_eq!(of(&[7.0], rule, &[CCD], &[]).stop, Stop::NotEnoughSamples);
    }

    /// 32 of five frames and 43 twice: once in a frame with twice the read noise, V = 36 + 16 = 52, 2σ = 14.4.
    #[test]
    fn each_frame_has_its_own_noise() {
        let loud = Noise { rdnoise: 12.0, ..CCD };
        let noise = [CCD, CCD, CCD, CCD, CCD, CCD, loud];
        let column = [32.0, 32.0, 32.0, 32.0, 32.0, 43.0, 43.0];
        let rule = CcdClip::iraf().lsigma(2.0).hsigma(2.0);
        // The loud frame is the highest rank of equal ones: inward, it protects the other.
        assert_eq!(of(&column, rule, &noise, &[]).nrej, 0);
        // Trimmed mean (32·4 + 42.7)/5 = 34.14: V = 9 + 17.07 and 36 + 17.07; at 1.5σ, 7.7 and 10.9, the quiet 43 goes. Then
        // c = 32: 10.7 is within 1.5·√52 = 10.82.
        let column = [32.0, 32.0, 32.0, 32.0, 32.0, 43.0, 42.7];
        let mean = of(&column, rule.lsigma(1.5).hsigma(1.5).center(Center::Mean), &noise, &[]);
        assert_eq!(mean.used, [true, true, true, true, true, false, true]);
        assert!(mean.passes[0].sigma.is_nan());
    }

    /// c = 10. Frame 1: s = 4, z = 2: S = 48, V = (9 + 24)/16 = 2.0625 instead of 14.
    #[test]
    fn scales_correct_the_noise_of_each_frame() {
        let scalings = [Scaling::NONE, Scaling { multiply: 0.25, add: -2.0 }, Scaling::NONE, Scaling::NONE];
        // Scaled: 10 13 10 10.
        let column = [10.0, 60.0, 10.0, 10.0];
        let rule = CcdClip::iraf().lsigma(2.0).hsigma(2.0);
        assert_eq!(of(&column, rule, &[CCD], &scalings).used, [true, false, true, true]);
        assert_eq!(of(&column, rule.hsigma(2.1), &[CCD], &scalings).nrej, 0);
        assert_eq!(of(&column, rule.sigscale(0.0), &[CCD], &scalings).nrej, 0);
    }

    #[test]
    fn a_mean_centre_is_trimmed_in_every_pass() {
        let mean = CcdClip::iraf().center(Center::Mean);
        let answer = of(&[30.0, 31.0, 34.0, 35.0, 500.0], mean, &[CCD], &[]);
        let centers: Vec<_> = answer.passes.iter().map(|pass| pass.center).collect();
        assert_eq!(centers, [100.0 / 3.0, 32.5]);
        let plain = of(&[30.0, 31.0, 34.0, 35.0], mean.trim(Trim::None), &[CCD], &[]);
        assert_eq!(plain.passes[0].center, 32.5);
        assert_eq!(of(&[30.0, 33.0], mean, &[CCD], &[]).passes[0].center, 31.5);
    }

    #[test]
    fn imcombiners_undoes_a_pass_that_goes_too_far() {
        let rule = CcdClip::imcombiners().lsigma(0.1).hsigma(0.1).nkeep(3);
        let answer = of(&[10.0, 20.0, 30.0, 40.0], rule, &[CCD], &[]);
        assert_eq!((answer.count, answer.stop), (4, Stop::Nkeep));
    }
}
