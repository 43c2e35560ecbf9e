//! The options of a run, and the runs themselves.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use skystack_combine::normalise::Statsec;
use skystack_combine::{
    Control, FrameSource, Grow, Options, RowSink, Summary, ValueProduct, Variance, scratch_bytes,
};
use skystack_plan::{Limits, Plan, Workload};
use skystack_simd::Element;

use crate::arrays::{self, Combined, Frames, Sample};
use crate::noise::Numbered;
use crate::normalise::{Normalised, Wanted};
use crate::{
    Combine, Convention, Error, ErrorKind, Footprint, Level, Machine, Masks, NoiseModel, Norm, Normalisation,
    Offsets, OutputFiles, PerFrame, Products, Progress, Rejection, Report, Trace, Weight, files, trace,
};

/// Where the variances of the samples come from.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum InputVariance {
    /// There are none.
    #[default]
    None,
    /// The noise model, at each sample's own value.
    Noise,
    /// One number for all samples.
    Constant(f64),
    /// An extension of each frame's file, such as `VAR` or `VAR,1`.
    Extension(String),
}

/// Type of the computation and of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outtype {
    /// f32 for 8- and 16-bit integers and f32, f64 for the others.
    #[default]
    Real,
    /// f64 whatever the inputs are (IRAF `outtype=double`).
    Double,
}

/// Combines frames: the options, then [`run`](Self::run) on an array or [`run_files`](Self::run_files) on FITS files.
///
/// The default is a plain average with IRAF's definitions; an empty pixel is NaN.
///
/// ```
/// use ndarray::arr3;
/// use skystack::{MinMax, Stacker};
/// let stack = arr3(&[[[1.0f32, 5.0]], [[2.0, 6.0]], [[9.0, f32::NAN]]]);
/// let out = Stacker::new().reject(MinMax::new(0.0, 1.0)).run(stack.view())?;
/// assert_eq!(out.image, ndarray::arr2(&[[1.5, 5.5]]));
/// # Ok::<(), skystack::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Stacker {
    pub(crate) options: Options,
    pub(crate) weight: Weight,
    pub(crate) outtype: Outtype,
    pub(crate) convention: Convention,
    pub(crate) normalisation: Normalisation,
    pub(crate) reject_normalisation: Option<Normalisation>,
    pub(crate) statsec: Statsec,
    pub(crate) all_pixels: bool,
    pub(crate) scaling_errors: bool,
    pub(crate) offsets: Offsets,
    pub(crate) footprint: Footprint,
    pub(crate) masks: Masks,
    pub(crate) noise: NoiseModel,
    pub(crate) variance: InputVariance,
    limits: Limits,
    level: Option<Level>,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    cancel: Option<Arc<AtomicBool>>,
}

impl Stacker {
    /// A plain average.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose definition of `lmedian` and of the sigma image is meant. Rejections bring their own: see the constructors of
    /// [`SigClip`](crate::SigClip). `blank` stays as it is.
    pub fn convention(mut self, convention: Convention) -> Self {
        let named = Options::convention(convention);
        self.options.lmedian = named.lmedian;
        self.options.sigma_rule = named.sigma_rule;
        self.convention = convention;
        self
    }

    /// What is left out before combining.
    pub fn reject(mut self, rejection: impl Into<Rejection>) -> Self {
        self.options.rejections = vec![rejection.into()];
        self
    }

    /// And then this one, of what the rejections before it left.
    pub fn then_reject(mut self, rejection: impl Into<Rejection>) -> Self {
        self.options.rejections.push(rejection.into());
        self
    }

    /// The statistic.
    pub fn combine(mut self, combine: Combine) -> Self {
        self.options.combine = combine;
        self
    }

    /// Least good value of the input, itself good.
    pub fn lthreshold(mut self, lthreshold: f64) -> Self {
        self.options.lthreshold = Some(lthreshold);
        self
    }

    /// Greatest good value of the input, itself good.
    pub fn hthreshold(mut self, hthreshold: f64) -> Self {
        self.options.hthreshold = Some(hthreshold);
        self
    }

    /// Value of a pixel without samples (output units); NaN unless set.
    #[doc(alias = "fill_value")]
    pub fn blank(mut self, blank: f64) -> Self {
        self.options.blank = blank;
        self
    }

