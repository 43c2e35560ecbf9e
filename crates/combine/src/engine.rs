//! Carrying out a plan: bands one after the other, frames and tiles of a band in parallel.
//!
//! Work is handed out piece by piece to exactly `plan.workers` workers, each with scratch of its own that was allocated
//! before the first band. They run on the rayon pool of the caller (the global one outside any pool), so a program that
//! combines inside its own pool is never oversubscribed.

mod read;

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use skystack_plan::Plan;
use skystack_simd::Level;

use self::read::{Geometry, LayerBuffers, SampleBuffers, SampleLayer, SourceLayers};
pub(crate) use self::read::{Stored, Values};
use crate::band::{BandInput, BandOutput, StoredFormats, Tile};
use crate::grow::Codes;
use crate::kernel::{FrameTotals, KernelScratch, Stage, TileKernel, Totals, WorkingType};
use crate::options::Resolved;
use crate::{CombineError, FrameSource, Options, RowSink};

/// How a run is watched and stopped.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    level: Level,
    progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    cancel: Option<&'a AtomicBool>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Output rows that are finished.
    pub rows_done: usize,
    /// Output rows in all.
    pub rows: usize,
}

/// Wall time of the stages, summed over the bands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Asking the source for rows.
    pub read: Duration,
    /// Rejecting and combining.
    pub compute: Duration,
    /// Handing rows to the sink.
    pub write: Duration,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// N × pixels.
    pub samples: u64,
    /// Samples that were missing.
    pub missing: u64,
    /// Samples that were rejected.
    pub rejected: u64,
    /// Output pixels without a used sample.
    pub empty: u64,
    /// Output pixels at which `nkeep` or `maxrej` brought a rejected sample back.
    pub restored: u64,
    /// Output pixels at which a clip about one centre with a width of its own (sigclip, madclip, avsigclip) found a spread
    /// of 0 among two or more samples.
    pub zero_spread: u64,
    /// What each frame lost, if [`Options::per_frame`] asked for it.
    pub frames: Vec<FrameTotals>,
    /// Where the time went.
    pub timings: Timings,
}

impl<'a> Control<'a> {
    /// Kernels at `level`; nobody watches.
    pub const fn new(level: Level) -> Self {
        Self { level, progress: None, cancel: None }
    }

    /// Calls `progress` after each band.
    pub const fn progress(mut self, progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Stops with [`CombineError::Cancelled`] within one tile, or the rows of one frame, after `cancel` becomes true.
    pub const fn cancel(mut self, cancel: &'a AtomicBool) -> Self {
        self.cancel = Some(cancel);
        self
    }

    fn cancelled(&self) -> bool {
        self.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }

    fn report(&self, rows_done: usize, rows: usize) {
        if let Some(progress) = self.progress {
            progress(Progress { rows_done, rows });
        }
    }

    pub(crate) fn check(&self) -> Result<(), CombineError> {
        if self.cancelled() { Err(CombineError::Cancelled) } else { Ok(()) }
    }
}

/// Combines the frames of `source` into `sink`.
///
/// # Shapes
/// N frames of height × width in, each requested output of height × width out, in bands of rows from the first to the last.
/// # Missing data
/// NaN and infinities; see [`Options`] for thresholds.
/// # Errors
/// A wrong option before any work; afterwards whatever the source or the sink reports, cancellation, or a panic of a worker.
/// # Cost
/// Each input sample is read once. Memory as the plan predicts.
pub fn run<T: WorkingType>(
    options: &Options,
    source: &impl FrameSource<T>,
    sink: &mut impl RowSink<T>,
    plan: &Plan,
    control: &Control<'_>,
) -> Result<Summary, CombineError> {
    let formats: Option<Vec<_>> = (0..source.frames()).map(|frame| source.stored(frame)).collect();
    let formats = formats.map(StoredFormats::new::<T>);
    let (values, stored) = (Values(source), Stored::<_, T>::of(source));
    let samples = match &formats {
        None => SampleLayer::Values(&values),
        Some(formats) => SampleLayer::Stored(&stored, formats),
    };
    let resolved = options.resolve::<T>(source.frames())?;
    let geometry = Geometry::of(source);
    read::check(source, options, samples, &geometry)?;
    let sources = Sources { samples, layers: SourceLayers::of(source, options), geometry };
    let mut job = Job::new(options, &resolved, sources, plan)?;
    let mut first = 0;
    while first < source.height() {
        first = job.band(first, sink, control)?;
    }
    Ok(job.summary())
}

/// Everything that is read.
struct Sources<'a, T> {
    samples: SampleLayer<'a, T>,
    layers: SourceLayers<'a, T>,
    geometry: Geometry,
}

