//! `skystack simulate`: a stack with known truth as FITS files.

use std::fmt::Write as _;
use std::path::PathBuf;

use ndarray::ArrayView2;
use skystack::fits::{Bitpix, Header};
use skystack::simulate::{self, Scene, Simulated};

use crate::args::SimulateArgs;
use crate::failure::Failure;
use crate::files::{Made, fits_in_memory, none_exists, write_bytes, write_plane};
use crate::interrupt::Interrupt;
use crate::say::mention;
use crate::values::Size;

/// Writes frame000.fits ..., truth.fits and hits.txt.
pub(crate) fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let integers = match args.bitpix {
        16 => true,
        -32 => false,
        other => return Err(Failure::usage(format!("--bitpix is {other}, needed 16 or -32"))),
    };
    let (frames, size) = (args.frames as usize, args.size);
    room_for(frames, size)?;
    let interrupt = Interrupt::watch()?;
    let mut made = Made::default();
    made.folder(&args.dir)?;
    let name = |number: usize| args.dir.join(format!("frame{number:03}.fits"));
    let (truth, hits) = (args.dir.join("truth.fits"), args.dir.join("hits.txt"));
    if !args.overwrite {
        let mut all: Vec<PathBuf> = (0..frames).map(name).collect();
        all.extend([truth.clone(), hits.clone()]);
        none_exists(&all)?;
    }
    let seed = args.seed;
    let simulated = interrupt.attend(move || simulate::stack(frames, size.height, size.width, seed))?;
    for (number, frame) in simulated.frames.outer_iter().enumerate() {
        interrupt.check()?;
        let header = frame_header(&simulated.scene, number)?;
        write_frame(&name(number), frame, integers, header, args.overwrite)?;
        made.file(&name(number));
    }
    interrupt.check()?;
    let header = truth_header(&simulated.scene)?;
    write_plane(&truth, simulated.truth.view(), Bitpix::F64, header, args.overwrite)?;
    made.file(&truth);
    interrupt.check()?;
    write_bytes(&hits, list_of_hits(&simulated).as_bytes(), args.overwrite)?;
    made.keep();
    let (width, height, dir) = (size.width, size.height, args.dir.display());
    mention(format_args!(
        "{frames} frames of {width} x {height} and truth.fits in {dir}; {} samples hit, listed in hits.txt",
        simulated.hits.len()
    ));
    Ok(())
}

/// The whole stack is made in memory: four bytes a sample; the truth, the sky and a frame on its way to disk.
fn room_for(frames: usize, size: Size) -> Result<(), Failure> {
    let bytes = size.pixels().saturating_mul(4 * frames as u128 + 24);
    fits_in_memory(&format!("a simulation of {frames} frames of {}x{}", size.width, size.height), bytes)
}

/// Writes one frame: unsigned 16-bit integers (exact, frames hold whole numbers) or floats.
pub(crate) fn write_frame(
    path: &std::path::Path,
    frame: ArrayView2<'_, f32>,
    integers: bool,
    header: Header,
    overwrite: bool,
) -> Result<(), Failure> {
    if integers {
        write_plane(path, frame.mapv(|v| v as u16).view(), Bitpix::I16, header, overwrite)
    } else {
        write_plane(path, frame, Bitpix::F32, header, overwrite)
    }
}

/// What combining reads from a frame, and how it was made.
pub(crate) fn frame_header(scene: &Scene, number: usize) -> Result<Header, Failure> {
    let mut header = Header::new();
    header.set("OBJECT", format!("simulated sky {number:03}"), "")?;
    header.set("EXPTIME", scene.exposure_s, "[s] exposure time")?;
    header.set("GAIN", scene.gain, "[e-/DN]")?;
    header.set("RDNOISE", scene.rdnoise_e, "[e-]")?;
    header.push_history(&format!("skystack simulate, seed {}, frame {number}", scene.seed));
    Ok(header)
}

fn truth_header(scene: &Scene) -> Result<Header, Failure> {
    let mut header = Header::new();
    header.set("OBJECT", "truth of the simulated sky", "")?;
    header.set("BUNIT", "DN", "")?;
    header.push_history(&format!("skystack simulate, seed {}: expected value of every pixel", scene.seed));
    Ok(header)
}

/// `frame x y amplitude`, frame from 0 as in the file names, x and y from 1 as FITS counts.
fn list_of_hits(simulated: &Simulated) -> String {
    let mut text = String::from("# frame x y amplitude[DN]   (frame as in its name, x and y from 1)\n");
    for hit in &simulated.hits {
        let _ = writeln!(text, "{} {} {} {:.3}", hit.frame, hit.x + 1, hit.y + 1, hit.amplitude);
    }
    text
}
