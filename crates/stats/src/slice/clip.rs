//! Mean, median and scatter without the outliers (astropy's `sigma_clipped_stats`).
//!
//! idea: centre and spread of the survivors -> drop what is beyond k times the spread -> again, until nothing is dropped or
//! `maxiters` rounds are done. The survivors are an interval of values, so two bounds say who they are, and the sums read
//! the data in place and in order.

use skystack_simd::Element;

use super::bounds::Bounds;
use super::mad::{MAD_STD_FACTOR, mad_of};
use super::moments::{mean_within, variance_by_median, variance_within};
use super::order::{fill, median_of};

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
/// Linear in each round: a selection and three to five passes; a copy of the n valid values
/// ([`sigma_clipped_stats_with`] reuses one).
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
    let mut kept = Bounds::FINITE;
    let mut rounds = 0;
    while clip.maxiters.is_none_or(|most| rounds < most) {
        let Some(narrower) = round(data, clip, kept, scratch)? else { break };
        kept = narrower;
        rounds += 1;
    }
    fill(scratch, data, kept);
    Some(ClippedStats {
        mean: mean_within(data, kept)?,
        median: median_of(scratch)?,
        std: variance_within(data, kept, 0)?.sqrt(),
        n: scratch.len(),
    })
}

/// One round: what it keeps, or nothing new. The outer `None`: there are no survivors.
fn round<T: Element>(
    data: &[T],
    clip: &SigmaClip,
    kept: Bounds,
    scratch: &mut Vec<T>,
) -> Option<Option<Bounds>> {
    fill(scratch, data, kept);
    let (c, v) = center_and_variance(data, clip, kept, scratch)?;
    if !v.is_finite() {
        return Some(None);
    }
    let beyond = |d: f64, k: f64| k.is_finite() && d * d > (k * k) * v;
    let dropped = |x: f64| {
        let d = x - c;
        (d < 0.0 && beyond(d, clip.lsigma)) || (d > 0.0 && beyond(d, clip.hsigma))
    };
    let (mut low, mut high, mut any) = (f64::INFINITY, f64::NEG_INFINITY, false);
    for x in kept.values(data) {
        if dropped(x) {
            any = true;
        } else {
            (low, high) = (low.min(x), high.max(x));
        }
    }
    Some(any.then_some(Bounds { low, high }))
}

/// Centre, a value of `T`, and variance of the survivors; `scratch` holds them in any order.
fn center_and_variance<T: Element>(
    data: &[T],
    clip: &SigmaClip,
    kept: Bounds,
    scratch: &mut [T],
) -> Option<(f64, f64)> {
    let c = match clip.center {
        ClipCenter::Median => median_of(scratch)?.widen(),
        ClipCenter::Mean => T::narrow(mean_within(data, kept)?).widen(),
    };
    let v = match (clip.spread, clip.center) {
        (ClipSpread::Std, ClipCenter::Median) => variance_by_median(data, kept, c),
        (ClipSpread::Std, ClipCenter::Mean) => variance_within(data, kept, 0)?,
        (ClipSpread::MadStd, _) => {
            let sigma = T::narrow(MAD_STD_FACTOR * mad_of(scratch)?).widen();
            sigma * sigma
        }
    };
    Some((c, v))
}
