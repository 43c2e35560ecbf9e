//! The yardstick of every timing: a plain sum over the frames and a copy, at the speed of this machine's memory.
//!
//! No kernel can be faster than reading each sample once. [`sum`] reads each sample once and adds it in the type of the
//! stack, nothing else: no missing data, no f64, no order that anyone relies on. [`copy`] reads and writes each once. `skystack bench`
//! and the criterion benches time them in turn with the kernels, over the same memory, and state times as multiples of the sum.
//!
//! Ways of adding that were measured (f32, one thread of a Zen 4 with AVX-512 on a shared machine, ns a sample):
//!
//! ```text
//!                            5x1280x1280  15x736x736  31x256x256  31x512x512  63x352x352
//! 8 registers x all frames      0.11         0.08        0.09        0.28        0.28
//! 16 registers x all frames     0.10         0.11        0.05        0.18        0.17
//! 4096 pixels x 8 frames        0.34         0.18        0.07        0.16        0.15
//! whole frames in turn                                               0.17 to 0.19
//! ```
//!
//! Few frames, or a stack that stays in the caches: the sums of a span of pixels stay in registers while its samples stream
//! by. Otherwise the spans are too short for the prefetcher, and planes whose distance is a power of two fall on each other in
//! the caches: there the sums of a longer span stay in the first cache, and eight frames at a time are added to them.

use ndarray::{ArrayView3, ArrayViewMut2, ArrayViewMut3};
use rayon::prelude::*;
use skystack_simd::{Element, Isa, Kernel, Level, Ordered, Vector};

use crate::{Error, ErrorKind};

/// Pixels of a span whose sums stay in the first cache (16 KiB of f32).
const SPAN_PIXELS: usize = 4096;

/// Up to this many frames eight registers of sums win, up to this many bytes of stack sixteen (the table above).
const FEW_FRAMES: usize = 16;
const CACHED_BYTES: usize = 12 << 20;

/// A type of samples that [`sum`] adds.
pub trait Summand: Copy + Send + Sync + sealed::Sealed + 'static {
    /// The type of the sums: the type itself for floats, twice as wide for integers.
    type Sum: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static;

    /// Adds the pixels of G frames to `sum`; each slice is as long as `sum`.
    #[doc(hidden)]
    fn add<I: Isa, const G: usize>(isa: I, frames: [&[Self]; G], sum: &mut [Self::Sum]);

    /// Sums spans of R registers over all frames, from pixel `at` on, as many as are whole; returns how many pixels.
    #[doc(hidden)]
    #[inline(always)]
    fn in_registers<I: Isa, const R: usize>(
        _: I,
        _: &Frames<'_, Self>,
        _: usize,
        _: &mut [Self::Sum],
    ) -> usize {
        0
    }
}

/// Frames that lie one behind the other.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a, S> {
    samples: &'a [S],
    pixels: usize,
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! float {
    ($($float:ident)*) => { $(
        impl sealed::Sealed for $float {}

        impl Summand for $float {
            type Sum = $float;
            #[inline(always)]
            fn add<I: Isa, const G: usize>(isa: I, frames: [&[Self]; G], sum: &mut [Self]) {
                add_vectors(isa, frames, sum);
            }
            #[inline(always)]
            fn in_registers<I: Isa, const R: usize>(
                isa: I,
                frames: &Frames<'_, Self>,
                at: usize,
                sum: &mut [Self],
            ) -> usize {
                sum_in_registers::<I, Self, R>(isa, frames, at, sum)
            }
        }
    )* };
}

macro_rules! integer {
    ($($integer:ident $sum:ident;)*) => { $(
        impl sealed::Sealed for $integer {}

        impl Summand for $integer {
            type Sum = $sum;
            // Plain arithmetic: the vector layer has floats only, and the compiler sees through this loop.
            #[inline(always)]
            fn add<I: Isa, const G: usize>(_: I, frames: [&[Self]; G], sum: &mut [$sum]) {
                let frames = frames.map(|frame| &frame[..sum.len()]);
                for (x, sum) in sum.iter_mut().enumerate() {
                    for frame in &frames {
                        *sum = sum.wrapping_add($sum::from(frame[x]));
                    }
                }
            }
        }
    )* };
}

float!(f32 f64);
integer!(u8 u32; i16 i32; u16 u32;);

