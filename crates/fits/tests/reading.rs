//! Opening files, choosing HDUs, reading rows.

mod common;

use std::fs::OpenOptions;

use common::{Folder, hdu, header, image};
use skystack_fits::{
    Bitpix, Change, FitsError, FitsErrorKind, FitsFile, HduKind, HduSelector, Image, InputPath, Limits,
    Working,
};

fn open(path: &std::path::Path) -> Image {
    Image::open(&InputPath::from(path.to_owned()), &Limits::default()).unwrap()
}

fn be16(values: impl IntoIterator<Item = i16>) -> Vec<u8> {
    values.into_iter().flat_map(i16::to_be_bytes).collect()
}

/// A primary HDU without data, a table, two images of one name, a foreign extension.
fn mosaic() -> Vec<u8> {
    let mut file = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    let table =
        ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 3", "PCOUNT  = 10"];
    file.extend(hdu(&[&table[..], &["GCOUNT  = 1", "TFIELDS = 0"]].concat(), &[1; 22]));
    for version in ["1", "2"] {
        let cards = ["XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 1"];
        let version_card = format!("EXTVER  = {version}");
        let more = ["PCOUNT  = 0", "GCOUNT  = 1", "EXTNAME = 'SCI     '", version_card.as_str()];
        let value: i16 = version.parse().unwrap();
        file.extend(hdu(&[&cards[..], &more].concat(), &be16([value, 10 * value])));
    }
    let foreign = ["XTENSION= 'FOREIGN '", "BITPIX  = 8", "NAXIS   = 0", "PCOUNT  = 3", "GCOUNT  = 2"];
    file.extend(hdu(&foreign, &[1; 6]));
    file
}

#[test]
fn every_hdu_is_found_and_skipped_by_its_size() {
    let folder = Folder::new();
    let file = FitsFile::open(folder.write("m.fits", &mosaic())).unwrap();
    let kinds: Vec<_> = file.hdus().iter().map(|hdu| hdu.kind().clone()).collect();
    let foreign = HduKind::Foreign("FOREIGN".into());
    assert_eq!(kinds, [HduKind::Image, HduKind::BinTable, HduKind::Image, HduKind::Image, foreign]);
    assert_eq!(file.hdus()[1].data_bytes(), 22);
    assert_eq!(file.hdus()[3].version(), 2);
    assert_eq!(file.hdus()[4].data_bytes(), 6);
    assert_eq!(file.warnings(), [] as [&str; 0]);
}

#[test]
fn hdus_are_chosen_by_index_name_and_version() {
    let folder = Folder::new();
    let path = folder.write("m.fits", &mosaic());
    let (mut out, mut raw) = ([0.0_f32; 2], Vec::new());
    for (suffix, first) in [("", 1.0), ("[2]", 1.0), ("[3]", 2.0), ("[sci]", 1.0), ("[SCI,2]", 2.0)] {
        let input = InputPath::parse(format!("{}{suffix}", path.display()));
        let image = Image::open(&input, &Limits::default()).unwrap();
        image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
        assert_eq!(out, [first, 10.0 * first], "{suffix}");
        assert!(image.name_for_messages().ends_with(suffix));
    }
    let kind = |suffix: &str| {
        let input = InputPath::parse(format!("{}{suffix}", path.display()));
        Image::open(&input, &Limits::default()).unwrap_err().kind()
    };
    assert_eq!(kind("[5]"), FitsErrorKind::Parameter);
    assert_eq!(kind("[ERR]"), FitsErrorKind::Parameter);
    assert_eq!(kind("[SCI,3]"), FitsErrorKind::Parameter);
    assert_eq!(kind("[PRIMARY]"), FitsErrorKind::Unsupported);
    assert_eq!(kind("[1]"), FitsErrorKind::Unsupported);
    assert_eq!(kind("[4]"), FitsErrorKind::Unsupported);
}

#[test]
fn a_file_whose_name_has_brackets_wins() {
    let folder = Folder::new();
    let bytes = image(8, &[1], &[], &[7]);
    for name in ["a[1].fits", "x:03:17.fits", "b.fits[1]", "-c d%#@(e){f}*?.fits", "n\newline.fits"] {
        let path = folder.write(name, &bytes);
        let image = Image::open(&InputPath::parse(&path), &Limits::default()).unwrap();
        assert_eq!(image.path(), path);
        assert!(!image.name_for_messages().contains('\n'));
    }
}

