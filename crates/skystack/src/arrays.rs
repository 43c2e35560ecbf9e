//! Stacks in memory: ndarray views in, ndarray arrays out.

use std::ops::Range;
use std::time::Instant;

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis};
use skystack_combine::{
    BoxError, CountProduct, CubeProduct, FrameSource, Layer, MemorySink, Options, Placement, Plane, Planes,
    SampleFormat, SampleType, ValueProduct, Variance, WorkingType,
};
use skystack_plan::{Source, Workload};
use skystack_simd::Element;

use crate::noise::Numbered;
use crate::offsets::{Framed, Layout};
use crate::report::Run;
use crate::trace::Column;
use crate::warning::{Levels, LowLevel};
use crate::{Error, ErrorKind, FrameReport, Report, Stacker};

/// A type of samples in memory.
///
/// 8- and 16-bit integers and f32 are combined in f32, which holds them exactly; 32- and 64-bit integers and f64 in f64.
pub trait Sample: Copy + Send + Sync + sealed::Sealed {
    /// The type of the computation and of the result.
    type Working: WorkingType;
    /// The value in the working type, rounded once where it does not fit.
    fn working(self) -> Self::Working;
    /// How samples lie in memory.
    #[doc(hidden)]
    const TYPE: SampleType;
    /// The samples themselves, if they are of the working type.
    #[doc(hidden)]
    fn in_place(samples: &[Self]) -> Option<&[Self::Working]>;
    /// Their bytes.
    #[doc(hidden)]
    fn bytes(samples: &[Self]) -> &[u8];
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! samples {
    ($($sample:ident $type:ident => $working:ident $in_place:expr;)*) => { $(
        impl sealed::Sealed for $sample {}

        impl Sample for $sample {
            type Working = $working;
            const TYPE: SampleType = SampleType::$type;
            fn working(self) -> $working {
                self as $working
            }
            fn in_place(samples: &[Self]) -> Option<&[$working]> {
                let in_place: fn(&[Self]) -> Option<&[$working]> = $in_place;
                in_place(samples)
            }
            fn bytes(samples: &[Self]) -> &[u8] {
                bytemuck::cast_slice(samples)
            }
        }
    )* };
}

samples! {
    u8 U8 => f32 |_| None;
    i8 I8 => f32 |_| None;
    u16 U16 => f32 |_| None;
    i16 I16 => f32 |_| None;
    f32 F32 => f32 |samples| Some(samples);
    u32 U32 => f64 |_| None;
    i32 I32 => f64 |_| None;
    u64 U64 => f64 |_| None;
    i64 I64 => f64 |_| None;
    f64 F64 => f64 |samples| Some(samples);
}

/// What [`Stacker::run`] returns. All images are (H, W), all cubes (N, H, W).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Combined<T> {
    /// The combined image, `blank` where no sample was used.
    pub image: Array2<T>,
    /// What happened.
    pub report: Report,
    further: Further<T>,
}

/// Further images, as far as they were asked for.
type Further<T> = Planes<Option<Array2<T>>, Option<Array2<u32>>, Option<Array3<u8>>>;

impl<T> Combined<T> {
    /// A further image of values, if it was asked for.
    pub fn values(&self, product: ValueProduct) -> Option<&Array2<T>> {
        self.further.values(product).as_ref()
    }

    /// A further image of whole numbers, likewise.
    pub fn counts(&self, product: CountProduct) -> Option<&Array2<u32>> {
        self.further.counts(product).as_ref()
    }

    /// A cube with a plane a frame, likewise.
    pub fn cube(&self, product: CubeProduct) -> Option<&Array3<u8>> {
        self.further.cube(product).as_ref()
    }
}

/// Frames in memory and what belongs to their samples: what [`Stacker::run`] combines.
///
/// ```
/// use ndarray::{Array3, arr3};
/// use skystack::{Frames, Stacker};
/// let frames = arr3(&[[[1.0f32, 5.0]], [[2.0, 6.0]], [[9.0, 7.0]]]);
/// // The third frame's first pixel is bad.
/// let masks = Array3::from_shape_fn((3, 1, 2), |(i, _, x)| u8::from(i == 2 && x == 0));
/// let out = Stacker::new().run(Frames::new(frames.view()).masks(masks.view()))?;
/// assert_eq!(out.image, ndarray::arr2(&[[1.5, 6.0]]));
/// # Ok::<(), skystack::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Frames<'a, S> {
    planes: Vec<ArrayView2<'a, S>>,
    masks: Vec<ArrayView2<'a, u8>>,
    variances: Vec<ArrayView2<'a, S>>,
    weights: Vec<ArrayView2<'a, S>>,
    quality: Vec<ArrayView2<'a, u32>>,
}

