//! The greatest sample, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Combine, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "max", &Stacker::new().combine(Combine::Max));
}

criterion_group!(benches, bench);
criterion_main!(benches);
