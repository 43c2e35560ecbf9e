//! What the used samples of a pixel become: the statistic, and the rules that belong to it.

/// The statistic of the used samples (algorithms.md section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// p + SUM(y − p)/n with p the first used sample; weighted, p + SUM(w·(y − p))/SUM(w).
    #[default]
    Average,
    /// Middle value, or the mean of the two middle ones.
    Median,
    /// Lower middle value, see [`Lmedian`].
    Lmedian,
    /// SUM(y). Weights do not enter.
    Sum,
    /// √SUM((w·y)²)/SUM(w): the error of a mean of errors.
    Quadrature,
    /// √SUM(w²·V)/SUM(w), V of the noise model at each sample.
    Nmodel,
    /// The value up to which half of the weight lies.
    Wmedian,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
}

impl Combine {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Average,
        Self::Median,
        Self::Lmedian,
        Self::Wmedian,
        Self::Sum,
        Self::Quadrature,
        Self::Nmodel,
        Self::Min,
        Self::Max,
    ];

    /// The name in options and in HISTORY.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Median => "median",
            Self::Lmedian => "lmedian",
            Self::Wmedian => "wmedian",
            Self::Sum => "sum",
            Self::Quadrature => "quadrature",
            Self::Nmodel => "nmodel",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Do weights enter?
    pub const fn is_weighted(self) -> bool {
        matches!(self, Self::Average | Self::Quadrature | Self::Nmodel | Self::Wmedian)
    }

    /// Is there a formula for the variance of the result (algorithms.md 8.1)?
    pub(super) const fn propagates(self) -> bool {
        !matches!(self, Self::Quadrature | Self::Nmodel)
    }

    /// Is there one for its error from the scatter of the samples (8.2)?
    pub(super) const fn has_empirical_error(self) -> bool {
        matches!(self, Self::Average | Self::Median | Self::Lmedian)
    }
}

/// Which samples `lmedian` takes the lower middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lmedian {
    /// Of exactly two samples; otherwise it is the median (IRAF).
    #[default]
    Iraf,
    /// Of any even count: rank ⌊(n+1)/2⌋.
    Lower,
}

/// What the sigma image shows (algorithms.md section 8.3): the scatter of the samples, not an error of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SigmaRule {
    /// √(SUM((y − out)²)/(n − 1)), 0 for one sample (IRAF).
    #[default]
    Iraf,
    /// The same, NaN for one sample.
    Scatter,
    /// Population scatter about the mean whatever the combination (gnuastro).
    Population,
}
