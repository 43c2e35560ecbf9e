//! What is the same in every frame: sky, stars, dark current, bad columns.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardUniform};

use super::Scene;

/// Star light below this \[e-\] is not painted: a hundredth of the noise of any real detector.
const FAINTEST_E: f64 = 0.02;

/// The sky and the detector, seen by every frame.
pub(super) struct Field {
    /// Sky and stars \[e-\]: what a frame's scale multiplies.
    pub(super) light_e: Vec<f64>,
    /// Dark charge of one exposure \[e-\].
    pub(super) dark_e: Vec<f64>,
    /// Stuck columns, ascending, and their values \[DN\] in `stuck_dn`.
    pub(super) bad_columns: Vec<usize>,
    pub(super) stuck_dn: Vec<f64>,
}

impl Field {
    pub(super) fn new(scene: &Scene) -> Self {
        let mut rng = stream(scene, 0);
        let sky: Vec<f64> = (0..scene.width).map(|x| scene.sky_at(x)).collect();
        let mut light_e = sky.repeat(scene.height);
        for _ in 0..scene.stars {
            paint_star(scene, &mut rng, &mut light_e);
        }
        let dark_e = dark_charge(scene, &mut rng, light_e.len());
        let (bad_columns, stuck_dn) = stuck_columns(scene, &mut rng);
        Self { light_e, dark_e, bad_columns, stuck_dn }
    }

    /// Expected DN of every pixel for s = 1 and Z = 0.
    pub(super) fn truth_dn(&self, scene: &Scene) -> Array2<f64> {
        let electrons = self.light_e.iter().zip(&self.dark_e);
        let truth = electrons.map(|(light, dark)| (light + dark) / scene.gain).collect();
        Array2::from_shape_vec((scene.height, scene.width), truth).expect("one value a pixel")
    }
}

/// Random stream `number` of the scene: 0 is the field, i + 1 is frame i.
pub(super) fn stream(scene: &Scene, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(scene.seed);
    rng.set_stream(number);
    rng
}

/// A number in [0, 1).
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    StandardUniform.sample(rng)
}

/// Log-uniform between the two limits.
pub(super) fn log_uniform(rng: &mut ChaCha8Rng, (low, high): (f64, f64)) -> f64 {
    low * (high / low).powf(uniform(rng))
}

/// Adds a Moffat star of exponent 3: I(r) = 2 F / (pi a²) (1 + r²/a²)^-3, a = FWHM / (2 sqrt(2^(1/3) - 1)).
fn paint_star(scene: &Scene, rng: &mut ChaCha8Rng, light_e: &mut [f64]) {
    let (x0, y0) = (uniform(rng) * scene.width as f64 - 0.5, uniform(rng) * scene.height as f64 - 0.5);
    let flux = log_uniform(rng, scene.star_flux_e);
    // 2 sqrt(2^(1/3) - 1)
    let a = scene.fwhm_px / 1.019_649_057_067_917_3;
    let peak = 2.0 * flux / (std::f64::consts::PI * a * a);
    let reach = a * ((peak / FAINTEST_E).cbrt() - 1.0).max(0.0).sqrt();
    let span = |centre: f64, size: usize| {
        let first = (centre - reach).ceil().clamp(0.0, size as f64);
        first as usize..((centre + reach).floor() + 1.0).clamp(first, size as f64) as usize
    };
    for y in span(y0, scene.height) {
        for x in span(x0, scene.width) {
            let (dx, dy) = (x as f64 - x0, y as f64 - y0);
            let base = 1.0 + (dx * dx + dy * dy) / (a * a);
            light_e[y * scene.width + x] += peak / (base * base * base);
        }
    }
}

fn dark_charge(scene: &Scene, rng: &mut ChaCha8Rng, pixels: usize) -> Vec<f64> {
    let mut dark_e = vec![scene.dark_e_s * scene.exposure_s; pixels];
    for _ in 0..scene.hot_pixels {
        let pixel = below(rng, pixels);
        let rate = log_uniform(rng, (scene.hot_dark_e_s / 100.0, scene.hot_dark_e_s));
        if let Some(charge) = dark_e.get_mut(pixel) {
            *charge += rate * scene.exposure_s;
        }
    }
    dark_e
}

fn stuck_columns(scene: &Scene, rng: &mut ChaCha8Rng) -> (Vec<usize>, Vec<f64>) {
    let mut stuck: Vec<(usize, f64)> = Vec::new();
    while stuck.len() < scene.bad_columns.min(scene.width) {
        let (x, level) = (below(rng, scene.width), uniform(rng));
        if stuck.iter().all(|&(other, _)| other != x) {
            stuck.push((x, (2.0 * level * scene.background_dn(x)).round()));
        }
    }
    stuck.sort_by_key(|&(x, _)| x);
    stuck.into_iter().unzip()
}

/// A whole number in 0 .. `end`.
pub(super) fn below(rng: &mut ChaCha8Rng, end: usize) -> usize {
    ((uniform(rng) * end as f64) as usize).min(end.saturating_sub(1))
}
