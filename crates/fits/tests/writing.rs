//! Files that are complete or absent, and exact to the byte.

mod common;

use std::path::Path;

use common::{Folder, header};
use skystack_fits::{
    Bitpix, Card, FitsError, FitsErrorKind, FitsFile, FitsWriter, HduSelector, Header, Image, ImageSpec,
    InputPath, Limits, PreparedFile, WriterOptions, publish_all, same_file,
};

fn spec(bitpix: Bitpix, axes: &[u64]) -> ImageSpec {
    ImageSpec { bitpix, axes: axes.to_vec(), header: Header::new() }
}

fn write_tiny(path: &Path, value: u8, overwrite: bool) -> Result<(), FitsError> {
    let mut writer = FitsWriter::create(path, &spec(Bitpix::U8, &[1]), overwrite)?;
    writer.write_rows(0, 0, &[value])?;
    writer.finish()
}

fn read_tiny(path: &Path) -> f32 {
    let image = Image::open(&InputPath::from(path.to_owned()), &Limits::default()).unwrap();
    let mut out = [0.0];
    image.read_rows(0, 0..1, &mut out, &mut Vec::new()).unwrap();
    out[0]
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut h = Header::new();
    h.set("OBJECT", "M 31", "field").unwrap();
    let mut writer = FitsWriter::create(
        &path,
        &ImageSpec { bitpix: Bitpix::I16, axes: vec![2, 2], header: h.clone() },
        false,
    )
    .unwrap();
    writer.write_rows(0, 1, &[40_000_u16, 65_535]).unwrap();
    writer.write_rows(0, 0, &[0_u16, 1]).unwrap();
    h.push_history("two rows");
    writer.finish_with(h).unwrap();

    let mut expected = header(&[
        "SIMPLE  =                    T / conforms to the FITS standard",
        "BITPIX  =                   16 / bits per sample, negative for floating point",
        "NAXIS   =                    2 / number of axes",
        "NAXIS1  =                    2 / length of axis 1",
        "NAXIS2  =                    2 / length of axis 2",
        "BSCALE  =                    1 / stored values are not scaled",
        "BZERO   =                32768 / offset of unsigned integers",
        "OBJECT  = 'M 31    '           / field",
        "HISTORY two rows",
    ]);
    expected.extend([0x80, 0, 0x80, 1, 0x1c, 0x40, 0x7f, 0xff]);
    expected.resize(5760, 0);
    assert_eq!(std::fs::read(&path).unwrap(), expected);
    assert_eq!(folder.names(), ["f.fits"]);
}

