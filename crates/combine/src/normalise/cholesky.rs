//! Symmetric positive definite equations, by Cholesky's factorisation within the envelope of the matrix.
//!
//! idea: row i is kept from its first entry that is not zero to the diagonal; the factor L has entries nowhere else. Frames of a mosaic
//! that are listed as they were taken overlap with their neighbours only, and their matrix is mostly such zeros.
//!
//! Everything is f64, in the order of the unknowns: the same bits everywhere.

/// A matrix A = Aᵀ of which the lower half is kept, row by row.
pub(super) struct Envelope {
    /// First column of each row.
    first: Vec<usize>,
    /// Where each row starts in `entries`, less its first column: entry (i, j) is at `offset[i] + j`.
    offset: Vec<isize>,
    entries: Vec<f64>,
}

impl Envelope {
    /// Zeros, in the rows from these first columns on; `first[i]` is at most i. `None`: no memory.
    pub(super) fn zeros(first: Vec<usize>) -> Option<Self> {
        let mut offset = Vec::with_capacity(first.len());
        let mut length = 0usize;
        for (row, &column) in first.iter().enumerate() {
            offset.push(length as isize - column as isize);
            length = length.checked_add(row - column + 1)?;
        }
        let mut entries = Vec::new();
        entries.try_reserve_exact(length).ok()?;
        entries.resize(length, 0.0);
        Some(Self { first, offset, entries })
    }

    fn at(&self, row: usize, column: usize) -> usize {
        (self.offset[row] + column as isize) as usize
    }

    /// Adds to entry (row, column), and so to (column, row).
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        let at = self.at(row.max(column), row.min(column));
        self.entries[at] += value;
    }

    /// Replaces A by L, A = L·Lᵀ. An error is the first row whose pivot is not above zero.
    pub(super) fn factorise(&mut self) -> Result<(), usize> {
        for i in 0..self.first.len() {
            for j in self.first[i]..=i {
                let from = self.first[i].max(self.first[j]);
                let mut sum = self.entries[self.at(i, j)];
                for k in from..j {
                    sum -= self.entries[self.at(i, k)] * self.entries[self.at(j, k)];
                }
                let at = self.at(i, j);
                if j < i {
                    self.entries[at] = sum / self.entries[self.at(j, j)];
                } else if sum > 0.0 {
                    self.entries[at] = sum.sqrt();
                } else {
                    return Err(i);
                }
            }
        }
        Ok(())
    }

    /// Replaces b by the solution of L·Lᵀ x = b.
    pub(super) fn solve(&self, b: &mut [f64]) {
        for i in 0..b.len() {
            for k in self.first[i]..i {
                b[i] -= self.entries[self.at(i, k)] * b[k];
            }
            b[i] /= self.entries[self.at(i, i)];
        }
        for i in (0..b.len()).rev() {
            b[i] /= self.entries[self.at(i, i)];
            for k in self.first[i]..i {
                b[k] -= self.entries[self.at(i, k)] * b[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A = L·Lᵀ with L = (2; 0 3; 4 5 6), x = (1, 2, 3): every step is exact.
    #[test]
    fn equations_by_hand() {
        let mut matrix = Envelope::zeros(vec![0, 1, 0]).expect("memory");
        let entries = [(0, 0, 4.0), (1, 1, 9.0), (2, 0, 8.0), (2, 1, 15.0), (2, 2, 77.0)];
        entries.iter().for_each(|&(i, j, a)| matrix.add(i, j, a));
        matrix.factorise().expect("positive definite");
        assert_eq!(matrix.entries, [2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut b = [4.0 + 24.0, 18.0 + 45.0, 8.0 + 30.0 + 231.0];
        matrix.solve(&mut b);
        assert_eq!(b, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_pivot_that_is_not_positive_names_its_row() {
        let mut matrix = Envelope::zeros(vec![0, 0]).expect("memory");
        [(0, 0, 1.0), (1, 0, 1.0), (1, 1, 1.0)].iter().for_each(|&(i, j, a)| matrix.add(i, j, a));
        assert_eq!(matrix.factorise(), Err(1));
    }
}
