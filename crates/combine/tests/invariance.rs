//! Invariant I1: the plan, the level, the source's layout and the other products never change a bit of an output.

mod common;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Draw, Stack, all_bits, options};
use skystack_combine::{
    BandOutput, BoxError, CombineError, Control, FrameSource, MemorySink, Options, Plane, Products, RowSink,
    WorkingType, run,
};
use skystack_plan::{Limits, Machine, Plan, Workload, plan};
use skystack_simd::Level;

/// The same frames, but read row by row instead of lent.
struct Copied<T>(Stack<T>);

impl<T: WorkingType> FrameSource<T> for Copied<T> {
    fn frames(&self) -> usize {
        self.0.frames.len()
    }
    fn height(&self) -> usize {
        self.0.height
    }
    fn width(&self) -> usize {
        self.0.width
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        let width = self.0.width;
        out.copy_from_slice(&self.0.frames[frame][rows.start * width..rows.end * width]);
        Ok(())
    }
}

/// The same frames with padding at the end of each row; every other frame is lent, the others are read.
struct Padded<T> {
    stack: Stack<T>,
    padded: Vec<Vec<T>>,
}

impl<T: WorkingType> Padded<T> {
    fn new(stack: Stack<T>) -> Self {
        let pad = |frame: &Vec<T>| {
            let row = |row: &[T]| row.iter().copied().chain([T::one(); 3]).collect::<Vec<T>>();
            frame.chunks(stack.width).flat_map(row).collect()
        };
        Self { padded: stack.frames.iter().map(pad).collect(), stack }
    }
}

impl<T: WorkingType> FrameSource<T> for Padded<T> {
    fn frames(&self) -> usize {
        self.stack.frames.len()
    }
    fn height(&self) -> usize {
        self.stack.height
    }
    fn width(&self) -> usize {
        self.stack.width
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        let plane = Plane { data: &self.padded[frame], stride: self.stack.width + 3 };
        frame.is_multiple_of(2).then_some(plane)
    }
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        let width = self.stack.width;
        out.copy_from_slice(&self.stack.frames[frame][rows.start * width..rows.end * width]);
        Ok(())
    }
}

fn pinned(
    frames: usize,
    height: usize,
    width: usize,
    workers: usize,
    band_rows: usize,
    tile_width: usize,
) -> Plan {
    let workload = Workload::new(frames, height, width, 4);
    let mut plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
    (plan.workers, plan.band_rows, plan.tile_width) = (workers, band_rows, tile_width);
    plan
}

fn combined<T: WorkingType>(
    options: &Options,
    source: &impl FrameSource<T>,
    plan: &Plan,
    level: Level,
) -> MemorySink<T> {
    let mut sink = MemorySink::new(&options.products, source.frames(), source.height(), source.width());
    run(options, source, &mut sink, plan, &Control::new(level)).expect("a result");
    sink
}

fn same_bits_for_every_plan<T: WorkingType>(seed: u64) {
    let mut draw = Draw::new(seed);
    let frames = draw.pick(&[1, 3, 8, 31, 70]);
    let (height, width) = (1 + draw.below(12), 1 + draw.below(90));
    let stack = Stack::<T>::shaped(&mut draw, frames, height, width);
    let options = options(&mut draw, frames);
    let serial = pinned(frames, height, width, 1, height, width);
    let expected = all_bits(&combined(&options, &stack, &serial, Level::Scalar));
    let copied = Copied(stack.clone());
    let padded = Padded::new(stack.clone());
    for workers in 1..=16 {
        let band_rows = 1 + draw.below(height + 2);
        let tile_width = 1 + draw.below(3 * width + 20);
        let plan = pinned(frames, height, width, workers, band_rows, tile_width);
        let level = draw.pick(&Level::available().collect::<Vec<_>>());
        let context =
            format!("seed {seed}: {workers} workers, {band_rows} rows, {tile_width} pixels, {level}");
        assert_eq!(all_bits(&combined(&options, &stack, &plan, level)), expected, "{context}");
        assert_eq!(all_bits(&combined(&options, &copied, &plan, level)), expected, "{context}, read");
        assert_eq!(all_bits(&combined(&options, &padded, &plan, level)), expected, "{context}, padded");
    }
    let alone = Options { products: Products::default(), ..options };
    let image = &all_bits(&combined(&alone, &stack, &serial, Level::Baseline))[0];
    assert_eq!(image, &expected[0], "seed {seed}: image alone");
}

/// Sixteen threads whatever the machine has, so that tiles really are processed out of order.
fn on_sixteen_threads(test: impl FnOnce() + Send) {
    rayon::ThreadPoolBuilder::new().num_threads(16).build().expect("a pool").install(test);
}

#[test]
fn f32_bits_do_not_depend_on_workers_bands_tiles_levels_or_source() {
    on_sixteen_threads(|| (0..40).for_each(same_bits_for_every_plan::<f32>));
}

#[test]
fn f64_bits_do_not_depend_on_workers_bands_tiles_levels_or_source() {
    on_sixteen_threads(|| (100..140).for_each(same_bits_for_every_plan::<f64>));
}

/// A sink that fails at its second band.
struct Full(usize);

