//! Percentile clipping of PixInsight, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Convention, Percentile, Stacker};

fn bench(c: &mut Criterion) {
    let pixinsight = Percentile::convention(Convention::Pixinsight).expect("PixInsight defines percentile");
    skystack_benches::bench(c, "percentile", &Stacker::new().reject(pixinsight));
}

criterion_group!(benches, bench);
criterion_main!(benches);
