//! All of zero, scale and weight in one call, with one reading of the frames.

use skystack_simd::Element;

use super::{
    Factor, FrameWeights, Measurement, NormRule, NormaliseError, Sampling, Statistic, Values, Warning,
    Weights, factors, measure, warnings, weights,
};
use crate::FrameSource;
use crate::engine::Control;

/// Where the scales or the zeros of frames come from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Norm {
    /// Nothing is scaled, or nothing is subtracted.
    #[default]
    None,
    /// A statistic of the samples.
    Statistic(Statistic),
    /// Numbers that the frames have, one each, such as exposure times.
    Measured(Vec<f64>),
    /// Numbers that the user wants applied, from a file, a keyword or a vector: see [`NormRule`].
    Given(Vec<f64>),
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightNorm {
    /// A statistic of the unscaled samples, as [`Weights::Measured`]; [`Statistic::Noise`] as [`Weights::Noise`].
    Statistic(Statistic),
    /// Numbers that are known.
    Known(Weights),
}

impl Default for WeightNorm {
    fn default() -> Self {
        Self::Known(Weights::None)
    }
}

/// What frames are normalised by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Whose formula makes factors.
    pub rule: NormRule,
    /// Scales.
    pub scale: Norm,
    /// Zeros.
    pub zero: Norm,
    /// Weights.
    pub weight: WeightNorm,
    /// NCOMBINE of each frame; empty: no frame says.
    pub ncombine: Vec<f64>,
}

/// The outcome of [`normalise`].
#[derive(Debug, Clone, PartialEq)]
pub struct Normalisation {
    /// One a frame.
    pub factors: Vec<Factor>,
    /// One a frame, of sum 1; `None`: all frames count the same.
    pub weights: Option<Vec<f64>>,
    /// For the report.
    pub warnings: Vec<Warning>,
}

impl Request {
    /// The statistics that it needs, each once: nothing is read where there are none.
    pub fn statistics(&self) -> Vec<Statistic> {
        let of_norm = |norm: &Norm| match norm {
            Norm::Statistic(statistic) => Some(*statistic),
            _ => None,
        };
        let of_weight = match self.weight {
            WeightNorm::Statistic(statistic) => Some(statistic),
            WeightNorm::Known(_) => None,
        };
        let mut wanted = Vec::new();
        for statistic in [of_norm(&self.scale), of_norm(&self.zero), of_weight].into_iter().flatten() {
            if !wanted.contains(&statistic) {
                wanted.push(statistic);
            }
        }
        wanted
    }
}

/// Measures what `request` needs of the frames of `source` and makes factors and weights of it.
///
/// # Errors
/// As [`measure`], [`factors`] and [`weights`].
/// # Cost
/// As one [`measure`], however many statistics there are; nothing is read where none is asked for.
/// # Examples
/// ```
/// use skystack_combine::{Control, FrameSource, Plane};
/// use skystack_combine::normalise::{Norm, Request, Sampling, Statistic, normalise};
///
/// struct Constant(Vec<Vec<f32>>);
///
/// impl FrameSource<f32> for Constant {
///     fn frames(&self) -> usize { self.0.len() }
///     fn height(&self) -> usize { 2 }
///     fn width(&self) -> usize { 4 }
///     fn borrow(&self, frame: usize) -> Option<Plane<'_, f32>> {
///         Some(Plane { data: &self.0[frame], stride: 4 })
///     }
/// }
///
/// let source = Constant([10.0, 12.5].map(|v| vec![v; 8]).to_vec());
/// let request = Request { zero: Norm::Statistic(Statistic::Median), ..Request::default() };
/// let control = Control::new(skystack_simd::Level::Baseline);
/// let found = normalise(&source, &request, &Sampling::default(), 1, &control)?;
/// assert_eq!((found.factors[1].scaling.multiply, found.factors[1].scaling.add), (1.0, -2.5));
/// assert_eq!(found.weights, None);
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
pub fn normalise<T: Element>(
    source: &impl FrameSource<T>,
    request: &Request,
    sampling: &Sampling,
    workers: usize,
    control: &Control<'_>,
) -> Result<Normalisation, NormaliseError> {
    let statistics = request.statistics();
    let lists = if statistics.is_empty() {
        Vec::new()
    } else {
        measure(source, &statistics, sampling, workers, control)?
    };
    let of = |wanted: Statistic| -> Vec<Measurement> {
        let lists = statistics.iter().zip(&lists);
        lists
            .filter(|(statistic, _)| **statistic == wanted)
            .flat_map(|(_, list)| list.iter().copied())
            .collect()
    };
    let values = |norm: &Norm| match norm {
        Norm::None => Values::None,
        Norm::Statistic(statistic) => Values::Measured(of(*statistic)),
        Norm::Measured(numbers) => Values::exact(numbers),
        Norm::Given(numbers) => Values::Given(numbers.clone()),
    };
    let (scale, zero) = (values(&request.scale), values(&request.zero));
    let factors = factors(request.rule, source.frames(), &scale, &zero)?;
    let numbers = |statistic| of(statistic).iter().map(|measured| measured.value).collect();
    let weight = match &request.weight {
        WeightNorm::Statistic(Statistic::Noise) => Weights::Noise(numbers(Statistic::Noise)),
        WeightNorm::Statistic(statistic) => Weights::Measured(numbers(*statistic)),
        WeightNorm::Known(weights) => weights.clone(),
    };
    let mut warnings = warnings(&factors, &zero);
    let FrameWeights { weights, warnings: of_weights } =
        weights(&weight, &request.ncombine, &zero, &factors)?;
    warnings.extend(of_weights);
    Ok(Normalisation { factors, weights, warnings })
}
