//! The commands of `docs/science-case.md`, on small frames: they run, and the results are as near to the truth as they should be.
#![cfg(unix)]

mod support;

#[path = "../examples/science_case/main.rs"]
mod science_case;

use std::fs;
use std::process::Command;

use support::Folder;

/// Side of the frames: enough sky to see that errors are right to a tenth.
const SIDE: &str = "96";

/// Runs pieces of shell in the folder, where `skystack` is the program under test.
fn shell(folder: &Folder, script: &str) {
    let script = format!("skystack() {{ \"$SKYSTACK\" \"$@\"; }}\n{script}");
    let mut command = Command::new("sh");
    command.args(["-e", "-c", &script]).env("SKYSTACK", env!("CARGO_BIN_EXE_skystack"));
    let output = command.current_dir(folder.path(".")).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a line of the example program; what it says.
fn example(folder: &Folder, line: &str) -> String {
    let night = folder.path("night");
    let mut words: Vec<&str> = line.split_whitespace().skip(1).collect();
    assert_eq!(words.pop(), Some("night"), "{line}");
    words.push(night.to_str().unwrap());
    if words[0] == "simulate" {
        words.push(SIDE);
    }
    science_case::run(&words).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn the_commands_of_the_document_run_and_the_errors_are_honest() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/science-case.md")).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let folder = Folder::new();
    let mut said = String::new();
    for block in blocks.filter(|block| !block.contains("cargo build")) {
        let mut script = String::new();
        for line in block.lines() {
            if line.starts_with("science_case ") {
                shell(&folder, &std::mem::take(&mut script));
                said.push_str(&example(&folder, line));
            } else {
                script.push_str(line);
                script.push('\n');
            }
        }
        shell(&folder, &script);
    }
    for picture in ["raw", "calibrated", "average", "varclip", "rejected"] {
        assert!(folder.path(&format!("night/{picture}.png")).exists(), "{picture}");
    }
    let row = |name: &str| -> Vec<f64> {
        let row = said
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")))
            .unwrap_or_else(|| panic!("{said}"));
        row.split('|').filter_map(|cell| cell.split_whitespace().next()?.parse().ok()).collect()
    };
    // noise, stated error, noise over error, bias, bias where hit
    for name in ["average", "median", "sigclip", "varclip", "known"] {
        let figures = row(name);
        assert!((0.93..1.1).contains(&figures[2]), "{name}: {said}");
        // A measured sky is drawn by the stars of the frame; the true one is not.
        let most = if name == "known" { 0.05 } else { 0.5 };
        assert!(figures[3].abs() < most * figures[0], "{name}: {said}");
    }
    assert!(row("average")[4] > 10.0 * row("varclip")[4].abs(), "{said}");
}
