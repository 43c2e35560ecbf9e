//! The command line: every flag of the contract, with IRAF's words.
//!
//! What a later version brings is declared here too and refused by `later.rs`: a script that asks for something that this
//! version cannot do must stop, not get another picture.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use skystack::{Combine, Convention, Level};

use crate::values::{
    self, Bytes, FrameNumbers, NumberOrKeyword, OffsetSource, Rounds, Section, Size, VarianceSource,
};

/// Combine aligned astronomical frames into one image.
#[derive(Debug, Parser)]
#[command(name = "skystack", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Combine frames into one image
    Combine(Box<CombineArgs>),
    /// Say how a combine would run, and stop (combine --plan)
    Plan(Box<CombineArgs>),
    /// Show how one output pixel comes about, stage by stage, from the reference path
    Trace(Box<TraceArgs>),
    /// Simulate a stack with known truth, combine it, print figures against theory, write a picture
    Demo(DemoArgs),
    /// Write a simulated stack as FITS
    Simulate(SimulateArgs),
    /// Show what is in FITS files, as combining sees it
    Info(InfoArgs),
    /// Write a stretched picture of a FITS image
    Preview(PreviewArgs),
    /// Show what the planner sees of this machine
    Machine,
    /// Time the kernels on this machine beside a plain sum over the same memory
    Bench(BenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CombineArgs {
    // Before the flattened options: their help heading would go on to what follows.
    /// Frames: FITS paths, `path[EXT]`, @LIST, quoted patterns
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<OsString>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Column of the output pixel, from 1
    #[arg(allow_negative_numbers = true, value_parser = values::from_one::<NonZeroUsize>)]
    pub(crate) x: NonZeroUsize,
    /// Row of the output pixel, from 1
    #[arg(allow_negative_numbers = true, value_parser = values::from_one::<NonZeroUsize>)]
    pub(crate) y: NonZeroUsize,
    /// Frames, as for combine
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<OsString>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}

/// What combine, plan and trace have in common.
#[derive(Debug, Args)]
pub(crate) struct StackArgs {
    /// The statistic
    #[arg(long, value_name = "NAME", default_value = "average", value_parser = values::combine())]
    pub(crate) combine: Combine,
    /// The rejection; of a list, each of what those before it left
    #[arg(long, value_enum, value_delimiter = ',', default_value = "none")]
    pub(crate) reject: Vec<RejectName>,
    /// Whose definition of the rejection, of blank, lmedian and the sigma image [default: iraf]
    #[arg(long)]
    pub(crate) convention: Option<Convention>,
    #[command(flatten)]
    pub(crate) rejection: RejectArgs,
    /// Least good input value
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = values::number)]
    pub(crate) lthreshold: Option<f64>,
    /// Greatest good input value
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = values::number)]
    pub(crate) hthreshold: Option<f64>,
    /// Value of an empty output pixel [default: nan; 0 where convention iraf or swarp is given by name]
    #[arg(long, value_name = "NUMBER|nan", allow_hyphen_values = true, value_parser = values::number)]
    pub(crate) blank: Option<f64>,
    #[command(flatten)]
    pub(crate) frames: FrameArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

/// Parameters of the rejections; one that the chosen rejection does not use is an error.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Rejection")]
pub(crate) struct RejectArgs {
    /// Low clipping factor; inf switches the side off [default: 3, or the convention's]
    #[arg(long, value_name = "SIGMAS", allow_hyphen_values = true, value_parser = values::number)]
    pub(crate) lsigma: Option<f64>,
    /// High clipping factor, likewise
    #[arg(long, value_name = "SIGMAS", allow_hyphen_values = true, value_parser = values::number)]
    pub(crate) hsigma: Option<f64>,
    /// Centre used when clipping [default: the convention's]
    #[arg(long, value_enum)]
    pub(crate) center: Option<CenterName>,
    /// Width estimator [default: the convention's]
    #[arg(long, value_enum)]
    pub(crate) spread: Option<SpreadName>,
    /// Denominator n - ddof of the deviation [default: the convention's]
    #[arg(long, value_name = "INTEGER", allow_negative_numbers = true, value_parser = values::whole::<u32>)]
    pub(crate) ddof: Option<u32>,
    /// Clipping rounds, a number or inf [default: the convention's]
    #[arg(long, value_name = "ROUNDS", allow_negative_numbers = true)]
    pub(crate) maxiters: Option<Rounds>,
    /// Samples dropped at the low end; for minmax a value below 1 is a fraction [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) nlow: Option<f64>,
    /// Samples dropped at the high end, likewise [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) nhigh: Option<f64>,
    /// Least number of samples kept; negative: most rejected [default: the convention's]
    #[arg(long, value_name = "INTEGER", allow_negative_numbers = true, value_parser = values::integer)]
    pub(crate) nkeep: Option<i64>,
    /// Most samples rejected, of those present [default: none]
    #[arg(long, value_name = "INTEGER", allow_negative_numbers = true, value_parser = values::whole::<u32>)]
    pub(crate) maxrej: Option<u32>,
    /// pclip: ranks from the median, below 1 a fraction of half the frames; negative below it [default: -0.5]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) pclip: Option<f64>,
    /// percentile: fraction of the median below it [default: 0.2]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) plow: Option<f64>,
    /// percentile: fraction of the median above it [default: 0.1]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) phigh: Option<f64>,
    /// gesd: significance [default: 0.05]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) alpha: Option<f64>,
    /// gesd: most outliers, below 1 a fraction of the samples [default: 0.3]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) max_outliers: Option<f64>,
    /// varclip of swarp: fraction of the level by which samples may differ [default: 0.3]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) ampfrac: Option<f64>,
    /// Correct clipping for scales that differ by more than this; 0 never [default: 0.1 in convention iraf]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) sigscale: Option<f64>,
}

