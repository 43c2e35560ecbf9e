//! Output files: their names, and the sink that fills them.

use std::path::{Path, PathBuf};

use skystack_combine::{
    BandOutput, BoxError, CountProduct, CubeProduct, Product, Products, RowSink, ValueProduct,
};
use skystack_fits::{
    Bitpix, FitsError, FitsWriter, Header, ImageSpec, PlainFile, Stored, Table, WriterOptions, publish_all,
    same_file,
};
use skystack_simd::Element;

use crate::warning::{Levels, LowLevel};
use crate::{Error, ErrorKind};

/// Where the combined image and further images go.
///
/// ```
/// use skystack::{CountProduct, OutputFiles};
/// let outputs = OutputFiles::new("out.fits").count("n.fits").overwrite(true);
/// assert_eq!(outputs.further, [(CountProduct::Count.into(), Some("n.fits".into()))]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OutputFiles {
    /// The combined image.
    pub image: PathBuf,
    /// Further images, each with its file; `None`: an extension of the image.
    pub further: Vec<(Product, Option<PathBuf>)>,
    /// Type of the image; `None`: as the computation. [`Bitpix::F64`] makes the computation f64 too, whatever the inputs
    /// (IRAF `outtype=double`); [`Bitpix::F32`] rounds an f64 result once, integers round half to even and saturate. Further
    /// images of values are f32 or f64.
    pub bitpix: Option<Bitpix>,
    /// Replace existing files; otherwise one is an error before any work.
    pub overwrite: bool,
    /// The report of the run, as JSON.
    #[cfg(feature = "json")]
    pub report: Option<PathBuf>,
}

macro_rules! product_setters {
    ($($(#[$doc:meta])* $name:ident $product:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name(self, path: impl Into<PathBuf>) -> Self {
            self.product($product, path)
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
        sigma ValueProduct::Sigma;
        /// Also the number of rejected samples.
        nrej CountProduct::Nrej;
        /// Also the number of used samples.
        count CountProduct::Count;
        /// Also a cube that says which samples are not used.
        rejmask CubeProduct::Rejmask;
    }

    /// Also this image, in a file of its own.
    pub fn product(mut self, product: impl Into<Product>, path: impl Into<PathBuf>) -> Self {
        self.further.push((product.into(), Some(path.into())));
        self
    }

    /// Also this image, as an extension of the combined one.
    pub fn extension(mut self, product: impl Into<Product>) -> Self {
        self.further.push((product.into(), None));
        self
    }

    /// Type of the image.
    pub fn bitpix(mut self, bitpix: Bitpix) -> Self {
        self.bitpix = Some(bitpix);
        self
    }

    /// Whether existing files are replaced.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Also the report of the run as JSON: it appears together with the images, or not at all.
    #[cfg(feature = "json")]
    pub fn report(mut self, path: impl Into<PathBuf>) -> Self {
        self.report = Some(path.into());
        self
    }

    /// Where the report goes, if it goes anywhere.
    pub(crate) fn report_path(&self) -> Option<&Path> {
        #[cfg(feature = "json")]
        return self.report.as_deref();
        #[cfg(not(feature = "json"))]
        None
    }

    pub(crate) fn products(&self) -> Products {
        self.further.iter().map(|(product, _)| *product).collect()
    }

    /// Bytes that a band holds for one output pixel: the products, and the piece of one that is converted on its way.
    pub(crate) fn bytes_per_pixel(&self, frames: usize, element_bytes: usize) -> usize {
        self.products().bytes_per_pixel(frames, element_bytes) + size_of::<f32>()
    }

    /// Those of images.
    pub(crate) fn images(&self) -> impl Iterator<Item = &Path> {
        let further = self.further.iter().filter_map(|(_, path)| path.as_deref());
        std::iter::once(self.image.as_path()).chain(further)
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.images().chain(self.report_path())
    }

    /// No output is an input, and no two outputs are one file.
    pub(crate) fn check<'a>(&self, inputs: impl Iterator<Item = &'a Path> + Clone) -> Result<(), Error> {
        for (i, (product, _)) in self.further.iter().enumerate() {
            if self.further[..i].iter().any(|(other, _)| other == product) {
                let message = format!("output {} is asked for twice, needed once", product.name());
                return Err(Error::new(ErrorKind::Parameter, message));
            }
        }
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
    storage: Storage,
    frames: usize,
    width: usize,
    /// The combined image and its extensions.
    main: FitsWriter,
    extensions: Vec<Product>,
    others: Vec<(Product, FitsWriter)>,
    report: Option<PlainFile>,
    /// Of samples.
    pub(crate) bytes: u64,
    low: LowLevel,
    pub(crate) levels: Levels,
}

/// How the samples of outputs are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storage {
    /// Of the image.
    pub(crate) bitpix: Bitpix,
    /// Of further images of values.
    pub(crate) floats: Bitpix,
    /// What an integer image has where the computation has NaN.
    pub(crate) blank: Option<i64>,
}

/// A place for one image: a writer, and which of its images.
type Place<'a> = (&'a mut FitsWriter, usize);

