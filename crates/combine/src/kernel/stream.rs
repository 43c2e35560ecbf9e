//! Means, sums and extremes of all samples, at the speed of memory: no column is ever gathered.
//!
//! ```text
//! for each strip of 16 runs of G·L pixels:
//!     for each 8 frames, for each run:  add the samples to the run's registers, which lie in the first cache in between
//!     assume that no sample is missing; a sum or a witness that is not finite says otherwise, and the run goes through the
//!     columns of the general kernel
//! ```
//!
//! So each frame is read a page at a time, eight frames side by side: what the prefetchers of the memory follow. The sums are
//! those of the contract (E1 to E3), so both ways give the same bits. A sample of −0 needs no care in a sum: no partial sum
//! can be −0, because each starts from +0.

use skystack_simd::{Element, Isa, Mask, Vector, prefetch};
use skystack_stats::lane::SUM_CHUNK;

use crate::band::{BandInput, Tile};
use crate::options::{Combine, Resolved};

/// Registers of pixels that are accumulated side by side: eight would spill.
const G: usize = 4;

/// Runs in a strip: 4 KiB of each f32 frame with the widest registers.
const RUNS: usize = 16;

/// Frames that are read side by side.
const FRAMES: usize = 8;

/// Most pixels in a strip.
const STRIP_PIXELS: usize = RUNS * G * skystack_simd::MAX_LANES;

/// G registers of f64 lanes.
type Wide<V> = [<V as Vector>::Wide; G];

/// Can tiles with these options, and these outputs, be streamed?
pub(super) fn applies<T: Element>(options: &Resolved<T>, tile: &Tile<'_, T>) -> bool {
    let plain = options.rejection.is_none() && options.thresholds.is_none() && options.weights.is_none();
    let streams = matches!(options.combine, Combine::Average | Combine::Sum | Combine::Min | Combine::Max);
    plain && streams && tile.sigma.is_empty() && tile.rejmask.is_empty()
}

/// Pixels in a run.
pub(super) const fn run_pixels<V: Vector>() -> usize {
    G * V::LANES
}

/// Accumulators of a strip.
pub(super) struct Streamer<T> {
    /// SUM over the current chunk of frames, and over the chunks before it (E1).
    parts: [f64; STRIP_PIXELS],
    totals: [f64; STRIP_PIXELS],
    /// Zero as long as every sample was finite.
    witnesses: [T; STRIP_PIXELS],
}

impl<T: Element> Streamer<T> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { parts: [0.0; STRIP_PIXELS], totals: [0.0; STRIP_PIXELS], witnesses: [T::zero(); STRIP_PIXELS] }
    }

    /// Writes the image of the whole runs among the next 16 from `start` on. Returns how many runs there were, and which of
    /// them (bit k: run k) have to be done again because a sample is missing or a sum overflowed.
    #[inline(always)]
    pub(super) fn strip<I: Isa>(
        &mut self,
        isa: I,
        options: &Resolved<T>,
        input: &BandInput<'_, T>,
        tile: &mut Tile<'_, T>,
        start: usize,
    ) -> (usize, u32) {
        let pixels = run_pixels::<T::Vector<I>>();
        let runs = RUNS.min((tile.pixels.len() - start) / pixels);
        let first = tile.pixels.start + start;
        let strip = Strip { input, line: tile.line, first, runs };
        let image = &mut tile.image[start..start + runs * pixels];
        let again = match options.combine {
            Combine::Average => self.average::<I, true>(isa, &strip, image),
            Combine::Sum => self.average::<I, false>(isa, &strip, image),
            Combine::Min => self.extreme::<I, false>(isa, &strip, image),
            _ => self.extreme::<I, true>(isa, &strip, image),
        };
        (runs, again)
    }

    /// Mean about the sample of the first frame (E2, E3), or sum.
    #[inline(always)]
    fn average<I: Isa, const MEAN: bool>(&mut self, isa: I, strip: &Strip<'_, T>, image: &mut [T]) -> u32 {
        let frames = strip.frames();
        for from in (0..frames).step_by(FRAMES) {
            let to = frames.min(from + FRAMES);
            for run in 0..strip.runs {
                strip.prefetch(isa, to..frames.min(to + FRAMES), run);
                let at = run * run_pixels::<T::Vector<I>>();
                let pivot = if MEAN { widen(strip.load(isa, 0, run)) } else { zeros(isa) };
                let starts = from.is_multiple_of(SUM_CHUNK);
                let mut part = if starts { zeros(isa) } else { load_wide(isa, &self.parts[at..]) };
                for frame in from..to {
                    let samples = strip.load(isa, frame, run);
                    for g in 0..G {
                        let y = samples[g].widen();
                        part[g] = part[g] + if MEAN { y - pivot[g] } else { y };
                    }
                }
                if !to.is_multiple_of(SUM_CHUNK) && to != frames {
                    store_wide(part, &mut self.parts[at..]);
                    continue;
                }
                if to > SUM_CHUNK {
                    let total: Wide<T::Vector<I>> = load_wide(isa, &self.totals[at..]);
                    for g in 0..G {
                        part[g] = total[g] + part[g];
                    }
                }
                store_wide(part, &mut self.totals[at..]);
            }
        }
        let n = <T::Vector<I> as Vector>::Wide::splat(isa, frames as f64);
        let mut again = 0;
        for run in 0..strip.runs {
            let at = run * run_pixels::<T::Vector<I>>();
            let mut sums: Wide<T::Vector<I>> = load_wide(isa, &self.totals[at..]);
            // A NaN or an infinity among the samples, or an overflow, has reached its sum.
            again |= u32::from(!all_finite(isa, &sums)) << run;
            if MEAN {
                let pivot = strip.load(isa, 0, run);
                for g in 0..G {
                    sums[g] = pivot[g].widen() + sums[g] / n;
                }
            }
            for g in 0..G {
                let value = T::Vector::<I>::narrow(sums[g]);
                value.store_partial(&mut image[at + g * T::Vector::<I>::LANES..]);
            }
        }
        again
    }

    #[inline(always)]
    fn extreme<I: Isa, const MAX: bool>(&mut self, isa: I, strip: &Strip<'_, T>, image: &mut [T]) -> u32 {
        let frames = strip.frames();
        let lanes = T::Vector::<I>::LANES;
        let mut again = 0;
        for from in (0..frames).step_by(FRAMES) {
            let to = frames.min(from + FRAMES);
            for run in 0..strip.runs {
                strip.prefetch(isa, to..frames.min(to + FRAMES), run);
                let at = run * run_pixels::<T::Vector<I>>();
                let mut extremes = if from == 0 { strip.load(isa, 0, run) } else { load(isa, &image[at..]) };
                let mut witness: [T::Vector<I>; G] = load(isa, &self.witnesses[at..]);
                for frame in from..to {
                    let samples = strip.load(isa, frame, run);
                    for g in 0..G {
                        witness[g] = witness[g] + samples[g].zero_if_finite();
                        let (low, high) = extremes[g].sort2(samples[g]);
                        extremes[g] = if MAX { high } else { low };
                    }
                }
                let last = to == frames;
                again |= u32::from(last && !all_finite(isa, &witness)) << run;
                let zero = T::Vector::<I>::splat(isa, T::zero());
                for g in 0..G {
                    // Makes −0 positive.
                    (extremes[g] + zero).store_partial(&mut image[at + g * lanes..]);
                    let witness = if last { zero } else { witness[g] };
                    witness.store_partial(&mut self.witnesses[at + g * lanes..]);
                }
            }
        }
        again
    }
}

