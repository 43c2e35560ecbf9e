//! The mode, as IRAF estimates it (algorithms.md section 6.3).
//!
//! idea: sort; between the 15th and the 85th percentile slide a window of a tenth of that range in steps of a hundredth;
//! the middle of the first fullest window is the mode.

use skystack_simd::Element;

use super::bounds::Bounds;
use super::key::Value;
use super::survivors::{ascending, fill};

/// Fewer values than this have no mode: the middle one is returned.
const FEWEST: usize = 10;
/// Window of the search as a fraction of the range searched.
const BIN: f64 = 0.1;
/// Step of the window likewise.
const STEP: f64 = 0.01;

/// The most frequent value, as IRAF's `imcombine` estimates the sky of a frame.
///
/// With the sorted values a₁ … aₙ, i = 1 + ⌊3n/20⌋ and j = 1 + ⌊17n/20⌋: windows `[w, w + bin)`, w = aᵢ, aᵢ + step, …, with
/// step = 0.01 (aⱼ − aᵢ) and bin = 0.1 (aⱼ − aᵢ), until one reaches aⱼ. The first one with the most values wins, and its
/// middle value is the mode: always a value of the data. Fewer than 10 values: element max(1, ⌊n/2⌋).
///
/// By construction it is low on a sky skewed to bright values, where a median is high, and quantised to a hundredth of the range.
/// IRAF makes step and bin at least 1 in images of integers: that is [`integer_mode`].
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// aᵢ = aⱼ: that value.
///
/// # Cost
/// O(n log n), a sort; a copy of the n valid values ([`mode_with`] reuses one).
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// let sky = [1.0f32, 2.0, 5.0, 5.1, 5.2, 5.3, 5.4, 9.0, 10.0, 12.0, 40.0];
/// assert_eq!(slice::mode(&sky), Some(5.2));
/// ```
///
/// # References
/// IRAF `imcombine`, `icstat`; algorithms.md section 6.3.
pub fn mode<T: Element>(data: &[T]) -> Option<T> {
    mode_with(data, &mut Vec::new())
}

/// [`mode`] with the caller's scratch vector.
pub fn mode_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<T> {
    mode_by(data, 0.0, scratch)
}

/// The most frequent value of whole numbers, as IRAF's `imcombine` estimates the sky of an image of integers.
///
/// [`mode`] with step = max(1, 0.01 (aⱼ − aᵢ)) and bin = max(1, 0.1 (aⱼ − aᵢ)). A window narrower than 1 would hold one level of the
/// numbers or none, so that a range of few levels would be decided by where the windows begin; here the fullest level wins.
///
/// Meant for numbers that are stored as integers and are not scaled. Others may be given; 1 is then no unit of theirs.
///
/// # Missing data
/// NaN and infinite entries are ignored; no valid value: `None`.
///
/// # Ties, zeros
/// aᵢ = aⱼ: that value.
///
/// # Cost
/// As [`mode`]; [`integer_mode_with`] reuses a vector.
///
/// # Examples
/// ```
/// use skystack_stats::slice;
/// // Ranks 3 to 13 are searched: 1 2 2 2 3 3 3 3 4 4 5. A window of 1 holds one level, and 3 is the fullest.
/// let bias = [0.0f32, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 5.0, 6.0, 9.0];
/// assert_eq!(slice::integer_mode(&bias), Some(3.0));
/// ```
///
/// # References
/// IRAF `imcombine`, `icstat`; algorithms.md section 6.3.
pub fn integer_mode<T: Element>(data: &[T]) -> Option<T> {
    integer_mode_with(data, &mut Vec::new())
}

/// [`integer_mode`] with the caller's scratch vector.
pub fn integer_mode_with<T: Element>(data: &[T], scratch: &mut Vec<T>) -> Option<T> {
    mode_by(data, 1.0, scratch)
}

/// The mode with windows and steps of at least `unit`.
fn mode_by<T: Element>(data: &[T], unit: f64, scratch: &mut Vec<T>) -> Option<T> {
    fill(scratch, data, Bounds::finite());
    scratch.sort_unstable_by(ascending(Value));
    let n = scratch.len();
    if n < FEWEST {
        return scratch.get((n / 2).max(1) - 1).copied();
    }
    Some(fullest_window(scratch, unit))
}

/// The search proper. Indices count from 1, as the rule does.
fn fullest_window<T: Element>(sorted: &[T], unit: f64) -> T {
    let n = sorted.len();
    let a = |rank: usize| sorted[rank - 1].widen();
    let (mut i, j) = (1 + 3 * n / 20, 1 + 17 * n / 20);
    let range = a(j) - a(i);
    let (step, bin) = ((STEP * range).max(unit), (BIN * range).max(unit));
    // An infinite range, of f64 near its limits, has no windows, and one whose hundredth is below the least number no steps:
    // the low end then, as for an empty one.
    if range == 0.0 || step == 0.0 || !range.is_finite() {
        return sorted[i - 1];
    }
    let (start, mut k, mut best, mut mode) = (a(i), i, 0, i);
    // w = start + t·step rather than a running sum: no rounding piles up.
    for t in 0u32.. {
        let w = start + f64::from(t) * step;
        while i < j && a(i) < w {
            i += 1;
        }
        while k < j && a(k) < w + bin {
            k += 1;
        }
        if k - i > best {
            best = k - i;
            mode = (i + k) / 2;
        }
        if k >= j {
            break;
        }
    }
    sorted[mode - 1]
}
