//! One header and data unit, and how to choose one.

use crate::bitpix::Bitpix;
use crate::error::Unsupported;
use crate::header::Header;

/// What an HDU holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HduKind {
    /// An array: the primary HDU, or an IMAGE extension.
    Image,
    /// An image stored as a table of compressed tiles (ZIMAGE = T).
    CompressedImage,
    /// A BINTABLE extension.
    BinTable,
    /// A TABLE extension.
    AsciiTable,
    /// An extension of this type, which FITS allows and this crate skips.
    Foreign(String),
    /// The primary HDU of a random groups file.
    RandomGroups,
}

impl std::fmt::Display for HduKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::CompressedImage => "tile-compressed image",
            Self::BinTable => "binary table",
            Self::AsciiTable => "ASCII table",
            Self::Foreign(name) => return write!(f, "extension of type '{name}'"),
            Self::RandomGroups => "random groups structure",
        })
    }
}

/// One HDU of a file: its header, and where its data are. Every size has been checked against the file.
#[derive(Clone, Debug)]
pub struct Hdu {
    pub(crate) index: usize,
    pub(crate) kind: HduKind,
    pub(crate) header: Header,
    pub(crate) name: Option<String>,
    pub(crate) version: i64,
    pub(crate) bitpix: Bitpix,
    pub(crate) axes: Vec<u64>,
    pub(crate) data_offset: u64,
    pub(crate) data_bytes: u64,
}

impl Hdu {
    /// Index in the file; 0 is the primary HDU.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What it holds.
    pub fn kind(&self) -> &HduKind {
        &self.kind
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// EXTNAME, where there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// EXTVER, 1 where there is none.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// BITPIX.
    pub fn bitpix(&self) -> Bitpix {
        self.bitpix
    }

    /// NAXIS1, NAXIS2 and so on: the first axis varies fastest.
    pub fn axes(&self) -> &[u64] {
        &self.axes
    }

    /// Byte of the file where the data begin.
    pub fn data_offset(&self) -> u64 {
        self.data_offset
    }

    /// Bytes of data, without padding.
    pub fn data_bytes(&self) -> u64 {
        self.data_bytes
    }

    /// Why this HDU is no image that can be read; `None` if it is one.
    pub(crate) fn unreadable(&self) -> Option<Unsupported> {
        match &self.kind {
            HduKind::Image if self.data_bytes == 0 => Some(Unsupported::NoData),
            HduKind::Image => None,
            HduKind::CompressedImage => Some(Unsupported::TileCompressed),
            HduKind::RandomGroups => Some(Unsupported::RandomGroups),
            other => Some(Unsupported::NotAnImage(other.clone())),
        }
    }

    /// Whether [`HduSelector::First`] stops here: at an image with data, readable by this crate or not, since
    /// passing over a compressed image would silently read another one than the user meant.
    pub(crate) fn holds_an_image(&self) -> bool {
        match self.kind {
            HduKind::Image => self.data_bytes > 0,
            HduKind::CompressedImage | HduKind::RandomGroups => true,
            _ => false,
        }
    }
}

/// Which HDU of a file is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum HduSelector {
    /// The first that holds an image with data.
    #[default]
    First,
    /// By index; 0 is the primary HDU.
    Index(usize),
    /// By EXTNAME, compared without regard to case, and EXTVER; without a version the first of that name.
    /// `PRIMARY` is the primary HDU unless an extension has that name.
    Name {
        /// EXTNAME.
        name: String,
        /// EXTVER.
        version: Option<i64>,
    },
}

impl HduSelector {
    /// The HDU of `hdus` that is meant.
    pub(crate) fn find<'a>(&self, hdus: &'a [Hdu]) -> Option<&'a Hdu> {
        match self {
            Self::First => hdus.iter().find(|hdu| hdu.holds_an_image()),
            Self::Index(index) => hdus.get(*index),
            Self::Name { name, version } => {
                let named = hdus.iter().find(|hdu| {
                    hdu.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name))
                        && version.is_none_or(|v| v == hdu.version)
                });
                let primary = version.is_none_or(|v| v == 1) && name.eq_ignore_ascii_case("PRIMARY");
                named.or_else(|| if primary { hdus.first() } else { None })
            }
        }
    }
}

/// As in the brackets after a file name; empty for the first image.
impl std::fmt::Display for HduSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::First => Ok(()),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name { name, version: None } => write!(f, "[{name}]"),
            Self::Name { name, version: Some(version) } => write!(f, "[{name},{version}]"),
        }
    }
}
