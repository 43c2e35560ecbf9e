//! Writing images: any rows in any order, headers last, all or nothing.
//!
//! The header of a result is known in full only after the last row (it records what was rejected), yet it comes
//! first in the file. So data are written behind a guess of the header's length, and moved once at the end if the
//! guess was wrong. The guess has to be right to 36 cards only, since headers come in blocks; the alternative, to
//! fill unused room with blank cards, would make the file depend on the guess: the bytes of an output are a
//! function of its headers and samples alone.

use std::path::Path;

use crate::bitpix::Bitpix;
use crate::encode::{Stored, types_of};
use crate::error::FitsError;
use crate::file::BLOCK;
use crate::header::{Card, Header};
use crate::layout::{self, RowSet, check_header, sample_count};
use crate::positioned::{read_at, write_all_at};
use crate::publish::PreparedFile;
use crate::table::Table;
use crate::target::Target;

/// Bytes encoded and written, or moved, by one call.
const PIECE_BYTES: usize = 256 << 10;

/// One image to write.
#[derive(Clone, Debug)]
pub struct ImageSpec {
    /// How samples are stored. For 16, 32 and 64 bits the type of the samples first written decides between signed
    /// and unsigned.
    pub bitpix: Bitpix,
    /// NAXIS1, NAXIS2 and so on; empty for an HDU without data.
    pub axes: Vec<u64>,
    /// The cards after the mandatory ones, usually [`Header::inherit`] and additions. It may be replaced at the end.
    pub header: Header,
}

/// How to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriterOptions {
    /// Replace an existing output, which keeps its permission bits (unix). Otherwise its existence is an error before any work.
    pub overwrite: bool,
    /// Cards by which each header is expected to grow until the end. A wrong guess costs one pass over the output.
    pub reserved_cards: usize,
}

/// Writes a FITS file of one or more images, row by row.
///
/// The file appears under its name, complete and flushed to disk, when [`FitsWriter::finish`] returns; until then
/// it is a temporary file in the same folder, which disappears if the writer is dropped.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Bitpix, FitsWriter, Header, ImageSpec};
///
/// let path = std::env::temp_dir().join(format!("skystack-doc-writer-{}.fits", std::process::id()));
/// let mut header = Header::new();
/// header.set("OBJECT", "M 31", "")?;
/// let spec = ImageSpec { bitpix: Bitpix::F32, axes: vec![2, 2], header: header.clone() };
/// let mut writer = FitsWriter::create(&path, &spec, false)?;
/// writer.write_rows(0, 1, &[3.0_f32, 4.0])?;
/// writer.write_rows(0, 0, &[1.0_f32, 2.0])?;
/// header.push_history("2 rows written");
/// writer.finish_with(header)?;
/// assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * 2880);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
#[derive(Debug)]
pub struct FitsWriter {
    target: Target,
    images: Vec<Slot>,
    /// Behind the images.
    tables: Vec<Table>,
    buffer: Vec<u8>,
}

/// One image of the file being written.
#[derive(Debug)]
struct Slot {
    bitpix: Bitpix,
    axes: Vec<u64>,
    header: Header,
    width: usize,
    height: usize,
    planes: usize,
    offset: u64,
    bytes: u64,
    /// Name and BZERO of the sample type, once the first rows have fixed it.
    sample: Option<(&'static str, Option<&'static str>)>,
    rows: RowSet,
}

impl FitsWriter {
    /// Most bytes that a writer holds beside its headers.
    pub const SCRATCH_BYTES: usize = PIECE_BYTES;

    /// Starts a file with one image.
    ///
    /// # Errors
    ///
    /// `Exists` if the output exists and `overwrite` is false; `Parameter` if the path is a folder or ends like one,
    /// a device or a link to nothing, if the axes are impossible, or if the header holds keywords that the writer sets (BITPIX,
    /// BZERO, CHECKSUM and the like; BLANK with floating samples); `Io` if the folder is missing or not writable.
    pub fn create(path: impl AsRef<Path>, spec: &ImageSpec, overwrite: bool) -> Result<Self, FitsError> {
        let options = WriterOptions { overwrite, reserved_cards: 0 };
        Self::create_with(path, std::slice::from_ref(spec), &options)
    }

