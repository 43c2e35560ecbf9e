//! From `--reject`, `--convention` and the flags that override parameters to one [`Rejection`].
//!
//! A flag that the chosen rejection does not use is refused: the user believes that it does something.

mod others;

use skystack::{Center, Convention, Extrema, Grow, MinMax, Rejection, SigClip, Spread, madclip};

use crate::args::{CenterName, RejectArgs, RejectName, SpreadName, word};
use crate::failure::Failure;
use crate::values::Rounds;

/// The rejections that the command line asks for, one after the other. `grows`: `--nkeep` and `--maxrej` are used by `--grow`,
/// too.
pub(crate) fn rejections(
    names: &[RejectName],
    convention: Convention,
    flags: &RejectArgs,
    grows: bool,
) -> Result<Vec<Rejection>, Failure> {
    if names.len() > 1 && names.contains(&RejectName::None) {
        return Err(Failure::usage("--reject has none beside others (needed: none alone, or the others)"));
    }
    check_used(names, convention, flags, grows)?;
    names.iter().map(|name| rejection(*name, convention, flags)).collect()
}

fn rejection(name: RejectName, convention: Convention, flags: &RejectArgs) -> Result<Rejection, Failure> {
    let rejection = match name {
        RejectName::None => Rejection::None,
        RejectName::MinMax => min_max(convention, flags)?.into(),
        RejectName::Extrema => extrema(convention, flags)?.into(),
        RejectName::SigClip => {
            sigclip(SigClip::convention(convention).map_err(Failure::usage)?, convention, flags)?.into()
        }
        RejectName::MadClip => {
            let clip = madclip(convention).map_err(Failure::usage)?;
            agrees_with_madclip(flags)?;
            sigclip(clip, convention, &RejectArgs { spread: None, ..flags.clone() })?.into()
        }
        _ => others::rejection(name, convention, flags)?,
    };
    Ok(rejection)
}

/// The flags that a rejection uses. Corrections for scales are IRAF's.
fn used(name: RejectName, convention: Convention) -> &'static [&'static str] {
    let is_iraf = convention == Convention::Iraf;
    match name {
        RejectName::None => &[],
        RejectName::MinMax => &["nlow", "nhigh"],
        RejectName::Extrema => &["nlow", "nhigh", "nkeep", "maxrej"],
        RejectName::SigClip if is_iraf => {
            &["lsigma", "hsigma", "center", "spread", "ddof", "maxiters", "nkeep", "maxrej", "sigscale"]
        }
        RejectName::SigClip | RejectName::MadClip => {
            &["lsigma", "hsigma", "center", "spread", "ddof", "maxiters", "nkeep", "maxrej"]
        }
        RejectName::AvSigClip if is_iraf => &["lsigma", "hsigma", "center", "nkeep", "maxrej", "sigscale"],
        RejectName::AvSigClip => &["lsigma", "hsigma", "center", "nkeep", "maxrej"],
        RejectName::CcdClip if is_iraf => {
            &["lsigma", "hsigma", "center", "maxiters", "nkeep", "maxrej", "sigscale"]
        }
        RejectName::CcdClip => &["lsigma", "hsigma", "center", "maxiters", "nkeep", "maxrej"],
        RejectName::CrReject => &["hsigma", "center", "maxiters", "nkeep", "maxrej", "sigscale"],
        RejectName::Pclip => &["pclip", "lsigma", "hsigma", "nkeep", "maxrej"],
        RejectName::Percentile => &["plow", "phigh", "nkeep", "maxrej"],
        RejectName::MedSigma => &["lsigma", "hsigma", "maxiters"],
        RejectName::Winsorized => &["lsigma", "hsigma"],
        RejectName::LinearFit => &["lsigma", "hsigma", "nkeep", "maxrej"],
        RejectName::Gesd => &["alpha", "max-outliers", "nkeep", "maxrej"],
        RejectName::MeanClip => &["lsigma"],
        RejectName::VarClip if convention == Convention::Swarp => &["lsigma", "ampfrac"],
        RejectName::VarClip => &["lsigma", "hsigma", "center", "maxiters", "nkeep", "maxrej"],
    }
}

/// Refuses a flag that none of the rejections uses.
fn check_used(
    names: &[RejectName],
    convention: Convention,
    flags: &RejectArgs,
    grows: bool,
) -> Result<(), Failure> {
    let used: Vec<&str> = names.iter().flat_map(|name| used(*name, convention)).copied().collect();
    let idle = |flag: &&str| !(used.contains(flag) || grows && ["nkeep", "maxrej"].contains(flag));
    let Some(flag) = given(flags).find(idle) else { return Ok(()) };
    let list = if used.is_empty() { "no such flag".to_owned() } else { format!("--{}", used.join(", --")) };
    let reject = names.iter().map(|name| word(*name)).collect::<Vec<_>>().join(",");
    Err(Failure::usage(format!("--{flag} is not used by --reject {reject} (needed: {list})")))
}

