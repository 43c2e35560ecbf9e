//! One output pixel, stage by stage, from the reference implementation.

use std::ops::Range;
use std::path::Path;

use skystack_combine::{Combine, Lmedian, Options, SigmaRule, Variance};
use skystack_fits::Working as FitsWorking;
use skystack_reference::{Setup, Working};
use skystack_simd::Element;

use crate::arrays::{Frames, Sample, ViewSource};
use crate::files::Inputs;
use crate::stacker::Outtype;
use crate::{Convention, Error, ErrorKind, Stacker, Trace};

pub(crate) fn array<S: Sample>(
    stacker: &Stacker,
    frames: &Frames<'_, S>,
    x: usize,
    y: usize,
) -> Result<Trace, Error> {
    let source = ViewSource::new(frames, stacker, S::in_place)?;
    let (height, width) = (source.layout.height, source.layout.width);
    check_pixel(x, y, height, width)?;
    let double = stacker.outtype == Outtype::Double || S::Working::BYTES == 8;
    let working = if double { Working::F64 } else { Working::F32 };
    let numbered = frames.numbered();
    let mut options = frames.options(stacker, &numbered)?;
    let ncombine = vec![1.0; numbered.len()];
    stacker
        .wanted()
        .resolve::<S::Working>(&source, &numbered, &ncombine, 1, &stacker.control()?)?
        .apply(&mut options);
    let columns = |pixels: Range<usize>| Ok(pixels.map(|x| frames.column(&source.layout, x, y)).collect());
    trace(&options, (x, width), columns, working)
}

pub(crate) fn files<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    x: usize,
    y: usize,
) -> Result<Trace, Error> {
    let inputs = Inputs::open(inputs, stacker)?;
    let (height, width) = inputs.shape();
    check_pixel(x, y, height, width)?;
    let numbered = inputs.numbered();
    let mut options = stacker.options_for(&numbered, stacker.options.products)?;
    let (wanted, ncombine, control) = (stacker.wanted(), inputs.ncombine(), stacker.control()?);
    let working = inputs.working(stacker.outtype);
    let normalised = match working {
        FitsWorking::F32 => wanted.resolve::<f32>(&inputs, &numbered, &ncombine, 1, &control)?,
        FitsWorking::F64 => wanted.resolve::<f64>(&inputs, &numbered, &ncombine, 1, &control)?,
    };
    normalised.apply(&mut options);
    let columns = |pixels: Range<usize>| inputs.columns(working, pixels, y);
    let working = if working == FitsWorking::F64 { Working::F64 } else { Working::F32 };
    trace(&options, (x, width), columns, working)
}

fn check_pixel(x: usize, y: usize, height: usize, width: usize) -> Result<(), Error> {
    if x < width && y < height {
        return Ok(());
    }
    // In the words of FITS, which counts from 1.
    let message = format!("pixel is ({}, {}), needed (1, 1) to ({width}, {height})", x + 1, y + 1);
    Err(Error::new(ErrorKind::Parameter, message))
}

/// Samples and variances of a pixel of the row, by its column; no variances where no frame has any.
pub(crate) type Column = (Vec<f64>, Vec<f64>);

fn trace(
    options: &Options,
    (x, width): (usize, usize),
    columns: impl Fn(Range<usize>) -> Result<Vec<Column>, Error>,
    working: Working,
) -> Result<Trace, Error> {
    let (samples, mut variances) = columns(x..x + 1)?.swap_remove(0);
    match working {
        Working::F32 => options.check::<f32>(samples.len())?,
        Working::F64 => options.check::<f64>(samples.len())?,
    }
    check_followed(options, &samples, &variances)?;
    if let Variance::Constant(variance) = options.variance {
        variances = vec![variance; samples.len()];
    }
    let mut setup = setup(options, &variances, working);
    if options.pools_rows() {
        let row: Vec<Vec<f64>> = columns(0..width)?.into_iter().map(|(samples, _)| samples).collect();
        setup.pooled = skystack_reference::pooled(&row, &setup);
    }
    Ok(skystack_reference::trace(&samples, &setup))
}

/// Refuses what more than the samples of one pixel decides, as far as the trace does not look at it.
fn check_followed(options: &Options, samples: &[f64], variances: &[f64]) -> Result<(), Error> {
    let of_planes = options.variance == Variance::Planes;
    let message = if options.grow.radius >= 1.0 {
        format!("grow is {}, needed 0 for a trace: what grows comes from other pixels", options.grow.radius)
    } else if options.reject_scalings.is_some() {
        "the rejection has a normalisation of its own, needed none for a trace, which shows one".to_owned()
    } else if options.pools_rows() && of_planes {
        "avsigclip pools a row of samples with variances, needed no variances for a trace".to_owned()
    } else if of_planes && variances.is_empty() {
        "variances are to come with the samples, found none, needed a variance of each sample".to_owned()
    } else if options.sample_weights {
        "samples have weights of their own, needed none for a trace".to_owned()
    } else if options.fallback && samples.iter().all(|sample| sample.is_nan()) {
        "no frame has a good sample at this pixel, needed one for a trace: what is used instead is not shown"
            .to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Parameter, message))
}

/// The options in the reference's own words: it shares no code with the kernels, and so no types of theirs.
fn setup<'a>(options: &'a Options, variances: &'a [f64], working: Working) -> Setup<'a> {
    Setup {
        rejections: &options.rejections,
        combine: match options.combine {
            Combine::Average => skystack_reference::Combine::Average,
            Combine::Median => skystack_reference::Combine::Median,
            Combine::Lmedian => skystack_reference::Combine::Lmedian,
            Combine::Sum => skystack_reference::Combine::Sum,
            Combine::Quadrature => skystack_reference::Combine::Quadrature,
            Combine::Nmodel => skystack_reference::Combine::Nmodel,
            Combine::Wmedian => skystack_reference::Combine::Wmedian,
            Combine::Min => skystack_reference::Combine::Min,
            Combine::Max => skystack_reference::Combine::Max,
        },
        lmedian: match options.lmedian {
            Lmedian::Iraf => skystack_reference::Lmedian::Iraf,
            Lmedian::Lower => skystack_reference::Lmedian::Lower,
        },
        lthreshold: options.lthreshold,
        hthreshold: options.hthreshold,
        weights: options.weights.as_deref(),
        scalings: &options.scalings,
        scaling_errors: &options.scaling_errors,
        weigh_by_variance: options.weigh_by_variance,
        noise: &options.noise,
        variances,
        variance_of_noise: options.variance == Variance::Noise,
        blank: options.blank,
        sigma: match options.sigma_rule {
            SigmaRule::Iraf => skystack_reference::SigmaRule::Iraf,
            SigmaRule::Scatter => skystack_reference::SigmaRule::Scatter,
            SigmaRule::Population => skystack_reference::SigmaRule::Population,
        },
        ..Setup::convention(Convention::Iraf, working)
    }
}
