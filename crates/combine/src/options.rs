//! What to compute: the one struct of options, and the same resolved for a stack.

use skystack_reject::{Convention, FrameFacts, Prepared, Rejection};
use skystack_simd::Element;

use crate::CombineError;

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
    /// Least value.
    Min,
    /// Greatest value.
    Max,
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

/// Which images are made beside the combined one. Asking for one never changes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Products {
    /// Scatter of the used samples, see [`SigmaRule`].
    pub sigma: bool,
    /// Number of rejected samples; missing ones are not counted.
    pub nrej: bool,
    /// Number of used samples.
    pub count: bool,
    /// One plane a frame: 1 where its sample is not used, for whatever reason.
    pub rejmask: bool,
}

impl Products {
    /// Bytes of all images for one output pixel, the combined one included.
    pub const fn bytes_per_pixel(&self, frames: usize, element_bytes: usize) -> usize {
        let values = 1 + self.sigma as usize;
        let counts = self.nrej as usize + self.count as usize;
        values * element_bytes + counts * size_of::<u32>() + self.rejmask as usize * frames
    }
}

/// Most frames of a stack: ranks, and halves of them, are carried in f32 lanes, which are exact up to here.
pub const MOST_FRAMES: usize = 1 << 22;

/// Everything that decides the value of an output pixel.
///
/// ```
/// use skystack_combine::{Combine, Options};
/// use skystack_reject::{Convention, SigClip};
/// let options = Options {
///     combine: Combine::Median,
///     rejection: SigClip::iraf().hsigma(2.5).into(),
///     ..Options::convention(Convention::Iraf)
/// };
/// assert!(options.blank.is_nan());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The statistic.
    pub combine: Combine,
    /// What is left out before.
    pub rejection: Rejection,
    /// Definition of `lmedian`.
    pub lmedian: Lmedian,
    /// Definition of the sigma image.
    pub sigma_rule: SigmaRule,
    /// Least good value of the input, itself good.
    pub lthreshold: Option<f64>,
    /// Greatest good value of the input, itself good.
    pub hthreshold: Option<f64>,
    /// One weight a frame, zero or more; for `average` (and without effect for `sum`).
    pub weights: Option<Vec<f64>>,
    /// Value of a pixel without samples.
    pub blank: f64,
    /// Further images.
    pub products: Products,
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
            rejection: Rejection::None,
            lmedian: if convention == Convention::Iraf { Lmedian::Iraf } else { Lmedian::Lower },
            sigma_rule: match convention {
                Convention::Iraf => SigmaRule::Iraf,
                Convention::Gnuastro => SigmaRule::Population,
                _ => SigmaRule::Scatter,
            },
            lthreshold: None,
            hthreshold: None,
            weights: None,
            blank: f64::NAN,
            products: Products::default(),
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
        Ok(Resolved {
            rejection: Prepared::new(
                &self.rejection,
                &FrameFacts { weights: self.weights.as_deref(), ..FrameFacts::new(frames) },
            )?,
            thresholds: self.thresholds()?,
            weights: self.weights.clone().filter(|_| self.combine == Combine::Average),
            combine: self.combine,
            lmedian: self.lmedian,
            sigma_rule: self.sigma_rule,
            blank: self.blank_of()?,
        })
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
            Combine::Median | Combine::Lmedian => {
                return wrong("given for a median".into(), "combine average (a median ignores weights)");
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
    pub(crate) rejection: Prepared,
    pub(crate) combine: Combine,
    pub(crate) lmedian: Lmedian,
    pub(crate) sigma_rule: SigmaRule,
    pub(crate) thresholds: Option<(T, T)>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) blank: T,
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
