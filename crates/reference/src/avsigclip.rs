//! avsigclip: one noise constant for a row (algorithms.md section 5.5).

use skystack_reject::{AvSigClip, Center, Pool, Rejection, Restore, Trim};

use crate::clipping::{Limits, Measured, Style, clip};
use crate::column::{self, Sample};
use crate::order::median;
use crate::outcome::{Context, Outcome, Stop};
use crate::spread::mean_center;
use crate::sums::sum;
use crate::{Setup, trace};

/// MINCLIP.
const MINCLIP: usize = 3;

/// Stage 2: drops what is beyond k·√(S²·level), pass after pass, then restores.
pub(crate) fn reject(column: &[Sample], rule: &AvSigClip, context: &Context) -> Outcome {
    let s2 = match rule.pool {
        Pool::Row => context.pooled,
        Pool::Pixel => scatter(column, rule, context).map_or(0.0, |q| q / (column.len() as f64 - 1.0)),
    };
    clip(column, &limits(rule), context, |survivors, pass| {
        let c = center(survivors, rule, pass, context);
        let v = s2 * c.max(1.0);
        let common = Measured::common(c, v, survivors);
        if !s2.is_finite() || s2 == 0.0 {
            let stop = if s2 == 0.0 { Stop::ZeroSpread } else { Stop::NotFinite };
            return common.stopping(stop);
        }
        if !context.facts.corrects_scales(rule.sigscale) {
            return common;
        }
        Measured::each(c, survivors, |s| s2 * context.level_in(s.frame, c))
    })
}

fn limits(rule: &AvSigClip) -> Limits {
    Limits {
        lsigma: rule.lsigma,
        hsigma: rule.hsigma,
        maxiters: None,
        minclip: MINCLIP as u32,
        nkeep: rule.nkeep,
        maxrej: rule.maxrej,
        restore: Restore::Nearest,
        style: Style::about(rule.center),
    }
}

/// The median, or the mean: in pass 1, and so in stage 1, without rank 1 and rank n.
fn center(set: &[Sample], rule: &AvSigClip, pass: usize, context: &Context) -> f64 {
    match rule.center {
        Center::Mean => mean_center(set, Trim::First, pass, context.working),
        _ => median(set, context.working),
    }
}

/// Stage 1 of one pixel: q of n₀ ≥ 3 samples.
fn scatter(column: &[Sample], rule: &AvSigClip, context: &Context) -> Option<f64> {
    if column.len() < MINCLIP {
        return None;
    }
    let c = center(column, rule, 1, context);
    let square = |s: Sample| (s.y - c) * (s.y - c);
    Some(match context.facts.corrects_scales(rule.sigscale) {
        true => sum(column, |s| square(s) / context.level_in(s.frame, c)),
        false => sum(column, square) / c.max(1.0),
    })
}

/// Stage 1 of avsigclip: S² of an output row, to be put into [`Setup::pooled`].
///
/// `columns[x]` are the samples of the pixel x of the row, as [`pixel`](crate::pixel()) takes them, all pixels of the row.
/// The rejections that `setup` has before its avsigclip are carried out first. Without an avsigclip it is 0.
///
/// ```
/// use skystack_reference::{Setup, Working, pooled};
/// use skystack_reject::{AvSigClip, Convention};
/// let mut setup = Setup::convention(Convention::Iraf, Working::F64);
/// let rejections = [AvSigClip::iraf().into()];
/// setup.rejections = &rejections;
/// // Medians 4 and 9: (1 + 0 + 4)/4 + (9 + 0 + 0)/9 = 2.25, of 6 samples.
/// assert_eq!(pooled(&[vec![3.0, 4.0, 6.0], vec![6.0, 9.0, 9.0]], &setup), 2.25 / 5.0);
/// ```
///
/// # Panics
/// As [`pixel`](crate::pixel()).
pub fn pooled(columns: &[Vec<f64>], setup: &Setup) -> f64 {
    let terms: Vec<Term> = columns.iter().map(|samples| term(samples, setup)).collect();
    pool(&terms)
}

/// q and n₀ of a pixel, if it takes part.
pub(crate) type Term = Option<(f64, usize)>;

/// Stage 1 of one pixel, of what the rejections before the avsigclip leave.
pub(crate) fn term(samples: &[f64], setup: &Setup) -> Term {
    let is_avsigclip = |rejection: &Rejection| matches!(rejection, Rejection::AvSigClip(_));
    let at = setup.rejections.iter().position(is_avsigclip)?;
    let Rejection::AvSigClip(rule) = &setup.rejections[at] else { return None };
    let before = Setup { rejections: &setup.rejections[..at], ..*setup };
    let variances = column::variances(samples, &before);
    let context = before.context(samples.len(), &variances);
    let column = trace::survivors(samples, &before, &context);
    scatter(&column, rule, &context).map(|q| (q, column.len()))
}

