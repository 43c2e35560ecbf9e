//! Rosner's critical values λ, for every number of samples of a stack.

use super::student::{quantile, start_for_one_degree};

/// λ by the number m of samples from which the extreme is taken: m = n₀ − i + 1 in step i, and nothing else enters.
///
/// ```text
/// t = quantile of Student's t with m − 2 degrees of freedom, upper tail α/(2m)       λ = (m − 1)·t / √((m − 2 + t²)·m)
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CriticalValues {
    /// Entry m; infinite below 3, where there is no test.
    by_samples: Vec<f64>,
}

impl CriticalValues {
    /// Up to `frames` samples at level `alpha`, with a relative error of some 1e-14.
    pub(crate) fn new(alpha: f64, frames: usize) -> Self {
        let mut by_samples = vec![f64::INFINITY; frames + 1];
        // Each quantile starts from the last one.
        let mut t = start_for_one_degree(alpha / 6.0);
        for (m, critical) in by_samples.iter_mut().enumerate().skip(3) {
            let n = m as f64;
            t = quantile(alpha / (2.0 * n), m - 2, t);
            *critical = (n - 1.0) * t / ((n - 2.0 + t * t) * n).sqrt();
        }
        Self { by_samples }
    }

    /// λ of a set of `samples`.
    pub(crate) fn of(&self, samples: usize) -> f64 {
        self.by_samples[samples]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST/SEMATECH e-Handbook 1.3.5.17.3: 54 samples, level 0.05, ten steps, as printed.
    #[test]
    fn the_critical_values_of_the_handbook() {
        let critical = CriticalValues::new(0.05, 54);
        let printed = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085];
        for (i, printed) in (1..).zip(printed) {
            let found = critical.of(54 - i + 1);
            assert!((found - printed).abs() < 0.0011, "step {i}: {found}");
        }
    }

    /// scipy 1.x: `t.isf(alpha/(2*m), m - 2)` put into the formula.
    #[test]
    fn the_critical_values_of_scipy() {
        let table = [
            (0.05, 3, 1.1543048513440386),
            (0.05, 4, 1.4812500000000002),
            (0.05, 15, 2.548307771743344),
            (0.01, 101, 3.757502398691718),
            (1e-6, 10, 2.8109254392305782),
            (0.5, 31, 2.309631084527093),
            (0.05, 2000, 4.20597242840008),
        ];
        for (alpha, m, expected) in table {
            let found = CriticalValues::new(alpha, m).of(m);
            assert!((found / expected - 1.0).abs() < 1e-12, "{alpha} {m}: {found} {expected}");
        }
    }

    #[test]
    fn fewer_than_three_samples_are_no_test() {
        let critical = CriticalValues::new(0.05, 2);
        assert_eq!([0, 1, 2].map(|m| critical.of(m)), [f64::INFINITY; 3]);
    }
}
