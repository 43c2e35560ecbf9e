//! The sigma image: scatter of the used samples (algorithms.md section 8.3).

use crate::column::Sample;
use crate::combine::{total_weight, weights};
use crate::moments::variance_by_mean;
use crate::outcome::Context;
use crate::sums::sum;
use crate::{Setup, SigmaRule};

/// Scatter about `out`, the rounded output value, itself rounded once to T; `blank` where nothing is used.
pub(crate) fn sigma(used: &[Sample], out: f64, setup: &Setup, context: &Context) -> f64 {
    let round = |v| setup.working.round(v);
    match (used.len(), setup.sigma) {
        (0, _) => round(setup.blank),
        (_, SigmaRule::Population) => round(variance_by_mean(used, 0).sqrt()),
        (1, SigmaRule::Iraf) => 0.0,
        (1, SigmaRule::Scatter) => f64::NAN,
        _ => round(scatter(used, out, setup, context)),
    }
}

/// √(SUM((y−out)²)/(n−1)), or with weights √(SUM(w(y−out)²)/SUM(w) · (n/(n−1))).
fn scatter(used: &[Sample], out: f64, setup: &Setup, context: &Context) -> f64 {
    let n = used.len() as f64;
    let squared = |s: Sample| (s.y - out) * (s.y - out);
    let weights = weights(setup, context).filter(|_| setup.combine.is_weighted());
    match total_weight(used, weights.as_deref()) {
        Some((weights, total)) => {
            ((sum(used, |s| weights[s.frame] * squared(s)) / total) * (n / (n - 1.0))).sqrt()
        }
        None => (sum(used, squared) / (n - 1.0)).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::samples;
    use crate::{Combine, Working};
    use skystack_reject::Convention;

    const T: Working = Working::F64;

    fn sigma(used: &[Sample], out: f64, setup: &Setup) -> f64 {
        super::sigma(used, out, setup, &setup.context(used.len(), setup.variances))
    }

    /// 1 3 8: mean 4: (9 + 1 + 16)/2 = 13. About the median 3: (4 + 0 + 25)/2 = 14.5. Population: 26/3.
    #[test]
    fn scatter_is_about_the_output_value() {
        let set = samples(&[1.0, 3.0, 8.0]);
        let iraf = Setup::convention(Convention::Iraf, T);
        assert_eq!(sigma(&set, 4.0, &iraf), 13f64.sqrt());
        assert_eq!(sigma(&set, 3.0, &iraf), 14.5f64.sqrt());
        assert_eq!(sigma(&set, 3.0, &Setup::convention(Convention::Gnuastro, T)), (26.0 / 3f64).sqrt());
    }

    #[test]
    fn one_sample_has_no_scatter_but_in_iraf() {
        let of = |convention| sigma(&samples(&[3.0]), 3.0, &Setup::convention(convention, T));
        assert_eq!((of(Convention::Iraf), of(Convention::Gnuastro)), (0.0, 0.0));
        assert!(of(Convention::Astropy).is_nan());
    }

    /// 1 5 6, weights 1/4 1/4 1/2: out = 4.5: 0.25·12.25 + 0.25·0.25 + 0.5·2.25 = 4.25; 4.25/1·(3/2) = 6.375. The median 5 of
    /// the same frames ignores weights: (16 + 0 + 1)/2.
    #[test]
    fn weights_count_where_the_value_has_them() {
        let weights = [0.25, 0.25, 0.5];
        let weighted = Setup { weights: Some(&weights), ..Setup::convention(Convention::Iraf, T) };
        let set = samples(&[1.0, 5.0, 6.0]);
        assert_eq!(sigma(&set, 4.5, &weighted), 6.375f64.sqrt());
        let wmedian = Setup { combine: Combine::Wmedian, ..weighted };
        assert_eq!(sigma(&set, 4.5, &wmedian), 6.375f64.sqrt());
        let median = Setup { combine: Combine::Median, ..weighted };
        assert_eq!(sigma(&set, 5.0, &median), 8.5f64.sqrt());
    }

    #[test]
    fn nothing_is_blank() {
        let setup = Setup { blank: -5.0, ..Setup::convention(Convention::Iraf, T) };
        assert_eq!(sigma(&[], -5.0, &setup), -5.0);
    }
}
