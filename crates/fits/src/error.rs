//! What can go wrong with a file, with the facts that a message needs.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::hdu::HduKind;
use crate::text::shown;

/// Any failure of this crate. Every message is one line and says which file, what was found and what was needed.
///
/// Match on [`FitsError::kind`] to decide what to do; the variants carry the facts.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FitsError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", shown(.path))]
    Io {
        /// File or folder concerned.
        path: PathBuf,
        /// What was tried, as the verb phrase of the message.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file does not begin like a FITS file.
    #[error("{}: not a FITS file: it starts with {found}, needed \"SIMPLE  = \"", shown(.path))]
    NotFits {
        /// The file.
        path: PathBuf,
        /// Its first bytes, escaped.
        found: String,
    },
    /// A keyword that the reader depends on is missing or has an impossible value.
    #[error("{}: HDU {hdu}: bad header: {keyword} is {found}, needed {needed}", shown(.path))]
    BadHeader {
        /// The file.
        path: PathBuf,
        /// Index of the HDU, 0 is the primary one.
        hdu: usize,
        /// The keyword at fault.
        keyword: String,
        /// Its value as the card has it, or "missing".
        found: String,
        /// What would have been accepted.
        needed: &'static str,
    },
    /// The file ends before what its header promises.
    #[error("{}: HDU {hdu}: truncated {unit}: needed {needed} bytes of file, found {found}", shown(.path))]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Index of the HDU that is cut.
        hdu: usize,
        /// The part that is cut.
        unit: Unit,
        /// Length of the file that would hold it; a lower bound for a header without END.
        needed: u64,
        /// Real length of the file.
        found: u64,
    },
    /// Valid, perhaps, but not something that this crate reads.
    #[error("{}{}: {what}", shown(.path), at(.hdu))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Index of the HDU, where the reason lies in one.
        hdu: Option<usize>,
        /// The reason.
        what: Unsupported,
    },
    /// The file has no HDU of that index or name.
    #[error("{}: no HDU {wanted}; the file has {hdus} HDU(s): {names}", shown(.path))]
    NoSuchHdu {
        /// The file.
        path: PathBuf,
        /// The selector asked for.
        wanted: String,
        /// Number of HDUs in the file.
        hdus: usize,
        /// Their names, the first few.
        names: String,
    },
    /// The file is not the one that was opened.
    #[error("{}: changed while reading: {change}", shown(.path))]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it was noticed.
        change: Change,
    },
    /// The output exists and overwriting was not asked for.
    #[error("{}: output exists already; needed a new name, or overwriting allowed", shown(.path))]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// A header claims more than [`Limits`](crate::Limits) allow.
    #[error("{}: HDU {hdu}: more than {limit} {what}", shown(.path))]
    Limit {
        /// The file.
        path: PathBuf,
        /// Index of the HDU being read.
        hdu: usize,
        /// What is counted.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Rows or planes outside the image were asked for.
    #[error("{name}: {what} {start}..{end} asked for, the image has {have}")]
    OutOfRange {
        /// Name of the image.
        name: String,
        /// "rows" or "planes", or "images" of a writer.
        what: &'static str,
        /// First one asked for.
        start: usize,
        /// One past the last one asked for.
        end: usize,
        /// How many there are.
        have: usize,
    },
    /// The caller's slice does not have the length that the rows need.
    #[error("{name}: a slice of {found} samples was given, needed {needed}")]
    SliceLength {
        /// Name of the image.
        name: String,
        /// Length given.
        found: usize,
        /// Length needed.
        needed: usize,
    },
    /// A keyword that no FITS header can hold.
    #[error("keyword {keyword:?}: needed 1 to 8 of A-Z 0-9 _ -, or words of these for HIERARCH")]
    Keyword {
        /// The keyword given.
        keyword: String,
    },
    /// A value that no FITS card can hold.
    #[error("keyword {keyword}: the value {found} cannot be written to a FITS header: needed {needed}")]
    Value {
        /// The keyword.
        keyword: String,
        /// The value given.
        found: String,
        /// What would have been accepted.
        needed: &'static str,
    },
    /// A header given to the writer holds a keyword that only the writer can know.
    #[error("{}: keyword {keyword} is set by the writer: remove it, or pass Header::inherit", shown(.path))]
    ReservedKeyword {
        /// The output.
        path: PathBuf,
        /// The keyword.
        keyword: String,
    },
    /// Samples of another type than the image was created for.
    #[error("{}: samples of type {found} were given, needed {needed}", shown(.path))]
    SampleType {
        /// The output.
        path: PathBuf,
        /// Type of the samples given.
        found: &'static str,
        /// Types that fit.
        needed: &'static str,
    },
    /// Finished before every row had been written.
    #[error("{}: image {image}: row {row} of plane {plane} was never written", shown(.path))]
    Incomplete {
        /// The output.
        path: PathBuf,
        /// Index of the image among those created.
        image: usize,
        /// Plane of the first missing row.
        plane: usize,
        /// The first missing row.
        row: usize,
    },
    /// A path that cannot become an output file.
    #[error("{}: cannot be an output: it is {what}, needed a regular file or a new name", shown(.path))]
    Target {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The folder of an output is missing, or does not take new files.
    #[error("{}: cannot create the output: the folder {} {what}", shown(.path), shown(.folder))]
    Folder {
        /// The output.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
        /// What is wrong with the folder, as the verb phrase of the message.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// One of several outputs could not be published, and of those published before it some could not be undone:
    /// the system keeps no second name of a file, or refused to restore it.
    #[error("{source}; published already and not undone: {}", list(.paths))]
    PartlyPublished {
        /// The outputs that are new although others are not.
        paths: Vec<PathBuf>,
        /// What went wrong.
        source: Box<FitsError>,
    },
    /// An image whose size no file can have.
    #[error("{}: an image with axes {axes:?} is too large: needed less than 2^63 bytes and 1000 axes", shown(.path))]
    TooLarge {
        /// The output.
        path: PathBuf,
        /// The axes asked for.
        axes: Vec<u64>,
    },
    /// Missing values, and no integer to stand for them.
    #[error("{missing} missing value(s) cannot be stored as integers: needed a BLANK value")]
    NeedsBlank {
        /// How many samples were missing.
        missing: u64,
    },
}

/// The part of an HDU that a truncated file lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// No END card before the end of the file.
    Header,
    /// Fewer bytes of data than the header promises.
    Data,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "header (no END card)",
            Self::Data => "data",
        })
    }
}

