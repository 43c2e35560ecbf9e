//! The `skystack` program: a thin face over the `skystack` crate.
//!
//! Exit codes: 0 done, 1 the run failed, 2 the command line is wrong. On 1 and 2 exactly one line on stderr says what.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod combine;
mod demo;
mod failure;
mod files;
mod font;
mod info;
mod interrupt;
mod picture;
mod preview;
mod progress;
mod resolve;
mod say;
mod simulate;
mod trace;
mod values;

use std::panic;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::say::{complain, say};

/// Where and why a thread panicked; a panic is a defect of ours, but one line is the contract for it too.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn main() -> ExitCode {
    interrupt::outlive_file_size_limit();
    panic::set_hook(Box::new(|info| {
        let mut first = PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        first.get_or_insert_with(|| info.to_string());
    }));
    let outcome = panic::catch_unwind(run).unwrap_or_else(|_| {
        let first = PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        Err(Failure::run(format!("internal error, please report it: {}", first.unwrap_or_default())))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure != Failure::Closed {
                complain(&failure);
            }
            ExitCode::from(failure.code())
        }
    }
}

fn run() -> Result<(), Failure> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    match cli.command {
        Command::Combine(args) => combine::run(&args.stack, &args.inputs, false),
        Command::Plan(args) => combine::run(&args.stack, &args.inputs, true),
        Command::Trace(args) => trace::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Preview(args) => preview::run(&args),
        Command::Machine => say(skystack::machine()),
        Command::Bench(args) => bench::run(&args),
    }
}

/// Help and version go to stdout; what is wrong becomes one line.
fn not_parsed(error: &clap::Error) -> Result<(), Failure> {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => say(text.to_string().trim_end()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(Failure::usage("no command was given (needed: combine, demo, ... as skystack --help lists)"))
        }
        _ => Err(Failure::usage(essence(&text.to_string()))),
    }
}

/// The message of a clap error on one line, without usage and pointers to help.
fn essence(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let told =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let words: Vec<&str> = told.filter(|line| !line.is_empty()).collect();
    let line = words.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declaration_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn errors_of_the_parser_become_one_line() {
        let message = |line: &[&str]| essence(&Cli::try_parse_from(line).unwrap_err().render().to_string());
        let unknown = message(&["skystack", "combine", "--fooo", "a.fits"]);
        assert!(
            unknown.starts_with("unexpected argument '--fooo' found") && !unknown.contains('\n'),
            "{unknown}"
        );
        let value = message(&["skystack", "combine", "--combine", "mode", "a.fits"]);
        assert!(value.contains("'mode'") && value.contains("average") && !value.contains('\n'), "{value}");
        let convention = message(&["skystack", "combine", "--convention", "idl", "a.fits"]);
        assert!(convention.contains("needed one of iraf astropy"), "{convention}");
        assert!(message(&["skystack", "combine"]).contains("INPUT"));
    }

    #[test]
    fn values_follow_after_a_space_or_an_equals_sign_negative_ones_too() {
        let line = "skystack combine --bitpix -64 --blank -1 --lthreshold=-5.5 --hthreshold -1e3 --nkeep=-2 \
                    --lthreshold-is-not-a-flag";
        let good: Vec<&str> = line.split_whitespace().take(10).chain(["a.fits"]).collect();
        let Command::Combine(args) = Cli::try_parse_from(good).unwrap().command else { unreachable!() };
        assert_eq!(args.stack.output.bitpix, Some(-64));
        assert_eq!(
            (args.stack.blank, args.stack.lthreshold, args.stack.hthreshold),
            (Some(-1.0), Some(-5.5), Some(-1e3))
        );
        assert_eq!(args.stack.rejection.nkeep, Some(-2));
    }
}
