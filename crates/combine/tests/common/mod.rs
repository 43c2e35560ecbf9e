//! Stacks of shaped columns and random options: what every test of the kernels is fed with.

// Each test binary uses a part of this module.
#![allow(dead_code)]

pub(crate) mod oracle;
pub(crate) mod scene;
pub(crate) mod whole;

use skystack_combine::{
    Combine, CountProduct, CubeProduct, FrameSource, Lmedian, MemorySink, Options, Plane, Product, Products,
    SigmaRule, ValueProduct, Variance, WorkingType,
};
use skystack_reject::{
    About, AvSigClip, CcdClip, Center, Convention, Extrema, Gesd, LineFit, LinearFit, MaxOutliers, MeanClip,
    MedSigma, MinMax, Noise, PClip, PClipRule, Percentile, Pool, Rejection, Restore, Scaling, SigClip,
    Spread, Trim, Winsorized, WinsorizedRule, ZeroSpread, madclip,
};

/// A small generator (PCG-like): the same sequence on every machine.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 32)
    }

    /// In 0..most.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        (self.bits() % most as u64) as usize
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Sum of twelve uniforms: near enough to a Gaussian.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    pub(crate) fn pick<E: Copy>(&mut self, from: &[E]) -> E {
        from[self.below(from.len())]
    }
}

/// One column of `frames` samples of type T, of a random shape; `gaps` per cent of them are missing.
fn column<T: WorkingType>(draw: &mut Draw, frames: usize, gaps: usize) -> Vec<f64> {
    let greatest = T::GREATEST.widen();
    let shape = draw.below(11);
    let mut column: Vec<f64> = (0..frames)
        .map(|_| match shape {
            0..=2 => 1000.0 + 10.0 * draw.normal(),
            3 => draw.below(5) as f64,
            4 => 7.5,
            5 => draw.pick(&[1.0, 2.0]),
            6 => draw.pick(&[0.0, -0.0, 1e-40, -1e-45, 1e-170, 1e-310, -5e-324, 3.0]),
            7 => 1e6 + draw.normal() * 0.01,
            8 => draw.normal(),
            // Sums and squares overflow, in f64 with no wider type to save them.
            9 => greatest * draw.pick(&[1.0, 0.999, -1.0, 0.5, -0.5, 1e-20, 0.0]),
            _ => draw.normal() * 10f64.powi(draw.below(30) as i32 - 15),
        })
        .collect();
    for y in &mut column {
        if shape < 3 && draw.chance(8) {
            *y += draw.pick(&[-300.0, 50.0, 500.0, 40_000.0]);
        }
        let missing = if shape == 5 { 10 * gaps } else { gaps };
        if draw.chance(missing) {
            *y = draw.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        }
    }
    column
}

/// N frames of height x width in memory.
#[derive(Clone)]
pub(crate) struct Stack<T> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) frames: Vec<Vec<T>>,
}

impl<T: WorkingType> Stack<T> {
    pub(crate) fn shaped(draw: &mut Draw, frames: usize, height: usize, width: usize) -> Self {
        // Kernels go other ways where no neighbour misses a sample.
        let gaps = draw.pick(&[0, 0, 8]);
        let mut stack = vec![vec![T::NAN; height * width]; frames];
        for pixel in 0..height * width {
            for (frame, y) in stack.iter_mut().zip(column::<T>(draw, frames, gaps)) {
                frame[pixel] = T::narrow(y);
            }
        }
        Self { height, width, frames: stack }
    }

    pub(crate) fn column(&self, pixel: usize) -> Vec<f64> {
        self.frames.iter().map(|frame| frame[pixel].widen()).collect()
    }

    pub(crate) fn sink(&self, products: &Products) -> MemorySink<T> {
        MemorySink::new(products, self.frames.len(), self.height, self.width)
    }
}

impl<T: WorkingType> FrameSource<T> for Stack<T> {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.height
    }
    fn width(&self) -> usize {
        self.width
    }
    fn borrow(&self, frame: usize) -> Option<Plane<'_, T>> {
        Some(Plane { data: &self.frames[frame], stride: self.width })
    }
}

