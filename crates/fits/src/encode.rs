//! From values to stored bytes.

use crate::bitpix::Bitpix;
use crate::decode::Physical;
use crate::error::FitsError;

/// A type of samples that can be written: u8, i16, u16, i32, u32, i64, u64, f32, f64.
///
/// Unsigned types beyond a byte are stored by FITS's convention: as signed integers with BZERO = 2^(b-1). NaN is
/// stored as the canonical quiet NaN whatever its payload, so that equal results are equal files.
pub trait Stored: sealed::Sealed + Copy {
    /// BITPIX of the file.
    const BITPIX: Bitpix;
    /// The exact text of the BZERO card, where the type needs one.
    const BZERO: Option<&'static str>;
    /// Name of the type, for messages.
    const NAME: &'static str;
    #[doc(hidden)]
    fn encode(values: &[Self], out: &mut [u8]);
}

/// An integer type that real results can be rounded to; see [`round_to_integers`].
pub trait StoredInteger: Stored + PartialEq + Ord + Into<i64> + TryFrom<i64> {
    /// Smallest value.
    const LOWEST: Self;
    /// Largest value.
    const HIGHEST: Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! stored {
    ($type:ident, $bitpix:ident, $bytes:literal, $bzero:expr, |$value:ident| $bits:expr) => {
        impl sealed::Sealed for $type {}

        impl Stored for $type {
            const BITPIX: Bitpix = Bitpix::$bitpix;
            const BZERO: Option<&'static str> = $bzero;
            const NAME: &'static str = stringify!($type);

            fn encode(values: &[Self], out: &mut [u8]) {
                debug_assert_eq!(out.len(), values.len() * $bytes);
                let (samples, _) = out.as_chunks_mut::<$bytes>();
                for (sample, &$value) in samples.iter_mut().zip(values) {
                    *sample = $bits.to_be_bytes();
                }
            }
        }
    };
}

stored!(u8, U8, 1, None, |x| x);
stored!(i16, I16, 2, None, |x| x);
stored!(u16, I16, 2, Some("32768"), |x| x ^ 0x8000);
stored!(i32, I32, 4, None, |x| x);
stored!(u32, I32, 4, Some("2147483648"), |x| x ^ 0x8000_0000);
stored!(i64, I64, 8, None, |x| x);
stored!(u64, I64, 8, Some("9223372036854775808"), |x| x ^ 0x8000_0000_0000_0000);
stored!(f32, F32, 4, None, |x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() });
stored!(f64, F64, 8, None, |x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() });

macro_rules! stored_integer {
    ($($type:ident)*) => {$(
        impl StoredInteger for $type {
            const LOWEST: Self = $type::MIN;
            const HIGHEST: Self = $type::MAX;
        }
    )*};
}

stored_integer!(u8 i16 u16 i32 u32);

/// The stored types that fit `bitpix`, for messages.
pub(crate) fn types_of(bitpix: Bitpix) -> &'static str {
    match bitpix {
        Bitpix::U8 => "u8",
        Bitpix::I16 => "i16 or u16",
        Bitpix::I32 => "i32 or u32",
        Bitpix::I64 => "i64 or u64",
        Bitpix::F32 => "f32",
        Bitpix::F64 => "f64",
    }
}

/// What rounding to integers had to change; counts of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rounded {
    /// Below the range (or at the value kept for BLANK): became the lowest value.
    pub clipped_low: u64,
    /// Above the range: became the highest value.
    pub clipped_high: u64,
    /// Missing: became `blank`.
    pub blanked: u64,
}

impl std::ops::AddAssign for Rounded {
    fn add_assign(&mut self, other: Self) {
        self.clipped_low += other.clipped_low;
        self.clipped_high += other.clipped_high;
        self.blanked += other.blanked;
    }
}

