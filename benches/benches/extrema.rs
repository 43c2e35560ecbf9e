//! extrema with one sample at each end, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Extrema, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "extrema", &Stacker::new().reject(Extrema::new(1, 1)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