/// A sigclip or madclip with every parameter drawn, or a convention.
pub(crate) fn sigclip(draw: &mut Draw) -> SigClip {
    let factors = [0.0, 0.7, 1.0, 1.5, 2.03, 3.0, f64::INFINITY];
    let conventions = Convention::ALL.iter().flat_map(|c| [SigClip::convention(*c), madclip(*c)]).flatten();
    let mut clip =
        draw.pick(&conventions.collect::<Vec<_>>()).lsigma(draw.pick(&factors)).hsigma(draw.pick(&factors));
    if draw.chance(50) {
        clip = clip.center(draw.pick(&[Center::Median, Center::Mean, Center::Lmedian]));
    }
    if draw.chance(40) {
        clip = clip
            .trim(draw.pick(&[Trim::None, Trim::First, Trim::Every]))
            .spread(draw.pick(&[Spread::Std, Spread::Mad { factor: 1.4826 }, Spread::Iqr, Spread::Sn]))
            .about(draw.pick(&[About::Center, About::Mean]))
            .ddof(draw.pick(&[0, 1, 2]))
            .zero_spread(draw.pick(&[ZeroSpread::Stop, ZeroSpread::Test]))
            .restore(draw.pick(&[Restore::Nearest, Restore::Rollback, Restore::None]));
    }
    if draw.chance(30) {
        clip = clip.maxiters(draw.pick(&[None, Some(0), Some(1), Some(3)]));
    }
    if draw.chance(50) {
        clip = clip.nkeep(draw.pick(&[0, 1, 3, 6, 1000]));
    }
    if draw.chance(25) {
        clip = clip.maxrej(draw.pick(&[0, 1, 2, 5]));
    }
    if clip.restore == Restore::None {
        // Nothing would be restored: such a clip is refused.
        (clip.nkeep, clip.maxrej) = (0, None);
    }
    if draw.chance(10) {
        clip = clip.tolerance(draw.pick(&[0.0, 0.1, 0.5]));
    }
    clip
}

/// A rejection that looks at nothing but the samples of the column, with every parameter drawn.
pub(crate) fn order(draw: &mut Draw, frames: usize) -> Rejection {
    let factors = [0.0, 0.3, 0.7, 1.0, 1.5, 2.03, 3.0, f64::INFINITY];
    let (lsigma, hsigma) = (draw.pick(&factors), draw.pick(&factors));
    let nkeep = draw.pick(&[0, 0, 1, 3, 6, 1000]);
    let maxrej = draw.pick(&[None, None, Some(0), Some(1), Some(5)]);
    match draw.below(6) {
        0 => {
            let fractions = [0.0, 0.005, 0.02, 0.1, 0.5, f64::INFINITY];
            let mut rule = Percentile::new(draw.pick(&fractions), draw.pick(&fractions)).nkeep(nkeep);
            rule.maxrej = maxrej;
            rule.into()
        }
        1 => {
            let ranks = [-0.5, 0.5, -0.01, 0.25, -0.9, 1.0, -2.0, 3.0, -40.0];
            let rule = draw.pick(&[PClipRule::Iraf, PClipRule::Imcombiners]);
            let clip = PClip::iraf().pclip(draw.pick(&ranks)).rule(rule);
            let mut rule = clip.lsigma(lsigma.max(0.2)).hsigma(hsigma.max(0.2)).nkeep(nkeep);
            rule.maxrej = maxrej;
            rule.into()
        }
        2 => {
            let cutoffs = [1.5, 5.0, f64::INFINITY].map(|cutoff| WinsorizedRule::MovingMean { cutoff });
            let rule = if draw.chance(50) { WinsorizedRule::Median } else { draw.pick(&cutoffs) };
            Winsorized::textbook().lsigma(lsigma).hsigma(hsigma).rule(rule).into()
        }
        3 => {
            let mut rule = LinearFit::textbook().lsigma(lsigma).hsigma(hsigma).nkeep(nkeep);
            // The cube of the number of frames: short columns.
            if frames <= 17 && draw.chance(40) {
                rule = rule.fit(LineFit::LeastAbsolute);
            }
            rule.maxrej = maxrej;
            rule.into()
        }
        4 => {
            let fraction = MaxOutliers::Fraction(draw.pick(&[0.1, 0.3, 1.0]));
            let count = MaxOutliers::Count(draw.pick(&[1, 7]));
            let outliers = if draw.chance(50) { fraction } else { count };
            let alpha = draw.pick(&[1e-9, 0.01, 0.05, 0.5, 0.99]);
            let mut rule = Gesd::textbook().alpha(alpha).outliers(outliers).nkeep(nkeep);
            rule.maxrej = maxrej;
            rule.into()
        }
        _ => {
            let row = draw.pick(&[MedSigma::siril(), MedSigma::dss()]).lsigma(lsigma).hsigma(hsigma);
            row.ddof(draw.pick(&[0, 1, 2])).maxiters(draw.pick(&[0, 1, 2, 5, 100])).into()
        }
    }
}

