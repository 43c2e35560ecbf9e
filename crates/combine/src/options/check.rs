//! What is wrong with options: found before any work, said with what was found and what is needed.

use skystack_reject::{Rejection, Scaling, ScalingError};

use super::{Combine, MOST_FRAMES, Options, Variance};
use crate::{CombineError, ValueProduct};

/// Greatest radius of growth (pixels): a band needs as many rows more at either side.
const MOST_GROWTH: f64 = 100.0;

fn wrong(option: &'static str, found: impl Into<String>, needed: &'static str) -> Result<(), CombineError> {
    Err(CombineError::Option { option, found: found.into(), needed })
}

impl Options {
    /// Everything but what the working type decides.
    pub(super) fn check_all(&self, frames: usize) -> Result<(), CombineError> {
        self.check_frames(frames)?;
        self.check_weights(frames)?;
        self.check_scalings(frames)?;
        self.check_scaling_errors(frames)?;
        self.check_noise(frames)?;
        self.check_variance()?;
        self.check_growth()?;
        self.check_rejections()?;
        self.check_products(frames)?;
        self.check_replacing()
    }

    fn check_scalings(&self, frames: usize) -> Result<(), CombineError> {
        for scalings in [Some(&self.scalings), self.reject_scalings.as_ref()].into_iter().flatten() {
            if !scalings.is_empty() && scalings.len() != frames {
                let found = format!("{} numbers for {frames} frames", scalings.len());
                return wrong("scale, zero", found, "one for each frame");
            }
            let is_wrong = |s: &Scaling| !(s.multiply > 0.0 && s.multiply.is_finite() && s.add.is_finite());
            if let Some(frame) = scalings.iter().position(is_wrong) {
                let Scaling { multiply, add } = scalings[frame];
                let found = format!("x {multiply} + {add} for frame {}", frame + 1);
                return wrong("scale, zero", found, "a finite factor above zero and a finite addend");
            }
        }
        Ok(())
    }

    fn check_scaling_errors(&self, frames: usize) -> Result<(), CombineError> {
        const OPTION: &str = "errors of scales";
        let errors = &self.scaling_errors;
        if errors.is_empty() {
            return Ok(());
        }
        if errors.len() != frames {
            let found = format!("{} numbers for {frames} frames", errors.len());
            return wrong(OPTION, found, "one for each frame");
        }
        if self.variance == Variance::None {
            let needed = "variances of the samples, to which they are added";
            return wrong(OPTION, "given without variances", needed);
        }
        if self.reject_scalings.is_some() {
            let needed = "one normalisation, whose errors they are";
            return wrong(OPTION, "given beside scales for the rejection", needed);
        }
        let is_wrong = |of: &ScalingError| [of.scale, of.zero].iter().any(|e| !(*e >= 0.0 && e.is_finite()));
        match errors.iter().position(is_wrong) {
            None => Ok(()),
            Some(frame) => {
                let ScalingError { scale, zero } = errors[frame];
                let found = format!("{scale} and {zero} for frame {}", frame + 1);
                wrong(OPTION, found, "finite numbers, 0 or more")
            }
        }
    }

    fn check_noise(&self, frames: usize) -> Result<(), CombineError> {
        if self.noise.len() > 1 && self.noise.len() != frames {
            let found = format!("{} for {frames} frames", self.noise.len());
            return wrong("noise models", found, "one, or one for each frame");
        }
        for (frame, noise) in self.noise.iter().enumerate() {
            let wrong = |option, found, needed| Err(CombineError::Number { option, frame, found, needed });
            if !(noise.gain > 0.0 && noise.gain.is_finite()) {
                return wrong("gain", noise.gain, "a finite number above zero");
            }
            for (option, found) in [("rdnoise", noise.rdnoise), ("snoise", noise.snoise)] {
                if !(found >= 0.0 && found.is_finite()) {
                    return wrong(option, found, "a finite number, zero or more");
                }
            }
        }
        Ok(())
    }

    fn check_variance(&self) -> Result<(), CombineError> {
        match self.variance {
            Variance::Constant(found) if !(found > 0.0 && found.is_finite()) => {
                wrong("variance", found.to_string(), "a finite number above zero")
            }
            _ => Ok(()),
        }
    }

    fn check_growth(&self) -> Result<(), CombineError> {
        let radius = self.grow.radius;
        if (0.0..=MOST_GROWTH).contains(&radius) {
            return Ok(());
        }
        wrong("grow", radius.to_string(), "a radius from 0 to 100 pixels")
    }

    /// medsigma gives the mean of samples that it has changed: nothing else can be made of them.
    fn check_replacing(&self) -> Result<(), CombineError> {
        let Some(at) = self.rejections.iter().position(|of| matches!(of, Rejection::MedSigma(_))) else {
            return Ok(());
        };
        if at + 1 != self.rejections.len() {
            return wrong("reject", "medsigma before another one", "medsigma last: it replaces samples");
        }
        if self.combine != Combine::Average {
            return wrong("combine", self.combine.name(), "average for medsigma");
        }
        if self.weights.is_some() || self.sample_weights || self.weigh_by_variance {
            return wrong("weight", "given for medsigma", "no weights: samples are replaced");
        }
        if self.reject_scalings.is_some() {
            let needed = "one scale: the values that replace others are output";
            return wrong("scale for rejection", "given for medsigma", needed);
        }
        Ok(())
    }

