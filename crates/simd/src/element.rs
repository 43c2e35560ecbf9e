//! The numbers that kernels work in.

use std::fmt::Debug;

use crate::isa::sealed::Sealed;
use crate::{Isa, Vector};

/// A working type T of algorithms.md section 3.2: `f32` or `f64`.
///
/// ```
/// use skystack_simd::Element;
/// assert_eq!(f32::narrow(0.1), 0.1f32);
/// assert_eq!(0.1f32.widen(), 0.10000000149011612);
/// ```
pub trait Element: num_traits::Float + Default + Debug + Send + Sync + Sealed + 'static {
    /// The register of this type at a level.
    type Vector<I: Isa>: Vector<Isa = I, Element = Self>;

    /// Size in bytes.
    const BYTES: usize;
    /// Positive infinity.
    const INFINITY: Self;
    /// The canonical quiet NaN: a missing sample.
    const NAN: Self;
    /// From 1 to the next greater value: twice the rounding unit.
    const EPSILON: Self;
    /// The least positive number with all its digits.
    const LEAST_NORMAL: Self;
    /// The greatest finite number.
    const GREATEST: Self;

    /// The exact value as f64.
    fn widen(self) -> f64;
    /// T(v): one rounding of an f64, to nearest, ties to even.
    fn narrow(value: f64) -> Self;
    /// The nearest value; exact for 16-bit integers.
    fn from_i32(value: i32) -> Self;
    /// The least value of this type above `self`.
    fn next_up(self) -> Self;
    /// The greatest value of this type below `self`.
    fn next_down(self) -> Self;
    /// The bits, widened to 64: for tests of bit equality.
    fn bits(self) -> u64;
}

macro_rules! element {
    ($float:ident, $register:ident) => {
        impl Element for $float {
            type Vector<I: Isa> = I::$register;
            const BYTES: usize = size_of::<$float>();
            const INFINITY: Self = $float::INFINITY;
            const NAN: Self = $float::NAN;
            const EPSILON: Self = $float::EPSILON;
            const LEAST_NORMAL: Self = $float::MIN_POSITIVE;
            const GREATEST: Self = $float::MAX;

            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn from_i32(value: i32) -> Self {
                value as $float
            }
            #[inline(always)]
            fn next_up(self) -> Self {
                <$float>::next_up(self)
            }
            #[inline(always)]
            fn next_down(self) -> Self {
                <$float>::next_down(self)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
        }

        impl Sealed for $float {}
    };
}

element!(f32, F32);
element!(f64, F64);
