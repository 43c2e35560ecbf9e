//! How samples are stored, and what they stand for.

use num_traits::ToPrimitive;
use skystack_simd::{Element, Isa, Task};

/// The stored form of the samples of a frame: what its bytes stand for.
///
/// The value of a sample is, with each step rounded once (rules B1 to B3 of the specification, `docs/algorithms.md`):
///
/// 1. the number: the bits in the order of this machine, the greatest of them inverted if `inverted`, read as `number`;
/// 2. missing, if the stored bits are `blank`;
/// 3. T(number), or T(f64(number) · scale + zero) where there is a scaling;
/// 4. missing, if that is NaN or infinite; and +0 for −0.
///
/// ```
/// use skystack_combine::{SampleFormat, SampleType};
/// // BITPIX 16 with BZERO 32768, the unsigned integers of FITS, with BLANK -1.
/// let fits = SampleFormat { inverted: true, big_endian: true, blank: Some(0xffff), ..SampleFormat::native(SampleType::U16) };
/// let mut values = [0.0f32; 3];
/// fits.decode(&[0x80, 0x01, 0x00, 0x00, 0xff, 0xff], &mut values);
/// assert_eq!(values[..2], [1.0, 32_768.0]);
/// assert!(values[2].is_nan());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleFormat {
    /// The type of the stored numbers.
    pub number: SampleType,
    /// The most significant byte comes first.
    pub big_endian: bool,
    /// The greatest bit of an integer is inverted: FITS stores the integers of the other signedness so. Floats know nothing
    /// of it.
    pub inverted: bool,
    /// The bits of a stored integer (before anything is inverted) that stand for a missing sample. Floats have NaN instead.
    pub blank: Option<u64>,
    /// (scale, zero): finite, and the scale is not 0.
    pub scaling: Option<(f64, f64)>,
}

/// The type of stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the primitive types of the same names")]
pub enum SampleType {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl SampleType {
    /// Bytes of one number.
    #[inline(always)]
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

impl SampleFormat {
    /// Numbers as they lie in the memory of this machine.
    pub const fn native(number: SampleType) -> Self {
        Self { number, big_endian: cfg!(target_endian = "big"), inverted: false, blank: None, scaling: None }
    }

    /// Bytes of one sample.
    #[inline(always)]
    pub const fn bytes(&self) -> usize {
        self.number.bytes()
    }

    /// Decodes as many samples as `stored` and `values` both have, up to step 3: what is not finite is missing.
    ///
    /// Cost: one pass, of vector instructions except for 64-bit integers.
    #[inline(always)]
    pub fn decode<T: Element>(&self, stored: &[u8], values: &mut [T]) {
        match self.number {
            SampleType::I8 => self.decode_as::<1, i8, T>(stored, values),
            SampleType::U8 => self.decode_as::<1, u8, T>(stored, values),
            SampleType::I16 => self.decode_as::<2, i16, T>(stored, values),
            SampleType::U16 => self.decode_as::<2, u16, T>(stored, values),
            SampleType::I32 => self.decode_as::<4, i32, T>(stored, values),
            SampleType::U32 => self.decode_as::<4, u32, T>(stored, values),
            SampleType::I64 => self.decode_as::<8, i64, T>(stored, values),
            SampleType::U64 => self.decode_as::<8, u64, T>(stored, values),
            SampleType::F32 => self.decode_as::<4, f32, T>(stored, values),
            SampleType::F64 => self.decode_as::<8, f64, T>(stored, values),
        }
    }

