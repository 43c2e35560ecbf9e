//! The reference beside the kernels: its setup for the same options, and what differs at a pixel.

use skystack_combine::{
    Combine, CountProduct, CubeProduct, Lmedian, MemorySink, Options, Reason, SigmaRule, ValueProduct,
    WorkingType,
};
use skystack_reference::{Pixel, Setup, Working};
use skystack_reject::Convention;

/// The same options for the reference, which works in the type of `element_bytes`.
pub(crate) fn setup<'a>(options: &'a Options, element_bytes: usize) -> Setup<'a> {
    let working = if element_bytes == 4 { Working::F32 } else { Working::F64 };
    Setup {
        rejections: &options.rejections,
        scalings: &options.scalings,
        scaling_errors: &options.scaling_errors,
        noise: &options.noise,
        combine: match options.combine {
            Combine::Median => skystack_reference::Combine::Median,
            Combine::Lmedian => skystack_reference::Combine::Lmedian,
            Combine::Sum => skystack_reference::Combine::Sum,
            Combine::Min => skystack_reference::Combine::Min,
            Combine::Max => skystack_reference::Combine::Max,
            Combine::Quadrature => skystack_reference::Combine::Quadrature,
            Combine::Nmodel => skystack_reference::Combine::Nmodel,
            Combine::Wmedian => skystack_reference::Combine::Wmedian,
            Combine::Average => skystack_reference::Combine::Average,
        },
        lmedian: match options.lmedian {
            Lmedian::Iraf => skystack_reference::Lmedian::Iraf,
            Lmedian::Lower => skystack_reference::Lmedian::Lower,
        },
        lthreshold: options.lthreshold,
        hthreshold: options.hthreshold,
        weights: options.weights.as_deref(),
        blank: options.blank,
        sigma: match options.sigma_rule {
            SigmaRule::Iraf => skystack_reference::SigmaRule::Iraf,
            SigmaRule::Scatter => skystack_reference::SigmaRule::Scatter,
            SigmaRule::Population => skystack_reference::SigmaRule::Population,
        },
        ..Setup::convention(Convention::Iraf, working)
    }
}

/// Is `found` the number `expected`, bit for bit?
pub(crate) fn same<T: WorkingType>(found: T, expected: f64) -> bool {
    // The reference carries T as f64; all NaN are one.
    found.widen().to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan())
}

/// What differs from the reference at `pixel`, if anything.
pub(crate) fn difference<T: WorkingType>(
    sink: &MemorySink<T>,
    pixel: usize,
    pixels: usize,
    expected: &Pixel,
) -> Option<String> {
    let rejmask = sink.cube(CubeProduct::Rejmask);
    let used: Vec<bool> = (0..expected.used.len()).map(|i| rejmask[i * pixels + pixel] == 0).collect();
    let count = |product| sink.counts(product).get(pixel).map(|count| *count as usize);
    let counts = [
        (CountProduct::Count, expected.count),
        (CountProduct::Nrej, expected.nrej),
        (CountProduct::Nlow, expected.low),
        (CountProduct::Nhigh, expected.high),
        (CountProduct::Nmiss, expected.nmiss),
        (CountProduct::Coverage, expected.used.len() - expected.nmiss),
        (CountProduct::NrejMask, expected.used.len() - expected.count),
        (CountProduct::Bpm, usize::from(expected.count == 0)),
    ];
    let wrong =
        counts.into_iter().find(|(product, expected)| count(*product).is_some_and(|n| n != *expected));
    let (value, sigma) = (sink.image()[pixel], sink.values(ValueProduct::Sigma)[pixel]);
    let agrees = same(value, expected.value)
        && same(sigma, expected.sigma)
        && wrong.is_none()
        && reasons_agree(sink, pixel, pixels, expected)
        && errors_agree(sink, pixel, expected)
        && used == expected.used;
    (!agrees).then(|| {
        let count = wrong.map(|(product, _)| (product, count(product)));
        let reasons: Vec<u8> =
            sink.cube(CubeProduct::Reasons).iter().skip(pixel).step_by(pixels).copied().collect();
        format!(
            "found {value:?} sigma {sigma:?} wrong count {count:?}\nused {used:?}\nreasons {reasons:?}\nexpected {expected:?}"
        )
    })
}

/// Errors, if they were made and the reference has a definition of them.
fn errors_agree<T: WorkingType>(sink: &MemorySink<T>, pixel: usize, expected: &Pixel) -> bool {
    let root = |v: Option<f64>| v.map(f64::sqrt);
    let expected_values = [
        (ValueProduct::Variance, expected.variance),
        (ValueProduct::Error, root(expected.variance)),
        (ValueProduct::Empirical, root(expected.empirical)),
    ];
    // An empty pixel is blank in all products.
    expected.count == 0
        || expected_values.into_iter().all(|(product, value)| {
            match (sink.values(product).get(pixel), value) {
                (Some(found), Some(value)) => same(*found, T::narrow(value).widen()),
                _ => true,
            }
        })
}

/// The cube of reasons, if it was made: as many of each kind as the reference counts.
fn reasons_agree<T: WorkingType>(
    sink: &MemorySink<T>,
    pixel: usize,
    pixels: usize,
    expected: &Pixel,
) -> bool {
    let reasons = sink.cube(CubeProduct::Reasons);
    if reasons.is_empty() {
        return true;
    }
    let of = |frame: usize| Reason::try_from(reasons[frame * pixels + pixel]).expect("a reason");
    let number = |reason| (0..expected.used.len()).filter(|frame| of(*frame) == reason).count();
    (0..expected.used.len()).all(|frame| of(frame).is_used() == expected.used[frame])
        && number(Reason::Low) == expected.low
        && number(Reason::High) == expected.high
        && number(Reason::Restored) == expected.restored
        && number(Reason::NoData) + number(Reason::Threshold) == expected.nmiss
}
