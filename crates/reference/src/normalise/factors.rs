//! Scales and zeros (section 6.1), as m = 1/s and o = −z.

use skystack_reject::Scaling;

use super::Source;

/// y = x/s − z of each frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// s.
    pub scales: Vec<f64>,
    /// z.
    pub zeros: Vec<f64>,
    /// m and o.
    pub scalings: Vec<Scaling>,
}

fn factors(scales: Vec<f64>, zeros: Vec<f64>) -> Factors {
    let scalings =
        scales.iter().zip(&zeros).map(|(s, z)| Scaling { multiply: 1.0 / s, add: 0.0 - z }).collect();
    Factors { scales, zeros, scalings }
}

/// Convention iraf.
pub fn iraf(frames: usize, scale: &Source, zero: &Source) -> Factors {
    let s: Vec<f64> = match scale {
        Source::None => vec![1.0; frames],
        Source::Measured(of) => of.iter().map(|value| value / of[0]).collect(),
        Source::Given(of) => of.iter().map(|value| of[0] / value).collect(),
    };
    let z: Vec<f64> = match zero {
        Source::None => vec![0.0; frames],
        Source::Measured(of) => (0..frames).map(|i| of[i] / s[i] - of[0] / s[0]).collect(),
        Source::Given(of) => (0..frames).map(|i| -of[i] / s[i]).collect(),
    };
    factors(s, z)
}

/// Convention imcombiners: y = (x − (Zᵢ − Z₀))/(Sᵢ/S₀), whatever the numbers come from.
pub fn imcombiners(frames: usize, scale: &Source, zero: &Source) -> Factors {
    let numbers = |source: &Source, none: f64| match source {
        Source::None => vec![none; frames],
        Source::Measured(of) | Source::Given(of) => of.clone(),
    };
    let (scales, zeros) = (numbers(scale, 1.0), numbers(zero, 0.0));
    let s: Vec<f64> = scales.iter().map(|value| value / scales[0]).collect();
    let z: Vec<f64> = (0..frames).map(|i| (zeros[i] - zeros[0]) / s[i]).collect();
    factors(s, z)
}

/// Convention ccdproc: given scales multiply as they are, and there are no zeros. Measured ones as iraf.
pub fn ccdproc(frames: usize, scale: &Source) -> Factors {
    let Source::Given(of) = scale else { return iraf(frames, scale, &Source::None) };
    let scalings = of.iter().map(|&multiply| Scaling { multiply, add: 0.0 }).collect();
    Factors { scales: of.iter().map(|f| 1.0 / f).collect(), zeros: vec![0.0; frames], scalings }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn constant_frames_come_to_one_level() {
        let (scale, zero) = (Source::Measured(vec![1.0, 2.0, 0.5]), Source::Measured(vec![10.0, 30.0, 20.0]));
        let found = iraf(3, &scale, &zero);
        let y = [110.0, 230.0, 70.0].iter().zip(found.scalings).map(|(x, f)| x * f.multiply + f.add);
        assert_eq!(y.collect::<Vec<f64>>(), [110.0, 110.0, 110.0]);
    }

    #[test]
    fn given_numbers_by_hand() {
        let (scale, zero) = (Source::Given(vec![2.0, 4.0]), Source::Given(vec![6.0, 8.0]));
        let parts = |found: Factors| found.scalings.iter().map(|f| (f.multiply, f.add)).collect::<Vec<_>>();
        assert_eq!(parts(iraf(2, &scale, &zero)), [(1.0, 6.0), (2.0, 16.0)]);
        assert_eq!(parts(imcombiners(2, &scale, &zero)), [(1.0, 0.0), (0.5, -1.0)]);
        assert_eq!(parts(ccdproc(2, &scale)), [(2.0, 0.0), (4.0, 0.0)]);
    }
}
