//! Rejections of one pass about one centre: percentile and pclip.
//!
//! ```text
//! sort;  c, σ from the ranks;  drop from both ends up to the first rank that stays;  nearest ranks come back until K are kept
//! ```

use skystack_simd::{Element, Mask, Vector};
use skystack_stats::lane::{Bounds, Window, true_lanes};

use crate::sigclip::Survivors;
use crate::sigclip::ends::{Limit, drop_ends};
use crate::sigclip::restore::{Growth, grow};
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
    let window = nearest_ranks(columns, &after.window, test, &valid, &kept, short);
    let bounds = crate::ranks::cut_to_window(isa, columns, &window);
    columns.note_restored(&after.bounds, &bounds, short);
    Kept { bounds, count: window.count, valid, window: Some(window), all: false }
}

/// Grows the window of each `short` lane towards the smaller residual: rare, so lane by lane.
#[inline(always)]
fn nearest_ranks<V: Vector>(
    columns: &Columns<'_, V>,
    left: &Window<V>,
    test: &impl OnePass<V>,
    valid: &V,
    kept: &V,
    short: V::Mask,
) -> Window<V> {
    let mut window = *left;
    window.ranks = skystack_stats::lane::Ranks::unknown(columns.samples.len());
    for lane in true_lanes(short) {
        let (first, count) = left.lane(lane);
        let valid = valid.lanes()[lane].widen() as usize;
        let (low, high) = grow(Growth {
            low: first + 1,
            high: first + count,
            kept: kept.lanes()[lane].widen() as usize,
            valid,
            guard: test.guard(valid),
            residual: |rank: usize| test.residual(lane, columns.ranks()[rank - 1].lanes()[lane]),
        });
        window.first.lanes_mut()[lane] = V::Element::from_i32((low - 1) as i32);
        window.count.lanes_mut()[lane] = V::Element::from_i32((high + 1 - low) as i32);
    }
    window
}
