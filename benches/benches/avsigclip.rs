//! IRAF avsigclip: the scatter of the row, scaled to each pixel, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{AvSigClip, Stacker};

fn bench(c: &mut Criterion) {
    skystack_benches::bench(c, "avsigclip", &Stacker::new().reject(AvSigClip::iraf()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
