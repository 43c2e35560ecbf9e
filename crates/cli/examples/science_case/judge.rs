//! Results against the truth.

use std::fmt::Write as _;
use std::path::Path;

use ndarray::Array2;

use super::night::{Exposure, GAIN, Hit, Night, RDNOISE};
use super::{Result, frames};

/// Names of the combined images, as the document's commands write them; the last is sigclip with the true levels of the sky.
const METHODS: [&str; 5] = ["average", "median", "sigclip", "varclip", "known"];

/// Bins of amplitude, in units of the noise of the sample.
const EDGES: [f64; 7] = [1.0, 3.0, 5.0, 7.0, 10.0, 20.0, 2000.0];

/// Bins of the stars' light [e-].
const FLUXES: [f64; 4] = [2e3, 1e4, 5e4, 4e5];

/// Pixels about a star whose light is added.
const APERTURE: f64 = 6.0;

/// What is known about each pixel of the output.
struct Truth {
    night: Night,
    /// Expected value [DN].
    image: Array2<f64>,
    /// Light of the stars in it [DN].
    stars: Array2<f64>,
    /// Frames that see it with a good pixel.
    coverage: Array2<f64>,
    /// Frames in which it is hit.
    hits: Array2<f64>,
}

impl Truth {
    fn of(night: Night) -> Self {
        let side = night.field();
        let mut stars = Array2::zeros((side, side));
        let count = night.exposures.len() as f64;
        for exposure in &night.exposures {
            stars += &(night.starlight(exposure.fwhm) * (night.exposures[0].transparency / GAIN / count));
        }
        let image = &stars + night.exposures[0].sky_e / GAIN;
        let (mut coverage, mut hits) = (Array2::zeros((side, side)), Array2::zeros((side, side)));
        for Exposure { shift: (dx, dy), .. } in &night.exposures {
            for ((y, x), &bad) in night.bad.indexed_iter() {
                coverage[[y + dy, x + dx]] += 1.0 - bad;
            }
        }
        for hit in &night.hits {
            hits[place(&night, hit)] += 1.0 - night.bad[hit.at];
        }
        Self { night, image, stars, coverage, hits }
    }

    /// Sky that every frame sees.
    fn is_sky(&self, at: [usize; 2]) -> bool {
        self.coverage[at] == self.night.exposures.len() as f64 && self.stars[at] < 10.0
    }

    /// Pixels of the sky with or without hits.
    fn sky(&self, hit: bool) -> Vec<[usize; 2]> {
        let all = self.image.indexed_iter().map(|((y, x), _)| [y, x]);
        all.filter(|&at| self.is_sky(at) && (self.hits[at] > 0.0) == hit).collect()
    }
}

/// Where a hit lies on the output.
fn place(night: &Night, hit: &Hit) -> [usize; 2] {
    let (dx, dy) = night.exposures[hit.frame].shift;
    [hit.at[0] + dy, hit.at[1] + dx]
}

/// Everything, as Markdown.
pub(crate) fn tables(folder: &Path) -> Result<String> {
    let truth = Truth::of(Night::of(folder)?);
    let mut text = String::new();
    sky_table(&mut text, folder, &truth)?;
    hit_table(&mut text, folder, &truth)?;
    star_table(&mut text, folder, &truth)?;
    Ok(text)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (square / (count - 1.0)).sqrt())
}

fn sky_table(text: &mut String, folder: &Path, truth: &Truth) -> Result<()> {
    let (clean, hit) = (truth.sky(false), truth.sky(true));
    let _ = writeln!(
        text,
        "Sky that all frames see: {} pixels that nothing hit, {} that were hit. DN of the first frame.\n\n\
         | | noise | stated error (rms) | noise / error | bias | bias where hit | good samples rejected |\n\
         |---|---|---|---|---|---|---|",
        clean.len(),
        hit.len()
    );
    for method in METHODS {
        let (image, _) = frames::read(&folder.join(format!("out/{method}.fits")))?;
        let (error, _) = frames::read(&folder.join(format!("out/{method}_error.fits")))?;
        let residuals: Vec<f64> = clean.iter().map(|&at| image[at] - truth.image[at]).collect();
        let (bias, noise) = mean_and_deviation(&residuals);
        let (_, pull) = mean_and_deviation(
            &residuals.iter().zip(&clean).map(|(residual, &at)| residual / error[at]).collect::<Vec<_>>(),
        );
        let rms = (clean.iter().map(|&at| error[at] * error[at]).sum::<f64>() / clean.len() as f64).sqrt();
        let (where_hit, _) =
            mean_and_deviation(&hit.iter().map(|&at| image[at] - truth.image[at]).collect::<Vec<_>>());
        let rejected = match mask(folder, method)? {
            Some(mask) => {
                let samples = (clean.len() * mask.len()) as f64;
                let lost: f64 = mask.iter().map(|plane| clean.iter().map(|&at| plane[at]).sum::<f64>()).sum();
                format!("{:.2} %", 100.0 * lost / samples)
            }
            None => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {method} | {noise:.3} | {rms:.3} | {pull:.3} | {bias:+.3} ± {:.3} | {where_hit:+.2} | {rejected} |",
            noise / (clean.len() as f64).sqrt()
        );
    }
    text.push('\n');
    Ok(())
}