/// Why a file or HDU cannot be read although it may be valid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// Compressed as a whole.
    #[error("gzip-compressed files are not supported yet: gunzip it first")]
    Gzip,
    /// An image in a table of compressed tiles.
    #[error("tile-compressed image: not supported yet, funpack it first")]
    TileCompressed,
    /// The random groups structure of early radio interferometry.
    #[error("random groups are not supported, needed an image")]
    RandomGroups,
    /// SIMPLE = F: the file announces that it departs from the standard.
    #[error("SIMPLE = F: the file says that it does not conform to FITS")]
    NotSimple,
    /// The selected HDU is not an image.
    #[error("it is a {0}, needed an image")]
    NotAnImage(HduKind),
    /// The selected HDU has no data.
    #[error("the image has no data (NAXIS = 0, or an axis of length 0)")]
    NoData,
    /// No HDU of the file has an image with data.
    #[error("no image with data among its {hdus} HDU(s)")]
    NoImage {
        /// Number of HDUs in the file.
        hdus: usize,
    },
    /// A folder, FIFO, socket or device: reading it could block for ever.
    #[error("it is {0}, needed a regular file")]
    NotARegularFile(&'static str),
}

/// How a change of an open file was noticed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Change {
    /// Another length than at open.
    #[error("its size was {was} bytes when opened and is {now} now")]
    Size {
        /// Bytes at open.
        was: u64,
        /// Bytes now.
        now: u64,
    },
    /// Another modification time than at open.
    #[error("its modification time is not the one found when it was opened")]
    ModificationTime,
    /// The path names another file than at open.
    #[error("another file has taken its name since it was opened")]
    Replaced,
    /// Fewer bytes than the size at open promised.
    #[error("the file ended at byte {end} or before, which it held when it was opened")]
    ShortRead {
        /// One past the last byte asked for.
        end: u64,
    },
}

/// What kind of failure it is: what a program decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FitsErrorKind {
    /// The operating system refused (permission, missing file, disk full).
    Io,
    /// Not a FITS file.
    NotFits,
    /// An impossible or missing keyword.
    BadHeader,
    /// The file is shorter than its header says.
    Truncated,
    /// Not something that this crate reads.
    Unsupported,
    /// The file changed while it was read.
    Changed,
    /// The output exists.
    Exists,
    /// A bound of `Limits` was passed.
    Limit,
    /// The caller asked for something impossible.
    Parameter,
}

impl FitsError {
    /// The kind of this failure.
    pub fn kind(&self) -> FitsErrorKind {
        match self {
            Self::Io { .. } | Self::Folder { .. } => FitsErrorKind::Io,
            Self::PartlyPublished { source, .. } => source.kind(),
            Self::NotFits { .. } => FitsErrorKind::NotFits,
            Self::BadHeader { .. } => FitsErrorKind::BadHeader,
            Self::Truncated { .. } => FitsErrorKind::Truncated,
            Self::Unsupported { .. } => FitsErrorKind::Unsupported,
            Self::Changed { .. } => FitsErrorKind::Changed,
            Self::Exists { .. } => FitsErrorKind::Exists,
            Self::Limit { .. } => FitsErrorKind::Limit,
            Self::NoSuchHdu { .. }
            | Self::OutOfRange { .. }
            | Self::SliceLength { .. }
            | Self::Keyword { .. }
            | Self::Value { .. }
            | Self::ReservedKeyword { .. }
            | Self::SampleType { .. }
            | Self::Incomplete { .. }
            | Self::Target { .. }
            | Self::TooLarge { .. }
            | Self::NeedsBlank { .. } => FitsErrorKind::Parameter,
        }
    }

    /// Wraps a system error with the file and what was tried. Cold: it is on no fast path.
    #[cold]
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), action, source }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
}

fn at(hdu: &Option<usize>) -> String {
    hdu.map_or_else(String::new, |h| format!(": HDU {h}"))
}
