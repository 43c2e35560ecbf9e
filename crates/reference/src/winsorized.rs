//! winsorized: clipping by a scatter of winsorised values (algorithms.md section 5.11).

use skystack_reject::{Winsorized, WinsorizedRule};

use crate::Working;
use crate::column::Sample;
use crate::moments::{mean, variance_by_mean, variance_by_median};
use crate::order::{median, sn};
use crate::outcome::{Context, Dropped, Outcome, Pass, Stop, f1};
use crate::spread::SN_FACTOR;

/// Winsorised values lie within this many s of the centre.
const REACH: f64 = 1.5;
/// Turns the standard deviation of Gaussian data winsorised at ±1.5 into that of the data, 1/0.8823, rounded up.
const FACTOR: f64 = 1.134;
/// Relative change of s at which the rounds end.
const STILL: f64 = 0.0005;
/// Most rounds.
const ROUNDS: usize = 100;

/// Centre and scatter of a pass, or why there is no test.
type Estimate = Result<(f64, f64), Stop>;

/// Estimates, drops by F1, and again.
pub(crate) fn reject(column: &[Sample], winsorized: &Winsorized, context: &Context) -> Outcome {
    let minimum = match winsorized.rule {
        WinsorizedRule::Median => 4,
        WinsorizedRule::MovingMean { .. } => 3,
    };
    let factors = [winsorized.lsigma, winsorized.hsigma];
    let (mut set, mut dropped, mut passes) = (column.to_vec(), vec![], vec![]);
    let stop = loop {
        let (n, pass) = (set.len(), passes.len() + 1);
        if n < minimum {
            break if pass == 1 { Stop::NotEnoughSamples } else { Stop::TooFew };
        }
        let estimate = match winsorized.rule {
            WinsorizedRule::Median => about_median(&set, context.working),
            WinsorizedRule::MovingMean { cutoff } => about_moving_mean(&set, cutoff, pass, context.working),
        };
        let (c, s) = match estimate {
            Ok(estimate) => estimate,
            Err(stop) => break stop,
        };
        let gone: Vec<Dropped> =
            set.iter().filter_map(|&sample| f1(sample, c, s * s, factors, pass)).collect();
        passes.push(Pass::new(c, s, factors, n).dropping(&gone));
        set.retain(|sample| gone.iter().all(|gone| gone.sample.frame != sample.frame));
        if gone.is_empty() {
            break Stop::Converged;
        }
        dropped.extend(gone);
    };
    Outcome { dropped, passes, ..Outcome::keeping_all(stop) }
}

/// A: the centre is the median and stays; s starts as the standard deviation about the mean.
fn about_median(set: &[Sample], working: Working) -> Estimate {
    let m = median(set, working);
    let mut s = usable(variance_by_median(set, m, 1).sqrt())?;
    let mut w = set.to_vec();
    for _ in 0..ROUNDS {
        w = clamp(&w, m, s);
        let s0 = s;
        s = usable(FACTOR * variance_by_mean(&w, 1).sqrt())?;
        if (s - s0).abs() <= STILL * s0 {
            break;
        }
    }
    with_variance(m, s)
}

/// B: the centre starts as the median and becomes the mean of the winsorised values; s starts from Sₙ.
fn about_moving_mean(set: &[Sample], cutoff: f64, pass: usize, working: Working) -> Estimate {
    let mut c = median(set, working);
    let mut s = usable(SN_FACTOR * sn(set))?;
    let mut w = set.to_vec();
    if pass == 1 {
        w = replace(&w, c, cutoff * s);
    }
    for round in 1..=ROUNDS {
        w = clamp(&w, c, s);
        let s0 = s;
        c = mean(&w);
        s = usable(FACTOR * variance_by_mean(&w, 1).sqrt())?;
        if round >= 2 && (s - s0).abs() < STILL * s0 {
            break;
        }
    }
    with_variance(c, s)
}

/// Values further than `most` from c become c.
fn replace(set: &[Sample], c: f64, most: f64) -> Vec<Sample> {
    let value = |s: &Sample| if (s.y - c).abs() > most { c } else { s.y };
    set.iter().map(|s| Sample { y: value(s), ..*s }).collect()
}

/// Values outside c ± 1.5 s become its ends.
fn clamp(set: &[Sample], c: f64, s: f64) -> Vec<Sample> {
    let (lo, hi) = (c - REACH * s, c + REACH * s);
    let value = |y: f64| {
        if y < lo {
            lo
        } else if y > hi {
            hi
        } else {
            y
        }
    };
    set.iter().map(|s| Sample { y: value(s.y), ..*s }).collect()
}

/// s = 0 stops, and by F4 so does what is not finite.
fn usable(s: f64) -> Result<f64, Stop> {
    match s {
        0.0 => Err(Stop::ZeroSpread),
        s if s.is_finite() => Ok(s),
        _ => Err(Stop::NotFinite),
    }
}

