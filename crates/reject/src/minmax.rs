//! minmax: drop fixed ranks at both ends, in proportion to the samples present (algorithms.md section 5.2).

use crate::{Convention, RejectError};

/// Drops the `nlow` lowest and `nhigh` highest of N samples, fewer where samples are missing.
///
/// A value of 1 or more counts frames, one in (0, 1) is a fraction of the frames; 0 drops none.
///
/// ```
/// use skystack_reject::MinMax;
/// // A pixel with 4 of 9 samples loses none: trunc(4/9 + 0.001) = 0.
/// let drops = MinMax::new(1.0, 1.0).drops(9)?;
/// assert_eq!((drops.at(9), drops.at(4)), ((1, 1), (0, 0)));
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// Missing samples have no rank; equal values go by frame, at the low end the earliest first. The cost is that of a sort of the column.
///
/// # References
/// IRAF `imcombine` help, "minmax".
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MinMax {
    /// Samples dropped at the low end: a count, or a fraction below 1.
    pub nlow: f64,
    /// Samples dropped at the high end: a count, or a fraction below 1.
    pub nhigh: f64,
}

/// [`MinMax`] resolved for a stack of N frames: fractions of the valid samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMaxDrops {
    flow: f64,
    fhigh: f64,
}

impl MinMax {
    /// `nlow` and `nhigh` as IRAF takes them.
    pub const fn new(nlow: f64, nhigh: f64) -> Self {
        Self { nlow, nhigh }
    }

    /// The row of `convention` in algorithms.md section 4.2: one frame at each end.
    ///
    /// # Errors
    /// [`RejectError::NotDefined`] where there is no such pair.
    pub const fn convention(convention: Convention) -> Result<Self, RejectError> {
        match convention {
            Convention::Iraf | Convention::Imcombiners | Convention::Dragons => Ok(Self::new(1.0, 1.0)),
            _ => Err(RejectError::NotDefined {
                rejection: "minmax",
                convention,
                instead: "iraf, imcombiners and dragons define it; ccdproc, hdrl and pixinsight have extrema",
            }),
        }
    }

    /// Resolves the parameters for `frames` frames.
    ///
    /// # Errors
    /// A value that is negative, NaN, infinite, or 1 or more and not whole; or both together drop every frame.
    pub fn drops(&self, frames: usize) -> Result<MinMaxDrops, RejectError> {
        let checked = |parameter, found: f64| {
            if !(found >= 0.0 && found.is_finite()) || (found >= 1.0 && found.fract() != 0.0) {
                let needed = "a whole number, or a fraction below 1";
                return Err(RejectError::Parameter { parameter, found, needed });
            }
            Ok(found)
        };
        let (nlow, nhigh) = (checked("nlow", self.nlow)?, checked("nhigh", self.nhigh)?);
        // A count stays the count it is: nlow/N·N is below nlow for N = 49 and others (docs/decisions/0011).
        let of_all = |n: f64| if n < 1.0 { (n * frames as f64) as usize } else { n as usize };
        let (low, high) = (of_all(nlow), of_all(nhigh));
        if low.saturating_add(high) >= frames {
            return Err(RejectError::DropsAll { low, high, frames });
        }
        // IRAF switches the rejection off when neither side reaches one frame of the full stack.
        let fraction = |n: f64| if n < 1.0 { n } else { n / frames as f64 };
        let (flow, fhigh) = if low + high == 0 { (0.0, 0.0) } else { (fraction(nlow), fraction(nhigh)) };
        Ok(MinMaxDrops { flow, fhigh })
    }
}

impl Default for MinMax {
    fn default() -> Self {
        Self::new(1.0, 1.0)
    }
}

impl MinMaxDrops {
    /// Samples dropped at the low and at the high end of a pixel with `valid` samples.
    pub fn at(&self, valid: usize) -> (usize, usize) {
        let drop = |fraction: f64| (fraction * valid as f64 + 0.001) as usize;
        let (mut low, mut high) = (drop(self.flow), drop(self.fhigh));
        if valid > 0 && low + high >= valid {
            high = (valid - 1).saturating_sub(low);
            low = low.min(valid - 1 - high);
        }
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_each_end_goes_for_every_number_of_frames() {
        for frames in 3..=2000 {
            assert_eq!(MinMax::default().drops(frames).unwrap().at(frames), (1, 1), "N = {frames}");
        }
    }

    #[test]
    fn counts_that_drop_every_frame_are_refused_for_every_split() {
        for frames in 1..=300 {
            for low in 0..=frames {
                let all = MinMax::new(low as f64, (frames - low) as f64).drops(frames);
                assert!(matches!(all, Err(RejectError::DropsAll { .. })), "{low} of {frames}");
            }
        }
        assert!(MinMax::new(1e30, 1.0).drops(9).is_err());
        assert!(MinMax::new(1e30, 1e30).drops(9).is_err());
    }

    /// 0.4999 of 2 is 0.9998, and with 0.001 more 1: both samples would go; the high end gives way first.
    #[test]
    fn one_sample_is_left_where_rounding_up_would_take_all() {
        assert_eq!(MinMax::new(0.4999, 0.4999).drops(10).unwrap().at(2), (1, 0));
        assert_eq!(MinMax::new(500.0, 499.0).drops(1000).unwrap().at(1000), (500, 499));
        assert_eq!(MinMax::default().drops(5).unwrap().at(0), (0, 0));
    }
}
