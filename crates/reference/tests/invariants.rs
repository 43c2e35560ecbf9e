//! The mandatory invariants of algorithms.md section 12, for columns of quarter integers (many ties, exact differences).
//!
//! The factors are such that |d|/σ of small rational numbers does not hit them: a decision that is a tie to the last bit
//! may legitimately turn with a shift.

use proptest::prelude::*;
use skystack_reference::{Combine, Pixel, Setup, Working, pixel};
use skystack_reject::{
    About, AvSigClip, CcdClip, Center, Convention, Extrema, Gesd, LineFit, LinearFit, MaxOutliers, MeanClip,
    MedSigma, MinMax, PClip, PClipRule, Percentile, Rejection, Restore, SigClip, Spread, Trim, Winsorized,
    WinsorizedRule, ZeroSpread, madclip,
};

const COMBINATIONS: [Combine; 6] =
    [Combine::Average, Combine::Median, Combine::Lmedian, Combine::Sum, Combine::Min, Combine::Max];

/// Up to 140 frames, so that sums have up to three chunks; a fifth of the samples missing.
fn column() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        6 => (-40i32..40).prop_map(|quarters| f64::from(quarters) * 0.25),
        2 => (-4000i32..4000).prop_map(|quarters| f64::from(quarters) * 0.25),
        2 => Just(f64::NAN),
    ];
    prop_oneof![prop::collection::vec(value.clone(), 1..14), prop::collection::vec(value, 1..140)]
}

fn factor() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.53, 1.03, 1.47, 2.03, 2.51, 3.07, f64::INFINITY])
}

fn sigclip() -> impl Strategy<Value = SigClip> {
    let conventions: Vec<SigClip> =
        Convention::ALL.iter().filter_map(|&c| SigClip::convention(c).ok()).collect();
    let madclips = Convention::ALL.iter().filter_map(|&c| madclip(c).ok());
    let mut all: Vec<SigClip> = conventions.into_iter().chain(madclips).collect();
    let variants: Vec<SigClip> = all.iter().flat_map(|&clip| variants(clip)).collect();
    all.extend(variants);
    let limits = (prop::option::of(0u32..9), prop::option::of(0u32..9), any::<bool>());
    (prop::sample::select(all), factor(), factor(), limits).prop_map(|(clip, lsigma, hsigma, limits)| {
        let (nkeep, maxrej, limited) = limits;
        let mut clip = clip.lsigma(lsigma).hsigma(hsigma);
        if limited {
            clip = nkeep.map_or(clip, |nkeep| clip.nkeep(nkeep));
            clip = maxrej.map_or(clip, |maxrej| clip.maxrej(maxrej));
        }
        clip
    })
}

/// Departures of a convention that no convention has.
fn variants(clip: SigClip) -> Vec<SigClip> {
    vec![
        clip.center(Center::Mean),
        clip.center(Center::Mean).trim(Trim::Every),
        clip.center(Center::Lmedian),
        clip.center(Center::Mean).about(About::Mean),
        clip.spread(Spread::Iqr),
        clip.spread(Spread::Sn),
        clip.zero_spread(ZeroSpread::Test),
        clip.tolerance(0.3),
        clip.restore(Restore::Nearest).maxiters(Some(2)),
    ]
}

fn finite_factor() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.53, 1.03, 1.47, 2.03, 2.51, 3.07])
}

/// nkeep and maxrej.
fn floor() -> impl Strategy<Value = (u32, Option<u32>)> {
    (prop_oneof![Just(0), 0u32..9], prop::option::of(0u32..9))
}

fn percentile() -> impl Strategy<Value = Percentile> {
    let fraction = || prop::sample::select(vec![0.0, 0.11, 0.29, 0.71, 1.3, f64::INFINITY]);
    (fraction(), fraction()).prop_map(|(plow, phigh)| Percentile::new(plow, phigh))
}

