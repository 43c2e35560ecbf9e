//! `skystack combine` and `skystack plan`.

mod of_frames;
mod unused;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use skystack::fits::Bitpix;
use skystack::{
    CountProduct, CubeProduct, ErrorKind, Level, OutputFiles, Outtype, Product, Stacker, ValueProduct, inputs,
};

use crate::args::{FrameArgs, OutputArgs, StackArgs};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Bar;
use crate::say::{mention, say, warn};
use crate::values::{Bytes, FrameNumbers, OffsetSource, VarianceSource};
use crate::{later, resolve};

/// Runs `combine`, or says how it would run.
pub(crate) fn run(args: &StackArgs, names: &[OsString], only_plan: bool) -> Result<(), Failure> {
    let mut job = Job::new(args, names)?;
    let only_plan = only_plan || args.machine.plan;
    let image = match (&args.output.output, only_plan) {
        (Some(path), _) => path.clone(),
        // A plan writes nothing; the name stands for the image in its accounts.
        (None, true) => PathBuf::from("out.fits"),
        (None, false) => return Err(Failure::usage("--output is missing (needed: --output OUT.fits)")),
    };
    let outputs = output_files(&image, &args.output, &args.frames.variance)?;
    if only_plan {
        return say(job.stacker.plan_files(&job.frames, &outputs).map_err(|e| job.explain(e))?);
    }
    if args.machine.verbose {
        mention(job.stacker.plan_files(&job.frames, &outputs).map_err(|e| job.explain(e))?);
    }
    let bar = Bar::new(&args.machine);
    if let Some(bar) = bar.clone() {
        job.stacker = job.stacker.on_progress(move |progress| bar.show(&progress));
    }
    let interrupt = Interrupt::watch()?;
    job.stacker = job.stacker.cancel(interrupt.flag());
    let outcome = job.stacker.run_files(&job.frames, outputs);
    if let Some(bar) = bar {
        bar.clear();
    }
    let report = outcome.map_err(|e| interrupt.explain().unwrap_or_else(|| job.explain(e)))?;
    if !args.machine.quiet {
        report.warnings.iter().for_each(warn);
        mention(&report);
    }
    Ok(())
}

/// What combine, plan and trace do before they differ.
pub(crate) struct Job {
    pub(crate) stacker: Stacker,
    pub(crate) frames: Vec<PathBuf>,
    /// Where numbers of frames were read, for messages.
    number_files: Vec<(&'static str, PathBuf)>,
}

impl Job {
    pub(crate) fn new(args: &StackArgs, names: &[OsString]) -> Result<Self, Failure> {
        later::refuse_later(args)?;
        unused::check(args)?;
        let convention = args.convention.unwrap_or_default();
        let grows = args.frames.grow >= 1.0;
        let rejection = resolve::rejection(args.reject, convention, &args.rejection, grows)?;
        bitpix(args.output.bitpix)?;
        let outtype = if args.output.bitpix == Some(-64) { Outtype::Double } else { Outtype::Real };
        let frames = inputs::expand(names)?;
        let grow = resolve::growth(args.frames.grow, &rejection, &args.rejection)?;
        let stacker = Stacker::new()
            .convention(convention)
            .reject(rejection)
            .combine(later::statistic(args.combine))
            .blank(resolve::blank(args.blank, args.convention))
            .grow(grow)
            .outtype(outtype)
            .level(
                Level::from_environment().map_err(|e| Failure::usage(format!("{}: {e}", Level::VARIABLE)))?,
            );
        let mut stacker = of_frames::apply(stacker, args)?;
        if let Some(limit) = threshold("lthreshold", args.lthreshold)? {
            stacker = stacker.lthreshold(limit);
        }
        if let Some(limit) = threshold("hthreshold", args.hthreshold)? {
            stacker = stacker.hthreshold(limit);
        }
        if let Some(Bytes(bytes)) = args.machine.mem_limit {
            stacker = stacker.mem_limit(bytes);
        }
        if let Some(threads) = args.machine.threads {
            stacker = stacker.threads(threads.get());
        }
        let file = |what, numbers: &FrameNumbers| match numbers {
            FrameNumbers::File(file) => Some((what, file.clone())),
            _ => None,
        };
        let FrameArgs { zero, scale, weight, offsets, .. } = &args.frames;
        let mut number_files: Vec<(&'static str, PathBuf)> =
            [file("zero", zero), file("scale", scale), file("weight", weight)]
                .into_iter()
                .flatten()
                .collect();
        if let OffsetSource::File(file) = offsets {
            number_files.push(("offsets", file.clone()));
        }
        Ok(Self { stacker, frames, number_files })
    }

    /// An error of the library; one about numbers of frames names the file that they come from.
    pub(crate) fn explain(&self, error: skystack::Error) -> Failure {
        let text = error.to_string();
        let file = self.number_files.iter().find(|(what, _)| text.starts_with(what));
        match file {
            Some((what, file)) if error.kind() == ErrorKind::Parameter => {
                Failure::usage(format!("{error} ({what} of {})", file.display()))
            }
            _ => error.into(),
        }
    }
}

fn threshold(flag: &str, value: Option<f64>) -> Result<Option<f64>, Failure> {
    match value {
        Some(v) if v.is_nan() => Err(Failure::usage(format!("--{flag} is NaN, needed a number"))),
        _ => Ok(value),
    }
}

fn output_files(image: &Path, args: &OutputArgs, variance: &VarianceSource) -> Result<OutputFiles, Failure> {
    let mut outputs = OutputFiles::new(image).overwrite(args.overwrite);
    if let Some(bitpix) = bitpix(args.bitpix)? {
        outputs = outputs.bitpix(bitpix);
    }
    if let Some(report) = &args.report {
        outputs = outputs.report(report);
    }
    let error = match variance {
        VarianceSource::None => ValueProduct::Empirical,
        _ => ValueProduct::Error,
    };
    let further: [(Product, &Option<PathBuf>); 7] = [
        (ValueProduct::Sigma.into(), &args.sigma),
        (error.into(), &args.error),
        (CountProduct::Nrej.into(), &args.nrej),
        (CountProduct::Count.into(), &args.count),
        (ValueProduct::Exposure.into(), &args.expmap),
        (CubeProduct::Rejmask.into(), &args.rejmask),
        (CountProduct::Dq.into(), &args.dq),
    ];
    for (product, path) in further {
        outputs = match path {
            Some(_) if args.mef => outputs.extension(product),
            Some(path) => outputs.product(product, path),
            None => outputs,
        };
    }
    Ok(outputs)
}

/// `--bitpix`, of those that this version writes.
fn bitpix(code: Option<i64>) -> Result<Option<Bitpix>, Failure> {
    match code {
        None => Ok(None),
        Some(16) => Ok(Some(Bitpix::I16)),
        Some(32) => Ok(Some(Bitpix::I32)),
        Some(-32) => Ok(Some(Bitpix::F32)),
        Some(-64) => Ok(Some(Bitpix::F64)),
        Some(code) => Err(Failure::usage(format!("--bitpix is {code}, needed 16, 32, -32 or -64"))),
    }
}
