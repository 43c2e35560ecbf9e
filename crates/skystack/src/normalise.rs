//! Scales, zeros and weights of the frames of a run (algorithms.md section 6): from what the user asked for to numbers.

mod measured;

use skystack_combine::normalise::{
    self, Affine, Factor, PairWeight, SampleSize, Sampling, Statistic, Statsec,
};
use skystack_combine::{Control, FrameSource, Options};
use skystack_reject::{Scaling, ScalingError};
use skystack_simd::Element;

use self::measured::{Factors, Measured};
use crate::noise::Numbered;
use crate::{Convention, Error, ErrorKind, OverlapReport, Report, Weight};

/// Where the number of each frame comes from that it is scaled or shifted by.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Norm {
    /// Nothing is scaled, or shifted.
    #[default]
    None,
    /// The mode of the frame, as IRAF estimates it.
    Mode,
    /// Its median.
    Median,
    /// Its mean.
    Mean,
    /// Siril's robust location, for a zero, or scale (IKSS-lite).
    IkssLite,
    /// Its biweight location.
    Biweight,
    /// The exposure time, keyword EXPTIME. There are no zeros of it.
    Exposure,
    /// This keyword: scales that multiply, zeros that are added.
    Keyword(String),
    /// These numbers, likewise.
    Given(Vec<f64>),
}

/// How frames are brought to one level.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Normalisation {
    /// By numbers of each frame, relative to the first one (IRAF; algorithms.md section 6.1).
    Levels {
        /// What the frames are divided by.
        scale: Norm,
        /// What is subtracted from them.
        zero: Norm,
    },
    /// By robust location and scale of each frame, IKSS-lite (Siril's `-norm`; section 6.4).
    Affine {
        /// What is made equal.
        mode: Affine,
        /// To that of which frame, from 0.
        reference: usize,
    },
    /// By what frames say of the pixels that they have in common, for mosaics (section 6.5).
    Overlap(Overlap),
}

/// Zeros or gains by least squares over all pairs of frames that overlap.
///
/// One frame of each group of frames that overlaps connect stays as it is, exactly: `reference` in its group, in others the first one.
/// More than one group is a warning: nothing calibrates them against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// What is fitted.
    pub fit: OverlapFit,
    /// Fewest pixels that two frames must have in common to count.
    pub minoverlap: usize,
    /// What a pair of frames counts.
    pub weight: PairWeight,
    /// The frame that stays as it is, from 0.
    pub reference: usize,
}

/// What [`Overlap`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverlapFit {
    /// Zeros, from the median differences of pairs.
    #[default]
    Zeros,
    /// Gains, from their median ratios.
    Gains,
    /// Gains, then zeros with these gains. (Never both at once: that has the solution that all are 0.)
    GainsAndZeros,
}

impl Default for Overlap {
    /// Zeros, of pairs with at least 100 common pixels, relative to the first frame.
    fn default() -> Self {
        Self { fit: OverlapFit::default(), minoverlap: 100, weight: PairWeight::default(), reference: 0 }
    }
}

impl Default for Normalisation {
    fn default() -> Self {
        Self::Levels { scale: Norm::None, zero: Norm::None }
    }
}

impl Normalisation {
    /// Does nothing happen?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The statistics that have to be taken of each frame.
    fn statistics(&self) -> [Option<Statistic>; 2] {
        match self {
            Self::Levels { scale, zero } => [scale.statistic_of_scale(), zero.statistic()],
            Self::Affine { mode, .. } => {
                [Some(Statistic::Ikss), mode.scales().then_some(Statistic::IkssScale)]
            }
            Self::Overlap(_) => [None, None],
        }
    }

    /// The frame that stays as it is, where that can be chosen.
    fn reference(&self) -> Option<usize> {
        match self {
            Self::Levels { .. } => None,
            Self::Affine { reference, .. } | Self::Overlap(Overlap { reference, .. }) => Some(*reference),
        }
    }
}

