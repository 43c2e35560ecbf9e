//! percentile: a fraction of the median (algorithms.md section 5.9).

use skystack_reject::Percentile;

use crate::column::Sample;
use crate::one_pass::{self, OnePass};
use crate::order::median;
use crate::outcome::{Context, Outcome, Pass, Side, Stop};
use crate::restore::must_keep;

/// Fewest samples that are looked at.
const MINCLIP: usize = 2;

/// Drops what is more than plow·|c| below or phigh·|c| above the median c.
pub(crate) fn reject(column: &[Sample], percentile: &Percentile, context: &Context) -> Outcome {
    let n = column.len();
    let k = must_keep(n, percentile.nkeep, percentile.maxrej);
    if n < MINCLIP.max(k + 1) {
        return Outcome::keeping_all(Stop::NotEnoughSamples);
    }
    let c = median(column, context.working);
    if c == 0.0 {
        return Outcome::keeping_all(Stop::ZeroSpread);
    }
    let (plow, phigh) = (percentile.plow, percentile.phigh);
    let side = |y: f64| match y {
        y if c - y > c.abs() * plow => Some(Side::Low),
        y if y - c > c.abs() * phigh => Some(Side::High),
        _ => None,
    };
    let pass = Pass::new(c, c.abs(), [plow, phigh], n);
    one_pass::reject(column, OnePass { pass, k, guard: n }, side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pixel, Setup, Working, pixel};
    use skystack_reject::Convention;

    fn of(column: &[f64], percentile: Percentile) -> Pixel {
        let rejections = [percentile.into()];
        let setup = Setup { rejections: &rejections, ..Setup::convention(Convention::Siril, Working::F64) };
        pixel(column, &setup)
    }

    /// Median 100, a quarter below 75, an eighth above 112.5: exact in binary, and equality keeps.
    #[test]
    fn equality_survives_on_both_sides() {
        let column = [75.0, 100.0, 112.5, 100.0, 74.9, 112.6, 100.0];
        let answer = of(&column, Percentile::new(0.25, 0.125));
        assert_eq!(answer.used, [true, true, true, true, false, false, true]);
        assert_eq!((answer.low, answer.high, answer.stop), (1, 1, Stop::SinglePass));
        assert_eq!((answer.passes[0].lower, answer.passes[0].upper), (75.0, 112.5));
    }

    /// Median −100: the fraction is of 100, so −130 is low and −85 high.
    #[test]
    fn a_negative_median_has_a_positive_width() {
        let answer = of(&[-100.0, -130.0, -85.0, -100.0, -100.0], Percentile::new(0.2, 0.1));
        assert_eq!((answer.used, answer.low, answer.high), (vec![true, false, false, true, true], 1, 1));
    }

    #[test]
    fn a_median_of_zero_and_one_sample_keep_everything() {
        let zero = of(&[-5.0, 0.0, 9.0], Percentile::new(0.0, 0.0));
        assert_eq!((zero.nrej, zero.stop), (0, Stop::ZeroSpread));
        assert_eq!(of(&[5.0], Percentile::new(0.0, 0.0)).stop, Stop::NotEnoughSamples);
    }

    /// 1 and 100: the median 50.5 is far from both, and both go. With nkeep = 1 one comes back: residuals are equal, 49.5/50.5,
    /// so both do.
    #[test]
    fn nothing_need_be_left_of_two() {
        let clip = Percentile::new(0.2, 0.1);
        assert_eq!((of(&[1.0, 100.0], clip).count, of(&[1.0, 100.0], clip.nkeep(1)).count), (0, 2));
    }

    /// 10 100 100 100 150 180: c = 100; three go with residuals 0.9, 0.5, 0.8. K = 5: 150, then 180; K = 4 by maxrej = 2.
    #[test]
    fn the_nearest_come_back() {
        let column = [10.0, 100.0, 180.0, 100.0, 100.0, 150.0];
        let clip = Percentile::new(0.2, 0.1);
        assert_eq!(of(&column, clip).used, [false, true, false, true, true, false]);
        let four = of(&column, clip.maxrej(2));
        assert_eq!((four.used, four.restored), (vec![false, true, false, true, true, true], 1));
        assert_eq!(of(&column, clip.nkeep(5)).used, [false, true, true, true, true, true]);
    }

    #[test]
    fn an_infinite_fraction_switches_its_side_off() {
        let answer = of(&[1.0, 100.0, 1000.0], Percentile::new(f64::INFINITY, 0.1));
        assert_eq!((answer.low, answer.high, answer.passes[0].lower), (0, 1, f64::NEG_INFINITY));
    }
}
