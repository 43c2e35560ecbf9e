//! The rejections that know frames or variances against the reference crate, bit for bit: random options, scales, noise and
//! columns, at every level, in both types.

use std::marker::PhantomData;

use skystack_reference::{Setup, Working, pixel};
use skystack_reject::{
    AvSigClip, CcdClip, Center, ColumnsScratch, Convention, Fates, FrameFacts, Kept, MeanClip, Noise, Pool,
    Prepared, Rejection, Restore, Scaling, SigClip, Trim, VarClip, VarRule, ZeroSpread, pooled,
};
use skystack_simd::{Element, Isa, Kernel, Level, Ordered, Pair, Vector};

/// A small generator: the same sequence on every machine.
struct Draw(u64);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 32)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.bits() % most as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| (self.bits() >> 11) as f64 / (1u64 << 53) as f64).sum::<f64>() - 6.0
    }

    fn pick<E: Copy>(&mut self, from: &[E]) -> E {
        from[self.below(from.len())]
    }
}

/// What is drawn for one comparison.
struct Case {
    rejection: Rejection,
    scalings: Vec<Scaling>,
    noise: Vec<Noise>,
    weights: Option<Vec<f64>>,
    /// Pixels of frames, before scaling.
    columns: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
}

impl Case {
    fn draw<T: Element>(draw: &mut Draw) -> Self {
        let frames = if draw.chance(85) { 1 + draw.below(20) } else { draw.pick(&[33, 64, 65, 97, 130]) };
        let pixels = 1 + draw.below(40);
        let has_gaps = draw.chance(50);
        let columns: Vec<_> = (0..pixels).map(|_| column::<T>(draw, frames, has_gaps)).collect();
        let rejection = rejection(draw);
        let variances = match rejection {
            Rejection::VarClip(_) => columns.iter().map(|column| variances(draw, column)).collect(),
            _ => vec![],
        };
        let weights =
            draw.chance(50).then(|| (0..frames).map(|_| draw.pick(&[0.0, 0.25, 0.3, 1.0])).collect());
        let (scalings, noise) = (scalings(draw, frames), noise(draw, frames));
        Self { rejection, scalings, noise, weights, columns, variances }
    }

    fn facts(&self) -> FrameFacts<'_> {
        FrameFacts {
            frames: self.columns[0].len(),
            scalings: &self.scalings,
            noise: &self.noise,
            weights: self.weights.as_deref(),
        }
    }

    fn setup(&self, working: Working) -> Setup<'_> {
        Setup {
            rejections: std::slice::from_ref(&self.rejection),
            scalings: &self.scalings,
            noise: &self.noise,
            weights: self.weights.as_deref(),
            ..Setup::convention(Convention::Iraf, working)
        }
    }

    /// Sample and variance as the kernels get them.
    fn ingested<T: Element>(&self, pixel: usize, frame: usize) -> (T, T) {
        let scaling = self.facts().scaling(frame);
        let x = T::narrow(self.columns[pixel][frame]).widen() + 0.0;
        let y = T::narrow(x * scaling.multiply + scaling.add).widen() + 0.0;
        let Some(of_pixel) = self.variances.get(pixel) else {
            return (T::narrow(if y.is_finite() { y } else { f64::NAN }), T::NAN);
        };
        let v = T::narrow(of_pixel[frame]).widen();
        let v = T::narrow(v * (scaling.multiply * scaling.multiply)).widen();
        let known = v > 0.0 && v.is_finite();
        let there = y.is_finite() && known;
        (T::narrow(if there { y } else { f64::NAN }), T::narrow(if known { v } else { f64::NAN }))
    }
}

