//! Pixels without any good sample: the least bad ones that they have, without rejection (algorithms.md 2.3).

use skystack_reject::{Columns, Kept, Scaling};
use skystack_simd::{Element, Isa, Mask, Task, Vector};
use skystack_stats::lane::{self, Bounds, true_lanes};

use super::{ColumnsAt, why};
use crate::NO_VALUE;
use crate::Reason;
use crate::band::{TileRows, element};
use crate::options::Resolved;

/// Puts samples that a mask calls bad into the lanes that have no other, those of the least bad class. These lanes.
pub(super) struct TakeFallback<'a, 'b, T, V: Vector> {
    pub(super) of: ColumnsAt<'a, T>,
    pub(super) columns: &'a mut Columns<'b, V>,
    pub(super) kept: &'a mut Kept<V>,
}

impl<T: Element, V: Vector<Element = T>> Task<V::Isa> for TakeFallback<'_, '_, T, V> {
    type Output = u32;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> u32 {
        let Self { of: ColumnsAt { options, scalings, rows, x }, columns, kept } = self;
        let zero = V::splat(isa, T::zero());
        let empty = kept.valid.eq(zero);
        if !empty.any() || rows.masks.is_empty() {
            return 0;
        }
        let mut taken = 0;
        for lane in true_lanes(empty) {
            let pixel = x + lane;
            let class = |frame: usize| {
                element(&rows.masks, frame, pixel).filter(|class| *class != 0 && *class != NO_VALUE)
            };
            let usable = |frame: usize| {
                let class = class(frame)?;
                let is_masked = why::missing(isa, options, rows, frame, pixel) == Reason::Masked;
                value(isa, options, scalings, rows, frame, pixel).filter(|_| is_masked).map(|y| (class, y))
            };
            let least = (0..columns.samples.len()).filter_map(|frame| Some(usable(frame)?.0)).min();
            let Some(least) = least else { continue };
            for frame in 0..columns.samples.len() {
                if let Some((class, y)) = usable(frame)
                    && class == least
                {
                    columns.samples[frame].lanes_mut()[lane] = y;
                }
            }
            taken |= 1 << lane;
        }
        if taken != 0 {
            // The ranks know nothing of these samples.
            kept.window = None;
            kept.all = false;
            let everything = Bounds::<V>::everything(isa);
            for lane in 0..V::LANES {
                if taken >> lane & 1 == 1 {
                    kept.bounds.low.lanes_mut()[lane] = everything.low.lanes()[lane];
                    kept.bounds.high.lanes_mut()[lane] = everything.high.lanes()[lane];
                }
            }
            let count = lane::count(isa, columns.samples, &kept.bounds);
            kept.valid = V::select(empty, count, kept.valid);
            kept.count = count;
        }
        taken
    }
}

/// The scaled value within the thresholds, if there is one.
#[inline(always)]
fn value<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    scalings: &[Scaling],
    rows: &TileRows<'_, T>,
    frame: usize,
    pixel: usize,
) -> Option<T> {
    let x = why::raw(isa, rows, frame, pixel);
    let good = options.thresholds.is_none_or(|(low, high)| low <= x && x <= high);
    let y = match scalings.get(frame) {
        Some(scaling) => T::narrow(x.widen() * scaling.multiply + scaling.add) + T::zero(),
        None => x,
    };
    (good && y.widen().is_finite()).then_some(y)
}
