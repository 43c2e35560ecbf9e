//! What a rejection says about a column (algorithms.md section 5.0.6), and the test that most of them make (3.6, F1).

use skystack_reject::FrameFacts;

use crate::Working;
use crate::column::Sample;

/// What a rejection is given beside its column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The working type T.
    pub(crate) working: Working,
    /// The stack; `facts.frames` is N, missing samples included.
    pub(crate) facts: FrameFacts<'a>,
    /// Variance of the sample of each frame, a value of T, scaled as the sample is; NaN where it is unknown, and no entry
    /// where there are none.
    pub(crate) variances: &'a [f64],
    /// S² of the output row, for avsigclip.
    pub(crate) pooled: f64,
}

impl<'a> Context<'a> {
    /// N frames of f64 of which nothing is known.
    #[cfg(test)]
    pub(crate) fn of(frames: usize) -> Self {
        let facts = FrameFacts::new(frames);
        Self { working: Working::F64, facts, variances: &[], pooled: f64::NAN }
    }

    /// max(1, (c+z)/s): the level c in units of a frame before it was scaled (5.0.5).
    pub(crate) fn level_in(&self, frame: usize, c: f64) -> f64 {
        let scaling = self.facts.scaling(frame);
        ((c + scaling.zero()) / scaling.scale()).max(1.0)
    }

    /// Variance of the sample of `frame`.
    pub(crate) fn variance(&self, frame: usize) -> f64 {
        self.variances.get(frame).copied().unwrap_or(f64::NAN)
    }
}

/// The side of the centre, or the end of the ranks, at which a sample was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below.
    Low,
    /// Above.
    High,
}

/// Why the passes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The rejection has no passes or exactly one: none, minmax, extrema, pclip, percentile.
    SinglePass,
    /// A pass dropped nothing, or the spread moved by less than the tolerance.
    Converged,
    /// `maxiters` passes were made.
    MaxIters,
    /// Too few survivors for another pass.
    TooFew,
    /// `nkeep` or `maxrej` forbade another pass, or undid the last one.
    Nkeep,
    /// The spread was zero.
    ZeroSpread,
    /// The variance overflowed (F4).
    NotFinite,
    /// The column was too short for a first pass.
    NotEnoughSamples,
}

/// One pass: what was computed, and what was dropped. A pass that ended the clipping before its test drops nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// Centre c, a value of T; f64 where a rejection says so (gesd, winsorized about a moving mean).
    pub center: f64,
    /// Spread √V, or the width that a rejection has in its place; f64; NaN if n ≤ ddof.
    pub sigma: f64,
    /// c − lsigma·√V: the diagnostic bound, −∞ for a side that is off; NaN where each sample has another (linearfit).
    pub lower: f64,
    /// c + hsigma·√V likewise.
    pub upper: f64,
    /// Survivors at the start of the pass.
    pub n: usize,
    /// Samples dropped below the centre.
    pub low: usize,
    /// Samples dropped above the centre.
    pub high: usize,
    /// Rolled back: what it dropped is used again.
    pub undone: bool,
}

/// A sample that some pass dropped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dropped {
    pub(crate) sample: Sample,
    pub(crate) side: Side,
    /// Number of the pass, from 1.
    pub(crate) pass: usize,
    /// |d|/√V (F6); NaN where a rank, not a distance, decided.
    pub(crate) residual: f64,
}

/// Everything a rejection did to a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) dropped: Vec<Dropped>,
    /// Frames among the dropped that are used after all.
    pub(crate) restored: Vec<usize>,
    pub(crate) passes: Vec<Pass>,
    pub(crate) stop: Stop,
    /// Where samples are replaced rather than left out (medsigma): the values of all valid ones as they are now, in frame
    /// order. The pixel is the mean of these; everything else looks at what was not dropped.
    pub(crate) current: Option<Vec<Sample>>,
}

/// F1: is the sample more than k·√V below c, k the first factor, or above it, k the second? Equality survives, and an infinite
/// factor switches its side off.
pub(crate) fn f1(sample: Sample, c: f64, v: f64, [k_low, k_high]: [f64; 2], pass: usize) -> Option<Dropped> {
    let d = sample.y - c;
    let beyond = |k: f64| k.is_finite() && d * d > (k * k) * v;
    let side = match d {
        d if d < 0.0 && beyond(k_low) => Side::Low,
        d if d > 0.0 && beyond(k_high) => Side::High,
        _ => return None,
    };
    // F6: the residual.
    Some(Dropped { sample, side, pass, residual: d.abs() / v.sqrt() })
}

