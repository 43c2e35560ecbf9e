//! The night: a detector with a bias pattern, dark current, hot pixels and a response, and twelve dithered exposures of a star field.
//!
//! DN = bias(p) + (Poisson(response(p) * light(p) + dark(p) * t) + N(0, read noise)) / gain + cosmic rays, rounded.

use std::fmt::Write as _;
use std::path::Path;

use ndarray::Array2;
use skystack::fits::Header;

use super::random::Random;
use super::{Result, frames};

/// Side of a frame [pixels].
pub(crate) const SIZE: usize = 256;
pub(crate) const GAIN: f64 = 1.5;
pub(crate) const RDNOISE: f64 = 8.0;
/// Exposure of darks and science frames [s].
const EXPOSURE: f64 = 120.0;
/// Largest shift of a frame [pixels].
pub(crate) const DITHER: usize = 12;
const BIASES: usize = 16;
const DARKS: usize = 15;
const FLATS: usize = 11;
/// The exposure that a satellite crosses.
const CROSSED: usize = 4;

/// One science exposure.
pub(crate) struct Exposure {
    /// Its first pixel lies at this (x, y) of the output.
    pub(crate) shift: (usize, usize),
    pub(crate) transparency: f64,
    pub(crate) sky_e: f64,
    pub(crate) fwhm: f64,
}

pub(crate) struct Star {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) flux_e: f64,
}

/// A sample that something other than the sky has reached: frame, pixel of the frame, DN.
pub(crate) struct Hit {
    pub(crate) frame: usize,
    pub(crate) at: [usize; 2],
    pub(crate) amplitude: f64,
}

pub(crate) struct Night {
    pub(crate) size: usize,
    /// Relative to its mean over good pixels, as flats give it.
    pub(crate) response: Array2<f64>,
    bias: Array2<f64>,
    dark_e: Array2<f64>,
    pub(crate) bad: Array2<f64>,
    pub(crate) stars: Vec<Star>,
    pub(crate) exposures: Vec<Exposure>,
    pub(crate) hits: Vec<Hit>,
}

impl Night {
    /// The same night for the same size.
    pub(crate) fn new(size: usize) -> Self {
        let mut random = Random::new(1);
        let (response, bad) = response(size, &mut random);
        let bias = Array2::from_shape_fn((size, size), |(_, x)| 300.0 + 4.0 * (x as f64 * 0.7).sin());
        let mut dark_e = Array2::from_elem((size, size), 0.1 * EXPOSURE);
        for _ in 0..size * size / 300 {
            dark_e[[random.below(size), random.below(size)]] += random.log_uniform(100.0, 5000.0);
        }
        let field = size + DITHER;
        let stars = (0..field * field / 700).map(|_| Star {
            x: random.uniform() * field as f64,
            y: random.uniform() * field as f64,
            flux_e: random.log_uniform(2e3, 4e5),
        });
        let stars = stars.collect();
        let exposures: Vec<Exposure> = (0..12).map(|number| exposure(number, &mut random)).collect();
        let hits = hits(size, exposures.len(), &mut random);
        Self { size, response, bias, dark_e, bad, stars, exposures, hits }
    }

    /// The night that wrote the folder.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let (plane, _) = frames::read(&folder.join("raw/sci01.fits"))?;
        Ok(Self::new(plane.ncols()))
    }

    /// Side of the output.
    pub(crate) fn field(&self) -> usize {
        self.size + DITHER
    }

    /// Electrons of the stars on the output, for transparency 1.
    pub(crate) fn starlight(&self, fwhm: f64) -> Array2<f64> {
        let mut light = Array2::zeros((self.field(), self.field()));
        // Moffat, exponent 3
        let a = fwhm / 1.019_649_057_067_917_3;
        for star in &self.stars {
            let peak = 2.0 * star.flux_e / (std::f64::consts::PI * a * a);
            for ((y, x), value) in light.indexed_iter_mut() {
                let square = (x as f64 - star.x).powi(2) + (y as f64 - star.y).powi(2);
                if square < 60.0 * 60.0 {
                    *value += peak / (1.0 + square / (a * a)).powi(3);
                }
            }
        }
        light
    }

    /// A raw frame of expected electrons, stream `number`.
    fn expose(&self, electrons: &Array2<f64>, number: u64) -> Array2<f64> {
        let mut random = Random::new(1000 + number);
        let mut raw = electrons.mapv(|mean| (random.poisson(mean) + RDNOISE * random.normal()) / GAIN);
        raw += &self.bias;
        // A bad pixel is stuck.
        raw.zip_mut_with(&self.bad, |value, &bad| {
            if bad > 0.0 {
                *value = 20_000.0
            }
        });
        raw
    }

    /// Writes everything.
    pub(crate) fn write(&self, folder: &Path) -> Result<String> {
        for part in ["raw", "cal", "master", "out"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let file = |kind: &str, number: usize| folder.join(format!("raw/{kind}{:02}.fits", number + 1));
        let none = Array2::zeros((self.size, self.size));
        for number in 0..BIASES {
            frames::write_counts(&file("bias", number), &self.expose(&none, number as u64), header(0.0)?)?;
        }
        for number in 0..DARKS {
            let mut dark = self.expose(&self.dark_e, 100 + number as u64);
            // Cosmic rays reach darks as well: those of the science frames, elsewhere.
            for hit in self.hits.iter().filter(|hit| hit.frame != CROSSED && hit.frame == number % 12) {
                dark[[hit.at[1], (hit.at[0] + number) % self.size]] += hit.amplitude;
            }
            frames::write_counts(&file("dark", number), &dark, header(EXPOSURE)?)?;
        }
        for number in 0..FLATS {
            // The lamp fades.
            let level = 30_000.0 * (1.0 - 0.03 * number as f64);
            let flat = self.expose(&self.response.mapv(|response| level * response), 200 + number as u64);
            frames::write_counts(&file("flat", number), &flat, header(2.0)?)?;
        }
        for number in 0..self.exposures.len() {
            let mut header = header(EXPOSURE)?;
            let scale = self.exposures[0].transparency / self.exposures[number].transparency;
            header.set("FLXSCALE", scale, "what brings its stars to those of the first")?;
            frames::write_counts(&file("sci", number), &self.science(number), header)?;
        }
        frames::write_counts(&folder.join("raw/badpix.fits"), &self.bad, Header::new())?;
        let (mut shifts, mut zeros) = (String::new(), String::new());
        let first = &self.exposures[0];
        for Exposure { shift: (dx, dy), transparency, sky_e, .. } in &self.exposures {
            let _ = writeln!(shifts, "{dx} {dy}");
            // Given zeros are added before the scale divides.
            let _ = writeln!(zeros, "{}", (first.sky_e * transparency / first.transparency - sky_e) / GAIN);
        }
        std::fs::write(folder.join("shifts.txt"), shifts)?;
        std::fs::write(folder.join("zeros.txt"), zeros)?;
        Ok(format!(
            "{BIASES} bias, {DARKS} dark, {FLATS} flat and {} science frames of {} x {}; {} samples hit\n",
            self.exposures.len(),
            self.size,
            self.size,
            self.hits.len()
        ))
    }

    fn science(&self, number: usize) -> Array2<f64> {
        let Exposure { shift: (dx, dy), transparency, sky_e, fwhm } = self.exposures[number];
        let light = self.starlight(fwhm);
        let electrons = Array2::from_shape_fn((self.size, self.size), |(y, x)| {
            self.response[[y, x]] * (transparency * light[[y + dy, x + dx]] + sky_e) + self.dark_e[[y, x]]
        });
        let mut raw = self.expose(&electrons, 300 + number as u64);
        for hit in self.hits.iter().filter(|hit| hit.frame == number && self.bad[hit.at] == 0.0) {
            raw[hit.at] += hit.amplitude;
        }
        raw
    }
}

