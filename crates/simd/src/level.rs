//! Levels (instruction sets in order of width) and the one place where a kernel enters one.

use std::fmt;
use std::str::FromStr;

#[cfg(target_arch = "x86_64")]
use crate::{Avx2, Avx512};
use crate::{Baseline, Isa, Scalar};

/// An instruction set as plain data: for plans, reports and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// One pixel at a time in plain Rust.
    Scalar,
    /// What every CPU of the target has: SSE2, NEON, simd128.
    Baseline,
    /// 256-bit registers.
    Avx2,
    /// 512-bit registers (F, BW and DQ).
    Avx512,
}

/// Work that is generic over the instruction set.
///
/// `run` must be `#[inline(always)]`, and so must everything between it and the [`Vector`](crate::Vector) operations:
/// only code inlined into the entry of a level is compiled with its instructions.
pub trait Kernel {
    /// What the work returns.
    type Output;
    /// Does the work.
    fn run<I: Isa>(self, isa: I) -> Self::Output;
}

/// A text that names no level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLevel {
    /// The text.
    pub found: String,
}

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {:?} is unknown, needed scalar, baseline, avx2, avx512 or neon", self.found)
    }
}

impl std::error::Error for UnknownLevel {}

impl Level {
    const ALL: [Self; 4] = [Self::Scalar, Self::Baseline, Self::Avx2, Self::Avx512];

    /// Name of the environment variable that caps the level.
    pub const VARIABLE: &str = "SKYSTACK_LEVEL";

    /// Does this machine have it?
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar | Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// All levels of this machine, lowest first, whatever the cap.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }

    /// The highest level of this machine that is not above `cap`.
    pub fn capped(cap: Self) -> Self {
        Self::available().filter(|level| *level <= cap).last().unwrap_or(Self::Scalar)
    }

    /// The highest level of this machine under the cap of `SKYSTACK_LEVEL`, if that is set.
    ///
    /// # Errors
    /// [`UnknownLevel`] where the variable names no level.
    pub fn from_environment() -> Result<Self, UnknownLevel> {
        match std::env::var_os(Self::VARIABLE) {
            None => Ok(Self::capped(Self::Avx512)),
            Some(text) if text.is_empty() => Ok(Self::capped(Self::Avx512)),
            Some(text) => text.to_string_lossy().parse().map(Self::capped),
        }
    }

    /// Runs `kernel` with the instructions of this level. On a machine without them the next lower level does the same
    /// work: the bits are the same at every level.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        if self == Self::Scalar {
            return kernel.run(Scalar);
        }
        #[cfg(target_arch = "x86_64")]
        {
            if self >= Self::Avx512
                && let Some(isa) = Avx512::new()
            {
                // SAFETY: the token proves AVX-512 F, BW and DQ, and POPCNT.
                return unsafe { run_avx512(isa, kernel) };
            }
            if self >= Self::Avx2
                && let Some(isa) = Avx2::new()
            {
                // SAFETY: the token proves AVX2 and POPCNT.
                return unsafe { run_avx2(isa, kernel) };
            }
        }
        kernel.run(Baseline)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn run_avx2<K: Kernel>(isa: Avx2, kernel: K) -> K::Output {
    kernel.run(isa)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,popcnt")]
fn run_avx512<K: Kernel>(isa: Avx512, kernel: K) -> K::Output {
    kernel.run(isa)
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    /// `neon` is the baseline of AArch64, so it caps at baseline.
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        match text {
            "scalar" => Ok(Self::Scalar),
            "baseline" | "neon" => Ok(Self::Baseline),
            "avx2" => Ok(Self::Avx2),
            "avx512" => Ok(Self::Avx512),
            _ => Err(UnknownLevel { found: text.to_owned() }),
        }
    }
}
