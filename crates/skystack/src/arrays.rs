//! Stacks in memory: ndarray views in, ndarray arrays out.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView3, Axis};
use skystack_combine::{
    BoxError, CountProduct, CubeProduct, FrameSource, MemorySink, Plane, Planes, SampleFormat, SampleType,
    ValueProduct, WorkingType,
};
use skystack_plan::{Source, Workload};
use skystack_simd::Element;

use crate::weight::normalised;
use crate::{Error, ErrorKind, Report, Stacker, Weight};

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
    further: Planes<Option<Array2<T>>, Option<Array2<u32>>, Option<Array3<u8>>>,
}

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

/// An array as a source of rows: whole frames in place where their layout allows it.
pub(crate) struct ViewSource<'a, S, T> {
    view: ArrayView3<'a, S>,
    in_place: fn(&[S]) -> Option<&[T]>,
}

impl<'a, S: Sample> ViewSource<'a, S, S::Working> {
    pub(crate) fn new(view: ArrayView3<'a, S>) -> Self {
        Self { view, in_place: S::in_place }
    }
}

impl<'a, S: Sample> ViewSource<'a, S, f64> {
    pub(crate) fn double(view: ArrayView3<'a, S>) -> Self {
        Self { view, in_place: |_| None }
    }
}

impl<S: Sample, T: Element> ViewSource<'_, S, T> {
    /// The samples of a frame, if they follow each other.
    fn frame(&self, frame: usize) -> Option<&[S]> {
        self.view.index_axis(Axis(0), frame).to_slice()
    }
}

impl<S: Sample, T: Element> FrameSource<T> for ViewSource<'_, S, T> {
    fn frames(&self) -> usize {
        self.view.dim().0
    }
    fn height(&self) -> usize {
        self.view.dim().1
    }
    fn width(&self) -> usize {
        self.view.dim().2
    }

    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        Some(Plane { data: (self.in_place)(self.frame(frame)?)?, stride: self.width() })
    }

    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        self.borrow(frame).is_none().then_some(SampleFormat::native(S::TYPE))
    }

    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        Some(Plane { data: S::bytes(self.frame(frame)?), stride: self.width() * size_of::<S>() })
    }

    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let frame = self.view.index_axis(Axis(0), frame);
        for (row, out) in rows.zip(out.chunks_exact_mut(self.width() * size_of::<S>())) {
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
}

/// Combines an array.
pub(crate) fn run<S: Sample, T: WorkingType>(
    stacker: &Stacker,
    source: &ViewSource<'_, S, T>,
) -> Result<Combined<T>, Error> {
    let (frames, height, width) = source.view.dim();
    let mut options = stacker.options.clone();
    options.weights = weights(&stacker.weight, frames)?;
    options.per_frame = true;
    let products = options.products;
    // All frames have one layout.
    let borrowed = frames > 0 && source.frame(0).is_some();
    let workload = Workload::new(frames, height, width, size_of::<S>())
        .source(if borrowed { Source::Borrowed } else { Source::Copied })
        .outputs(products.bytes_per_pixel(frames, T::BYTES), true);
    let plan = stacker.plan(&options, workload, &crate::machine_lately())?;
    let mut sink = MemorySink::<T>::new(&products, frames, height, width);
    let summary = stacker.engine(&options, source, &mut sink, &plan)?;
    let shape = (height, width);
    let mut further = sink.planes.map(
        |values| image(shape, values),
        |counts| image(shape, counts),
        |cube| (!cube.is_empty()).then(|| Array3::from_shape_vec((frames, height, width), cube).expect(HELD)),
    );
    let image = further.image.take().expect("every run has an image");
    Ok(Combined { image, report: Report::new(stacker, plan, summary, shape, T::BYTES), further })
}

/// Why the shapes fit.
const HELD: &str = "the sink holds every row of every product";

/// An image, if it was asked for.
fn image<E>(shape: (usize, usize), rows: Vec<E>) -> Option<Array2<E>> {
    (!rows.is_empty()).then(|| Array2::from_shape_vec(shape, rows).expect(HELD))
}

/// Weights of frames that have no headers.
pub(crate) fn weights(weight: &Weight, frames: usize) -> Result<Option<Vec<f64>>, Error> {
    match weight {
        Weight::None => Ok(None),
        Weight::Given(raw) => {
            let names: Vec<String> = (1..=frames).map(|i| format!("frame {i}")).collect();
            normalised(raw, &vec![1.0; frames], &names).map(Some)
        }
        Weight::Exposure | Weight::Keyword(_) => {
            let message = "weight is a keyword, needed numbers: an array has no header";
            Err(Error::new(ErrorKind::Parameter, message))
        }
    }
}