/// Names of the flags that were given.
fn given(flags: &RejectArgs) -> impl Iterator<Item = &'static str> {
    let list = [
        ("lsigma", flags.lsigma.is_some()),
        ("hsigma", flags.hsigma.is_some()),
        ("center", flags.center.is_some()),
        ("spread", flags.spread.is_some()),
        ("ddof", flags.ddof.is_some()),
        ("maxiters", flags.maxiters.is_some()),
        ("nlow", flags.nlow.is_some()),
        ("nhigh", flags.nhigh.is_some()),
        ("nkeep", flags.nkeep.is_some()),
        ("maxrej", flags.maxrej.is_some()),
        ("pclip", flags.pclip.is_some()),
        ("plow", flags.plow.is_some()),
        ("phigh", flags.phigh.is_some()),
        ("alpha", flags.alpha.is_some()),
        ("max-outliers", flags.max_outliers.is_some()),
        ("ampfrac", flags.ampfrac.is_some()),
        ("sigscale", flags.sigscale.is_some()),
    ];
    list.into_iter().filter_map(|(name, given)| given.then_some(name))
}

/// What growth must leave: `--nkeep` and `--maxrej`, or what the rejection keeps anyway.
pub(crate) fn growth(radius: f64, rejections: &[Rejection], flags: &RejectArgs) -> Result<Grow, Failure> {
    let (nkeep, maxrej) = rejections.iter().rev().find_map(Rejection::limits).unwrap_or((1, None));
    let given = kept(flags)?;
    Ok(Grow { radius, nkeep: given.0.unwrap_or(nkeep), maxrej: given.1.or(maxrej) })
}

fn min_max(convention: Convention, flags: &RejectArgs) -> Result<MinMax, Failure> {
    let row = MinMax::convention(convention).map_err(Failure::usage)?;
    Ok(MinMax::new(flags.nlow.unwrap_or(row.nlow), flags.nhigh.unwrap_or(row.nhigh)))
}

fn extrema(convention: Convention, flags: &RejectArgs) -> Result<Extrema, Failure> {
    let mut row = Extrema::convention(convention).map_err(Failure::usage)?;
    row.nlow = count("nlow", flags.nlow)?.unwrap_or(row.nlow);
    row.nhigh = count("nhigh", flags.nhigh)?.unwrap_or(row.nhigh);
    let (nkeep, maxrej) = kept(flags)?;
    row.nkeep = nkeep.unwrap_or(row.nkeep);
    row.maxrej = maxrej.or(row.maxrej);
    Ok(row)
}

/// A whole number of samples.
fn count(flag: &str, value: Option<f64>) -> Result<Option<u32>, Failure> {
    match value {
        Some(v) if !(v >= 0.0 && v <= f64::from(u32::MAX) && v.fract() == 0.0) => {
            let needed = "needed a whole number (only minmax takes fractions)";
            Err(Failure::usage(format!("--{flag} is {v}, {needed}")))
        }
        _ => Ok(value.map(|v| v as u32)),
    }
}

/// `nkeep` and `maxrej`: a negative nkeep is IRAF's spelling of maxrej (algorithms.md section 5.0.4).
fn kept(flags: &RejectArgs) -> Result<(Option<u32>, Option<u32>), Failure> {
    let too_large = |v: i64| Failure::usage(format!("--nkeep is {v}, needed a number of samples"));
    match flags.nkeep {
        Some(v) if v < 0 => {
            if let Some(maxrej) = flags.maxrej {
                let both = format!(
                    "--nkeep {v} means --maxrej {}, but --maxrej {maxrej} is given too",
                    v.unsigned_abs()
                );
                return Err(Failure::usage(format!("{both} (needed: one of them)")));
            }
            Ok((Some(0), Some(u32::try_from(v.unsigned_abs()).map_err(|_| too_large(v))?)))
        }
        Some(v) => Ok((Some(u32::try_from(v).map_err(|_| too_large(v))?), flags.maxrej)),
        None => Ok((None, flags.maxrej)),
    }
}

/// madclip *is* median and MAD: a flag may say so again, nothing else.
fn agrees_with_madclip(flags: &RejectArgs) -> Result<(), Failure> {
    if flags.center == Some(CenterName::Mean) {
        return Err(Failure::usage(
            "--center mean contradicts --reject madclip (needed: median, or --reject sigclip)",
        ));
    }
    if flags.spread == Some(SpreadName::Std) {
        return Err(Failure::usage(
            "--spread std contradicts --reject madclip (needed: mad, or --reject sigclip)",
        ));
    }
    Ok(())
}