    /// What single rejections need of the others.
    fn check_rejections(&self) -> Result<(), CombineError> {
        let pooled = self.rejections.iter().filter(|of| matches!(of, Rejection::AvSigClip(_))).count();
        if pooled > 1 {
            return wrong("reject", format!("avsigclip {pooled} times"), "avsigclip once");
        }
        let clips_variances = self.rejections.iter().any(|of| matches!(of, Rejection::VarClip(_)));
        if clips_variances && self.variance == Variance::None {
            return wrong("variance", "none", "variances of the samples, for varclip");
        }
        Ok(())
    }

    /// Is everything there that the further images are made of?
    fn check_products(&self, frames: usize) -> Result<(), CombineError> {
        let has = |product| self.products.contains(product);
        let propagates = has(ValueProduct::Variance) || has(ValueProduct::Error);
        if propagates && self.variance == Variance::None {
            return wrong("variance", "none", "variances of the samples, for a propagated error");
        }
        let combine = format!("combine={}", self.combine.name());
        if propagates && !self.combine.propagates() {
            let needed = "another statistic: there is no formula for this one";
            return wrong("propagated error", combine, needed);
        }
        if has(ValueProduct::Empirical) && !self.combine.has_empirical_error() {
            return wrong("empirical error", combine, "average, median or lmedian");
        }
        if self.weigh_by_variance && self.variance == Variance::None {
            return wrong("weight by variance", "given without variances", "variances of the samples");
        }
        if self.weigh_by_variance && !self.combine.is_weighted() {
            return wrong("weight by variance", combine, "average, or another statistic with weights");
        }
        if has(ValueProduct::Exposure) && self.exposures.len() != frames {
            let found = format!("{} numbers for {frames} frames", self.exposures.len());
            return wrong("exposure times", found, "one for each frame, for an exposure map");
        }
        Ok(())
    }

    fn check_frames(&self, frames: usize) -> Result<(), CombineError> {
        if (1..=MOST_FRAMES).contains(&frames) {
            return Ok(());
        }
        wrong("number of frames", frames.to_string(), "1 to 4194304")
    }

    fn check_weights(&self, frames: usize) -> Result<(), CombineError> {
        const OPTION: &str = "weight";
        let Some(weights) = &self.weights else { return Ok(()) };
        match self.combine {
            Combine::Average | Combine::Sum => {}
            Combine::Quadrature | Combine::Nmodel | Combine::Wmedian => {}
            Combine::Median | Combine::Lmedian => {
                let needed = "combine average, or wmedian (a median ignores weights)";
                return wrong(OPTION, "given for a median", needed);
            }
            Combine::Min | Combine::Max => {
                return wrong(OPTION, "given for an extreme value", "combine average");
            }
        }
        if weights.len() != frames {
            let found = format!("{} numbers for {frames} frames", weights.len());
            return wrong(OPTION, found, "one number for each frame");
        }
        if let Some((frame, bad)) = weights.iter().enumerate().find(|(_, w)| !(**w >= 0.0 && w.is_finite())) {
            return wrong(OPTION, format!("{bad} for frame {}", frame + 1), "finite numbers, zero or more");
        }
        if weights.iter().all(|w| *w == 0.0) {
            return wrong(OPTION, "0 for every frame", "a weight above zero for some frame");
        }
        if weights.iter().sum::<f64>().is_infinite() {
            return wrong(OPTION, "larger in sum than any number", "weights with a finite sum");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grow;

    fn message(options: &Options, frames: usize) -> String {
        options.resolve::<f32>(frames).unwrap_err().to_string()
    }

    #[test]
    fn replaced_samples_have_a_mean_and_nothing_else() {
        let medsigma = Rejection::from(skystack_reject::MedSigma::siril());
        let base = Options { rejections: vec![medsigma], ..Options::default() };
        assert!(base.check::<f32>(2).is_ok());
        let growing = Options { grow: Grow::new(1.0), ..base.clone() };
        assert!(growing.check::<f32>(2).is_ok());
        let twice = Options { rejections: vec![medsigma; 2], ..base.clone() };
        assert!(message(&twice, 2).contains("medsigma before another one"));
        let median = Options { combine: Combine::Median, ..base.clone() };
        assert!(message(&median, 2).contains("average for medsigma"));
        let weights = Options { weights: Some(vec![1.0; 2]), ..base.clone() };
        let of_samples = Options { sample_weights: true, ..base.clone() };
        let by_variance =
            Options { weigh_by_variance: true, variance: Variance::Constant(1.0), ..base.clone() };
        for weighted in [weights, of_samples, by_variance] {
            assert!(message(&weighted, 2).contains("weight is given for medsigma"));
        }
        let scaled = Options { reject_scalings: Some(vec![]), ..base };
        assert!(message(&scaled, 2).contains("one scale"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_before_any_work() {
        let base = Options::default();
        assert!(message(&base, 0).contains("number of frames is 0"));
        let weights = |weights: &[f64], combine| Options {
            weights: Some(weights.to_vec()),
            combine,
            ..Options::default()
        };
        assert!(message(&weights(&[1.0, 2.0], Combine::Median), 2).contains("median"));
        assert!(message(&weights(&[1.0], Combine::Average), 2).contains("1 numbers for 2 frames"));
        assert!(message(&weights(&[1.0, -2.0], Combine::Average), 2).contains("-2 for frame 2"));
        assert!(message(&weights(&[0.0, 0.0], Combine::Average), 2).contains("0 for every frame"));
        assert!(message(&Options { blank: 1e300, ..Options::default() }, 2).contains("blank"));
        let crossed = Options { lthreshold: Some(2.0), hthreshold: Some(1.0), ..base };
        assert!(message(&crossed, 2).contains("2, 1"));
    }
}
