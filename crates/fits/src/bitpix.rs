//! The six sample types of FITS.

/// The type in which samples are stored: the BITPIX keyword.
///
/// # Examples
///
/// ```
/// use skystack_fits::Bitpix;
/// assert_eq!(Bitpix::from_code(-32), Some(Bitpix::F32));
/// assert_eq!(Bitpix::I16.bytes(), 2);
/// assert_eq!(Bitpix::from_code(24), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bitpix {
    /// 8: unsigned bytes.
    U8,
    /// 16: signed two-byte integers.
    I16,
    /// 32: signed four-byte integers.
    I32,
    /// 64: signed eight-byte integers.
    I64,
    /// -32: IEEE single precision.
    F32,
    /// -64: IEEE double precision.
    F64,
}

impl Bitpix {
    /// The type that the value of a BITPIX card names, if it is one of the six.
    pub fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            8 => Self::U8,
            16 => Self::I16,
            32 => Self::I32,
            64 => Self::I64,
            -32 => Self::F32,
            -64 => Self::F64,
            _ => return None,
        })
    }

    /// The value of the BITPIX card.
    pub fn code(self) -> i64 {
        match self {
            Self::U8 => 8,
            Self::I16 => 16,
            Self::I32 => 32,
            Self::I64 => 64,
            Self::F32 => -32,
            Self::F64 => -64,
        }
    }

    /// Bytes of one stored sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether samples are stored as integers: only these know BLANK.
    pub fn is_integer(self) -> bool {
        self.code() > 0
    }

    /// The range of stored integers; `None` for the two floating types.
    pub fn integer_range(self) -> Option<(i64, i64)> {
        match self {
            Self::U8 => Some((0, 255)),
            Self::I16 => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
            Self::I32 => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            Self::I64 => Some((i64::MIN, i64::MAX)),
            Self::F32 | Self::F64 => None,
        }
    }
}
