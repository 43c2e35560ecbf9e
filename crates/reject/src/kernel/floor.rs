//! K, the number of samples that a rejection must keep, of each lane (algorithms.md section 5.0.4).

use skystack_simd::Vector;
use skystack_stats::lane::{constants, number};

/// [`kept_at_least`](crate::kept_at_least) of each lane.
#[inline(always)]
pub(crate) fn kept_at_least<V: Vector>(isa: V::Isa, nkeep: u32, maxrej: Option<u32>, valid: V) -> V {
    let (zero, _) = constants(isa);
    let (by_nkeep, _) = valid.sort2(number(isa, nkeep as usize));
    let by_maxrej = match maxrej {
        Some(most) => valid - number(isa, most as usize),
        None => zero,
    };
    by_nkeep.sort2(by_maxrej).1
}

/// The least number of survivors that a pass runs with (§5.0.3): `minclip` samples, and one more than must be kept.
#[inline(always)]
pub(crate) fn minimum<V: Vector>(isa: V::Isa, minclip: usize, kept: V) -> V {
    let (_, one) = constants(isa);
    number::<V>(isa, minclip).sort2(kept + one).1
}
