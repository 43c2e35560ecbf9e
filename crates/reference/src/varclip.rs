//! varclip: each sample carries its own variance (algorithms.md section 5.15).

use skystack_reject::{Center, Restore, VarClip, VarRule};

use crate::clipping::{Limits, Measured, Style, clip};
use crate::column::Sample;
use crate::moments::mean;
use crate::order::{by_rank, median};
use crate::outcome::{Context, Dropped, Outcome, Side, Stop};

/// Drops what its own variance does not explain.
pub(crate) fn reject(column: &[Sample], rule: &VarClip, context: &Context) -> Outcome {
    match rule.rule {
        VarRule::Dragons => clip(column, &limits(rule), context, |survivors, pass| {
            let c = match rule.center {
                Center::Mean if pass > 1 => context.working.round(mean(survivors)),
                _ => median(survivors, context.working),
            };
            Measured::each(c, survivors, |sample| context.variance(sample.frame))
        }),
        VarRule::Swarp { ampfrac } => {
            let dropped = match column.len() {
                0 | 1 => vec![],
                2 => of_two(column, rule.lsigma, ampfrac, context),
                _ => of_many(column, rule.lsigma, ampfrac, context),
            };
            Outcome { dropped, restored: vec![], passes: vec![], stop: Stop::SinglePass, current: None }
        }
    }
}

fn limits(rule: &VarClip) -> Limits {
    Limits {
        lsigma: rule.lsigma,
        hsigma: rule.hsigma,
        maxiters: rule.maxiters,
        minclip: 1,
        nkeep: rule.nkeep,
        maxrej: rule.maxrej,
        restore: Restore::Nearest,
        style: Style::All,
    }
}

/// swarp, n = 2: both stay or neither.
fn of_two(column: &[Sample], kappa: f64, ampfrac: f64, context: &Context) -> Vec<Dropped> {
    let ranked = by_rank(column);
    let (a, b) = (column[0], column[1]);
    let f = (a.y + b.y).abs() * 0.5;
    let (va, vb) = (context.variance(a.frame), context.variance(b.frame));
    let (ga, gb) = (context.facts.noise(a.frame).gain, context.facts.noise(b.frame).gain);
    let noise = ((va + vb) + f * (1.0 / ga + 1.0 / gb)).sqrt();
    if (a.y - b.y).abs() > kappa * noise + ampfrac * f {
        return vec![dropped(ranked[0], Side::Low), dropped(ranked[1], Side::High)];
    }
    vec![]
}

/// swarp, n ≥ 3: |y − μ| ≤ κ·√(v + |μ|/g) + A·|μ| stays.
fn of_many(column: &[Sample], kappa: f64, ampfrac: f64, context: &Context) -> Vec<Dropped> {
    let mu = median(column, context.working);
    let goes = |s: &Sample| {
        let noise = context.variance(s.frame) + mu.abs() / context.facts.noise(s.frame).gain;
        (s.y - mu).abs() > kappa * noise.sqrt() + ampfrac * mu.abs()
    };
    let side = |s: &Sample| if s.y < mu { Side::Low } else { Side::High };
    column.iter().filter(|s| goes(s)).map(|s| dropped(*s, side(s))).collect()
}