/// What goes with these rejections: of replaced samples there is only an average, and nothing rejects after them.
pub(crate) fn with_rejections(mut options: Options, mut rejections: Vec<Rejection>) -> Options {
    let replacing = rejections.iter().position(|rejection| matches!(rejection, Rejection::MedSigma(_)));
    if let Some(replacing) = replacing {
        rejections.truncate(replacing + 1);
        options.combine = Combine::Average;
    }
    Options { rejections, ..options }
}

fn rejection(draw: &mut Draw, frames: usize) -> Rejection {
    match draw.below(16) {
        0 => Rejection::None,
        1 => {
            let low = draw.below(frames);
            let minmax = if draw.chance(30) {
                MinMax::new(0.2, 0.35)
            } else {
                MinMax::new(low as f64, draw.below(frames - low) as f64)
            };
            minmax.into()
        }
        2 => {
            let mut extrema = Extrema::new(draw.below(4) as u32, draw.below(4) as u32);
            extrema.count_missing_high = draw.chance(50);
            extrema.nkeep = draw.pick(&[0, 1, 4]);
            extrema.maxrej = draw.pick(&[None, Some(2)]);
            extrema.into()
        }
        3..9 => sigclip(draw).into(),
        9..11 => noisy(draw),
        _ => order(draw, frames),
    }
}

/// A rejection with a noise model. (What depends on variances of samples is in `crates/reject/tests/noise.rs`.)
pub(crate) fn noisy(draw: &mut Draw) -> Rejection {
    let factors = [0.0, 0.7, 1.0, 1.5, 2.03, 3.0, f64::INFINITY];
    let (lsigma, hsigma) = (draw.pick(&factors), draw.pick(&factors));
    let center = draw.pick(&[Center::Median, Center::Median, Center::Mean]);
    let (nkeep, maxrej) = (draw.pick(&[0, 1, 1, 3, 1000]), draw.pick(&[None, None, Some(0), Some(2)]));
    match draw.below(6) {
        0 => {
            let mut clip =
                AvSigClip::iraf().pool(draw.pick(&[Pool::Pixel, Pool::Row])).lsigma(lsigma).hsigma(hsigma);
            (clip.center, clip.nkeep, clip.maxrej) = (center, nkeep, maxrej);
            clip.into()
        }
        1 => MeanClip::lsst().lsigma(lsigma).hsigma(hsigma).rounds(draw.below(5) as u32).into(),
        2 => SigClip::iraf().lsigma(lsigma).hsigma(hsigma).center(center).nkeep(nkeep).into(),
        _ => {
            let conventions =
                [CcdClip::iraf(), CcdClip::iraf(), CcdClip::imcombiners(), CcdClip::pixinsight()];
            let mut clip = draw.pick(&conventions).lsigma(lsigma).hsigma(hsigma).center(center);
            if draw.chance(60) {
                clip = clip.nkeep(nkeep);
                clip.maxrej = maxrej;
            }
            clip.into()
        }
    }
}

/// How frames were scaled, more often not than otherwise.
pub(crate) fn scalings(draw: &mut Draw, frames: usize) -> Vec<Scaling> {
    if draw.chance(70) {
        return vec![];
    }
    let zeros = draw.pick(&[&[0.0][..], &[0.0, 25.0, -300.0, 0.3]]);
    let of = |_| Scaling { multiply: draw.pick(&[1.0, 0.5, 2.0, 1.3]), add: draw.pick(zeros) };
    (0..frames).map(of).collect()
}

/// The noise of all frames, of each frame, or nothing.
fn noise(draw: &mut Draw, frames: usize) -> Vec<Noise> {
    let of = |draw: &mut Draw| Noise {
        gain: draw.pick(&[0.5, 1.0, 2.0]),
        rdnoise: draw.pick(&[0.0, 6.0, 12.0]),
        snoise: draw.pick(&[0.0, 0.05]),
    };
    match draw.below(3) {
        0 => vec![],
        1 => vec![of(draw)],
        _ => (0..frames).map(|_| of(draw)).collect(),
    }
}

