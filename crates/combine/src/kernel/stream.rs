//! Means, sums and extremes of all samples, at the speed of memory: no column is ever gathered.
//!
//! ```text
//! for each span of 16 runs of G·L pixels:
//!     for each 8 frames, for each run:  add the samples to the run's registers, which lie in the first cache in between
//!     assume that no sample is missing; a sum or a witness that is not finite says otherwise, and the run goes through the
//!     columns of the general kernel
//! ```
//!
//! So each frame is read a page at a time, eight frames side by side: what the prefetchers of the memory follow. The sums are
//! those of the contract (E1 to E3), so both ways give the same bits. A sample of −0 needs no care in a sum: no partial sum
//! can be −0, because each starts from +0.

use std::ops::Range;

use skystack_simd::{Element, Isa, LaneBuffer, MAX_LANES, Mask, Vector, prefetch};
use skystack_stats::lane::SUM_CHUNK;

use crate::band::{Rows, Tile, TileRows};
use crate::options::{Combine, Resolved};

/// Registers of pixels that are accumulated side by side: eight would spill.
const G: usize = 4;

/// Runs in a span: 4 KiB of each f32 frame with the widest registers.
const RUNS: usize = 16;

/// Frames that are read side by side.
const FRAMES: usize = 8;

/// G registers of f64 lanes.
type Wide<V> = [<V as Vector>::Wide; G];

/// Can tiles with these options, and these outputs, be streamed?
pub(super) fn applies<T: Element>(options: &Resolved<T>, rows: &TileRows<'_, T>) -> bool {
    let streams = matches!(options.combine, Combine::Average | Combine::Sum | Combine::Min | Combine::Max);
    streams && options.rejections.is_none() && !options.looks_at_samples(rows) && options.only_counts()
}

/// Pixels in a run.
pub(super) const fn run_pixels<V: Vector>() -> usize {
    G * V::LANES
}

/// The memory behind a [`Streamer`].
#[derive(Debug)]
pub(crate) struct StreamScratch([LaneBuffer; 4]);

impl StreamScratch {
    const PARTS: usize = RUNS * G * 2 * LaneBuffer::REGISTER_BYTES;
    const NARROW: usize = RUNS * G * LaneBuffer::REGISTER_BYTES;
    /// Its size.
    pub(crate) const BYTES: usize = 2 * (Self::PARTS + Self::NARROW);

    pub(crate) fn new() -> Self {
        Self([Self::PARTS, Self::PARTS, Self::NARROW, Self::NARROW].map(LaneBuffer::with_bytes))
    }

    #[inline(always)]
    pub(super) fn streamer<V: Vector>(&mut self, isa: V::Isa) -> Streamer<'_, V> {
        let [parts, totals, pivots, witnesses] = &mut self.0;
        let parts = parts.vectors(isa, RUNS * G);
        let totals = totals.vectors(isa, RUNS * G);
        let pivots = pivots.vectors(isa, RUNS * G);
        let witnesses = witnesses.vectors(isa, RUNS * G);
        witnesses.fill(V::splat(isa, V::Element::narrow(0.0)));
        Streamer { parts, totals, pivots, witnesses }
    }
}

/// Accumulators of a span, G registers a run.
pub(super) struct Streamer<'a, V: Vector> {
    /// SUM over the current chunk of frames, and over the chunks before it (E1).
    parts: &'a mut [V::Wide],
    totals: &'a mut [V::Wide],
    /// The samples of the first frame: by the time that it is needed again its rows have left the caches.
    pivots: &'a mut [V],
    /// Zero as long as every sample was finite.
    witnesses: &'a mut [V],
}

