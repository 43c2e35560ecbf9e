//! winsorized: a scatter estimated from winsorised values decides which originals go (algorithms.md section 5.11).

mod params;

pub use params::{Winsorized, WinsorizedRule};
