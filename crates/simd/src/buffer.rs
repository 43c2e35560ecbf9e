//! Scratch memory that holds registers of any level: allocated once a worker, before the first tile.

use crate::Ordered;

/// 64 bytes at a 64-byte boundary: the largest register of any CPU.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Aligned memory that a kernel borrows as registers of its own level.
///
/// ```
/// use skystack_simd::{Isa, LaneBuffer, Ordered, Scalar, Vector};
/// let mut buffer = LaneBuffer::with_bytes(9 * LaneBuffer::REGISTER_BYTES);
/// let column = buffer.vectors::<<Scalar as Isa>::F32>(Scalar, 9);
/// assert_eq!(column.len(), 9);
/// ```
#[derive(Default)]
pub struct LaneBuffer {
    lines: Vec<Line>,
}

impl LaneBuffer {
    /// Bytes of the largest register; a pair of registers has twice as many.
    pub const REGISTER_BYTES: usize = size_of::<Line>();

    /// A buffer of at least `bytes` bytes, zeroed.
    pub fn with_bytes(bytes: usize) -> Self {
        Self { lines: vec![Line([0; 64]); bytes.div_ceil(Self::REGISTER_BYTES)] }
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.lines.len() * Self::REGISTER_BYTES
    }

    /// The first `count` registers of type `V`, with whatever was in them before.
    ///
    /// # Panics
    /// If the buffer is too short: a tile must not allocate.
    #[inline(always)]
    pub fn vectors<V: Ordered>(&mut self, _: V::Isa, count: usize) -> &mut [V] {
        const { assert!(align_of::<V>() <= align_of::<Line>()) };
        assert!(
            size_of::<V>().checked_mul(count).is_some_and(|bytes| bytes <= self.bytes()),
            "scratch too short"
        );
        // SAFETY: the lines are initialised memory, aligned for any register and long enough (asserted above); `V` is a
        // plain register (the trait is sealed), for which every bit pattern is a value; the borrow is unique. The token of
        // V's instruction set proves that the CPU has it.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), count) }
    }
}

impl std::fmt::Debug for LaneBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneBuffer").field("bytes", &self.bytes()).finish()
    }
}
