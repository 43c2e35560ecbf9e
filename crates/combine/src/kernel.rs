//! The fused kernel: everything between the rows of the frames and the rows of the outputs, L pixels at once.
//!
//! ```text
//! for each block of some groups of L pixels of the tile:
//!     for each frame:  samples[group][frame] = its pixels, +0 for −0, NaN for what is not finite or outside the thresholds
//!     for each group:  kept  = rejection(samples[group])
//!                      value = statistic of the kept samples; outputs
//! ```
//!
//! Nothing of the size of the stack exists: a block of samples in frame order, N registers sorted where the statistic needs
//! them.

mod load;
mod sigma;
mod stream;
mod value;
mod words;

use std::ops::Range;

use skystack_reject::{Block, Columns, ColumnsScratch, Kept};
use skystack_simd::{Element, Isa, Kernel, Level, Mask, Pair, Task, Vector};

use self::stream::StreamScratch;
use crate::band::{BandInput, Rows, Tile, rows_bytes};
use crate::options::Resolved;

/// Counts over the tiles that a worker has processed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Samples that were there before rejection.
    pub(crate) valid: u64,
    /// Samples rejected.
    pub(crate) rejected: u64,
    /// Pixels without a used sample.
    pub(crate) empty: u64,
}

/// One tile, to be run at a level.
pub struct TileKernel<'a, 'b, T> {
    pub(crate) options: &'a Resolved<T>,
    pub(crate) input: &'a BandInput<'a, T>,
    pub(crate) tile: &'a mut Tile<'b, T>,
    pub(crate) scratch: &'a mut KernelScratch,
}

/// What the kernel of one worker writes down between two samples.
#[derive(Debug)]
pub(crate) struct KernelScratch {
    columns: ColumnsScratch,
    streams: StreamScratch,
}

impl KernelScratch {
    /// For stacks of `frames` frames: [`scratch_bytes`] bytes.
    pub(crate) fn new(frames: usize) -> Self {
        Self { columns: ColumnsScratch::new(frames), streams: StreamScratch::new() }
    }
}

/// Scratch that one worker needs for a stack of `frames` frames, in bytes.
pub const fn scratch_bytes(frames: usize) -> usize {
    skystack_reject::columns_bytes(frames) + StreamScratch::BYTES + rows_bytes(frames)
}

/// A type that the engine computes in: `f32` or `f64`.
///
/// The kernels of both, at every level, are compiled with this crate, once: a program that uses it compiles none of them again.
pub trait WorkingType: Element {
    /// Runs a tile at a level.
    #[doc(hidden)]
    fn run_tile(level: Level, tile: TileKernel<'_, '_, Self>) -> Totals;
}

macro_rules! working {
    ($($float:ident)*) => { $(
        impl WorkingType for $float {
            #[inline(never)]
            fn run_tile(level: Level, tile: TileKernel<'_, '_, Self>) -> Totals {
                level.run(tile)
            }
        }
    )* };
}

working!(f32 f64);

impl<T: Element> Kernel for TileKernel<'_, '_, T> {
    type Output = Totals;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Totals {
        let Self { options, input, tile, scratch } = self;
        let rows = input.pixels.rows(tile.line, &tile.pixels);
        if let Some(totals) = words::run(isa, options, &rows, tile, scratch) {
            return totals;
        }
        let KernelScratch { columns: scratch, streams } = scratch;
        if options.rejection.is_none() {
            let mut columns = ColumnKernel::<T::Vector<I>, false>::new(isa, options, &rows, scratch);
            if stream::applies(options, tile) {
                columns.run_streams(isa, tile, streams);
            } else {
                columns.run(isa, tile, 0..tile.image.len());
            }
            return columns.totals.sum();
        }
        // In pairs of registers: each step of a rejection waits for the one before it.
        let mut columns = ColumnKernel::<Pair<T::Vector<I>>, true>::new(isa, options, &rows, scratch);
        columns.run(isa, tile, 0..tile.image.len());
        columns.totals.sum()
    }
}

/// What combines pixels column by column, with a rejection or without one.
struct ColumnKernel<'a, V: Vector, const REJECTS: bool> {
    options: &'a Resolved<V::Element>,
    rows: &'a Rows<'a, V::Element>,
    block: Block<'a, V>,
    totals: LaneTotals<V>,
}

