//! Normalisations that are more than a number a frame: by location and scale, and by overlaps; and another one for rejections.

use ndarray::{Array2, Array3, Axis, s};
use skystack::{
    Affine, CountProduct, Frames, InputVariance, MinMax, Norm, Normalisation, Offsets, Overlap, OverlapFit,
    PairWeight, Products, Quantity, SigClip, Stacker, ValueProduct, Weight, simulate,
};

fn sky() -> Array2<f64> {
    simulate::stack(1, 40, 50, 3).frames.mapv(f64::from).index_axis_move(Axis(0), 0)
}

/// One noisy sky, three times: x, 2x + 8, x/2 + 40 (exact: of whole numbers, factors of two).
fn frames() -> Array3<f64> {
    let sky = sky();
    let mut frames = Array3::zeros((3, 40, 50));
    for (k, (factor, zero)) in [(1.0, 0.0), (2.0, 8.0), (0.5, 40.0)].into_iter().enumerate() {
        frames.index_axis_mut(Axis(0), k).assign(&sky.mapv(|y| y * factor + zero));
    }
    frames
}

fn run(frames: &Array3<f64>, norm: Normalisation) -> Array2<f64> {
    Stacker::new().normalise(norm).run(frames.view()).expect("a result").image
}

fn most_apart(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs()).fold(0.0, f64::max)
}

#[test]
fn location_and_scale_undo_a_linear_change() {
    let frames = frames();
    for reference in 0..3 {
        let image = run(&frames, Normalisation::Affine { mode: Affine::AddScale, reference });
        let expected = frames.index_axis(Axis(0), reference).to_owned();
        assert!(most_apart(&image, &expected) < 1e-12, "frame {reference}");
    }
    // By the location alone deviations stay as they are, 1, 2 and 1/2 of those of the sky, about its level.
    let add = run(&frames, Normalisation::Affine { mode: Affine::Add, reference: 0 });
    let sky = sky();
    let slope = (add[[0, 0]] - add[[0, 1]]) / (sky[[0, 0]] - sky[[0, 1]]);
    assert!((slope - 3.5 / 3.0).abs() < 1e-9, "{slope}");
    let level = (add[[0, 0]] - slope * sky[[0, 0]]) / (1.0 - slope);
    let median = skystack::stats::slice::median(sky.as_slice().expect("a plane")).expect("a median");
    assert!((level - median).abs() < 1.0, "{level} is not about the median {median}");
    // Ratios of locations: no frame is shifted.
    let mul = Stacker::new().normalise(Normalisation::Affine { mode: Affine::Mul, reference: 0 });
    let report = mul.run(frames.view()).expect("a result").report;
    assert!(report.frames.iter().all(|frame| frame.zero == Some(0.0)));
    assert_eq!(report.frames[0].scale, Some(1.0));
    assert!(report.frames[1].scale.expect("a scale") > 2.0 && report.frames[2].scale.expect("a scale") < 1.0);
}

#[test]
fn overlaps_give_zeros_gains_and_both() {
    let sky = sky();
    let stack = |changes: [(f64, f64); 3]| {
        let mut frames = Array3::zeros((3, 40, 50));
        for (k, (gain, zero)) in changes.into_iter().enumerate() {
            frames.index_axis_mut(Axis(0), k).assign(&sky.mapv(|y| y * gain + zero));
        }
        frames
    };
    let of = |fit| Normalisation::Overlap(Overlap { fit, ..Overlap::default() });
    let shifted = stack([(1.0, 0.0), (1.0, 8.0), (1.0, -64.0)]);
    assert!(most_apart(&run(&shifted, of(OverlapFit::Zeros)), &sky) < 1e-12);
    let inverse = Overlap { weight: PairWeight::InverseVariance, ..Overlap::default() };
    let refused = Stacker::new().normalise(Normalisation::Overlap(inverse)).run(shifted.view());
    // Exact copies have no scatter.
    assert!(refused.expect_err("no variance").to_string().contains("weight"));
    let scaled = stack([(1.0, 0.0), (4.0, 0.0), (0.25, 0.0)]);
    assert!(most_apart(&run(&scaled, of(OverlapFit::Gains)), &sky) < 1e-12);
    assert!(most_apart(&run(&scaled, of(OverlapFit::GainsAndZeros)), &sky) < 1e-12);
    let third = Overlap { fit: OverlapFit::Gains, reference: 2, ..Overlap::default() };
    let quarter = sky.mapv(|y| 0.25 * y);
    assert!(most_apart(&run(&scaled, Normalisation::Overlap(third)), &quarter) < 1e-12);
}

