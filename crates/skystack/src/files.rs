//! Stacks in files: opening inputs, running the engine between a source and a sink of FITS rows.

mod layers;
mod open;

use std::path::Path;

use skystack_fits::{Bitpix, Physical, Stored, Working};
use skystack_plan::Plan;

use self::open::is_count;
pub(crate) use self::open::{Frame, Inputs};
use crate::output::FileSink;
use crate::{Error, OutputFiles, Report, Stacker, header};

/// The plan of a run.
pub(crate) fn plan<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    outputs: &OutputFiles,
) -> Result<Plan, Error> {
    let inputs = Inputs::open(inputs, stacker)?;
    inputs.check(stacker, outputs)?;
    inputs.plan(stacker, outputs)
}

/// A whole run.
pub(crate) fn run<P: AsRef<Path>>(
    stacker: &Stacker,
    inputs: &[P],
    outputs: &OutputFiles,
) -> Result<Report, Error> {
    let inputs = Inputs::open(inputs, stacker)?;
    inputs.check(stacker, outputs)?;
    match inputs.types(stacker, outputs)? {
        (Working::F32, bitpix) => run_as::<f32>(stacker, &inputs, outputs, bitpix),
        (Working::F64, bitpix) => run_as::<f64>(stacker, &inputs, outputs, bitpix),
    }
}

fn run_as<T: skystack_combine::WorkingType + Physical + Stored>(
    stacker: &Stacker,
    inputs: &Inputs,
    outputs: &OutputFiles,
    bitpix: Bitpix,
) -> Result<Report, Error> {
    let (frames, shape) = (inputs.frames.len(), inputs.shape());
    let plan = inputs.plan(stacker, outputs)?;
    let mut options = inputs.options(stacker, outputs)?;
    let control = stacker.control()?;
    let normalise = || {
        stacker.wanted().resolve::<T>(inputs, &inputs.numbered(), &inputs.ncombine(), plan.workers, &control)
    };
    let normalised = stacker.on_pool(&plan, normalise)??;
    normalised.apply(&mut options);
    let blank = Inputs::integer_blank(stacker, bitpix)?;
    let floats = if bitpix == Bitpix::F32 { bitpix } else { T::BITPIX };
    let mut sink = FileSink::create(outputs, (bitpix, floats), blank, frames, shape)?;
    let summary = stacker.engine::<T>(&options, inputs, &mut sink, &plan)?;
    for image in &inputs.images {
        image.check_unchanged()?;
    }
    let mut report = Report::new(stacker, plan, summary, shape, T::BYTES);
    report.frames = inputs.frames.iter().map(Frame::report).collect();
    normalised.tell(&mut report);
    for frame in &inputs.frames {
        if let Some(found) = frame.header().get_f64("NCOMBINE").filter(|n| !is_count(*n)) {
            report.warnings.push(format!("{}: NCOMBINE is {found}, counted as 1", frame.name()));
        }
    }
    let read_warnings = inputs.images.iter().flat_map(|image| image.warnings());
    report.warnings.extend(read_warnings.cloned());
    let shared = header::shared(stacker, inputs, &report)?;
    sink.finish(|product| header::of_product(&shared, product, blank))?;
    Ok(report)
}
