//! What must hold to the last bit: saturation, invariances, breakdown, ties, and sums of large numbers.

use ndarray::{Array2, Array3, Axis, s};
use skystack::{
    AvSigClip, CcdClip, Center, Combine, Convention, CountProduct, Extrema, Gesd, LinearFit, MeanClip,
    MedSigma, MinMax, PClip, Percentile, Products, Rejection, SigClip, Stacker, VarClip, Winsorized, madclip,
};

use crate::common::{combine, normals, unit_noise};

/// Every rejection, in the first convention that defines it.
fn rejections() -> Vec<(&'static str, Rejection)> {
    let madclip = madclip(Convention::Textbook).expect("it is defined");
    let crreject = skystack::crreject(Convention::Iraf).expect("it is defined");
    vec![
        ("none", Rejection::None),
        ("minmax", MinMax::new(1.0, 1.0).into()),
        ("extrema", Extrema::new(1, 1).into()),
        ("sigclip", SigClip::iraf().lsigma(2.0).hsigma(2.0).into()),
        ("sigclip astropy", SigClip::astropy().lsigma(2.0).hsigma(2.0).into()),
        ("avsigclip", AvSigClip::iraf().into()),
        ("ccdclip", CcdClip::iraf().into()),
        ("crreject", crreject.into()),
        ("pclip", PClip::iraf().into()),
        ("percentile", Percentile::new(0.2, 0.1).into()),
        ("madclip", madclip.into()),
        ("medsigma", MedSigma::siril().lsigma(2.0).hsigma(2.0).into()),
        ("winsorized", Winsorized::textbook().into()),
        ("linearfit", LinearFit::textbook().into()),
        ("gesd", Gesd::textbook().into()),
        ("meanclip", MeanClip::lsst().into()),
        ("varclip", VarClip::dragons().into()),
    ]
}

fn stacker(rejection: Rejection) -> Stacker {
    let products = Products::NONE.with(CountProduct::Nrej);
    let variance = skystack::InputVariance::Constant(1.0);
    Stacker::new().reject(rejection).noise(unit_noise()).variance(variance).products(products)
}

/// Image and number of rejected samples.
#[track_caller]
fn run(stacker: &Stacker, stack: &Array3<f64>) -> (Array2<f64>, Array2<u32>) {
    let combined = combine(stacker, stack);
    let nrej = combined.counts(CountProduct::Nrej).expect("it was asked for").clone();
    (combined.image, nrej)
}

/// A positive stack with outliers on both sides.
fn wild(frames: usize) -> Array3<f64> {
    let mut stack = normals(frames, 256 * 8, 5000).mapv(|value| 1000.0 + 3.0 * value);
    for (at, value) in stack.iter_mut().enumerate() {
        match at % 97 {
            13 => *value += 500.0,
            57 => *value -= 200.0,
            _ => {}
        }
    }
    stack
}

#[test]
fn what_is_saturated_in_some_frames_is_left_out_and_counted() {
    let mut stack = normals(9, 256 * 10, 5100).mapv(|value| (1000.0 + 10.0 * value).round());
    // row k: saturated in the first k frames
    for k in 0..10 {
        stack.slice_mut(s![..k, k, ..]).fill(65535.0);
    }
    let products =
        Products::NONE.with(CountProduct::Count).with(CountProduct::Nmiss).with(CountProduct::Nrej);
    let combined = combine(&Stacker::new().hthreshold(65534.0).products(products), &stack);
    for (k, row) in combined.image.rows().into_iter().enumerate() {
        let all_are = |product, expected: usize| {
            let counts = combined.counts(product).expect("it was asked for");
            assert!(counts.row(k).iter().all(|&count| count as usize == expected), "{product:?} of row {k}");
        };
        all_are(CountProduct::Count, 9 - k);
        all_are(CountProduct::Nmiss, k);
        all_are(CountProduct::Nrej, 0);
        assert!(
            row.iter().all(|value| if k == 9 { value.is_nan() } else { (900.0..1100.0).contains(value) }),
            "row {k}"
        );
    }
}

