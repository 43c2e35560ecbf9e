//! DRAGONS' and SWarp's clips by a variance of each sample, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{InputVariance, Stacker, VarClip};

fn bench(c: &mut Criterion) {
    let noisy = Stacker::new().noise(skystack_benches::noise()).variance(InputVariance::Noise);
    skystack_benches::bench(c, "varclip", &noisy.clone().reject(VarClip::dragons()));
    skystack_benches::bench(c, "varclip swarp", &noisy.reject(VarClip::swarp()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
