//! One plane against its golden plane.

use super::cases::Tolerance;
use super::plane::Plane;
use std::fmt;

/// How many values of a plane were looked at, and how many of them are too far apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) compared: usize,
    pub(crate) differing: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.compared += other.compared;
        self.differing += other.differing;
    }
}

/// How two planes differ.
#[derive(Debug, PartialEq)]
pub(crate) enum Difference {
    /// Width, height, planes: ours, then golden.
    Shape([usize; 3], [usize; 3]),
    /// Some values are further apart than the tolerance.
    Values {
        tally: Tally,
        /// The first one: x, y, plane, 1-based as FITS counts.
        first: [usize; 3],
        /// Whether there is more than one plane.
        cube: bool,
        ours: f64,
        golden: f64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(ours, golden) => {
                write!(f, "shape {ours:?}, golden {golden:?} (width, height, planes)")
            }
            Self::Values { tally: Tally { compared, differing }, first: [x, y, z], cube, ours, golden } => {
                let frame = if *cube { format!(" of plane {z}") } else { String::new() };
                write!(
                    f,
                    "{differing} of {compared} pixels differ, first at ({x}, {y}){frame}: {ours} for {golden}"
                )
            }
        }
    }
}

/// Compares all values, or those at the pixels where `include` is true (one entry a pixel, the same for all planes), and
/// says how many those are.
pub(crate) fn compare(
    ours: &Plane,
    golden: &Plane,
    tolerance: Tolerance,
    include: Option<&[bool]>,
) -> Result<usize, Difference> {
    if ours.shape() != golden.shape() {
        return Err(Difference::Shape(ours.shape(), golden.shape()));
    }
    let area = golden.width * golden.height;
    let included = |at: usize| include.is_none_or(|include| include[at % area]);
    let positions = || (0..golden.data.len()).filter(|&at| included(at));
    let compared = positions().count();
    let mut wrong = positions().filter(|&at| !agree(ours.data[at], golden.data[at], tolerance));
    let Some(first) = wrong.next() else { return Ok(compared) };
    Err(Difference::Values {
        tally: Tally { compared, differing: 1 + wrong.count() },
        first: [first % golden.width + 1, first % area / golden.width + 1, first / area + 1],
        cube: golden.planes > 1,
        ours: ours.data[first],
        golden: golden.data[first],
    })
}

/// NaN agrees with NaN, an infinity with itself; the formula alone would let any number pass for a golden infinity.
fn agree(ours: f64, golden: f64, tolerance: Tolerance) -> bool {
    if !ours.is_finite() || !golden.is_finite() {
        return ours == golden || (ours.is_nan() && golden.is_nan());
    }
    (ours - golden).abs() <= tolerance.atol + tolerance.rtol * golden.abs()
}

#[cfg(test)]
mod tests {
    use super::{Difference, compare};
    use crate::validate::cases::Tolerance;
    use crate::validate::plane::Plane;

    const EXACT: Tolerance = Tolerance { rtol: 0.0, atol: 0.0 };

    fn plane(width: usize, height: usize, data: &[f64]) -> Plane {
        Plane { width, height, planes: data.len() / (width * height), data: data.to_vec() }
    }

    fn verdict(ours: f64, golden: f64, rtol: f64, atol: f64) -> bool {
        compare(&plane(1, 1, &[ours]), &plane(1, 1, &[golden]), Tolerance { rtol, atol }, None).is_ok()
    }

    #[test]
    fn tolerance_is_absolute_plus_relative_to_the_golden_value() {
        assert!(verdict(110.0, 100.0, 0.1, 0.0));
        assert!(!verdict(110.1, 100.0, 0.1, 0.0));
        assert!(verdict(110.1, 100.0, 0.1, 0.2));
        assert!(!verdict(100.0 + 1e-9, 100.0, 0.0, 0.0));
    }

    #[test]
    fn nan_and_infinities_agree_with_themselves_only() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(verdict(nan, nan, 0.0, 0.0));
        assert!(verdict(inf, inf, 1e-6, 0.0));
        for (ours, golden) in [(nan, 0.0), (0.0, nan), (0.0, inf), (inf, 0.0), (-inf, inf), (nan, inf)] {
            assert!(!verdict(ours, golden, 1e-6, 1e9), "{ours} {golden}");
        }
    }

    #[test]
    fn the_first_difference_is_told_as_fits_counts() {
        let golden = plane(3, 2, &[0.0; 12]);
        let mut ours = golden.clone();
        (ours.data[10], ours.data[11]) = (5.0, 6.0);
        let difference = compare(&ours, &golden, EXACT, None).unwrap_err();
        assert_eq!(difference.to_string(), "2 of 12 pixels differ, first at (2, 2) of plane 2: 5 for 0");
    }

    #[test]
    fn another_shape_is_a_difference() {
        let difference = compare(&plane(2, 3, &[0.0; 6]), &plane(3, 2, &[0.0; 6]), EXACT, None).unwrap_err();
        assert_eq!(difference, Difference::Shape([2, 3, 1], [3, 2, 1]));
        assert!(compare(&plane(2, 1, &[0.0; 4]), &plane(2, 1, &[0.0; 2]), EXACT, None).is_err());
    }

    #[test]
    fn left_out_pixels_are_left_out_in_every_plane() {
        let golden = plane(2, 1, &[0.0; 4]);
        let ours = plane(2, 1, &[0.0, 1.0, 0.0, 1.0]);
        assert_eq!(compare(&ours, &golden, EXACT, Some(&[true, false])), Ok(2));
        let difference = compare(&ours, &golden, EXACT, Some(&[false, true])).unwrap_err();
        assert!(difference.to_string().starts_with("2 of 2 pixels differ"));
    }
}