#[test]
fn flips_and_turns_of_the_frames_are_those_of_the_image() {
    let stack = wild(15);
    for (name, rejection) in rejections() {
        let stacker = stacker(rejection);
        let (image, nrej) = run(&stacker, &stack);
        // avsigclip pools rows: only what keeps rows together may change them.
        let mut upside_down = stack.clone();
        upside_down.invert_axis(Axis(1));
        let (mut flipped, mut flipped_nrej) = run(&stacker, &upside_down);
        flipped.invert_axis(Axis(0));
        flipped_nrej.invert_axis(Axis(0));
        assert!(flipped == image && flipped_nrej == nrej, "{name}: upside down");
        if name != "avsigclip" {
            let turned = stack.view().permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
            let (turned, turned_nrej) = run(&stacker, &turned);
            assert!(turned.t() == image && turned_nrej.t() == nrej, "{name}: transposed");
        }
        assert!(name == "none" || nrej.iter().any(|&count| count > 0), "{name} rejects nothing here");
    }
}

/// Rules that know no unit: a power of two scales the image exactly and leaves what is rejected as it is.
#[test]
fn powers_of_two_scale_exactly() {
    let stack = wild(15);
    for (name, rejection) in rejections() {
        if ["ccdclip", "crreject", "varclip", "avsigclip"].contains(&name) {
            continue;
        }
        let (image, nrej) = run(&stacker(rejection), &stack);
        for factor in [0.25, 1024.0] {
            let (scaled, scaled_nrej) = run(&stacker(rejection), &stack.mapv(|value| factor * value));
            assert!(
                scaled == image.mapv(|value| factor * value) && scaled_nrej == nrej,
                "{name} times {factor}"
            );
        }
    }
}

#[test]
fn the_order_of_frames_does_not_matter_to_order_statistics_and_hardly_to_sums() {
    let stack = wild(15);
    let order: Vec<usize> = (0..15).map(|frame| frame * 7 % 15).collect();
    let shuffled = stack.select(Axis(0), &order);
    for (name, rejection) in rejections() {
        if name != "medsigma" {
            let median = stacker(rejection).combine(Combine::Median);
            assert!(run(&median, &shuffled) == run(&median, &stack), "{name}, median");
        }
        let ((a, a_nrej), (b, b_nrej)) =
            (run(&stacker(rejection), &shuffled), run(&stacker(rejection), &stack));
        assert_eq!(a_nrej, b_nrej, "{name}");
        assert!(
            a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 4.0 * f64::EPSILON * b.abs()),
            "{name}, average"
        );
    }
}

#[test]
fn a_constant_moves_the_image_by_itself() {
    let stack = wild(15);
    for (name, rejection) in rejections() {
        // Of these the rule depends on the level.
        if ["percentile", "avsigclip"].contains(&name) {
            continue;
        }
        let (image, nrej) = run(&stacker(rejection), &stack);
        let (moved, moved_nrej) = run(&stacker(rejection), &stack.mapv(|value| value + 4096.0));
        assert_eq!(moved_nrej, nrej, "{name}");
        let apart = |(moved, image): (&f64, &f64)| (moved - 4096.0 - image).abs();
        let most = moved.iter().zip(&image).map(apart).fold(0.0, f64::max);
        assert!(most <= 4.0 * 5096.0 * f64::EPSILON, "{name}: {most}");
    }
}

/// m of n samples are far away and equal, the others equal: the mean is √(m(n−m))/… away, and the least n that can say so is known.
#[test]
fn a_clip_about_the_mean_breaks_down_where_theory_says() {
    let table = [
        (2.0, [6, 11, 16]),
        (2.5, [9, 16, 23]),
        (3.0, [11, 21, 31]),
        (4.0, [18, 35, 52]),
        (5.0, [27, 53, 79]),
    ];
    for (k, least) in table {
        let clip = SigClip::ccdproc().ddof(1).center(Center::Mean).lsigma(k).hsigma(k);
        for (m, n) in (1..).zip(least) {
            for frames in [n - 1, n] {
                let mut stack = Array3::zeros((frames, 1, 3));
                stack.slice_mut(s![..m, .., ..]).fill(1e30);
                let (image, nrej) = run(&stacker(clip.into()), &stack);
                let expected = if frames == n { m as u32 } else { 0 };
                assert!(nrej.iter().all(|&count| count == expected), "{m} of {frames} at {k}: {nrej:?}");
                assert_eq!(image[[0, 0]] == 0.0, frames == n, "{m} of {frames} at {k}");
            }
        }
    }
}

