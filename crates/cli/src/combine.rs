//! `skystack combine` and `skystack plan`.

mod of_frames;
mod unused;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use skystack::fits::{Bitpix, same_file};
use skystack::{
    CountProduct, CubeProduct, ErrorKind, Level, OutputFiles, Outtype, Product, Stacker, ValueProduct, inputs,
};

use crate::args::{FrameArgs, OutputArgs, StackArgs};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Bar;
use crate::resolve;
use crate::say::{mention, say, warn};
use crate::values::{Bytes, FrameNumbers, OffsetSource, VarianceSource};

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
    job.check_lists(&image, &args.output)?;
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
    /// Lists of names: of the inputs, of masks.
    lists: Vec<PathBuf>,
}

impl Job {
    pub(crate) fn new(args: &StackArgs, names: &[OsString]) -> Result<Self, Failure> {
        unused::check(args)?;
        let convention = args.convention.unwrap_or_default();
        let grows = args.frames.grow >= 1.0;
        let rejections = resolve::rejections(&args.reject, convention, &args.rejection, grows)?;
        bitpix(args.output.bitpix)?;
        let outtype = if args.output.bitpix == Some(-64) { Outtype::Double } else { Outtype::Real };
        let frames = inputs::expand(names)?;
        let grow = resolve::growth(args.frames.grow, &rejections, &args.rejection)?;
        let stacker = Stacker::new()
            .convention(convention)
            .combine(args.combine)
            .blank(resolve::blank(args.blank, args.convention))
            .grow(grow)
            .outtype(outtype)
            .level(
                Level::from_environment().map_err(|e| Failure::usage(format!("{}: {e}", Level::VARIABLE)))?,
            );
        let stacker = rejections.into_iter().fold(stacker, Stacker::then_reject);
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
        let FrameArgs { zero, scale, weight, reject_zero, reject_scale, offsets, mask, .. } = &args.frames;
        let given = [("zero", Some(zero)), ("scale", Some(scale)), ("weight", weight.as_ref())];
        let of_rejection = [("zero", reject_zero.as_ref()), ("scale", reject_scale.as_ref())];
        let given = given.into_iter().chain(of_rejection);
        let mut number_files: Vec<(&'static str, PathBuf)> =
            given.filter_map(|(what, numbers)| file(what, numbers?)).collect();
        if let OffsetSource::File(file) = offsets {
            number_files.push(("offsets", file.clone()));
        }
        let lists = names.iter().chain(mask).filter_map(inputs::list).collect();
        Ok(Self { stacker, frames, number_files, lists })
    }

    /// Refuses an output that would replace a list which this run has read.
    fn check_lists(&self, image: &Path, outputs: &OutputArgs) -> Result<(), Failure> {
        let OutputArgs { sigma, error, nrej, count, expmap, rejmask, dq, report, .. } = outputs;
        let further = [sigma, error, nrej, count, expmap, rejmask, dq, report].into_iter().flatten();
        let lists = || self.lists.iter().chain(self.number_files.iter().map(|(_, file)| file));
        for output in std::iter::once(image).chain(further.map(PathBuf::as_path)) {
            if lists().any(|list| same_file(list, output)) {
                let output = output.display();
                return Err(Failure::usage(format!(
                    "{output}: this output is a list of this run, needed another name"
                )));
            }
        }
        Ok(())
    }

    /// An error of the library; one about numbers of frames names the file that they come from.
    pub(crate) fn explain(&self, error: skystack::Error) -> Failure {
        let text = error.to_string();
        // Two where the rejection has its own: the error does not say which.
        let files = self.number_files.iter().filter(|(what, _)| text.starts_with(what));
        let files: Vec<String> = files.map(|(what, file)| format!("{what} of {}", file.display())).collect();
        if files.is_empty() || error.kind() != ErrorKind::Parameter {
            return error.into();
        }
        Failure::usage(format!("{error} ({})", files.join(" or ")))
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
