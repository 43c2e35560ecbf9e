//! Samples that the kernels decode give the bits of the same values in the working type: in every stored form, each frame in
//! another one or all in one, lent or read, with every option.

mod common;

use std::ops::Range;

use common::{Draw, Stack, all_bits, options, with_rejections};
use skystack_combine::{
    BoxError, Combine, Control, CountProduct, FrameSource, MemorySink, Options, Plane, SampleFormat,
    SampleType, WorkingType, run,
};
use skystack_plan::{Limits, Machine, Workload, plan};
use skystack_reject::Rejection;
use skystack_simd::Level;

/// Frames as they are stored; even ones are lent, if any, the others read.
struct Stored {
    formats: Vec<SampleFormat>,
    frames: Vec<Vec<u8>>,
    height: usize,
    width: usize,
    lends: bool,
}

impl<T: WorkingType> FrameSource<T> for Stored {
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn height(&self) -> usize {
        self.height
    }
    fn width(&self) -> usize {
        self.width
    }
    fn stored(&self, frame: usize) -> Option<SampleFormat> {
        Some(self.formats[frame])
    }
    fn borrow_stored(&self, frame: usize) -> Option<Plane<'_, u8>> {
        let plane = Plane { data: &self.frames[frame], stride: self.width * self.formats[frame].bytes() };
        (self.lends && frame.is_multiple_of(2)).then_some(plane)
    }
    fn read_stored(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        let row = self.width * self.formats[frame].bytes();
        out.copy_from_slice(&self.frames[frame][rows.start * row..rows.end * row]);
        Ok(())
    }
}

impl Stored {
    /// `bits[frame][pixel]`, of which a format takes as many as it has.
    fn new(
        formats: Vec<SampleFormat>,
        bits: &[Vec<u64>],
        (height, width): (usize, usize),
        lends: bool,
    ) -> Self {
        let bytes = |(format, bits): (&SampleFormat, &Vec<u64>)| {
            let bytes = |bits: &u64| {
                let bytes = bits.to_le_bytes();
                let mut bytes = bytes[..format.bytes()].to_vec();
                if format.big_endian {
                    bytes.reverse();
                }
                bytes
            };
            bits.iter().flat_map(bytes).collect()
        };
        let frames = formats.iter().zip(bits).map(bytes).collect();
        Self { formats, frames, height, width, lends }
    }

    /// What those bits stand for.
    fn values<T: WorkingType>(&self, bits: &[Vec<u64>]) -> Stack<T> {
        let frames = self.formats.iter().zip(bits);
        let frames = frames.map(|(format, bits)| bits.iter().map(|bits| value(format, *bits)).collect());
        Stack { height: self.height, width: self.width, frames: frames.collect() }
    }
}

/// The definition of [`SampleFormat`], one sample at a time.
fn value<T: WorkingType>(format: &SampleFormat, bits: u64) -> T {
    let width = 8 * format.bytes() as u32;
    let bits = bits & u64::MAX >> (u64::BITS - width);
    let scaled = |number: f64| {
        let (scale, zero) = format.scaling.expect("a scaling");
        T::narrow(number * scale + zero)
    };
    let float = |number: f64| if format.scaling.is_some() { scaled(number) } else { T::narrow(number) };
    match format.number {
        SampleType::F32 => return float(f32::from_bits(bits as u32).into()),
        SampleType::F64 => return float(f64::from_bits(bits)),
        _ if format.blank == Some(bits) => return T::NAN,
        _ => {}
    }
    let mut number = i128::from(if format.inverted { bits ^ 1 << (width - 1) } else { bits });
    let signed = [SampleType::I8, SampleType::I16, SampleType::I32, SampleType::I64].contains(&format.number);
    if signed && number >> (width - 1) == 1 {
        number -= 1 << width;
    }
    match format.scaling {
        Some(_) => scaled(number as f64),
        // One rounding.
        None if T::BYTES == 4 => T::narrow((number as f32).into()),
        None => T::narrow(number as f64),
    }
}

/// Any form.
fn any_format(draw: &mut Draw) -> SampleFormat {
    use SampleType::*;
    let number = draw.pick(&[I8, U8, I16, U16, I32, U32, I64, U64, F32, F64]);
    SampleFormat {
        number,
        big_endian: draw.chance(50),
        inverted: draw.chance(40),
        blank: draw.chance(40).then(|| draw.pick(&[100, 0, 0xff, 0xffff, 0x1_0000, u64::MAX])),
        scaling: draw
            .chance(40)
            .then(|| (draw.pick(&[1.0, 2.5, -1e-3, 1e300]), draw.pick(&[0.0, -100.0, 1e4]))),
    }
}

/// Bits of a number in this form: sky, ties, ends of the range, anything.
fn bits(draw: &mut Draw, format: &SampleFormat) -> u64 {
    let greatest = u64::MAX >> (u64::BITS as usize - 8 * format.bytes());
    let sky = 100.0 + 10.0 * draw.normal();
    match (draw.below(8), format.number) {
        (0, _) => draw.pick(&[0, 1, greatest, greatest - 1, greatest >> 1, (greatest >> 1) + 1]),
        (1, _) => draw.bits() & greatest,
        (_, SampleType::F32) => (sky as f32).to_bits().into(),
        (_, SampleType::F64) => sky.to_bits(),
        (2, _) => 100,
        _ => sky as u64 & greatest,
    }
}