    #[inline(always)]
    fn decode_as<const N: usize, S: Number<N>, T: Element>(&self, stored: &[u8], values: &mut [T]) {
        let top = S::top_bit(self.inverted);
        match (self.big_endian, self.scaling) {
            (true, None) => each(stored, values, |bytes| to(S::number(S::big_endian(bytes), top))),
            (false, None) => each(stored, values, |bytes| to(S::number(S::little_endian(bytes), top))),
            (true, Some(by)) => {
                each(stored, values, |bytes| scaled(S::number(S::big_endian(bytes), top), by))
            }
            (false, Some(by)) => {
                each(stored, values, |bytes| scaled(S::number(S::little_endian(bytes), top), by))
            }
        }
        let Some(blank) = self.blank.and_then(S::blank) else { return };
        let (samples, _) = stored.as_chunks::<N>();
        for (value, bytes) in values.iter_mut().zip(samples) {
            let bits = if self.big_endian { S::big_endian(*bytes) } else { S::little_endian(*bytes) };
            *value = if bits == blank { T::NAN } else { *value };
        }
    }
}

#[inline(always)]
fn each<const N: usize, T>(stored: &[u8], values: &mut [T], value: impl Fn([u8; N]) -> T) {
    let (samples, _) = stored.as_chunks::<N>();
    for (to, bytes) in values.iter_mut().zip(samples) {
        *to = value(*bytes);
    }
}

/// The nearest value; what overflows becomes infinite, that is missing.
#[inline(always)]
fn to<T: Element>(number: impl ToPrimitive) -> T {
    <T as num_traits::NumCast>::from(number).unwrap_or(T::NAN)
}

#[inline(always)]
fn scaled<T: Element>(number: impl ToPrimitive, (scale, zero): (f64, f64)) -> T {
    T::narrow(to::<f64>(number) * scale + zero)
}

/// A type of stored numbers, N bytes long.
trait Number<const N: usize>: ToPrimitive + Copy {
    /// The unsigned integer of N bytes.
    type Bits: Copy + PartialEq;
    fn big_endian(bytes: [u8; N]) -> Self::Bits;
    fn little_endian(bytes: [u8; N]) -> Self::Bits;
    /// What inverts the greatest bit of an integer, or nothing.
    fn top_bit(inverted: bool) -> Self::Bits;
    /// The number of these bits, those of `top` inverted.
    fn number(bits: Self::Bits, top: Self::Bits) -> Self;
    /// Bits that stand for a missing sample, if there are numbers of such bits.
    fn blank(bits: u64) -> Option<Self::Bits>;
}

macro_rules! numbers {
    ($($number:ident $bits:ident $bytes:literal $top:expr, $read:expr, $blank:expr;)*) => { $(
        impl Number<$bytes> for $number {
            type Bits = $bits;
            #[inline(always)]
            fn big_endian(bytes: [u8; $bytes]) -> $bits {
                $bits::from_be_bytes(bytes)
            }
            #[inline(always)]
            fn little_endian(bytes: [u8; $bytes]) -> $bits {
                $bits::from_le_bytes(bytes)
            }
            #[inline(always)]
            fn top_bit(inverted: bool) -> $bits {
                if inverted { $top } else { 0 }
            }
            #[inline(always)]
            fn number(bits: $bits, top: $bits) -> $number {
                $read(bits ^ top)
            }
            #[inline(always)]
            fn blank(bits: u64) -> Option<$bits> {
                $blank(bits)
            }
        }
    )* };
}

const fn never<B>(_: u64) -> Option<B> {
    None
}

fn exact<B: TryFrom<u64>>(bits: u64) -> Option<B> {
    bits.try_into().ok()
}

numbers! {
    i8 u8 1 1 << 7, |bits| bits as i8, exact;
    u8 u8 1 1 << 7, |bits| bits, exact;
    i16 u16 2 1 << 15, |bits| bits as i16, exact;
    u16 u16 2 1 << 15, |bits| bits, exact;
    i32 u32 4 1 << 31, |bits| bits as i32, exact;
    u32 u32 4 1 << 31, |bits| bits, exact;
    i64 u64 8 1 << 63, |bits| bits as i64, exact;
    u64 u64 8 1 << 63, |bits| bits, exact;
    f32 u32 4 0, f32::from_bits, never;
    f64 u64 8 0, f64::from_bits, never;
}

/// [`SampleFormat::decode`] at an instruction set, in a function of its own: kernels decode in several places.
pub(crate) struct Decode<'a, T> {
    pub(crate) format: &'a SampleFormat,
    pub(crate) stored: &'a [u8],
    pub(crate) values: &'a mut [T],
}

impl<I: Isa, T: Element> Task<I> for Decode<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: I) {
        self.format.decode(self.stored, self.values);
    }
}

/// 16-bit integers, unscaled and none of them missing: kernels sort and add them as they are, by keys in the order of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WordFormat {
    big_endian: bool,
    /// A key is the stored integer with its greatest bit inverted.
    inverts: bool,
    /// Values less keys.
    offset: i32,
}

impl WordFormat {
    /// The form of samples in `format`, if they are such integers.
    pub(crate) fn of(format: &SampleFormat) -> Option<Self> {
        let SampleFormat { number, big_endian, inverted, blank, scaling } = *format;
        let unsigned = match number {
            SampleType::I16 => false,
            SampleType::U16 => true,
            _ => return None,
        };
        let offset = if unsigned { 0x8000 } else { 0 };
        let plain = blank.is_none() && scaling.is_none();
        plain.then_some(Self { big_endian, inverts: unsigned != inverted, offset })
    }

    /// An integer in the order of the values.
    #[inline(always)]
    pub(crate) fn key(self, bytes: [u8; 2]) -> i16 {
        let bits = if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
        (if self.inverts { bits ^ 0x8000 } else { bits }) as i16
    }

    /// The value of a key.
    #[inline(always)]
    pub(crate) fn value(self, key: i16) -> i32 {
        i32::from(key) + self.offset
    }

    /// Values less keys.
    #[inline(always)]
    pub(crate) fn offset(self) -> i32 {
        self.offset
    }
}
