//! Rejections of one pass about one centre: percentile and pclip.

use crate::column::Sample;
use crate::outcome::{Dropped, Outcome, Pass, Side, Stop};
use crate::restore::nearest_in_interval;

/// The pass of a rejection, as far as the two differ.
pub(crate) struct OnePass {
    /// Centre, width and bounds; what is dropped is filled in here.
    pub(crate) pass: Pass,
    /// K.
    pub(crate) k: usize,
    /// Of the listing in 5.0.4.
    pub(crate) guard: usize,
}

/// Drops what `side` says, with residual |y − c|/σ, and brings back until K are kept.
pub(crate) fn reject(column: &[Sample], one: OnePass, side: impl Fn(f64) -> Option<Side>) -> Outcome {
    let OnePass { pass, k, guard } = one;
    let residual = |y: f64| (y - pass.center).abs() / pass.sigma;
    let drop = |&sample: &Sample| {
        side(sample.y).map(|side| Dropped { sample, side, pass: 1, residual: residual(sample.y) })
    };
    let dropped: Vec<Dropped> = column.iter().filter_map(drop).collect();
    let restored = nearest_in_interval(column, &dropped, k, guard);
    Outcome {
        restored,
        passes: vec![pass.dropping(&dropped)],
        dropped,
        ..Outcome::keeping_all(Stop::SinglePass)
    }
}
