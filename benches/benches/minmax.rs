//! minmax with one sample at each end, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{MinMax, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "minmax", &Stacker::new().reject(MinMax::new(1.0, 1.0)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
