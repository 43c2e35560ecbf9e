//! Instruction sets as tokens: a token proves that the CPU has the feature, and making it is the only step that checks.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod baseline;
#[cfg(target_arch = "x86_64")]
mod native;
mod scalar;

use std::fmt::Debug;

use crate::{Vector, Words};

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
pub use baseline::Baseline;
pub use scalar::Scalar;

pub(crate) mod sealed {
    /// The traits of this crate promise facts about memory layout, so only this crate implements them.
    pub trait Sealed {}
}

/// Work at one instruction set, for [`Isa::call`].
///
/// `run` must be `#[inline(always)]`, like [`Kernel::run`](crate::Kernel::run).
pub trait Task<I: Isa> {
    /// What the work returns.
    type Output;
    /// Does the work.
    fn run(self, isa: I) -> Self::Output;
}

/// An instruction set that this CPU has.
pub trait Isa: Copy + Debug + Send + Sync + sealed::Sealed + 'static {
    /// Register of f32 lanes.
    type F32: Vector<Isa = Self, Element = f32>;
    /// Register of f64 lanes.
    type F64: Vector<Isa = Self, Element = f64>;
    /// Register of 16-bit integers, two for each f32 lane.
    type I16: Words<Isa = Self, Narrow = Self::F32>;

    /// Runs `task` in a function of its own that is compiled for this instruction set: what is long and used in several
    /// places (a sorting network) is then not inlined into each of them.
    fn call<T: Task<Self>>(self, task: T) -> T::Output;
}