impl RowSink<f32> for Full {
    fn write(&mut self, _: &BandOutput<f32>) -> Result<(), BoxError> {
        self.0 += 1;
        if self.0 == 2 { Err("no space left".into()) } else { Ok(()) }
    }
}

#[test]
fn an_error_of_the_sink_ends_the_run_and_names_its_rows() {
    let stack = Stack::<f32>::shaped(&mut Draw::new(1), 3, 10, 8);
    let mut sink = Full(0);
    let plan = pinned(3, 10, 8, 2, 4, 8);
    let outcome = run(&Options::default(), &stack, &mut sink, &plan, &Control::new(Level::Baseline));
    let Err(CombineError::Sink { rows, error }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((rows, error.to_string()), (4..8, "no space left".to_owned()));
    assert_eq!(sink.0, 2);
}

/// A source whose frame 2 breaks: with an error, or with a panic.
struct Broken {
    panics: bool,
}

impl FrameSource<f32> for Broken {
    fn frames(&self) -> usize {
        5
    }
    fn height(&self) -> usize {
        4
    }
    fn width(&self) -> usize {
        4
    }
    fn read(&self, frame: usize, _: Range<usize>, out: &mut [f32]) -> Result<(), BoxError> {
        assert!(!(self.panics && frame == 2), "frame two went mad");
        out.fill(1.0);
        if frame == 2 { Err("frame two is broken".into()) } else { Ok(()) }
    }
}

#[test]
fn an_error_or_a_panic_of_the_source_is_an_error_of_the_run() {
    let plan = pinned(5, 4, 4, 3, 2, 4);
    let outcome = |panics| {
        let options = Options::default();
        let mut sink = MemorySink::new(&options.products, 5, 4, 4);
        run(&options, &Broken { panics }, &mut sink, &plan, &Control::new(Level::Baseline)).unwrap_err()
    };
    assert!(matches!(outcome(false), CombineError::Source { frame: 2, .. }));
    assert!(matches!(outcome(true), CombineError::Panic { message } if message.contains("went mad")));
}

#[test]
fn cancelling_stops_at_the_next_band() {
    let stack = Stack::<f32>::shaped(&mut Draw::new(2), 3, 10, 8);
    let cancel = AtomicBool::new(false);
    let stop_at_once = |progress: skystack_combine::Progress| {
        assert_eq!((progress.rows_done, progress.rows), (3, 10));
        cancel.store(true, Ordering::Relaxed);
    };
    let control = Control::new(Level::Baseline).progress(&stop_at_once).cancel(&cancel);
    let options = Options::default();
    let mut sink = stack.sink(&options.products);
    let outcome = run(&options, &stack, &mut sink, &pinned(3, 10, 8, 2, 3, 8), &control);
    assert!(matches!(outcome, Err(CombineError::Cancelled)));
    assert_eq!(sink.image().len(), 24);
}

#[test]
fn a_source_without_pixels_or_with_a_plane_that_is_too_small_is_refused() {
    let refused = |stack: &Stack<f32>, plane: Option<(usize, usize)>| {
        struct Lying<'a>(&'a Stack<f32>, usize, usize);
        impl FrameSource<f32> for Lying<'_> {
            fn frames(&self) -> usize {
                self.0.frames.len()
            }
            fn height(&self) -> usize {
                self.0.height
            }
            fn width(&self) -> usize {
                self.0.width
            }
            fn borrow(&self, frame: usize) -> Option<Plane<'_, f32>> {
                Some(Plane { data: &self.0.frames[frame][..self.1], stride: self.2 })
            }
        }
        let (length, stride) = plane.unwrap_or((0, 1));
        let options = Options::default();
        let mut sink = stack.sink(&options.products);
        let plan = pinned(2, 1, 1, 1, 1, 1);
        let outcome =
            run(&options, &Lying(stack, length, stride), &mut sink, &plan, &Control::new(Level::Scalar));
        assert!(matches!(outcome, Err(CombineError::Option { .. })), "{plane:?}: {outcome:?}");
    };
    let stack = Stack::<f32>::shaped(&mut Draw::new(3), 2, 3, 4);
    refused(&stack, Some((11, 4)));
    refused(&stack, Some((12, 3)));
    refused(&Stack { height: 0, width: 4, frames: vec![Vec::new(); 2] }, None);
    refused(&Stack { height: 3, width: 0, frames: vec![Vec::new(); 2] }, None);
}

#[test]
fn the_summary_counts_samples_missing_and_rejected_ones_and_empty_pixels() {
    let nan = f32::NAN;
    // Pixel 0: 1 2 9 (9 goes), pixel 1: one of three, pixel 2: none.
    let frames = vec![vec![1.0, nan, nan], vec![2.0, 5.0, nan], vec![9.0, f32::INFINITY, nan]];
    let stack = Stack { height: 1, width: 3, frames };
    let options =
        Options { rejections: vec![skystack_reject::MinMax::new(0.0, 1.0).into()], ..Options::default() };
    let mut sink = stack.sink(&options.products);
    let plan = pinned(3, 1, 3, 1, 1, 3);
    let summary = run(&options, &stack, &mut sink, &plan, &Control::new(Level::Baseline)).expect("a result");
    assert_eq!((summary.samples, summary.missing, summary.rejected, summary.empty), (9, 5, 1, 1));
    assert_eq!((sink.image()[0], sink.image()[1]), (1.5, 5.0));
}
