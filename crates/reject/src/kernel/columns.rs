//! L columns on their way through a rejection, and what is left of them.

use skystack_simd::{Element, Isa, LaneBuffer, Task, Vector, Words};
use skystack_stats::lane::{self, Bounds, Window, number, sorted_registers};

use crate::Fates;

/// L columns, and scratch registers for what a rejection makes of them.
#[derive(Debug)]
pub struct Columns<'a, V: Vector> {
    /// N registers in frame order; NaN is missing. A rejection whose kept set is not an interval of values turns the
    /// samples that it drops into NaN.
    pub samples: &'a mut [V],
    /// `samples` are in the order of their values instead, and stay as they are: [`Kept::window`] alone says which are kept.
    /// Only for samples whose sums are the same in any order (algorithms.md E7b), rejections that say so
    /// ([`Prepared::is_of_ranks`](crate::Prepared::is_of_ranks)), and none missing.
    pub ordered: bool,
    /// No sample of any lane is missing.
    pub full: bool,
    /// N registers: samples on their way to a sort, missing ones as infinities. After a rejection that replaces samples
    /// ([`Prepared::replaces`](crate::Prepared::replaces)) the current values in frame order, within
    /// [`current_values`](Self::current_values).
    pub padded: &'a mut [V],
    /// [`sorted_registers`] of N, filled by rejections that need the order (see [`Kept::window`], [`Columns::ranks`]).
    pub sorted: &'a mut [V],
    /// N residuals of dropped samples by rank, while something may have to be restored.
    pub residuals: &'a mut [V::Wide],
    /// N deviations, while a spread is computed.
    pub deviations: &'a mut [V::Wide],
    /// (residual, frame) of samples that may come back: room for N.
    pub keys: &'a mut [(f64, u32)],
    /// What became of the sample of each frame, complete after [`Columns::settle`].
    pub fates: &'a mut [Fates],
    /// Is anything in `fates`? Not before the first rejection.
    pub fates_known: bool,
    /// Lanes in which `nkeep` or `maxrej` brought a sample back.
    pub restored: u32,
    /// Lanes in which a clip about one centre found a spread of 0 among two or more samples.
    pub zero_spread: u32,
    /// The variance of each sample, N registers in frame order, NaN where it is unknown; none where nothing is known of
    /// variances.
    pub variances: &'a mut [V],
    /// A weight of each sample, likewise.
    pub weights: &'a mut [V],
    /// S² of the row, where an avsigclip pools over rows.
    pub pooled: f64,
}

/// Bytes that the samples of some groups may take: a small part of an ordinary second-level cache.
const GROUPS_BYTES: usize = 64 << 10;

/// Fewest groups of L pixels at a time: with one, each line of a frame is a walk through memory of its own.
pub const LEAST_GROUPS: usize = 4;

/// Most groups of L pixels at a time: 512 bytes of each frame at a time keep the prefetchers of the memory running. (One
/// group at a time reads 31 frames of 256 x 256 at 0.32 ns a sample, eight at 0.07; AMD EPYC Zen 4, 2026-11-21.)
pub const MOST_GROUPS: usize = 8;

/// How many groups of L pixels are loaded at a time, of pairs half as many: one of two numbers that the load knows.
const fn groups_at_a_time(frames: usize) -> usize {
    let column = frames.saturating_mul(LaneBuffer::REGISTER_BYTES);
    if column <= GROUPS_BYTES / MOST_GROUPS { MOST_GROUPS } else { LEAST_GROUPS }
}

/// Bytes of the groups and their scratch for `frames` frames at any level, with so many `layers` (variances, weights).
pub const fn columns_bytes(frames: usize, layers: usize) -> usize {
    // Samples of all groups, padded and sorted, residuals and deviations: of a pair of registers, and these in f64.
    let registers =
        frames * (groups_at_a_time(frames) + 2 + 4 + 4 + 2 * layers) + 2 * sorted_registers(frames);
    registers * LaneBuffer::REGISTER_BYTES + frames * (size_of::<(f64, u32)>() + size_of::<Fates>())
}

/// The memory behind [`Columns`]: allocated once a worker.
#[derive(Debug)]
pub struct ColumnsScratch {
    registers: [LaneBuffer; 5],
    keys: Box<[(f64, u32)]>,
    fates: Box<[Fates]>,
    layers: [LaneBuffer; 2],
}

