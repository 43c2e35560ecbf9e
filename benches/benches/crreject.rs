//! IRAF crreject, ccdclip of the high side, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Convention, Stacker, crreject};

fn bench(c: &mut Criterion) {
    let iraf = crreject(Convention::Iraf).expect("IRAF defines crreject");
    let stacker = Stacker::new().noise(skystack_benches::noise()).reject(iraf);
    skystack_benches::bench(c, "crreject", &stacker);
}

criterion_group!(benches, bench);
criterion_main!(benches);
