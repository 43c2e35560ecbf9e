//! madclip: sigclip whose width comes from the median absolute deviation (algorithms.md section 5.16).
//!
//! Passes, test and what is restored are those of [`sigclip`](crate::sigclip), the centre is its median. Here is what is its own:
//! outliers move the MAD by ranks only, not by how far they are; and it is 0 where more than half of the samples are equal.

use crate::Working;
use crate::column::Sample;
use crate::order::mad;

/// V of `spread = mad` (F3): σ = T(factor·MAD), about the median whatever the centre is (C3); V its square in f64.
pub(crate) fn variance(set: &[Sample], factor: f64, working: Working) -> f64 {
    let sigma = working.round(factor * mad(set, working));
    sigma * sigma
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Pixel, Setup, Stop, pixel};
    use skystack_reject::{Convention, SigClip, Spread, madclip};

    fn of(column: &[f64], clip: SigClip) -> Pixel {
        let rejections = [clip.into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Astropy, Working::F64) };
        pixel(column, &setup)
    }

    fn clip(convention: Convention) -> SigClip {
        madclip(convention).expect("defined")
    }

    /// 1 2 4 8: median 3, deviations 2 1 1 5: MAD 1.5, σ = 2.2239; 8 lies at 5/2.2239 = 2.2483σ. Of 1 2 4: median 2, MAD 1; 4 lies
    /// at 2/1.4826 = 1.349σ.
    #[test]
    fn two_passes_by_hand() {
        let column = [8.0, 1.0, 4.0, 2.0];
        assert_eq!(of(&column, clip(Convention::Textbook).hsigma(2.2484)).nrej, 0);
        let answer = of(&column, clip(Convention::Textbook).hsigma(2.2482));
        assert_eq!((answer.used, answer.stop), (vec![false, true, true, true], Stop::Converged));
        let passes: Vec<_> = answer.passes.iter().map(|pass| (pass.center, pass.sigma, pass.high)).collect();
        assert_eq!(passes, [(3.0, 1.482602218505602 * 1.5, 1), (2.0, 1.482602218505602, 0)]);
    }

    /// 0 1 2 3 4 9.5 30: MAD 2, 3σ = 8.9: 30 goes and 9.5, 6.5 from the median 3, does not. Of the others the median is 2.5, the
    /// MAD 1.5, 3σ = 6.67: 9.5 goes, 7 from it. Then 0 … 4: MAD 1.
    #[test]
    fn nightlight_makes_one_pass() {
        let column = [9.5, 0.0, 30.0, 1.0, 2.0, 3.0, 4.0];
        let once = of(&column, clip(Convention::Nightlight));
        assert_eq!((once.high, once.used[0], once.stop), (1, true, Stop::MaxIters));
        let more = of(&column, clip(Convention::Textbook));
        assert_eq!((more.high, more.used[0], more.stop), (2, false, Stop::Converged));
        assert_eq!(more.passes.iter().map(|pass| pass.n).collect::<Vec<_>>(), [7, 6, 5]);
    }

    /// The factor has 16 digits or five. 8 of 1 2 4 8 is 5 from the median; k is such that the limit k·1.5·factor is above 5 with the
    /// one and below with the other.
    #[test]
    fn the_factor_is_that_of_the_convention() {
        let sigma = |convention| of(&[8.0, 1.0, 4.0, 2.0], clip(convention)).passes[0].sigma;
        assert_eq!(sigma(Convention::Astropy), 1.482602218505602 * 1.5);
        assert_eq!(
            (sigma(Convention::Imcombiners), sigma(Convention::Nightlight)),
            (1.4826 * 1.5, 1.4826 * 1.5)
        );
        let between = 5.0 / (1.5 * 1.482601);
        let nrej =
            |convention| of(&[8.0, 1.0, 4.0, 2.0], clip(convention).hsigma(between).maxiters(Some(1))).nrej;
        assert_eq!((nrej(Convention::Astropy), nrej(Convention::Imcombiners)), (0, 1));
    }

    /// 5 5 5 9: MAD = 0.
    #[test]
    fn zero_spread_stops_or_tests() {
        let column = [5.0, 9.0, 5.0, 5.0];
        let (textbook, astropy) = (clip(Convention::Textbook), clip(Convention::Astropy));
        assert_eq!((of(&column, textbook).nrej, of(&column, textbook).stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&column, astropy).used, [true, false, true, true]);
        // ∞·0 is NaN and must not matter.
        assert_eq!(of(&column, astropy.hsigma(f64::INFINITY)).nrej, 0);
    }

    /// n ≤ ddof (F4) is asked of a standard deviation only.
    #[test]
    fn one_sample_is_its_own_median() {
        let one = of(&[7.0], clip(Convention::Astropy).ddof(1));
        assert_eq!((one.stop, one.value), (Stop::Converged, 7.0));
    }

    /// MAD of 1 2 4 8 is 1.5 about the median 3, also when the centre is the mean 3.75.
    #[test]
    fn mad_is_about_the_median_whatever_the_centre() {
        let clip = SigClip::ccdproc().spread(Spread::Mad { factor: 2.0 });
        let pass = of(&[1.0, 2.0, 4.0, 8.0], clip).passes[0];
        assert_eq!((pass.center, pass.sigma), (3.75, 3.0));
    }

    #[test]
    fn sigma_is_a_value_of_the_working_type() {
        let sigma = f64::from((1.482602218505602f64 * 1.5) as f32);
        assert_eq!(variance(&samples(&[1.0, 2.0, 4.0, 8.0]), 1.482602218505602, Working::F32), sigma * sigma);
    }
}
