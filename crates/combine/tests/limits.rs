//! Samples on the limit of a clip: d² = k²V to the last bit, or as near as the type has numbers, against the reference.
//!
//! ```text
//! on it:      columns of a few whole numbers whose V is a square:  d² = k²V exactly, at both ends
//! beside it:  a sample of a random column moves until the reference keeps one value and drops the next one of the type
//! vanishing:  terms that are lost beside a far sample, if it is added first, and a factor near the one that drops it
//! ```
//!
//! Random columns meet such samples once in 10⁵ at most, and these are what a shorter way to a decision gets wrong.

mod common;

use common::oracle::{difference, setup};
use common::{Draw, Stack};
use skystack_combine::{Control, Options, WorkingType, run};
use skystack_plan::{Limits, Machine, Source, Workload, plan};
use skystack_reference::{Pixel, Setup};
use skystack_reject::{About, Center, Convention, MAD_STD_FACTOR, Restore, SigClip, Spread};
use skystack_simd::Level;

/// More than two registers of every level, and a rest.
const WIDTH: usize = 37;

/// A sigclip about a median.
fn clip(draw: &mut Draw) -> SigClip {
    let factors = [0.0, 1e-30, 0.07, 0.7, 1.0, 1.5, 2.0, 2.03, 3.0, 1e30, f64::INFINITY];
    let defined = Convention::ALL.iter().flat_map(|c| SigClip::convention(*c)).collect::<Vec<_>>();
    let mut clip = draw
        .pick(&defined)
        .spread(Spread::Std)
        .center(draw.pick(&[Center::Median, Center::Median, Center::Lmedian]))
        .about(draw.pick(&[About::Center, About::Mean]))
        .ddof(draw.below(3) as u32)
        .lsigma(draw.pick(&factors));
    clip = clip.hsigma(if draw.chance(50) { clip.lsigma } else { draw.pick(&factors) });
    if draw.chance(30) {
        clip = clip.maxiters(Some(1 + draw.below(2) as u32));
    }
    if draw.chance(30) {
        clip = clip.nkeep(1 + draw.below(4) as u32);
    }
    clip
}

fn shuffled<T: Copy>(draw: &mut Draw, mut column: Vec<T>) -> Vec<T> {
    for i in (1..column.len()).rev() {
        column.swap(i, draw.below(i + 1));
    }
    column
}

/// A clip with whole factors, and a column with d² = k²V at both ends; its lowest and highest sample.
///
/// With m = n − ddof, even: k = 1 and m samples at ±e have V = e². k = 2, two at ±2e and m − 8 at ±e: V = (8 + m − 8)e²/m.
/// The others are 0, where the median is, and the mean too.
struct Tied {
    clip: SigClip,
    frames: usize,
}

impl Tied {
    fn draw(draw: &mut Draw) -> Self {
        let k = 1 + draw.below(2);
        let pairs = (4 * (k - 1)).max(1) + draw.below(15);
        let mut clip = clip(draw).lsigma(k as f64).hsigma(k as f64);
        if clip.ddof == 0 {
            // Its lower median would be no zero where k = 1.
            clip = clip.center(Center::Median);
        }
        Self { clip, frames: 2 * pairs + clip.ddof as usize }
    }

    fn column<T: WorkingType>(&self, draw: &mut Draw) -> Vec<T> {
        let mut multiples = vec![0.0; self.frames];
        let pairs = (self.frames - self.clip.ddof as usize) / 2;
        let (far, near) = if self.clip.lsigma == 1.0 { (0, pairs) } else { (1, pairs - 4) };
        for (pair, to) in multiples.chunks_exact_mut(2).take(far + near).enumerate() {
            let multiple = if pair < far { 2.0 } else { 1.0 };
            to.copy_from_slice(&[multiple, -multiple]);
        }
        let (offset, unit) = (draw.below(4096) as f64, (1 + draw.below(255)) as f64);
        let scale = 2f64.powi(scale_exponent::<T>(draw) / 2);
        let column = shuffled(draw, multiples);
        column.into_iter().map(|multiple| T::narrow((offset + multiple * unit) * scale)).collect()
    }
}

/// Powers of two of scatters whose squares come near both ends of the type.
fn scale_exponent<T: WorkingType>(draw: &mut Draw) -> i32 {
    let (least, most) = if T::BYTES == 4 { (-74, 63) } else { (-540, 511) };
    if draw.chance(50) {
        draw.below(20) as i32 - 10
    } else {
        least + draw.below((most - least) as usize) as i32
    }
}

