//! Reading an image by bands of rows.

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::bitpix::Bitpix;
use crate::decode::{Physical, Scaling, decode};
use crate::error::{Change, FitsError};
use crate::file::FitsFile;
use crate::hdu::{Hdu, HduSelector};
use crate::header::{Header, Value};
use crate::identity::{Identity, open_regular};
use crate::input::InputPath;
use crate::limits::Limits;
use crate::positioned::read_at;
use crate::structure::Place;
use crate::text::shown;

/// Bytes read by one call. A quarter of a mebibyte stays in the second-level cache between reading and decoding,
/// and is large enough that the cost of a system call is lost in it.
const PIECE_BYTES: usize = 256 << 10;

/// The type that holds every physical value of an image as the project's arithmetic contract wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Working {
    /// For BITPIX 8, 16 and -32.
    F32,
    /// For BITPIX 32, 64 and -64.
    F64,
}

/// One image HDU, ready to read rows from, by several threads at once.
///
/// Rows are counted from 0, the first row of the file; a plane is one step of the axes beyond the second. The file
/// is held open between reads unless [`Image::keep_open`] says otherwise, and is checked to be the one first seen
/// whenever it is opened again.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits};
///
/// let path = std::env::temp_dir().join(format!("skystack-doc-image-{}.fits", std::process::id()));
/// let spec = ImageSpec { bitpix: Bitpix::I16, axes: vec![3, 2], header: Header::new() };
/// let mut writer = FitsWriter::create(&path, &spec, true)?;
/// writer.write_rows(0, 0, &[1_u16, 2, 3, 40_000, 50_000, 65_535])?;
/// writer.finish()?;
///
/// let image = Image::open(&InputPath::from(path.clone()), &Limits::default())?;
/// let (mut raw, mut row) = (Vec::new(), [0.0_f32; 3]);
/// image.read_rows(0, 1..2, &mut row, &mut raw)?;
/// assert_eq!(row, [40_000.0, 50_000.0, 65_535.0]);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
#[derive(Debug)]
pub struct Image {
    path: PathBuf,
    name: String,
    identity: Identity,
    header: Header,
    hdu: usize,
    bitpix: Bitpix,
    scaling: Scaling,
    axes: Vec<u64>,
    width: usize,
    height: usize,
    planes: usize,
    data_offset: u64,
    warnings: Vec<String>,
    keep_open: bool,
    // Filled by the first read that needs it; after that, reading takes no lock.
    file: OnceLock<File>,
}

impl Image {
    /// Most bytes that the scratch of one caller of [`Image::read_rows`] grows to.
    pub const SCRATCH_BYTES: usize = PIECE_BYTES;

    /// Opens the image that `input` names. The file stays open.
    ///
    /// # Errors
    ///
    /// Those of [`FitsFile::open_with`] and [`FitsFile::image`].
    pub fn open(input: &InputPath, limits: &Limits) -> Result<Self, FitsError> {
        let (opened, file) = FitsFile::open_keeping(&input.path, limits)?;
        opened.into_image(&input.hdu, file)
    }

    /// The image of a checked HDU; `primary` is the header that it may share.
    pub(crate) fn new(
        path: &Path,
        identity: Identity,
        hdu: &Hdu,
        primary: Option<&Header>,
        selector: &HduSelector,
        mut warnings: Vec<String>,
        file: Option<File>,
    ) -> Result<Self, FitsError> {
        let place = Place { path, hdu: hdu.index };
        let scaling = read_scaling(&hdu.header, hdu.bitpix, &place, &mut warnings)?;
        let length = |n: u64| {
            usize::try_from(n).map_err(|_| FitsError::Limit {
                path: path.to_owned(),
                hdu: hdu.index,
                what: "samples along an axis",
                limit: usize::MAX as u64,
            })
        };
        // No overflow: the product of all axes is at most the length of the file.
        let planes: u64 = hdu.axes.iter().skip(2).product();
        let input = InputPath { path: path.to_owned(), hdu: selector.clone() };
        // A program that reads many files prints these as they are.
        let warnings = warnings.into_iter().map(|text| format!("{}: {text}", shown(path))).collect();
        Ok(Self {
            path: path.to_owned(),
            name: input.to_string(),
            identity,
            header: primary.map_or_else(|| hdu.header.clone(), |primary| hdu.header.sharing(primary)),
            hdu: hdu.index,
            bitpix: hdu.bitpix,
            scaling,
            width: length(hdu.axes.first().copied().unwrap_or(1))?,
            height: length(hdu.axes.get(1).copied().unwrap_or(1))?,
            planes: length(planes)?,
            axes: hdu.axes.clone(),
            data_offset: hdu.data_offset,
            warnings,
            keep_open: true,
            file: file.map(OnceLock::from).unwrap_or_default(),
        })
    }

