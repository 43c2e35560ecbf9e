//! Options resolved for a stack: what the kernels look at.

use skystack_reject::{FrameFacts, Noise, Prepared, Scaling, ScalingError};
use skystack_simd::Element;

use super::{Combine, Grow, Lmedian, Options, SigmaRule, Variance};
use crate::band::{Rows, TileRows};
use crate::{CombineError, CountProduct, CubeProduct, Products, ValueProduct};

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

impl Options {
    /// Checks every option for a stack of `frames` frames and works out what depends on it.
    pub(crate) fn resolve<T: Element>(&self, frames: usize) -> Result<Resolved<T>, CombineError> {
        self.check_all(frames)?;
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
}
