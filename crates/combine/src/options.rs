//! What to compute: the one struct of options, and the same resolved for a stack.

use skystack_reject::{Convention, FrameFacts, Noise, Pool, Prepared, Rejection, Scaling, ScalingError};
use skystack_simd::Element;

use crate::band::{Rows, TileRows};
use crate::{CombineError, CountProduct, CubeProduct, Products, ValueProduct};

/// The statistic of the used samples (algorithms.md section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// p + SUM(y − p)/n with p the first used sample; weighted, p + SUM(w·(y − p))/SUM(w).
    #[default]
    Average,
    /// Middle value, or the mean of the two middle ones.
    Median,
    /// Lower middle value, see [`Lmedian`].
    Lmedian,
    /// SUM(y). Weights do not enter.
    Sum,
    /// √SUM((w·y)²)/SUM(w): the error of a mean of errors.
    Quadrature,
    /// √SUM(w²·V)/SUM(w), V of the noise model at each sample.
    Nmodel,
    /// The value up to which half of the weight lies.
    Wmedian,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
}

impl Combine {
    /// Do weights enter?
    pub const fn is_weighted(self) -> bool {
        matches!(self, Self::Average | Self::Quadrature | Self::Nmodel | Self::Wmedian)
    }

    /// Is there a formula for the variance of the result (algorithms.md 8.1)?
    const fn propagates(self) -> bool {
        !matches!(self, Self::Quadrature | Self::Nmodel)
    }

    /// Is there one for its error from the scatter of the samples (8.2)?
    const fn has_empirical_error(self) -> bool {
        matches!(self, Self::Average | Self::Median | Self::Lmedian)
    }
}

/// Which samples `lmedian` takes the lower middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lmedian {
    /// Of exactly two samples; otherwise it is the median (IRAF).
    #[default]
    Iraf,
    /// Of any even count: rank ⌊(n+1)/2⌋.
    Lower,
}

/// What the sigma image shows (algorithms.md section 8.3): the scatter of the samples, not an error of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SigmaRule {
    /// √(SUM((y − out)²)/(n − 1)), 0 for one sample (IRAF).
    #[default]
    Iraf,
    /// The same, NaN for one sample.
    Scatter,
    /// Population scatter about the mean whatever the combination (gnuastro).
    Population,
}

/// Where the variances of the samples come from (algorithms.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Variance {
    /// There are none.
    #[default]
    None,
    /// One plane a frame ([`FrameSource::variances`](crate::FrameSource::variances)).
    Planes,
    /// The noise model of the frames, at the sample's own value (algorithms.md 5.6).
    Noise,
    /// One number for all samples, before scaling.
    Constant(f64),
}

/// Rejecting the neighbours of rejected samples too (algorithms.md 5.19).
///
/// Where growing leaves fewer samples than `nkeep` and `maxrej` want kept (or than there were), none of it happens at that pixel.
///
/// ```
/// use skystack_combine::Grow;
/// let grow = Grow { maxrej: Some(3), ..Grow::new(1.5) };
/// assert_eq!(grow.nkeep, 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Grow {
    /// Radius in pixels; below 1 nothing grows.
    pub radius: f64,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most samples rejected of the valid ones, those that grow included.
    pub maxrej: Option<u32>,
}

impl Grow {
    /// Within `radius` pixels, but never so that no sample is left.
    pub const fn new(radius: f64) -> Self {
        Self { radius, nkeep: 1, maxrej: None }
    }
}

/// Most frames of a stack: ranks, and halves of them, are carried in f32 lanes, which are exact up to here.
pub const MOST_FRAMES: usize = 1 << 22;

/// Greatest radius of growth (pixels): a band needs as many rows more at either side.
const MOST_GROWTH: f64 = 100.0;