    /// Weights of the frames, for `average`.
    pub fn weight(mut self, weight: Weight) -> Self {
        self.weight = weight;
        self
    }

    /// How the frames are brought to one level; replaces [`scale`](Self::scale) and [`zero`](Self::zero).
    pub fn normalise(mut self, normalisation: Normalisation) -> Self {
        self.normalisation = normalisation;
        self
    }

    /// What the frames are divided by, relative to the first one. Replaces a [`normalise`](Self::normalise) that has no scale.
    pub fn scale(mut self, scale: Norm) -> Self {
        let zero = match self.normalisation {
            Normalisation::Levels { zero, .. } => zero,
            _ => Norm::None,
        };
        self.normalisation = Normalisation::Levels { scale, zero };
        self
    }

    /// What is subtracted from the frames, relative to the first one; with a scale, both at once. Replaces a
    /// [`normalise`](Self::normalise) that has no zero.
    pub fn zero(mut self, zero: Norm) -> Self {
        let scale = match self.normalisation {
            Normalisation::Levels { scale, .. } => scale,
            _ => Norm::None,
        };
        self.normalisation = Normalisation::Levels { scale, zero };
        self
    }

    /// Another normalisation of the samples that the rejections see: what they keep, not the values, goes into the output.
    pub fn reject_normalisation(mut self, normalisation: Normalisation) -> Self {
        self.reject_normalisation = Some(normalisation);
        self
    }

    /// The part of the frames that statistics for scale, zero and weight are taken of.
    pub fn statsec(mut self, statsec: Statsec) -> Self {
        self.statsec = statsec;
        self
    }

    /// Take these statistics of every pixel, not of a sample of fewer than 100 000 (IRAF).
    pub fn statsample_all(mut self, all: bool) -> Self {
        self.all_pixels = all;
        self
    }

    /// Add what is not known of the scales and zeros to the [variances](Self::variance) of the samples: (y/s)²σ_s² + σ_z², with the
    /// standard errors of the statistics that they come from (algorithms.md 8.1).
    ///
    /// The error of a frame is the same at all its pixels: right for one pixel, but averages over pixels are less exact than their
    /// variances say. Needs variances, and scales and zeros of statistics.
    pub fn scaling_errors(mut self, add: bool) -> Self {
        self.scaling_errors = add;
        self
    }

    /// Where the frames lie on the output.
    pub fn offsets(mut self, offsets: Offsets) -> Self {
        self.offsets = offsets;
        self
    }

    /// Which pixels the output has.
    pub fn footprint(mut self, footprint: Footprint) -> Self {
        self.footprint = footprint;
        self
    }

    /// Masks of the frames, in files.
    pub fn masks(mut self, masks: Masks) -> Self {
        self.options.fallback = masks.falls_back();
        self.masks = masks;
        self
    }

    /// Noise of the detectors, for `ccdclip`, `crreject`, `nmodel`, and variances from a model.
    pub fn noise(mut self, noise: NoiseModel) -> Self {
        self.noise = noise;
        self
    }

    /// Variances of the samples, for propagated errors and `varclip`.
    pub fn variance(mut self, variance: InputVariance) -> Self {
        self.options.variance = match &variance {
            InputVariance::None => Variance::None,
            InputVariance::Noise => Variance::Noise,
            InputVariance::Constant(variance) => Variance::Constant(*variance),
            InputVariance::Extension(_) => Variance::Planes,
        };
        self.variance = variance;
        self
    }

    /// Also reject the neighbours of rejected samples of the same frame: `Grow::new(1.5)`.
    pub fn grow(mut self, grow: Grow) -> Self {
        self.options.grow = grow;
        self
    }

    /// Type of the computation when files are combined; for arrays there is [`run_double`](Self::run_double).
    pub fn outtype(mut self, outtype: Outtype) -> Self {
        self.outtype = outtype;
        self
    }

    /// Further images that [`run`](Self::run) returns. For files the paths in [`OutputFiles`] say so.
    pub fn products(mut self, products: Products) -> Self {
        self.options.products = products;
        self
    }

    /// Most memory that a run allocates, in bytes; unset: 75 % of what is available. The program itself, its libraries and
    /// the stacks of its threads are not counted: a few megabytes.
    pub fn mem_limit(mut self, bytes: u64) -> Self {
        self.limits.memory_bytes = Some(bytes);
        self
    }

