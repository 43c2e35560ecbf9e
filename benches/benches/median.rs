//! The median without rejection, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Combine, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "median", &Stacker::new().combine(Combine::Median));
}

criterion_group!(benches, bench);
criterion_main!(benches);
