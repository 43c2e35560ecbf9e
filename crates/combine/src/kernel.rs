//! The fused kernel: everything between the rows of the frames and the rows of the outputs, L pixels at once.
//!
//! ```text
//! for some groups of L pixels of the tile at a time:
//!     for each frame:  samples[group][frame] = its pixels: +0 for −0, NaN for what is not finite, outside the thresholds or
//!                      masked; scaled
//!     for each group:  kept  = rejections(samples[group])
//!                      value = statistic of the kept samples; outputs
//! ```
//!
//! Nothing of the size of the stack exists: the samples of some groups in frame order, N registers sorted where the statistic needs
//! them. Where a pixel depends on the rejections of its neighbours (grow), or rejection and output see samples of different
//! scales, the two lines of the inner loop become two passes over the band, with one byte a sample in between ([`Stage`]).

mod codes;
mod fallback;
mod layers;
mod load;
mod output;
mod quadrature;
mod sigma;
mod stream;
mod totals;
mod value;
mod weights;
mod why;
mod wmedian;
mod words;

use std::ops::Range;

use skystack_reject::{Columns, ColumnsScratch, Groups, Kept, Scaling};
use skystack_simd::{Element, Isa, Kernel, Level, Pair, Task, Vector};

use self::codes::WriteCodes;
use self::fallback::TakeFallback;
use self::layers::FillLayers;
use self::load::Ingest;
use self::stream::StreamScratch;
pub use self::totals::FrameTotals;
use self::totals::LaneTotals;
pub(crate) use self::totals::Totals;
use crate::band::{BandInput, LayerRows, Rows, Tile, TileRows, rows_bytes};
use crate::grow::Codes;
use crate::options::{Options, Resolved, Variance};

/// One tile, to be run at a level.
pub struct TileKernel<'a, 'b, T> {
    pub(crate) options: &'a Resolved<T>,
    pub(crate) input: &'a BandInput<'a, T>,
    pub(crate) tile: &'a mut Tile<'b, T>,
    pub(crate) scratch: &'a mut KernelScratch,
    pub(crate) stage: Stage<'a>,
}

/// What is done with the columns of a tile.
#[derive(Debug)]
pub(crate) enum Stage<'a> {
    /// Everything.
    Whole,
    /// Rejections only: their codes go here, frames x width of the tile. `counts`: the tile is none of the rows that the bands
    /// above and below judge too.
    Judge { codes: &'a mut [u8], counts: bool },
    /// Everything else: the codes of all rows, of which the tile is row `row`.
    Finish { codes: Codes<'a>, row: usize },
}

/// What the kernel of one worker writes down between two samples.
#[derive(Debug)]
pub(crate) struct KernelScratch {
    columns: ColumnsScratch,
    streams: StreamScratch,
    /// Codes of a row after growth.
    grown: Vec<u8>,
    /// Scatter and number of samples of each pixel of a row, where rejections pool them.
    scatter: Vec<(f64, f64)>,
    /// What each frame has lost.
    pub(crate) frames: Vec<FrameTotals>,
}

impl KernelScratch {
    /// For stacks of `frames` frames and rows of `width` pixels: [`scratch_bytes`] bytes.
    pub(crate) fn new(options: &Options, frames: usize, width: usize) -> Self {
        let layers = [options.variance != Variance::None, options.sample_weights];
        let totals = if options.per_frame { frames } else { 0 };
        Self {
            columns: ColumnsScratch::new(frames, layers),
            streams: StreamScratch::new(),
            grown: vec![0; if options.two_passes() { frames * width } else { 0 }],
            scatter: vec![(0.0, 0.0); if options.pools_rows() { width } else { 0 }],
            frames: vec![FrameTotals::default(); totals],
        }
    }
}

/// Scratch that one worker needs for a stack of `frames` frames and rows of `width` pixels, in bytes.
pub fn scratch_bytes(options: &Options, frames: usize, width: usize) -> usize {
    let grown = if options.two_passes() { frames.saturating_mul(width) } else { 0 };
    let totals = if options.per_frame { frames * size_of::<FrameTotals>() } else { 0 };
    let layers = usize::from(options.variance != Variance::None) + usize::from(options.sample_weights);
    let columns = skystack_reject::columns_bytes(frames, layers);
    let scatter = if options.pools_rows() { width.saturating_mul(size_of::<(f64, f64)>()) } else { 0 };
    columns + StreamScratch::BYTES + rows_bytes(frames) + grown + totals + scatter
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
                run_at(level, tile)
            }
        }
    )* };
}

