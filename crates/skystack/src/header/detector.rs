//! GAINEFF and RDNEFF: gain and read noise that the result has as if it were one exposure (algorithms.md section 9).

use skystack_combine::{Combine, Options};
use skystack_fits::Header;
use skystack_reject::Noise;

use super::common;
use crate::files::Frame;
use crate::{Error, NoiseModel, Report, Stacker};

/// Sets them where all frames have one gain and one read noise, after scaling, and count the same.
pub(super) fn effective(
    header: &mut Header,
    stacker: &Stacker,
    options: &Options,
    frames: &[Frame],
    report: &Report,
) -> Result<(), Error> {
    let same = |of: fn(&crate::FrameReport) -> Option<f64>| {
        report.frames.windows(2).all(|pair| of(&pair[0]) == of(&pair[1]))
    };
    let by_sample = options.sample_weights || options.weigh_by_variance;
    if by_sample || !same(|frame| frame.scale) || !same(|frame| frame.weight) {
        return Ok(());
    }
    let Some((gain, rdnoise)) = of_frames(stacker, options, frames) else { return Ok(()) };
    // As EXPTIME: what gives no sample gives no electrons.
    let n = (0..frames.len()).filter(|frame| report.contributes(*frame)).count();
    let Some((gain, rdnoise)) = combined(options.combine, n as f64, gain, rdnoise) else {
        return Ok(());
    };
    header.set("GAINEFF", gain, "[e-/DN] effective gain")?;
    header.set("RDNEFF", rdnoise, "[e-] effective read noise")?;
    Ok(())
}

/// Gain (e⁻/DN) and read noise (e⁻) of all frames: the noise model, if one was given, else GAIN and RDNOISE of the headers.
fn of_frames(stacker: &Stacker, options: &Options, frames: &[Frame]) -> Option<(f64, f64)> {
    if stacker.noise != NoiseModel::default() {
        let Noise { gain, rdnoise, .. } = *options.noise.first()?;
        let agrees = |noise: &Noise| noise.gain == gain && noise.rdnoise == rdnoise;
        return options.noise.iter().all(agrees).then_some((gain, rdnoise));
    }
    let number = |keyword: &str| common(frames, |frame| frame.header().number(keyword));
    let (gain, rdnoise) = (number("GAIN")?, number("RDNOISE")?);
    (gain > 0.0 && rdnoise >= 0.0).then_some((gain, rdnoise))
}

/// Of `n` frames combined. Other statistics have no such numbers, nor has an image without samples.
fn combined(combine: Combine, n: f64, gain: f64, rdnoise: f64) -> Option<(f64, f64)> {
    if n == 0.0 {
        return None;
    }
    let of_mean = |n: f64| Some((n * gain, n.sqrt() * rdnoise));
    match combine {
        Combine::Average => of_mean(n),
        // Of one frame or two it is the mean.
        Combine::Median if n <= 2.0 => of_mean(n),
        Combine::Median | Combine::Lmedian => of_mean(2.0 * n / 3.0),
        Combine::Sum => Some((gain, n.sqrt() * rdnoise)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_specification() {
        assert_eq!(combined(Combine::Average, 4.0, 1.5, 3.0), Some((6.0, 6.0)));
        assert_eq!(combined(Combine::Median, 6.0, 1.5, 3.0), Some((6.0, 6.0)));
        assert_eq!(combined(Combine::Median, 2.0, 1.5, 3.0), combined(Combine::Average, 2.0, 1.5, 3.0));
        assert_eq!(combined(Combine::Sum, 4.0, 1.5, 3.0), Some((1.5, 6.0)));
        assert_eq!(combined(Combine::Max, 4.0, 1.5, 3.0), None);
    }
}
