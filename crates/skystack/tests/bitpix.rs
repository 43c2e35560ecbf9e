//! Every stored form of a FITS image: what the engine decodes in its kernels are the values that `skystack-fits` reads. And every
//! type of array, in place or not.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Folder, read};
use ndarray::{Array3, ArrayView3, ShapeBuilder, s};
use skystack::fits::{Bitpix, Image, InputPath, Limits, Working};
use skystack::{Combine, OutputFiles, Products, Sample, Stacker, ValueProduct};

const WIDTH: usize = 75;
const HEIGHT: usize = 4;

/// A file with these cards, and samples that follow from `frame`.
fn file(folder: &Folder, name: &str, bitpix: i64, cards: &[(&str, String)], frame: u64) -> PathBuf {
    let mut header = String::new();
    let mandatory = [
        ("SIMPLE", "T".to_owned()),
        ("BITPIX", bitpix.to_string()),
        ("NAXIS", "2".to_owned()),
        ("NAXIS1", WIDTH.to_string()),
        ("NAXIS2", HEIGHT.to_string()),
    ];
    for (keyword, value) in mandatory.iter().chain(cards) {
        header.push_str(&format!("{:<80}", format!("{keyword:<8}= {value:>20}")));
    }
    header.push_str(&format!("{:<80}", "END"));
    let mut bytes = header.into_bytes();
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    for pixel in 0..(WIDTH * HEIGHT) as u64 {
        bytes.extend(sample(bitpix, frame, pixel));
    }
    bytes.resize(bytes.len().next_multiple_of(2880), 0);
    let path = folder.path(name);
    fs::write(&path, bytes).expect("a file");
    path
}

