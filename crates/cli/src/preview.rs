//! `skystack preview`: a stretched picture of an image.

use std::path::Path;

use ndarray::{Array2, ArrayView2};
use skystack::fits::{InputPath, PlainFile, same_file};

use crate::args::PreviewArgs;
use crate::failure::Failure;
use crate::files::{read_plane, read_sum};
use crate::picture::{Canvas, Stretch};
use crate::say::mention;

/// Longest side of a picture [pixels]: larger images are binned.
const LONGEST: usize = 4096;

/// Reads the image, stretches it, writes the PNG.
pub(crate) fn run(args: &PreviewArgs) -> Result<(), Failure> {
    let input = InputPath::parse(&args.image);
    if same_file(&input.path, &args.output) {
        let output = args.output.display();
        return Err(Failure::usage(format!("{output}: the output is the input (needed: another name)")));
    }
    let output = PlainFile::create(&args.output, args.overwrite)?;
    let image = read_plane(&args.image)?;
    let rejections =
        args.rejections.as_deref().map(|file| lost(file, &args.image, image.dim())).transpose()?;
    let bin = image.nrows().max(image.ncols()).div_ceil(LONGEST).max(1);
    let small = if bin == 1 { image } else { binned(image.view(), bin) };
    let stretch = Stretch::of(small.view());
    let mut canvas = Canvas::new(small.ncols(), small.nrows());
    canvas.image(0, 0, 1, small.view(), &stretch);
    if let Some(lost) = rejections {
        canvas.tint(0, 0, most_of_each(lost.view(), bin).view());
    }
    output.prepare(&canvas.png()?)?.publish()?;
    let by = if bin > 1 { format!(", binned {bin} x {bin}") } else { String::new() };
    let (width, height, path) = (small.ncols(), small.nrows(), args.output.display());
    mention(format_args!(
        "{path}: {width} x {height}{by}, black {:.6} to white {:.6}",
        stretch.black, stretch.white
    ));
    Ok(())
}

/// How many samples each pixel lost: an image of counts, or the sum of the planes of a rejection mask. `[EXT]` is that extension of the
/// file of the image.
fn lost(file: &Path, image: &Path, shape: (usize, usize)) -> Result<Array2<f32>, Failure> {
    let mut name = file.as_os_str().to_owned();
    if name.as_encoded_bytes().starts_with(b"[") {
        name = InputPath::parse(image).path.into_os_string();
        name.push(file);
    }
    let lost = read_sum(Path::new(&name))?;
    if lost.dim() == shape {
        return Ok(lost);
    }
    let ((height, width), (rows, columns)) = (lost.dim(), shape);
    let name = name.display();
    Err(Failure::run(format!("{name}: is {width} x {height}, needed {columns} x {rows} as the image")))
}

/// The greatest value of each square of `bin` pixels.
fn most_of_each(image: ArrayView2<'_, f32>, bin: usize) -> Array2<f32> {
    let mut most = Array2::zeros((image.nrows().div_ceil(bin), image.ncols().div_ceil(bin)));
    for ((y, x), &value) in image.indexed_iter() {
        let to: &mut f32 = &mut most[[y / bin, x / bin]];
        *to = to.max(value);
    }
    most
}

/// Mean of squares of `bin` pixels, without missing ones; an incomplete square at the edge counts as it is.
fn binned(image: ArrayView2<'_, f32>, bin: usize) -> Array2<f32> {
    let shape = (image.nrows().div_ceil(bin), image.ncols().div_ceil(bin));
    let (mut sum, mut count) = (Array2::<f64>::zeros(shape), Array2::<f64>::zeros(shape));
    for ((y, x), &value) in image.indexed_iter().filter(|(_, value)| value.is_finite()) {
        sum[[y / bin, x / bin]] += f64::from(value);
        count[[y / bin, x / bin]] += 1.0;
    }
    (sum / count).mapv(|value| value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binning_averages_what_is_there() {
        let image = Array2::from_shape_vec((2, 3), vec![1.0, 3.0, 7.0, f32::NAN, 5.0, 9.0]).unwrap();
        let small = binned(image.view(), 2);
        assert_eq!(small.as_slice().unwrap(), [3.0, 8.0]);
        assert_eq!(most_of_each(image.view(), 2).as_slice().unwrap(), [5.0, 9.0]);
    }
}
