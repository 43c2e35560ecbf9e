//! Opening a file: from its first byte to the list of its HDUs.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{FitsError, Unit, Unsupported};
use crate::hdu::{Hdu, HduSelector};
use crate::header::{Card, Header, Value};
use crate::identity::{Identity, open_regular};
use crate::image::Image;
use crate::limits::Limits;
use crate::positioned::read_at;
use crate::structure::{Place, Structure};
use crate::text::{first_bytes, printable};

/// FITS files are made of blocks of this many bytes.
pub(crate) const BLOCK: u64 = 2880;
/// Headers are read in pieces of this many bytes: one call for nearly every header there is.
const HEADER_PIECE: usize = 10 * BLOCK as usize;

/// An opened file: its path and the list of its HDUs. It holds no descriptor.
///
/// Opening reads every header and no data; all sizes are checked against the length of the file.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Bitpix, FitsFile, FitsWriter, HduSelector, Header, ImageSpec};
///
/// let path = std::env::temp_dir().join(format!("skystack-doc-file-{}.fits", std::process::id()));
/// let spec = ImageSpec { bitpix: Bitpix::F32, axes: vec![2, 1], header: Header::new() };
/// let mut writer = FitsWriter::create(&path, &spec, true)?;
/// writer.write_rows(0, 0, &[1.0_f32, 2.0])?;
/// writer.finish()?;
///
/// let file = FitsFile::open(&path)?;
/// assert_eq!(file.hdus().len(), 1);
/// assert_eq!(file.hdus()[0].axes(), [2, 1]);
/// let image = file.image(&HduSelector::First)?;
/// assert_eq!((image.width(), image.height()), (2, 1));
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
#[derive(Debug)]
pub struct FitsFile {
    path: PathBuf,
    identity: Identity,
    hdus: Vec<Hdu>,
    warnings: Vec<String>,
}

impl FitsFile {
    /// Opens a file with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// See [`FitsFile::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FitsError> {
        Self::open_with(path, &Limits::default())
    }

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// `Io` if it cannot be read; `NotFits`; `Unsupported` for a FIFO, device, folder or gzip file and for
    /// SIMPLE = F; `BadHeader` for an impossible structure in any HDU; `Truncated` if the file is shorter than its
    /// headers say (only padding may be missing); `Limit`.
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, FitsError> {
        Ok(Self::open_keeping(path.as_ref(), limits)?.0)
    }

    /// Opens a file and returns its descriptor too, which the caller may go on reading from.
    pub(crate) fn open_keeping(path: &Path, limits: &Limits) -> Result<(Self, File), FitsError> {
        let (file, identity) = open_regular(path)?;
        let mut walk = Walk {
            path,
            file: &file,
            bytes: identity.bytes,
            limits,
            header_bytes: 0,
            hdus: Vec::new(),
            warnings: Vec::new(),
            warnings_dropped: 0,
        };
        walk.run()?;
        let (hdus, warnings) = walk.into_parts();
        let opened = Self { path: path.to_owned(), identity, hdus, warnings };
        Ok((opened, file))
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The HDUs in file order.
    pub fn hdus(&self) -> &[Hdu] {
        &self.hdus
    }

    /// What was tolerated while opening, one line each, without the name of the file.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The image in the selected HDU, ready to read; the file is opened again at the first read.
    ///
    /// # Errors
    ///
    /// `Parameter` if there is no such HDU, `Unsupported` if it is no image with data, `BadHeader` for impossible
    /// BSCALE, BZERO or BLANK.
    pub fn image(&self, selector: &HduSelector) -> Result<Image, FitsError> {
        self.image_from(selector, None)
    }

    /// Same as [`FitsFile::image`], reading on from a descriptor that is open already.
    pub(crate) fn into_image(self, selector: &HduSelector, file: File) -> Result<Image, FitsError> {
        self.image_from(selector, Some(file))
    }

    fn image_from(&self, selector: &HduSelector, file: Option<File>) -> Result<Image, FitsError> {
        let hdu = self.select(selector)?;
        let (identity, warnings) = (self.identity.clone(), self.warnings.clone());
        Image::new(&self.path, identity, hdu, self.primary_of(hdu), selector, warnings, file)
    }

    /// The primary header, where `hdu` may share it: what describes a primary array would be false of an extension.
    fn primary_of(&self, hdu: &Hdu) -> Option<&Header> {
        let primary = self.hdus.first()?;
        (hdu.index > 0 && primary.data_bytes == 0).then_some(&primary.header)
    }

    fn select(&self, selector: &HduSelector) -> Result<&Hdu, FitsError> {
        let unsupported = |hdu, what| FitsError::Unsupported { path: self.path.clone(), hdu, what };
        let Some(hdu) = selector.find(&self.hdus) else {
            return Err(match selector {
                HduSelector::First => unsupported(None, Unsupported::NoImage { hdus: self.hdus.len() }),
                other => FitsError::NoSuchHdu {
                    path: self.path.clone(),
                    wanted: printable(&other.to_string()),
                    hdus: self.hdus.len(),
                    names: self.names(),
                },
            });
        };
        match hdu.unreadable() {
            None => Ok(hdu),
            Some(what) => Err(unsupported(Some(hdu.index), what)),
        }
    }

    fn names(&self) -> String {
        let shown = 8;
        let mut names: Vec<_> =
            self.hdus.iter().take(shown).map(|hdu| hdu.name().unwrap_or("(no name)")).collect();
        if self.hdus.len() > shown {
            names.push("...");
        }
        names.join(", ")
    }
}