/// Everything that decides the value of an output pixel.
///
/// ```
/// use skystack_combine::{Combine, Options};
/// use skystack_reject::{Convention, SigClip};
/// let options = Options {
///     combine: Combine::Median,
///     rejections: vec![SigClip::iraf().hsigma(2.5).into()],
///     ..Options::convention(Convention::Iraf)
/// };
/// assert!(options.blank.is_nan());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The statistic.
    pub combine: Combine,
    /// What is left out before: one rejection after the other, each sees what the one before left.
    pub rejections: Vec<Rejection>,
    /// Definition of `lmedian`.
    pub lmedian: Lmedian,
    /// Definition of the sigma image.
    pub sigma_rule: SigmaRule,
    /// Least good value of the input, itself good.
    pub lthreshold: Option<f64>,
    /// Greatest good value of the input, itself good.
    pub hthreshold: Option<f64>,
    /// How the samples of each frame are scaled; empty where none is.
    pub scalings: Vec<Scaling>,
    /// How they are scaled for the rejections, if otherwise (algorithms.md 6.6).
    pub reject_scalings: Option<Vec<Scaling>>,
    /// How well `scalings` are known, to be added to the variances of the samples (8.1); empty: they are exact.
    pub scaling_errors: Vec<ScalingError>,
    /// What is known of the noise of each frame, of all frames, or nothing.
    pub noise: Vec<Noise>,
    /// One weight a frame, zero or more; for `average` (and without effect for `sum`).
    pub weights: Option<Vec<f64>>,
    /// Multiply the weights by those of the samples ([`FrameSource::weights`](crate::FrameSource::weights)); for `average`.
    pub sample_weights: bool,
    /// Divide the weights by the variances of the samples.
    pub weigh_by_variance: bool,
    /// Exposure time of each frame (s), for [`ValueProduct::Exposure`](crate::ValueProduct::Exposure).
    pub exposures: Vec<f64>,
    /// Variances of the samples.
    pub variance: Variance,
    /// Growth of rejections.
    pub grow: Grow,
    /// May a pixel without good samples use the least bad ones that it has (algorithms.md 2.3)?
    pub fallback: bool,
    /// Value of a pixel without samples.
    pub blank: f64,
    /// Further images.
    pub products: Products,
    /// Count what each frame loses ([`Summary::frames`](crate::Summary::frames)).
    pub per_frame: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::convention(Convention::Iraf)
    }
}

impl Options {
    /// A plain average with the definitions of `convention` (algorithms.md sections 7 and 8.3). `blank` is NaN: the 0 of
    /// IRAF and SWarp is only for users who ask for their convention by name.
    pub fn convention(convention: Convention) -> Self {
        Self {
            combine: Combine::Average,
            rejections: Vec::new(),
            lmedian: if convention == Convention::Iraf { Lmedian::Iraf } else { Lmedian::Lower },
            sigma_rule: match convention {
                Convention::Iraf => SigmaRule::Iraf,
                Convention::Gnuastro => SigmaRule::Population,
                _ => SigmaRule::Scatter,
            },
            lthreshold: None,
            hthreshold: None,
            scalings: Vec::new(),
            reject_scalings: None,
            scaling_errors: Vec::new(),
            noise: Vec::new(),
            weights: None,
            sample_weights: false,
            weigh_by_variance: false,
            exposures: Vec::new(),
            variance: Variance::None,
            grow: Grow::default(),
            fallback: false,
            blank: f64::NAN,
            products: Products::NONE,
            per_frame: false,
        }
    }

    /// Can a stack of `frames` frames be combined like this in working type T?
    ///
    /// # Errors
    /// The first option that is out of its range or does not go with another.
    pub fn check<T: Element>(&self, frames: usize) -> Result<(), CombineError> {
        self.resolve::<T>(frames).map(drop)
    }

    /// Checks every option for a stack of `frames` frames and works out what depends on it.
    pub(crate) fn resolve<T: Element>(&self, frames: usize) -> Result<Resolved<T>, CombineError> {
        self.check_frames(frames)?;
        self.check_weights(frames)?;
        self.check_scalings(frames)?;
        self.check_scaling_errors(frames)?;
        self.check_noise(frames)?;
        self.check_products(frames)?;
        self.check_replacing()?;
        self.check_rejections()?;
        let facts = FrameFacts {
            frames,
            scalings: self.reject_scalings.as_deref().unwrap_or(&self.scalings),
            noise: &self.noise,
            weights: self.weights.as_deref(),
        };
        Ok(Resolved {
            rejections: Prepared::new(&self.rejections, &facts)?,
            thresholds: self.thresholds()?,
            scalings: self.scalings.clone(),
            reject_scalings: self.reject_scalings.clone(),
            scaling_errors: self.scaling_errors.clone(),
            noise: (0..frames).map(|frame| facts.noise(frame)).collect(),
            weights: self.weights.clone().filter(|_| self.combine.is_weighted()),
            weigh_by_variance: self.weigh_by_variance,
            exposures: self.exposures.clone(),
            variance: self.variance,
            grow: self.grow,
            fallback: self.fallback,
            combine: self.combine,
            lmedian: self.lmedian,
            sigma_rule: self.sigma_rule,
            blank: self.blank_of()?,
            products: self.products,
        })
    }