/// The bytes of one sample: about 100, the ends of the range, anything.
fn sample(bitpix: i64, frame: u64, pixel: u64) -> Vec<u8> {
    let bits = (1000 * frame + pixel + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = bits ^ (bits >> 32);
    let length = bitpix.unsigned_abs() / 8;
    let shift = 64 - 8 * length;
    let any = |bits: u64| bits.to_be_bytes()[8 - length as usize..].to_vec();
    match (bits % 8, bitpix) {
        (0, _) => {
            any([0, u64::MAX >> shift, 1 << (63 - shift), (1 << (63 - shift)) - 1][(bits >> 8) as usize % 4])
        }
        (1, _) => any(bits >> 3),
        (_, -32) => (100.0 + (bits >> 40) as f32 * 1e-6).to_be_bytes().to_vec(),
        (_, -64) => (100.0 + (bits >> 11) as f64 * 1e-15).to_be_bytes().to_vec(),
        _ => any(95 + (bits >> 8) % 10),
    }
}

/// All that may be said of the samples of a BITPIX.
fn forms(bitpix: i64) -> Vec<Vec<(&'static str, String)>> {
    let other_sign = match bitpix {
        8 => Some("-128".to_owned()),
        16..=64 => Some((1u64 << (bitpix - 1)).to_string()),
        _ => None,
    };
    let scalings = [vec![], vec![("BSCALE", "2.5".to_owned()), ("BZERO", "-7".to_owned())]];
    let scalings = scalings.into_iter().chain(other_sign.map(|zero| vec![("BZERO", zero)]));
    let blanks = ["", "100", "0", "-1", "255", "-32768", "4294967295", "-9223372036854775808"];
    let blanks = blanks.iter().filter(|blank| bitpix > 0 || blank.is_empty());
    let with = |(scaling, blank): (Vec<(&'static str, String)>, &str)| {
        let blank = (!blank.is_empty()).then(|| ("BLANK", blank.to_owned()));
        scaling.into_iter().chain(blank).collect()
    };
    let blanks: Vec<&str> = blanks.copied().collect();
    scalings.flat_map(|scaling| blanks.iter().map(move |blank| (scaling.clone(), *blank))).map(with).collect()
}

/// What `skystack-fits` reads, in the working type and then in f64, and that type.
fn values(path: &PathBuf) -> (Vec<f64>, Working) {
    let image = Image::open(&InputPath::parse(path), &Limits::default()).expect("an image");
    let mut raw = Vec::new();
    let working = image.working();
    if working == Working::F64 {
        return (read(path, 0).into_iter().collect(), working);
    }
    let mut values = vec![0.0f32; WIDTH * HEIGHT];
    image.read_rows(0, 0..HEIGHT, &mut values, &mut raw).expect("rows");
    (values.into_iter().map(f64::from).collect(), working)
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

#[test]
fn one_frame_of_every_form_is_what_is_read() {
    let folder = Folder::new();
    let output = folder.path("image.fits");
    let mut seen = 0;
    for bitpix in [8, 16, 32, 64, -32, -64] {
        for cards in forms(bitpix) {
            let path = file(&folder, "frame.fits", bitpix, &cards, 1);
            let (expected, working) = values(&path);
            for combine in [Combine::Average, Combine::Median, Combine::Max] {
                let outputs = OutputFiles::new(output.clone()).overwrite(true);
                let stacker = Stacker::new().combine(combine);
                stacker.run_files(&[&path], outputs.clone()).expect("a result");
                assert_eq!(bits(read(&output, 0)), bits(expected.clone()), "{bitpix} {cards:?} {combine:?}");
                // In f64, the values of a scaled file have the digits that f32 has not.
                stacker.run_files(&[&path], outputs.bitpix(Bitpix::F64)).expect("a result");
                assert_eq!(bits(read(&output, 0)), bits(read(&path, 0)), "{bitpix} {cards:?} in f64");
            }
            seen += usize::from(working == Working::F64);
        }
    }
    assert!(seen > 20);
}

#[test]
fn a_stack_of_every_form_gives_the_bits_of_its_values() {
    let folder = Folder::new();
    let output = folder.path("image.fits");
    for widest in [&[8, 16, -32][..], &[8, 16, 32, 64, -32, -64]] {
        let all = widest.iter().flat_map(|bitpix| forms(*bitpix).into_iter().map(|cards| (*bitpix, cards)));
        let paths: Vec<PathBuf> = all
            .enumerate()
            .map(|(i, (bitpix, cards))| file(&folder, &format!("f{i}.fits"), bitpix, &cards, i as u64))
            .collect();
        let double = widest.contains(&64);
        let frames: Vec<f64> = paths
            .iter()
            .flat_map(|path| if double { read(path, 0).into_iter().collect() } else { values(path).0 })
            .collect();
        let stack = Array3::from_shape_vec((paths.len(), HEIGHT, WIDTH), frames).expect("a stack");
        for combine in [Combine::Average, Combine::Median, Combine::Sum, Combine::Min, Combine::Max] {
            for products in [Products::NONE, Products::NONE.with(ValueProduct::Sigma)] {
                let stacker = Stacker::new().combine(combine).products(products);
                let sigma = folder.path("sigma.fits");
                let outputs = OutputFiles::new(output.clone()).overwrite(true);
                let has_sigma = products.contains(ValueProduct::Sigma);
                let outputs = if has_sigma { outputs.sigma(sigma.clone()) } else { outputs };
                stacker.run_files(&paths, outputs).expect("a result");
                let found = (bits(read(&output, 0)), has_sigma.then(|| bits(read(&sigma, 0))));
                let expected = if double {
                    let combined = stacker.run(stack.view()).expect("a result");
                    (bits(combined.image.clone()), combined.values(ValueProduct::Sigma).cloned().map(bits))
                } else {
                    let combined = stacker.run(stack.mapv(|v| v as f32).view()).expect("a result");
                    let wide = |image: ndarray::Array2<f32>| bits(image.into_iter().map(f64::from));
                    (wide(combined.image.clone()), combined.values(ValueProduct::Sigma).cloned().map(wide))
                };
                assert!(found == expected, "{} frames, {combine:?}, {products:?}", paths.len());
            }
        }
    }
}

/// A stack and its values: the medians of both, in their working type and in f64.
fn same_medians<S: Sample>(stack: ArrayView3<'_, S>)
where
    f64: From<S::Working>,
{
    let values = stack.mapv(|sample| f64::from(sample.working()));
    let stacker = Stacker::new().combine(Combine::Median);
    let expected: Vec<f64> = stacker.run(values.view()).expect("a result").image.into_iter().collect();
    // An odd number of frames: a median is one of them, in any type.
    let found = stacker.run(stack).expect("a result").image;
    assert_eq!(bits(found.into_iter().map(f64::from)), bits(expected.clone()));
    let found = stacker.run_double(stack).expect("a result").image;
    assert_eq!(bits(found), bits(expected));
}

/// Contiguous, with gaps between rows, between pixels, backwards, and with the frames as the fastest axis.
fn every_layout<S: Sample>(sample: impl Fn(u64) -> S)
where
    f64: From<S::Working>,
{
    let shape = (5, 7, 41);
    let at = |(i, y, x): (usize, usize, usize)| {
        sample((((i * 7 + y) * 41 + x) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7)
    };
    let stack = Array3::from_shape_fn(shape, at);
    let fortran = Array3::from_shape_fn(shape.f(), at);
    let views = [
        stack.view(),
        stack.slice(s![.., 1..6, 3..40]),
        stack.slice(s![..;2, .., ..;3]),
        stack.slice(s![.., ..;-1, ..;-1]),
        fortran.view(),
    ];
    views.into_iter().for_each(same_medians);
}

#[test]
fn arrays_of_every_type_in_every_layout_give_the_bits_of_their_values() {
    every_layout(|bits| bits as u8);
    every_layout(|bits| bits as i8);
    every_layout(|bits| bits as u16);
    every_layout(|bits| bits as i16);
    every_layout(|bits| bits as u32);
    every_layout(|bits| bits as i32);
    every_layout(|bits| bits);
    every_layout(|bits| bits.wrapping_mul(97) as i64);
    every_layout(|bits| bits as f32 * 1e-9);
    every_layout(|bits| bits as f64 * 1e-9);
}
