//! One byte a sample: why it is used or not ([`Reason`]). What two passes over a band hand to each other, and the cube of reasons.

use std::ops::Range;

use skystack_reject::{Columns, Fates, Kept};
use skystack_simd::{Element, Mask, Task, Vector};

use super::{Group, why};
use crate::Reason;
use crate::options::Resolved;

/// Writes the reasons of the L pixels of a group: `codes` is frames x `width`.
pub(super) struct WriteCodes<'a, 'b, T, V: Vector> {
    pub(super) options: &'a Resolved<T>,
    pub(super) group: &'a Group<'a, T>,
    pub(super) width: usize,
    pub(super) columns: &'a mut Columns<'b, V>,
    pub(super) kept: &'a Kept<V>,
    pub(super) codes: &'a mut [u8],
}

impl<T: Element, V: Vector<Element = T>> Task<V::Isa> for WriteCodes<'_, '_, T, V> {
    type Output = ();

    #[inline(always)]
    fn run(self, isa: V::Isa) {
        let Self { options, group, width, columns, kept, codes } = self;
        write(isa, options, group, width, columns, kept, codes);
    }
}

#[inline(always)]
fn write<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    group: &Group<'_, T>,
    width: usize,
    columns: &mut Columns<'_, V>,
    kept: &Kept<V>,
    codes: &mut [u8],
) {
    let Group { x, rows, fallback, .. } = *group;
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
    let both = columns.samples.iter_mut().zip(columns.padded.iter_mut());
    for ((sample, current), row) in both.zip(codes.chunks_exact(width)) {
        let (samples, current, valid) = (sample.lanes_mut(), current.lanes_mut(), valid.lanes_mut());
        for (lane, code) in row[x..x + lanes].iter().enumerate() {
            let (is_used, is_rejected) = is_used_or_rejected(*code);
            samples[lane] = if is_used { samples[lane] } else { T::NAN };
            // What replaced a sample stays, unless that is gone as a neighbour.
            current[lane] = if *code == Reason::Grow as u8 { T::INFINITY } else { current[lane] };
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
