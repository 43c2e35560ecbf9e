//! One output pixel, stage by stage, from the reference implementation.

use std::path::Path;

use ndarray::ArrayView3;
use skystack_combine::{Combine, Lmedian, Options, SigmaRule};
use skystack_fits::Working as FitsWorking;
use skystack_reference::{Setup, Working};
use skystack_simd::Element;

use crate::arrays::{self, Sample};
use crate::files::Inputs;
use crate::stacker::Outtype;
use crate::{Convention, Error, ErrorKind, Stacker, Trace};

pub(crate) fn array<S: Sample>(
    stacker: &Stacker,
    stack: ArrayView3<'_, S>,
    x: usize,
    y: usize,
) -> Result<Trace, Error> {
    let (frames, height, width) = stack.dim();
    check_pixel(x, y, height, width)?;
    let column: Vec<f64> = (0..frames).map(|frame| stack[[frame, y, x]].working().widen()).collect();
    let double = stacker.outtype == Outtype::Double || S::Working::BYTES == 8;
    let working = if double { Working::F64 } else { Working::F32 };
    trace(stacker, &column, arrays::weights(&stacker.weight, frames)?, working)
}

pub(crate) fn files<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    x: usize,
    y: usize,
) -> Result<Trace, Error> {
    let inputs = Inputs::open(inputs)?;
    let (height, width) = inputs.shape();
    check_pixel(x, y, height, width)?;
    let working = inputs.working(stacker.outtype);
    let column = inputs.column(working, x, y)?;
    let working = if working == FitsWorking::F64 { Working::F64 } else { Working::F32 };
    trace(stacker, &column, inputs.weights(&stacker.weight)?, working)
}

fn check_pixel(x: usize, y: usize, height: usize, width: usize) -> Result<(), Error> {
    if x < width && y < height {
        return Ok(());
    }
    // In the words of FITS, which counts from 1.
    let message = format!("pixel is ({}, {}), needed (1, 1) to ({width}, {height})", x + 1, y + 1);
    Err(Error::new(ErrorKind::Parameter, message))
}

fn trace(
    stacker: &Stacker,
    column: &[f64],
    weights: Option<Vec<f64>>,
    working: Working,
) -> Result<Trace, Error> {
    let options = Options { weights, ..stacker.options.clone() };
    match working {
        Working::F32 => options.check::<f32>(column.len())?,
        Working::F64 => options.check::<f64>(column.len())?,
    }
    Ok(skystack_reference::trace(column, &setup(&options, working)))
}

/// The options in the reference's own words: it shares no code with the kernels, and so no types of theirs.
fn setup(options: &Options, working: Working) -> Setup<'_> {
    Setup {
        rejections: &options.rejections,
        combine: match options.combine {
            Combine::Average => skystack_reference::Combine::Average,
            Combine::Median => skystack_reference::Combine::Median,
            Combine::Lmedian => skystack_reference::Combine::Lmedian,
            Combine::Sum => skystack_reference::Combine::Sum,
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
        blank: options.blank,
        sigma: match options.sigma_rule {
            SigmaRule::Iraf => skystack_reference::SigmaRule::Iraf,
            SigmaRule::Scatter => skystack_reference::SigmaRule::Scatter,
            SigmaRule::Population => skystack_reference::SigmaRule::Population,
        },
        ..Setup::convention(Convention::Iraf, working)
    }
}
