//! The kernels by name.

use clap::ValueEnum;
use skystack::{Combine, Convention, Extrema, MinMax, SigClip, Stacker, madclip};

use crate::args::KernelName;

/// All, from the cheapest.
pub(super) fn all() -> Vec<KernelName> {
    KernelName::value_variants().to_vec()
}

/// What a name runs: the definitions of IRAF at their defaults, clipping to convergence.
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_runs_on_the_fewest_frames() {
        let stack = skystack::simulate::stack(3, 4, 32, 1).frames;
        for name in all() {
            assert_eq!(stacker(name).run(stack.view()).unwrap().image.dim(), (4, 32), "{name:?}");
        }
    }
}