/// Every output of a sink as bits, one list a product.
pub(crate) fn all_bits<T: WorkingType>(sink: &MemorySink<T>) -> Vec<Vec<u64>> {
    let values = |values: &[T]| values.iter().map(|v| v.bits()).collect();
    let mut all = vec![values(sink.image())];
    all.extend(ValueProduct::ALL.iter().map(|product| values(sink.values(*product))));
    let counts = CountProduct::ALL.iter().map(|product| sink.counts(*product));
    all.extend(counts.map(|counts| counts.iter().map(|n| u64::from(*n)).collect()));
    let cubes = CubeProduct::ALL.iter().map(|product| sink.cube(*product));
    all.extend(cubes.map(|cube| cube.iter().map(|n| u64::from(*n)).collect()));
    all
}

/// One rejection, sometimes several.
fn rejections(draw: &mut Draw, frames: usize) -> Vec<Rejection> {
    let number = draw.pick(&[1, 1, 1, 1, 1, 2, 3]);
    let mut rejections: Vec<Rejection> = (0..number).map(|_| rejection(draw, frames)).collect();
    let is_avsigclip = |rejection: &Rejection| matches!(rejection, Rejection::AvSigClip(_));
    // More than one is refused.
    if let Some(first) = rejections.iter().position(is_avsigclip) {
        let mut number = 0;
        rejections.retain(|rejection| {
            number += 1;
            number <= first + 1 || !is_avsigclip(rejection)
        });
    }
    rejections
}

/// Every further image that needs nothing but samples.
pub(crate) fn products() -> Products {
    let needs_more = [ValueProduct::Variance, ValueProduct::Error, ValueProduct::Exposure];
    let all = needs_more.into_iter().fold(Products::ALL, Products::without);
    all.without(CountProduct::Dq)
}

/// Sigma, nrej, count and the rejection masks.
pub(crate) fn usual_products() -> Products {
    let usual: [Product; 4] = [
        ValueProduct::Sigma.into(),
        CountProduct::Nrej.into(),
        CountProduct::Count.into(),
        CubeProduct::Rejmask.into(),
    ];
    usual.into_iter().collect()
}

/// Options for a stack of `frames` frames, all products on.
pub(crate) fn options(draw: &mut Draw, frames: usize) -> Options {
    let all = [
        Combine::Average,
        Combine::Average,
        Combine::Median,
        Combine::Lmedian,
        Combine::Sum,
        Combine::Min,
        Combine::Max,
        Combine::Quadrature,
        Combine::Nmodel,
        Combine::Wmedian,
    ];
    let combine = draw.pick(&all);
    let rejections = rejections(draw, frames);
    let mut options = Options {
        combine,
        scalings: scalings(draw, frames),
        noise: noise(draw, frames),
        lmedian: draw.pick(&[Lmedian::Iraf, Lmedian::Lower]),
        sigma_rule: draw.pick(&[SigmaRule::Iraf, SigmaRule::Scatter, SigmaRule::Population]),
        blank: draw.pick(&[f64::NAN, 0.0, -1.0]),
        products: products(),
        per_frame: true,
        ..Options::default()
    };
    options = with_rejections(options, rejections);
    if draw.chance(25) {
        options.lthreshold = Some(draw.pick(&[0.1, 990.0, -5.0]));
    }
    if draw.chance(25) {
        options.hthreshold = Some(draw.pick(&[1005.3f64, 1e6, 2.0]).max(options.lthreshold.unwrap_or(0.0)));
    }
    if !matches!(options.combine, Combine::Average | Combine::Median | Combine::Lmedian) {
        options.products = options.products.without(ValueProduct::Empirical);
    }
    let is_noise = matches!(options.combine, Combine::Quadrature | Combine::Nmodel);
    if !is_noise && draw.chance(30) {
        options.variance = Variance::Constant(draw.pick(&[49.0, 0.3]));
        options.products = options.products.with(ValueProduct::Variance).with(ValueProduct::Error);
    }
    let is_weighted =
        is_noise || matches!(options.combine, Combine::Average | Combine::Sum | Combine::Wmedian);
    let replaces = options.rejections.iter().any(|of| matches!(of, Rejection::MedSigma(_)));
    if is_weighted && !replaces && draw.chance(30) {
        let mut weights: Vec<f64> = (0..frames).map(|_| draw.pick(&[0.0, 0.25, 0.3, 1.0])).collect();
        weights[draw.below(frames)] = 0.1;
        options.weights = Some(weights);
    }
    options
}
