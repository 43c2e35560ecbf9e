//! demo, simulate, info, trace, preview, machine, help.

mod support;

use support::{Folder, plane};

#[test]
fn help_and_version_are_no_errors() {
    let folder = Folder::new();
    let help = folder.run("combine --help");
    for flag in ["--reject", "--lsigma", "--mem-limit", "--rejmask", "--zero", "--plan"] {
        assert!(help.succeeds().stdout.contains(flag), "{flag}");
    }
    assert!(folder.run("--version").succeeds().stdout.starts_with("skystack "));
    assert!(folder.run("--help").succeeds().stdout.contains("demo"));
}

#[test]
fn simulated_files_hold_what_the_library_simulates() {
    let folder = Folder::new();
    folder.run("simulate --frames 2 --size 31x17 --seed 9 --dir deep/sky").succeeds();
    folder.run("simulate --frames 2 --size 31x17 --seed 9 --dir floats --bitpix -32").succeeds();
    let simulated = skystack::simulate::stack(2, 17, 31, 9);
    for (number, frame) in simulated.frames.outer_iter().enumerate() {
        let expected: Vec<f64> = frame.iter().map(|&v| f64::from(v)).collect();
        assert_eq!(plane(&folder.path(&format!("deep/sky/frame{number:03}.fits"))), expected);
        assert_eq!(plane(&folder.path(&format!("floats/frame{number:03}.fits"))), expected);
    }
    assert_eq!(plane(&folder.path("deep/sky/truth.fits")), simulated.truth.as_slice().unwrap());
    let hits = String::from_utf8(folder.read("deep/sky/hits.txt")).unwrap();
    assert_eq!(hits.lines().count(), simulated.hits.len() + 1);
}

#[test]
fn info_shows_type_shape_and_keywords() {
    let folder = Folder::with_frames(1, "40x30");
    let outcome = folder.run("info frame000.fits truth.fits");
    for text in ["frame000.fits", "40 x 30", "BITPIX 16", "EXPTIME 60", "GAIN 1.5", "RDNOISE 8", "BITPIX -64"]
    {
        assert!(outcome.succeeds().stdout.contains(text), "{text}: {outcome:?}");
    }
}

#[test]
fn info_goes_on_behind_a_bad_file() {
    let folder = Folder::with_frames(1, "40x30");
    folder.write("bad.fits", "notes");
    let outcome = folder.run("info bad.fits frame000.fits");
    outcome.fails(1, &["bad.fits"]);
    assert!(outcome.stdout.contains("40 x 30"), "{outcome:?}");
    let two = folder.run("info bad.fits nowhere.fits frame000.fits");
    assert_eq!((two.code, two.stderr.lines().count()), (Some(1), 2), "{two:?}");
}

#[test]
fn info_describes_an_hdu_that_is_no_image() {
    let folder = Folder::with_frames(1, "40x30");
    let mut mef = folder.read("frame000.fits");
    let cards = [
        "XTENSION= 'BINTABLE'",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
        "NAXIS1  =                    4",
        "NAXIS2  =                    1",
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        "TFIELDS =                    1",
        "TFORM1  = '1J      '",
        "EXTNAME = 'TAB     '",
        "END",
    ];
    let header: String = cards.iter().map(|card| format!("{card:<80}")).collect();
    mef.extend(format!("{header:<2880}").bytes());
    mef.extend([0; 2880]);
    folder.write("mef.fits", mef);
    let outcome = folder.run("info mef.fits[tab]");
    assert!(outcome.succeeds().stdout.contains("[1] TAB"), "{outcome:?}");
    assert!(!outcome.stdout.contains("40 x 30"), "{outcome:?}");
    folder.run("info mef.fits[SCI]").fails(1, &["SCI"]);
}