/// The planes of a cube.
fn planes<E>(cube: ArrayView3<'_, E>) -> Vec<ArrayView2<'_, E>> {
    (0..cube.dim().0).map(|i| cube.index_axis_move(Axis(0), i)).collect()
}

impl<'a, S: Sample> Frames<'a, S> {
    /// The frames of a (N, H, W) array.
    pub fn new(stack: ArrayView3<'a, S>) -> Self {
        Self::of(planes(stack))
    }

    /// Frames of any sizes, each (H, W): see [`Stacker::offsets`].
    pub fn of(planes: Vec<ArrayView2<'a, S>>) -> Self {
        Self { planes, masks: Vec::new(), variances: Vec::new(), weights: Vec::new(), quality: Vec::new() }
    }

    /// What masks say of each sample, (N, H, W): 0 is good, anything else is missing. With [`Masks`](crate::Masks) of the stacker the
    /// numbers are taken for classes from the least bad on, 255 never used.
    pub fn masks(self, masks: ArrayView3<'a, u8>) -> Self {
        Self { masks: planes(masks), ..self }
    }

    /// Variance of each sample, (N, H, W). A sample without a variance above zero is missing.
    pub fn variances(self, variances: ArrayView3<'a, S>) -> Self {
        Self { variances: planes(variances), ..self }
    }

    /// A weight of each sample, (N, H, W), by which that of its frame is multiplied; for `average`.
    pub fn weights(self, weights: ArrayView3<'a, S>) -> Self {
        Self { weights: planes(weights), ..self }
    }

    /// Data quality bits of each sample, (N, H, W).
    pub fn quality(self, quality: ArrayView3<'a, u32>) -> Self {
        Self { quality: planes(quality), ..self }
    }

    /// As [`masks`](Self::masks), [`variances`](Self::variances), [`weights`](Self::weights) and [`quality`](Self::quality) have they
    /// the shapes of the frames?
    fn check(&self) -> Result<(), Error> {
        let shapes: Vec<(usize, usize)> = self.planes.iter().map(ArrayView2::dim).collect();
        check_layer("masks", &self.masks, &shapes)?;
        check_layer("variances", &self.variances, &shapes)?;
        check_layer("weights", &self.weights, &shapes)?;
        check_layer("quality", &self.quality, &shapes)
    }

    /// The frames as messages and lists of numbers have them.
    pub(crate) fn numbered(&self) -> Vec<Numbered<'static>> {
        (1..=self.planes.len()).map(|i| Numbered { name: format!("frame {i}"), header: None }).collect()
    }

    /// The options of a run, with what comes with the samples.
    pub(crate) fn options(&self, stacker: &Stacker, numbered: &[Numbered<'_>]) -> Result<Options, Error> {
        let mut options = stacker.options_for(numbered, stacker.options.products)?;
        if !self.variances.is_empty() {
            options.variance = Variance::Planes;
        }
        options.sample_weights = !self.weights.is_empty();
        Ok(options)
    }

    /// What the frames have at an output pixel; NaN where there is none.
    pub(crate) fn column(&self, layout: &Layout, x: usize, y: usize) -> Column {
        let own = |frame: usize| layout.within(frame, x, y).map(|(x, y)| [y, x]);
        let is_good = |frame: usize, at| self.masks.get(frame).is_none_or(|mask| mask[at] == 0);
        let samples = self.planes.iter().enumerate().map(|(frame, plane)| {
            own(frame).filter(|at| is_good(frame, *at)).map_or(f64::NAN, |at| plane[at].working().widen())
        });
        let variances = self
            .variances
            .iter()
            .enumerate()
            .map(|(frame, plane)| own(frame).map_or(f64::NAN, |at| plane[at].working().widen()));
        (samples.collect(), variances.collect())
    }
}

impl<'a, S: Sample> From<ArrayView3<'a, S>> for Frames<'a, S> {
    fn from(stack: ArrayView3<'a, S>) -> Self {
        Self::new(stack)
    }
}

