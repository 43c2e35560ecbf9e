//! Masks and variances of the frames, in files of their own or in other extensions.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skystack_combine::{BoxError, Layer, NO_VALUE};
use skystack_fits::{FitsFile, Hdu, HduSelector, Image, InputPath, Limits, Physical, Value};
use skystack_simd::Element;

use super::Frame;
use crate::{Error, ErrorKind, MaskType, Masks};

/// A plane of an image that belongs to the samples of a frame.
struct Plane {
    image: Arc<Image>,
    plane: usize,
}

impl Plane {
    /// Opens `path` for `frame`.
    fn open(frame: &Frame, path: &Path, what: &str) -> Result<Self, Error> {
        let image = Image::open(&InputPath::parse(path), &Limits::default())?;
        Self::of(frame, Arc::new(image), what, (frame.plane, frame.image.planes()))
    }

    /// The only plane of `image`, which all frames share; or if it has as many planes as frames belong to it, that of `frame`:
    /// `place` is which one of how many.
    fn of(frame: &Frame, image: Arc<Image>, what: &str, place: (usize, usize)) -> Result<Self, Error> {
        let (height, width) = frame.shape();
        let name = image.name_for_messages();
        let wrong = |found: String, needed: String| {
            let message = format!("{name} {found}, needed {needed} as {what} of {}", frame.name());
            Err(Error::new(ErrorKind::Format, message))
        };
        if (image.height(), image.width()) != (height, width) {
            let found = format!("is {} x {}", image.width(), image.height());
            return wrong(found, format!("{width} x {height} pixels"));
        }
        let (plane, planes) = place;
        match image.planes() {
            1 => Ok(Self { image, plane: 0 }),
            found if found == planes => Ok(Self { image, plane }),
            found if planes == 1 => wrong(format!("has {found} planes"), "1".to_owned()),
            found => wrong(format!("has {found} planes"), format!("1 or {planes}")),
        }
    }

    fn read<T: Physical>(&self, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        Ok(self.image.read_rows(self.plane, rows, out, &mut Vec::new())?)
    }
}

/// The masks of the frames.
pub(crate) struct MaskFiles {
    /// One a frame, where it has one.
    frames: Vec<Option<Plane>>,
    masks: Masks,
}

impl MaskFiles {
    /// Opens what the frames' BPM, or a list, names. `None`: no frame has a mask.
    pub(super) fn open(frames: &[Frame], masks: &Masks) -> Result<Option<Self>, Error> {
        let named = masks.kind != MaskType::None || masks.files.is_some();
        let planes = match &masks.files {
            _ if !named => return Ok(None),
            Some(files) => of_list(frames, files)?,
            None => frames.iter().map(of_bpm).collect::<Result<Vec<_>, _>>()?,
        };
        if planes.iter().all(Option::is_none) {
            let message =
                "masktype is given, but no frame has a mask: needed keyword BPM, or a list of masks";
            return Err(Error::new(ErrorKind::Parameter, message));
        }
        Ok(Some(Self { frames: planes, masks: masks.clone() }))
    }

    /// The mask of a frame, as a report names it.
    pub(super) fn name(&self, frame: usize) -> Option<String> {
        let plane = self.frames[frame].as_ref()?;
        Some(plane.image.name_for_messages().to_owned())
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.frames.iter().flatten().map(|plane| plane.image.path())
    }

    /// Puts what `of` makes of the numbers of some rows into `out`. An undefined pixel (BLANK, NaN) has no number.
    fn read_as<V: Default + Clone>(
        &self,
        frame: usize,
        rows: Range<usize>,
        out: &mut [V],
        of: impl Fn(Option<i64>) -> V,
    ) -> Result<(), BoxError> {
        let Some(plane) = &self.frames[frame] else {
            out.fill(V::default());
            return Ok(());
        };
        let mut numbers = vec![0.0f64; out.len()];
        plane.read(rows, &mut numbers)?;
        for (out, q) in out.iter_mut().zip(numbers) {
            // To cut a fraction off would make a nearly good pixel a good one.
            if q.fract() != 0.0 && !q.is_nan() {
                let name = plane.image.name_for_messages();
                let message = format!("{name} holds {q}, needed whole numbers as a mask");
                return Err(Error::new(ErrorKind::Format, message).into());
            }
            *out = of((!q.is_nan()).then_some(q as i64));
        }
        Ok(())
    }
}

