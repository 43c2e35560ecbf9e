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
        let masks = if products.rejmask { frames * height * width } else { 0 };
        Self {
            width,
            height,
            frames,
            image: Vec::new(),
            sigma: Vec::new(),
            nrej: Vec::new(),
            count: Vec::new(),
            rejmask: vec![0; masks],
        }
    }

    fn write_rejmask(&mut self, band: &BandOutput<T>) {
        if self.rejmask.is_empty() {
            return;
        }
        for frame in 0..self.frames {
            for (row, y) in band.rows().enumerate() {
                let start = (frame * self.height + y) * self.width;
                band.rejmask_row(frame, row, &mut self.rejmask[start..start + self.width]);
            }
        }
    }
}

impl<T: Element> RowSink<T> for MemorySink<T> {
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError> {
        let pixels = self.height * self.width;
        append(&mut self.image, &band.image, pixels);
        append(&mut self.sigma, &band.sigma, pixels);
        append(&mut self.nrej, &band.nrej, pixels);
        append(&mut self.count, &band.count, pixels);
        self.write_rejmask(band);
        Ok(())
    }

    /// A band that is the whole image is kept as it is.
    fn write_last(&mut self, band: BandOutput<T>) -> Result<(), BoxError> {
        if band.rows() != (0..self.height) {
            return self.write(&band);
        }
        self.write_rejmask(&band);
        (self.image, self.sigma, self.nrej, self.count) = (band.image, band.sigma, band.nrej, band.count);
        Ok(())
    }
}

/// Appends the rows of a band to an output of `pixels` pixels, if it was asked for.
fn append<E: Copy>(output: &mut Vec<E>, band: &[E], pixels: usize) {
    if output.is_empty() && !band.is_empty() {
        output.reserve_exact(pixels);
    }
    output.extend_from_slice(band);
}
