//! Timing two things in turn.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// How long one pair is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Fewest turns; a median of fewer says nothing.
    turns: usize,
    /// Turns go on until this much time is spent.
    time: Duration,
}

impl Effort {
    /// A whole run of all kernels and stacks stays under two minutes with this.
    pub(super) const FULL: Self = Self { turns: 5, time: Duration::from_millis(200) };
    /// To see that it works.
    pub(super) const QUICK: Self = Self { turns: 3, time: Duration::ZERO };
}

/// Times of a kernel and of the plain sum, turn by turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Paired {
    /// Seconds of the kernel.
    pub(super) kernel: Vec<f64>,
    /// Seconds of the sum right after it.
    pub(super) sum: Vec<f64>,
}

impl Paired {
    /// The median of the ratios of neighbours: what slows the machine for longer than a turn cancels.
    pub(super) fn ratio(&self) -> f64 {
        let ratios: Vec<f64> = self.kernel.iter().zip(&self.sum).map(|(kernel, sum)| kernel / sum).collect();
        quartiles(&ratios)[1]
    }
}

/// Runs both once unmeasured, then in turn.
pub(super) fn in_turn<K, S>(
    effort: Effort,
    kernel: &mut impl FnMut() -> Result<K, Failure>,
    sum: &mut impl FnMut() -> Result<S, Failure>,
) -> Result<Paired, Failure> {
    time(kernel)?;
    time(sum)?;
    let mut paired = Paired::default();
    let begun = Instant::now();
    while paired.kernel.len() < effort.turns || begun.elapsed() < effort.time {
        paired.kernel.push(time(kernel)?);
        paired.sum.push(time(sum)?);
    }
    Ok(paired)
}

/// Seconds of one call; giving its result back to the system is not counted.
fn time<R>(work: &mut impl FnMut() -> Result<R, Failure>) -> Result<f64, Failure> {
    let begun = Instant::now();
    let result = std::hint::black_box(work()?);
    let elapsed = begun.elapsed();
    drop(result);
    Ok(elapsed.as_secs_f64())
}

/// Lower quartile, median and upper quartile, interpolated between ranks.
pub(super) fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|part| {
        let at = part * (sorted.len() - 1) as f64;
        let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        below + (above - below) * at.fract()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        assert_eq!(quartiles(&[5.0, 1.0, 2.0, 4.0, 3.0]), [2.0, 3.0, 4.0]);
        assert_eq!(quartiles(&[2.0, 1.0]), [1.25, 1.5, 1.75]);
        assert_eq!(quartiles(&[7.0]), [7.0; 3]);
    }

    #[test]
    fn a_ratio_is_taken_between_neighbours() {
        // The machine was ten times slower during the second turn.
        let paired = Paired { kernel: vec![4.0, 40.0, 6.0], sum: vec![1.0, 10.0, 1.0] };
        assert_eq!(paired.ratio(), 4.0);
    }

    #[test]
    fn both_take_as_many_turns_and_an_error_ends_them() {
        let mut calls = [0, 0];
        let [kernels, sums] = &mut calls;
        let paired = in_turn(
            Effort::QUICK,
            &mut || {
                *kernels += 1;
                Ok(())
            },
            &mut || {
                *sums += 1;
                Ok(())
            },
        );
        assert_eq!(paired.unwrap().kernel.len(), 3);
        assert_eq!(calls, [4, 4]);
        let failed: Result<Paired, _> =
            in_turn(Effort::QUICK, &mut || Err::<(), _>(Failure::run("no")), &mut || Ok(()));
        assert!(failed.is_err());
    }
}