fn random_column<T: WorkingType>(draw: &mut Draw, frames: usize) -> Vec<T> {
    let scale = 2f64.powi(scale_exponent::<T>(draw));
    let offset = scale * draw.pick(&[0.0, 0.0, 100.0, 1e4]);
    let whole = draw.chance(30);
    let gaps = draw.pick(&[0, 0, 8]);
    let value = |draw: &mut Draw| {
        if draw.chance(gaps) {
            return T::NAN;
        }
        let noise = draw.normal();
        T::narrow(offset + scale * if whole { noise.round() } else { noise })
    };
    (0..frames).map(|_| value(draw)).collect()
}

/// Moves one sample of `column` to the limit of the first pass, up or down: to the last value that the reference keeps or to
/// the next one, which it drops, or some units away. A sample that is never dropped stays far away.
fn move_to_limit<T: WorkingType>(draw: &mut Draw, column: &mut [T], options: &Options, clip: SigClip) {
    let single = Options {
        rejections: vec![clip.maxiters(Some(1)).restore(Restore::None).unlimited().into()],
        ..options.clone()
    };
    let setup = setup(&single, T::BYTES);
    let frame = draw.below(column.len());
    let others: Vec<f64> = column
        .iter()
        .enumerate()
        .filter(|(i, y)| *i != frame && y.is_finite())
        .map(|(_, y)| y.widen())
        .collect();
    let Some(center) = others.get(others.len() / 2).copied() else { return };
    let width = others.iter().map(|y| (y - center).abs()).fold(T::LEAST_NORMAL.widen(), f64::max);
    let sign = draw.pick(&[1.0, -1.0]);
    let (mut kept, mut gone) = (T::narrow(center), T::narrow(center + sign * width * 40.0));
    if !is_kept(column, frame, kept, &setup) || is_kept(column, frame, gone, &setup) {
        column[frame] = gone;
        return;
    }
    loop {
        let half = T::narrow(0.5 * kept.widen() + 0.5 * gone.widen());
        if half == kept || half == gone {
            break;
        }
        *(if is_kept(column, frame, half, &setup) { &mut kept } else { &mut gone }) = half;
    }
    let mut y = draw.pick(&[kept, gone]);
    if draw.chance(40) {
        // So far from the limit that a shorter way decides, or nearly.
        let up = draw.chance(50);
        for _ in 0..draw.below(400) {
            y = if up { y.next_up() } else { y.next_down() };
        }
    }
    column[frame] = y;
}

fn is_kept<T: WorkingType>(column: &mut [T], frame: usize, value: T, setup: &Setup<'_>) -> bool {
    column[frame] = value;
    skystack_reference::pixel(&wide(column), setup).used[frame]
}

fn wide<T: WorkingType>(column: &[T]) -> Vec<f64> {
    column.iter().map(|y| y.widen()).collect()
}

trait Unlimited {
    fn unlimited(self) -> Self;
}

impl Unlimited for SigClip {
    fn unlimited(mut self) -> Self {
        (self.nkeep, self.maxrej) = (0, None);
        self
    }
}

fn options(clip: SigClip) -> Options {
    let products = common::usual_products();
    Options { rejections: vec![clip.into()], products, ..Options::default() }
}

/// All levels against the reference, for one clip and its columns.
fn compare<T: WorkingType>(seed: u64, clip: SigClip, columns: &[Vec<T>]) {
    let frames = columns[0].len();
    let frame = |i: usize| columns.iter().map(|column| column[i]).collect();
    let stack = Stack { height: 1, width: WIDTH, frames: (0..frames).map(frame).collect() };
    let workload = Workload::new(frames, 1, WIDTH, T::BYTES).source(Source::Borrowed);
    let plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
    let options = options(clip);
    let setup = setup(&options, T::BYTES);
    let expected: Vec<Pixel> =
        columns.iter().map(|column| skystack_reference::pixel(&wide(column), &setup)).collect();
    for level in Level::available() {
        let mut sink = stack.sink(&options.products);
        run(&options, &stack, &mut sink, &plan, &Control::new(level)).expect("a result");
        for (pixel, expected) in expected.iter().enumerate() {
            if let Some(difference) = difference(&sink, pixel, WIDTH, expected) {
                panic!("seed {seed} at {level}, {clip:?}\ncolumn {:?}\n{difference}", columns[pixel]);
            }
        }
    }
}

