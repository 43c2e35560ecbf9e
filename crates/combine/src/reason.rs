//! Why a sample is used or not.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The first of the causes that hold for a sample (algorithms.md 8.5), as it is written into the cube
        /// [`Reasons`](crate::CubeProduct::Reasons).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// All of them; each is its own number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// In a word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

reasons! {
    /// Used.
    Used = "used",
    /// The frame does not cover the pixel.
    Outside = "outside",
    /// BLANK, NaN, infinite, or so after scaling; or without a variance where there should be one.
    NoData = "nodata",
    /// A mask calls it bad.
    Masked = "masked",
    /// Outside the thresholds.
    Threshold = "threshold",
    /// Rejected below the centre.
    Low = "low",
    /// Rejected above the centre.
    High = "high",
    /// A neighbour of a rejected sample of its frame.
    Grow = "grow",
    /// Used: rejected, and brought back by `nkeep` or `maxrej`.
    Restored = "restored",
    /// Used: a mask calls it bad, and the pixel has no better one.
    Fallback = "fallback",
}

impl Reason {
    /// Is the sample in the combined value?
    ///
    /// ```
    /// use skystack_combine::Reason;
    /// assert!(Reason::Restored.is_used() && !Reason::Low.is_used());
    /// ```
    pub const fn is_used(self) -> bool {
        matches!(self, Self::Used | Self::Restored | Self::Fallback)
    }

    /// Was the sample valid, and is not used?
    pub const fn is_rejected(self) -> bool {
        matches!(self, Self::Low | Self::High | Self::Grow)
    }
}

impl TryFrom<u8> for Reason {
    type Error = u8;

    /// The reason of a number; one that is none comes back.
    fn try_from(code: u8) -> Result<Self, u8> {
        Self::ALL.get(usize::from(code)).copied().ok_or(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_specification() {
        let names = [
            "used",
            "outside",
            "nodata",
            "masked",
            "threshold",
            "low",
            "high",
            "grow",
            "restored",
            "fallback",
        ];
        for (code, name) in names.iter().enumerate() {
            let reason = Reason::try_from(code as u8).unwrap();
            assert_eq!((reason.name(), reason as usize), (*name, code));
        }
        assert_eq!(Reason::try_from(10), Err(10));
        let not_missing = |reason: &&Reason| reason.is_used() || reason.is_rejected();
        assert_eq!(Reason::ALL.iter().filter(not_missing).count(), 6);
    }
}
