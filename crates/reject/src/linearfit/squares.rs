//! The line of least squares, and the mean size of its residuals.

use skystack_simd::Vector;
use skystack_stats::lane::{self, Terms};

use super::{Fitted, Line, Ranked};

/// A = SUM(v)/n, b = SUM((j − x̄)·v)/(n(n² − 1)/12), s = SUM|e|/n: sums by rank (E6).
#[inline(always)]
pub(super) fn fit<V: Vector>(isa: V::Isa, ranked: &Ranked<'_, V>) -> Fitted<V::Wide> {
    let n = ranked.count.widen();
    let middle = ranked.middle(isa);
    let [sum, products] = lane::sum(isa, ranked.sorted, &Products { ranked, middle, isa });
    let (one, twelve) = (V::Wide::splat(isa, 1.0), V::Wide::splat(isa, 12.0));
    let slope = products / (n * (n * n - one) / twelve);
    let line = Line { intercept: sum / n, slope, middle };
    let [sizes] = lane::sum(isa, ranked.sorted, &Sizes { ranked, line: &line, isa });
    Fitted { line, s: sizes / n }
}

/// v and (j − x̄)·v.
struct Products<'a, 'b, V: Vector> {
    ranked: &'a Ranked<'b, V>,
    middle: V::Wide,
    isa: V::Isa,
}

impl<V: Vector> Terms<V, 2> for Products<'_, '_, V> {
    #[inline(always)]
    fn terms(&self, rank: usize, y: V) -> [V::Wide; 2] {
        let v = self.ranked.value(y);
        let position = V::Wide::splat(self.isa, rank as f64) - self.middle;
        [self.ranked.term(self.isa, rank, v), self.ranked.term(self.isa, rank, position * v)]
    }
}

/// |e|.
pub(super) struct Sizes<'a, 'b, V: Vector> {
    pub(super) ranked: &'a Ranked<'b, V>,
    pub(super) line: &'a Line<V::Wide>,
    pub(super) isa: V::Isa,
}

impl<V: Vector> Terms<V, 1> for Sizes<'_, '_, V> {
    #[inline(always)]
    fn terms(&self, rank: usize, y: V) -> [V::Wide; 1] {
        let size = self.ranked.residual(self.isa, self.line, rank, y).abs();
        [self.ranked.term(self.isa, rank, size)]
    }
}
