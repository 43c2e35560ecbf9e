//! Why a sample is missing: worked out again for the few that are, from the rows of the tile.

use skystack_simd::{Element, Isa};

use crate::Reason;
use crate::band::{TileRows, element};
use crate::options::Resolved;

/// The cause that a sample of `frame` at `pixel` of the tile is missing (algorithms.md 8.5); one that has none of the others did
/// not survive its scaling, or has no variance.
#[inline(always)]
pub(super) fn missing<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    rows: &TileRows<'_, T>,
    frame: usize,
    pixel: usize,
) -> Reason {
    if !rows.samples.covers(frame, pixel) {
        return Reason::Outside;
    }
    let x = raw(isa, rows, frame, pixel);
    if !x.widen().is_finite() {
        return Reason::NoData;
    }
    if element(&rows.masks, frame, pixel).is_some_and(|class| class != 0) {
        return Reason::Masked;
    }
    match options.thresholds {
        Some((low, high)) if !(low <= x && x <= high) => Reason::Threshold,
        _ => Reason::NoData,
    }
}

/// The value before scaling.
#[inline(always)]
pub(super) fn raw<T: Element, I: Isa>(isa: I, rows: &TileRows<'_, T>, frame: usize, pixel: usize) -> T {
    let mut decoded = [T::NAN];
    rows.samples.values(isa, frame, pixel..pixel + 1, &mut decoded)[0] + T::zero()
}
