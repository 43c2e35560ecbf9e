//! A whole stack: every step of algorithms.md section 2.1, in its order, for every pixel of the output.
//!
//! What one pixel does with its column is in the other files. Here is what needs more than a column: frames that lie
//! somewhere on the output, masks and what a pixel falls back on (2.3), rows that pool their noise (5.5), growth (5.19), two
//! normalisations (6.6), and the products that belong to samples (8.4 to 8.6).

use skystack_reject::{Rejection, Scaling};

use crate::column::{self, Sample};
use crate::outcome::{Context, Outcome, Side};
use crate::sums::sum;
use crate::{Growth, Ingest, Pixel, Reason, Setup, Shape, avsigclip, combine, grow, trace};

/// The class of samples that no fallback takes.
const NO_VALUE: u8 = u8::MAX;

/// One frame: its samples, where they lie, and what belongs to them. Planes are row by row.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Output column of its column 0.
    pub x: isize,
    /// Output row of its row 0.
    pub y: isize,
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Physical values.
    pub samples: &'a [f64],
    /// 0 good, or the class of what is bad, from the least bad one, 1, on; 255 is never used.
    pub masks: Option<&'a [u8]>,
    /// Variances before scaling.
    pub variances: Option<&'a [f64]>,
    /// Weights.
    pub weights: Option<&'a [f64]>,
    /// Data quality bits.
    pub quality: Option<&'a [u32]>,
}

/// Where the variances of samples come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Variances {
    /// There are none.
    None,
    /// The planes of the frames; a frame without one has samples of unknown variance.
    Planes,
    /// One number for all samples, before scaling.
    Constant(f64),
    /// The noise model of the frame, at the sample's own value.
    Noise,
}

/// Everything that decides the answer of a stack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StackSetup<'a> {
    /// What decides that of a pixel. What belongs to samples (`variances`, `sample_weights`, `pooled`) is filled in.
    pub setup: Setup<'a>,
    /// How frames are scaled for the rejections, if otherwise.
    pub reject_scalings: Option<&'a [Scaling]>,
    /// Variances of the samples.
    pub variances: Variances,
    /// Do the samples have weights?
    pub sample_weights: bool,
    /// Growth.
    pub grow: Growth,
    /// May a pixel without good samples use the least bad ones?
    pub fallback: bool,
    /// Exposure time of each frame (s), or empty.
    pub exposures: &'a [f64],
}

/// The results of one pixel of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackPixel {
    /// The results that one column has; `nrej` has the grown samples, too.
    pub pixel: Pixel,
    /// Samples that growth rejected.
    pub grown: usize,
    /// Why each sample is used or not.
    pub reasons: Vec<Reason>,
    /// Was there no good sample, but a usable one?
    pub fallback: bool,
    /// SUM(w) of the used samples in f64, their number where there are no weights; 0 where there are none.
    pub weight: f64,
    /// Exposure time behind the value in f64.
    pub exposure: f64,
    /// Data quality bits of the used samples.
    pub quality: u32,
}