/// S² of a row.
pub(crate) fn pool(terms: &[Term]) -> f64 {
    // E6: chunks of 64 by x, one term a pixel.
    let chunk = |chunk: &[Term]| chunk.iter().flatten().fold(0.0, |total, (q, _)| total + q);
    let total = terms.chunks(64).map(chunk).fold(0.0, |total, chunk| total + chunk);
    let count: usize = terms.iter().flatten().map(|(_, n)| n).sum();
    if count <= 1 { 0.0 } else { total / (count as f64 - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Working, pixel};
    use skystack_reject::{Convention, Scaling};

    fn setup(rejections: &[Rejection]) -> Setup<'_> {
        Setup { rejections, ..Setup::convention(Convention::Astropy, Working::F64) }
    }

    fn of(column: &[f64], rule: AvSigClip, s2: f64, scalings: &[Scaling]) -> Pixel {
        let rejections = [rule.into()];
        pixel(column, &Setup { pooled: s2, scalings, ..setup(&rejections) })
    }

    /// Median 4, S² = 1: V = 4. 9 is at 2.5σ, 8 at 2σ.
    #[test]
    fn the_noise_is_that_of_the_row_at_the_level_of_the_pixel() {
        let column = [4.0, 4.0, 9.0, 4.0, 0.0];
        let rule = AvSigClip::iraf().lsigma(2.0).hsigma(2.0);
        assert_eq!(of(&column, rule, 1.0, &[]).used, [true, true, false, true, true]);
        assert_eq!(of(&column, rule.hsigma(2.5), 1.0, &[]).nrej, 0);
        // Below 1 the level is 1: 0 0 0 3, V = 1.
        assert_eq!(of(&[0.0, 0.0, 0.0, 3.0], rule, 1.0, &[]).high, 1);
    }

    #[test]
    fn without_scatter_nothing_is_rejected() {
        let column = [4.0, 4.0, 9.0, 4.0];
        let none = of(&column, AvSigClip::iraf(), 0.0, &[]);
        assert_eq!((none.nrej, none.stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&column, AvSigClip::iraf(), f64::INFINITY, &[]).stop, Stop::NotFinite);
        assert_eq!(of(&[1.0, 50.0], AvSigClip::iraf(), 1.0, &[]).stop, Stop::NotEnoughSamples);
    }

    /// Trimmed mean of 1 2 3 100 is 2.5 in pass 1; V = 2.5: 100 goes. Pass 2: plain mean 2 of 1 2 3: nothing goes.
    #[test]
    fn the_first_mean_is_trimmed() {
        let answer = of(&[1.0, 2.0, 3.0, 100.0], AvSigClip::iraf().center(Center::Mean), 1.0, &[]);
        let centers: Vec<_> = answer.passes.iter().map(|pass| pass.center).collect();
        assert_eq!((centers, answer.high), (vec![2.5, 2.0], 1));
    }

    /// c = 4. Frame 2 has s = 0.5, z = 1: level (4+1)/0.5 = 10: 8 is at 4/√10 = 1.26σ, with level 4 it would be at 2σ.
    /// Frame 3: s = 2, z = 0: level 2: 1 is at 3/√2 = 2.1σ.
    #[test]
    fn scales_correct_the_level_of_each_frame() {
        let scalings = [
            Scaling::NONE,
            Scaling::NONE,
            Scaling { multiply: 2.0, add: -1.0 },
            Scaling { multiply: 0.5, add: 0.0 },
            Scaling::NONE,
        ];
        // Scaled: 4 4 8 1 4.
        let column = [4.0, 4.0, 4.5, 2.0, 4.0];
        let rule = AvSigClip::iraf().lsigma(1.9).hsigma(1.9);
        assert_eq!(of(&column, rule, 1.0, &scalings).used, [true, true, true, false, true]);
        assert_eq!(of(&column, rule.sigscale(0.0), 1.0, &scalings).used, [true, true, false, true, true]);
        // Stage 1: (8−4)²/10 + (1−4)²/2 = 6.1, of 5 samples.
        let rejections = [rule.into()];
        let corrected = Setup { scalings: &scalings, ..setup(&rejections) };
        assert_eq!(pooled(&[column.to_vec()], &corrected), (16.0 / 10.0 + 9.0 / 2.0) / 4.0);
    }

    /// Median 4, q = (1 + 0 + 9)/4 = 2.5, S² = 1.25, V = 5: 7 is at 1.34σ.
    #[test]
    fn pixinsight_pools_over_the_pixel() {
        let rule = AvSigClip::pixinsight();
        assert_eq!(of(&[3.0, 4.0, 7.0], rule.hsigma(1.35), f64::NAN, &[]).nrej, 0);
        assert_eq!(of(&[3.0, 4.0, 7.0], rule.hsigma(1.34), f64::NAN, &[]).high, 1);
    }

    /// 65 pixels of scatter u = 2⁻⁵³·…: q = 1 in pixel 0, u in the others: one by one each u is lost, the last chunk keeps its.
    #[test]
    fn rows_are_summed_in_chunks() {
        let rejections = [AvSigClip::iraf().into()];
        let setup = setup(&rejections);
        let small = 2f64.powf(-27.0);
        // q = (small)² = 2⁻⁵⁴ a pixel: level 1, median 0.
        let mut row = vec![vec![0.0, 0.0, small]; 128];
        row[0] = vec![0.0, 0.0, 1.0];
        let total = 1.0 + 64.0 * 2f64.powi(-54);
        assert!(total > 1.0);
        assert_eq!(pooled(&row, &setup), total / (3.0 * 128.0 - 1.0));
    }

    /// A pixel of two samples, and one whose third is missing, do not take part.
    #[test]
    fn short_columns_do_not_take_part() {
        let rejections = [AvSigClip::iraf().into()];
        let row = [vec![0.0, f64::NAN, 90.0], vec![3.0, 4.0, 6.0]];
        assert_eq!(pooled(&row, &setup(&rejections)), 1.25 / 2.0);
        assert_eq!(pooled(&row[..1], &setup(&rejections)), 0.0);
    }

    /// minmax takes 100 away before the scatter is looked at.
    #[test]
    fn rejections_before_it_come_first() {
        let rejections = [skystack_reject::MinMax::new(0.0, 1.0).into(), AvSigClip::iraf().into()];
        assert_eq!(pooled(&[vec![3.0, 4.0, 6.0, 100.0]], &setup(&rejections)), 1.25 / 2.0);
    }
}
