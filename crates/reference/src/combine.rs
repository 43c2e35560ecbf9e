//! The value of a pixel (algorithms.md section 7).

use skystack_reject::Noise;

use crate::column::Sample;
use crate::order::{by_rank, lower_median, median};
use crate::outcome::Context;
use crate::sums::sum;
use crate::{Combine, Lmedian, Setup, noise};

/// The combined value of the used samples, rounded once to T (G1); `blank` where there are none.
pub(crate) fn combine(used: &[Sample], setup: &Setup, context: &Context) -> f64 {
    if used.is_empty() {
        return setup.working.round(setup.blank);
    }
    let weights = weights(setup, context);
    let value = match setup.combine {
        Combine::Average => average(used, weights.as_deref()),
        Combine::Median => median(used, setup.working),
        Combine::Lmedian => lmedian(used, setup),
        Combine::Sum => sum(used, |s| s.y),
        Combine::Min => by_rank(used)[0].y,
        Combine::Max => by_rank(used)[used.len() - 1].y,
        Combine::Quadrature => quadrature(used, weights.as_deref(), |s, w| (w * s.y) * (w * s.y)),
        Combine::Nmodel => quadrature(used, weights.as_deref(), |s, w| (w * w) * noise_of(s, context)),
        Combine::Wmedian => wmedian(used, weights.as_deref(), setup),
    };
    setup.working.round(value)
}

/// The weight of each frame's sample, if there are weights.
pub(crate) fn weights(setup: &Setup, context: &Context) -> Option<Vec<f64>> {
    if setup.weights.is_none() && setup.sample_weights.is_empty() && !setup.weigh_by_variance {
        return None;
    }
    let of_frame = |frame: usize| setup.weights.map_or(1.0, |weights| weights[frame]);
    let by_variance = |frame: usize, w: f64| match setup.weigh_by_variance {
        // A sample of unknown variance has no weight.
        true if context.variance(frame).is_nan() => 0.0,
        true => w / context.variance(frame),
        false => w,
    };
    let by_sample = |frame: usize, w: f64| setup.sample_weights.get(frame).map_or(w, |of| w * of);
    let of = |frame: usize| by_sample(frame, by_variance(frame, of_frame(frame)));
    Some((0..context.facts.frames).map(of).collect())
}

/// p + SUM(w·(y−p))/SUM(w), p the first used sample (E2); without weights, or where they sum to 0, p + SUM(y−p)/n.
fn average(used: &[Sample], weights: Option<&[f64]>) -> f64 {
    let p = used[0].y;
    match total_weight(used, weights) {
        Some((weights, total)) => p + sum(used, |s| weights[s.frame] * (s.y - p)) / total,
        None => p + sum(used, |s| s.y - p) / used.len() as f64,
    }
}

/// √SUM(term of a sample and its weight)/SUM(w); without weights, or where they sum to 0, all are 1.
fn quadrature(used: &[Sample], weights: Option<&[f64]>, term: impl Fn(Sample, f64) -> f64) -> f64 {
    match total_weight(used, weights) {
        Some((weights, total)) => sum(used, |s| term(s, weights[s.frame])).sqrt() / total,
        None => sum(used, |s| term(s, 1.0)).sqrt() / used.len() as f64,
    }
}

/// Noise of the signal max(0, y), with g·s in the place of g.
pub(crate) fn noise_of(sample: Sample, context: &Context) -> f64 {
    let noise = context.facts.noise(sample.frame);
    let gain = noise.gain * context.facts.scaling(sample.frame).scale();
    noise::variance(&Noise { gain, ..noise }, sample.y.max(0.0))
}

/// The value up to which half of the weight lies; the mean of two where it is exactly half. Equal weights: the median.
fn wmedian(used: &[Sample], weights: Option<&[f64]>, setup: &Setup) -> f64 {
    let Some((weights, _)) = total_weight(used, weights) else { return median(used, setup.working) };
    let weighty: Vec<Sample> = used.iter().copied().filter(|s| weights[s.frame] != 0.0).collect();
    let of = |s: &Sample| weights[s.frame];
    if weighty.windows(2).all(|pair| of(&pair[0]) == of(&pair[1])) {
        return median(&weighty, setup.working);
    }
    let ranked = by_rank(&weighty);
    let cumulated = ranked.iter().scan(0.0, |total, s| {
        *total += of(s);
        Some(*total)
    });
    let cumulated: Vec<f64> = cumulated.collect();
    let half = cumulated[ranked.len() - 1] / 2.0;
    let at = cumulated.iter().position(|c| *c >= half).expect("all of it is not less than half");
    if cumulated[at] == half && at + 1 < ranked.len() {
        return median(&[ranked[at], ranked[at + 1]], setup.working);
    }
    ranked[at].y
}

