//! L columns on their way through a rejection, and what is left of them.

use skystack_simd::{Element, LaneBuffer, Vector, Words};
use skystack_stats::lane::{self, Bounds, Window, sorted_registers};

/// L columns, and scratch registers for what a rejection makes of them.
#[derive(Debug)]
pub struct Columns<'a, V: Vector> {
    /// N registers in frame order; NaN is missing. A rejection whose kept set is not an interval of values turns the
    /// samples that it drops into NaN.
    pub samples: &'a mut [V],
    /// No sample of any lane is missing.
    pub full: bool,
    /// N registers: samples on their way to a sort, missing ones as infinities.
    pub padded: &'a mut [V],
    /// [`sorted_registers`] of N, filled by rejections that need the order (see [`Kept::window`]).
    pub sorted: &'a mut [V],
    /// N residuals of dropped samples by rank, while something may have to be restored.
    pub residuals: &'a mut [V::Wide],
    /// N deviations, while a spread is computed.
    pub deviations: &'a mut [V::Wide],
    /// (residual, frame) of samples that may come back: room for N.
    pub keys: &'a mut [(f64, u32)],
}

/// Bytes that the samples of a block may take: a small part of an ordinary second-level cache.
const BLOCK_BYTES: usize = 64 << 10;

/// Fewest groups of L pixels in a block: with one, each line of a frame is a walk through memory of its own.
const LEAST_GROUPS: usize = 4;

/// Most groups of L pixels in a block: 512 bytes of each frame at a time keep the prefetchers of the memory running. (One
/// group at a time reads 31 frames of 256 x 256 at 0.32 ns a sample, eight at 0.07; AMD EPYC Zen 4, 2026-11-21.)
pub const MOST_GROUPS: usize = 8;

/// How many groups of L pixels are loaded at a time.
const fn groups_of_block(frames: usize) -> usize {
    // No frames at all are refused later, and must not divide by zero before.
    let column = if frames == 0 { 1 } else { frames.saturating_mul(LaneBuffer::REGISTER_BYTES) };
    match BLOCK_BYTES / column {
        fit if fit < LEAST_GROUPS => LEAST_GROUPS,
        fit if fit < MOST_GROUPS => fit,
        _ => MOST_GROUPS,
    }
}

/// Bytes of a block and its scratch for `frames` frames at any level.
pub const fn columns_bytes(frames: usize) -> usize {
    // Samples of all groups, padded and sorted; residuals and deviations of twice the width.
    let registers = frames * (groups_of_block(frames) + 5) + sorted_registers(frames);
    registers * LaneBuffer::REGISTER_BYTES + frames * size_of::<(f64, u32)>()
}

/// The memory behind [`Columns`]: allocated once a worker.
#[derive(Debug)]
pub struct ColumnsScratch {
    registers: [LaneBuffer; 5],
    keys: Box<[(f64, u32)]>,
}

impl ColumnsScratch {
    /// For columns of `frames` frames: [`columns_bytes`] bytes.
    pub fn new(frames: usize) -> Self {
        let column = frames * LaneBuffer::REGISTER_BYTES;
        let sorted = sorted_registers(frames) * LaneBuffer::REGISTER_BYTES;
        let bytes = [groups_of_block(frames) * column, column, sorted, 2 * column, 2 * column];
        Self { registers: bytes.map(LaneBuffer::with_bytes), keys: vec![(0.0, 0); frames].into() }
    }

    /// Columns of 16-bit integers, group by group, and [`sorted_registers`] for one of them.
    ///
    /// # Panics
    /// If the scratch was made for fewer frames.
    #[inline(always)]
    pub fn words<W: Words>(&mut self, isa: W::Isa, frames: usize) -> (&mut [W], &mut [W]) {
        let [samples, _, sorted, ..] = &mut self.registers;
        let columns = samples.vectors(isa, frames * groups_of_block(frames));
        (columns, sorted.vectors(isa, sorted_registers(frames)))
    }

    /// The scratch as registers.
    ///
    /// # Panics
    /// If it was made for fewer frames.
    #[inline(always)]
    pub fn block<V: Vector>(&mut self, isa: V::Isa, frames: usize) -> Block<'_, V> {
        let Self { registers: [samples, padded, sorted, residuals, deviations], keys } = self;
        Block {
            frames,
            samples: samples.vectors(isa, frames * groups_of_block(frames)),
            padded: padded.vectors(isa, frames),
            sorted: sorted.vectors(isa, sorted_registers(frames)),
            residuals: residuals.vectors(isa, frames),
            deviations: deviations.vectors(isa, frames),
            keys: &mut keys[..frames],
        }
    }
}

/// Several groups of L columns that are loaded together.
#[derive(Debug)]
pub struct Block<'a, V: Vector> {
    frames: usize,
    /// Group by group, N registers each in frame order.
    pub samples: &'a mut [V],
    padded: &'a mut [V],
    sorted: &'a mut [V],
    residuals: &'a mut [V::Wide],
    deviations: &'a mut [V::Wide],
    keys: &'a mut [(f64, u32)],
}

impl<V: Vector> Block<'_, V> {
    /// Number of groups that it has room for.
    #[inline(always)]
    pub fn groups(&self) -> usize {
        self.samples.len() / self.frames
    }

    /// The columns of group number `group`, of which `full` says whether no sample is missing.
    #[inline(always)]
    pub fn columns(&mut self, group: usize, full: bool) -> Columns<'_, V> {
        Columns {
            samples: &mut self.samples[group * self.frames..][..self.frames],
            full,
            padded: self.padded,
            sorted: self.sorted,
            residuals: self.residuals,
            deviations: self.deviations,
            keys: self.keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planner_is_told_what_is_allocated() {
        for frames in [1, 31, 33, 101, 1000] {
            let scratch = ColumnsScratch::new(frames);
            let registers: usize = scratch.registers.iter().map(LaneBuffer::bytes).sum();
            let keys = size_of_val(&*scratch.keys);
            assert_eq!(registers + keys, columns_bytes(frames));
        }
    }
}

impl<V: Vector> Columns<'_, V> {
    /// How many samples of each lane are not missing.
    #[inline(always)]
    pub(crate) fn count_valid(&self, isa: V::Isa) -> V {
        if self.full {
            return number(isa, self.samples.len());
        }
        lane::count(isa, self.samples, &Bounds::everything(isa))
    }

    /// Fills `sorted`; how many samples of each lane are not missing.
    #[inline(always)]
    pub(crate) fn sort(&mut self, isa: V::Isa) -> V {
        if self.full {
            lane::sort(isa, self.samples, self.sorted);
            return number(isa, self.samples.len());
        }
        lane::sorted_copy(isa, self.samples, self.padded, self.sorted)
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
    /// Nothing was missing and nothing was rejected, in any lane.
    pub all: bool,
}

impl<V: Vector> Kept<V> {
    /// Everything that is not missing.
    #[inline(always)]
    pub(crate) fn everything(isa: V::Isa, columns: &Columns<'_, V>) -> Self {
        let bounds = Bounds::everything(isa);
        let count = columns.count_valid(isa);
        Self { bounds, count, valid: count, window: None, all: columns.full }
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