working!(f32 f64);

#[cfg(not(test))]
fn run_at<T: Element>(level: Level, tile: TileKernel<'_, '_, T>) -> Totals {
    level.run(tile)
}

/// Unit tests run no tiles, and compiling the kernels of every level takes minutes: the files in `tests/` have them all.
#[cfg(test)]
fn run_at<T: Element>(_: Level, tile: TileKernel<'_, '_, T>) -> Totals {
    tile.run(skystack_simd::Scalar)
}

impl<T: Element> Kernel for TileKernel<'_, '_, T> {
    type Output = Totals;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Totals {
        let Self { options, input, tile, scratch, stage } = self;
        let rows = input.rows(tile.line, &tile.pixels);
        let (rejects, whole) = (!options.rejections.is_none(), matches!(stage, Stage::Whole));
        let judges = if let Stage::Judge { counts, .. } = stage { Some(counts) } else { None };
        if whole && let Some(totals) = words::run(isa, options, &rows, tile, scratch) {
            return totals;
        }
        let KernelScratch { columns: scratch, streams, grown, scatter, frames } = scratch;
        let job = Job::new(options, &rows, stage, tile.width(), grown, frames);
        // Values that replace others are not handed from pass to pass: they are found again.
        if rejects && (!matches!(job.stage, JobStage::Finish(_)) || options.rejections.replaces()) {
            // In pairs of registers: each step of a rejection waits for the one before it.
            let mut columns = ColumnKernel::<Pair<T::Vector<I>>, true>::new(isa, job, scratch);
            if options.rejections.pools_rows() {
                isa.call(PoolRow { kernel: &mut columns, scatter });
            }
            columns.run(isa, tile, 0..tile.width());
            let totals = columns.totals.sum();
            return match judges {
                // The rest is counted when it is known what has grown.
                Some(counts) => totals.of_judging(counts),
                None => totals,
            };
        }
        let streams_apply = whole && stream::applies(options, &rows);
        let mut columns = ColumnKernel::<T::Vector<I>, false>::new(isa, job, scratch);
        if streams_apply {
            columns.run_streams(isa, tile, streams);
        } else {
            columns.run(isa, tile, 0..tile.width());
        }
        columns.totals.sum()
    }
}

/// What a tile's columns are made of, and what becomes of them.
struct Job<'a, T> {
    options: &'a Resolved<T>,
    rows: &'a TileRows<'a, T>,
    /// Of this stage: those for the rejections, or those for the output.
    scalings: &'a [Scaling],
    /// Those for the output, where this stage is for rejections and has its own: a sample that one of them makes infinite is missing.
    others: Option<&'a [Scaling]>,
    masks: &'a LayerRows<'a, u8>,
    stage: JobStage<'a>,
    frames: &'a mut [FrameTotals],
    /// Pixels of the tile.
    width: usize,
    /// S² of the row, where rejections pool one.
    pooled: f64,
}

/// What the samples of L columns are made of.
#[derive(Clone, Copy)]
struct ColumnsAt<'a, T> {
    options: &'a Resolved<T>,
    scalings: &'a [Scaling],
    others: Option<&'a [Scaling]>,
    rows: &'a TileRows<'a, T>,
    /// The first pixel of the tile.
    x: usize,
    /// Pixels of the tile.
    width: usize,
}

