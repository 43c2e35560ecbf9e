//! Refuses what a later version brings, in one sentence that says what is possible today.

use skystack::Combine;

use crate::args::{CombineName, DeviceName, StackArgs};
use crate::failure::Failure;

/// `--FLAG VALUE: not available yet (needed: ...)`.
pub(crate) fn not_available(what: &str, needed: &str) -> Failure {
    Failure::usage(format!("{what}: not available yet (needed: {needed})"))
}

/// Is everything that was asked for there?
pub(crate) fn refuse_later(args: &StackArgs) -> Result<(), Failure> {
    if args.machine.device == DeviceName::Cuda {
        return Err(Failure::run("--device cuda: this build has no CUDA backend (needed: auto or cpu)"));
    }
    Ok(())
}

/// The statistic of the facade that a name means.
pub(crate) fn statistic(name: CombineName) -> Combine {
    match name {
        CombineName::Average => Combine::Average,
        CombineName::Median => Combine::Median,
        CombineName::Lmedian => Combine::Lmedian,
        CombineName::Wmedian => Combine::Wmedian,
        CombineName::Sum => Combine::Sum,
        CombineName::Quadrature => Combine::Quadrature,
        CombineName::Nmodel => Combine::Nmodel,
        CombineName::Min => Combine::Min,
        CombineName::Max => Combine::Max,
    }
}