    /// Starts a file with several images: the first is the primary HDU, the others are IMAGE extensions, which
    /// should have EXTNAME in their headers.
    ///
    /// # Errors
    ///
    /// As for [`FitsWriter::create`]; `Parameter` also for no image at all.
    pub fn create_with(
        path: impl AsRef<Path>,
        specs: &[ImageSpec],
        options: &WriterOptions,
    ) -> Result<Self, FitsError> {
        let path = path.as_ref();
        if specs.is_empty() {
            return Err(no_image(path, 0, 0));
        }
        let mut images = Vec::with_capacity(specs.len());
        let mut offset = 0;
        for (index, spec) in specs.iter().enumerate() {
            let slot = Slot::new(
                path,
                spec,
                offset,
                layout::mandatory_cards(spec.bitpix, &spec.axes, index, specs.len()),
                options,
            )?;
            offset = slot.end().ok_or_else(|| too_large(path, spec))?;
            images.push(slot);
        }
        let target = Target::create(path, options.overwrite)?;
        Ok(Self { target, images, tables: Vec::new(), buffer: Vec::new() })
    }

    /// Writes whole rows of the first image; see [`FitsWriter::write_rows_of`].
    ///
    /// # Errors
    ///
    /// As for [`FitsWriter::write_rows_of`].
    pub fn write_rows<S: Stored>(
        &mut self,
        plane: usize,
        first_row: usize,
        data: &[S],
    ) -> Result<(), FitsError> {
        self.write_rows_of(0, plane, first_row, data)
    }

    /// Writes whole rows of one plane of an image, in any order; rows written twice keep the later samples.
    ///
    /// # Shapes
    ///
    /// `data` is a whole number of rows of NAXIS1 samples, from row `first_row` (0 is the first of the file).
    ///
    /// # Errors
    ///
    /// `Parameter` for rows outside the image, part of a row, or samples of a type that does not fit BITPIX or
    /// differs from the one first written; `Io` if the disk is full.
    pub fn write_rows_of<S: Stored>(
        &mut self,
        image: usize,
        plane: usize,
        first_row: usize,
        data: &[S],
    ) -> Result<(), FitsError> {
        let path = self.target.path();
        let have = self.images.len();
        let slot = self.images.get_mut(image).ok_or_else(|| no_image(path, image, have))?;
        slot.fix_type::<S>(path)?;
        let rows = slot.check_rows(path, plane, first_row, data.len())?;
        let row = plane as u64 * slot.height as u64 + first_row as u64;
        let size = S::BITPIX.bytes();
        let mut offset = slot.offset + row * slot.width as u64 * size as u64;
        for data in data.chunks(PIECE_BYTES / size) {
            self.buffer.resize(data.len() * size, 0);
            S::encode(data, &mut self.buffer);
            write_all_at(self.target.file(), &self.buffer, offset).map_err(|e| self.target.io("write", e))?;
            offset += self.buffer.len() as u64;
        }
        slot.rows.insert(plane * slot.height + first_row, rows);
        Ok(())
    }

    /// Puts a table behind the images, and behind the tables before it.
    pub fn add_table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// Completes the file with the headers given at the start.
    ///
    /// # Errors
    ///
    /// As for [`FitsWriter::finish_with_all`].
    pub fn finish(self) -> Result<(), FitsError> {
        self.complete()?.publish()
    }

    /// Completes the file; `header` replaces the one given at the start for the first image.
    ///
    /// # Errors
    ///
    /// As for [`FitsWriter::finish_with_all`].
    pub fn finish_with(self, header: Header) -> Result<(), FitsError> {
        self.prepare(header)?.publish()
    }

    /// Completes the file; the headers replace those given at the start, one for each image.
    ///
    /// Writes headers and padding, flushes to disk, and gives the file its name. After an error the target is as
    /// it was and the temporary file is gone.
    ///
    /// # Errors
    ///
    /// Those of [`FitsWriter::prepare_all`] and [`PreparedFile::publish`].
    pub fn finish_with_all(self, headers: Vec<Header>) -> Result<(), FitsError> {
        self.prepare_all(headers)?.publish()
    }

    /// Completes the file except for its name; `header` replaces the one given at the start for the first image.
    ///
    /// # Errors
    ///
    /// As for [`FitsWriter::prepare_all`].
    pub fn prepare(mut self, header: Header) -> Result<PreparedFile, FitsError> {
        self.images[0].set_header(self.target.path(), header)?;
        self.complete()
    }

