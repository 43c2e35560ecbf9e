//! Stacks of frames with known truth: to test a pipeline, to try an option, to judge a result by theory.
//!
//! [`stack`] gives a stack with sensible defaults; [`Scene`] has every knob; [`theory`] says what a right combiner must
//! show on such a stack. The [`truth`](Simulated::truth), every cosmic-ray [`Hit`], the per-frame scales and zeros and the
//! noise model are kept, so nothing has to be estimated.
//!
//! ```
//! use skystack::simulate;
//! let simulated = simulate::stack(5, 32, 48, 1);
//! assert_eq!(simulated.frames.dim(), (5, 32, 48));
//! let sky = simulated.truth[[16, 24]];
//! let sigma = simulated.noise.variance_dn(sky).sqrt();
//! assert!((f64::from(simulated.frames[[0, 16, 24]]) - sky).abs() < 1e5 * sigma);
//! ```
//!
//! # The model
//!
//! For frame i and pixel p, with the truth T \[e-\], scale s, zero Z \[DN\], gain g \[e-/DN\], read noise R \[e-\]:
//!
//! ```text
//! electrons n = Poisson( s_i T(p) f + d(p) t )     f = 1 + N(0, snoise), d dark current, t exposure
//! DN          = clip( round( (n + N(0, R)) / g + Z_i + CR_i(p) ), 0, saturation )
//! T           = sky + gradient + stars (Moffat, beta 3: no transcendental function in a pixel)
//! ```
//!
//! # The same stack everywhere
//!
//! Random numbers come from ChaCha8, one stream a frame and one for the scene, so a frame depends on (scene, seed, its
//! number) only: not on the number of threads, of frames or on the machine's word size. Values in DN are rounded to whole
//! numbers. What remains is the platform's `exp`, `ln` and `powf` inside the Poisson and normal generators and the
//! log-uniform fluxes: they may differ in the last bit between C libraries, which changes `truth` and amplitudes by a few
//! 1e-16 of their value, and a pixel of a frame about once in 10^13 draws.

mod frame;
pub mod measure;
mod scene;
mod sky;
pub mod theory;

pub use scene::{NoiseModel, Scene};

use ndarray::{Array2, Array3};

/// A stack of `frames` frames of `height` x `width` pixels with the default [`Scene`] and a seed.
///
/// Frames have equal scale 1 and zero 0: they can be combined as they are. Cosmic rays hit one pixel in a thousand.
///
/// ```
/// let a = skystack::simulate::stack(3, 16, 16, 7);
/// let b = skystack::simulate::stack(3, 16, 16, 7);
/// assert_eq!(a.frames, b.frames);
/// ```
pub fn stack(frames: usize, height: usize, width: usize, seed: u64) -> Simulated {
    Scene::new(frames, height, width).seed(seed).generate()
}

/// What [`Scene::generate`] makes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Simulated {
    /// The frames \[DN\], shape (N, height, width): whole numbers from 0 to the saturation level.
    pub frames: Array3<f32>,
    /// Expected value of every pixel \[DN\] for s = 1, Z = 0, without cosmic rays and saturation, shape (height, width).
    pub truth: Array2<f64>,
    /// Every sample hit by a cosmic ray or a trail, in the order (frame, y, x).
    pub hits: Vec<Hit>,
    /// Scale s_i of each frame.
    pub scales: Vec<f64>,
    /// Zero Z_i of each frame \[DN\].
    pub zeros: Vec<f64>,
    /// Columns (0-based x) that are stuck in every frame.
    pub bad_columns: Vec<usize>,
    /// Variance of a sample as a function of its level.
    pub noise: NoiseModel,
    /// The knobs that made it.
    pub scene: Scene,
}

/// One sample that something other than the sky has reached.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// Frame number, from 0.
    pub frame: usize,
    /// Column, from 0.
    pub x: usize,
    /// Row, from 0.
    pub y: usize,
    /// What was added \[DN\], before rounding and saturation.
    pub amplitude: f64,
}

impl Simulated {
    /// How many frames hit each pixel, shape (height, width).
    pub fn hits_per_pixel(&self) -> Array2<u32> {
        let mut count = Array2::zeros(self.truth.dim());
        for hit in &self.hits {
            count[[hit.y, hit.x]] += 1;
        }
        count
    }

    /// Pixels of plain sky: star light below one percent of the background, no hot pixel, no bad column.
    pub fn plain_sky(&self) -> Array2<bool> {
        let mut plain = Array2::from_shape_fn(self.truth.dim(), |(y, x)| {
            let background = self.scene.background_dn(x);
            (self.truth[[y, x]] - background).abs() <= 0.01 * background
        });
        for &x in &self.bad_columns {
            plain.column_mut(x).fill(false);
        }
        plain
    }
}

#[cfg(test)]
mod tests;