/// The form of a stack of 16-bit integers.
fn word_format(draw: &mut Draw) -> SampleFormat {
    let number = draw.pick(&[SampleType::I16, SampleType::U16]);
    let (big_endian, inverted) = (draw.chance(50), draw.chance(50));
    SampleFormat { number, big_endian, inverted, blank: None, scaling: None }
}

/// As [`bits`], most of them about the middle of the range of values.
fn word_bits(draw: &mut Draw, format: &SampleFormat) -> u64 {
    let bits = bits(draw, format);
    if bits < 500 { bits + 0x7fff } else { bits }
}

fn combined<T: WorkingType>(
    options: &Options,
    source: &impl FrameSource<T>,
    draw: &mut Draw,
) -> MemorySink<T> {
    let (frames, height, width) = (source.frames(), source.height(), source.width());
    let mut plan = plan(&Workload::new(frames, height, width, 8), &Machine::unknown(), &Limits::default())
        .expect("a plan");
    (plan.workers, plan.band_rows) = (1 + draw.below(3), 1 + draw.below(height));
    plan.tile_width = 1 + draw.below(3 * width);
    let level = draw.pick(&Level::available().collect::<Vec<_>>());
    let mut sink = MemorySink::new(&options.products, frames, height, width);
    run(options, source, &mut sink, &plan, &Control::new(level)).expect("a result");
    sink
}

fn same_bits<T: WorkingType>(seed: u64, words: bool) {
    let mut draw = Draw::new(seed);
    // A clipped mean of more than 127 integers is not taken of them, a median of more than 2048 is not sorted as such.
    let frames = draw.pick(&[1, 2, 3, 4, 9, 15, 31, 32, 33, 64, 65, 101, 127, 128, 225, 2049]);
    let (height, width) =
        if frames > 1000 { (1, 1 + draw.below(40)) } else { (1 + draw.below(5), 1 + draw.below(150)) };
    let one_form = draw.chance(50);
    let first = if words { word_format(&mut draw) } else { any_format(&mut draw) };
    let mut format = |_| if words || one_form { first } else { any_format(&mut draw) };
    let formats: Vec<SampleFormat> = (0..frames).map(&mut format).collect();
    let draw_bits = if words { word_bits } else { bits };
    let mut frame = |format| (0..height * width).map(|_| draw_bits(&mut draw, format)).collect();
    let bits: Vec<Vec<u64>> = formats.iter().map(&mut frame).collect();
    let stored = Stored::new(formats, &bits, (height, width), draw.chance(50));
    let values = stored.values::<T>(&bits);
    let mut options = options(&mut draw, frames);
    if draw.chance(70) {
        // What is sorted as integers, or streams; most rejections are of ranks.
        if draw.chance(40) {
            options.rejections = vec![Rejection::None];
        }
        let counts = CountProduct::ALL.iter().filter(|product| **product != CountProduct::Dq);
        options.products = counts.copied().filter(|_| draw.chance(30)).collect();
        (options.lthreshold, options.hthreshold, options.weights) = (None, None, None);
        let combine = [Combine::Median, Combine::Median, Combine::Lmedian, Combine::Average];
        options.combine = draw.pick(&[&combine[..], &[Combine::Sum, Combine::Min, Combine::Max]].concat());
        let rejections = options.rejections.clone();
        options = with_rejections(options, rejections);
    }
    let expected = combined(&options, &values, &mut draw);
    let found = combined::<T>(&options, &stored, &mut draw);
    let context = format!("seed {seed}: {frames} frames of {width} x {height}, first {first:?}, {options:?}");
    assert_eq!(all_bits(&found), all_bits(&expected), "{context}");
}

fn seeds() -> Range<u64> {
    0..std::env::var("SKYSTACK_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

#[test]
fn stacks_of_sixteen_bit_integers_give_the_bits_of_f32_stacks() {
    seeds().for_each(|seed| same_bits::<f32>(seed, true));
}

#[test]
fn stacks_of_sixteen_bit_integers_give_the_bits_of_f64_stacks() {
    seeds().take(100).for_each(|seed| same_bits::<f64>(seed, true));
}

#[test]
fn every_stored_form_gives_the_bits_of_f32_stacks() {
    seeds().for_each(|seed| same_bits::<f32>(seed, false));
}

#[test]
fn every_stored_form_gives_the_bits_of_f64_stacks() {
    seeds().for_each(|seed| same_bits::<f64>(seed, false));
}

/// As [`combined`], without a draw: a plane of stored samples that is too short.
#[test]
fn a_stored_plane_that_is_too_small_is_refused() {
    let formats = vec![SampleFormat::native(SampleType::I32); 2];
    let mut stored = Stored::new(formats, &[vec![0; 12], vec![0; 12]], (3, 4), true);
    stored.frames[0].pop();
    let options = Options::default();
    let mut sink = MemorySink::<f32>::new(&options.products, 2, 3, 4);
    let plan = plan(&Workload::new(2, 3, 4, 4), &Machine::unknown(), &Limits::default()).expect("a plan");
    let error = run(&options, &stored, &mut sink, &plan, &Control::new(Level::Scalar)).unwrap_err();
    assert!(error.to_string().contains("47 elements with stride 16 for frame 1"), "{error}");
}
