//! C1 to C3: order statistics.

use crate::Working;
use crate::column::Sample;

/// The set by rank: (value, frame number), rank 1 first (C1).
pub(crate) fn by_rank(set: &[Sample]) -> Vec<Sample> {
    let mut ranked = set.to_vec();
    ranked.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.frame.cmp(&b.frame)));
    ranked
}

/// Median (C2): the middle value, or T of the mean of the two middle ones.
pub(crate) fn median(set: &[Sample], working: Working) -> f64 {
    working.round(middle(&values(&by_rank(set))))
}

/// The value of rank ⌊(n+1)/2⌋ (C2).
pub(crate) fn lower_median(set: &[Sample]) -> f64 {
    let ranked = by_rank(set);
    let rank = set.len().div_ceil(2);
    ranked[rank - 1].y
}

/// Raw MAD, f64: the median of |y − c| with c the median of the same set (C3).
pub(crate) fn mad(set: &[Sample], working: Working) -> f64 {
    let c = median(set, working);
    let mut deviations: Vec<f64> = set.iter().map(|sample| (sample.y - c).abs()).collect();
    deviations.sort_by(f64::total_cmp);
    middle(&deviations)
}

/// Quantile q by linear interpolation at the 0-based position (n−1)·q (F3), f64.
pub(crate) fn quantile(set: &[Sample], q: f64) -> f64 {
    let sorted = values(&by_rank(set));
    let position = (sorted.len() - 1) as f64 * q;
    let below = position.floor();
    let a = sorted[below as usize];
    let b = sorted[(below as usize + 1).min(sorted.len() - 1)];
    // At a whole position the neighbour has no say, however far it is: 0 times an overflow would be NaN.
    if position == below { a } else { a + (position - below) * (b - a) }
}

/// Sₙ of Rousseeuw and Croux (F3), f64, without its factor: lomedᵢ himedⱼ |yᵢ − yⱼ|, j = i included.
pub(crate) fn sn(set: &[Sample]) -> f64 {
    let n = set.len();
    let rank_of = |mut of: Vec<f64>, rank: usize| {
        of.sort_by(f64::total_cmp);
        of[rank - 1]
    };
    let himed = |y: f64| rank_of(set.iter().map(|other| (y - other.y).abs()).collect(), n / 2 + 1);
    rank_of(set.iter().map(|sample| himed(sample.y)).collect(), n.div_ceil(2))
}

fn values(set: &[Sample]) -> Vec<f64> {
    set.iter().map(|sample| sample.y).collect()
}

/// The middle of sorted values, (a+b)·0.5 for an even count.
fn middle(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    let (a, b) = (sorted[(n - 1) / 2], sorted[n / 2]);
    // Equal values are their own mean: the sum would overflow above 9e307 (docs/decisions/0003).
    if a == b { a } else { (a + b) * 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    #[test]
    fn equal_values_rank_by_frame() {
        let frames: Vec<_> = by_rank(&samples(&[2.0, 1.0, 2.0, 1.0])).iter().map(|s| s.frame).collect();
        assert_eq!(frames, [1, 3, 0, 2]);
    }

    /// The mean of 1 and the next f32, 1 + 2⁻²³, is 1 + 2⁻²⁴: no f32, a tie, to even: 1.
    #[test]
    fn median_of_even_count_is_rounded_to_the_working_type() {
        let set = samples(&[1.0 + 2f64.powi(-23), 1.0]);
        assert_eq!(median(&set, Working::F32), 1.0);
        assert_eq!(median(&set, Working::F64), 1.0 + 2f64.powi(-24));
    }

    #[test]
    fn lower_median_is_a_sample() {
        let of = |values: &[f64]| lower_median(&samples(values));
        assert_eq!(
            (of(&[4.0]), of(&[4.0, 3.0]), of(&[5.0, 1.0, 3.0]), of(&[4.0, 2.0, 8.0, 6.0])),
            (4.0, 3.0, 3.0, 4.0)
        );
    }

    /// 1 2 4 8: median 3; deviations 2 1 1 5, sorted 1 1 2 5: MAD 1.5.
    #[test]
    fn mad_of_even_count() {
        assert_eq!(mad(&samples(&[8.0, 1.0, 4.0, 2.0]), Working::F64), 1.5);
    }

    /// Positions (n−1)q of 1 2 4 8: 0.75 and 2.25: 1 + 0.75·1 = 1.75 and 4 + 0.25·4 = 5.
    #[test]
    fn quartiles_interpolate() {
        let set = samples(&[8.0, 1.0, 4.0, 2.0]);
        assert_eq!((quantile(&set, 0.25), quantile(&set, 0.75)), (1.75, 5.0));
        assert_eq!((quantile(&set, 0.0), quantile(&set, 1.0)), (1.0, 8.0));
    }

    /// 1 2 4 8, himed = rank 3. |1−·| = 0 1 3 7: 3. |2−·| = 1 0 2 6: 2. |4−·| = 3 2 0 4: 3. |8−·| = 7 6 4 0: 6.
    /// lomed = rank 2 of 2 3 3 6: 3.
    #[test]
    fn sn_by_hand() {
        assert_eq!(sn(&samples(&[1.0, 2.0, 4.0, 8.0])), 3.0);
    }
}
