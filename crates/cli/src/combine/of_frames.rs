//! Flags about the frames: levels, places, masks, noise.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use skystack::{
    Affine, InputVariance, MaskType, Masks, NoiseModel, Norm, Normalisation, Offsets, Overlap, OverlapFit,
    PerFrame, Stacker, Statsec, Weight, inputs,
};

use crate::args::{FrameArgs, MaskName, NormName, StackArgs};
use crate::failure::Failure;
use crate::values::{FrameNumbers, NumberOrKeyword, OffsetSource, Section, VarianceSource};

/// `stacker` with all that the flags say of the frames.
pub(super) fn apply(stacker: Stacker, args: &StackArgs) -> Result<Stacker, Failure> {
    let frames = &args.frames;
    let mut stacker = stacker
        .normalise(normalisation(frames, frames.norm, (&frames.scale, &frames.zero))?)
        .weight(weight(args.weight())?)
        .offsets(offsets(&frames.offsets)?)
        .masks(masks(frames)?)
        .variance(variance(&frames.variance))
        .scaling_errors(frames.scaling_errors)
        .noise(noise(frames));
    let none = FrameNumbers::None;
    let (reject_scale, reject_zero) = (&frames.reject_scale, &frames.reject_zero);
    if frames.reject_norm.is_some() || reject_scale.is_some() || reject_zero.is_some() {
        let levels = (reject_scale.as_ref().unwrap_or(&none), reject_zero.as_ref().unwrap_or(&none));
        stacker = stacker.reject_normalisation(normalisation(frames, frames.reject_norm, levels)?);
    }
    match &frames.statsec {
        None => {}
        Some(Section::Overlap) => stacker = stacker.statsec(Statsec::Overlap),
        Some(Section::Pixels([x1, x2, y1, y2])) => {
            stacker = stacker.statsec(Statsec::Input { columns: x1 - 1..*x2, rows: y1 - 1..*y2 });
        }
    }
    Ok(stacker)
}

/// What `name` says, or scale and zero where it is not given.
fn normalisation(
    frames: &FrameArgs,
    name: Option<NormName>,
    (scale, zero): (&FrameNumbers, &FrameNumbers),
) -> Result<Normalisation, Failure> {
    let reference = frames.norm_reference.map_or(0, |number| number.get() - 1);
    let affine = |mode| Normalisation::Affine { mode, reference };
    let overlap = |fit| {
        let minoverlap = frames.minoverlap.map_or(Overlap::default().minoverlap, NonZeroUsize::get);
        Normalisation::Overlap(Overlap { fit, minoverlap, reference, ..Overlap::default() })
    };
    Ok(match name {
        None => Normalisation::Levels { scale: norm(scale)?, zero: norm(zero)? },
        Some(NormName::Add) => affine(Affine::Add),
        Some(NormName::AddScale) => affine(Affine::AddScale),
        Some(NormName::Mul) => affine(Affine::Mul),
        Some(NormName::MulScale) => affine(Affine::MulScale),
        Some(NormName::OverlapZero) => overlap(OverlapFit::Zeros),
        Some(NormName::OverlapScale) => overlap(OverlapFit::Gains),
        Some(NormName::OverlapBoth) => overlap(OverlapFit::GainsAndZeros),
    })
}

fn norm(numbers: &FrameNumbers) -> Result<Norm, Failure> {
    Ok(match numbers {
        FrameNumbers::Mode => Norm::Mode,
        FrameNumbers::Median => Norm::Median,
        FrameNumbers::Mean => Norm::Mean,
        FrameNumbers::IkssLite => Norm::IkssLite,
        FrameNumbers::Exposure => Norm::Exposure,
        FrameNumbers::Keyword(keyword) => Norm::Keyword(keyword.clone()),
        FrameNumbers::File(file) => Norm::Given(read_numbers(file)?),
        FrameNumbers::None | FrameNumbers::Noise | FrameNumbers::Variance => Norm::None,
    })
}