impl<T: Element, V: Vector<Element = T>> Streamer<'_, V> {
    /// Writes the image of the whole runs among the next 16 from `start` on. Returns how many runs there were, and which of
    /// them (bit k: run k) have to be done again because a sample is missing or a sum overflowed.
    #[inline(always)]
    pub(super) fn span<R: Frames<T>>(
        &mut self,
        isa: V::Isa,
        options: &Resolved<T>,
        rows: &R,
        tile: &mut Tile<'_, T>,
        start: usize,
    ) -> (usize, u32) {
        let pixels = run_pixels::<V>();
        let runs = RUNS.min((tile.width() - start) / pixels);
        let span = Span { rows, first: start, runs };
        let image = &mut tile.planes.image[start..start + runs * pixels];
        let again = match options.combine {
            Combine::Average => self.average::<true>(isa, &span, image),
            Combine::Sum => self.average::<false>(isa, &span, image),
            Combine::Min => self.extreme::<false>(isa, &span, image),
            _ => self.extreme::<true>(isa, &span, image),
        };
        (runs, again)
    }

    /// Mean about the sample of the first frame (E2, E3), or sum.
    #[inline(always)]
    fn average<const MEAN: bool>(
        &mut self,
        isa: V::Isa,
        span: &Span<'_, impl Frames<T>>,
        image: &mut [T],
    ) -> u32 {
        let frames = span.rows.count();
        let mut decoded = [T::zero(); G * MAX_LANES];
        for from in (0..frames).step_by(FRAMES) {
            let to = frames.min(from + FRAMES);
            for run in 0..span.runs {
                span.prefetch::<V>(to..frames.min(to + FRAMES), run);
                let registers = run * G..(run + 1) * G;
                if MEAN && from == 0 {
                    let first: [V; G] = span.load(isa, 0, run, &mut decoded);
                    for (pivot, first) in self.pivots[registers.clone()].iter_mut().zip(first) {
                        // Makes −0 positive: a sum of the least magnitude, divided by N, may be −0 too.
                        *pivot = first + V::splat(isa, T::zero());
                    }
                }
                let pivot = widen(&self.pivots[registers.clone()]);
                let starts = from.is_multiple_of(SUM_CHUNK);
                let mut part = [V::Wide::splat(isa, 0.0); G];
                if !starts {
                    part.copy_from_slice(&self.parts[registers.clone()]);
                }
                for frame in from..to {
                    let samples: [V; G] = span.load(isa, frame, run, &mut decoded);
                    for g in 0..G {
                        let y = samples[g].widen();
                        part[g] = part[g] + if MEAN { y - pivot[g] } else { y };
                    }
                }
                if !to.is_multiple_of(SUM_CHUNK) && to != frames {
                    self.parts[registers].copy_from_slice(&part);
                    continue;
                }
                if to > SUM_CHUNK {
                    for (part, total) in part.iter_mut().zip(&self.totals[registers.clone()]) {
                        *part = *total + *part;
                    }
                }
                self.totals[registers].copy_from_slice(&part);
            }
        }
        let n = V::Wide::splat(isa, frames as f64);
        let mut again = 0;
        for run in 0..span.runs {
            let at = run * run_pixels::<V>();
            let sums = &mut self.totals[run * G..(run + 1) * G];
            // A NaN or an infinity among the samples, or an overflow, has reached its sum.
            again |= u32::from(!all_finite(isa, sums)) << run;
            if MEAN {
                for (sum, pivot) in sums.iter_mut().zip(&self.pivots[run * G..(run + 1) * G]) {
                    *sum = pivot.widen() + *sum / n;
                }
            }
            for g in 0..G {
                let value = V::narrow(sums[g]);
                value.store_partial(&mut image[at + g * V::LANES..][..V::LANES]);
            }
        }
        again
    }

    #[inline(always)]
    fn extreme<const MAX: bool>(
        &mut self,
        isa: V::Isa,
        span: &Span<'_, impl Frames<T>>,
        image: &mut [T],
    ) -> u32 {
        let frames = span.rows.count();
        let lanes = V::LANES;
        let mut decoded = [T::zero(); G * MAX_LANES];
        let mut again = 0;
        for from in (0..frames).step_by(FRAMES) {
            let to = frames.min(from + FRAMES);
            for run in 0..span.runs {
                span.prefetch::<V>(to..frames.min(to + FRAMES), run);
                let at = run * run_pixels::<V>();
                let mut extremes: [V; G] =
                    if from == 0 { span.load(isa, 0, run, &mut decoded) } else { load(isa, &image[at..]) };
                let witness = &mut self.witnesses[run * G..(run + 1) * G];
                for frame in from..to {
                    let samples: [V; G] = span.load(isa, frame, run, &mut decoded);
                    for g in 0..G {
                        witness[g] = witness[g] + samples[g].zero_if_finite();
                        let (low, high) = extremes[g].sort2(samples[g]);
                        extremes[g] = if MAX { high } else { low };
                    }
                }
                let last = to == frames;
                again |= u32::from(last && !all_finite(isa, witness)) << run;
                let zero = V::splat(isa, T::zero());
                for g in 0..G {
                    // Makes −0 positive.
                    (extremes[g] + zero).store_partial(&mut image[at + g * lanes..][..lanes]);
                }
                if last {
                    witness.fill(zero);
                }
            }
        }
        again
    }
}