fn pclip() -> impl Strategy<Value = PClip> {
    let ranks = prop_oneof![
        -0.99..-0.01f64,
        0.01..0.99f64,
        (1i32..6).prop_map(f64::from),
        (-6i32..0).prop_map(f64::from)
    ];
    let rule = prop::sample::select(vec![PClipRule::Iraf, PClipRule::Imcombiners]);
    (ranks, factor(), factor(), rule).prop_map(|(pclip, lsigma, hsigma, rule)| {
        PClip::iraf().pclip(pclip).lsigma(lsigma).hsigma(hsigma).rule(rule)
    })
}

fn winsorized() -> impl Strategy<Value = Winsorized> {
    let cutoff = prop::sample::select(vec![2.03, 5.0, f64::INFINITY]);
    let rule = prop_oneof![
        Just(WinsorizedRule::Median),
        cutoff.prop_map(|cutoff| WinsorizedRule::MovingMean { cutoff })
    ];
    (factor(), factor(), rule)
        .prop_map(|(lsigma, hsigma, rule)| Winsorized::textbook().lsigma(lsigma).hsigma(hsigma).rule(rule))
}

/// Least absolute residuals depend on the unit, and take the cube of the time.
fn linearfit() -> impl Strategy<Value = LinearFit> {
    (factor(), factor()).prop_map(|(lsigma, hsigma)| LinearFit::textbook().lsigma(lsigma).hsigma(hsigma))
}

fn medsigma() -> impl Strategy<Value = MedSigma> {
    let row = prop::sample::select(vec![MedSigma::siril(), MedSigma::dss()]);
    (row, finite_factor(), factor(), 0u32..7)
        .prop_map(|(row, lsigma, hsigma, maxiters)| row.lsigma(lsigma).hsigma(hsigma).maxiters(maxiters))
}

fn gesd() -> impl Strategy<Value = Gesd> {
    let outliers = prop_oneof![
        prop::sample::select(vec![0.1, 0.3, 1.0]).prop_map(MaxOutliers::Fraction),
        (1u32..20).prop_map(MaxOutliers::Count)
    ];
    (prop::sample::select(vec![0.01, 0.05, 0.5, 0.99]), outliers)
        .prop_map(|(alpha, outliers)| Gesd::textbook().alpha(alpha).outliers(outliers))
}

/// The rejections that look at nothing but the samples, with floors where they have any.
fn order() -> impl Strategy<Value = Rejection> {
    prop_oneof![
        (percentile(), floor()).prop_map(|(mut rule, (nkeep, maxrej))| {
            (rule.nkeep, rule.maxrej) = (nkeep, maxrej);
            rule.into()
        }),
        (pclip(), floor()).prop_map(|(mut rule, (nkeep, maxrej))| {
            (rule.nkeep, rule.maxrej) = (nkeep, maxrej);
            rule.into()
        }),
        (linearfit(), floor()).prop_map(|(mut rule, (nkeep, maxrej))| {
            (rule.nkeep, rule.maxrej) = (nkeep, maxrej);
            rule.into()
        }),
        (gesd(), floor()).prop_map(|(mut rule, (nkeep, maxrej))| {
            (rule.nkeep, rule.maxrej) = (nkeep, maxrej);
            rule.into()
        }),
        winsorized().prop_map(Rejection::from),
        medsigma().prop_map(Rejection::from),
    ]
}

/// With the rank rules; their counts stay valid for the frames that there are.
fn rejection() -> impl Strategy<Value = Rejection> {
    prop_oneof![
        1 => Just(Rejection::None),
        2 => (0.0..0.49f64, 0.0..0.49f64).prop_map(|(low, high)| MinMax::new(low, high).into()),
        2 => (0u32..4, 0u32..4, 0u32..4, prop::option::of(0u32..6), any::<bool>()).prop_map(
            |(nlow, nhigh, nkeep, maxrej, count_missing_high)| {
                Extrema { nlow, nhigh, nkeep, maxrej, count_missing_high }.into()
            }
        ),
        8 => sigclip().prop_map(Rejection::from),
        8 => order(),
    ]
}