fn column<T: Element>(draw: &mut Draw, frames: usize, has_gaps: bool) -> Vec<f64> {
    let greatest = T::GREATEST.widen();
    let shape = draw.below(12);
    let of_shape = |draw: &mut Draw| match shape {
        0..=3 => 1000.0 + 33.0 * draw.normal(),
        4 => draw.below(6) as f64,
        5 => 7.5,
        6 => 20.0 + draw.pick(&[-30.0, 0.0, 5.0, 40.0]),
        7 => draw.pick(&[0.0, -0.0, 1e-40, 1e-310, 3.0]),
        8 => draw.normal(),
        9 => greatest * draw.pick(&[1.0, 0.999, -1.0, 0.5, -0.5, 1e-20, 0.0]),
        10 => -50.0 + 10.0 * draw.normal(),
        _ => draw.normal() * 10f64.powi(draw.below(30) as i32 - 15),
    };
    let mut column = Vec::new();
    for _ in 0..frames {
        let mut y = of_shape(draw);
        if draw.chance(8) {
            y += draw.pick(&[-300.0, 50.0, 500.0, 40_000.0]);
        }
        if has_gaps && draw.chance(15) {
            y = draw.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        }
        column.push(y);
    }
    column
}

fn variances(draw: &mut Draw, column: &[f64]) -> Vec<f64> {
    let of = |y: &f64| match draw.below(12) {
        0 => draw.pick(&[0.0, -1.0, f64::NAN, f64::INFINITY]),
        1 => draw.pick(&[1e-30, 1e30, 1.0, 4.0]),
        2..=4 => 100.0,
        _ => 36.0 + y.abs() * draw.pick(&[0.5, 1.0, 2.0]),
    };
    column.iter().map(of).collect()
}

fn scalings(draw: &mut Draw, frames: usize) -> Vec<Scaling> {
    let zeros = draw.pick(&[&[0.0][..], &[0.0, 25.0, -300.0, 0.3]]);
    let of = |draw: &mut Draw, scales: &[f64]| Scaling {
        multiply: 1.0 / draw.pick(scales),
        add: draw.pick(zeros),
    };
    let scales = match draw.below(5) {
        0 => return vec![],
        1 => &[1.0][..],
        2 => &[1.0, 1.05, 0.95],
        _ => &[1.0, 0.5, 1.5, 0.7, 2.0],
    };
    (0..frames).map(|_| of(draw, scales)).collect()
}

fn noise(draw: &mut Draw, frames: usize) -> Vec<Noise> {
    let of = |draw: &mut Draw| Noise {
        gain: draw.pick(&[0.5, 1.0, 2.0, 1.37]),
        rdnoise: draw.pick(&[0.0, 6.0, 12.0]),
        snoise: draw.pick(&[0.0, 0.0, 0.01, 0.05]),
    };
    match draw.below(4) {
        0 => vec![],
        1 => vec![of(draw)],
        _ => (0..frames).map(|_| of(draw)).collect(),
    }
}

