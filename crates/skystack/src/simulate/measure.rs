//! Measures a combined image against the truth of the simulated stack.
//!
//! Noise, bias and false rejections are taken on plain sky ([`Simulated::plain_sky`]) that nothing hit; completeness on
//! plain-sky pixels with exactly one hit sample. Every residual is divided by the noise model's own σ of its pixel.
//!
//! ```
//! use skystack::simulate::{self, measure};
//! let simulated = simulate::stack(8, 64, 64, 5);
//! // A plain mean over the frames, as an example of a combination.
//! let mean = simulated.frames.mean_axis(ndarray::Axis(0)).unwrap();
//! let noise = measure::noise(&simulated, mean.view());
//! assert!((noise.noise_factor - 1.0).abs() < 5.0 * noise.noise_factor_error());
//! ```

use ndarray::{Array2, ArrayView2, ArrayView3};

use super::Simulated;

/// Residuals of a combined image on plain sky that nothing hit.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Noise {
    /// Pixels measured.
    pub pixels: usize,
    /// n · var((image − truth)/σ): 1 for the mean.
    pub noise_factor: f64,
    /// Mean of (image − truth)/σ.
    pub bias: f64,
    /// Mean of image − truth \[DN\].
    pub bias_dn: f64,
    /// Standard deviation of image − truth \[DN\].
    pub noise_dn: f64,
    /// Frames n.
    pub frames: usize,
}

impl Noise {
    /// One standard error of [`Noise::noise_factor`]: √(2/M) of it for normal residuals.
    pub fn noise_factor_error(&self) -> f64 {
        self.noise_factor * (2.0 / self.pixels as f64).sqrt()
    }

    /// One standard error of [`Noise::bias`].
    pub fn bias_error(&self) -> f64 {
        (self.noise_factor / (self.frames * self.pixels) as f64).sqrt()
    }
}

/// Noise and bias of `image` (height, width) \[DN\].
///
/// # Panics
/// If the shapes differ.
pub fn noise<T: Copy + Into<f64>>(simulated: &Simulated, image: ArrayView2<'_, T>) -> Noise {
    let clean = clean_sky(simulated);
    let residual = |at: [usize; 2]| {
        let truth = simulated.truth[at];
        let difference: f64 = image[at].into() - truth;
        (difference, difference / simulated.noise.rounded_variance_dn(truth).sqrt())
    };
    assert_eq!(image.dim(), simulated.truth.dim(), "shape of the image");
    let (dn, sigmas): (Vec<f64>, Vec<f64>) = pixels_of(&clean).map(residual).unzip();
    let ((bias_dn, variance_dn), (bias, variance)) = (moments(&dn), moments(&sigmas));
    let frames = simulated.frames.dim().0;
    let noise_factor = frames as f64 * variance;
    Noise { pixels: dn.len(), noise_factor, bias, bias_dn, noise_dn: variance_dn.sqrt(), frames }
}

/// What single strong hits do to a combined image.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct HitBias {
    /// Pixels measured.
    pub pixels: usize,
    /// Mean of (image − truth)/σ over them.
    pub bias: f64,
    /// Mean amplitude of their hits \[σ\]: a plain mean of n frames keeps 1/n of it.
    pub amplitude: f64,
}

/// Bias on plain-sky pixels with exactly one hit, of at least `least_sigma`. All zero where there is none.
pub fn bias_at_hits<T: Copy + Into<f64>>(
    simulated: &Simulated,
    image: ArrayView2<'_, T>,
    least_sigma: f64,
) -> HitBias {
    let mut found = HitBias { pixels: 0, bias: 0.0, amplitude: 0.0 };
    for hit in lone_hits(simulated).filter(|hit| hit.sigmas >= least_sigma) {
        found.pixels += 1;
        found.bias += (image[hit.at].into() - simulated.truth[hit.at]) / hit.sigma_dn;
        found.amplitude += hit.sigmas;
    }
    let count = found.pixels.max(1) as f64;
    HitBias { bias: found.bias / count, amplitude: found.amplitude / count, ..found }
}

/// Good samples that a combination rejected, on plain sky that nothing hit.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FalseRejection {
    /// Samples looked at.
    pub samples: usize,
    /// Samples rejected.
    pub rejected: usize,
}

impl FalseRejection {
    /// Rejected part.
    pub fn rate(&self) -> f64 {
        self.rejected as f64 / self.samples.max(1) as f64
    }
}

/// Counts false rejections in `rejmask`, shape (N, height, width), 1 = sample not used.
pub fn false_rejection(simulated: &Simulated, rejmask: ArrayView3<'_, u8>) -> FalseRejection {
    let clean = clean_sky(simulated);
    let mut found = FalseRejection { samples: 0, rejected: 0 };
    for plane in rejmask.outer_iter() {
        for at in pixels_of(&clean) {
            found.samples += 1;
            found.rejected += usize::from(plane[at] != 0);
        }
    }
    found
}

/// One bin of amplitude of [`completeness`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bin {
    /// Least amplitude \[σ\].
    pub from: f64,
    /// Amplitude \[σ\] at the end of the bin.
    pub to: f64,
    /// Amplitudes \[σ\] of the hits in the bin.
    pub amplitudes: Vec<f64>,
    /// How many of them were rejected.
    pub caught: usize,
}

/// Caught hits in `rejmask` (N, height, width), in bins between the `edges` \[σ\] (ascending).
pub fn completeness(simulated: &Simulated, rejmask: ArrayView3<'_, u8>, edges: &[f64]) -> Vec<Bin> {
    let empty = |pair: &[f64]| Bin { from: pair[0], to: pair[1], amplitudes: Vec::new(), caught: 0 };
    let mut bins: Vec<Bin> = edges.windows(2).map(empty).collect();
    for hit in lone_hits(simulated) {
        if let Some(bin) = bins.iter_mut().find(|bin| (bin.from..bin.to).contains(&hit.sigmas)) {
            bin.amplitudes.push(hit.sigmas);
            bin.caught += usize::from(rejmask[[hit.frame, hit.at[0], hit.at[1]]] != 0);
        }
    }
    bins
}

struct LoneHit {
    frame: usize,
    at: [usize; 2],
    sigma_dn: f64,
    sigmas: f64,
}

/// Hits of plain-sky pixels that no other frame's hit shares.
fn lone_hits(simulated: &Simulated) -> impl Iterator<Item = LoneHit> + '_ {
    let (plain, count) = (simulated.plain_sky(), simulated.hits_per_pixel());
    simulated.hits.iter().filter_map(move |hit| {
        let at = [hit.y, hit.x];
        let sigma_dn = simulated.noise.rounded_variance_dn(simulated.truth[at]).sqrt();
        let lone = plain[at] && count[at] == 1;
        lone.then(|| LoneHit { frame: hit.frame, at, sigma_dn, sigmas: hit.amplitude / sigma_dn })
    })
}

fn clean_sky(simulated: &Simulated) -> Array2<bool> {
    let mut clean = simulated.plain_sky();
    clean.zip_mut_with(&simulated.hits_per_pixel(), |clean, &hits| *clean &= hits == 0);
    clean
}

fn pixels_of(mask: &Array2<bool>) -> impl Iterator<Item = [usize; 2]> + '_ {
    mask.indexed_iter().filter_map(|((y, x), &inside)| inside.then_some([y, x]))
}

/// Mean and variance (n − 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, square / (count - 1.0))
}