/// Where the pixels of a tile come from. Rows of values are a type of their own here: a stream loads so little at a time that
/// it would feel the question which rows they are.
pub(super) trait Frames<T> {
    fn count(&self) -> usize;
    /// As [`Rows::values`].
    fn values<'b, I: Isa>(
        &'b self,
        isa: I,
        frame: usize,
        pixels: Range<usize>,
        decoded: &'b mut [T],
    ) -> &'b [T];
    /// As [`Rows::prefetch`], for all of `pixels`.
    fn prefetch(&self, frames: Range<usize>, pixels: Range<usize>);
}

impl<T: Element> Frames<T> for Vec<&[T]> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn values<'b, I: Isa>(&'b self, _: I, frame: usize, pixels: Range<usize>, _: &'b mut [T]) -> &'b [T] {
        &self[frame][pixels]
    }

    #[inline(always)]
    fn prefetch(&self, frames: Range<usize>, pixels: Range<usize>) {
        for pixel in pixels.step_by(LINE_BYTES / T::BYTES) {
            self[frames.clone()].iter().for_each(|row| prefetch(&row[pixel]));
        }
    }
}

impl<T: Element> Frames<T> for Rows<'_, T> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.frames()
    }

    #[inline(always)]
    fn values<'b, I: Isa>(
        &'b self,
        isa: I,
        frame: usize,
        pixels: Range<usize>,
        decoded: &'b mut [T],
    ) -> &'b [T] {
        self.values(isa, frame, pixels, decoded)
    }

    #[inline(always)]
    fn prefetch(&self, frames: Range<usize>, pixels: Range<usize>) {
        for pixel in pixels.step_by(LINE_BYTES / self.sample_bytes()) {
            self.prefetch(frames.clone(), pixel);
        }
    }
}

/// Bytes that memory hands out at a time.
const LINE_BYTES: usize = 64;

/// The pixels of one span in every frame.
struct Span<'a, R> {
    rows: &'a R,
    first: usize,
    runs: usize,
}

impl<R> Span<'_, R> {
    /// One run in one frame. `decoded` is scratch, made once a span: as part of every load it would be cleared for every frame,
    /// at the lower levels by a call.
    #[inline(always)]
    fn load<V: Vector>(
        &self,
        isa: V::Isa,
        frame: usize,
        run: usize,
        decoded: &mut [V::Element; G * MAX_LANES],
    ) -> [V; G]
    where
        R: Frames<V::Element>,
    {
        let first = self.first + run * run_pixels::<V>();
        load(isa, self.rows.values(isa, frame, first..first + run_pixels::<V>(), decoded))
    }

    /// Asks for a run of the frames whose turn is next.
    #[inline(always)]
    fn prefetch<V: Vector>(&self, frames: Range<usize>, run: usize)
    where
        R: Frames<V::Element>,
    {
        let first = self.first + run * run_pixels::<V>();
        self.rows.prefetch(frames, first..first + run_pixels::<V>());
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
fn widen<V: Vector>(registers: &[V]) -> Wide<V> {
    let mut wide = [registers[0].widen(); G];
    for g in 1..G {
        wide[g] = registers[g].widen();
    }
    wide
}

#[inline(always)]
fn all_finite<V: Vector>(isa: V::Isa, registers: &[V]) -> bool {
    let zero = V::splat(isa, V::Element::narrow(0.0));
    let mut witness = zero;
    for register in registers {
        witness = witness + register.zero_if_finite();
    }
    !(!witness.eq(zero)).any()
}