fn rejection(draw: &mut Draw) -> Rejection {
    let factors = [0.0, 0.3, 0.7, 1.0, 1.5, 2.03, 3.0, f64::INFINITY];
    let (lsigma, hsigma) = (draw.pick(&factors), draw.pick(&factors));
    let center = draw.pick(&[Center::Median, Center::Mean]);
    let nkeep = draw.pick(&[0, 1, 1, 3, 6, 1000]);
    let maxrej = if draw.chance(25) { Some(draw.pick(&[0, 1, 2, 5])) } else { None };
    let sigscale = draw.pick(&[0.0, 0.1, 0.1, 0.2]);
    let maxiters = draw.pick(&[None, None, Some(0), Some(1), Some(3)]);
    let restore = draw.pick(&[Restore::Nearest, Restore::Nearest, Restore::Rollback]);
    match draw.below(6) {
        0 => {
            let center = if draw.chance(15) { Center::Lmedian } else { center };
            let clip = SigClip::iraf().lsigma(lsigma).hsigma(hsigma).center(center).sigscale(sigscale);
            let clip = clip.nkeep(nkeep).maxiters(maxiters).restore(restore).ddof(draw.pick(&[0, 1, 1, 2]));
            let clip = clip.trim(draw.pick(&[Trim::None, Trim::First, Trim::Every]));
            let mut clip = clip.zero_spread(draw.pick(&[ZeroSpread::Stop, ZeroSpread::Test]));
            clip.maxrej = maxrej;
            if draw.chance(10) { clip.tolerance(0.3).into() } else { clip.into() }
        }
        1 => {
            let clip = AvSigClip::iraf().lsigma(lsigma).hsigma(hsigma).center(center).sigscale(sigscale);
            let mut clip = clip.nkeep(nkeep).pool(draw.pick(&[Pool::Row, Pool::Pixel]));
            clip.maxrej = maxrej;
            clip.into()
        }
        2 | 3 => {
            let base = draw.pick(&[CcdClip::iraf(), CcdClip::imcombiners(), CcdClip::pixinsight()]);
            let clip = base.lsigma(lsigma).hsigma(hsigma).center(center).sigscale(sigscale);
            let mut clip = clip.maxiters(maxiters).trim(draw.pick(&[Trim::None, Trim::First, Trim::Every]));
            if draw.chance(70) {
                clip = clip.nkeep(nkeep);
                clip.maxrej = maxrej;
            }
            clip.into()
        }
        4 => MeanClip::lsst().lsigma(lsigma).hsigma(hsigma).rounds(draw.below(5) as u32).into(),
        _ if draw.chance(50) => {
            let mut clip = VarClip::dragons().lsigma(lsigma).hsigma(hsigma).center(center).nkeep(nkeep);
            (clip.maxrej, clip.maxiters) = (maxrej, maxiters);
            clip.into()
        }
        _ => {
            let mut clip = VarClip::swarp().lsigma(lsigma).hsigma(lsigma);
            clip.rule = VarRule::Swarp { ampfrac: draw.pick(&[0.0, 0.05, 0.3]) };
            clip.into()
        }
    }
}

/// What a kernel says of one pixel.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    used: Vec<bool>,
    count: usize,
    valid: usize,
    /// Samples dropped at the low and at the high side, and restored ones.
    fates: [usize; 3],
    /// Least and greatest kept value of the window, if it has one.
    ends: Option<(f64, f64)>,
}

/// Both stages of a rejection, in pairs of registers as the engine runs it.
struct Run<'a, T> {
    case: &'a Case,
    element: PhantomData<T>,
}

impl<T: Element> Kernel for Run<'_, T> {
    type Output = Vec<Answer>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Vec<Answer> {
        let case = self.case;
        let prepared =
            Prepared::new(std::slice::from_ref(&case.rejection), &case.facts()).expect("valid parameters");
        let frames = case.facts().frames;
        let mut scratch = ColumnsScratch::new(frames, [false; 2]);
        let pixels: Vec<usize> = (0..case.columns.len()).collect();
        let (mut answers, mut scatter) = (vec![], vec![]);
        let mut stages = vec![false];
        if prepared.pools_rows() {
            stages.insert(0, true);
        }
        for is_first in stages {
            for group in pixels.chunks(Pair::<T::Vector<I>>::LANES) {
                let mut groups = scratch.groups::<Pair<T::Vector<I>>>(isa, frames);
                let mut full = true;
                let mut variances = vec![Pair::<T::Vector<I>>::splat(isa, T::NAN); frames];
                for (frame, of_frame) in variances.iter_mut().enumerate() {
                    for lane in 0..Pair::<T::Vector<I>>::LANES {
                        let pixel = *group.get(lane).unwrap_or(&group[0]);
                        let (y, v) = case.ingested::<T>(pixel, frame);
                        full &= !y.widen().is_nan();
                        groups.samples[frame].lanes_mut()[lane] = y;
                        of_frame.lanes_mut()[lane] = v;
                    }
                }
                let mut columns = groups.columns(0, full);
                if prepared.needs_variances() {
                    columns.variances = &mut variances;
                }
                if is_first {
                    let found = prepared.scatter(isa, &mut columns).expect("rows are pooled");
                    let of = |lane: usize| (found.q.lanes()[lane], found.n.lanes()[lane].widen());
                    scatter.extend((0..group.len()).map(of));
                    continue;
                }
                columns.pooled = pooled(&scatter);
                let kept = prepared.keep(isa, &mut columns);
                let fates = columns.settle(&kept).to_vec();
                let (samples, sorted) = (&*columns.samples, &*columns.sorted);
                answers.extend((0..group.len()).map(|lane| answer(lane, &kept, &fates, samples, sorted)));
            }
        }
        answers
    }
}