    /// Rows above and below a band that it depends on.
    pub fn halo(&self) -> usize {
        if self.two_passes() { self.grow.halo() } else { 0 }
    }

    /// Bytes a sample that a band hands from one pass to the other.
    pub fn code_bytes(&self) -> usize {
        usize::from(self.two_passes())
    }

    /// Does a rejection pool the noise of a whole row?
    pub fn pools_rows(&self) -> bool {
        let pools = |of: &Rejection| matches!(of, Rejection::AvSigClip(clip) if clip.pool == Pool::Row);
        self.rejections.iter().any(pools)
    }

    /// Must all rejections have been made before the first value is combined?
    pub(crate) fn two_passes(&self) -> bool {
        let rejects = self.rejections.iter().any(|of| !matches!(of, Rejection::None));
        rejects && (self.grow.radius >= 1.0 || self.reject_scalings.is_some())
    }

    fn check_scalings(&self, frames: usize) -> Result<(), CombineError> {
        for scalings in [Some(&self.scalings), self.reject_scalings.as_ref()].into_iter().flatten() {
            if !scalings.is_empty() && scalings.len() != frames {
                let found = format!("{} numbers for {frames} frames", scalings.len());
                return Err(CombineError::Option {
                    option: "scale, zero",
                    found,
                    needed: "one for each frame",
                });
            }
            let is_wrong = |s: &Scaling| !(s.multiply > 0.0 && s.multiply.is_finite() && s.add.is_finite());
            if let Some(frame) = scalings.iter().position(is_wrong) {
                let Scaling { multiply, add } = scalings[frame];
                let found = format!("x {multiply} + {add} for frame {}", frame + 1);
                let needed = "a finite factor above zero and a finite addend";
                return Err(CombineError::Option { option: "scale, zero", found, needed });
            }
        }
        Ok(())
    }

    fn check_scaling_errors(&self, frames: usize) -> Result<(), CombineError> {
        let wrong = |found: &str, needed| {
            Err(CombineError::Option { option: "errors of scales", found: found.to_owned(), needed })
        };
        let errors = &self.scaling_errors;
        if errors.is_empty() {
            return Ok(());
        }
        if errors.len() != frames {
            return wrong(&format!("{} numbers for {frames} frames", errors.len()), "one for each frame");
        }
        if self.variance == Variance::None {
            return wrong("given without variances", "variances of the samples, to which they are added");
        }
        if self.reject_scalings.is_some() {
            return wrong(
                "given beside scales for the rejection",
                "one normalisation, whose errors they are",
            );
        }
        let is_wrong = |of: &ScalingError| [of.scale, of.zero].iter().any(|e| !(*e >= 0.0 && e.is_finite()));
        match errors.iter().position(is_wrong) {
            None => Ok(()),
            Some(frame) => {
                let ScalingError { scale, zero } = errors[frame];
                wrong(&format!("{scale} and {zero} for frame {}", frame + 1), "finite numbers, 0 or more")
            }
        }
    }

    fn check_noise(&self, frames: usize) -> Result<(), CombineError> {
        if self.noise.len() > 1 && self.noise.len() != frames {
            let found = format!("{} for {frames} frames", self.noise.len());
            return Err(CombineError::Option {
                option: "noise models",
                found,
                needed: "one, or one for each frame",
            });
        }
        for (frame, noise) in self.noise.iter().enumerate() {
            let wrong = |option, found: f64, needed| {
                let found = format!("{found} for frame {}", frame + 1);
                Err(CombineError::Option { option, found, needed })
            };
            if !(noise.gain > 0.0 && noise.gain.is_finite()) {
                return wrong("gain", noise.gain, "a finite number above zero");
            }
            for (option, found) in [("rdnoise", noise.rdnoise), ("snoise", noise.snoise)] {
                if !(found >= 0.0 && found.is_finite()) {
                    return wrong(option, found, "a finite number, zero or more");
                }
            }
        }
        if let Variance::Constant(found) = self.variance
            && !(found > 0.0 && found.is_finite())
        {
            let needed = "a finite number above zero";
            return Err(CombineError::Option { option: "variance", found: found.to_string(), needed });
        }
        if !(self.grow.radius >= 0.0 && self.grow.radius <= MOST_GROWTH) {
            let found = self.grow.radius.to_string();
            return Err(CombineError::Option {
                option: "grow",
                found,
                needed: "a radius from 0 to 100 pixels",
            });
        }
        Ok(())
    }