fn check_layer<E>(what: &str, layer: &[ArrayView2<'_, E>], shapes: &[(usize, usize)]) -> Result<(), Error> {
    let found: Vec<(usize, usize)> = layer.iter().map(ArrayView2::dim).collect();
    if found.is_empty() || found == shapes {
        return Ok(());
    }
    let message = match found.iter().zip(shapes).position(|(found, needed)| found != needed) {
        Some(i) => {
            let ((height, width), (of_height, of_width)) = (found[i], shapes[i]);
            format!("{what} of frame {} are {width} x {height}, needed {of_width} x {of_height}", i + 1)
        }
        None => format!("{what} are {} planes, needed one for each of {} frames", found.len(), shapes.len()),
    };
    Err(Error::new(ErrorKind::Parameter, message))
}

/// Frames in memory as a source of rows: whole frames in place where their layout allows it.
pub(crate) struct ViewSource<'f, 'a, S, T> {
    frames: &'f Frames<'a, S>,
    pub(crate) layout: Layout,
    in_place: fn(&[S]) -> Option<&[T]>,
    masks: AsTheyAre<'f, 'a, u8>,
    variances: Converted<'f, 'a, S>,
    weights: Converted<'f, 'a, S>,
    quality: AsTheyAre<'f, 'a, u32>,
}

/// Planes that are handed out as they are.
struct AsTheyAre<'f, 'a, E>(&'f [ArrayView2<'a, E>]);

/// Planes that are handed out in the working type.
struct Converted<'f, 'a, S>(&'f [ArrayView2<'a, S>]);

impl<E: Copy + Send + Sync> Layer<E> for AsTheyAre<'_, '_, E> {
    fn borrow(&self, frame: usize) -> Option<Plane<'_, E>> {
        let plane = &self.0[frame];
        Some(Plane { data: plane.as_slice()?, stride: plane.dim().1 })
    }

    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [E]) -> Result<(), BoxError> {
        let samples = rows.flat_map(|row| self.0[frame].row(row).into_iter().copied());
        out.iter_mut().zip(samples).for_each(|(to, from)| *to = from);
        Ok(())
    }
}

impl<S: Sample, T: Element> Layer<T> for Converted<'_, '_, S> {
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        let samples = rows.flat_map(|row| self.0[frame].row(row).into_iter().copied());
        out.iter_mut().zip(samples).for_each(|(to, from)| *to = T::narrow(from.working().widen()));
        Ok(())
    }
}

impl<'f, 'a, S: Sample, T: Element> ViewSource<'f, 'a, S, T> {
    pub(crate) fn new(
        frames: &'f Frames<'a, S>,
        stacker: &Stacker,
        in_place: fn(&[S]) -> Option<&[T]>,
    ) -> Result<Self, Error> {
        frames.check()?;
        let layout = layout(frames, stacker)?;
        let (masks, quality) = (AsTheyAre(&frames.masks), AsTheyAre(&frames.quality));
        let (variances, weights) = (Converted(&frames.variances), Converted(&frames.weights));
        Ok(Self { frames, layout, in_place, masks, variances, weights, quality })
    }

    /// The samples of a frame, if they follow each other.
    fn frame(&self, frame: usize) -> Option<&[S]> {
        self.frames.planes[frame].to_slice()
    }
}

fn layout<S>(frames: &Frames<'_, S>, stacker: &Stacker) -> Result<Layout, Error> {
    let framed = |(i, plane): (usize, &ArrayView2<'_, S>)| Framed {
        name: format!("frame {}", i + 1),
        shape: plane.dim(),
        header: None,
    };
    let framed: Vec<Framed<'_>> = frames.planes.iter().enumerate().map(framed).collect();
    if framed.is_empty() {
        // The engine has the words for it.
        return Ok(Layout { height: 1, width: 1, placements: Vec::new() });
    }
    if framed.iter().any(|frame| frame.shape.0 == 0 || frame.shape.1 == 0) {
        return Ok(Layout { height: 0, width: 0, placements: Vec::new() });
    }
    stacker.offsets.layout(&framed, &stacker.footprint)
}

impl<S: Sample, T: Element> FrameSource<T> for ViewSource<'_, '_, S, T> {
    fn frames(&self) -> usize {
        self.frames.planes.len()
    }
    fn height(&self) -> usize {
        self.layout.height
    }
    fn width(&self) -> usize {
        self.layout.width
    }

    fn placement(&self, frame: usize) -> Option<Placement> {
        self.layout.placements.get(frame).copied()
    }

    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        let stride = self.frames.planes[frame].dim().1;
        Some(Plane { data: (self.in_place)(self.frame(frame)?)?, stride })
    }

    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        self.borrow(frame).is_none().then_some(SampleFormat::native(S::TYPE))
    }

    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        let stride = self.frames.planes[frame].dim().1 * size_of::<S>();
        Some(Plane { data: S::bytes(self.frame(frame)?), stride })
    }

    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let frame = &self.frames.planes[frame];
        for (row, out) in rows.zip(out.chunks_exact_mut(frame.dim().1 * size_of::<S>())) {
            let row = frame.row(row);
            if let Some(samples) = row.to_slice() {
                out.copy_from_slice(S::bytes(samples));
                continue;
            }
            for (to, sample) in out.chunks_exact_mut(size_of::<S>()).zip(row) {
                to.copy_from_slice(S::bytes(std::slice::from_ref(sample)));
            }
        }
        Ok(())
    }

    fn masks(&self) -> Option<&dyn Layer<u8>> {
        (!self.frames.masks.is_empty()).then_some(&self.masks)
    }

    fn variances(&self) -> Option<&dyn Layer<T>> {
        (!self.frames.variances.is_empty()).then_some(&self.variances)
    }

    fn weights(&self) -> Option<&dyn Layer<T>> {
        (!self.frames.weights.is_empty()).then_some(&self.weights)
    }

    fn quality(&self) -> Option<&dyn Layer<u32>> {
        (!self.frames.quality.is_empty()).then_some(&self.quality)
    }
}

