//! What pairs of frames of a source say where they overlap (algorithms.md section 6.5).

use std::sync::Mutex;

use skystack_simd::Element;
use skystack_stats::slice;

use super::error::{ABOVE_ZERO, above_zero, check_count, check_each};
use super::rows::{Frames, RowBuffer, Rows};
use super::sampling::{Area, MOST_PIXELS, Places, Sampling};
use super::statistics::reserve;
use super::{NormaliseError, Pair};
use crate::FrameSource;
use crate::engine::{Control, lock, on_workers};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compare<'a> {
    /// Differences xᵢ/gᵢ − xⱼ/gⱼ, for zeros; the gains g are fixed. Empty: all 1.
    Differences {
        /// One gain a frame, above zero.
        scales: &'a [f64],
    },
    /// Ratios xᵢ/xⱼ of samples that are both above zero, for gains; a pair's difference is that of logarithms.
    Ratios,
}

/// What a pair counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PairWeight {
    /// The number of its pixels.
    #[default]
    Pixels,
    /// 1/V of its median, V = (π/2) σ²/n, σ = 1.4826 MAD of what is compared (of ratios: relative to their median).
    InverseVariance,
}

/// Compares every two frames that have at least `minoverlap` pixels in common (100 is usual), in the order (0, 1), (0, 2), …, (1, 2), …
///
/// The difference of a pair is the median over the pixels that are valid in both frames. Where the sections of `sampling` have 100 000 or more
/// pixels in common, every j-th row and pixel from the first common one on is looked at, j the least that leaves fewer; `minoverlap`
/// and weights then count those. `sampling.size` has no effect.
///
/// # Errors
/// Another number of scales than of frames, a scale that is not above zero; with inverse variances, a pair without scatter; what
/// the source reports; cancellation.
/// # Cost
/// Every pair reads the rows that it looks at, so a frame is read as often as it has neighbours; up to `workers` pairs at the same time, on
/// the rayon pool of the caller, each with up to 100 000 f64 twice.
pub fn compare_pairs<T: Element>(
    source: &impl FrameSource<T>,
    compare: Compare<'_>,
    weight: PairWeight,
    minoverlap: usize,
    sampling: &Sampling,
    workers: usize,
    control: &Control<'_>,
) -> Result<Vec<Pair>, NormaliseError> {
    let frames = source.frames();
    if let Compare::Differences { scales: scales @ [_, ..] } = compare {
        check_count("scale", scales.len(), frames)?;
        check_each("scale", scales.iter().copied(), above_zero, ABOVE_ZERO)?;
    }
    let minoverlap = minoverlap.max(1);
    let work = Work { frames: Frames::of(source), compare, weight, minoverlap, sampling, control };
    let section = |frame| work.frames.places.section(&sampling.statsec, frame);
    let sections: Vec<Area> = (0..frames).map(section).collect();
    let both = (0..frames).flat_map(|first| (first + 1..frames).map(move |second| (first, second)));
    let overlapping = both.filter_map(|(first, second)| {
        let common = sections[first].common(&sections[second]);
        (common.pixels(1) >= work.minoverlap).then_some((first, second, common))
    });
    let queue = Mutex::new(overlapping);
    let found: Mutex<Vec<Found>> = Mutex::new(Vec::new());
    let stopped = Mutex::new(false);
    let mut workers: Vec<Worker<T>> = (0..workers.max(1)).map(|_| Worker::default()).collect();
    on_workers(&mut workers, |worker| {
        while !*lock(&stopped) {
            let next = lock(&queue).next();
            let Some((first, second, common)) = next else { return };
            match worker.pair(&work, first, second, &common) {
                Ok(None) => {}
                Ok(Some(pair)) => lock(&found).push(((first, second), Ok(pair))),
                Err(error) => {
                    *lock(&stopped) = true;
                    lock(&found).push(((first, second), Err(error)));
                }
            }
        }
    })?;
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    // Whoever was first; and of several errors the one of the first pair is told.
    found.sort_by_key(|(frames, _)| *frames);
    found.into_iter().map(|(_, pair)| pair).collect()
}

