//! `skystack trace`: one output pixel, stage by stage.

use skystack::Outtype;

use crate::args::TraceArgs;
use crate::combine::Job;
use crate::failure::Failure;
use crate::say::say;

/// Prints the trace of the pixel (x, y), counted from 1 as FITS does. Flags of outputs are allowed and write nothing, so
/// that a combine command becomes a trace by changing one word.
pub(crate) fn run(args: &TraceArgs) -> Result<(), Failure> {
    if args.x == 0 || args.y == 0 {
        let found = format!("pixel ({}, {})", args.x, args.y);
        return Err(Failure::usage(format!("{found}: needed X and Y from 1, as FITS counts")));
    }
    let job = Job::new(&args.stack, &args.inputs)?;
    // Integers are rounded from f64.
    let double = args.stack.output.bitpix.is_some_and(|bitpix| bitpix != -32);
    let stacker = if double { job.stacker.clone().outtype(Outtype::Double) } else { job.stacker.clone() };
    say(stacker.trace_files(&job.frames, args.x - 1, args.y - 1).map_err(|e| job.explain(e))?)
}
