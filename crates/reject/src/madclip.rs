//! madclip: sigclip with a median centre and a MAD width (algorithms.md section 5.16).

use crate::{Center, Convention, MAD_STD_FACTOR, RejectError, SigClip, Spread};

/// The parameters of madclip in `convention`: [`SigClip`] with median centre and `spread = mad`.
///
/// ```
/// use skystack_reject::{Convention, Spread, madclip};
/// let clip = madclip(Convention::Imcombiners)?;
/// assert_eq!(clip.spread, Spread::Mad { factor: 1.4826 });
/// assert!(madclip(Convention::Iraf).is_err());
/// # Ok::<(), skystack_reject::RejectError>(())
/// ```
///
/// # Errors
/// [`RejectError::NotDefined`] where section 4.2 has no such pair.
pub fn madclip(convention: Convention) -> Result<SigClip, RejectError> {
    let with = |clip: SigClip, factor| clip.center(Center::Median).spread(Spread::Mad { factor });
    Ok(match convention {
        Convention::Textbook => with(SigClip { minclip: 1, ..SigClip::textbook() }, MAD_STD_FACTOR),
        Convention::Nightlight => {
            with(SigClip { minclip: 1, maxiters: Some(1), ..SigClip::textbook() }, 1.4826)
        }
        Convention::Astropy => with(SigClip::astropy(), MAD_STD_FACTOR),
        Convention::Imcombiners => with(SigClip::imcombiners(), 1.4826),
        _ => {
            let instead = "textbook, astropy, imcombiners and nightlight define it";
            return Err(RejectError::NotDefined { rejection: "madclip", convention, instead });
        }
    })
}