/// 10 + 20 is not 33: each of three differences gives a third of the 3 that are too many.
#[test]
fn the_report_has_what_overlaps_leave_and_what_the_rejection_sees() {
    let level = |value: f64, columns: std::ops::Range<usize>| {
        Array2::from_shape_fn((20, 20), |(_, x)| if columns.contains(&x) { value } else { f64::NAN })
    };
    // Frames 1 and 2 share the left, 2 and 3 the middle, 3 and 1 the right of the output.
    let first = Array2::from_shape_fn((20, 20), |(_, x)| match x {
        0..6 => 0.0,
        12..20 => -3.0,
        _ => f64::NAN,
    });
    let frames = [first, level(10.0, 0..12), level(30.0, 6..20)];
    let fit = Overlap { fit: OverlapFit::Zeros, minoverlap: 10, ..Overlap::default() };
    let stacker = Stacker::new().normalise(Normalisation::Overlap(fit));
    let views = || Frames::of(frames.iter().map(|frame| frame.view()).collect());
    let report = stacker.run(views()).expect("a result").report;
    let pairs: Vec<_> = report.overlaps.iter().map(|pair| (pair.frames, pair.quantity, pair.group)).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)].map(|frames| (frames, Quantity::Zero, 0)));
    // -10, -33 and -20; weights are the numbers of pixels: 120, 160 and 120.
    let differences: Vec<f64> = report.overlaps.iter().map(|pair| pair.difference).collect();
    assert_eq!(differences, [-10.0, -33.0, -20.0]);
    let [a, b, c] = [0, 1, 2].map(|i| report.overlaps[i].residual);
    // Around the triangle they sum to the misfit, and each is in inverse proportion to its weight.
    assert!((a - b + c - -3.0).abs() < 1e-9, "{a} {b} {c}");
    assert!((120.0 * a - -160.0 * b).abs() < 1e-9 && (a - c).abs() < 1e-9, "{a} {b} {c}");
    let levels = Normalisation::Levels { scale: Norm::None, zero: Norm::Mean };
    let own = Stacker::new().reject(MinMax::new(0.0, 1.0)).reject_normalisation(levels);
    let report = own.run(views()).expect("a result").report;
    assert_eq!((report.frames[1].zero, report.frames[1].reject_scale), (None, Some(1.0)));
    assert!(report.frames[1].reject_zero.is_some_and(|zero| (zero - (10.0 - -12.0 / 7.0)).abs() < 1e-9));
}

#[test]
fn frames_that_do_not_overlap_are_told_and_stay_as_they_are() {
    let tile = |level: f64| Array2::from_shape_fn((20, 20), |(y, x)| level + ((3 * x + 5 * y) % 7) as f64);
    // Two neighbours that share ten columns; and one far away.
    let tiles = [tile(100.0), tile(130.0), tile(500.0)];
    let views: Vec<_> = tiles.iter().map(|tile| tile.view()).collect();
    let stacker = Stacker::new()
        .offsets(Offsets::Given(vec![(0, 0), (0, 0), (100, 0)]))
        .normalise(Normalisation::Overlap(Overlap::default()));
    let out = stacker.run(Frames::of(views)).expect("a result");
    assert_eq!(out.image.slice(s![.., ..20]), tiles[0]);
    assert_eq!(out.image.slice(s![.., 100..120]), tiles[2]);
    let said = |out: &skystack::Combined<f64>| {
        out.report.warnings.iter().filter(|warning| warning.to_string().contains("group")).count()
    };
    assert_eq!(said(&out), 1, "{:?}", out.report.warnings);
    // As much where the rejection alone, or both, see them so.
    let views: Vec<_> = tiles.iter().map(|tile| tile.view()).collect();
    let overlap = Normalisation::Overlap(Overlap { fit: OverlapFit::Gains, ..Overlap::default() });
    let both = stacker.reject(MinMax::new(0.0, 1.0)).reject_normalisation(overlap);
    assert_eq!(said(&both.run(Frames::of(views.clone())).expect("a result")), 1);
    let alone = both.normalise(Normalisation::default());
    assert_eq!(said(&alone.run(Frames::of(views)).expect("a result")), 1);
    // Below zero there are differences, but no ratios: what the gains had to say is not lost behind the zeros.
    let pair = [tile(100.0), tile(-200.0)];
    let overlap = Normalisation::Overlap(Overlap { fit: OverlapFit::GainsAndZeros, ..Overlap::default() });
    let out = Stacker::new().normalise(overlap).run(Frames::of(pair.iter().map(|t| t.view()).collect()));
    assert_eq!(said(&out.expect("a result")), 1);
}

