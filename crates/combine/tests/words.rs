//! 16-bit integers give the bits that the same values in f32 give, in every form, lent or read, with every option.

mod common;

use std::ops::Range;

use common::{Draw, Stack, options};
use skystack_combine::{
    BoxError, Combine, Control, FrameSource, MemorySink, Options, Plane, Products, WordFormat, WordKind, run,
};
use skystack_plan::{Limits, Machine, Workload, plan};
use skystack_reject::Rejection;
use skystack_simd::Level;

/// Frames as 16-bit integers; even ones are lent, if any, the others read.
struct Words {
    format: WordFormat,
    frames: Vec<Vec<[u8; 2]>>,
    height: usize,
    width: usize,
    lends: bool,
}

impl Words {
    fn new(format: WordFormat, values: &[Vec<i32>], (height, width): (usize, usize), lends: bool) -> Self {
        let word = |value: &i32| {
            let bits = match format.kind {
                WordKind::Signed => i16::try_from(*value).unwrap() as u16,
                WordKind::Unsigned => u16::try_from(*value).unwrap(),
                WordKind::Offset => i16::try_from(*value - 32_768).unwrap() as u16,
            };
            if format.big_endian { bits.to_be_bytes() } else { bits.to_le_bytes() }
        };
        let frames = values.iter().map(|frame| frame.iter().map(word).collect()).collect();
        Self { format, frames, height, width, lends }
    }
}

impl FrameSource<f32> for Words {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.height
    }
    fn width(&self) -> usize {
        self.width
    }
    fn words(&self) -> Option<WordFormat> {
        Some(self.format)
    }
    fn borrow_words(&self, frame: usize) -> Option<Plane<'_, [u8; 2]>> {
        let plane = Plane { data: &self.frames[frame], stride: self.width };
        (self.lends && frame.is_multiple_of(2)).then_some(plane)
    }
    fn read_words(&self, frame: usize, rows: Range<usize>, out: &mut [[u8; 2]]) -> Result<(), BoxError> {
        out.copy_from_slice(&self.frames[frame][rows.start * self.width..rows.end * self.width]);
        Ok(())
    }
}

/// One value of a 16-bit stack: sky, ties, and both ends of the range.
fn value(draw: &mut Draw, kind: WordKind) -> i32 {
    let value = match draw.below(8) {
        0 => draw.pick(&[0, 65_535, 1, 65_534, 32_767, 32_768]),
        1 => draw.below(65_536) as i32,
        2 => 500,
        _ => 1000 + (10.0 * draw.normal()) as i32,
    };
    if kind == WordKind::Signed { value - 32_768 } else { value }
}

fn combined(options: &Options, source: &impl FrameSource<f32>, draw: &mut Draw) -> MemorySink<f32> {
    let (frames, height, width) = (source.frames(), source.height(), source.width());
    let mut plan = plan(&Workload::new(frames, height, width, 2), &Machine::unknown(), &Limits::default())
        .expect("a plan");
    (plan.workers, plan.band_rows) = (1 + draw.below(3), 1 + draw.below(height));
    plan.tile_width = 1 + draw.below(3 * width);
    let level = draw.pick(&Level::available().collect::<Vec<_>>());
    let mut sink = MemorySink::new(&options.products, frames, height, width);
    run(options, source, &mut sink, &plan, &Control::new(level)).expect("a result");
    sink
}

fn same_bits(seed: u64) {
    let mut draw = Draw::new(seed);
    let format = WordFormat {
        big_endian: draw.chance(50),
        kind: draw.pick(&[WordKind::Signed, WordKind::Unsigned, WordKind::Offset]),
    };
    // A clipped mean of more than 127 is not taken of integers, a median of more than 2048 is not sorted as such.
    let frames = draw.pick(&[1, 2, 3, 4, 9, 15, 31, 32, 33, 64, 65, 101, 127, 128, 225, 2049]);
    let (height, width) =
        if frames > 1000 { (1, 1 + draw.below(40)) } else { (1 + draw.below(5), 1 + draw.below(150)) };
    let mut frame = || (0..height * width).map(|_| value(&mut draw, format.kind)).collect::<Vec<i32>>();
    let values: Vec<Vec<i32>> = (0..frames).map(|_| frame()).collect();
    let floats = values.iter().map(|frame| frame.iter().map(|value| *value as f32).collect()).collect();
    let stack = Stack { height, width, frames: floats };
    let words = Words::new(format, &values, (height, width), draw.chance(50));
    let mut options = options(&mut draw, frames);
    if draw.chance(70) {
        // What is sorted as integers, or streams; most rejections are of ranks.
        if draw.chance(40) {
            options.rejection = Rejection::None;
        }
        options.products = Products { count: draw.chance(50), nrej: draw.chance(50), ..Products::default() };
        (options.lthreshold, options.hthreshold, options.weights) = (None, None, None);
        let combine = [Combine::Median, Combine::Median, Combine::Lmedian, Combine::Average];
        options.combine = draw.pick(&[&combine[..], &[Combine::Sum, Combine::Min, Combine::Max]].concat());
    }
    let expected = combined(&options, &stack, &mut draw);
    let found = combined(&options, &words, &mut draw);
    let bits = |image: &[f32]| image.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let context = format!("seed {seed}: {frames} frames of {width} x {height}, {format:?}, {options:?}");
    assert_eq!(bits(&found.image), bits(&expected.image), "{context}");
    assert_eq!(bits(&found.sigma), bits(&expected.sigma), "{context}");
    assert_eq!((found.count, found.nrej), (expected.count, expected.nrej), "{context}");
    assert_eq!(found.rejmask, expected.rejmask, "{context}");
}

#[test]
fn sixteen_bit_stacks_give_the_bits_of_f32_stacks() {
    let seeds = std::env::var("SKYSTACK_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600);
    (0..seeds).for_each(same_bits);
}
