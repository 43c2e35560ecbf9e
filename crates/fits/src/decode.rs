//! From stored bytes to physical values.
//!
//! One loop per stored type and rule, over slices of equal length, without a branch on the type of the image
//! inside: LLVM turns each into byte shuffles and vector conversions. The rules, as they bind every reader of
//! this project:
//!
//! - a stored integer equal to BLANK is missing; the comparison comes before scaling; floats know no BLANK;
//! - BSCALE = 1 and BZERO = 0: the stored number, rounded once to `T`;
//! - BSCALE = 1 and BZERO = 2^(b-1), or -128 for bytes: the exact integer, rounded once to `T`;
//! - else `T(f64(stored) * BSCALE + BZERO)`, product and sum rounded separately in f64;
//! - NaN, infinities, and what overflows `T` on the way are missing: the canonical NaN;
//! - every other value passes `v + 0.0`, so that -0 does not occur.

use crate::bitpix::Bitpix;

/// A type of physical values: `f32` or `f64`.
///
/// Sealed: the arithmetic of this project is defined for these two.
pub trait Physical: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// What a missing sample becomes.
    const MISSING: Self;
    /// The nearest value, ties to even.
    fn from_f64(value: f64) -> Self;
    /// The nearest value, ties to even.
    fn from_i64(value: i64) -> Self;
    /// The nearest value, ties to even.
    fn from_u64(value: u64) -> Self;
    /// The exact value for f64, the value itself for f32.
    fn from_f32(value: f32) -> Self;
    /// The value in double precision; exact.
    fn to_f64(self) -> f64;
    /// The value with -0 made +0, or missing if it is not finite.
    #[must_use]
    fn cleaned(self) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! physical {
    ($type:ident) => {
        impl Physical for $type {
            const MISSING: Self = $type::NAN;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn from_u64(value: u64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn from_f32(value: f32) -> Self {
                $type::from(value)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn cleaned(self) -> Self {
                if self.is_finite() { self + 0.0 } else { $type::NAN }
            }
        }
    };
}

physical!(f32);
physical!(f64);

/// How stored numbers become physical values: BSCALE, BZERO and BLANK.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    bscale: f64,
    bzero: f64,
    blank: Option<i64>,
    rule: Rule,
}

/// The rule that BITPIX, BSCALE and BZERO select; found once for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Identity,
    /// The other signedness of the same width: flips the sign bit of the stored integer.
    Unsigned,
    Linear,
}

impl Scaling {
    /// The scaling of an image. The caller has made sure that both factors are finite and `bscale` is not 0.
    pub(crate) fn new(bitpix: Bitpix, bscale: f64, bzero: f64, blank: Option<i64>) -> Self {
        let unsigned_zero = match bitpix {
            Bitpix::U8 => Some(-128.0),
            Bitpix::I16 => Some(32_768.0),
            Bitpix::I32 => Some(2_147_483_648.0),
            Bitpix::I64 => Some(9_223_372_036_854_775_808.0),
            Bitpix::F32 | Bitpix::F64 => None,
        };
        let rule = match () {
            () if bscale == 1.0 && bzero == 0.0 => Rule::Identity,
            () if bscale == 1.0 && Some(bzero) == unsigned_zero => Rule::Unsigned,
            () => Rule::Linear,
        };
        Self { bscale, bzero, blank: if bitpix.is_integer() { blank } else { None }, rule }
    }

    /// BSCALE, 1 where there is none.
    pub fn bscale(&self) -> f64 {
        self.bscale
    }

    /// BZERO, 0 where there is none.
    pub fn bzero(&self) -> f64 {
        self.bzero
    }

    /// BLANK, the stored integer of missing samples; `None` where there is none and for floating types.
    pub fn blank(&self) -> Option<i64> {
        self.blank
    }

    /// Whether physical values are the stored numbers.
    pub fn is_identity(&self) -> bool {
        self.rule == Rule::Identity
    }

    /// Whether it is the convention for unsigned integers (or signed bytes): BSCALE 1 and BZERO 2^(b-1) (or -128).
    pub fn is_unsigned_convention(&self) -> bool {
        self.rule == Rule::Unsigned
    }
}

/// Decodes `raw`, big-endian samples of `bitpix`, into `out`. Lengths agree: `raw` has `out.len()` samples.
pub(crate) fn decode<T: Physical>(bitpix: Bitpix, scaling: &Scaling, raw: &[u8], out: &mut [T]) {
    debug_assert_eq!(raw.len(), out.len() * bitpix.bytes());
    match bitpix {
        Bitpix::U8 => integers(scaling, raw, out, U8),
        Bitpix::I16 => integers(scaling, raw, out, I16),
        Bitpix::I32 => integers(scaling, raw, out, I32),
        Bitpix::I64 => integers(scaling, raw, out, I64),
        Bitpix::F32 if scaling.is_identity() => {
            each(raw, out, |b| T::from_f32(f32::from_be_bytes(b)).cleaned())
        }
        Bitpix::F32 => {
            let linear = linear(scaling);
            each(raw, out, |b| linear(f64::from(f32::from_be_bytes(b))));
        }
        Bitpix::F64 if scaling.is_identity() => {
            each(raw, out, |b| T::from_f64(f64::from_be_bytes(b)).cleaned())
        }
        Bitpix::F64 => {
            let linear = linear(scaling);
            each(raw, out, |b| linear(f64::from_be_bytes(b)));
        }
    }
}

