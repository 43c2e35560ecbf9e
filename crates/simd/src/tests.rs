//! Every operation at every level of this machine against the scalar level, bit for bit.

use crate::{Element, Isa, Kernel, Level, MAX_LANES, Mask, Ordered, Vector, Words};

/// Ordinary, tiny, huge and special values; every pair of them is tried.
const SHAPED: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.5,
    3.0e-39,
    -1.0e-310,
    16_777_217.0,
    0.1,
    -65_504.3,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    3.0e38,
    1.0e200,
    2.0,
];

type V<T, I> = <T as Element>::Vector<I>;
type W<T, I> = <V<T, I> as Vector>::Wide;

/// One operation on each pair (a[i], b[i]); its results as bits.
struct Operation<'a, T> {
    number: usize,
    a: &'a [T],
    b: &'a [T],
}

const OPERATIONS: usize = 14;

/// The payload of a NaN is not part of the contract: no kernel keeps one that it computed.
fn bits<T: Element>(value: T) -> u64 {
    if value.is_nan() { u64::MAX } else { value.bits() }
}

impl<T: Element> Operation<'_, T> {
    #[inline(always)]
    fn apply<I: Isa>(&self, isa: I, a: V<T, I>, b: V<T, I>) -> Vec<u64> {
        let narrow = |v: V<T, I>| v.lanes().iter().map(|x| bits(*x)).collect();
        let wide = |v: W<T, I>| v.lanes().iter().map(|x| bits(*x)).collect();
        let mask = |m: u32| (0..V::<T, I>::LANES).map(|lane| u64::from(m >> lane & 1)).collect();
        let less = a.lt(b);
        let wide_less = a.widen().lt(b.widen());
        match self.number {
            0 => narrow(a + b),
            1 => narrow(a - b),
            2 => narrow(a * b),
            3 => narrow(a / b),
            4 => narrow(a.abs().sqrt()),
            5 => narrow(a.sort2(b).0),
            6 => narrow(a.sort2(b).1),
            7 => narrow(V::<T, I>::select(less | a.eq(b), a, V::<T, I>::splat(isa, T::one()))),
            8 => narrow(V::<T, I>::narrow(a.widen() / b.widen())),
            9 => wide(a.widen() * b.widen()),
            10 => wide(W::<T, I>::select(V::<T, I>::widen_mask(!less), a.widen(), b.widen())),
            11 => mask(V::<T, I>::narrow_mask(wide_less).bits()),
            12 => mask((a.le(b) & !less).bits()),
            _ => mask(if (less & !less).any() { u32::MAX } else { wide_less.bits() }),
        }
    }
}

impl<T: Element> Kernel for Operation<'_, T> {
    type Output = Vec<u64>;

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) -> Vec<u64> {
        let mut results = Vec::new();
        for x in (0..self.a.len()).step_by(V::<T, I>::LANES) {
            let a = V::<T, I>::load_partial(isa, &self.a[x..], T::one());
            let b = V::<T, I>::load_partial(isa, &self.b[x..], T::one());
            let count = V::<T, I>::LANES.min(self.a.len() - x);
            results.extend_from_slice(&self.apply(isa, a, b)[..count]);
        }
        results
    }
}

fn same_bits_as_scalar<T: Element>() {
    let values: Vec<T> = SHAPED.iter().map(|v| T::narrow(*v)).collect();
    let a: Vec<T> = values.iter().flat_map(|v| [*v; SHAPED.len()]).collect();
    let b: Vec<T> = values.iter().cycle().take(a.len()).copied().collect();
    // A length that no register divides exercises the partial load.
    let (a, b) = (&a[..253], &b[..253]);
    for number in 0..OPERATIONS {
        let scalar = Level::Scalar.run(Operation { number, a, b });
        assert_eq!(scalar.len(), 253);
        for level in Level::available() {
            let results = level.run(Operation { number, a, b });
            for (i, (found, expected)) in results.iter().zip(&scalar).enumerate() {
                assert_eq!(found, expected, "operation {number} of {:?}, {:?} at {level}", a[i], b[i]);
            }
        }
    }
}

#[test]
fn every_level_gives_the_bits_of_the_scalar_level_f32() {
    same_bits_as_scalar::<f32>();
}

#[test]
fn every_level_gives_the_bits_of_the_scalar_level_f64() {
    same_bits_as_scalar::<f64>();
}