/// [`Stage`] of one tile.
enum JobStage<'a> {
    Whole,
    Judge(&'a mut [u8]),
    Finish(&'a [u8]),
}

impl<'a, T: Element> Job<'a, T> {
    #[inline(always)]
    fn new(
        options: &'a Resolved<T>,
        rows: &'a TileRows<'a, T>,
        stage: Stage<'a>,
        width: usize,
        grown: &'a mut [u8],
        frames: &'a mut [FrameTotals],
    ) -> Self {
        const NO_MASKS: &LayerRows<'_, u8> = &Vec::new();
        let of_rejections = options.reject_scalings.as_deref().unwrap_or(&options.scalings);
        let is_first = matches!(stage, Stage::Judge { .. });
        let others = options.reject_scalings.as_ref().filter(|_| is_first).map(|_| &options.scalings[..]);
        let (scalings, masks, stage) = match stage {
            Stage::Whole => (&options.scalings[..], &rows.masks, JobStage::Whole),
            Stage::Judge { codes, .. } => (of_rejections, &rows.masks, JobStage::Judge(codes)),
            Stage::Finish { codes, row } => {
                let grown = &mut grown[..rows.samples.frames() * width];
                options.grow.grow_row(&codes, row, grown);
                // The codes know of masks already; values that replace others are found again, without what is masked.
                let masks = if options.rejections.replaces() { &rows.masks } else { NO_MASKS };
                (&options.scalings[..], masks, JobStage::Finish(grown))
            }
        };
        Self { options, rows, scalings, others, masks, stage, frames, width, pooled: 0.0 }
    }

    #[inline(always)]
    fn columns_at(&self, x: usize) -> ColumnsAt<'a, T> {
        ColumnsAt {
            options: self.options,
            scalings: self.scalings,
            others: self.others,
            rows: self.rows,
            x,
            width: self.width,
        }
    }
}

/// L pixels of a tile.
pub(super) struct Group<'a, T> {
    /// The first of them.
    x: usize,
    rows: &'a TileRows<'a, T>,
    /// Lanes that use samples which a mask calls bad.
    fallback: u32,
    /// The codes of the tile, where they are known already.
    codes: Option<&'a [u8]>,
}

/// What combines pixels column by column, with a rejection or without one.
struct ColumnKernel<'a, V: Vector, const REJECTS: bool> {
    job: Job<'a, V::Element>,
    groups: Groups<'a, V>,
    totals: LaneTotals<V>,
}

impl<'a, T: Element, V: Vector<Element = T>, const REJECTS: bool> ColumnKernel<'a, V, REJECTS> {
    #[inline(always)]
    fn new(isa: V::Isa, job: Job<'a, T>, scratch: &'a mut ColumnsScratch) -> Self {
        let groups = scratch.groups(isa, job.rows.samples.frames());
        Self { job, groups, totals: LaneTotals::new(isa) }
    }

    /// Combines `pixels` (relative to the tile).
    #[inline(always)]
    fn run(&mut self, isa: V::Isa, tile: &mut Tile<'_, T>, pixels: Range<usize>) {
        isa.call(CombineColumns { kernel: self, tile, pixels });
    }

