//! What a file may claim before it is refused.

/// Bounds on what one file may make the reader do.
///
/// A header is untrusted input: without bounds, a missing END card or a long chain of tiny HDUs would cost
/// time and memory in proportion to the file. Sizes of data need no limit here because they are compared with
/// the real length of the file before anything is allocated.
///
/// # Examples
///
/// ```
/// let mut limits = skystack_fits::Limits::default();
/// limits.hdus = 4;
/// assert_eq!(limits.header_bytes, 64 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of headers read from one file, all HDUs together.
    pub header_bytes: u64,
    /// Number of HDUs in one file.
    pub hdus: usize,
    /// Number of warnings kept for one file; one more says how many were dropped.
    pub warnings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // 64 MiB is 838,860 cards: hundreds of times the largest header in use, read in well under a second.
        // 10,000 HDUs is ten times the largest mosaics; 100 warnings is more than anyone reads.
        Self { header_bytes: 64 << 20, hdus: 10_000, warnings: 100 }
    }
}
