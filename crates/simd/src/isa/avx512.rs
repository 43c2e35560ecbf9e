//! Level avx512: 512-bit registers and mask registers of `core::arch` (AVX-512 F, BW and DQ).

use core::arch::x86_64::*;
use std::ops::{BitAnd, BitOr, Not};

use super::native::{already_wide, native_register, word_register};
use super::sealed::Sealed;
use crate::pair::{Pair, PairMask};
use crate::{Isa, Mask, Task};

/// Token: this CPU has AVX-512 F, BW and DQ, and POPCNT.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    /// The token, if this CPU has them.
    #[inline(always)]
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Self(()))
    }
}

impl Sealed for Avx512 {}

impl Isa for Avx512 {
    type F32 = F32x16;
    type F64 = F64x8;
    type I16 = I16x32;

    #[inline(always)]
    fn call<T: Task<Self>>(self, task: T) -> T::Output {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,popcnt")]
        #[inline(never)]
        fn call<T: Task<Avx512>>(isa: Avx512, task: T) -> T::Output {
            task.run(isa)
        }
        // SAFETY: the token proves AVX-512 F, BW and DQ, and POPCNT.
        unsafe { call(self, task) }
    }
}

/// Sixteen f32 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F32x16(__m512);

/// Eight f64 lanes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct F64x8(__m512d);

/// Thirty-two 16-bit integers.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct I16x32(__m512i);

/// Runs value intrinsics (no pointers) of this instruction set.
macro_rules! avx512 {
    ($intrinsics:expr) => {{
        // SAFETY: these intrinsics need AVX-512 F, BW and DQ and nothing else; every value of this file's types, and every
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

native_register!(F32x16 of 16 f32, mask K16, wide Pair<F64x8>, on Avx512 by avx512:
    _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps _mm512_min_ps _mm512_max_ps _mm512_cmp_ps_mask
    _mm512_set1_ps _mm512_loadu_ps,
    abs(x) _mm512_abs_ps(x), select(mask, yes, no) _mm512_mask_blend_ps(mask, no, yes),
{
    #[inline(always)]
    fn widen(self) -> Pair<F64x8> {
        let low = avx512!(_mm512_cvtps_pd(_mm512_castps512_ps256(self.0)));
        Pair(F64x8(low), F64x8(avx512!(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(self.0)))))
    }
    #[inline(always)]
    fn narrow(wide: Pair<F64x8>) -> Self {
        let low = avx512!(_mm512_castps256_ps512(_mm512_cvtpd_ps(wide.0.0)));
        Self(avx512!(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(wide.1.0))))
    }
    #[inline(always)]
    fn widen_mask(mask: K16) -> PairMask<F64x8> {
        PairMask(Pair(K8(mask.0 as u8), K8((mask.0 >> 8) as u8)))
    }
    #[inline(always)]
    fn narrow_mask(mask: PairMask<F64x8>) -> K16 {
        K16(u16::from_le_bytes([mask.0.0.0, mask.0.1.0]))
    }
});

native_register!(F64x8 of 8 f64, mask K8, wide Self, on Avx512 by avx512:
    _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd _mm512_min_pd _mm512_max_pd _mm512_cmp_pd_mask
    _mm512_set1_pd _mm512_loadu_pd,
    abs(x) _mm512_abs_pd(x), select(mask, yes, no) _mm512_mask_blend_pd(mask, no, yes),
{
    already_wide!(K8);
});

word_register!(I16x32 of 32 i16, narrow F32x16, on Avx512 by avx512:
    _mm512_min_epi16 _mm512_max_epi16 _mm512_set1_epi16 _mm512_loadu_epi16,
    halves(x)
    _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm512_castsi512_si256(x))),
    _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64::<1>(x))),
    bits(a, b) _mm512_cmplt_epi16_mask(a, b), _mm512_cmpeq_epi16_mask(a, b));