#[test]
fn a_rejection_sees_its_own_normalisation_and_the_output_another() {
    // Nine frames of one sky whose levels differ by more than the noise; one sample is wrong by half of that.
    let mut stack = simulate::Scene::new(12, 16, 32).seed(4).cosmic_rate(0.0).generate().frames;
    for (k, mut frame) in stack.axis_iter_mut(Axis(0)).enumerate() {
        frame += 100.0 * k as f32;
    }
    stack[[5, 3, 4]] += 400.0;
    let clip = SigClip::iraf();
    let seen = Stacker::new()
        .reject(clip)
        .reject_normalisation(Normalisation::Levels { scale: Norm::None, zero: Norm::Median })
        .products(Products::NONE.with(CountProduct::Nhigh));
    let out = seen.run(stack.view()).expect("a result");
    let nhigh = out.counts(CountProduct::Nhigh).expect("a map");
    assert_eq!(nhigh[[3, 4]], 1);
    // The output has the levels as they are: the mean of the other eleven.
    let others = (0..12).filter(|k| *k != 5).map(|k| f64::from(stack[[k, 3, 4]])).sum::<f64>() / 11.0;
    assert!((f64::from(out.image[[3, 4]]) - others).abs() < 1e-3);
    let unseen = Stacker::new().reject(clip).run(stack.view()).expect("a result");
    assert!(unseen.image[[3, 4]] > out.image[[3, 4]] + 10.0);
}

#[test]
fn a_reference_that_is_no_frame_is_refused() {
    let norm = Normalisation::Affine { mode: Affine::Add, reference: 3 };
    let error = Stacker::new().normalise(norm).run(frames().view()).expect_err("no such frame");
    assert!(error.to_string().contains("frame 4, needed one of 3"), "{error}");
}

#[test]
fn each_sample_can_weigh_as_its_variance_says() {
    let stack = ndarray::arr3(&[[[1.0f32, 1.0]], [[3.0, 3.0]]]);
    let variances = ndarray::arr3(&[[[1.0f32, 2.0]], [[3.0, 2.0]]]);
    let stacker = Stacker::new().weight(Weight::Variance);
    let out = stacker.run(Frames::new(stack.view()).variances(variances.view())).expect("a result");
    assert_eq!(out.image, ndarray::arr2(&[[1.5, 2.0]]));
    let refused = stacker.run(stack.view()).expect_err("no variances").to_string();
    assert!(refused.contains("weight by variance is given without variances"), "{refused}");
}

/// Zeros from medians of n pixels of noise σ are known to √(π/2)·σ/√n; that of the first frame defines the level.
#[test]
fn errors_of_zeros_are_added_to_variances() {
    let stack = simulate::Scene::new(2, 50, 60).seed(8).cosmic_rate(0.0).stars(0).generate().frames;
    let of = |errors| {
        let stacker = Stacker::new()
            .zero(Norm::Mean)
            .variance(InputVariance::Constant(300.0))
            .scaling_errors(errors)
            .products(Products::NONE.with(ValueProduct::Error));
        let out = stacker.run_double(stack.view()).expect("a result");
        out.values(ValueProduct::Error).expect("errors")[[7, 9]].powi(2)
    };
    assert!((of(false) - 150.0).abs() < 1e-9, "{}", of(false));
    // Of both means, over n² = 4.
    let plane = |k: usize| stack.index_axis(Axis(0), k).mapv(f64::from);
    let squares: f64 = (0..2).map(|k| plane(k).var(1.0) / 3000.0).sum();
    let added = of(true) - of(false);
    assert!((added - squares / 4.0).abs() < 1e-3 * added, "{added} and {}", squares / 4.0);
}
