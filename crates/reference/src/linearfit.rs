//! linearfit: samples by rank should lie on a line (algorithms.md section 5.12).

use skystack_reject::{LineFit, LinearFit};

use crate::column::Sample;
use crate::order::{by_rank, median};
use crate::outcome::{Context, Dropped, Outcome, Pass, Side, Stop, by_side};
use crate::restore::{must_keep, nearest_of_last_pass};
use crate::sums::sum;

/// v = intercept + slope·(j − x̄), j the rank from 0, x̄ = (n−1)/2.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    intercept: f64,
    slope: f64,
}

/// Fits, drops what is far from the line, and again; then brings back until K are kept.
pub(crate) fn reject(column: &[Sample], linearfit: &LinearFit, context: &Context) -> Outcome {
    let k = must_keep(column.len(), linearfit.nkeep, linearfit.maxrej);
    let minclip = match linearfit.fit {
        LineFit::LeastSquares => 4,
        LineFit::LeastAbsolute => 5,
    };
    let (mut set, mut dropped, mut passes) = (column.to_vec(), vec![], Vec::<Pass>::new());
    let mut restored = vec![];
    let stop = loop {
        let (n, pass) = (set.len(), passes.len() + 1);
        if n < minclip.max(k + 1) {
            break match pass {
                1 => Stop::NotEnoughSamples,
                _ if n >= minclip => Stop::Nkeep,
                _ => Stop::TooFew,
            };
        }
        let c = median(&set, context.working);
        let ranked = by_rank(&set);
        let v = values_by_rank(&ranked, c);
        let (line, s) = fit(&v, linearfit.fit);
        if s == 0.0 {
            break Stop::ZeroSpread;
        }
        if !s.is_finite() {
            break Stop::NotFinite;
        }
        let gone: Vec<Dropped> = ranked
            .iter()
            .zip(&v)
            .filter_map(|(&sample, v)| {
                let e = residual(line, v, ranked.len());
                side(e, s, linearfit).map(|side| Dropped { sample, side, pass, residual: e.abs() / s })
            })
            .collect();
        set.retain(|sample| gone.iter().all(|gone| gone.sample.frame != sample.frame));
        // Each sample has a limit of its own.
        let (lower, upper) = (f64::NAN, f64::NAN);
        let (low, high) = by_side(&gone);
        passes.push(Pass { center: c, sigma: s, lower, upper, n, low, high, undone: false });
        if gone.is_empty() {
            break Stop::Converged;
        }
        if set.len() < k {
            restored = nearest_of_last_pass(&gone, set.len(), k);
        }
        dropped.extend(gone);
    };
    Outcome { dropped, restored, passes, ..Outcome::keeping_all(stop) }
}

/// v_j = y_(j+1) − c; the rank j stands in place of the frame, because the sums go by it (E6).
fn values_by_rank(ranked: &[Sample], c: f64) -> Vec<Sample> {
    ranked.iter().enumerate().map(|(j, sample)| Sample { frame: j, y: sample.y - c }).collect()
}

/// j − x̄.
fn position(v: &Sample, n: usize) -> f64 {
    v.frame as f64 - (n as f64 - 1.0) / 2.0
}

/// e_j.
fn residual(line: Line, v: &Sample, n: usize) -> f64 {
    v.y - (line.intercept + line.slope * position(v, n))
}

/// The line, and the unit of the factors.
fn fit(v: &[Sample], fit: LineFit) -> (Line, f64) {
    let n = v.len() as f64;
    match fit {
        LineFit::LeastSquares => {
            let line = least_squares(v);
            (line, sum_of_residuals(line, v) / n)
        }
        LineFit::LeastAbsolute => {
            let line = least_absolute(v);
            let b = line.slope;
            (line, 2.0 * (sum_of_residuals(line, v) / n) * (1.0 + b * b).sqrt())
        }
    }
}

fn sum_of_residuals(line: Line, v: &[Sample]) -> f64 {
    sum(v, |v_j| residual(line, &v_j, v.len()).abs())
}

/// A = SUM(v)/n, b = SUM((j − x̄)·v)/(n(n²−1)/12).
fn least_squares(v: &[Sample]) -> Line {
    let n = v.len() as f64;
    let slope = sum(v, |v_j| position(&v_j, v.len()) * v_j.y) / (n * (n * n - 1.0) / 12.0);
    Line { intercept: sum(v, |v_j| v_j.y) / n, slope }
}