#[test]
fn several_images_are_a_primary_hdu_and_extensions() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut sigma = spec(Bitpix::F64, &[1, 1]);
    sigma.header.set("EXTNAME", "SIGMA", "").unwrap();
    let specs = [spec(Bitpix::F32, &[2]), sigma];
    let mut writer = FitsWriter::create_with(&path, &specs, &WriterOptions::default()).unwrap();
    writer.write_rows_of(1, 0, 0, &[0.5_f64]).unwrap();
    writer.write_rows(0, 0, &[1.0_f32, f32::from_bits(0xffff_ffff)]).unwrap();
    writer.finish().unwrap();

    let bytes = std::fs::read(&path).unwrap();
    let mut expected = header(&[
        "SIMPLE  =                    T / conforms to the FITS standard",
        "BITPIX  =                  -32 / bits per sample, negative for floating point",
        "NAXIS   =                    1 / number of axes",
        "NAXIS1  =                    2 / length of axis 1",
        "EXTEND  =                    T / extensions follow",
    ]);
    expected.extend([0x3f, 0x80, 0, 0, 0x7f, 0xc0, 0, 0]);
    expected.resize(5760, 0);
    expected.extend(header(&[
        "XTENSION= 'IMAGE   '           / image extension",
        "BITPIX  =                  -64 / bits per sample, negative for floating point",
        "NAXIS   =                    2 / number of axes",
        "NAXIS1  =                    1 / length of axis 1",
        "NAXIS2  =                    1 / length of axis 2",
        "PCOUNT  =                    0 / no parameters",
        "GCOUNT  =                    1 / one group",
        "EXTNAME = 'SIGMA   '",
    ]));
    expected.extend([0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
    expected.resize(4 * 2880, 0);
    assert_eq!(bytes, expected);
    let file = FitsFile::open(&path).unwrap();
    assert_eq!(file.warnings(), [] as [&str; 0]);
    let sigma = HduSelector::Name { name: "SIGMA".into(), version: None };
    assert_eq!(file.image(&sigma).unwrap().width(), 1);
}

/// The bytes depend on headers and samples alone, however wrong the guess of the headers' length was.
#[test]
fn the_guess_of_the_header_length_leaves_no_trace() {
    let folder = Folder::new();
    // Two images of 1 MB and 300 kB: moves overlap their own source and cross pieces.
    let first: Vec<f32> = (0..260_000).map(|i| i as f32).collect();
    let second: Vec<i32> = (0..75_000).map(|i| i * 3).collect();
    let long = |lines: usize| {
        let mut h = Header::new();
        (0..lines).for_each(|i| h.push_history(&format!("line {i}")));
        h
    };
    for (a, b) in [(0, 0), (100, 0), (0, 100), (100, 300)] {
        let mut files = Vec::new();
        for (reserved, start) in [(0, 0), (50, 0), (400, 0), (0, 200), (3000, 150)] {
            let path = folder.path("f.fits");
            let mut specs = [spec(Bitpix::F32, &[1000, 260]), spec(Bitpix::I32, &[750, 10, 10])];
            specs[0].header = long(start);
            let options = WriterOptions { overwrite: true, reserved_cards: reserved };
            let mut writer = FitsWriter::create_with(&path, &specs, &options).unwrap();
            writer.write_rows_of(0, 0, 0, &first).unwrap();
            for plane in 0..10 {
                writer.write_rows_of(1, plane, 0, &second[plane * 7500..][..7500]).unwrap();
            }
            writer.finish_with_all(vec![long(a), long(b)]).unwrap();
            files.push(std::fs::read(&path).unwrap());
        }
        assert!(files.iter().all(|file| *file == files[0]), "headers of {a} and {b} lines");
        let file = FitsFile::open(folder.path("f.fits")).unwrap();
        let mut out = vec![0.0_f64; 7500];
        let image = file.image(&HduSelector::Index(1)).unwrap();
        image.read_rows(9, 0..10, &mut out, &mut Vec::new()).unwrap();
        assert_eq!(out[7499], 74_999.0 * 3.0);
    }
}

#[test]
fn f22_an_existing_output_is_refused_before_any_work() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    write_tiny(&path, 1, false).unwrap();
    assert_eq!(write_tiny(&path, 2, false).unwrap_err().kind(), FitsErrorKind::Exists);
    assert_eq!(read_tiny(&path), 1.0);
    write_tiny(&path, 3, true).unwrap();
    assert_eq!(read_tiny(&path), 3.0);
    assert_eq!(folder.names(), ["f.fits"]);
}

#[test]
fn f39_an_output_that_appears_meanwhile_is_not_replaced() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut writer = FitsWriter::create(&path, &spec(Bitpix::U8, &[1]), false).unwrap();
    writer.write_rows(0, 0, &[2_u8]).unwrap();
    write_tiny(&path, 1, false).unwrap();
    assert_eq!(writer.finish().unwrap_err().kind(), FitsErrorKind::Exists);
    assert_eq!(read_tiny(&path), 1.0);
    assert_eq!(folder.names(), ["f.fits"]);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut writer = FitsWriter::create(&path, &spec(Bitpix::U8, &[1]), false).unwrap();
    writer.write_rows(0, 0, &[2_u8]).unwrap();
    let names = folder.names();
    let expected = format!(".f.fits.skystack-{}-", std::process::id());
    assert!(names.len() == 1 && names[0].starts_with(&expected) && names[0].ends_with(".tmp"), "{names:?}");
    drop(writer);
    assert!(folder.names().is_empty());
}

