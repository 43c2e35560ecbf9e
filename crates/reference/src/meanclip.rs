//! meanclip: LSST's clipped mean (algorithms.md section 5.14).

use skystack_reject::MeanClip;

use crate::column::Sample;
use crate::moments::{mean, variance_by_mean};
use crate::order::median;
use crate::outcome::{Context, Dropped, Outcome, Pass, Stop, f1};
use crate::spread::sigma_of_iqr;
use crate::sums::sum;

/// Each round tests all valid samples; the last round that ran decides.
pub(crate) fn reject(column: &[Sample], rule: &MeanClip, context: &Context) -> Outcome {
    let (mut kept, mut dropped, mut passes) = (column.to_vec(), Vec::<Dropped>::new(), vec![]);
    let (factors, mut stop) = ([rule.lsigma, rule.hsigma], Stop::MaxIters);
    for round in 1..=rule.rounds as usize {
        if kept.len() < 2 {
            stop = if round == 1 { Stop::NotEnoughSamples } else { Stop::TooFew };
            break;
        }
        let (c, v) = if round == 1 { by_order(&kept, context) } else { by_moments(&kept, context) };
        let pass = Pass::new(c, v.sqrt(), factors, kept.len());
        passes.push(pass);
        if !v.is_finite() || v == 0.0 {
            stop = if v == 0.0 { Stop::ZeroSpread } else { Stop::NotFinite };
            break;
        }
        // What F1 does not drop is kept, whether it was before or not.
        dropped = column.iter().filter_map(|&sample| f1(sample, c, v, factors, round)).collect();
        kept = column.iter().copied().filter(|s| dropped.iter().all(|d| d.sample.frame != s.frame)).collect();
        passes[round - 1] = pass.dropping(&dropped);
    }
    Outcome { dropped, restored: vec![], passes, stop, current: None }
}

/// Round 0 of the text: the median and the interquartile range (F3).
fn by_order(set: &[Sample], context: &Context) -> (f64, f64) {
    let sigma = sigma_of_iqr(set, context.working);
    (median(set, context.working), sigma * sigma)
}

