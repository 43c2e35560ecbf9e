//! The kernels by name.

use clap::ValueEnum;
use skystack::{
    AvSigClip, CcdClip, Center, Combine, Convention, Extrema, Gesd, InputVariance, LineFit, LinearFit,
    MeanClip, MedSigma, MinMax, NoiseModel, PClip, Percentile, SigClip, Stacker, VarClip, Winsorized,
    crreject, madclip, simulate,
};

use crate::args::KernelName;

/// All, from the cheapest.
pub(super) fn all() -> Vec<KernelName> {
    KernelName::value_variants().to_vec()
}

/// What a name runs: the definitions of IRAF, or of who has the rejection, at their defaults, clipping to convergence.
pub(super) fn stacker(name: KernelName) -> Stacker {
    let plain = Stacker::new();
    match name {
        KernelName::Average => plain,
        KernelName::Sum => plain.combine(Combine::Sum),
        KernelName::Min => plain.combine(Combine::Min),
        KernelName::Max => plain.combine(Combine::Max),
        KernelName::Median => plain.combine(Combine::Median),
        KernelName::MinMax => plain.reject(MinMax::new(1.0, 1.0)),
        KernelName::Extrema => plain.reject(Extrema::new(1, 1)),
        KernelName::SigclipAverage => plain.reject(SigClip::iraf()),
        KernelName::SigclipMedian => plain.reject(SigClip::iraf()).combine(Combine::Median),
        KernelName::MadClip => {
            let textbook = madclip(Convention::Textbook).expect("the textbook defines madclip");
            plain.reject(textbook)
        }
        KernelName::PClip => plain.reject(PClip::iraf()),
        KernelName::Percentile => plain.reject(Percentile::new(0.2, 0.1)),
        KernelName::Winsorized => plain.reject(Winsorized::textbook()),
        KernelName::Gesd => plain.reject(Gesd::textbook()),
        KernelName::LinearFit => plain.reject(LinearFit::textbook()),
        KernelName::LinearFitL1 => plain.reject(LinearFit::textbook().fit(LineFit::LeastAbsolute)),
        KernelName::MedSigma => plain.reject(MedSigma::siril()),
        KernelName::CcdClip => with_noise(plain).reject(CcdClip::iraf()),
        KernelName::CcdClipMean => with_noise(plain).reject(CcdClip::iraf().center(Center::Mean)),
        KernelName::Crreject => {
            let iraf = crreject(Convention::Iraf).expect("IRAF defines crreject");
            with_noise(plain).reject(iraf)
        }
        KernelName::AvSigClip => plain.reject(AvSigClip::iraf()),
        KernelName::MeanClip => plain.reject(MeanClip::lsst()),
        KernelName::VarClip => with_noise(plain).variance(InputVariance::Noise).reject(VarClip::dragons()),
        KernelName::VarClipSwarp => with_noise(plain).variance(InputVariance::Noise).reject(VarClip::swarp()),
    }
}

/// With the noise of the simulated camera.
fn with_noise(stacker: Stacker) -> Stacker {
    let scene = simulate::Scene::new(1, 1, 1);
    let (gain, rdnoise, snoise) = (scene.gain.into(), scene.rdnoise_e.into(), scene.snoise.into());
    stacker.noise(NoiseModel { gain, rdnoise, snoise })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_runs_on_the_fewest_frames() {
        let stack = simulate::stack(5, 4, 32, 1).frames;
        for name in all() {
            assert_eq!(stacker(name).run(stack.view()).unwrap().image.dim(), (4, 32), "{name:?}");
        }
    }
}
