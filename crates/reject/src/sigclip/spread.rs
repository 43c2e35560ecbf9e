//! The variance V that a pass tests against (E4, E5, F3).

use skystack_simd::Vector;
use skystack_stats::lane::{self, All, Distances, Members, Squares};
use skystack_stats::slice::IQR_STD_FACTOR;

use super::{About, SigClip, Spread, Survivors};
use crate::Columns;
use crate::variance::{self, Degrees};

/// Turns Sₙ into the standard deviation of Gaussian data (Rousseeuw & Croux 1993).
pub(crate) const SN_FACTOR: f64 = 1.1926;

/// V of the survivors. `mean`: theirs in f64, where the centre is a mean.
#[inline(always)]
pub(super) fn variance<V: Vector>(
    clip: &SigClip,
    isa: V::Isa,
    columns: &mut Columns<'_, V>,
    survivors: &Survivors<V>,
    center: V,
    mean: Option<V::Wide>,
    active: V::Mask,
) -> V::Wide {
    let window = &survivors.window;
    match clip.spread {
        Spread::Std if survivors.all => standard(clip, isa, columns.samples, survivors, All, center, mean),
        Spread::Std => standard(clip, isa, columns.samples, survivors, survivors.bounds, center, mean),
        Spread::Mad { factor } => {
            let median = lane::median(isa, columns.ranks(), window);
            rounded_square::<V>(isa, factor, lane::mad(isa, columns.ranks(), window, median, active))
        }
        Spread::Iqr => rounded_square::<V>(isa, IQR_STD_FACTOR, lane::iqr(isa, columns.ranks(), window)),
        Spread::Sn => {
            let ranks = if columns.ordered { &*columns.samples } else { &*columns.sorted };
            let sn = lane::sn(isa, ranks, window, columns.deviations);
            rounded_square::<V>(isa, SN_FACTOR, sn)
        }
    }
}

/// σ = T(factor·width), V = f64(σ)².
#[inline(always)]
fn rounded_square<V: Vector>(isa: V::Isa, factor: f64, width: V::Wide) -> V::Wide {
    let sigma = V::narrow(V::Wide::splat(isa, factor) * width).widen();
    sigma * sigma
}

/// Variance about the centre (E4) or about the mean (E5); `members` are the survivors.
#[inline(always)]
fn standard<V: Vector>(
    clip: &SigClip,
    isa: V::Isa,
    samples: &[V],
    survivors: &Survivors<V>,
    members: impl Members<V>,
    center: V,
    mean: Option<V::Wide>,
) -> V::Wide {
    let n = survivors.window.count.widen();
    if clip.about == About::Center {
        let [s2] = lane::sum(isa, samples, &Squares(Distances { members, center }));
        return s2 / (n - V::Wide::splat(isa, f64::from(clip.ddof)));
    }
    let degrees = Degrees::new(isa, n, clip.ddof);
    match mean {
        Some(mean) => variance::by_mean(isa, samples, members, &degrees, mean),
        None => variance::by_median(isa, samples, members, &degrees, center),
    }
}
