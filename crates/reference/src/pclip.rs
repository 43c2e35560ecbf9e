//! pclip: IRAF's percentile clip (algorithms.md section 5.8).

use skystack_reject::{PClip, PClipRule};

use crate::Working;
use crate::column::Sample;
use crate::one_pass::{self, OnePass};
use crate::order::{by_rank, median};
use crate::outcome::{Context, Outcome, Pass, Side, Stop};
use crate::restore::must_keep;

/// Fewest samples that are looked at.
const MINCLIP: usize = 3;

/// Drops what is lsigma·σ below or hsigma·σ above the median, or more, σ the distance of one rank from the median.
pub(crate) fn reject(column: &[Sample], pclip: &PClip, context: &Context) -> Outcome {
    let n = column.len();
    let k = must_keep(n, pclip.nkeep, pclip.maxrej);
    if n < MINCLIP.max(k + 1) {
        return Outcome::keeping_all(Stop::NotEnoughSamples);
    }
    let c = match pclip.rule {
        PClipRule::Iraf => median(column, context.working),
        // The mean of the two middle values stays as it is.
        PClipRule::Imcombiners => median(column, Working::F64),
    };
    let sigma = width(column, ranks_from_median(pclip.pclip, context.facts.frames), c);
    if sigma == 0.0 {
        return Outcome::keeping_all(Stop::ZeroSpread);
    }
    let (lsigma, hsigma) = (pclip.lsigma, pclip.hsigma);
    let side = |y: f64| match y {
        // Inclusive.
        y if lsigma.is_finite() && (c - y) / sigma >= lsigma => Some(Side::Low),
        y if hsigma.is_finite() && (y - c) / sigma >= hsigma => Some(Side::High),
        _ => None,
    };
    let guard = match pclip.rule {
        PClipRule::Iraf => 1 + n / 2,
        PClipRule::Imcombiners => n,
    };
    let pass = Pass::new(c, sigma, [lsigma, hsigma], n);
    one_pass::reject(column, OnePass { pass, k, guard }, side)
}

/// p of the listing: H = ⌊N/2⌋ with all N frames.
fn ranks_from_median(pclip: f64, frames: usize) -> f64 {
    let h = (frames / 2) as f64;
    let p = if pclip.abs() < 1.0 { pclip * h } else { pclip }.trunc();
    if pclip < 0.0 { p.max(-h).min(-1.0) } else { p.min(h).max(1.0) }
}

