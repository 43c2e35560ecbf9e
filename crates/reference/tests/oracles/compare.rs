//! One plane against its golden plane. Shared as `cases.rs` is; how planes come out of FITS files is not.

use super::cases::{Case, Tolerance};
use std::fmt;

/// An image or a cube of images as plain numbers; x runs fastest, then y.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) planes: usize,
    pub(crate) data: Vec<f64>,
}

impl Plane {
    /// Width, height, planes.
    pub(crate) fn shape(&self) -> [usize; 3] {
        [self.width, self.height, self.planes]
    }
}

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

/// The pixels at which a case says something about us.
#[derive(Debug, PartialEq)]
pub(crate) enum Scope {
    All,
    /// One entry a pixel.
    Pixels(Vec<bool>),
    Nothing,
}

impl Scope {
    /// Where the specification differs from IRAF (algorithms.md section 5.19, growth that leaves fewer than `nkeep`), the two still
    /// agree at pixels that keep that many; of other differences nothing is known.
    pub(crate) fn of(case: &Case, frames: usize, nrej: Option<&Plane>) -> Self {
        let is_growth = case.convention() == "iraf" && case.options.contains_key("grow");
        // At least 1: where no sample is left the program writes the value before growth, we write the blank one.
        let nkeep = case.number("nkeep").unwrap_or(1.0).max(1.0);
        match (&case.spec_differs, nrej) {
            (None, _) => Self::All,
            (Some(_), Some(nrej)) if is_growth => {
                Self::Pixels(nrej.data.iter().map(|unused| frames as f64 - unused >= nkeep).collect())
            }
            (Some(_), _) => Self::Nothing,
        }
    }

    /// As [`compare`] takes it.
    pub(crate) fn include(&self) -> Option<&[bool]> {
        match self {
            Self::Pixels(include) => Some(include),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{Tolerance, tests::case};
    use super::{Difference, Plane, Scope, compare};

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

    #[test]
    fn a_departure_leaves_the_pixels_that_keep_enough() {
        let nrej = plane(4, 1, &[0.0, 3.0, 4.0, 5.0]);
        let scope = |options: &str, differs: bool| {
            let mut case = case(options, "");
            case.spec_differs = differs.then(|| "on purpose".to_owned());
            Scope::of(&case, 5, Some(&nrej))
        };
        let iraf = "convention = \"iraf\"\ngrow = 1.0";
        assert_eq!(scope(iraf, false), Scope::All);
        assert_eq!(scope(iraf, true), Scope::Pixels(vec![true, true, true, false]));
        assert_eq!(scope(&format!("{iraf}\nnkeep = 2"), true), Scope::Pixels(vec![true, true, false, false]));
        assert_eq!(scope(&format!("{iraf}\nnkeep = -9"), true), Scope::Pixels(vec![true, true, true, false]));
        assert_eq!(scope("convention = \"iraf\"", true), Scope::Nothing);
        assert_eq!(scope("convention = \"imcombiners\"\ngrow = 1.0", true), Scope::Nothing);
    }
}
