//! IRAF ccdclip with the noise of the camera, about the median and about the mean, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{CcdClip, Center, Stacker};

fn bench(c: &mut Criterion) {
    let noisy = Stacker::new().noise(skystack_benches::noise());
    skystack_benches::bench(c, "ccdclip", &noisy.clone().reject(CcdClip::iraf()));
    let about_mean = CcdClip::iraf().center(Center::Mean);
    skystack_benches::bench(c, "ccdclip about the mean", &noisy.reject(about_mean));
}

criterion_group!(benches, bench);
criterion_main!(benches);