/// The state of opening one file.
struct Walk<'a> {
    path: &'a Path,
    file: &'a File,
    bytes: u64,
    limits: &'a Limits,
    header_bytes: u64,
    hdus: Vec<Hdu>,
    warnings: Vec<String>,
    warnings_dropped: usize,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), FitsError> {
        self.check_start()?;
        let mut offset = 0;
        loop {
            if self.hdus.len() >= self.limits.hdus {
                return Err(self.over("HDUs", self.limits.hdus as u64));
            }
            let hdu = self.read_hdu(offset)?;
            let end = hdu.data_offset + hdu.data_bytes;
            self.hdus.push(hdu);
            // No overflow: `end` is at most the length of the file, unless only header padding is missing.
            let next = end.next_multiple_of(BLOCK);
            if next >= self.bytes {
                if next > self.bytes {
                    self.warn(format!(
                        "{} bytes of padding are missing at the end of the file",
                        next - self.bytes
                    ));
                }
                return Ok(());
            }
            if !self.extension_at(next)? {
                let rest = self.bytes - next;
                self.warn(format!("{rest} bytes after the last HDU are no extension; ignored"));
                return Ok(());
            }
            offset = next;
        }
    }

    /// Whether the file begins like FITS at all.
    fn check_start(&self) -> Result<(), FitsError> {
        let mut start = [0; Card::BYTES];
        let n = self.read(&mut start, 0)?;
        let start = &start[..n];
        if start.starts_with(&[0x1f, 0x8b]) {
            return Err(self.unsupported(None, Unsupported::Gzip));
        }
        let is_simple = start.get(..9).is_some_and(|s| s.eq_ignore_ascii_case(b"SIMPLE  ="));
        if !is_simple {
            return Err(self.not_fits(start));
        }
        let Ok(card) = start.try_into() else {
            return Err(self.truncated(Unit::Header, BLOCK));
        };
        match Card::from_bytes(card).value() {
            Some(Value::Logical(true)) => Ok(()),
            Some(Value::Logical(false)) => Err(self.unsupported(Some(0), Unsupported::NotSimple)),
            _ => Err(self.not_fits(start)),
        }
    }

    fn extension_at(&self, offset: u64) -> Result<bool, FitsError> {
        let mut start = [0; 8];
        let n = self.read(&mut start, offset)?;
        Ok(n == start.len() && start.eq_ignore_ascii_case(b"XTENSION"))
    }

    fn read_hdu(&mut self, offset: u64) -> Result<Hdu, FitsError> {
        let (header, data_offset) = self.read_header(offset)?;
        let place = self.place();
        let mut notes = Vec::new();
        let structure = Structure::read(&header, &place, &mut |note| notes.push(note))?;
        for note in notes {
            self.note(note);
        }
        let needed = data_offset.saturating_add(structure.data_bytes);
        if structure.data_bytes > 0 && needed > self.bytes {
            return Err(self.truncated(Unit::Data, needed));
        }
        Ok(Hdu {
            index: self.hdus.len(),
            kind: structure.kind,
            header,
            name: structure.name,
            version: structure.version,
            bitpix: structure.bitpix,
            axes: structure.axes,
            data_offset,
            data_bytes: structure.data_bytes,
        })
    }

    /// Cards from `offset` to END, and where the data begin.
    fn read_header(&mut self, offset: u64) -> Result<(Header, u64), FitsError> {
        let mut cards = Vec::new();
        let mut piece = vec![0; HEADER_PIECE];
        let mut at = offset;
        let mut oddities = Oddities::default();
        loop {
            let n = self.read(&mut piece, at)?;
            let (whole, _) = piece[..n].as_chunks::<{ Card::BYTES }>();
            for (i, raw) in whole.iter().enumerate() {
                let card = Card::from_bytes(raw);
                if card.is_end() {
                    let end = at + ((i + 1) * Card::BYTES) as u64;
                    let data_offset = end.next_multiple_of(BLOCK);
                    let in_block =
                        whole[i + 1..].iter().take(((data_offset - end) / Card::BYTES as u64) as usize);
                    oddities.after_end = in_block.flatten().any(|b| *b != b' ');
                    oddities.report(self);
                    self.header_bytes += data_offset - offset;
                    return Ok((Header::from_cards(cards), data_offset));
                }
                oddities.look_at(&card, raw);
                cards.push(card);
            }
            at += n as u64;
            if n < piece.len() {
                return Err(self.truncated(Unit::Header, at.saturating_add(1).next_multiple_of(BLOCK)));
            }
            if self.header_bytes + (at - offset) > self.limits.header_bytes {
                return Err(self.over("bytes of headers", self.limits.header_bytes));
            }
        }
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<usize, FitsError> {
        read_at(self.file, buffer, offset).map_err(|e| FitsError::io(self.path, "read", e))
    }

    fn place(&self) -> Place<'_> {
        Place { path: self.path, hdu: self.hdus.len() }
    }

    /// A warning about the HDU being read.
    fn note(&mut self, text: String) {
        let hdu = self.hdus.len();
        self.warn(format!("HDU {hdu}: {text}"));
    }

    fn warn(&mut self, text: String) {
        if self.warnings.len() < self.limits.warnings {
            self.warnings.push(text);
        } else {
            self.warnings_dropped += 1;
        }
    }

    fn into_parts(mut self) -> (Vec<Hdu>, Vec<String>) {
        if self.warnings_dropped > 0 {
            self.warnings.push(format!("and {} warnings more", self.warnings_dropped));
        }
        (self.hdus, self.warnings)
    }

    #[cold]
    fn truncated(&self, unit: Unit, needed: u64) -> FitsError {
        FitsError::Truncated {
            path: self.path.to_owned(),
            hdu: self.hdus.len(),
            unit,
            needed,
            found: self.bytes,
        }
    }

    #[cold]
    fn unsupported(&self, hdu: Option<usize>, what: Unsupported) -> FitsError {
        FitsError::Unsupported { path: self.path.to_owned(), hdu, what }
    }

    #[cold]
    fn not_fits(&self, start: &[u8]) -> FitsError {
        FitsError::NotFits { path: self.path.to_owned(), found: first_bytes(start) }
    }

    #[cold]
    fn over(&self, what: &'static str, limit: u64) -> FitsError {
        FitsError::Limit { path: self.path.to_owned(), hdu: self.hdus.len(), what, limit }
    }
}

/// Departures from the standard that do not hinder reading; counted, so that a bad header gives a line each and
/// not a line a card.
#[derive(Default)]
struct Oddities {
    bytes_replaced: usize,
    lower_case: usize,
    after_end: bool,
}

impl Oddities {
    fn look_at(&mut self, card: &Card, raw: &[u8; Card::BYTES]) {
        if card.as_bytes() != raw {
            self.bytes_replaced += 1;
        }
        if raw[..8].iter().any(u8::is_ascii_lowercase) && card.value().is_some() {
            self.lower_case += 1;
        }
    }

    fn report(&self, walk: &mut Walk<'_>) {
        if self.bytes_replaced > 0 {
            walk.note(format!("{} card(s) hold bytes outside ASCII 32..126; replaced", self.bytes_replaced));
        }
        if self.lower_case > 0 {
            walk.note(format!("{} keyword(s) in lower case; read as upper case", self.lower_case));
        }
        if self.after_end {
            walk.note("the header block goes on after END with something other than blanks".to_owned());
        }
    }
}