/// Bytes that one worker of [`compare_pairs`] needs: what it compares twice, once to be put in order, and some rows of two frames.
pub fn pair_bytes<T: Element>(source: &impl FrameSource<T>) -> usize {
    let places = Places::of(source);
    let width = (0..source.frames()).map(|frame| places.width(frame)).max().unwrap_or(0);
    2 * (MOST_PIXELS * size_of::<f64>()).saturating_add(RowBuffer::<T>::bytes(width))
}

/// A pair of frames and what came of it.
type Found = ((usize, usize), Result<Pair, NormaliseError>);

/// What all workers look at.
struct Work<'a, T, S> {
    frames: Frames<'a, T, S>,
    compare: Compare<'a>,
    weight: PairWeight,
    minoverlap: usize,
    sampling: &'a Sampling,
    control: &'a Control<'a>,
}

/// What one worker owns.
struct Worker<T> {
    buffers: [RowBuffer<T>; 2],
    compared: Vec<f64>,
    scratch: Vec<f64>,
}

impl<T> Default for Worker<T> {
    fn default() -> Self {
        let buffers = [RowBuffer::default(), RowBuffer::default()];
        Self { buffers, compared: Vec::new(), scratch: Vec::new() }
    }
}

impl<T: Element> Worker<T> {
    /// The pair, if it has enough common pixels.
    fn pair(
        &mut self,
        work: &Work<'_, T, impl FrameSource<T>>,
        first: usize,
        second: usize,
        common: &Area,
    ) -> Result<Option<Pair>, NormaliseError> {
        self.compare(work, first, second, common)?;
        let n = self.compared.len();
        let found = slice::median_with(&self.compared, &mut self.scratch).filter(|_| n >= work.minoverlap);
        let Some(median) = found else { return Ok(None) };
        let ratios = work.compare == Compare::Ratios;
        let weight = match work.weight {
            PairWeight::Pixels => n as f64,
            PairWeight::InverseVariance => {
                let sigma = slice::mad_std_with(&self.compared, &mut self.scratch).unwrap_or(0.0);
                let sigma = if ratios { sigma / median } else { sigma };
                n as f64 / (std::f64::consts::FRAC_PI_2 * (sigma * sigma))
            }
        };
        if !above_zero(weight) {
            return Err(NormaliseError::Pair {
                first,
                second,
                what: "weight",
                found: weight,
                needed: ABOVE_ZERO,
            });
        }
        Ok(Some(if ratios {
            Pair::of_ratio(first, second, median, weight)
        } else {
            Pair { first, second, difference: median, weight }
        }))
    }

    /// Makes `compared` the differences or ratios of the common pixels.
    fn compare(
        &mut self,
        work: &Work<'_, T, impl FrameSource<T>>,
        first: usize,
        second: usize,
        common: &Area,
    ) -> Result<(), NormaliseError> {
        let step = common.step(usize::MAX);
        let [of_first, of_second] = &mut self.buffers;
        let sections = [first, second].map(|frame| work.frames.places.in_frame(common, frame));
        let lines = sections[0].1.clone().zip(sections[1].1.clone()).step_by(step);
        let [a, b] = sections;
        let how = (work.sampling, work.control);
        let mut a = Rows::new(&work.frames, first, a, step, how, of_first);
        let mut b = Rows::new(&work.frames, second, b, step, how, of_second);
        self.compared.clear();
        reserve(&mut self.compared, common.pixels(step))?;
        for (line_a, line_b) in lines {
            let samples = a.row(line_a)?.iter().zip(b.row(line_b)?).step_by(step);
            let samples = samples.map(|(x, y)| (x.widen(), y.widen()));
            // What is missing is NaN: neither finite as a difference nor above zero.
            match work.compare {
                Compare::Ratios => {
                    let above = samples.filter(|(x, y)| *x > 0.0 && *y > 0.0);
                    self.compared.extend(above.map(|(x, y)| x / y).filter(|ratio| above_zero(*ratio)));
                }
                Compare::Differences { scales } => {
                    let gain = |frame: usize| scales.get(frame).copied().unwrap_or(1.0);
                    let differences = samples.map(|(x, y)| x / gain(first) - y / gain(second));
                    self.compared.extend(differences.filter(|d| d.is_finite()));
                }
            }
        }
        Ok(())
    }
}