impl FileSink {
    /// Creates every output.
    pub(crate) fn create(
        outputs: &OutputFiles,
        storage: Storage,
        frames: usize,
        (height, width): (usize, usize),
        low: LowLevel,
    ) -> Result<Self, FitsError> {
        let plane = vec![width as u64, height as u64];
        let spec = |product: Product| {
            let axes = match product {
                Product::CubeProduct(_) => vec![width as u64, height as u64, frames as u64],
                _ => plane.clone(),
            };
            ImageSpec { bitpix: bitpix_of(product, storage.floats, frames), axes, header: Header::new() }
        };
        let image = ImageSpec { bitpix: storage.bitpix, axes: plane.clone(), header: Header::new() };
        let extensions =
            outputs.further.iter().filter(|(_, path)| path.is_none()).map(|(product, _)| *product);
        let extensions: Vec<Product> = extensions.collect();
        let specs: Vec<ImageSpec> =
            std::iter::once(image).chain(extensions.iter().map(|p| spec(*p))).collect();
        let options = WriterOptions { overwrite: outputs.overwrite, ..WriterOptions::default() };
        let main = FitsWriter::create_with(&outputs.image, &specs, &options)?;
        let mut others = Vec::new();
        for (product, path) in &outputs.further {
            if let Some(path) = path {
                others.push((*product, FitsWriter::create(path, &spec(*product), outputs.overwrite)?));
            }
        }
        let report =
            outputs.report_path().map(|path| PlainFile::create(path, outputs.overwrite)).transpose()?;
        let size = |spec: &ImageSpec| spec.bitpix.bytes() as u64 * spec.axes.iter().product::<u64>();
        let alone = outputs.further.iter().filter(|(_, path)| path.is_some());
        let bytes = specs.iter().map(size).sum::<u64>()
            + alone.map(|(product, _)| size(&spec(*product))).sum::<u64>();
        let levels = Levels::default();
        Ok(Self { storage, frames, width, main, extensions, others, report, bytes, low, levels })
    }

    /// Completes every output, then gives all of them their names: `header` makes the header of a product, the image is none;
    /// `table` goes behind the image; `report` has the last word, when everything but itself is done.
    ///
    /// Everything that needs space on a disk is done before the first name appears, so a failed run leaves neither some of
    /// its outputs nor a damaged old one.
    pub(crate) fn finish(
        mut self,
        header: impl Fn(Option<Product>) -> Result<Header, Error>,
        table: Option<Table>,
        report: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), Error> {
        let mut prepared = Vec::new();
        for (product, writer) in self.others {
            prepared.push(writer.prepare(header(Some(product))?)?);
        }
        table.into_iter().for_each(|table| self.main.add_table(table));
        // Last: once the image is there, everything is.
        let headers = std::iter::once(header(None)).chain(self.extensions.iter().map(|p| header(Some(*p))));
        let main = self.main.prepare_all(headers.collect::<Result<_, _>>()?)?;
        if let Some(file) = self.report {
            prepared.push(file.prepare(&report())?);
        }
        prepared.push(main);
        Ok(publish_all(prepared)?)
    }

