//! `skystack demo`: simulate a stack with known truth, combine it, judge the result by theory, show it.

mod figures;
mod montage;
mod report;

use std::path::Path;
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3};
use skystack::fits::Bitpix;
use skystack::simulate::{Scene, Simulated};
use skystack::{Center, Combine, Products, Rejection, SigClip, Stacker};

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::files::{make_folder, write_bytes, write_plane};
use crate::say::say;
use crate::simulate::{frame_header, write_frame};

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

/// Runs the demo.
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if args.size.width.saturating_mul(args.size.height) < 64 * 64 {
        let found = format!("--size {}x{}", args.size.width, args.size.height);
        return Err(Failure::usage(format!(
            "{found} is too small to measure noise on (needed: 64x64 or more)"
        )));
    }
    make_folder(&args.dir)?;
    let started = Instant::now();
    let scene = Scene::new(args.frames.into(), args.size.height, args.size.width).seed(args.seed);
    let simulated = scene.trails(usize::from(args.frames) / 4).generate();
    report::introduction(&simulated, started.elapsed())?;
    let runs = combine_all(&simulated)?;
    let good = report::table(&figures::judge(&simulated, &runs), &runs)?;
    report::double_hits(&simulated, runs.k)?;
    write_results(&args.dir, &simulated, &runs)?;
    say(format_args!("\nfinished in {:.1} s", started.elapsed().as_secs_f64()))?;
    if good {
        Ok(())
    } else {
        Err(Failure::run("demo: figures differ from theory, see the lines that begin with !"))
    }
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
            stacker
                .products(Products { rejmask: true, ..Products::default() })
                .run(simulated.frames.view())?
                .rejmask
        }
    };
    Ok(Run { name, image, rejmask, time })
}

fn write_results(dir: &Path, simulated: &Simulated, runs: &Runs) -> Result<(), Failure> {
    let shown = montage::frame_with_most_hits(simulated);
    let (result, single, picture) =
        (dir.join("demo.fits"), dir.join("demo_single.fits"), dir.join("demo.png"));
    let mut header = frame_header(&simulated.scene, 0)?;
    header.set("NCOMBINE", simulated.frames.dim().0 as i64, "frames combined")?;
    header.push_history("skystack demo: average after sigma clipping, convention iraf");
    write_plane(&result, runs.clip_average.image.view(), Bitpix::F32, header, true)?;
    let frame = simulated.frames.index_axis(ndarray::Axis(0), shown);
    write_frame(&single, frame, true, frame_header(&simulated.scene, shown)?, true)?;
    write_bytes(&picture, &montage::picture(simulated, runs, shown).png()?, true)?;
    say(format_args!("\nlook at {}", picture.display()))?;
    say(format_args!("  {}   the sigma-clipped average", result.display()))?;
    say(format_args!("  {}   frame {shown} alone", single.display()))
}
