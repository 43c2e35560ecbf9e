//! madclip of the textbook to convergence, and the average, at every level.

use criterion::{Criterion, criterion_group, criterion_main};
use skystack::{Convention, Stacker, madclip};

fn bench(c: &mut Criterion) {
    let textbook = madclip(Convention::Textbook).expect("the textbook defines madclip");
    skystack_benches::bench(c, "madclip", &Stacker::new().reject(textbook));
}

criterion_group!(benches, bench);
criterion_main!(benches);
