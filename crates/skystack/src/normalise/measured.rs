//! From samples to the factors of the frames: statistics of each frame, and of what pairs of frames have in common.

use std::marker::PhantomData;

use skystack_combine::normalise::{
    self, Affine, Compare, Factor, Measurement, NormRule, Pair, Solution, Statistic, Values, Weights,
};
use skystack_combine::{Control, FrameSource};
use skystack_simd::Element;

use super::{Norm, Normalisation, Overlap, OverlapFit, Wanted, add_new};
use crate::noise::Numbered;
use crate::{Error, ErrorKind, OverlapReport, PerFrame, Quantity, Weight};

/// The statistics that were taken of the frames of a source, and how more is learnt of it.
pub(super) struct Measured<'a, T, S> {
    wanted: &'a Wanted<'a>,
    source: &'a S,
    frames: &'a [Numbered<'a>],
    /// Workers, and how they are watched.
    run: (usize, &'a Control<'a>),
    statistics: Vec<Statistic>,
    /// One list for each statistic.
    lists: Vec<Vec<Measurement>>,
    of: PhantomData<T>,
}

/// The outcome for one normalisation.
pub(super) struct Factors {
    pub(super) factors: Vec<Factor>,
    /// What the zeros come from: weights are corrected for it.
    pub(super) zero: Values,
    pub(super) warnings: Vec<normalise::Warning>,
    /// Pairs of frames that were compared.
    pub(super) overlaps: Vec<OverlapReport>,
}

