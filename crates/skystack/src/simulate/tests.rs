//! The simulator against its own model, and its determinism.

use ndarray::Axis;

use super::*;

fn quiet(frames: usize, height: usize, width: usize) -> Scene {
    Scene::new(frames, height, width).stars(0).cosmic_rate(0.0).gradient_e(0.0)
}

#[test]
fn the_same_seed_gives_the_same_stack_for_any_number_of_threads() {
    let scene = Scene::new(6, 50, 70).seed(11).trails(2).hot_pixels(5).bad_columns(1).scale_spread(0.1);
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| scene.generate())
    };
    let one = in_pool(1);
    assert_eq!(one, in_pool(2));
    assert_eq!(one, in_pool(7));
}

#[test]
fn a_frame_does_not_depend_on_the_number_of_frames() {
    let (few, many) = (stack(2, 40, 30, 4), stack(5, 40, 30, 4));
    assert_eq!(few.frames.index_axis(Axis(0), 1), many.frames.index_axis(Axis(0), 1));
    assert_eq!(few.truth, many.truth);
}

#[test]
fn another_seed_gives_another_stack() {
    assert_ne!(stack(1, 20, 20, 1).frames, stack(1, 20, 20, 2).frames);
}

#[test]
fn a_stack_is_the_one_of_last_year() {
    // Sums over the frame are whole numbers below 2^53: exact. They pin the streams and the order of draws.
    let simulated = Scene::new(2, 64, 64).cosmic_rate(0.01).seed(20261121).generate();
    let sums: Vec<f64> =
        simulated.frames.outer_iter().map(|f| f.iter().map(|&v| f64::from(v)).sum()).collect();
    assert_eq!((sums, simulated.hits.len()), (PINNED_SUMS.to_vec(), PINNED_HITS));
}

const PINNED_SUMS: [f64; 2] = [1_126_962.0, 1_153_202.0];
const PINNED_HITS: usize = 89;

#[test]
fn mean_and_variance_of_the_samples_follow_the_noise_model() {
    // Poisson by inversion (below 12 electrons) and by rejection.
    for sky_e in [5.0, 400.0, 20_000.0] {
        let scene = quiet(4, 200, 200).sky_e(sky_e).gain(1.5).rdnoise_e(8.0).zero_spread_dn(0.0).seed(9);
        let scene = if sky_e < 100.0 { scene.dark_e_s(10.0) } else { scene };
        let simulated = scene.generate();
        let (truth, count) = (simulated.truth[[0, 0]], 160_000.0_f64);
        let mean = simulated.frames.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = simulated.frames.iter().map(|&v| (f64::from(v) - truth).powi(2)).sum::<f64>() / count;
        let model = simulated.noise.rounded_variance_dn(truth);
        assert!(
            (mean - truth).abs() < 5.0 * (model / count).sqrt(),
            "sky {sky_e}: mean {mean}, truth {truth}"
        );
        let tolerance = 5.0 * (2.2 / count).sqrt();
        assert!(
            (variance / model - 1.0).abs() < tolerance,
            "sky {sky_e}: variance {variance}, model {model}"
        );
    }
}

#[test]
fn sensitivity_noise_widens_the_samples_as_the_model_says() {
    let simulated = quiet(4, 150, 150).sky_e(30_000.0).snoise(0.02).seed(2).generate();
    let truth = simulated.truth[[0, 0]];
    let variance = simulated.frames.iter().map(|&v| (f64::from(v) - truth).powi(2)).sum::<f64>() / 90_000.0;
    let model = simulated.noise.rounded_variance_dn(truth);
    assert!((variance / model - 1.0).abs() < 5.0 * (2.2_f64 / 90_000.0).sqrt(), "{variance} against {model}");
}

#[test]
fn scales_and_zeros_move_their_frame() {
    let simulated = quiet(5, 100, 100).scale_spread(0.1).zero_spread_dn(20.0).seed(6).generate();
    for (frame, (s, z)) in simulated.frames.outer_iter().zip(simulated.scales.iter().zip(&simulated.zeros)) {
        let mean = frame.iter().map(|&v| f64::from(v)).sum::<f64>() / 1e4;
        let expected = s * simulated.truth[[0, 0]] + z;
        assert!((mean - expected).abs() < 5.0 * (simulated.noise.variance_dn(expected) / 1e4).sqrt());
    }
    assert!(simulated.scales.windows(2).any(|pair| pair[0] != pair[1]));
    assert_eq!(stack(3, 8, 8, 1).scales, [1.0; 3]);
}

