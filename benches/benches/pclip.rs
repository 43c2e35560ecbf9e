//! IRAF's percentile clip at its defaults, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{PClip, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "pclip", &Stacker::new().reject(PClip::iraf()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
