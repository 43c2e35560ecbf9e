//! Faulty files: the right kind of error, at open, on one line; or read with a warning.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{Folder, hdu, header, image};
use skystack_fits::{FitsError, FitsErrorKind, FitsFile, Image, InputPath, Limits, Unit};

fn open(path: &Path) -> Result<Image, FitsError> {
    Image::open(&InputPath::from(path.to_owned()), &Limits::default())
}

#[track_caller]
fn refused(path: &Path, kind: FitsErrorKind) -> FitsError {
    let error = open(path).expect_err("should be refused");
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&*path.to_string_lossy()) && !text.contains('\n'), "{text}");
    error
}

#[track_caller]
fn read_with_warning(path: &Path, word: &str) -> Image {
    let image = open(path).expect("should be read");
    let warnings = image.warnings();
    assert!(warnings.iter().any(|w| w.contains(word)), "{warnings:?} lack {word:?}");
    let start = format!("{}: ", path.display());
    assert!(warnings.iter().all(|w| w.starts_with(&start)), "{warnings:?} lack the file");
    image
}

#[test]
fn f01_a_header_cut_short() {
    let folder = Folder::new();
    let whole = image(16, &[10, 10], &[], &[0; 200]);
    for n in [9, 79, 80, 1600, 2879] {
        let path = folder.write("f.fits", &whole[..n]);
        refused(&path, FitsErrorKind::Truncated);
    }
    let long: Vec<String> = (0..100).map(|i| format!("KEY{i:<5}= 1")).collect();
    let more: Vec<&str> = long.iter().map(String::as_str).collect();
    let path = folder.write("f.fits", &image(8, &[1], &more, &[0])[..4000]);
    let error = refused(&path, FitsErrorKind::Truncated);
    assert!(matches!(
        error,
        FitsError::Truncated { unit: Unit::Header, found: 4000, needed: 5760, hdu: 0, .. }
    ));
}

#[test]
fn f02_data_cut_short_are_found_at_open() {
    let folder = Folder::new();
    let whole = image(16, &[100, 100], &[], &[0; 20_000]);
    let path = folder.write("f.fits", &whole[..2880 + 19_999]);
    let error = refused(&path, FitsErrorKind::Truncated);
    assert_eq!(
        error.to_string(),
        format!("{}: HDU 0: truncated data: needed 22880 bytes of file, found 22879", path.display())
    );
    // In an extension after the image as well: the file is damaged.
    let mut file = image(8, &[1], &[], &[0]);
    file.extend(header(&[
        "XTENSION= 'IMAGE   '",
        "BITPIX  = 8",
        "NAXIS   = 1",
        "NAXIS1  = 5000",
        "PCOUNT  = 0",
        "GCOUNT  = 1",
    ]));
    assert!(matches!(
        refused(&folder.write("f.fits", &file), FitsErrorKind::Truncated),
        FitsError::Truncated { hdu: 1, .. }
    ));
}

#[test]
fn f03_missing_padding_is_accepted_with_a_warning() {
    let folder = Folder::new();
    let whole = image(8, &[100], &[], &[3; 100]);
    for n in [2880 + 100, 2880 + 101, 5759] {
        let image = read_with_warning(&folder.write("f.fits", &whole[..n]), "padding");
        let (mut out, mut raw) = ([0.0_f32; 100], Vec::new());
        image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
        assert_eq!(out, [3.0; 100]);
    }
    let empty = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    let file = FitsFile::open(folder.write("f.fits", &empty[..400])).unwrap();
    assert_eq!((file.hdus().len(), file.warnings().len()), (1, 1));
}

#[test]
fn f06_what_is_no_fits_file_is_shown() {
    let folder = Folder::new();
    let cases: [(&[u8], &str); 6] = [
        (b"", "an empty file"),
        (&[0; 5000], "\\x00\\x00"),
        (b"just some text\nof two lines", "\"just some text\\no\""),
        (b"\x89PNG\r\n\x1a\n", "\\x89PNG\\r\\n"),
        (b"SIMPLE plan", "\"SIMPLE plan\""),
        (b"SIMPLE  = 'T'                                                                                       ", "SIMPLE"),
    ];
    for (bytes, shown) in cases {
        let error = refused(&folder.write("f.fits", bytes), FitsErrorKind::NotFits);
        assert!(error.to_string().contains(shown), "{error}");
    }
    let error = refused(&folder.write("f.fits.gz", &[0x1f, 0x8b, 8, 0]), FitsErrorKind::Unsupported);
    assert!(error.to_string().ends_with("gzip-compressed files are not supported yet: gunzip it first"));
}

