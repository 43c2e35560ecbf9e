//! Statistics of one vector of numbers.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::stats::slice;

fn bench(c: &mut Criterion) {
    skystack_benches::bench_slice(c, "sum", slice::sum);
    skystack_benches::bench_slice(c, "min_max", slice::min_max);
    skystack_benches::bench_slice(c, "mean", slice::mean);
    skystack_benches::bench_slice(c, "std", |data| slice::std(data, 1));
    skystack_benches::bench_slice(c, "median", slice::median);
    skystack_benches::bench_slice(c, "mad", slice::mad);
    let clip = slice::SigmaClip::default();
    skystack_benches::bench_slice(c, "sigma_clipped_stats", |data| slice::sigma_clipped_stats(data, &clip));
}

criterion_group!(benches, bench);
criterion_main!(benches);
