//! Clipped means next to a number at which rounding to f32 changes, against the reference: what a shorter way to the mean gets
//! wrong, and random columns never meet.
//!
//! ```text
//! in units u = the last digit of the least sample:
//!     sum of all samples = n·q ± u,  q half way between two neighbours of f32
//!     s + c         a sample with an odd last digit, and one that leaves nothing of the digits below 2²⁴ but ±u
//!     z             what n·q lacks below 2^(h+1), with digits from 2²⁴ on
//!     n − 3 others  about 2^(h+24) with a last digit of 2^(h+1):  the greater h, the less f64 can tell the sum from n·q
//! ```

mod common;

use common::oracle::{difference, setup};
use common::{Draw, Stack};
use skystack_combine::{Combine, Control, Options, run};
use skystack_plan::{Limits, Machine, Source, Workload, plan};
use skystack_reject::{Rejection, SigClip};
use skystack_simd::Level;

const WIDTH: usize = 37;

/// 2ⁿ.
fn power(n: u32) -> i128 {
    1 << n
}

/// The column of the picture above.
fn column(draw: &mut Draw, n: usize, h: u32) -> Vec<f32> {
    let rest = if draw.chance(50) { 1 } else { -1 };
    let s = power(23) + 2 * (draw.bits() % (1 << 21)) as i128 + 1;
    let c = power(24) - s + rest;
    let others = n as i128 - 3;
    // q = (2j + 1)·2^h, so that the others have 24 digits each.
    let j = others * (power(23) + (draw.bits() % (1 << 22)) as i128) / n as i128;
    let wanted = n as i128 * (2 * j + 1) * power(h) - power(24);
    let z = Some(wanted.rem_euclid(power(h + 1))).filter(|z| *z != 0).unwrap_or(power(h + 1));
    let units = (wanted - z) / power(h + 1);
    let share = |i: i128| units / others + i128::from(i < units % others);
    let mut column = vec![s, c, z];
    column.extend((0..others).map(|i| share(i) * power(h + 1)));
    for i in (4..n).step_by(2) {
        let move_by = (draw.bits() % (1 << 20)) as i128 * power(h + 1);
        (column[i - 1], column[i]) = (column[i - 1] - move_by, column[i] + move_by);
    }
    for i in (1..n).rev() {
        column.swap(i, draw.below(i + 1));
    }
    assert_eq!(column.iter().sum::<i128>(), n as i128 * (2 * j + 1) * power(h) + rest);
    let exact = |y: &i128| {
        let value = *y as f32;
        assert_eq!(value as i128, *y);
        value * 2f32.powi(-40)
    };
    column.iter().map(exact).collect()
}

fn compare(seed: u64, frames: usize, h: u32) {
    let mut draw = Draw::new(seed);
    let columns: Vec<Vec<f32>> = (0..WIDTH).map(|_| column(&mut draw, frames, h)).collect();
    let frame = |i: usize| columns.iter().map(|column| column[i]).collect();
    let stack = Stack { height: 1, width: WIDTH, frames: (0..frames).map(frame).collect() };
    let workload = Workload::new(frames, 1, WIDTH, 4).source(Source::Borrowed);
    let plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
    let clip: Rejection = SigClip::iraf().lsigma(1e6).hsigma(1e6).into();
    for rejection in [clip, Rejection::None] {
        for combine in [Combine::Average, Combine::Sum] {
            let products = common::usual_products();
            let options = Options { rejections: vec![rejection], combine, products, ..Options::default() };
            let setup = setup(&options, 4);
            for level in Level::available() {
                let mut sink = stack.sink(&options.products);
                run(&options, &stack, &mut sink, &plan, &Control::new(level)).expect("a result");
                for (pixel, column) in columns.iter().enumerate() {
                    let wide: Vec<f64> = column.iter().map(|y| (*y).into()).collect();
                    let expected = skystack_reference::pixel(&wide, &setup);
                    if let Some(difference) = difference(&sink, pixel, WIDTH, &expected) {
                        panic!("{level}, h = {h}, {combine:?}, {rejection:?}, {column:?}\n{difference}");
                    }
                }
            }
        }
    }
}

#[test]
fn means_beside_a_number_where_rounding_changes_are_those_of_the_contract() {
    let seeds = std::env::var("SKYSTACK_SEEDS").map_or(8, |text| text.parse().expect("a number"));
    for seed in 0..seeds {
        for frames in [5, 7, 11, 15, 31, 63, 127] {
            (16..32).for_each(|h| compare(seed, frames, h));
        }
    }
}
