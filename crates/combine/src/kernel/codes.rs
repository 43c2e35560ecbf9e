//! One byte a sample: why it is used or not ([`Reason`]). What two passes over a band hand to each other, and the cube of reasons.

use std::ops::Range;

use skystack_reject::{Columns, Fates, Kept};
use skystack_simd::{Element, Mask, Vector};

use super::why;
use crate::Reason;
use crate::band::TileRows;
use crate::options::Resolved;

/// Writes the reasons of L pixels from `x` on: `codes` is frames x `width`.
#[inline(always)]
pub(super) fn write<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    rows: &TileRows<'_, T>,
    (x, width): (usize, usize),
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
    fallback: u32,
    codes: &mut [u8],
) {
    let lanes = V::LANES.min(width - x);
    if kept.all {
        for row in codes.chunks_exact_mut(width) {
            row[x..x + lanes].fill(Reason::Used as u8);
        }
        return;
    }
    columns.settle(kept);
    for (frame, row) in codes.chunks_exact_mut(width).enumerate() {
        let used = kept.bounds.contain(columns.samples[frame]).bits();
        for lane in 0..lanes {
            let reason = if used >> lane & 1 == 1 {
                of_used(&columns.fates[frame], fallback, lane)
            } else {
                of_unused(&columns.fates[frame], lane)
                    .unwrap_or_else(|| why::missing(isa, options, rows, frame, x + lane))
            };
            row[x + lane] = reason as u8;
        }
    }
}

#[inline(always)]
fn of_used(fates: &Fates, fallback: u32, lane: usize) -> Reason {
    if fallback >> lane & 1 == 1 {
        Reason::Fallback
    } else if fates.restored >> lane & 1 == 1 {
        Reason::Restored
    } else {
        Reason::Used
    }
}

#[inline(always)]
fn of_unused(fates: &Fates, lane: usize) -> Option<Reason> {
    if fates.low >> lane & 1 == 1 {
        Some(Reason::Low)
    } else if fates.high >> lane & 1 == 1 {
        Some(Reason::High)
    } else {
        None
    }
}

/// Turns the samples at pixel `x` that the codes do not use into NaN. What is left, and how many samples were valid.
#[inline(always)]
pub(super) fn apply<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    (x, width): (usize, usize),
    codes: &[u8],
    columns: &mut Columns<'_, V>,
) -> Kept<V> {
    let lanes = V::LANES.min(width - x);
    let mut valid = V::splat(isa, T::zero());
    columns.full = false;
    for (sample, row) in columns.samples.iter_mut().zip(codes.chunks_exact(width)) {
        let (samples, valid) = (sample.lanes_mut(), valid.lanes_mut());
        for (lane, code) in row[x..x + lanes].iter().enumerate() {
            let (is_used, is_rejected) = is_used_or_rejected(*code);
            samples[lane] = if is_used { samples[lane] } else { T::NAN };
            valid[lane] = valid[lane] + if is_used | is_rejected { T::one() } else { T::zero() };
        }
    }
    Kept { valid, ..Kept::everything(isa, columns) }
}

/// The lanes among `pixels` that use samples which a mask calls bad.
#[inline(always)]
pub(super) fn fallback_lanes(codes: &[u8], pixels: Range<usize>, width: usize) -> u32 {
    let mut lanes = 0;
    for row in codes.chunks_exact(width) {
        for (lane, code) in row[pixels.clone()].iter().enumerate() {
            lanes |= u32::from(*code == Reason::Fallback as u8) << lane;
        }
    }
    lanes
}

#[inline(always)]
pub(super) fn is_used_or_rejected(code: u8) -> (bool, bool) {
    let is = |reason: Reason| code == reason as u8;
    let is_used = is(Reason::Used) | is(Reason::Restored) | is(Reason::Fallback);
    (is_used, is(Reason::Low) | is(Reason::High) | is(Reason::Grow))
}
