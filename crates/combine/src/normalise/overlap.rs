//! Least squares over pairs of frames that overlap (algorithms.md section 6.5).
//!
//! idea: where frames i and j overlap, vᵢ − vⱼ was found to be δ; choose the v of all frames so that the sum of w (vᵢ − vⱼ − δ)² is least.
//! Only differences are known, so in every connected group of frames one v is fixed, exactly: its unknown does not occur in
//! the equations. Each v is a zero, or the logarithm of a gain.

use super::cholesky::Envelope;
use super::error::FINITE;
use super::logarithm::{exp, ln};
use super::{Factor, NormaliseError, Warning};
use crate::CombineError;

/// What is known of two frames where they overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// One frame, in frame order.
    pub first: usize,
    /// The other one.
    pub second: usize,
    /// δ: the value of the first frame less that of the second.
    pub difference: f64,
    /// w, above zero: the number of pixels that the difference comes from, or its inverse variance.
    pub weight: f64,
}

/// The values that fit the pairs best.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// One a frame. That of a group's reference is 0.
    pub values: Vec<f64>,
    /// The reference of each connected group, in the order of the groups' lowest frames: the reference of all where it belongs
    /// to the group, otherwise the lowest frame.
    pub references: Vec<usize>,
    /// The group of each frame, an index into `references`.
    pub groups: Vec<usize>,
    /// vᵢ − vⱼ − δ of each pair.
    pub residuals: Vec<f64>,
}

impl Solution {
    /// Zeros: vᵢ is what frame i has more than the reference, in units of samples divided by `scales`.
    ///
    /// # Panics
    /// If there is another number of scales than of frames.
    pub fn zeros(&self, scales: &[f64]) -> Vec<Factor> {
        assert_eq!(scales.len(), self.values.len(), "one scale for each frame");
        scales.iter().zip(&self.values).map(|(&scale, &zero)| Factor::new(scale, zero)).collect()
    }

    /// Scales: vᵢ is the logarithm of the gain of frame i over that of the reference. Pairs come from [`Pair::of_ratio`].
    ///
    /// # Errors
    /// A gain beyond the normal numbers, named by frame.
    pub fn scales(&self) -> Result<Vec<f64>, NormaliseError> {
        let scales: Vec<f64> = self.values.iter().map(|&v| exp(v)).collect();
        super::error::check_each(
            "gain from overlaps",
            scales.iter().copied(),
            super::error::above_zero,
            super::error::ABOVE_ZERO,
        )?;
        Ok(scales)
    }

    /// More than one group?
    pub fn warnings(&self) -> Vec<Warning> {
        if self.references.len() < 2 {
            return Vec::new();
        }
        let lowest = |group| self.groups.iter().position(|of| *of == group).unwrap_or(0);
        vec![Warning::Unconnected { groups: (0..self.references.len()).map(lowest).collect() }]
    }
}

impl Pair {
    /// A pair whose samples have the ratio `ratio`: a difference of logarithms.
    ///
    /// # Panics
    /// If the ratio is not above zero and finite.
    pub fn of_ratio(first: usize, second: usize, ratio: f64, weight: f64) -> Self {
        assert!(super::error::above_zero(ratio), "a ratio of {ratio}");
        Self { first, second, difference: ln(ratio), weight }
    }
}

/// The least squares solution for `frames` frames about `reference`.
///
/// # Shapes
/// Any number of pairs in any order; a pair may occur twice, and its frames in either order. A frame without pairs is a group of its own.
/// # Errors
/// A pair of one frame with itself or of a frame that is none, a difference that is not finite, a weight that is not above zero and
/// finite; weights so different that rounding leaves an equation without a solution; no memory for the equations.
/// # Panics
/// If `reference` is no frame.
/// # Cost
/// The equations have a row a frame, from the lowest frame that it overlaps to itself: at most N²/2 numbers and N³/6 multiplications,
/// far less where neighbours in frame order overlap.
/// # Examples
/// ```
/// use skystack_combine::normalise::{Pair, least_squares};
/// let pair = |first, second, difference| Pair { first, second, difference, weight: 1.0 };
/// // 10 + 20 is not 33: each of the three differences gives a third of the 3 that are too many.
/// let found = least_squares(3, 0, &[pair(1, 0, 10.0), pair(2, 1, 20.0), pair(2, 0, 33.0)])?;
/// assert!((found.values[1] - 11.0).abs() < 1e-12 && (found.values[2] - 32.0).abs() < 1e-12);
/// # Ok::<(), skystack_combine::normalise::NormaliseError>(())
/// ```
/// # References
/// The background correction of Montage `mBgModel`, solved at once instead of by iterations; algorithms.md section 6.5.
pub fn least_squares(frames: usize, reference: usize, pairs: &[Pair]) -> Result<Solution, NormaliseError> {
    assert!(reference < frames, "frame {reference} of {frames}");
    pairs.iter().try_for_each(|pair| check(frames, pair))?;
    let (groups, references) = groups(frames, reference, pairs);
    let unknown = unknowns(frames, &references);
    let mut values = solve(frames, &unknown, pairs)?;
    // Not the result of any arithmetic.
    references.iter().for_each(|&frame| values[frame] = 0.0);
    let residual = |pair: &Pair| values[pair.first] - values[pair.second] - pair.difference;
    let residuals = pairs.iter().map(residual).collect();
    Ok(Solution { values, references, groups, residuals })
}

