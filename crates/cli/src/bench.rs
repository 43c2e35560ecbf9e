//! `skystack bench`: the kernels on this machine beside a plain sum over the same memory, as a table, JSON and CSV.
//!
//! Each kernel is a whole call of the library on a simulated stack in memory, the making of its output included. Kernel and
//! plain sum take turns, so that what else the machine does hits both; medians are shown, with the middle half as spread.

mod facts;
mod json;
mod kernels;
mod measure;
mod report;

use std::path::PathBuf;

use ndarray::Array3;
use skystack::roofline::{self, Summand};
use skystack::{Level, Sample, simulate};

use crate::args::{BenchArgs, KernelName, TypeName, word};
use crate::failure::Failure;
use crate::files::{none_exists, write_bytes};
use crate::interrupt::Interrupt;
use crate::say::{say, say_on};
use facts::Facts;
use measure::{Effort, Paired, in_turn};
use report::Row;

/// Numbers of frames unless `--frames` says others.
const FRAMES: [u32; 9] = [5, 9, 15, 31, 63, 101, 301, 1001, 10001];
/// As above for 16-bit samples: they go through the same kernels, only their reading differs.
const FRAMES_OF_INTEGERS: [u32; 3] = [9, 31, 101];
const FRAMES_QUICK: [u32; 2] = [5, 31];

/// Bytes of a stack: about the largest cache of a server's share, so that few stacks come from a cache alone.
const STACK_BYTES: usize = 32 << 20;
const STACK_BYTES_QUICK: usize = 2 << 20;

/// How one run is set up.
struct Setup {
    level: Level,
    threads: usize,
    effort: Effort,
    stack_bytes: usize,
    kernels: Vec<KernelName>,
}

/// Measures, prints a line a kernel as it is there, and writes the files at the end.
pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let setup = setup(args)?;
    check_outputs(args)?;
    let interrupt = Interrupt::watch()?;
    let facts = Facts::look(setup.level, setup.threads, args.quick);
    say(&facts)?;
    say(report::HEADING)?;
    let mut rows = Vec::new();
    for (name, frames) in stacks(args) {
        interrupt.check()?;
        let of_stack = match name {
            TypeName::F32 => stack_rows(&setup, name, frames, |dn| dn, &interrupt)?,
            TypeName::U16 => stack_rows(&setup, name, frames, |dn| dn as u16, &interrupt)?,
            TypeName::F64 => stack_rows(&setup, name, frames, f64::from, &interrupt)?,
        };
        rows.extend(of_stack);
    }
    if let Some(path) = &args.json {
        write_bytes(path, report::json(&facts, &rows).as_bytes(), args.overwrite)?;
    }
    if let Some(path) = &args.csv {
        write_bytes(path, report::csv(&facts, &rows).as_bytes(), args.overwrite)?;
    }
    Ok(())
}

/// Minutes of measuring are not to end in an error that could have been had before.
fn check_outputs(args: &BenchArgs) -> Result<(), Failure> {
    let outputs: Vec<PathBuf> = [&args.json, &args.csv].into_iter().flatten().cloned().collect();
    if let [json, csv] = outputs.as_slice()
        && json == csv
    {
        return Err(Failure::usage(format!(
            "--json and --csv are both {}, needed two files",
            json.display()
        )));
    }
    for path in &outputs {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Failure::run(format!("{}: its folder is not there", path.display())));
        }
    }
    if args.overwrite { Ok(()) } else { none_exists(&outputs) }
}

fn setup(args: &BenchArgs) -> Result<Setup, Failure> {
    let level = match args.level {
        Some(level) if !level.is_available() => {
            let known: Vec<String> = Level::available().map(|level| level.to_string()).collect();
            let message = format!("--level is {level}, needed one that this CPU has: {}", known.join(", "));
            return Err(Failure::usage(message));
        }
        Some(level) => level,
        None => Level::from_environment()
            .map_err(|error| Failure::usage(format!("{}: {error}", Level::VARIABLE)))?,
    };
    let (threads, cores) = (args.threads.get(), skystack::machine().cores);
    if threads > cores {
        let message = format!("--threads is {threads}, needed at most {cores}, the cores of this machine");
        return Err(Failure::usage(message));
    }
    Ok(Setup {
        level,
        threads,
        effort: if args.quick { Effort::QUICK } else { Effort::FULL },
        stack_bytes: if args.quick { STACK_BYTES_QUICK } else { STACK_BYTES },
        kernels: if args.kernel.is_empty() { kernels::all() } else { args.kernel.clone() },
    })
}

