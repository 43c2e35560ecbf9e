//! The plain average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::Stacker;

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "average", &Stacker::new());
}

criterion_group!(benches, bench);
criterion_main!(benches);
