//! The arithmetic of calibration, which is not combining: differences and quotients of images, and their variances.

use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::night::{GAIN, RDNOISE};
use super::{Result, frames};

/// Raw frames of a kind, in the order of their names.
fn raw(folder: &Path, kind: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder.join("raw"))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind)) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn calibrated(folder: &Path, raw: &Path) -> Result<PathBuf> {
    Ok(folder.join("cal").join(raw.file_name().ok_or("a path without a name")?))
}

/// Flats without their bias.
pub(crate) fn flats(folder: &Path) -> Result<String> {
    let (bias, _) = frames::read(&folder.join("master/bias.fits"))?;
    let paths = raw(folder, "flat")?;
    for path in &paths {
        let (flat, header) = frames::read(path)?;
        frames::write(&calibrated(folder, path)?, header, &[("", &(flat - &bias))])?;
    }
    Ok(format!("{} flats without their bias\n", paths.len()))
}

/// (raw − dark)/flat, the flat relative to its mean over good pixels. The master dark holds the bias. The variance is that of the
/// photons and the read noise of the frame, of the rounding, and of both masters.
pub(crate) fn science(folder: &Path) -> Result<String> {
    let master = |name: &str| frames::read(&folder.join("master").join(name)).map(|(plane, _)| plane);
    let (bias, dark, dark_error) = (master("bias.fits")?, master("dark.fits")?, master("dark_error.fits")?);
    let (mut flat, mut flat_error) = (master("flat.fits")?, master("flat_error.fits")?);
    let (bad, _) = frames::read(&folder.join("raw/badpix.fits"))?;
    let good: Vec<f64> = flat.iter().zip(&bad).filter(|(_, bad)| **bad == 0.0).map(|(f, _)| *f).collect();
    let mean = good.iter().sum::<f64>() / good.len() as f64;
    flat /= mean;
    flat_error /= mean;
    let paths = raw(folder, "sci")?;
    for path in &paths {
        let (raw, header) = frames::read(path)?;
        let photons = (&raw - &bias).mapv(|dn| dn.max(0.0) / GAIN);
        let noise = photons + ((RDNOISE / GAIN).powi(2) + 1.0 / 12.0);
        let image = (raw - &dark) / &flat;
        let of_masters: Array2<f64> =
            dark_error.mapv(|error| error * error) + (&image * &flat_error).mapv(|error| error * error);
        let variance = (noise + of_masters) / flat.mapv(|flat| flat * flat);
        frames::write(&calibrated(folder, path)?, header, &[("", &image), ("VAR", &variance)])?;
    }
    Ok(format!("{} science frames calibrated, with their variances\n", paths.len()))
}