/// F4 and F5 for V = s·s.
fn with_variance(c: f64, s: f64) -> Estimate {
    usable(s * s)?;
    if c.is_finite() { Ok((c, s)) } else { Err(Stop::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Pixel, Setup, pixel};
    use skystack_reject::Convention;

    const T: Working = Working::F64;

    fn of(column: &[f64], winsorized: Winsorized) -> Pixel {
        let rejections = [winsorized.into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Textbook, T) };
        pixel(column, &setup)
    }

    /// −1 −1 0 1 1 and 100, in the middle 0.5. By hand the scatter falls from 41 round after round, because the outlier is
    /// pulled to 1.5 of it: it stands still near 1.134·√(sd² of −1 −1 0 1 1 w) with w = 0.5 + 1.5 s.
    #[test]
    fn the_scatter_forgets_an_outlier() {
        let set = samples(&[-1.0, 0.0, 1.0, 100.0, 1.0, -1.0]);
        let (m, s) = about_median(&set, T).unwrap();
        assert_eq!(m, 0.5);
        let w = [-1.0, 0.0, 1.0, (0.5 + 1.5 * s).min(100.0), 1.0, -1.0];
        let mean = w.iter().sum::<f64>() / 6.0;
        let fixed = 1.134 * (w.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / 5.0).sqrt();
        // The rounds end when s moves by less than 0.0005 of itself; each moves it by about a third of the last step.
        assert!((s / fixed - 1.0).abs() < 0.0005, "{s} {fixed}");
        assert!(s < 3.0, "{s}");
        assert_eq!(of(&[-1.0, 0.0, 1.0, 100.0, 1.0, -1.0], Winsorized::textbook()).high, 1);
    }

    /// One round by hand: 0 0 0 0 8, m = 0, s = √(64·(4/5)/4) = √12.8 = 3.5777; hi = 5.3666; w = 0 0 0 0 5.3666, of which the mean is
    /// a fifth and s = 1.134·√(hi²·(4/5)/4) = 1.134·0.4472·hi = 2.7215 < 3.5777: so it shrinks by 1.134·0.4472·1.5 = 0.7607 each
    /// round, for ever. After 100 rounds it is far below the factor at which 8 stays.
    #[test]
    fn a_lone_outlier_shrinks_the_scatter_until_the_cap() {
        let set = samples(&[0.0, 0.0, 8.0, 0.0, 0.0]);
        let (_, s) = about_median(&set, T).unwrap();
        let first = 1.134 * 0.2f64.sqrt() * (1.5 * 12.8f64.sqrt());
        let expected = first * (1.134 * 0.2f64.sqrt() * 1.5).powi(99);
        assert!((s / expected - 1.0).abs() < 1e-9, "{s} {expected}");
        assert_eq!(
            of(&[0.0, 0.0, 8.0, 0.0, 0.0], Winsorized::textbook()).used,
            [true, true, false, true, true]
        );
    }

    #[test]
    fn clamping_is_cumulative_and_inclusive() {
        let ys = |set: Vec<Sample>| set.iter().map(|s| s.y).collect::<Vec<_>>();
        assert_eq!(ys(clamp(&samples(&[-9.0, 4.0, 7.0, 8.0, 20.0]), 7.0, 2.0)), [4.0, 4.0, 7.0, 8.0, 10.0]);
        assert_eq!(ys(replace(&samples(&[-9.0, 4.0, 10.0]), 7.0, 3.0)), [7.0, 4.0, 10.0]);
    }

    /// c = 3, Sₙ of 1 2 3 4 60: himed (rank 3) of |yᵢ−yⱼ|: 2 1 1 2 57, lomed (rank 3): 2: s = 2.3852. 60 is beyond 5 s and becomes 3;
    /// then nothing is beyond 1.5 s = 3.58. Round 1: the mean is 13/5, s = 1.134·sd(1 2 3 4 3) = 1.2929. Round 2: c ± 1.9394 =
    /// 0.6606 … 4.5394: nothing is clamped, so c and s stay, and the rounds end.
    #[test]
    fn the_moving_mean_by_hand() {
        let set = samples(&[1.0, 60.0, 3.0, 4.0, 2.0]);
        let (c, s) = about_moving_mean(&set, 5.0, 1, T).unwrap();
        assert!((c - 2.6).abs() < 1e-15 && (s - 1.134 * 1.3f64.sqrt()).abs() < 1e-15, "{c} {s}");
        // In later passes 60 is only clamped.
        let (later, _) = about_moving_mean(&set, 5.0, 2, T).unwrap();
        assert!(later > 2.7, "{later}");
        let answer = of(&[1.0, 60.0, 3.0, 4.0, 2.0], Winsorized::pixinsight());
        assert_eq!((answer.used, answer.high), (vec![true, false, true, true, true], 1));
    }

    #[test]
    fn equal_samples_and_few_samples_are_left_alone() {
        let few = of(&[0.0, 0.0, 900.0], Winsorized::textbook());
        assert_eq!((few.nrej, few.stop), (0, Stop::NotEnoughSamples));
        assert_eq!(of(&[3.0; 5], Winsorized::textbook()).stop, Stop::ZeroSpread);
        // Sₙ is 0 where more than half are equal.
        assert_eq!(of(&[3.0, 3.0, 3.0, 9.0], Winsorized::pixinsight()).stop, Stop::ZeroSpread);
        assert_eq!(of(&[-1e300, 1e300, 0.0, 1.0], Winsorized::textbook()).stop, Stop::NotFinite);
    }

    #[test]
    fn an_infinite_factor_switches_its_side_off() {
        let column = [-1.0, 0.0, 1.0, 100.0, 1.0, -1.0];
        assert_eq!(of(&column, Winsorized::textbook().hsigma(f64::INFINITY)).nrej, 0);
    }
}
