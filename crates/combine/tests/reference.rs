//! Every kernel against the reference crate, bit for bit: random options on shaped columns, at every level, in both types.

mod common;

use common::oracle::{difference, same, setup};
use common::{Draw, Stack, options, usual_products};
use skystack_combine::{Control, CountProduct, Options, Products, Variance, WorkingType, run};
use skystack_plan::{Limits, Machine, Source, Workload, plan};
use skystack_reference::{Pixel, Setup};
use skystack_reject::{About, Center, SigClip, Spread, ZeroSpread};
use skystack_simd::Level;

/// Numbers of frames beside 1 to 34, every one of which has a network of its own: around the borders of blocks and chunks.
const FRAMES: [usize; 8] = [63, 64, 65, 97, 128, 130, 256, 257];

/// Pixels of a row: no whole register, and some runs of every kind with a rest.
const WIDTHS: [usize; 4] = [37, 37, 37, 150];

fn compare<T: WorkingType>(seed: u64) {
    let mut draw = Draw::new(seed);
    let frames = if draw.chance(80) { 1 + draw.below(34) } else { draw.pick(&FRAMES) };
    let width = draw.pick(&WIDTHS);
    let stack = Stack::<T>::shaped(&mut draw, frames, 1, width);
    let options = options(&mut draw, frames);
    let workload = Workload::new(frames, 1, width, T::BYTES).source(Source::Borrowed);
    let plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
    let columns: Vec<Vec<f64>> = (0..width).map(|pixel| stack.column(pixel)).collect();
    let variances = match options.variance {
        Variance::Constant(v) => vec![v; frames],
        _ => vec![],
    };
    let setup = Setup { variances: &variances, ..setup(&options, T::BYTES) };
    let setup = Setup { pooled: skystack_reference::pooled(&columns, &setup), ..setup };
    let expected: Vec<Pixel> =
        columns.iter().map(|column| skystack_reference::pixel(column, &setup)).collect();
    for level in Level::available() {
        let mut sink = stack.sink(&options.products);
        run(&options, &stack, &mut sink, &plan, &Control::new(level)).expect("a result");
        for (pixel, expected) in expected.iter().enumerate() {
            if let Some(difference) = difference(&sink, pixel, width, expected) {
                let column = stack.column(pixel);
                panic!("seed {seed} at {level}, {options:?}\ncolumn {column:?}\n{difference}");
            }
        }
        let lean = Options {
            products: Products::NONE.with(CountProduct::Nrej).with(CountProduct::Count),
            ..options.clone()
        };
        let mut alone = stack.sink(&lean.products);
        run(&lean, &stack, &mut alone, &plan, &Control::new(level)).expect("a result");
        let agrees = (0..width).all(|pixel| same(alone.image()[pixel], sink.image()[pixel].widen()));
        assert!(agrees, "seed {seed} at {level}: without sigma and masks another image, {options:?}");
        for product in [CountProduct::Nrej, CountProduct::Count] {
            assert_eq!(alone.counts(product), sink.counts(product), "seed {seed} at {level}, {options:?}");
        }
    }
}

/// Seeds a test tries from `first` on; `SKYSTACK_SEEDS` asks for more (a soak: 120,000 took 34 s in release on two cores).
fn seeds(first: u64) -> std::ops::Range<u64> {
    let asked =
        std::env::var("SKYSTACK_SEEDS").ok().map(|text| text.parse().expect("SKYSTACK_SEEDS is a number"));
    first..first + asked.unwrap_or(3000)
}

#[test]
fn f32_kernels_equal_the_reference_bit_for_bit() {
    seeds(0).for_each(compare::<f32>);
}

#[test]
fn f64_kernels_equal_the_reference_bit_for_bit() {
    seeds(1 << 32).for_each(compare::<f64>);
}

/// A mean of two of the largest numbers overflows half way, and nothing is within its limits.
#[test]
fn values_near_the_limit_of_f64_are_restored_as_the_reference_does() {
    let most = f64::MAX;
    let column = [0.5 * most, -most, 0.5 * most, -most, 0.5 * most];
    let clip = SigClip::iraf().lsigma(1.5).hsigma(0.0).center(Center::Mean).spread(Spread::Sn);
    let mut clip = clip.about(About::Mean).ddof(2).zero_spread(ZeroSpread::Test).nkeep(3);
    clip.minclip = 1;
    let options = Options { rejections: vec![clip.into()], products: usual_products(), ..Options::default() };
    let stack = Stack { height: 1, width: 1, frames: column.iter().map(|y| vec![*y]).collect() };
    let workload = Workload::new(column.len(), 1, 1, 8).source(Source::Borrowed);
    let plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
    let expected = skystack_reference::pixel(&column, &setup(&options, 8));
    for level in Level::available() {
        let mut sink = stack.sink(&options.products);
        run(&options, &stack, &mut sink, &plan, &Control::new(level)).expect("a result");
        assert_eq!(difference(&sink, 0, 1, &expected), None, "{level}");
    }
}
