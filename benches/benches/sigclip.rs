//! IRAF sigclip to convergence, with both statistics, and with a mean centre, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Center, Combine, SigClip, Stacker};

fn bench(c: &mut Criterion) {
    let clipped = Stacker::new().reject(SigClip::iraf());
    skystack_benches::bench(c, "sigclip average", &clipped);
    skystack_benches::bench(c, "sigclip median", &clipped.combine(Combine::Median));
    let about_mean = Stacker::new().reject(SigClip::iraf().center(Center::Mean));
    skystack_benches::bench(c, "sigclip about the mean", &about_mean);
}

criterion_group!(benches, bench);
criterion_main!(benches);