/// Rounds values to the nearest integers, ties to even, and clips them to the type.
///
/// Missing values (anything not finite) become `blank`. Where `blank` is the lowest or highest value of the type,
/// the range ends one short of it, so that no valid sample is taken for a missing one. A `blank` inside the range
/// is the caller's choice; a sample that rounds to it reads back as missing.
///
/// # Errors
///
/// `NeedsBlank` if there are missing values and no `blank`; `out` is then partly written.
///
/// # Panics
///
/// If the slices differ in length.
///
/// # Examples
///
/// ```
/// use skystack_fits::round_to_integers;
/// let mut out = [0_i16; 4];
/// let changed = round_to_integers(&[1.5_f32, 1e9, -1e9, f32::NAN], Some(i16::MIN), &mut out)?;
/// assert_eq!(out, [2, i16::MAX, -32_767, i16::MIN]);
/// assert_eq!((changed.clipped_low, changed.clipped_high, changed.blanked), (1, 1, 1));
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
pub fn round_to_integers<T: Physical, S: StoredInteger>(
    values: &[T],
    blank: Option<S>,
    out: &mut [S],
) -> Result<Rounded, FitsError> {
    assert_eq!(values.len(), out.len(), "one integer for each value");
    let (mut low, mut high): (i64, i64) = (S::LOWEST.into(), S::HIGHEST.into());
    if blank == Some(S::LOWEST) {
        low += 1;
    } else if blank == Some(S::HIGHEST) {
        high -= 1;
    }
    let mut changed = Rounded::default();
    for (out, value) in out.iter_mut().zip(values) {
        let value = value.to_f64().round_ties_even();
        if !value.is_finite() {
            changed.blanked += 1;
            *out = blank.unwrap_or(S::LOWEST);
            continue;
        }
        // `as` saturates at the ends of i64, far outside every range here.
        let integer = value as i64;
        changed.clipped_low += u64::from(integer < low);
        changed.clipped_high += u64::from(integer > high);
        // Never the fallback: the clamped integer is in the range of S.
        *out = S::try_from(integer.clamp(low, high)).unwrap_or(S::LOWEST);
    }
    if blank.is_none() && changed.blanked > 0 {
        return Err(FitsError::NeedsBlank { missing: changed.blanked });
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<S: Stored>(values: &[S]) -> Vec<u8> {
        let mut out = vec![0; std::mem::size_of_val(values)];
        S::encode(values, &mut out);
        out
    }

    #[test]
    fn every_type_is_big_endian_and_unsigned_is_offset() {
        assert_eq!(bytes(&[7_u8, 255]), [7, 255]);
        assert_eq!(bytes(&[-2_i16]), [0xff, 0xfe]);
        assert_eq!(bytes(&[0_u16, 65_535, 32_768]), [0x80, 0, 0x7f, 0xff, 0, 0]);
        assert_eq!(bytes(&[1_i32]), [0, 0, 0, 1]);
        assert_eq!(bytes(&[1_u32]), [0x80, 0, 0, 1]);
        assert_eq!(bytes(&[-1_i64]), [0xff; 8]);
        assert_eq!(bytes(&[0_u64]), [0x80, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes(&[1.0_f32]), [0x3f, 0x80, 0, 0]);
        assert_eq!(bytes(&[-0.0_f64]), [0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn every_nan_is_the_canonical_one_and_infinity_stays() {
        let odd = [f32::from_bits(0xffc0_0001), f32::from_bits(0x7f80_0001), f32::NEG_INFINITY];
        assert_eq!(bytes(&odd), [0x7f, 0xc0, 0, 0, 0x7f, 0xc0, 0, 0, 0xff, 0x80, 0, 0]);
        assert_eq!(bytes(&[f64::from_bits(0xfff0_0000_0000_0001)]), [0x7f, 0xf8, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn rounding_is_to_even_and_clipping_is_counted() {
        let mut out = [0_u8; 6];
        let changed = round_to_integers(&[0.5, 1.5, 2.5, -0.4, 255.4, 255.6], None, &mut out).unwrap();
        assert_eq!(out, [0, 2, 2, 0, 255, 255]);
        assert_eq!(changed, Rounded { clipped_high: 1, ..Rounded::default() });
    }

    #[test]
    fn the_value_kept_for_blank_is_never_a_sample() {
        let mut out = [0_u16; 2];
        let changed = round_to_integers(&[65_535.0, f64::INFINITY], Some(65_535), &mut out).unwrap();
        assert_eq!(out, [65_534, 65_535]);
        assert_eq!((changed.clipped_high, changed.blanked), (1, 1));
    }

    #[test]
    fn missing_without_blank_is_refused() {
        let mut out = [0_i32; 2];
        let error = round_to_integers(&[f32::NAN, f32::NEG_INFINITY], None, &mut out).unwrap_err();
        assert!(matches!(error, FitsError::NeedsBlank { missing: 2 }));
    }
}