impl<'a, T: Element, S: FrameSource<T>> Measured<'a, T, S> {
    /// Takes every statistic that is wanted, with one reading of the frames.
    pub(super) fn new(
        wanted: &'a Wanted<'a>,
        source: &'a S,
        frames: &'a [Numbered<'a>],
        run: (usize, &'a Control<'a>),
    ) -> Result<Self, Error> {
        let statistics = wanted.statistics();
        let mut lists = Vec::new();
        if !statistics.is_empty() {
            let (workers, control) = run;
            let found = normalise::measure(source, &statistics, &wanted.sampling(), workers, control);
            lists = found.map_err(|error| wanted.named(error, frames))?;
        }
        Ok(Self { wanted, source, frames, run, statistics, lists, of: PhantomData })
    }

    fn of(&self, statistic: Statistic) -> Vec<Measurement> {
        let at = self.statistics.iter().position(|taken| *taken == statistic);
        at.map_or_else(Vec::new, |at| self.lists[at].clone())
    }

    fn numbers(&self, statistic: Statistic) -> Vec<f64> {
        self.of(statistic).iter().map(|found| found.value).collect()
    }

    fn keyword(&self, keyword: &str, what: &str) -> Result<Vec<f64>, Error> {
        PerFrame::Keyword(keyword.to_owned()).of(self.frames, what)
    }

    fn scales(&self, norm: &Norm) -> Result<Values, Error> {
        match (norm, norm.statistic_of_scale()) {
            (_, Some(statistic)) => Ok(Values::Measured(self.of(statistic))),
            (Norm::Exposure, _) => Ok(Values::exact(&self.keyword("EXPTIME", "scale")?)),
            _ => self.given(norm, "scale"),
        }
    }

    fn zeros(&self, norm: &Norm) -> Result<Values, Error> {
        match (norm, norm.statistic()) {
            (_, Some(statistic)) => Ok(Values::Measured(self.of(statistic))),
            (Norm::Exposure, _) => {
                let message = "zero is exposure, needed a statistic, a keyword or numbers";
                Err(Error::new(ErrorKind::Parameter, message))
            }
            _ => self.given(norm, "zero"),
        }
    }

    /// Numbers that nobody measures.
    fn given(&self, norm: &Norm, what: &str) -> Result<Values, Error> {
        Ok(match norm {
            Norm::Keyword(keyword) => Values::Given(self.keyword(keyword, what)?),
            Norm::Given(numbers) => Values::Given(PerFrame::Given(numbers.clone()).of(self.frames, what)?),
            _ => Values::None,
        })
    }

    /// The factors, what the zeros come from, and what is to be said about them.
    pub(super) fn factors(&self, norm: &Normalisation) -> Result<Factors, Error> {
        if let Some(reference) = norm.reference()
            && reference >= self.frames.len()
        {
            let (found, needed) = (reference + 1, self.frames.len());
            let message =
                format!("the reference of the normalisation is frame {found}, needed one of {needed}");
            return Err(Error::new(ErrorKind::Parameter, message));
        }
        match norm {
            Normalisation::Levels { scale, zero } => self.levels(scale, zero),
            Normalisation::Affine { mode, reference } => self.affine(*mode, *reference),
            Normalisation::Overlap(overlap) => self.overlap(overlap),
        }
    }

    fn levels(&self, scale: &Norm, zero: &Norm) -> Result<Factors, Error> {
        let (scale, zero) = (self.scales(scale)?, self.zeros(zero)?);
        let rule = NormRule::from(self.wanted.convention);
        let found = normalise::factors(rule, self.frames.len(), &scale, &zero);
        let factors = found.map_err(|error| self.wanted.named(error, self.frames))?;
        let warnings = normalise::warnings(&factors, &zero);
        Ok(Factors { factors, zero, warnings, overlaps: Vec::new() })
    }

    fn affine(&self, mode: Affine, reference: usize) -> Result<Factors, Error> {
        let (locations, scales) = (self.numbers(Statistic::Ikss), self.numbers(Statistic::IkssScale));
        let found = normalise::affine(mode, &locations, &scales, reference);
        let factors = found.map_err(|error| self.wanted.named(error, self.frames))?;
        let mut warnings = Vec::new();
        if mode.scales()
            && let Ok(exposures) = self.keyword("EXPTIME", "exposure")
        {
            warnings = normalise::flux_warnings(&scales, &exposures, reference);
        }
        Ok(Factors { factors, zero: Values::None, warnings, overlaps: Vec::new() })
    }

    fn overlap(&self, overlap: &Overlap) -> Result<Factors, Error> {
        let frames = self.frames.len();
        let solve = |compare: Compare<'_>| {
            let (sampling, (workers, control)) = (self.wanted.sampling(), self.run);
            let Overlap { minoverlap, weight, reference, .. } = *overlap;
            let found = normalise::compare_pairs(
                self.source,
                compare,
                weight,
                minoverlap,
                &sampling,
                workers,
                control,
            )
            .and_then(|pairs| Ok((normalise::least_squares(frames, reference, &pairs)?, pairs)));
            found.map_err(|error| self.wanted.named(error, self.frames))
        };
        let (mut scales, mut warnings, mut overlaps) = (vec![1.0; frames], Vec::new(), Vec::new());
        if overlap.fit != OverlapFit::Zeros {
            let (gains, pairs) = solve(Compare::Ratios)?;
            overlaps.extend(residuals(Quantity::Gain, &gains, &pairs));
            scales = gains.scales().map_err(|error| self.wanted.named(error, self.frames))?;
            warnings = gains.warnings();
        }
        let mut factors: Vec<Factor> = scales.iter().map(|&scale| Factor::new(scale, 0.0)).collect();
        if overlap.fit != OverlapFit::Gains {
            let (zeros, pairs) = solve(Compare::Differences { scales: &scales })?;
            overlaps.extend(residuals(Quantity::Zero, &zeros, &pairs));
            factors = zeros.zeros(&scales);
            // Ratios leave samples out that differences do not, and so connect fewer frames.
            add_new(&mut warnings, zeros.warnings());
        }
        Ok(Factors { factors, zero: Values::None, warnings, overlaps })
    }

    /// Weights before they are normalised.
    pub(super) fn weights(&self, weight: &Weight) -> Result<Weights, Error> {
        Ok(match weight {
            Weight::None | Weight::Variance => Weights::None,
            Weight::Noise => Weights::Noise(self.numbers(Statistic::Noise)),
            Weight::Exposure => Weights::Measured(self.keyword("EXPTIME", "weight")?),
            Weight::Keyword(keyword) => Weights::Given(self.keyword(keyword, "weight")?),
            Weight::Given(numbers) => {
                Weights::Given(PerFrame::Given(numbers.clone()).of(self.frames, "weight")?)
            }
            Weight::Mode | Weight::Median | Weight::Mean => Weights::Measured(
                weight.statistic().map_or_else(Vec::new, |statistic| self.numbers(statistic)),
            ),
        })
    }
}

/// What the solution leaves of each pair.
fn residuals(quantity: Quantity, solution: &Solution, pairs: &[Pair]) -> Vec<OverlapReport> {
    let group = |pair: &Pair| solution.groups[pair.first];
    let of = |(pair, &residual): (&Pair, &f64)| OverlapReport {
        quantity,
        frames: (pair.first, pair.second),
        group: group(pair),
        difference: pair.difference,
        weight: pair.weight,
        residual,
    };
    pairs.iter().zip(&solution.residuals).map(of).collect()
}
