//! FITS images of the program itself (demo, simulate, preview): whole planes, read and written through `skystack::fits`.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use skystack::fits::{Bitpix, FitsError, FitsWriter, Header, Image, ImageSpec, InputPath, Limits, Stored};

use crate::failure::Failure;

impl From<FitsError> for Failure {
    fn from(error: FitsError) -> Self {
        Self::run(error)
    }
}

/// Reads the first plane of an image as f32.
pub(crate) fn read_plane(name: &Path) -> Result<Array2<f32>, Failure> {
    let image = Image::open(&InputPath::parse(name), &Limits::default())?;
    let (width, height) = (image.width(), image.height());
    let mut pixels = vec![0.0_f32; width * height];
    image.read_rows(0, 0..height, &mut pixels, &mut Vec::new())?;
    image.check_unchanged()?;
    Ok(Array2::from_shape_vec((height, width), pixels).expect("one value a pixel"))
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

/// Makes a folder, with the folders above it.
pub(crate) fn make_folder(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir)
        .map_err(|error| Failure::run(format!("{}: cannot make this folder: {error}", dir.display())))
}

/// Refuses if one of `paths` exists.
pub(crate) fn none_exists(paths: &[PathBuf]) -> Result<(), Failure> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        None => Ok(()),
        Some(path) => {
            let path = path.display();
            Err(Failure::run(format!("{path}: the output exists (needed: another name, or --overwrite)")))
        }
    }
}

/// Writes `bytes` as a whole file: under a temporary name beside it first, so that a full disk leaves nothing behind.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Failure> {
    if !overwrite {
        none_exists(&[path.to_owned()])?;
    }
    let cannot = |error| Failure::run(format!("{}: cannot write this file: {error}", path.display()));
    let name = path.file_name().ok_or_else(|| {
        Failure::usage(format!("{}: no file name, needed a path of a file to write", path.display()))
    })?;
    let mut temporary_name = name.to_owned();
    temporary_name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary_name);
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
        cannot(error)
    })
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
}