/// The others: mean and variance, weighted where there are weights that do not sum to 0.
fn by_moments(set: &[Sample], context: &Context) -> (f64, f64) {
    let of = |s: Sample| context.facts.weights.map_or(1.0, |weights| weights[s.frame]);
    let total = sum(set, of);
    if context.facts.weights.is_none() || total == 0.0 {
        return (context.working.round(mean(set)), variance_by_mean(set, 1));
    }
    let p = set[0].y;
    let m = p + sum(set, |s| of(s) * (s.y - p)) / total;
    let squares = sum(set, |s| of(s) * ((s.y - m) * (s.y - m))) / total;
    let bias = (total * total) / (total * total - sum(set, |s| of(s) * of(s)));
    (context.working.round(m), squares * bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::Convention;

    fn of(column: &[f64], rule: MeanClip, weights: Option<&[f64]>) -> Pixel {
        let rejections = [rule.into()];
        let base = Setup::convention(Convention::Astropy, Working::F64);
        pixel(column, &Setup { rejections: &rejections, weights, ..base })
    }

    /// 0 1 2 3 4 5 6 20: median 3.5, quartiles at 1.75 and 5.25: σ = 2.59; at 1σ 0.91 … 6.09 stay: 0 and 20 go. Then m = 3.5 of
    /// 1 … 6, V = 17.5/5 = 3.5, σ = 1.87: 1.63 … 5.37. Then m = 3.5 of 2 … 5, V = 5/3, σ = 1.29: 2.21 … 4.79.
    #[test]
    fn three_rounds_by_hand() {
        let column = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 20.0];
        let at = |rounds| of(&column, MeanClip::lsst().lsigma(1.0).hsigma(1.0).rounds(rounds), None);
        assert_eq!([0, 1, 2, 3].map(|rounds| at(rounds).count), [8, 6, 4, 2]);
        let last = at(3);
        assert_eq!((last.low, last.high, last.stop), (3, 3, Stop::MaxIters));
        assert_eq!(last.passes.iter().map(|pass| pass.n).collect::<Vec<_>>(), [8, 6, 4]);
    }

    /// −2.3 −2 −1 0 0 0 0 1 2 2.3: quartiles ∓0.75, σ = 1.11, 2σ = 2.22: ∓2.3 go. Of the others V = 10/7, 2σ = 2.39: they return.
    #[test]
    fn a_dropped_sample_is_tested_again() {
        let column = [-2.3, -2.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.3];
        let first = of(&column, MeanClip::lsst().lsigma(2.0).hsigma(2.0).rounds(1), None);
        let second = of(&column, MeanClip::lsst().lsigma(2.0).hsigma(2.0).rounds(2), None);
        assert_eq!((first.count, second.count), (8, 10));
    }

    /// LSST's 3σ in three rounds, −6 −2 0 1 1 2 3 3 3 7 9. Median 2, quartiles 0.5 and 3, σ = 0.7413·2.5 = 1.853: −3.56 … 7.56. Of nine
    /// m = 18/9, V = 50/8 = 6.25: −5.5 … 9.5, 9 returns. Of ten m = 2.7, V = (167 − 72.9)/9, σ = 3.2335: −7.0 … 12.4, −6 returns, too.
    #[test]
    fn each_round_moves_centre_and_width() {
        let column = [9.0, -2.0, 3.0, 0.0, -6.0, 1.0, 7.0, 2.0, 3.0, 1.0, 3.0];
        let at = |rounds| of(&column, MeanClip::lsst().rounds(rounds), None);
        let without = |left_out: &[f64]| column.map(|y| !left_out.contains(&y)).to_vec();
        assert_eq!([1, 2].map(|rounds| at(rounds).used), [without(&[9.0, -6.0]), without(&[-6.0])]);
        let last = at(3);
        let expected = [(2.0, 0.741301109252801 * 2.5), (2.0, 2.5), (2.7, ((167.0 - 72.9) / 9.0f64).sqrt())];
        for (pass, (c, sigma)) in last.passes.iter().zip(expected) {
            assert!((pass.center - c).abs() < 1e-14 && (pass.sigma - sigma).abs() < 1e-14, "{pass:?}");
        }
        assert_eq!((last.nrej, last.passes.len(), last.stop), (0, 3, Stop::MaxIters));
    }

    /// −3 −3 0 3 3: IQR = 6. The mean is 0, V = 36/4 = 9: ∓3 lie at 1σ exactly. At 0.99 one sample is left, and its set stays.
    #[test]
    fn equality_keeps_and_a_lone_sample_ends_it() {
        let column = [-3.0, 3.0, 0.0, -3.0, 3.0];
        let both = |k| of(&column, MeanClip::lsst().lsigma(k).hsigma(k), None);
        assert_eq!((both(1.0).nrej, both(1.0).stop), (0, Stop::MaxIters));
        let one = both(0.99);
        assert_eq!((one.used, one.low, one.high), (vec![false, false, true, false, false], 2, 2));
        assert_eq!((one.passes.len(), one.stop), (2, Stop::TooFew));
    }

    /// 0 5 5 20: IQR = 5, at 1σ the ends go; of 5 5 V = 0: they stay.
    #[test]
    fn equal_survivors_end_it() {
        let answer = of(&[0.0, 5.0, 20.0, 5.0], MeanClip::lsst().lsigma(1.0).hsigma(1.0), None);
        assert_eq!((answer.used, answer.stop), (vec![false, true, false, true], Stop::ZeroSpread));
    }

    /// f32: σ of 0 0 1, 0.7413·0.5, and in round 2 the centre 1/3 are rounded.
    #[test]
    fn width_of_the_first_round_and_centres_are_values_of_the_working_type() {
        let rejections = [MeanClip::lsst().into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Lsst, Working::F32) };
        let passes = pixel(&[0.0, 1.0, 0.0], &setup).passes;
        assert_eq!(passes[0].sigma, f64::from((0.741301109252801f64 * 0.5) as f32));
        assert_eq!(passes[1].center, f64::from((1.0f64 / 3.0) as f32));
    }

    /// Half of the samples equal: IQR = 0, nothing is dropped.
    #[test]
    fn zero_spread_and_too_few_keep_the_set() {
        let zero = of(&[0.0, 0.0, 0.0, 0.0, 90.0], MeanClip::lsst(), None);
        assert_eq!((zero.nrej, zero.stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&[4.0], MeanClip::lsst(), None).stop, Stop::NotEnoughSamples);
    }

    /// 0 1 2 3 with weight 1 and another 3 with weight 0: m = 1.5, V = (5/4)·(16/(16 − 4)).
    #[test]
    fn weights_weigh_mean_and_variance() {
        let column = [0.0, 1.0, 2.0, 3.0, 3.0];
        let rule = MeanClip::lsst().rounds(2);
        let weighted = of(&column, rule, Some(&[1.0, 1.0, 1.0, 1.0, 0.0]));
        assert_eq!(
            (weighted.passes[1].center, weighted.passes[1].sigma),
            (1.5, (1.25f64 * (16.0 / 12.0)).sqrt())
        );
        let plain = of(&column, rule, Some(&[0.0; 5]));
        assert_eq!(plain.passes[1], of(&column, rule, None).passes[1]);
        // One sample with a weight: its variance is undefined.
        let one = of(&column, rule, Some(&[1.0, 0.0, 0.0, 0.0, 0.0]));
        assert_eq!((one.nrej, one.stop), (0, Stop::NotFinite));
    }

    /// 0 0 4 10 10 at 1σ. Weights 1 1 2 3 3: m = 6.8, V = (92.48 + 15.68 + 61.44)/10·100/76 = 22.3: 2.1 … 11.5. None: m = 4.8,
    /// V = 100.8/4 = 25.2: −0.2 … 9.8.
    #[test]
    fn weights_decide_who_goes() {
        let rule = MeanClip::lsst().lsigma(1.0).hsigma(1.0).rounds(2);
        let used = |weights| of(&[0.0, 0.0, 4.0, 10.0, 10.0], rule, weights).used;
        assert_eq!(used(Some(&[1.0, 1.0, 2.0, 3.0, 3.0])), [false, false, true, true, true]);
        assert_eq!(used(None), [true, true, true, false, false]);
    }
}
