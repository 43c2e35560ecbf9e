//! Whole stacks against the reference crate, bit for bit: frames that lie anywhere, masks and what a pixel falls back on, variances
//! and weights of samples, two normalisations, several rejections, growth across the borders of bands, every product, and
//! the totals of the run; at every level, in both types, for plans with many bands and several workers.
//!
//! A failure shows the smallest scene that still fails. `SKYSTACK_SEED=n` tries one seed, `SKYSTACK_SEEDS=n` so many.

mod common;

use std::fmt::Write;

use common::scene::{Focus, Scene, smaller};
use common::whole::{difference, expected, found};
use common::{Draw, Stack, all_bits, products};
use skystack_combine::{Combine, Control, CountProduct, Grow, NO_VALUE, Options, Summary, WorkingType, run};
use skystack_plan::{Limits, Machine, Plan, Workload, plan};
use skystack_reject::{
    MAD_STD_FACTOR, MedSigma, MinMax, PClip, Percentile, Rejection, Scaling, SigClip, Spread,
};
use skystack_simd::Level;

/// Seeds of one of the four tests: together they take half a minute of one core in a test build. (24,000 scenes took 143 s.)
const SEEDS: u64 = 1500;

/// How a scene is run.
#[derive(Debug, Clone, Copy)]
struct Way {
    level: Level,
    workers: usize,
    band_rows: usize,
    tile_width: usize,
}

impl Way {
    fn plan(&self, height: usize, width: usize) -> Plan {
        let workload = Workload::new(1, height, width, 4);
        let mut plan = plan(&workload, &Machine::unknown(), &Limits::default()).expect("a plan");
        (plan.workers, plan.band_rows, plan.tile_width) = (self.workers, self.band_rows, self.tile_width);
        plan
    }

    /// Each level once in one piece, once in small ones.
    fn all(draw: &mut Draw, height: usize, width: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for level in Level::available() {
            all.push(Self { level, workers: 1, band_rows: height, tile_width: width });
            let band_rows = 1 + draw.below(height.min(3));
            all.push(Self {
                level,
                workers: 1 + draw.below(4),
                band_rows,
                tile_width: 1 + draw.below(2 * width),
            });
        }
        all
    }
}

/// What is wrong with a scene, if anything.
fn failure<T: WorkingType>(scene: &Scene<T>, ways: &[Way]) -> Option<(Way, String)> {
    let expected = expected(scene);
    ways.iter().find_map(|way| {
        let text = match found(scene, &way.plan(scene.height, scene.width), way.level) {
            Ok(found) => difference(scene, &expected, &found)?,
            Err(error) => format!("the run failed: {error}"),
        };
        Some((*way, text))
    })
}

/// Tries smaller scenes until none of them fails.
fn smallest<T: WorkingType>(mut scene: Scene<T>, way: Way) -> Scene<T> {
    let mut step = 0;
    while let Some(next) = smaller(&scene, step) {
        let is_lawful = next.options.check::<T>(next.samples.len()).is_ok();
        let (text, before) = (format!("{next:?}"), format!("{scene:?}"));
        let shrinks = text.len() <= before.len() && text != before;
        if is_lawful && shrinks && failure(&next, &[way]).is_some() {
            (scene, step) = (next, 0);
        } else {
            step += 1;
        }
    }
    scene
}

fn report<T: WorkingType>(seed: u64, scene: Scene<T>, way: Way) -> String {
    let scene = smallest(scene, way);
    let (way, text) = failure(&scene, &[way]).expect("the scene that failed");
    let mut report = format!("SKYSTACK_SEED={seed}, {way:?}\n{:#?}\n", scene.options);
    writeln!(report, "{} x {}, {:?}", scene.width, scene.height, scene.placements).expect("text");
    writeln!(report, "{}", scene.forms()).expect("text");
    report + &text
}

fn compare<T: WorkingType>(seed: u64, focus: Focus) -> Result<(), String> {
    let mut draw = Draw::new(seed);
    let scene = Scene::<T>::draw(&mut draw, focus);
    let ways = Way::all(&mut draw, scene.height, scene.width);
    failure(&scene, &ways).map_or(Ok(()), |(way, _)| Err(report(seed, scene, way)))
}

fn asked(variable: &str) -> Option<u64> {
    let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number"));
    std::env::var(variable).ok().map(number)
}

