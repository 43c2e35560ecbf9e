//! Output files: their names, and the sink that fills them.

use std::path::{Path, PathBuf};

use skystack_combine::{BandOutput, BoxError, Products, RowSink};
use skystack_fits::{Bitpix, FitsError, FitsWriter, Header, ImageSpec, Stored, publish_all, same_file};
use skystack_simd::Element;

use crate::{Error, ErrorKind};

/// Where the combined image and further images go.
///
/// ```
/// use skystack::OutputFiles;
/// let outputs = OutputFiles::new("out.fits").count("n.fits").overwrite(true);
/// assert_eq!(outputs, OutputFiles { overwrite: true, count: Some("n.fits".into()), ..OutputFiles::from("out.fits") });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputFiles {
    /// The combined image.
    pub image: PathBuf,
    /// Scatter of the used samples.
    pub sigma: Option<PathBuf>,
    /// Number of rejected samples, as unsigned integers.
    pub nrej: Option<PathBuf>,
    /// Number of used samples, likewise.
    pub count: Option<PathBuf>,
    /// One plane a frame, 1 where its sample is not used.
    pub rejmask: Option<PathBuf>,
    /// Type of the image and of sigma; `None`: as the computation. [`Bitpix::F64`] makes the computation f64 too, whatever
    /// the inputs (IRAF `outtype=double`); [`Bitpix::F32`] rounds an f64 result once.
    pub bitpix: Option<Bitpix>,
    /// Replace existing files; otherwise one is an error before any work.
    pub overwrite: bool,
}

macro_rules! product_setters {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name(mut self, path: impl Into<PathBuf>) -> Self {
            self.$name = Some(path.into());
            self
        }
    )* };
}

impl OutputFiles {
    /// Only the combined image.
    pub fn new(image: impl Into<PathBuf>) -> Self {
        Self { image: image.into(), ..Self::default() }
    }

    product_setters! {
        /// Also the scatter of the used samples.
        sigma
        /// Also the number of rejected samples.
        nrej
        /// Also the number of used samples.
        count
        /// Also a cube that says which samples are not used.
        rejmask
    }

    /// Type of the image and of sigma.
    pub fn bitpix(mut self, bitpix: Bitpix) -> Self {
        self.bitpix = Some(bitpix);
        self
    }

    /// Whether existing files are replaced.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    pub(crate) const fn products(&self) -> Products {
        Products {
            sigma: self.sigma.is_some(),
            nrej: self.nrej.is_some(),
            count: self.count.is_some(),
            rejmask: self.rejmask.is_some(),
        }
    }

    /// Bytes that a band holds for one output pixel: the products, and the piece of one that is converted on its way.
    pub(crate) const fn bytes_per_pixel(&self, frames: usize, element_bytes: usize) -> usize {
        self.products().bytes_per_pixel(frames, element_bytes) + size_of::<f32>()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let further = [&self.sigma, &self.nrej, &self.count, &self.rejmask];
        std::iter::once(self.image.as_path()).chain(further.into_iter().flatten().map(PathBuf::as_path))
    }

    /// No output is an input, and no two outputs are one file.
    pub(crate) fn check<'a>(&self, inputs: impl Iterator<Item = &'a Path> + Clone) -> Result<(), Error> {
        for (i, path) in self.paths().enumerate() {
            if let Some(input) = inputs.clone().find(|input| same_file(input, path)) {
                let message =
                    format!("output {} is the input {}, needed another file", show(path), show(input));
                return Err(Error::new(ErrorKind::Parameter, message));
            }
            if self.paths().take(i).any(|other| other == path || same_file(other, path)) {
                let message = format!("output {} is named twice, needed one file for each image", show(path));
                return Err(Error::new(ErrorKind::Parameter, message));
            }
        }
        Ok(())
    }
}

fn show(path: &Path) -> std::path::Display<'_> {
    path.display()
}

impl<P: AsRef<Path>> From<P> for OutputFiles {
    fn from(image: P) -> Self {
        Self::new(image.as_ref())
    }
}

/// Writers of all outputs: temporary files until [`FileSink::finish`].
pub(crate) struct FileSink {
    floats: Bitpix,
    frames: usize,
    width: usize,
    image: FitsWriter,
    sigma: Option<FitsWriter>,
    nrej: Option<FitsWriter>,
    count: Option<FitsWriter>,
    rejmask: Option<FitsWriter>,
}