    /// Completes the file except for its name; the headers replace those given at the start, one for each image.
    ///
    /// Moves data where the guess of a header's length was wrong, writes headers and padding, and flushes to disk:
    /// what needs room on the disk happens here. A program with several outputs prepares all of them before it
    /// gives any its name, see [`publish_all`](crate::publish_all). After an error the temporary file is gone.
    ///
    /// # Errors
    ///
    /// `Parameter` if rows were never written, headers and images differ in number, or a header holds keywords of
    /// the writer; `Io`.
    pub fn prepare_all(mut self, headers: Vec<Header>) -> Result<PreparedFile, FitsError> {
        if headers.len() != self.images.len() {
            return Err(no_image(self.target.path(), headers.len(), self.images.len()));
        }
        for (slot, header) in self.images.iter_mut().zip(headers) {
            slot.set_header(self.target.path(), header)?;
        }
        self.complete()
    }

    fn complete(mut self) -> Result<PreparedFile, FitsError> {
        self.check_complete()?;
        let hdus = self.images.len() + self.tables.len();
        let headers: Vec<Vec<u8>> =
            self.images.iter().enumerate().map(|(i, slot)| slot.header_bytes(i, hdus)).collect();
        let mut at = 0;
        let mut offsets = Vec::with_capacity(headers.len());
        for (slot, header) in self.images.iter().zip(&headers) {
            let offset = at + header.len() as u64;
            offsets.push(offset);
            at = (offset + slot.bytes).next_multiple_of(BLOCK);
        }
        self.move_data(&offsets)?;
        self.write_around_data(&headers)?;
        for table in &self.tables {
            let bytes = table.bytes();
            self.write(&bytes, at)?;
            at += bytes.len() as u64;
        }
        // Data that were moved towards the start leave a tail behind.
        self.target.file().set_len(at).map_err(|e| self.target.io("set the size of", e))?;
        PreparedFile::new(self.target)
    }

    /// Headers and padding, once the data are in their places.
    fn write_around_data(&self, headers: &[Vec<u8>]) -> Result<(), FitsError> {
        for (slot, header) in self.images.iter().zip(headers) {
            let start = slot.offset - header.len() as u64;
            self.write(header, start)?;
            let end = slot.offset + slot.bytes;
            let padding = end.next_multiple_of(BLOCK) - end;
            // Written, not left to `set_len`: moved data may have been here.
            self.write(&[0; BLOCK as usize][..padding as usize], end)?;
        }
        Ok(())
    }

    fn check_complete(&self) -> Result<(), FitsError> {
        for (image, slot) in self.images.iter().enumerate() {
            if let Some(row) = slot.rows.first_missing() {
                return Err(FitsError::Incomplete {
                    path: self.target.path().to_owned(),
                    image,
                    plane: row / slot.height,
                    row: row % slot.height,
                });
            }
        }
        Ok(())
    }

    /// Moves the data of each image to its final offset.
    ///
    /// Images keep their order, so no move destroys another's source if those that move towards the end go last
    /// image first, and then those that move towards the start go first image first.
    fn move_data(&mut self, offsets: &[u64]) -> Result<(), FitsError> {
        for i in (0..offsets.len()).rev().filter(|&i| offsets[i] > self.images[i].offset).collect::<Vec<_>>()
        {
            self.move_image(i, offsets[i])?;
        }
        for i in (0..offsets.len()).filter(|&i| offsets[i] < self.images[i].offset).collect::<Vec<_>>() {
            self.move_image(i, offsets[i])?;
        }
        Ok(())
    }

    fn move_image(&mut self, image: usize, to: u64) -> Result<(), FitsError> {
        let (from, bytes) = (self.images[image].offset, self.images[image].bytes);
        let piece = PIECE_BYTES as u64;
        let pieces = bytes.div_ceil(piece);
        for i in 0..pieces {
            // Source and destination overlap: start at the end that the move leads away from.
            let start = if to > from { pieces - 1 - i } else { i } * piece;
            let len = piece.min(bytes - start) as usize;
            self.buffer.resize(len, 0);
            let n = read_at(self.target.file(), &mut self.buffer, from + start);
            match n {
                Ok(n) if n == len => {}
                Ok(_) => return Err(self.target.io("read back", std::io::ErrorKind::UnexpectedEof.into())),
                Err(e) => return Err(self.target.io("read back", e)),
            }
            self.write(&self.buffer, to + start)?;
        }
        self.images[image].offset = to;
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), FitsError> {
        write_all_at(self.target.file(), bytes, offset).map_err(|e| self.target.io("write", e))
    }
}