/// Type and number of frames of each stack, in the order of the table.
fn stacks(args: &BenchArgs) -> Vec<(TypeName, usize)> {
    let types: &[TypeName] = match (args.types.as_slice(), args.quick) {
        ([], false) => &[TypeName::F32, TypeName::U16],
        ([], true) => &[TypeName::F32],
        (given, _) => given,
    };
    let mut all = Vec::new();
    for &name in types {
        let default: &[u32] = match (args.quick, name) {
            (true, _) => &FRAMES_QUICK,
            (false, TypeName::U16) if args.types.is_empty() => &FRAMES_OF_INTEGERS,
            (false, _) => &FRAMES,
        };
        let frames = if args.frames.is_empty() { default } else { &args.frames };
        all.extend(frames.iter().map(|&frames| (name, frames as usize)));
    }
    all
}

/// Rows and columns so that a stack has about `bytes`: square, a multiple of 16, never less than 32 columns and a row.
fn shape(frames: usize, sample_bytes: usize, bytes: usize) -> (usize, usize) {
    let pixels = bytes / (frames * sample_bytes);
    let width = (pixels.isqrt() / 16 * 16).max(32);
    // Wider than high only where the width is at its least.
    ((pixels / width).clamp(1, width), width)
}

/// The roofline and every kernel on one stack.
fn stack_rows<S: Sample + Summand>(
    setup: &Setup,
    type_name: TypeName,
    frames: usize,
    of_dn: impl Fn(f32) -> S,
    interrupt: &Interrupt,
) -> Result<Vec<Row>, Failure> {
    let (height, width) = shape(frames, size_of::<S>(), setup.stack_bytes);
    let simulated = interrupt.attend(move || simulate::stack(frames, height, width, 1).frames)?;
    let stack: Array3<S> = simulated.mapv(of_dn);
    drop(simulated);
    let row = |kernel: String, times: &Paired, of_sum: bool| {
        let bytes = size_of::<S>();
        Row::new(kernel, (&word(type_name), setup.level), (frames, height, width), bytes, times, of_sum)
    };
    let mut rows = Vec::new();
    let mut out = ndarray::Array2::from_elem((height, width), S::Sum::default());
    let mut sum = || Ok(roofline::sum(stack.view(), out.view_mut(), setup.level, setup.threads)?);
    let mut copied = stack.clone();
    let mut copy = || Ok(roofline::copy(stack.view(), copied.view_mut(), setup.threads)?);
    let roof = in_turn(setup.effort, &mut copy, &mut sum)?;
    for (name, of_sum) in [("plain sum", true), ("copy", false)] {
        rows.push(row(name.to_owned(), &roof, of_sum));
    }
    drop(copied);
    rows.iter().try_for_each(say_on)?;
    for &kernel in &setup.kernels {
        interrupt.check()?;
        let stacker = kernels::stacker(kernel).threads(setup.threads).level(setup.level);
        let times = in_turn(setup.effort, &mut || Ok(stacker.run(stack.view())?), &mut sum)?;
        let row = row(word(kernel), &times, false);
        say_on(&row)?;
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_square_and_about_as_large_as_wanted() {
        assert_eq!(shape(31, 4, STACK_BYTES), (512, 512));
        assert_eq!(shape(5, 4, STACK_BYTES), (1280, 1280));
        assert_eq!(shape(1001, 4, STACK_BYTES), (80, 80));
        assert_eq!(shape(10001, 4, STACK_BYTES), (26, 32));
        assert_eq!(shape(100_000, 8, STACK_BYTES_QUICK), (1, 32));
        for frames in [3, 9, 15, 63, 101, 301, 5000] {
            let (height, width) = shape(frames, 2, STACK_BYTES);
            let bytes = frames * height * width * 2;
            assert!((STACK_BYTES * 6 / 10..=STACK_BYTES).contains(&bytes), "{frames}: {bytes}");
        }
    }
}
