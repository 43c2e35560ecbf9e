//! One frame: photons, read noise, cosmic rays, trails, saturation.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rayon::prelude::*;

use super::sky::{Field, below, log_uniform, stream, uniform};
use super::{Hit, Scene};

/// What the frames of a stack leave behind besides their pixels.
pub(super) struct Made {
    pub(super) hits: Vec<Hit>,
    pub(super) scales: Vec<f64>,
    pub(super) zeros: Vec<f64>,
}

/// Fills `samples` (N planes) frame by frame, in parallel.
pub(super) fn all(scene: &Scene, field: &Field, samples: &mut [f32]) -> Made {
    let pixels = scene.height * scene.width;
    if pixels == 0 {
        return Made { hits: Vec::new(), scales: vec![1.0; scene.frames], zeros: vec![0.0; scene.frames] };
    }
    let one = |(number, plane): (usize, &mut [f32])| Frame::new(scene, number).expose(field, plane);
    let made: Vec<_> = samples.par_chunks_mut(pixels).enumerate().map(one).collect();
    let mut all = Made { hits: Vec::new(), scales: Vec::new(), zeros: Vec::new() };
    for (frame, hits) in made {
        all.scales.push(frame.scale);
        all.zeros.push(frame.zero_dn);
        all.hits.extend(hits);
    }
    all
}

struct Frame<'a> {
    scene: &'a Scene,
    number: usize,
    scale: f64,
    zero_dn: f64,
    rng: ChaCha8Rng,
}

impl<'a> Frame<'a> {
    fn new(scene: &'a Scene, number: usize) -> Self {
        let mut rng = stream(scene, number as u64 + 1);
        // A frame that scales below zero does not exist; the floor is far outside any sensible spread.
        let scale = (1.0 + scene.scale_spread * normal(&mut rng)).max(0.01);
        let zero_dn = scene.zero_spread_dn * normal(&mut rng);
        Self { scene, number, scale, zero_dn, rng }
    }

    fn expose(mut self, field: &Field, plane: &mut [f32]) -> (Self, Vec<Hit>) {
        let hits = self.hits();
        let mut next = hits.iter().peekable();
        for (pixel, sample) in plane.iter_mut().enumerate() {
            let hit = next.next_if(|hit| hit.y * self.scene.width + hit.x == pixel);
            let dn = self.sky_dn(field, pixel) + hit.map_or(0.0, |hit| hit.amplitude);
            *sample = dn.round().clamp(0.0, self.scene.saturation_dn.min(65535.0)) as f32;
        }
        for (&x, &level) in field.bad_columns.iter().zip(&field.stuck_dn) {
            plane.iter_mut().skip(x).step_by(self.scene.width).for_each(|sample| *sample = level as f32);
        }
        (self, hits)
    }

    /// Photons, dark charge, read noise and zero of one pixel \[DN\], not rounded.
    fn sky_dn(&mut self, field: &Field, pixel: usize) -> f64 {
        let mut light = self.scale * field.light_e[pixel];
        if self.scene.snoise > 0.0 {
            light *= 1.0 + self.scene.snoise * normal(&mut self.rng);
        }
        let expected = light + field.dark_e[pixel];
        // `new` refuses what is not above zero: no light, no photon.
        let photons = Poisson::new(expected).map_or(0.0, |poisson| poisson.sample(&mut self.rng));
        let read = self.scene.rdnoise_e * normal(&mut self.rng);
        (photons + read) / self.scene.gain + self.zero_dn
    }

    /// Cosmic rays and trails of this frame, in pixel order, one entry a pixel.
    fn hits(&mut self) -> Vec<Hit> {
        let scene = self.scene;
        let (shortest, longest) = scene.cosmic_track_px;
        let mean_length = (shortest + longest) as f64 / 2.0;
        let expected = scene.cosmic_rate * (scene.height * scene.width) as f64 / mean_length.max(1.0);
        let tracks = Poisson::new(expected).map_or(0.0, |poisson| poisson.sample(&mut self.rng)) as usize;
        let mut hits = Vec::new();
        for _ in 0..tracks {
            let start =
                [uniform(&mut self.rng) * scene.width as f64, uniform(&mut self.rng) * scene.height as f64];
            let length = shortest.max(1) + below(&mut self.rng, longest.saturating_sub(shortest) + 1);
            let amplitude = log_uniform(&mut self.rng, scene.cosmic_dn);
            self.track(start, length, amplitude, &mut hits);
        }
        for _ in (self.number..scene.trails).step_by(scene.frames) {
            self.trail(&mut hits);
        }
        hits.sort_by_key(|hit: &Hit| (hit.y, hit.x));
        hits.dedup_by(|again, first| {
            let same = (again.x, again.y) == (first.x, first.y);
            if same {
                first.amplitude += again.amplitude;
            }
            same
        });
        hits
    }

    /// A straight track of pixels in a random direction; it ends at the frame's edge.
    fn track(&mut self, start: [f64; 2], length: usize, amplitude: f64, hits: &mut Vec<Hit>) {
        let [dx, dy] = direction(&mut self.rng);
        let longer = dx.abs().max(dy.abs());
        for step in 0..length {
            let along = step as f64 / longer;
            let (x, y) = ((start[0] + along * dx).floor(), (start[1] + along * dy).floor());
            if x < 0.0 || y < 0.0 || x >= self.scene.width as f64 || y >= self.scene.height as f64 {
                break;
            }
            hits.push(Hit { frame: self.number, x: x as usize, y: y as usize, amplitude });
        }
    }

    /// A trail from the left edge to the right edge (or out at top or bottom), three pixels wide.
    fn trail(&mut self, hits: &mut Vec<Hit>) {
        let (width, height) = (self.scene.width as f64, self.scene.height as f64);
        let (left, right) = (uniform(&mut self.rng) * height, uniform(&mut self.rng) * height);
        for x in 0..self.scene.width {
            let centre = (left + (right - left) * x as f64 / width).floor();
            for y in [centre - 1.0, centre, centre + 1.0] {
                if y >= 0.0 && y < height {
                    let amplitude = self.scene.trail_dn;
                    hits.push(Hit { frame: self.number, x, y: y as usize, amplitude });
                }
            }
        }
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A random unit vector: a point in the disc, put on the circle. Square roots are the same on every machine, sines not.
fn direction(rng: &mut ChaCha8Rng) -> [f64; 2] {
    loop {
        let (x, y) = (2.0 * uniform(rng) - 1.0, 2.0 * uniform(rng) - 1.0);
        let square = x * x + y * y;
        if square > 1e-4 && square <= 1.0 {
            let norm = square.sqrt();
            return [x / norm, y / norm];
        }
    }
}