/// How frames are brought to one level, where they lie, and what is known of their samples.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Frames")]
pub(crate) struct FrameArgs {
    /// What is subtracted: none, mode, median, mean, iksslite, !KEYWORD, @FILE
    #[arg(long, value_name = "SOURCE", default_value = "none", value_parser = OsStringValueParser::new().try_map(FrameNumbers::zero))]
    pub(crate) zero: FrameNumbers,
    /// What frames are divided by: none, mode, median, mean, iksslite, exposure, !KEYWORD, @FILE
    #[arg(long, value_name = "SOURCE", default_value = "none", value_parser = OsStringValueParser::new().try_map(FrameNumbers::scale))]
    pub(crate) scale: FrameNumbers,
    /// Weights: none, mode, median, mean, noise, exposure, !KEYWORD or @FILE of the frames; variance of each sample [default: none;
    /// variance for an average with varclip of convention swarp]
    #[arg(long, value_name = "SOURCE", allow_negative_numbers = true, value_parser = OsStringValueParser::new().try_map(FrameNumbers::weight))]
    pub(crate) weight: Option<FrameNumbers>,
    /// Zero and scale in one: robust location and scale of each frame, or what overlapping frames have in common [default: none]
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) norm: Option<NormName>,
    /// What the rejection sees subtracted, if otherwise: as --zero
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(FrameNumbers::zero))]
    pub(crate) reject_zero: Option<FrameNumbers>,
    /// What the rejection sees divided, if otherwise: as --scale
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(FrameNumbers::scale))]
    pub(crate) reject_scale: Option<FrameNumbers>,
    /// Zero and scale of what the rejection sees, if otherwise: as --norm
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) reject_norm: Option<NormName>,
    /// The frame that --norm and --reject-norm leave as it is [default: 1]
    #[arg(long, value_name = "FRAME")]
    pub(crate) norm_reference: Option<NonZeroUsize>,
    /// Fewest common pixels of two frames that count for an overlap norm [default: 100]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) minoverlap: Option<NonZeroUsize>,
    /// Add the errors of measured scales and zeros to the variances
    #[arg(long)]
    pub(crate) scaling_errors: bool,
    /// Section for these statistics: [x1:x2,y1:y2] of each frame, or overlap [default: the whole frame]
    #[arg(long, value_name = "SECTION", allow_hyphen_values = true)]
    pub(crate) statsec: Option<Section>,
    /// Shifts of the frames: none, wcs, physical, @FILE with `dx dy` a line
    #[arg(long, value_name = "SOURCE", default_value = "none", value_parser = OsStringValueParser::new().try_map(OffsetSource::parse))]
    pub(crate) offsets: OffsetSource,
    /// Meaning of the masks that BPM or --mask names
    #[arg(long, value_enum, default_value_t = MaskName::None)]
    pub(crate) masktype: MaskName,
    /// The value, or the bits, of masktype
    #[arg(long, value_name = "INTEGER", default_value_t = 0, allow_negative_numbers = true, value_parser = values::integer)]
    pub(crate) maskvalue: i64,
    /// One mask for all frames, or @LIST of one a frame
    #[arg(long, value_name = "@LIST")]
    pub(crate) mask: Option<OsString>,
    /// Variance of the samples: none, noise (the model below), a number, [EXT] of each file
    #[arg(long, value_name = "SOURCE", default_value = "none", allow_hyphen_values = true)]
    pub(crate) variance: VarianceSource,
    /// Gain, in e-/DN: a number or !KEYWORD
    #[arg(long, value_name = "NUMBER|!KEYWORD", default_value = "1", allow_hyphen_values = true)]
    pub(crate) gain: NumberOrKeyword,
    /// Read noise, in e-: a number or !KEYWORD
    #[arg(long, value_name = "NUMBER|!KEYWORD", default_value = "0", allow_hyphen_values = true)]
    pub(crate) rdnoise: NumberOrKeyword,
    /// Sensitivity noise, a fraction: a number or !KEYWORD
    #[arg(long, value_name = "NUMBER|!KEYWORD", default_value = "0", allow_hyphen_values = true)]
    pub(crate) snoise: NumberOrKeyword,
    /// Also reject what lies within so many pixels of a rejected sample of the same frame
    #[arg(long, value_name = "RADIUS", default_value_t = 0.0, allow_negative_numbers = true, value_parser = values::number)]
    pub(crate) grow: f64,
}

