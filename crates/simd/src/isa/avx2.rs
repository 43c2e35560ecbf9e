//! Level avx2: 256-bit registers of `core::arch`.

use core::arch::x86_64::*;
use std::ops::{BitAnd, BitOr, Not};

use super::native::{already_wide, native_register, word_register};
use super::sealed::Sealed;
use crate::pair::{Pair, PairMask};
use crate::{Isa, Mask, Task};

/// Token: this CPU has AVX2 and POPCNT.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The token, if this CPU has them.
    #[inline(always)]
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")).then_some(Self(()))
    }
}

impl Sealed for Avx2 {}

impl Isa for Avx2 {
    type F32 = F32x8;
    type F64 = F64x4;
    type I16 = I16x16;

    #[inline(always)]
    fn call<T: Task<Self>>(self, task: T) -> T::Output {
        #[target_feature(enable = "avx2,popcnt")]
        #[inline(never)]
        fn call<T: Task<Avx2>>(isa: Avx2, task: T) -> T::Output {
            task.run(isa)
        }
        // SAFETY: the token proves AVX2 and POPCNT.
        unsafe { call(self, task) }
    }
}

/// Eight f32 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F32x8(__m256);

/// Four f64 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F64x4(__m256d);

/// Sixteen 16-bit integers.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct I16x16(__m256i);

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

/// A mask register type: all bits of a true lane are set.
macro_rules! mask {
    ($mask:ident, $and:ident $or:ident $xor:ident $ones:ident $movemask:ident) => {
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
                Self(avx2!($xor(self.0, $ones(_mm256_set1_epi32(-1)))))
            }
        }
        impl Sealed for $mask {}
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
    };
}

mask!(M32x8, _mm256_and_ps _mm256_or_ps _mm256_xor_ps _mm256_castsi256_ps _mm256_movemask_ps);
mask!(M64x4, _mm256_and_pd _mm256_or_pd _mm256_xor_pd _mm256_castsi256_pd _mm256_movemask_pd);

native_register!(F32x8 of 8 f32, mask M32x8, wide Pair<F64x4>, on Avx2 by avx2:
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps _mm256_min_ps _mm256_max_ps _mm256_cmp_ps
    _mm256_set1_ps _mm256_loadu_ps,
    abs(x) _mm256_andnot_ps(_mm256_set1_ps(-0.0), x), select(mask, yes, no) _mm256_blendv_ps(no, yes, mask),
{
    #[inline(always)]
    fn widen(self) -> Pair<F64x4> {
        let low = avx2!(_mm256_cvtps_pd(_mm256_castps256_ps128(self.0)));
        Pair(F64x4(low), F64x4(avx2!(_mm256_cvtps_pd(_mm256_extractf128_ps::<1>(self.0)))))
    }
    #[inline(always)]
    fn narrow(wide: Pair<F64x4>) -> Self {
        Self(avx2!(_mm256_set_m128(_mm256_cvtpd_ps(wide.1.0), _mm256_cvtpd_ps(wide.0.0))))
    }
    #[inline(always)]
    fn widen_mask(mask: M32x8) -> PairMask<F64x4> {
        let bits = avx2!(_mm256_castps_si256(mask.0));
        let low = avx2!(_mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(bits))));
        let high = avx2!(_mm256_castsi256_pd(_mm256_cvtepi32_epi64(_mm256_extracti128_si256::<1>(bits))));
        PairMask(Pair(M64x4(low), M64x4(high)))
    }
    #[inline(always)]
    fn narrow_mask(mask: PairMask<F64x4>) -> M32x8 {
        // The even 32-bit halves of both registers, then the 64-bit quarters put in order.
        let halves = avx2!(_mm256_shuffle_ps::<0b10_00_10_00>(
            _mm256_castpd_ps(mask.0.0.0),
            _mm256_castpd_ps(mask.0.1.0)
        ));
        M32x8(avx2!(_mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(halves)))))
    }
});

native_register!(F64x4 of 4 f64, mask M64x4, wide Self, on Avx2 by avx2:
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd _mm256_min_pd _mm256_max_pd _mm256_cmp_pd
    _mm256_set1_pd _mm256_loadu_pd,
    abs(x) _mm256_andnot_pd(_mm256_set1_pd(-0.0), x), select(mask, yes, no) _mm256_blendv_pd(no, yes, mask),
{
    already_wide!(M64x4);
});

word_register!(I16x16 of 16 i16, narrow F32x8, on Avx2 by avx2:
    _mm256_min_epi16 _mm256_max_epi16 _mm256_set1_epi16 _mm256_loadu_si256,
    halves(x)
    _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(x))),
    _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256::<1>(x))),
    bits(a, b) bit_of_each(_mm256_cmpgt_epi16(b, a)), bit_of_each(_mm256_cmpeq_epi16(a, b)));

/// Bit k is that of lane k, which is all ones or all zeros.
#[inline(always)]
fn bit_of_each(lanes: __m256i) -> u32 {
    // Packing is within halves: their low 64 bits are brought together.
    let bytes = avx2!(_mm256_permute4x64_epi64::<0b1000>(_mm256_packs_epi16(lanes, lanes)));
    avx2!(_mm_movemask_epi8(_mm256_castsi256_si128(bytes))) as u32
}
