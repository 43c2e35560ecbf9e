//! Statistics of the frames of a source, all frames in parallel (algorithms.md section 6.3).

use std::sync::Mutex;

use skystack_simd::Element;
use skystack_stats::slice;

use super::NormaliseError;
use super::rows::{Frames, RowBuffer, Rows};
use super::sampling::{Places, Sampling, thinned};
use crate::engine::{Control, lock, on_workers};
use crate::{CombineError, FrameSource};

/// A number that describes a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// The number.
    pub value: f64,
    /// Its standard error, where one is known (see [`Statistic`]); 0 where it is exact.
    pub error: Option<f64>,
    /// Samples that it comes from.
    pub n: usize,
}

impl Measurement {
    /// A number that was not estimated, such as an exposure time.
    pub const fn exact(value: f64) -> Self {
        Self { value, error: Some(0.0), n: 1 }
    }
}

/// A statistic of the samples of a frame.
///
/// Samples are values of the working type T, and so is a statistic that is a position in the data (mode, medians): one of an f32 image is
/// an f32. Means and widths are f64.
///
/// **Errors** are standard errors for Gaussian noise of n independent samples, σ being [`slice::mad_std`] where nothing else is said. Stars,
/// gradients and resampling make true ones larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// [`slice::mode`], and [`slice::integer_mode`] for frames that are stored as unscaled integers. Its error, 1.44 σ n^−¼, is
    /// that of simulations (n = 1000 to 100 000, Gaussian, to 3 %): a mode converges more slowly than a mean.
    Mode,
    /// [`slice::median`]. Error: √(π/2) σ/√n.
    Median,
    /// [`slice::iraf_statmedian`], for comparison with IRAF only. Error as the median's.
    IrafMedian,
    /// [`slice::mean`]. Error: the standard deviation over √n.
    Mean,
    /// [`slice::biweight_location`]. Error: [`slice::biweight_scale`] over √n.
    Biweight,
    /// Location of [`slice::ikss_lite`], the median without what is further than 6 MAD. Error as the median's, with its scale for σ.
    Ikss,
    /// Scale of [`slice::ikss_lite`]. Error: itself/√(2 · 0.87 n).
    IkssScale,
    /// 1.5 [`slice::mad`], the scale of Siril's fast normalisation. Error: itself/√(2 · 0.37 n).
    FastScale,
    /// [`slice::background_noise`]. Error: itself/√(2 n), n all samples.
    Noise,
}

impl Statistic {
    /// The name in options and in HISTORY.
    ///
    /// ```
    /// use skystack_combine::normalise::Statistic;
    /// assert_eq!(Statistic::Ikss.name(), "iksslite");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Median => "median",
            Self::IrafMedian => "iraf-statmedian",
            Self::Mean => "mean",
            Self::Biweight => "biweight",
            Self::Ikss => "iksslite",
            Self::IkssScale => "iksslite-scale",
            Self::FastScale => "fast-scale",
            Self::Noise => "noise",
        }
    }

    /// Of `samples`, all of which are valid; `None` if there are none. `whole`: they are unscaled integers.
    fn of<T: Element>(self, samples: &[T], whole: bool, scratch: &mut Vec<T>) -> Option<Measurement> {
        let n = samples.len();
        let root = (n as f64).sqrt();
        let median_error = |sigma: f64| std::f64::consts::FRAC_PI_2.sqrt() * sigma / root;
        let width_error = |value: f64, efficiency: f64| value / (2.0 * efficiency * n as f64).sqrt();
        let (value, error) = match self {
            Self::Mode => {
                let mode = if whole { slice::integer_mode_with } else { slice::mode_with };
                (mode(samples, scratch)?.widen(), 1.44 * slice::mad_std_with(samples, scratch)? / root.sqrt())
            }
            Self::Median => {
                let value = slice::median_with(samples, scratch)?.widen();
                (value, median_error(slice::mad_std_with(samples, scratch)?))
            }
            Self::IrafMedian => {
                let value = slice::iraf_statmedian_with(samples, scratch)?.widen();
                (value, median_error(slice::mad_std_with(samples, scratch)?))
            }
            Self::Mean => (slice::mean(samples)?, slice::std(samples, 1).unwrap_or(f64::NAN) / root),
            Self::Biweight => {
                let value = slice::biweight_location_with(samples, scratch)?;
                (value, slice::biweight_scale_with(samples, scratch)? / root)
            }
            Self::Ikss => {
                let found = slice::ikss_lite_with(samples, scratch)?;
                (found.location.widen(), median_error(found.scale))
            }
            Self::IkssScale => {
                let found = slice::ikss_lite_with(samples, scratch)?;
                (found.scale, width_error(found.scale, 0.87))
            }
            Self::FastScale => {
                let scale = 1.5 * slice::mad_with(samples, scratch)?;
                (scale, width_error(scale, 0.37))
            }
            Self::Noise => {
                let noise = slice::background_noise_with(samples, scratch)?;
                (noise, width_error(noise, 1.0))
            }
        };
        // One sample says nothing about its own error.
        Some(Measurement { value, error: Some(error).filter(|e| n > 1 && e.is_finite()), n })
    }
}