impl Norm {
    /// The statistic that has to be taken of the samples for a zero.
    pub(crate) fn statistic(&self) -> Option<Statistic> {
        match self {
            Self::Mode => Some(Statistic::Mode),
            Self::Median => Some(Statistic::Median),
            Self::Mean => Some(Statistic::Mean),
            Self::IkssLite => Some(Statistic::Ikss),
            Self::Biweight => Some(Statistic::Biweight),
            Self::None | Self::Exposure | Self::Keyword(_) | Self::Given(_) => None,
        }
    }

    /// For a scale: another one where a robust scale belongs to the location.
    fn statistic_of_scale(&self) -> Option<Statistic> {
        if *self == Self::IkssLite { Some(Statistic::IkssScale) } else { self.statistic() }
    }
}

impl Weight {
    pub(crate) fn statistic(&self) -> Option<Statistic> {
        match self {
            Self::Mode => Some(Statistic::Mode),
            Self::Median => Some(Statistic::Median),
            Self::Mean => Some(Statistic::Mean),
            Self::Noise => Some(Statistic::Noise),
            _ => None,
        }
    }
}

/// What a run asks for.
pub(crate) struct Wanted<'a> {
    pub(crate) convention: Convention,
    pub(crate) output: &'a Normalisation,
    /// For the rejections, if otherwise.
    pub(crate) rejection: Option<&'a Normalisation>,
    pub(crate) weight: &'a Weight,
    pub(crate) statsec: &'a Statsec,
    pub(crate) all_pixels: bool,
    /// Are the errors of the factors wanted?
    pub(crate) errors: bool,
    pub(crate) lthreshold: Option<f64>,
    pub(crate) hthreshold: Option<f64>,
}

/// Numbers of the frames.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Normalised {
    /// One a frame; empty where nothing is scaled.
    pub(crate) factors: Vec<Factor>,
    /// For the rejections, if otherwise.
    pub(crate) reject_factors: Option<Vec<Factor>>,
    /// How well the factors are known; empty unless that is wanted.
    pub(crate) errors: Vec<ScalingError>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) warnings: Vec<normalise::Warning>,
    /// Pairs of frames that were compared for the factors.
    pub(crate) overlaps: Vec<OverlapReport>,
}

