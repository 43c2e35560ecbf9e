//! Images of whole numbers.

use skystack_reject::{Columns, Kept};
use skystack_simd::{Element, MAX_LANES, Mask, Vector};

use crate::band::{Tile, element};
use crate::kernel::Group;
use crate::products::{DQ_CLIPPED, DQ_FALLBACK, DQ_NO_DATA, DQ_SINGLE};
use crate::{CountProduct, Reason};

/// Counts of L pixels.
type Lanes = [u32; 2 * MAX_LANES];

/// Samples rejected low, high and by growth.
struct Sides {
    low: Lanes,
    high: Lanes,
    grow: Lanes,
}

/// Writes the counts of a group.
#[inline(always)]
pub(super) fn write<T: Element, V: Vector<Element = T>>(
    tile: &mut Tile<'_, T>,
    group: &Group<'_, T>,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) {
    let width = tile.width();
    let lanes = V::LANES.min(width - group.x);
    let frames = columns.samples.len() as u32;
    let of = |count: V, lane: usize| count.lanes()[lane].widen() as u32;
    let wants = |tile: &Tile<'_, T>, product| !tile.planes.counts(product).is_empty();
    // DQ: what only growth took is not clipped.
    let by_side = [CountProduct::Nlow, CountProduct::Nhigh, CountProduct::Ngrow, CountProduct::Dq];
    let sides = by_side.iter().any(|side| wants(tile, *side)).then(|| Sides::of(width, group, columns, kept));
    for product in CountProduct::ALL {
        if !wants(tile, *product) {
            continue;
        }
        let dq = (*product == CountProduct::Dq).then(|| quality(group, columns, kept, lanes));
        let out = &mut tile.planes.counts_mut(*product)[group.x..][..lanes];
        for (lane, to) in out.iter_mut().enumerate() {
            let (used, valid) = (of(kept.count, lane), of(kept.valid, lane));
            let side = |of: fn(&Sides) -> &Lanes| sides.as_ref().map_or(0, |sides| of(sides)[lane]);
            *to = match product {
                CountProduct::Count => used,
                CountProduct::Nrej => valid - used,
                CountProduct::Coverage => valid,
                CountProduct::Nmiss => frames - valid,
                CountProduct::NrejMask => frames - used,
                CountProduct::Nlow => side(|sides| &sides.low),
                CountProduct::Nhigh => side(|sides| &sides.high),
                CountProduct::Ngrow => side(|sides| &sides.grow),
                CountProduct::Bpm if used == 0 => 1,
                CountProduct::Bpm => 2 * (group.fallback >> lane & 1),
                CountProduct::Dq => {
                    let clipped = side(|sides| &sides.low) + side(|sides| &sides.high) > 0;
                    dq.as_ref().map_or(0, |dq| dq[lane])
                        | flags(used, clipped, group.fallback >> lane & 1 == 1)
                }
            };
        }
    }
}

impl Sides {
    #[inline(always)]
    fn of<T: Element, V: Vector<Element = T>>(
        width: usize,
        group: &Group<'_, T>,
        columns: &mut Columns<'_, V>,
        kept: &Kept<V>,
    ) -> Self {
        let none = [0; 2 * MAX_LANES];
        let mut sides = Self { low: none, high: none, grow: none };
        let lanes = V::LANES.min(width - group.x);
        let Some(codes) = group.codes else {
            for fate in columns.settle(kept) {
                for lane in 0..lanes {
                    sides.low[lane] += fate.low >> lane & 1;
                    sides.high[lane] += fate.high >> lane & 1;
                }
            }
            return sides;
        };
        for row in codes.chunks_exact(width) {
            for (lane, code) in row[group.x..][..lanes].iter().enumerate() {
                sides.low[lane] += u32::from(*code == Reason::Low as u8);
                sides.high[lane] += u32::from(*code == Reason::High as u8);
                sides.grow[lane] += u32::from(*code == Reason::Grow as u8);
            }
        }
        sides
    }
}

/// The bits that combining adds to those of the samples (algorithms.md 8.6).
#[inline(always)]
fn flags(used: u32, clipped: bool, fallback: bool) -> u32 {
    let set = |bit: u32, is: bool| if is { bit } else { 0 };
    set(DQ_NO_DATA, used == 0)
        | set(DQ_CLIPPED, clipped)
        | set(DQ_FALLBACK, fallback)
        | set(DQ_SINGLE, used == 1)
}

/// The quality bits of the used samples.
#[inline(always)]
fn quality<T: Element, V: Vector<Element = T>>(
    group: &Group<'_, T>,
    columns: &Columns<'_, V>,
    kept: &Kept<V>,
    lanes: usize,
) -> Lanes {
    let mut quality = [0; 2 * MAX_LANES];
    for (frame, y) in columns.samples.iter().enumerate() {
        let used = kept.bounds.contain(*y).bits();
        for lane in (0..lanes).filter(|lane| used >> lane & 1 == 1) {
            quality[lane] |= element(&group.rows.quality, frame, group.x + lane).unwrap_or(0);
        }
    }
    quality
}
