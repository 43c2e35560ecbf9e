//! The knobs of a simulated stack.

use ndarray::Array3;

use super::{Simulated, frame, sky};

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr,)*) => {
        /// Every knob of a simulated stack: set what matters, keep the rest, [`generate`](Scene::generate).
        ///
        /// ```
        /// use skystack::simulate::Scene;
        /// let scene = Scene::new(4, 24, 32).seed(3).sky_e(900.0).cosmic_rate(0.01).zero_spread_dn(20.0);
        /// let simulated = scene.generate();
        /// assert_eq!(simulated.zeros.len(), 4);
        /// assert!(!simulated.hits.is_empty());
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct Scene {
            /// Number of frames N.
            pub frames: usize,
            /// Rows of a frame.
            pub height: usize,
            /// Columns of a frame.
            pub width: usize,
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Scene {
            /// The default scene: sky of 400 e- with stars and cosmic rays, frames of equal scale and zero, no defects.
            pub fn new(frames: usize, height: usize, width: usize) -> Self {
                // One star in a square of about 100 pixels: most pixels stay plain sky.
                let default_stars = height * width / 10_000;
                Self { frames, height, width, stars: default_stars, ..Self::EMPTY }
            }

            const EMPTY: Self = Self { frames: 0, height: 0, width: 0, $($name: $default,)* };

            $($(#[$doc])* pub fn $name(mut self, $name: $type) -> Self {
                self.$name = $name;
                self
            })*
        }
    };
}

knobs! {
    /// Seed of all random numbers.
    seed: u64 = 0,
    /// Sky level \[e-\] in the middle of the frame.
    sky_e: f64 = 400.0,
    /// Rise of the sky \[e-\] from the left edge to the right edge.
    gradient_e: f64 = 40.0,
    /// Number of stars, at random places, their fluxes log-uniform over `star_flux_e`.
    stars: usize = 0,
    /// Least and greatest flux of a star \[e-\].
    star_flux_e: (f64, f64) = (1e2, 1e6),
    /// Full width of a star at half maximum \[pixels\].
    fwhm_px: f64 = 2.8,
    /// Gain \[e-/DN\].
    gain: f64 = 1.5,
    /// Read noise \[e-\].
    rdnoise_e: f64 = 8.0,
    /// Sensitivity noise: relative standard deviation of the response of a sample.
    snoise: f64 = 0.0,
    /// Exposure time \[s\].
    exposure_s: f64 = 60.0,
    /// Dark current \[e-/s\].
    dark_e_s: f64 = 0.0,
    /// Number of hot pixels, the same in every frame; they are part of the truth.
    hot_pixels: usize = 0,
    /// Greatest dark current of a hot pixel \[e-/s\]; they lie log-uniform over two decades below it.
    hot_dark_e_s: f64 = 500.0,
    /// Part of the samples that a cosmic ray reaches.
    cosmic_rate: f64 = 1e-3,
    /// Least and greatest amplitude of a cosmic ray \[DN\], log-uniform.
    cosmic_dn: (f64, f64) = (1e1, 1e4),
    /// Shortest and longest track of a cosmic ray \[pixels\].
    cosmic_track_px: (usize, usize) = (1, 20),
    /// Number of faint straight trails across the frame; trail k lies in frame k mod N.
    trails: usize = 0,
    /// Amplitude of a trail \[DN\].
    trail_dn: f64 = 100.0,
    /// Number of columns that are stuck at one value in every frame; the truth does not show them.
    bad_columns: usize = 0,
    /// Standard deviation of the per-frame scale s_i about 1.
    scale_spread: f64 = 0.0,
    /// Standard deviation of the per-frame zero Z_i about 0 \[DN\].
    zero_spread_dn: f64 = 0.0,
    /// Value at which a sample saturates \[DN\], at most 65535.
    saturation_dn: f64 = 65535.0,
}

impl Scene {
    /// Simulates the stack, frames in parallel on rayon's current pool: the same bits for any number of threads.
    ///
    /// # Panics
    /// If the stack has more samples than an array can hold, or `gain` is not positive.
    pub fn generate(&self) -> Simulated {
        assert!(self.gain > 0.0, "gain is {} e-/DN, needed a positive number", self.gain);
        let field = sky::Field::new(self);
        let mut frames = Array3::zeros((self.frames, self.height, self.width));
        let made = frame::all(self, &field, frames.as_slice_mut().expect("a fresh array is contiguous"));
        Simulated {
            frames,
            truth: field.truth_dn(self),
            hits: made.hits,
            scales: made.scales,
            zeros: made.zeros,
            bad_columns: field.bad_columns,
            noise: NoiseModel { gain: self.gain, rdnoise_e: self.rdnoise_e, snoise: self.snoise },
            scene: self.clone(),
        }
    }

    /// Level of sky and dark \[DN\] in column `x`, without stars and hot pixels.
    pub fn background_dn(&self, x: usize) -> f64 {
        (self.sky_at(x) + self.dark_e_s * self.exposure_s) / self.gain
    }

    /// Sky \[e-\] in column `x`.
    pub(super) fn sky_at(&self, x: usize) -> f64 {
        let across = (x as f64 + 0.5) / self.width as f64 - 0.5;
        self.sky_e + self.gradient_e * across
    }
}

/// Variance of one sample as a function of its level: the model of ccdclip and crreject.
///
/// V(I) = (R/g)² + I/g + (snoise I)², I in DN above zero (algorithms.md section 5.6).
///
/// ```
/// use skystack::simulate::NoiseModel;
/// let noise = NoiseModel { gain: 2.0, rdnoise_e: 6.0, snoise: 0.0 };
/// assert_eq!(noise.variance_dn(100.0), 9.0 + 50.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseModel {
    /// Gain \[e-/DN\].
    pub gain: f64,
    /// Read noise \[e-\].
    pub rdnoise_e: f64,
    /// Sensitivity noise, a fraction.
    pub snoise: f64,
}

impl NoiseModel {
    /// V(I) \[DN²\] at the level `dn`; levels below zero count as zero.
    pub fn variance_dn(&self, dn: f64) -> f64 {
        let level = dn.max(0.0);
        let read = self.rdnoise_e / self.gain;
        let sensitivity = self.snoise * level;
        read * read + level / self.gain + sensitivity * sensitivity
    }

    /// Variance \[DN²\] of a simulated sample: V(I) plus 1/12 for the rounding to whole numbers.
    pub fn rounded_variance_dn(&self, dn: f64) -> f64 {
        self.variance_dn(dn) + 1.0 / 12.0
    }

    /// Skewness of the noise at the level `dn`: the third moment of a Poisson count is its mean.
    pub fn skewness(&self, dn: f64) -> f64 {
        let level_e = dn.max(0.0) * self.gain;
        let sigma_e = self.rounded_variance_dn(dn).sqrt() * self.gain;
        level_e / (sigma_e * sigma_e * sigma_e)
    }
}
