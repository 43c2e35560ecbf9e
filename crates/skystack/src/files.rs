//! Stacks in files: opening inputs, running the engine between a source and a sink of FITS rows.

mod layers;
mod open;

use std::path::Path;
use std::time::Instant;

use skystack_fits::{Bitpix, Physical, Stored, Working};
use skystack_plan::Plan;

pub(crate) use self::open::{Frame, Inputs};
use crate::output::{FileSink, Storage};
use crate::report::{self, Run};
use crate::warning::LowLevel;
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
    let started = Instant::now();
    let inputs = Inputs::open(inputs, stacker)?;
    inputs.check(stacker, outputs)?;
    match inputs.types(stacker, outputs)? {
        (Working::F32, bitpix) => run_as::<f32>(stacker, &inputs, outputs, bitpix, started),
        (Working::F64, bitpix) => run_as::<f64>(stacker, &inputs, outputs, bitpix, started),
    }
}

fn run_as<T: skystack_combine::WorkingType + Physical + Stored>(
    stacker: &Stacker,
    inputs: &Inputs,
    outputs: &OutputFiles,
    bitpix: Bitpix,
    started: Instant,
) -> Result<Report, Error> {
    let (frames, shape) = (inputs.frames.len(), inputs.shape());
    let plan = inputs.plan(stacker, outputs)?;
    let mut options = inputs.options(stacker, outputs)?;
    let (numbered, ncombine) = (inputs.numbered(), inputs.ncombine());
    let (normalised, statistics) =
        stacker.normalise_by::<T>(&plan, &mut options, inputs, &numbered, &ncombine)?;
    let blank = Inputs::integer_blank(stacker, bitpix)?;
    let storage = Storage { bitpix, floats: inputs.floats(stacker, bitpix), blank };
    let low = LowLevel::of(&options, frames);
    let mut sink = FileSink::create(outputs, storage, frames, shape, low)?;
    let summary = stacker.engine::<T>(&options, inputs, &mut sink, &plan)?;
    for image in &inputs.images {
        image.check_unchanged()?;
    }
    let run = Run {
        stacker,
        options: &options,
        products: outputs.further.iter().map(|(product, _)| *product).collect(),
        plan,
        level: stacker.run_level()?,
        shape,
        element_bytes: T::BYTES,
        frames: inputs.reports(),
        normalised: &normalised,
        started,
        statistics,
    };
    let mut report = run.report(summary, sink.levels);
    report.bytes_written = sink.bytes;
    report.warnings.extend(inputs.warnings());
    let shared = header::shared(stacker, &options, inputs, &report)?;
    let table = header::table(&report);
    let last = || {
        report.elapsed = started.elapsed();
        report.peak_memory = report::peak_memory();
        json_of(&report)
    };
    sink.finish(|product| header::of_product(&shared, product, blank), table, last)?;
    Ok(report)
}

/// The content of the report's file. Without the feature there is no such file.
fn json_of(report: &Report) -> Vec<u8> {
    #[cfg(feature = "json")]
    return report.to_json().into_bytes();
    #[cfg(not(feature = "json"))]
    {
        let _ = report;
        Vec::new()
    }
}
