//! Handing over an HDU of `fitsrs`.
#![cfg(feature = "fitsrs")]

mod common;

use std::fs::File;
use std::io::BufReader;

use common::{Folder, hdu, header, image};
use fitsrs::{Fits, HDU};
use skystack_fits::{FitsErrorKind, Image, Limits};

#[test]
fn an_extension_held_by_fitsrs_is_read_by_us() {
    let folder = Folder::new();
    let cards =
        ["XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 1", "PCOUNT  = 0"];
    let more = ["GCOUNT  = 1", "BZERO   = 32768", "EXTNAME = 'SCI'"];
    let mut bytes = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    bytes.extend(hdu(&[&cards[..], &more].concat(), &[0x80, 0, 0x7f, 0xff]));
    let path = folder.write("f.fits", &bytes);
    let mut hdus = Fits::from_reader(BufReader::new(File::open(&path).unwrap()));
    let Some(Ok(HDU::XImage(theirs))) = hdus.nth(1) else { panic!("fitsrs finds no image") };

    let image = Image::from_fitsrs(&path, &theirs, &Limits::default()).unwrap();
    assert_eq!((image.hdu_index(), image.width(), image.height()), (1, 2, 1));
    let mut out = [0.0_f32; 2];
    image.read_rows(0, 0..1, &mut out, &mut Vec::new()).unwrap();
    assert_eq!(out, [0.0, 65_535.0]);
}

#[test]
fn an_hdu_of_another_file_is_refused() {
    let folder = Folder::new();
    let path = folder.write("f.fits", &image(16, &[2, 2], &[], &[0; 8]));
    let mut hdus = Fits::from_reader(BufReader::new(File::open(&path).unwrap()));
    let Some(Ok(HDU::Primary(theirs))) = hdus.next() else { panic!("fitsrs finds no image") };
    let long: Vec<String> = (0..40).map(|i| format!("KEY{i:<5}= 1")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let others = [
        image(-32, &[2, 2], &[], &[0; 16]),
        image(16, &[2, 3], &[], &[0; 12]),
        image(16, &[2, 2], &long, &[0; 8]),
    ];
    for (bytes, word) in others.iter().zip(["BITPIX", "NAXISn", "offset of data"]) {
        let other = folder.write("other.fits", bytes);
        let error = Image::from_fitsrs(&other, &theirs, &Limits::default()).unwrap_err();
        assert_eq!(error.kind(), FitsErrorKind::BadHeader);
        assert!(error.to_string().contains(word), "{error}");
    }
}