/// Adds the frames pixel by pixel, each sample read once: the most that memory gives.
///
/// # Shapes
/// `stack` is (N, H, W), `out` (H, W), both contiguous in this order.
/// # Missing data
/// None is looked for: NaN and infinities are added as they are; integers wrap.
/// # Errors
/// Shapes that do not fit, or a layout with gaps.
///
/// ```
/// use ndarray::{Array2, Array3};
/// use skystack::{Level, roofline};
/// let stack = Array3::from_elem((31, 8, 20), 2.0f32);
/// let mut out = Array2::zeros((8, 20));
/// for level in Level::available() {
///     roofline::sum(stack.view(), out.view_mut(), level, 1)?;
///     assert!(out.iter().all(|&sum| sum == 62.0));
/// }
/// # Ok::<(), skystack::Error>(())
/// ```
pub fn sum<S: Summand>(
    stack: ArrayView3<'_, S>,
    out: ArrayViewMut2<'_, S::Sum>,
    level: Level,
    threads: usize,
) -> Result<(), Error> {
    let (frames, height, width) = stack.dim();
    same_shape(&[height, width], out.shape())?;
    let samples = stack.to_slice().ok_or_else(gaps)?;
    let out = out.into_slice().ok_or_else(gaps)?;
    let frames = Frames { samples: &samples[..frames * height * width], pixels: height * width };
    in_parts(out, threads, |at, out| level.run(Sum { frames, at, out }));
    Ok(())
}

/// Copies the stack, each sample read once and written once.
///
/// # Shapes
/// `stack` and `out` are (N, H, W), both contiguous in this order.
/// # Errors
/// Shapes that do not fit, or a layout with gaps.
pub fn copy<S: Copy + Send + Sync>(
    stack: ArrayView3<'_, S>,
    out: ArrayViewMut3<'_, S>,
    threads: usize,
) -> Result<(), Error> {
    same_shape(stack.shape(), out.shape())?;
    let samples = stack.to_slice().ok_or_else(gaps)?;
    let out = out.into_slice().ok_or_else(gaps)?;
    in_parts(out, threads, |at, out| out.copy_from_slice(&samples[at..at + out.len()]));
    Ok(())
}

fn same_shape(needed: &[usize], found: &[usize]) -> Result<(), Error> {
    if needed == found {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Parameter, format!("out has shape {found:?}, needed {needed:?}")))
}

fn gaps() -> Error {
    Error::new(ErrorKind::Parameter, "the array has gaps or another order, needed one that is contiguous")
}

/// Hands `out` to as many workers in equal parts, each with the place of its first element.
fn in_parts<E: Send>(out: &mut [E], threads: usize, work: impl Fn(usize, &mut [E]) + Sync) {
    if threads <= 1 {
        return work(0, out);
    }
    // Whole cache lines: two workers that write one line wait for each other.
    let part = out.len().div_ceil(threads).next_multiple_of(64).max(64);
    out.par_chunks_mut(part).enumerate().for_each(|(number, out)| work(number * part, out));
}

/// The sums of some pixels.
struct Sum<'a, S: Summand> {
    frames: Frames<'a, S>,
    at: usize,
    out: &'a mut [S::Sum],
}

impl<S: Summand> Kernel for Sum<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { frames, mut at, mut out } = self;
        let done = if frames.count() <= FEW_FRAMES {
            S::in_registers::<I, 8>(isa, &frames, at, out)
        } else if size_of_val(frames.samples) <= CACHED_BYTES {
            S::in_registers::<I, 16>(isa, &frames, at, out)
        } else {
            0
        };
        (at, out) = (at + done, &mut out[done..]);
        for span in out.chunks_mut(SPAN_PIXELS) {
            span.fill(S::Sum::default());
            let rest = add_groups::<I, S, 8>(isa, &frames, 0, at, span);
            let rest = add_groups::<I, S, 4>(isa, &frames, rest, at, span);
            add_groups::<I, S, 1>(isa, &frames, rest, at, span);
            at += span.len();
        }
    }
}

impl<'a, S> Frames<'a, S> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.samples.len().checked_div(self.pixels).unwrap_or(0)
    }

    #[inline(always)]
    fn span(&self, frame: usize, at: usize, length: usize) -> &'a [S] {
        &self.samples[frame * self.pixels + at..][..length]
    }
}

/// Adds frames from `first` on, G at a time, as many as come to whole groups; returns the first that is left.
#[inline(always)]
fn add_groups<I: Isa, S: Summand, const G: usize>(
    isa: I,
    frames: &Frames<'_, S>,
    first: usize,
    at: usize,
    sum: &mut [S::Sum],
) -> usize {
    let mut frame = first;
    while frame + G <= frames.count() {
        S::add(isa, std::array::from_fn::<_, G, _>(|k| frames.span(frame + k, at, sum.len())), sum);
        frame += G;
    }
    frame
}

