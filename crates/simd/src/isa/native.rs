//! What the register types of `core::arch` share: one definition of operators, memory access and comparisons, filled in with
//! the intrinsics of an instruction set. How a mask looks and how lanes are widened is each set's own.

/// Defines a register type's operators and its [`Vector`](crate::Vector).
///
/// `$guard!(e)` runs value intrinsics: it holds the SAFETY sentence that the CPU has them.
macro_rules! native_register {
    ($vector:ident of $lanes:literal $float:ident, mask $mask:ident, wide $wide:ty, on $isa:ident by $guard:ident:
     $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $min:ident $max:ident $compare:ident
     $splat:ident $load:ident,
     abs($x:ident) $abs:expr, select($m:ident, $yes:ident, $no:ident) $select:expr,
     { $($conversions:item)* }) => {
        impl std::ops::Add for $vector {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self($guard!($add(self.0, other.0)))
            }
        }

        impl std::ops::Sub for $vector {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self($guard!($sub(self.0, other.0)))
            }
        }

        impl std::ops::Mul for $vector {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self($guard!($mul(self.0, other.0)))
            }
        }

        impl std::ops::Div for $vector {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self($guard!($div(self.0, other.0)))
            }
        }

        impl $crate::isa::sealed::Sealed for $vector {}

        impl $crate::Ordered for $vector {
            type Isa = $isa;
            const LANES: usize = $lanes;

            // MINPS(a, b) is `a < b ? a : b` and MAXPS(b, a) is `b > a ? b : a`, NaN and signed zeros included.
            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                (Self($guard!($min(self.0, other.0))), Self($guard!($max(other.0, self.0))))
            }
            #[inline(always)]
            fn padding(isa: $isa) -> Self {
                <Self as $crate::Vector>::splat(isa, $float::INFINITY)
            }

            crate::vector::one_register!();
        }

        impl $crate::Vector for $vector {
            type Element = $float;
            type Mask = $mask;
            type Wide = $wide;

            #[inline(always)]
            fn splat(_: $isa, value: $float) -> Self {
                Self($guard!($splat(value)))
            }
            #[inline(always)]
            fn load(_: $isa, from: &[$float]) -> Self {
                let lanes: &[$float; $lanes] = from.first_chunk().expect("a register full of elements");
                // SAFETY: the token proves that the CPU has the instruction; the array is readable over its whole length,
                // and this load needs no alignment.
                Self(unsafe { $load(lanes.as_ptr()) })
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
                Self($guard!($sqrt(self.0)))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                let $x = self.0;
                Self($guard!($abs))
            }
            #[inline(always)]
            fn lt(self, other: Self) -> $mask {
                $mask($guard!($compare::<_CMP_LT_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn le(self, other: Self) -> $mask {
                $mask($guard!($compare::<_CMP_LE_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn eq(self, other: Self) -> $mask {
                $mask($guard!($compare::<_CMP_EQ_OQ>(self.0, other.0)))
            }
            #[inline(always)]
            fn select(mask: $mask, yes: Self, no: Self) -> Self {
                let ($m, $yes, $no) = (mask.0, yes.0, no.0);
                Self($guard!($select))
            }
            $($conversions)*
        }
    };
}

/// Defines a register type of 16-bit integers.
macro_rules! word_register {
    ($words:ident of $lanes:literal i16, narrow $narrow:ident, on $isa:ident by $guard:ident:
     $min:ident $max:ident $splat:ident $load:ident,
     halves($x:ident) $low:expr, $high:expr,
     bits($a:ident, $b:ident) $lt:expr, $eq:expr) => {
        impl $crate::isa::sealed::Sealed for $words {}

        impl $crate::Ordered for $words {
            type Isa = $isa;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn sort2(self, other: Self) -> (Self, Self) {
                (Self($guard!($min(self.0, other.0))), Self($guard!($max(self.0, other.0))))
            }
            #[inline(always)]
            fn padding(_: $isa) -> Self {
                Self($guard!($splat(i16::MAX)))
            }

            crate::vector::one_register!();
        }

        impl $crate::Words for $words {
            type Narrow = $narrow;

            #[inline(always)]
            fn load(_: $isa, from: &[i16]) -> Self {
                let lanes: &[i16; $lanes] = from.first_chunk().expect("a register full of elements");
                // SAFETY: the token proves that the CPU has the instruction; the array is readable over its whole length,
                // and this load needs no alignment.
                Self(unsafe { $load(lanes.as_ptr().cast()) })
            }
            #[inline(always)]
            fn widen(self) -> [$narrow; 2] {
                let $x = self.0;
                [$narrow($guard!($low)), $narrow($guard!($high))]
            }
            #[inline(always)]
            fn lt(self, other: Self) -> u32 {
                let ($a, $b) = (self.0, other.0);
                $guard!($lt)
            }
            #[inline(always)]
            fn eq(self, other: Self) -> u32 {
                let ($a, $b) = (self.0, other.0);
                $guard!($eq)
            }
        }
    };
}

/// The conversions of f64 lanes, which are wide already.
macro_rules! already_wide {
    ($mask:ident) => {
        #[inline(always)]
        fn widen(self) -> Self {
            self
        }
        #[inline(always)]
        fn narrow(wide: Self) -> Self {
            wide
        }
        #[inline(always)]
        fn widen_mask(mask: $mask) -> $mask {
            mask
        }
        #[inline(always)]
        fn narrow_mask(mask: $mask) -> $mask {
            mask
        }
    };
}

pub(super) use {already_wide, native_register, word_register};
