//! From the rows of the frames to columns in registers: steps 2 and 3 of algorithms.md section 2.1.
//!
//! Frames lie far apart in memory, often by a power of two, so that their lines fall into the same few sets of the caches.
//! So a block takes several neighbouring registers of a frame before it goes on to the next one, and asks for the lines of
//! the block after it while this one is computed.

use skystack_reject::{Block, LEAST_GROUPS, MOST_GROUPS};
use skystack_simd::{Element, MAX_LANES, Mask, Vector};

use crate::band::Rows;
use crate::options::Resolved;

/// Fills `block` with the pixels from `start` on, of which the tile has `width`. Bit k of the answer: group k misses no sample.
#[inline(always)]
pub(super) fn load<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    rows: &Rows<'_, T>,
    width: usize,
    start: usize,
    block: &mut Block<'_, V>,
) -> u32 {
    let groups = block.groups();
    let lanes = V::LANES;
    let ingest = Ingest::new(isa, options);
    let frames = rows.frames();
    if start + groups * lanes <= width {
        match groups * V::REGISTERS {
            MOST_GROUPS => return load_whole::<T, V, MOST_GROUPS>(isa, &ingest, rows, start, block),
            LEAST_GROUPS => return load_whole::<T, V, LEAST_GROUPS>(isa, &ingest, rows, start, block),
            _ => {}
        }
    }
    let mut decoded = [T::zero(); MOST_GROUPS * MAX_LANES];
    let mut full = u32::MAX;
    for i in 0..frames {
        let row = rows.values(isa, i, start..width.min(start + groups * lanes), &mut decoded);
        for group in 0..row.len().div_ceil(lanes) {
            let raw = V::load_partial(isa, &row[group * lanes..], T::NAN);
            let (y, gap) = ingest.clean(raw);
            full &= !(u32::from((!gap.eq(gap)).any()) << group);
            block.samples[group * frames + i] = y;
        }
    }
    full
}

/// [`load`] where all pixels of the block are there: lengths that the compiler knows, and sums that stay in registers.
#[inline(always)]
fn load_whole<T: Element, V: Vector<Element = T>, const REGISTERS: usize>(
    isa: V::Isa,
    ingest: &Ingest<V>,
    rows: &Rows<'_, T>,
    start: usize,
    block: &mut Block<'_, V>,
) -> u32 {
    let lanes = V::LANES;
    let groups = REGISTERS / V::REGISTERS;
    let frames = rows.frames();
    let mut decoded = [T::zero(); MOST_GROUPS * MAX_LANES];
    // NaN in the lanes of a group where some frame has no value.
    let mut gaps = [V::splat(isa, T::zero()); REGISTERS];
    for i in 0..frames {
        let row = rows.values(isa, i, start..start + groups * lanes, &mut decoded);
        let column = &mut block.samples[i..][..(groups - 1) * frames + 1];
        for group in 0..groups {
            let raw = V::load(isa, &row[group * lanes..]);
            let (y, gap) = ingest.clean(raw);
            gaps[group] = gaps[group] + gap;
            column[group * frames] = y;
        }
    }
    let mut full = 0;
    for (group, gaps) in gaps[..groups].iter().enumerate() {
        full |= u32::from(!(!gaps.eq(*gaps)).any()) << group;
    }
    full
}

/// What makes a sample of a stored value.
struct Ingest<V> {
    thresholds: Option<(V, V)>,
    missing: V,
}

impl<V: Vector> Ingest<V> {
    #[inline(always)]
    fn new(isa: V::Isa, options: &Resolved<V::Element>) -> Self {
        let splat = |(low, high)| (V::splat(isa, low), V::splat(isa, high));
        let thresholds = options.thresholds.map(splat);
        Self { thresholds, missing: V::splat(isa, V::Element::NAN) }
    }

    /// The sample, and +0 where there is one, NaN where not. Finite values gain +0, which makes −0 positive; infinities become
    /// NaN.
    #[inline(always)]
    fn clean(&self, raw: V) -> (V, V) {
        let gap = raw.zero_if_finite();
        let y = raw + gap;
        match self.thresholds {
            None => (y, gap),
            Some((low, high)) => {
                let y = V::select(low.le(y) & y.le(high), y, self.missing);
                (y, y.zero_if_finite())
            }
        }
    }
}
