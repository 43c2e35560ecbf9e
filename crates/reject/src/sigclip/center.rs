//! The centre of a pass.

use skystack_simd::{Element, Vector};
use skystack_stats::lane::{self, All, Bounds, Deviations, constants, number};

use super::{Center, Limits, SigClip, Survivors, Trim, Width, spread};
use crate::Columns;

/// Centre and variance of the survivors in pass number `pass` (0-based), in the active lanes; arbitrary in the others.
#[inline(always)]
pub(super) fn limits<V: Vector>(
    clip: &SigClip,
    width: &Width<'_, V>,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    survivors: &Survivors<V>,
    pass: u32,
    active: V::Mask,
) -> Limits<V> {
    let kind = clip.first_center.filter(|_| pass == 0).unwrap_or(clip.center);
    let center = match kind {
        Center::Median => lane::median(isa, columns.ranks(), &survivors.window),
        Center::Lmedian => lane::lmedian(isa, columns.ranks(), &survivors.window),
        Center::Mean => {
            let mean = survivors.mean(isa, columns.samples);
            let trimmed = clip.trim == Trim::Every || (clip.trim == Trim::First && pass == 0);
            let center =
                if trimmed { trimmed_mean(isa, columns.samples, survivors, mean) } else { V::narrow(mean) };
            let variance = match width.variance(isa, center) {
                Some(variance) => variance,
                None => spread::variance(clip, isa, columns, survivors, center, Some(mean), active),
            };
            return Limits { center, variance };
        }
    };
    let variance = match width.variance(isa, center) {
        Some(variance) => variance,
        None => spread::variance(clip, isa, columns, survivors, center, None, active),
    };
    Limits { center, variance }
}

impl<V: Vector> Survivors<V> {
    #[inline(always)]
    pub(crate) fn mean(&self, isa: V::Isa, samples: &[V]) -> V::Wide {
        if self.all {
            return lane::mean(isa, samples, All, self.window.count);
        }
        lane::mean(isa, samples, self.bounds, self.window.count)
    }
}

/// T(mean of the survivors without rank 1 and rank n), or the mean of all where there are fewer than three.
///
/// Rank 1 is the earliest frame of the least value, rank n the latest of the greatest: two different frames.
#[inline(always)]
pub(crate) fn trimmed_mean<V: Vector>(
    isa: V::Isa,
    samples: &[V],
    survivors: &Survivors<V>,
    mean: V::Wide,
) -> V {
    let set = WithoutExtremes::find(isa, samples, &survivors.bounds);
    let pivot = set.first(isa, samples).widen();
    let zero = V::Wide::splat(isa, 0.0);
    let deviations = Deviations { members: survivors.bounds, pivot, zero };
    let [s1] = lane::sum(isa, samples, &TrimmedDeviations { set: &set, deviations, isa });
    let two = number::<V>(isa, 2);
    let trimmed = pivot + s1 / (survivors.window.count - two).widen();
    V::select(two.lt(survivors.window.count), V::narrow(trimmed), V::narrow(mean))
}

/// The members of some bounds but for two frames.
struct WithoutExtremes<'a, V> {
    bounds: &'a Bounds<V>,
    /// Frame numbers of rank 1 and rank n.
    lowest: V,
    highest: V,
}

impl<'a, V: Vector> WithoutExtremes<'a, V> {
    #[inline(always)]
    fn find(isa: V::Isa, samples: &[V], bounds: &'a Bounds<V>) -> Self {
        let (zero, _) = constants(isa);
        let mut extremes = Bounds::nothing(isa);
        let (mut lowest, mut highest) = (zero, zero);
        for (i, y) in samples.iter().enumerate() {
            let frame = number::<V>(isa, i);
            let member = bounds.contain(*y);
            lowest = V::select(member & y.lt(extremes.low), frame, lowest);
            highest = V::select(member & extremes.high.le(*y), frame, highest);
            extremes = extremes.including(member, *y);
        }
        Self { bounds, lowest, highest }
    }

    #[inline(always)]
    fn contain(&self, frame: V, y: V) -> V::Mask {
        self.bounds.contain(y) & !(frame.eq(self.lowest) | frame.eq(self.highest))
    }

    /// The first member in frame order (E2).
    #[inline(always)]
    fn first(&self, isa: V::Isa, samples: &[V]) -> V {
        let (zero, _) = constants(isa);
        let mut first = zero;
        for (i, y) in samples.iter().enumerate().rev() {
            first = V::select(self.contain(number(isa, i), *y), *y, first);
        }
        first
    }
}

struct TrimmedDeviations<'a, V: Vector> {
    set: &'a WithoutExtremes<'a, V>,
    deviations: Deviations<V, Bounds<V>>,
    isa: V::Isa,
}

impl<V: Vector> lane::Terms<V, 1> for TrimmedDeviations<'_, V> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let member = self.set.contain(number(self.isa, frame), y);
        // NaN is absent from every set.
        let missing = V::splat(self.isa, V::Element::NAN);
        self.deviations.terms(frame, V::select(member, y, missing))
    }
}
