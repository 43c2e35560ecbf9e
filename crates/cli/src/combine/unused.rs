//! Flags that nothing would look at in this combination: refused, because the user believes that they do something.

use crate::args::{DeviceName, FrameArgs, MaskName, NormName, OutputArgs, RejectName, StackArgs, word};
use crate::failure::Failure;
use crate::values::{FrameNumbers, NumberOrKeyword, VarianceSource};
use skystack::{Combine, Convention};

/// Refuses the first of them. Flags of the rejection itself are the business of `resolve`.
pub(super) fn check(args: &StackArgs) -> Result<(), Failure> {
    if args.machine.device == DeviceName::Cuda {
        return Err(Failure::run("--device cuda: this build has no CUDA backend (needed: auto or cpu)"));
    }
    let reject = args.rejections();
    for (given, used, flag, needed) in [
        (
            args.frames.statsec.is_some(),
            takes_statistics(args),
            "--statsec is not used where no statistic is taken".to_owned(),
            "--zero, --scale or --weight with mode, median, mean, iksslite or noise, or --norm",
        ),
        (
            args.frames.scale != FrameNumbers::None || args.frames.zero != FrameNumbers::None,
            args.frames.norm.is_none(),
            "--scale and --zero are not used beside --norm, which has both".to_owned(),
            "one or the other",
        ),
        (
            args.frames.reject_scale.is_some() || args.frames.reject_zero.is_some(),
            args.frames.reject_norm.is_none(),
            "--reject-scale and --reject-zero are not used beside --reject-norm, which has both".to_owned(),
            "one or the other",
        ),
        (
            args.frames.reject_norm.is_some()
                || args.frames.reject_scale.is_some()
                || args.frames.reject_zero.is_some(),
            !args.rejects(RejectName::None),
            format!("--reject-norm, --reject-scale and --reject-zero are not used by --reject {reject}"),
            "a rejection, which sees the frames so",
        ),
        (
            args.frames.norm_reference.is_some(),
            norms(&args.frames).next().is_some(),
            "--norm-reference is not used".to_owned(),
            "--norm or --reject-norm",
        ),
        (
            args.frames.scaling_errors,
            (args.frames.scale != FrameNumbers::None || args.frames.zero != FrameNumbers::None)
                && uses_variances(args),
            "--scaling-errors is not used".to_owned(),
            "--scale or --zero, and --variance with --error, --weight variance, or --reject varclip",
        ),
        (
            args.frames.minoverlap.is_some(),
            norms(&args.frames).any(is_overlap),
            "--minoverlap is not used".to_owned(),
            "--norm or --reject-norm with overlap-zero, overlap-scale or overlap-both",
        ),
        (
            args.frames.maskvalue != 0,
            args.frames.masktype != MaskName::None,
            "--maskvalue is not used by --masktype none".to_owned(),
            "goodvalue, badvalue, goodbits, badbits or novalue",
        ),
        (
            matches!(args.frames.masktype, MaskName::GoodBits | MaskName::BadBits),
            args.frames.maskvalue != 0,
            format!("--masktype {} tests no bit", word(args.frames.masktype)),
            "--maskvalue with the sum of some bits",
        ),
        (
            args.frames.mask.is_some(),
            args.frames.masktype != MaskName::None || args.output.dq.is_some(),
            "--mask is not used by --masktype none".to_owned(),
            "another --masktype, or --dq",
        ),
        (
            args.frames.grow >= 1.0,
            !args.rejects(RejectName::None),
            format!("--grow is not used by --reject {reject}"),
            "a rejection, whose neighbours grow reaches",
        ),
        (
            matches!(args.frames.variance, VarianceSource::Noise | VarianceSource::Number(_)),
            // An extension also says which samples have no variance, and are missing.
            uses_variances(args),
            "--variance is not used".to_owned(),
            "--error, --weight variance, or --reject varclip",
        ),
        (
            args.output.mef,
            args.output.is_anything(),
            "--mef is not used where there is one image".to_owned(),
            "--sigma, --error, --nrej, --count, --expmap, --rejmask or --dq",
        ),
    ] {
        if given && !used {
            return Err(Failure::usage(format!("{flag} (needed: {needed})")));
        }
    }
    noise(args)
}

/// Does anything look at the variances of samples?
fn uses_variances(args: &StackArgs) -> bool {
    args.output.error.is_some()
        || args.rejects(RejectName::VarClip)
        || *args.weight() == FrameNumbers::Variance
}

/// Does the run measure its frames?
fn takes_statistics(args: &StackArgs) -> bool {
    let frames = &args.frames;
    let measured = |numbers: &FrameNumbers| {
        use FrameNumbers::{IkssLite, Mean, Median, Mode, Noise};
        matches!(numbers, Mode | Median | Mean | IkssLite | Noise)
    };
    let of_rejection = [&frames.reject_scale, &frames.reject_zero].into_iter().flatten();
    [&frames.zero, &frames.scale, args.weight()].into_iter().chain(of_rejection).any(measured)
        || norms(frames).next().is_some()
}

fn norms(frames: &FrameArgs) -> impl Iterator<Item = NormName> {
    [frames.norm, frames.reject_norm].into_iter().flatten()
}

fn is_overlap(norm: NormName) -> bool {
    matches!(norm, NormName::OverlapZero | NormName::OverlapScale | NormName::OverlapBoth)
}

impl OutputArgs {
    /// Is any further image asked for?
    fn is_anything(&self) -> bool {
        let paths =
            [&self.sigma, &self.error, &self.nrej, &self.count, &self.expmap, &self.rejmask, &self.dq];
        paths.iter().any(|path| path.is_some())
    }
}

/// The parts of the noise model, each where nothing looks at it. SWarp's varclip has a gain and nothing else.
fn noise(args: &StackArgs) -> Result<(), Failure> {
    let FrameArgs { gain, rdnoise, snoise, variance, .. } = &args.frames;
    let all = args.rejects(RejectName::CcdClip)
        || args.rejects(RejectName::CrReject)
        || args.combine == Combine::Nmodel
        || *variance == VarianceSource::Noise;
    let swarp = args.rejects(RejectName::VarClip) && args.convention == Some(Convention::Swarp);
    let is = |given: &NumberOrKeyword, default: f64| *given == NumberOrKeyword::Number(default);
    for (flag, is_default, used) in [
        ("--gain", is(gain, 1.0), all || swarp),
        ("--rdnoise", is(rdnoise, 0.0), all),
        ("--snoise", is(snoise, 0.0), all),
    ] {
        if !is_default && !used {
            let reject = args.rejections();
            let swarp = if flag == "--gain" { " or varclip of swarp" } else { "" };
            return Err(Failure::usage(format!(
                "{flag} is not used by --reject {reject} (needed: --reject ccdclip, crreject{swarp}, --combine nmodel, or \
                 --variance noise)"
            )));
        }
    }
    Ok(())
}
