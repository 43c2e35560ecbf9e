//! FITS images of the program itself (demo, simulate, preview): whole planes, read and written through `skystack::fits`.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use skystack::fits::{Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits, PlainFile, Stored};

use crate::failure::Failure;

/// Reads the first plane of an image as f32.
pub(crate) fn read_plane(name: &Path) -> Result<Array2<f32>, Failure> {
    read_planes(name, 1)
}

/// Reads the sum of all planes of an image as f32.
pub(crate) fn read_sum(name: &Path) -> Result<Array2<f32>, Failure> {
    read_planes(name, usize::MAX)
}

/// The sum of the first planes, at most so many.
fn read_planes(name: &Path, most: usize) -> Result<Array2<f32>, Failure> {
    let image = Image::open(&InputPath::parse(name), &Limits::default())?;
    let (width, height) = (image.width(), image.height());
    let (mut sum, mut pixels) = (vec![0.0_f32; width * height], vec![0.0_f32; width * height]);
    for plane in 0..image.planes().min(most) {
        image.read_rows(plane, 0..height, &mut pixels, &mut Vec::new())?;
        // Not added to zero where there is one: -0 and the payload of NaN are the image's.
        let add = |(to, from): (&mut f32, &f32)| *to = if plane == 0 { *from } else { *to + *from };
        sum.iter_mut().zip(&pixels).for_each(add);
    }
    image.check_unchanged()?;
    Ok(Array2::from_shape_vec((height, width), sum).expect("one value a pixel"))
}

/// Writes one plane; the file is complete or absent.
pub(crate) fn write_plane<S: Stored>(
    path: &Path,
    plane: ArrayView2<'_, S>,
    bitpix: Bitpix,
    header: Header,
    overwrite: bool,
) -> Result<(), Failure> {
    let (height, width) = plane.dim();
    let spec = ImageSpec { bitpix, axes: vec![width as u64, height as u64], header };
    let mut writer = FitsWriter::create(path, &spec, overwrite)?;
    writer.write_rows(0, 0, plane.as_standard_layout().as_slice().expect("standard layout is contiguous"))?;
    Ok(writer.finish()?)
}

/// Files and folders that a run has made: gone again unless the run ends well.
#[derive(Default)]
pub(crate) struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    /// Makes a folder, with the folders above it.
    pub(crate) fn folder(&mut self, dir: &Path) -> Result<(), Failure> {
        let missing = dir.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        // The innermost one first, as they have to be removed.
        self.folders.extend(missing.map(Path::to_owned));
        fs::create_dir_all(dir)
            .map_err(|error| Failure::run(format!("{}: cannot make this folder: {error}", dir.display())))
    }

    /// Remembers a file that has been written.
    pub(crate) fn file(&mut self, path: &Path) {
        self.files.push(path.to_owned());
    }

    /// The run has ended well.
    pub(crate) fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // The failure that brings us here is the one to report. A folder that others use by now stays.
        self.files.iter().for_each(|path| drop(fs::remove_file(path)));
        self.folders.iter().for_each(|path| drop(fs::remove_dir(path)));
    }
}

/// Refuses a job that needs more memory than there is: to try would abort the program, or make the machine swap.
pub(crate) fn fits_in_memory(what: &str, bytes: u128) -> Result<(), Failure> {
    // Where the memory is unknown, what can be addressed is the bound.
    let available = skystack::machine().memory_available.unwrap_or(u64::MAX).min(i64::MAX as u64);
    if bytes <= u128::from(available) {
        return Ok(());
    }
    let gib = |bytes: u128| bytes as f64 / f64::from(1 << 30);
    let (needs, has) = (gib(bytes), gib(available.into()));
    Err(Failure::run(format!("{what} needs {needs:.1} GiB of memory, but {has:.1} GiB are available")))
}

/// Refuses if one of `paths` exists.
pub(crate) fn none_exists(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(path) => Err(Failure::exists(path)),
    }
}

/// Writes `bytes` as a whole file; it is complete or absent.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    Ok(PlainFile::create(path, overwrite)?.prepare(bytes)?.publish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_comes_back_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("skystack-cli-plane-{}.fits", std::process::id()));
        let plane = Array2::from_shape_fn((3, 5), |(y, x)| (10 * y + x) as u16 + 40_000);
        write_plane(&path, plane.view(), Bitpix::I16, Header::new(), true).unwrap();
        assert_eq!(read_plane(&path).unwrap(), plane.mapv(f32::from));
        let again = write_plane(&path, plane.view(), Bitpix::I16, Header::new(), false);
        assert_eq!(again.unwrap_err().code(), 1);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn what_a_run_made_goes_with_it_and_nothing_else() {
        let root = std::env::temp_dir().join(format!("skystack-cli-made-{}", std::process::id()));
        let mut before = Made::default();
        before.folder(&root).unwrap();
        before.keep();
        let deep = root.join("a/b");
        let mut made = Made::default();
        made.folder(&deep).unwrap();
        write_bytes(&deep.join("x"), b"1", false).unwrap();
        made.file(&deep.join("x"));
        drop(made);
        assert!(root.exists() && fs::read_dir(&root).unwrap().next().is_none());
        fs::remove_dir(&root).unwrap();
    }

    #[test]
    fn a_job_beyond_the_memory_is_refused_with_both_numbers() {
        assert_eq!(fits_in_memory("a job", 1 << 20), Ok(()));
        let message = fits_in_memory("a job", u128::MAX).unwrap_err().to_string();
        assert!(message.contains("a job needs") && message.contains("GiB are available"), "{message}");
    }
}