#[test]
fn f22_paths_that_cannot_be_outputs() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("sub")).unwrap();
    for overwrite in [false, true] {
        for path in [folder.path("sub"), folder.path("sub/.."), "/".into(), "/dev/full".into()] {
            let error = write_tiny(&path, 1, overwrite).unwrap_err();
            assert_eq!(error.kind(), FitsErrorKind::Parameter, "{error}");
        }
        let error = write_tiny(&folder.path("absent/f.fits"), 1, overwrite).unwrap_err();
        assert_eq!(error.kind(), FitsErrorKind::Io);
        let (path, absent) = (folder.path("absent/f.fits"), folder.path("absent"));
        let expected = format!(
            "{}: cannot create the output: the folder {} does not exist",
            path.display(),
            absent.display()
        );
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(folder.names(), ["sub"]);
}

#[test]
fn f22_a_name_that_ends_like_a_folder_is_refused_at_create() {
    let folder = Folder::new();
    write_tiny(&folder.path("old.fits"), 1, false).unwrap();
    for name in ["o.fits/", "o.fits//", "o.fits/.", "old.fits/", "old.fits/./"] {
        for overwrite in [false, true] {
            let path = folder.path(name);
            let error = FitsWriter::create(&path, &spec(Bitpix::U8, &[1]), overwrite).unwrap_err();
            assert!(matches!(error, FitsError::Target { .. }), "{name}: {error}");
            let text = error.to_string();
            assert!(text.contains(name) && text.contains("it is the name of a folder"), "{text}");
        }
    }
    // A file where a folder is needed.
    let error = write_tiny(&folder.path("old.fits/f.fits"), 1, false).unwrap_err();
    assert_eq!(error.kind(), FitsErrorKind::Io);
    #[cfg(unix)]
    assert!(error.to_string().ends_with("old.fits is not a folder"), "{error}");
    assert_eq!(folder.names(), ["old.fits"]);
}

fn prepare_tiny(path: &Path, value: u8, overwrite: bool) -> PreparedFile {
    let mut writer = FitsWriter::create(path, &spec(Bitpix::U8, &[1]), overwrite).unwrap();
    writer.write_rows(0, 0, &[value]).unwrap();
    writer.prepare(Header::new()).unwrap()
}

#[test]
fn prepared_files_appear_when_published_and_disappear_when_dropped() {
    let folder = Folder::new();
    let (a, b) = (folder.path("a.fits"), folder.path("b.fits"));
    write_tiny(&a, 1, false).unwrap();
    drop(prepare_tiny(&a, 2, true));
    assert_eq!((folder.names(), read_tiny(&a)), (vec!["a.fits".to_owned()], 1.0));

    let files = vec![prepare_tiny(&a, 2, true), prepare_tiny(&b, 3, false)];
    assert_eq!(files[1].path(), b);
    assert_eq!(read_tiny(&a), 1.0);
    publish_all(files).unwrap();
    assert_eq!((read_tiny(&a), read_tiny(&b)), (2.0, 3.0));
    prepare_tiny(&b, 4, true).publish().unwrap();
    assert_eq!(read_tiny(&b), 4.0);
    publish_all(Vec::new()).unwrap();
    assert_eq!(folder.names(), ["a.fits", "b.fits"]);
}

