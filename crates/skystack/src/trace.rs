//! One output pixel, stage by stage, from the reference implementation.

use std::path::Path;

use ndarray::ArrayView3;
use skystack_combine::{Combine, Lmedian, Options, SigmaRule};
use skystack_fits::Working as FitsWorking;
use skystack_reference::{Setup, Working};
use skystack_simd::Element;

use crate::arrays::{Frames, Sample, ViewSource};
use crate::files::Inputs;
use crate::noise::Numbered;
use crate::stacker::Outtype;
use crate::{Convention, Error, ErrorKind, Stacker, Trace};

pub(crate) fn array<S: Sample>(
    stacker: &Stacker,
    stack: ArrayView3<'_, S>,
    x: usize,
    y: usize,
) -> Result<Trace, Error> {
    let (count, height, width) = stack.dim();
    check_pixel(x, y, height, width)?;
    let column: Vec<f64> = (0..count).map(|frame| stack[[frame, y, x]].working().widen()).collect();
    let double = stacker.outtype == Outtype::Double || S::Working::BYTES == 8;
    let working = if double { Working::F64 } else { Working::F32 };
    let numbered = |i: usize| Numbered { name: format!("frame {}", i + 1), header: None };
    let numbered: Vec<Numbered<'_>> = (0..count).map(numbered).collect();
    let mut options = stacker.options_for(&numbered, stacker.options.products)?;
    let frames = Frames::new(stack);
    let source = ViewSource::new(&frames, stacker, S::in_place)?;
    let ncombine = vec![1.0; count];
    stacker
        .wanted()
        .resolve::<S::Working>(&source, &numbered, &ncombine, 1, &stacker.control()?)?
        .apply(&mut options);
    trace(&options, &column, &[], working)
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
    let (column, variances) = inputs.column(working, x, y)?;
    let working = if working == FitsWorking::F64 { Working::F64 } else { Working::F32 };
    trace(&options, &column, &variances, working)
}

fn check_pixel(x: usize, y: usize, height: usize, width: usize) -> Result<(), Error> {
    if x < width && y < height {
        return Ok(());
    }
    // In the words of FITS, which counts from 1.
    let message = format!("pixel is ({}, {}), needed (1, 1) to ({width}, {height})", x + 1, y + 1);
    Err(Error::new(ErrorKind::Parameter, message))
}

fn trace(options: &Options, column: &[f64], variances: &[f64], working: Working) -> Result<Trace, Error> {
    match working {
        Working::F32 => options.check::<f32>(column.len())?,
        Working::F64 => options.check::<f64>(column.len())?,
    }
    Ok(skystack_reference::trace(column, &setup(options, variances, working)))
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
        noise: &options.noise,
        variances,
        blank: options.blank,
        sigma: match options.sigma_rule {
            SigmaRule::Iraf => skystack_reference::SigmaRule::Iraf,
            SigmaRule::Scatter => skystack_reference::SigmaRule::Scatter,
            SigmaRule::Population => skystack_reference::SigmaRule::Population,
        },
        ..Setup::convention(Convention::Iraf, working)
    }
}