fn sigclip(row: SigClip, convention: Convention, flags: &RejectArgs) -> Result<SigClip, Failure> {
    let mut clip = row.lsigma(flags.lsigma.unwrap_or(row.lsigma)).hsigma(flags.hsigma.unwrap_or(row.hsigma));
    if let Some(center) = flags.center {
        clip = clip.center(match center {
            CenterName::Median => Center::Median,
            CenterName::Mean => Center::Mean,
        });
    }
    match flags.spread {
        Some(SpreadName::Std) => clip = clip.spread(Spread::Std),
        Some(SpreadName::Mad) => clip = clip.spread(Spread::mad(convention)),
        None => {}
    }
    if let Some(ddof) = flags.ddof {
        if matches!(clip.spread, Spread::Mad { .. }) && ddof != row.ddof {
            return Err(Failure::usage(format!(
                "--ddof {ddof} is not used where the spread is mad (needed: --spread std, or no --ddof)"
            )));
        }
        clip = clip.ddof(ddof);
    }
    if let Some(Rounds(rounds)) = flags.maxiters {
        clip = clip.maxiters(rounds);
    }
    let (nkeep, maxrej) = kept(flags)?;
    if let Some(nkeep) = nkeep {
        clip = clip.nkeep(nkeep);
    }
    if let Some(maxrej) = maxrej {
        clip = clip.maxrej(maxrej);
    }
    if let Some(sigscale) = flags.sigscale {
        clip.sigscale = sigscale;
    }
    clip.validate().map_err(Failure::usage)?;
    Ok(clip)
}

