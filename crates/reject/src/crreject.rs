//! crreject: ccdclip of the high side only (algorithms.md section 5.7).

use crate::{CcdClip, Convention, RejectError};

/// The parameters of crreject in `convention`: [`CcdClip`] that never drops a low sample, whatever is set as `lsigma`
/// afterwards is ccdclip again.
///
/// ```
/// use skystack_reject::{Convention, crreject};
/// assert_eq!(crreject(Convention::Iraf)?.lsigma, f64::INFINITY);
/// assert!(crreject(Convention::Imcombiners).is_err());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # Errors
/// [`RejectError::NotDefined`] where section 4.2 has no such pair.
///
/// # References
/// IRAF `imcombine` help, "crreject".
pub fn crreject(convention: Convention) -> Result<CcdClip, RejectError> {
    match convention {
        Convention::Iraf => Ok(CcdClip::iraf().lsigma(f64::INFINITY)),
        _ => Err(RejectError::NotDefined { rejection: "crreject", convention, instead: "iraf defines it" }),
    }
}