fn weight(numbers: &FrameNumbers) -> Result<Weight, Failure> {
    Ok(match numbers {
        FrameNumbers::Mode => Weight::Mode,
        FrameNumbers::Median => Weight::Median,
        FrameNumbers::Mean => Weight::Mean,
        FrameNumbers::Noise => Weight::Noise,
        FrameNumbers::Variance => Weight::Variance,
        FrameNumbers::Exposure => Weight::Exposure,
        FrameNumbers::Keyword(keyword) => Weight::Keyword(keyword.clone()),
        FrameNumbers::File(file) => Weight::Given(read_numbers(file)?),
        FrameNumbers::None | FrameNumbers::IkssLite => Weight::None,
    })
}

fn offsets(source: &OffsetSource) -> Result<Offsets, Failure> {
    Ok(match source {
        OffsetSource::None => Offsets::None,
        OffsetSource::Wcs => Offsets::Wcs,
        OffsetSource::Physical => Offsets::Physical,
        OffsetSource::File(file) => Offsets::Given(read_pairs(file)?),
    })
}

fn masks(frames: &FrameArgs) -> Result<Masks, Failure> {
    let kind = match frames.masktype {
        MaskName::None => MaskType::None,
        MaskName::GoodValue => MaskType::GoodValue,
        MaskName::BadValue => MaskType::BadValue,
        MaskName::GoodBits => MaskType::GoodBits,
        MaskName::BadBits => MaskType::BadBits,
        MaskName::NoValue => MaskType::NoValue,
    };
    let masks = Masks::new(kind, frames.maskvalue);
    match &frames.mask {
        None => Ok(masks),
        Some(list) => Ok(masks.files(inputs::expand(std::slice::from_ref(list))?)),
    }
}

fn variance(source: &VarianceSource) -> InputVariance {
    match source {
        VarianceSource::None => InputVariance::None,
        VarianceSource::Noise => InputVariance::Noise,
        VarianceSource::Number(number) => InputVariance::Constant(*number),
        VarianceSource::Extension(name) => InputVariance::Extension(name.clone()),
    }
}

fn noise(frames: &FrameArgs) -> NoiseModel {
    let number = |of: &NumberOrKeyword| match of {
        NumberOrKeyword::Number(number) => PerFrame::Same(*number),
        NumberOrKeyword::Keyword(keyword) => PerFrame::Keyword(keyword.clone()),
    };
    NoiseModel {
        gain: number(&frames.gain),
        rdnoise: number(&frames.rdnoise),
        snoise: number(&frames.snoise),
    }
}

/// The lines of a list of numbers, without comments and empty ones, with their numbers from 1.
fn lines(path: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::run(format!("{shown}: cannot read this list of numbers: {error}")))?;
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned());
    Ok((1..).zip(lines).filter(|(_, line)| !line.is_empty()).collect())
}

/// One number a line. Whether there is one for each frame is known when the frames are open: a cube holds several.
fn read_numbers(path: &Path) -> Result<Vec<f64>, Failure> {
    let number = |(line, value): &(usize, String)| {
        value.parse().map_err(|_| {
            Failure::run(format!("{}: line {line} is {value:?}, needed one number a line", path.display()))
        })
    };
    lines(path)?.iter().map(number).collect()
}

/// Two whole numbers a line.
fn read_pairs(path: &Path) -> Result<Vec<(i64, i64)>, Failure> {
    let pair = |(line, value): &(usize, String)| {
        let mut words = value.split_whitespace().map(|word| word.parse::<i64>().ok());
        match (words.next().flatten(), words.next().flatten(), words.next()) {
            (Some(x), Some(y), None) => Ok((x, y)),
            _ => Err(Failure::run(format!(
                "{}: line {line} is {value:?}, needed two whole numbers, dx and dy",
                path.display()
            ))),
        }
    };
    lines(path)?.iter().map(pair).collect()
}
