//! L columns on their way through a rejection, and what is left of them.

use skystack_simd::{Element, LaneBuffer, Vector};
use skystack_stats::lane::{self, Bounds, Window};

/// Scratch registers of one worker: L columns in frame order, sorted, and two of f64 for what a rejection writes down.
///
/// # Shapes
/// N registers each. `samples` comes filled; the others hold whatever the columns before left.
#[derive(Debug)]
pub struct Columns<'a, V: Vector> {
    /// Frame order; NaN is missing. A rejection whose kept set is not an interval of values turns the samples that it
    /// drops into NaN.
    pub samples: &'a mut [V],
    /// Filled by rejections that need the order (see [`Kept::window`]).
    pub sorted: &'a mut [V],
    /// Residuals of dropped samples by rank, while something may have to be restored.
    pub residuals: &'a mut [V::Wide],
    /// Deviations, while a spread is computed.
    pub deviations: &'a mut [V::Wide],
    /// (residual, frame) of samples that may come back; room for N.
    pub keys: &'a mut Vec<(f64, u32)>,
}

/// Bytes of [`Columns`] for `frames` frames at any level.
pub const fn columns_bytes(frames: usize) -> usize {
    // Samples and sorted; residuals and deviations of twice the width.
    frames * (6 * LaneBuffer::REGISTER_BYTES + size_of::<(f64, u32)>())
}

impl<'a, V: Vector> Columns<'a, V> {
    /// Cuts scratch into columns of `frames` registers.
    ///
    /// # Panics
    /// If the scratch was made for fewer frames.
    #[inline(always)]
    pub fn cut(isa: V::Isa, frames: usize, buffer: &'a mut ColumnsScratch) -> Self {
        let ColumnsScratch { registers: [samples, sorted, residuals, deviations], keys } = buffer;
        Self {
            samples: samples.vectors(isa, frames),
            sorted: sorted.vectors(isa, frames),
            residuals: residuals.vectors(isa, frames),
            deviations: deviations.vectors(isa, frames),
            keys,
        }
    }
}

/// The memory behind [`Columns`]: allocated once a worker.
#[derive(Debug)]
pub struct ColumnsScratch {
    registers: [LaneBuffer; 4],
    keys: Vec<(f64, u32)>,
}

impl ColumnsScratch {
    /// For columns of `frames` frames: [`columns_bytes`] bytes.
    pub fn new(frames: usize) -> Self {
        let column = frames * LaneBuffer::REGISTER_BYTES;
        let registers = [column, column, 2 * column, 2 * column].map(LaneBuffer::with_bytes);
        Self { registers, keys: Vec::with_capacity(frames) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planner_is_told_what_is_allocated() {
        let scratch = ColumnsScratch::new(31);
        let registers: usize = scratch.registers.iter().map(LaneBuffer::bytes).sum();
        let keys = scratch.keys.capacity() * size_of::<(f64, u32)>();
        assert_eq!(registers + keys, columns_bytes(31));
    }
}

/// What a rejection leaves: the samples of [`Columns::samples`] inside `bounds`.
#[derive(Debug, Clone, Copy)]
pub struct Kept<V> {
    /// The kept values.
    pub bounds: Bounds<V>,
    /// Number of samples kept, n.
    pub count: V,
    /// Number of samples before, n₀.
    pub valid: V,
    /// The same set as ranks of [`Columns::sorted`], where that is filled.
    pub window: Option<Window<V>>,
}

impl<V: Vector> Kept<V> {
    /// Everything that is not missing.
    #[inline(always)]
    pub(crate) fn everything(isa: V::Isa, samples: &[V]) -> Self {
        let bounds = Bounds::everything(isa);
        let count = lane::count(isa, samples, &bounds);
        Self { bounds, count, valid: count, window: None }
    }
}

/// The constants 0 and 1 in every lane.
#[inline(always)]
pub(crate) fn constants<V: Vector>(isa: V::Isa) -> (V, V) {
    (number(isa, 0), number(isa, 1))
}

/// A count or rank in every lane: exact in f32 for all stacks that `skystack-combine` accepts (2²² frames).
#[inline(always)]
pub(crate) fn number<V: Vector>(isa: V::Isa, value: usize) -> V {
    V::splat(isa, V::Element::narrow(value as f64))
}