#[test]
fn f07_impossible_structure() {
    let folder = Folder::new();
    let file = |bitpix: &str, naxis: &str, axes: &[&str]| {
        let mut cards = vec!["SIMPLE  = T".to_owned(), bitpix.to_owned(), naxis.to_owned()];
        cards.extend(axes.iter().enumerate().map(|(i, n)| format!("{:<8}= {n}", format!("NAXIS{}", i + 1))));
        let cards: Vec<_> = cards.iter().map(String::as_str).collect();
        folder.write("f.fits", &hdu(&cards, &[0; 2880]))
    };
    for bitpix in [
        "BITPIX  = 24",
        "BITPIX  = 0",
        "BITPIX  = 1e99",
        "BITPIX  = '8'",
        "BITPIX  =",
        "BITPIX    8",
        "COMMENT",
    ] {
        let error = refused(&file(bitpix, "NAXIS   = 1", &["1"]), FitsErrorKind::BadHeader);
        assert!(error.to_string().contains("BITPIX"), "{error}");
    }
    for naxis in [
        "NAXIS   = -1",
        "NAXIS   = 1000",
        "NAXIS   = 2.0",
        "NAXIS   =",
        "COMMENT",
        "NAXIS   = 99999999999999999999",
    ] {
        refused(&file("BITPIX  = 8", naxis, &["1"]), FitsErrorKind::BadHeader);
    }
    refused(&file("BITPIX  = 8", "NAXIS   = 999", &["1"]), FitsErrorKind::BadHeader);
    for axis in ["-1", "1.5", "'3'", "T", "", "9223372036854775808", "18446744073709551616", "1e3"] {
        let error = refused(&file("BITPIX  = 8", "NAXIS   = 2", &["1", axis]), FitsErrorKind::BadHeader);
        assert!(error.to_string().contains("NAXIS2"), "{error}");
    }
    // Products beyond 2^63, beyond 2^64, and wrapping to a small number.
    for axes in [
        ["4294967296", "4294967296"],
        ["9223372036854775807", "2"],
        ["9223372036854775807", "9223372036854775807"],
    ] {
        refused(&file("BITPIX  = 8", "NAXIS   = 2", &axes), FitsErrorKind::BadHeader);
    }
    refused(&file("BITPIX  = 64", "NAXIS   = 1", &["2305843009213693952"]), FitsErrorKind::BadHeader);
}

#[test]
fn f08_a_small_file_that_claims_much_is_refused_before_allocating() {
    let folder = Folder::new();
    let path = folder.write("f.fits", &image(-64, &[1_000_000_000, 1_000_000_000], &[], &[]));
    refused(&path, FitsErrorKind::Truncated);
    let path = folder.write("f.fits", &image(8, &[u64::MAX >> 1], &[], &[]));
    refused(&path, FitsErrorKind::Truncated);
    let table = ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 1", "NAXIS2  = 1"];
    let mut file = image(8, &[1], &[], &[0]);
    file.extend(header(&[&table[..], &["PCOUNT  = 9223372036854775807", "GCOUNT  = 9"]].concat()));
    refused(&folder.write("f.fits", &file), FitsErrorKind::BadHeader);
}

