//! Why a sample is used or not (algorithms.md section 8.5).

/// One word for each sample of the stack. The numbers are those of the product `reasons`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Used.
    Used = 0,
    /// The frame does not reach this pixel.
    Outside = 1,
    /// BLANK, NaN, infinite, or overflowed in scaling.
    Nodata = 2,
    /// Masked.
    Masked = 3,
    /// Outside the thresholds.
    Threshold = 4,
    /// Rejected below the centre.
    Low = 5,
    /// Rejected above the centre.
    High = 6,
    /// Rejected beside a rejected sample of the same frame.
    Grow = 7,
    /// Used: a rejection dropped it, and `nkeep` or `maxrej` brought it back.
    Restored = 8,
    /// Used, because there was no good sample.
    Fallback = 9,
}

impl Reason {
    /// Is the sample in the combined value?
    ///
    /// ```
    /// use skystack_reference::Reason;
    /// assert!(Reason::Restored.is_used() && !Reason::Grow.is_used());
    /// ```
    pub const fn is_used(self) -> bool {
        matches!(self, Self::Used | Self::Restored | Self::Fallback)
    }
}