impl Wanted<'_> {
    /// Must samples be read before the first one is combined?
    pub(crate) fn reads_samples(&self) -> bool {
        !self.statistics().is_empty() || self.compares_pairs()
    }

    fn normalisations(&self) -> impl Iterator<Item = &Normalisation> {
        [Some(self.output), self.rejection].into_iter().flatten()
    }

    fn compares_pairs(&self) -> bool {
        self.normalisations().any(|norm| matches!(norm, Normalisation::Overlap(_)))
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            statsec: self.statsec.clone(),
            size: if self.all_pixels { SampleSize::All } else { SampleSize::Thinned },
            lthreshold: self.lthreshold,
            hthreshold: self.hthreshold,
        }
    }

    /// Every statistic that is needed, once.
    fn statistics(&self) -> Vec<Statistic> {
        let norms = self.normalisations().flat_map(Normalisation::statistics);
        let mut statistics = Vec::new();
        for statistic in norms.chain([self.weight.statistic()]).flatten() {
            if !statistics.contains(&statistic) {
                statistics.push(statistic);
            }
        }
        statistics
    }

    /// Memory of one worker that takes the statistics, in bytes.
    pub(crate) fn sample_bytes<T: Element>(
        &self,
        source: &impl FrameSource<T>,
        frames: &[Numbered<'_>],
    ) -> Result<usize, Error> {
        let mut bytes = 0;
        if !self.statistics().is_empty() {
            bytes = normalise::sample_bytes(source, &self.sampling())
                .map_err(|error| self.named(error, frames))?;
        }
        Ok(if self.compares_pairs() { bytes.max(normalise::pair_bytes(source)) } else { bytes })
    }

    /// Works the numbers out; `frames` are for headers and messages.
    pub(crate) fn resolve<T: Element>(
        &self,
        source: &impl FrameSource<T>,
        frames: &[Numbered<'_>],
        ncombine: &[f64],
        workers: usize,
        control: &Control<'_>,
    ) -> Result<Normalised, Error> {
        let measured = Measured::new(self, source, frames, (workers, control))?;
        let Factors { factors, zero, mut warnings, overlaps } = measured.factors(self.output)?;
        let mut reject_factors = None;
        if let Some(norm) = self.rejection {
            let found = measured.factors(norm)?;
            add_new(&mut warnings, found.warnings);
            reject_factors = Some(found.factors);
        }
        let weights = measured.weights(self.weight)?;
        let found = normalise::weights(&weights, ncombine, &zero, &factors);
        let found = found.map_err(|error| self.named(error, frames))?;
        warnings.extend(found.warnings);
        let is_used = !self.output.is_none();
        let errors = if self.errors { errors(&factors, frames)? } else { Vec::new() };
        Ok(Normalised {
            errors,
            factors: if is_used { factors } else { Vec::new() },
            reject_factors,
            weights: found.weights,
            warnings,
            overlaps,
        })
    }

    /// An error, with the name of the frame that it is about. What a frame holds is wrong, not an option, unless the option named
    /// a part of it that has nothing, or there is no header.
    fn named(&self, error: normalise::NormaliseError, frames: &[Numbered<'_>]) -> Error {
        use normalise::NormaliseError::{Empty, Run};
        let Some(frame) = error.frame().and_then(|frame| frames.get(frame)) else { return error.into() };
        let is_option = match error {
            Run(_) => return error.into(),
            Empty { .. } => *self.statsec != Statsec::default(),
            _ => false,
        };
        let kind = if is_option || frame.header.is_none() { ErrorKind::Parameter } else { ErrorKind::Format };
        Error::new(kind, format!("{}: {error}", frame.name))
    }
}

impl Normalised {
    /// Puts the numbers into the options of a run.
    pub(crate) fn apply(&self, options: &mut Options) {
        options.scalings = scalings(&self.factors);
        options.reject_scalings = self.reject_factors.as_deref().map(scalings);
        options.scaling_errors = self.errors.clone();
        options.weights = self.weights.clone();
    }

    /// Writes them into the report of a run.
    pub(crate) fn tell(&self, report: &mut Report) {
        for (frame, factor) in report.frames.iter_mut().zip(&self.factors) {
            (frame.scale, frame.zero) = (Some(factor.scale), Some(factor.zero));
        }
        for (frame, factor) in report.frames.iter_mut().zip(self.reject_factors.iter().flatten()) {
            (frame.reject_scale, frame.reject_zero) = (Some(factor.scale), Some(factor.zero));
        }
        report.overlaps.clone_from(&self.overlaps);
        for (frame, weight) in report.frames.iter_mut().zip(self.weights.iter().flatten()) {
            frame.weight = Some(*weight);
        }
        report.warnings.extend(self.warnings.iter().cloned().map(Into::into));
    }
}

/// Adds what has not been said yet.
fn add_new(warnings: &mut Vec<normalise::Warning>, found: Vec<normalise::Warning>) {
    for warning in found {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// m and o of each frame.
fn scalings(factors: &[Factor]) -> Vec<Scaling> {
    factors.iter().map(|factor| factor.scaling).collect()
}

/// How well the factors are known.
fn errors(factors: &[Factor], frames: &[Numbered<'_>]) -> Result<Vec<ScalingError>, Error> {
    let of = |(factor, frame): (&Factor, &Numbered<'_>)| match (factor.scale_error, factor.zero_error) {
        (Some(scale), Some(zero)) => Ok(ScalingError { scale: scale / factor.scale, zero }),
        _ => {
            let needed = "needed scale and zero from mode, median, mean, iksslite, biweight or exposure for errors of scales";
            let message = format!("{}: the error of its scale and zero is not known, {needed}", frame.name);
            Err(Error::new(ErrorKind::Parameter, message))
        }
    };
    factors.iter().zip(frames).map(of).collect()
}
