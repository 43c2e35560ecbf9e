//! Refuses what a later version brings, in one sentence that says what is possible today.

use skystack::Combine;

use crate::args::{CombineName, DeviceName, LaterArgs, RejectName, StackArgs, word};
use crate::failure::Failure;
use crate::values::WeightSource;

/// `--FLAG VALUE: not available yet (needed: ...)`.
pub(crate) fn not_available(what: &str, needed: &str) -> Failure {
    Failure::usage(format!("{what}: not available yet (needed: {needed})"))
}

/// Is everything that was asked for there?
pub(crate) fn refuse_later(args: &StackArgs) -> Result<(), Failure> {
    statistic(args.combine)?;
    rejection(args.reject)?;
    weight(&args.weight)?;
    flags(&args.later)?;
    if let Some(bitpix @ (16 | 32)) = args.output.bitpix {
        return Err(not_available(&format!("--bitpix {bitpix}"), "-32 or -64"));
    }
    if args.machine.device == DeviceName::Cuda {
        return Err(Failure::run("--device cuda: this build has no CUDA backend (needed: auto or cpu)"));
    }
    Ok(())
}

/// The statistic of the facade that a name means.
pub(crate) fn statistic(name: CombineName) -> Result<Combine, Failure> {
    Ok(match name {
        CombineName::Average => Combine::Average,
        CombineName::Median => Combine::Median,
        CombineName::Lmedian => Combine::Lmedian,
        CombineName::Sum => Combine::Sum,
        CombineName::Min => Combine::Min,
        CombineName::Max => Combine::Max,
        CombineName::Quadrature | CombineName::Nmodel => {
            let what = format!("--combine {}", word(name));
            return Err(not_available(&what, "average, median, lmedian, sum, min or max"));
        }
    })
}

fn rejection(name: RejectName) -> Result<(), Failure> {
    match name {
        RejectName::None
        | RejectName::MinMax
        | RejectName::Extrema
        | RejectName::SigClip
        | RejectName::MadClip => Ok(()),
        _ => {
            let what = format!("--reject {}", word(name));
            Err(not_available(&what, "none, minmax, extrema, sigclip or madclip"))
        }
    }
}

fn weight(source: &WeightSource) -> Result<(), Failure> {
    match source {
        WeightSource::Later(value) => {
            Err(not_available(&format!("--weight {value}"), "none, exposure, !KEYWORD or @FILE"))
        }
        _ => Ok(()),
    }
}

fn flags(later: &LaterArgs) -> Result<(), Failure> {
    for (flag, value, default) in later.values() {
        let Some(value) = value else { continue };
        if !default.is_some_and(|default| same(value, default)) {
            let needed = default.unwrap_or("the flag left out");
            return Err(not_available(&format!("--{flag} {value}"), needed));
        }
    }
    if later.mef { Err(not_available("--mef", "the flag left out")) } else { Ok(()) }
}

/// The same word, or the same number in another spelling.
fn same(value: &str, default: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    value == default || (number(value).is_some() && number(value) == number(default))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn refusal(flags: &[&str]) -> Option<String> {
        let line = ["skystack", "combine", "-o", "o.fits"].iter().chain(flags).chain(&["a.fits"]);
        let Command::Combine(args) = Cli::try_parse_from(line).unwrap().command else { unreachable!() };
        refuse_later(&args.stack).err().map(|failure| failure.to_string())
    }

    #[test]
    fn what_comes_later_is_refused_with_what_is_needed() {
        let table: &[(&[&str], &str)] = &[
            (&["--zero", "mode"], "error: --zero mode: not available yet (needed: none)"),
            (&["--scale=!FACTOR"], "error: --scale !FACTOR: not available yet (needed: none)"),
            (
                &["--weight", "noise"],
                "error: --weight noise: not available yet (needed: none, exposure, !KEYWORD or @FILE)",
            ),
            (&["--grow", "1.5"], "error: --grow 1.5: not available yet (needed: 0)"),
            (&["--pclip", "-0.4"], "error: --pclip -0.4: not available yet (needed: -0.5)"),
            (&["--bitpix", "16"], "error: --bitpix 16: not available yet (needed: -32 or -64)"),
            (&["--error", "e.fits"], "error: --error e.fits: not available yet (needed: the flag left out)"),
            (&["--mef"], "error: --mef: not available yet (needed: the flag left out)"),
            (&["--offsets", "wcs"], "error: --offsets wcs: not available yet (needed: none)"),
            (
                &["--combine", "nmodel"],
                "error: --combine nmodel: not available yet (needed: average, median, lmedian, sum, min or max)",
            ),
            (
                &["--reject", "ccdclip"],
                "error: --reject ccdclip: not available yet (needed: none, minmax, extrema, sigclip or madclip)",
            ),
            (
                &["--device", "cuda"],
                "skystack: --device cuda: this build has no CUDA backend (needed: auto or cpu)",
            ),
        ];
        for (flags, expected) in table {
            assert_eq!(refusal(flags).as_deref(), Some(*expected), "{flags:?}");
        }
    }

    #[test]
    fn a_default_given_by_name_is_no_request() {
        let defaults = [
            "--zero",
            "none",
            "--scale=none",
            "--weight",
            "none",
            "--grow",
            "0.0",
            "--pclip",
            "-0.50",
            "--gain",
            "1",
            "--rdnoise",
            "0",
            "--offsets",
            "none",
            "--masktype",
            "none",
            "--variance=none",
            "--device",
            "cpu",
        ];
        assert_eq!(refusal(&defaults), None);
    }

    #[test]
    fn every_flag_that_is_refused_is_refused() {
        let Command::Combine(args) = Cli::try_parse_from(["skystack", "combine", "a.fits"]).unwrap().command
        else {
            unreachable!()
        };
        for (flag, _, _) in args.stack.later.values() {
            let message = refusal(&[&format!("--{flag}"), "17"]).unwrap();
            assert!(message.starts_with(&format!("error: --{flag} 17: not available yet")), "{message}");
        }
    }
}