impl ColumnsScratch {
    /// For columns of `frames` frames with variances, with weights: [`columns_bytes`] bytes.
    pub fn new(frames: usize, layers: [bool; 2]) -> Self {
        let column = frames * LaneBuffer::REGISTER_BYTES;
        let sorted = 2 * sorted_registers(frames) * LaneBuffer::REGISTER_BYTES;
        let bytes = [groups_at_a_time(frames) * column, 2 * column, sorted, 4 * column, 4 * column];
        Self {
            registers: bytes.map(LaneBuffer::with_bytes),
            keys: vec![(0.0, 0); frames].into(),
            fates: vec![Fates::default(); frames].into(),
            layers: layers.map(|has| LaneBuffer::with_bytes(if has { 2 * column } else { 0 })),
        }
    }

    /// The scratch for columns of 16-bit integers that become values once they are sorted.
    ///
    /// # Panics
    /// If it was made for fewer frames.
    #[inline(always)]
    pub fn words<W: Words, V: Vector<Isa = W::Isa>>(
        &mut self,
        isa: W::Isa,
        frames: usize,
    ) -> WordGroups<'_, W, V> {
        let Self { registers: [samples, padded, sorted, residuals, deviations], keys, fates, .. } = self;
        WordGroups {
            frames,
            words: samples.vectors(isa, frames * groups_at_a_time(frames)),
            sorted: sorted.vectors(isa, sorted_registers(frames)),
            values: padded.vectors(isa, frames),
            residuals: residuals.vectors(isa, frames),
            deviations: deviations.vectors(isa, frames),
            keys: &mut keys[..frames],
            fates: &mut fates[..frames],
        }
    }

    /// The scratch as registers.
    ///
    /// # Panics
    /// If it was made for fewer frames.
    #[inline(always)]
    pub fn groups<V: Vector>(&mut self, isa: V::Isa, frames: usize) -> Groups<'_, V> {
        let Self { registers: [samples, padded, sorted, residuals, deviations], keys, fates, layers } = self;
        let [variances, weights] = layers;
        let of_layer = |layer: &LaneBuffer| if layer.bytes() == 0 { 0 } else { frames };
        Groups {
            variances: variances.vectors(isa, of_layer(variances)),
            weights: weights.vectors(isa, of_layer(weights)),
            frames,
            samples: samples.vectors(isa, frames * groups_at_a_time(frames) / V::REGISTERS),
            padded: padded.vectors(isa, frames),
            sorted: sorted.vectors(isa, sorted_registers(frames)),
            residuals: residuals.vectors(isa, frames),
            deviations: deviations.vectors(isa, frames),
            keys: &mut keys[..frames],
            fates: &mut fates[..frames],
        }
    }
}

/// Several groups of L columns that are loaded together.
#[derive(Debug)]
pub struct Groups<'a, V: Vector> {
    frames: usize,
    /// Group by group, N registers each in frame order.
    pub samples: &'a mut [V],
    padded: &'a mut [V],
    sorted: &'a mut [V],
    residuals: &'a mut [V::Wide],
    deviations: &'a mut [V::Wide],
    keys: &'a mut [(f64, u32)],
    fates: &'a mut [Fates],
    variances: &'a mut [V],
    weights: &'a mut [V],
}

impl<V: Vector> Groups<'_, V> {
    /// Number of groups that it has room for.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.samples.len() / self.frames
    }

    /// The columns of group number `group`, of which `full` says whether no sample is missing.
    #[inline(always)]
    pub fn columns(&mut self, group: usize, full: bool) -> Columns<'_, V> {
        Columns {
            samples: &mut self.samples[group * self.frames..][..self.frames],
            ordered: false,
            full,
            padded: self.padded,
            sorted: self.sorted,
            residuals: self.residuals,
            deviations: self.deviations,
            keys: self.keys,
            fates: self.fates,
            fates_known: false,
            restored: 0,
            zero_spread: 0,
            variances: self.variances,
            weights: self.weights,
            pooled: f64::NAN,
        }
    }
}

