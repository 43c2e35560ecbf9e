//! Level avx2: 256-bit registers of `core::arch`.

use core::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use super::sealed::Sealed;
use crate::pair::PairMask;
use crate::{Isa, Level, Mask, Pair, Vector};

/// Token: this CPU has AVX2.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The token, if this CPU has AVX2.
    #[inline(always)]
    pub fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Sealed for Avx2 {}

impl Isa for Avx2 {
    const LEVEL: Level = Level::Avx2;
    type F32 = F32x8;
    type F64 = F64x4;
}

/// Eight f32 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F32x8(__m256);

/// Four f64 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F64x4(__m256d);

/// Eight truth values: all bits of a true lane are set.
#[derive(Debug, Clone, Copy)]
pub struct M32x8(__m256);

/// Four truth values.
#[derive(Debug, Clone, Copy)]
pub struct M64x4(__m256d);

/// Runs value intrinsics (no pointers) of this instruction set.
macro_rules! avx2 {
    ($intrinsics:expr) => {{
        // SAFETY: these intrinsics need AVX2 and nothing else; every value of this file's types, and every `Avx2`, was made
        // through `Avx2::new`, which checked the CPU.
        unsafe { $intrinsics }
    }};
}

macro_rules! register {
    ($vector:ident, $mask:ident, $register:ident, $float:ident, $lanes:literal, $wide:ty,
     $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $min:ident $max:ident $cmp:ident $and:ident $or:ident
     $xor:ident $andnot:ident $blend:ident $set1:ident $loadu:ident $storeu:ident $movemask:ident $cast:ident,
     { $($conversions:item)* }) => {
        impl Add for $vector {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(avx2!($add(self.0, other.0)))
            }
        }
        impl Sub for $vector {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(avx2!($sub(self.0, other.0)))
            }
        }
        impl Mul for $vector {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(avx2!($mul(self.0, other.0)))
            }
        }
        impl Div for $vector {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(avx2!($div(self.0, other.0)))
            }
        }
        impl BitAnd for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitand(self, other: Self) -> Self {
                Self(avx2!($and(self.0, other.0)))
            }
        }
        impl BitOr for $mask {
            type Output = Self;
            #[inline(always)]
            fn bitor(self, other: Self) -> Self {
                Self(avx2!($or(self.0, other.0)))
            }
        }
        impl Not for $mask {
            type Output = Self;
            #[inline(always)]
            fn not(self) -> Self {
                Self(avx2!($xor(self.0, $cast(_mm256_set1_epi32(-1)))))
            }
        }
        impl Sealed for $mask {}
        impl Sealed for $vector {}
        impl Mask for $mask {
            #[inline(always)]
            fn any(self) -> bool {
                self.bits() != 0
            }
            #[inline(always)]
            fn bits(self) -> u32 {
                avx2!($movemask(self.0)) as u32
            }
        }
        impl Vector for $vector {
            type Isa = Avx2;
            type Element = $float;
            type Mask = $mask;
            type Wide = $wide;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn splat(_: Avx2, value: $float) -> Self {
                Self(avx2!($set1(value)))
            }
            #[inline(always)]
            fn load(_: Avx2, from: &[$float]) -> Self {
                let lanes: &[$float; $lanes] = from.first_chunk().expect("a register full of elements");
                // SAFETY: the token proves AVX2; the array is readable over its whole length, alignment is not needed.
                Self(unsafe { $loadu(lanes.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [$float]) {
                let lanes: &mut [$float; $lanes] = to.first_chunk_mut().expect("room for a register");
                // SAFETY: `self` proves AVX2; the array is writable over its whole length, alignment is not needed.
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
                Self(avx2!($sqrt(self.0)))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(avx2!($andnot($set1(-0.0), self.0)))
            }
            // MINPS(a, b) is `a < b ? a : b` and MAXPS(b, a) is `b > a ? b : a`, NaN and signed zeros included.
            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                (Self(avx2!($min(self.0, other.0))), Self(avx2!($max(other.0, self.0))))
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                $mask(avx2!($cmp::<_CMP_LT_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                $mask(avx2!($cmp::<_CMP_LE_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                $mask(avx2!($cmp::<_CMP_EQ_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                Self(avx2!($blend(no.0, yes.0, mask.0)))
            }
            $(#[inline(always)] $conversions)*
        }
    };
}

register!(F32x8, M32x8, __m256, f32, 8, Pair<F64x4>,
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps _mm256_min_ps _mm256_max_ps _mm256_cmp_ps
    _mm256_and_ps _mm256_or_ps _mm256_xor_ps _mm256_andnot_ps _mm256_blendv_ps _mm256_set1_ps _mm256_loadu_ps
    _mm256_storeu_ps _mm256_movemask_ps _mm256_castsi256_ps,
{
    fn widen(self) -> Pair<F64x4> {
        let low = avx2!(_mm256_cvtps_pd(_mm256_castps256_ps128(self.0)));
        Pair(F64x4(low), F64x4(avx2!(_mm256_cvtps_pd(_mm256_extractf128_ps::<1>(self.0)))))
    }
    fn narrow(wide: Pair<F64x4>) -> Self {
        Self(avx2!(_mm256_set_m128(_mm256_cvtpd_ps(wide.1.0), _mm256_cvtpd_ps(wide.0.0))))
    }
    fn widen_mask(mask: M32x8) -> PairMask<F64x4> {
        let bits = avx2!(_mm256_castps_si256(mask.0));
        let low = avx2!(_mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(bits))));
        let high = avx2!(_mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_extracti128_si256::<1>(bits))));
        PairMask(Pair(M64x4(low), M64x4(high)))
    }
    fn narrow_mask(mask: PairMask<F64x4>) -> M32x8 {
        // The even 32-bit halves of both registers, then the 64-bit quarters put in order.
        let halves = avx2!(_mm256_shuffle_ps::<0b10_00_10_00>(
            _mm256_castpd_ps(mask.0.0.0),
            _mm256_castpd_ps(mask.0.1.0)
        ));
        M32x8(avx2!(_mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(halves)))))
    }
});

register!(F64x4, M64x4, __m256d, f64, 4, Self,
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd _mm256_min_pd _mm256_max_pd _mm256_cmp_pd
    _mm256_and_pd _mm256_or_pd _mm256_xor_pd _mm256_andnot_pd _mm256_blendv_pd _mm256_set1_pd _mm256_loadu_pd
    _mm256_storeu_pd _mm256_movemask_pd _mm256_castsi256_pd,
{
    fn widen(self) -> Self {
        self
    }
    fn narrow(wide: Self) -> Self {
        wide
    }
    fn widen_mask(mask: M64x4) -> M64x4 {
        mask
    }
    fn narrow_mask(mask: M64x4) -> M64x4 {
        mask
    }
});
