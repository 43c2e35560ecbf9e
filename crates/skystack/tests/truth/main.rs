//! What statistics a right combiner shows: seeded stacks with known truth against theory, not against another program.
//!
//! Every test draws normal (or Poisson) samples, combines them with [`skystack::Stacker`] and compares efficiencies, false
//! rejections, completeness, biases and errors with formulas or exact quadrature. Tolerances are five standard errors, so a false alarm
//! is rarer than one in a million, or a stated part of the expected value. `cargo xtask truth` runs the same tests on eight times
//! as many pixels and prints every figure.

// The chore shows the figures.
#![allow(clippy::print_stdout)]

mod averages;
mod common;
mod cosmic_rays;
mod errors;
mod exact;
mod false_rejections;
mod normalisation;
mod photometry;
mod quadrature;