#[test]
fn sort2_is_the_scalar_branch_for_nan_and_signed_zeros() {
    struct Sort2(f32, f32);
    impl Kernel for Sort2 {
        type Output = (u32, u32);
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> (u32, u32) {
            let (low, high) = I::F32::splat(isa, self.0).sort2(I::F32::splat(isa, self.1));
            (low.lanes()[0].to_bits(), high.lanes()[0].to_bits())
        }
    }
    for a in SHAPED.map(|v| v as f32) {
        for b in SHAPED.map(|v| v as f32) {
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            for level in Level::available() {
                let found = level.run(Sort2(a, b));
                assert_eq!(found, (low.to_bits(), high.to_bits()), "sort2({a}, {b}) at {level}");
            }
        }
    }
}

#[test]
fn gather_truncates_and_clamps() {
    struct Gather;
    impl Kernel for Gather {
        type Output = Vec<f32>;
        #[inline(always)]
        fn run<I: Isa>(self, isa: I) -> Vec<f32> {
            let column: Vec<I::F32> = (0..5).map(|i| I::F32::splat(isa, i as f32)).collect();
            [-3.0, 0.9, 2.5, 7.0, f32::NAN]
                .map(|at| I::F32::gather(isa, &column, I::F32::splat(isa, at)).lanes()[0])
                .to_vec()
        }
    }
    for level in Level::available() {
        assert_eq!(level.run(Gather), [0.0, 0.0, 2.0, 4.0, 0.0], "{level}");
    }
}

#[test]
fn a_level_is_parsed_capped_and_never_above_the_machine() {
    assert_eq!("avx2".parse(), Ok(Level::Avx2));
    assert_eq!("neon".parse(), Ok(Level::Baseline));
    assert!("sse9".parse::<Level>().unwrap_err().to_string().contains("sse9"));
    assert_eq!(Level::capped(Level::Baseline), Level::Baseline);
    assert!(Level::capped(Level::Avx512).is_available());
    assert_eq!(Level::available().take(2).collect::<Vec<_>>(), [Level::Scalar, Level::Baseline]);
}

#[test]
fn no_register_has_more_lanes_than_the_pad() {
    struct Lanes;
    impl Kernel for Lanes {
        type Output = usize;
        #[inline(always)]
        fn run<I: Isa>(self, _: I) -> usize {
            I::F32::LANES.max(I::F64::LANES).max(<I::F32 as Vector>::Wide::LANES)
        }
    }
    for level in Level::available() {
        assert!(level.run(Lanes) <= MAX_LANES);
    }
}

/// 16-bit registers: every pair of shaped integers in order, widened, at every level.
struct WordPairs<'a>(&'a [i16]);

impl Kernel for WordPairs<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let lanes = I::I16::LANES;
        assert_eq!(lanes, 2 * I::F32::LANES);
        let widened = |words: I::I16| -> Vec<f32> {
            words.widen().iter().flat_map(|half| half.lanes().to_vec()).collect()
        };
        assert_eq!(widened(I::I16::padding(isa)), vec![f32::from(i16::MAX); lanes]);
        for b in self.0 {
            for a in self.0.chunks_exact(lanes) {
                let (words, other) = (I::I16::load(isa, a), I::I16::load(isa, &vec![*b; lanes]));
                let bits = |is: fn(&i16, &i16) -> bool| {
                    a.iter().enumerate().fold(0, |bits, (lane, a)| bits | u32::from(is(a, b)) << lane)
                };
                assert_eq!((words.lt(other), other.lt(words)), (bits(i16::lt), bits(i16::gt)));
                assert_eq!(words.eq(other), bits(i16::eq));
                let (low, high) = words.sort2(other);
                let expected =
                    |f: fn(i16, i16) -> i16| a.iter().map(|a| f32::from(f(*a, *b))).collect::<Vec<_>>();
                assert_eq!(widened(low), expected(i16::min));
                assert_eq!(widened(high), expected(i16::max));
            }
        }
    }
}

#[test]
fn sixteen_bit_lanes_are_compared_ordered_and_widened_at_every_level() {
    let shaped = [0, 1, -1, i16::MIN, i16::MAX, 255, 256, -256, -32_767, 32_766, 4095, -4096, 77, -77, 2, 3];
    // Neighbours differ, so that lanes in the wrong place are seen.
    let words: Vec<i16> = (0..64).map(|i| shaped[i * 7 % 16].wrapping_add(i as i16)).collect();
    for level in Level::available() {
        level.run(WordPairs(&words));
    }
}
