//! gesd: the generalized extreme Studentized deviate test (algorithms.md section 5.13).

#[cfg_attr(not(test), expect(dead_code, reason = "for the kernel, which comes next"))]
mod critical;
mod params;
mod student;

pub use params::{Gesd, MaxOutliers};