/// Nothing changes beside what `spoil` does between `prepare` and `publish_all`.
#[track_caller]
fn nothing_is_published(spoil: impl Fn(&Path), kind: FitsErrorKind, left: &[&str]) {
    let folder = Folder::new();
    let old = folder.path("a.fits");
    write_tiny(&old, 1, false).unwrap();
    let second = folder.path("sub/b.fits");
    std::fs::create_dir(folder.path("sub")).unwrap();
    let files = vec![
        prepare_tiny(&old, 2, true),
        prepare_tiny(&folder.path("c.fits"), 2, false),
        prepare_tiny(&second, 2, kind != FitsErrorKind::Exists),
    ];
    spoil(&second);
    let error = publish_all(files).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().starts_with(&*second.to_string_lossy()), "{error}");
    assert_eq!(read_tiny(&old), 1.0);
    let mut names = folder.names();
    let inside = std::fs::read_dir(folder.path("sub")).into_iter().flatten();
    names.extend(inside.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()));
    assert_eq!(names, left);
}

#[test]
fn f22_outputs_of_one_run_are_published_all_or_none() {
    use FitsErrorKind::{Exists, Io, Parameter};
    let left = ["a.fits", "sub", "b.fits"];
    nothing_is_published(|second| std::fs::create_dir(second).unwrap(), Parameter, &left);
    nothing_is_published(|second| write_tiny(second, 9, false).unwrap(), Exists, &left);
    let vanish = |second: &Path| std::fs::remove_dir_all(second.parent().unwrap()).unwrap();
    nothing_is_published(vanish, Io, &["a.fits"]);
}

/// Two files for one new name: no look beforehand tells that the second will fail.
#[test]
fn f22_what_was_published_before_a_failure_is_undone() {
    let folder = Folder::new();
    let (a, b) = (folder.path("a.fits"), folder.path("b.fits"));
    write_tiny(&a, 1, false).unwrap();
    let files = vec![
        prepare_tiny(&a, 2, true),
        prepare_tiny(&a, 3, true),
        prepare_tiny(&b, 4, false),
        prepare_tiny(&b, 5, false),
    ];
    assert_eq!(publish_all(files).unwrap_err().kind(), FitsErrorKind::Exists);
    assert_eq!(read_tiny(&a), 1.0);
    assert_eq!(folder.names(), ["a.fits"]);
}

#[test]
fn an_incomplete_image_is_found_when_preparing() {
    let folder = Folder::new();
    let writer = FitsWriter::create(folder.path("f.fits"), &spec(Bitpix::U8, &[1]), false).unwrap();
    assert!(matches!(writer.prepare(Header::new()), Err(FitsError::Incomplete { .. })));
    let writer = FitsWriter::create(folder.path("f.fits"), &spec(Bitpix::U8, &[]), false).unwrap();
    assert_eq!(writer.prepare_all(Vec::new()).unwrap_err().kind(), FitsErrorKind::Parameter);
    assert!(folder.names().is_empty());
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permission_bits() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    let (path, link) = (folder.path("f.fits"), folder.path("link.fits"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    write_tiny(&path, 0, false).unwrap();
    symlink(&path, &link).unwrap();
    // A new file follows the umask like any other.
    assert_eq!(mode(&path), mode(&folder.write("plain", b"")));
    for (i, bits) in [0o600, 0o444, 0o666, 0o640, 0o775].into_iter().enumerate() {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
        let target = if i % 2 == 0 { &path } else { &link };
        let writer = FitsWriter::create(target, &spec(Bitpix::U8, &[]), true).unwrap();
        // Already while it is written: what was private stays so.
        let temporary = folder.names().into_iter().find(|name| name.ends_with(".tmp")).unwrap();
        assert_eq!(mode(&folder.path(&temporary)), bits);
        writer.finish().unwrap();
        assert_eq!(mode(&path), bits);
    }
}

#[cfg(unix)]
#[test]
fn f22_a_folder_without_permission_is_an_error_at_create() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let locked = folder.path("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), b"").is_ok() {
        #[expect(clippy::print_stderr, reason = "a skipped test should say so")]
        {
            eprintln!("skipped: this user (root?) may write anywhere");
        }
        return;
    }
    let error = FitsWriter::create(locked.join("f.fits"), &spec(Bitpix::U8, &[1]), false).unwrap_err();
    assert_eq!(error.kind(), FitsErrorKind::Io);
    assert!(error.to_string().ends_with("locked is not writable"), "{error}");
}

#[cfg(unix)]
#[test]
fn f22_a_symbolic_link_stays_and_what_it_points_to_is_replaced() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    std::fs::create_dir(folder.path("real")).unwrap();
    let (target, link) = (folder.path("real/f.fits"), folder.path("link.fits"));
    write_tiny(&target, 1, false).unwrap();
    symlink(&target, &link).unwrap();
    assert_eq!(write_tiny(&link, 2, false).unwrap_err().kind(), FitsErrorKind::Exists);
    write_tiny(&link, 2, true).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read_tiny(&target), 2.0);

    let (dangling, around) = (folder.path("dangling.fits"), folder.path("loop.fits"));
    symlink(folder.path("nowhere"), &dangling).unwrap();
    symlink(&around, &around).unwrap();
    for path in [&dangling, &around] {
        assert_eq!(write_tiny(path, 1, true).unwrap_err().kind(), FitsErrorKind::Parameter);
    }
    assert_eq!(folder.names(), ["dangling.fits", "link.fits", "loop.fits", "real"]);
}