/// Those whose width follows the level: no shift and no change of units leaves them as they are.
fn level_dependent() -> impl Strategy<Value = Rejection> {
    let center = prop::sample::select(vec![Center::Median, Center::Mean]);
    let conventions = vec![CcdClip::iraf(), CcdClip::imcombiners(), CcdClip::pixinsight()];
    let limits = (prop::option::of(0u32..9), prop::option::of(0u32..9));
    let ccdclip = (prop::sample::select(conventions), center.clone(), factor(), factor(), limits.clone());
    let ccdclip = ccdclip.prop_map(|(clip, center, lsigma, hsigma, (nkeep, maxrej))| {
        let clip = clip.center(center).lsigma(lsigma).hsigma(hsigma);
        let clip = nkeep.map_or(clip, |nkeep| clip.nkeep(nkeep));
        maxrej.map_or(clip, |maxrej| clip.maxrej(maxrej)).into()
    });
    let avsigclip =
        (center, factor(), factor(), limits).prop_map(|(center, lsigma, hsigma, (nkeep, maxrej))| {
            let mut clip = AvSigClip::pixinsight().center(center).lsigma(lsigma).hsigma(hsigma);
            (clip.nkeep, clip.maxrej) = (nkeep.unwrap_or(1), maxrej);
            clip.into()
        });
    prop_oneof![ccdclip, avsigclip]
}

fn meanclip() -> impl Strategy<Value = Rejection> {
    let clip =
        |(lsigma, hsigma, rounds)| MeanClip::lsst().lsigma(lsigma).hsigma(hsigma).rounds(rounds).into();
    (factor(), factor(), 0u32..5).prop_map(clip)
}

/// All of them.
fn any_rejection() -> impl Strategy<Value = Rejection> {
    prop_oneof![3 => rejection(), 2 => level_dependent(), 1 => meanclip()]
}

fn setup_of(rejection: &Rejection, combine: Combine, working: Working) -> Setup<'_> {
    // Of replaced samples there is nothing but an average.
    let combine = if matches!(rejection, Rejection::MedSigma(_)) { Combine::Average } else { combine };
    Setup {
        rejections: std::slice::from_ref(rejection),
        combine,
        ..Setup::convention(Convention::Astropy, working)
    }
}

fn working() -> impl Strategy<Value = Working> {
    prop_oneof![Just(Working::F32), Just(Working::F64)]
}

fn combine() -> impl Strategy<Value = Combine> {
    prop::sample::select(COMBINATIONS.to_vec())
}

