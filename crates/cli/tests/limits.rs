//! What a user sees of limits: a memory limit that holds, few descriptors, and Ctrl-C. Linux, where they can be set from a
//! shell; elsewhere these tests say that they were left out.

#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use skystack::fits::{Bitpix, FitsWriter, Header, ImageSpec};
use support::Folder;

/// Writes `frames` frames of cheap noise, `f0000.fits` and so on.
fn with_noise(frames: usize, height: usize, width: usize) -> Folder {
    let folder = Folder::new();
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1000 + (state >> 24) as u16
    };
    for i in 0..frames {
        let spec =
            ImageSpec { bitpix: Bitpix::I16, axes: vec![width as u64, height as u64], header: Header::new() };
        let mut writer = FitsWriter::create(folder.path(&format!("f{i:04}.fits")), &spec, false).unwrap();
        let data: Vec<u16> = (0..height * width).map(|_| noise()).collect();
        writer.write_rows(0, 0, &data).unwrap();
        writer.finish().unwrap();
    }
    folder
}

fn linux() -> bool {
    let linux = cfg!(target_os = "linux");
    if !linux {
        eprintln!("left out: needs Linux");
    }
    linux
}

/// Runs `skystack` below a shell that sets `limits` first.
fn limited(folder: &Folder, limits: &str, line: &str) -> std::process::Output {
    let script = format!("{limits} && exec {} {line}", env!("CARGO_BIN_EXE_skystack"));
    Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output().unwrap()
}

#[test]
fn the_memory_limit_holds_and_does_not_change_the_result() {
    if !linux() {
        return;
    }
    // 100 MiB on disk, 200 MiB as f32. The address space below counts the program, its libraries and the stacks of its
    // threads (2 MiB each) too; glibc would reserve 64 MiB more for each thread's arena.
    let folder = with_noise(200, 512, 512);
    let line = "combine --reject sigclip --lsigma 2 --combine median --threads 2 --rejmask m.fits";
    folder.run(&format!("{line} -o free.fits f0*.fits")).succeeds();
    let limits = "ulimit -v 98304 && export MALLOC_ARENA_MAX=1";
    let run =
        limited(&folder, limits, &format!("{line} --overwrite --mem-limit 32MiB -o small.fits 'f0*.fits'"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(folder.read("free.fits") == folder.read("small.fits"), "the limit changed the result");
}

#[test]
fn more_files_than_descriptors_are_no_obstacle() {
    if !linux() {
        return;
    }
    let folder = with_noise(300, 16, 16);
    let run = limited(&folder, "ulimit -n 40", "combine --combine median -o few.fits 'f0*.fits'");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    folder.run("combine --combine median -o many.fits f0*.fits").succeeds();
    assert!(folder.read("few.fits") == folder.read("many.fits"), "reopened files gave another result");
}

#[test]
fn ctrl_c_ends_the_run_and_leaves_nothing_behind() {
    if !linux() {
        return;
    }
    // Scalar kernels on one thread: many seconds of work if nobody stopped it.
    let folder = with_noise(60, 1000, 1000);
    let before = folder.snapshot();
    let words = ["combine", "--reject", "sigclip", "--threads", "1", "-o", "out.fits", "f0*.fits"];
    let child = Command::new(env!("CARGO_BIN_EXE_skystack"))
        .args(words)
        .env("SKYSTACK_LEVEL", "scalar")
        .current_dir(folder.path(""))
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let working = || std::fs::read_dir(folder.path("")).unwrap().count() > before.len();
    let started = Instant::now();
    while !working() && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let signalled = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let outcome = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(outcome.status.code(), Some(130), "{stderr}");
    assert_eq!((stderr.lines().count(), stderr.contains("signal 2")), (1, true), "{stderr}");
    assert!(signalled.elapsed() < Duration::from_secs(10), "stopped after {:?}", signalled.elapsed());
    assert!(folder.snapshot() == before, "the folder has changed");
}

#[test]
fn a_file_size_limit_is_an_error_that_leaves_nothing_behind() {
    if !linux() {
        return;
    }
    let folder = with_noise(2, 512, 512);
    let before = folder.snapshot();
    // 128 blocks of 512 or 1024 bytes, as the shell has it: less than any of these images.
    for line in [
        "combine -o out.fits f0000.fits f0001.fits",
        "simulate --frames 2 --size 512x512 --dir deep/sky",
        "demo --frames 3 --size 256x256",
    ] {
        let run = limited(&folder, "ulimit -f 128", line);
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!((run.status.code(), stderr.lines().count()), (Some(1), 1), "{line}: {stderr}");
        assert!(stderr.contains("File too large"), "{line}: {stderr}");
        assert!(folder.snapshot() == before, "{line}: the folder has changed");
    }
}

/// Starts `line`, waits until something lies in the folder, sends `signal`; gives the exit code.
fn signalled(folder: &Folder, line: &str, signal: &str) -> Option<i32> {
    let before = std::fs::read_dir(folder.path("")).unwrap().count();
    let child = Command::new(env!("CARGO_BIN_EXE_skystack"))
        .args(line.split_whitespace())
        .env("SKYSTACK_LEVEL", "scalar")
        .current_dir(folder.path(""))
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let idle = || std::fs::read_dir(folder.path("")).unwrap().count() == before;
    while idle() && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child.wait_with_output().unwrap().status.code()
}

#[test]
fn signals_stop_simulations_and_demos_and_nothing_stays() {
    if !linux() {
        return;
    }
    let folder = Folder::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        for line in ["simulate --frames 200 --size 512x512 --dir sky", "demo --frames 50 --size 700x700"] {
            assert_eq!(signalled(&folder, line, signal), Some(code), "{line} {signal}");
            assert!(folder.snapshot().is_empty(), "{line} {signal}: {:?}", folder.snapshot().keys());
        }
    }
}

#[test]
fn a_hang_up_stops_a_combine() {
    if !linux() {
        return;
    }
    let folder = with_noise(60, 1000, 1000);
    let before = folder.snapshot();
    let line = "combine --reject sigclip --threads 1 -o out.fits f0*.fits";
    assert_eq!(signalled(&folder, line, "-HUP"), Some(129));
    assert!(folder.snapshot() == before, "the folder has changed");
}

#[test]
fn an_output_stays_though_its_report_cannot_be_written() {
    if !linux() {
        return;
    }
    let folder = with_noise(2, 16, 16);
    // The image is below the limit, the log that the report goes to above it.
    folder.write("log", vec![b'x'; 400_000]);
    let line = "combine -v -o out.fits f0000.fits f0001.fits >> log";
    let run = limited(&folder, "ulimit -f 128", line);
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.lines().all(|line| line.starts_with("warning: cannot write to standard output")),
        "{stderr}"
    );
    assert!(!stderr.is_empty() && folder.path("out.fits").exists(), "{stderr}");
}
