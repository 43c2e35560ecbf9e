//! The reference beside the kernels: its setup for the same options, and what differs at a pixel.

use skystack_combine::{Combine, Lmedian, MemorySink, Options, SigmaRule, WorkingType};
use skystack_reference::{Pixel, Setup, Working};
use skystack_reject::Convention;

/// The same options for the reference, which works in the type of `element_bytes`.
pub(crate) fn setup<'a>(options: &'a Options, element_bytes: usize) -> Setup<'a> {
    let working = if element_bytes == 4 { Working::F32 } else { Working::F64 };
    Setup {
        rejections: std::slice::from_ref(&options.rejection),
        combine: match options.combine {
            Combine::Median => skystack_reference::Combine::Median,
            Combine::Lmedian => skystack_reference::Combine::Lmedian,
            Combine::Sum => skystack_reference::Combine::Sum,
            Combine::Min => skystack_reference::Combine::Min,
            Combine::Max => skystack_reference::Combine::Max,
            _ => skystack_reference::Combine::Average,
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
    let used: Vec<bool> = (0..expected.used.len()).map(|i| sink.rejmask[i * pixels + pixel] == 0).collect();
    let found = (sink.count[pixel] as usize, sink.nrej[pixel] as usize);
    let agrees = same(sink.image[pixel], expected.value)
        && same(sink.sigma[pixel], expected.sigma)
        && found == (expected.count, expected.nrej)
        && used == expected.used;
    (!agrees).then(|| {
        let (value, sigma) = (sink.image[pixel], sink.sigma[pixel]);
        format!("found {value:?} sigma {sigma:?} count, nrej {found:?}\nused {used:?}\nexpected {expected:?}")
    })
}
