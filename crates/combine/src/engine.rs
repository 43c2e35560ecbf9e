//! Carrying out a plan: bands one after the other, frames and tiles of a band in parallel.
//!
//! Work is handed out piece by piece to exactly `plan.workers` workers, each with scratch of its own that was allocated
//! before the first band. They run on the rayon pool of the caller (the global one outside any pool), so a program that
//! combines inside its own pool is never oversubscribed.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use skystack_plan::Plan;
use skystack_simd::{Element, Level};

use crate::band::{BandInput, BandOutput, Pixels, StoredFormats, Tile};
use crate::kernel::{KernelScratch, TileKernel, Totals, WorkingType};
use crate::options::Resolved;
use crate::{BoxError, CombineError, FrameSource, Options, Plane, RowSink};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// N × pixels.
    pub samples: u64,
    /// Samples that were missing.
    pub missing: u64,
    /// Samples that were rejected.
    pub rejected: u64,
    /// Output pixels without a used sample.
    pub empty: u64,
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

    fn check(&self) -> Result<(), CombineError> {
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
    match (0..source.frames()).map(|frame| source.stored(frame)).collect() {
        None => bands(options, source, &Values(source), sink, plan, control),
        Some(formats) => {
            let stored = Stored(source, StoredFormats::new::<T>(formats));
            bands(options, source, &stored, sink, plan, control)
        }
    }
}

/// [`run`], with the samples of `source` as `rows_of` has them.
fn bands<T: WorkingType>(
    options: &Options,
    source: &impl FrameSource<T>,
    rows_of: &impl Rows<T>,
    sink: &mut impl RowSink<T>,
    plan: &Plan,
    control: &Control<'_>,
) -> Result<Summary, CombineError> {
    let (frames, height, width) = (source.frames(), source.height(), source.width());
    let resolved = options.resolve::<T>(frames)?;
    check_planes(rows_of, frames, height, width)?;
    let band_rows = plan.band_rows.clamp(1, height);
    let tile_width = plan.tile_width.max(1);
    let mut workers: Vec<Worker> = (0..plan.workers.max(1)).map(|_| Worker::new(frames)).collect();
    let mut buffers = Buffers::new(rows_of, frames, width, band_rows)?;
    let mut output = BandOutput::new(&options.products, frames, band_rows, width, tile_width);
    let mut timings = Timings::default();
    let mut first = 0;
    loop {
        let rows = first..(first + band_rows).min(height);
        output.move_to(rows.clone());
        let started = Instant::now();
        let planes = buffers.fill(rows_of, rows.clone(), &mut workers, control)?;
        let input = BandInput::new(rows_of.pixels(planes), rows.len(), width);
        let read = Instant::now();
        compute(&resolved, &input, output.tiles(&input), &mut workers, control)?;
        let computed = Instant::now();
        timings.read += read - started;
        timings.compute += computed - read;
        let refused = |error| CombineError::Sink { rows: rows.clone(), error };
        if rows.end == height {
            sink.write_last(output).map_err(refused)?;
            timings.write += computed.elapsed();
            control.report(height, height);
            break;
        }
        sink.write(&output).map_err(refused)?;
        timings.write += computed.elapsed();
        control.report(rows.end, height);
        first = rows.end;
    }
    let mut totals = Totals::default();
    workers.iter().for_each(|worker| totals.merge(&worker.totals));
    let samples = frames as u64 * height as u64 * width as u64;
    let Totals { valid, rejected, empty } = totals;
    Ok(Summary { samples, missing: samples - valid, rejected, empty, timings })
}

/// A source in the form in which its samples lie in memory.
trait Rows<T>: Sync {
    /// What planes consist of.
    type Element: Copy + Default + Send + Sync;
    /// Elements of a sample of `frame`.
    fn elements(&self, frame: usize) -> usize;
    fn borrow(&self, frame: usize) -> Option<Plane<'_, Self::Element>>;
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [Self::Element]) -> Result<(), BoxError>;
    fn pixels<'a>(&'a self, planes: Vec<Plane<'a, Self::Element>>) -> Pixels<'a, T>;
}

/// Values of the working type.
struct Values<'s, S>(&'s S);

/// Samples as they are stored.
struct Stored<'s, S>(&'s S, StoredFormats);

impl<T: Element, S: FrameSource<T>> Rows<T> for Values<'_, S> {
    type Element = T;
    fn elements(&self, _: usize) -> usize {
        1
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        self.0.borrow(frame)
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.0.read(frame, rows, out)
    }
    fn pixels<'a>(&'a self, planes: Vec<Plane<'a, T>>) -> Pixels<'a, T> {
        Pixels::Values(planes)
    }
}

impl<T: Element, S: FrameSource<T>> Rows<T> for Stored<'_, S> {
    type Element = u8;
    fn elements(&self, frame: usize) -> usize {
        self.1.bytes(frame)
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, u8>> {
        self.0.borrow_stored(frame)
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        self.0.read_stored(frame, rows, out)
    }
    fn pixels<'a>(&'a self, planes: Vec<Plane<'a, u8>>) -> Pixels<'a, T> {
        Pixels::Stored(planes, &self.1)
    }
}

