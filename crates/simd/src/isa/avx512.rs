//! Level avx512: 512-bit registers and mask registers of `core::arch` (AVX-512 F and DQ).

use core::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use super::sealed::Sealed;
use crate::pair::PairMask;
use crate::{Isa, Level, Mask, Pair, Vector};

/// Token: this CPU has AVX-512 F and DQ.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    /// The token, if this CPU has AVX-512 F and DQ.
    #[inline(always)]
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")).then_some(Self(()))
    }
}

impl Sealed for Avx512 {}

impl Isa for Avx512 {
    const LEVEL: Level = Level::Avx512;
    type F32 = F32x16;
    type F64 = F64x8;
}

/// Sixteen f32 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F32x16(__m512);

/// Eight f64 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F64x8(__m512d);

/// Runs value intrinsics (no pointers) of this instruction set.
macro_rules! avx512 {
    ($intrinsics:expr) => {{
        // SAFETY: these intrinsics need AVX-512 F and DQ and nothing else; every value of this file's types, and every
        // `Avx512`, was made through `Avx512::new`, which checked the CPU.
        unsafe { $intrinsics }
    }};
}

/// A mask register: lane k is bit k.
macro_rules! mask {
    ($mask:ident, $bits:ident) => {
        /// Truth values in a mask register.
        #[derive(Debug, Clone, Copy)]
        pub struct $mask($bits);

        impl BitAnd for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }
        impl BitOr for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
        impl Not for $mask {
            type Output = Self;
            #[inline(always)]
            fn not(self) -> Self {
                Self(!self.0)
            }
        }
        impl Sealed for $mask {}
        impl Mask for $mask {
            #[inline(always)]
            fn any(self) -> bool {
                self.0 != 0
            }
            #[inline(always)]
            fn bits(self) -> u32 {
                self.0.into()
            }
        }
    };
}

mask!(K16, u16);
mask!(K8, u8);

macro_rules! register {
    ($vector:ident, $mask:ident, $float:ident, $lanes:literal, $wide:ty,
     $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $min:ident $max:ident $cmp:ident $abs:ident $blend:ident
     $set1:ident $loadu:ident $storeu:ident, { $($conversions:item)* }) => {
        impl Add for $vector {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(avx512!($add(self.0, other.0)))
            }
        }
        impl Sub for $vector {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(avx512!($sub(self.0, other.0)))
            }
        }
        impl Mul for $vector {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(avx512!($mul(self.0, other.0)))
            }
        }
        impl Div for $vector {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(avx512!($div(self.0, other.0)))
            }
        }
        impl Sealed for $vector {}
        impl Vector for $vector {
            type Isa = Avx512;
            type Element = $float;
            type Mask = $mask;
            type Wide = $wide;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(_: Avx512, value: $float) -> Self {
                Self(avx512!($set1(value)))
            }
            #[inline(always)]
            fn load(_: Avx512, from: &[$float]) -> Self {
                let lanes: &[$float; $lanes] = from.first_chunk().expect("a register full of elements");
                // SAFETY: the token proves AVX-512; the array is readable over its whole length, alignment is not needed.
                Self(unsafe { $loadu(lanes.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [$float]) {
                let lanes: &mut [$float; $lanes] = to.first_chunk_mut().expect("room for a register");
                // SAFETY: `self` proves AVX-512; the array is writable over its whole length, alignment is not needed.
                unsafe { $storeu(lanes.as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn lanes(&self) -> &[$float] {
                // SAFETY: a transparent wrapper of a register is its lanes in memory, all initialised.
                unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), $lanes) }
            }
            #[inline(always)]
            fn lanes_mut(&mut self) -> &mut [$float] {
                // SAFETY: as in `lanes`; every bit pattern is a valid lane, and the borrow is unique.
                unsafe { std::slice::from_raw_parts_mut(std::ptr::from_mut(self).cast(), $lanes) }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(avx512!($sqrt(self.0)))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(avx512!($abs(self.0)))
            }
            // VMINPS(a, b) is `a < b ? a : b` and VMAXPS(b, a) is `b > a ? b : a`, NaN and signed zeros included.
            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                (Self(avx512!($min(self.0, other.0))), Self(avx512!($max(other.0, self.0))))
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                $mask(avx512!($cmp::<_CMP_LT_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                $mask(avx512!($cmp::<_CMP_LE_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                $mask(avx512!($cmp::<_CMP_EQ_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                Self(avx512!($blend(mask.0, no.0, yes.0)))
            }
            $(#[inline(always)] $conversions)*
        }
    };
}

register!(F32x16, K16, f32, 16, Pair<F64x8>,
    _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps _mm512_min_ps _mm512_max_ps
    _mm512_cmp_ps_mask _mm512_abs_ps _mm512_mask_blend_ps _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps,
{
    fn widen(self) -> Pair<F64x8> {
        let low = avx512!(_mm512_cvtps_pd(_mm512_castps512_ps256(self.0)));
        Pair(F64x8(low), F64x8(avx512!(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(self.0)))))
    }
    fn narrow(wide: Pair<F64x8>) -> Self {
        let low = avx512!(_mm512_castps256_ps512(_mm512_cvtpd_ps(wide.0.0)));
        Self(avx512!(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(wide.1.0))))
    }
    fn widen_mask(mask: K16) -> PairMask<F64x8> {
        PairMask(Pair(K8(mask.0 as u8), K8((mask.0 >> 8) as u8)))
    }
    fn narrow_mask(mask: PairMask<F64x8>) -> K16 {
        K16(u16::from_le_bytes([mask.0.0.0, mask.0.1.0]))
    }
});

register!(F64x8, K8, f64, 8, Self,
    _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd _mm512_min_pd _mm512_max_pd
    _mm512_cmp_pd_mask _mm512_abs_pd _mm512_mask_blend_pd _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd,
{
    fn widen(self) -> Self {
        self
    }
    fn narrow(wide: Self) -> Self {
        wide
    }
    fn widen_mask(mask: K8) -> K8 {
        mask
    }
    fn narrow_mask(mask: K8) -> K8 {
        mask
    }
});