fn on_the_limit<T: WorkingType>(seed: u64) {
    let mut draw = Draw::new(seed);
    let tied = Tied::draw(&mut draw);
    let frames = tied.frames;
    let mut columns: Vec<Vec<T>> = (0..WIDTH).map(|_| tied.column(&mut draw)).collect();
    // Is it on the limit? Then a factor that is less by one unit drops it.
    let less = tied.clip.lsigma.next_down();
    let once = |k: f64| tied.clip.lsigma(k).hsigma(k).maxiters(Some(1)).restore(Restore::None).unlimited();
    let enough = frames >= tied.clip.minclip as usize && frames > tied.clip.ddof as usize;
    for column in columns.iter().filter(|_| enough) {
        let dropped = |k| skystack_reference::pixel(&wide(column), &setup(&options(once(k)), T::BYTES)).nrej;
        assert_eq!(dropped(tied.clip.lsigma), 0, "seed {seed}: {:?} {column:?}", tied.clip);
        assert!(dropped(less) >= 2, "seed {seed}: {:?} {column:?}", tied.clip);
    }
    compare(seed, tied.clip, &columns);
    for column in &mut columns {
        let frame = draw.below(frames);
        let y = column[frame];
        column[frame] = draw.pick(&[y, y.next_up(), y.next_down()]);
    }
    compare(seed, tied.clip, &columns);
}

fn beside_the_limit<T: WorkingType>(seed: u64) {
    let mut draw = Draw::new(seed);
    let spreads =
        [Spread::Std, Spread::Std, Spread::Mad { factor: MAD_STD_FACTOR }, Spread::Mad { factor: 1.0 }];
    let clip = clip(&mut draw).spread(draw.pick(&spreads));
    let frames = 3 + draw.below(38);
    let options = options(clip);
    let mut columns: Vec<Vec<T>> = (0..WIDTH).map(|_| random_column(&mut draw, frames)).collect();
    for column in &mut columns {
        move_to_limit(&mut draw, column, &options, clip);
    }
    compare(seed, clip, &columns);
}

/// One sample at −1, one at 0, n − 2 at ±δ, δ² at most half a unit of 1: sums that begin with the least sample lose δ² each time,
/// the contract's do not, since −1 is the last frame. −1 is on the limit if k² = (n − 1)/(1 + (n − 2)δ²).
fn vanishing<T: WorkingType>(frames: usize, delta: f64) {
    // The median is 0: half of the others, the one at −1 among them, are below it.
    let sample = |frame: usize| match frame {
        0 => 0.0,
        last if last == frames - 1 => -1.0,
        _ if frame.is_multiple_of(2) => -delta,
        _ => delta,
    };
    let column: Vec<T> = (0..frames).map(sample).map(T::narrow).collect();
    let columns = vec![column; WIDTH];
    let factor = ((frames - 1) as f64 / (1.0 + (frames - 2) as f64 * delta * delta)).sqrt();
    for units in [-300, -100, -40, -20, -3, 0, 3, 20, 40, 100, 300] {
        let k = factor * (1.0 + T::EPSILON.widen() * f64::from(units));
        compare(0, SigClip::iraf().lsigma(k).hsigma(k), &columns);
    }
}

/// Seeds a test tries; `SKYSTACK_SEEDS` asks for more.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let asked =
        std::env::var("SKYSTACK_SEEDS").ok().map(|text| text.parse().expect("SKYSTACK_SEEDS is a number"));
    0..asked.unwrap_or(default)
}

#[test]
fn f32_samples_on_the_limit_survive() {
    seeds(200).for_each(on_the_limit::<f32>);
}

#[test]
fn f64_samples_on_the_limit_survive() {
    seeds(200).for_each(on_the_limit::<f64>);
}

#[test]
fn f32_samples_beside_the_limit_go_where_the_reference_sends_them() {
    seeds(100).for_each(beside_the_limit::<f32>);
}

#[test]
fn f64_samples_beside_the_limit_go_where_the_reference_sends_them() {
    seeds(100).for_each(beside_the_limit::<f64>);
}

#[test]
fn terms_that_vanish_beside_a_far_sample_are_reckoned_with() {
    for frames in [2001, 5001] {
        vanishing::<f32>(frames, 2f64.powi(-12));
        vanishing::<f64>(frames, 2f64.powi(-27));
    }
}