    /// medsigma gives the mean of samples that it has changed: nothing else can be made of them.
    fn check_replacing(&self) -> Result<(), CombineError> {
        let wrong = |option, found: &str, needed| {
            Err(CombineError::Option { option, found: found.to_owned(), needed })
        };
        let Some(at) = self.rejections.iter().position(|of| matches!(of, Rejection::MedSigma(_))) else {
            return Ok(());
        };
        if at + 1 != self.rejections.len() {
            return wrong("reject", "medsigma before another one", "medsigma last: it replaces samples");
        }
        if self.combine != Combine::Average {
            return wrong("combine", &format!("{:?}", self.combine).to_lowercase(), "average for medsigma");
        }
        if self.weights.is_some() || self.sample_weights || self.weigh_by_variance {
            return wrong("weight", "given for medsigma", "no weights: samples are replaced");
        }
        if self.reject_scalings.is_some() {
            return wrong(
                "scale for rejection",
                "given for medsigma",
                "one scale: the values that replace others are output",
            );
        }
        Ok(())
    }

    /// What single rejections need of the others.
    fn check_rejections(&self) -> Result<(), CombineError> {
        let pooled = self.rejections.iter().filter(|of| matches!(of, Rejection::AvSigClip(_))).count();
        if pooled > 1 {
            let found = format!("avsigclip {pooled} times");
            return Err(CombineError::Option { option: "reject", found, needed: "avsigclip once" });
        }
        let clips_variances = self.rejections.iter().any(|of| matches!(of, Rejection::VarClip(_)));
        if clips_variances && self.variance == Variance::None {
            let needed = "variances of the samples, for varclip";
            return Err(CombineError::Option { option: "variance", found: "none".to_owned(), needed });
        }
        Ok(())
    }

    /// Is everything there that the further images are made of?
    fn check_products(&self, frames: usize) -> Result<(), CombineError> {
        let wrong = |option, found: &str, needed| {
            Err(CombineError::Option { option, found: found.to_owned(), needed })
        };
        let has = |product| self.products.contains(product);
        if (has(ValueProduct::Variance) || has(ValueProduct::Error)) && self.variance == Variance::None {
            return wrong("variance", "none", "variances of the samples, for a propagated error");
        }
        let combine = format!("combine={}", format!("{:?}", self.combine).to_lowercase());
        if (has(ValueProduct::Variance) || has(ValueProduct::Error)) && !self.combine.propagates() {
            return wrong(
                "propagated error",
                &combine,
                "another statistic: there is no formula for this one",
            );
        }
        if has(ValueProduct::Empirical) && !self.combine.has_empirical_error() {
            return wrong("empirical error", &combine, "average, median or lmedian");
        }
        if self.weigh_by_variance && self.variance == Variance::None {
            return wrong("weight by variance", "given without variances", "variances of the samples");
        }
        if self.weigh_by_variance && !self.combine.is_weighted() {
            return wrong("weight by variance", &combine, "average, or another statistic with weights");
        }
        if has(ValueProduct::Exposure) && self.exposures.len() != frames {
            let found = format!("{} numbers for {frames} frames", self.exposures.len());
            return wrong("exposure times", &found, "one for each frame, for an exposure map");
        }
        Ok(())
    }

    /// `blank` in the working type, which must hold it.
    fn blank_of<T: Element>(&self) -> Result<T, CombineError> {
        let blank = T::narrow(self.blank);
        if blank.is_infinite() {
            let found = self.blank.to_string();
            let needed = "nan, or a number that the type of the computation holds";
            return Err(CombineError::Option { option: "blank", found, needed });
        }
        Ok(blank)
    }

    fn check_frames(&self, frames: usize) -> Result<(), CombineError> {
        if (1..=MOST_FRAMES).contains(&frames) {
            return Ok(());
        }
        Err(CombineError::Option {
            option: "number of frames",
            found: frames.to_string(),
            needed: "1 to 4194304",
        })
    }

    fn check_weights(&self, frames: usize) -> Result<(), CombineError> {
        let Some(weights) = &self.weights else { return Ok(()) };
        let wrong = |found: String, needed| Err(CombineError::Option { option: "weight", found, needed });
        match self.combine {
            Combine::Average | Combine::Sum => {}
            Combine::Quadrature | Combine::Nmodel | Combine::Wmedian => {}
            Combine::Median | Combine::Lmedian => {
                return wrong(
                    "given for a median".into(),
                    "combine average, or wmedian (a median ignores weights)",
                );
            }
            Combine::Min | Combine::Max => {
                return wrong("given for an extreme value".into(), "combine average");
            }
        }
        if weights.len() != frames {
            return wrong(
                format!("{} numbers for {frames} frames", weights.len()),
                "one number for each frame",
            );
        }
        if let Some((frame, bad)) = weights.iter().enumerate().find(|(_, w)| !(**w >= 0.0 && w.is_finite())) {
            return wrong(format!("{bad} for frame {}", frame + 1), "finite numbers, zero or more");
        }
        if weights.iter().all(|w| *w == 0.0) {
            return wrong("0 for every frame".into(), "a weight above zero for some frame");
        }
        if weights.iter().sum::<f64>().is_infinite() {
            return wrong("larger in sum than any number".into(), "weights with a finite sum");
        }
        Ok(())
    }