/// Equal in everything but passes, which hold values; NaN equals NaN.
fn same(a: &Pixel, b: &Pixel) -> bool {
    let bits = |p: &Pixel| (p.value.to_bits(), p.sigma.to_bits());
    let counts = |p: &Pixel| (p.count, p.nrej, p.low, p.high, p.restored, p.stop);
    bits(a) == bits(b) && counts(a) == counts(b)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        max_global_rejects: 30_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_counts_add_up(column in column(), rejection in any_rejection(), combine in combine(), working in working()) {
        let p = pixel(&column, &setup_of(&rejection, combine, working));
        prop_assert_eq!(p.count + p.nrej + p.nmiss, column.len());
        prop_assert_eq!(p.low + p.high, p.nrej);
        prop_assert_eq!(p.used.iter().filter(|used| **used).count(), p.count);
        let replaced = matches!(rejection, Rejection::MedSigma(_)) && p.nmiss < column.len();
        prop_assert_eq!(p.value.is_nan(), p.count == 0 && !replaced);
        prop_assert!(p.used.iter().zip(&column).all(|(used, y)| !used || y.is_finite()));
    }

    #[test]
    fn a_floor_holds_wherever_there_is_one(column in column(), rejection in any_rejection(), working in working()) {
        let p = pixel(&column, &setup_of(&rejection, Combine::Average, working));
        let n0 = column.len() - p.nmiss;
        let k = |nkeep: u32, maxrej: Option<u32>| {
            n0.min(nkeep as usize).max(maxrej.map_or(0, |most| n0.saturating_sub(most as usize)))
        };
        match rejection {
            Rejection::SigClip(clip) if clip.restore == Restore::Nearest => prop_assert!(p.count >= k(clip.nkeep, clip.maxrej)),
            Rejection::SigClip(clip) if clip.restore == Restore::Rollback => prop_assert!(p.count >= k(clip.nkeep, None)),
            Rejection::CcdClip(clip) if clip.restore == Restore::Nearest => prop_assert!(p.count >= k(clip.nkeep, clip.maxrej)),
            Rejection::CcdClip(clip) if clip.restore == Restore::Rollback => prop_assert!(p.count >= k(clip.nkeep, None)),
            Rejection::AvSigClip(clip) => prop_assert!(p.count >= k(clip.nkeep, clip.maxrej)),
            Rejection::Extrema(extrema) => prop_assert!(p.count >= k(extrema.nkeep, extrema.maxrej)),
            Rejection::MinMax(_) => prop_assert!(p.count >= n0.min(1)),
            Rejection::Percentile(rule) => prop_assert!(p.count >= k(rule.nkeep, rule.maxrej)),
            Rejection::PClip(rule) => prop_assert!(p.count >= k(rule.nkeep, rule.maxrej)),
            Rejection::LinearFit(rule) => prop_assert!(p.count >= k(rule.nkeep, rule.maxrej)),
            Rejection::Gesd(rule) => prop_assert!(p.count >= k(rule.nkeep, rule.maxrej)),
            _ => {}
        }
    }

    #[test]
    fn a_shift_moves_the_results(column in column(), rejection in prop_oneof![3 => rejection(), 1 => meanclip()], combine in combine(), quarters in -400i32..400) {
        // A fraction of the median has a zero point. Of both ends as far from the mean, the last digit of the mean takes one.
        prop_assume!(!matches!(rejection, Rejection::Percentile(_) | Rejection::Gesd(_)));
        let a = f64::from(quarters) * 0.25;
        let setup = setup_of(&rejection, combine, Working::F64);
        let combine = setup.combine;
        let shifted: Vec<f64> = column.iter().map(|y| y + a).collect();
        let (p, q) = (pixel(&column, &setup), pixel(&shifted, &setup));
        prop_assert_eq!(&p.used, &q.used);
        let moved = if combine == Combine::Sum { a * p.count as f64 } else { a };
        prop_assert!(p.count == 0 || (q.value - (p.value + moved)).abs() < 1e-9, "{} {} {}", p.value, q.value, moved);
        if combine != Combine::Sum {
            prop_assert!(p.count < 2 || (q.sigma - p.sigma).abs() < 1e-9);
        }
    }

    #[test]
    fn a_power_of_two_scales_exactly(column in column(), rejection in prop_oneof![3 => rejection(), 1 => meanclip()], combine in combine(), working in working(), exponent in -12i32..12) {
        let b = 2f64.powi(exponent);
        let setup = setup_of(&rejection, combine, working);
        let scaled: Vec<f64> = column.iter().map(|y| y * b).collect();
        let (p, mut q) = (pixel(&column, &setup), pixel(&scaled, &setup));
        prop_assert_eq!(&p.used, &q.used);
        (q.value, q.sigma) = (q.value / b, q.sigma / b);
        prop_assert!(same(&p, &q), "{:?}\n{:?}", p, q);
    }

    #[test]
    fn an_all_missing_frame_changes_nothing_but_nmiss(column in column(), rejection in any_rejection(), working in working(), at in any::<prop::sample::Index>()) {
        let depends_on_n = match rejection {
            Rejection::MinMax(_) | Rejection::PClip(_) => true,
            Rejection::Extrema(extrema) => extrema.count_missing_high,
            Rejection::SigClip(clip) => clip.restore == Restore::Rollback && clip.maxrej.is_some(),
            Rejection::CcdClip(clip) => clip.restore == Restore::Rollback && clip.maxrej.is_some(),
            _ => false,
        };
        prop_assume!(!depends_on_n);
        // Inside, a new frame moves the cuts between chunks: exact only for one chunk.
        let at = if column.len() < 64 { at.index(column.len() + 1) } else { column.len() };
        let mut longer = column.clone();
        longer.insert(at, f64::NAN);
        let setup = setup_of(&rejection, Combine::Average, working);
        let (p, q) = (pixel(&column, &setup), pixel(&longer, &setup));
        prop_assert!(same(&p, &q));
        prop_assert_eq!((p.nmiss + 1, false), (q.nmiss, q.used[at]));
    }

    #[test]
    fn a_sign_flip_mirrors_sigclip(column in column(), clip in sigclip(), working in working()) {
        // The tie rule of restoring is not symmetric, the low median neither.
        prop_assume!(clip.restore != Restore::Nearest && clip.center != Center::Lmedian);
        let flipped: Vec<f64> = column.iter().map(|y| -y).collect();
        let mirrored = clip.lsigma(clip.hsigma).hsigma(clip.lsigma);
        let p = pixel(&column, &setup_of(&clip.into(), Combine::Median, working));
        let q = pixel(&flipped, &setup_of(&mirrored.into(), Combine::Median, working));
        prop_assert_eq!(&p.used, &q.used);
        prop_assert_eq!((p.low, p.high), (q.high, q.low));
        prop_assert!(p.count == 0 || p.value == -q.value);
    }

    #[test]
    fn a_sign_flip_mirrors_intervals(column in column(), percentile in percentile(), pclip in pclip(), winsorized in winsorized(), working in working()) {
        let flipped: Vec<f64> = column.iter().map(|y| -y).collect();
        let (plow, phigh, ranks) = (percentile.plow, percentile.phigh, pclip.pclip);
        let pairs: [(Rejection, Rejection); 3] = [
            (percentile.into(), percentile.plow(phigh).phigh(plow).into()),
            (pclip.nkeep(0).into(), pclip.pclip(-ranks).lsigma(pclip.hsigma).hsigma(pclip.lsigma).nkeep(0).into()),
            (winsorized.into(), winsorized.lsigma(winsorized.hsigma).hsigma(winsorized.lsigma).into()),
        ];
        for (rule, mirrored) in pairs {
            let p = pixel(&column, &setup_of(&rule, Combine::Median, working));
            let q = pixel(&flipped, &setup_of(&mirrored, Combine::Median, working));
            prop_assert_eq!(&p.used, &q.used, "{:?}", rule);
            prop_assert_eq!((p.low, p.high), (q.high, q.low));
        }
    }

    #[test]
    fn a_sign_flip_mirrors_minmax(permutation in Just((0..30).collect::<Vec<_>>()).prop_shuffle(), nlow in 0u32..9, nhigh in 0u32..9) {
        let column: Vec<f64> = permutation.into_iter().map(f64::from).collect();
        let flipped: Vec<f64> = column.iter().map(|y| -y).collect();
        let of = |column: &[f64], low: u32, high: u32| {
            let rule = MinMax::new(f64::from(low), f64::from(high));
            pixel(column, &setup_of(&rule.into(), Combine::Median, Working::F64)).used
        };
        prop_assert_eq!(of(&column, nlow, nhigh), of(&flipped, nhigh, nlow));
    }

    // Not extrema: nhigh = 1 with nkeep = 0 drops the only sample, by its definition.
    #[test]
    fn one_sample_is_returned_as_it_is(y in any::<f32>(), frames in 1usize..80, at in any::<prop::sample::Index>(), clip in sigclip(), order in order(), level_dependent in level_dependent(), working in working()) {
        prop_assume!(y.is_finite());
        let y = f64::from(y) + 0.0;
        let mut column = vec![f64::NAN; frames];
        column[at.index(frames)] = y;
        for combine in COMBINATIONS {
            let all = [clip.into(), order, level_dependent, MeanClip::lsst().into(), MinMax::new(0.3, 0.3).into(), Rejection::None];
            for rejection in all {
                let p = pixel(&column, &setup_of(&rejection, combine, working));
                prop_assert_eq!(p.value.to_bits(), y.to_bits());
            }
        }
    }

    #[test]
    fn equal_values_are_never_rejected(y in -1e6f32..1e6, frames in 1usize..140, rejection in any_rejection(), working in working()) {
        prop_assume!(!matches!(rejection, Rejection::MinMax(_) | Rejection::Extrema(_)));
        let p = pixel(&vec![f64::from(y); frames], &setup_of(&rejection, Combine::Average, working));
        prop_assert_eq!((p.nrej, p.value), (0, f64::from(y)));
    }

    #[test]
    fn a_missing_value_is_never_seen(column in column(), other in prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), 2e3..1e30f64, -1e30..-2e3f64], rejection in any_rejection(), working in working()) {
        let mut setup = setup_of(&rejection, Combine::Average, working);
        (setup.lthreshold, setup.hthreshold) = (Some(-1500.0), Some(1500.0));
        let replaced: Vec<f64> = column.iter().map(|&y| if y.is_nan() { other } else { y }).collect();
        let (p, q) = (pixel(&column, &setup), pixel(&replaced, &setup));
        prop_assert!(same(&p, &q));
        prop_assert_eq!((p.used, p.nmiss), (q.used, q.nmiss));
    }

    #[test]
    fn the_kept_set_is_an_interval_of_ranks(column in column(), rejection in any_rejection(), working in working()) {
        // A restored chain of the mean-centre rule may have gaps.
        let of_mean_and_restored = match rejection {
            Rejection::SigClip(clip) => clip.center == Center::Mean && clip.restore == Restore::Nearest,
            Rejection::CcdClip(clip) => clip.center == Center::Mean && clip.restore == Restore::Nearest,
            Rejection::AvSigClip(clip) => clip.center == Center::Mean,
            _ => false,
        };
        prop_assume!(!of_mean_and_restored);
        // A line leaves out inner ranks, and what is replaced stays in the set.
        prop_assume!(!matches!(rejection, Rejection::LinearFit(_) | Rejection::MedSigma(_)));
        let p = pixel(&column, &setup_of(&rejection, Combine::Average, working));
        let mut ranks: Vec<usize> = (0..column.len()).filter(|&frame| !column[frame].is_nan()).collect();
        ranks.sort_by(|&a, &b| column[a].total_cmp(&column[b]).then(a.cmp(&b)));
        let runs = ranks.chunk_by(|&a, &b| p.used[a] == p.used[b]).filter(|run| p.used[run[0]]).count();
        prop_assert!(runs <= 1, "{:?}", p.used);
    }

    #[test]
    fn order_statistics_do_not_depend_on_the_frame_order(column in column().prop_shuffle(), combine in combine()) {
        prop_assume!(!matches!(combine, Combine::Average | Combine::Sum));
        let mut sorted = column.clone();
        sorted.sort_by(f64::total_cmp);
        let setup = setup_of(&Rejection::None, combine, Working::F64);
        prop_assert_eq!(pixel(&column, &setup).value.to_bits(), pixel(&sorted, &setup).value.to_bits());
    }

    #[test]
    fn equal_weights_are_no_weights(column in column(), clip in sigclip()) {
        let weights = vec![0.25; column.len()];
        let clip = clip.into();
        let plain = setup_of(&clip, Combine::Average, Working::F64);
        let weighted = Setup { weights: Some(&weights), ..plain };
        let (p, q) = (pixel(&column, &plain), pixel(&column, &weighted));
        prop_assert_eq!(&p.used, &q.used);
        prop_assert_eq!(p.value.to_bits(), q.value.to_bits());
    }

    // n³/2 terms a pass: short columns.
    #[test]
    fn least_absolute_residuals_keep_their_floor_and_take_a_shift(column in prop::collection::vec(-400i32..400, 1..16), lsigma in factor(), hsigma in factor(), limits in floor(), quarters in -400i32..400) {
        let mut rule = LinearFit::pixinsight().lsigma(lsigma).hsigma(hsigma);
        (rule.nkeep, rule.maxrej) = limits;
        prop_assert_eq!(rule.fit, LineFit::LeastAbsolute);
        let column: Vec<f64> = column.into_iter().map(|y| f64::from(y) * 0.25).collect();
        let shifted: Vec<f64> = column.iter().map(|y| y + f64::from(quarters) * 0.25).collect();
        let rule = rule.into();
        let setup = setup_of(&rule, Combine::Average, Working::F64);
        let (p, q) = (pixel(&column, &setup), pixel(&shifted, &setup));
        prop_assert_eq!((&p.used, p.low, p.high), (&q.used, q.low, q.high));
        let n0 = column.len();
        let k = n0.min(limits.0 as usize).max(limits.1.map_or(0, |most| n0.saturating_sub(most as usize)));
        prop_assert!(p.count >= k);
    }
}
