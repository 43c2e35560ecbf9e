//! Centres and spreads of the clipping rules (algorithms.md sections 3.5, 3.6 F3 and 5.4).

use skystack_reject::{About, Center, SigClip, Spread, Trim};

use crate::column::Sample;
use crate::moments::{mean, variance_about, variance_by_mean, variance_by_median};
use crate::order::{by_rank, lower_median, median, quantile, sn};
use crate::{Working, madclip};

/// Standard deviation of Gaussian data from its interquartile range: 1 / (2 Φ⁻¹(3/4)).
const IQR_FACTOR: f64 = 0.741301109252801;
/// The same from Sₙ.
pub(crate) const SN_FACTOR: f64 = 1.1926;

/// The kind of centre in pass `pass` (from 1): `first_center` has the first one.
pub(crate) fn kind_of_center(clip: &SigClip, pass: usize) -> Center {
    match clip.first_center {
        Some(first) if pass == 1 => first,
        _ => clip.center,
    }
}

/// The centre c of the survivors in pass `pass` (from 1), a value of T.
pub(crate) fn center(survivors: &[Sample], clip: &SigClip, pass: usize, working: Working) -> f64 {
    match kind_of_center(clip, pass) {
        Center::Median => median(survivors, working),
        Center::Lmedian => lower_median(survivors),
        Center::Mean => mean_center(survivors, clip.trim, pass, working),
    }
}

/// The mean as a centre: in the passes that `trim` names without rank 1 and rank n, if there are at least three.
pub(crate) fn mean_center(set: &[Sample], trim: Trim, pass: usize, working: Working) -> f64 {
    let is_trimmed = match trim {
        Trim::None => false,
        Trim::First => pass == 1,
        Trim::Every => true,
    };
    working.round(if is_trimmed && set.len() >= 3 { mean(&without_extremes(set)) } else { mean(set) })
}

/// The set without rank 1 and rank n, in frame order.
fn without_extremes(set: &[Sample]) -> Vec<Sample> {
    let ranked = by_rank(set);
    let (lowest, highest) = (ranked[0].frame, ranked[ranked.len() - 1].frame);
    set.iter().copied().filter(|s| s.frame != lowest && s.frame != highest).collect()
}

/// V of the survivors in pass `pass`, c their centre (E4, E5, F3).
pub(crate) fn variance(survivors: &[Sample], c: f64, clip: &SigClip, pass: usize, working: Working) -> f64 {
    // F3: σ is a value of T, V its square in f64.
    let squared = |sigma: f64| working.round(sigma) * working.round(sigma);
    match clip.spread {
        Spread::Std => match (clip.about, kind_of_center(clip, pass)) {
            (About::Center, _) => variance_about(survivors, c, clip.ddof),
            (About::Mean, Center::Mean) => variance_by_mean(survivors, clip.ddof),
            (About::Mean, _) => variance_by_median(survivors, c, clip.ddof),
        },
        Spread::Mad { factor } => madclip::variance(survivors, factor, working),
        Spread::Iqr => squared(sigma_of_iqr(survivors, working)),
        Spread::Sn => squared(SN_FACTOR * sn(survivors)),
    }
}

/// σ of `spread = iqr` (F3), a value of T.
pub(crate) fn sigma_of_iqr(set: &[Sample], working: Working) -> f64 {
    working.round(IQR_FACTOR * (quantile(set, 0.75) - quantile(set, 0.25)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    const T: Working = Working::F64;

    fn of(values: &[f64], clip: SigClip, pass: usize) -> (f64, f64) {
        let set = samples(values);
        let c = center(&set, &clip, pass, T);
        (c, variance(&set, c, &clip, pass, T))
    }

    /// 1 2 3 6 18: mean 6. Trimmed: (2 + 3 + 6)/3 = 11/3. IRAF: V about the trimmed mean over all five, n − 1.
    #[test]
    fn iraf_trims_the_first_mean_only() {
        let clip = SigClip::iraf().center(Center::Mean);
        let values = [1.0, 18.0, 2.0, 6.0, 3.0];
        assert_eq!(of(&values, clip, 2).0, 6.0);
        // Pivot of the trimmed set is 2, its first sample in frame order.
        let trimmed = 2.0 + (4.0 + 1.0) / 3.0;
        let (c, v) = of(&values, clip, 1);
        assert_eq!(c, trimmed);
        assert_eq!(v, values.iter().map(|y| (y - c) * (y - c)).sum::<f64>() / 4.0);
        assert_eq!(of(&[2.0, 4.0], clip, 1).0, 3.0);
    }

    #[test]
    fn trim_every_trims_later_passes_too() {
        let clip = SigClip::iraf().center(Center::Mean).trim(Trim::Every);
        assert_eq!(of(&[0.0, 2.0, 40.0], clip, 2).0, 2.0);
    }

    /// Means of 0 0 1, and of 0 0 1 between −9 and 9: a third, rounded to f32.
    #[test]
    fn a_mean_centre_is_rounded_to_the_working_type() {
        let third = f64::from((1.0 / 3.0f64) as f32);
        let clip = SigClip::iraf().center(Center::Mean);
        assert_eq!(center(&samples(&[0.0, 0.0, 1.0]), &clip, 2, Working::F32), third);
        assert_eq!(center(&samples(&[9.0, 0.0, 0.0, 1.0, -9.0]), &clip, 1, Working::F32), third);
        assert_eq!(center(&samples(&[0.0, 0.0, 1.0]), &clip, 2, T), 1.0 / 3.0);
    }

    #[test]
    fn a_trimmed_set_of_equal_values_loses_two_samples_not_all() {
        let clip = SigClip::iraf().center(Center::Mean);
        assert_eq!(of(&[5.0, 5.0, 5.0], clip, 1), (5.0, 0.0));
    }

    #[test]
    fn first_center_has_the_first_pass_only() {
        let clip = SigClip::dragons().center(Center::Mean);
        assert_eq!((of(&[1.0, 2.0, 9.0], clip, 1).0, of(&[1.0, 2.0, 9.0], clip, 2).0), (2.0, 4.0));
    }

    /// 1 2 4 9: median 3, mean 4. About the centre 42, about the mean 38 (see moments).
    #[test]
    fn about_decides_where_the_deviation_is_taken() {
        assert_eq!(of(&[1.0, 2.0, 4.0, 9.0], SigClip::iraf(), 1).1, 14.0);
        assert_eq!(of(&[1.0, 2.0, 4.0, 9.0], SigClip::astropy(), 1).1, 9.5);
        assert_eq!(of(&[1.0, 2.0, 4.0, 9.0], SigClip::ccdproc(), 1).1, 9.5);
    }

    #[test]
    fn iqr_and_sn_are_squared_after_rounding() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let (iqr, sn) = (0.741301109252801 * 3.25, 1.1926 * 3.0);
        assert_eq!(of(&values, SigClip::astropy().spread(Spread::Iqr), 1).1, iqr * iqr);
        assert_eq!(of(&values, SigClip::astropy().spread(Spread::Sn), 1).1, sn * sn);
        let rounded = f64::from(iqr as f32);
        let clip = SigClip::astropy().spread(Spread::Iqr);
        assert_eq!(variance(&samples(&values), 3.0, &clip, 1, Working::F32), rounded * rounded);
    }
}