/// A run between two bands.
struct Job<'a, T> {
    resolved: &'a Resolved<T>,
    sources: Sources<'a, T>,
    band_rows: usize,
    /// Tiles may not go on into the next row.
    by_row: bool,
    /// Rejections first, then everything else.
    two_passes: bool,
    workers: Vec<Worker>,
    samples: SampleBuffers<T>,
    layers: LayerBuffers<T>,
    /// Of two passes: one byte a sample.
    codes: Vec<u8>,
    /// Until the last band, whose rows the sink may keep.
    output: Option<BandOutput<T>>,
    timings: Timings,
}

impl<'a, T: WorkingType> Job<'a, T> {
    fn new(
        options: &Options,
        resolved: &'a Resolved<T>,
        sources: Sources<'a, T>,
        plan: &Plan,
    ) -> Result<Self, CombineError> {
        let Sources { samples, layers, geometry } = &sources;
        let (frames, width) = (geometry.frames(), geometry.width);
        let band_rows = plan.band_rows.clamp(1, geometry.height);
        let two_passes = options.two_passes();
        let by_row = two_passes || options.pools_rows();
        let tile_width = if by_row { width } else { plan.tile_width.max(1) };
        let halo = if two_passes { options.grow.halo() } else { 0 };
        let read_rows = band_rows + 2 * halo;
        let codes = if two_passes { read_rows.min(geometry.height) * frames * width } else { 0 };
        let worker = || Worker::new(options, frames, width);
        Ok(Self {
            resolved,
            band_rows,
            by_row,
            two_passes,
            workers: (0..plan.workers.max(1)).map(|_| worker()).collect(),
            samples: SampleBuffers::new(*samples, geometry, read_rows)?,
            layers: LayerBuffers::new(layers, geometry, read_rows)?,
            codes: vec![0; codes],
            output: Some(BandOutput::new(options.products, frames, band_rows, width, tile_width)),
            sources,
            timings: Timings::default(),
        })
    }

    /// The band from row `first` on; the row after it.
    fn band(
        &mut self,
        first: usize,
        sink: &mut impl RowSink<T>,
        control: &Control<'_>,
    ) -> Result<usize, CombineError> {
        let height = self.sources.geometry.height;
        let rows = first..(first + self.band_rows).min(height);
        let mut output = self.output.take().unwrap_or_else(|| unreachable!("no band after the last"));
        output.move_to(rows.clone());
        let started = Instant::now();
        self.compute(rows.clone(), &mut output, control)?;
        let computed = Instant::now();
        self.timings.compute += computed - started;
        let refused = |error| CombineError::Sink { rows: rows.clone(), error };
        if rows.end == height {
            sink.write_last(output).map_err(refused)?;
        } else {
            sink.write(&output).map_err(refused)?;
            self.output = Some(output);
        }
        self.timings.write += computed.elapsed();
        control.report(rows.end, height);
        Ok(rows.end)
    }

