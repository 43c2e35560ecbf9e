//! Pixels without any good sample: the least bad ones that they have, without rejection (algorithms.md 2.3).

use skystack_reject::{Columns, Kept, Scaling};
use skystack_simd::{Element, Isa, Mask, Task, Vector};
use skystack_stats::lane::{self, Bounds, true_lanes};

use super::layers::FillLayers;
use super::{ColumnsAt, why};
use crate::NO_VALUE;
use crate::Reason;
use crate::band::element;

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
        let Self { of, columns, kept } = self;
        let ColumnsAt { rows, x, width, .. } = of;
        let zero = V::splat(isa, T::zero());
        let empty = kept.valid.eq(zero);
        if !empty.any() || rows.masks.is_empty() {
            return 0;
        }
        let frames = 0..columns.samples.len();
        let lanes = || true_lanes(empty).filter(|lane| x + lane < width);
        let class = |frame: usize, lane: usize| {
            element(&rows.masks, frame, x + lane).filter(|class| *class != 0 && *class != NO_VALUE)
        };
        for (lane, frame) in lanes().flat_map(|lane| frames.clone().map(move |frame| (lane, frame))) {
            let y = class(frame, lane).and_then(|_| value(isa, &of, frame, x + lane));
            columns.samples[frame].lanes_mut()[lane] = y.unwrap_or(T::NAN);
        }
        if !columns.variances.is_empty() || !columns.weights.is_empty() {
            // What has no variance is no sample here either.
            isa.call(FillLayers { of, columns });
        }
        let mut taken = 0;
        for lane in lanes() {
            let is_there = |columns: &Columns<'_, V>, frame: usize| {
                columns.samples[frame].lanes()[lane].widen().is_finite()
            };
            let usable = frames.clone().filter(|frame| is_there(columns, *frame));
            let Some(least) = usable.filter_map(|frame| class(frame, lane)).min() else { continue };
            for frame in frames.clone() {
                let y = &mut columns.samples[frame].lanes_mut()[lane];
                *y = if class(frame, lane) == Some(least) { *y } else { T::NAN };
                let current = if y.widen().is_finite() { *y } else { T::INFINITY };
                // Where a rejection replaces samples, the mean is of these.
                columns.padded[frame].lanes_mut()[lane] = current;
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

/// The scaled value of a sample that nothing but its mask makes missing.
#[inline(always)]
fn value<T: Element, I: Isa>(isa: I, of: &ColumnsAt<'_, T>, frame: usize, pixel: usize) -> Option<T> {
    let ColumnsAt { options, scalings, others, rows, .. } = *of;
    if why::missing(isa, options, rows, frame, pixel) != Reason::Masked {
        return None;
    }
    let x = why::raw(isa, rows, frame, pixel);
    let scaled = |scalings: &[Scaling]| match scalings.get(frame) {
        Some(scaling) => T::narrow(x.widen() * scaling.multiply + scaling.add) + T::zero(),
        None => x,
    };
    let good = options.thresholds.is_none_or(|(low, high)| low <= x && x <= high)
        && others.is_none_or(|others| scaled(others).widen().is_finite());
    let y = scaled(scalings);
    (good && y.widen().is_finite()).then_some(y)
}