#[test]
fn a_median_holds_until_half_of_the_samples_are_bad() {
    for n in [5, 8, 9, 16] {
        let good = normals(n, 256, 5200);
        for bad in 0..=n {
            let mut stack = good.clone();
            stack.slice_mut(s![..bad, .., ..]).fill(1e30);
            let image = combine(&Stacker::new().combine(Combine::Median), &stack).image;
            let holds = 2 * bad < n;
            assert!(image.iter().all(|value| (value.abs() < 10.0) == holds), "{bad} of {n}");
        }
    }
    // madclip keeps the good ones only, while they are more than half.
    let mut stack = normals(9, 256, 5300);
    stack.slice_mut(s![..4, .., ..]).fill(1e30);
    let rejection = madclip(Convention::Textbook).expect("it is defined").lsigma(10.0).hsigma(10.0);
    let (image, nrej) = run(&stacker(rejection.into()), &stack);
    assert!(nrej.iter().all(|&count| count >= 4) && image.iter().all(|value| value.abs() < 10.0));
}

#[test]
fn equal_samples_are_never_clipped() {
    for (name, rejection) in rejections() {
        let stack = Array3::from_elem((12, 2, 40), 1234.5678);
        let (image, nrej) = run(&stacker(rejection), &stack);
        assert!(image.iter().all(|&value| value == 1234.5678), "{name}");
        let drops = if ["minmax", "extrema"].contains(&name) { 2 } else { 0 };
        assert!(nrej.iter().all(|&count| count == drops), "{name}");
    }
}

/// Half of the samples are one value, half another: no rule has a reason to drop any, and the mean is exact.
#[test]
fn two_values_in_equal_parts_stay() {
    for (name, rejection) in rejections() {
        if ["minmax", "extrema"].contains(&name) {
            continue;
        }
        let stack =
            Array3::from_shape_fn((12, 2, 40), |(frame, _, _)| if frame % 2 == 0 { 100.0 } else { 101.0 });
        let (image, nrej) = run(&stacker(rejection), &stack);
        assert!(nrej.iter().all(|&count| count == 0), "{name}: {:?}", nrej[[0, 0]]);
        assert!(image.iter().all(|&value| value == 100.5), "{name}: {}", image[[0, 0]]);
    }
}

/// Sums are f64 in a fixed order: a stack of f32 that no f32 sum could add.
#[test]
fn large_numbers_add_up_to_the_last_place() {
    let n = 100_000;
    // 2^24 + 1 has no f32; u32 is combined in f64.
    let integers = Array3::from_elem((n, 1, 5), 16_777_217_u32);
    let image = Stacker::new().run(integers.view()).expect("the options are good").image;
    assert!(image.iter().all(|&value| value == 16_777_217.0));
    // 1e8 and steps of 8, the spacing of f32 there: the exact mean in integers.
    let steps = |frame: usize, x: usize| ((frame * 7919 + x * 104_729) % 1009) as i64 - 504;
    let floats = Array3::from_shape_fn((n, 1, 5), |(frame, _, x)| (100_000_000 + 8 * steps(frame, x)) as f32);
    let image = Stacker::new().run(floats.view()).expect("the options are good").image;
    for (x, &value) in image.iter().enumerate() {
        let sum: i64 = (0..n).map(|frame| 8 * steps(frame, x)).sum();
        let exact = 1e8 + sum as f64 / n as f64;
        assert_eq!(value, exact as f32, "pixel {x}");
    }
}
