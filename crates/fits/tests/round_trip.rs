//! Whatever is written is read back, and so are header values.

mod common;

use common::Folder;
use proptest::prelude::*;
use skystack_fits::{
    Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits, Physical, Stored, Value, WriterOptions,
};

/// Writes `data` as planes of rows of `width` in an order of bands that `band` decides, and reads it back.
fn round_trip<S: Stored, T: Physical>(
    data: &[S],
    width: usize,
    planes: usize,
    band: usize,
    reserved: usize,
) -> Vec<T> {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let height = data.len() / width / planes;
    let spec = ImageSpec {
        bitpix: S::BITPIX,
        axes: vec![width as u64, height as u64, planes as u64],
        header: Header::new(),
    };
    let options = WriterOptions { overwrite: false, reserved_cards: reserved };
    let mut writer = FitsWriter::create_with(&path, &[spec], &options).unwrap();
    let starts: Vec<usize> = (0..height).step_by(band).collect();
    for plane in (0..planes).rev() {
        for &start in starts.iter().rev() {
            let rows = band.min(height - start);
            let first = (plane * height + start) * width;
            writer.write_rows(plane, start, &data[first..first + rows * width]).unwrap();
        }
    }
    writer.finish().unwrap();
    let image = Image::open(&InputPath::from(path), &Limits::default()).unwrap();
    assert_eq!(image.warnings(), [] as [&str; 0]);
    let mut out = vec![T::default(); data.len()];
    let mut raw = Vec::new();
    for (plane, out) in out.chunks_mut(width * height).enumerate() {
        image.read_rows(plane, 0..height, out, &mut raw).unwrap();
    }
    out
}

macro_rules! round_trips {
    ($($name:ident: $stored:ident as $physical:ident;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(32))]
            $(
                #[test]
                fn $name(
                    width in 1_usize..9,
                    height in 1_usize..9,
                    planes in 1_usize..4,
                    band in 1_usize..9,
                    reserved in 0_usize..80,
                    pool in proptest::collection::vec(any::<$stored>(), 8 * 8 * 3),
                ) {
                    let data = &pool[..width * height * planes];
                    let read: Vec<$physical> = round_trip(data, width, planes, band, reserved);
                    for (read, written) in read.iter().zip(data) {
                        let expected = *written as $physical;
                        if expected.is_finite() {
                            prop_assert_eq!(read.to_bits(), (expected + 0.0).to_bits());
                        } else {
                            prop_assert!(read.is_nan());
                        }
                    }
                }
            )*
        }
    };
}

round_trips! {
    u8_as_f32: u8 as f32;
    i16_as_f32: i16 as f32;
    u16_as_f32: u16 as f32;
    i32_as_f64: i32 as f64;
    u32_as_f64: u32 as f64;
    u32_as_f32: u32 as f32;
    i64_as_f64: i64 as f64;
    u64_as_f64: u64 as f64;
    u64_as_f32: u64 as f32;
    f32_as_f32: f32 as f32;
    f32_as_f64: f32 as f64;
    f64_as_f64: f64 as f64;
    f64_as_f32: f64 as f32;
}

/// Values that a header can hold; strings without trailing blanks, which are not significant.
fn values() -> impl Strategy<Value = Value> {
    let finite = any::<f64>().prop_filter("finite", |x| x.is_finite());
    prop_oneof![
        any::<bool>().prop_map(Value::Logical),
        any::<i64>().prop_map(Value::Integer),
        finite.prop_map(Value::Real),
        "[ -~]{0,200}".prop_map(|s| Value::Text(s.trim_end().to_owned())),
        "['&]{0,200}".prop_map(Value::Text),
        Just(Value::Undefined),
    ]
}

proptest! {
    #[test]
    fn header_values_survive_a_file(
        // None ends like a world coordinate of an axis that the output lacks, PC1_3 or PC1_3X.
        entries in proptest::collection::btree_map("[A-Z][A-Z0-9_-]{0,5}XX|([A-Z]{1,5} ){1,3}[A-Z]{4,9}", (values(), "[ -~]{0,60}"), 0..40)
    ) {
        let mut header = Header::new();
        for (keyword, (value, comment)) in &entries {
            // A value too long for a HIERARCH card is refused, and then the header is as before.
            let _ = header.set(keyword, value.clone(), comment);
        }
        let folder = Folder::new();
        let path = folder.path("f.fits");
        let spec = ImageSpec { bitpix: Bitpix::U8, axes: vec![], header: header.clone() };
        FitsWriter::create(&path, &spec, false).unwrap().finish().unwrap();
        let file = skystack_fits::FitsFile::open(&path).unwrap();
        prop_assert_eq!(file.warnings(), [] as [&str; 0]);
        let read = file.hdus()[0].header();
        prop_assert_eq!(&read.cards()[3..], header.cards());
        for (keyword, (value, _)) in &entries {
            if header.contains(keyword) {
                prop_assert_eq!(read.value(keyword), Some(value.clone()));
            }
        }
        prop_assert_eq!(read.inherit(2), header);
    }
}
