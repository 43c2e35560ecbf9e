//! Which pixels a statistic looks at (section 6.3).

use std::ops::Range;

/// The pixels of a frame, NaN where there is none, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// Values, f64 equal to values of T.
    pub data: &'a [f64],
    /// Pixels of a row.
    pub width: usize,
}

/// The valid samples of every j-th row and pixel of a section, pixels and rows from 0: IRAF's j, or 1 for `all`.
pub fn sample(
    image: Image<'_>,
    columns: Range<usize>,
    rows: Range<usize>,
    all: bool,
    (lthreshold, hthreshold): (Option<f64>, Option<f64>),
) -> Vec<f64> {
    let count = |j: usize| columns.clone().step_by(j).count() * rows.clone().step_by(j).count();
    let j = if all { 1 } else { (1..10).find(|&j| count(j) < 100_000).unwrap_or(10) };
    let mut sample = Vec::new();
    for y in rows.step_by(j) {
        for x in columns.clone().step_by(j) {
            let value = image.data[y * image.width + x];
            let low = lthreshold.is_none_or(|limit| value >= limit);
            let high = hthreshold.is_none_or(|limit| value <= limit);
            if value.is_finite() && low && high {
                sample.push(value + 0.0);
            }
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_gaps_leave_the_rest_in_order() {
        let image = Image { data: &[9.0, 1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0, 7.0], width: 4 };
        assert_eq!(sample(image, 1..4, 0..2, false, (Some(2.0), Some(6.0))), [2.0, 5.0, 6.0]);
    }

    /// 400 × 300 = 120 000 pixels: every second one of every second row.
    #[test]
    fn large_sections_are_thinned() {
        let data: Vec<f64> = (0..400 * 300).map(f64::from).collect();
        let image = Image { data: &data, width: 400 };
        let found = sample(image, 0..400, 0..300, false, (None, None));
        assert_eq!((found.len(), found[1], found[200]), (200 * 150, 2.0, 800.0));
        assert_eq!(sample(image, 0..400, 0..300, true, (None, None)).len(), 120_000);
    }
}
