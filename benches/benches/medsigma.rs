//! Siril's median sigma: outliers replaced, to convergence, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{MedSigma, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "medsigma", &Stacker::new().reject(MedSigma::siril()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