/// Value of an empty output pixel: as given; that of the convention where the user *names* one; NaN otherwise.
pub(crate) fn blank(given: Option<f64>, convention: Option<Convention>) -> f64 {
    given.or(convention.map(Convention::blank)).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use skystack::{Restore, Trim};

    use super::*;
    use crate::args::{Cli, Command};

    /// Resolves a command line as the program does.
    fn resolve(line: &str) -> Result<Rejection, String> {
        let words = ["skystack", "combine"].into_iter().chain(line.split_whitespace()).chain(["a.fits"]);
        let Command::Combine(args) = Cli::try_parse_from(words).map_err(|e| e.to_string())?.command else {
            unreachable!()
        };
        let stack = &args.stack;
        rejections(&stack.reject, stack.convention.unwrap_or_default(), &stack.rejection, false)
            .map(|found| found[0])
            .map_err(|e| e.to_string())
    }

    fn clip(line: &str) -> SigClip {
        match resolve(line) {
            Ok(Rejection::SigClip(clip)) => clip,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn every_sigclip_row_of_the_specification_resolves_to_itself() {
        for &convention in Convention::ALL {
            let found = resolve(&format!("--reject sigclip --convention {convention}"));
            match SigClip::convention(convention) {
                Ok(row) => assert_eq!(found, Ok(Rejection::SigClip(row)), "{convention}"),
                Err(error) => assert_eq!(found, Err(format!("error: {error}")), "{convention}"),
            }
        }
    }

    #[test]
    fn flags_override_single_parameters() {
        let iraf = SigClip::iraf();
        let table = [
            ("--reject sigclip", iraf),
            ("--reject sigclip --lsigma 2.5 --hsigma=inf", iraf.lsigma(2.5).hsigma(f64::INFINITY)),
            ("--reject sigclip --center mean", iraf.center(Center::Mean)),
            ("--reject sigclip --spread mad", iraf.spread(Spread::Mad { factor: 1.482602218505602 })),
            ("--reject sigclip --ddof 0 --maxiters 4", iraf.ddof(0).maxiters(Some(4))),
            ("--reject sigclip --nkeep 3", iraf.nkeep(3)),
            ("--reject sigclip --nkeep -2", iraf.nkeep(0).maxrej(2)),
            ("--reject sigclip --nkeep=-2", iraf.nkeep(0).maxrej(2)),
            ("--reject sigclip --maxrej 4", iraf.maxrej(4)),
            ("--reject sigclip --convention astropy --maxiters inf", SigClip::astropy().maxiters(None)),
            ("--reject sigclip --convention astropy --nkeep 2", SigClip::astropy().nkeep(2)),
            ("--reject sigclip --convention dss --lsigma 3", SigClip::dss().lsigma(3.0)),
            ("--reject sigclip --convention hdrl --spread std", SigClip::hdrl().spread(Spread::Std)),
            (
                "--reject sigclip --convention imcombiners --spread mad",
                SigClip::imcombiners().spread(Spread::Mad { factor: 1.4826 }),
            ),
            ("--reject sigclip --convention hdrl --spread mad", SigClip::hdrl()),
        ];
        for (line, expected) in table {
            assert_eq!(resolve(line), Ok(Rejection::SigClip(expected)), "{line}");
        }
    }

    #[test]
    fn what_flags_imply_follows() {
        assert_eq!(
            clip("--reject sigclip --center mean").trim,
            Trim::First,
            "IRAF's mclip=no trims its first mean"
        );
        assert_eq!(clip("--reject sigclip --convention astropy --nkeep 2").restore, Restore::Nearest);
        assert_eq!(clip("--reject sigclip --convention imcombiners --maxrej 2").restore, Restore::Rollback);
    }

    #[test]
    fn ranks_and_counts_resolve() {
        let table: [(&str, Rejection); 7] = [
            ("", Rejection::None),
            ("--reject none --convention montage", Rejection::None),
            ("--reject minmax", MinMax::new(1.0, 1.0).into()),
            ("--reject minmax --nlow 0 --nhigh 0.2", MinMax::new(0.0, 0.2).into()),
            (
                "--reject extrema --convention ccdproc",
                Extrema { count_missing_high: true, ..Extrema::new(0, 0) }.into(),
            ),
            ("--reject extrema --convention hdrl --nhigh 3", Extrema::new(1, 3).into()),
            (
                "--reject extrema --convention pixinsight --nkeep 4 --maxrej 2",
                Extrema { nkeep: 4, maxrej: Some(2), ..Extrema::new(1, 1) }.into(),
            ),
        ];
        for (line, expected) in table {
            assert_eq!(resolve(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn madclip_takes_what_agrees_with_it() {
        let expected = madclip(Convention::Astropy).unwrap().lsigma(5.0).maxiters(None);
        let line = "--reject madclip --convention astropy --lsigma 5 --maxiters inf --center median --spread mad --ddof 0";
        assert_eq!(resolve(line), Ok(expected.into()));
    }

    #[test]
    fn what_a_rejection_does_not_use_is_refused() {
        let table = [
            ("--reject none --lsigma 2", "error: --lsigma is not used by --reject none"),
            ("--nlow 2", "error: --nlow is not used by --reject none"),
            ("--reject sigclip --nlow 1", "error: --nlow is not used by --reject sigclip"),
            ("--reject minmax --lsigma 3", "error: --lsigma is not used by --reject minmax"),
            ("--reject minmax --plow 0.2", "error: --plow is not used by --reject minmax"),
            (
                "--reject sigclip --convention imcombiners --sigscale 0.1",
                "error: --sigscale is not used by --reject sigclip",
            ),
            (
                "--reject ccdclip --convention imcombiners --sigscale 0.2",
                "error: --sigscale is not used by --reject ccdclip",
            ),
            ("--reject minmax --nkeep 3", "error: --nkeep is not used by --reject minmax"),
            (
                "--reject extrema --convention hdrl --maxiters 3",
                "error: --maxiters is not used by --reject extrema",
            ),
            ("--reject extrema --convention hdrl --nlow 0.5", "error: --nlow is 0.5, needed a whole number"),
            ("--reject madclip --convention textbook --center mean", "error: --center mean contradicts"),
            ("--reject madclip --convention textbook --spread std", "error: --spread std contradicts"),
            (
                "--reject madclip --convention textbook --ddof 0",
                "error: --ddof 0 is not used where the spread is mad",
            ),
            ("--reject sigclip --spread mad --ddof 0", "error: --ddof 0 is not used where the spread is mad"),
            ("--reject sigclip --nkeep -2 --maxrej 3", "error: --nkeep -2 means --maxrej 2"),
            ("--reject sigclip --lsigma -1", "error: --lsigma is -1"),
            ("--reject sigclip --hsigma nan", "error: --hsigma is NaN"),
            ("--reject madclip", "error: rejection madclip is not defined in convention iraf"),
            ("--reject extrema", "error: rejection extrema is not defined in convention iraf"),
            (
                "--reject minmax --convention astropy",
                "error: rejection minmax is not defined in convention astropy",
            ),
        ];
        for (line, expected) in table {
            let message = resolve(line).unwrap_err();
            assert!(message.starts_with(expected), "{line}: {message}");
        }
    }

    #[test]
    fn blank_depends_on_whether_the_convention_was_named() {
        assert!(blank(None, None).is_nan());
        assert_eq!(blank(None, Some(Convention::Iraf)), 0.0);
        assert_eq!(blank(None, Some(Convention::Swarp)), 0.0);
        assert!(blank(None, Some(Convention::Astropy)).is_nan());
        assert_eq!(blank(Some(-1.0), Some(Convention::Iraf)), -1.0);
        assert!(blank(Some(f64::NAN), Some(Convention::Iraf)).is_nan());
    }
}
