//! Which entries of a slice are meant: those with a value in an interval.

use skystack_simd::Element;

/// The values `low ..= high`. NaN is in no interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Bounds {
    /// Every valid value: infinities lie outside, NaN does anyway.
    pub(crate) const FINITE: Self = Self { low: f64::MIN, high: f64::MAX };

    /// The value of an entry that is meant, −0 as +0.
    #[inline]
    pub(crate) fn value<T: Element>(self, x: T) -> Option<f64> {
        let x = x.widen() + 0.0;
        (self.low <= x && x <= self.high).then_some(x)
    }

    /// The values meant, in the order of the slice.
    pub(crate) fn values<T: Element>(self, data: &[T]) -> impl Iterator<Item = f64> {
        data.iter().filter_map(move |&x| self.value(x))
    }

    /// Number of values meant.
    pub(crate) fn count<T: Element>(self, data: &[T]) -> usize {
        self.values(data).count()
    }
}