/// One mask for all frames, or one a frame.
fn of_list(frames: &[Frame], files: &[PathBuf]) -> Result<Vec<Option<Plane>>, Error> {
    if files.len() != 1 && files.len() != frames.len() {
        let (found, needed) = (files.len(), frames.len());
        let message =
            format!("masks are {found} files, needed one for all or one for each of {needed} frames");
        return Err(Error::new(ErrorKind::Parameter, message));
    }
    if let [common] = files {
        let image = Arc::new(Image::open(&InputPath::parse(common), &Limits::default())?);
        let plane = |(i, frame): (usize, &Frame)| {
            // One cube of masks serves cubes plane by plane, or all frames.
            let of_cube = frame.image.planes() > 1 && image.planes() != frames.len();
            let place = if of_cube { (frame.plane, frame.image.planes()) } else { (i, frames.len()) };
            Plane::of(frame, Arc::clone(&image), "mask", place).map(Some)
        };
        return frames.iter().enumerate().map(plane).collect();
    }
    frames.iter().zip(files).map(|(frame, file)| Plane::open(frame, file, "mask").map(Some)).collect()
}

/// What the keyword BPM names: a relative name is looked for beside the frame.
fn of_bpm(frame: &Frame) -> Result<Option<Plane>, Error> {
    let name = match frame.header().value("BPM") {
        None | Some(Value::Undefined) => return Ok(None),
        Some(Value::Text(name)) if name.trim().is_empty() => return Ok(None),
        Some(Value::Text(name)) => name,
        Some(other) => {
            let message = format!("{}: BPM is {other}, needed the name of a mask", frame.name());
            return Err(Error::new(ErrorKind::Format, message));
        }
    };
    let folder = frame.image.path().parent().unwrap_or(Path::new(""));
    let path = folder.join(name.trim());
    let explain = |error: Error| {
        let message = format!("{error} (named by BPM of {})", frame.name());
        Error::new(error.kind(), message)
    };
    Plane::open(frame, &path, "mask").map(Some).map_err(explain)
}

impl Layer<u8> for MaskFiles {
    fn has(&self, frame: usize) -> bool {
        self.frames[frame].is_some()
    }

    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u8]) -> Result<(), BoxError> {
        // Nothing is known of an undefined pixel, so no type of mask can call it good.
        self.read_as(frame, rows, out, |q| q.map_or(NO_VALUE, |q| self.masks.class(q)))
    }
}

/// The numbers themselves are the quality bits.
impl Layer<u32> for MaskFiles {
    fn has(&self, frame: usize) -> bool {
        self.frames[frame].is_some()
    }

    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u32]) -> Result<(), BoxError> {
        self.read_as(frame, rows, out, |q| q.map_or(0, |q| q as u32))
    }
}

/// The variances of the frames: an extension of the same name in the file of each.
pub(crate) struct VarianceFiles {
    frames: Vec<Plane>,
}

impl VarianceFiles {
    /// Opens extension `name` of every frame's file: `VAR`, `VAR,1` or a number.
    pub(super) fn open(frames: &[Frame], name: &str) -> Result<Self, Error> {
        let open = |frame: &Frame| {
            let image = Arc::new(extension(frame, name)?);
            Plane::of(frame, image, "variance", (frame.plane, frame.image.planes()))
        };
        Ok(Self { frames: frames.iter().map(open).collect::<Result<_, _>>()? })
    }
}

/// An extension of the frame's own file.
fn extension(frame: &Frame, name: &str) -> Result<Image, Error> {
    let mut text = frame.image.path().as_os_str().to_owned();
    text.push(format!("[{name}]"));
    let InputPath { path, mut hdu } = InputPath::parse(text);
    let file = FitsFile::open(path)?;
    if let HduSelector::Name { name, version: version @ None } = &mut hdu {
        *version = version_for(frame, &file, name)?;
    }
    Ok(file.image(&hdu)?)
}

/// Which of the extensions of one name belongs to a frame: that of its own EXTVER. A single one serves every frame of the file.
fn version_for(frame: &Frame, file: &FitsFile, name: &str) -> Result<Option<i64>, Error> {
    let is_named = |hdu: &&Hdu| hdu.name().is_some_and(|found| found.eq_ignore_ascii_case(name));
    let versions: Vec<i64> = file.hdus().iter().filter(is_named).map(Hdu::version).collect();
    let own = file.hdus().get(frame.image.hdu_index()).map_or(1, Hdu::version);
    if versions.contains(&own) {
        return Ok(Some(own));
    }
    if versions.len() < 2 {
        return Ok(None);
    }
    let message = format!(
        "{}: its file has {} extensions {name}, needed one with EXTVER {own} as variance, or a version: {name},n",
        frame.name(),
        versions.len()
    );
    Err(Error::new(ErrorKind::Format, message))
}

impl<T: Element + Physical> Layer<T> for VarianceFiles {
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.frames[frame].read(rows, out)
    }
}
