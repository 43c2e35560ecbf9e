//! The plain sum, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Combine, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "sum", &Stacker::new().combine(Combine::Sum));
}

criterion_group!(benches, bench);
criterion_main!(benches);