/// σ = sign(p)·(y(r) − c) with r = b + p, b = 1 + ⌊n/2⌋; one rank lower for an even n and p < 0.
fn width(column: &[Sample], p: f64, c: f64) -> f64 {
    let n = column.len();
    let b = (1 + n / 2) as f64;
    let r = if n.is_multiple_of(2) && p < 0.0 { b - 1.0 + p } else { b + p };
    let r = r.clamp(1.0, n as f64) as usize;
    p.signum() * (by_rank(column)[r - 1].y - c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, pixel};
    use skystack_reject::Convention;

    fn of(column: &[f64], pclip: PClip) -> Pixel {
        let rejections = [pclip.into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Iraf, Working::F32) };
        pixel(column, &setup)
    }

    /// 1 … 8 and 20, N = 9: H = 4, p = −2, b = 5, rank 3: σ = 5 − 3 = 2. With lsigma 2 the sample 1 is at exactly 2σ and goes;
    /// 8 is at 1.5σ, 20 at 7.5σ.
    #[test]
    fn equality_does_not_survive() {
        let column = [20.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let answer = of(&column, PClip::iraf().lsigma(2.0));
        assert_eq!((answer.low, answer.high, answer.used[0], answer.used[1]), (1, 1, false, false));
        let pass = answer.passes[0];
        assert_eq!((pass.center, pass.sigma, pass.lower, pass.upper), (5.0, 2.0, 1.0, 11.0));
        assert_eq!(of(&column, PClip::iraf().lsigma(2.01)).low, 0);
    }

    /// 1 2 4 8 16 32, N = 6: median 6. p = −1: rank 4 − 1 − 1 = 2: σ = 6 − 2. p = 1: rank 4 + 1 = 5: σ = 16 − 6.
    #[test]
    fn an_even_count_is_symmetric_about_its_middle() {
        let column = [32.0, 1.0, 2.0, 4.0, 8.0, 16.0];
        let sigma = |pclip| of(&column, PClip::iraf().pclip(pclip)).passes[0].sigma;
        assert_eq!([-1.0, 1.0, -2.0, 2.0].map(sigma), [4.0, 10.0, 5.0, 26.0]);
        assert_eq!([-9.0, 9.0, -0.5, 0.9].map(sigma), [5.0, 26.0, 4.0, 26.0]);
    }

    /// Five of nine are missing: half of N is still 4, p = −2: b = 3, rank 3 − 1 − 2 = 0, clamped to 1.
    #[test]
    fn a_fraction_is_of_all_frames() {
        let mut column = [f64::NAN; 9];
        column[2..6].copy_from_slice(&[8.0, 1.0, 2.0, 4.0]);
        assert_eq!(of(&column, PClip::iraf()).passes[0].sigma, 2.0);
    }

    #[test]
    fn equal_values_and_two_samples_are_left_alone() {
        let equal = of(&[3.0, 3.0, 3.0, 9.0], PClip::iraf());
        assert_eq!((equal.nrej, equal.stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&[3.0, 9.0], PClip::iraf()).stop, Stop::NotEnoughSamples);
        assert_eq!(of(&[1.0, 2.0, 900.0], PClip::iraf().nkeep(3)).stop, Stop::NotEnoughSamples);
    }

    /// 0 1 2 3 4 at 0.9σ, p = −1: σ = 1: 0 1 3 4 go. Residuals 2 1 1 2. K = 3 (nkeep): r = s = 1: h = 4, l = 2; guard = b = 3 for
    /// IRAF; K = 4: then r = s = 2: h = 5, l = 1.
    #[test]
    fn the_nearest_come_back() {
        let column = [0.0, 1.0, 2.0, 3.0, 4.0];
        let clip = PClip::iraf().pclip(-1.0).lsigma(0.9).hsigma(0.9);
        assert_eq!(of(&column, clip).used, [false, false, true, false, false]);
        assert_eq!(of(&column, clip.nkeep(3)).used, [false, true, true, true, false]);
        assert_eq!(of(&column, clip.nkeep(4)).count, 5);
    }

    /// 0 2 2.5 3 3.25 3.2501, p = −1: c = 2.75, rank 2, σ = 0.75. At 0.5σ ranks 3 and 4 are kept, K = 3: r = res(2) = 1, s = res(5) =
    /// 0.6667: h = 5. res(6) = 0.6668 is as near, but rank 6 is beyond IRAF's guard b = 4.
    #[test]
    fn the_guard_is_that_of_the_rule() {
        let column = [0.0, 2.0, 2.5, 3.0, 3.25, 3.2501];
        let clip = PClip::iraf().pclip(-1.0).lsigma(0.5).hsigma(0.5).nkeep(3);
        let iraf = of(&column, clip);
        let imcombiners = of(&column, clip.rule(PClipRule::Imcombiners));
        assert_eq!((iraf.count, imcombiners.count), (3, 4));
    }

    /// 1 and 1 + 2⁻²³ in the middle: their mean is no f32. IRAF's centre is 1, so σ = 1 − 0.5; imcombiners' is 2⁻²⁴ more.
    #[test]
    fn imcombiners_does_not_round_the_centre() {
        let u = 2f64.powi(-23);
        let column = [0.5, 1.0, 1.0 + u, 2.0];
        let sigma = |clip: PClip| of(&column, clip.pclip(-1.0)).passes[0].sigma;
        assert_eq!((sigma(PClip::iraf()), sigma(PClip::imcombiners())), (0.5, 0.5 + u / 2.0));
    }
}
