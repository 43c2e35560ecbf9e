//! A square of registers, rows to columns.

use skystack_simd::{MAX_LANES, Vector};

/// Makes lane k of register i what lane i of register k was, for the first L registers.
///
/// log₂ L rounds; each zips the first half of the rows with the second, which turns the place of an entry (row and lane
/// as the digits of one number) by one binary digit.
#[inline(always)]
pub(crate) fn transpose<V: Vector>(isa: V::Isa, square: &mut [V; MAX_LANES]) {
    let half = V::LANES / 2;
    let mut round = 1;
    while round < V::LANES {
        let rows = *square;
        for k in 0..half {
            (square[2 * k], square[2 * k + 1]) = zip(isa, rows[k], rows[k + half]);
        }
        round *= 2;
    }
}

/// a₀ b₀ a₁ b₁ … in two registers. The arrays never reach memory: the compiler makes permutations of them.
#[inline(always)]
fn zip<V: Vector>(isa: V::Isa, a: V, b: V) -> (V, V) {
    let half = V::LANES / 2;
    let mut low = [V::Element::default(); MAX_LANES];
    let mut high = low;
    for k in 0..half {
        (low[2 * k], low[2 * k + 1]) = (a.lanes()[k], b.lanes()[k]);
        (high[2 * k], high[2 * k + 1]) = (a.lanes()[half + k], b.lanes()[half + k]);
    }
    (V::load(isa, &low), V::load(isa, &high))
}
