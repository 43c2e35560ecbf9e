//! Sums over the members of a set, in the one order of the arithmetic contract (algorithms.md E1 to E5).
//!
//! ```text
//! total = 0
//! for each chunk of 64 frames:  part = 0; for each frame: part += term(frame) (0 where the sample is absent);  total += part
//! ```
//!
//! The chunks go by frame number, so the order of the additions does not depend on which samples were rejected. Adding +0
//! for an absent sample changes nothing: no partial sum can be −0, because each starts from +0.

use skystack_simd::{Element, Vector};

use super::Bounds;

/// Frames in a chunk (E1).
pub const SUM_CHUNK: usize = 64;

/// K quantities that are summed over a column, each in f64.
pub trait Terms<V: Vector, const K: usize> {
    /// The terms of frame number `frame` with sample `y`; zero for a sample that is absent from the set.
    fn terms(&self, frame: usize, y: V) -> [V::Wide; K];
}

/// SUM of each of K quantities over a column in frame order (E1).
///
/// # Shapes
/// `samples`: N registers in frame order.
/// # Cost
/// N additions a quantity.
#[inline(always)]
pub fn sum<V: Vector, const K: usize>(isa: V::Isa, samples: &[V], terms: &impl Terms<V, K>) -> [V::Wide; K] {
    let zero = V::Wide::splat(isa, 0.0);
    let mut total = [zero; K];
    for (chunk, samples) in samples.chunks(SUM_CHUNK).enumerate() {
        let mut part = [zero; K];
        for (i, y) in samples.iter().enumerate() {
            let terms = terms.terms(chunk * SUM_CHUNK + i, *y);
            for k in 0..K {
                part[k] = part[k] + terms[k];
            }
        }
        for k in 0..K {
            total[k] = total[k] + part[k];
        }
    }
    total
}

/// Which samples of a column belong to a set.
pub trait Members<V: Vector>: Copy {
    /// `y` where it belongs to the set, `absent` elsewhere.
    fn or(self, y: V, absent: V) -> V;
    /// `term` where `y` belongs to the set, zero elsewhere.
    fn term(self, y: V, term: V::Wide, zero: V::Wide) -> V::Wide;
    /// The first member in frame order: the pivot of E2. Lanes without a member get zero.
    fn first(self, isa: V::Isa, samples: &[V]) -> V;
}

/// Every sample, none of which is missing: nothing is compared.
#[derive(Debug, Clone, Copy)]
pub struct All;

impl<V: Vector> Members<V> for All {
    #[inline(always)]
    fn or(self, y: V, _: V) -> V {
        y
    }
    #[inline(always)]
    fn term(self, _: V, term: V::Wide, _: V::Wide) -> V::Wide {
        term
    }
    #[inline(always)]
    fn first(self, _: V::Isa, samples: &[V]) -> V {
        samples[0]
    }
}

impl<V: Vector> Members<V> for Bounds<V> {
    #[inline(always)]
    fn or(self, y: V, absent: V) -> V {
        V::select(self.contain(y), y, absent)
    }
    #[inline(always)]
    fn term(self, y: V, term: V::Wide, zero: V::Wide) -> V::Wide {
        V::Wide::select(V::widen_mask(self.contain(y)), term, zero)
    }
    #[inline(always)]
    fn first(self, isa: V::Isa, samples: &[V]) -> V {
        first_in(isa, samples, &self)
    }
}

/// d = f64(y) − p over the members of a set.
#[derive(Debug, Clone, Copy)]
pub struct Deviations<V: Vector, M> {
    /// The set.
    pub members: M,
    /// p.
    pub pivot: V::Wide,
    /// Zero in every lane.
    pub zero: V::Wide,
}

impl<V: Vector, M: Members<V>> Terms<V, 1> for Deviations<V, M> {
    #[inline(always)]
    fn terms(&self, _: usize, y: V) -> [V::Wide; 1] {
        [self.members.term(y, y.widen() - self.pivot, self.zero)]
    }
}

/// d and d² for the term d of `A`.
#[derive(Debug, Clone, Copy)]
pub struct Moments<A>(pub A);

impl<V: Vector, A: Terms<V, 1>> Terms<V, 2> for Moments<A> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 2] {
        let [d] = self.0.terms(frame, y);
        [d, d * d]
    }
}

/// d with d = f64(y) − f64(c) over the members of a set, c a value of the working type.
#[derive(Debug, Clone, Copy)]
pub struct Distances<V, M> {
    /// The set.
    pub members: M,
    /// c.
    pub center: V,
}

impl<V: Vector, M: Members<V>> Terms<V, 1> for Distances<V, M> {
    #[inline(always)]
    fn terms(&self, _: usize, y: V) -> [V::Wide; 1] {
        // An absent sample stands at the centre: one narrow select instead of a wide mask.
        [self.members.or(y, self.center).widen() - self.center.widen()]
    }
}

/// d² with d = f64(y) − f64(c) over the members of a set, c a value of the working type.
#[derive(Debug, Clone, Copy)]
pub struct Squares<V, M>(pub Distances<V, M>);

impl<V: Vector, M: Members<V>> Terms<V, 1> for Squares<V, M> {
    #[inline(always)]
    fn terms(&self, frame: usize, y: V) -> [V::Wide; 1] {
        let [d] = self.0.terms(frame, y);
        [d * d]
    }
}

/// The first member of `bounds` in frame order: the pivot of E2. Lanes without a member get zero.
#[inline(always)]
pub fn first_in<V: Vector>(isa: V::Isa, samples: &[V], bounds: &Bounds<V>) -> V {
    let mut first = V::splat(isa, V::Element::NAN);
    for y in samples {
        let vacant = !first.eq(first);
        let taken = vacant & bounds.contain(*y);
        first = V::select(taken, *y, first);
        if !skystack_simd::Mask::any(!first.eq(first)) {
            break;
        }
    }
    let zero = V::splat(isa, V::Element::narrow(0.0));
    V::select(first.eq(first), first, zero)
}

/// Mean of the members of a set in f64 (E3): M = f64(p) + SUM(d)/n with p the first member in frame order.
///
/// # Shapes
/// `samples`: N registers in frame order; `count`: members per lane.
/// # Missing data
/// NaN is in no bounds; an empty set gives NaN.
/// # Cost
/// One pass, and a short one to the first member.
#[inline(always)]
pub fn mean<V: Vector>(isa: V::Isa, samples: &[V], members: impl Members<V>, count: V) -> V::Wide {
    let center = members.first(isa, samples);
    let [s1] = sum(isa, samples, &Distances { members, center });
    center.widen() + s1 / count.widen()
}