#[test]
fn f09_no_byte_of_a_header_gets_out_unescaped() {
    let folder = Folder::new();
    let mut bytes = image(
        8,
        &[1],
        &["OBJECT  = 'a#b$c%d&e'", "EXTNAME = 'x#y'", "FOO#BAR = 1", "BAD     = 'it''s"],
        &[0],
    );
    for byte in &mut bytes[..2880] {
        *byte = match *byte {
            b'#' => b'\n',
            b'$' => 0x1b,
            b'%' => 0,
            b'&' => 0x80,
            other => other,
        };
    }
    let image = read_with_warning(&folder.write("f.fits", &bytes), "outside ASCII");
    assert_eq!(image.header().text("OBJECT").as_deref(), Some("a b?c d?e"));
    for card in image.header().cards().iter().chain(image.header().inherit(2).cards()) {
        assert!(card.as_bytes().iter().all(|b| (32..127).contains(b)));
    }
    assert!(image.header().inherit(2).cards().iter().all(skystack_fits::Card::is_valid));
    let path =
        folder.write("f.fits", &bytes.iter().map(|b| if *b == b'8' { 0x1b } else { *b }).collect::<Vec<_>>());
    let error = refused(&path, FitsErrorKind::BadHeader).to_string();
    assert!(error.bytes().all(|b| (32..127).contains(&b)), "{error:?}");
}

#[test]
fn f10_an_endless_header_stops_at_the_limit() {
    let folder = Folder::new();
    // Four cards, then a gibibyte that is a hole of the file: no END for as far as the eye can see.
    let path = folder.write("f.fits", &image(8, &[1], &[], &[0])[..320]);
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
    let start = Instant::now();
    refused(&path, FitsErrorKind::Limit);
    assert!(start.elapsed() < Duration::from_secs(5));

    let mut limits = Limits::default();
    limits.hdus = 3;
    let extension =
        header(&["XTENSION= 'IMAGE   '", "BITPIX  = 8", "NAXIS   = 0", "PCOUNT  = 0", "GCOUNT  = 1"]);
    let mut file = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    (0..3).for_each(|_| file.extend_from_slice(&extension));
    let error = FitsFile::open_with(folder.write("f.fits", &file), &limits).unwrap_err();
    assert!(error.to_string().ends_with("HDU 3: more than 3 HDUs"), "{error}");
}

