//! Core statistics of astronomical images.
//!
//! Two families with the same definitions (algorithms.md section 3): [`slice`](mod@slice) takes one vector of numbers and
//! is usable alone by anyone; [`lane`] works on N registers at once, one output pixel per SIMD lane, and is what the
//! combining kernels are made of. Missing data are NaN or infinite and are ignored by every function.
//!
//! **Must never know:** images, frames' headers, rejections. [`lane`] knows no threads; [`slice`](mod@slice) shares passes over
//! long vectors on the caller's rayon pool.
//!
//! ```
//! use skystack_stats::slice;
//! let values = [3.0f32, f32::NAN, 1.0, 2.0, 10.0];
//! assert_eq!(slice::median(&values), Some(2.5));
//! assert_eq!(slice::min_max(&values), Some((1.0, 10.0)));
//! ```
#![forbid(unsafe_code)]

pub mod lane;
pub mod slice;

/// (a + b) × 0.5, the two middle values of an even count (C2, C3); equal values are their own mean, because their sum would
/// overflow above 9e307 (docs/decisions/0003).
#[inline(always)]
fn mean_of_two(a: f64, b: f64) -> f64 {
    if a == b { a } else { (a + b) * 0.5 }
}
