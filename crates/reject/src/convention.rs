//! Conventions: named, versioned sets of resolved parameters (algorithms.md section 4).
//!
//! A convention only supplies parameters. Every algorithm is defined once, and a pair (rejection, convention) that has no
//! published definition is an error, never a silent substitute.

use std::fmt;
use std::str::FromStr;

use crate::RejectError;

macro_rules! conventions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Whose definition of a rejection, of `blank`, of `lmedian` and of the sigma image is meant.
        ///
        /// ```
        /// use skystack_reject::Convention;
        /// assert_eq!("astropy".parse::<Convention>()?, Convention::Astropy);
        /// assert_eq!(Convention::default().to_string(), "iraf");
        /// # Ok::<(), skystack_reject::RejectError>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub enum Convention { $($(#[$doc])* $variant,)* }

        impl Convention {
            /// All conventions, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the command line and in HISTORY.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// All names, for messages.
            pub(crate) const fn names() -> &'static str {
                concat!($($name, " ",)*)
            }
        }
    };
}

conventions! {
    /// IRAF `imcombine` 2.17: the default.
    #[default]
    Iraf = "iraf",
    /// `astropy.stats`.
    Astropy = "astropy",
    /// ccdproc `Combiner`.
    Ccdproc = "ccdproc",
    /// imcombiners 0.1.
    Imcombiners = "imcombiners",
    /// Siril.
    Siril = "siril",
    /// GNU Astronomy Utilities, `astarithmetic`.
    Gnuastro = "gnuastro",
    /// LSST `afw` statistics.
    Lsst = "lsst",
    /// ESO HDRL.
    Hdrl = "hdrl",
    /// DeepSkyStacker.
    Dss = "dss",
    /// Gemini DRAGONS.
    Dragons = "dragons",
    /// SWarp.
    Swarp = "swarp",
    /// Montage `mAdd`.
    Montage = "montage",
    /// nightlight.
    Nightlight = "nightlight",
    /// PixInsight `ImageIntegration`.
    Pixinsight = "pixinsight",
    /// The published or plainest definition where programs disagree or are defective.
    Textbook = "textbook",
}

impl Convention {
    /// What an empty output pixel is by this convention, where the user names it (algorithms.md 1.2): 0 for IRAF and SWarp.
    pub const fn blank(self) -> f64 {
        match self {
            Self::Iraf | Self::Swarp => 0.0,
            _ => f64::NAN,
        }
    }
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Convention {
    type Err = RejectError;

    fn from_str(text: &str) -> Result<Self, RejectError> {
        let unknown = || RejectError::UnknownConvention { found: text.to_owned() };
        Self::ALL.iter().copied().find(|c| c.name() == text).ok_or_else(unknown)
    }
}
