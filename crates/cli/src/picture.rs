//! Pictures: asinh stretch, text, PNG.

use ndarray::ArrayView2;

use crate::failure::Failure;
use crate::font;

/// A colour.
pub(crate) type Rgb = [u8; 3];

/// Colour of a missing value: no shade of grey.
const MISSING: Rgb = [96, 0, 64];

/// Maps values to grey: asinh((v − black)/soft) from black to white. Linear within the noise, logarithmic above: faint
/// and bright show at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// Value that is black.
    pub(crate) black: f64,
    /// Value that is white.
    pub(crate) white: f64,
    /// Value above black where the curve turns from linear to logarithmic.
    pub(crate) soft: f64,
}

impl Stretch {
    /// For an image of sky with stars: black 1.5 noise below the median, white at the 99.95th percentile or 20 noise
    /// above the median, whichever is more. Noise is 1.4826 MAD.
    pub(crate) fn of(image: ArrayView2<'_, f32>) -> Self {
        // Enough pixels for a percentile, few enough to sort in a blink.
        let step = (image.len() / 400_000).max(1);
        let mut values: Vec<f32> = image.iter().copied().step_by(step).filter(|v| v.is_finite()).collect();
        if values.is_empty() {
            return Self { black: 0.0, white: 1.0, soft: 1.0 };
        }
        values.sort_unstable_by(f32::total_cmp);
        let rank = |part: f64| f64::from(values[(part * (values.len() - 1) as f64) as usize]);
        let (median, high) = (rank(0.5), rank(0.9995));
        let mut deviations: Vec<f64> = values.iter().map(|&v| (f64::from(v) - median).abs()).collect();
        deviations.sort_unstable_by(f64::total_cmp);
        let noise = 1.4826 * deviations[deviations.len() / 2];
        // An image of few different values has no noise to measure.
        let range = rank(1.0) - rank(0.0);
        let noise =
            [noise, range / 20.0, median.abs() / 20.0].into_iter().find(|&width| width > 0.0).unwrap_or(1.0);
        Self { black: median - 1.5 * noise, white: high.max(median + 20.0 * noise), soft: 2.0 * noise }
    }

    /// Grey from 0 to 255.
    pub(crate) fn grey(&self, value: f32) -> u8 {
        let curve = |v: f64| (v / self.soft).asinh();
        let shade = curve(f64::from(value) - self.black) / curve(self.white - self.black);
        // NaN becomes 0; the caller has dealt with missing values.
        (255.0 * shade).round().clamp(0.0, 255.0) as u8
    }
}

