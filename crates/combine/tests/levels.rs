//! Every level of the machine against the scalar level, bit for bit, on many more pixels than the reference could do: here
//! the slow oracle does not run, so that `cargo xtask levels` can try ten million.
//!
//! ```text
//! for each option set (number of frames x rejection x combination x type):
//!     stretches of pixels, each of its own climate, of seeded columns
//!     digest of all outputs at every level = digest at the scalar level, or the first pixel that differs is shown
//! ```
//!
//! Columns are made by integer arithmetic, additions and multiplications, so a seed gives the same pixels and the same digest
//! on every machine: two machines compare their levels by comparing one number.

// The chore shows what was tried.
#![allow(clippy::print_stdout)]

mod common;

use std::time::Instant;

use common::{Draw, Stack, noisy, order, sigclip};
use rayon::iter::Either;
use rayon::prelude::*;
use skystack_combine::{
    Combine, CombineError, Control, CountProduct, CubeProduct, Lmedian, MemorySink, Options, Product,
    SigmaRule, ValueProduct, WorkingType, run,
};
use skystack_plan::{Limits, Machine, Source, Workload, plan};
use skystack_reject::{Convention, Extrema, MinMax, Rejection, SigClip, madclip};
use skystack_simd::Level;

/// Both sides of every border: of networks, of blocks and runs, of masks of 64.
const FRAMES: [usize; 17] = [1, 2, 3, 5, 9, 15, 16, 31, 32, 33, 63, 64, 65, 101, 128, 257, 301];

const COMBINES: [Combine; 6] =
    [Combine::Average, Combine::Median, Combine::Lmedian, Combine::Sum, Combine::Min, Combine::Max];

/// Fewest pixels of an option set: two registers of every level and a rest.
const FEWEST: usize = 37;

/// Pixels without `SKYSTACK_PIXELS`: enough for every option set, in two or three seconds of a test build.
const PIXELS: usize = 200_000;

/// A prime that divides no number of option sets: steps of it meet all of them, and few steps meet some of every kind.
const STRIDE: usize = 7919;

/// Option sets that are shown where more are wrong.
const SHOWN: usize = 5;

/// Every rejection in every convention that defines it, then what no convention has.
fn rejections(draw: &mut Draw, frames: usize) -> Vec<Rejection> {
    let low = draw.below(frames);
    let high = draw.below(frames - low);
    let mut extrema = Extrema::new(draw.below(4) as u32, draw.below(4) as u32);
    extrema.count_missing_high = draw.chance(50);
    extrema.nkeep = draw.pick(&[0, 1, 4]);
    extrema.maxrej = draw.pick(&[None, Some(2)]);
    let mut all = vec![
        Rejection::None,
        MinMax::new(low as f64, high as f64).into(),
        MinMax::new(0.2, 0.35).into(),
        extrema.into(),
    ];
    let factors = [0.7, 1.5, 2.03, 3.0];
    let clips = Convention::ALL.iter().flat_map(|c| [SigClip::convention(*c), madclip(*c)]).flatten();
    let clips = clips.map(|clip| clip.lsigma(draw.pick(&factors)).hsigma(draw.pick(&factors)));
    all.extend(clips.map(Rejection::from));
    all.extend((0..6).map(|_| Rejection::from(sigclip(draw))));
    all.extend((0..12).map(|_| order(draw, frames)));
    all.extend((0..8).map(|_| noisy(draw)));
    all
}

fn number_of_rejections() -> usize {
    rejections(&mut Draw::new(0), 1).len()
}

/// One option set and its pixels.
#[derive(Debug)]
struct Case {
    seed: u64,
    frames: usize,
    width: usize,
    options: Options,
    wide: bool,
}

impl Case {
    /// The `index`-th of all combinations of type, number of frames, combination and rejection.
    fn new(seed: u64, index: usize, pixels: usize) -> Self {
        let seed = seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ index as u64;
        let mut draw = Draw::new(seed);
        let (wide, index) = (index % 2 == 1, index / 2);
        let (frames, index) = (FRAMES[index % FRAMES.len()], index / FRAMES.len());
        let (combine, index) = (COMBINES[index % COMBINES.len()], index / COMBINES.len());
        let rejections = rejections(&mut draw, frames);
        let rejection = rejections[index % rejections.len()];
        let width = pixels + draw.below(FEWEST);
        Self { seed, frames, width, options: options(&mut draw, frames, combine, rejection), wide }
    }