/// The rejection mask, where something can be rejected.
fn mask(folder: &Path, method: &str) -> Result<Option<Vec<Array2<f64>>>> {
    let path = folder.join(format!("out/{method}_rejected.fits"));
    if path.exists() { Ok(Some(frames::read_cube(&path)?)) } else { Ok(None) }
}

/// Amplitude of a hit in units of the noise of its calibrated sample.
fn sigmas(night: &Night, hit: &Hit) -> f64 {
    let (response, sky) = (night.response[hit.at], night.exposures[hit.frame].sky_e);
    hit.amplitude / ((response * sky / GAIN / GAIN) + (RDNOISE / GAIN).powi(2)).sqrt()
}

fn hit_table(text: &mut String, folder: &Path, truth: &Truth) -> Result<()> {
    let night = &truth.night;
    let alone = |hit: &&Hit| {
        night.bad[hit.at] == 0.0 && truth.is_sky(place(night, hit)) && truth.hits[place(night, hit)] == 1.0
    };
    let hits: Vec<(f64, &Hit)> =
        night.hits.iter().filter(alone).map(|hit| (sigmas(night, hit), hit)).collect();
    let heads: Vec<String> = EDGES.windows(2).map(|edge| format!("{} to {} σ", edge[0], edge[1])).collect();
    let _ = writeln!(
        text,
        "Hit samples of the sky that were rejected, by amplitude in units of the noise of the sample, where no other frame is hit.\n\n\
         | | {} |\n|---|{}",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
    for method in METHODS {
        let Some(mask) = mask(folder, method)? else { continue };
        let _ = write!(text, "| {method} |");
        for edge in EDGES.windows(2) {
            let bin: Vec<&Hit> = hits
                .iter()
                .filter(|(sigmas, _)| (edge[0]..edge[1]).contains(sigmas))
                .map(|(_, hit)| *hit)
                .collect();
            let caught = bin.iter().filter(|hit| mask[hit.frame][place(night, hit)] > 0.0).count();
            let _ = write!(text, " {caught} of {} |", bin.len());
        }
        text.push('\n');
    }
    text.push('\n');
    Ok(())
}

fn star_table(text: &mut String, folder: &Path, truth: &Truth) -> Result<()> {
    let night = &truth.night;
    let stars: Vec<_> = night.stars.iter().filter(|star| is_measurable(truth, star.x, star.y)).collect();
    let heads: Vec<String> =
        FLUXES.windows(2).map(|flux| format!("{:e} to {:e} e-", flux[0], flux[1])).collect();
    let _ = writeln!(
        text,
        "Light within {APERTURE} pixels of the stars that all frames see whole, less the truth, in percent of the star: mean and standard error.\n\n\
         | | {} |\n|---|{}",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
    for method in METHODS {
        let (image, _) = frames::read(&folder.join(format!("out/{method}.fits")))?;
        let _ = write!(text, "| {method} |");
        for flux in FLUXES.windows(2) {
            let bin = stars.iter().filter(|star| (flux[0]..flux[1]).contains(&star.flux_e));
            let excess = bin.map(|star| {
                let near = |at: &[usize; 2]| (at[1] as f64 - star.x).hypot(at[0] as f64 - star.y) <= APERTURE;
                let pixels = image.indexed_iter().map(|((y, x), _)| [y, x]).filter(near);
                let light: f64 = pixels.map(|at| image[at] - truth.image[at]).sum();
                100.0 * light * GAIN / (star.flux_e * night.exposures[0].transparency)
            });
            let excess: Vec<f64> = excess.collect();
            let (mean, deviation) = mean_and_deviation(&excess);
            let _ = write!(
                text,
                " {mean:+.2} ± {:.2} ({}) |",
                deviation / (excess.len() as f64).sqrt(),
                excess.len()
            );
        }
        text.push('\n');
    }
    Ok(())
}

/// Is everything about the star covered by all frames?
fn is_measurable(truth: &Truth, x: f64, y: f64) -> bool {
    let (side, count) = (truth.night.field() as f64, truth.night.exposures.len() as f64);
    let reach = APERTURE + 1.0;
    if x < reach || y < reach || x > side - reach - 1.0 || y > side - reach - 1.0 {
        return false;
    }
    let around = |value: f64| (value - APERTURE).floor() as usize..=(value + APERTURE).ceil() as usize;
    around(y).all(|y| around(x).all(|x| truth.coverage[[y, x]] == count))
}