#[test]
fn every_hit_is_in_its_frame_once_and_in_order() {
    let simulated = Scene::new(4, 120, 90).cosmic_rate(0.01).trails(3).seed(8).generate();
    let key = |hit: &Hit| (hit.frame, hit.y, hit.x);
    assert!(simulated.hits.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
    let rate = simulated.hits.len() as f64 / simulated.frames.len() as f64;
    assert!(rate > 0.01 && rate < 0.03, "rate {rate}: 0.01 of cosmic rays, 3 trails of up to 270 pixels");
    for hit in simulated.hits.iter().filter(|hit| hit.amplitude > 500.0) {
        let excess = f64::from(simulated.frames[[hit.frame, hit.y, hit.x]]) - simulated.truth[[hit.y, hit.x]];
        let sigma = simulated.noise.variance_dn(simulated.truth[[hit.y, hit.x]]).sqrt();
        let saturated = simulated.frames[[hit.frame, hit.y, hit.x]] == 65535.0;
        assert!(saturated || (excess - hit.amplitude).abs() < 6.0 * sigma, "{hit:?}: excess {excess}");
    }
}

#[test]
fn amplitudes_and_tracks_stay_in_their_ranges() {
    let scene = Scene::new(2, 100, 100).cosmic_rate(0.002).cosmic_dn((50.0, 60.0)).cosmic_track_px((1, 1));
    let simulated = scene.generate();
    assert!(simulated.hits.iter().all(|hit| hit.amplitude >= 50.0 && hit.amplitude < 121.0));
}

#[test]
fn star_light_adds_up_to_the_flux() {
    let scene = quiet(1, 200, 200).sky_e(0.0).stars(1).star_flux_e((5e4, 5e4)).seed(3);
    let simulated = scene.generate();
    let light = simulated.truth.sum() * scene.gain;
    // Moffat wings that leave the frame, or lie below the painting limit, hold less than a percent.
    assert!(light > 0.97 * 5e4 && light < 1.001 * 5e4, "{light} e-");
    let peak = simulated.truth.iter().copied().fold(0.0, f64::max);
    let half = simulated.truth.iter().filter(|&&t| t > peak / 2.0).count() as f64;
    assert!((half - 2.8_f64.powi(2) * 0.785).abs() < 4.0, "{half} pixels above half maximum");
}

#[test]
fn defects_are_where_the_lists_say() {
    let simulated = quiet(3, 60, 40).hot_pixels(20).bad_columns(2).saturation_dn(1000.0).seed(5).generate();
    let hot = simulated.truth.iter().filter(|&&t| t > 2.0 * simulated.scene.background_dn(20)).count();
    assert!((10..=20).contains(&hot), "{hot} hot pixels");
    for &x in &simulated.bad_columns {
        let column = simulated.frames.index_axis(Axis(2), x);
        assert!(column.iter().all(|&v| v == column[[0, 0]]));
        assert!(simulated.plain_sky().column(x).iter().all(|&plain| !plain));
    }
    assert!(simulated.frames.iter().all(|&v| v <= 1000.0 && v.fract() == 0.0));
}

#[test]
fn an_empty_stack_is_empty() {
    assert_eq!(stack(3, 0, 5, 1).frames.len(), 0);
    assert_eq!(stack(0, 4, 4, 1).truth.len(), 16);
}

#[test]
fn a_plain_mean_measures_as_a_mean() {
    let simulated = stack(8, 128, 128, 5);
    let mean = simulated.frames.mean_axis(Axis(0)).unwrap();
    let noise = measure::noise(&simulated, mean.view());
    assert!((noise.noise_factor - 1.0).abs() < 5.0 * noise.noise_factor_error(), "{noise:?}");
    assert!(noise.bias.abs() < 5.0 * noise.bias_error(), "{noise:?}");
    // A mean of eight keeps an eighth of a hit.
    let hits = measure::bias_at_hits(&simulated, mean.view(), 20.0);
    let error = (1.0 / (8 * hits.pixels) as f64).sqrt();
    assert!(hits.pixels > 10 && (hits.bias - hits.amplitude / 8.0).abs() < 5.0 * error, "{hits:?}");
}

#[test]
fn a_perfect_mask_is_complete_and_never_false() {
    let simulated = Scene::new(4, 100, 100).cosmic_rate(0.01).seed(5).generate();
    let mut rejmask = ndarray::Array3::<u8>::zeros(simulated.frames.dim());
    for hit in &simulated.hits {
        rejmask[[hit.frame, hit.y, hit.x]] = 1;
    }
    assert_eq!(measure::false_rejection(&simulated, rejmask.view()).rejected, 0);
    let bins = measure::completeness(&simulated, rejmask.view(), &[0.0, 5.0, 50.0, 1e4]);
    assert!(bins.iter().all(|bin| bin.caught == bin.amplitudes.len()));
    assert!(bins.iter().map(|bin| bin.caught).sum::<usize>() > 20);
}
