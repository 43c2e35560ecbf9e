//! The parts of the worked case in `docs/science-case.md` that are not combining: frames of a night with known truth, the arithmetic of
//! calibration, and the judgement of the results.
//!
//! ```text
//! science_case simulate NIGHT [SIZE]   raw bias, dark, flat and science frames
//! science_case flats NIGHT             flat - bias
//! science_case science NIGHT           (science - dark) / flat, and its variance
//! science_case judge NIGHT             results against the truth, as tables
//! ```

#![allow(clippy::print_stdout, reason = "tables are what it is for")]

mod calibrate;
mod frames;
mod judge;
mod night;
mod random;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

// In the test of the document this file is a module.
#[allow(dead_code)]
fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(said) => {
            print!("{said}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            println!("science_case: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Carries out one command; what it has to say.
pub(crate) fn run(words: &[&str]) -> Result<String> {
    match words {
        ["simulate", folder] => night::Night::new(night::SIZE).write(folder.as_ref()),
        ["simulate", folder, size] => night::Night::new(size.parse()?).write(folder.as_ref()),
        ["flats", folder] => calibrate::flats(folder.as_ref()),
        ["science", folder] => calibrate::science(folder.as_ref()),
        ["judge", folder] => judge::tables(folder.as_ref()),
        _ => Err("needed: simulate NIGHT [SIZE], flats NIGHT, science NIGHT or judge NIGHT".into()),
    }
}
