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
fn lists_of_the_run_are_never_replaced() {
    let folder = frames();
    folder.write("in.txt", "frame000.fits\nframe001.fits\nframe002.fits\n");
    folder.write("numbers.txt", "1\n2\n3\n");
    folder.write("shifts.txt", "0 0\n0 0\n0 0\n");
    for (line, list) in [
        ("combine --overwrite -o in.txt @in.txt", "in.txt"),
        ("combine --overwrite -o out.fits --report in.txt @in.txt", "in.txt"),
        ("combine --overwrite -o numbers.txt --weight @numbers.txt @in.txt", "numbers.txt"),
        ("combine --overwrite -o out.fits --sigma numbers.txt --zero @numbers.txt @in.txt", "numbers.txt"),
        (
            "combine --overwrite -o out.fits --nrej numbers.txt --reject minmax --reject-scale @numbers.txt @in.txt",
            "numbers.txt",
        ),
        ("combine --overwrite -o shifts.txt --offsets @shifts.txt @in.txt", "shifts.txt"),
    ] {
        folder.refuses(line, 2, &[list, "a list of this run"]);
    }
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
        ("--reject minmax --nlow 2 --nhigh 1", ["--nlow and --nhigh", "3"]),
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
fn what_nothing_uses_or_nobody_has_is_refused() {
    let folder = frames();
    folder.write("short.txt", "0 0\n1 2\n");
    folder.write("w.txt", "1\n2\n3\n");
    folder.write("two.txt", "1\n2\n");
    folder.write("odd.txt", "0 0\n1.5 2\n3 4\n");
    for (flags, words) in [
        ("--gain 2", vec!["--gain", "not used by --reject none", "ccdclip"]),
        ("--rdnoise !RON", vec!["--rdnoise is not used by --reject none"]),
        (
            "--reject varclip --convention swarp --variance 2 --snoise 0.1",
            vec!["--snoise is not used by --reject varclip"],
        ),
        ("--statsec [1:5,1:5]", vec!["--statsec is not used", "--zero"]),
        ("--statsec overlap --scale exposure", vec!["--statsec is not used", "median"]),
        ("--norm add --zero mean", vec!["--scale and --zero are not used beside --norm"]),
        (
            "--reject-norm add",
            vec!["--reject-norm, --reject-scale and --reject-zero are not used by --reject none"],
        ),
        ("--norm-reference 2", vec!["--norm-reference is not used", "--norm or --reject-norm"]),
        ("--scaling-errors", vec!["--scaling-errors is not used", "--scale or --zero"]),
        ("--scaling-errors --zero mean", vec!["--scaling-errors is not used"]),
        ("--norm add --minoverlap 9", vec!["--minoverlap is not used", "overlap-zero"]),
        ("--norm add --norm-reference 4", vec!["frame 4, needed one of 3"]),
        ("--maskvalue 3", vec!["--maskvalue is not used by --masktype none"]),
        ("--mask frame000.fits", vec!["--mask is not used by --masktype none", "--dq"]),
        ("--grow 1", vec!["--grow is not used by --reject none"]),
        ("--variance noise", vec!["--variance is not used", "--error"]),
        ("--variance 4 --sigma s.fits", vec!["--variance is not used", "varclip"]),
        ("--mef", vec!["--mef is not used", "--sigma"]),
        ("--weight @w.txt --combine median", vec!["weight", "median"]),
        ("--weight @w.txt --reject medsigma --convention siril", vec!["weight is given for medsigma"]),
        ("--zero mean --convention ccdproc", vec!["zero is not defined in convention ccdproc"]),
        ("--error e.fits --variance 2 --combine nmodel", vec!["propagated error is combine=nmodel"]),
        ("--reject gesd", vec!["gesd is not defined in convention iraf"]),
        ("--reject ccdclip --lsigma -1", vec!["lsigma is -1"]),
        (
            "--reject winsorized --convention siril --nkeep 3",
            vec!["--nkeep is not used by --reject winsorized"],
        ),
        ("--reject pclip --pclip 0", vec!["pclip is 0"]),
        ("--reject varclip --convention dragons", vec!["variance is none", "varclip"]),
        ("--reject varclip --convention swarp", vec!["variance is none", "varclip"]),
        (
            "--reject minmax --zero @w.txt --reject-zero @two.txt",
            vec!["zero", "2 numbers", "zero of w.txt or zero of two.txt"],
        ),
        (
            "--reject medsigma --convention siril --combine median",
            vec!["combine is median", "average for medsigma"],
        ),
        ("--zero exposure", vec!["--zero", "exposure"]),
        ("--statsec [3:2,1:1]", vec!["--statsec", "x1:x2"]),
        ("--statsec [300:400,1:1] --zero mean", vec!["frame000.fits", "no valid pixel"]),
        ("--masktype goodvalue", vec!["no frame has a mask", "BPM"]),
        ("--grow -1", vec!["grow is -1"]),
        ("--combine quadrature --error e.fits", vec!["empirical error is combine=quadrature"]),
        ("--offsets @short.txt", vec!["offsets are 2 pairs", "3 frames", "short.txt"]),
        ("--bitpix 16 --blank 0.5", vec!["blank is 0.5", "whole number"]),
    ] {
        folder.refuses(&format!("combine {flags} -o out.fits {THREE}"), 2, &words);
    }
    folder.refuses(
        &format!("combine --offsets @odd.txt -o o.fits {THREE}"),
        1,
        &["odd.txt", "line 2", "1.5 2"],
    );
    folder.refuses(&format!("combine --variance [VAR] -o o.fits {THREE}"), 1, &["frame000.fits", "VAR"]);
    folder.refuses(
        &format!("combine --scale !NOPE -o o.fits {THREE}"),
        1,
        &["frame000.fits", "NOPE", "scale"],
    );
}

#[test]
fn what_comes_later_says_so() {
    let folder = frames();
    folder.refuses("preview frame000.fits -o o.png --rejections", 1, &["frame000.fits", "NREJ"]);
    folder.run("simulate --frames 1 --size 9x9 --dir small").succeeds();
    folder.refuses(
        "preview frame000.fits -o o.png --rejections small/frame000.fits",
        1,
        &["small/frame000.fits", "9 x 9", "24 x 20"],
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
        ("trace 0 1 frame000.fits", vec!["a whole number from 1"]),
        ("demo --size 8x8", vec!["8x8"]),
        ("simulate --size 8 --dir d", vec!["--size", "WIDTHxHEIGHT"]),
    ] {
        let code = if line.contains("z*") || line.contains('@') { 1 } else { 2 };
        folder.refuses(line, code, &words);
    }
}

#[test]
fn a_negative_value_reaches_the_option_that_it_was_given_to() {
    let folder = frames();
    for (line, words) in [
        ("combine -o out.fits --mem-limit -1 frame000.fits", ["--mem-limit", "'-1'", "2GiB"]),
        (
            "combine -o out.fits --threads -1 frame000.fits",
            ["--threads", "'-1'", "needed a whole number from 1"],
        ),
        (
            "combine -o out.fits --threads 0 frame000.fits",
            ["--threads", "'0'", "needed a whole number from 1"],
        ),
        ("combine -o out.fits --weight -1 frame000.fits", ["--weight", "'-1'", "@FILE"]),
        ("combine -o out.fits --ddof -1 frame000.fits", ["--ddof", "'-1'", "needed a whole number"]),
        ("combine -o out.fits --maxrej -1 frame000.fits", ["--maxrej", "'-1'", "needed a whole number"]),
        ("trace -1 1 frame000.fits", ["<X>", "'-1'", "needed a whole number from 1"]),
        ("trace 1 -1 frame000.fits", ["<Y>", "'-1'", "needed a whole number from 1"]),
        ("demo --frames -1", ["--frames", "-1", "3..=999"]),
        ("demo --seed -1", ["--seed", "'-1'", "needed a whole number"]),
        ("simulate --dir d --frames -1", ["--frames", "-1", "1..=100000"]),
        ("simulate --dir d --seed -1", ["--seed", "'-1'", "needed a whole number"]),
        ("simulate --dir d --size -5x5", ["--size", "'-5x5'", "WIDTHxHEIGHT"]),
    ] {
        folder.refuses(line, 2, &words);
    }
}

#[test]
fn messages_name_the_flags_as_they_are_typed() {
    let folder = frames();
    folder.write("old.fits", "do not lose this");
    folder.refuses(&format!("combine -o old.fits {THREE}"), 1, &["old.fits", "--overwrite"]);
    folder.refuses("simulate --frames 1 --size 9x9 --dir .", 1, &["frame000.fits", "--overwrite"]);
    let flags = "--reject sigclip --lsigma -2";
    folder.refuses(&format!("combine {flags} -o out.fits {THREE}"), 2, &["--lsigma is -2"]);
    folder.refuses(&format!("trace 1 1 --bitpix 8 {THREE}"), 2, &["--bitpix is 8", "16, 32, -32 or -64"]);
}

#[test]
fn an_input_without_a_name_is_shown() {
    let folder = frames();
    for empty in ["", "@"] {
        let outcome = folder.run_words(&["combine", "-o", "out.fits", "frame000.fits", empty]);
        outcome.fails(2, &[&format!("{empty:?}"), "needed a FITS file"]);
    }
}

#[test]
fn a_plan_refuses_what_combine_refuses() {
    let folder = frames();
    for line in
        ["plan --reject minmax --nlow 4 frame000.fits", "plan --overwrite -o frame000.fits frame000.fits"]
    {
        folder.refuses(line, 2, &[]);
        folder.refuses(&line.replace("plan ", "combine --plan "), 2, &[]);
    }
}

#[test]
fn a_preview_replaces_neither_its_input_nor_what_is_no_file() {
    let folder = frames();
    folder.refuses("preview frame000.fits -o frame000.fits --overwrite", 2, &["frame000.fits", "input"]);
    folder.refuses("preview frame000.fits[0] -o ./frame000.fits --overwrite", 2, &["frame000.fits", "input"]);
    std::fs::create_dir(folder.path("folder")).unwrap();
    folder.refuses("preview frame000.fits -o folder --overwrite", 1, &["folder", "needed"]);
}

#[cfg(unix)]
#[test]
fn a_preview_follows_a_link_and_leaves_what_is_no_file() {
    use std::os::unix::fs::symlink;
    let folder = frames();
    std::fs::create_dir(folder.path("deep")).unwrap();
    folder.write("deep/real.png", "old");
    symlink("deep/real.png", folder.path("link.png")).unwrap();
    symlink("frame000.fits", folder.path("input.png")).unwrap();
    symlink("nowhere", folder.path("dangling.png")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    folder.run("preview frame000.fits -o link.png --overwrite").succeeds();
    assert!(folder.path("link.png").is_symlink());
    assert!(folder.read("deep/real.png").starts_with(b"\x89PNG"));
    folder.run("preview frame000.fits -o input.png --overwrite").fails(2, &["input.png", "is the input"]);
    folder.run("preview frame000.fits -o dangling.png --overwrite").fails(1, &["dangling.png", "no file"]);
    folder.run("preview frame000.fits -o socket --overwrite").fails(1, &["socket", "a socket"]);
    drop(socket);
}

#[test]
fn sizes_beyond_the_memory_are_refused_before_anything_is_made() {
    let folder = Folder::new();
    for size in ["10000000x10000000", "18446744073709551615x18446744073709551615"] {
        folder.refuses(&format!("simulate --size {size} --dir d"), 1, &["GiB of memory", "available"]);
        folder.refuses(&format!("demo --size {size}"), 1, &["GiB of memory", "available"]);
    }
    folder.refuses("demo --size 4096x32", 2, &["4096x32", "64x64"]);
    folder.refuses("demo --size 32x4096", 2, &["32x4096", "64x64"]);
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
