//! Sorting networks in registers, and what is made of them: up to 32 registers at once, no load or store between the
//! comparators.
//!
//! The lists of comparators are in `tables.rs`, which `cargo xtask codegen` writes and checks. Each network is a function of
//! its own for each instruction set and type ([`Isa::call`]): inlined into every kernel they would fill the program.

use skystack_simd::{Isa, Ordered, Task};

/// Most registers that a network takes: as many as AVX-512 has.
pub(super) const WIDEST: usize = 32;

/// Sorts one register array into another.
struct Sort<'a, V, const N: usize> {
    from: &'a [V; N],
    to: &'a mut [V; N],
}

/// The values of ranks N/2 − 1 and N/2 (0-based).
struct Middle<'a, V, const N: usize>(&'a [V; N]);

/// Sorts a bitonic sequence in place.
struct BitonicSort<'a, V, const N: usize>(&'a mut [V; N]);

/// Register number `k` of each.
#[inline(always)]
fn registers<V: Ordered, const N: usize>(from: &[V; N], k: usize) -> [V::Register; N] {
    let mut registers = [from[0].register(k); N];
    for (to, from) in registers.iter_mut().zip(from) {
        *to = from.register(k);
    }
    registers
}

#[inline(always)]
fn set_registers<V: Ordered, const N: usize>(to: &mut [V; N], k: usize, registers: [V::Register; N]) {
    for (to, register) in to.iter_mut().zip(registers) {
        to.set_register(k, register);
    }
}

macro_rules! sorts {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<V: Ordered> Task<V::Isa> for Sort<'_, V, $n> {
            type Output = ();
            #[inline(always)]
            fn run(self, _: V::Isa) {
                for k in 0..V::REGISTERS {
                    let mut v = registers(self.from, k);
                    $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                    set_registers(self.to, k, v);
                }
            }
        })*

        /// Sorts `from` into `to`, each lane upwards; both have the same length, at most [`WIDEST`].
        #[inline(always)]
        pub(in crate::lane) fn sort<V: Ordered>(isa: V::Isa, from: &[V], to: &mut [V]) {
            match from.len() {
                $($n => isa.call(Sort::<V, $n> {
                    from: from.first_chunk().expect(LENGTH),
                    to: to.first_chunk_mut().expect(LENGTH),
                }),)*
                // One register or none: to copy a slice would be a call.
                1 => to[0] = from[0],
                n => debug_assert_eq!(n, 0, "more registers than a network takes"),
            }
        }
    };
}

macro_rules! middles {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<V: Ordered> Task<V::Isa> for Middle<'_, V, $n> {
            type Output = (V, V);
            // What no rank that is wanted depends on is never computed: the compiler drops it.
            #[inline(always)]
            fn run(self, _: V::Isa) -> (V, V) {
                let (mut low, mut high) = (self.0[0], self.0[0]);
                for k in 0..V::REGISTERS {
                    let mut v = registers(self.0, k);
                    $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                    low.set_register(k, v[$n / 2 - 1]);
                    high.set_register(k, v[$n / 2]);
                }
                (low, high)
            }
        })*

        /// The values of ranks N/2 − 1 and N/2 of each lane; the only value twice where N = 1.
        #[inline(always)]
        pub(in crate::lane) fn middle<V: Ordered>(isa: V::Isa, column: &[V]) -> (V, V) {
            match column.len() {
                $($n => isa.call(Middle::<V, $n>(column.first_chunk().expect(LENGTH))),)*
                _ => (column[0], column[0]),
            }
        }
    };
}

macro_rules! bitonic_sorts {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<V: Ordered> Task<V::Isa> for BitonicSort<'_, V, $n> {
            type Output = ();
            #[inline(always)]
            fn run(self, _: V::Isa) {
                for k in 0..V::REGISTERS {
                    let mut v = registers(self.0, k);
                    $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                    set_registers(self.0, k, v);
                }
            }
        })*
    };
}

/// Sorts [`WIDEST`] registers of which each lane is a bitonic sequence.
#[inline(always)]
pub(super) fn bitonic_sort<V: Ordered>(isa: V::Isa, run: &mut [V]) {
    isa.call(BitonicSort::<V, WIDEST>(run.first_chunk_mut().expect(LENGTH)));
}

const LENGTH: &str = "the length that was matched";

// Here, because the macros must come before their calls.
mod tables;

pub(super) use tables::{middle, sort};