    fn number() -> usize {
        2 * FRAMES.len() * COMBINES.len() * number_of_rejections()
    }

    /// The digest of the scalar level's outputs, or what differs from them.
    fn digest(&self) -> Result<u64, String> {
        if self.wide { self.digest_of::<f64>() } else { self.digest_of::<f32>() }
    }

    fn digest_of<T: WorkingType>(&self) -> Result<u64, String> {
        let stack = stack::<T>(&mut Draw::new(!self.seed), self.frames, self.width);
        let workload = Workload::new(self.frames, 1, self.width, T::BYTES).source(Source::Borrowed);
        let plan = plan(&workload, &Machine::unknown(), &Limits::default()).map_err(|e| e.to_string())?;
        let at = |level| {
            let mut sink = stack.sink(&self.options.products);
            let outcome = run(&self.options, &stack, &mut sink, &plan, &Control::new(level));
            outcome.map(|_| sink).map_err(|error| self.failure(&stack, level, &error))
        };
        let scalar = at(Level::Scalar)?;
        let expected = digest((0..self.width).flat_map(|pixel| outputs(&scalar, pixel)));
        for level in Level::available().filter(|level| *level != Level::Scalar) {
            let found = at(level)?;
            if digest((0..self.width).flat_map(|pixel| outputs(&found, pixel))) != expected {
                return Err(self.difference(&stack, level, &scalar, &found));
            }
        }
        Ok(expected)
    }

    /// What failed, and the first column that fails alone, if one does.
    fn failure<T: WorkingType>(&self, stack: &Stack<T>, level: Level, error: &CombineError) -> String {
        let alone = |pixel: &usize| {
            let frames = stack.frames.iter().map(|frame| vec![frame[*pixel]]).collect();
            let stack = Stack { height: 1, width: 1, frames };
            let workload = Workload::new(self.frames, 1, 1, T::BYTES).source(Source::Borrowed);
            let plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
            let mut sink = stack.sink(&self.options.products);
            run(&self.options, &stack, &mut sink, &plan, &Control::new(level)).is_err()
        };
        let column = (0..self.width).find(alone).map(|pixel| (pixel, stack.column(pixel)));
        format!("{level}: {error}\n{self:?}\npixel and column {column:?}")
    }

    fn difference<T: WorkingType>(
        &self,
        stack: &Stack<T>,
        level: Level,
        scalar: &MemorySink<T>,
        found: &MemorySink<T>,
    ) -> String {
        let differs = |pixel: &usize| !outputs(scalar, *pixel).eq(outputs(found, *pixel));
        let pixels: Vec<usize> = (0..self.width).filter(differs).collect();
        let first = pixels[0];
        let shown = |sink| outputs(sink, first).map(|word| format!("{word:x}")).collect::<Vec<_>>().join(" ");
        format!(
            "{} of {} pixels differ between scalar and {level}, the first is {first}\n{self:?}\ncolumn {:?}\n\
             image, sigma, nrej, count, rejmask\nscalar {}\n{level} {}",
            pixels.len(),
            self.width,
            stack.column(first),
            shown(scalar),
            shown(found)
        )
    }
}

