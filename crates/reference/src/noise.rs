//! The noise model of a detector (algorithms.md section 5.6).

use skystack_reject::Noise;

/// Least variance: IRAF's largest number in the place of its reciprocal.
const LEAST: f64 = 1e4 / 0.99e37;

/// ρ = max((R/g)·(R/g), 1e4/0.99e37).
fn read_variance(noise: &Noise) -> f64 {
    ((noise.rdnoise / noise.gain) * (noise.rdnoise / noise.gain)).max(LEAST)
}

/// V = (ρ + S/g) + (S·f)·(S·f) of a signal S ≥ 0.
pub(crate) fn variance(noise: &Noise, signal: f64) -> f64 {
    let s = signal;
    (read_variance(noise) + s / noise.gain) + (s * noise.snoise) * (s * noise.snoise)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// gain 2, read noise 6, 5 % of 100: 9 + 50 + 25.
    #[test]
    fn variance_by_hand() {
        assert_eq!(variance(&Noise { gain: 2.0, rdnoise: 6.0, snoise: 0.05 }, 100.0), 84.0);
        assert_eq!(variance(&Noise::default(), 0.0), 1e4 / 0.99e37);
    }
}
