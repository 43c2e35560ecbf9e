//! Sorting networks in registers, and what is made of them: up to 32 registers at once, no load or store between the
//! comparators.
//!
//! The lists of comparators are in `tables.rs`, which `cargo xtask codegen` writes and checks. Each network is a function of
//! its own for each instruction set and register ([`Isa::call`]), to which a pair is two columns: inlined into every kernel, or
//! compiled again for pairs, they would fill the program and the time to build it.

use skystack_simd::{Isa, Ordered, Registers, RegistersMut, Task};

/// Most registers that a network takes: as many as AVX-512 has.
pub(super) const WIDEST: usize = 32;

/// Sorts one register array into another.
struct Sort<'a, R, const N: usize> {
    from: Registers<'a, R, N>,
    to: RegistersMut<'a, R, N>,
}

/// The values of ranks N/2 − 1 and N/2 (0-based).
struct Middle<'a, R, const N: usize>(Registers<'a, R, N>);

/// Sorts a bitonic sequence in place.
struct BitonicSort<'a, R, const N: usize>(RegistersMut<'a, R, N>);

macro_rules! sorts {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<R: Ordered> Task<R::Isa> for Sort<'_, R, $n> {
            type Output = ();
            #[inline(always)]
            fn run(mut self, _: R::Isa) {
                let mut v = self.from.get();
                $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                self.to.set(v);
            }
        })*

        /// Sorts `from` into `to`, each lane upwards; both have the same length, at most [`WIDEST`].
        #[inline(always)]
        pub(in crate::lane) fn sort<V: Ordered>(isa: V::Isa, from: &[V], to: &mut [V]) {
            for k in 0..V::REGISTERS {
                match from.len() {
                    $($n => isa.call(Sort::<V::Register, $n> {
                        from: Registers::of(from.first_chunk().expect(LENGTH), k),
                        to: RegistersMut::of(to.first_chunk_mut().expect(LENGTH), k),
                    }),)*
                    // One register or none: to copy a slice would be a call.
                    1 => to[0] = from[0],
                    n => debug_assert_eq!(n, 0, "more registers than a network takes"),
                }
            }
        }
    };
}

macro_rules! middles {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<R: Ordered> Task<R::Isa> for Middle<'_, R, $n> {
            type Output = (R, R);
            // What no rank that is wanted depends on is never computed: the compiler drops it.
            #[inline(always)]
            fn run(self, _: R::Isa) -> (R, R) {
                let mut v = self.0.get();
                $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                (v[$n / 2 - 1], v[$n / 2])
            }
        })*

        /// The values of ranks N/2 − 1 and N/2 of each lane; the only value twice where N = 1.
        #[inline(always)]
        pub(in crate::lane) fn middle<V: Ordered>(isa: V::Isa, column: &[V]) -> (V, V) {
            let (mut low, mut high) = (column[0], column[0]);
            for k in 0..V::REGISTERS {
                let found = match column.len() {
                    $($n => isa.call(Middle::<V::Register, $n>(Registers::of(
                        column.first_chunk().expect(LENGTH),
                        k,
                    ))),)*
                    _ => break,
                };
                low.set_register(k, found.0);
                high.set_register(k, found.1);
            }
            (low, high)
        }
    };
}

macro_rules! bitonic_sorts {
    ($($n:literal [$($a:literal $b:literal,)*])*) => {
        $(impl<R: Ordered> Task<R::Isa> for BitonicSort<'_, R, $n> {
            type Output = ();
            #[inline(always)]
            fn run(mut self, _: R::Isa) {
                let mut v = self.0.get();
                $((v[$a], v[$b]) = v[$a].sort2(v[$b]);)*
                self.0.set(v);
            }
        })*
    };
}

/// Sorts [`WIDEST`] registers of which each lane is a bitonic sequence.
#[inline(always)]
pub(super) fn bitonic_sort<V: Ordered>(isa: V::Isa, run: &mut [V]) {
    let run = run.first_chunk_mut().expect(LENGTH);
    for k in 0..V::REGISTERS {
        isa.call(BitonicSort::<V::Register, WIDEST>(RegistersMut::of(run, k)));
    }
}

const LENGTH: &str = "the length that was matched";

// Here, because the macros must come before their calls.
mod tables;

pub(super) use tables::{middle, sort};