fn options(draw: &mut Draw, frames: usize, combine: Combine, rejection: Rejection) -> Options {
    let mut options = Options {
        combine,
        lmedian: draw.pick(&[Lmedian::Iraf, Lmedian::Lower]),
        sigma_rule: draw.pick(&[SigmaRule::Iraf, SigmaRule::Scatter, SigmaRule::Population]),
        blank: draw.pick(&[f64::NAN, 0.0, -1.0]),
        products: common::products(),
        per_frame: draw.chance(50),
        ..Options::default()
    };
    options = common::with_rejections(options, vec![rejection]);
    let combine = options.combine;
    if !matches!(combine, Combine::Average | Combine::Median | Combine::Lmedian) {
        options.products = options.products.without(ValueProduct::Empirical);
    }
    if draw.chance(50) {
        // Without the others, kernels take shorter ways.
        for product in [ValueProduct::Sigma.into(), CubeProduct::Rejmask.into(), CubeProduct::Reasons.into()]
        {
            let product: Product = product;
            options.products =
                if draw.chance(25) { options.products } else { options.products.without(product) };
        }
        for product in [CountProduct::Nrej, CountProduct::Count, CountProduct::Nlow] {
            options.products =
                if draw.chance(50) { options.products } else { options.products.without(product) };
        }
    }
    if draw.chance(20) {
        options.lthreshold = Some(draw.pick(&[0.1, 990.0, -5.0]));
    }
    if draw.chance(20) {
        options.hthreshold = Some(draw.pick(&[1005.3f64, 1e6, 2.0]).max(options.lthreshold.unwrap_or(0.0)));
    }
    let replaces = matches!(rejection, Rejection::MedSigma(_));
    if matches!(combine, Combine::Average | Combine::Sum) && !replaces && draw.chance(30) {
        let mut weights: Vec<f64> = (0..frames).map(|_| draw.pick(&[0.0, 0.25, 0.3, 1.0])).collect();
        weights[draw.below(frames)] = 0.1;
        options.weights = Some(weights);
    }
    options
}

/// What the columns of a stretch of pixels are like.
#[derive(Debug, Clone, Copy)]
enum Climate {
    /// Sky with outliers.
    Sky,
    /// A few whole numbers.
    Ties,
    /// One value.
    Equal,
    /// Two values.
    Two,
    /// Zeros of both signs and denormals of both types.
    Tiny,
    /// A large offset and little scatter.
    Offset,
    /// Forty orders of two to either side of 1.
    Magnitudes,
    /// Near the limits of the type: squares, and sums of f64, overflow.
    Huge,
    /// Any bits at all.
    Bits,
    /// Nothing but what is missing.
    Empty,
    /// One sample is there.
    Single,
}

const CLIMATES: [Climate; 14] = {
    use Climate::*;
    // Sky has more than its share, and stretches of it without gaps are what kernels stream.
    [Sky, Sky, Sky, Sky, Ties, Equal, Two, Tiny, Offset, Magnitudes, Huge, Bits, Empty, Single]
};

const MISSING: [f64; 4] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -f64::NAN];

/// Sum of four uniforms less their mean.
fn bell(draw: &mut Draw) -> f64 {
    let bits = draw.bits();
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xffff).sum();
    sum as f64 / 65_536.0 - 2.0
}

fn any_bits<T: WorkingType>(draw: &mut Draw) -> T {
    let bits = draw.bits();
    // An f32 of any bits: halves of an f64 would be 0 or infinite in most cases.
    let narrow = f32::from_bits((bits >> 32) as u32).into();
    T::narrow(if T::BYTES == 4 { narrow } else { f64::from_bits(bits) })
}

fn sample<T: WorkingType>(draw: &mut Draw, climate: Climate) -> T {
    let huge = if T::BYTES == 4 { f64::from(f32::MAX) } else { f64::MAX };
    let value = match climate {
        Climate::Sky if draw.chance(4) => 1000.0 + draw.pick(&[-300.0, 50.0, 500.0, 40_000.0]),
        Climate::Sky => 1000.0 + 10.0 * bell(draw),
        Climate::Ties => draw.below(5) as f64,
        Climate::Equal => 7.5,
        Climate::Two => draw.pick(&[1.0, 2.0]),
        Climate::Tiny => draw.pick(&[0.0, -0.0, 1e-40, -1e-45, 1e-310, -5e-324, 3.0]),
        Climate::Offset => 1e6 + 0.01 * bell(draw),
        Climate::Magnitudes => {
            let exponent = (1023 + draw.below(81) as u64 - 40) << 52;
            bell(draw) * f64::from_bits(exponent)
        }
        Climate::Huge => huge * draw.pick(&[1.0, 0.999, -1.0, 0.5, 1e-20, 0.0]),
        Climate::Bits => return any_bits(draw),
        Climate::Empty | Climate::Single => draw.pick(&MISSING),
    };
    T::narrow(value)
}

