//! A sink that keeps the whole result in memory.

use skystack_simd::Element;

use crate::{BandOutput, BoxError, CountProduct, CubeProduct, Planes, Products, RowSink, ValueProduct};

/// All outputs, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySink<T> {
    width: usize,
    height: usize,
    frames: usize,
    /// The image and further images, height x width; cubes, frames x height x width. Empty what was not asked for.
    pub planes: Planes<Vec<T>, Vec<u32>, Vec<u8>>,
}

impl<T: Element> MemorySink<T> {
    /// An empty sink for the outputs `products`.
    pub fn new(products: &Products, frames: usize, height: usize, width: usize) -> Self {
        let samples = frames * height * width;
        let cube = |product| if products.contains(product) { vec![0; samples] } else { Vec::new() };
        let planes =
            Planes::new(Vec::new(), |_| Vec::new(), |_| Vec::new(), |product: CubeProduct| cube(product));
        Self { width, height, frames, planes }
    }

    /// The combined image.
    pub fn image(&self) -> &[T] {
        &self.planes.image
    }

    /// A further image; empty if it was not asked for.
    pub fn values(&self, product: ValueProduct) -> &[T] {
        self.planes.values(product)
    }

    /// An image of whole numbers, likewise.
    pub fn counts(&self, product: CountProduct) -> &[u32] {
        self.planes.counts(product)
    }

    /// A cube, frames x height x width, likewise.
    pub fn cube(&self, product: CubeProduct) -> &[u8] {
        self.planes.cube(product)
    }

    fn write_cubes(&mut self, band: &BandOutput<T>) {
        for product in CubeProduct::ALL {
            let cube = self.planes.cube_mut(*product);
            if cube.is_empty() {
                continue;
            }
            for frame in 0..self.frames {
                for (row, y) in band.rows().enumerate() {
                    let start = (frame * self.height + y) * self.width;
                    band.cube_row(*product, frame, row, &mut cube[start..start + self.width]);
                }
            }
        }
    }
}

impl<T: Element> RowSink<T> for MemorySink<T> {
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError> {
        let pixels = self.height * self.width;
        append(&mut self.planes.image, &band.planes.image, pixels);
        for product in ValueProduct::ALL {
            append(self.planes.values_mut(*product), band.planes.values(*product), pixels);
        }
        for product in CountProduct::ALL {
            append(self.planes.counts_mut(*product), band.planes.counts(*product), pixels);
        }
        self.write_cubes(band);
        Ok(())
    }

    /// A band that is the whole image is kept as it is.
    fn write_last(&mut self, mut band: BandOutput<T>) -> Result<(), BoxError> {
        if band.rows() != (0..self.height) {
            return self.write(&band);
        }
        self.write_cubes(&band);
        for product in CubeProduct::ALL {
            std::mem::swap(self.planes.cube_mut(*product), band.planes.cube_mut(*product));
        }
        self.planes = band.planes;
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
