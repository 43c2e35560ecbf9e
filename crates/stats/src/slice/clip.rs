//! Mean, median and scatter without the outliers (astropy's `sigma_clipped_stats`).
//!
//! idea: centre and spread of the survivors -> drop what is beyond k times the spread -> again, until nothing is dropped or
//! `maxiters` rounds are done. The survivors are an interval of values, so two bounds say who they are, and the sums read
//! the data in place and in order.

use skystack_simd::Element;

use super::bounds::Bounds;
use super::extent::{Clip, Extent};
use super::mad::MAD_STD_FACTOR;
use super::moments::{mean_within, variance_about, variance_by_median};
use super::survivors::Survivors;
use super::tuning::Tuning;

/// What the test of [`sigma_clipped_stats`] measures distances from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipCenter {
    /// Median.
    #[default]
    Median,
    /// Mean.
    Mean,
}

/// The unit that the test of [`sigma_clipped_stats`] measures distances in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipSpread {
    /// Population standard deviation about the mean.
    #[default]
    Std,
    /// [`mad_std`](super::mad_std).
    MadStd,
}

/// Parameters of [`sigma_clipped_stats`]; the default is astropy's.
///
/// ```
/// use skystack_stats::slice::SigmaClip;
/// let clip = SigmaClip { hsigma: 2.0, ..SigmaClip::default() };
/// assert_eq!((clip.lsigma, clip.maxiters), (3.0, Some(5)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SigmaClip {
    /// Low clipping factor in units of σ, zero or more; infinity switches the side off.
    #[doc(alias = "sigma_lower")]
    pub lsigma: f64,
    /// High clipping factor likewise.
    #[doc(alias = "sigma_upper")]
    pub hsigma: f64,
    /// Most rounds; `None`: until nothing is dropped.
    pub maxiters: Option<u32>,
    /// Centre of the test.
    #[doc(alias = "cenfunc")]
    pub center: ClipCenter,
    /// Unit of the test.
    #[doc(alias = "stdfunc")]
    pub spread: ClipSpread,
}

impl Default for SigmaClip {
    fn default() -> Self {
        let (center, spread) = (ClipCenter::default(), ClipSpread::default());
        Self { lsigma: 3.0, hsigma: 3.0, maxiters: Some(5), center, spread }
    }
}

/// What [`sigma_clipped_stats`] found in the survivors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClippedStats<T> {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: T,
    /// Population standard deviation about the mean.
    pub std: f64,
    /// Number of survivors.
    pub n: usize,
}

/// Mean, median and standard deviation of what iterated sigma clipping leaves.
///
/// A round drops the survivors with x < c − lsigma·σ or x > c + hsigma·σ, c and σ being their centre and spread. The test is
/// strict: a value on the limit stays. It is made on squares, d² > k²·V, with the unrounded variance V (algorithms.md F1);
/// the centre is rounded to `T`.
///
/// # Missing data
/// NaN and infinite entries are ignored. `None` if there is no valid value, or, with factors below 1, none is left.
///
/// # Ties, zeros
/// Equal values share their fate. A spread of 0 drops everything that differs from the centre, as in astropy. A variance beyond
/// f64 ends the clipping.
///
/// # Cost
/// Linear in each round: three to five passes, selections included; [memory](super) for at most the n valid values
/// ([`sigma_clipped_stats_with`] reuses it), which no round copies anew.
///
/// # Panics
/// If a factor is negative or NaN.
///
/// # Examples
/// ```
/// use skystack_stats::slice::{SigmaClip, sigma_clipped_stats};
/// let mut sky = [9.0f32, 10.0, 11.0, 10.0].repeat(5);
/// sky.push(4000.0);
/// let stats = sigma_clipped_stats(&sky, &SigmaClip::default()).expect("valid values");
/// assert_eq!((stats.mean, stats.median, stats.n), (10.0, 10.0, 20));
/// assert_eq!(stats.std, 0.5f64.sqrt());
/// ```
///
/// # References
/// astropy `sigma_clipped_stats`; algorithms.md section 5.4, convention astropy.
pub fn sigma_clipped_stats<T: Element>(data: &[T], clip: &SigmaClip) -> Option<ClippedStats<T>> {
    sigma_clipped_stats_with(data, clip, &mut Vec::new())
}

/// [`sigma_clipped_stats`] with the caller's scratch vector.
///
/// # Panics
/// If a factor is negative or NaN.
pub fn sigma_clipped_stats_with<T: Element>(
    data: &[T],
    clip: &SigmaClip,
    scratch: &mut Vec<T>,
) -> Option<ClippedStats<T>> {
    for (name, factor) in [("lsigma", clip.lsigma), ("hsigma", clip.hsigma)] {
        assert!(factor >= 0.0, "{name} is {factor}, needed zero or more");
    }
    clip_by(Survivors::valid(Tuning::here(), data, scratch), clip)
}

pub(crate) fn clip_by<T: Element>(mut kept: Survivors<'_, T>, clip: &SigmaClip) -> Option<ClippedStats<T>> {
    let mut rounds = 0;
    while clip.maxiters.is_none_or(|most| rounds < most) {
        let Some(narrower) = round(&mut kept, clip)? else { break };
        kept.narrow(narrower);
        rounds += 1;
    }
    let Survivors { tuning, data, bounds, .. } = kept;
    let (mean, n) = mean_within(tuning, data, bounds)?;
    let std = variance_about(tuning, data, bounds, mean, 0).sqrt();
    Some(ClippedStats { mean, median: kept.median()?, std, n })
}

/// One round: what it keeps, or nothing new. The outer `None`: there are no survivors.
fn round<T: Element>(kept: &mut Survivors<'_, T>, clip: &SigmaClip) -> Option<Option<Bounds<T>>> {
    let (center, v) = center_and_variance(kept, clip)?;
    if !v.is_finite() {
        return Some(None);
    }
    let limit = |k: f64| if k.is_finite() { (k * k) * v } else { f64::INFINITY };
    let test = Clip { center, low: limit(clip.lsigma), high: limit(clip.hsigma) };
    let found = Extent::of(kept.tuning, kept.data, kept.bounds, Some(test));
    Some(found.dropped.then_some(found.kept))
}

/// Centre, a value of `T`, and variance of the survivors.
fn center_and_variance<T: Element>(kept: &mut Survivors<'_, T>, clip: &SigmaClip) -> Option<(f64, f64)> {
    let Survivors { tuning, data, bounds, .. } = *kept;
    let center = match clip.center {
        ClipCenter::Mean => mean_within(tuning, data, bounds)?.0,
        ClipCenter::Median => kept.median()?.widen(),
    };
    let v = match (clip.spread, clip.center) {
        (ClipSpread::Std, ClipCenter::Median) => variance_by_median(tuning, data, bounds, center),
        (ClipSpread::Std, ClipCenter::Mean) => variance_about(tuning, data, bounds, center, 0),
        (ClipSpread::MadStd, _) => {
            let sigma = T::narrow(MAD_STD_FACTOR * kept.mad()?).widen();
            sigma * sigma
        }
    };
    // The variance is that about the unrounded mean, distances are measured from a value of T.
    Some((T::narrow(center).widen(), v))
}