/// One row of columns.
fn stack<T: WorkingType>(draw: &mut Draw, frames: usize, width: usize) -> Stack<T> {
    let mut planes = vec![vec![T::NAN; width]; frames];
    let mut start = 0;
    while start < width {
        let end = width.min(start + 1 + draw.below(150));
        let (climate, gaps) = (draw.pick(&CLIMATES), draw.pick(&[0, 0, 5, 60]));
        for pixel in start..end {
            for plane in &mut planes {
                let y = sample(draw, climate);
                plane[pixel] = if draw.chance(gaps) { T::narrow(draw.pick(&MISSING)) } else { y };
            }
            if matches!(climate, Climate::Single) {
                planes[draw.below(frames)][pixel] = T::narrow(1000.0 * bell(draw));
            }
        }
        start = end;
    }
    Stack { height: 1, width, frames: planes }
}

/// Everything that was made for one pixel; all NaN are one.
fn outputs<T: WorkingType>(sink: &MemorySink<T>, pixel: usize) -> impl Iterator<Item = u64> {
    let value = |v: &T| if v.is_nan() { u64::MAX } else { v.bits() };
    let further = ValueProduct::ALL.iter().map(|product| sink.values(*product));
    let values =
        std::iter::once(sink.image()).chain(further).filter_map(move |plane| plane.get(pixel).map(value));
    let counts = CountProduct::ALL.iter().filter_map(move |product| sink.counts(*product).get(pixel));
    let cubes = CubeProduct::ALL.iter().map(|product| sink.cube(*product));
    let codes = cubes.flat_map(move |cube| cube.iter().skip(pixel).step_by(sink.image().len()));
    values.chain(counts.map(|n| u64::from(*n))).chain(codes.map(|m| u64::from(*m)))
}

/// FNV-1a, a word at a time: one word that differs always gives another digest.
fn digest(words: impl Iterator<Item = u64>) -> u64 {
    words
        .fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(29))
}

fn asked<N: std::str::FromStr>(variable: &str) -> Option<N> {
    let number =
        |text: String| text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, not a number"));
    std::env::var(variable).ok().map(number)
}

/// `SKYSTACK_PIXELS` pixels of the sequence `SKYSTACK_SEED`: every option set where there are enough, else some that are
/// spread over all of them.
#[test]
fn every_level_gives_the_bits_of_the_scalar_level() {
    let pixels: usize = asked("SKYSTACK_PIXELS").unwrap_or(PIXELS);
    let seed: u64 = asked("SKYSTACK_SEED").unwrap_or(0);
    let all = Case::number();
    assert_ne!(all % STRIDE, 0);
    let tried = all.min(pixels.div_ceil(FEWEST));
    let width = pixels / tried;
    let begun = Instant::now();
    let outcome = (0..tried).into_par_iter().map(|k| {
        let case = Case::new(seed, k * STRIDE % all, width);
        case.digest().map(|digest| (digest, case.width))
    });
    let (found, wrong): (Vec<_>, Vec<_>) = outcome.partition_map(|outcome| match outcome {
        Ok(good) => Either::Left(good),
        Err(difference) => Either::Right(difference),
    });
    assert!(
        wrong.is_empty(),
        "{} of {tried} option sets are wrong, seed {seed}; among them\n\n{}",
        wrong.len(),
        wrong.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n\n")
    );
    let levels: Vec<String> = Level::available().map(|level| level.to_string()).collect();
    println!(
        "{} pixels, {tried} of {all} option sets, seed {seed}: {} give the same bits, digest {:016x}, {:.1} s",
        found.iter().map(|(_, width)| width).sum::<usize>(),
        levels.join(", "),
        digest(found.iter().map(|(digest, _)| *digest)),
        begun.elapsed().as_secs_f64()
    );
}