    /// Reads what `rows` need and combines them. Counts the time of reading, and takes it from that of computing.
    fn compute(
        &mut self,
        rows: Range<usize>,
        output: &mut BandOutput<T>,
        control: &Control<'_>,
    ) -> Result<(), CombineError> {
        let started = Instant::now();
        let halo = if self.two_passes { self.resolved.grow.halo() } else { 0 };
        let Sources { samples, layers, geometry } = &self.sources;
        let needed = rows.start.saturating_sub(halo)..(rows.end + halo).min(geometry.height);
        let workers = &mut self.workers;
        let samples = self.samples.fill(*samples, geometry, needed.clone(), workers, control)?;
        let layers = self.layers.fill(layers, geometry, needed.clone(), workers, control)?;
        let input = BandInput::new(samples, layers, needed.len(), geometry.width, self.by_row);
        self.timings.read += started.elapsed();
        self.timings.compute = self.timings.compute.saturating_sub(started.elapsed());
        let tiles = output.tiles(input.line_width);
        if !self.two_passes {
            let tiles = tiles.into_iter().map(|tile| (tile, Stage::Whole));
            return process(self.resolved, &input, tiles.collect(), workers, control);
        }
        let (frames, width) = (geometry.frames(), geometry.width);
        let codes = &mut self.codes[..needed.len() * frames * width];
        let rows_of_codes = codes.chunks_exact_mut(frames * width).enumerate();
        let own = rows.start - needed.start..rows.end - needed.start;
        let judge = |line, codes| Stage::Judge { codes, counts: own.contains(&line) };
        let judged =
            rows_of_codes.map(|(line, codes)| (Tile::without_outputs(line, width), judge(line, codes)));
        process(self.resolved, &input, judged.collect(), workers, control)?;
        let codes = Codes { codes, frames, width };
        let finished = tiles.into_iter().map(|mut tile| {
            tile.line += rows.start - needed.start;
            let row = tile.line;
            (tile, Stage::Finish { codes, row })
        });
        process(self.resolved, &input, finished.collect(), workers, control)
    }

    fn summary(self) -> Summary {
        let mut totals = Totals::default();
        let mut frames: Vec<FrameTotals> = Vec::new();
        for worker in &self.workers {
            totals.merge(&worker.totals);
            let of_worker = &worker.scratch.frames;
            frames.resize(of_worker.len(), FrameTotals::default());
            frames.iter_mut().zip(of_worker).for_each(|(to, from)| to.merge(from));
        }
        let geometry = &self.sources.geometry;
        let samples = geometry.frames() as u64 * geometry.height as u64 * geometry.width as u64;
        let Totals { valid, rejected, empty, restored, zero_spread } = totals;
        let missing = samples - valid;
        Summary { samples, missing, rejected, empty, restored, zero_spread, frames, timings: self.timings }
    }
}

/// What one worker owns for the whole run.
struct Worker {
    scratch: KernelScratch,
    totals: Totals,
}

impl Worker {
    fn new(options: &Options, frames: usize, width: usize) -> Self {
        Self { scratch: KernelScratch::new(options, frames, width), totals: Totals::default() }
    }
}

/// Processes tiles.
fn process<'t, T: WorkingType>(
    options: &Resolved<T>,
    input: &BandInput<'_, T>,
    tiles: Vec<(Tile<'t, T>, Stage<'t>)>,
    workers: &mut [Worker],
    control: &Control<'_>,
) -> Result<(), CombineError> {
    let queue = Mutex::new(tiles.into_iter());
    on_workers(workers, |worker| {
        while !control.cancelled() {
            let next = lock(&queue).next();
            let Some((mut tile, stage)) = next else { return };
            let kernel = TileKernel { options, input, tile: &mut tile, scratch: &mut worker.scratch, stage };
            worker.totals.merge(&T::run_tile(control.level, kernel));
        }
    })?;
    control.check()
}

/// Runs `task` once for each worker, at the same time where the pool allows it. A panic becomes an error.
pub(crate) fn on_workers<W: Send>(
    workers: &mut [W],
    task: impl Fn(&mut W) + Sync,
) -> Result<(), CombineError> {
    let task = &task;
    let run = || match workers {
        [only] => task(only),
        _ => rayon::scope(|scope| {
            for worker in workers {
                scope.spawn(move |_| task(worker));
            }
        }),
    };
    // Nothing that a panic leaves half-done is used again: the run ends with the error.
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| CombineError::Panic { message: words(&*payload) })
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

/// A queue that a panicking worker held is still a queue.
pub(crate) fn lock<Q>(mutex: &Mutex<Q>) -> std::sync::MutexGuard<'_, Q> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
