//! What statistics a right combiner shows on normal noise: the numbers that a simulated stack is judged by.
//!
//! Everything is in units of the noise σ of one sample, for n samples a pixel. Each function says its formula, when it
//! holds and where it comes from. Where no closed form exists (iterated clipping with the pixel's own deviation)
//! [`MonteCarlo`] computes the expectation from plain normal columns, with code that shares nothing with the kernels.
//!
//! ```
//! use skystack::simulate::theory;
//! // The median of 15 frames is as noisy as the mean of 9.8.
//! assert!((theory::median_noise_factor(15) - 1.52542).abs() < 1e-5);
//! // A lone outlier in 10 samples can never be 3 of the pixel's own standard deviations away.
//! assert_eq!(theory::sample_sigma_false_rejection(10, 3.0), 0.0);
//! ```

mod clip;
mod montecarlo;
mod normal;
mod order;

pub use clip::{
    KnownSigma, largest_deviation, modelled_completeness, modelled_false_rejection,
    sample_sigma_completeness, sample_sigma_false_rejection,
};
pub use montecarlo::{Expected, MonteCarlo, Statistic};
pub use normal::{normal_cdf, normal_pdf, normal_quantile, student_t_above};
pub use order::{
    expected_max, median_bias_of_skew, median_noise_factor, median_noise_factor_of_steps,
    median_outlier_bias, minmax_high_bias, trimmed_noise_factor,
};

#[cfg(test)]
mod tests;
