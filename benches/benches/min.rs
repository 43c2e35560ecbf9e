//! The least sample, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Combine, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "min", &Stacker::new().combine(Combine::Min));
}

criterion_group!(benches, bench);
criterion_main!(benches);