fn check(frames: usize, pair: &Pair) -> Result<(), NormaliseError> {
    let Pair { first, second, difference, weight } = *pair;
    let wrong = |what, found, needed| Err(NormaliseError::Pair { first, second, what, found, needed });
    if first == second || first.max(second) >= frames {
        return wrong("number of frames", frames as f64, "two different frames of the stack");
    }
    if !difference.is_finite() {
        return wrong("difference", difference, FINITE);
    }
    if !super::error::above_zero(weight) {
        return wrong("weight", weight, super::error::ABOVE_ZERO);
    }
    Ok(())
}

/// The group of each frame, and the reference of each group.
fn groups(frames: usize, reference: usize, pairs: &[Pair]) -> (Vec<usize>, Vec<usize>) {
    // Each frame points to a lower one of its group, or to itself.
    let mut lower: Vec<usize> = (0..frames).collect();
    let lowest = |lower: &mut [usize], mut frame: usize| {
        while lower[frame] != frame {
            lower[frame] = lower[lower[frame]];
            frame = lower[frame];
        }
        frame
    };
    for pair in pairs {
        let (a, b) = (lowest(&mut lower, pair.first), lowest(&mut lower, pair.second));
        lower[a.max(b)] = a.min(b);
    }
    let (mut groups, mut references) = (vec![0; frames], Vec::new());
    for frame in 0..frames {
        let of = lowest(&mut lower, frame);
        if of == frame {
            groups[frame] = references.len();
            references.push(frame);
        } else {
            groups[frame] = groups[of];
        }
    }
    references[groups[reference]] = reference;
    (groups, references)
}

/// The number of each frame's unknown; references have none.
fn unknowns(frames: usize, references: &[usize]) -> Vec<Option<usize>> {
    let mut numbers = vec![Some(0); frames];
    references.iter().for_each(|&frame| numbers[frame] = None);
    let mut next = 0..;
    numbers.iter_mut().flatten().for_each(|number| *number = next.next().unwrap_or_default());
    numbers
}