impl FileSink {
    /// Creates every output. `floats` is the type of image and sigma.
    pub(crate) fn create(
        outputs: &OutputFiles,
        floats: Bitpix,
        frames: usize,
        (height, width): (usize, usize),
    ) -> Result<Self, FitsError> {
        let axes = vec![width as u64, height as u64];
        let cube = vec![width as u64, height as u64, frames as u64];
        // Counts are unsigned 16-bit where N allows it: half the size, read everywhere.
        let counts = if frames <= usize::from(u16::MAX) { Bitpix::I16 } else { Bitpix::I32 };
        let create = |path: &Path, bitpix, axes: &[u64]| {
            let spec = ImageSpec { bitpix, axes: axes.to_vec(), header: Header::new() };
            FitsWriter::create(path, &spec, outputs.overwrite)
        };
        let further = |path: &Option<PathBuf>, bitpix, axes| {
            path.as_deref().map(|path| create(path, bitpix, axes)).transpose()
        };
        Ok(Self {
            floats,
            frames,
            width,
            image: create(&outputs.image, floats, &axes)?,
            sigma: further(&outputs.sigma, floats, &axes)?,
            nrej: further(&outputs.nrej, counts, &axes)?,
            count: further(&outputs.count, counts, &axes)?,
            rejmask: further(&outputs.rejmask, Bitpix::U8, &cube)?,
        })
    }

    /// Completes every output, then gives all of them their names: `header` makes the header of a product from its name.
    ///
    /// Everything that needs space on a disk is done before the first name appears, so a failed run leaves neither some of
    /// its outputs nor a damaged old one.
    pub(crate) fn finish(self, header: impl Fn(&str) -> Header) -> Result<(), FitsError> {
        let products = [
            (self.sigma, "SIGMA"),
            (self.nrej, "NREJ"),
            (self.count, "COUNT"),
            (self.rejmask, "REJMASK"),
            // Last: once the image is there, everything is.
            (Some(self.image), "IMAGE"),
        ];
        let prepare = |(writer, name): (Option<FitsWriter>, &str)| Some(writer?.prepare(header(name)));
        publish_all(products.into_iter().filter_map(prepare).collect::<Result<_, _>>()?)
    }

    /// Values of the computation in the type of the file: of another type only where f64 becomes f32 (G1: rounded once).
    fn write_values<T: Element + Stored>(
        writer: &mut FitsWriter,
        floats: Bitpix,
        row: usize,
        values: &[T],
    ) -> Result<(), FitsError> {
        if T::BITPIX == floats {
            return writer.write_rows(0, row, values);
        }
        let narrow: Vec<f32> = values.iter().map(|value| f32::narrow(value.widen())).collect();
        writer.write_rows(0, row, &narrow)
    }

    fn write_counts(
        writer: &mut FitsWriter,
        frames: usize,
        row: usize,
        counts: &[u32],
    ) -> Result<(), FitsError> {
        if frames > usize::from(u16::MAX) {
            return writer.write_rows(0, row, counts);
        }
        let narrow: Vec<u16> = counts.iter().map(|count| *count as u16).collect();
        writer.write_rows(0, row, &narrow)
    }

    fn write_masks<T: Element>(&mut self, band: &BandOutput<T>) -> Result<(), FitsError> {
        let Some(writer) = &mut self.rejmask else { return Ok(()) };
        let mut plane = vec![0; band.rows().len() * self.width];
        for frame in 0..self.frames {
            for (row, out) in plane.chunks_exact_mut(self.width).enumerate() {
                band.rejmask_row(frame, row, out);
            }
            writer.write_rows(frame, band.rows().start, &plane)?;
        }
        Ok(())
    }
}

impl<T: Element + Stored> RowSink<T> for FileSink {
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError> {
        let row = band.rows().start;
        Self::write_values(&mut self.image, self.floats, row, &band.image)?;
        if let Some(writer) = &mut self.sigma {
            Self::write_values(writer, self.floats, row, &band.sigma)?;
        }
        if let Some(writer) = &mut self.nrej {
            Self::write_counts(writer, self.frames, row, &band.nrej)?;
        }
        if let Some(writer) = &mut self.count {
            Self::write_counts(writer, self.frames, row, &band.count)?;
        }
        Ok(self.write_masks(band)?)
    }
}
