//! Masks and variances of the frames, in files of their own or in other extensions.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skystack_combine::{BoxError, Layer};
use skystack_fits::{Image, InputPath, Limits, Physical};
use skystack_simd::Element;

use super::Frame;
use crate::{Error, ErrorKind, MaskType, Masks};

/// A plane of an image that belongs to the samples of a frame.
struct Plane {
    image: Arc<Image>,
    plane: usize,
}

impl Plane {
    /// Opens `path` for plane `plane` of `frame`: an image of one plane serves all planes of the frame's image.
    fn open(frame: &Frame, path: &Path, what: &str) -> Result<Self, Error> {
        let image = Image::open(&InputPath::parse(path), &Limits::default())?;
        Self::of(frame, Arc::new(image), what)
    }

    fn of(frame: &Frame, image: Arc<Image>, what: &str) -> Result<Self, Error> {
        let (height, width) = frame.shape();
        if (image.height(), image.width()) != (height, width) {
            let (name, of) = (image.name_for_messages(), frame.name());
            let found = format!("{} x {}", image.width(), image.height());
            let message = format!("{name} is {found}, needed {width} x {height} pixels as {what} of {of}");
            return Err(Error::new(ErrorKind::Format, message));
        }
        let plane = if image.planes() > frame.plane { frame.plane } else { 0 };
        Ok(Self { image, plane })
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

    /// The numbers of some rows of a mask.
    fn numbers(&self, frame: usize, rows: Range<usize>, length: usize) -> Result<Vec<f64>, BoxError> {
        let mut numbers = vec![0.0f64; length];
        if let Some(plane) = &self.frames[frame] {
            plane.read(rows, &mut numbers)?;
        }
        Ok(numbers)
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
        return frames.iter().map(|frame| Plane::of(frame, Arc::clone(&image), "mask").map(Some)).collect();
    }
    frames.iter().zip(files).map(|(frame, file)| Plane::open(frame, file, "mask").map(Some)).collect()
}

/// What the keyword BPM names: a relative name is looked for beside the frame.
fn of_bpm(frame: &Frame) -> Result<Option<Plane>, Error> {
    let Some(name) = frame.header().get_str("BPM").filter(|name| !name.trim().is_empty()) else {
        return Ok(None);
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
        let numbers = self.numbers(frame, rows, out.len())?;
        for (class, q) in out.iter_mut().zip(numbers) {
            *class = self.masks.class(q as i64);
        }
        Ok(())
    }
}

/// The numbers themselves are the quality bits.
impl Layer<u32> for MaskFiles {
    fn has(&self, frame: usize) -> bool {
        self.frames[frame].is_some()
    }

    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [u32]) -> Result<(), BoxError> {
        let numbers = self.numbers(frame, rows, out.len())?;
        for (bits, q) in out.iter_mut().zip(numbers) {
            *bits = q as i64 as u32;
        }
        Ok(())
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
            let mut path = frame.image.path().as_os_str().to_owned();
            path.push(format!("[{name}]"));
            Plane::open(frame, Path::new(&path), "variance")
        };
        Ok(Self { frames: frames.iter().map(open).collect::<Result<_, _>>()? })
    }
}

impl<T: Element + Physical> Layer<T> for VarianceFiles {
    fn read(&self, frame: usize, rows: Range<usize>, out: &mut [T]) -> Result<(), BoxError> {
        self.frames[frame].read(rows, out)
    }
}