#[inline(always)]
fn add_vectors<I: Isa, T: Element, const G: usize>(isa: I, frames: [&[T]; G], sum: &mut [T]) {
    let (lanes, length) = (T::Vector::<I>::LANES, sum.len());
    let frames = frames.map(|frame| &frame[..length]);
    let whole = length - length % lanes;
    for x in (0..whole).step_by(lanes) {
        let mut total = T::Vector::<I>::load(isa, &sum[x..]);
        for frame in &frames {
            total = total + T::Vector::<I>::load(isa, &frame[x..]);
        }
        total.store_partial(&mut sum[x..x + lanes]);
    }
    for x in whole..length {
        sum[x] = frames.iter().fold(sum[x], |total, frame| total + frame[x]);
    }
}

#[inline(always)]
fn sum_in_registers<I: Isa, T: Element, const R: usize>(
    isa: I,
    frames: &Frames<'_, T>,
    mut at: usize,
    sum: &mut [T],
) -> usize {
    let lanes = T::Vector::<I>::LANES;
    let span = R * lanes;
    let begun = at;
    for sum in sum.chunks_exact_mut(span) {
        let mut totals = [T::Vector::<I>::splat(isa, T::zero()); R];
        for frame in frames.samples.chunks_exact(frames.pixels) {
            let samples = frame[at..at + span].chunks_exact(lanes);
            for (total, samples) in totals.iter_mut().zip(samples) {
                *total = *total + T::Vector::<I>::load(isa, samples);
            }
        }
        for (total, sum) in totals.iter().zip(sum.chunks_exact_mut(lanes)) {
            total.store_partial(sum);
        }
        at += span;
    }
    at - begun
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Axis};

    use super::*;

    /// Whole numbers: sums of f32 are exact, so the order of adding cannot show.
    fn sample(i: usize) -> u16 {
        (i * 7919 % 1009) as u16
    }

    fn stack<S>(shape: (usize, usize, usize), of: impl Fn(u16) -> S) -> Array3<S> {
        let count = shape.0 * shape.1 * shape.2;
        Array3::from_shape_vec(shape, (0..count).map(|i| of(sample(i))).collect()).unwrap()
    }

    #[test]
    fn sums_are_right_for_every_type_shape_level_and_number_of_threads() {
        for shape in
            [(1, 1, 1), (3, 5, 7), (13, 16, 16), (16, 41, 33), (31, 90, 101), (40, 333, 257), (0, 2, 2)]
        {
            let floats = stack(shape, f32::from);
            let words = stack(shape, |v| v);
            let exact = words.mapv(u32::from).sum_axis(Axis(0));
            for level in Level::available() {
                for threads in [1, 2, 3] {
                    let mut out = Array2::from_elem(exact.dim(), 7.0);
                    sum(floats.view(), out.view_mut(), level, threads).unwrap();
                    assert_eq!(out, exact.mapv(|v| v as f32), "{shape:?} {level} {threads}");
                    let mut out = Array2::from_elem(exact.dim(), 7);
                    sum(words.view(), out.view_mut(), level, threads).unwrap();
                    assert_eq!(out, exact, "{shape:?} {level} {threads}");
                }
            }
        }
    }

    #[test]
    fn a_stack_beyond_the_caches_is_summed_the_other_way() {
        let words = stack((17, 450, 500), f32::from);
        assert!(size_of_val(words.as_slice().unwrap()) > CACHED_BYTES);
        let exact = words.mapv(f64::from).sum_axis(Axis(0));
        let mut out = Array2::zeros(exact.dim());
        for level in Level::available() {
            sum(words.view(), out.view_mut(), level, 1).unwrap();
            assert_eq!(out.mapv(f64::from), exact, "{level}");
        }
    }

    #[test]
    fn a_copy_is_a_copy() {
        let words = stack((5, 33, 20), |v| v);
        for threads in [1, 2, 5] {
            let mut out = Array3::zeros(words.dim());
            copy(words.view(), out.view_mut(), threads).unwrap();
            assert_eq!(out, words);
        }
    }

    #[test]
    fn shapes_and_layouts_that_do_not_fit_are_refused() {
        let frames = Array3::<f32>::zeros((3, 4, 6));
        let mut out = Array2::zeros((6, 4));
        let error = sum(frames.view(), out.view_mut(), Level::Scalar, 1).unwrap_err();
        assert_eq!(error.to_string(), "out has shape [6, 4], needed [4, 6]");
        let turned = frames.view().permuted_axes([0, 2, 1]);
        assert!(
            sum(turned, out.view_mut(), Level::Scalar, 1).unwrap_err().to_string().contains("contiguous")
        );
        let mut other = Array3::zeros((3, 4, 5));
        assert!(copy(frames.view(), other.view_mut(), 1).is_err());
    }
}
