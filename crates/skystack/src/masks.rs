//! Masks and data quality: which samples a mask calls bad (algorithms.md 2.3).

use std::path::PathBuf;

use skystack_combine::NO_VALUE;

/// What the numbers of a mask mean; v is [`Masks::value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskType {
    /// Masks are not read.
    #[default]
    None,
    /// Good is v.
    GoodValue,
    /// Good is everything but v.
    BadValue,
    /// Good is what has a bit of v.
    GoodBits,
    /// Good is what has no bit of v.
    BadBits,
    /// Good is 0, v is nothing at all; anything else is bad, and used where a pixel has nothing good.
    NoValue,
}

/// Masks of the frames.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masks {
    /// What their numbers mean.
    pub kind: MaskType,
    /// v.
    pub value: i64,
    /// One file for all frames or one a frame, each with an extension behind it if need be; `None`: what the keyword BPM of a
    /// frame names, beside the frame if the name is relative. A frame without BPM has no mask.
    pub files: Option<Vec<PathBuf>>,
    /// Classes of bits from least to most bad: a pixel without a good sample uses samples of the first class that it has. A
    /// sample's class is the worst of its bits; one with a bad bit of no class is never used.
    pub fallback: Vec<i64>,
}

impl Masks {
    /// Masks of this type, named by the keyword BPM.
    pub fn new(kind: MaskType, value: i64) -> Self {
        Self { kind, value, ..Self::default() }
    }

    /// From these files.
    pub fn files(mut self, files: Vec<PathBuf>) -> Self {
        self.files = Some(files);
        self
    }

    /// Classes of bits for pixels without a good sample, from least to most bad.
    pub fn fallback(mut self, classes: Vec<i64>) -> Self {
        self.fallback = classes;
        self
    }

    /// May a sample that is not good be used?
    pub(crate) fn falls_back(&self) -> bool {
        self.kind == MaskType::NoValue || !self.fallback.is_empty()
    }

    /// The class of a mask's number: 0 is good, then from the least bad on, [`NO_VALUE`] never used.
    ///
    /// ```
    /// use skystack::{MaskType, Masks};
    /// let masks = Masks::new(MaskType::BadBits, 5);
    /// assert_eq!((masks.class(2), masks.class(4)), (0, 255));
    /// let masks = masks.fallback(vec![4, 1]);
    /// assert_eq!((masks.class(4), masks.class(1), masks.class(5)), (1, 2, 2));
    /// ```
    pub fn class(&self, q: i64) -> u8 {
        let v = self.value;
        let good = match self.kind {
            MaskType::None => true,
            MaskType::GoodValue => q == v,
            MaskType::BadValue => q != v,
            MaskType::GoodBits => q & v != 0,
            MaskType::BadBits => q & v == 0,
            MaskType::NoValue => q == 0,
        };
        if good {
            return 0;
        }
        if self.kind == MaskType::NoValue {
            return if q == v { NO_VALUE } else { 1 };
        }
        self.fallback_class(q)
    }

    fn fallback_class(&self, q: i64) -> u8 {
        let bad = if self.kind == MaskType::BadBits { q & self.value } else { q };
        let known = self.fallback.iter().fold(0, |all, class| all | class);
        let worst = self.fallback.iter().rposition(|class| bad & class != 0);
        match worst {
            Some(worst) if bad & !known == 0 => u8::try_from(worst + 1).unwrap_or(NO_VALUE),
            _ => NO_VALUE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_calls_good_what_the_table_says() {
        let good = |kind, value, q| Masks::new(kind, value).class(q) == 0;
        use MaskType::{BadBits, BadValue, GoodBits, GoodValue, NoValue, None};
        assert!(good(None, 0, 7));
        assert!(good(GoodValue, 2, 2) && !good(GoodValue, 2, 0));
        assert!(!good(BadValue, 1, 1) && good(BadValue, 1, 0));
        assert!(good(GoodBits, 4, 6) && !good(GoodBits, 4, 3));
        assert!(!good(BadBits, 5, 4) && good(BadBits, 5, 2));
        assert!(good(NoValue, 3, 0) && !good(NoValue, 3, 3) && !good(NoValue, 3, 1));
    }

    #[test]
    fn the_fallback_prefers_what_is_least_bad_and_never_takes_what_is_no_value() {
        let masks = Masks::new(MaskType::NoValue, 3);
        assert_eq!((masks.class(1), masks.class(3)), (1, NO_VALUE));
        let classes = Masks::new(MaskType::BadBits, 15).fallback(vec![1, 6]);
        assert_eq!([1, 2, 3, 8, 9, 16].map(|q| classes.class(q)), [1, 2, 2, NO_VALUE, NO_VALUE, 0]);
    }
}
