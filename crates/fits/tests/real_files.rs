//! Real detector data and the odd files of other readers, where they are at hand.

mod common;

use common::{real_data, real_files};
use skystack_fits::{FitsErrorKind, FitsFile, HduSelector, Image, InputPath, Limits};

/// Files that hold no image this crate reads: tables only, images without data, compressed ones.
const REFUSED: [(&str, FitsErrorKind); 10] = [
    ("bt12.fits", FitsErrorKind::Unsupported),
    ("bt12.fits.fz", FitsErrorKind::Unsupported),
    ("file001.fits", FitsErrorKind::Unsupported),
    ("issue-38.fits", FitsErrorKind::Unsupported),
    ("issue49test.fits", FitsErrorKind::Unsupported),
    ("m13real_rice.fits", FitsErrorKind::Unsupported),
    ("swp06542llg.fits", FitsErrorKind::Unsupported),
    ("test.fits.gz", FitsErrorKind::Unsupported),
    ("testBinaryTable.fits.fz", FitsErrorKind::Unsupported),
    ("test_i10.fits", FitsErrorKind::Unsupported),
];

#[test]
fn every_file_is_read_whole_or_refused_for_a_known_reason() {
    let mut raw = Vec::new();
    let mut surprises = Vec::new();
    for path in real_files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = REFUSED.iter().find(|(file, _)| *file == name).map(|(_, kind)| *kind);
        match Image::open(&InputPath::from(path.clone()), &Limits::default()) {
            Err(error) if Some(error.kind()) == expected => {}
            Err(error) => surprises.push(error.to_string()),
            Ok(_) if expected.is_some() => surprises.push(format!("{name} was read")),
            Ok(image) => {
                let mut out = vec![0.0_f64; image.width() * image.height()];
                for plane in 0..image.planes() {
                    image.read_rows(plane, 0..image.height(), &mut out, &mut raw).unwrap();
                }
                image.check_unchanged().unwrap();
            }
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn detector_frames_have_the_known_values() {
    let Some(root) = real_data() else { return };
    let file = FitsFile::open(root.join("darks-st7/dark120-001.fits")).unwrap();
    let image = file.image(&HduSelector::First).unwrap();
    assert_eq!((image.width(), image.height(), image.planes()), (765, 510, 1));
    assert!(image.scaling().is_unsigned_convention());
    let mut out = vec![0.0_f32; 765 * 510];
    image.read_rows(0, 0..510, &mut out, &mut Vec::new()).unwrap();
    assert!(out.iter().all(|v| (0.0..=65_535.0).contains(v) && v.fract() == 0.0));

    let cube = FitsFile::open(root.join("naco-cube/cube.fits")).unwrap().image(&HduSelector::First).unwrap();
    assert_eq!((cube.width(), cube.height(), cube.planes()), (101, 101, 61));

    let tile =
        FitsFile::open(root.join("overlap-2mass/tile80.fits")).unwrap().image(&HduSelector::First).unwrap();
    let mut out = vec![0.0_f32; 512 * 1024];
    tile.read_rows(0, 0..1024, &mut out, &mut Vec::new()).unwrap();
    assert!(out.iter().any(|v| v.is_nan()) && out.iter().any(|v| v.is_finite()));
}
