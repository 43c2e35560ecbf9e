//! The vector layer of skystack: one output pixel per SIMD lane, one generic kernel source for every instruction set.
//!
//! A kernel is a struct of its inputs that implements [`Kernel`]; its `run` is generic over an [`Isa`] token and written
//! with [`Vector`] operations. [`Level::run`] enters the instruction set once (once a tile), everything below is
//! `#[inline(always)]` and becomes straight vector code. Lanes are neighbouring output pixels, never frames, so the width
//! of a register cannot change a bit of any result: every lane does the same IEEE operations in the same order at every
//! level (no fused multiply-add, no reassociation, no flush-to-zero).
//!
//! **Must never know:** statistics, images, files. This crate and `skystack-cuda` are the only ones with `unsafe`.
//!
//! ```
//! use skystack_simd::{Element, Isa, Kernel, Level, Ordered, Vector};
//!
//! struct Add<'a, T> { a: &'a [T], b: &'a [T], sum: &'a mut [T] }
//!
//! impl<T: Element> Kernel for Add<'_, T> {
//!     type Output = ();
//!     #[inline(always)]
//!     fn run<I: Isa>(self, isa: I) {
//!         let lanes = T::Vector::<I>::LANES;
//!         for x in (0..self.sum.len()).step_by(lanes) {
//!             let a = T::Vector::<I>::load_partial(isa, &self.a[x..], T::zero());
//!             let b = T::Vector::<I>::load_partial(isa, &self.b[x..], T::zero());
//!             (a + b).store_partial(&mut self.sum[x..]);
//!         }
//!     }
//! }
//!
//! let mut sum = [0.0f32; 19];
//! for level in Level::available() {
//!     level.run(Add { a: &[1.5; 19], b: &[2.0; 19], sum: &mut sum });
//!     assert_eq!(sum, [3.5; 19]);
//! }
//! ```

mod buffer;
mod element;
mod isa;
mod level;
mod pair;
mod prefetch;
mod registers;
mod vector;

#[cfg(test)]
mod tests;

pub use buffer::LaneBuffer;
pub use element::Element;
#[cfg(target_arch = "x86_64")]
pub use isa::{Avx2, Avx512};
pub use isa::{Baseline, Isa, Scalar, Task};
pub use level::{Kernel, Level, UnknownLevel};
pub use pair::{Pair, PairMask};
pub use prefetch::prefetch;
pub use registers::{Registers, RegistersMut};
pub use vector::{MAX_LANES, Mask, Ordered, Vector, Words};
