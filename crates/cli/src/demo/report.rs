//! The demo's words and tables.

use std::time::Duration;

use skystack::simulate::Simulated;

use super::Runs;
use super::figures::{Bin, Cell, Clip, Figure, Judged, Row};
use crate::failure::Failure;
// The results are still to be written: a reader who has left does not stop that.
use crate::say::say_on as say;

/// What was simulated.
pub(super) fn introduction(simulated: &Simulated, time: Duration) -> Result<(), Failure> {
    let (frames, height, width) = simulated.frames.dim();
    let scene = &simulated.scene;
    let level = scene.background_dn(width / 2);
    let noise = simulated.noise.rounded_variance_dn(level).sqrt();
    say(format_args!("A simulated night: {frames} frames of {width} x {height}, seed {}.", scene.seed))?;
    say(format_args!(
        "  sky {level:.0} DN ({} e-, gain {} e-/DN, read noise {} e-): noise {noise:.2} DN in one frame",
        scene.sky_e, scene.gain, scene.rdnoise_e
    ))?;
    say(format_args!(
        "  {} stars, {} trails, {} samples hit by cosmic rays or trails; made in {:.1} s",
        scene.stars,
        scene.trails,
        simulated.hits.len(),
        time.as_secs_f64()
    ))
}

/// Why a few hits are left in the picture.
pub(super) fn double_hits(simulated: &Simulated, k: f64) -> Result<(), Failure> {
    let pixels = simulated.hits_per_pixel().iter().filter(|&&hits| hits > 1).count();
    // Two equal outliers lie at most sqrt((n - 1)/2) of the pixel's own deviations from its median.
    let most = ((simulated.frames.dim().0 as f64 - 1.0) / 2.0).sqrt();
    let fate = if most > k { "can be caught" } else { "escape, and show in the picture as faint dots" };
    say(format_args!(
        "\n{pixels} pixels were hit in two frames or more. Two equal hits are at most {most:.2} sigma from the median of \
         their pixel:\nat {k} sigma they {fate}."
    ))
}

/// All tables and the verdict: does everything agree?
pub(super) fn table(judged: &Judged, runs: &Runs) -> Result<bool, Failure> {
    say(
        "\nNoise and bias on plain sky that nothing hit, and bias where one strong hit (> 30 sigma) struck:\n",
    )?;
    say(
        "                     noise    n x variance              bias [0.001 sigma]   bias where hit [sigma]     speed",
    )?;
    say(
        "                      [DN]   measured theory  ratio     measured theory      measured theory      Msamples/s",
    )?;
    judged.rows.iter().try_for_each(row)?;
    for clip in &judged.clips {
        completeness(clip, runs.k)?;
    }
    verdict(judged)
}

fn row(row: &Row) -> Result<(), Failure> {
    let ratio = match row.noise_factor {
        Cell::Judged(figure) => format!("{:7.4}", figure.measured / figure.expected),
        Cell::Measured(_) => format!("{:>7}", "-"),
    };
    let (noise, bias, hit) =
        (cell(row.noise_factor, 1.0, 4), cell(row.bias, 1e3, 2), cell(row.hit_bias, 1.0, 3));
    let (name, speed) = (row.name, row.msamples_a_second);
    say(format_args!("{name:<18} {:8.3} {noise} {ratio}  {bias}  {hit}  {speed:12.0}", row.noise_dn))
}

/// Measured and expected in units of 1/`factor`, with a mark where they disagree.
fn cell(cell: Cell, factor: f64, digits: usize) -> String {
    match cell {
        Cell::Judged(figure) => {
            let mark = if figure.agrees() { ' ' } else { '!' };
            format!(
                "{:9.digits$} {:8.digits$}{mark}",
                factor * figure.measured,
                tidy(factor * figure.expected)
            )
        }
        Cell::Measured(measured) => format!("{:9.digits$} {:>8} ", factor * measured, "-"),
    }
}

/// Without the minus sign of a zero.
fn tidy(value: f64) -> f64 {
    if value.abs() < 5e-4 { 0.0 } else { value }
}

fn completeness(clip: &Clip, k: f64) -> Result<(), Failure> {
    let rate = clip.false_rejection;
    say(format_args!("\n{} at {k} sigma, against theory ({}):", clip.name, clip.theory))?;
    say(format_args!(
        "  good samples rejected     {:>10} {:>10}   {:+.1} se",
        scientific(rate.measured),
        scientific(rate.expected),
        tenth(rate.deviation())
    ))?;
    say("  cosmic rays caught, by amplitude [sigma]")?;
    clip.bins.iter().try_for_each(bin)
}

fn bin(bin: &Bin) -> Result<(), Failure> {
    let range = format!("{} .. {}", bin.from, bin.to);
    let (measured, expected) = (bin.caught.measured, bin.caught.expected);
    let length = (measured * 30.0).round() as usize;
    let bar = if length > 0 { format!("  {}", "#".repeat(length)) } else { String::new() };
    say(format_args!(
        "  {range:>12} {:>7} hits {measured:10.4} {expected:10.4}   {:+.1} se{bar}",
        bin.hits,
        tenth(bin.caught.deviation())
    ))
}

/// Rounded to a tenth, without the minus sign of a zero.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0 + 0.0
}

/// A rate in few characters; plain zero stays plain.
fn scientific(rate: f64) -> String {
    if rate == 0.0 { "0".to_owned() } else { format!("{rate:.3e}") }
}

fn verdict(judged: &Judged) -> Result<bool, Failure> {
    let figures = judged.figures();
    let wrong: Vec<&(String, Figure)> = figures.iter().filter(|(_, figure)| !figure.agrees()).collect();
    for (name, figure) in &wrong {
        say(format_args!(
            "! {name}: {} against {}, {:+.1} se",
            figure.measured,
            figure.expected,
            figure.deviation()
        ))?;
    }
    if !judged.same_mask {
        say("! sigclip average and sigclip median rejected different samples: they must not")?;
    }
    let (right, all) = (figures.len() - wrong.len(), figures.len());
    let good = wrong.is_empty() && judged.same_mask;
    let word = if good { "Verdict: good." } else { "Verdict: NOT as theory says." };
    say(format_args!("\n{word} {right} of {all} figures lie within 5 standard errors (se) of theory."))?;
    Ok(good)
}
