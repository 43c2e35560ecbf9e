//! Reading and writing of planes.

use std::path::Path;

use ndarray::Array2;
use skystack::fits::{Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits, WriterOptions};

use super::Result;

/// The first plane of an image, and what another image keeps of its header.
pub(crate) fn read(path: &Path) -> Result<(Array2<f64>, Header)> {
    let image = Image::open(&InputPath::parse(path), &Limits::default())?;
    let mut plane = Array2::zeros((image.height(), image.width()));
    image.read_rows(0, 0..image.height(), plane.as_slice_mut().ok_or("a fresh array")?, &mut Vec::new())?;
    Ok((plane, image.header().inherit(2)))
}

/// All planes of a cube of bytes.
pub(crate) fn read_cube(path: &Path) -> Result<Vec<Array2<f64>>> {
    let image = Image::open(&InputPath::parse(path), &Limits::default())?;
    let mut planes = Vec::new();
    for number in 0..image.planes() {
        let mut plane = Array2::zeros((image.height(), image.width()));
        image.read_rows(
            number,
            0..image.height(),
            plane.as_slice_mut().ok_or("a fresh array")?,
            &mut Vec::new(),
        )?;
        planes.push(plane);
    }
    Ok(planes)
}

/// Counts as unsigned 16-bit integers, as a camera writes them.
pub(crate) fn write_counts(path: &Path, plane: &Array2<f64>, header: Header) -> Result<()> {
    let spec = ImageSpec { bitpix: Bitpix::I16, axes: axes(plane), header };
    let mut writer = FitsWriter::create(path, &spec, true)?;
    let counts: Vec<u16> = plane.iter().map(|value| value.round().clamp(0.0, 65535.0) as u16).collect();
    writer.write_rows(0, 0, &counts)?;
    Ok(writer.finish()?)
}

/// Numbers as f32: the image, and further planes as extensions with these names.
pub(crate) fn write(path: &Path, header: Header, planes: &[(&str, &Array2<f64>)]) -> Result<()> {
    let mut specs = Vec::new();
    for (number, (name, plane)) in planes.iter().enumerate() {
        let mut header = if number == 0 { header.clone() } else { Header::new() };
        if number > 0 {
            header.set("EXTNAME", *name, "")?;
        }
        specs.push(ImageSpec { bitpix: Bitpix::F32, axes: axes(plane), header });
    }
    let options = WriterOptions { overwrite: true, reserved_cards: 0 };
    let mut writer = FitsWriter::create_with(path, &specs, &options)?;
    for (number, (_, plane)) in planes.iter().enumerate() {
        let values: Vec<f32> = plane.iter().map(|&value| value as f32).collect();
        writer.write_rows_of(number, 0, 0, &values)?;
    }
    Ok(writer.finish()?)
}

fn axes(plane: &Array2<f64>) -> Vec<u64> {
    vec![plane.ncols() as u64, plane.nrows() as u64]
}