/// One stored integer type, as a zero-sized token so that `integers` is written once.
trait IntegerSample<const N: usize>: Copy {
    type Int: Copy + PartialEq + TryFrom<i64>;
    fn stored(bytes: [u8; N]) -> Self::Int;
    fn to_f64(stored: Self::Int) -> f64;
    fn to_physical<T: Physical>(stored: Self::Int) -> T;
    /// The value under the convention of the other signedness.
    fn to_unsigned<T: Physical>(stored: Self::Int) -> T;
}

macro_rules! stored_integer {
    // 8 to 32 bits: every value of either signedness fits an i32 or a f64, whose conversions are vector
    // instructions everywhere; 64-bit integer conversions are not.
    ($token:ident, $int:ident, $other:ident, $bytes:literal, $sign:expr, $narrow:ident) => {
        #[derive(Clone, Copy)]
        struct $token;

        impl IntegerSample<$bytes> for $token {
            type Int = $int;

            #[inline(always)]
            fn stored(bytes: [u8; $bytes]) -> $int {
                $int::from_be_bytes(bytes)
            }

            #[inline(always)]
            fn to_f64(stored: $int) -> f64 {
                stored as f64
            }

            #[inline(always)]
            fn to_physical<T: Physical>(stored: $int) -> T {
                $narrow!(T, stored)
            }

            #[inline(always)]
            fn to_unsigned<T: Physical>(stored: $int) -> T {
                let other = (stored ^ $sign) as $other;
                $narrow!(T, other)
            }
        }
    };
}

// Exact in f32, hence in both types.
macro_rules! through_f32 {
    ($t:ident, $x:expr) => {
        $t::from_f32(f32::from($x))
    };
}
// Exact in f64, so that the only rounding is the one to T.
macro_rules! through_f64 {
    ($t:ident, $x:expr) => {
        $t::from_f64(f64::from($x))
    };
}

stored_integer!(U8, u8, i8, 1, 0x80, through_f32);
stored_integer!(I16, i16, u16, 2, i16::MIN, through_f32);
stored_integer!(I32, i32, u32, 4, i32::MIN, through_f64);

#[derive(Clone, Copy)]
struct I64;

impl IntegerSample<8> for I64 {
    type Int = i64;

    #[inline(always)]
    fn stored(bytes: [u8; 8]) -> i64 {
        i64::from_be_bytes(bytes)
    }

    #[inline(always)]
    fn to_f64(stored: i64) -> f64 {
        stored as f64
    }

    #[inline(always)]
    fn to_physical<T: Physical>(stored: i64) -> T {
        T::from_i64(stored)
    }

    #[inline(always)]
    fn to_unsigned<T: Physical>(stored: i64) -> T {
        T::from_u64((stored ^ i64::MIN) as u64)
    }
}

fn integers<const N: usize, S: IntegerSample<N>, T: Physical>(
    scaling: &Scaling,
    raw: &[u8],
    out: &mut [T],
    _: S,
) {
    // A BLANK outside the stored type equals no sample.
    let blank = scaling.blank.and_then(|b| S::Int::try_from(b).ok());
    match scaling.rule {
        Rule::Identity => integers_by::<N, S, T>(blank, raw, out, S::to_physical),
        Rule::Unsigned => integers_by::<N, S, T>(blank, raw, out, S::to_unsigned),
        Rule::Linear => {
            let linear = linear(scaling);
            integers_by::<N, S, T>(blank, raw, out, |stored| linear(S::to_f64(stored)));
        }
    }
}

#[inline(always)]
fn integers_by<const N: usize, S: IntegerSample<N>, T: Physical>(
    blank: Option<S::Int>,
    raw: &[u8],
    out: &mut [T],
    value: impl Fn(S::Int) -> T,
) {
    match blank {
        None => each(raw, out, |b| value(S::stored(b))),
        Some(blank) => each(raw, out, |b| {
            let stored = S::stored(b);
            let value = value(stored);
            if stored == blank { T::MISSING } else { value }
        }),
    }
}

fn linear<T: Physical>(scaling: &Scaling) -> impl Fn(f64) -> T + use<T> {
    let (bscale, bzero) = (scaling.bscale, scaling.bzero);
    // Two roundings, as the rule says: Rust never contracts this to a fused multiply-add.
    move |stored| T::from_f64(stored * bscale + bzero).cleaned()
}

#[inline(always)]
fn each<const N: usize, T>(raw: &[u8], out: &mut [T], value: impl Fn([u8; N]) -> T) {
    let (samples, _) = raw.as_chunks::<N>();
    for (out, sample) in out.iter_mut().zip(samples) {
        *out = value(*sample);
    }
}

#[cfg(test)]
mod tests;
