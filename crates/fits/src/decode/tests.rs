//! Every decoding rule: stored type by working type, BLANK, scaling, the unsigned convention.

use super::*;

/// A type under test: how it is called, and its bits, since NaN equals nothing.
trait Bits: Physical {
    fn bits(self) -> u64;
}

impl Bits for f32 {
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Bits for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

fn decoded<T: Bits>(bitpix: Bitpix, bscale: f64, bzero: f64, blank: Option<i64>, raw: &[u8]) -> Vec<T> {
    let mut out = vec![T::default(); raw.len() / bitpix.bytes()];
    decode(bitpix, &Scaling::new(bitpix, bscale, bzero, blank), raw, &mut out);
    out
}

#[track_caller]
fn assert_bits<T: Bits + std::fmt::Debug>(found: &[T], expected: &[T]) {
    let bits = |values: &[T]| values.iter().map(|v| v.bits()).collect::<Vec<_>>();
    assert_eq!(bits(found), bits(expected), "{found:?} for {expected:?}");
}

macro_rules! raw {
    ($($value:expr),* $(,)?) => {{
        let mut raw = Vec::new();
        $(raw.extend_from_slice(&$value.to_be_bytes());)*
        raw
    }};
}

#[test]
fn identity_is_the_stored_number_rounded_once() {
    assert_bits::<f32>(&decoded(Bitpix::U8, 1.0, 0.0, None, &[0, 255]), &[0.0, 255.0]);
    assert_bits::<f64>(&decoded(Bitpix::U8, 1.0, 0.0, None, &[0, 255]), &[0.0, 255.0]);
    let raw = raw![i16::MIN, -1_i16, i16::MAX];
    assert_bits::<f32>(&decoded(Bitpix::I16, 1.0, 0.0, None, &raw), &[-32_768.0, -1.0, 32_767.0]);
    assert_bits::<f64>(&decoded(Bitpix::I16, 1.0, 0.0, None, &raw), &[-32_768.0, -1.0, 32_767.0]);
    // 2^24 + 1 lies between two f32: ties to even.
    let raw = raw![16_777_217_i32, 16_777_219_i32, i32::MIN];
    assert_bits::<f32>(
        &decoded(Bitpix::I32, 1.0, 0.0, None, &raw),
        &[16_777_216.0, 16_777_220.0, -2_147_483_648.0],
    );
    assert_bits::<f64>(
        &decoded(Bitpix::I32, 1.0, 0.0, None, &raw),
        &[16_777_217.0, 16_777_219.0, -2_147_483_648.0],
    );
    // Through f64 this would round twice: to 2^60 + 2^36, a tie, and then down.
    let twice = (1_i64 << 60) + (1 << 36) + 1;
    let raw = raw![twice, i64::MIN, i64::MAX];
    assert_bits::<f32>(
        &decoded(Bitpix::I64, 1.0, 0.0, None, &raw),
        &[twice as f32, -(2.0_f32.powi(63)), 2.0_f32.powi(63)],
    );
    assert!(twice as f32 > 2.0_f32.powi(60));
    assert_bits::<f64>(
        &decoded(Bitpix::I64, 1.0, 0.0, None, &raw),
        &[twice as f64, -(2.0_f64.powi(63)), 2.0_f64.powi(63)],
    );
}

#[test]
fn floats_keep_their_bits_and_what_is_not_finite_is_missing() {
    let tiny = f32::from_bits(1);
    let raw = raw![1.5_f32, -0.0_f32, tiny, f32::INFINITY, f32::NEG_INFINITY, f32::MAX];
    assert_bits::<f32>(
        &decoded(Bitpix::F32, 1.0, 0.0, None, &raw),
        &[1.5, 0.0, tiny, f32::NAN, f32::NAN, f32::MAX],
    );
    assert_bits::<f64>(
        &decoded(Bitpix::F32, 1.0, 0.0, None, &raw),
        &[1.5, 0.0, f64::from(tiny), f64::NAN, f64::NAN, f64::from(f32::MAX)],
    );
    // Quiet and signalling, either sign, any payload.
    let raw = raw![0x7f80_0001_u32, 0xffc1_2345_u32, 0x7fff_ffff_u32];
    assert_bits::<f32>(&decoded(Bitpix::F32, 1.0, 0.0, None, &raw), &[f32::NAN; 3]);
    let raw = raw![0x7ff0_0000_0000_0001_u64, 0xfff8_0000_0000_1234_u64];
    assert_bits::<f64>(&decoded(Bitpix::F64, 1.0, 0.0, None, &raw), &[f64::NAN; 2]);
    assert_bits::<f32>(&decoded(Bitpix::F64, 1.0, 0.0, None, &raw), &[f32::NAN; 2]);
}

#[test]
fn doubles_as_singles_round_once_and_overflow_to_missing() {
    let raw = raw![0.1_f64, -0.0_f64, 1e39_f64, -1e300_f64, 1e-60_f64, -1e-60_f64];
    assert_bits::<f32>(
        &decoded(Bitpix::F64, 1.0, 0.0, None, &raw),
        &[0.1, 0.0, f32::NAN, f32::NAN, 0.0, 0.0],
    );
    assert_bits::<f64>(&decoded(Bitpix::F64, 1.0, 0.0, None, &raw), &[0.1, 0.0, 1e39, -1e300, 1e-60, -1e-60]);
}

#[test]
fn unsigned_conventions_are_exact() {
    assert_bits::<f32>(&decoded(Bitpix::U8, 1.0, -128.0, None, &[0, 128, 255]), &[-128.0, 0.0, 127.0]);
    let raw = raw![i16::MIN, 0_i16, i16::MAX];
    assert_bits::<f32>(&decoded(Bitpix::I16, 1.0, 32_768.0, None, &raw), &[0.0, 32_768.0, 65_535.0]);
    let raw = raw![i32::MIN, -1_i32, i32::MAX];
    let zero = 2_147_483_648.0;
    assert_bits::<f64>(
        &decoded(Bitpix::I32, 1.0, zero, None, &raw),
        &[0.0, 2_147_483_647.0, 4_294_967_295.0],
    );
    assert_bits::<f32>(
        &decoded(Bitpix::I32, 1.0, zero, None, &raw),
        &[0.0, 2_147_483_648.0, 4_294_967_296.0],
    );
    // The low bits of a 64-bit integer would be lost if the offset were added in floating point.
    let raw = raw![i64::MIN + 3, i64::MIN + (1 << 53) + 1, -1_i64, i64::MAX];
    let zero = 9_223_372_036_854_775_808.0;
    assert_bits::<f64>(
        &decoded(Bitpix::I64, 1.0, zero, None, &raw),
        &[3.0, 9_007_199_254_740_992.0, 9_223_372_036_854_775_807_u64 as f64, u64::MAX as f64],
    );
    assert_bits::<f32>(
        &decoded(Bitpix::I64, 1.0, zero, None, &raw),
        &[3.0, 9_007_199_254_740_992.0, 9_223_372_036_854_775_807_u64 as f32, u64::MAX as f32],
    );
}

#[test]
fn linear_scaling_rounds_product_and_sum_apart() {
    // 3 * 0.1 is 0.30000000000000004 after rounding; fused with -0.3 the result would be 2.78e-17.
    let raw = raw![3_i16];
    let expected = 3.0_f64 * 0.1 + -0.3;
    assert_eq!(expected, 5.551_115_123_125_783e-17);
    assert_bits::<f64>(&decoded(Bitpix::I16, 0.1, -0.3, None, &raw), &[expected]);
    assert_bits::<f32>(&decoded(Bitpix::I16, 0.1, -0.3, None, &raw), &[expected as f32]);
}

#[test]
fn linear_scaling_serves_every_type() {
    let (bscale, bzero) = (-0.5, 100.25);
    let cases = [
        (Bitpix::U8, raw![7_u8]),
        (Bitpix::I16, raw![7_i16]),
        (Bitpix::I32, raw![7_i32]),
        (Bitpix::I64, raw![7_i64]),
        (Bitpix::F32, raw![7.0_f32]),
        (Bitpix::F64, raw![7.0_f64]),
    ];
    for (bitpix, raw) in cases {
        assert_bits::<f32>(&decoded(bitpix, bscale, bzero, None, &raw), &[96.75]);
        assert_bits::<f64>(&decoded(bitpix, bscale, bzero, None, &raw), &[96.75]);
    }
    // An offset that is a convention for another width is no convention here.
    let scaling = Scaling::new(Bitpix::I32, 1.0, 32_768.0, None);
    assert!(!scaling.is_unsigned_convention() && !scaling.is_identity());
    assert_bits::<f64>(&decoded(Bitpix::I32, 1.0, 32_768.0, None, &raw![1_i32]), &[32_769.0]);
}

#[test]
fn scaling_that_overflows_is_missing_and_never_gives_minus_zero() {
    assert_bits::<f32>(&decoded(Bitpix::I16, 1e38, 0.0, None, &raw![1_i16, 4_i16]), &[1e38, f32::NAN]);
    assert_bits::<f64>(&decoded(Bitpix::F64, 1e300, 0.0, None, &raw![1e10_f64]), &[f64::NAN]);
    assert_bits::<f64>(&decoded(Bitpix::I16, -1.0, -0.0, None, &raw![0_i16]), &[0.0]);
    assert_bits::<f32>(&decoded(Bitpix::F32, 2.0, 1.0, None, &raw![f32::NAN, f32::INFINITY]), &[f32::NAN; 2]);
}

#[test]
fn blank_is_compared_with_the_stored_integer_before_scaling() {
    let nan = f32::NAN;
    assert_bits::<f32>(&decoded(Bitpix::U8, 1.0, 0.0, Some(255), &[254, 255]), &[254.0, nan]);
    let raw = raw![-32_768_i16, 0_i16];
    assert_bits::<f32>(&decoded(Bitpix::I16, 1.0, 0.0, Some(-32_768), &raw), &[nan, 0.0]);
    // Stored -32768 is 0 under the unsigned convention: BLANK = 0 means stored 0, which is 32768.
    assert_bits::<f32>(&decoded(Bitpix::I16, 1.0, 32_768.0, Some(0), &raw), &[0.0, nan]);
    assert_bits::<f32>(&decoded(Bitpix::I16, 2.0, 1.0, Some(0), &raw), &[-65_535.0, nan]);
    assert_bits::<f64>(&decoded(Bitpix::I32, 1.0, 0.0, Some(7), &raw![7_i32, 8_i32]), &[f64::NAN, 8.0]);
    assert_bits::<f64>(
        &decoded(Bitpix::I64, 1.0, 0.0, Some(i64::MIN), &raw![i64::MIN, 1_i64]),
        &[f64::NAN, 1.0],
    );
}

#[test]
fn blank_that_no_sample_can_have_and_blank_of_floats_are_ignored() {
    assert_bits::<f32>(&decoded(Bitpix::U8, 1.0, 0.0, Some(-1), &[255]), &[255.0]);
    assert_bits::<f32>(&decoded(Bitpix::U8, 1.0, 0.0, Some(256), &[0]), &[0.0]);
    assert_bits::<f32>(&decoded(Bitpix::F32, 1.0, 0.0, Some(3), &raw![3.0_f32]), &[3.0]);
    assert_bits::<f64>(&decoded(Bitpix::F64, 2.0, 0.0, Some(3), &raw![3.0_f64]), &[6.0]);
}

/// The vectorised loops against one sample at a time, over lengths that are no multiple of any vector.
#[test]
fn every_length_gives_what_single_samples_give() {
    let bytes: Vec<u8> = (0..8 * 131_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let all = [Bitpix::U8, Bitpix::I16, Bitpix::I32, Bitpix::I64, Bitpix::F32, Bitpix::F64];
    for bitpix in all {
        for (bscale, bzero) in [(1.0, 0.0), (1.0, 32_768.0), (0.3, -7.1)] {
            let size = bitpix.bytes();
            let whole = decoded::<f32>(bitpix, bscale, bzero, Some(17), &bytes[..131 * size]);
            let one_by_one: Vec<f32> = bytes[..131 * size]
                .chunks(size)
                .flat_map(|sample| decoded::<f32>(bitpix, bscale, bzero, Some(17), sample))
                .collect();
            assert_bits(&whole, &one_by_one);
        }
    }
}
