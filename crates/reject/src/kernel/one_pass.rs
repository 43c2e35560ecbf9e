//! Rejections of one pass about one centre: percentile and pclip.
//!
//! ```text
//! sort;  c, σ from the ranks;  drop from both ends up to the first rank that stays;  nearest ranks come back until K are kept
//! ```

use skystack_simd::{Mask, Vector};
use skystack_stats::lane::{Bounds, Window};

use crate::sigclip::Survivors;
use crate::sigclip::ends::{Limit, drop_ends};
use crate::sigclip::restore::{Residuals, nearest_ranks};
use crate::{Columns, Kept};

/// What a pass tests with.
pub(crate) trait OnePass<V: Vector>: Limit<V> {
    /// One lane: the residual of a sample that was dropped.
    fn residual(&self, lane: usize, y: V::Element) -> f64;
    /// Guard of the listing in §5.0.4 for a column of `valid` samples.
    fn guard(&self, valid: usize) -> usize;
}

/// Drops in the `active` lanes, and restores until `kept` samples are left.
///
/// # Shapes
/// The columns are sorted, `valid` samples in each lane.
#[inline(always)]
pub(crate) fn keep<V: Vector>(
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    valid: V,
    test: &impl OnePass<V>,
    active: V::Mask,
    kept: V,
) -> Kept<V> {
    let window = Window::of_valid(isa, valid, columns.samples.len(), columns.full);
    let start = Survivors { bounds: Bounds::everything(isa), window, all: columns.full };
    let after = if active.any() { drop_ends(isa, columns.ranks(), &start, test, active).0 } else { start };
    let short = active & after.window.count.lt(kept);
    if !short.any() {
        let Survivors { bounds, window, all } = after;
        return Kept { bounds, count: window.count, valid, window: Some(window), all };
    }
    let residuals = OnDemand { test, ranks: columns.ranks() };
    let window = nearest_ranks(columns.samples.len(), &after.window, [&kept, &valid], short, &residuals);
    let bounds = crate::ranks::cut_to_window(isa, columns, &window);
    columns.note_restored(&after.bounds, &bounds, short);
    Kept { bounds, count: window.count, valid, window: Some(window), all: false }
}

/// Residuals that a test works out when they are asked for.
struct OnDemand<'a, V, T> {
    test: &'a T,
    /// The samples in order.
    ranks: &'a [V],
}

impl<V: Vector, T: OnePass<V>> Residuals for OnDemand<'_, V, T> {
    #[inline(always)]
    fn guard(&self, _: usize, valid: usize) -> usize {
        self.test.guard(valid)
    }
    #[inline(always)]
    fn residual(&self, lane: usize, rank: usize) -> f64 {
        self.test.residual(lane, self.ranks[rank - 1].lanes()[lane])
    }
}
