//! How far a single sample can be from the centre at all (algorithms.md section 11, W1): a clip above that never acts.

use super::{About, Center, SigClip, Spread, Trim};

impl SigClip {
    /// The largest |d|/σ that one arbitrarily bad sample of `samples` can reach in the first pass, the others being equal;
    /// infinite where the spread does not see it (MAD, IQR, Sₙ).
    ///
    /// The test is strict, so a factor of this size or more never rejects a lone outlier.
    ///
    /// ```
    /// use skystack_reject::SigClip;
    /// // IRAF's 3 sigma needs 11 frames, astropy's 8.
    /// assert!(SigClip::iraf().reach(10) <= 3.0 && SigClip::iraf().reach(11) > 3.0);
    /// assert!(SigClip::astropy().reach(7) <= 3.0 && SigClip::astropy().reach(8) > 3.0);
    /// ```
    pub fn reach(&self, samples: usize) -> f64 {
        let n = samples as f64;
        let degrees = n - f64::from(self.ddof);
        if self.spread != Spread::Std {
            return f64::INFINITY;
        }
        if samples < 2 || degrees <= 0.0 {
            return 0.0;
        }
        let center = self.first_center.unwrap_or(self.center);
        // A sample at distance D from the others moves a plain mean by D/n, a median or a trimmed mean not at all.
        let square = match (center, self.about) {
            (Center::Mean, _) if self.trim == Trim::None || samples < 3 => (n - 1.0) * degrees / n,
            (_, About::Center) => degrees,
            (_, About::Mean) => n * degrees / (n - 1.0),
        };
        square.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least number of samples from which 3 sigma can act: the table of algorithms.md section 11.
    #[test]
    fn three_sigma_acts_from_the_published_numbers_of_samples() {
        let acts_from = |clip: SigClip| (1..100).find(|n| clip.reach(*n) > 3.0);
        let about_mean = SigClip::iraf().center(Center::Mean).trim(Trim::None).about(About::Mean);
        let table = [
            (SigClip::iraf(), 11),
            (SigClip::iraf().center(Center::Mean), 11),
            (SigClip::imcombiners(), 10),
            (SigClip::astropy(), 8),
            (SigClip::siril(), 10),
            (SigClip::ccdproc(), 11),
            (about_mean, 11),
            (SigClip::hdrl(), 1),
        ];
        for (clip, expected) in table {
            assert_eq!(acts_from(clip), Some(expected), "{clip:?}");
        }
    }
}
