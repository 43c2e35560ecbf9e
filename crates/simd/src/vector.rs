//! What a kernel may do with a register: a small set of operations, each defined for NaN, signed zeros and ties.

use std::fmt::Debug;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Not, Sub};

use crate::isa::sealed::Sealed;
use crate::{Element, Isa};

/// No register of any level has more lanes; a [`Pair`](crate::Pair) has up to twice as many.
pub const MAX_LANES: usize = 16;

/// One truth value a lane.
pub trait Mask:
    Copy + Debug + Send + Sync + Sealed + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
    /// Is any lane true?
    fn any(self) -> bool;
    /// Lane k in bit k.
    fn bits(self) -> u32;
}

/// L values in one register that can be put in order: all that a sorting network needs.
pub trait Ordered: Copy + Debug + Send + Sync + Sealed {
    /// The instruction set.
    type Isa: Isa;
    /// Number of lanes L.
    const LANES: usize;

    /// `(a < b ? a : b, a < b ? b : a)` per lane: for ordered values (min, max); equal values, signed zeros and NaN stay
    /// as a scalar branch would leave them.
    fn sort2(self, other: Self) -> (Self, Self);
    /// Not below any value: what fills a column up.
    fn padding(isa: Self::Isa) -> Self;

    /// One register of this type's: itself, or a half of a [`Pair`](crate::Pair). What needs all registers of the CPU takes
    /// them one after the other.
    type Register: Ordered<Isa = Self::Isa>;
    /// How many there are.
    const REGISTERS: usize;
    /// Register number `k`.
    fn register(&self, k: usize) -> Self::Register;
    /// Replaces register number `k`.
    fn set_register(&mut self, k: usize, register: Self::Register);
}

/// Items of [`Ordered`] for a type that is one register.
macro_rules! one_register {
    () => {
        type Register = Self;
        const REGISTERS: usize = 1;

        #[inline(always)]
        fn register(&self, _: usize) -> Self {
            *self
        }
        #[inline(always)]
        fn set_register(&mut self, _: usize, register: Self) {
            *self = register;
        }
    };
}

pub(crate) use one_register;

/// 2L neighbouring 16-bit integers, to be sorted at twice the width of f32.
pub trait Words: Ordered {
    /// L of them as f32.
    type Narrow: Vector<Isa = Self::Isa, Element = f32>;

    /// The first 2L elements of `from`.
    ///
    /// # Panics
    /// If `from` is shorter.
    fn load(isa: Self::Isa, from: &[i16]) -> Self;
    /// The exact values, lanes 0..L and L..2L.
    fn widen(self) -> [Self::Narrow; 2];
    /// `self < other`: lane k in bit k.
    fn lt(self, other: Self) -> u32;
    /// `self == other`: lane k in bit k.
    fn eq(self, other: Self) -> u32;
}

/// L neighbouring output pixels of type `Element` in one register (or a pair of registers).
///
/// Arithmetic is IEEE-754 round-to-nearest-even per lane: every level gives the same bits. Values of this trait's types can
/// only be made with an [`Isa`] token, so holding one proves that the CPU has the instructions.
pub trait Vector:
    Ordered + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The type of a lane.
    type Element: Element;
    /// One truth value a lane.
    type Mask: Mask;
    /// The same lanes in f64.
    type Wide: Vector<Isa = Self::Isa, Element = f64>;

    /// All lanes equal `value`.
    fn splat(isa: Self::Isa, value: Self::Element) -> Self;
    /// The first L elements of `from`.
    ///
    /// # Panics
    /// If `from` is shorter.
    fn load(isa: Self::Isa, from: &[Self::Element]) -> Self;
    /// The lanes in memory.
    fn lanes(&self) -> &[Self::Element];
    /// The lanes in memory, to be changed one by one.
    fn lanes_mut(&mut self) -> &mut [Self::Element];

    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Clears the sign bit.
    fn abs(self) -> Self;
    /// `self < other`; false where either is NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self <= other`; false where either is NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `self == other`; false where either is NaN, true for zeros of any sign.
    fn eq(self, other: Self) -> Self::Mask;
    /// `mask ? yes : no` per lane.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Each lane as f64, exactly.
    fn widen(self) -> Self::Wide;
    /// Each f64 rounded once to the element type.
    fn narrow(wide: Self::Wide) -> Self;
    /// The mask for the wide lanes.
    fn widen_mask(mask: Self::Mask) -> <Self::Wide as Vector>::Mask;
    /// The mask for the narrow lanes.
    fn narrow_mask(mask: <Self::Wide as Vector>::Mask) -> Self::Mask;

    /// +0 in lanes that are finite, NaN in the others: x − x.
    #[expect(clippy::eq_op, reason = "that is the point")]
    #[inline(always)]
    fn zero_if_finite(self) -> Self {
        self - self
    }

    /// The first L elements of `from`, lanes beyond its end filled with `pad`: for the last pixels of a row.
    #[inline(always)]
    fn load_partial(isa: Self::Isa, from: &[Self::Element], pad: Self::Element) -> Self {
        if from.len() >= Self::LANES {
            return Self::load(isa, from);
        }
        // Lane by lane: to copy a slice of any length is a call.
        let mut padded = [pad; MAX_LANES];
        for (lane, to) in padded[..Self::LANES].iter_mut().enumerate() {
            *to = from.get(lane).copied().unwrap_or(pad);
        }
        Self::load(isa, &padded)
    }

    /// Writes as many lanes as `to` has room for, at most L.
    #[inline(always)]
    fn store_partial(self, to: &mut [Self::Element]) {
        // A length known to the compiler is one store; any other is a call.
        match to.get_mut(..Self::LANES) {
            Some(all) => all.copy_from_slice(self.lanes()),
            None => {
                let count = to.len();
                to.copy_from_slice(&self.lanes()[..count]);
            }
        }
    }

    /// Lane k of `column[index[k]]`; indices are truncated towards zero and clamped to the column. A NaN index gets an
    /// arbitrary element.
    ///
    /// # Cost
    /// A step for each different index: neighbouring pixels mostly want the same few elements.
    ///
    /// # Panics
    /// If `column` is empty.
    #[inline(always)]
    fn gather(isa: Self::Isa, column: &[Self], index: Self) -> Self {
        let last = column.len() - 1;
        let first = index.lanes()[0];
        let mut gathered = column[(first.widen() as usize).min(last)];
        let mut pending = index.eq(index) & !index.eq(Self::splat(isa, first));
        while pending.any() {
            let at = index.lanes()[pending.bits().trailing_zeros() as usize];
            let these = index.eq(Self::splat(isa, at));
            gathered = Self::select(these, column[(at.widen() as usize).min(last)], gathered);
            pending = pending & !these;
        }
        gathered
    }
}
