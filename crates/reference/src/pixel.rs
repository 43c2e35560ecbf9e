//! One output pixel, from its column to its results (algorithms.md section 2.1, steps 2 to 9).

use crate::{Pass, Setup, Stop};

/// The results of one output pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixel {
    /// Combined value, an f64 equal to a value of T; `blank` where nothing is used.
    pub value: f64,
    /// Sigma image value likewise.
    pub sigma: f64,
    /// Propagated variance of the value (section 8.1) in f64: a product rounds it, or its root, once to T.
    /// `blank` where nothing is used. Nothing in a stack without variances, and where none is defined.
    pub variance: Option<f64>,
    /// Empirical variance of the value from the scatter of the samples (section 8.2), likewise; NaN for one sample. Nothing where
    /// none is defined.
    pub empirical: Option<f64>,
    /// Samples used.
    pub count: usize,
    /// Samples rejected: `low` + `high`. Missing ones are not among them.
    pub nrej: usize,
    /// Samples missing.
    pub nmiss: usize,
    /// Is the sample of this frame used?
    pub used: Vec<bool>,
    /// Samples rejected at the low side and not restored.
    pub low: usize,
    /// Samples rejected at the high side and not restored.
    pub high: usize,
    /// Samples that a pass dropped and `nkeep` or `maxrej` brought back.
    pub restored: usize,
    /// The clipping passes, oldest first.
    pub passes: Vec<Pass>,
    /// Why they ended.
    pub stop: Stop,
}

/// Computes one output pixel.
///
/// `samples[i]` is the physical value of frame i, an f64 equal to a value of T (others are rounded to T first); NaN and
/// infinities are missing.
///
/// ```
/// use skystack_reference::{Setup, Working, pixel};
/// use skystack_reject::{Convention, MinMax};
/// let mut setup = Setup::convention(Convention::Iraf, Working::F64);
/// let rejections = [MinMax::new(1.0, 1.0).into()];
/// setup.rejections = &rejections;
/// let answer = pixel(&[4.0, 1.0, 6.0, 90.0], &setup);
/// assert_eq!((answer.value, answer.low, answer.high), (5.0, 1, 1));
/// assert_eq!(answer.used, [true, false, true, false]);
/// ```
///
/// # Panics
/// With a rejection that is not valid for this number of frames, one that this crate does not know yet, weights of another
/// number of frames, or medsigma with a combination other than average or another rejection after it.
pub fn pixel(samples: &[f64], setup: &Setup) -> Pixel {
    crate::trace(samples, setup).pixel
}