    /// Number of workers; unset: 85 % of the cores. Workers run on the rayon pool of the caller; where none surrounds the
    /// call and the number differs from that of the global pool, on a pool made for this run.
    pub fn threads(mut self, threads: usize) -> Self {
        self.limits.threads = Some(threads);
        self
    }

    /// Instruction set; unset: the highest of this machine under the cap of `SKYSTACK_LEVEL`. It never changes a result.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Calls `progress` after each band of rows.
    pub fn on_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Stops with an error of kind [`ErrorKind::Cancelled`] within one band after `cancel` becomes true.
    pub fn cancel(mut self, cancel: Arc<AtomicBool>) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Combines the frames of an array.
    ///
    /// # Shapes
    /// `stack` is (N, H, W); the outputs are (H, W). Frames of the working type that are contiguous are used in place.
    /// # Missing data
    /// NaN and infinities.
    /// # Errors
    /// A wrong option, or a memory limit that is too small.
    /// # Panics
    /// Never.
    pub fn run<'a, S: Sample + 'a>(
        &self,
        frames: impl Into<Frames<'a, S>>,
    ) -> Result<Combined<S::Working>, Error> {
        if self.outtype == Outtype::Double {
            let message = "outtype is double, needed real for run (run_double computes in f64)";
            return Err(Error::new(ErrorKind::Parameter, message));
        }
        arrays::run(self, &frames.into())
    }