#[test]
fn names_of_255_bytes_can_be_written() {
    let folder = Folder::new();
    for name in ["x".repeat(255), "é".repeat(127)] {
        write_tiny(&folder.path(&name), 1, false).unwrap();
        assert_eq!(folder.names(), [name.as_str()]);
        std::fs::remove_file(folder.path(&name)).unwrap();
    }
}

#[test]
fn a_row_that_was_forgotten_is_an_error() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut writer = FitsWriter::create(&path, &spec(Bitpix::U8, &[3, 100, 2]), false).unwrap();
    writer.write_rows(0, 0, &[0_u8; 300]).unwrap();
    writer.write_rows(1, 0, &[0_u8; 90]).unwrap();
    writer.write_rows(1, 31, &[0_u8; 207]).unwrap();
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, FitsError::Incomplete { image: 0, plane: 1, row: 30, .. }), "{error}");
    assert!(folder.names().is_empty());
}

#[test]
fn rows_types_and_axes_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let mut writer = FitsWriter::create(&path, &spec(Bitpix::I16, &[3, 2]), false).unwrap();
    let shown = path.display().to_string();
    let errors = [
        (writer.write_rows(0, 0, &[1.0_f32; 3]), "samples of type f32 were given, needed i16 or u16"),
        (writer.write_rows(0, 0, &[1_u16; 4]), "a slice of 4 samples was given, needed 6"),
        (writer.write_rows(0, 2, &[1_u16; 3]), "rows 2..3 asked for, the image has 2"),
        (writer.write_rows(1, 0, &[1_u16; 3]), "planes 1..2 asked for, the image has 1"),
        (writer.write_rows_of(1, 0, 0, &[1_u16; 3]), "images 1..2 asked for, the image has 1"),
        (writer.write_rows(0, 0, &[1_i16; 3]), "samples of type i16 were given, needed u16"),
    ];
    for (result, message) in errors {
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), format!("{shown}: {message}"));
        assert_eq!(error.kind(), FitsErrorKind::Parameter);
    }
    let huge: [&[u64]; 4] = [&[u64::MAX], &[1 << 40, 1 << 40], &[1 << 62], &[1; 1000]];
    for axes in huge {
        let error = FitsWriter::create(&path, &spec(Bitpix::F64, axes), true).unwrap_err();
        assert!(matches!(error, FitsError::TooLarge { .. }), "{error}");
    }
    // Large, but thinkable: nothing is allocated or written for it.
    drop(FitsWriter::create(folder.path("big.fits"), &spec(Bitpix::U8, &[1, 1 << 61]), false).unwrap());
}

