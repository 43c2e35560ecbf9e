//! Scales, zeros and weights of the frames of a run (algorithms.md section 6): from what the user asked for to numbers.

use skystack_combine::normalise::{
    self, Factor, Measurement, NormRule, SampleSize, Sampling, Statistic, Statsec, Values, Weights,
};
use skystack_combine::{Control, FrameSource, Options};
use skystack_reject::Scaling;
use skystack_simd::Element;

use crate::noise::Numbered;
use crate::{Convention, Error, ErrorKind, PerFrame, Report, Weight};

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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Normalisation {
    /// What the frames are divided by, relative to the first one.
    pub scale: Norm,
    /// What is subtracted from them, relative to the first one.
    pub zero: Norm,
}

impl Normalisation {
    /// Does nothing happen?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Norm {
    /// The statistic that has to be taken of the samples.
    fn statistic(&self, is_scale: bool) -> Option<Statistic> {
        match self {
            Self::Mode => Some(Statistic::Mode),
            Self::Median => Some(Statistic::Median),
            Self::Mean => Some(Statistic::Mean),
            Self::IkssLite => Some(if is_scale { Statistic::IkssScale } else { Statistic::Ikss }),
            Self::Biweight => Some(Statistic::Biweight),
            Self::None | Self::Exposure | Self::Keyword(_) | Self::Given(_) => None,
        }
    }
}

impl Weight {
    fn statistic(&self) -> Option<Statistic> {
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
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) warnings: Vec<normalise::Warning>,
}

impl Wanted<'_> {
    /// Must samples be read before the first one is combined?
    pub(crate) fn reads_samples(&self) -> bool {
        !self.statistics().is_empty()
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
        let sets = [Some(self.output), self.rejection];
        let norms =
            sets.into_iter().flatten().flat_map(|set| [set.scale.statistic(true), set.zero.statistic(false)]);
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
        if !self.reads_samples() {
            return Ok(0);
        }
        normalise::sample_bytes(source, &self.sampling()).map_err(|error| named(error, frames))
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
        let statistics = self.statistics();
        let named = |error| named(error, frames);
        let measured = if statistics.is_empty() {
            Vec::new()
        } else {
            normalise::measure(source, &statistics, &self.sampling(), workers, control).map_err(named)?
        };
        let of = Measured { statistics: &statistics, measured: &measured, frames };
        let (factors, zero, mut warnings) = of.factors(self.convention, self.output)?;
        let reject_factors = match self.rejection {
            None => None,
            Some(norm) => Some(of.factors(self.convention, norm)?.0),
        };
        let weights = of.weights(self.weight)?;
        let found = normalise::weights(&weights, ncombine, &zero, &factors).map_err(named)?;
        warnings.extend(found.warnings);
        let is_used = !self.output.is_none();
        Ok(Normalised {
            factors: if is_used { factors } else { Vec::new() },
            reject_factors,
            weights: found.weights,
            warnings,
        })
    }
}

impl Normalised {
    /// Puts the numbers into the options of a run.
    pub(crate) fn apply(&self, options: &mut Options) {
        options.scalings = scalings(&self.factors);
        options.reject_scalings = self.reject_factors.as_deref().map(scalings);
        options.weights = self.weights.clone();
    }

    /// Writes them into the report of a run.
    pub(crate) fn tell(&self, report: &mut Report) {
        for (frame, factor) in report.frames.iter_mut().zip(&self.factors) {
            (frame.scale, frame.zero) = (Some(factor.scale), Some(factor.zero));
        }
        for (frame, weight) in report.frames.iter_mut().zip(self.weights.iter().flatten()) {
            frame.weight = Some(*weight);
        }
        report.warnings.extend(self.warnings.iter().cloned().map(Into::into));
    }
}

/// m and o of each frame.
fn scalings(factors: &[Factor]) -> Vec<Scaling> {
    factors.iter().map(|factor| factor.scaling).collect()
}

/// An error, with the name of the frame that it is about.
fn named(error: normalise::NormaliseError, frames: &[Numbered<'_>]) -> Error {
    match error.frame().and_then(|frame| frames.get(frame)) {
        Some(frame) if !matches!(error, normalise::NormaliseError::Run(_)) => {
            Error::new(ErrorKind::Parameter, format!("{}: {error}", frame.name))
        }
        _ => error.into(),
    }
}

/// The statistics that were taken, one list each.
struct Measured<'a> {
    statistics: &'a [Statistic],
    measured: &'a [Vec<Measurement>],
    frames: &'a [Numbered<'a>],
}

impl Measured<'_> {
    fn of(&self, statistic: Statistic) -> Vec<Measurement> {
        let at = self.statistics.iter().position(|taken| *taken == statistic);
        at.map_or_else(Vec::new, |at| self.measured[at].clone())
    }

    fn keyword(&self, keyword: &str, what: &str) -> Result<Vec<f64>, Error> {
        PerFrame::Keyword(keyword.to_owned()).of(self.frames, what)
    }

    fn values(&self, norm: &Norm, is_scale: bool) -> Result<Values, Error> {
        let what = if is_scale { "scale" } else { "zero" };
        if let Some(statistic) = norm.statistic(is_scale) {
            return Ok(Values::Measured(self.of(statistic)));
        }
        Ok(match norm {
            Norm::Exposure if is_scale => Values::exact(&self.keyword("EXPTIME", what)?),
            Norm::Exposure => {
                let message = "zero is exposure, needed a statistic, a keyword or numbers";
                return Err(Error::new(ErrorKind::Parameter, message));
            }
            Norm::Keyword(keyword) => Values::Given(self.keyword(keyword, what)?),
            Norm::Given(numbers) => Values::Given(PerFrame::Given(numbers.clone()).of(self.frames, what)?),
            _ => Values::None,
        })
    }

    /// The factors, what the zeros come from, and what is to be said about them.
    fn factors(
        &self,
        convention: Convention,
        norm: &Normalisation,
    ) -> Result<(Vec<Factor>, Values, Vec<normalise::Warning>), Error> {
        let (scale, zero) = (self.values(&norm.scale, true)?, self.values(&norm.zero, false)?);
        let found = normalise::factors(NormRule::from(convention), self.frames.len(), &scale, &zero);
        let factors = found.map_err(|error| named(error, self.frames))?;
        let warnings = normalise::warnings(&factors, &zero);
        Ok((factors, zero, warnings))
    }

    fn weights(&self, weight: &Weight) -> Result<Weights, Error> {
        let values = |statistic| self.of(statistic).iter().map(|found| found.value).collect();
        Ok(match weight {
            Weight::None => Weights::None,
            Weight::Noise => Weights::Noise(values(Statistic::Noise)),
            Weight::Exposure => Weights::Measured(self.keyword("EXPTIME", "weight")?),
            Weight::Keyword(keyword) => Weights::Given(self.keyword(keyword, "weight")?),
            Weight::Given(numbers) => {
                Weights::Given(PerFrame::Given(numbers.clone()).of(self.frames, "weight")?)
            }
            Weight::Mode | Weight::Median | Weight::Mean => {
                Weights::Measured(weight.statistic().map_or_else(Vec::new, values))
            }
        })
    }
}