/// The weights and SUM(w), unless that is 0 at this pixel.
pub(crate) fn total_weight<'a>(used: &[Sample], weights: Option<&'a [f64]>) -> Option<(&'a [f64], f64)> {
    let weights = weights?;
    let total = sum(used, |s| weights[s.frame]);
    (total != 0.0).then_some((weights, total))
}

fn lmedian(used: &[Sample], setup: &Setup) -> f64 {
    match setup.lmedian {
        Lmedian::Iraf if used.len() != 2 => median(used, setup.working),
        Lmedian::Iraf | Lmedian::Lower => lower_median(used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Working;
    use crate::column::samples;
    use skystack_reject::{Convention, Scaling};

    fn combine(used: &[Sample], setup: &Setup) -> f64 {
        let frames = used.iter().map(|s| s.frame + 1).max().unwrap_or(0);
        super::combine(used, setup, &setup.context(frames, setup.variances))
    }

    fn of(combine_by: Combine, values: &[f64]) -> f64 {
        let setup = Setup { combine: combine_by, ..Setup::convention(Convention::Astropy, Working::F64) };
        combine(&samples(values), &setup)
    }

    #[test]
    fn each_combination_of_four() {
        let values = [5.0, 1.0, 2.0, 4.0];
        let all =
            [Combine::Average, Combine::Median, Combine::Lmedian, Combine::Sum, Combine::Min, Combine::Max];
        assert_eq!(all.map(|by| of(by, &values)), [3.0, 3.0, 2.0, 12.0, 1.0, 5.0]);
    }

    #[test]
    fn nothing_is_blank_for_a_sum_too() {
        assert!(of(Combine::Sum, &[]).is_nan());
        let setup =
            Setup { combine: Combine::Sum, blank: -7.0, ..Setup::convention(Convention::Iraf, Working::F32) };
        assert_eq!(combine(&[], &setup), -7.0);
    }

    #[test]
    fn lmedian_of_iraf_is_low_for_two_only() {
        let setup = Setup { combine: Combine::Lmedian, ..Setup::convention(Convention::Iraf, Working::F64) };
        assert_eq!(combine(&samples(&[4.0, 2.0]), &setup), 2.0);
        assert_eq!(combine(&samples(&[4.0, 2.0, 8.0, 6.0]), &setup), 5.0);
    }

    /// Weights 0.25 0.75 of frames 0 and 2 (frame 1 is not used): p = 10, 10 + 0.75·(14 − 10)/1 = 13.
    #[test]
    fn weights_belong_to_frames() {
        let weights = [0.25, 9.0, 0.75];
        let setup = Setup { weights: Some(&weights), ..Setup::convention(Convention::Iraf, Working::F64) };
        let used = [Sample { frame: 0, y: 10.0 }, Sample { frame: 2, y: 14.0 }];
        assert_eq!(combine(&used, &setup), 13.0);
    }

    #[test]
    fn weights_that_sum_to_zero_here_are_left_out() {
        let weights = [0.0, 0.0, 1.0];
        let setup = Setup { weights: Some(&weights), ..Setup::convention(Convention::Iraf, Working::F64) };
        assert_eq!(combine(&samples(&[1.0, 3.0]), &setup), 2.0);
        let setup = Setup { combine: Combine::Sum, ..setup };
        assert_eq!(combine(&samples(&[1.0, 3.0, 5.0]), &setup), 9.0);
    }

    /// 1 and 1 + 2⁻²³: the mean 1 + 2⁻²⁴ is a tie in f32, to even.
    #[test]
    fn the_value_is_rounded_once() {
        let set = samples(&[1.0, 1.0 + 2f64.powi(-23)]);
        let of = |working| combine(&set, &Setup::convention(Convention::Iraf, working));
        assert_eq!((of(Working::F32), of(Working::F64)), (1.0, 1.0 + 2f64.powi(-24)));
    }

    /// 3 and 4: √(9 + 16)/2; with weights 2 and 1: √(36 + 16)/3.
    #[test]
    fn quadrature_by_hand() {
        assert_eq!(of(Combine::Quadrature, &[3.0, 4.0]), 2.5);
        let base = Setup::convention(Convention::Iraf, Working::F64);
        let setup = Setup { weights: Some(&[2.0, 1.0]), combine: Combine::Quadrature, ..base };
        assert_eq!(combine(&samples(&[3.0, 4.0]), &setup), 52f64.sqrt() / 3.0);
    }

    /// Gain 2, read noise 6, 10 %: y = 30 has 9 + 15 + 9, y = −5 has 9. Frame 0 with s = 2 has the gain 4: 2.25 + 7.5 + 9.
    #[test]
    fn nmodel_by_hand() {
        let noise = [Noise { gain: 2.0, rdnoise: 6.0, snoise: 0.1 }];
        let base = Setup::convention(Convention::Iraf, Working::F64);
        let setup = Setup { noise: &noise, combine: Combine::Nmodel, ..base };
        assert_eq!(combine(&samples(&[30.0, -5.0]), &setup), 42f64.sqrt() / 2.0);
        let scalings = [Scaling { multiply: 0.5, add: 0.0 }, Scaling::NONE];
        let scaled = Setup { scalings: &scalings, ..setup };
        assert_eq!(combine(&samples(&[30.0, -5.0]), &scaled), (18.75f64 + 9.0).sqrt() / 2.0);
        let weighted = Setup { weights: Some(&[3.0, 1.0]), ..setup };
        assert_eq!(combine(&samples(&[30.0, -5.0]), &weighted), (9.0 * 33.0f64 + 9.0).sqrt() / 4.0);
    }

    fn wmedian(values: &[f64], weights: &[f64]) -> f64 {
        let base = Setup::convention(Convention::Iraf, Working::F64);
        let setup = Setup { weights: Some(weights), combine: Combine::Wmedian, ..base };
        combine(&samples(values), &setup)
    }

    /// By value 1 2 3 4 with the weights 1 2 4 1: C = 1 3 7 8, half is 4: 3. With 1 3 3 1: C_2 = 4 is half: 2.5.
    #[test]
    fn wmedian_by_hand() {
        assert_eq!(wmedian(&[4.0, 3.0, 2.0, 1.0], &[1.0, 4.0, 2.0, 1.0]), 3.0);
        assert_eq!(wmedian(&[4.0, 3.0, 2.0, 1.0], &[1.0, 3.0, 3.0, 1.0]), 2.5);
        // Without the frame that has no weight: 1 and 4, C_1 is half.
        assert_eq!(wmedian(&[4.0, 3.0, 2.0, 1.0], &[1.0, 0.0, 0.0, 1.0]), 2.5);
        assert_eq!(wmedian(&[4.0, 3.0, 2.0, 1.0], &[0.0; 4]), 2.5);
        assert_eq!(wmedian(&[7.0], &[0.3]), 7.0);
    }

    /// Six times 0.1: C_3 = 0.30000000000000004 is above half of C_6 = 0.6 (0.599…99), and yet it is the median.
    #[test]
    fn equal_weights_are_a_median_whatever_their_sums_round_to() {
        assert_eq!(wmedian(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0.1; 6]), 3.5);
    }

    /// 2·0.5 and 1·3: (10 + 60)/4. Alone 0.5 and 3: (5 + 72)/3.5.
    #[test]
    fn the_weight_of_a_sample_multiplies_that_of_its_frame() {
        let base = Setup::convention(Convention::Swarp, Working::F64);
        let setup = Setup { weights: Some(&[2.0, 1.0]), sample_weights: &[0.5, 3.0], ..base };
        assert_eq!(combine(&samples(&[10.0, 20.0]), &setup), 17.5);
        let alone = Setup { weights: None, ..setup };
        assert_eq!(combine(&samples(&[10.0, 24.0]), &alone), 22.0);
    }

    /// v = 1 and 4: (10 + 20/4)/(1 + 1/4) = 12.
    #[test]
    fn a_weight_may_be_the_reciprocal_of_the_variance() {
        let base = Setup::convention(Convention::Swarp, Working::F64);
        let setup = Setup { variances: &[1.0, 4.0, f64::NAN], weigh_by_variance: true, ..base };
        assert_eq!(combine(&samples(&[10.0, 20.0]), &setup), 12.0);
        assert_eq!(combine(&samples(&[10.0, 20.0, 99.0]), &setup), 12.0);
    }
}
