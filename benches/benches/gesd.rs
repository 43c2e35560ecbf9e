//! Rosner's test for up to 0.3 of the samples, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Gesd, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "gesd", &Stacker::new().reject(Gesd::textbook()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