fn answer<V: Vector>(lane: usize, kept: &Kept<V>, fates: &[Fates], samples: &[V], sorted: &[V]) -> Answer {
    let number = |of: fn(&Fates) -> u32| fates.iter().filter(|fate| of(fate) >> lane & 1 == 1).count();
    let contains = |y: &V| kept.bounds.contain(*y);
    let used = samples.iter().map(|y| skystack_simd::Mask::bits(contains(y)) >> lane & 1 == 1).collect();
    let ends = kept.window.as_ref().map(|window| window.lane(lane)).filter(|(_, count)| *count > 0);
    let at = |rank: usize| sorted[rank].lanes()[lane].widen();
    Answer {
        used,
        count: kept.count.lanes()[lane].widen() as usize,
        valid: kept.valid.lanes()[lane].widen() as usize,
        fates: [number(|fate| fate.low), number(|fate| fate.high), number(|fate| fate.restored)],
        ends: ends.map(|(first, count)| (at(first), at(first + count - 1))),
    }
}

fn compare<T: Element>(seed: u64) {
    let mut draw = Draw::new(seed);
    let case = Case::draw::<T>(&mut draw);
    let working = if T::BYTES == 4 { Working::F32 } else { Working::F64 };
    let setup = case.setup(working);
    let none = vec![];
    let s2 = skystack_reference::pooled(&case.columns, &setup);
    let expected: Vec<_> = (0..case.columns.len())
        .map(|i| {
            let variances = case.variances.get(i).unwrap_or(&none);
            pixel(&case.columns[i], &Setup { variances, pooled: s2, ..setup })
        })
        .collect();
    for level in Level::available() {
        let found = level.run(Run { case: &case, element: PhantomData::<T> });
        for (i, expected) in expected.iter().enumerate() {
            let frames = case.columns[i].len();
            let kept =
                || (0..frames).filter(|&k| expected.used[k]).map(|k| case.ingested::<T>(i, k).0.widen());
            let ends = (kept().fold(f64::INFINITY, f64::min), kept().fold(f64::NEG_INFINITY, f64::max));
            let found = &found[i];
            let agrees = found.used == expected.used
                && found.count == expected.count
                && found.valid == frames - expected.nmiss
                && found.fates == [expected.low, expected.high, expected.restored]
                && found.ends.is_none_or(|found| found == ends);
            let Case { rejection, scalings, noise, weights, .. } = &case;
            let (column, variances) = (&case.columns[i], case.variances.get(i));
            assert!(
                agrees,
                "seed {seed} at {level}, pixel {i}\n{rejection:?}\nscalings {scalings:?}\nnoise {noise:?}\nweights {weights:?}\n\
                 column {column:?}\nvariances {variances:?}\nS2 {s2}\nfound {found:?}\nexpected {expected:?}",
            );
        }
    }
}

/// Seeds a test tries from `first` on; `SKYSTACK_SEEDS` asks for more.
fn seeds(first: u64) -> std::ops::Range<u64> {
    let asked =
        std::env::var("SKYSTACK_SEEDS").ok().map(|text| text.parse().expect("SKYSTACK_SEEDS is a number"));
    first..first + asked.unwrap_or(2000)
}

#[test]
fn f32_kernels_equal_the_reference_bit_for_bit() {
    seeds(0).for_each(compare::<f32>);
}

#[test]
fn f64_kernels_equal_the_reference_bit_for_bit() {
    seeds(1 << 32).for_each(compare::<f64>);
}
