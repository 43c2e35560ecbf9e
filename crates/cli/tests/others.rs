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
