//! sigclip (algorithms.md sections 5.4 and 5.0.5). With `spread = mad` it is madclip.

use skystack_reject::{SigClip, Spread, ZeroSpread};

use crate::Stop;
use crate::clipping::{Limits, Measured, Style, clip};
use crate::column::Sample;
use crate::outcome::{Context, Outcome};
use crate::spread::{center, variance};
use crate::sums::sum;

/// Drops what F1 drops, pass after pass, then restores.
pub(crate) fn reject(column: &[Sample], rule: &SigClip, context: &Context) -> Outcome {
    let mut previous = None;
    clip(column, &limits(rule), context, |survivors, pass| {
        let measured = measure(survivors, rule, pass, previous, context);
        previous = Some(measured.sigma);
        measured
    })
}

fn limits(rule: &SigClip) -> Limits {
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

/// Centre and variance of a pass; `previous` is the σ of the pass before.
fn measure(
    survivors: &[Sample],
    rule: &SigClip,
    pass: usize,
    previous: Option<f64>,
    context: &Context,
) -> Measured {
    let c = center(survivors, rule, pass, context.working);
    // F4: for std only.
    if rule.spread == Spread::Std && survivors.len() <= rule.ddof as usize {
        let stop = if pass == 1 { Stop::NotEnoughSamples } else { Stop::TooFew };
        return Measured::common(c, f64::NAN, survivors).stopping(stop);
    }
    let corrects = context.facts.corrects_scales(rule.sigscale);
    let v = match corrects {
        true => corrected_variance(survivors, c, rule, context),
        false => variance(survivors, c, rule, pass, context.working),
    };
    let measured = Measured::common(c, v, survivors);
    if measured.stop.is_some() {
        return measured;
    }
    if v == 0.0 && rule.zero_spread == ZeroSpread::Stop {
        return measured.stopping(Stop::ZeroSpread);
    }
    if is_within_tolerance(rule, previous, v.sqrt()) {
        return measured.stopping(Stop::Converged);
    }
    if corrects {
        let variances = survivors.iter().map(|s| v * context.level_in(s.frame, c)).collect();
        return Measured { variances, ..measured };
    }
    measured
}

/// 5.0.5: V = SUM((y−c)²/r²)/(n−ddof) with r² = max(1, (c+z)/s).
fn corrected_variance(survivors: &[Sample], c: f64, rule: &SigClip, context: &Context) -> f64 {
    let squares = sum(survivors, |s| ((s.y - c) * (s.y - c)) / context.level_in(s.frame, c));
    squares / (survivors.len() as f64 - f64::from(rule.ddof))
}

/// gnuastro: (σ_prev − σ)/σ < tolerance, from the second pass on.
fn is_within_tolerance(rule: &SigClip, previous: Option<f64>, sigma: f64) -> bool {
    match (rule.tolerance, previous) {
        (Some(tolerance), Some(previous)) => (previous - sigma) / sigma < tolerance,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::{Center, Convention};

    fn clip(column: &[f64], clip: SigClip) -> Pixel {
        let mut setup = Setup::convention(Convention::Astropy, Working::F64);
        let rejections = [clip.into()];
        setup.rejections = &rejections;
        pixel(column, &setup)
    }

    fn both(clip: SigClip, factor: f64) -> SigClip {
        clip.lsigma(factor).hsigma(factor)
    }

    fn used(pixel: &Pixel) -> Vec<usize> {
        (0..pixel.used.len()).filter(|&frame| pixel.used[frame]).collect()
    }

    const STEPS: [f64; 8] = [0.0, 0.0, 0.0, 100.0, 0.0, 4.0, 0.0, 0.0];

    /// 0 0 0 0 4: c = 0, V = 16/4 = 4, so 4 lies at 2σ exactly.
    #[test]
    fn equality_survives() {
        let column = [0.0, 0.0, 4.0, 0.0, 0.0];
        assert_eq!(clip(&column, both(SigClip::iraf(), 2.0)).nrej, 0);
        let beyond = clip(&column, both(SigClip::iraf(), 1.99));
        assert_eq!((used(&beyond), beyond.low, beyond.high), (vec![0, 1, 3, 4], 0, 1));
    }

    /// k = 1.5. Pass 1: V = 10016/7 = 1430.9, 2.25 V = 3219: 100 goes. Pass 2: V = 16/6, 2.25 V = 6: 4 goes. Pass 3: V = 0.
    #[test]
    fn each_pass_recomputes_from_the_survivors() {
        let answer = clip(&STEPS, both(SigClip::iraf(), 1.5));
        assert_eq!((used(&answer), answer.stop), (vec![0, 1, 2, 4, 6, 7], Stop::ZeroSpread));
        let passes: Vec<_> = answer.passes.iter().map(|pass| (pass.n, pass.high, pass.sigma)).collect();
        assert_eq!(passes, [(8, 1, (10016.0 / 7.0f64).sqrt()), (7, 1, (16.0 / 6.0f64).sqrt()), (6, 0, 0.0)]);
    }

    #[test]
    fn maxiters_counts_passes() {
        let after = |rounds| clip(&STEPS, both(SigClip::iraf(), 1.5).maxiters(Some(rounds)));
        assert_eq!([0, 1, 2].map(|rounds| after(rounds).nrej), [0, 1, 2]);
        assert_eq!((after(1).stop, after(1).passes.len()), (Stop::MaxIters, 1));
    }

    /// −100 in place of 100: with lsigma = ∞ it stays and hides the 4.
    #[test]
    fn an_infinite_factor_switches_its_side_off() {
        let mut column = STEPS;
        column[3] = -100.0;
        assert_eq!(clip(&column, both(SigClip::iraf(), 1.5)).low, 1);
        let answer = clip(&column, SigClip::iraf().lsigma(f64::INFINITY).hsigma(1.5));
        assert_eq!(
            (answer.nrej, answer.stop, answer.passes[0].lower),
            (0, Stop::Converged, f64::NEG_INFINITY)
        );
    }

    #[test]
    fn a_column_below_the_minimum_is_left_alone() {
        let two = clip(&[0.0, 9.0], both(SigClip::iraf(), 0.1));
        assert_eq!((two.nrej, two.stop, two.passes.len()), (0, Stop::NotEnoughSamples, 0));
        // n ≤ ddof (F4) is asked of a standard deviation only.
        let one = clip(&[7.0], SigClip::astropy().ddof(1));
        assert_eq!(
            (one.stop, one.passes[0].center, one.passes[0].sigma.is_nan()),
            (Stop::NotEnoughSamples, 7.0, true)
        );
        assert_eq!(clip(&[f64::NAN], SigClip::astropy()).stop, Stop::NotEnoughSamples);
    }

    /// About the mean, ddof 0. Pass 1: Q = 10016 − 104²/8 = 8664, σ = 32.9: at 2σ 100 goes. Pass 2: Q = 16 − 16/7, σ = 1.3997:
    /// (32.9 − 1.4)/1.4 = 22.5. A tolerance of 30 stops before the test, one of 20 does not: then 16 > 4·1.959.
    #[test]
    fn tolerance_stops_before_the_test() {
        let of = |tolerance| clip(&STEPS, both(SigClip::gnuastro(), 2.0).tolerance(tolerance));
        assert_eq!((of(30.0).nrej, of(30.0).passes.len(), of(30.0).stop), (1, 2, Stop::Converged));
        assert_eq!(of(20.0).nrej, 2);
    }

    /// About the centre, ddof 0, k = 2. Pass 1: V = 10016/8, 4 V = 5008: 100 goes. Pass 2: V = 16/7, 4 V = 9.1: 4 would go,
    /// but 6 < nkeep = 7.
    #[test]
    fn rollback_undoes_exactly_the_last_pass() {
        let answer = clip(&STEPS, both(SigClip::imcombiners(), 2.0).nkeep(7));
        assert_eq!((answer.count, answer.restored, answer.stop), (7, 1, Stop::Nkeep));
        assert!(answer.used[5] && !answer.used[3]);
        let passes: Vec<_> = answer.passes.iter().map(|pass| (pass.high, pass.undone)).collect();
        assert_eq!(passes, [(1, false), (1, true)]);
    }

    /// N = 9 with one missing: after pass 1 N − n = 2 > maxrej = 1, although one sample was rejected.
    #[test]
    fn rollback_counts_missing_samples_against_maxrej() {
        let rule = both(SigClip::imcombiners(), 2.0).maxrej(1);
        assert_eq!(clip(&STEPS, rule).nrej, 1);
        let mut column = STEPS.to_vec();
        column.push(f64::NAN);
        assert_eq!((clip(&column, rule).nrej, clip(&column, rule).restored), (0, 1));
    }

    /// nkeep = 7: a pass needs 8. Pass 1 leaves 7, no second one.
    #[test]
    fn nearest_does_not_start_a_pass_that_could_go_below_k() {
        let answer = clip(&STEPS, both(SigClip::iraf(), 1.5).nkeep(7));
        assert_eq!((answer.count, answer.restored, answer.stop), (7, 0, Stop::Nkeep));
    }

    /// 0 seven times, 10, 11: c = 0, V = 221/8 = 27.6; at 1σ both go; K = 8: the nearer one, 10, comes back.
    #[test]
    fn nearest_restores_the_least_deviant() {
        let column = [0.0, 11.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0];
        let answer = clip(&column, both(SigClip::iraf(), 1.0).nkeep(8));
        assert_eq!((answer.used[1], answer.used[4], answer.restored), (false, true, 1));
        assert_eq!(clip(&column, both(SigClip::iraf(), 1.0).maxrej(1)), answer);
        // The same by the mean-centre rule: c = 10/7, and 10 is nearer than 11.
        let mean = clip(&column, both(SigClip::iraf().center(Center::Mean), 1.0).nkeep(8));
        assert_eq!((mean.used, mean.restored), (answer.used, 1));
    }

    #[test]
    fn equal_residuals_come_back_together() {
        let column = [-10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0];
        assert_eq!(clip(&column, both(SigClip::iraf(), 1.0).nkeep(8)).count, 9);
        assert_eq!(clip(&column, both(SigClip::iraf().center(Center::Mean), 1.0).nkeep(8)).count, 9);
    }

    /// 0 0 10 10: c = 5, V = 100/3; at 0.5σ all four go, l = 3, h = 2. K = 1: r = res(2) = s = res(3): h = 3, l = 2, and since
    /// h < guard = 4 and res(4) is equal, h = 4. Rank 1 stays out: the listing is not symmetric.
    #[test]
    fn the_listing_is_followed_where_nothing_was_left() {
        let answer = clip(&[0.0, 0.0, 10.0, 10.0], both(SigClip::iraf(), 0.5));
        assert_eq!((used(&answer), answer.low, answer.high), (vec![1, 2, 3], 1, 0));
        let none = clip(&[0.0, 0.0, 10.0, 10.0], both(SigClip::iraf(), 0.5).nkeep(0));
        assert_eq!((none.count, none.low, none.high, none.stop), (0, 2, 2, Stop::TooFew));
        assert!(none.value.is_nan());
    }

    /// Infinite: the squares of ±1e300 overflow. NaN: about the median 1e300, S2 and S1² both do.
    #[test]
    fn an_overflowing_variance_rejects_nothing() {
        for column in [&[-1e300, 0.0, 1e300, 1.0][..], &[1e300, -1e300, 1e300][..]] {
            let answer = clip(column, both(SigClip::astropy(), 0.1));
            assert_eq!((answer.nrej, answer.stop), (0, Stop::NotFinite));
        }
    }

    /// The centre of 1 1 1+u 1+u, u = 2⁻²³, is 1 + u/2: in f32 a tie, to even.
    #[test]
    fn the_centre_is_a_value_of_the_working_type() {
        let u = 2f64.powi(-23);
        let mut setup = Setup::convention(Convention::Iraf, Working::F32);
        let rejections = [SigClip::iraf().into()];
        setup.rejections = &rejections;
        let column = [1.0, 1.0, 1.0 + u, 1.0 + u];
        assert_eq!(pixel(&column, &setup).passes[0].center, 1.0);
        assert_eq!(clip(&column, SigClip::iraf()).passes[0].center, 1.0 + u / 2.0);
    }
}
