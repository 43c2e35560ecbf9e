//! Stacks in memory: ndarray views in, ndarray arrays out.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView3, Axis};
use skystack_combine::{BoxError, FrameSource, MemorySink, Plane, WordFormat, WordKind, WorkingType};
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
    /// The samples themselves, if they are of the working type.
    fn in_place(samples: &[Self]) -> Option<&[Self::Working]>;
    /// What the bits mean, if they are 16-bit integers.
    const WORDS: Option<WordKind>;
    /// The samples as bytes, if they are 16-bit integers.
    fn as_words(samples: &[Self]) -> Option<&[[u8; 2]]>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! samples {
    ($($sample:ident => $working:ident $in_place:expr $(, $kind:ident)?;)*) => { $(
        impl sealed::Sealed for $sample {}

        impl Sample for $sample {
            type Working = $working;
            fn working(self) -> $working {
                self as $working
            }
            fn in_place(samples: &[Self]) -> Option<&[$working]> {
                let in_place: fn(&[Self]) -> Option<&[$working]> = $in_place;
                in_place(samples)
            }
            samples!(@words $($kind)?);
        }
    )* };
    (@words) => {
        const WORDS: Option<WordKind> = None;
        fn as_words(_: &[Self]) -> Option<&[[u8; 2]]> {
            None
        }
    };
    (@words $kind:ident) => {
        const WORDS: Option<WordKind> = Some(WordKind::$kind);
        fn as_words(samples: &[Self]) -> Option<&[[u8; 2]]> {
            Some(bytemuck::cast_slice(samples))
        }
    };
}

samples! {
    u8 => f32 |_| None;
    i8 => f32 |_| None;
    u16 => f32 |_| None, Unsigned;
    i16 => f32 |_| None, Signed;
    f32 => f32 |samples| Some(samples);
    u32 => f64 |_| None;
    i32 => f64 |_| None;
    u64 => f64 |_| None;
    i64 => f64 |_| None;
    f64 => f64 |samples| Some(samples);
}

/// What [`Stacker::run`] returns. All images are (H, W).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Combined<T> {
    /// The combined image, `blank` where no sample was used.
    pub image: Array2<T>,
    /// Scatter of the used samples, if it was asked for.
    pub sigma: Option<Array2<T>>,
    /// Number of rejected samples; missing ones are not counted.
    pub nrej: Option<Array2<u32>>,
    /// Number of used samples.
    pub count: Option<Array2<u32>>,
    /// (N, H, W): 1 where a frame's sample is not used, for whatever reason.
    pub rejmask: Option<Array3<u8>>,
    /// What happened.
    pub report: Report,
}

/// An array as a source of rows: whole frames in place where their layout and type allow it.
pub(crate) struct ViewSource<'a, S, T> {
    view: ArrayView3<'a, S>,
    convert: fn(S) -> T,
    in_place: fn(&[S]) -> Option<&[T]>,
}

impl<'a, S: Sample> ViewSource<'a, S, S::Working> {
    pub(crate) fn new(view: ArrayView3<'a, S>) -> Self {
        Self { view, convert: S::working, in_place: S::in_place }
    }
}

impl<'a, S: Sample> ViewSource<'a, S, f64> {
    pub(crate) fn double(view: ArrayView3<'a, S>) -> Self {
        Self { view, convert: |sample| sample.working().widen(), in_place: |_| None }
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
        let samples = self.view.index_axis(Axis(0), frame).to_slice()?;
        Some(Plane { data: (self.in_place)(samples)?, stride: self.width() })
    }

    fn words(&self) -> Option<WordFormat> {
        let lent = |frame| self.borrow_words(frame).is_some();
        let kind = S::WORDS.filter(|_| (0..self.frames()).all(lent))?;
        Some(WordFormat { big_endian: cfg!(target_endian = "big"), kind })
    }

    fn borrow_words(&self, frame: usize) -> Option<Plane<'_, [u8; 2]>> {
        let samples = self.view.index_axis(Axis(0), frame).to_slice()?;
        Some(Plane { data: S::as_words(samples)?, stride: self.width() })
    }

    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T], _: &mut Vec<u8>) -> Result<(), BoxError> {
        let frame = self.view.index_axis(Axis(0), frame);
        for (row, out) in rows.zip(out.chunks_exact_mut(self.width())) {
            for (to, sample) in out.iter_mut().zip(frame.row(row)) {
                *to = (self.convert)(*sample);
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
    let products = options.products;
    let words = T::BYTES == f32::BYTES && source.words().is_some();
    let borrowed = frames > 0 && (words || (0..frames).all(|frame| source.borrow(frame).is_some()));
    let workload = Workload::new(frames, height, width, T::BYTES)
        .source(if borrowed { Source::Borrowed } else { Source::Converted })
        .outputs(products.bytes_per_pixel(frames, T::BYTES), true);
    let plan = stacker.plan(workload, &crate::machine_lately())?;
    let mut sink = MemorySink::<T>::new(&products, frames, height, width);
    let summary = stacker.engine(&options, source, &mut sink, &plan)?;
    let shape = (height, width);
    Ok(Combined {
        image: image(shape, sink.image),
        sigma: products.sigma.then(|| image(shape, sink.sigma)),
        nrej: products.nrej.then(|| image(shape, sink.nrej)),
        count: products.count.then(|| image(shape, sink.count)),
        rejmask: products.rejmask.then(|| {
            let cube = Array3::from_shape_vec((frames, height, width), sink.rejmask);
            cube.expect("the sink holds every row of every frame")
        }),
        report: Report::new(stacker, plan, summary, (height, width), T::BYTES),
    })
}

fn image<E>(shape: (usize, usize), rows: Vec<E>) -> Array2<E> {
    Array2::from_shape_vec(shape, rows).expect("the sink holds every row")
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
