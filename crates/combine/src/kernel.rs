//! The fused kernel: everything between the rows of the frames and the rows of the outputs, L pixels at once.
//!
//! ```text
//! for each run of L pixels of the tile:
//!     samples[i] = frame i's pixels, +0 for −0, NaN for what is not finite or outside the thresholds
//!     kept  = rejection(samples)
//!     value = statistic of the kept samples; outputs
//! ```
//!
//! Nothing of the size of the stack exists: N registers in frame order, N sorted where the statistic needs them.

mod sigma;
mod value;

use skystack_reject::{Columns, ColumnsScratch, Kept};
use skystack_simd::{Element, Isa, Kernel, Vector};
use skystack_stats::lane::true_lanes;

use crate::band::{BandInput, Tile};
use crate::options::Resolved;

/// Counts over the tiles that a worker has processed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Samples that were there before rejection.
    pub(crate) valid: u64,
    /// Samples rejected.
    pub(crate) rejected: u64,
    /// Pixels without a used sample.
    pub(crate) empty: u64,
}

/// One tile, to be run at a level.
pub(crate) struct TileKernel<'a, 'b, T> {
    pub(crate) options: &'a Resolved<T>,
    pub(crate) input: &'a BandInput<'a, T>,
    pub(crate) tile: &'a mut Tile<'b, T>,
    pub(crate) scratch: &'a mut ColumnsScratch,
}

impl<T: Element> Kernel for TileKernel<'_, '_, T> {
    type Output = Totals;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Totals {
        let Self { options, input, tile, scratch } = self;
        let mut columns = Columns::<T::Vector<I>>::cut(isa, input.planes.len(), scratch);
        let mut totals = Totals::default();
        for x in (0..tile.pixels.len()).step_by(T::Vector::<I>::LANES) {
            load(isa, options, input, tile, x, columns.samples);
            let kept = options.rejection.keep(isa, &mut columns);
            let value = value::combine(isa, options, &mut columns, &kept);
            let image = blanked(isa, options, &kept, value);
            image.store_partial(&mut tile.image[x..]);
            if !tile.sigma.is_empty() {
                let sigma = sigma::sigma(isa, options, columns.samples, &kept, image);
                blanked(isa, options, &kept, sigma).store_partial(&mut tile.sigma[x..]);
            }
            write_masks(tile, x, columns.samples, &kept);
            totals.add(tile, x, &kept);
        }
        totals
    }
}

/// Steps 2 and 3 of algorithms.md section 2.1: ingest and thresholds.
#[expect(clippy::eq_op, reason = "x - x is 0 for a finite x and NaN for any other")]
#[inline(always)]
fn load<T: Element, I: Isa>(
    isa: I,
    options: &Resolved<T>,
    input: &BandInput<'_, T>,
    tile: &Tile<'_, T>,
    x: usize,
    samples: &mut [T::Vector<I>],
) {
    let pixels = tile.pixels.start + x..tile.pixels.end;
    for (to, plane) in samples.iter_mut().zip(&input.planes) {
        let raw = T::Vector::<I>::load_partial(isa, plane.row(tile.row, pixels.clone()), T::NAN);
        // Finite values gain +0, which makes −0 positive; infinities become NaN.
        *to = raw + (raw - raw);
    }
    if let Some((low, high)) = options.thresholds {
        let missing = T::Vector::<I>::splat(isa, T::NAN);
        let (low, high) = (T::Vector::<I>::splat(isa, low), T::Vector::<I>::splat(isa, high));
        for y in samples {
            *y = T::Vector::<I>::select(low.le(*y) & y.le(high), *y, missing);
        }
    }
}

/// `value` where samples were used, `blank` elsewhere. A NaN that was computed (of values near the limits of f64) becomes the
/// canonical one: its sign differs between CPUs.
#[inline(always)]
fn blanked<T: Element, V: Vector<Element = T>>(
    isa: V::Isa,
    options: &Resolved<T>,
    kept: &Kept<V>,
    value: V,
) -> V {
    let some = V::splat(isa, T::narrow(0.0)).lt(kept.count);
    let value = V::select(value.eq(value), value, V::splat(isa, T::NAN));
    V::select(some, value, V::splat(isa, options.blank))
}

/// One byte a sample: 1 where it is not used.
#[inline(always)]
fn write_masks<T: Element, V: Vector<Element = T>>(
    tile: &mut Tile<'_, T>,
    x: usize,
    samples: &[V],
    kept: &Kept<V>,
) {
    if tile.rejmask.is_empty() {
        return;
    }
    let width = tile.pixels.len();
    let lanes = V::LANES.min(width - x);
    for (i, y) in samples.iter().enumerate() {
        let out = &mut tile.rejmask[i * width + x..][..lanes];
        out.fill(1);
        for lane in true_lanes(kept.bounds.contain(*y)).take_while(|lane| *lane < lanes) {
            out[lane] = 0;
        }
    }
}

impl Totals {
    /// Adds L pixels, and writes their counts.
    #[inline(always)]
    fn add<T: Element, V: Vector<Element = T>>(&mut self, tile: &mut Tile<'_, T>, x: usize, kept: &Kept<V>) {
        let lanes = V::LANES.min(tile.pixels.len() - x);
        for lane in 0..lanes {
            let valid = kept.valid.lanes()[lane].widen() as u32;
            let used = kept.count.lanes()[lane].widen() as u32;
            let rejected = valid - used;
            if let Some(to) = tile.count.get_mut(x + lane) {
                *to = used;
            }
            if let Some(to) = tile.nrej.get_mut(x + lane) {
                *to = rejected;
            }
            self.valid += u64::from(valid);
            self.rejected += u64::from(rejected);
            self.empty += u64::from(used == 0);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.valid += other.valid;
        self.rejected += other.rejected;
        self.empty += other.empty;
    }
}
