//! Statistics of a sample in storage order (section 6.3); the sample is not empty and has no gaps.

use crate::Working;
use crate::column::Sample;
use crate::{moments, order, sums};

/// The sample as a set: entries take the place of frames (E1).
fn set(sample: &[f64]) -> Vec<Sample> {
    sample.iter().enumerate().map(|(frame, &y)| Sample { frame, y }).collect()
}

fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Mean (E3).
pub fn mean(sample: &[f64]) -> f64 {
    moments::mean(&set(sample))
}

/// Median (C2).
pub fn median(sample: &[f64], working: Working) -> f64 {
    order::median(&set(sample), working)
}

/// 0-based element ⌊n/2⌋ − 1 of the sorted sample: what IRAF takes for a median.
pub fn iraf_median(sample: &[f64]) -> f64 {
    sorted(sample)[(sample.len() / 2).max(1) - 1]
}

/// IRAF's mode; `integers`: step and bin are at least 1.
pub fn mode(sample: &[f64], integers: bool) -> f64 {
    let n = sample.len();
    let values = sorted(sample);
    // 1-based, as the rule is written.
    let a = |i: usize| values[i - 1];
    if n < 10 {
        return a((n / 2).max(1));
    }
    let (mut i, j) = (1 + 3 * n / 20, 1 + 17 * n / 20);
    let (z1, z2) = (a(i), a(j));
    if z1 == z2 {
        return z1;
    }
    let (mut step, mut bin) = (0.01 * (z2 - z1), 0.1 * (z2 - z1));
    if integers {
        (step, bin) = (step.max(1.0), bin.max(1.0));
    }
    let (mut k, mut best, mut mode) = (i, 0, z1);
    let mut t = 0.0;
    loop {
        let w = z1 + t * step;
        while i < j && a(i) < w {
            i += 1;
        }
        while k < j && a(k) < w + bin {
            k += 1;
        }
        if k - i > best {
            (best, mode) = (k - i, a((i + k) / 2));
        }
        if k >= j {
            return mode;
        }
        t += 1.0;
    }
}

/// Biweight location, c = 6.
pub fn biweight_location(sample: &[f64], working: Working) -> f64 {
    let set = set(sample);
    let (m, mad) = (order::median(&set, working), order::mad(&set, working));
    if mad == 0.0 {
        return m;
    }
    let weight = |s: Sample| {
        let u = (s.y - m) / (6.0 * mad);
        if u.abs() < 1.0 { (1.0 - u * u) * (1.0 - u * u) } else { 0.0 }
    };
    m + sums::sum(&set, |s| (s.y - m) * weight(s)) / sums::sum(&set, weight)
}

/// √ of the biweight midvariance, c = 9.
pub fn biweight_scale(sample: &[f64], working: Working) -> f64 {
    midvariance(&set(sample), working).sqrt()
}

fn midvariance(set: &[Sample], working: Working) -> f64 {
    let (m, mad) = (order::median(set, working), order::mad(set, working));
    if mad == 0.0 {
        return 0.0;
    }
    let square = |s: Sample| (s.y - m) / (9.0 * mad) * ((s.y - m) / (9.0 * mad));
    let counts = |s: Sample| ((s.y - m) / (9.0 * mad)).abs() < 1.0;
    let above = |s: Sample| {
        let w = 1.0 - square(s);
        if counts(s) { (s.y - m) * (s.y - m) * ((w * w) * (w * w)) } else { 0.0 }
    };
    let below = |s: Sample| if counts(s) { (1.0 - square(s)) * (1.0 - 5.0 * square(s)) } else { 0.0 };
    let (above, below) = (sums::sum(set, above), sums::sum(set, below));
    set.len() as f64 * above / (below * below)
}

/// Location and scale, "IKSS-lite". What is dropped keeps its place in the order of the sums.
pub fn ikss_lite(sample: &[f64], working: Working) -> (f64, f64) {
    let all = set(sample);
    let (m, d) = (order::median(&all, working), order::mad(&all, working));
    let kept: Vec<Sample> = all.into_iter().filter(|s| (s.y - m).abs() <= 6.0 * d).collect();
    (order::median(&kept, working), 0.991 * midvariance(&kept, working).sqrt())
}

/// Noise of the background: the population standard deviation of what 3σ clipping about the median leaves.
pub fn noise(sample: &[f64], working: Working) -> f64 {
    let mut kept = set(sample);
    loop {
        let c = order::median(&kept, working);
        let v = moments::variance_by_median(&kept, c, 0);
        let stays = |s: &Sample| v.is_infinite() || v.is_nan() || (s.y - c) * (s.y - c) <= 9.0 * v;
        let next: Vec<Sample> = kept.iter().copied().filter(stays).collect();
        if next.len() == kept.len() {
            return moments::variance_by_mean(&kept, 0).sqrt();
        }
        kept = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks 2 to 10 of eleven: 2 5 5.1 5.2 5.3 5.4 9 10 12; the first fullest window of 1 holds the fives, ranks 3 to 7: rank 5.
    #[test]
    fn mode_by_hand() {
        let sample = [40.0, 1.0, 12.0, 2.0, 10.0, 5.0, 9.0, 5.1, 5.4, 5.2, 5.3];
        assert_eq!(mode(&sample, false), 5.2);
        assert_eq!((mode(&[3.0, 1.0, 2.0], false), mode(&[7.0; 12], true)), (1.0, 7.0));
    }

    /// Ranks 4 to 18 of 0 1 1 2 2 3 3 3 3 4 4 4 4 4 5 5 6 7 8 9: with windows of 1 the fives of rank 10 to 14 win, rank 12.
    #[test]
    fn mode_of_integers_by_hand() {
        let sample = [0., 1., 1., 2., 2., 3., 3., 3., 3., 4., 4., 4., 4., 4., 5., 5., 6., 7., 8., 9.];
        assert_eq!(mode(&sample, true), 4.0);
    }

    #[test]
    fn positions_by_hand() {
        let sample = [4.0, 1.0, 3.0, 10.0];
        assert_eq!((mean(&sample), median(&sample, Working::F64), iraf_median(&sample)), (4.5, 3.5, 3.0));
        assert_eq!(iraf_median(&[2.0]), 2.0);
    }

    /// astropy: `biweight_location`, `biweight_scale` of 9 10 11 12 13 10⁶, and of what 6 MAD keep of it.
    #[test]
    fn astropy_agrees() {
        let sample = [9.0, 10.0, 11.0, 12.0, 13.0, 1e6];
        assert!((biweight_location(&sample, Working::F64) - 11.04985206713272).abs() < 1e-13);
        assert!((biweight_scale(&sample, Working::F64) - 1.688302701439887).abs() < 1e-14);
        let (location, scale) = ikss_lite(&sample, Working::F64);
        assert_eq!(location, 11.0);
        assert!((scale - 1.501966345061193).abs() < 1e-14);
        assert_eq!(biweight_scale(&[1.0, 1.0, 1.0, 5.0], Working::F64), 0.0);
        assert_eq!(biweight_location(&[1.0, 1.0, 1.0, 5.0], Working::F64), 1.0);
        assert_eq!(ikss_lite(&[1.0, 1.0, 1.0, 5.0], Working::F64), (1.0, 0.0));
    }

    #[test]
    fn noise_is_that_without_stars() {
        let mut sample = [9.0, 10.0, 11.0, 10.0].repeat(50);
        sample.extend([40.0, 500.0, 60_000.0]);
        assert_eq!(noise(&sample, Working::F32), 0.5f64.sqrt());
    }
}