#[test]
fn any_band_of_any_plane_has_the_right_samples() {
    let folder = Folder::new();
    let value = |x: usize, y: usize, z: usize| (100 * z + 10 * y + x) as i16;
    let data: Vec<i16> = (0..2 * 5 * 3).map(|i| value(i % 3, i / 3 % 5, i / 15)).collect();
    let path = folder.write("cube.fits", &image(16, &[3, 5, 1, 2], &[], &be16(data)));
    let image = open(&path);
    assert_eq!((image.width(), image.height(), image.planes()), (3, 5, 2));
    assert_eq!((image.bitpix(), image.working(), image.raw_bytes_per_row()), (Bitpix::I16, Working::F32, 6));
    let mut raw = Vec::new();
    for plane in 0..2 {
        for start in 0..=5 {
            for end in start..=5 {
                let mut out = vec![f64::NAN; (end - start) * 3];
                image.read_rows(plane, start..end, &mut out, &mut raw).unwrap();
                for (i, found) in out.iter().enumerate() {
                    assert_eq!(*found, f64::from(value(i % 3, start + i / 3, plane)));
                }
            }
        }
    }
}

#[test]
fn long_rows_are_read_in_bounded_pieces() {
    let folder = Folder::new();
    let n = 300_001_usize;
    let data: Vec<u8> = (0..n as u32).flat_map(|i| (i as f32).to_be_bytes()).collect();
    let image = open(&folder.write("long.fits", &image(-32, &[n as u64], &[], &data)));
    assert_eq!((image.height(), image.planes()), (1, 1));
    let (mut out, mut raw) = (vec![0.0_f32; n], Vec::new());
    image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
    assert!(out.iter().enumerate().all(|(i, v)| *v == i as f32));
    assert!(raw.len() <= 256 << 10);
}

#[test]
fn rows_and_lengths_outside_the_image_are_refused() {
    let folder = Folder::new();
    let image = open(&folder.write("f.fits", &image(8, &[2, 2], &[], &[1, 2, 3, 4])));
    let mut raw = Vec::new();
    let mut read = |plane, rows, n| {
        image.read_rows(plane, rows, &mut vec![0.0_f32; n], &mut raw).unwrap_err().to_string()
    };
    assert!(read(1, 0..1, 2).ends_with("f.fits: planes 1..2 asked for, the image has 1"));
    assert!(read(0, 1..3, 4).ends_with("f.fits: rows 1..3 asked for, the image has 2"));
    let (from, to) = (2, 1);
    assert!(read(0, from..to, 0).contains("rows 2..1"));
    assert!(read(0, 0..usize::MAX, 0).contains("rows"));
    assert!(read(0, 0..2, 3).ends_with("f.fits: a slice of 3 samples was given, needed 4"));
}

#[test]
fn many_threads_read_one_image() {
    let folder = Folder::new();
    let rows = 64;
    let data = be16((0..rows).flat_map(|y| [y; 50]));
    let path = folder.write("f.fits", &image(16, &[50, 64], &[], &data));
    for keep in [true, false] {
        let mut image = open(&path);
        image.keep_open(keep);
        std::thread::scope(|scope| {
            for t in 0..8_usize {
                let image = &image;
                scope.spawn(move || {
                    let (mut out, mut raw) = ([0.0_f64; 50], Vec::new());
                    for y in (0..64).cycle().skip(t * 8).take(64) {
                        image.read_rows(0, y..y + 1, &mut out, &mut raw).unwrap();
                        assert_eq!(out, [y as f64; 50]);
                    }
                });
            }
        });
        image.check_unchanged().unwrap();
    }
}

#[test]
fn the_working_type_follows_bitpix() {
    let folder = Folder::new();
    let cases = [
        (8, Working::F32),
        (16, Working::F32),
        (32, Working::F64),
        (64, Working::F64),
        (-32, Working::F32),
        (-64, Working::F64),
    ];
    for (bitpix, working) in cases {
        let path = folder.write("f.fits", &image(bitpix, &[1], &["BSCALE  = 0.1"], &[0; 8]));
        assert_eq!(open(&path).working(), working);
    }
}

#[test]
fn scaling_and_blank_of_the_header_are_applied() {
    let folder = Folder::new();
    let more = ["BSCALE  = 0.5D0", "BZERO   = +10", "BLANK   = -1"];
    let image = open(&folder.write("f.fits", &image(16, &[3], &more, &be16([-1, 0, 4]))));
    assert_eq!(
        (image.scaling().bscale(), image.scaling().bzero(), image.scaling().blank()),
        (0.5, 10.0, Some(-1))
    );
    let (mut out, mut raw) = ([0.0_f32; 3], Vec::new());
    image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
    assert!(out[0].is_nan());
    assert_eq!(out[1..], [10.0, 12.0]);
}

