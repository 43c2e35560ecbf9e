//! The column of one output pixel and what is missing from it (algorithms.md sections 2.1, 2.2, 5.17).

use crate::{Setup, combine};

/// A valid sample: the frame it comes from and its value, an f64 equal to a value of T.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) frame: usize,
    pub(crate) y: f64,
}

/// What became of an input value before any rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingest {
    /// A sample that the rejection sees.
    Valid,
    /// NaN or infinite, or so once it was scaled, or without a variance or a weight where samples have them: no value.
    Missing,
    /// Outside the thresholds: no value either.
    Threshold,
}

/// Steps 2, 3 and 5 of section 2.1 for one value of `frame`: T, then A2's `+ 0.0`, then what is missing, then D1.
pub(crate) fn ingest(frame: usize, input: f64, setup: &Setup) -> (f64, Ingest) {
    let x = setup.working.round(input) + 0.0;
    if !x.is_finite() {
        return (x, Ingest::Missing);
    }
    // B4: in f64, inclusive.
    let low_enough = setup.hthreshold.is_none_or(|limit| x <= limit);
    let high_enough = setup.lthreshold.is_none_or(|limit| x >= limit);
    if !(low_enough && high_enough) {
        return (x, Ingest::Threshold);
    }
    let y = match setup.scalings.get(frame) {
        Some(scaling) => setup.working.round(x * scaling.multiply + scaling.add) + 0.0,
        None => x,
    };
    // 8.1: in a stack with variances a sample without one is no sample.
    let unknown = variance(frame, y, setup).is_some_and(f64::is_nan);
    let unweighable = setup.sample_weights.get(frame).is_some_and(|w| !(*w >= 0.0 && w.is_finite()));
    (y, if y.is_finite() && !unknown && !unweighable { Ingest::Valid } else { Ingest::Missing })
}

/// v of the sample y of `frame` as scaled: v·(m·m) of the v that was read, or that of the noise model, and what errors of the scaling
/// add, rounded to T once; NaN where that is no positive number (docs/decisions/0020). Nothing where there are no variances.
fn variance(frame: usize, y: f64, setup: &Setup) -> Option<f64> {
    let scaled = if setup.variance_of_noise {
        // Section 8.1: as nmodel has it, of the sample's own value.
        combine::noise_of(Sample { frame, y }, &setup.context(0, &[]))
    } else {
        let v = setup.working.round(*setup.variances.get(frame)?);
        setup.scalings.get(frame).map_or(v, |of| v * (of.multiply * of.multiply))
    };
    let scaled = setup.working.round(match setup.scaling_errors.get(frame) {
        None => scaled,
        // 8.1: Var_s = (y/s)²·σ_s², Var_z = σ_z².
        Some(error) => scaled + error.variance(y),
    });
    Some(if scaled > 0.0 && scaled.is_finite() { scaled } else { f64::NAN })
}

/// The variances of all samples, as scaled; NaN where unknown, and nothing where there are none.
pub(crate) fn variances(inputs: &[f64], setup: &Setup) -> Vec<f64> {
    let of = |(frame, &input): (usize, &f64)| variance(frame, ingest(frame, input, setup).0, setup);
    inputs.iter().enumerate().filter_map(of).collect()
}

/// The valid samples, in frame order.
pub(crate) fn valid(inputs: &[f64], setup: &Setup) -> Vec<Sample> {
    let ingested = inputs.iter().enumerate().map(|(frame, &input)| (frame, ingest(frame, input, setup)));
    ingested
        .filter(|(_, (_, state))| *state == Ingest::Valid)
        .map(|(frame, (y, _))| Sample { frame, y })
        .collect()
}

/// Frames 0, 1, … with these values.
#[cfg(test)]
pub(crate) fn samples(values: &[f64]) -> Vec<Sample> {
    values.iter().enumerate().map(|(frame, &y)| Sample { frame, y }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Working;
    use skystack_reject::Convention;

    #[test]
    fn thresholds_keep_equality_and_nan_and_infinity_are_missing() {
        let mut setup = Setup::convention(Convention::Iraf, Working::F64);
        (setup.lthreshold, setup.hthreshold) = (Some(2.0), Some(3.0));
        let states = [1.9, 2.0, 3.0, 3.1, f64::NAN, f64::INFINITY].map(|v| ingest(0, v, &setup).1);
        use Ingest::{Missing, Threshold, Valid};
        assert_eq!(states, [Threshold, Valid, Valid, Threshold, Missing, Missing]);
    }

    #[test]
    fn minus_zero_becomes_plus_zero() {
        let setup = Setup::convention(Convention::Iraf, Working::F32);
        assert_eq!(ingest(0, -0.0, &setup).0.to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn what_overflows_the_working_type_is_missing() {
        let of = |working| ingest(0, 1e300, &Setup::convention(Convention::Iraf, working)).1;
        assert_eq!((of(Working::F32), of(Working::F64)), (Ingest::Missing, Ingest::Valid));
    }

    /// m = 3, T = f32: v = T(1/3), then T(v·9) rounds once.
    #[test]
    fn a_variance_is_rounded_when_read_and_when_scaled() {
        let scalings = [skystack_reject::Scaling { multiply: 3.0, add: 0.0 }];
        let base = Setup::convention(Convention::Iraf, Working::F32);
        let setup = Setup { scalings: &scalings, variances: &[1.0 / 3.0], ..base };
        let v = f64::from((1.0f64 / 3.0) as f32);
        assert_eq!(variances(&[1.0], &setup), [f64::from((v * 9.0) as f32)]);
        let overflowing = Setup { variances: &[3e38], ..setup };
        assert!(variances(&[1.0], &overflowing)[0].is_nan());
    }

    #[test]
    fn the_column_keeps_true_frame_numbers() {
        let setup = Setup::convention(Convention::Iraf, Working::F64);
        let frames: Vec<_> = valid(&[f64::NAN, 5.0, f64::NAN, 4.0], &setup).iter().map(|s| s.frame).collect();
        assert_eq!(frames, [1, 3]);
    }
}
