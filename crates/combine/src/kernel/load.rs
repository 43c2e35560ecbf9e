//! From the rows of the frames to columns in registers: steps 2 and 3 of algorithms.md section 2.1.
//!
//! Frames lie far apart in memory, often by a power of two, so that their lines fall into the same few sets of the caches.
//! So a block takes several neighbouring registers of a frame before it goes on to the next one, and asks for the lines of
//! the block after it while this one is computed.

use skystack_reject::{Block, MOST_GROUPS};
use skystack_simd::{Element, Isa, MAX_LANES, Mask, Ordered, Vector};

use crate::band::{BandInput, Tile};
use crate::options::Resolved;

/// Fills `block` with the pixels from `start` on (relative to the tile). Bit k of the answer: group k misses no sample.
#[inline(always)]
pub(super) fn load<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    input: &BandInput<'_, T>,
    tile: &Tile<'_, T>,
    start: usize,
    block: &mut Block<'_, T::Vector<I>>,
) -> u32 {
    let groups = block.groups();
    let lanes = T::Vector::<I>::LANES;
    let first = tile.pixels.start + start;
    let end = tile.pixels.end.min(first + groups * lanes);
    let ingest = Ingest::new(isa, options);
    let frames = input.pixels.frames();
    let mut decoded = [T::zero(); MOST_GROUPS * MAX_LANES];
    // NaN in the lanes of a group where some frame has no value.
    let mut gaps = [T::Vector::<I>::splat(isa, T::zero()); MOST_GROUPS];
    let whole = groups == MOST_GROUPS && end == first + groups * lanes;
    for i in 0..frames {
        let row = input.pixels.row(i, tile.line, first..end, &mut decoded);
        if whole {
            // Lengths that the compiler knows.
            let row = &row[..MOST_GROUPS * lanes];
            let column = &mut block.samples[i..][..(MOST_GROUPS - 1) * frames + 1];
            for group in 0..MOST_GROUPS {
                let raw = T::Vector::<I>::load(isa, &row[group * lanes..]);
                let (y, gap) = ingest.clean(raw);
                gaps[group] = gaps[group] + gap;
                column[group * frames] = y;
            }
            continue;
        }
        for group in 0..row.len().div_ceil(lanes) {
            let raw = T::Vector::<I>::load_partial(isa, &row[group * lanes..], T::NAN);
            let (y, gap) = ingest.clean(raw);
            gaps[group] = gaps[group] + gap;
            block.samples[group * frames + i] = y;
        }
    }
    let mut full = 0;
    for (group, gaps) in gaps.iter().enumerate() {
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

/// Asks for the line of every frame that holds the last of the L pixels from `x` of the tile on, if there are any. (Rows
/// seldom begin with a line: the line of the first pixel came with the pixels before it, and nothing else asks for the last.)
#[inline(always)]
pub(super) fn prefetch_next<T: Element, I: Isa>(
    _: I,
    input: &BandInput<'_, T>,
    tile: &Tile<'_, T>,
    x: usize,
) {
    let first = tile.pixels.start + x;
    let end = tile.pixels.end.min(first + T::Vector::<I>::LANES);
    if first < end {
        for frame in 0..input.pixels.frames() {
            input.pixels.prefetch(frame, tile.line, end - 1);
        }
    }
}