    /// As [`run`](Self::run), computing in f64 whatever the type of the samples.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_double<'a, S: Sample + 'a>(
        &self,
        frames: impl Into<Frames<'a, S>>,
    ) -> Result<Combined<f64>, Error> {
        arrays::run_double(self, &frames.into())
    }

    /// Combines FITS images into FITS images.
    ///
    /// Each input is a path, with `[2]`, `[SCI]` or `[SCI,1]` behind it for an extension; without, the first image of the
    /// file. An image with more than two axes gives as many frames as it has planes. Outputs appear complete or not at all.
    ///
    /// ```no_run
    /// use skystack::{OutputFiles, SigClip, Stacker};
    /// let outputs = OutputFiles::new("out.fits").sigma("sigma.fits").overwrite(true);
    /// let report = Stacker::new().reject(SigClip::iraf()).run_files(&["a.fits", "b.fits[SCI]"], outputs)?;
    /// println!("{} of {} samples rejected", report.rejected, report.samples);
    /// # Ok::<(), skystack::Error>(())
    /// ```
    ///
    /// # Errors
    /// Anything wrong with the options, an input or an output; see [`ErrorKind`].
    pub fn run_files<P: AsRef<Path>>(
        &self,
        inputs: &[P],
        outputs: impl Into<OutputFiles>,
    ) -> Result<Report, Error> {
        files::run(self, inputs, &outputs.into())
    }

    /// How [`run_files`](Self::run_files) would do it: reads headers, writes nothing.
    ///
    /// # Errors
    /// As [`run_files`](Self::run_files).
    pub fn plan_files<P: AsRef<Path>>(&self, inputs: &[P], outputs: &OutputFiles) -> Result<Plan, Error> {
        files::plan(self, inputs, outputs)
    }

    /// One output pixel of frames in memory, stage by stage, from the reference implementation.
    ///
    /// # Shapes
    /// `x` is the column and `y` the row of the output, from 0.
    /// # Missing data
    /// A sample that is masked, or of a frame that does not cover the pixel, is shown as NaN.
    /// # Errors
    /// A wrong option, a pixel outside the output, or an option that brings in other pixels or planes: growth, a normalisation of the
    /// rejection's own, weights of samples, the fallback where it would be used.
    pub fn trace<'a, S: Sample + 'a>(
        &self,
        frames: impl Into<Frames<'a, S>>,
        x: usize,
        y: usize,
    ) -> Result<Trace, Error> {
        trace::array(self, &frames.into(), x, y)
    }

    /// One output pixel of FITS images, stage by stage, from the reference implementation.
    ///
    /// # Shapes
    /// `x` is the column and `y` the row, from 0 (FITS pixel (x + 1, y + 1)).
    /// # Errors
    /// As [`run_files`](Self::run_files), or a pixel outside the image.
    pub fn trace_files<P: AsRef<Path>>(&self, inputs: &[P], x: usize, y: usize) -> Result<Trace, Error> {
        trace::files(self, inputs, x, y)
    }

    /// What the normalisation needs.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            convention: self.convention,
            output: &self.normalisation,
            // Two that are the same are one: no second pass over a band.
            rejection: self.reject_normalisation.as_ref().filter(|own| **own != self.normalisation),
            weight: &self.weight,
            statsec: &self.statsec,
            all_pixels: self.all_pixels,
            errors: self.scaling_errors,
            lthreshold: self.options.lthreshold,
            hthreshold: self.options.hthreshold,
        }
    }

    /// The options with what the headers of `frames` say.
    pub(crate) fn options_for(&self, frames: &[Numbered<'_>], products: Products) -> Result<Options, Error> {
        let mut options = Options { products, per_frame: true, ..self.options.clone() };
        options.noise = self.noise.of(frames)?;
        options.weigh_by_variance = self.weight == Weight::Variance;
        if products.contains(ValueProduct::Exposure) {
            options.exposures = PerFrame::Keyword("EXPTIME".to_owned()).of(frames, "an exposure map")?;
        }
        Ok(options)
    }

    /// Plans a job on this machine.
    pub(crate) fn plan(
        &self,
        options: &Options,
        workload: Workload,
        machine: &Machine,
    ) -> Result<Plan, Error> {
        let scratch = workload.scratch_bytes + scratch_bytes(options, workload.frames, workload.width);
        Ok(skystack_plan::plan(&workload.scratch(scratch), machine, &self.limits)?)
    }

    /// Runs the engine on the pool that [`threads`](Self::threads) promises.
    pub(crate) fn engine<T: skystack_combine::WorkingType>(
        &self,
        options: &Options,
        source: &impl FrameSource<T>,
        sink: &mut (impl RowSink<T> + Send),
        plan: &Plan,
    ) -> Result<Summary, Error> {
        let control = self.control()?;
        let run = move || skystack_combine::run(options, source, sink, plan, &control);
        Ok(self.on_pool(plan, run)??)
    }

    /// The instruction set of a run.
    pub(crate) fn run_level(&self) -> Result<Level, Error> {
        let unknown = |e| Error::new(ErrorKind::Parameter, format!("{}: {e}", Level::VARIABLE));
        self.level.map_or_else(|| Level::from_environment().map_err(unknown), Ok)
    }

    /// How a run is watched and stopped.
    pub(crate) fn control(&self) -> Result<Control<'_>, Error> {
        let mut control = Control::new(self.run_level()?);
        if let Some(progress) = &self.progress {
            control = control.progress(&**progress);
        }
        if let Some(cancel) = &self.cancel {
            control = control.cancel(cancel);
        }
        Ok(control)
    }

    /// Works out how the frames are normalised, puts it into `options`, and says how long it took.
    pub(crate) fn normalise_by<T: Element>(
        &self,
        plan: &Plan,
        options: &mut Options,
        source: &impl FrameSource<T>,
        frames: &[Numbered<'_>],
        ncombine: &[f64],
    ) -> Result<(Normalised, Duration), Error> {
        let control = self.control()?;
        let before = Instant::now();
        let work = || self.wanted().resolve::<T>(source, frames, ncombine, plan.workers, &control);
        let normalised = self.on_pool(plan, work)??;
        normalised.apply(options);
        Ok((normalised, before.elapsed()))
    }

    /// Does something on as many threads as the plan has workers.
    fn on_pool<R: Send>(&self, plan: &Plan, work: impl FnOnce() -> R + Send) -> Result<R, Error> {
        let surrounded = rayon::current_thread_index().is_some();
        if plan.workers == 1 || surrounded || rayon::current_num_threads() == plan.workers {
            return Ok(work());
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.workers).build();
        let pool =
            pool.map_err(|e| Error::new(ErrorKind::Limit, format!("{} threads: {e}", plan.workers)))?;
        Ok(pool.install(work))
    }
}

impl fmt::Debug for Stacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stacker")
            .field("options", &self.options)
            .field("weight", &self.weight)
            .field("normalisation", &self.normalisation)
            .field("offsets", &self.offsets)
            .field("masks", &self.masks)
            .field("outtype", &self.outtype)
            .field("limits", &self.limits)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
