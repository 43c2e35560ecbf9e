//! Every function at every level, with and without threads, sampled and not, against its definition, bit for bit.

use std::sync::LazyLock;

use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use skystack_simd::{Element, Isa, Kernel, Level, MAX_LANES, Ordered, Vector};

use super::biweight::{location_of, midvariance_of};
use super::census::Census;
use super::clip::{ClipCenter, ClipSpread, SigmaClip, clip_by};
use super::ikss::ikss_of;
use super::iqr::iqr_of;
use super::key::{Bracket, Deviation, Key, Value};
use super::min_max::min_max_by;
use super::moments::{mean_by, variance_by};
use super::order::{lmedian_of, quantile_of};
use super::sum::sum_by;
use super::survivors::{Survivors, Wanted, pick, sample_positions};
use super::transpose::transpose;
use super::tuning::{PIECE, Tuning};

static POOLS: LazyLock<[ThreadPool; 2]> = LazyLock::new(|| {
    [1, 3].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool"))
});

/// Every way to the same bits.
fn ways() -> impl Iterator<Item = (Tuning, &'static ThreadPool)> {
    let levels = Level::available();
    levels.flat_map(|level| {
        POOLS.iter().flat_map(move |pool| {
            [1, usize::MAX].map(|sampled_from| (Tuning { level, parallel_from: 0, sampled_from }, pool))
        })
    })
}

/// Vectors of every shape that has a fast path or a trap of its own.
fn shaped(shape: usize, n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
        (state >> 33) as u32
    };
    let traps =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, 1e-40, -1e-45, f32::MAX, f32::MIN, 1e30];
    let uniform = |r: u32| r as f32 / (1u32 << 31) as f32;
    (0..n)
        .map(|i| match shape {
            0 => uniform(random()) * 100.0 - 30.0,
            1 => (random() % 7) as f32 - 3.0,
            2 => traps[random() as usize % traps.len()],
            3 => {
                if random().is_multiple_of(4) {
                    traps[random() as usize % 5]
                } else {
                    uniform(random()) + 1000.0
                }
            }
            4 => 7.25,
            5 => {
                if random().is_multiple_of(2) {
                    -0.1
                } else {
                    0.3
                }
            }
            6 => i as f32 * 0.37 - 5.0,
            7 => (n - i) as f32 * 1e-42,
            // One deviation from the mean each: on the limit of k = 1.
            10 => 1.0 - 2.0 * (i % 2) as f32,
            8 => {
                if random().is_multiple_of(300) {
                    uniform(random())
                } else {
                    f32::NAN
                }
            }
            _ => f32::NAN,
        })
        .collect()
}

const SHAPES: usize = 11;

/// Lengths about the borders of chunks, groups and pieces.
fn length() -> impl Strategy<Value = usize> {
    let border = prop::sample::select(vec![0, 64, 128, 256, 512, 1024, 2048, PIECE, PIECE + 1024, 2 * PIECE]);
    prop_oneof![
        3 => (border, 0usize..3).prop_map(|(border, past)| (border + past).saturating_sub(1)),
        1 => 0usize..3 * PIECE,
    ]
}

fn data() -> impl Strategy<Value = Vec<f32>> {
    (0..SHAPES, length(), any::<u64>()).prop_map(|(shape, n, seed)| shaped(shape, n, seed))
}

/// f64 data with digits that f32 has not.
fn finer(data: &[f32]) -> Vec<f64> {
    data.iter().enumerate().map(|(i, &x)| f64::from(x) * (1.0 + 1e-9 * (i % 97) as f64)).collect()
}

fn bits<T: Element>(v: Option<T>) -> Option<u64> {
    v.map(T::bits)
}

/// The definitions, over a list in which gaps stay in place.
struct Definition<T> {
    /// Valid or NaN.
    entries: Vec<T>,
    /// Valid ones in order.
    sorted: Vec<f64>,
}