impl<'a, T: Element, V: Vector<Element = T>, const REJECTS: bool> ColumnKernel<'a, V, REJECTS> {
    #[inline(always)]
    fn new(
        isa: V::Isa,
        options: &'a Resolved<T>,
        rows: &'a Rows<'_, T>,
        scratch: &'a mut ColumnsScratch,
    ) -> Self {
        Self { options, rows, block: scratch.block(isa, rows.frames()), totals: LaneTotals::new(isa) }
    }

    /// Combines `pixels` (relative to the tile).
    #[inline(always)]
    fn run(&mut self, isa: V::Isa, tile: &mut Tile<'_, T>, pixels: Range<usize>) {
        isa.call(CombineColumns { kernel: self, tile, pixels });
    }

    /// Combines the whole tile strip by strip, and column by column the runs in which a sample is missing.
    #[inline(always)]
    fn run_streams(&mut self, isa: V::Isa, tile: &mut Tile<'_, T>, scratch: &mut StreamScratch) {
        let (options, rows, width) = (self.options, self.rows, tile.image.len());
        let mut streamer = scratch.streamer::<V>(isa);
        let run = stream::run_pixels::<V>();
        let mut start = 0;
        while start + run <= width {
            let (runs, mut again) = match rows {
                Rows::Values(rows) => streamer.strip(isa, options, rows, tile, start),
                _ => streamer.strip(isa, options, rows, tile, start),
            };
            for k in (0..runs).filter(|k| again >> k & 1 == 0) {
                self.totals.add_all(tile, start + k * run..start + (k + 1) * run, rows.frames());
            }
            while again != 0 {
                let first = start + again.trailing_zeros() as usize * run;
                self.run(isa, tile, first..first + run);
                again &= again - 1;
            }
            start += runs * run;
        }
        self.run(isa, tile, start..width);
    }
}

/// [`ColumnKernel::run`] as a function of its own: streams need it in two places.
struct CombineColumns<'a, 'b, 'c, V: Vector, const REJECTS: bool> {
    kernel: &'a mut ColumnKernel<'b, V, REJECTS>,
    tile: &'a mut Tile<'c, V::Element>,
    pixels: Range<usize>,
}

impl<V: Vector, const REJECTS: bool> Task<V::Isa> for CombineColumns<'_, '_, '_, V, REJECTS> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { kernel: ColumnKernel { options, rows, block, totals }, tile, pixels } = self;
        let (lanes, width) = (V::LANES, tile.image.len());
        let ahead = block.groups() * lanes;
        for start in pixels.clone().step_by(ahead) {
            let full = load::load(isa, options, rows, width, start, block);
            for group in 0..block.groups().min((pixels.end - start).div_ceil(lanes)) {
                let x = start + group * lanes;
                for register in (x..x + lanes).step_by(lanes / V::REGISTERS) {
                    rows.prefetch_next(width, register + ahead, lanes / V::REGISTERS);
                }
                let mut columns = block.columns(group, full >> group & 1 == 1);
                let kept = if REJECTS {
                    options.rejection.keep(isa, &mut columns)
                } else {
                    Kept::everything(isa, &columns)
                };
                write(isa, options, tile, x, &mut columns, &kept);
                totals.add(&kept, rows.frames(), lanes.min(width - x));
            }
        }
    }
}

/// Every output of L pixels from `x` on.
#[inline(always)]
fn write<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    tile: &mut Tile<'_, T>,
    x: usize,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) {
    let value = value::combine(isa, options, columns, kept);
    let image = blanked(isa, options, kept, value);
    image.store_partial(&mut tile.image[x..]);
    if !tile.sigma.is_empty() {
        let sigma = sigma::sigma(isa, options, columns.samples, kept, image);
        blanked(isa, options, kept, sigma).store_partial(&mut tile.sigma[x..]);
    }
    write_masks(tile, x, columns.samples, kept);
    write_counts(tile, x, kept);
}

