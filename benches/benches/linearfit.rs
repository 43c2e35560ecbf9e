//! Lines of least squares, to convergence, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{LinearFit, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "linearfit", &Stacker::new().reject(LinearFit::textbook()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