impl<T: Element> Definition<T> {
    fn new(data: &[T]) -> Self {
        let entries: Vec<T> =
            data.iter().map(|&x| if x.is_finite() { x + T::zero() } else { T::NAN }).collect();
        let mut sorted: Vec<f64> = entries.iter().map(|x| x.widen()).filter(|x| x.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Self { entries, sorted }
    }

    fn n(&self) -> usize {
        self.sorted.len()
    }

    fn sum(&self, term: impl Fn(f64) -> f64) -> f64 {
        let mut totals = vec![0.0; self.entries.len() / 64 + 1];
        for (index, x) in self.entries.iter().enumerate().filter(|(_, x)| x.is_finite()) {
            totals[index / 64] += term(x.widen());
        }
        let mut sum = 0.0;
        for total in totals {
            sum += total;
        }
        sum
    }

    fn mean(&self) -> Option<f64> {
        let p = self.entries.iter().find(|x| x.is_finite())?.widen();
        Some(p + self.sum(|x| x - p) / self.n() as f64)
    }

    fn scatter(&self, pivot: f64, denominator: f64) -> f64 {
        let (s1, s2) = (self.sum(|x| x - pivot), self.sum(|x| (x - pivot) * (x - pivot)));
        let q = s2 - (s1 * s1) / self.n() as f64;
        (if q < 0.0 { 0.0 } else { q }) / denominator
    }

    fn variance(&self, ddof: u32) -> Option<f64> {
        let mean = self.mean()?;
        (self.n() > ddof as usize).then(|| self.scatter(mean, self.n() as f64 - f64::from(ddof)))
    }

    fn middle(sorted: &[f64]) -> Option<f64> {
        let (n, upper) = (sorted.len(), *sorted.get(sorted.len() / 2)?);
        Some(if n % 2 == 1 { upper } else { crate::mean_of_two(sorted[n / 2 - 1], upper) })
    }

    fn median(&self) -> Option<T> {
        Self::middle(&self.sorted).map(T::narrow)
    }

    fn quantile(&self, q: f64) -> Option<f64> {
        let position = self.n().checked_sub(1)? as f64 * q;
        let (a, b) = (self.sorted[position as usize], self.sorted[position.ceil() as usize]);
        Some(if position.fract() == 0.0 { a } else { a + position.fract() * (b - a) })
    }

    fn mad(&self) -> Option<f64> {
        let c = self.median()?.widen();
        let mut deviations: Vec<f64> = self.sorted.iter().map(|x| (x - c).abs()).collect();
        deviations.sort_by(f64::total_cmp);
        Self::middle(&deviations)
    }

    fn biweight_location(&self) -> Option<f64> {
        let (m, reach) = (self.median()?.widen(), 6.0 * self.mad()?);
        if reach == 0.0 || !reach.is_finite() {
            return Some(m);
        }
        let weight = |x: f64| {
            let u = (x - m) / reach;
            if u.abs() < 1.0 { (1.0 - u * u) * (1.0 - u * u) } else { 0.0 }
        };
        Some(m + self.sum(|x| (x - m) * weight(x)) / self.sum(weight))
    }

    fn midvariance(&self) -> Option<f64> {
        let (m, reach) = (self.median()?.widen(), 9.0 * self.mad()?);
        if reach == 0.0 {
            return Some(0.0);
        }
        let square = |x: f64| (x - m) / reach * ((x - m) / reach);
        let counts = |x: f64| ((x - m) / reach).abs() < 1.0;
        let above = |x: f64| {
            let w = (1.0 - square(x)) * (1.0 - square(x));
            if counts(x) { (x - m) * (x - m) * (w * w) } else { 0.0 }
        };
        let below = |x: f64| if counts(x) { (1.0 - square(x)) * (1.0 - 5.0 * square(x)) } else { 0.0 };
        let (above, below) = (self.sum(above), self.sum(below));
        Some(self.n() as f64 * above / (below * below))
    }

    /// Location, scale, number of kept values.
    fn ikss(&self) -> Option<(T, f64, usize)> {
        let (m, reach) = (self.median()?.widen(), 6.0 * self.mad()?);
        let kept = |&x: &T| if (x.widen() - m).abs() <= reach { x } else { T::NAN };
        let kept = Self::new(&self.entries.iter().map(kept).collect::<Vec<T>>());
        Some((kept.median()?, 0.991 * kept.midvariance()?.sqrt(), kept.n()))
    }

    fn clipped(self, clip: &SigmaClip) -> Self {
        let mut kept = self;
        for _ in 0..clip.maxiters.unwrap_or(u32::MAX) {
            let (Some(mean), Some(median)) = (kept.mean(), kept.median()) else { break };
            let n = kept.n() as f64;
            let c = if clip.center == ClipCenter::Mean { T::narrow(mean) } else { median }.widen();
            let v = match (clip.spread, clip.center) {
                (ClipSpread::MadStd, _) => {
                    let sigma = T::narrow(1.482602218505602 * kept.mad().expect("survivors")).widen();
                    sigma * sigma
                }
                (ClipSpread::Std, ClipCenter::Mean) => kept.scatter(mean, n),
                (ClipSpread::Std, ClipCenter::Median) => {
                    let (s1, s2) = (kept.sum(|x| x - c), kept.sum(|x| (x - c) * (x - c)));
                    kept.scatter(if s1 * s1 > 0.999 * (n * s2) { c + s1 / n } else { c }, n)
                }
            };
            let stays = |x: T| {
                let d = x.widen() - c;
                let k = if d < 0.0 { clip.lsigma } else { clip.hsigma };
                let dropped = d != 0.0 && k < f64::INFINITY && v.is_finite() && d * d > (k * k) * v;
                !dropped
            };
            let entries: Vec<T> = kept.entries.iter().map(|&x| if stays(x) { x } else { T::NAN }).collect();
            let next = Self::new(&entries);
            if next.n() == kept.n() {
                break;
            }
            kept = next;
        }
        kept
    }
}

fn all_functions_agree<T: Element>(data: &[T], q: f64, ddof: u32) -> Result<(), TestCaseError> {
    let is = Definition::new(data);
    let some = (is.n() > 0).then_some(());
    let extent = some.map(|()| (is.sorted[0], is.sorted[is.n() - 1]));
    let iqr = some.and_then(|()| Some(is.quantile(0.75)? - is.quantile(0.25)?));
    let lmedian = some.map(|()| is.sorted[(is.n() - 1) / 2]);
    let (sum, mean, variance) = (some.map(|()| is.sum(|x| x)), is.mean(), is.variance(ddof));
    let (median, mad, quantile) = (is.median(), is.mad(), is.quantile(q));
    let (location, midvariance, ikss) = (is.biweight_location(), is.midvariance(), is.ikss());
    for (tuning, pool) in ways() {
        pool.install(|| {
            let mut scratch = vec![T::one(); 3];
            macro_rules! valid {
                () => {
                    Survivors::valid(tuning, data, &mut scratch)
                };
            }
            prop_assert_eq!(bits(valid!().median()), bits(median), "median {:?}", tuning);
            prop_assert_eq!(bits(valid!().mad()), bits(mad), "mad {:?}", tuning);
            prop_assert_eq!(
                bits(quantile_of(&mut valid!(), q)),
                bits(quantile),
                "quantile {} {:?}",
                q,
                tuning
            );
            prop_assert_eq!(bits(iqr_of(&mut valid!())), bits(iqr), "iqr {:?}", tuning);
            prop_assert_eq!(
                bits(lmedian_of(&mut valid!())),
                bits(lmedian.map(T::narrow)),
                "lmedian {:?}",
                tuning
            );
            prop_assert_eq!(bits(sum_by(tuning, data)), bits(sum), "sum {:?}", tuning);
            prop_assert_eq!(bits(mean_by(tuning, data)), bits(mean), "mean {:?}", tuning);
            prop_assert_eq!(bits(variance_by(tuning, data, ddof)), bits(variance), "variance {:?}", tuning);
            prop_assert_eq!(bits(location_of(&mut valid!())), bits(location), "location {:?}", tuning);
            let found = midvariance_of(&mut valid!());
            prop_assert_eq!(bits(found), bits(midvariance), "midvariance {:?}", tuning);
            let found = ikss_of(&mut valid!());
            prop_assert_eq!(bits(found.map(|f| f.location)), bits(ikss.map(|(location, _, _)| location)));
            prop_assert_eq!(
                bits(found.map(|f| f.scale)),
                bits(ikss.map(|(_, scale, _)| scale)),
                "{:?}",
                tuning
            );
            prop_assert_eq!(found.map(|f| f.n), ikss.map(|(_, _, n)| n));
            let found = min_max_by(tuning, data);
            prop_assert_eq!(bits(found.map(|(min, _)| min)), bits(extent.map(|(min, _)| T::narrow(min))));
            prop_assert_eq!(bits(found.map(|(_, max)| max)), bits(extent.map(|(_, max)| T::narrow(max))));
            Ok(())
        })?;
    }
    Ok(())
}

fn clipping_agrees<T: Element>(data: &[T], clip: &SigmaClip) -> Result<(), TestCaseError> {
    let kept = Definition::new(data).clipped(clip);
    for (tuning, pool) in ways() {
        let mut scratch = vec![T::one(); 3];
        let ours = pool.install(|| clip_by(Survivors::valid(tuning, data, &mut scratch), clip));
        prop_assert_eq!(ours.map_or(0, |s| s.n), kept.n(), "{:?} {:?}", tuning, clip);
        prop_assert_eq!(bits(ours.map(|s| s.mean)), bits(kept.mean()), "{:?} {:?}", tuning, clip);
        prop_assert_eq!(bits(ours.map(|s| s.median)), bits(kept.median()), "{:?} {:?}", tuning, clip);
        prop_assert_eq!(
            bits(ours.map(|s| s.std)),
            bits(kept.variance(0).map(f64::sqrt)),
            "{:?} {:?}",
            tuning,
            clip
        );
    }
    Ok(())
}

fn clip() -> impl Strategy<Value = SigmaClip> {
    let factor = || prop::sample::select(vec![0.5, 1.0, 1.5, 3.0, f64::INFINITY]);
    let center = prop::sample::select(vec![ClipCenter::Median, ClipCenter::Mean]);
    let spread = prop::sample::select(vec![ClipSpread::Std, ClipSpread::MadStd]);
    (factor(), factor(), prop::option::of(0u32..4), center, spread).prop_map(
        |(lsigma, hsigma, maxiters, center, spread)| SigmaClip { lsigma, hsigma, maxiters, center, spread },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_gives_the_bits_of_the_definition(
        data in data(),
        q in prop_oneof![0.0..=1.0f64, prop::sample::select(vec![0.0, 0.5, 0.999, 1.0])],
        ddof in 0u32..2,
    ) {
        all_functions_agree(&data, q, ddof)?;
        all_functions_agree(&finer(&data), q, ddof)?;
    }

    #[test]
    fn every_way_clips_as_the_definition(data in data(), clip in clip()) {
        clipping_agrees(&data, &clip)?;
        clipping_agrees(&finer(&data), &clip)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Brackets of all kinds about all ranks: on its ends, between equal values, beside the rank, with nothing inside.
    #[test]
    fn a_census_gives_the_rank_or_nothing(
        values in prop::collection::vec((0i32..12).prop_map(|v| v as f32 - 4.0), 1..40),
        ends in (-5i32..9, 0i32..6),
        infinite in (any::<bool>(), any::<bool>()),
        rank in any::<prop::sample::Index>(),
        next in any::<bool>(),
        about in prop::option::of(-3i32..3),
    ) {
        let low = if infinite.0 { f64::NEG_INFINITY } else { f64::from(ends.0) };
        let high = if infinite.1 { f64::INFINITY } else { f64::from(ends.0 + ends.1) };
        let bracket = Bracket { low, high };
        match about {
            None => census_gives(&values, Value, bracket, rank.index(values.len()), next)?,
            Some(c) => census_gives(&values, Deviation(f64::from(c)), bracket, rank.index(values.len()), next)?,
        }
    }
}

fn census_gives(
    values: &[f32],
    key: impl Key,
    bracket: Bracket,
    rank: usize,
    next: bool,
) -> Result<(), TestCaseError> {
    let mut keys: Vec<f64> = values.iter().map(|&x| key.of(x)).collect();
    keys.sort_by(f64::total_cmp);
    let next = next && rank + 1 < keys.len();
    let count = |test: &dyn Fn(f64) -> bool| keys.iter().filter(|&&k| test(k)).count();
    for level in Level::available() {
        let tuning = Tuning { level, parallel_from: usize::MAX, sampled_from: 1 };
        let mut inside = Vec::new();
        let bounds = super::bounds::Bounds::finite();
        let census = Census::take(tuning, values, bounds, key, bracket, &mut inside);
        let expected = Census {
            n: keys.len(),
            below: count(&|k| k < bracket.low),
            to_low: count(&|k| k <= bracket.low),
            to_high: count(&|k| k <= bracket.high),
        };
        prop_assert_eq!(census, expected);
        prop_assert_eq!(inside.len(), count(&|k| bracket.low < k && k < bracket.high));
        let found = pick(census, bracket, &mut inside, key, Wanted { rank, next });
        let wanted = [keys[rank], keys[rank + usize::from(next)]];
        let enclosed = wanted.iter().all(|&k| bracket.low <= k && k <= bracket.high);
        prop_assert_eq!(found.map(|f| (f.first, f.next)), enclosed.then_some((wanted[0], wanted[1])));
    }
    Ok(())
}

/// A sample of zeros in data of which less than a tenth is zero: the bracket misses the median, and it is found all the same.
#[test]
fn a_sample_that_misleads_costs_a_copy_and_no_bit() {
    let mut data: Vec<f32> = (0..20_000).map(|i| ((i * 7919) % 20_000) as f32 + 1.0).collect();
    for at in sample_positions(data.len()) {
        data[at] = 0.0;
    }
    let expected = Definition::new(&data);
    assert!(expected.median() > Some(0.0), "the sample is no majority");
    for (tuning, pool) in ways().filter(|(tuning, _)| tuning.sampled_from == 1) {
        let mut scratch = Vec::new();
        let median = pool.install(|| Survivors::valid(tuning, &data, &mut scratch).median());
        assert_eq!(bits(median), bits(expected.median()));
        assert_eq!(scratch.len(), data.len(), "this was to test the copy");
    }
}

/// What sampling is for: the scratch holds a few per cent of the values.
#[test]
fn a_sample_saves_the_copy() {
    let data = shaped(0, 300_000, 5);
    let tuning = Tuning::here();
    assert!(
        tuning.sampled_from < data.len() && tuning.shares(data.len()) == (rayon::current_num_threads() > 1)
    );
    let mut scratch = Vec::new();
    let mut valid = Survivors::valid(tuning, &data, &mut scratch);
    assert!(valid.mad().is_some());
    assert!(clip_by(valid, &SigmaClip::default()).is_some());
    assert!(scratch.capacity() < data.len() / 8, "{} of {}", scratch.capacity(), data.len());
}

/// More entries than one table of chunk totals holds, at the borders that the public functions use.
#[test]
fn sums_above_all_borders() {
    let data = shaped(3, 256 * PIECE + 3 * 1024 + 65, 11);
    let is = Definition::new(&data);
    for pool in POOLS.iter() {
        pool.install(|| {
            assert_eq!(bits(super::sum(&data)), bits(Some(is.sum(|x| x))));
            assert_eq!(bits(super::variance(&data, 0)), bits(is.variance(0)));
            assert_eq!(bits(super::median(&data)), bits(is.median()));
        });
    }
}

#[test]
fn sample_positions_are_spread_over_the_whole() {
    for len in [1, 2, 63, 1000, 16_384, 1_000_000] {
        let positions: Vec<usize> = sample_positions(len).collect();
        let stretch = len / positions.len();
        assert!(positions.iter().enumerate().all(|(k, at)| at / stretch == k), "{len}");
        assert!(positions.len() * stretch > len - positions.len(), "{len}: the end is left out");
    }
}

struct Transposed<T>(std::marker::PhantomData<T>);

impl<T: Element> Kernel for Transposed<T> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let number = |row: usize, lane: usize| T::narrow((row * 100 + lane) as f64);
        let lanes = T::Vector::<I>::LANES;
        let mut square = [T::Vector::<I>::splat(isa, T::zero()); MAX_LANES];
        for (row, register) in square.iter_mut().enumerate() {
            register.lanes_mut().iter_mut().enumerate().for_each(|(lane, to)| *to = number(row, lane));
        }
        transpose(isa, &mut square);
        for (row, register) in square.iter().take(lanes).enumerate() {
            for (lane, &found) in register.lanes().iter().enumerate() {
                assert_eq!(found, number(lane, row));
            }
        }
    }
}

#[test]
fn rows_become_columns() {
    for level in Level::available() {
        level.run(Transposed::<f32>(std::marker::PhantomData));
        level.run(Transposed::<f64>(std::marker::PhantomData));
    }
}

/// The test of clipping is strict: values at one deviation stay with k = 1, at every level.
#[test]
fn values_on_the_limit_stay() {
    let data = shaped(10, 2 * PIECE, 0);
    for center in [ClipCenter::Median, ClipCenter::Mean] {
        let clip = SigmaClip { lsigma: 1.0, hsigma: 1.0, center, ..SigmaClip::default() };
        for (tuning, _) in ways() {
            let stats = clip_by(Survivors::valid(tuning, &data, &mut Vec::new()), &clip);
            assert_eq!(stats.map(|s| (s.n, s.std)), Some((data.len(), 1.0)), "{tuning:?}");
        }
    }
}