    /// The thresholds as exact bounds of the working type: x is compared with them as its f64 would be with the f64 that
    /// the user gave (B4).
    fn thresholds<T: Element>(&self) -> Result<Option<(T, T)>, CombineError> {
        if self.lthreshold.is_none() && self.hthreshold.is_none() {
            return Ok(None);
        }
        let low = self.lthreshold.unwrap_or(f64::NEG_INFINITY);
        let high = self.hthreshold.unwrap_or(f64::INFINITY);
        if low.is_nan() || high.is_nan() || low > high {
            return Err(CombineError::Option {
                option: "lthreshold, hthreshold",
                found: format!("{low}, {high}"),
                needed: "two numbers, the first not above the second",
            });
        }
        Ok(Some((least_at_or_above(low), greatest_at_or_below(high))))
    }
}

/// The least T whose f64 is not below `limit`.
fn least_at_or_above<T: Element>(limit: f64) -> T {
    let nearest = T::narrow(limit);
    if nearest.widen() < limit { nearest.next_up() } else { nearest }
}

/// The greatest T whose f64 is not above `limit`.
fn greatest_at_or_below<T: Element>(limit: f64) -> T {
    let nearest = T::narrow(limit);
    if nearest.widen() > limit { nearest.next_down() } else { nearest }
}

/// [`Options`] checked and worked out for N frames of working type T: what the kernel reads.
#[derive(Debug, Clone)]
pub(crate) struct Resolved<T> {
    pub(crate) rejections: Prepared,
    pub(crate) combine: Combine,
    pub(crate) lmedian: Lmedian,
    pub(crate) sigma_rule: SigmaRule,
    pub(crate) thresholds: Option<(T, T)>,
    /// One a frame, or none at all.
    pub(crate) scalings: Vec<Scaling>,
    pub(crate) reject_scalings: Option<Vec<Scaling>>,
    pub(crate) scaling_errors: Vec<ScalingError>,
    /// One a frame.
    pub(crate) noise: Vec<Noise>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) weigh_by_variance: bool,
    pub(crate) exposures: Vec<f64>,
    pub(crate) variance: Variance,
    pub(crate) grow: Grow,
    pub(crate) fallback: bool,
    pub(crate) blank: T,
    pub(crate) products: Products,
}

impl<T> Resolved<T> {
    /// Is anything done to single samples between the rows and the rejections: cut, masked, scaled, weighted?
    pub(crate) fn looks_at_samples(&self, rows: &TileRows<'_, T>) -> bool {
        self.thresholds.is_some()
            || !self.scalings.is_empty()
            || self.weights.is_some()
            || self.variance != Variance::None
            || !(rows.masks.is_empty() && rows.weights.is_empty() && rows.quality.is_empty())
            || matches!(rows.samples, Rows::Placed(_))
    }

    /// Are the further images such as numbers of samples alone make?
    pub(crate) fn only_counts(&self) -> bool {
        let by_frame = [CountProduct::Nlow, CountProduct::Nhigh, CountProduct::Ngrow, CountProduct::Dq];
        !ValueProduct::ALL.iter().any(|product| self.products.contains(*product))
            && !CubeProduct::ALL.iter().any(|product| self.products.contains(*product))
            && !by_frame.iter().any(|product| self.products.contains(*product))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_become_the_tightest_values_of_the_type() {
        // 0.1 is between two f32: 0.099999994 and 0.1 (= 0.10000000149).
        assert_eq!(least_at_or_above::<f32>(0.1), 0.1f32);
        assert_eq!(greatest_at_or_below::<f32>(0.1), 0.1f32.next_down());
        assert_eq!(least_at_or_above::<f64>(0.1), 0.1);
        assert_eq!(least_at_or_above::<f32>(-1e300), f32::MIN);
        assert_eq!(greatest_at_or_below::<f32>(f64::INFINITY), f32::INFINITY);
    }

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