/// A picture in memory, rows from the top.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A black picture.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0; 3]; width * height] }
    }

    /// Fills everything with one colour.
    pub(crate) fn fill(&mut self, colour: Rgb) {
        self.pixels.fill(colour);
    }

    fn dot(&mut self, x: usize, y: usize, colour: Rgb) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// Paints an image with its upper left corner at (left, top), each pixel as a square of `zoom`. The first row of a
    /// FITS image is at the bottom.
    pub(crate) fn image(
        &mut self,
        left: usize,
        top: usize,
        zoom: usize,
        image: ArrayView2<'_, f32>,
        stretch: &Stretch,
    ) {
        let rows = image.nrows();
        for ((row, column), &value) in image.indexed_iter() {
            let colour = if value.is_finite() { [stretch.grey(value); 3] } else { MISSING };
            let (x, y) = (left + column * zoom, top + (rows - 1 - row) * zoom);
            for (dy, dx) in (0..zoom).flat_map(|dy| (0..zoom).map(move |dx| (dy, dx))) {
                self.dot(x + dx, y + dy, colour);
            }
        }
    }

    /// Reddens each pixel of an image painted at (left, top) by how many samples it lost, up to the most of any.
    pub(crate) fn tint(&mut self, left: usize, top: usize, lost: ArrayView2<'_, f32>) {
        let most = lost.iter().copied().fold(1.0, f32::max);
        let rows = lost.nrows();
        for ((row, column), &count) in lost.indexed_iter().filter(|(_, count)| **count > 0.0) {
            let (x, y) = (left + column, top + rows - 1 - row);
            if x < self.width && y < self.height {
                let [_, green, blue] = self.pixels[y * self.width + x];
                let red = 159.0 + 96.0 * count / most;
                self.pixels[y * self.width + x] = [red as u8, green / 3, blue / 3];
            }
        }
    }

    /// Writes text, the upper left corner of its first letter at (left, top), each dot as a square of `size`.
    pub(crate) fn text(&mut self, left: usize, top: usize, size: usize, text: &str, colour: Rgb) {
        for (position, c) in text.chars().enumerate() {
            for (column, bits) in font::glyph(c).into_iter().enumerate() {
                for row in (0..8).filter(|row| bits >> row & 1 == 1) {
                    let (x, y) = (left + (position * font::ADVANCE + column) * size, top + row * size);
                    for (dy, dx) in (0..size).flat_map(|dy| (0..size).map(move |dx| (dy, dx))) {
                        self.dot(x + dx, y + dy, colour);
                    }
                }
            }
        }
    }

    /// The picture as a PNG file: 8-bit grey where it has no colour, RGB otherwise.
    pub(crate) fn png(&self) -> Result<Vec<u8>, Failure> {
        let cannot = |error: png::EncodingError| Failure::run(format!("cannot make the picture: {error}"));
        let side = |length: usize| {
            u32::try_from(length)
                .map_err(|_| Failure::run(format!("a side of {length} pixels is too long for PNG")))
        };
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(self.width)?, side(self.height)?);
        let grey = self.pixels.iter().all(|[r, g, b]| r == g && g == b);
        encoder.set_color(if grey { png::ColorType::Grayscale } else { png::ColorType::Rgb });
        encoder.set_depth(png::BitDepth::Eight);
        let data: Vec<u8> = match grey {
            true => self.pixels.iter().map(|pixel| pixel[0]).collect(),
            false => self.pixels.as_flattened().to_vec(),
        };
        let mut writer = encoder.write_header().map_err(cannot)?;
        writer.write_image_data(&data).map_err(cannot)?;
        writer.finish().map_err(cannot)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn decoded(bytes: &[u8]) -> (u32, u32, png::ColorType, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        (info.width, info.height, info.color_type, data)
    }

    #[test]
    fn the_first_row_of_an_image_is_at_the_bottom_of_the_picture() {
        let image = Array2::from_shape_vec((2, 2), vec![0.0, 1.0, 2.0, 1e9]).unwrap();
        let stretch = Stretch { black: 0.0, white: 2.0, soft: 1.0 };
        let mut canvas = Canvas::new(2, 2);
        canvas.image(0, 0, 1, image.view(), &stretch);
        let middle = (255.0 * 1f64.asinh() / 2f64.asinh()).round() as u8;
        assert_eq!(
            decoded(&canvas.png().unwrap()),
            (2, 2, png::ColorType::Grayscale, vec![255, 255, 0, middle])
        );
    }

    #[test]
    fn a_missing_value_is_no_grey() {
        let mut canvas = Canvas::new(1, 1);
        let nan = Array2::from_elem((1, 1), f32::NAN);
        canvas.image(0, 0, 1, nan.view(), &Stretch { black: 0.0, white: 1.0, soft: 1.0 });
        assert_eq!(decoded(&canvas.png().unwrap()), (1, 1, png::ColorType::Rgb, MISSING.to_vec()));
    }

    #[test]
    fn zoomed_images_and_text_stay_inside_the_canvas() {
        let mut canvas = Canvas::new(5, 4);
        canvas.image(2, 1, 3, Array2::zeros((3, 3)).view(), &Stretch { black: -1.0, white: 1.0, soft: 1.0 });
        canvas.text(3, 2, 2, "Wide text that leaves the picture", [255; 3]);
        assert_eq!(decoded(&canvas.png().unwrap()).3.len(), 20);
    }

    #[test]
    fn any_image_has_a_stretch() {
        for values in
            [vec![f32::NAN; 4], vec![7.0; 4], vec![0.0, 0.0, 0.0, 5.0], vec![f32::INFINITY, 1.0, 2.0, 3.0]]
        {
            let stretch = Stretch::of(Array2::from_shape_vec((2, 2), values.clone()).unwrap().view());
            assert!(stretch.white > stretch.black && stretch.soft > 0.0, "{values:?}: {stretch:?}");
        }
    }
}