#[test]
fn trace_counts_pixels_from_one() {
    let folder = Folder::with_frames(5, "20x10");
    let frames = "frame000.fits frame001.fits frame002.fits frame003.fits frame004.fits";
    let outcome = folder.run(&format!("trace 20 10 --reject sigclip --lsigma 2 -o unused.fits {frames}"));
    assert!(!outcome.succeeds().stdout.is_empty());
    assert!(!folder.path("unused.fits").exists());
    let corner = plane(&folder.path("frame000.fits"))[199];
    assert!(
        outcome.stdout.contains(&format!("{corner}")),
        "sample {corner} of the last pixel: {}",
        outcome.stdout
    );
    let before = folder.snapshot();
    folder.run(&format!("trace 21 10 {frames}")).fails(2, &["21"]);
    assert_eq!(before, folder.snapshot());
}

#[test]
fn a_preview_shows_what_was_rejected() {
    let folder = Folder::with_frames(5, "24x20");
    folder.run("combine --reject minmax --nlow 0 --mef --nrej n.fits -o mef.fits frame*.fits").succeeds();
    folder
        .run("combine --reject minmax --nlow 0 --rejmask m.fits --nrej n.fits -o o.fits frame*.fits")
        .succeeds();
    folder.run("preview o.fits -o plain.png").succeeds();
    for line in ["o.fits --rejections n.fits", "o.fits --rejections m.fits", "mef.fits --rejections"] {
        folder.run(&format!("preview --overwrite -o red.png {line}")).succeeds();
        let (red, plain) = (folder.read("red.png"), folder.read("plain.png"));
        // Byte 25 is the colour type: RGB and grey. Every pixel lost one sample.
        assert_eq!((red[25], plain[25]), (2, 0), "{line}");
    }
}

#[test]
fn a_preview_is_a_png_of_the_image() {
    let folder = Folder::with_frames(1, "50x40");
    folder.run("preview frame000.fits -o a.png").succeeds();
    let png = folder.read("a.png");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((&png[16..20], &png[20..24]), (&50_u32.to_be_bytes()[..], &40_u32.to_be_bytes()[..]));
    folder.run("preview frame000.fits -o a.png --overwrite").succeeds();
}

#[test]
fn the_machine_is_described() {
    let outcome = Folder::new().run("machine");
    assert!(!outcome.succeeds().stdout.is_empty());
}

#[test]
fn the_demo_finds_theory_confirmed_and_leaves_its_results() {
    let folder = Folder::new();
    let outcome = folder.run("demo --frames 15 --size 256x200");
    assert!(outcome.succeeds().stdout.contains("Verdict: good."), "{}", outcome.stdout);
    for name in ["demo.fits", "demo_single.fits", "demo.png"] {
        assert!(folder.path("skystack-demo").join(name).exists(), "{name}");
    }
    // A second demo replaces the first.
    folder.run("demo --frames 5 --size 100x100").succeeds();
    assert_eq!(plane(&folder.path("skystack-demo/demo.fits")).len(), 10_000);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    use std::process::{Command, Stdio};
    let folder = Folder::with_frames(1, "16x16");
    let mut command = Command::new(env!("CARGO_BIN_EXE_skystack"));
    command.args(["info"]).args(["frame000.fits"; 2000]).current_dir(folder.path("."));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Runs a line whose reader has left before it starts to write.
#[cfg(unix)]
fn into_closed_pipe(folder: &Folder, line: &str) {
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_skystack"));
    command.args(line.split_whitespace()).current_dir(folder.path("."));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{line}");
}

#[cfg(unix)]
#[test]
fn work_is_done_though_nobody_reads_about_it() {
    let folder = Folder::with_frames(3, "64x64");
    into_closed_pipe(&folder, "combine -v -o out.fits frame000.fits frame001.fits frame002.fits");
    assert_eq!(plane(&folder.path("out.fits")).len(), 64 * 64);
    into_closed_pipe(&folder, "demo --frames 5 --size 100x100");
    assert!(folder.path("skystack-demo/demo.png").exists());
    into_closed_pipe(&folder, "simulate --frames 1 --size 9x9 --dir sky");
    assert!(folder.path("sky/hits.txt").exists());
}
