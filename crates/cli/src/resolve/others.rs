//! Rejections with parameters of their own.

use skystack::{
    AvSigClip, CcdClip, Center, Convention, Gesd, LinearFit, MaxOutliers, MeanClip, MedSigma, PClip,
    Percentile, Rejection, VarClip, VarRule, Winsorized, crreject,
};

use super::{kept, word};
use crate::args::{CenterName, RejectArgs, RejectName};
use crate::failure::Failure;
use crate::values::Rounds;

/// `flag = value` for each parameter that was given.
macro_rules! overrides {
    ($row:ident, $flags:ident: $($field:ident)*) => {
        $(if let Some(value) = $flags.$field { $row.$field = value; })*
    };
}

/// nkeep and maxrej, where a rejection has them.
macro_rules! floor {
    ($row:ident, $flags:ident) => {
        let (nkeep, maxrej) = kept($flags)?;
        if let Some(nkeep) = nkeep {
            $row = $row.nkeep(nkeep);
        }
        if let Some(maxrej) = maxrej {
            $row = $row.maxrej(maxrej);
        }
    };
}

fn center(flags: &RejectArgs) -> Option<Center> {
    flags.center.map(|center| match center {
        CenterName::Median => Center::Median,
        CenterName::Mean => Center::Mean,
    })
}

/// The rejection of this name with its flags.
pub(super) fn rejection(
    name: RejectName,
    convention: Convention,
    flags: &RejectArgs,
) -> Result<Rejection, Failure> {
    let rejection: Rejection = match name {
        RejectName::AvSigClip => {
            avsigclip(AvSigClip::convention(convention).map_err(Failure::usage)?, flags)?.into()
        }
        RejectName::CcdClip => {
            ccdclip(CcdClip::convention(convention).map_err(Failure::usage)?, flags)?.into()
        }
        RejectName::CrReject => ccdclip(crreject(convention).map_err(Failure::usage)?, flags)?.into(),
        RejectName::Pclip => {
            let mut row = PClip::convention(convention).map_err(Failure::usage)?;
            overrides!(row, flags: pclip lsigma hsigma);
            floor!(row, flags);
            row.into()
        }
        RejectName::Percentile => {
            let mut row = Percentile::convention(convention).map_err(Failure::usage)?;
            overrides!(row, flags: plow phigh);
            floor!(row, flags);
            row.into()
        }
        RejectName::MedSigma => {
            let mut row = MedSigma::convention(convention).map_err(Failure::usage)?;
            overrides!(row, flags: lsigma hsigma);
            match flags.maxiters {
                Some(Rounds(Some(rounds))) => row.maxiters = rounds,
                Some(Rounds(None)) => {
                    return Err(Failure::usage("--maxiters is inf, needed a number for --reject medsigma"));
                }
                None => {}
            }
            row.into()
        }
        RejectName::Winsorized => {
            let mut row = Winsorized::convention(convention).map_err(Failure::usage)?;
            overrides!(row, flags: lsigma hsigma);
            row.into()
        }
        RejectName::LinearFit => {
            let mut row = LinearFit::convention(convention).map_err(Failure::usage)?;
            overrides!(row, flags: lsigma hsigma);
            floor!(row, flags);
            row.into()
        }
        RejectName::Gesd => gesd(Gesd::convention(convention).map_err(Failure::usage)?, flags)?.into(),
        RejectName::MeanClip => {
            let row = MeanClip::convention(convention).map_err(Failure::usage)?;
            let k = flags.lsigma.unwrap_or(row.lsigma);
            row.lsigma(k).hsigma(k).into()
        }
        RejectName::VarClip => {
            varclip(VarClip::convention(convention).map_err(Failure::usage)?, flags)?.into()
        }
        _ => return Err(Failure::usage(format!("--reject {} has flags of its own", word(name)))),
    };
    // What depends on the number of frames is checked when that is known.
    rejection.validate(usize::MAX).map_err(Failure::usage)?;
    Ok(rejection)
}

fn avsigclip(mut row: AvSigClip, flags: &RejectArgs) -> Result<AvSigClip, Failure> {
    overrides!(row, flags: lsigma hsigma sigscale);
    row.center = center(flags).unwrap_or(row.center);
    floor!(row, flags);
    Ok(row)
}

fn ccdclip(mut row: CcdClip, flags: &RejectArgs) -> Result<CcdClip, Failure> {
    overrides!(row, flags: lsigma hsigma sigscale);
    if let Some(center) = center(flags) {
        row = row.center(center);
    }
    if let Some(Rounds(rounds)) = flags.maxiters {
        row.maxiters = rounds;
    }
    floor!(row, flags);
    Ok(row)
}

fn gesd(mut row: Gesd, flags: &RejectArgs) -> Result<Gesd, Failure> {
    overrides!(row, flags: alpha);
    row.outliers = match flags.max_outliers {
        Some(most) if most < 1.0 => MaxOutliers::Fraction(most),
        Some(most) if most.fract() == 0.0 && most <= f64::from(u32::MAX) => MaxOutliers::Count(most as u32),
        Some(most) => {
            let needed = "needed a whole number, or a fraction below 1";
            return Err(Failure::usage(format!("--max-outliers is {most}, {needed}")));
        }
        None => row.outliers,
    };
    floor!(row, flags);
    Ok(row)
}

fn varclip(mut row: VarClip, flags: &RejectArgs) -> Result<VarClip, Failure> {
    overrides!(row, flags: lsigma hsigma);
    if let VarRule::Swarp { ampfrac } = &mut row.rule {
        *ampfrac = flags.ampfrac.unwrap_or(*ampfrac);
        row.hsigma = row.lsigma;
        return Ok(row);
    }
    row.center = center(flags).unwrap_or(row.center);
    if let Some(Rounds(rounds)) = flags.maxiters {
        row.maxiters = rounds;
    }
    floor!(row, flags);
    Ok(row)
}
