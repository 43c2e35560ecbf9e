//! Every function of the slice family against its definition, on vectors with gaps, ties and outliers, in f32 and f64.

use proptest::prelude::*;
use skystack_stats::slice::{self, ClipCenter, ClipSpread, SigmaClip};

/// Ties, gaps of three kinds, signed zeros, outliers; even and odd counts up to three chunks.
fn data() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![
        8 => (-20i32..20).prop_map(|quarters| quarters as f32 * 0.25),
        4 => -100f32..100.0,
        1 => -1e30f32..1e30,
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-40, f32::MAX]),
    ];
    prop_oneof![
        prop::collection::vec(value.clone(), 0..12),
        prop::collection::vec(value, 0..200),
        (0usize..80).prop_map(|n| vec![7.25; n]),
    ]
}

fn wide(data: &[f32]) -> Vec<f64> {
    data.iter().map(|&x| f64::from(x)).collect()
}

/// Valid values in order, −0 as +0.
fn valid(data: &[f64]) -> Vec<f64> {
    data.iter().filter(|x| x.is_finite()).map(|x| x + 0.0).collect()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn middle(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    if n % 2 == 1 { sorted[n / 2] } else { (sorted[n / 2 - 1] + sorted[n / 2]) * 0.5 }
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * q;
    let a = sorted[position.floor() as usize];
    let b = sorted[position.ceil() as usize];
    a + (position - position.floor()) * (b - a)
}

/// Rule of algorithms.md 6.3, the window ends found anew for every step.
fn naive_mode(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    if n < 10 {
        return sorted[(n / 2).max(1) - 1];
    }
    let (first, j) = (1 + 3 * n / 20, 1 + 17 * n / 20);
    let (z1, z2) = (sorted[first - 1], sorted[j - 1]);
    if z1 == z2 {
        return z1;
    }
    let reach = |limit: f64| first + sorted[first - 1..j - 1].iter().filter(|&&x| x < limit).count();
    let (mut best, mut mode) = (0, z1);
    for t in 0.. {
        let w = z1 + f64::from(t) * (0.01 * (z2 - z1));
        let (i, k) = (reach(w), reach(w + 0.1 * (z2 - z1)));
        if k - i > best {
            (best, mode) = (k - i, sorted[(i + k) / 2 - 1]);
        }
        if k >= j {
            break;
        }
    }
    mode
}

/// E1 by the letter: a table of chunk totals.
fn chunked_sum(data: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut totals = vec![0.0; data.len() / 64 + 1];
    for (index, &x) in data.iter().enumerate() {
        if x.is_finite() {
            totals[index / 64] += term(x + 0.0);
        }
    }
    let mut sum = 0.0;
    for total in totals {
        sum += total;
    }
    sum
}

fn bits(v: Option<f64>) -> Option<u64> {
    v.map(f64::to_bits)
}

/// The survivors of clipping as a list, no bounds: what `T` rounds is rounded by `round`.
fn naive_survivors(data: &[f64], clip: &SigmaClip, round: impl Fn(f64) -> f64) -> Vec<f64> {
    // Gaps stay in place as NaN, since they hold the order of the sums.
    let mut kept = data.to_vec();
    for _ in 0..clip.maxiters.unwrap_or(10_000) {
        let ordered = sorted(valid(&kept));
        if ordered.is_empty() {
            break;
        }
        let n = ordered.len() as f64;
        let p = valid(&kept)[0];
        let mean = p + chunked_sum(&kept, |x| x - p) / n;
        let c = match clip.center {
            ClipCenter::Median => round(middle(&ordered)),
            ClipCenter::Mean => round(mean),
        };
        let about = |m: f64| {
            let (s1, s2) = (chunked_sum(&kept, |x| x - m), chunked_sum(&kept, |x| (x - m) * (x - m)));
            (s1, s2, s2 - (s1 * s1) / n)
        };
        let v = match (clip.spread, clip.center) {
            (ClipSpread::MadStd, _) => {
                let median = round(middle(&ordered));
                let deviations = sorted(ordered.iter().map(|x| (x - median).abs()).collect());
                let sigma = round(1.482602218505602 * middle(&deviations));
                sigma * sigma
            }
            (ClipSpread::Std, ClipCenter::Mean) => about(mean).2.max(0.0) / n,
            (ClipSpread::Std, ClipCenter::Median) => {
                let (s1, s2, q) = about(c);
                let q = if s1 * s1 > 0.999 * (n * s2) { about(c + s1 / n).2 } else { q };
                q.max(0.0) / n
            }
        };
        let beyond = |x: f64| {
            let d = x - c;
            let k = if d < 0.0 { clip.lsigma } else { clip.hsigma };
            d != 0.0 && k < f64::INFINITY && d * d > (k * k) * v
        };
        let next: Vec<f64> =
            kept.iter().map(|&x| if x.is_finite() && beyond(x + 0.0) { f64::NAN } else { x }).collect();
        if valid(&next).len() == valid(&kept).len() {
            break;
        }
        kept = next;
    }
    kept
}

fn clip() -> impl Strategy<Value = SigmaClip> {
    let factor = || prop::sample::select(vec![0.5, 1.0, 1.5, 2.0, 3.0, f64::INFINITY]);
    let center = prop::sample::select(vec![ClipCenter::Median, ClipCenter::Mean]);
    let spread = prop::sample::select(vec![ClipSpread::Std, ClipSpread::MadStd]);
    (factor(), factor(), prop::option::of(0u32..7), center, spread).prop_map(
        |(lsigma, hsigma, maxiters, center, spread)| SigmaClip { lsigma, hsigma, maxiters, center, spread },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_statistics_follow_their_definitions(narrow in data(), q in prop_oneof![0.0..=1.0f64, Just(0.5), Just(0.25)]) {
        let x = wide(&narrow);
        let ordered = sorted(valid(&x));
        let of = |rule: &dyn Fn(&[f64]) -> f64| (!ordered.is_empty()).then(|| rule(&ordered));
        prop_assert_eq!(bits(slice::median(&x)), bits(of(&middle)));
        prop_assert_eq!(slice::median(&narrow), of(&middle).map(|v| v as f32));
        prop_assert_eq!(bits(slice::lmedian(&x)), bits(of(&|s| s[(s.len() - 1) / 2])));
        prop_assert_eq!(bits(slice::percentile(&x, q)), bits(of(&|s| quantile(s, q))));
        prop_assert_eq!(slice::percentile(&narrow, q), of(&|s| quantile(s, q)).map(|v| v as f32));
        prop_assert_eq!(bits(slice::iqr(&narrow)), bits(of(&|s| quantile(s, 0.75) - quantile(s, 0.25))));
        prop_assert_eq!(bits(slice::iqr_std(&x)), bits(slice::iqr(&x).map(|iqr| 0.741301109252801 * iqr)));
        prop_assert_eq!(slice::min_max(&x), (!ordered.is_empty()).then(|| (ordered[0], ordered[ordered.len() - 1])));
    }

    #[test]
    fn mad_is_the_median_of_the_deviations(narrow in data()) {
        let x = wide(&narrow);
        let ordered = sorted(valid(&x));
        let of = |c: f64| middle(&sorted(ordered.iter().map(|v| (v - c).abs()).collect()));
        let some = !ordered.is_empty();
        prop_assert_eq!(bits(slice::mad(&x)), bits(some.then(|| of(middle(&ordered)))));
        // The centre of f32 data is an f32, the deviations are f64 all the same.
        prop_assert_eq!(bits(slice::mad(&narrow)), bits(some.then(|| of(f64::from(middle(&ordered) as f32)))));
        prop_assert_eq!(bits(slice::mad_std(&x)), bits(slice::mad(&x).map(|mad| 1.482602218505602 * mad)));
    }

    #[test]
    fn mode_follows_its_rule(narrow in data()) {
        let x = wide(&narrow);
        let ordered = sorted(valid(&x));
        let expected = (!ordered.is_empty()).then(|| naive_mode(&ordered));
        prop_assert_eq!(slice::mode(&x), expected);
        prop_assert_eq!(slice::mode(&narrow).map(f64::from), expected);
    }

    #[test]
    fn sums_have_the_order_of_the_contract(narrow in data(), ddof in 0u32..3) {
        let x = wide(&narrow);
        let values = valid(&x);
        let n = values.len() as f64;
        let p = values.first().copied();
        let mean = p.map(|p| p + chunked_sum(&x, |v| v - p) / n);
        prop_assert_eq!(bits(slice::sum(&x)), bits(p.map(|_| chunked_sum(&x, |v| v))));
        prop_assert_eq!(bits(slice::mean(&x)), bits(mean));
        let variance = mean.filter(|_| values.len() > ddof as usize).map(|m| {
            let (s1, s2) = (chunked_sum(&x, |v| v - m), chunked_sum(&x, |v| (v - m) * (v - m)));
            (s2 - (s1 * s1) / n).max(0.0) / (n - f64::from(ddof))
        });
        prop_assert_eq!(bits(slice::variance(&x, ddof)), bits(variance));
        prop_assert_eq!(bits(slice::std(&x, ddof)), bits(variance.map(f64::sqrt)));
        // f32 data are the same numbers.
        prop_assert_eq!(bits(slice::sum(&narrow)), bits(slice::sum(&x)));
        prop_assert_eq!(bits(slice::mean(&narrow)), bits(slice::mean(&x)));
        prop_assert_eq!(bits(slice::variance(&narrow, ddof)), bits(slice::variance(&x, ddof)));
    }

    #[test]
    fn clipping_keeps_what_the_definition_keeps(narrow in data(), clip in clip()) {
        let x = wide(&narrow);
        let kept = naive_survivors(&x, &clip, |v| v);
        let ours = slice::sigma_clipped_stats(&x, &clip);
        prop_assert_eq!(ours.map_or(0, |s| s.n), valid(&kept).len());
        prop_assert_eq!(bits(ours.map(|s| s.mean)), bits(slice::mean(&kept)));
        prop_assert_eq!(bits(ours.map(|s| s.median)), bits(slice::median(&kept)));
        prop_assert_eq!(bits(ours.map(|s| s.std)), bits(slice::std(&kept, 0)));

        let kept = naive_survivors(&x, &clip, |v| f64::from(v as f32));
        let ours = slice::sigma_clipped_stats(&narrow, &clip);
        prop_assert_eq!(ours.map_or(0, |s| s.n), valid(&kept).len());
        prop_assert_eq!(bits(ours.map(|s| s.mean)), bits(slice::mean(&kept)));
        prop_assert_eq!(bits(ours.map(|s| s.std)), bits(slice::std(&kept, 0)));
    }

    #[test]
    fn equal_values_have_no_width(v in -1e30f32..1e30, n in 1usize..150) {
        let x = vec![v; n];
        prop_assert_eq!((slice::median(&x), slice::mode(&x), slice::mean(&x)), (Some(v), Some(v), Some(f64::from(v))));
        prop_assert_eq!((slice::mad(&x), slice::iqr(&x), slice::std(&x, 0)), (Some(0.0), Some(0.0), Some(0.0)));
        let clipped = slice::sigma_clipped_stats(&x, &SigmaClip::default()).expect("valid values");
        prop_assert_eq!((clipped.n, clipped.std), (n, 0.0));
    }

    #[test]
    fn what_the_scratch_held_does_not_matter(x in data(), mut scratch in data(), clip in clip()) {
        prop_assert_eq!(slice::median_with(&x, &mut scratch), slice::median(&x));
        prop_assert_eq!(slice::lmedian_with(&x, &mut scratch), slice::lmedian(&x));
        prop_assert_eq!(slice::percentile_with(&x, 0.3, &mut scratch), slice::percentile(&x, 0.3));
        prop_assert_eq!(slice::mad_with(&x, &mut scratch), slice::mad(&x));
        prop_assert_eq!(slice::mad_std_with(&x, &mut scratch), slice::mad_std(&x));
        prop_assert_eq!(slice::iqr_with(&x, &mut scratch), slice::iqr(&x));
        prop_assert_eq!(slice::iqr_std_with(&x, &mut scratch), slice::iqr_std(&x));
        prop_assert_eq!(slice::mode_with(&x, &mut scratch), slice::mode(&x));
        prop_assert_eq!(slice::sigma_clipped_stats_with(&x, &clip, &mut scratch), slice::sigma_clipped_stats(&x, &clip));
    }
}
