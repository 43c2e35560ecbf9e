//! `--report`: a JSON file that appears with the images or not at all, and says what stderr and HISTORY say.

mod support;

use support::Folder;

#[test]
fn the_report_is_json_that_says_what_was_done() {
    let folder = Folder::with_frames(12, "30x20");
    let flags = "--reject sigclip --lsigma 1.5 --hsigma inf --mem-limit 64MiB --nrej nrej.fits";
    let outcome = folder.run(&format!("combine {flags} --report r.json -o out.fits frame0*.fits"));
    outcome.succeeds();
    let text = String::from_utf8(folder.read("r.json")).unwrap();
    for part in [
        "\"schema\": \"skystack-report\"",
        "\"schema_version\": 1",
        "\"hsigma\": \"inf\"",
        "\"lsigma\": 1.5",
        "\"blank\": \"nan\"",
        "\"name\": \"frame011.fits\"",
        "\"budget_bytes\": 67108864",
        "\"because\":",
        "\"peak_memory_bytes\":",
        "\"nrej\"",
        "\"code\": \"W2\"",
        "\"kind\": \"false_rejections\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.starts_with('{') && text.ends_with("}\n") && !text.contains("NaN"), "{text}");
    assert!(outcome.stderr.contains("warning: lsigma=1.5 and hsigma=inf reject 6.68 %"), "{outcome:?}");
    let bytes = 30 * 20 * (4 + 2);
    assert!(text.contains(&format!("\"bytes_written\": {bytes}")), "{text}");
}

#[test]
fn a_report_is_an_output_like_the_others() {
    let folder = Folder::with_frames(3, "24x20");
    folder.write("old.json", "do not lose this");
    let frames = "frame000.fits frame001.fits frame002.fits";
    folder.refuses(&format!("combine --report old.json -o o.fits {frames}"), 1, &["old.json", "--overwrite"]);
    folder.refuses(
        &format!("combine --report no/r.json -o o.fits {frames}"),
        1,
        &["no/r.json", "does not exist"],
    );
    folder.refuses(&format!("combine --report o.fits -o o.fits {frames}"), 2, &["o.fits", "named twice"]);
    let input = format!("combine --overwrite --report frame001.fits -o o.fits {frames}");
    folder.refuses(&input, 2, &["frame001.fits", "input"]);
    // What fails later leaves none, and an old one as it was.
    folder.write("bad.fits", "nothing");
    let fails = "combine --overwrite --report old.json -o o.fits frame000.fits bad.fits";
    folder.refuses(fails, 1, &["bad.fits"]);
    folder.run(&format!("combine --overwrite --report old.json -o o.fits {frames}")).succeeds();
    assert!(folder.read("old.json").starts_with(b"{\n  \"schema\""));
}

#[test]
fn a_quiet_run_still_reports_its_warnings() {
    let folder = Folder::with_frames(5, "16x16");
    let line = "combine -q --reject sigclip --report r.json -o o.fits frame0*.fits";
    let outcome = folder.run(line);
    outcome.succeeds();
    assert_eq!(outcome.stderr, "");
    assert!(String::from_utf8(folder.read("r.json")).unwrap().contains("\"code\": \"W1\""));
}