/// [`Groups`] of 16-bit integers.
#[derive(Debug)]
pub struct WordGroups<'a, W, V: Vector> {
    frames: usize,
    /// Group by group, N registers each in frame order.
    pub words: &'a mut [W],
    /// [`sorted_registers`] of N for one group.
    pub sorted: &'a mut [W],
    /// N registers for some lanes of `sorted` as values.
    pub values: &'a mut [V],
    residuals: &'a mut [V::Wide],
    deviations: &'a mut [V::Wide],
    keys: &'a mut [(f64, u32)],
    fates: &'a mut [Fates],
}

impl<W, V: Vector> WordGroups<'_, W, V> {
    /// Number of groups that it has room for.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.words.len() / self.frames
    }

    /// `values`, which are sorted, as columns.
    #[inline(always)]
    pub fn columns(&mut self) -> Columns<'_, V> {
        Columns {
            samples: self.values,
            ordered: true,
            full: true,
            padded: &mut [],
            sorted: &mut [],
            residuals: self.residuals,
            deviations: self.deviations,
            keys: self.keys,
            fates: self.fates,
            fates_known: false,
            restored: 0,
            zero_spread: 0,
            variances: &mut [],
            weights: &mut [],
            pooled: f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_planner_is_told_what_is_allocated() {
        for frames in [1, 31, 33, 101, 1000] {
            let scratch = ColumnsScratch::new(frames, [true, false]);
            let registers: usize =
                scratch.registers.iter().chain(&scratch.layers).map(LaneBuffer::bytes).sum();
            let of_frames = size_of_val(&*scratch.keys) + size_of_val(&*scratch.fates);
            assert_eq!(registers + of_frames, columns_bytes(frames, 1));
        }
    }
}

impl<V: Vector> Columns<'_, V> {
    /// Bounds of everything in [`padded`](Self::padded) that is not missing.
    #[inline(always)]
    pub fn current_values(isa: V::Isa) -> Bounds<V> {
        Bounds { high: V::splat(isa, V::Element::GREATEST), ..Bounds::everything(isa) }
    }

    /// How many samples of each lane are not missing.
    #[inline(always)]
    pub(crate) fn count_valid(&self, isa: V::Isa) -> V {
        if self.full {
            return number(isa, self.samples.len());
        }
        lane::count(isa, self.samples, &Bounds::everything(isa))
    }

    /// The samples in the order of their values, once they are sorted.
    #[inline(always)]
    pub fn ranks(&self) -> &[V] {
        if self.ordered { self.samples } else { self.sorted }
    }

    /// Makes [`ranks`](Self::ranks); how many samples of each lane are not missing.
    #[inline(always)]
    pub(crate) fn sort(&mut self, isa: V::Isa) -> V {
        if self.ordered {
            return number(isa, self.samples.len());
        }
        isa.call(SortColumns(self))
    }
}

/// [`Columns::sort`] as a function of its own: every rejection but one or two begins with it.
struct SortColumns<'a, 'b, V: Vector>(&'a mut Columns<'b, V>);

impl<V: Vector> Task<V::Isa> for SortColumns<'_, '_, V> {
    type Output = V;

    #[inline(always)]
    fn run(self, isa: V::Isa) -> V {
        let Columns { samples, padded, sorted, full, .. } = self.0;
        if *full {
            lane::sort(isa, samples, sorted);
            return number(isa, samples.len());
        }
        lane::sorted_copy(isa, samples, padded, sorted)
    }
}

/// Sorts [`Columns::keys`] by value, equal ones by frame. Compiled once, not for every register.
#[inline(never)]
pub fn sort_keys(keys: &mut [(f64, u32)]) {
    keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
}

/// What a rejection leaves: the samples of [`Columns::samples`] inside `bounds`.
#[derive(Debug, Clone, Copy)]
pub struct Kept<V> {
    /// The kept values. Where nothing is kept, everything below `low` was dropped low, and the rest high.
    pub bounds: Bounds<V>,
    /// Number of samples kept, n.
    pub count: V,
    /// Number of samples before, n₀.
    pub valid: V,
    /// The same set as [`Columns::ranks`], where these are known.
    pub window: Option<Window<V>>,
    /// Nothing was missing and nothing was rejected, in any lane.
    pub all: bool,
}

impl<V: Vector> Kept<V> {
    /// Everything that is not missing.
    #[inline(always)]
    pub fn everything(isa: V::Isa, columns: &Columns<'_, V>) -> Self {
        let bounds = Bounds::everything(isa);
        let count = columns.count_valid(isa);
        Self { bounds, count, valid: count, window: None, all: columns.full }
    }
}
