//! Numbers of each frame: gain, read noise, exposure and the like, given or in headers.

use skystack_combine::CombineError;
use skystack_fits::Header;
use skystack_reject::Noise;

use crate::{Error, ErrorKind};

/// A number for every frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PerFrame {
    /// One for all.
    Same(f64),
    /// In this keyword of each frame's header.
    Keyword(String),
    /// One a frame.
    Given(Vec<f64>),
}

impl From<f64> for PerFrame {
    fn from(number: f64) -> Self {
        Self::Same(number)
    }
}

/// The noise of the detectors: what `ccdclip`, `crreject`, `nmodel` and variances from a model need.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseModel {
    /// Gain (e⁻/DN).
    pub gain: PerFrame,
    /// Read noise (e⁻).
    pub rdnoise: PerFrame,
    /// Sensitivity noise, a fraction of the signal.
    pub snoise: PerFrame,
}

impl Default for NoiseModel {
    /// One electron a count and nothing else.
    fn default() -> Self {
        let Noise { gain, rdnoise, snoise } = Noise::default();
        Self { gain: gain.into(), rdnoise: rdnoise.into(), snoise: snoise.into() }
    }
}

/// A frame as far as its numbers are concerned.
pub(crate) struct Numbered<'a> {
    pub(crate) name: String,
    /// Absent for arrays.
    pub(crate) header: Option<&'a Header>,
}

impl PerFrame {
    /// The numbers, for `what`.
    pub(crate) fn of(&self, frames: &[Numbered<'_>], what: &str) -> Result<Vec<f64>, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Parameter, message));
        match self {
            Self::Same(number) => Ok(vec![*number; frames.len()]),
            Self::Given(numbers) if numbers.len() == frames.len() => Ok(numbers.clone()),
            Self::Given(numbers) => {
                let (found, needed) = (numbers.len(), frames.len());
                wrong(format!("{what} is {found} numbers, needed one for each of {needed} frames"))
            }
            Self::Keyword(keyword) => frames.iter().map(|frame| frame.number(keyword, what)).collect(),
        }
    }
}

impl Numbered<'_> {
    fn number(&self, keyword: &str, what: &str) -> Result<f64, Error> {
        let Some(header) = self.header else {
            let message = format!("{what} is keyword {keyword}, needed numbers: an array has no header");
            return Err(Error::new(ErrorKind::Parameter, message));
        };
        header.number(keyword).ok_or_else(|| {
            let message = format!("{} has no number in keyword {keyword}, needed for {what}", self.name);
            Error::new(ErrorKind::Format, message)
        })
    }
}

impl NoiseModel {
    /// One entry a frame; none at all where all is as it is by default.
    pub(crate) fn of(&self, frames: &[Numbered<'_>]) -> Result<Vec<Noise>, Error> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        let gains = self.gain.of(frames, "gain")?;
        let rdnoises = self.rdnoise.of(frames, "rdnoise")?;
        let snoises = self.snoise.of(frames, "snoise")?;
        let numbers = gains.iter().zip(&rdnoises).zip(&snoises);
        Ok(numbers
            .map(|((gain, rdnoise), snoise)| Noise { gain: *gain, rdnoise: *rdnoise, snoise: *snoise })
            .collect())
    }

    /// An error of the engine; about a number that a header says, with the name of its frame.
    pub(crate) fn named(&self, error: CombineError, frames: &[Numbered<'_>]) -> Error {
        let CombineError::Number { option, frame, .. } = &error else { return error.into() };
        let from = [("gain", &self.gain), ("rdnoise", &self.rdnoise), ("snoise", &self.snoise)];
        let from = from.into_iter().find(|(name, _)| name == option);
        match (from, frames.get(*frame)) {
            (Some((_, PerFrame::Keyword(keyword))), Some(frame)) => {
                let message = format!("{}, keyword {keyword}: {error}", frame.name);
                Error::new(ErrorKind::Format, message)
            }
            _ => error.into(),
        }
    }
}
