//! `skystack combine` and `skystack plan`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use skystack::fits::Bitpix;
use skystack::{ErrorKind, Level, OutputFiles, Outtype, Stacker, Weight, inputs};

use crate::args::{OutputArgs, StackArgs};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Bar;
use crate::say::{mention, say, warn};
use crate::values::{Bytes, WeightSource};
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
    let outputs = output_files(&image, &args.output)?;
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
    /// Where the weights were read, for messages.
    weight_file: Option<PathBuf>,
}

impl Job {
    pub(crate) fn new(args: &StackArgs, names: &[OsString]) -> Result<Self, Failure> {
        later::refuse_later(args)?;
        let convention = args.convention.unwrap_or_default();
        let rejection = resolve::rejection(args.reject, convention, &args.rejection)?;
        bitpix(args.output.bitpix)?;
        let outtype = if args.output.bitpix == Some(-64) { Outtype::Double } else { Outtype::Real };
        let frames = inputs::expand(names)?;
        let mut stacker = Stacker::new()
            .convention(convention)
            .reject(rejection)
            .combine(later::statistic(args.combine)?)
            .weight(weight(&args.weight)?)
            .blank(resolve::blank(args.blank, args.convention))
            .outtype(outtype)
            .level(
                Level::from_environment().map_err(|e| Failure::usage(format!("{}: {e}", Level::VARIABLE)))?,
            );
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
        let weight_file = match &args.weight {
            WeightSource::File(file) => Some(file.clone()),
            _ => None,
        };
        Ok(Self { stacker, frames, weight_file })
    }

    /// An error of the library; one about weights names the file that they come from.
    pub(crate) fn explain(&self, error: skystack::Error) -> Failure {
        match &self.weight_file {
            Some(file) if error.kind() == ErrorKind::Parameter && error.to_string().starts_with("weight") => {
                Failure::usage(format!("{error} (weights of {})", file.display()))
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

fn output_files(image: &Path, args: &OutputArgs) -> Result<OutputFiles, Failure> {
    let mut outputs = OutputFiles::new(image).overwrite(args.overwrite);
    if let Some(bitpix) = bitpix(args.bitpix)? {
        outputs = outputs.bitpix(bitpix);
    }
    if let Some(path) = &args.sigma {
        outputs = outputs.sigma(path);
    }
    if let Some(path) = &args.nrej {
        outputs = outputs.nrej(path);
    }
    if let Some(path) = &args.count {
        outputs = outputs.count(path);
    }
    if let Some(path) = &args.rejmask {
        outputs = outputs.rejmask(path);
    }
    Ok(outputs)
}

/// `--bitpix`, of those that this version writes.
fn bitpix(code: Option<i64>) -> Result<Option<Bitpix>, Failure> {
    match code {
        None => Ok(None),
        Some(-32) => Ok(Some(Bitpix::F32)),
        Some(-64) => Ok(Some(Bitpix::F64)),
        Some(code) => Err(Failure::usage(format!("--bitpix is {code}, needed -32 or -64"))),
    }
}

fn weight(source: &WeightSource) -> Result<Weight, Failure> {
    match source {
        WeightSource::None | WeightSource::Later(_) => Ok(Weight::None),
        WeightSource::Exposure => Ok(Weight::Exposure),
        WeightSource::Keyword(keyword) => Ok(Weight::Keyword(keyword.clone())),
        WeightSource::File(file) => read_numbers(file).map(Weight::Given),
    }
}

/// One number a line. Whether there is one for each frame is known when the frames are open: a cube holds several.
fn read_numbers(path: &Path) -> Result<Vec<f64>, Failure> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::run(format!("{shown}: cannot read this list of numbers: {error}")))?;
    let mut numbers = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let value = line.split('#').next().unwrap_or_default().trim();
        if value.is_empty() {
            continue;
        }
        numbers.push(value.parse().map_err(|_| {
            Failure::run(format!("{shown}: line {} is {value:?}, needed one number a line", number + 1))
        })?);
    }
    Ok(numbers)
}