    /// Combines the whole tile span by span, and column by column the runs in which a sample is missing.
    #[inline(always)]
    fn run_streams(&mut self, isa: V::Isa, tile: &mut Tile<'_, T>, scratch: &mut StreamScratch) {
        let (options, rows, width) = (self.job.options, &self.job.rows.samples, tile.width());
        let mut streamer = scratch.streamer::<V>(isa);
        let run = stream::run_pixels::<V>();
        let mut start = 0;
        while start + run <= width {
            let (runs, mut again) = match rows {
                Rows::Values(rows) => streamer.span(isa, options, rows, tile, start),
                _ => streamer.span(isa, options, rows, tile, start),
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
        let Self { kernel: ColumnKernel { job, groups, totals }, tile, pixels } = self;
        let (lanes, width) = (V::LANES, tile.width());
        let samples = &job.rows.samples;
        let finishes = matches!(job.stage, JobStage::Finish(_));
        let ingest = Ingest::new(isa, job.options, (job.scalings, job.others), job.masks);
        let ahead = groups.count() * lanes;
        for start in pixels.clone().step_by(ahead) {
            let full = ingest.load(isa, samples, width, start, groups);
            for group in 0..groups.count().min((pixels.end - start).div_ceil(lanes)) {
                let x = start + group * lanes;
                for register in (x..x + lanes).step_by(lanes / V::REGISTERS) {
                    samples.prefetch_next(width, register + ahead, lanes / V::REGISTERS);
                }
                let mut columns = groups.columns(group, full >> group & 1 == 1);
                columns.pooled = job.pooled;
                if !columns.variances.is_empty() || !columns.weights.is_empty() {
                    isa.call(FillLayers { of: job.columns_at(x), columns: &mut columns });
                }
                let mut kept = match REJECTS {
                    true => job.options.rejections.keep(isa, &mut columns),
                    false => Kept::everything(isa, &columns),
                };
                let mut fallback = 0;
                if job.options.fallback && (REJECTS || !finishes) {
                    let of = job.columns_at(x);
                    fallback = isa.call(TakeFallback { of, columns: &mut columns, kept: &mut kept });
                }
                if let JobStage::Finish(codes) = &job.stage {
                    kept = codes::apply(isa, (x, width), codes, &mut columns);
                }
                let group = Group { x, rows: job.rows, fallback, codes: None };
                let restored = finish_group(isa, job, tile, group, &mut columns, &kept);
                totals.add(&kept, samples.frames(), lanes.min(width - x));
                let zero_spread = if finishes { 0 } else { columns.zero_spread };
                totals.add_lanes(restored, zero_spread, lanes.min(width - x));
            }
        }
    }
}

/// Stage 1 of a rejection that pools the noise of a row: the tile is the row.
struct PoolRow<'a, 'b, V: Vector, const REJECTS: bool> {
    kernel: &'a mut ColumnKernel<'b, V, REJECTS>,
    scatter: &'a mut [(f64, f64)],
}

impl<V: Vector, const REJECTS: bool> Task<V::Isa> for PoolRow<'_, '_, V, REJECTS> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { kernel: ColumnKernel { job, groups, .. }, scatter } = self;
        let (lanes, width) = (V::LANES, scatter.len());
        let ingest = Ingest::new(isa, job.options, (job.scalings, job.others), job.masks);
        let ahead = groups.count() * lanes;
        for start in (0..width).step_by(ahead) {
            let full = ingest.load(isa, &job.rows.samples, width, start, groups);
            for group in 0..groups.count().min((width - start).div_ceil(lanes)) {
                let x = start + group * lanes;
                let mut columns = groups.columns(group, full >> group & 1 == 1);
                if !columns.variances.is_empty() || !columns.weights.is_empty() {
                    isa.call(FillLayers { of: job.columns_at(x), columns: &mut columns });
                }
                let Some(found) = job.options.rejections.scatter(isa, &mut columns) else { return };
                let each = found.q.lanes().iter().zip(found.n.lanes());
                for (to, (q, n)) in scatter[x..].iter_mut().zip(each) {
                    *to = (*q, n.widen());
                }
            }
        }
        job.pooled = skystack_reject::pooled(scatter);
    }
}

/// What is done with a group once it is known what it keeps. The lanes in which samples were brought back.
#[inline(always)]
fn finish_group<'a, T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    job: &mut Job<'a, T>,
    tile: &mut Tile<'_, T>,
    mut group: Group<'a, T>,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
) -> u32 {
    let (x, width) = (group.x, tile.width());
    let lanes = V::LANES.min(width - x);
    let restored = match &mut job.stage {
        JobStage::Judge(codes) => {
            isa.call(WriteCodes { options: job.options, group: &group, width, columns, kept, codes });
            return 0;
        }
        JobStage::Finish(codes) => {
            group.fallback = codes::fallback_lanes(codes, x..x + lanes, width);
            group.codes = Some(codes);
            totals::add_codes(job.frames, codes, x..x + lanes, width)
        }
        JobStage::Whole => {
            totals::add_fates(job.frames, columns, kept, lanes);
            columns.restored
        }
    };
    output::write(isa, job.options, tile, &group, columns, kept);
    restored
}
