//! Level baseline: what `wide` gives on any target without asking the CPU (SSE2 on x86-64, NEON on AArch64, simd128 on
//! wasm, plain code elsewhere).

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use wide::{f32x4, f64x2, i16x8};

use super::sealed::Sealed;
use crate::pair::{Pair, PairMask};
use crate::{Isa, Mask, Ordered, Task, Vector, Words};

/// Token of the level that was fixed when the program was compiled.
#[derive(Debug, Clone, Copy)]
pub struct Baseline;

impl Sealed for Baseline {}

impl Isa for Baseline {
    type F32 = Portable<f32x4>;
    type F64 = Portable<f64x2>;
    type I16 = Portable<i16x8>;

    #[inline(always)]
    fn call<T: Task<Self>>(self, task: T) -> T::Output {
        #[inline(never)]
        fn call<T: Task<Baseline>>(isa: Baseline, task: T) -> T::Output {
            task.run(isa)
        }
        call(self, task)
    }
}

/// A register of `wide`.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Portable<W>(W);

/// A mask of `wide`: all bits of a true lane are set.
#[derive(Debug, Clone, Copy)]
pub struct PortableMask<W>(W);

macro_rules! operators {
    ($($trait:ident $method:ident)*) => { $(
        impl<W: $trait<Output = W>> $trait for Portable<W> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0))
            }
        }
    )* };
}

operators!(Add add Sub sub Mul mul Div div);

impl<W: BitAnd<Output = W>> BitAnd for PortableMask<W> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl<W: BitOr<Output = W>> BitOr for PortableMask<W> {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<W: Not<Output = W>> Not for PortableMask<W> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

macro_rules! portable {
    ($wide:ident, $float:ident, $lanes:literal, $wider:ty, { $($conversions:item)* }) => {
        impl Sealed for PortableMask<$wide> {}
        impl Sealed for Portable<$wide> {}

        impl Mask for PortableMask<$wide> {
            #[inline(always)]
            fn any(self) -> bool {
                self.0.any()
            }
            #[inline(always)]
            fn bits(self) -> u32 {
                self.0.to_bitmask()
            }
        }

        impl Ordered for Portable<$wide> {
            type Isa = Baseline;
            const LANES: usize = $lanes;

            // Compare and select, not `fast_min`: wide leaves NaN and signed zeros of min and max to the target.
            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                let less = self.0.simd_lt(other.0);
                (Self(less.bitselect(self.0, other.0)), Self(less.bitselect(other.0, self.0)))
            }
            #[inline(always)]
            fn padding(_: Baseline) -> Self {
                Self($wide::splat($float::INFINITY))
            }

            crate::vector::one_register!();
        }

        impl Vector for Portable<$wide> {
            type Element = $float;
            type Mask = PortableMask<$wide>;
            type Wide = $wider;

            #[inline(always)]
            fn splat(_: Baseline, value: $float) -> Self {
                Self($wide::splat(value))
            }
            #[inline(always)]
            fn load(_: Baseline, from: &[$float]) -> Self {
                let lanes: &[$float; $lanes] = from.first_chunk().expect("a register full of elements");
                Self($wide::new(*lanes))
            }
            #[inline(always)]
            fn lanes(&self) -> &[$float] {
                self.0.as_array()
            }
            #[inline(always)]
            fn lanes_mut(&mut self) -> &mut [$float] {
                self.0.as_mut_array()
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(self.0.sqrt())
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(self.0.abs())
            }
            #[inline(always)]
            fn lt(self, other: Self) -> Self::Mask {
                PortableMask(self.0.simd_lt(other.0))
            }
            #[inline(always)]
            fn le(self, other: Self) -> Self::Mask {
                PortableMask(self.0.simd_le(other.0))
            }
            #[inline(always)]
            fn eq(self, other: Self) -> Self::Mask {
                PortableMask(self.0.simd_eq(other.0))
            }
            #[inline(always)]
            fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
                Self(mask.0.bitselect(yes.0, no.0))
            }
            $(#[inline(always)] $conversions)*
        }
    };
}

portable!(f32x4, f32, 4, Pair<Portable<f64x2>>, {
    fn widen(self) -> Pair<Portable<f64x2>> {
        let [a, b, c, d] = self.0.to_array().map(f64::from);
        Pair(Portable(f64x2::new([a, b])), Portable(f64x2::new([c, d])))
    }
    fn narrow(wide: Pair<Portable<f64x2>>) -> Self {
        let ([a, b], [c, d]) = (wide.0.0.to_array(), wide.1.0.to_array());
        Self(f32x4::new([a as f32, b as f32, c as f32, d as f32]))
    }
    fn widen_mask(mask: PortableMask<f32x4>) -> PairMask<Portable<f64x2>> {
        // A true lane is -1 as an integer: sign extension makes the f64 lane all ones too.
        let [a, b, c, d] = mask.0.to_array().map(|m| f64::from_bits(i64::from(m.to_bits() as i32) as u64));
        PairMask(Pair(PortableMask(f64x2::new([a, b])), PortableMask(f64x2::new([c, d]))))
    }
    fn narrow_mask(mask: PairMask<Portable<f64x2>>) -> PortableMask<f32x4> {
        let ([a, b], [c, d]) = (mask.0.0.0.to_array(), mask.0.1.0.to_array());
        PortableMask(f32x4::new([a, b, c, d].map(|m| f32::from_bits(m.to_bits() as u32))))
    }
});

portable!(f64x2, f64, 2, Self, {
    fn widen(self) -> Self {
        self
    }
    fn narrow(wide: Self) -> Self {
        wide
    }
    fn widen_mask(mask: PortableMask<f64x2>) -> PortableMask<f64x2> {
        mask
    }
    fn narrow_mask(mask: PortableMask<f64x2>) -> PortableMask<f64x2> {
        mask
    }
});

impl Sealed for Portable<i16x8> {}

impl Ordered for Portable<i16x8> {
    type Isa = Baseline;
    const LANES: usize = 8;

    #[inline(always)]
    fn sort2(self, other: Self) -> (Self, Self) {
        (Self(self.0.min(other.0)), Self(self.0.max(other.0)))
    }
    #[inline(always)]
    fn padding(_: Baseline) -> Self {
        Self(i16x8::splat(i16::MAX))
    }

    crate::vector::one_register!();
}

impl Words for Portable<i16x8> {
    type Narrow = Portable<f32x4>;

    #[inline(always)]
    fn load(_: Baseline, from: &[i16]) -> Self {
        let lanes: &[i16; 8] = from.first_chunk().expect("a register full of elements");
        Self(i16x8::new(*lanes))
    }
    #[inline(always)]
    fn widen(self) -> [Portable<f32x4>; 2] {
        let [a, b, c, d, e, f, g, h] = self.0.to_array().map(f32::from);
        [Portable(f32x4::new([a, b, c, d])), Portable(f32x4::new([e, f, g, h]))]
    }
    #[inline(always)]
    fn lt(self, other: Self) -> u32 {
        self.0.simd_lt(other.0).to_bitmask()
    }
    #[inline(always)]
    fn eq(self, other: Self) -> u32 {
        self.0.simd_eq(other.0).to_bitmask()
    }
}