/// How many were dropped at the low side and at the high side.
pub(crate) fn by_side(dropped: &[Dropped]) -> (usize, usize) {
    let of_side = |side| dropped.iter().filter(|dropped| dropped.side == side).count();
    (of_side(Side::Low), of_side(Side::High))
}

impl Pass {
    /// A pass of n samples that has dropped nothing so far, with the bounds c ∓ k·σ of the two factors.
    pub(crate) fn new(center: f64, sigma: f64, [k_low, k_high]: [f64; 2], n: usize) -> Self {
        let lower = if k_low.is_finite() { center - k_low * sigma } else { f64::NEG_INFINITY };
        let upper = if k_high.is_finite() { center + k_high * sigma } else { f64::INFINITY };
        Self { center, sigma, lower, upper, n, low: 0, high: 0, undone: false }
    }

    /// The same pass, which drops these.
    pub(crate) fn dropping(self, dropped: &[Dropped]) -> Self {
        let (low, high) = by_side(dropped);
        Self { low, high, ..self }
    }
}

impl Outcome {
    /// Nothing is dropped, for this reason.
    pub(crate) fn keeping_all(stop: Stop) -> Self {
        Self { dropped: vec![], restored: vec![], passes: vec![], stop, current: None }
    }

    /// Rank rules: what lies below rank `low` + 1 and above rank n₀ − `high` goes.
    pub(crate) fn of_ranks(ranked: &[Sample], low: usize, high: usize) -> Self {
        let dropped = |side| move |&sample: &Sample| Dropped { sample, side, pass: 1, residual: f64::NAN };
        let lows = ranked[..low].iter().map(dropped(Side::Low));
        let highs = ranked[ranked.len() - high..].iter().map(dropped(Side::High));
        Self { dropped: lows.chain(highs).collect(), ..Self::keeping_all(Stop::SinglePass) }
    }

    /// This and what another rejection did to what it left; a sample that came back is the other one's now.
    pub(crate) fn then(mut self, other: Self) -> Self {
        let again = |frame: usize| other.dropped(frame).is_some();
        self.dropped.retain(|dropped| !again(dropped.sample.frame));
        self.restored.retain(|frame| !again(*frame));
        self.dropped.extend(other.dropped);
        self.restored.extend(other.restored);
        self.passes.extend(other.passes);
        Self { stop: other.stop, current: other.current, ..self }
    }

    /// What happened to this frame, if it was dropped.
    pub(crate) fn dropped(&self, frame: usize) -> Option<&Dropped> {
        self.dropped.iter().find(|dropped| dropped.sample.frame == frame)
    }

    /// Dropped and not restored.
    pub(crate) fn rejected(&self, frame: usize) -> bool {
        self.dropped(frame).is_some() && !self.restored.contains(&frame)
    }

    /// Samples rejected for good at one side.
    pub(crate) fn count(&self, side: Side) -> usize {
        let final_ones = self.dropped.iter().filter(|dropped| self.rejected(dropped.sample.frame));
        final_ones.filter(|dropped| dropped.side == side).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// c = 10, V = 4, k = 2 and 3: 6 and 16 lie on the limits.
    #[test]
    fn equality_survives_on_both_sides() {
        let of = |y, v, factors| {
            f1(Sample { frame: 5, y }, 10.0, v, factors, 1).map(|one| (one.side, one.residual))
        };
        let within = [6.0, 10.0, 16.0].map(|y| of(y, 4.0, [2.0, 3.0]));
        assert_eq!(within, [None; 3]);
        assert_eq!(of(5.0, 4.0, [2.0, 3.0]), Some((Side::Low, 2.5)));
        assert_eq!(of(17.0, 4.0, [2.0, 3.0]), Some((Side::High, 3.5)));
        // Without spread whatever is not the centre goes, but not at a side that is off, where ∞·0 is NaN.
        assert_eq!(of(10.5, 0.0, [2.0, 3.0]).map(|(side, _)| side), Some(Side::High));
        assert_eq!((of(10.5, 0.0, [2.0, f64::INFINITY]), of(10.0, 0.0, [0.0, 0.0])), (None, None));
    }

    #[test]
    fn a_pass_has_bounds_and_counts() {
        let pass = Pass::new(10.0, 2.0, [2.0, f64::INFINITY], 7);
        assert_eq!(
            (pass.lower, pass.upper, pass.n, pass.low, pass.undone),
            (6.0, f64::INFINITY, 7, 0, false)
        );
        let dropped = |side| Dropped { sample: Sample { frame: 0, y: 0.0 }, side, pass: 1, residual: 0.0 };
        let pass = pass.dropping(&[Side::Low, Side::High, Side::Low].map(dropped));
        assert_eq!((pass.low, pass.high), (2, 1));
    }
}
