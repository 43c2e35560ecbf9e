//! The rows of all outputs of a band, and its tiles.

use std::ops::Range;

use skystack_simd::Element;

use crate::{CubeProduct, Planes, Products};

/// The finished rows of a band.
#[derive(Debug)]
pub struct BandOutput<T> {
    rows: Range<usize>,
    width: usize,
    frames: usize,
    tile_width: usize,
    line_width: usize,
    /// The image and further images, `rows.len() * width` samples each. Cubes are in another order: see
    /// [`cube_row`](Self::cube_row).
    pub planes: Planes<Vec<T>, Vec<u32>, Vec<u8>>,
}

/// A run of pixels of one line: what one worker processes at a time, and where its results go.
#[derive(Debug)]
pub(crate) struct Tile<'a, T> {
    /// Line within the band.
    pub(crate) line: usize,
    /// Pixels of the line.
    pub(crate) pixels: Range<usize>,
    pub(crate) planes: Planes<&'a mut [T], &'a mut [u32], &'a mut [u8]>,
}

impl<T> Tile<'_, T> {
    /// A row of which nothing is written.
    pub(crate) fn without_outputs(line: usize, width: usize) -> Self {
        let planes = Planes::new(&mut [][..], |_| &mut [][..], |_| &mut [][..], |_| &mut [][..]);
        Self { line, pixels: 0..width, planes }
    }

    /// Pixels of the tile.
    #[inline(always)]
    pub(crate) fn width(&self) -> usize {
        self.pixels.len()
    }
}

impl<T: Element> BandOutput<T> {
    /// Room for `rows` rows of `width` pixels.
    pub(crate) fn new(
        products: Products,
        frames: usize,
        rows: usize,
        width: usize,
        tile_width: usize,
    ) -> Self {
        let pixels = rows * width;
        // Every pixel is written. Zeros come from the system for nothing; a test would see a pixel that was forgotten.
        let unwritten = if cfg!(debug_assertions) { T::NAN } else { T::zero() };
        let planes = Planes::new(
            vec![unwritten; pixels],
            |product| if products.contains(product) { vec![unwritten; pixels] } else { Vec::new() },
            |product| if products.contains(product) { vec![0; pixels] } else { Vec::new() },
            |product| if products.contains(product) { vec![0; pixels * frames] } else { Vec::new() },
        );
        Self { rows: 0..rows, width, frames, tile_width, line_width: width, planes }
    }

    /// The rows of the output image that this band holds.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Moves on to `rows`, of which there are not more than before.
    pub(crate) fn move_to(&mut self, rows: Range<usize>) {
        let pixels = rows.len() * self.width;
        self.planes.all_values_mut().for_each(|plane| plane.truncate(pixels));
        self.planes.all_counts_mut().for_each(|plane| plane.truncate(pixels));
        self.planes.all_cubes_mut().for_each(|cube| cube.truncate(pixels * self.frames));
        self.rows = rows;
    }

    /// Copies row `row` of the band (0-based within it) of the plane of `frame` in a cube to `out`.
    ///
    /// # Panics
    /// If the cube was not asked for, or `out` is not `width` long.
    pub fn cube_row(&self, cube: CubeProduct, frame: usize, row: usize, out: &mut [u8]) {
        let cube = self.planes.cube(cube);
        let line_start = row * self.width / self.line_width * self.line_width;
        let mut x = row * self.width - line_start;
        let mut rest = out;
        while !rest.is_empty() {
            let tile_start = x / self.tile_width * self.tile_width;
            let tile = self.tile_width.min(self.line_width - tile_start);
            let (part, after) = rest.split_at_mut(rest.len().min(tile_start + tile - x));
            let start = (line_start + tile_start) * self.frames + frame * tile + (x - tile_start);
            part.copy_from_slice(&cube[start..start + part.len()]);
            x += part.len();
            rest = after;
        }
    }

    /// The tiles of the band, each with its own piece of every output. Tiles are cut from lines of `line_width` pixels.
    pub(crate) fn tiles(&mut self, line_width: usize) -> Vec<Tile<'_, T>> {
        self.line_width = line_width;
        let (tile_width, frames) = (self.tile_width, self.frames);
        let lines = self.rows.len() * self.width / self.line_width;
        let mut rest = self.planes.rest();
        let mut tiles = Vec::with_capacity(lines * self.line_width.div_ceil(tile_width));
        for line in 0..lines {
            for x in (0..self.line_width).step_by(tile_width) {
                let pixels = x..(x + tile_width).min(self.line_width);
                tiles.push(Tile { line, planes: rest.cut(pixels.len(), frames), pixels });
            }
        }
        tiles
    }
}

type Rest<'a, T> = Planes<&'a mut [T], &'a mut [u32], &'a mut [u8]>;

impl<T> Planes<Vec<T>, Vec<u32>, Vec<u8>> {
    /// All of it as slices.
    fn rest(&mut self) -> Rest<'_, T> {
        self.as_mut().map(Vec::as_mut_slice, Vec::as_mut_slice, Vec::as_mut_slice)
    }
}

impl<'a, T> Rest<'a, T> {
    /// Takes `pixels` pixels off the front.
    fn cut(&mut self, pixels: usize, frames: usize) -> Self {
        self.as_mut().map(
            |rest| cut(rest, pixels),
            |rest| cut(rest, pixels),
            |rest| cut(rest, pixels * frames),
        )
    }
}

/// Takes `count` elements off the front, or nothing where the output was not asked for.
fn cut<'a, E>(rest: &mut &'a mut [E], count: usize) -> &'a mut [E] {
    let whole = std::mem::take(rest);
    let count = count.min(whole.len());
    let (front, back) = whole.split_at_mut(count);
    *rest = back;
    front
}
