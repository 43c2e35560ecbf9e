//! crreject: ccdclip that drops no low sample, whatever it is (algorithms.md section 5.7).
//!
//! There is nothing of its own to compute: [`ccdclip`](crate::ccdclip) with lsigma = ∞, a side that [`f1`](crate::outcome::f1) then
//! never finds anything on. Low samples stay in the column, so they hold their rank under the median and the trimmed mean, and
//! pull the centre and the final mean down.

#[cfg(test)]
mod tests {
    use crate::{Pixel, Setup, Stop, Working, pixel};
    use skystack_reject::{CcdClip, Center, Convention, Noise, crreject};

    /// V = 9 + c/2.
    const CCD: Noise = Noise { gain: 2.0, rdnoise: 6.0, snoise: 0.0 };

    fn of(column: &[f64], rule: CcdClip) -> Pixel {
        let rejections = [rule.into()];
        let base = Setup::convention(Convention::Iraf, Working::F64);
        pixel(column, &Setup { rejections: &rejections, noise: &[CCD], ..base })
    }

    fn rule() -> CcdClip {
        crreject(Convention::Iraf).expect("defined").hsigma(2.0)
    }

    /// c = 32, V = 25: 42 is on the limit, 43 beyond.
    #[test]
    fn the_high_side_is_that_of_ccdclip() {
        assert_eq!(of(&[32.0, 32.0, 42.0, 22.0, 32.0], rule()).nrej, 0);
        let beyond = of(&[32.0, 32.0, 43.0, 21.0, 32.0], rule());
        assert_eq!(beyond.used, [true, true, false, true, true]);
        assert_eq!((beyond.low, beyond.high, beyond.passes[0].sigma), (0, 1, 5.0));
        assert_eq!((beyond.passes[0].lower, beyond.passes[0].upper), (f64::NEG_INFINITY, 42.0));
    }

    /// 43 goes; −500 does not, and the mean of −500 32 32 32 is −101.
    #[test]
    fn no_low_sample_is_dropped() {
        let answer = of(&[32.0, 32.0, 32.0, 43.0, -500.0], rule());
        assert_eq!((answer.low, answer.high, answer.value, answer.stop), (0, 1, -101.0, Stop::Converged));
        let ccdclip = of(&[32.0, 32.0, 32.0, 43.0, -500.0], rule().lsigma(2.0));
        assert_eq!((ccdclip.low, ccdclip.high, ccdclip.value), (1, 1, 32.0));
    }

    /// About the mean without the ends. Pass 1: 30 32 34: c = 32, V = 25: 44 goes. Pass 2: 30 32 of −500 30 32 34: c = 31, V = 24.5,
    /// 2σ = 9.9: nothing goes.
    #[test]
    fn low_samples_keep_their_rank() {
        let answer = of(&[34.0, -500.0, 32.0, 44.0, 30.0], rule().center(Center::Mean));
        let passes: Vec<_> = answer.passes.iter().map(|pass| (pass.center, pass.n, pass.high)).collect();
        assert_eq!((passes, answer.low), (vec![(32.0, 5, 1), (31.0, 4, 0)], 0));
    }

    /// 0 and 40: c = 20, V = 19: 40 goes (20 > 8.7), 0 stays, and one sample is left. ccdclip drops both and restores both.
    #[test]
    fn of_two_samples_the_lower_one_stays() {
        let answer = of(&[0.0, 40.0], rule());
        assert_eq!((answer.used, answer.restored, answer.value), (vec![true, false], 0, 0.0));
        assert_eq!(of(&[0.0, 40.0], rule().lsigma(2.0)).restored, 2);
    }
}
