//! meanclip: LSST's clipped mean (algorithms.md section 5.14).
//!
//! ```text
//! kept = all
//! for each round:  c, V = median, (0.7413·IQR)² in the first one, then mean and variance of `kept`
//!                  (stop where n < 2, or V is 0 or not finite)
//!                  kept = all but d² > k²·V
//! ```
//!
//! What is kept is an interval of values. Each round drops from the ends of the whole sorted column.

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{self, Bounds, Deviations, Moments, Window, number};
use skystack_stats::slice::IQR_STD_FACTOR;

use crate::builders::builders;
use crate::error::check_factor;
use crate::prepared::Algorithm;
use crate::sigclip::{Limits, Survivors, Test, drop_ends};
use crate::{Columns, Convention, FrameFacts, Kept, RejectError};

/// A fixed number of rounds of clipping, each of which tests every sample that was there at the beginning: the first about
/// the median with the interquartile range, the others about the mean with the deviation of what the round before kept.
///
/// Where frames have weights, means and deviations are weighted.
///
/// ```
/// use skystack_reject::{Convention, MeanClip};
/// let clip = MeanClip::convention(Convention::Lsst)?;
/// assert_eq!((clip.lsigma, clip.hsigma, clip.rounds), (3.0, 3.0, 3));
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// Missing samples are ignored, and equal values share their fate. The cost is that of a sort of the column, and of two sums in each
/// round after the first.
///
/// # References
/// LSST `afw` statistics, MEANCLIP.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MeanClip {
    /// Low clipping factor (σ), zero or more; infinity switches the side off.
    pub lsigma: f64,
    /// High clipping factor (σ), likewise. LSST has one factor for both sides.
    pub hsigma: f64,
    /// Number of rounds, the first one included.
    pub rounds: u32,
}

impl MeanClip {
    /// LSST: three rounds at 3σ.
    pub const fn lsst() -> Self {
        Self { lsigma: 3.0, hsigma: 3.0, rounds: 3 }
    }

    /// The row of `convention` in algorithms.md section 4.2.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Lsst => Ok(Self::lsst()),
            _ => {
                Err(RejectError::NotDefined { rejection: "meanclip", convention, instead: "lsst defines it" })
            }
        }
    }

    builders!(lsigma hsigma);

    /// Number of rounds, the first one included.
    #[doc(alias = "numIter")]
    pub const fn rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Are the parameters in their ranges?
    ///
    /// # Errors
    /// [`RejectError::Parameter`] for a negative or NaN factor.
    pub fn validate(&self) -> Result<(), RejectError> {
        check_factor("lsigma", self.lsigma)?;
        check_factor("hsigma", self.hsigma)
    }
}

/// [`MeanClip`] resolved for a stack.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rounds {
    clip: MeanClip,
    weights: Option<Box<[f64]>>,
}

impl Rounds {
    pub(crate) fn new(clip: &MeanClip, facts: &FrameFacts<'_>) -> Self {
        Self { clip: *clip, weights: facts.weights.map(Box::from) }
    }
}

impl Algorithm for Rounds {
    #[inline(always)]
    fn keep<V: Vector>(&self, isa: V::Isa, columns: &mut Columns<'_, V>) -> Kept<V> {
        let valid = columns.sort(isa);
        let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
        let start = Survivors { bounds: Bounds::everything(isa), window, all: columns.full };
        let mut survivors = start;
        let (two, zero) = (number::<V>(isa, 2), V::Wide::splat(isa, 0.0));
        let mut active = valid.le(valid);
        for round in 0..self.clip.rounds {
            active = active & two.le(survivors.window.count);
            if !active.any() {
                break;
            }
            let limits = match round {
                0 => by_order(isa, columns, &start.window),
                _ => self.by_moments(isa, columns.samples, &survivors),
            };
            let is_finite = limits.variance.lt(V::Wide::splat(isa, f64::INFINITY));
            active = active & V::narrow_mask(is_finite & !limits.variance.eq(zero));
            let factors = [self.clip.lsigma, self.clip.hsigma];
            let test = Test::about(isa, factors, limits.center.widen(), limits.variance);
            let (after, _) = drop_ends(isa, columns.ranks(), &start, &test, active);
            survivors = Survivors::select(active, after, survivors);
        }
        let Survivors { bounds, window, all } = survivors;
        Kept { bounds, count: window.count, valid, window: Some(window), all }
    }
}

impl Rounds {
    /// Mean and variance of the survivors, weighted where weights do not sum to 0.
    #[inline(always)]
    fn by_moments<V: Vector>(&self, isa: V::Isa, samples: &[V], survivors: &Survivors<V>) -> Limits<V> {
        let plain = by_mean(isa, samples, survivors);
        let Some(weights) = &self.weights else { return plain };
        let zero = V::Wide::splat(isa, 0.0);
        let members = survivors.bounds;
        let pivot = lane::first_in(isa, samples, &members).widen();
        let of = |pivot| Weighed { weights, deviations: Deviations { members, pivot, zero }, isa };
        let [total, squares_of_weights, weighed, _] = lane::sum(isa, samples, &of(pivot));
        let mean = pivot + weighed / total;
        let [_, _, _, squares] = lane::sum(isa, samples, &of(mean));
        let bias = (total * total) / (total * total - squares_of_weights);
        let weighted = Limits { center: V::narrow(mean), variance: (squares / total) * bias };
        Limits::select(V::narrow_mask(total.eq(zero)), plain, weighted)
    }
}

/// The median and (0.7413·IQR)², which is the square of a value of T (F3).
#[inline(always)]
fn by_order<V: Vector>(isa: V::Isa, columns: &Columns<'_, V>, window: &Window<V>) -> Limits<V> {
    let center = lane::median(isa, columns.ranks(), window);
    let iqr = lane::iqr(isa, columns.ranks(), window);
    let sigma = V::narrow(V::Wide::splat(isa, IQR_STD_FACTOR) * iqr).widen();
    Limits { center, variance: sigma * sigma }
}

/// Mean (E3) and variance about it with n − 1 (E5).
#[inline(always)]
fn by_mean<V: Vector>(isa: V::Isa, samples: &[V], survivors: &Survivors<V>) -> Limits<V> {
    let (zero, one) = (V::Wide::splat(isa, 0.0), V::Wide::splat(isa, 1.0));
    let (n, pivot) = (survivors.window.count.widen(), survivors.mean(isa, samples));
    let deviations = Deviations { members: survivors.bounds, pivot, zero };
    let [s1, s2] = lane::sum(isa, samples, &Moments(deviations));
    let q = s2 - (s1 * s1) / n;
    Limits { center: V::narrow(pivot), variance: V::Wide::select(q.lt(zero), zero, q) / (n - one) }
}

/// w, w², w·d and w·d² over the members.
struct Weighed<'a, V: Vector> {
    weights: &'a [f64],
    deviations: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> lane::Terms<V, 4> for Weighed<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 4] {
        let Deviations { members, pivot, zero } = self.deviations;
        let member = V::widen_mask(members.contain(y));
        let (w, d) = (V::Wide::splat(self.isa, self.weights[frame]), y.widen() - pivot);
        [w, w * w, w * d, w * (d * d)].map(|term| V::Wide::select(member, term, zero))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lsst_defines_it() {
        let defined = |c: &&Convention| MeanClip::convention(**c).is_ok();
        assert_eq!(Convention::ALL.iter().filter(defined).collect::<Vec<_>>(), [&Convention::Lsst]);
        assert!(MeanClip::lsst().hsigma(-1.0).validate().is_err());
    }
}