/// The normal equations, pair by pair, and their solution; 0 for references.
fn solve(frames: usize, unknown: &[Option<usize>], pairs: &[Pair]) -> Result<Vec<f64>, NormaliseError> {
    let count = unknown.iter().flatten().count();
    let mut first: Vec<usize> = (0..count).collect();
    for pair in pairs {
        if let (Some(a), Some(b)) = (unknown[pair.first], unknown[pair.second]) {
            let (low, high) = (a.min(b), a.max(b));
            first[high] = first[high].min(low);
        }
    }
    let bytes = first.iter().enumerate().map(|(row, column)| (row - column + 1) * size_of::<f64>()).sum();
    let mut matrix = Envelope::zeros(first).ok_or(CombineError::OutOfMemory { bytes })?;
    let mut right = vec![0.0; count];
    for Pair { first, second, difference, weight } in pairs {
        for (frame, sign) in [(first, 1.0), (second, -1.0)] {
            if let Some(row) = unknown[*frame] {
                matrix.add(row, row, *weight);
                right[row] += sign * (weight * difference);
            }
        }
        if let (Some(a), Some(b)) = (unknown[*first], unknown[*second]) {
            matrix.add(a, b, -weight);
        }
    }
    let frame_of = |row| unknown.iter().position(|number| *number == Some(row)).unwrap_or(0);
    matrix.factorise().map_err(|row| NormaliseError::Undetermined { frame: frame_of(row) })?;
    matrix.solve(&mut right);
    Ok((0..frames).map(|frame| unknown[frame].map_or(0.0, |row| right[row])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: usize, second: usize, difference: f64, weight: f64) -> Pair {
        Pair { first, second, difference, weight }
    }

    fn near(found: &[f64], expected: &[f64]) {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close && found.len() == expected.len(), "{found:?} {expected:?}");
    }

    /// Every pair agrees with v = (3, 5, −2, 7): found whatever the reference, and no residual is left.
    #[test]
    fn consistent_pairs_are_met_exactly() {
        let truth = [3.0, 5.0, -2.0, 7.0];
        let of = |i: usize, j: usize| pair(i, j, truth[i] - truth[j], 1.0 + (i + 2 * j) as f64);
        let pairs = [of(0, 1), of(1, 2), of(3, 2), of(0, 3), of(1, 3)];
        for reference in 0..4 {
            let found = least_squares(4, reference, &pairs).unwrap();
            near(&found.values, &truth.map(|v| v - truth[reference]));
            near(&found.residuals, &[0.0; 5]);
            assert_eq!((found.values[reference].to_bits(), &found.references), (0, &vec![reference]));
        }
    }

    /// v₁ − v₀ = 10 with weight 1 and 13 with weight 2: 12. The order of the frames in a pair does not matter.
    #[test]
    fn weights_weigh() {
        near(
            &least_squares(2, 0, &[pair(1, 0, 10.0, 1.0), pair(0, 1, -13.0, 2.0)]).unwrap().values,
            &[0.0, 12.0],
        );
    }

    /// The gradient of the sum of squares is 0 in every unknown.
    #[test]
    fn the_sum_of_squares_is_least() {
        let pairs: Vec<Pair> = (0..40)
            .map(|k| pair(k % 9, (k % 9 + 1 + k / 9) % 9, ((k * 37) % 11) as f64 - 5.0, 1.0 + (k % 4) as f64))
            .collect();
        let found = least_squares(9, 4, &pairs).unwrap();
        assert_eq!(found.references, [4]);
        for frame in 0..9 {
            let slope = |(p, r): (&Pair, &f64)| {
                let sign = f64::from(p.first == frame) - f64::from(p.second == frame);
                sign * p.weight * r
            };
            let gradient: f64 = pairs.iter().zip(&found.residuals).map(slope).sum();
            assert!(frame == 4 || gradient.abs() < 1e-10, "{frame}: {gradient}");
        }
    }

    /// 0–2, 1–3–4, 5 alone; the reference is 3: groups begin with 0, 1, 5, and only the second one has another reference.
    #[test]
    fn each_group_has_its_own_reference() {
        let pairs = [pair(2, 0, 1.0, 1.0), pair(3, 1, 2.0, 1.0), pair(4, 3, 4.0, 1.0)];
        let found = least_squares(6, 3, &pairs).unwrap();
        assert_eq!((&found.references[..], &found.groups[..]), (&[0, 3, 5][..], &[0, 1, 0, 1, 1, 2][..]));
        near(&found.values, &[0.0, -2.0, 1.0, 0.0, 4.0, 0.0]);
        assert_eq!(found.warnings(), [Warning::Unconnected { groups: vec![0, 1, 5] }]);
        assert!(
            found.warnings()[0].to_string().contains("3 separate groups of frames, from frames 1, 2, 6 on")
        );
        assert_eq!(least_squares(2, 0, &pairs[..0]).unwrap().values, [0.0, 0.0]);
        assert_eq!(least_squares(2, 1, &[pair(0, 1, 1.0, 1.0)]).unwrap().warnings(), []);
    }

    /// Gains 1, 2, 0.5 and zeros of the scaled frames 0, 7, −3: never solved jointly.
    #[test]
    fn gains_first_then_zeros() {
        let ratios =
            [Pair::of_ratio(1, 0, 2.0, 5.0), Pair::of_ratio(2, 1, 0.25, 3.0), Pair::of_ratio(0, 2, 2.0, 1.0)];
        let gains = least_squares(3, 0, &ratios).unwrap().scales().unwrap();
        near(&gains, &[1.0, 2.0, 0.5]);
        assert_eq!(gains[0], 1.0);
        let zeros = least_squares(3, 0, &[pair(1, 0, 7.0, 1.0), pair(0, 2, 3.0, 1.0)]).unwrap();
        let found = zeros.zeros(&gains);
        let y = |frame: usize, x: f64| x * found[frame].scaling.multiply + found[frame].scaling.add;
        near(&[y(0, 100.0), y(1, 214.0), y(2, 48.5)], &[100.0, 100.0, 100.0]);
    }

    #[test]
    fn pairs_that_make_no_equation_are_refused() {
        let message = |pair| least_squares(2, 0, &[pair]).unwrap_err().to_string();
        assert!(message(pair(1, 1, 0.0, 1.0)).contains("two different frames"));
        assert!(message(pair(0, 2, 0.0, 1.0)).contains("pair of frames 1 and 3"));
        assert!(message(pair(0, 1, f64::NAN, 1.0)).contains("difference is NaN"));
        assert!(message(pair(0, 1, 0.0, 0.0)).contains("weight is 0"));
        // 1e-30 vanishes beside 1: frames 1 and 2 hang together, and nothing is left of what ties them to frame 0.
        let lost = [pair(1, 2, 0.0, 1.0), pair(0, 1, 0.0, 1e-30)];
        assert!(matches!(least_squares(3, 0, &lost), Err(NormaliseError::Undetermined { frame: 2 })));
        let far = [Pair { first: 1, second: 0, difference: 800.0, weight: 1.0 }];
        assert_eq!(least_squares(2, 0, &far).unwrap().scales().unwrap_err().frame(), Some(1));
    }
}
