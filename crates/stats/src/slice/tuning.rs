//! How a function goes about its work: instruction set, threads, sampling. Nothing here can change a bit of a result.

use std::sync::OnceLock;

use rayon::prelude::*;
use skystack_simd::Level;

/// Entries that one call of a kernel reads, and one task: whole groups of chunks at every level, in the cache of a core.
pub(crate) const PIECE: usize = 1 << 14;

/// From here on a pass is shared among threads: the least number of f32 from which none of these loses. In µs on one thread
/// and on two, the least of thousands of times in turn (two cores of an AMD EPYC Zen 4 with other work on them, 2026-11-21):
///
/// ```text
/// entries   131 072       262 144      524 288      1 048 576
/// sum        41    35      82    61    164   112     328   200
/// min_max     9.2  15      19    20     38    37      75    57
/// median     68    72     129   115    245   195     468   316
/// ```
///
/// Where no second core is free, sharing costs about 10 µs at these sizes.
const PARALLEL_FROM: usize = 1 << 18;

/// From here on order statistics select between two values of a sample: the median of 16 384 f32 took 11 µs, 43 µs with
/// a copy of them; of 8192, a copy takes 17 µs (same machine and day).
const SAMPLED_FROM: usize = 1 << 14;

/// What the tests vary and the public functions do not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    pub(crate) level: Level,
    pub(crate) parallel_from: usize,
    pub(crate) sampled_from: usize,
}

impl Tuning {
    /// The highest level under the cap, which is read once, and the measured borders.
    pub(crate) fn here() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        // A library does not end a program for a name in the environment; the programs refuse an unknown one themselves.
        let highest = || Level::from_environment().unwrap_or_else(|_| Level::capped(Level::Avx512));
        let level = *LEVEL.get_or_init(highest);
        Self { level, parallel_from: PARALLEL_FROM, sampled_from: SAMPLED_FROM }
    }

    /// Is a pass over so many entries shared? Asking for the number of threads starts rayon's global pool outside any other.
    pub(crate) fn shares(self, entries: usize) -> bool {
        entries >= self.parallel_from && rayon::current_num_threads() > 1
    }

    /// `map` of every piece, merged in any order: for what is exact in any order. `None`: there are no entries.
    pub(crate) fn over_pieces<T: Sync, R: Send>(
        self,
        data: &[T],
        map: impl Fn(&[T]) -> R + Send + Sync,
        merge: impl Fn(R, R) -> R + Send + Sync,
    ) -> Option<R> {
        if self.shares(data.len()) {
            data.par_chunks(PIECE).map(map).reduce_with(merge)
        } else {
            data.chunks(PIECE).map(map).reduce(merge)
        }
    }
}
