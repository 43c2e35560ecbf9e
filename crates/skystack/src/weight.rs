//! Weights of frames (algorithms.md section 6.2).

/// What the weights of the frames come from.
///
/// Numbers are multiplied by the frames' NCOMBINE (absent: 1) and normalised to a sum of 1.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Weight {
    /// All frames count the same; NCOMBINE is not used.
    #[default]
    None,
    /// The mode of the frame, as IRAF estimates it.
    Mode,
    /// Its median.
    Median,
    /// Its mean.
    Mean,
    /// The inverse variance of the background of the scaled frame. NCOMBINE is not used.
    Noise,
    /// The inverse variance of each **sample**, once scaled: the mean of least variance where the variances are right. NCOMBINE is not
    /// used. It needs [variances](crate::Stacker::variance); those of a noise model depend on the samples themselves, which biases the mean.
    Variance,
    /// The exposure time, keyword EXPTIME.
    Exposure,
    /// This keyword.
    Keyword(String),
    /// These numbers, in frame order.
    Given(Vec<f64>),
}