/// Computes an output of `shape`.
///
/// # Shapes
/// One answer for each output pixel, row by row.
///
/// ```
/// use skystack_reference::{Frame, Growth, Setup, Shape, StackSetup, Variances, Working, stack};
/// use skystack_reject::Convention;
/// let frame = |x, samples| Frame {
///     x, y: 0, height: 1, width: 2, samples, masks: None, variances: None, weights: None, quality: None,
/// };
/// let setup = StackSetup {
///     setup: Setup::convention(Convention::Astropy, Working::F64),
///     reject_scalings: None,
///     variances: Variances::None,
///     sample_weights: false,
///     grow: Growth { radius: 0.0, nkeep: 0, maxrej: None },
///     fallback: false,
///     exposures: &[],
/// };
/// let shape = Shape { frames: 2, height: 1, width: 3 };
/// let answer = stack(&[frame(0, &[1.0, 2.0]), frame(1, &[4.0, 8.0])], shape, &setup);
/// assert_eq!(answer.iter().map(|p| p.pixel.value).collect::<Vec<_>>(), [1.0, 3.0, 8.0]);
/// ```
///
/// # Panics
/// As [`pixel`](crate::pixel()), and if planes have not the size of their frames.
pub fn stack(frames: &[Frame<'_>], shape: Shape, setup: &StackSetup) -> Vec<StackPixel> {
    let pixels = (0..shape.height * shape.width).map(|i| (i % shape.width, i / shape.width));
    let mut columns: Vec<Column> = pixels.map(|(x, y)| Column::gather(frames, x, y, setup)).collect();
    for row in columns.chunks_mut(shape.width) {
        let terms: Vec<_> = row.iter().map(|column| column.scatter(setup)).collect();
        let pooled = avsigclip::pool(&terms);
        row.iter_mut().for_each(|column| column.reject(pooled, setup));
    }
    if !setup.setup.rejections.is_empty() {
        grow_all(&mut columns, shape, setup.grow);
    }
    columns.iter().map(|column| column.combine(setup)).collect()
}

/// Growth from frame to frame: `grow` wants planes.
fn grow_all(columns: &mut [Column], shape: Shape, growth: Growth) {
    let samples = (0..shape.frames).flat_map(|frame| columns.iter().map(move |column| column.reasons[frame]));
    let mut reasons: Vec<Reason> = samples.collect();
    grow(&mut reasons, shape, growth);
    for (pixel, column) in columns.iter_mut().enumerate() {
        for (frame, reason) in column.reasons.iter_mut().enumerate() {
            *reason = reasons[frame * shape.height * shape.width + pixel];
        }
    }
}

/// The samples of one output pixel, one entry a frame.
struct Column {
    inputs: Vec<f64>,
    classes: Vec<u8>,
    /// Empty where there are none.
    variances: Vec<f64>,
    weights: Vec<f64>,
    quality: Vec<u32>,
    reasons: Vec<Reason>,
    /// After a rejection that replaces samples.
    current: Option<Vec<Sample>>,
}

impl Column {
    /// Steps 1 to 5: what is there, and why the rest is missing.
    fn gather(frames: &[Frame<'_>], x: usize, y: usize, setup: &StackSetup) -> Self {
        let at: Vec<Option<usize>> = frames.iter().map(|frame| frame.index(x, y)).collect();
        let own = || frames.iter().zip(&at);
        let variance = |(frame, at): (&Frame<'_>, &Option<usize>)| match setup.variances {
            Variances::Constant(v) => v,
            _ => element(frame.variances, *at).unwrap_or(f64::NAN),
        };
        let has_variances = matches!(setup.variances, Variances::Planes | Variances::Constant(_));
        let weight =
            |(frame, at): (&Frame<'_>, &Option<usize>)| element(frame.weights, *at).unwrap_or(f64::NAN);
        let mut column = Self {
            inputs: own().map(|(frame, at)| element(Some(frame.samples), *at).unwrap_or(f64::NAN)).collect(),
            classes: own().map(|(frame, at)| element(frame.masks, *at).unwrap_or(0)).collect(),
            variances: if has_variances { own().map(variance).collect() } else { vec![] },
            weights: if setup.sample_weights { own().map(weight).collect() } else { vec![] },
            quality: own().map(|(frame, at)| element(frame.quality, *at).unwrap_or(0)).collect(),
            reasons: vec![],
            current: None,
        };
        let reason =
            |frame: usize| if at[frame].is_none() { Reason::Outside } else { column.cause(frame, setup) };
        column.reasons = (0..frames.len()).map(reason).collect();
        column
    }

    /// Why a sample that is there is missing, or [`Reason::Used`]. A sample must survive both normalisations.
    fn cause(&self, frame: usize, setup: &StackSetup) -> Reason {
        if !setup.setup.working.round(self.inputs[frame]).is_finite() {
            return Reason::Nodata;
        }
        if self.classes[frame] != 0 { Reason::Masked } else { self.cause_but_masks(frame, setup) }
    }

    fn cause_but_masks(&self, frame: usize, setup: &StackSetup) -> Reason {
        let ingest = |of: Setup| column::ingest(frame, self.inputs[frame], &of).1;
        match (ingest(self.setup(setup)), ingest(self.reject_setup(setup))) {
            (Ingest::Threshold, _) => Reason::Threshold,
            (Ingest::Missing, _) | (_, Ingest::Missing) => Reason::Nodata,
            _ => Reason::Used,
        }
    }

    /// [`Setup`] for the output.
    fn setup<'s>(&'s self, of: &StackSetup<'s>) -> Setup<'s> {
        Setup {
            variances: &self.variances,
            variance_of_noise: of.variances == Variances::Noise,
            sample_weights: &self.weights,
            ..of.setup
        }
    }

    /// [`Setup`] for the rejections.
    fn reject_setup<'s>(&'s self, of: &StackSetup<'s>) -> Setup<'s> {
        let rejects = of.setup.rejections.iter().any(|rejection| *rejection != Rejection::None);
        let own = of.reject_scalings.filter(|_| rejects);
        Setup { scalings: own.unwrap_or(of.setup.scalings), ..self.setup(of) }
    }

    /// The samples that are not missing, the others as NaN.
    fn valid(&self) -> Vec<f64> {
        let of = |(input, reason): (&f64, &Reason)| if *reason == Reason::Used { *input } else { f64::NAN };
        self.inputs.iter().zip(&self.reasons).map(of).collect()
    }

    fn scatter(&self, setup: &StackSetup) -> avsigclip::Term {
        avsigclip::term(&self.valid(), &self.reject_setup(setup))
    }

    /// Step 6, or the fallback.
    fn reject(&mut self, pooled: f64, of: &StackSetup) {
        let inputs = self.valid();
        let setup = Setup { pooled, ..self.reject_setup(of) };
        let variances = column::variances(&inputs, &setup);
        let context = setup.context(inputs.len(), &variances);
        let column = column::valid(&inputs, &setup);
        if column.is_empty() {
            self.fall_back(of);
            return;
        }
        let outcome = trace::reject_all(&column, &setup, &context);
        for sample in column {
            self.reasons[sample.frame] = reason(&outcome, sample.frame);
        }
        self.current = outcome.current;
    }

    /// The least bad class of which a sample can be used.
    fn fall_back(&mut self, of: &StackSetup) {
        if !of.fallback {
            return;
        }
        let is_usable = |frame: usize| {
            self.reasons[frame] == Reason::Masked
                && self.classes[frame] != NO_VALUE
                && self.cause_but_masks(frame, of) == Reason::Used
        };
        let usable: Vec<usize> = (0..self.inputs.len()).filter(|frame| is_usable(*frame)).collect();
        let least = usable.iter().map(|frame| self.classes[*frame]).min();
        for frame in usable {
            if Some(self.classes[frame]) == least {
                self.reasons[frame] = Reason::Fallback;
            }
        }
    }

    /// Steps 8 and 9.
    fn combine(&self, of: &StackSetup) -> StackPixel {
        let setup = self.setup(of);
        let variances = column::variances(&self.inputs, &setup);
        let context = setup.context(self.inputs.len(), &variances);
        let sample = |frame: usize| Sample { frame, y: column::ingest(frame, self.inputs[frame], &setup).0 };
        let frames = || 0..self.reasons.len();
        let used: Vec<Sample> = frames().filter(|i| self.reasons[*i].is_used()).map(sample).collect();
        // Growth takes away what was not replaced; what was replaced stays.
        let grown = |sample: &Sample| self.reasons[sample.frame] == Reason::Grow;
        let current =
            self.current.as_ref().map(|all| all.iter().copied().filter(|s| !grown(s)).collect::<Vec<_>>());
        let number = |reason| self.reasons.iter().filter(|of| **of == reason).count();
        let (low, high, grown) = (number(Reason::Low), number(Reason::High), number(Reason::Grow));
        let nrej = low + high + grown;
        let pixel = Pixel {
            nrej,
            nmiss: self.inputs.len() - used.len() - nrej,
            used: self.reasons.iter().map(|reason| reason.is_used()).collect(),
            low,
            high,
            restored: number(Reason::Restored),
            ..trace::results(&used, current.as_deref(), &setup, &context)
        };
        StackPixel {
            pixel,
            grown,
            reasons: self.reasons.clone(),
            fallback: number(Reason::Fallback) > 0,
            weight: weight(&used, &setup, &context),
            exposure: exposure(&used, of.exposures, &setup, &context),
            quality: used.iter().fold(0, |bits, s| bits | self.quality[s.frame]),
        }
    }
}

fn reason(outcome: &Outcome, frame: usize) -> Reason {
    match outcome.dropped(frame) {
        None => Reason::Used,
        Some(_) if outcome.restored.contains(&frame) => Reason::Restored,
        Some(dropped) if dropped.side == Side::Low => Reason::Low,
        Some(_) => Reason::High,
    }
}

/// Section 8.4: SUM(w), or the number of samples.
fn weight(used: &[Sample], setup: &Setup, context: &Context) -> f64 {
    match combine::weights(setup, context).filter(|_| setup.combine.is_weighted()) {
        Some(weights) => sum(used, |s| weights[s.frame]),
        None => used.len() as f64,
    }
}

/// Section 8.4: exposure times of used samples with w > 0.
fn exposure(used: &[Sample], exposures: &[f64], setup: &Setup, context: &Context) -> f64 {
    let weights = combine::weights(setup, context).filter(|_| setup.combine.is_weighted());
    let counts = |s: Sample| weights.as_ref().is_none_or(|weights| weights[s.frame] > 0.0);
    sum(used, |s| if counts(s) { exposures.get(s.frame).copied().unwrap_or(0.0) } else { 0.0 })
}

impl Frame<'_> {
    /// The number of the sample at pixel (x, y) of the output, if the frame covers it.
    fn index(&self, x: usize, y: usize) -> Option<usize> {
        let own = |at: usize, start: isize, length: usize| {
            usize::try_from(at as isize - start).ok().filter(|own| *own < length)
        };
        Some(own(y, self.y, self.height)? * self.width + own(x, self.x, self.width)?)
    }
}

fn element<E: Copy>(plane: Option<&[E]>, at: Option<usize>) -> Option<E> {
    Some(plane?[at?])
}