/// `value` where samples were used, `blank` elsewhere. A NaN that was computed (of values near the limits of f64) becomes the
/// canonical one: its sign differs between CPUs.
#[inline(always)]
fn blanked<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    kept: &Kept<V>,
    value: V,
) -> V {
    if kept.all {
        return V::select(value.eq(value), value, V::splat(isa, T::NAN));
    }
    let some = V::splat(isa, T::narrow(0.0)).lt(kept.count);
    let value = V::select(value.eq(value), value, V::splat(isa, T::NAN));
    V::select(some, value, V::splat(isa, options.blank))
}

/// One byte a sample: 1 where it is not used.
#[inline(always)]
fn write_masks<T: Element, V: Vector<Element = T>>(
    tile: &mut Tile<'_, T>,
    x: usize,
    samples: &[V],
    kept: &Kept<V>,
) {
    if tile.rejmask.is_empty() {
        return;
    }
    let width = tile.image.len();
    let lanes = V::LANES.min(width - x);
    for (i, y) in samples.iter().enumerate() {
        let out = &mut tile.rejmask[i * width + x..][..lanes];
        let used = kept.bounds.contain(*y).bits();
        for (lane, out) in out.iter_mut().enumerate() {
            *out = u8::from(used >> lane & 1 == 0);
        }
    }
}

/// Used and rejected samples of L pixels.
#[inline(always)]
fn write_counts<T: Element, V: Vector<Element = T>>(tile: &mut Tile<'_, T>, x: usize, kept: &Kept<V>) {
    if tile.count.is_empty() && tile.nrej.is_empty() {
        return;
    }
    for lane in 0..V::LANES.min(tile.image.len() - x) {
        let valid = kept.valid.lanes()[lane].widen() as u32;
        let used = kept.count.lanes()[lane].widen() as u32;
        if let Some(to) = tile.count.get_mut(x + lane) {
            *to = used;
        }
        if let Some(to) = tile.nrej.get_mut(x + lane) {
            *to = valid - used;
        }
    }
}

/// [`Totals`] of each lane, in f64: exact up to 2⁵³ samples.
struct LaneTotals<V: Vector> {
    valid: V::Wide,
    used: V::Wide,
    zero: V,
    empty: u64,
    streamed: u64,
}

impl<V: Vector> LaneTotals<V> {
    #[inline(always)]
    fn new(isa: V::Isa) -> Self {
        let none = V::Wide::splat(isa, 0.0);
        Self { valid: none, used: none, zero: V::splat(isa, V::Element::narrow(0.0)), empty: 0, streamed: 0 }
    }

    /// Adds L pixels of `frames` frames, of which the first `lanes` are in the image.
    #[inline(always)]
    fn add(&mut self, kept: &Kept<V>, frames: usize, lanes: usize) {
        if kept.all {
            self.streamed += (frames * lanes) as u64;
            return;
        }
        let (mut valid, mut used) = (kept.valid, kept.count);
        for lane in lanes..V::LANES {
            (valid.lanes_mut()[lane], used.lanes_mut()[lane]) =
                (V::Element::narrow(0.0), V::Element::narrow(0.0));
        }
        self.valid = self.valid + valid.widen();
        self.used = self.used + used.widen();
        let empty = kept.count.eq(self.zero).bits() & (u32::MAX >> (u32::BITS as usize - lanes));
        self.empty += u64::from(empty.count_ones());
    }

    /// Adds `pixels` of the tile that use all their `frames` samples, and writes their counts.
    #[inline(always)]
    fn add_all<T: Element>(&mut self, tile: &mut Tile<'_, T>, pixels: Range<usize>, frames: usize) {
        self.streamed += (pixels.len() * frames) as u64;
        if let Some(count) = tile.count.get_mut(pixels.clone()) {
            count.fill(frames as u32);
        }
        if let Some(nrej) = tile.nrej.get_mut(pixels) {
            nrej.fill(0);
        }
    }

    #[inline(always)]
    fn sum(&self) -> Totals {
        let sum = |lanes: &V::Wide| lanes.lanes().iter().map(|n| *n as u64).sum::<u64>();
        let (valid, used) = (sum(&self.valid) + self.streamed, sum(&self.used) + self.streamed);
        Totals { valid, rejected: valid - used, empty: self.empty }
    }
}

impl Totals {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.valid += other.valid;
        self.rejected += other.rejected;
        self.empty += other.empty;
    }
}