impl Slot {
    fn new(
        path: &Path,
        spec: &ImageSpec,
        start: u64,
        mandatory: usize,
        options: &WriterOptions,
    ) -> Result<Self, FitsError> {
        check_header(path, spec.bitpix, &spec.header)?;
        let samples = sample_count(&spec.axes).ok_or_else(|| too_large(path, spec))?;
        let bytes = samples.checked_mul(spec.bitpix.bytes() as u64).filter(|b| *b <= i64::MAX as u64);
        let bytes = bytes.ok_or_else(|| too_large(path, spec))?;
        let length = |n: u64| usize::try_from(n).map_err(|_| too_large(path, spec));
        let axis = |i: usize| length(spec.axes.get(i).copied().unwrap_or(1));
        let (width, height) = (axis(0)?, axis(1)?);
        // No overflow where there are samples, and no samples means no planes.
        let planes = if samples == 0 { 0 } else { length(spec.axes.iter().skip(2).product())? };
        let rows = planes.checked_mul(height).ok_or_else(|| too_large(path, spec))?;
        let cards = (mandatory + spec.header.cards().len() + options.reserved_cards) as u64;
        let header = (cards * Card::BYTES as u64).next_multiple_of(BLOCK);
        Ok(Self {
            bitpix: spec.bitpix,
            axes: spec.axes.clone(),
            header: spec.header.clone(),
            width,
            height,
            planes,
            offset: start + header,
            bytes,
            sample: None,
            rows: RowSet::new(rows),
        })
    }

    /// Where the next header begins; `None` beyond what a file can hold.
    fn end(&self) -> Option<u64> {
        let end = self.offset.checked_add(self.bytes)?.checked_next_multiple_of(BLOCK)?;
        i64::try_from(end).ok().map(|_| end)
    }

    fn set_header(&mut self, path: &Path, header: Header) -> Result<(), FitsError> {
        check_header(path, self.bitpix, &header)?;
        self.header = header;
        Ok(())
    }

    /// The first rows decide on the type of samples, and with it on BZERO.
    fn fix_type<S: Stored>(&mut self, path: &Path) -> Result<(), FitsError> {
        let wrong = |needed| FitsError::SampleType { path: path.to_owned(), found: S::NAME, needed };
        if S::BITPIX != self.bitpix {
            return Err(wrong(types_of(self.bitpix)));
        }
        match self.sample {
            None => self.sample = Some((S::NAME, S::BZERO)),
            Some((name, _)) if name != S::NAME => return Err(wrong(name)),
            Some(_) => {}
        }
        Ok(())
    }

    /// The number of rows in `samples` samples, once they are known to lie inside the image.
    fn check_rows(
        &self,
        path: &Path,
        plane: usize,
        first_row: usize,
        samples: usize,
    ) -> Result<usize, FitsError> {
        let name = || crate::text::shown(path);
        if plane >= self.planes {
            return Err(FitsError::OutOfRange {
                name: name(),
                what: "planes",
                start: plane,
                end: plane.saturating_add(1),
                have: self.planes,
            });
        }
        // Not zero: an image with a plane has samples.
        let rows = samples / self.width;
        if rows * self.width != samples {
            return Err(FitsError::SliceLength {
                name: name(),
                found: samples,
                needed: (rows + 1) * self.width,
            });
        }
        match first_row.checked_add(rows) {
            Some(end) if end <= self.height => Ok(rows),
            end => Err(FitsError::OutOfRange {
                name: name(),
                what: "rows",
                start: first_row,
                end: end.unwrap_or(usize::MAX),
                have: self.height,
            }),
        }
    }

    /// The header as it stands in the file.
    fn header_bytes(&self, index: usize, images: usize) -> Vec<u8> {
        let bzero = self.sample.and_then(|(_, bzero)| bzero);
        let structure = layout::structure(self.bitpix, &self.axes, bzero, index, images);
        layout::header_bytes(structure, &self.header)
    }
}

#[cold]
fn too_large(path: &Path, spec: &ImageSpec) -> FitsError {
    FitsError::TooLarge { path: path.to_owned(), axes: spec.axes.clone() }
}

#[cold]
fn no_image(path: &Path, image: usize, have: usize) -> FitsError {
    FitsError::OutOfRange {
        name: crate::text::shown(path),
        what: "images",
        start: image,
        end: image.saturating_add(1),
        have,
    }
}
