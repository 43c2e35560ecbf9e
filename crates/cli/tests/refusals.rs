//! Everything that is wrong: exit code, exactly one line on stderr, nothing left behind, nothing touched.

mod support;

use support::Folder;

fn frames() -> Folder {
    Folder::with_frames(3, "24x20")
}

const THREE: &str = "frame000.fits frame001.fits frame002.fits";

#[test]
fn a_missing_file_is_named() {
    frames().refuses("combine -o out.fits frame000.fits nowhere.fits", 1, &["nowhere.fits"]);
    frames().refuses("combine -o out.fits nowhere.fits[2] frame000.fits", 1, &["nowhere.fits"]);
    frames().refuses("info nowhere.fits", 1, &["nowhere.fits"]);
    frames().refuses("preview nowhere.fits -o x.png", 1, &["nowhere.fits"]);
    frames().refuses("trace 3 3 nowhere.fits", 1, &["nowhere.fits"]);
}

#[test]
fn a_text_file_is_no_fits_file() {
    let folder = frames();
    folder.write("notes.fits", "these are notes\n".repeat(400));
    folder.write("empty.fits", "");
    folder.refuses("combine -o out.fits frame000.fits notes.fits", 1, &["notes.fits"]);
    folder.refuses("combine -o out.fits frame000.fits empty.fits", 1, &["empty.fits"]);
    folder.refuses("info notes.fits", 1, &["notes.fits"]);
}

#[test]
fn a_truncated_file_is_found_before_work_starts() {
    let folder = frames();
    let whole = folder.read("frame001.fits");
    folder.write("cut.fits", &whole[..3000]);
    folder.write("headless.fits", &whole[..1600]);
    folder.refuses("combine -o out.fits frame000.fits cut.fits", 1, &["cut.fits"]);
    folder.refuses("combine -o out.fits frame000.fits headless.fits", 1, &["headless.fits"]);
}

#[test]
fn frames_of_different_shape_are_refused_with_both_shapes() {
    let folder = frames();
    folder.run("simulate --frames 1 --size 10x10 --dir other").succeeds();
    folder.refuses(
        "combine -o out.fits frame000.fits other/frame000.fits",
        1,
        &["other/frame000.fits", "24", "10"],
    );
}

#[test]
fn an_existing_output_stays_without_overwrite() {
    let folder = frames();
    folder.write("old.fits", "do not lose this");
    folder.refuses(&format!("combine -o old.fits {THREE}"), 1, &["old.fits"]);
    folder.refuses(&format!("combine -o new.fits --nrej old.fits {THREE}"), 1, &["old.fits"]);
    folder.refuses("preview frame000.fits -o old.fits", 1, &["old.fits", "--overwrite"]);
    folder.refuses("simulate --frames 1 --size 10x10 --dir .", 1, &["frame000.fits"]);
}

#[test]
fn a_failure_with_overwrite_leaves_the_old_output() {
    let folder = frames();
    folder.write("old.fits", "do not lose this");
    folder.write("notes.fits", "notes");
    folder.refuses("combine --overwrite -o old.fits frame000.fits notes.fits", 1, &["notes.fits"]);
}

#[test]
fn a_folder_that_is_missing_or_no_folder_is_named() {
    let folder = frames();
    folder.refuses(&format!("combine -o nowhere/out.fits {THREE}"), 1, &["nowhere"]);
    folder.refuses("preview frame000.fits -o nowhere/out.png", 1, &["nowhere"]);
    folder.refuses("simulate --frames 1 --size 9x9 --dir frame000.fits/sub", 1, &["frame000.fits/sub"]);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = frames();
    let locked = folder.path("locked");
    std::fs::create_dir(&locked).unwrap();
    let mode = |mode| std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    // Root may write anywhere: then there is nothing to test.
    if std::fs::write(locked.join("probe"), "").is_err() {
        folder.refuses(&format!("combine -o locked/out.fits {THREE}"), 1, &["locked"]);
    }
    mode(0o755);
}

#[test]
fn an_output_is_no_input_and_no_other_output() {
    let folder = frames();
    folder.refuses(&format!("combine --overwrite -o frame001.fits {THREE}"), 2, &["frame001.fits", "input"]);
    folder.refuses(
        &format!("combine --overwrite -o ./frame001.fits {THREE}"),
        2,
        &["frame001.fits", "input"],
    );
    folder.refuses(&format!("combine -o a.fits --sigma ./a.fits {THREE}"), 2, &["a.fits", "named twice"]);
    folder.refuses(
        &format!("combine --overwrite -o a.fits --rejmask frame002.fits {THREE}"),
        2,
        &["frame002.fits", "input"],
    );
}