#[test]
fn scaling_that_cannot_be_is_refused_and_that_has_no_effect_is_warned_of() {
    let folder = Folder::new();
    for bad in [
        "BSCALE  = 0",
        "BSCALE  = 0.0",
        "BSCALE  = 'x'",
        "BZERO   = NaN",
        "BZERO   = 1E999",
        "BLANK   = 1.5",
        "BLANK   = T",
    ] {
        let path = folder.write("f.fits", &image(16, &[1], &[bad], &[0; 2]));
        let error = Image::open(&InputPath::from(path), &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), FitsErrorKind::BadHeader, "{bad}: {error}");
    }
    for (bitpix, odd) in
        [(-32, "BLANK   = 0"), (8, "BLANK   = -1"), (16, "BLANK   ="), (16, "BSCALE  = / none")]
    {
        let image = open(&folder.write("f.fits", &image(bitpix, &[1], &[odd], &[0; 4])));
        assert_eq!(image.warnings().len(), 1, "{odd}");
        let start = format!("{}: HDU 0: B", folder.path("f.fits").display());
        assert!(image.warnings()[0].starts_with(&start), "{:?}", image.warnings());
        let (mut out, mut raw) = ([9.0_f32], Vec::new());
        image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
        assert_eq!(out, [0.0]);
    }
}

#[test]
fn f04_a_file_that_shrinks_or_changes_is_noticed() {
    let folder = Folder::new();
    let bytes = image(8, &[4000, 2], &[], &[7; 8000]);
    let read = |image: &Image| {
        let (mut out, mut raw) = (vec![0.0_f32; 4000], Vec::new());
        image.read_rows(0, 1..2, &mut out, &mut raw)
    };

    let path = folder.write("shrinks.fits", &bytes);
    let image = open(&path);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(5000).unwrap();
    assert!(matches!(read(&image), Err(FitsError::Changed { change: Change::ShortRead { .. }, .. })));
    assert!(matches!(image.check_unchanged(), Err(FitsError::Changed { change: Change::Size { .. }, .. })));

    let path = folder.write("touched.fits", &bytes);
    let mut image = open(&path);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    OpenOptions::new().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert!(matches!(
        image.check_unchanged(),
        Err(FitsError::Changed { change: Change::ModificationTime, .. })
    ));
    image.keep_open(false);
    assert_eq!(read(&image).unwrap_err().kind(), FitsErrorKind::Changed);
}

#[cfg(unix)]
#[test]
fn f05_a_file_replaced_by_rename_gives_old_content_or_an_error() {
    let folder = Folder::new();
    let path = folder.write("f.fits", &image(8, &[1], &[], &[1]));
    let (held, mut not_held) = (open(&path), open(&path));
    not_held.keep_open(false);
    std::fs::rename(folder.write("new.fits", &image(8, &[1], &[], &[2])), &path).unwrap();
    let (mut out, mut raw) = ([0.0_f32], Vec::new());
    held.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
    assert_eq!(out, [1.0]);
    held.check_unchanged().unwrap();
    let error = not_held.read_rows(0, 0..1, &mut out, &mut raw).unwrap_err();
    assert!(matches!(error, FitsError::Changed { change: Change::Replaced, .. }));
    assert!(not_held.check_unchanged().is_err());
}

#[test]
fn images_of_an_opened_file_need_no_descriptor_until_read() {
    let folder = Folder::new();
    let file = FitsFile::open(folder.write("m.fits", &mosaic())).unwrap();
    let image = file.image(&HduSelector::Index(3)).unwrap();
    let (mut out, mut raw) = ([0.0_f64; 2], Vec::new());
    image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
    assert_eq!(out, [2.0, 20.0]);
}

#[cfg(target_os = "linux")]
#[test]
fn f26_images_that_are_not_kept_open_hold_no_descriptors() {
    let folder = Folder::new();
    let path = folder.write("f.fits", &image(8, &[1], &[], &[7]));
    let images: Vec<Image> = (0..2000)
        .map(|_| {
            let mut image = open(&path);
            image.keep_open(false);
            image
        })
        .collect();
    let mut raw = Vec::new();
    for image in &images {
        let mut out = [0.0_f32];
        image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
        assert_eq!(out, [7.0]);
    }
    // The other tests of this binary hold a few at the same time.
    assert!(std::fs::read_dir("/proc/self/fd").unwrap().count() < 200);
}
