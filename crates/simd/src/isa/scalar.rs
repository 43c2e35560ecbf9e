//! Level scalar: one pixel at a time in plain Rust. The level every other one is compared with.

use std::ops::{Add, Div, Mul, Sub};

use super::sealed::Sealed;
use crate::{Isa, Mask, Ordered, Task, Vector, Words};

/// Token of the level that every machine has.
#[derive(Debug, Clone, Copy)]
pub struct Scalar;

impl Sealed for Scalar {}

impl Isa for Scalar {
    type F32 = One<f32>;
    type F64 = One<f64>;
    type I16 = Two;

    #[inline(always)]
    fn call<T: Task<Self>>(self, task: T) -> T::Output {
        #[inline(never)]
        fn call<T: Task<Scalar>>(isa: Scalar, task: T) -> T::Output {
            task.run(isa)
        }
        call(self, task)
    }
}

/// One lane.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct One<T>(T);

impl Sealed for bool {}

impl Mask for bool {
    #[inline(always)]
    fn any(self) -> bool {
        self
    }
    #[inline(always)]
    fn bits(self) -> u32 {
        self.into()
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident)*) => { $(
        impl<T: $trait<Output = T>> $trait for One<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0))
            }
        }
    )* };
}

operators!(Add add Sub sub Mul mul Div div);

macro_rules! one {
    ($float:ident) => {
        impl Sealed for One<$float> {}

        impl Ordered for One<$float> {
            type Isa = Scalar;
            const LANES: usize = 1;

            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                if self.0 < other.0 { (self, other) } else { (other, self) }
            }
            #[inline(always)]
            fn padding(_: Scalar) -> Self {
                Self($float::INFINITY)
            }

            crate::vector::one_register!();
        }

        impl Vector for One<$float> {
            type Element = $float;
            type Mask = bool;
            type Wide = One<f64>;

            #[inline(always)]
            fn splat(_: Scalar, value: $float) -> Self {
                Self(value)
            }
            #[inline(always)]
            fn load(_: Scalar, from: &[$float]) -> Self {
                Self(from[0])
            }
            #[inline(always)]
            fn lanes(&self) -> &[$float] {
                std::slice::from_ref(&self.0)
            }
            #[inline(always)]
            fn lanes_mut(&mut self) -> &mut [$float] {
                std::slice::from_mut(&mut self.0)
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
            fn lt(self, other: Self) -> bool {
                self.0 < other.0
            }
            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self.0 <= other.0
            }
            #[inline(always)]
            fn eq(self, other: Self) -> bool {
                self.0 == other.0
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn widen(self) -> One<f64> {
                One(self.0.into())
            }
            #[inline(always)]
            fn narrow(wide: One<f64>) -> Self {
                Self(wide.0 as $float)
            }
            #[inline(always)]
            fn widen_mask(mask: bool) -> bool {
                mask
            }
            #[inline(always)]
            fn narrow_mask(mask: bool) -> bool {
                mask
            }
        }
    };
}

one!(f32);
one!(f64);

/// Two 16-bit integers.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Two([i16; 2]);

impl Sealed for Two {}

impl Ordered for Two {
    type Isa = Scalar;
    const LANES: usize = 2;

    #[inline(always)]
    fn sort2(self, other: Self) -> (Self, Self) {
        let ([a, b], [c, d]) = (self.0, other.0);
        (Self([a.min(c), b.min(d)]), Self([a.max(c), b.max(d)]))
    }
    #[inline(always)]
    fn padding(_: Scalar) -> Self {
        Self([i16::MAX; 2])
    }

    crate::vector::one_register!();
}

impl Words for Two {
    type Narrow = One<f32>;

    #[inline(always)]
    fn load(_: Scalar, from: &[i16]) -> Self {
        Self([from[0], from[1]])
    }
    #[inline(always)]
    fn widen(self) -> [One<f32>; 2] {
        [One(self.0[0].into()), One(self.0[1].into())]
    }
    #[inline(always)]
    fn lt(self, other: Self) -> u32 {
        u32::from(self.0[0] < other.0[0]) | u32::from(self.0[1] < other.0[1]) << 1
    }
    #[inline(always)]
    fn eq(self, other: Self) -> u32 {
        u32::from(self.0[0] == other.0[0]) | u32::from(self.0[1] == other.0[1]) << 1
    }
}
