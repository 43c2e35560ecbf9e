//! E1: the one order of every floating sum.

use crate::column::Sample;

/// Frames of one chunk.
const CHUNK: usize = 64;

/// SUM(term) over a set in frame order: chunks of 64 **frame numbers**, each summed from 0.0, then their totals from 0.0.
pub(crate) fn sum(set: &[Sample], term: impl Fn(Sample) -> f64) -> f64 {
    debug_assert!(set.is_sorted_by_key(|sample| sample.frame), "a set is in frame order");
    let chunks = set.chunk_by(|a, b| a.frame / CHUNK == b.frame / CHUNK);
    let totals = chunks.map(|chunk| chunk.iter().fold(0.0, |total, &sample| total + term(sample)));
    totals.fold(0.0, |total, chunk| total + chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;

    /// 1 then 127 times u = 2⁻⁵³. Sequentially each u is lost: 1 + u rounds to even, 1. In chunks the second one holds
    /// 64 u = 2⁻⁴⁷, exactly, which is not lost: the first chunk gives 1, the sum is 1 + 2⁻⁴⁷.
    #[test]
    fn the_second_chunk_starts_from_zero() {
        let u = 2f64.powi(-53);
        let mut values = vec![u; 128];
        values[0] = 1.0;
        assert_eq!(values.iter().sum::<f64>(), 1.0);
        assert_eq!(sum(&samples(&values), |s| s.y), 1.0 + 2f64.powi(-47));
    }

    /// The chunks are cut by frame number: without frame 0 the frame 64 still opens the second chunk. Frames 1 (value 1)
    /// and 63 (value u) belong together, and so do 64 and 65 (u + u = 2⁻⁵², which 1 + 2⁻⁵² keeps).
    #[test]
    fn absent_frames_do_not_move_the_cuts() {
        let u = 2f64.powi(-53);
        let at = |frame, y| Sample { frame, y };
        assert_eq!(sum(&[at(1, 1.0), at(63, u), at(64, u), at(65, u)], |s| s.y), 1.0 + 2f64.powi(-52));
        assert_eq!(sum(&[at(1, 1.0), at(62, u), at(63, u), at(64, u)], |s| s.y), 1.0);
    }

    #[test]
    fn the_sum_of_nothing_is_zero() {
        assert_eq!(sum(&[], |s| s.y).to_bits(), 0);
    }
}
