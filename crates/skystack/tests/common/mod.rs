//! Folders of FITS files and how to read them back: what every test of the facade on files needs.

// Each test binary uses a part of this module.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, Array3};
use skystack::fits::{
    Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits, Stored, Value, WriterOptions,
};

/// A folder of its own for each test, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("skystack-tests-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn write<S: Stored>(
        &self,
        name: &str,
        bitpix: Bitpix,
        axes: &[u64],
        data: &[S],
        header: Header,
    ) -> PathBuf {
        let path = self.path(name);
        let spec = ImageSpec { bitpix, axes: axes.to_vec(), header };
        let mut writer = FitsWriter::create(&path, &spec, true).expect("a writer");
        let plane = (axes[0] * axes.get(1).unwrap_or(&1)) as usize;
        for (plane, data) in data.chunks(plane).enumerate() {
            writer.write_rows(plane, 0, data).expect("rows");
        }
        writer.finish().expect("a file");
        path
    }

    /// A file of several HDUs of f32 samples; one without axes has no data.
    pub(crate) fn mef(&self, name: &str, hdus: &[(&[u64], &[f32], Header)]) -> PathBuf {
        let path = self.path(name);
        let spec = |(axes, _, header): &(&[u64], &[f32], Header)| ImageSpec {
            bitpix: Bitpix::F32,
            axes: axes.to_vec(),
            header: header.clone(),
        };
        let specs: Vec<ImageSpec> = hdus.iter().map(spec).collect();
        let options = WriterOptions { overwrite: true, reserved_cards: 0 };
        let mut writer = FitsWriter::create_with(&path, &specs, &options).expect("a writer");
        for (index, (axes, data, _)) in hdus.iter().enumerate() {
            let plane = axes.iter().take(2).product::<u64>().max(1) as usize;
            for (plane, data) in data.chunks(plane).enumerate() {
                writer.write_rows_of(index, plane, 0, data).expect("rows");
            }
        }
        writer.finish().expect("a file");
        path
    }

    /// The frames of a stack as f32 files.
    pub(crate) fn stack(&self, stack: &Array3<f32>) -> Vec<PathBuf> {
        let (_, height, width) = stack.dim();
        let write = |(i, frame): (usize, ndarray::ArrayView2<'_, f32>)| {
            let mut header = Header::new();
            header.set("EXPTIME", 10.0 * (i + 1) as f64, "").expect("a card");
            header.set("OBJECT", "M 31", "").expect("a card");
            header.set("DATE-OBS", format!("2026-11-21T01:{:02}:00", 59 - i), "").expect("a card");
            let data: Vec<f32> = frame.iter().copied().collect();
            self.write(&format!("f{i:03}.fits"), Bitpix::F32, &[width as u64, height as u64], &data, header)
        };
        stack.outer_iter().enumerate().map(write).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn read(path: &Path, plane: usize) -> Array2<f64> {
    let image = Image::open(&InputPath::parse(path), &Limits::default()).expect("an image");
    let mut values = vec![0.0f64; image.height() * image.width()];
    image.read_rows(plane, 0..image.height(), &mut values, &mut Vec::new()).expect("rows");
    Array2::from_shape_vec((image.height(), image.width()), values).expect("a shape")
}

/// A header of these cards.
pub(crate) fn cards<V: Into<Value> + Clone>(cards: &[(&str, V)]) -> Header {
    let mut header = Header::new();
    cards.iter().for_each(|(keyword, value)| header.set(keyword, value.clone(), "").expect("a card"));
    header
}

/// `file[hdu]`.
pub(crate) fn hdu(path: &Path, hdu: &str) -> PathBuf {
    PathBuf::from(format!("{}[{hdu}]", path.display()))
}
