//! Files and arrays of 16-bit integers give the bits of the same values in f32, whether the engine keeps them as they are or
//! not, and are kept as they are exactly where that is allowed.

mod common;

use std::ops::Range;
use std::path::{Path, PathBuf};

use common::{Folder, read};
use ndarray::{Array2, Array3, ArrayView3, s};
use skystack::fits::{Bitpix, Header};
use skystack::{
    Combine, Combined, Convention, CountProduct, CubeProduct, Error, Extrema, FrameTotals, Level, MinMax,
    OutputFiles, Product, Products, Sample, SigClip, Stacker, ValueProduct, Weight,
};

const HEIGHT: usize = 9;

/// No multiple of any number of lanes; and a frame has more pixels than one block of the kernels.
const WIDTH: usize = 101;

/// The stored number that stands for a missing sample.
const BLANK: i16 = SKY + 4;

/// The stored number about which most are.
const SKY: i16 = -31_768;

/// A stored number: sky, ties, both ends of the range and the middle, at random but the same on every machine.
fn stored(frame: usize, pixel: usize) -> i16 {
    let seed = (frame * HEIGHT * WIDTH + pixel + 1) as u64;
    let bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20;
    let ends = [i16::MIN, i16::MAX, i16::MIN + 1, i16::MAX - 1, -1, 0];
    match bits % 8 {
        0 => ends[(bits >> 8) as usize % ends.len()],
        1 => (bits >> 8) as i16,
        2 => SKY - 500,
        _ => SKY - 10 + (bits >> 8) as i16 % 21,
    }
}

/// What that is in unsigned integers.
const UNSIGNED_SKY: f64 = SKY as f64 + 32_768.0;

/// How a frame is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// BZERO 0.
    Signed,
    /// BZERO 32768.
    Unsigned,
    /// The same, with BLANK.
    Blank,
    /// BZERO 32768 and BSCALE 2.
    Scaled,
    /// BITPIX -32.
    Float,
}

impl Form {
    fn value(self, stored: i16) -> f32 {
        match self {
            Self::Signed => stored.into(),
            Self::Blank if stored == BLANK => f32::NAN,
            Self::Unsigned | Self::Blank | Self::Float => f32::from(stored) + 32_768.0,
            Self::Scaled => 2.0 * f32::from(stored) + 32_768.0,
        }
    }

    /// Writes one frame in this form.
    fn write(self, folder: &Folder, name: &str, frame: &[i16]) -> PathBuf {
        let axes = [WIDTH as u64, HEIGHT as u64];
        let unsigned: Vec<u16> = frame.iter().map(|stored| *stored as u16 ^ 0x8000).collect();
        let mut header = Header::new();
        match self {
            Self::Signed => folder.write(name, Bitpix::I16, &axes, frame, header),
            Self::Unsigned => folder.write(name, Bitpix::I16, &axes, &unsigned, header),
            Self::Blank => {
                header.set("BLANK", i64::from(BLANK), "").expect("a card");
                folder.write(name, Bitpix::I16, &axes, &unsigned, header)
            }
            Self::Scaled => {
                let path = folder.write(name, Bitpix::I16, &axes, &unsigned, header);
                set_bscale(&path, b'2');
                path
            }
            Self::Float => {
                let values: Vec<f32> = frame.iter().map(|stored| self.value(*stored)).collect();
                folder.write(name, Bitpix::F32, &axes, &values, header)
            }
        }
    }
}

/// The writer knows no scaling, so this changes the digit that it wrote.
fn set_bscale(path: &Path, digit: u8) {
    let mut bytes = std::fs::read(path).expect("a file");
    let card = bytes.chunks_exact_mut(80).find(|card| card.starts_with(b"BSCALE  =")).expect("BSCALE");
    assert_eq!(card[29], b'1');
    card[29] = digit;
    std::fs::write(path, bytes).expect("a file");
}

/// Frames in `forms`, taken in turn, and the same values as f32.
fn stack(folder: &Folder, frames: usize, forms: &[Form]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let pair = |i: usize| {
        let form = forms[i % forms.len()];
        let frame: Vec<i16> = (0..HEIGHT * WIDTH).map(|pixel| stored(i, pixel)).collect();
        let values: Vec<f32> = frame.iter().map(|stored| form.value(*stored)).collect();
        let axes = [WIDTH as u64, HEIGHT as u64];
        let twin = folder.write(&format!("twin{i:03}.fits"), Bitpix::F32, &axes, &values, Header::new());
        (form.write(folder, &format!("frame{i:03}.fits"), &frame), twin)
    };
    (0..frames).map(pair).unzip()
}

/// Ways in [`stackers`].
const WAYS: usize = 6;