#[test]
fn f10_two_hundred_thousand_cards_are_read_quickly() {
    let folder = Folder::new();
    let mut bytes = image(8, &[1], &[], &[])[..320].to_vec();
    for i in 0..200_000 {
        bytes.extend_from_slice(format!("{:<80}", format!("K{i:<7}= {i}")).as_bytes());
    }
    bytes.extend_from_slice(&header(&[]));
    bytes.resize(bytes.len().next_multiple_of(2880), b' ');
    bytes.extend_from_slice(&[0; 2880]);
    let path = folder.write("f.fits", &bytes);
    let start = Instant::now();
    let image = open(&path).unwrap();
    assert_eq!(image.header().integer("K199999"), Some(199_999));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn f11_odd_but_readable_headers() {
    let folder = Folder::new();
    let cards = [
        "simple  = T",
        "naxis   = +2/free",
        "BITPIX  =                   16 ",
        "NAXIS1  = 2",
        "NAXIS2  = 1",
        "NAXIS1  = 5",
        "EXPTIME = 1.2D2",
        "VALUELESS",
        "EMPTY   =",
        "BZERO   = 3.2768d4",
    ];
    let path = folder.write("f.fits", &hdu(&cards, &[0x80, 0, 0x7f, 0xff]));
    let image = read_with_warning(&path, "NAXIS1 occurs again");
    read_with_warning(&path, "order");
    read_with_warning(&path, "lower case");
    assert_eq!((image.width(), image.height()), (2, 1));
    assert_eq!(image.header().number("EXPTIME"), Some(120.0));
    assert!(image.scaling().is_unsigned_convention());
    let (mut out, mut raw) = ([9.0_f32; 2], Vec::new());
    image.read_rows(0, 0..1, &mut out, &mut raw).unwrap();
    assert_eq!(out, [0.0, 65_535.0]);
}

#[test]
fn f11_what_follows_the_last_hdu_is_ignored_with_a_note() {
    let folder = Folder::new();
    let whole = image(8, &[1], &[], &[7]);
    for rest in [vec![0; 2880], b"XTENSIO".to_vec(), vec![b' '; 10], b"SIMPLE  = T".to_vec()] {
        let path = folder.write("f.fits", &[whole.clone(), rest].concat());
        read_with_warning(&path, "after the last HDU");
    }
    // EXTEND says nothing, either way.
    for (extend, more) in [("EXTEND  = F", true), ("EXTEND  = T", false)] {
        let mut file = image(8, &[1], &[extend], &[7]);
        if more {
            file.extend(header(&[
                "XTENSION= 'IMAGE'",
                "BITPIX  = 8",
                "NAXIS   = 0",
                "PCOUNT  = 0",
                "GCOUNT  = 1",
            ]));
        }
        let file = FitsFile::open(folder.write("f.fits", &file)).unwrap();
        assert_eq!(file.hdus().len(), 1 + usize::from(more));
    }
}

#[test]
fn f14_what_is_not_supported_says_why() {
    let folder = Folder::new();
    let empty = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    let table =
        ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 1", "NAXIS2  = 1", "PCOUNT  = 0"];
    let tiles = [&table[..], &["GCOUNT  = 1", "ZIMAGE  = T"]].concat();
    let groups = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 0", "NAXIS2  = 3", "GROUPS  = T"];
    let groups = [&groups[..], &["PCOUNT  = 2", "GCOUNT  = 4"]].concat();
    let cases = [
        (empty.clone(), "no image with data among its 1 HDU(s)"),
        (
            [empty.clone(), hdu(&[&table[..], &["GCOUNT  = 1"]].concat(), &[0])].concat(),
            "no image with data among its 2 HDU(s)",
        ),
        (
            [empty, hdu(&tiles, &[0])].concat(),
            "HDU 1: tile-compressed image: not supported yet, funpack it first",
        ),
        (hdu(&groups, &[0; 20]), "HDU 0: random groups are not supported, needed an image"),
        (header(&["SIMPLE  = F", "BITPIX  = 8", "NAXIS   = 0"]), "does not conform to FITS"),
        (image(8, &[0, 5], &[], &[]), "no image with data among its 1 HDU(s)"),
    ];
    for (bytes, reason) in cases {
        let error = refused(&folder.write("f.fits", &bytes), FitsErrorKind::Unsupported);
        assert!(error.to_string().ends_with(reason), "{error}");
    }
    let path = folder.write("f.fits", &hdu(&groups, &[0; 20]));
    assert_eq!(FitsFile::open(&path).unwrap().hdus()[0].data_bytes(), 20);
}

#[test]
fn f14_an_image_extension_with_groups_is_refused() {
    let folder = Folder::new();
    for (pcount, gcount) in [("1", "1"), ("0", "2"), ("0", "0"), ("-1", "1"), ("x", "1")] {
        let mut file = image(8, &[1], &[], &[0]);
        let (p, g) = (format!("PCOUNT  = {pcount}"), format!("GCOUNT  = {gcount}"));
        file.extend(hdu(
            &["XTENSION= 'IMAGE'", "BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 1", &p, &g],
            &[0; 9],
        ));
        refused(&folder.write("f.fits", &file), FitsErrorKind::BadHeader);
    }
}

#[cfg(unix)]
#[test]
fn f25_missing_files_folders_and_devices_are_errors_and_nothing_blocks() {
    let folder = Folder::new();
    refused(&folder.path("absent.fits"), FitsErrorKind::Io);
    refused(&folder.path(""), FitsErrorKind::Unsupported);
    let error = refused(Path::new("/dev/null"), FitsErrorKind::Unsupported);
    assert!(error.to_string().ends_with("it is a device, needed a regular file"));
    let socket = folder.path("socket.fits");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    refused(&socket, FitsErrorKind::Unsupported);
    let fifo = folder.path("fifo.fits");
    if std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()) {
        let error = refused(&fifo, FitsErrorKind::Unsupported);
        assert!(error.to_string().ends_with("it is a FIFO, needed a regular file"));
    }
    let link = folder.path("loop.fits");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    refused(&link, FitsErrorKind::Io);
}

#[cfg(unix)]
#[test]
fn f27_names_of_every_kind_are_taken_literally() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let bytes = image(8, &[1], &[], &[0]);
    let long = "x".repeat(255);
    let names: [&[u8]; 5] = [b"\xff\xfe.fits", b"a b\tc\n.fits", b"-rf", b"@list[2]", long.as_bytes()];
    for name in names {
        let path = folder.path("").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(&path, &bytes).unwrap();
        let image = Image::open(&InputPath::parse(&path), &Limits::default()).unwrap();
        assert!(!image.name_for_messages().chars().any(char::is_control));
    }
}
