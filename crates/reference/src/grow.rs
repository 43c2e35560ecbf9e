//! grow: the halo of a rejected sample goes, too (algorithms.md section 5.19).

use crate::Reason;

/// Shape of a stack: N frames, each of `height` rows of `width` pixels, in the output's coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// N.
    pub frames: usize,
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

/// How far rejections spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Pixels; below 1 nothing grows.
    pub radius: f64,
    /// Least number of samples kept.
    pub nkeep: u32,
    /// Most valid samples rejected.
    pub maxrej: Option<u32>,
}

/// Rejects the used samples within the radius of a rejected sample of the same frame.
///
/// Only samples that a rejection dropped spread, not missing, restored or grown ones. Where fewer samples than `nkeep` and
/// `maxrej` want kept (or than were used before) would be left of a pixel, nothing grows there.
///
/// # Shapes
/// `reasons`: N planes, frame by frame, row by row; changed in place.
///
/// ```
/// use skystack_reference::{Growth, Reason, Shape, grow};
/// // One frame beside another: in the first the second of four pixels was rejected.
/// let mut reasons = [Reason::Used; 8];
/// reasons[1] = Reason::High;
/// let growth = Growth { radius: 1.0, nkeep: 1, maxrej: None };
/// grow(&mut reasons, Shape { frames: 2, height: 1, width: 4 }, growth);
/// assert_eq!(reasons[..4], [Reason::Grow, Reason::High, Reason::Grow, Reason::Used]);
/// assert_eq!(reasons[4..], [Reason::Used; 4]);
/// ```
///
/// # Panics
/// If `reasons` has not the size of `shape`.
pub fn grow(reasons: &mut [Reason], shape: Shape, growth: Growth) {
    let Shape { frames, height, width } = shape;
    assert_eq!(reasons.len(), frames * height * width, "one reason per sample is needed");
    let radius = growth.radius;
    if radius < 1.0 {
        return;
    }
    let grown: Vec<bool> = (0..reasons.len()).map(|i| is_beside_seed(reasons, shape, i, radius)).collect();
    for pixel in 0..height * width {
        let samples = || (0..frames).map(|frame| frame * height * width + pixel);
        let before = samples().filter(|&i| reasons[i].is_used()).count();
        let after = samples().filter(|&i| reasons[i].is_used() && !grown[i]).count();
        let is_rejected = |reason| matches!(reason, Reason::Low | Reason::High | Reason::Grow);
        let valid = before + samples().filter(|&i| is_rejected(reasons[i])).count();
        let by_maxrej = growth.maxrej.map_or(0, |most| valid.saturating_sub(most as usize));
        let kept = valid.min(growth.nkeep as usize).max(by_maxrej);
        if after < before.min(kept) {
            continue;
        }
        for i in samples().filter(|&i| grown[i]) {
            reasons[i] = Reason::Grow;
        }
    }
}

/// Is sample `i` used, with a seed of its frame within the radius?
fn is_beside_seed(reasons: &[Reason], shape: Shape, i: usize, radius: f64) -> bool {
    let Shape { height, width, .. } = shape;
    let (plane, pixel) = (i / (height * width) * (height * width), i % (height * width));
    let (x, y) = ((pixel % width) as f64, (pixel / width) as f64);
    let is_near = |other: usize| {
        let (dx, dy) = ((other % width) as f64 - x, (other / width) as f64 - y);
        dx * dx + dy * dy <= radius * radius
    };
    let is_seed = |other: usize| matches!(reasons[plane + other], Reason::Low | Reason::High);
    // A fallback is combined without any rejection (section 2.3), and this is one.
    let may_go = matches!(reasons[i], Reason::Used | Reason::Restored);
    may_go && (0..height * width).any(|other| is_seed(other) && is_near(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Reason::{Grow, High, Low, Nodata, Restored, Used};

    /// One frame of 5 × 5 with a seed in the middle: how many samples grow.
    fn halo(seed: Reason, radius: f64) -> usize {
        let mut reasons = [Used; 25];
        reasons[12] = seed;
        grow(&mut reasons, Shape { frames: 1, height: 5, width: 5 }, growth(radius));
        reasons.iter().filter(|reason| **reason == Grow).count()
    }

    fn growth(radius: f64) -> Growth {
        Growth { radius, nkeep: 0, maxrej: None }
    }

    #[test]
    fn the_radius_is_a_circle() {
        assert_eq!([0.0, 0.99, 1.0, 1.4, 1.5, 2.0].map(|radius| halo(Low, radius)), [0, 0, 4, 4, 8, 12]);
    }

    #[test]
    fn only_rejected_samples_spread() {
        assert_eq!([Low, High, Nodata, Restored, Reason::Threshold].map(|s| halo(s, 1.0)), [4, 4, 0, 0, 0]);
    }

    /// Two frames, three pixels; the first frame's seeds reach pixel 1 from both sides, the second frame's from one.
    #[test]
    fn where_too_few_would_be_left_nothing_grows() {
        let shape = Shape { frames: 2, height: 1, width: 3 };
        let start = [Low, Used, Used, Used, Used, High];
        let of = |nkeep| {
            let mut reasons = start;
            grow(&mut reasons, shape, Growth { nkeep, ..growth(1.0) });
            reasons
        };
        assert_eq!(of(0), [Low, Grow, Used, Used, Grow, High]);
        assert_eq!(of(1), [Low, Used, Used, Used, Used, High]);
        // Pixel 1 has two of two; pixels 0 and 2 lose nothing.
        assert_eq!(of(9), of(1));
        let mut reasons = start;
        grow(&mut reasons, shape, Growth { maxrej: Some(1), ..growth(1.0) });
        assert_eq!(reasons, of(1));
        grow(&mut reasons, shape, Growth { maxrej: Some(2), ..growth(1.0) });
        assert_eq!(reasons, of(0));
    }

    #[test]
    fn what_is_used_for_want_of_better_ones_does_not_grow() {
        let mut reasons = [Reason::Fallback, High, Used];
        grow(&mut reasons, Shape { frames: 1, height: 1, width: 3 }, growth(1.0));
        assert_eq!(reasons, [Reason::Fallback, High, Grow]);
    }

    #[test]
    fn a_restored_sample_may_grow_and_a_row_does_not_wrap() {
        let mut reasons = [Used, Used, High, Restored, Used, Used];
        grow(&mut reasons, Shape { frames: 1, height: 2, width: 3 }, growth(1.0));
        assert_eq!(reasons, [Used, Grow, High, Restored, Used, Grow]);
        let mut reasons = [High, Restored];
        grow(&mut reasons, Shape { frames: 1, height: 1, width: 2 }, growth(1.0));
        assert_eq!(reasons, [High, Grow]);
    }
}