/// What is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// The combined image
    #[arg(short, long, value_name = "OUT.fits")]
    pub(crate) output: Option<PathBuf>,
    /// Image of the scatter of the samples
    #[arg(long, value_name = "FILE")]
    pub(crate) sigma: Option<PathBuf>,
    /// Image of the number of samples rejected
    #[arg(long, value_name = "FILE")]
    pub(crate) nrej: Option<PathBuf>,
    /// Image of the number of samples used
    #[arg(long, value_name = "FILE")]
    pub(crate) count: Option<PathBuf>,
    /// Cube with one plane a frame, 1 = sample not used
    #[arg(long, value_name = "FILE")]
    pub(crate) rejmask: Option<PathBuf>,
    /// Image of the error of the result: propagated where there are variances, else from the scatter of the samples
    #[arg(long, value_name = "FILE")]
    pub(crate) error: Option<PathBuf>,
    /// Image of the exposure time of the samples used
    #[arg(long, value_name = "FILE")]
    pub(crate) expmap: Option<PathBuf>,
    /// Image of the data quality bits of the samples used
    #[arg(long, value_name = "FILE")]
    pub(crate) dq: Option<PathBuf>,
    /// Further images as extensions of the output, whatever file they name
    #[arg(long)]
    pub(crate) mef: bool,
    /// JSON report of the run: resolved options, plan, statistics of each frame, times, warnings
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Output type; -64 also makes the computation float64 [default: as the computation]
    #[arg(long, value_name = "16|32|-32|-64", allow_negative_numbers = true, value_parser = values::integer)]
    pub(crate) bitpix: Option<i64>,
    /// Replace existing outputs
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// How it runs; nothing here changes a bit of an output.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct MachineArgs {
    /// Hard bound on memory: bytes, 2GiB, 500MB [default: 75 % of what is available]
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    pub(crate) mem_limit: Option<Bytes>,
    /// CPU workers [default: planned]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = values::from_one::<std::num::NonZeroUsize>)]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// Where the computation runs
    #[arg(long, value_enum, default_value_t = DeviceName::Auto)]
    pub(crate) device: DeviceName,
    /// Print the plan and stop
    #[arg(long)]
    pub(crate) plan: bool,
    /// A progress bar on a terminal, or never
    #[arg(long, value_enum, default_value_t = ProgressName::Auto)]
    pub(crate) progress: ProgressName,
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Number of frames
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..=999), allow_negative_numbers = true)]
    pub(crate) frames: u16,
    /// Size of a frame
    #[arg(long, value_name = "WxH", default_value = "1024x1024", allow_hyphen_values = true)]
    pub(crate) size: Size,
    /// Folder for the results; earlier results of the demo in it are replaced
    #[arg(long, default_value = "skystack-demo")]
    pub(crate) dir: PathBuf,
    /// Seed of the simulation
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = values::whole::<u64>)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Number of frames
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000), allow_negative_numbers = true)]
    pub(crate) frames: u32,
    /// Size of a frame
    #[arg(long, value_name = "WxH", default_value = "512x512", allow_hyphen_values = true)]
    pub(crate) size: Size,
    /// Seed: the same seed gives the same frames on every machine
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = values::whole::<u64>)]
    pub(crate) seed: u64,
    /// Folder for frame000.fits ..., truth.fits and hits.txt
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Type of the frames: 16 (unsigned integers) or -32 (floats)
    #[arg(long, value_name = "16|-32", default_value_t = 16, allow_negative_numbers = true, value_parser = values::integer)]
    pub(crate) bitpix: i64,
    /// Replace existing files
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// FITS files, lists, patterns
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    /// The image, path or path[EXT]
    pub(crate) image: PathBuf,
    /// The picture
    #[arg(short, long, value_name = "OUT.png")]
    pub(crate) output: PathBuf,
    /// Replace an existing picture
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Overlay of what was rejected: an image of --nrej or --rejmask, or [EXT] of IMAGE [default: [NREJ]]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "[NREJ]")]
    pub(crate) rejections: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Kernels, all unless given: a list, or the flag several times
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    pub(crate) kernel: Vec<KernelName>,
    /// Numbers of frames, a list [default: 5,9,15,31,63,101,301,1001,10001; fewer for u16]
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_negative_numbers = true, value_parser = values::bench_frames)]
    pub(crate) frames: Vec<u32>,
    /// Types of the samples, a list [default: f32,u16]
    #[arg(long = "type", value_name = "TYPE", value_enum, value_delimiter = ',')]
    pub(crate) types: Vec<TypeName>,
    /// CPU workers
    #[arg(long, value_name = "COUNT", default_value = "1", allow_negative_numbers = true, value_parser = values::from_one::<std::num::NonZeroUsize>)]
    pub(crate) threads: std::num::NonZeroUsize,
    /// Instruction set: scalar, baseline, avx2, avx512 [default: the highest of this CPU]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// Small stacks and few turns: seconds instead of minutes, figures not to be quoted
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write everything as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the table as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// The word on the command line.
pub(crate) fn word(name: impl ValueEnum) -> String {
    name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $(#[value(name = $text)] $variant,)* }
    };
}