/// Every statistic with every way to leave samples out or to weigh them, for a sky of this value.
fn stackers(frames: usize, sky: f64) -> Vec<Stacker> {
    let statistics = [
        Stacker::new().combine(Combine::Average),
        Stacker::new().combine(Combine::Sum),
        Stacker::new().combine(Combine::Median),
        Stacker::new().convention(Convention::Dragons).combine(Combine::Lmedian),
        Stacker::new().combine(Combine::Lmedian),
        Stacker::new().combine(Combine::Min),
        Stacker::new().combine(Combine::Max),
    ];
    let ways = |plain: &Stacker| -> [Stacker; WAYS] {
        [
            plain.clone(),
            plain.clone().lthreshold(sky - 5.0).hthreshold(sky + 30_000.0),
            plain.clone().reject(SigClip::iraf().lsigma(1.5).hsigma(1.5)),
            plain.clone().reject(SigClip::astropy().lsigma(1.2).hsigma(1.8)).lthreshold(sky - 10_000.0),
            plain.clone().reject(MinMax::new(0.2, 0.3)),
            plain.clone().reject(Extrema::new(1, 0)),
        ]
    };
    let mut stackers: Vec<Stacker> = statistics.iter().flat_map(ways).collect();
    let weights = Weight::Given((0..frames).map(|frame| 1.0 + (frame % 3) as f64).collect());
    stackers.extend(ways(&Stacker::new().weight(weights)));
    stackers
}

/// The outputs of `stacker`, in this folder; `all`: also those that the kernels for integers leave to others.
fn outputs(folder: &Folder, bitpix: Bitpix, all: bool) -> OutputFiles {
    let path = |name: &str| folder.path(name);
    let some = OutputFiles::new(path("image.fits")).count(path("count.fits")).nrej(path("nrej.fits"));
    let some = some.bitpix(bitpix).overwrite(true);
    if all { some.sigma(path("sigma.fits")).rejmask(path("rejmask.fits")) } else { some }
}

/// The bits of all planes of all outputs of a run.
fn run(stacker: &Stacker, paths: &[PathBuf], outputs: &OutputFiles) -> Vec<Vec<u64>> {
    stacker.run_files(paths, outputs.clone()).expect("a result");
    let planes = |(product, path): &(Product, Option<PathBuf>)| {
        let planes = if matches!(product, Product::CubeProduct(_)) { paths.len() } else { 1 };
        let path = path.clone().expect("a file of its own");
        (0..planes).map(move |plane| (path.clone(), plane)).collect::<Vec<_>>()
    };
    let all = outputs.further.iter().flat_map(planes).chain([(outputs.image.clone(), 0)]);
    all.map(|(path, plane)| read(&path, plane).iter().map(|v| v.to_bits()).collect()).collect()
}

/// `stacker`, to go about it in another way each turn.
fn in_turn(stacker: &Stacker, paths: &[PathBuf], outputs: &OutputFiles, turn: usize) -> Stacker {
    match turn % 3 {
        0 => stacker.clone().threads(3),
        1 => stacker.clone().threads(2).level(Level::available().next().expect("a level")),
        _ => {
            let alone = stacker.clone().threads(1);
            let whole = alone.plan_files(paths, outputs).expect("a plan");
            assert_eq!(whole.bands, 1);
            let limited = alone.mem_limit(whole.peak_bytes - 1);
            assert!(limited.plan_files(paths, outputs).expect("a plan").bands > 1);
            limited
        }
    }
}

/// The runs of one stack: with every option set, on one that is stored in `forms` and on its twin of f32.
fn same_bits(forms: &[Form], sky: f64) {
    for (seed, frames) in [2, 11, 34].into_iter().enumerate() {
        let folder = Folder::new();
        let (paths, twins) = stack(&folder, frames, forms);
        let outputs = |bitpix, all| outputs(&folder, bitpix, all);
        for (i, stacker) in stackers(frames, sky).iter().enumerate() {
            let check = |outputs: OutputFiles, turns: Range<usize>| {
                let expected = run(stacker, &twins, &outputs);
                for turn in turns {
                    let stacker = in_turn(stacker, &paths, &outputs, turn);
                    let found = run(&stacker, &paths, &outputs);
                    assert!(found == expected, "{frames} frames, {forms:?}, {outputs:?}, {stacker:?}");
                }
            };
            // What integers have kernels of their own for in every way; the rest in one of the ways.
            let turn = seed + i / WAYS;
            let plain = i % WAYS == 0;
            let modes = [(Bitpix::F32, false), (Bitpix::F32, true), (Bitpix::F64, true)];
            for (mode, (bitpix, all)) in modes.into_iter().enumerate() {
                if plain || mode == (seed + i) % modes.len() {
                    check(outputs(bitpix, all), if plain && !all { 0..3 } else { turn..turn + 1 });
                }
            }
        }
    }
}

#[test]
fn signed_files_give_the_bits_of_f32() {
    same_bits(&[Form::Signed], SKY.into());
}

#[test]
fn unsigned_files_give_the_bits_of_f32() {
    same_bits(&[Form::Unsigned], UNSIGNED_SKY);
}

#[test]
fn files_with_blank_give_the_bits_of_f32() {
    same_bits(&[Form::Blank], UNSIGNED_SKY);
    same_bits(&[Form::Unsigned, Form::Blank], UNSIGNED_SKY);
}

#[test]
fn scaled_files_give_the_bits_of_f32() {
    same_bits(&[Form::Scaled], UNSIGNED_SKY);
}

