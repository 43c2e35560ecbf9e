//! Our side of `cargo xtask compare`: does one job on a stack in memory when it is told to, and says how long it took.
//!
//! The driver (`xtask/compare/driver.py`) speaks to it line by line, so that our turns lie between those of the other
//! programs, in one process each, without start-up or files in any time:
//!
//! ```text
//! stack f32 31 512 512 PATH.npy     simulates a stack, keeps it, writes it for the others       -> ok
//! run sigclip-average astropy 2 -   runs a job (convention or -, threads, image.npy or -)        -> seconds 0.0123
//! ```
//!
//! What goes wrong is answered with `error MESSAGE`.
#![forbid(unsafe_code)]
// Answering is what this program is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use ndarray::{Array2, Array3, ArrayView3};
use skystack::roofline::{self, Summand};
use skystack::{Combine, Convention, Level, MinMax, Sample, SigClip, Stacker, madclip, simulate};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The stack that jobs run on.
enum Stack {
    None,
    F32(Array3<f32>),
    U16(Array3<u16>),
}

fn main() -> io::Result<()> {
    let mut stack = Stack::None;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match answer(&mut stack, &words) {
            Ok(text) => println!("{text}"),
            Err(error) => println!("error {error}"),
        }
        io::stdout().flush()?;
    }
    Ok(())
}

fn answer(stack: &mut Stack, words: &[&str]) -> Result<String> {
    match words {
        ["stack", name, frames, height, width, path] => {
            *stack = make(name, frames.parse()?, height.parse()?, width.parse()?, Path::new(path))?;
            Ok("ok".to_owned())
        }
        ["run", job, convention, threads, image] => {
            let (threads, image) = (threads.parse()?, (*image != "-").then_some(Path::new(*image)));
            let seconds = match stack {
                Stack::None => return Err("no stack yet, needed the command stack before run".into()),
                Stack::F32(stack) => run(stack.view(), job, convention, threads, image)?,
                Stack::U16(stack) => run(stack.view(), job, convention, threads, image)?,
            };
            Ok(format!("seconds {seconds:e}"))
        }
        _ => Err(format!("{words:?} is no command, needed stack or run with their words").into()),
    }
}

fn make(name: &str, frames: usize, height: usize, width: usize, path: &Path) -> Result<Stack> {
    let floats = simulate::stack(frames, height, width, 1).frames;
    let shape = [frames, height, width];
    match name {
        "f32" => {
            // As calibrated frames are: no whole numbers, so that sums round and the order of adding can show.
            let floats = floats.mapv(|dn| dn / 1.37);
            write_npy(path, "<f4", &shape, floats.iter().map(|v| v.to_le_bytes()))?;
            Ok(Stack::F32(floats))
        }
        "u16" => {
            let words = floats.mapv(|v| v as u16);
            write_npy(path, "<u2", &shape, words.iter().map(|v| v.to_le_bytes()))?;
            Ok(Stack::U16(words))
        }
        _ => Err(format!("type is {name}, needed f32 or u16").into()),
    }
}

/// Seconds of one job, its output's allocation included, as it is for the others.
fn run<S: Sample<Working = f32> + Summand>(
    stack: ArrayView3<'_, S>,
    job: &str,
    convention: &str,
    threads: usize,
    image: Option<&Path>,
) -> Result<f64> {
    if job == "plain-sum" {
        let begun = Instant::now();
        let mut out = Array2::from_elem((stack.dim().1, stack.dim().2), S::Sum::default());
        roofline::sum(stack, out.view_mut(), Level::from_environment()?, threads)?;
        return Ok(std::hint::black_box(begun.elapsed()).as_secs_f64());
    }
    let stacker = stacker(job, convention)?.threads(threads);
    let begun = Instant::now();
    let combined = stacker.run(stack)?;
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(path) = image {
        let shape = combined.image.shape();
        write_npy(path, "<f4", shape, combined.image.iter().map(|v: &f32| v.to_le_bytes()))?;
    }
    Ok(seconds)
}

fn stacker(job: &str, convention: &str) -> Result<Stacker> {
    let plain = Stacker::new();
    let combined = |combine| plain.clone().combine(combine);
    let named = || -> Result<Convention> {
        let all = [Convention::Astropy, Convention::Ccdproc, Convention::Imcombiners, Convention::Iraf];
        let found = all.into_iter().find(|known| known.to_string() == convention);
        found.ok_or_else(|| format!("convention is {convention}, needed one of {all:?}").into())
    };
    Ok(match job {
        "average" => plain,
        "sum" => combined(Combine::Sum),
        "min" => combined(Combine::Min),
        "max" => combined(Combine::Max),
        "median" => combined(Combine::Median),
        "minmax" => plain.reject(MinMax::new(1.0, 1.0)),
        "sigclip-average" => plain.reject(SigClip::convention(named()?)?),
        "sigclip-median" => combined(Combine::Median).reject(SigClip::convention(named()?)?),
        "madclip-average" => plain.reject(madclip(named()?)?),
        _ => return Err(format!("job is {job}, which is unknown").into()),
    })
}

/// numpy's format 1.0: magic, length of the header, the header as a Python dictionary, little-endian values.
fn write_npy<const B: usize>(
    path: &Path,
    descr: &str,
    shape: &[usize],
    values: impl Iterator<Item = [u8; B]>,
) -> Result<()> {
    let sides: Vec<String> = shape.iter().map(|side| format!("{side},")).collect();
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sides.join(" "));
    // Data begin at a multiple of 64 bytes; the header ends with a line feed.
    let before = 10;
    let padded = (before + header.len() + 1).next_multiple_of(64) - before;
    header = format!("{header:<width$}\n", width = padded - 1);
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&u16::try_from(header.len())?.to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for value in values {
        file.write_all(&value)?;
    }
    Ok(file.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation() {
        let folder = std::env::temp_dir().join(format!("skystack-engine-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (cube, image) = (folder.join("cube.npy"), folder.join("image.npy"));
        let mut stack = Stack::None;
        let mut say = |line: String| answer(&mut stack, &line.split(' ').collect::<Vec<_>>());
        assert!(say("run median - 1 -".into()).is_err());
        assert_eq!(say(format!("stack u16 12 4 40 {}", cube.display())).unwrap(), "ok");
        for job in
            ["plain-sum -", "average -", "minmax -", "sigclip-average astropy", "madclip-average astropy"]
        {
            assert!(say(format!("run {job} 1 -")).unwrap().starts_with("seconds "), "{job}");
        }
        say(format!("run sigclip-median imcombiners 1 {}", image.display())).unwrap();
        assert!(say("run sigclip-median idl 1 -".into()).is_err());
        assert!(say("walk".into()).is_err());
        for (path, bytes) in [(cube, 12 * 4 * 40 * 2), (image, 4 * 40 * 4)] {
            let file = std::fs::read(path).unwrap();
            assert!(file.starts_with(b"\x93NUMPY\x01\x00v\x00{'descr': '<"));
            assert_eq!(file.len(), 128 + bytes);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