/// Takes every one of `statistics` of every frame: one list a statistic, in their order, of one number a frame.
///
/// # Shapes
/// Frames as `source` has them, `sampling` says which pixels. Samples are unscaled; their order is that of rows and pixels, and the chunks of
/// a mean (E1) are counted in it, without those that are left out.
/// # Missing data
/// NaN, infinities, masked samples and those outside the thresholds are left out.
/// # Errors
/// A frame of which nothing is left: named, the first one where there are several. What the source reports; cancellation.
/// # Cost
/// Each frame is read once, and of it only the rows that are looked at; up to `workers` frames at the same time, on the rayon pool of the
/// caller. Memory: [`sample_bytes`] for each of them.
/// # Examples
/// ```
/// use skystack_combine::{Control, FrameSource, Plane};
/// use skystack_combine::normalise::{Sampling, Statistic, measure};
///
/// struct Constant(Vec<Vec<f32>>);
///
/// impl FrameSource<f32> for Constant {
///     fn frames(&self) -> usize { self.0.len() }
///     fn height(&self) -> usize { 2 }
///     fn width(&self) -> usize { 4 }
///     fn borrow(&self, frame: usize) -> Option<Plane<'_, f32>> {
///         Some(Plane { data: &self.0[frame], stride: 4 })
///     }
/// }
///
/// let source = Constant([1.0, 2.0].map(|v| vec![v; 8]).to_vec());
/// let control = Control::new(skystack_simd::Level::Baseline);
/// let found = measure(&source, &[Statistic::Median], &Sampling::default(), 1, &control)?;
/// assert_eq!((found[0][0].value, found[0][1].value, found[0][1].n), (1.0, 2.0, 8));
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
pub fn measure<T: Element>(
    source: &impl FrameSource<T>,
    statistics: &[Statistic],
    sampling: &Sampling,
    workers: usize,
    control: &Control<'_>,
) -> Result<Vec<Vec<Measurement>>, NormaliseError> {
    let frames = Frames::of(source);
    let results: Mutex<Vec<Option<Found>>> = Mutex::new((0..source.frames()).map(|_| None).collect());
    let queue = Mutex::new(0..source.frames());
    let mut workers: Vec<Worker<T>> =
        (0..workers.clamp(1, source.frames().max(1))).map(|_| Worker::new()).collect();
    on_workers(&mut workers, |worker| {
        loop {
            let next = lock(&queue).next();
            let Some(frame) = next else { return };
            let found = worker.frame(&frames, frame, sampling, (statistics, control));
            // Of several frames that fail the first is named: those before it are in work already, so nothing later needs to be.
            let failed = found.is_err();
            lock(&results)[frame] = Some(found);
            if failed {
                let mut rest = lock(&queue);
                rest.end = rest.start;
                return;
            }
        }
    })?;
    let mut lists: Vec<Vec<Measurement>> = vec![Vec::with_capacity(source.frames()); statistics.len()];
    for found in results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().flatten()
    {
        lists.iter_mut().zip(found?).for_each(|(list, measured)| list.push(measured));
    }
    Ok(lists)
}

/// Every statistic of one frame.
type Found = Result<Vec<Measurement>, NormaliseError>;

/// Bytes that one worker of [`measure`] needs: the greatest sample twice, once to be put in order, and some rows.
///
/// # Errors
/// A frame with an empty section.
pub fn sample_bytes<T: Element>(
    source: &impl FrameSource<T>,
    sampling: &Sampling,
) -> Result<usize, NormaliseError> {
    let places = Places::of(source);
    let (mut most, mut width) = (0, 0);
    for frame in 0..source.frames() {
        let (area, step) = thinned(&places, sampling, frame)?;
        (most, width) = (most.max(area.pixels(step)), width.max(places.width(frame)));
    }
    Ok(most.saturating_mul(2 * T::BYTES).saturating_add(RowBuffer::<T>::bytes(width)))
}

/// What one worker owns.
struct Worker<T> {
    buffer: RowBuffer<T>,
    sample: Vec<T>,
    scratch: Vec<T>,
}

impl<T: Element> Worker<T> {
    fn new() -> Self {
        Self { buffer: RowBuffer::default(), sample: Vec::new(), scratch: Vec::new() }
    }

    fn frame(
        &mut self,
        frames: &Frames<'_, T, impl FrameSource<T>>,
        frame: usize,
        sampling: &Sampling,
        (statistics, control): (&[Statistic], &Control<'_>),
    ) -> Found {
        let (area, step) = thinned(&frames.places, sampling, frame)?;
        let section = frames.places.in_frame(&area, frame);
        self.sample.clear();
        reserve(&mut self.sample, area.pixels(step))?;
        let lines = section.1.clone().step_by(step);
        let mut rows = Rows::new(frames, frame, section, step, (sampling, control), &mut self.buffer);
        for y in lines {
            self.sample.extend(rows.row(y)?.iter().step_by(step).filter(|x| x.is_finite()));
        }
        let whole = frames.whole_numbers(frame);
        let each = statistics.iter().map(|statistic| statistic.of(&self.sample, whole, &mut self.scratch));
        each.collect::<Option<Vec<_>>>()
            .filter(|_| !self.sample.is_empty())
            .ok_or(NormaliseError::Empty { frame })
    }
}

/// Room for `most` samples, the number of which comes from files.
pub(super) fn reserve<E>(sample: &mut Vec<E>, most: usize) -> Result<(), CombineError> {
    let bytes = most.saturating_mul(size_of::<E>());
    sample.try_reserve(most).map_err(|_| CombineError::OutOfMemory { bytes })
}