/// f32 for even seeds, f64 for odd ones.
fn try_all(focus: Focus) {
    let first = (focus as u64) << 32;
    let seeds = match asked("SKYSTACK_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + asked("SKYSTACK_SEEDS").unwrap_or(SEEDS),
    };
    let number = seeds.end - seeds.start;
    let of = |seed| if seed % 2 == 0 { compare::<f32>(seed, focus) } else { compare::<f64>(seed, focus) };
    let failures: Vec<String> = seeds.filter_map(|seed| of(seed).err()).collect();
    assert!(
        failures.is_empty(),
        "{} of {number} scenes fail, among them\n{}",
        failures.len(),
        shortest(&failures)
    );
}

fn shortest(failures: &[String]) -> &str {
    failures.iter().min_by_key(|text| text.len()).expect("a failure")
}

#[test]
fn any_scene_is_that_of_the_reference() {
    try_all(Focus::Any);
}

#[test]
fn growth_does_not_know_of_bands() {
    try_all(Focus::Growth);
}

#[test]
fn rejections_in_sequence_are_those_of_the_reference() {
    try_all(Focus::Sequences);
}

#[test]
fn masks_variances_and_weights_are_those_of_the_reference() {
    try_all(Focus::Layers);
}

/// All products that need nothing but samples.
fn all() -> Options {
    Options { products: products(), ..Options::default() }
}

/// Every level and several plans.
fn agrees<T: WorkingType>(scene: &Scene<T>) {
    let ways = Way::all(&mut Draw::new(0), scene.height, scene.width);
    if let Some((way, text)) = failure(scene, &ways) {
        panic!("{way:?}\n{text}");
    }
}

/// Two frames of 4 x 5 that begin at (−1, −1) and (−2, 0) cover an output of 3 x 3: each is cut at its own corner.
#[test]
fn frames_that_cover_the_output_and_begin_outside_are_cut_at_their_corners() {
    let numbers = |from: usize| (from..from + 20).map(|n| n as f32).collect::<Vec<_>>();
    let frames = [numbers(0), numbers(100)];
    let scene = Scene::placed((3, 3), (4, 5), &[(-1, -1), (-2, 0)], &frames, all());
    let way = Way { level: Level::Scalar, workers: 2, band_rows: 1, tile_width: 2 };
    let (sink, _) = found(&scene, &way.plan(3, 3), way.level).expect("a result");
    // Row 0: 6 7 8 of the first, 102 103 104 of the second.
    assert_eq!(sink.image()[..3], [54.0, 55.0, 56.0]);
    agrees(&scene);
}

/// Growth takes two passes over a band: what the first one finds is counted in the second.
#[test]
fn the_totals_of_two_passes_are_those_of_one() {
    let rejections = vec![MinMax::new(0.0, 1.0).into()];
    let one = Options { rejections, per_frame: true, ..Options::default() };
    let two = Options { grow: Grow { nkeep: 3, ..Grow::new(1.0) }, ..one.clone() };
    let frames: Vec<Vec<f64>> = [[1.0, 2.0], [4.0, 9.0], [3.0, f64::NAN]].map(Vec::from).into();
    let totals = |options: Options| {
        let scene = Scene::placed((2, 1), (2, 1), &[(0, 0); 3], &frames, options);
        let way = Way { level: Level::Scalar, workers: 1, band_rows: 1, tile_width: 1 };
        let (_, Summary { samples, missing, rejected, empty, frames, .. }) =
            found(&scene, &way.plan(2, 1), way.level).expect("a result");
        agrees(&scene);
        (samples, missing, rejected, empty, frames)
    };
    assert_eq!(totals(one.clone()), totals(two));
    let (samples, missing, rejected, empty, _) = totals(one);
    assert_eq!((samples, missing, rejected, empty), (6, 1, 1, 0));
}

/// A frame has no weight where it is not, and a weight of NaN makes its sample missing: neither is a term of a sum.
#[test]
fn a_weight_that_is_none_is_no_term() {
    let options = Options { sample_weights: true, ..all() };
    let mut scene = Scene::placed(
        (1, 2),
        (1, 2),
        &[(0, 0), (1, 0), (0, 0)],
        &[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]].map(Vec::from),
        options,
    );
    scene.weights = scene.sheets(&[vec![1.0, 3.0], vec![1.0, 1.0], vec![f32::NAN, -1.0]]);
    let way = Way { level: Level::Scalar, workers: 1, band_rows: 1, tile_width: 2 };
    let (sink, _) = found(&scene, &way.plan(1, 2), way.level).expect("a result");
    // 1 alone; 2 and 3 with 3 and 1.
    assert_eq!(sink.image(), [1.0, 2.25]);
    agrees(&scene);
}

