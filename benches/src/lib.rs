//! What the criterion benches share: a stack, every level, and the roofline measured in the same run.
//!
//! `cargo bench -p skystack-benches` times each kernel on one thread for several N at every level of the machine, in
//! samples a second, beside a plain f32 sum over the same memory (`roofline`).
#![forbid(unsafe_code)]

use criterion::{BenchmarkId, Criterion, Throughput};
use ndarray::Array3;
use skystack::{Level, Stacker, simulate};

/// Numbers of frames that are timed.
const FRAMES: [usize; 4] = [5, 9, 31, 101];

/// Rows and columns of a frame.
const SIZE: usize = 256;

/// Times `stacker` on one thread.
pub fn bench(c: &mut Criterion, name: &str, stacker: &Stacker) {
    let mut group = c.benchmark_group(name);
    for frames in FRAMES {
        let stack = simulate::stack(frames, SIZE, SIZE, 1).frames;
        group.throughput(Throughput::Elements(stack.len() as u64));
        group.bench_with_input(BenchmarkId::new("roofline", frames), &stack, |b, stack| {
            b.iter(|| plain_sum(stack))
        });
        for level in Level::available() {
            let stacker = stacker.clone().threads(1).level(level);
            let id = BenchmarkId::new(level.to_string(), frames);
            group.bench_with_input(id, &stack, |b, stack| {
                b.iter(|| stacker.run(stack.view()).expect("a result"))
            });
        }
    }
    group.finish();
}

/// Adds each frame to an image: every sample is read once, in f32, with what the compiler makes of it.
fn plain_sum(stack: &Array3<f32>) -> Vec<f32> {
    let mut sum = vec![0.0; SIZE * SIZE];
    for frame in stack.outer_iter() {
        let frame = frame.to_slice().expect("a contiguous frame");
        sum.iter_mut().zip(frame).for_each(|(sum, sample)| *sum += sample);
    }
    sum
}
