//! The noise of a background that has stars on it.

use skystack_simd::Element;

use super::clip::{SigmaClip, sigma_clipped_stats_with};

/// Factor of the clipping.
const SIGMA: f64 = 3.0;

/// Noise of the background of an image: the standard deviation of what 3σ clipping about the median leaves, iterated until
/// nothing is dropped.
///
/// A standard deviation and not a [`mad_std`](super::mad_std) on purpose: frames are weighted by this number, and the MAD of integers is
/// an integer or half of one: with a noise of 2.4 units, as bias frames have, it would be 24 % high, and below 0.74 units 0. Clipping at 3σ cuts the tails of the noise as well, so that for Gaussian data the result is 1.6 % low; a ratio of two
/// frames is not.
///
/// Structure of the background counts as noise, as do stars too faint to be clipped.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// 0 if all values that are left are equal.
///
/// # Cost
/// Linear in each round, of which there are 5 to 15; [memory](super) for at most the n valid values ([`background_noise_with`] reuses
/// it).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let mut sky = [9.0f32, 10.0, 11.0, 10.0].repeat(50);
/// sky.extend([40.0, 500.0, 60_000.0]);
/// assert_eq!(slice::background_noise(&sky), Some(0.5f64.sqrt()));
/// ```
///
/// # References
/// The background of SExtractor: Bertin & Arnouts 1996, A&AS 117, 393, section 4.
#[doc(alias = "bgnoise")]
pub fn background_noise<T: Element>(data: &[T]) -> Option<f64> {
    background_noise_with(data, &mut Vec::new())
}

/// [`background_noise`] with the caller's scratch vector.
pub fn background_noise_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<f64> {
    let clip = SigmaClip { lsigma: SIGMA, hsigma: SIGMA, maxiters: None, ..SigmaClip::default() };
    sigma_clipped_stats_with(data, &clip, scratch).map(|stats| stats.std)
}