#[test]
fn rejections_are_what_their_convention_defines() {
    let folder = frames();
    for (flags, words) in [
        ("--reject minmax --convention astropy", ["minmax", "astropy"]),
        ("--reject extrema", ["extrema", "iraf"]),
        ("--reject madclip --convention siril", ["madclip", "siril"]),
        ("--reject sigclip --convention lsst", ["sigclip", "lsst"]),
        ("--reject sigclip --convention idl", ["idl", "iraf"]),
        ("--reject sigma", ["sigma", "sigclip"]),
        ("--reject sigclip --nlow 2", ["--nlow", "sigclip"]),
        ("--reject minmax --lsigma 2", ["--lsigma", "minmax"]),
        ("--lsigma 2", ["--lsigma", "none"]),
        ("--reject sigclip --lsigma -2", ["lsigma", "-2"]),
        ("--reject minmax --nlow 2 --nhigh 1", ["minmax", "3"]),
    ] {
        folder.refuses(&format!("combine {flags} -o out.fits {THREE}"), 2, &words);
    }
}

#[test]
fn weights_that_make_no_sense_are_refused() {
    let folder = frames();
    folder.write("w.txt", "1\n2\n3\n");
    folder.write("two.txt", "1\n2\n");
    folder.write("bad.txt", "1\nheavy\n3\n");
    for statistic in ["median", "lmedian", "min", "max"] {
        folder.refuses(
            &format!("combine --combine {statistic} --weight @w.txt -o o.fits {THREE}"),
            2,
            &["weight"],
        );
    }
    folder.refuses(&format!("combine --weight @two.txt -o o.fits {THREE}"), 2, &["two.txt", "2", "3"]);
    folder.refuses(
        &format!("combine --weight @bad.txt -o o.fits {THREE}"),
        1,
        &["bad.txt", "line 2", "heavy"],
    );
    folder.refuses(&format!("combine --weight @none.txt -o o.fits {THREE}"), 1, &["none.txt"]);
    folder.refuses(&format!("combine --weight w.txt -o o.fits {THREE}"), 2, &["w.txt", "@FILE"]);
}

#[test]
fn what_comes_later_says_so() {
    let folder = frames();
    for (flags, words) in [
        ("--zero mode", ["--zero mode: not available yet", "needed: none"]),
        ("--scale median", ["--scale median: not available yet", "needed: none"]),
        ("--weight mode", ["--weight mode: not available yet", "exposure"]),
        ("--combine quadrature", ["--combine quadrature: not available yet", "average"]),
        ("--reject ccdclip", ["--reject ccdclip: not available yet", "sigclip"]),
        ("--bitpix 16", ["--bitpix 16: not available yet", "-32"]),
        ("--grow 2", ["--grow 2: not available yet", "needed: 0"]),
        ("--mef", ["--mef: not available yet", "needed"]),
        ("--error e.fits", ["--error e.fits: not available yet", "needed"]),
        ("--report r.json", ["--report r.json: not available yet", "needed"]),
    ] {
        folder.refuses(&format!("combine {flags} -o out.fits {THREE}"), 2, &words);
    }
    folder.refuses("bench", 2, &["not available yet"]);
    folder.refuses(
        "preview frame000.fits -o a.png --rejections m.fits",
        2,
        &["--rejections", "not available yet"],
    );
    folder.refuses(&format!("combine --device cuda -o out.fits {THREE}"), 1, &["--device cuda", "no CUDA"]);
}

#[test]
fn wrong_words_and_values_are_one_line() {
    let folder = frames();
    for (line, words) in [
        ("", vec!["command"]),
        ("mix a.fits", vec!["mix"]),
        ("combine -o out.fits", vec!["INPUT"]),
        ("combine frame000.fits", vec!["--output"]),
        ("combine -o out.fits --fast frame000.fits", vec!["--fast"]),
        ("combine -o out.fits --bitpix 12 frame000.fits", vec!["--bitpix", "12", "-64"]),
        ("combine -o out.fits --mem-limit 2pounds frame000.fits", vec!["2pounds", "2GiB"]),
        ("combine -o out.fits --threads 0 frame000.fits", vec!["--threads"]),
        ("combine -o out.fits --maxiters many --reject sigclip frame000.fits", vec!["many", "inf"]),
        ("combine -o out.fits --blank black frame000.fits", vec!["--blank", "black"]),
        ("combine -o out.fits --lthreshold nan frame000.fits", vec!["--lthreshold"]),
        ("combine -o out.fits -q -v frame000.fits", vec!["--quiet", "--verbose"]),
        ("combine -o out.fits z*.fits", vec!["z*.fits"]),
        ("combine -o out.fits @list.txt", vec!["list.txt"]),
        ("trace 0 1 frame000.fits", vec!["X and Y"]),
        ("demo --size 8x8", vec!["8x8"]),
        ("simulate --size 8 --dir d", vec!["--size", "WIDTHxHEIGHT"]),
    ] {
        let code = if line.contains("z*") || line.contains('@') { 1 } else { 2 };
        folder.refuses(line, code, &words);
    }
}

#[test]
fn an_unknown_level_is_refused() {
    let folder = frames();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_skystack"))
        .args(["combine", "-o", "out.fits", "frame000.fits"])
        .current_dir(folder.path("."))
        .env("SKYSTACK_LEVEL", "sse9")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("SKYSTACK_LEVEL") && stderr.contains("sse9") && stderr.lines().count() == 1,
        "{stderr}"
    );
}