#[test]
fn headers_may_not_contradict_the_writer() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    for card in ["BITPIX  = 8", "naxis3  = 2", "BZERO   = 1", "CHECKSUM= 'x'", "BLANK   = 0", "SIMPLE  = T"] {
        let mut spec = spec(Bitpix::F32, &[1]);
        spec.header.push_card(Card::parse(card));
        let error = FitsWriter::create(&path, &spec, false).unwrap_err();
        assert!(matches!(error, FitsError::ReservedKeyword { .. }), "{card}: {error}");
    }
    for cards in [["A       = 'open", ""], ["a       = 1", ""], ["A       = 1", "A       = 1"]] {
        let mut spec = spec(Bitpix::F32, &[1]);
        spec.header = Header::from_cards(cards.map(Card::parse));
        let error = FitsWriter::create(&path, &spec, false).unwrap_err();
        assert!(matches!(error, FitsError::Value { .. }), "{cards:?}: {error}");
    }
    // BLANK belongs to the caller where samples are integers.
    let mut spec = spec(Bitpix::I16, &[1]);
    spec.header.set("BLANK", -32_768, "").unwrap();
    let mut writer = FitsWriter::create(&path, &spec, false).unwrap();
    writer.write_rows(0, 0, &[i16::MIN]).unwrap();
    writer.finish().unwrap();
    assert!(read_tiny(&path).is_nan());
}

#[test]
fn an_hdu_without_data_is_a_header() {
    let folder = Folder::new();
    let path = folder.path("f.fits");
    let specs = [spec(Bitpix::U8, &[]), spec(Bitpix::U8, &[1])];
    let mut writer = FitsWriter::create_with(&path, &specs, &WriterOptions::default()).unwrap();
    writer.write_rows_of(1, 0, 0, &[5_u8]).unwrap();
    writer.finish().unwrap();
    assert_eq!(read_tiny(&path), 5.0);
    assert!(FitsWriter::create_with(&path, &[], &WriterOptions::default()).is_err());
}

/// A full disk, played by the limit on the size of files. The test runs itself in a shell that sets the limit and
/// ignores the signal that goes with it.
#[cfg(target_os = "linux")]
#[test]
fn f21_a_full_disk_leaves_the_old_file_and_no_temporary() {
    const FOLDER: &str = "SKYSTACK_FITS_TEST_FOLDER";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let path = Path::new(&folder).join("f.fits");
        let mut writer = FitsWriter::create(&path, &spec(Bitpix::U8, &[100_000, 10]), true).unwrap();
        let error = (0..10).find_map(|row| writer.write_rows(0, row, &vec![1_u8; 100_000]).err()).unwrap();
        assert_eq!(error.kind(), FitsErrorKind::Io);
        assert!(error.to_string().contains("f.fits: cannot write"), "{error}");
        return;
    }
    let folder = Folder::new();
    write_tiny(&folder.path("f.fits"), 9, false).unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" f21 --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path(""))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(folder.names(), ["f.fits"]);
    assert_eq!(read_tiny(&folder.path("f.fits")), 9.0);
}

#[test]
fn same_file_sees_through_links_and_before_creation() {
    let folder = Folder::new();
    let a = folder.write("a", b"");
    let b = folder.write("b", b"");
    std::fs::create_dir(folder.path("sub")).unwrap();
    assert!(same_file(&a, &folder.path("sub/../a")));
    assert!(!same_file(&a, &b));
    assert!(same_file(&folder.path("new"), &folder.path("sub/../new")));
    assert!(!same_file(&folder.path("new"), &folder.path("sub/new")));
    assert!(!same_file(&a, &folder.path("new")));
    std::fs::hard_link(&a, folder.path("hard")).unwrap();
    #[cfg(unix)]
    assert!(same_file(&a, &folder.path("hard")));
}
