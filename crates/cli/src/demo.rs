//! `skystack demo`: simulate a stack with known truth, combine it, judge the result by theory, show it.

mod figures;
mod montage;
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3};
use skystack::fits::Bitpix;
use skystack::simulate::{Scene, Simulated};
use skystack::{Center, Combine, CubeProduct, Products, Rejection, SigClip, Stacker};

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::files::{Made, fits_in_memory, write_bytes, write_plane};
use crate::interrupt::Interrupt;
use crate::say::mention;
use crate::simulate::{frame_header, write_frame};
use crate::values::Size;

/// One way to combine the stack, and what came out.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) image: Array2<f32>,
    /// 1 = sample not used; only where something can be rejected.
    pub(crate) rejmask: Option<Array3<u8>>,
    pub(crate) time: Duration,
}

/// The combinations of the demo, in the order of the table.
pub(crate) struct Runs {
    pub(crate) average: Run,
    pub(crate) median: Run,
    pub(crate) clip_average: Run,
    pub(crate) clip_median: Run,
    /// One pass about the mean: the clip whose theory is exact.
    pub(crate) one_pass: Run,
    /// Clipping factor of the three clips.
    pub(crate) k: f64,
}

/// Least side of a frame [pixels]: below, there is too little plain sky to measure noise on.
const LEAST_SIDE: usize = 64;

/// Runs the demo.
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    check_size(args)?;
    let interrupt = Interrupt::watch()?;
    let mut made = Made::default();
    made.folder(&args.dir)?;
    let started = Instant::now();
    let scene = Scene::new(args.frames.into(), args.size.height, args.size.width).seed(args.seed);
    let scene = scene.trails(usize::from(args.frames) / 4);
    let (simulated, runs, good) = interrupt.attend(move || measure(&scene))??;
    write_results(&args.dir, &simulated, &runs, &interrupt, &mut made)?;
    made.keep();
    mention(format_args!("\nfinished in {:.1} s", started.elapsed().as_secs_f64()));
    if good {
        Ok(())
    } else {
        Err(Failure::run("demo: figures differ from theory, see the lines that begin with !"))
    }
}

fn check_size(args: &DemoArgs) -> Result<(), Failure> {
    let Size { width, height } = args.size;
    if width.min(height) < LEAST_SIDE {
        return Err(Failure::usage(format!(
            "--size {width}x{height} is too small to measure noise on (needed: {LEAST_SIDE}x{LEAST_SIDE} or more)"
        )));
    }
    // A sample is four bytes and one in each of three masks; images and truth are another sixty bytes a pixel.
    let bytes = args.size.pixels().saturating_mul(7 * u128::from(args.frames) + 60);
    fits_in_memory(&format!("a demo of {} frames of {width}x{height}", args.frames), bytes)
}

/// Everything but the files: simulates, combines, prints the figures. True where all of them are as theory says.
fn measure(scene: &Scene) -> Result<(Simulated, Runs, bool), Failure> {
    let started = Instant::now();
    let simulated = scene.generate();
    report::introduction(&simulated, started.elapsed())?;
    let runs = combine_all(&simulated)?;
    let good = report::table(&figures::judge(&simulated, &runs), &runs)?;
    report::double_hits(&simulated, runs.k)?;
    Ok((simulated, runs, good))
}

/// The largest usual factor that a lone outlier can exceed in a stack of `frames` frames.
fn clipping_factor(frames: usize) -> f64 {
    match frames {
        15.. => 3.0,
        10..15 => 2.5,
        6..10 => 2.0,
        4..6 => 1.4,
        _ => 1.1,
    }
}

fn combine_all(simulated: &Simulated) -> Result<Runs, Failure> {
    let k = clipping_factor(simulated.frames.dim().0);
    let clip = SigClip::iraf().lsigma(k).hsigma(k);
    let once = SigClip::ccdproc().ddof(1).center(Center::Mean).lsigma(k).hsigma(k);
    Ok(Runs {
        average: combine(simulated, "average", Rejection::None, Combine::Average)?,
        median: combine(simulated, "median", Rejection::None, Combine::Median)?,
        clip_average: combine(simulated, "sigclip average", clip.into(), Combine::Average)?,
        clip_median: combine(simulated, "sigclip median", clip.into(), Combine::Median)?,
        one_pass: combine(simulated, "sigclip, one pass", once.into(), Combine::Average)?,
        k,
    })
}

fn combine(
    simulated: &Simulated,
    name: &'static str,
    rejection: Rejection,
    combine: Combine,
) -> Result<Run, Failure> {
    let stacker = Stacker::new().reject(rejection).combine(combine);
    let started = Instant::now();
    let image = stacker.run(simulated.frames.view())?.image;
    let time = started.elapsed();
    // The mask comes from a run of its own: the time is that of the image alone.
    let rejmask = match rejection {
        Rejection::None => None,
        _ => {
            let products = Products::NONE.with(CubeProduct::Rejmask);
            let combined = stacker.products(products).run(simulated.frames.view())?;
            combined.cube(CubeProduct::Rejmask).cloned()
        }
    };
    Ok(Run { name, image, rejmask, time })
}

fn write_results(
    dir: &Path,
    simulated: &Simulated,
    runs: &Runs,
    interrupt: &Interrupt,
    made: &mut Made,
) -> Result<(), Failure> {
    let shown = montage::frame_with_most_hits(simulated);
    let (result, single, picture) =
        (dir.join("demo.fits"), dir.join("demo_single.fits"), dir.join("demo.png"));
    let mut header = frame_header(&simulated.scene, 0)?;
    header.set("NCOMBINE", simulated.frames.dim().0 as i64, "frames combined")?;
    header.push_history("skystack demo: average after sigma clipping, convention iraf");
    write_plane(&result, runs.clip_average.image.view(), Bitpix::F32, header, true)?;
    made.file(&result);
    interrupt.check()?;
    let frame = simulated.frames.index_axis(ndarray::Axis(0), shown);
    write_frame(&single, frame, true, frame_header(&simulated.scene, shown)?, true)?;
    made.file(&single);
    interrupt.check()?;
    write_bytes(&picture, &montage::picture(simulated, runs, shown).png()?, true)?;
    mention(format_args!("\nlook at {}", picture.display()));
    mention(format_args!("  {}   the sigma-clipped average", result.display()));
    mention(format_args!("  {}   frame {shown} alone", single.display()));
    Ok(())
}