    /// The header of the HDU. An extension with INHERIT = T has the keywords of the primary header that it lacks, if that has
    /// no data of its own (FITS standard 4.0, appendix K); [`FitsFile::hdus`] has the headers as they are.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Index of the HDU in its file.
    pub fn hdu_index(&self) -> usize {
        self.hdu
    }

    /// BITPIX.
    pub fn bitpix(&self) -> Bitpix {
        self.bitpix
    }

    /// BSCALE, BZERO and BLANK.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// NAXIS1, NAXIS2 and so on.
    pub fn axes(&self) -> &[u64] {
        &self.axes
    }

    /// NAXIS1: samples of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// NAXIS2: rows of a plane; 1 for a one-dimensional image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Product of NAXIS3 and higher; 1 for a two-dimensional image.
    pub fn planes(&self) -> usize {
        self.planes
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// File and HDU as the user would write them, printable.
    pub fn name_for_messages(&self) -> &str {
        &self.name
    }

    /// What was tolerated while opening, one line each, which begins with the file as errors do.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The type to compute in: f32 for BITPIX 8, 16 and -32, f64 for the others.
    pub fn working(&self) -> Working {
        match self.bitpix {
            Bitpix::U8 | Bitpix::I16 | Bitpix::F32 => Working::F32,
            Bitpix::I32 | Bitpix::I64 | Bitpix::F64 => Working::F64,
        }
    }

    /// Bytes that one row takes in the file.
    pub fn raw_bytes_per_row(&self) -> usize {
        // No overflow: the row is inside the file, and its width fits; on 32-bit machines saturation is honest.
        self.width.saturating_mul(self.bitpix.bytes())
    }

    /// Whether to hold the file open between reads. `false` closes it at once and opens it for each call of
    /// [`Image::read_rows`], so that the number of images is not bound by the limit on descriptors.
    pub fn keep_open(&mut self, keep: bool) {
        self.keep_open = keep;
        if !keep {
            self.file.take();
        }
    }

    /// Reads rows of one plane as physical values.
    ///
    /// Missing samples (BLANK, NaN, infinities, overflow of `T`) become NaN; -0 becomes +0. See the crate's
    /// documentation for the rules.
    ///
    /// # Shapes
    ///
    /// `out` has `rows.len() * width` samples, row after row. `raw` is scratch that only grows, to at most a
    /// quarter of a mebibyte; one a thread, used again and again, means no allocation here.
    ///
    /// # Errors
    ///
    /// `Parameter` for rows or planes outside the image and a slice of the wrong length, `Changed` if the file is
    /// shorter than at open or, opened again, not the same; `Io`.
    pub fn read_rows<T: Physical>(
        &self,
        plane: usize,
        rows: Range<usize>,
        out: &mut [T],
        raw: &mut Vec<u8>,
    ) -> Result<(), FitsError> {
        let bytes = self.bitpix.bytes();
        self.read_pieces(plane, &rows, out.len(), |file, mut offset| {
            for out in out.chunks_mut(PIECE_BYTES / bytes) {
                let needed = out.len() * bytes;
                if raw.len() < needed {
                    raw.resize(needed, 0);
                }
                let piece = &mut raw[..needed];
                self.read_piece(file, piece, offset)?;
                decode(self.bitpix, &self.scaling, piece, out);
                offset += needed as u64;
            }
            Ok(())
        })
    }

    /// Reads rows of one plane as they are stored: big-endian samples of [`bitpix`](Self::bitpix), not scaled.
    ///
    /// # Shapes
    ///
    /// `out` has `rows.len() * width` samples of as many bytes as BITPIX says, row after row.
    ///
    /// # Errors
    ///
    /// As [`read_rows`](Self::read_rows).
    pub fn read_stored(&self, plane: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), FitsError> {
        let samples = out.len() / self.bitpix.bytes();
        self.read_pieces(plane, &rows, samples, |file, offset| self.read_piece(file, out, offset))
    }

    /// Calls `read` with the open file and the offset of the first of `samples` samples, if there are any.
    fn read_pieces(
        &self,
        plane: usize,
        rows: &Range<usize>,
        samples: usize,
        read: impl FnOnce(&File, u64) -> Result<(), FitsError>,
    ) -> Result<(), FitsError> {
        let first = self.first_sample(plane, rows, samples)?;
        if samples == 0 {
            return Ok(());
        }
        let opened;
        let file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = self.reopen()?;
                if self.keep_open {
                    // Another thread may have been faster; either descriptor serves.
                    self.file.get_or_init(|| file)
                } else {
                    opened = file;
                    &opened
                }
            }
        };
        read(file, self.data_offset + first * self.bitpix.bytes() as u64)
    }

    /// Fails unless the file still is as it was at open: size and modification time, and which file the path
    /// names where no descriptor is held. Called after the last read, it vouches for all of them.
    ///
    /// # Errors
    ///
    /// `Changed`; `Io` if the file cannot be examined.
    pub fn check_unchanged(&self) -> Result<(), FitsError> {
        // A descriptor goes on seeing the old content when another file takes the name: that is consistent.
        let metadata = match self.file.get() {
            Some(file) => file.metadata(),
            None => fs::metadata(&self.path),
        };
        let metadata = metadata.map_err(|e| FitsError::io(&self.path, "examine", e))?;
        self.identity.check(&self.path, &metadata)
    }

    fn reopen(&self) -> Result<File, FitsError> {
        let (file, _) = open_regular(&self.path)?;
        let metadata = file.metadata().map_err(|e| FitsError::io(&self.path, "examine", e))?;
        self.identity.check(&self.path, &metadata)?;
        Ok(file)
    }

    fn read_piece(&self, file: &File, piece: &mut [u8], offset: u64) -> Result<(), FitsError> {
        let n = read_at(file, piece, offset).map_err(|e| FitsError::io(&self.path, "read", e))?;
        if n == piece.len() {
            return Ok(());
        }
        // The size was checked at open, so the file has become shorter since.
        Err(FitsError::Changed {
            path: self.path.clone(),
            change: Change::ShortRead { end: offset + piece.len() as u64 },
        })
    }

    /// Index in the data of the first sample asked for, once everything asked for is known to exist.
    fn first_sample(&self, plane: usize, rows: &Range<usize>, found: usize) -> Result<u64, FitsError> {
        let outside = |what, start, end, have| FitsError::OutOfRange {
            name: self.name.clone(),
            what,
            start,
            end,
            have,
        };
        if plane >= self.planes {
            return Err(outside("planes", plane, plane.saturating_add(1), self.planes));
        }
        if rows.start > rows.end || rows.end > self.height {
            return Err(outside("rows", rows.start, rows.end, self.height));
        }
        let needed = rows.len().checked_mul(self.width);
        if needed != Some(found) {
            return Err(FitsError::SliceLength {
                name: self.name.clone(),
                found,
                needed: needed.unwrap_or(usize::MAX),
            });
        }
        // No overflow: plane and row are inside the image, and the image is inside the file.
        Ok((plane as u64 * self.height as u64 + rows.start as u64) * self.width as u64)
    }
}

