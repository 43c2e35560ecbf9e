//! Affine normalisation by location and scale of each frame (algorithms.md section 6.4).

use skystack_reject::Scaling;

use super::error::{ABOVE_ZERO, FINITE, above_zero, check_count, check_each};
use super::{Factor, NormaliseError, Warning};

/// How far a factor may be from the ratio of the flux before that is a warning. Scales of 100 000 pixels are good to 0.3 %, and exposure
/// times miss what clouds take: less would warn of nothing but that.
const TOLERANCE: f64 = 0.05;

/// What is made equal to the reference frame, with a = scale_ref/scaleᵢ (names of Siril).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affine {
    /// The level, by subtraction: y = x − (locᵢ − loc_ref).
    Add,
    /// Level and noise: y = a·x − (a·locᵢ − loc_ref).
    AddScale,
    /// The level, by division: y = x · loc_ref/locᵢ.
    Mul,
    /// The level times the noise: y = x · a·loc_ref/locᵢ.
    MulScale,
}

impl Affine {
    /// Does it use the scales?
    pub const fn scales(self) -> bool {
        matches!(self, Self::AddScale | Self::MulScale)
    }

    /// Does it divide by locations?
    const fn divides(self) -> bool {
        matches!(self, Self::Mul | Self::MulScale)
    }
}

/// The factors of frames with these locations and scales, relative to frame `reference`.
///
/// # Shapes
/// One location a frame; one scale a frame where the mode uses them, otherwise `scales` may be empty.
/// # Errors
/// Another number of numbers; a location that is not finite, or for `Mul` and `MulScale` not above 0; a scale that is not finite and above
/// 0; factors that overflow: named by frame.
/// # Panics
/// If `reference` is no frame.
/// # Examples
/// ```
/// use skystack_combine::normalise::{Affine, affine};
/// // A frame of twice the noise about 300 becomes one about 100.
/// let found = affine(Affine::AddScale, &[100.0, 300.0], &[5.0, 10.0], 0)?;
/// let y = |x: f64| found[1].scaling.multiply * x + found[1].scaling.add;
/// assert_eq!((y(300.0), y(310.0)), (100.0, 105.0));
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
/// # References
/// Siril, "normalisation" of `stack`; algorithms.md section 6.4.
pub fn affine(
    mode: Affine,
    locations: &[f64],
    scales: &[f64],
    reference: usize,
) -> Result<Vec<Factor>, NormaliseError> {
    let frames = locations.len();
    if mode.divides() {
        check_each("location", locations.iter().copied(), above_zero, ABOVE_ZERO)?;
    } else {
        check_each("location", locations.iter().copied(), f64::is_finite, FINITE)?;
    }
    if mode.scales() {
        check_count("scale", scales.len(), frames)?;
        check_each("scale", scales.iter().copied(), above_zero, ABOVE_ZERO)?;
    }
    let loc_ref = locations[reference];
    let of = |frame: usize| {
        let loc = locations[frame];
        let a = if mode.scales() { scales[reference] / scales[frame] } else { 1.0 };
        match mode {
            Affine::Add => Scaling { multiply: 1.0, add: 0.0 - (loc - loc_ref) },
            Affine::AddScale => Scaling { multiply: a, add: 0.0 - (a * loc - loc_ref) },
            Affine::Mul => Scaling { multiply: loc_ref / loc, add: 0.0 },
            Affine::MulScale => Scaling { multiply: a * loc_ref / loc, add: 0.0 },
        }
    };
    let found: Vec<Factor> = (0..frames).map(|frame| Factor::of(of(frame))).collect();
    check_each("factor", found.iter().map(|factor| factor.scaling.multiply), above_zero, ABOVE_ZERO)?;
    check_each("zero factor", found.iter().map(|factor| factor.scaling.add), f64::is_finite, FINITE)?;
    Ok(found)
}

/// Warns of frames whose a = scale_ref/scaleᵢ is further than 5 % from what their flux asks for.
///
/// `flux` has a number for each frame that is proportional to the flux of the same star: its exposure time, or a photometric
/// scale. A frame whose number is not above zero is passed over.
///
/// # Panics
/// If `reference` is no frame, or `scales` and `flux` are of different lengths.
pub fn flux_warnings(scales: &[f64], flux: &[f64], reference: usize) -> Vec<Warning> {
    assert_eq!(scales.len(), flux.len(), "one number for each frame");
    let each = (0..scales.len()).filter(|frame| above_zero(flux[*frame]) && above_zero(flux[reference]));
    let of = |frame: usize| {
        let (factor, expected): (f64, f64) =
            (scales[reference] / scales[frame], flux[reference] / flux[frame]);
        let differs = (factor / expected - 1.0).abs() > TOLERANCE;
        differs.then_some(Warning::NotFluxRatio { frame, factor, expected })
    };
    each.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(mode: Affine, reference: usize) -> Vec<(f64, f64)> {
        let found = affine(mode, &[100.0, 400.0], &[5.0, 10.0], reference).unwrap();
        found.iter().map(|factor| (factor.scaling.multiply, factor.scaling.add)).collect()
    }

    /// a = 5/10 = ½ for frame 1 about frame 0.
    #[test]
    fn modes_by_hand() {
        assert_eq!(parts(Affine::Add, 0), [(1.0, 0.0), (1.0, -300.0)]);
        assert_eq!(parts(Affine::AddScale, 0), [(1.0, 0.0), (0.5, -100.0)]);
        assert_eq!(parts(Affine::Mul, 0), [(1.0, 0.0), (0.25, 0.0)]);
        assert_eq!(parts(Affine::MulScale, 0), [(1.0, 0.0), (0.125, 0.0)]);
        assert_eq!(parts(Affine::AddScale, 1), [(2.0, 200.0), (1.0, 0.0)]);
    }

    #[test]
    fn what_a_mode_does_not_use_is_not_looked_at() {
        assert!(affine(Affine::Add, &[-5.0, 0.0], &[], 0).is_ok());
        assert_eq!(affine(Affine::Mul, &[5.0, 0.0], &[], 0).unwrap_err().frame(), Some(1));
        assert_eq!(affine(Affine::AddScale, &[5.0, 0.0], &[1.0, 0.0], 0).unwrap_err().frame(), Some(1));
        assert!(affine(Affine::AddScale, &[5.0, 0.0], &[1.0], 0).is_err());
        assert_eq!(affine(Affine::Add, &[5.0, f64::NAN], &[], 0).unwrap_err().frame(), Some(1));
    }

    /// Scales 5, 10, 5 with exposures 10, 20, 20: ½ is right for frame 1; 1 is not ½ for frame 2.
    #[test]
    fn equal_noise_that_is_not_equal_flux_is_a_warning() {
        let found = flux_warnings(&[5.0, 10.0, 5.0], &[10.0, 20.0, 20.0], 0);
        assert_eq!(found, [Warning::NotFluxRatio { frame: 2, factor: 1.0, expected: 0.5 }]);
        assert!(found[0].to_string().starts_with("frame 3 is multiplied by 1.0000"), "{}", found[0]);
        assert_eq!(flux_warnings(&[5.0, 5.2], &[1.0, 1.0], 0), []);
        assert_eq!(flux_warnings(&[5.0, 10.0], &[1.0, 0.0], 0), []);
    }
}