/// Combines frames in the working type of their samples.
pub(crate) fn run<S: Sample>(
    stacker: &Stacker,
    frames: &Frames<'_, S>,
) -> Result<Combined<S::Working>, Error> {
    combine(stacker, frames, S::in_place)
}

/// Combines frames in f64.
pub(crate) fn run_double<S: Sample>(
    stacker: &Stacker,
    frames: &Frames<'_, S>,
) -> Result<Combined<f64>, Error> {
    combine(stacker, frames, |_| None)
}

fn combine<S: Sample, T: WorkingType>(
    stacker: &Stacker,
    frames: &Frames<'_, S>,
    in_place: fn(&[S]) -> Option<&[T]>,
) -> Result<Combined<T>, Error> {
    let started = Instant::now();
    let source = ViewSource::new(frames, stacker, in_place)?;
    let count = frames.planes.len();
    let shape = (source.layout.height, source.layout.width);
    let numbered = frames.numbered();
    let mut options = frames.options(stacker, &numbered)?;
    let products = options.products;
    let borrowed = (0..count).all(|i| source.frame(i).is_some());
    let layers = usize::from(!frames.masks.is_empty())
        + T::BYTES * (usize::from(!frames.variances.is_empty()) + usize::from(!frames.weights.is_empty()))
        + size_of::<u32>() * usize::from(!frames.quality.is_empty());
    let plain = layers == 0 && borrowed;
    let workload = Workload::new(count, shape.0, shape.1, size_of::<S>() + layers)
        .source(if plain { Source::Borrowed } else { Source::Copied })
        .halo(options.halo(), options.code_bytes())
        .scratch(stacker.wanted().sample_bytes::<T>(&source, &numbered)?)
        .outputs(products.bytes_per_pixel(count, T::BYTES), true);
    let plan = stacker.plan(&options, workload, &crate::machine_lately())?;
    let ncombine = vec![1.0; count];
    let (normalised, statistics) =
        stacker.normalise_by::<T>(&plan, &mut options, &source, &numbered, &ncombine)?;
    let mut sink = MemorySink::<T>::new(&products, count, shape.0, shape.1);
    let summary = stacker.engine(&options, &source, &mut sink, &plan)?;
    let mut further = sink.planes.map(
        |values| image(shape, values),
        |counts| image(shape, counts),
        |cube| {
            let shape = (count, shape.0, shape.1);
            (!cube.is_empty()).then(|| Array3::from_shape_vec(shape, cube).expect(HELD))
        },
    );
    let image = further.image.take().expect("every run has an image");
    let mut levels = Levels::default();
    if let Some(values) = image.as_slice() {
        LowLevel::of(&options, count).count(&mut levels, values);
    }
    let run = Run {
        stacker,
        options: &options,
        products: products.iter().collect(),
        plan,
        level: stacker.run_level()?,
        shape,
        element_bytes: T::BYTES,
        frames: reports(&numbered, &source.layout),
        normalised: &normalised,
        started,
        statistics,
    };
    let report = run.report(summary, levels);
    Ok(Combined { image, report, further })
}

/// What a report says of frames without headers.
fn reports(frames: &[Numbered<'_>], layout: &Layout) -> Vec<FrameReport> {
    let mut reports: Vec<FrameReport> =
        frames.iter().map(|frame| FrameReport::new(frame.name.clone())).collect();
    for (report, placement) in reports.iter_mut().zip(&layout.placements) {
        report.offset = (placement.x as i64, placement.y as i64);
    }
    reports
}

/// Why the shapes fit.
const HELD: &str = "the sink holds every row of every product";

/// An image, if it was asked for.
fn image<E>(shape: (usize, usize), rows: Vec<E>) -> Option<Array2<E>> {
    (!rows.is_empty()).then(|| Array2::from_shape_vec(shape, rows).expect(HELD))
}