fn header(seconds: f64) -> Result<Header> {
    let mut header = Header::new();
    header.set("EXPTIME", seconds, "[s] exposure time")?;
    header.set("GAIN", GAIN, "[e-/DN]")?;
    header.set("RDNOISE", RDNOISE, "[e-]")?;
    Ok(header)
}

/// Vignetting, dust, and pixels of unequal response; two columns are dead.
fn response(size: usize, random: &mut Random) -> (Array2<f64>, Array2<f64>) {
    let half = size as f64 / 2.0;
    let mut response = Array2::from_shape_fn((size, size), |(y, x)| {
        let square = ((x as f64 - half).powi(2) + (y as f64 - half).powi(2)) / (half * half);
        let dust = ((x as f64 - 0.7 * size as f64).powi(2) + (y as f64 - 0.3 * size as f64).powi(2)).sqrt();
        let ring = if (9.0..15.0).contains(&dust) { 0.92 } else { 1.0 };
        (1.0 - 0.12 * square) * ring * (1.0 + 0.02 * random.normal())
    });
    let bad =
        Array2::from_shape_fn((size, size), |(_, x)| f64::from(u8::from(x == size / 3 || x == size / 2)));
    let good: Vec<f64> = response.iter().zip(&bad).filter(|(_, bad)| **bad == 0.0).map(|(r, _)| *r).collect();
    let mean = good.iter().sum::<f64>() / good.len() as f64;
    response /= mean;
    (response, bad)
}

fn exposure(number: usize, random: &mut Random) -> Exposure {
    let shift = match number {
        // The union is known beforehand.
        0 => (0, 0),
        1 => (DITHER, DITHER),
        _ => (random.below(DITHER + 1), random.below(DITHER + 1)),
    };
    let transparency = 1.0 - 0.02 * number as f64 + 0.01 * random.normal();
    Exposure { shift, transparency, sky_e: 500.0 + 25.0 * number as f64, fwhm: 3.0 + 0.04 * number as f64 }
}

/// Cosmic rays: one sample in a thousand, in tracks of 1 to 12 pixels; and the satellite.
fn hits(size: usize, frames: usize, random: &mut Random) -> Vec<Hit> {
    let mut all = std::collections::BTreeMap::new();
    for frame in 0..frames {
        for _ in 0..(size * size / 6500).max(3) {
            let amplitude = random.log_uniform(30.0, 10_000.0);
            let (x, y) = (random.uniform() * size as f64, random.uniform() * size as f64);
            let angle = std::f64::consts::TAU * random.uniform();
            for step in 0..1 + random.below(12) {
                let (x, y) = (x + step as f64 * angle.cos(), y + step as f64 * angle.sin());
                if x >= 0.0 && y >= 0.0 && x < size as f64 && y < size as f64 {
                    all.insert((frame, y as usize, x as usize), amplitude);
                }
            }
        }
    }
    for x in 0..size {
        let centre = size / 4 + x / 3;
        for y in centre.saturating_sub(1)..(centre + 2).min(size) {
            all.insert((CROSSED, y, x), 250.0);
        }
    }
    all.into_iter().map(|((frame, y, x), amplitude)| Hit { frame, at: [y, x], amplitude }).collect()
}