/// Of the lines through two points the one with the least SUM|e|; of equal ones that with the smaller |slope|, then with the
/// smaller intercept.
fn least_absolute(v: &[Sample]) -> Line {
    let pairs =
        v.iter().enumerate().flat_map(|(i, first)| v[i + 1..].iter().map(move |second| (first, second)));
    let key = |line: Line| (sum_of_residuals(line, v), line.slope.abs(), line.intercept);
    let mut best = Line { intercept: f64::INFINITY, slope: f64::INFINITY };
    let mut key_of_best = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for (first, second) in pairs {
        let slope = (second.y - first.y) / (second.frame - first.frame) as f64;
        let line = Line { intercept: first.y - slope * position(first, v.len()), slope };
        // A NaN, of an overflow, is less than nothing.
        if key(line) < key_of_best {
            (best, key_of_best) = (line, key(line));
        }
    }
    best
}

/// Strict for least squares, inclusive for least absolute residuals; e = 0 is on no side.
fn side(e: f64, s: f64, linearfit: &LinearFit) -> Option<Side> {
    let beyond = |k: f64| match linearfit.fit {
        LineFit::LeastSquares => e.abs() > k * s,
        LineFit::LeastAbsolute => k.is_finite() && e.abs() / s >= k,
    };
    match e {
        e if e < 0.0 && beyond(linearfit.lsigma) => Some(Side::Low),
        e if e > 0.0 && beyond(linearfit.hsigma) => Some(Side::High),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::Convention;

    fn of(column: &[f64], linearfit: LinearFit) -> Pixel {
        let rejections = [linearfit.into()];
        let setup =
            Setup { rejections: &rejections, ..Setup::convention(Convention::Textbook, Working::F64) };
        pixel(column, &setup)
    }

    fn both(linearfit: LinearFit, factor: f64) -> LinearFit {
        linearfit.lsigma(factor).hsigma(factor)
    }

    /// 0 1 2 7: about the median 1.5: v = −1.5 −0.5 0.5 5.5; A = 1, b = (−1.5·−1.5 − 0.5·−0.5 + 0.5·0.5 + 1.5·5.5)/5 = 11/5;
    /// the line at −1.5 … 1.5 is −2.3 −0.1 2.1 4.3; e = 0.8 −0.4 −1.6 1.2, s = 4/4 = 1.
    #[test]
    fn least_squares_by_hand() {
        let v = values_by_rank(&samples(&[0.0, 1.0, 2.0, 7.0]), 1.5);
        let (line, s) = fit(&v, LineFit::LeastSquares);
        assert_eq!(line, Line { intercept: 1.0, slope: 11.0 / 5.0 });
        assert!((s - 1.0).abs() < 1e-15);
        // −1.6 is the furthest: an inner rank goes first.
        let answer = of(&[7.0, 2.0, 0.0, 1.0], both(LinearFit::textbook(), 1.5));
        assert_eq!((answer.used, answer.low, answer.stop), (vec![true, false, true, true], 1, Stop::TooFew));
    }

    /// A slope is no scatter: ten levels in steps of 10 and one far above.
    #[test]
    fn a_drift_is_kept_and_an_outlier_goes() {
        let mut column: Vec<f64> = (0..10).map(|i| f64::from(i) * 10.0).collect();
        assert_eq!(of(&column, both(LinearFit::textbook(), 2.0)).nrej, 0);
        column.push(900.0);
        let answer = of(&column, LinearFit::textbook());
        assert_eq!((answer.high, answer.low, answer.used[10]), (1, 0, false));
        assert_eq!(answer.passes.len(), 1);
    }

    /// 0 1 2 3 once more from the survivors: the line is exact, s is 0 or a rounding of it, and nothing goes.
    #[test]
    fn an_exact_line_rejects_nothing() {
        let exact = of(&[0.0, 1.0, 2.0, 3.0], both(LinearFit::textbook(), 0.5));
        assert_eq!((exact.nrej, exact.stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&[5.0; 6], LinearFit::textbook()).stop, Stop::ZeroSpread);
        assert_eq!(of(&[0.0, 0.0, 900.0], LinearFit::textbook()).stop, Stop::NotEnoughSamples);
        assert_eq!(of(&[-1.7e308, 1.7e308, 0.0, 1.0, 1.5e308], LinearFit::textbook()).stop, Stop::NotFinite);
    }

    /// 0 1 1 7: the equal values have ranks 2 and 3, and are different points.
    #[test]
    fn equal_values_need_not_share_their_fate() {
        // About the median 1: v = −1 0 0 6; A = 1.25, b = (1.5 + 9)/5 = 2.1; line −1.9 0.2 2.3 4.4; e = 0.9 −0.2 −2.3 1.6, s = 1.25.
        let answer = of(&[1.0, 7.0, 1.0, 0.0], both(LinearFit::textbook(), 1.5));
        assert_eq!(answer.used, [true, true, false, true]);
    }

    /// K = 4 of 4: no pass. Otherwise the least deviant samples of the last pass come back.
    #[test]
    fn the_nearest_of_the_last_pass_come_back() {
        assert_eq!(
            of(&[1.0, 7.0, 1.0, 0.0], both(LinearFit::textbook(), 1.5).nkeep(4)).stop,
            Stop::NotEnoughSamples
        );
        // e = 0.8 −0.4 −1.6 1.2 in units of s = 1, at 0.5: three go, nearest first 0 (0.8), 7 (1.2), 2 (1.6).
        let column = [7.0, 2.0, 0.0, 1.0];
        let clip = both(LinearFit::textbook(), 0.5);
        assert_eq!(of(&column, clip).used, [false, false, false, true]);
        assert_eq!(of(&column, clip.nkeep(2)).used, [false, false, true, true]);
        let three = of(&column, clip.maxrej(1));
        assert_eq!((three.used, three.restored), (vec![true, false, true, true], 2));
    }

    /// 0 1 2 3 100: the line through the first four has SUM|e| = 96, any other more. b = 1, s = 2·(96/5)·√2 = 54.3; 96/54.3 = 1.77.
    #[test]
    fn least_absolute_residuals_ignore_an_outlier() {
        let v = values_by_rank(&samples(&[0.0, 1.0, 2.0, 3.0, 100.0]), 2.0);
        let (line, s) = fit(&v, LineFit::LeastAbsolute);
        assert_eq!(line, Line { intercept: 0.0, slope: 1.0 });
        assert_eq!(s, 2.0 * (96.0 / 5.0) * 2f64.sqrt());
        let answer = of(&[100.0, 0.0, 2.0, 1.0, 3.0], both(LinearFit::pixinsight(), 1.7));
        assert_eq!((answer.high, answer.used[0], answer.stop), (1, false, Stop::TooFew));
        assert_eq!(of(&[100.0, 0.0, 2.0, 1.0, 3.0], both(LinearFit::pixinsight(), 1.8)).nrej, 0);
        assert_eq!(
            of(&[0.0, 0.0, 0.0, 90.0], both(LinearFit::pixinsight(), 0.1)).stop,
            Stop::NotEnoughSamples
        );
    }

    /// 0 0 1 1: flat lines at 0 and 1 and the slanted ones through ranks 1, 3 and 2, 4, 1, 4 and 2, 3: the sums are 2, 2, 1, 1, 2/3,
    /// 2 (e = 1 0 0 1). Least: through the ends, b = 1/3.
    #[test]
    fn the_least_sum_wins_and_ties_go_to_the_flatter_line() {
        let of = |values: &[f64]| least_absolute(&values_by_rank(&samples(values), 0.0));
        assert!((of(&[0.0, 0.0, 1.0, 1.0]).slope - 1.0 / 3.0).abs() < 1e-15);
        // 0 0 4: through ranks 1, 2 SUM|e| = 4; through 1, 3 it is 2, through 2, 3 it is 4.
        assert_eq!(of(&[0.0, 0.0, 4.0]), Line { intercept: 2.0, slope: 2.0 });
        // 0 0 0 4 4 4: b = 1: through ranks 1, 5 (e = 0 −1 −2 1 0 −1): 5; b = 4/5 through the ends: 0.8 1.6 1.6 0.8 = 4.8.
        assert!((of(&[0.0, 0.0, 0.0, 4.0, 4.0, 4.0]).slope - 0.8).abs() < 1e-15);
    }

    /// −e/s = 2 exactly: PixInsight drops it, least squares with its own s keeps it.
    #[test]
    fn only_least_absolute_is_inclusive() {
        let clip = |fit| LinearFit::textbook().fit(fit);
        assert_eq!(side(-2.0, 1.0, &both(clip(LineFit::LeastAbsolute), 2.0)), Some(Side::Low));
        assert_eq!(side(-2.0, 1.0, &both(clip(LineFit::LeastSquares), 2.0)), None);
        assert_eq!(side(0.0, 1.0, &both(clip(LineFit::LeastAbsolute), 0.0)), None);
        assert_eq!(side(9.0, 1.0, &both(clip(LineFit::LeastAbsolute), f64::INFINITY)), None);
    }
}
