//! A sink that keeps the whole result in memory.

use skystack_simd::Element;

use crate::{BandOutput, BoxError, Products, RowSink};

/// All outputs, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySink<T> {
    width: usize,
    height: usize,
    frames: usize,
    /// Combined values, height x width.
    pub image: Vec<T>,
    /// Scatter, likewise; empty if it was not asked for.
    pub sigma: Vec<T>,
    /// Rejected samples, likewise.
    pub nrej: Vec<u32>,
    /// Used samples, likewise.
    pub count: Vec<u32>,
    /// Rejection masks, frames x height x width.
    pub rejmask: Vec<u8>,
}

impl<T: Element> MemorySink<T> {
    /// An empty sink for the outputs `products`.
    pub fn new(products: &Products, frames: usize, height: usize, width: usize) -> Self {
        let pixels = height * width;
        let masks = if products.rejmask { pixels * frames } else { 0 };
        Self {
            width,
            height,
            frames,
            image: Vec::with_capacity(pixels),
            sigma: Vec::with_capacity(if products.sigma { pixels } else { 0 }),
            nrej: Vec::with_capacity(if products.nrej { pixels } else { 0 }),
            count: Vec::with_capacity(if products.count { pixels } else { 0 }),
            rejmask: vec![0; masks],
        }
    }
}

impl<T: Element> RowSink<T> for MemorySink<T> {
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError> {
        self.image.extend_from_slice(&band.image);
        self.sigma.extend_from_slice(&band.sigma);
        self.nrej.extend_from_slice(&band.nrej);
        self.count.extend_from_slice(&band.count);
        if self.rejmask.is_empty() {
            return Ok(());
        }
        for frame in 0..self.frames {
            for (row, y) in band.rows().enumerate() {
                let start = (frame * self.height + y) * self.width;
                band.rejmask_row(frame, row, &mut self.rejmask[start..start + self.width]);
            }
        }
        Ok(())
    }
}