/// Half of f32's greatest number is doubled for the output, not for the rejection: it is missing in both.
#[test]
fn a_sample_must_survive_both_normalisations() {
    let big = 0.9 * f32::MAX;
    let doubled = vec![Scaling { multiply: 2.0, add: 0.0 }; 3];
    for (scalings, reject_scalings) in [(doubled.clone(), vec![]), (vec![], doubled)] {
        let options = Options {
            rejections: vec![MinMax::new(0.0, 1.0).into()],
            scalings,
            reject_scalings: Some(reject_scalings),
            ..all()
        };
        let scene = Scene::placed((1, 1), (1, 1), &[(0, 0); 3], &[vec![1.0], vec![big], vec![2.0]], options);
        agrees(&scene);
    }
}

/// What a rejection replaces is not there where a mask says so, neither after growth nor where a pixel falls back on it; a pixel
/// of which everything was replaced has a value.
#[test]
fn replaced_values_know_of_masks_growth_and_fallback() {
    let frames: [Vec<f64>; 5] = [
        vec![1.0, 2.0, 7.0],
        vec![2.0, 3.0, 9.0],
        vec![3.0, 90.0, 5.0],
        vec![50.0, 4.0, 3.0],
        vec![4.0, 5.0, 6.0],
    ];
    let classes = [vec![0, 0, 2], vec![0, 0, 1], vec![0, 0, 1], vec![1, 0, 3], vec![0, 0, NO_VALUE]];
    for (k, grow) in [(1.0, 0.0), (1.0, 1.0), (0.1, 1.0), (0.1, 0.0)] {
        let options = Options {
            rejections: vec![MedSigma::siril().lsigma(k).hsigma(k).into()],
            grow: Grow { nkeep: 0, ..Grow::new(grow) },
            fallback: true,
            ..all()
        };
        let mut scene = Scene::placed((1, 3), (1, 3), &[(0, 0); 5], &frames, options);
        scene.masks = scene.sheets(&classes);
        let way = Way { level: Level::Scalar, workers: 1, band_rows: 1, tile_width: 3 };
        let (sink, _) = found(&scene, &way.plan(1, 3), way.level).expect("a result");
        // The least bad class of pixel 2 is that of 9 and 5.
        assert_eq!(sink.image()[2], 7.0);
        agrees(&scene);
    }
}

/// Where only order statistics are asked for, it does not matter which frame comes first.
#[test]
fn order_statistics_do_not_know_the_order_of_frames() {
    for seed in 0..40 {
        let mut draw = Draw::new(seed);
        let frames = 2 + draw.below(20);
        let mut stack = Stack::<f32>::shaped(&mut draw, frames, 3, 40);
        let rejections: [Rejection; 5] = [
            Rejection::None,
            MinMax::new(1.0, 0.0).into(),
            SigClip::iraf().spread(Spread::Mad { factor: MAD_STD_FACTOR }).lsigma(2.0).sigscale(0.0).into(),
            PClip::iraf().into(),
            Percentile::new(0.1, 0.2).into(),
        ];
        let options = Options {
            combine: draw.pick(&[Combine::Median, Combine::Lmedian, Combine::Min, Combine::Max]),
            rejections: vec![draw.pick(&rejections)],
            products: [CountProduct::Count, CountProduct::Nlow, CountProduct::Nhigh].into_iter().collect(),
            ..Options::default()
        };
        let outputs = |stack: &Stack<f32>| {
            let way = Way { level: Level::Baseline, workers: 2, band_rows: 2, tile_width: 17 };
            let mut sink = stack.sink(&options.products);
            run(&options, stack, &mut sink, &way.plan(3, 40), &Control::new(way.level)).expect("a result");
            all_bits(&sink)
        };
        let before = outputs(&stack);
        stack.frames.rotate_left(1 + draw.below(frames - 1));
        stack.frames.reverse();
        assert_eq!(outputs(&stack), before, "seed {seed}: {options:?}");
    }
}
