//! Winsorised sigma clipping about the median, to convergence, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Stacker, Winsorized};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "winsorized", &Stacker::new().reject(Winsorized::textbook()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