names! {
    /// `--reject`.
    RejectName {
        None = "none", MinMax = "minmax", Extrema = "extrema", SigClip = "sigclip", AvSigClip = "avsigclip",
        CcdClip = "ccdclip", CrReject = "crreject", Pclip = "pclip", Percentile = "percentile",
        MadClip = "madclip", MedSigma = "medsigma", Winsorized = "winsorized", LinearFit = "linearfit",
        Gesd = "gesd", MeanClip = "meanclip", VarClip = "varclip",
    }
}

impl StackArgs {
    /// Is this one of the rejections?
    pub(crate) fn rejects(&self, name: RejectName) -> bool {
        self.reject.contains(&name)
    }

    /// What weighs the frames: as given, or as the definition of the rejection has it.
    pub(crate) fn weight(&self) -> &FrameNumbers {
        let swarp = self.convention == Some(Convention::Swarp) && self.rejects(RejectName::VarClip);
        let of_definition = if swarp && self.combine == Combine::Average {
            &FrameNumbers::Variance
        } else {
            &FrameNumbers::None
        };
        self.frames.weight.as_ref().unwrap_or(of_definition)
    }

    /// The rejections as they were given.
    pub(crate) fn rejections(&self) -> String {
        self.reject.iter().map(|name| word(*name)).collect::<Vec<_>>().join(",")
    }
}

names! {
    /// `--norm`.
    NormName {
        Add = "add", AddScale = "addscale", Mul = "mul", MulScale = "mulscale", OverlapZero = "overlap-zero",
        OverlapScale = "overlap-scale", OverlapBoth = "overlap-both",
    }
}

names! {
    /// `--masktype`.
    MaskName {
        None = "none", GoodValue = "goodvalue", BadValue = "badvalue", GoodBits = "goodbits", BadBits = "badbits",
        NoValue = "novalue",
    }
}

names! {
    /// `--center`.
    CenterName { Median = "median", Mean = "mean" }
}

names! {
    /// `--spread`.
    SpreadName { Std = "std", Mad = "mad" }
}

names! {
    /// `--device`.
    DeviceName { Auto = "auto", Cpu = "cpu", Cuda = "cuda" }
}

names! {
    /// `--progress`.
    ProgressName { Auto = "auto", Never = "never" }
}

names! {
    /// `--kernel` of bench, from the cheapest.
    KernelName {
        Average = "average", Sum = "sum", Min = "min", Max = "max", Median = "median", MinMax = "minmax",
        Extrema = "extrema", SigclipAverage = "sigclip-average", SigclipMedian = "sigclip-median",
        MadClip = "madclip", PClip = "pclip", Percentile = "percentile", Winsorized = "winsorized", Gesd = "gesd",
        LinearFit = "linearfit", LinearFitL1 = "linearfit-l1", MedSigma = "medsigma", CcdClip = "ccdclip",
        CcdClipMean = "ccdclip-mean", Crreject = "crreject", AvSigClip = "avsigclip", MeanClip = "meanclip", VarClip = "varclip",
        VarClipSwarp = "varclip-swarp",
    }
}

names! {
    /// `--type` of bench.
    TypeName { F32 = "f32", F64 = "f64", U16 = "u16" }
}
