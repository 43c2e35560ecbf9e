//! From the rows of the frames to columns in registers: steps 2 to 5 of algorithms.md section 2.1.
//!
//! Frames lie far apart in memory, often by a power of two, so that their lines fall into the same few sets of the caches.
//! So several neighbouring registers of a frame, some groups, are taken before the next frame is, and the lines of the groups
//! behind them are asked for while these are computed.

use std::ops::Range;

use skystack_reject::{Groups, LEAST_GROUPS, MOST_GROUPS, Scaling};
use skystack_simd::{Element, MAX_LANES, Mask, Vector};

use crate::band::{LayerRows, Rows};
use crate::options::Resolved;

/// What makes a sample of a stored value.
pub(super) struct Ingest<'a, V> {
    thresholds: Option<(V, V)>,
    missing: V,
    /// One a frame, or none at all.
    scalings: &'a [Scaling],
    /// Others that must leave a sample finite, too; likewise.
    others: &'a [Scaling],
    /// Of the frames that have masks.
    masks: &'a LayerRows<'a, u8>,
}

/// m and o of a frame in every lane.
type Affine<V> = Option<(<V as Vector>::Wide, <V as Vector>::Wide)>;

impl<'a, T: Element, V: Vector<Element = T>> Ingest<'a, V> {
    #[inline(always)]
    pub(super) fn new(
        isa: V::Isa,
        options: &Resolved<T>,
        (scalings, others): (&'a [Scaling], Option<&'a [Scaling]>),
        masks: &'a LayerRows<'a, u8>,
    ) -> Self {
        let splat = |(low, high)| (V::splat(isa, low), V::splat(isa, high));
        let thresholds = options.thresholds.map(splat);
        let others = others.unwrap_or(&[]);
        Self { thresholds, missing: V::splat(isa, T::NAN), scalings, others, masks }
    }

    /// Fills `groups` with the pixels from `start` on, of which the tile has `width`. Bit k of the answer: group k misses no
    /// sample.
    #[inline(always)]
    pub(super) fn load(
        &self,
        isa: V::Isa,
        rows: &Rows<'_, T>,
        width: usize,
        start: usize,
        groups: &mut Groups<'_, V>,
    ) -> u32 {
        let count = groups.count();
        let lanes = V::LANES;
        let frames = rows.frames();
        if start + count * lanes <= width && self.masks.is_empty() {
            match count * V::REGISTERS {
                MOST_GROUPS => return self.load_whole::<MOST_GROUPS>(isa, rows, start, groups),
                LEAST_GROUPS => return self.load_whole::<LEAST_GROUPS>(isa, rows, start, groups),
                _ => {}
            }
        }
        let mut decoded = [T::zero(); MOST_GROUPS * MAX_LANES];
        let mut masked = [T::zero(); MOST_GROUPS * MAX_LANES];
        let mut full = u32::MAX;
        for i in 0..frames {
            let pixels = start..width.min(start + count * lanes);
            let row = rows.values(isa, i, pixels.clone(), &mut decoded);
            let row = self.unmasked(i, pixels, row, &mut masked);
            let affine = (Self::affine(isa, self.scalings, i), Self::affine(isa, self.others, i));
            for group in 0..row.len().div_ceil(lanes) {
                let raw = V::load_partial(isa, &row[group * lanes..], T::NAN);
                let (y, gap) = self.clean(raw, affine);
                full &= !(u32::from((!gap.eq(gap)).any()) << group);
                groups.samples[group * frames + i] = y;
            }
        }
        full
    }

    /// [`load`](Self::load) where all pixels of the groups are there: lengths that the compiler knows, and sums that stay in
    /// registers.
    #[inline(always)]
    fn load_whole<const REGISTERS: usize>(
        &self,
        isa: V::Isa,
        rows: &Rows<'_, T>,
        start: usize,
        groups: &mut Groups<'_, V>,
    ) -> u32 {
        let lanes = V::LANES;
        let count = REGISTERS / V::REGISTERS;
        let frames = rows.frames();
        let mut decoded = [T::zero(); MOST_GROUPS * MAX_LANES];
        // NaN in the lanes of a group where some frame has no value.
        let mut gaps = [V::splat(isa, T::zero()); REGISTERS];
        for i in 0..frames {
            let row = rows.values(isa, i, start..start + count * lanes, &mut decoded);
            let affine = (Self::affine(isa, self.scalings, i), Self::affine(isa, self.others, i));
            let column = &mut groups.samples[i..][..(count - 1) * frames + 1];
            for group in 0..count {
                let raw = V::load(isa, &row[group * lanes..]);
                let (y, gap) = self.clean(raw, affine);
                gaps[group] = gaps[group] + gap;
                column[group * frames] = y;
            }
        }
        let mut full = 0;
        for (group, gaps) in gaps[..count].iter().enumerate() {
            full |= u32::from(!(!gaps.eq(*gaps)).any()) << group;
        }
        full
    }

    /// `row` of the frame, NaN where its mask calls a sample bad.
    #[inline(always)]
    fn unmasked<'b>(&self, frame: usize, pixels: Range<usize>, row: &'b [T], masked: &'b mut [T]) -> &'b [T] {
        let Some((covered, mask)) = self.masks.get(frame) else { return row };
        let (from, to) = (pixels.start.max(covered.start), pixels.end.min(covered.end));
        if from >= to {
            return row;
        }
        let masked = &mut masked[..row.len()];
        masked.copy_from_slice(row);
        let classes = &mask[from - covered.start..to - covered.start];
        for (value, class) in masked[from - pixels.start..].iter_mut().zip(classes) {
            *value = if *class == 0 { *value } else { T::NAN };
        }
        masked
    }

    #[inline(always)]
    fn affine(isa: V::Isa, scalings: &[Scaling], frame: usize) -> Affine<V> {
        let scaling = scalings.get(frame)?;
        Some((V::Wide::splat(isa, scaling.multiply), V::Wide::splat(isa, scaling.add)))
    }

    /// The sample, and +0 where there is one, NaN where not. Finite values gain +0, which makes −0 positive; infinities become
    /// NaN.
    #[inline(always)]
    fn clean(&self, raw: V, (affine, other): (Affine<V>, Affine<V>)) -> (V, V) {
        let gap = raw.zero_if_finite();
        let (mut y, mut gap) = (raw + gap, gap);
        if let Some((low, high)) = self.thresholds {
            y = V::select(low.le(y) & y.le(high), y, self.missing);
            gap = y.zero_if_finite();
        }
        if let Some((m, o)) = other {
            y = y + V::narrow(y.widen() * m + o).zero_if_finite();
            gap = y.zero_if_finite();
        }
        if let Some((m, o)) = affine {
            y = V::narrow(y.widen() * m + o);
            gap = y.zero_if_finite();
            y = y + gap;
        }
        (y, gap)
    }
}