    fn place(&mut self, product: Product) -> Option<Place<'_>> {
        if let Some(index) = self.extensions.iter().position(|extension| *extension == product) {
            return Some((&mut self.main, index + 1));
        }
        self.others.iter_mut().find(|(other, _)| *other == product).map(|(_, writer)| (writer, 0))
    }

    /// Values of the computation in the type of the image (G1: rounded once).
    fn write_image<T: Element + Stored>(&mut self, row: usize, values: &[T]) -> Result<(), FitsError> {
        let (writer, Storage { bitpix, blank, .. }) = (&mut self.main, self.storage);
        if T::BITPIX == bitpix {
            return writer.write_rows(0, row, values);
        }
        match bitpix {
            Bitpix::I16 => writer.write_rows(0, row, &rounded(values, blank, |v| v as i16)),
            Bitpix::I32 => writer.write_rows(0, row, &rounded(values, blank, |v| v as i32)),
            _ => writer.write_rows(0, row, &narrowed(values)),
        }
    }

    fn write_counts(
        (writer, image): Place<'_>,
        bitpix: Bitpix,
        row: usize,
        counts: &[u32],
    ) -> Result<(), FitsError> {
        match bitpix {
            Bitpix::U8 => {
                let narrow: Vec<u8> = counts.iter().map(|count| *count as u8).collect();
                writer.write_rows_of(image, 0, row, &narrow)
            }
            Bitpix::I16 => {
                let narrow: Vec<u16> = counts.iter().map(|count| *count as u16).collect();
                writer.write_rows_of(image, 0, row, &narrow)
            }
            _ => writer.write_rows_of(image, 0, row, counts),
        }
    }

    fn write_cube<T: Element>(
        &mut self,
        product: CubeProduct,
        band: &BandOutput<T>,
    ) -> Result<(), FitsError> {
        let (frames, width) = (self.frames, self.width);
        let Some((writer, image)) = self.place(product.into()) else { return Ok(()) };
        let mut plane = vec![0; band.rows().len() * width];
        for frame in 0..frames {
            for (row, out) in plane.chunks_exact_mut(width).enumerate() {
                band.cube_row(product, frame, row, out);
            }
            writer.write_rows_of(image, frame, band.rows().start, &plane)?;
        }
        Ok(())
    }
}

/// How the samples of a further image are stored.
fn bitpix_of(product: Product, floats: Bitpix, frames: usize) -> Bitpix {
    match product {
        Product::ValueProduct(ValueProduct::Exposure) => Bitpix::F32,
        Product::ValueProduct(_) => floats,
        Product::CountProduct(CountProduct::Bpm) | Product::CubeProduct(_) => Bitpix::U8,
        Product::CountProduct(CountProduct::Dq) => Bitpix::I32,
        // Unsigned 16-bit where N allows it: half the size, read everywhere.
        Product::CountProduct(_) if frames <= usize::from(u16::MAX) => Bitpix::I16,
        _ => Bitpix::I32,
    }
}

fn narrowed<T: Element>(values: &[T]) -> Vec<f32> {
    values.iter().map(|value| f32::narrow(value.widen())).collect()
}

/// Integers: half to even, saturated. NaN is `blank`, the least number of the type, and values stop above it.
fn rounded<T: Element, I>(values: &[T], blank: Option<i64>, saturated: impl Fn(f64) -> I) -> Vec<I> {
    let one = |value: &T| {
        let value = value.widen();
        match blank {
            Some(blank) if value.is_nan() => saturated(blank as f64),
            Some(blank) => saturated(value.round_ties_even().max(blank as f64 + 1.0)),
            None => saturated(value.round_ties_even()),
        }
    };
    values.iter().map(one).collect()
}

impl<T: Element + Stored> RowSink<T> for FileSink {
    fn write(&mut self, band: &BandOutput<T>) -> Result<(), BoxError> {
        let row = band.rows().start;
        self.low.count(&mut self.levels, &band.planes.image);
        self.write_image(row, &band.planes.image)?;
        let (frames, floats) = (self.frames, self.storage.floats);
        for product in ValueProduct::ALL {
            let values = band.planes.values(*product);
            if let Some((writer, image)) = self.place((*product).into()) {
                if bitpix_of((*product).into(), floats, frames) != T::BITPIX {
                    writer.write_rows_of(image, 0, row, &narrowed(values))?;
                } else {
                    writer.write_rows_of(image, 0, row, values)?;
                }
            }
        }
        for product in CountProduct::ALL {
            let bitpix = bitpix_of((*product).into(), Bitpix::F32, frames);
            if let Some(place) = self.place((*product).into()) {
                Self::write_counts(place, bitpix, row, band.planes.counts(*product))?;
            }
        }
        for product in CubeProduct::ALL {
            self.write_cube(*product, band)?;
        }
        Ok(())
    }
}