/// Are there pixels, and is every plane that is lent as large as it says?
fn check_planes<T>(
    rows_of: &impl Rows<T>,
    frames: usize,
    height: usize,
    width: usize,
) -> Result<(), CombineError> {
    if height == 0 || width == 0 {
        let found = format!("{width} x {height}");
        return Err(CombineError::Option { option: "size of a frame", found, needed: "at least one pixel" });
    }
    for frame in 0..frames {
        let Some(Plane { data, stride }) = rows_of.borrow(frame) else { continue };
        let row = width.saturating_mul(rows_of.elements(frame));
        let reaches = stride.checked_mul(height - 1).and_then(|start| start.checked_add(row));
        if stride < row || reaches.is_none_or(|end| data.len() < end) {
            let found = format!("{} elements with stride {stride} for frame {frame}", data.len());
            return Err(CombineError::Option {
                option: "plane",
                found,
                needed: "height rows of width samples",
            });
        }
    }
    Ok(())
}

/// What one worker owns for the whole run.
struct Worker {
    scratch: KernelScratch,
    totals: Totals,
}

impl Worker {
    fn new(frames: usize) -> Self {
        Self { scratch: KernelScratch::new(frames), totals: Totals::default() }
    }
}

/// Rows of the frames that the source does not hold in memory: one allocation each, used for every band.
struct Buffers<E> {
    frames: Vec<Buffer<E>>,
}

struct Buffer<E> {
    /// Empty for a frame that is lent.
    rows: Vec<E>,
    /// Elements of one row.
    row: usize,
}

impl<E: Copy + Default + Send + Sync> Buffers<E> {
    fn new<T>(
        rows_of: &impl Rows<T, Element = E>,
        frames: usize,
        width: usize,
        band_rows: usize,
    ) -> Result<Self, CombineError> {
        let buffer = |frame| -> Result<Buffer<E>, CombineError> {
            let row = width * rows_of.elements(frame);
            let (mut rows, elements) = (Vec::new(), band_rows * row);
            if rows_of.borrow(frame).is_none() {
                let bytes = elements.saturating_mul(size_of::<E>()).saturating_mul(frames);
                let failed = |_| CombineError::OutOfMemory { bytes };
                rows.try_reserve_exact(elements).map_err(failed)?;
                rows.resize(elements, E::default());
            }
            Ok(Buffer { rows, row })
        };
        Ok(Self { frames: (0..frames).map(buffer).collect::<Result<_, _>>()? })
    }

    /// The rows `rows` of every frame, read in parallel where they are not in memory.
    fn fill<'a, T>(
        &'a mut self,
        rows_of: &'a impl Rows<T, Element = E>,
        rows: Range<usize>,
        workers: &mut [Worker],
        control: &Control<'_>,
    ) -> Result<Vec<Plane<'a, E>>, CombineError> {
        let to_read = self.frames.iter_mut().enumerate().filter(|(_, buffer)| !buffer.rows.is_empty());
        let queue = Mutex::new(to_read);
        let failure: Mutex<Option<(usize, BoxError)>> = Mutex::new(None);
        on_workers(workers, |_| {
            while lock(&failure).is_none() && !control.cancelled() {
                // A statement of its own: the lock must not be held while the rows are read.
                let next = lock(&queue).next();
                let Some((frame, buffer)) = next else { return };
                let out = &mut buffer.rows[..rows.len() * buffer.row];
                if let Err(error) = rows_of.read(frame, rows.clone(), out) {
                    // Of several broken frames the first is named, whoever meets it first.
                    let mut failure = lock(&failure);
                    if failure.as_ref().is_none_or(|(earlier, _)| frame < *earlier) {
                        *failure = Some((frame, error));
                    }
                }
            }
        })?;
        if let Some((frame, error)) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(CombineError::Source { frame, rows, error });
        }
        control.check()?;
        let plane = |(frame, buffer): (usize, &'a Buffer<E>)| match rows_of.borrow(frame) {
            Some(plane) => Plane { data: &plane.data[rows.start * plane.stride..], stride: plane.stride },
            None => Plane { data: &buffer.rows, stride: buffer.row },
        };
        Ok(self.frames.iter().enumerate().map(plane).collect())
    }
}

/// Processes all tiles of a band.
fn compute<T: WorkingType>(
    options: &Resolved<T>,
    input: &BandInput<'_, T>,
    tiles: Vec<Tile<'_, T>>,
    workers: &mut [Worker],
    control: &Control<'_>,
) -> Result<(), CombineError> {
    let queue = Mutex::new(tiles.into_iter());
    on_workers(workers, |worker| {
        while !control.cancelled() {
            let next = lock(&queue).next();
            let Some(mut tile) = next else { return };
            let kernel = TileKernel { options, input, tile: &mut tile, scratch: &mut worker.scratch };
            worker.totals.merge(&T::run_tile(control.level, kernel));
        }
    })?;
    control.check()
}

/// Runs `task` once for each worker, at the same time where the pool allows it. A panic becomes an error.
fn on_workers(workers: &mut [Worker], task: impl Fn(&mut Worker) + Sync) -> Result<(), CombineError> {
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
fn lock<Q>(mutex: &Mutex<Q>) -> std::sync::MutexGuard<'_, Q> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
