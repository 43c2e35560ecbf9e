//! What the criterion benches share: a stack, every level, and the roofline measured in the same run.
//!
//! `cargo bench -p skystack-benches` times each kernel on one thread for several N at every level of the machine, of f32 and
//! of the same values in 16 bits, in samples a second, beside `roofline sum` and `roofline copy` over the same memory
//! (`skystack::roofline`).
#![forbid(unsafe_code)]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use ndarray::{Array2, Array3};
use skystack::{Level, NoiseModel, Stacker, roofline, simulate};

/// Numbers of frames that are timed.
const FRAMES: [usize; 4] = [5, 9, 31, 101];

/// Rows and columns of a frame.
const SIZE: usize = 256;

/// The noise of the simulated camera.
pub fn noise() -> NoiseModel {
    let scene = simulate::Scene::new(1, 1, 1);
    NoiseModel { gain: scene.gain.into(), rdnoise: scene.rdnoise_e.into(), snoise: scene.snoise.into() }
}

/// Times `stacker` on one thread.
pub fn bench(c: &mut Criterion, name: &str, stacker: &Stacker) {
    let mut group = c.benchmark_group(name);
    for frames in FRAMES {
        let stack = simulate::stack(frames, SIZE, SIZE, 1).frames;
        group.throughput(Throughput::Elements(stack.len() as u64));
        bench_roofline(&mut group, &stack);
        // The simulated camera writes whole numbers.
        let words = stack.mapv(|y| y as u16);
        for level in Level::available() {
            let stacker = stacker.clone().threads(1).level(level);
            let id = BenchmarkId::new(level.to_string(), frames);
            group.bench_with_input(id, &stack, |b, stack| {
                b.iter(|| stacker.run(stack.view()).expect("a result"))
            });
            let id = BenchmarkId::new(format!("{level} u16"), frames);
            group.bench_with_input(id, &words, |b, words| {
                b.iter(|| stacker.run(words.view()).expect("a result"))
            });
        }
    }
    group.finish();
}

/// Times a statistic of one vector of numbers, as many as a stack has samples; the slices choose no level.
pub fn bench_slice<R>(c: &mut Criterion, name: &str, statistic: impl Fn(&[f32]) -> R) {
    let mut group = c.benchmark_group(format!("slice {name}"));
    for frames in FRAMES {
        let stack = simulate::stack(frames, SIZE, SIZE, 1).frames;
        group.throughput(Throughput::Elements(stack.len() as u64));
        bench_roofline(&mut group, &stack);
        let samples = stack.as_slice().expect("a contiguous stack");
        group.bench_with_input(BenchmarkId::new("slice", frames), samples, |b, samples| {
            b.iter(|| statistic(samples))
        });
    }
    group.finish();
}

/// The plain sum at the highest level, and a copy.
fn bench_roofline(group: &mut BenchmarkGroup<'_, WallTime>, stack: &Array3<f32>) {
    let frames = stack.dim().0;
    let level = Level::available().last().expect("the scalar level");
    let mut sum = Array2::zeros((SIZE, SIZE));
    group.bench_with_input(BenchmarkId::new("roofline sum", frames), stack, |b, stack| {
        b.iter(|| roofline::sum(stack.view(), sum.view_mut(), level, 1).expect("shapes that fit"))
    });
    let mut copied = stack.clone();
    group.bench_with_input(BenchmarkId::new("roofline copy", frames), stack, |b, stack| {
        b.iter(|| roofline::copy(stack.view(), copied.view_mut(), 1).expect("shapes that fit"))
    });
}
