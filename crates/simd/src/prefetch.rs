//! A hint to the memory system.

/// Asks for the cache line of `element` ahead of its use; it changes nothing but time, and does nothing where there is no
/// such instruction in the language.
#[inline(always)]
pub fn prefetch<E>(element: &E) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 CPU has the instruction (SSE), and it cannot fault or write.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(element).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = element;
}
