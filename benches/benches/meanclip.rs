//! LSST's clipped mean, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{MeanClip, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "meanclip", &Stacker::new().reject(MeanClip::lsst()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
