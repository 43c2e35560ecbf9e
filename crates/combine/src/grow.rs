//! Growing rejections: the neighbours of a rejected sample in its frame go too (algorithms.md 5.19).

use std::ops::Range;

use skystack_reject::kept_at_least;

use crate::Reason;
use crate::options::Grow;

/// The codes ([`Reason`]) of the samples of some rows: row after row, frame after frame within a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codes<'a> {
    pub(crate) codes: &'a [u8],
    pub(crate) frames: usize,
    pub(crate) width: usize,
}

impl<'a> Codes<'a> {
    fn rows(&self) -> usize {
        self.codes.len() / (self.frames * self.width)
    }

    fn row(&self, row: usize) -> &'a [u8] {
        let samples = self.frames * self.width;
        &self.codes[row * samples..][..samples]
    }

    fn line(&self, row: usize, frame: usize) -> &'a [u8] {
        &self.row(row)[frame * self.width..][..self.width]
    }
}

impl Grow {
    /// Rows beyond a row that its growth depends on.
    pub(crate) fn halo(&self) -> usize {
        if self.radius < 1.0 { 0 } else { self.radius as usize }
    }

    /// Writes the codes of `row` after growth to `grown` (frames x width).
    ///
    /// Seeds are the samples that were rejected low or high; a sample that grew is none.
    pub(crate) fn grow_row(&self, codes: &Codes<'_>, row: usize, grown: &mut [u8]) {
        grown.copy_from_slice(codes.row(row));
        let halo = self.halo();
        if halo == 0 {
            return;
        }
        let neighbours = row.saturating_sub(halo)..(row + halo + 1).min(codes.rows());
        for (frame, line) in grown.chunks_exact_mut(codes.width).enumerate() {
            for from in neighbours.clone() {
                let dy = from.abs_diff(row) as f64;
                let reach = (self.radius * self.radius - dy * dy).max(0.0).sqrt() as usize;
                let reach = self.exact_reach(reach, dy);
                if dy * dy <= self.radius * self.radius {
                    spread(codes.line(from, frame), reach, line);
                }
            }
        }
        self.cancel_too_much(codes, row, grown);
    }

    /// The greatest dx with dx² + dy² <= g², whatever the root was rounded to.
    fn exact_reach(&self, mut reach: usize, dy: f64) -> usize {
        let inside = |dx: usize| (dx * dx) as f64 + dy * dy <= self.radius * self.radius;
        while inside(reach + 1) {
            reach += 1;
        }
        while reach > 0 && !inside(reach) {
            reach -= 1;
        }
        reach
    }

    /// Takes all growth back at pixels that would be left with fewer than must be kept, or than there were.
    fn cancel_too_much(&self, codes: &Codes<'_>, row: usize, grown: &mut [u8]) {
        let before = codes.row(row);
        for x in 0..codes.width {
            let column = || (x..before.len()).step_by(codes.width);
            let count = |codes: &[u8], is: fn(Reason) -> bool| {
                column().filter(|at| Reason::try_from(codes[*at]).is_ok_and(is)).count()
            };
            let used = count(before, Reason::is_used);
            let valid = used + count(before, Reason::is_rejected);
            let kept = kept_at_least(self.nkeep, self.maxrej, valid);
            if count(grown, Reason::is_used) < used.min(kept) {
                column().for_each(|at| grown[at] = before[at]);
            }
        }
    }
}

/// Marks what is used within `reach` of a seed.
fn spread(seeds: &[u8], reach: usize, line: &mut [u8]) {
    let is_seed = |code: u8| code == Reason::Low as u8 || code == Reason::High as u8;
    let grows = |code: u8| code == Reason::Used as u8 || code == Reason::Restored as u8;
    for x in (0..seeds.len()).filter(|x| is_seed(seeds[*x])) {
        let reached: Range<usize> = x.saturating_sub(reach)..(x + reach + 1).min(line.len());
        for code in line[reached].iter_mut().filter(|code| grows(**code)) {
            *code = Reason::Grow as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven by seven, one frame rejected in the middle; the number of samples that grow.
    fn grown(radius: f64) -> usize {
        let mut codes = vec![0; 49];
        codes[24] = Reason::High as u8;
        let codes = Codes { codes: &codes, frames: 1, width: 7 };
        let mut line = [0; 7];
        let grow = Grow { nkeep: 0, ..Grow::new(radius) };
        let of_row = |row| {
            grow.grow_row(&codes, row, &mut line);
            line.iter().filter(|code| **code == Reason::Grow as u8).count()
        };
        (0..7).map(of_row).sum()
    }

    #[test]
    fn the_radius_gives_a_plus_a_square_and_thirteen_pixels() {
        assert_eq!([0.0, 0.99, 1.0, 1.5, 2.0].map(grown), [0, 0, 4, 8, 12]);
    }

    #[test]
    fn growth_is_cancelled_where_too_few_would_be_left_and_never_touches_what_is_missing() {
        let (low, masked) = (Reason::Low as u8, Reason::Masked as u8);
        // Three frames of four pixels: frame 0 has a seed at 1, frame 1 at 2; frame 2 is missing at 0.
        let codes = [0, low, 0, 0, 0, 0, low, 0, masked, 0, 0, 0];
        let codes = Codes { codes: &codes, frames: 3, width: 4 };
        let mut line = [0; 12];
        Grow { nkeep: 2, ..Grow::new(1.0) }.grow_row(&codes, 0, &mut line);
        let grow = Reason::Grow as u8;
        // Pixel 0 has two, pixels 1 and 2 have two each: none may go. Pixel 3 has three: one may.
        assert_eq!(line, [0, low, 0, 0, 0, 0, low, grow, masked, 0, 0, 0]);
        // One of pixel 1 is rejected already, and one of pixel 2; pixels 0 and 3 may lose one.
        Grow { maxrej: Some(1), ..Grow::new(1.0) }.grow_row(&codes, 0, &mut line);
        assert_eq!(line, [grow, low, 0, 0, 0, 0, low, grow, masked, 0, 0, 0]);
    }
}