/// The pixels of one strip in every frame.
struct Strip<'a, T> {
    input: &'a BandInput<'a, T>,
    line: usize,
    first: usize,
    runs: usize,
}

impl<T: Element> Strip<'_, T> {
    #[inline(always)]
    fn frames(&self) -> usize {
        self.input.planes.len()
    }

    /// One run in one frame.
    #[inline(always)]
    fn row<V: Vector<Element = T>>(&self, frame: usize, run: usize) -> &[T] {
        let first = self.first + run * run_pixels::<V>();
        self.input.planes[frame].row(self.line, first..first + run_pixels::<V>())
    }

    #[inline(always)]
    fn load<I: Isa>(&self, isa: I, frame: usize, run: usize) -> [T::Vector<I>; G] {
        load(isa, self.row::<T::Vector<I>>(frame, run))
    }

    /// Asks for a run of the frames whose turn is next.
    #[inline(always)]
    fn prefetch<I: Isa>(&self, _: I, frames: std::ops::Range<usize>, run: usize) {
        for frame in frames {
            for line in self.row::<T::Vector<I>>(frame, run).iter().step_by(64 / T::BYTES) {
                prefetch(line);
            }
        }
    }
}

#[inline(always)]
fn load<V: Vector>(isa: V::Isa, from: &[V::Element]) -> [V; G] {
    let from = &from[..G * V::LANES];
    let mut registers = [V::splat(isa, V::Element::narrow(0.0)); G];
    for g in 0..G {
        registers[g] = V::load(isa, &from[g * V::LANES..]);
    }
    registers
}

#[inline(always)]
fn load_wide<W: Vector<Element = f64>>(isa: W::Isa, from: &[f64]) -> [W; G] {
    load(isa, from)
}

#[inline(always)]
fn store_wide<W: Vector<Element = f64>>(registers: [W; G], to: &mut [f64]) {
    for g in 0..G {
        registers[g].store_partial(&mut to[g * W::LANES..]);
    }
}

#[inline(always)]
fn zeros<W: Vector<Element = f64>>(isa: W::Isa) -> [W; G] {
    [W::splat(isa, 0.0); G]
}

#[inline(always)]
fn widen<V: Vector>(registers: [V; G]) -> Wide<V> {
    let mut wide = [registers[0].widen(); G];
    for g in 1..G {
        wide[g] = registers[g].widen();
    }
    wide
}

#[inline(always)]
fn all_finite<V: Vector>(isa: V::Isa, registers: &[V; G]) -> bool {
    let zero = V::splat(isa, V::Element::narrow(0.0));
    let mut witness = zero;
    for register in registers {
        witness = witness + register.zero_if_finite();
    }
    !(!witness.eq(zero)).any()
}