/// BSCALE, BZERO and BLANK of a header. An undefined one counts as absent; a wrong one is an error, since to go
/// on without it would change every sample.
fn read_scaling(
    header: &Header,
    bitpix: Bitpix,
    place: &Place<'_>,
    warnings: &mut Vec<String>,
) -> Result<Scaling, FitsError> {
    let mut factor = |keyword: &'static str, absent: f64| match header.value(keyword) {
        None => Ok(absent),
        Some(Value::Undefined) => {
            warnings.push(format!("HDU {}: {keyword} has no value; taken as {absent}", place.hdu));
            Ok(absent)
        }
        Some(Value::Integer(i)) => Ok(i as f64),
        Some(Value::Real(x)) => Ok(x),
        other => Err(place.bad(keyword, other.as_ref(), "a finite number")),
    };
    let bscale = factor("BSCALE", 1.0)?;
    let bzero = factor("BZERO", 0.0)?;
    if bscale == 0.0 {
        return Err(place.bad("BSCALE", Some(&Value::Real(bscale)), "a number other than 0"));
    }
    let blank = match header.value("BLANK") {
        None => None,
        Some(_) if !bitpix.is_integer() => {
            warnings.push(format!("HDU {}: BLANK has no meaning for floating samples; ignored", place.hdu));
            None
        }
        Some(Value::Undefined) => {
            warnings.push(format!("HDU {}: BLANK has no value; ignored", place.hdu));
            None
        }
        Some(Value::Integer(blank)) => Some(blank),
        other => return Err(place.bad("BLANK", other.as_ref(), "an integer")),
    };
    if let (Some(blank), Some((low, high))) = (blank, bitpix.integer_range())
        && !(low..=high).contains(&blank)
    {
        warnings
            .push(format!("HDU {}: BLANK = {blank} is outside {low}..={high}: no sample has it", place.hdu));
    }
    Ok(Scaling::new(bitpix, bscale, bzero, blank))
}
