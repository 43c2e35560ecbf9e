//! Images of FITS files as plain numbers, whatever their type on disk.

use super::compare::Plane;
use crate::Result;
use skystack_fits::{Bitpix, FitsFile, Hdu, HduSelector};
use std::path::Path;

/// Reads the first image of a FITS file.
pub(crate) fn read_plane(path: &Path) -> Result<Plane> {
    let file = FitsFile::open(path)?;
    let image = file.image(&HduSelector::First)?;
    refuse_infinities(path, &file.hdus()[image.hdu_index()])?;
    let (width, height, planes) = (image.width(), image.height(), image.planes());
    let area = width.checked_mul(height).ok_or("an image of more pixels than memory has addresses")?;
    let mut data = Vec::new();
    let mut plane = vec![0.0; area];
    let mut raw = Vec::new();
    for number in 0..planes {
        image.read_rows::<f64>(number, 0..height, &mut plane, &mut raw)?;
        data.extend_from_slice(&plane);
    }
    Ok(Plane { width, height, planes, data })
}

/// Our reader makes NaN of an infinity, as of every missing sample; an output with an infinity would then
/// agree with a golden NaN. No golden plane holds one, so whoever wrote one is wrong.
fn refuse_infinities(path: &Path, hdu: &Hdu) -> Result<()> {
    let is_infinite: fn(&[u8]) -> bool = match hdu.bitpix() {
        Bitpix::F32 => |raw| raw.try_into().is_ok_and(|raw| f32::from_be_bytes(raw).is_infinite()),
        Bitpix::F64 => |raw| raw.try_into().is_ok_and(|raw| f64::from_be_bytes(raw).is_infinite()),
        _ => return Ok(()),
    };
    let bytes = std::fs::read(path)?;
    let start = usize::try_from(hdu.data_offset())?;
    let data =
        bytes.get(start..start + usize::try_from(hdu.data_bytes())?).ok_or("the file became shorter")?;
    match data.chunks_exact(hdu.bitpix().bytes()).filter(|raw| is_infinite(raw)).count() {
        0 => Ok(()),
        count => Err(format!("{}: {count} infinite values", path.display()).into()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Plane, read_plane};
    use crate::Result;
    use std::path::Path;

    /// Writes an f64 image with three axes.
    pub(crate) fn write_fits(path: &Path, shape: [usize; 3], data: &[f64]) {
        let cards = [
            "SIMPLE  =                    T".to_owned(),
            "BITPIX  =                  -64".to_owned(),
            "NAXIS   =                    3".to_owned(),
            format!("NAXIS1  = {:>20}", shape[0]),
            format!("NAXIS2  = {:>20}", shape[1]),
            format!("NAXIS3  = {:>20}", shape[2]),
            "END".to_owned(),
        ];
        let mut bytes: Vec<u8> = cards.iter().flat_map(|card| format!("{card:<80}").into_bytes()).collect();
        bytes.resize(2880, b' ');
        bytes.extend(data.iter().flat_map(|value| value.to_be_bytes()));
        bytes.resize(bytes.len().next_multiple_of(2880), 0);
        std::fs::write(path, bytes).unwrap();
    }

    fn read_back(name: &str, shape: [usize; 3], data: &[f64]) -> Result<Plane> {
        let path = std::env::temp_dir().join(format!("xtask-plane-{name}-{}.fits", std::process::id()));
        write_fits(&path, shape, data);
        let plane = read_plane(&path);
        std::fs::remove_file(&path).unwrap();
        plane
    }

    #[test]
    fn what_was_written_is_read() {
        let plane = read_back("plain", [2, 1, 2], &[1.5, -2.0, f64::NAN, 3.0]).unwrap();
        assert_eq!(plane.shape(), [2, 1, 2]);
        assert_eq!(plane.data[..2], [1.5, -2.0]);
        assert!(plane.data[2].is_nan() && plane.data[3] == 3.0);
        assert!(read_plane(Path::new("no/such/file.fits")).is_err());
    }

    #[test]
    fn an_infinity_is_not_taken_for_a_missing_value() {
        let error = read_back("infinite", [2, 1, 1], &[1.0, f64::NEG_INFINITY]).unwrap_err();
        assert!(error.to_string().ends_with("1 infinite values"), "{error}");
    }
}
