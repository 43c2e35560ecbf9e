//! A column of vectors, register by register: what needs every register of the CPU takes the halves of a pair in turn.

use std::marker::PhantomData;

use crate::Ordered;

/// Register number k of each of N vectors.
///
/// Code that takes this is compiled once for each register, not again for each pair of registers.
///
/// ```
/// use skystack_simd::{Isa, Ordered, Pair, Registers, Scalar, Vector};
/// type F32 = <Scalar as Isa>::F32;
/// let one = <Pair<F32>>::load(Scalar, &[1.0; <Pair<F32>>::LANES]);
/// let two = <Pair<F32>>::load(Scalar, &[2.0; <Pair<F32>>::LANES]);
/// let registers: [F32; 2] = Registers::of(&[one, two], 1).get();
/// assert_eq!(registers[1].lanes()[0], 2.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Registers<'a, R, const N: usize> {
    first: *const R,
    stride: usize,
    vectors: PhantomData<&'a [R]>,
}

/// [`Registers`] that can be replaced.
#[derive(Debug)]
pub struct RegistersMut<'a, R, const N: usize> {
    first: *mut R,
    stride: usize,
    vectors: PhantomData<&'a mut [R]>,
}

/// `V::REGISTERS`, once `V` is known to be that many registers side by side and `k` to be one of them.
#[inline(always)]
fn stride<V: Ordered>(k: usize) -> usize {
    const { assert!(size_of::<V>() == V::REGISTERS * size_of::<V::Register>()) };
    const { assert!(align_of::<V>() == align_of::<V::Register>()) };
    assert!(k < V::REGISTERS, "a vector has fewer registers");
    V::REGISTERS
}

impl<'a, R: Ordered, const N: usize> Registers<'a, R, N> {
    /// Of `vectors`, register `k`.
    ///
    /// # Panics
    /// Unless `k < V::REGISTERS`.
    #[inline(always)]
    pub fn of<V: Ordered<Register = R>>(vectors: &'a [V; N], k: usize) -> Self {
        let stride = stride::<V>(k);
        Self { first: vectors.as_ptr().cast::<R>().wrapping_add(k), stride, vectors: PhantomData }
    }

    /// All of them.
    #[inline(always)]
    pub fn get(self) -> [R; N] {
        // SAFETY: a vector is `REGISTERS` registers without a gap (the trait is sealed, `stride` checks the size, and that it
        // is `REGISTERS`), so register `k < REGISTERS` of vector `i < N` is initialised memory of the array that is borrowed for 'a.
        std::array::from_fn(|i| unsafe { *self.first.add(i * self.stride) })
    }
}

impl<'a, R: Ordered, const N: usize> RegistersMut<'a, R, N> {
    /// Of `vectors`, register `k`.
    ///
    /// # Panics
    /// Unless `k < V::REGISTERS`.
    #[inline(always)]
    pub fn of<V: Ordered<Register = R>>(vectors: &'a mut [V; N], k: usize) -> Self {
        let stride = stride::<V>(k);
        Self { first: vectors.as_mut_ptr().cast::<R>().wrapping_add(k), stride, vectors: PhantomData }
    }

    /// All of them, as they are.
    #[inline(always)]
    pub fn get(&self) -> [R; N] {
        Registers { first: self.first.cast_const(), stride: self.stride, vectors: PhantomData }.get()
    }

    /// Replaces them.
    #[inline(always)]
    pub fn set(&mut self, registers: [R; N]) {
        for (i, register) in registers.into_iter().enumerate() {
            // SAFETY: as in `Registers::get`; the borrow is unique, and any register is a value of its vector.
            unsafe { *self.first.add(i * self.stride) = register };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Baseline, Isa, Pair, Vector};

    #[test]
    fn halves_of_pairs_are_taken_and_replaced_apart() {
        type Half = <Baseline as Isa>::F32;
        let lanes = Half::LANES as f32;
        let pair = |start: f32| {
            let values: Vec<f32> = (0..2 * Half::LANES).map(|i| start + i as f32).collect();
            <Pair<Half>>::load(Baseline, &values)
        };
        let mut vectors = [pair(0.0), pair(100.0), pair(200.0)];
        for k in 0..2 {
            let taken: [Half; 3] = Registers::of(&vectors, k).get();
            for (i, register) in taken.iter().enumerate() {
                assert_eq!(register.lanes()[0], 100.0 * i as f32 + k as f32 * lanes);
            }
        }
        let nine = Half::splat(Baseline, 9.0);
        RegistersMut::of(&mut vectors, 1).set([nine; 3]);
        for (i, vector) in vectors.iter().enumerate() {
            let (first, second) = vector.lanes().split_at(Half::LANES);
            assert_eq!(first[0], 100.0 * i as f32);
            assert!(second.iter().all(|lane| *lane == 9.0));
        }
        let one: [Half; 1] = RegistersMut::of(&mut [nine], 0).get();
        assert_eq!(one[0].lanes()[0], 9.0);
    }

    #[test]
    #[should_panic(expected = "a vector has fewer registers")]
    fn a_register_has_no_second_half() {
        let vectors = [<<Baseline as Isa>::F32>::splat(Baseline, 1.0)];
        let _ = Registers::of(&vectors, 1);
    }
}
