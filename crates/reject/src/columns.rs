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
}

/// Bytes of [`Columns`] for `frames` frames at any level.
pub const fn columns_bytes(frames: usize) -> usize {
    // Samples and sorted; residuals and deviations of twice the width.
    6 * frames * LaneBuffer::REGISTER_BYTES
}

impl<'a, V: Vector> Columns<'a, V> {
    /// Cuts scratch of [`columns_bytes`] into columns of `frames` registers.
    ///
    /// # Panics
    /// If the buffer is too short.
    #[inline(always)]
    pub fn cut(isa: V::Isa, frames: usize, buffer: &'a mut ColumnsScratch) -> Self {
        let [samples, sorted, residuals, deviations] = buffer;
        Self {
            samples: samples.vectors(isa, frames),
            sorted: sorted.vectors(isa, frames),
            residuals: residuals.vectors(isa, frames),
            deviations: deviations.vectors(isa, frames),
        }
    }
}

/// The memory behind [`Columns`]: one buffer for each.
pub type ColumnsScratch = [LaneBuffer; 4];

/// The scratch for columns of `frames` frames: allocated once a worker.
pub fn columns_scratch(frames: usize) -> ColumnsScratch {
    let column = frames * LaneBuffer::REGISTER_BYTES;
    [column, column, 2 * column, 2 * column].map(LaneBuffer::with_bytes)
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

/// A count or rank in every lane: exact up to 2²³ frames in f32.
#[inline(always)]
pub(crate) fn number<V: Vector>(isa: V::Isa, value: usize) -> V {
    V::splat(isa, V::Element::narrow(value as f64))
}