fn dropped(sample: Sample, side: Side) -> Dropped {
    Dropped { sample, side, pass: 1, residual: f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::{Convention, Noise, Scaling};

    fn of(column: &[f64], variances: &[f64], rule: VarClip) -> Pixel {
        let rejections = [rule.into()];
        let base = Setup::convention(Convention::Astropy, Working::F64);
        pixel(column, &Setup { rejections: &rejections, variances, ..base })
    }

    /// c = 10: 16 with v = 4 is at 3σ and stays, 17 goes; 17 with v = 9 stays. All are tested, so 17 goes from behind it.
    #[test]
    fn each_sample_has_its_own_limit() {
        let column = [10.0, 10.0, 10.0, 16.0, 17.0, 17.0, 10.0];
        let answer = of(&column, &[4.0, 4.0, 4.0, 4.0, 4.0, 9.0, 4.0], VarClip::dragons());
        assert_eq!(answer.used, [true, true, true, true, false, true, true]);
    }

    /// Pass 1 about the median 0 drops 30; pass 2 about the mean 1.5 of 0 0 0 6 drops 6 (4.5 > 4) and nothing at −1.5.
    #[test]
    fn the_first_pass_is_about_the_median() {
        let column = [0.0, 0.0, 0.0, 6.0, 30.0];
        let v = [4.0, 4.0, 4.0, 2.25, 4.0];
        let rule = VarClip::dragons().center(Center::Mean);
        let answer = of(&column, &v, rule.lsigma(2.9).hsigma(2.9).maxiters(Some(2)));
        let centers: Vec<_> = answer.passes.iter().map(|pass| pass.center).collect();
        assert_eq!((centers, answer.count), (vec![0.0, 0.0], 3));
        let wider = of(&column, &v, rule.hsigma(4.1));
        let centers: Vec<_> = wider.passes.iter().map(|pass| pass.center).collect();
        assert_eq!((centers, wider.count), (vec![0.0, 1.5], 4));
    }

    /// At 2σ, about the median. 1 3 4 5 9 12 13 13: c = 7; 1 is 6 from it (v = 1), 13 6 (v = 4 and 1), 3 4 (v = 4, on its limit). Of
    /// 3 4 5 9 12: c = 5; 12 is 7 from it (v = 9), 9 4 (v = 4). Of 3 4 5 9: c = 4.5; 9 is 4.5 from it. Of 3 4 5: nothing goes.
    #[test]
    fn four_passes_about_the_median_by_hand() {
        let column = [13.0, 9.0, 5.0, 3.0, 4.0, 12.0, 1.0, 13.0];
        let v = [4.0, 4.0, 4.0, 4.0, 9.0, 9.0, 1.0, 1.0];
        let rule = VarClip::dragons().lsigma(2.0).hsigma(2.0);
        let answer = of(&column, &v, rule);
        assert_eq!(answer.used, [false, false, true, true, true, false, false, false]);
        let passes: Vec<_> = answer.passes.iter().map(|p| (p.center, p.n, p.low, p.high)).collect();
        assert_eq!(passes, [(7.0, 8, 1, 2), (5.0, 5, 0, 1), (4.5, 4, 0, 1), (4.0, 3, 0, 0)]);
        assert_eq!((answer.stop, of(&column, &v, rule.maxiters(Some(2))).nrej), (Stop::Converged, 4));
        // Without a high side: c = 7: 1 goes; c = 9: 3 (6 > 4), and 5 on its limit not; c = 10.5: 5 and 4; c = 12.5: nothing.
        let low = of(&column, &v, rule.hsigma(f64::INFINITY));
        assert_eq!(low.used, [true, true, false, false, false, true, false, true]);
    }

    /// At 2σ. Median 9 of 3 4 5 8 10 10 13 19: 19 (v = 9) and 4 (v = 4) go; 3 (v = 9), 5 and 13 (v = 4) are on their limits. Mean 49/6
    /// of 3 5 8 10 10 13: 13 goes. Mean 36/5 of 3 5 8 10 10: both 10 (v = 1) go. Mean 16/3 of 3 5 8: nothing.
    #[test]
    fn four_passes_about_the_mean_by_hand() {
        let column = [8.0, 19.0, 5.0, 10.0, 3.0, 4.0, 13.0, 10.0];
        let v = [4.0, 9.0, 4.0, 1.0, 9.0, 4.0, 4.0, 1.0];
        let answer = of(&column, &v, VarClip::dragons().lsigma(2.0).hsigma(2.0).center(Center::Mean));
        assert_eq!(answer.used, [true, false, true, false, true, false, false, false]);
        let passes: Vec<_> = answer.passes.iter().map(|p| (p.n, p.low, p.high)).collect();
        assert_eq!(passes, [(8, 1, 1), (6, 0, 1), (5, 0, 2), (3, 0, 0)]);
        for (pass, c) in answer.passes.iter().zip([9.0, 49.0 / 6.0, 7.2, 16.0 / 3.0]) {
            assert!((pass.center - c).abs() < 1e-14, "{pass:?}");
        }
    }

    /// At 1σ all but one of 0 10 20 go … median 10: 0 and 20 with residuals 10 and 5: K = 2 brings 20 back.
    #[test]
    fn nkeep_brings_the_least_deviant_back() {
        let answer = of(&[0.0, 10.0, 20.0], &[1.0, 1.0, 4.0], VarClip::dragons().nkeep(2));
        assert_eq!((answer.used, answer.restored), (vec![false, true, true], 1));
    }

    /// κ = 4, A = 0.3, g = 1. Two: f = 100: 4·√(100 + 100 + 200) + 30 = 110. Three and more: μ = 100: 4·√(100+100) + 30 = 86.57.
    #[test]
    fn swarp_by_hand() {
        let count = |column: &[f64]| of(column, &[100.0; 5][..column.len()], VarClip::swarp()).count;
        assert_eq!(count(&[45.0, 155.0]), 2);
        assert_eq!(count(&[44.9, 155.1]), 0);
        assert_eq!(count(&[500.0]), 1);
        assert_eq!(count(&[100.0, 100.0, 186.5, 100.0]), 4);
        assert_eq!(count(&[100.0, 100.0, 186.6, 13.4, 100.0]), 3);
    }

    #[test]
    fn swarp_knows_the_gain() {
        let rejections = [VarClip::swarp().into()];
        let base = Setup::convention(Convention::Swarp, Working::F64);
        let noise = [Noise { gain: 100.0, ..Noise::default() }];
        let setup = Setup { rejections: &rejections, variances: &[100.0; 3], noise: &noise, ..base };
        // 4·√(100 + 1) + 30 = 70.2.
        assert_eq!(pixel(&[100.0, 100.0, 170.1], &setup).count, 3);
        assert_eq!(pixel(&[100.0, 100.0, 170.3], &setup).count, 2);
    }

    /// v of a frame that is multiplied by 3 is multiplied by 9.
    #[test]
    fn variances_are_scaled_with_their_samples() {
        let scalings = [Scaling::NONE, Scaling::NONE, Scaling { multiply: 3.0, add: 1.0 }];
        let rejections = [VarClip::dragons().into()];
        let base = Setup::convention(Convention::Astropy, Working::F64);
        let setup = Setup { rejections: &rejections, variances: &[1.0; 3], scalings: &scalings, ..base };
        assert_eq!(pixel(&[1.0, 1.0, 3.0], &setup).nrej, 0);
        assert_eq!(pixel(&[1.0, 1.0, 3.1], &setup).high, 1);
    }

    #[test]
    fn a_sample_without_a_variance_is_missing() {
        let column = [1.0, 2.0, 3.0, 4.0, 50.0];
        let v = [1.0, 0.0, -1.0, f64::INFINITY, f64::NAN];
        let answer = of(&column, &v, VarClip::dragons());
        assert_eq!((answer.count, answer.nmiss), (1, 4));
    }
}
