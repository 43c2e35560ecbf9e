//! linearfit: samples in the order of their values should lie on a line (algorithms.md section 5.12).

mod params;

pub use params::{LineFit, LinearFit};