#[test]
fn files_of_several_kinds_give_the_bits_of_f32() {
    same_bits(&[Form::Unsigned, Form::Signed], UNSIGNED_SKY);
    same_bits(&[Form::Unsigned, Form::Float], UNSIGNED_SKY);
}

#[test]
fn a_cube_gives_the_bits_of_its_planes() {
    const FRAMES: usize = 11;
    let folder = Folder::new();
    let (paths, _) = stack(&folder, FRAMES, &[Form::Unsigned]);
    let pixels = |i| (0..HEIGHT * WIDTH).map(move |pixel| stored(i, pixel) as u16 ^ 0x8000);
    let planes: Vec<u16> = (0..FRAMES).flat_map(pixels).collect();
    let axes = [WIDTH as u64, HEIGHT as u64, FRAMES as u64];
    let cube = [folder.write("cube.fits", Bitpix::I16, &axes, &planes, Header::new())];
    let outputs = outputs(&folder, Bitpix::F32, false);
    for stacker in stackers(FRAMES, UNSIGNED_SKY) {
        assert!(run(&stacker, &cube, &outputs) == run(&stacker, &paths, &outputs), "{stacker:?}");
    }
}

#[test]
fn a_sample_takes_in_memory_what_it_takes_in_the_widest_file() {
    let folder = Folder::new();
    let outputs = OutputFiles::new(folder.path("out.fits"));
    let spared = |forms: &[Form], outputs: &OutputFiles| {
        let (paths, twins) = stack(&folder, 4, forms);
        let peak = |paths: &[PathBuf]| {
            let plan = Stacker::new().threads(1).plan_files(paths, outputs).expect("a plan");
            assert_eq!(plan.bands, 1);
            plan.peak_bytes as usize
        };
        (peak(&twins) - peak(&paths)) as f64 / (4 * HEIGHT * WIDTH) as f64
    };
    for form in [Form::Signed, Form::Unsigned, Form::Blank, Form::Scaled] {
        for bitpix in [Bitpix::F32, Bitpix::F64] {
            let outputs = outputs.clone().bitpix(bitpix);
            assert_eq!(spared(&[form], &outputs), 2.0, "{form:?}");
            assert_eq!(spared(&[form, Form::Float], &outputs), 0.0, "{form:?}");
        }
    }
    assert_eq!(spared(&[Form::Unsigned, Form::Blank, Form::Signed], &outputs), 2.0);
}

/// Everything that a run on an array gives, values as their bits: image, sigma, counts, mask, what each frame lost.
type Bits = (Vec<u64>, Vec<u64>, [Option<Array2<u32>>; 2], Option<Array3<u8>>, Vec<FrameTotals>);

fn all_bits<T: Into<f64> + Copy>(out: Combined<T>) -> Bits {
    let bits = |image: &Array2<T>| image.iter().map(|v| (*v).into().to_bits()).collect();
    let sigma = out.values(ValueProduct::Sigma).map_or(Vec::new(), bits);
    let counts = [CountProduct::Nrej, CountProduct::Count].map(|product| out.counts(product).cloned());
    (bits(&out.image), sigma, counts, out.cube(CubeProduct::Rejmask).cloned(), out.report.per_frame)
}

/// The runs of one stack in memory: with every option set, on `words` and on their values.
fn same_bits_in_memory<S: Sample<Working = f32>>(words: ArrayView3<'_, S>, sky: f64) {
    let values = words.mapv(S::working);
    for stacker in stackers(words.dim().0, sky) {
        for all in [false, true] {
            let mut products = Products::NONE.with(CountProduct::Nrej).with(CountProduct::Count);
            if all {
                products = products.with(ValueProduct::Sigma).with(CubeProduct::Rejmask);
            }
            let stacker = stacker.clone().products(products);
            let expected = all_bits(stacker.run(values.view()).expect("a result"));
            for (level, threads) in Level::available().zip([3, 1, 2, 1]) {
                let stacker = stacker.clone().level(level).threads(threads);
                let found = all_bits(stacker.run(words).expect("a result"));
                assert!(found == expected, "{} frames, {stacker:?}", words.dim().0);
            }
            let double = |stack: Result<Combined<f64>, Error>| all_bits(stack.expect("a result"));
            let doubles = values.mapv(f64::from);
            assert!(double(stacker.run_double(words)) == double(stacker.run(doubles.view())), "{stacker:?}");
        }
    }
}

#[test]
fn arrays_give_the_bits_of_f32() {
    for frames in [1, 2, 11, 34] {
        let signed = Array3::from_shape_fn((frames, HEIGHT, WIDTH), |(i, y, x)| stored(i, y * WIDTH + x));
        let unsigned = signed.mapv(|stored| stored as u16 ^ 0x8000);
        same_bits_in_memory(signed.view(), SKY.into());
        same_bits_in_memory(unsigned.view(), UNSIGNED_SKY);
        // None of these can be lent: pixels from right to left, and every other row.
        same_bits_in_memory(signed.slice(s![.., .., ..;-1]), SKY.into());
        same_bits_in_memory(unsigned.slice(s![.., ..;2, 1..]), UNSIGNED_SKY);
    }
}
