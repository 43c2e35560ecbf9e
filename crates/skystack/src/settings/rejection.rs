//! The parameters of a rejection, every one of them, under the names of the command line.

use super::{Group, Value};
use crate::{
    About, AvSigClip, CcdClip, Center, Extrema, Gesd, LineFit, LinearFit, MaxOutliers, MeanClip, MedSigma,
    MinMax, PClip, PClipRule, Percentile, Pool, Rejection, Restore, SigClip, Spread, Trim, VarClip, VarRule,
    Winsorized, WinsorizedRule, ZeroSpread,
};

/// One rejection with all its parameters.
pub(super) fn group(rejection: &Rejection) -> Group {
    let named = |name: &str| Group::new("reject").with("reject", name);
    match rejection {
        Rejection::None => named("none"),
        Rejection::MinMax(p) => minmax(named("minmax"), p),
        Rejection::Extrema(p) => extrema(named("extrema"), p),
        Rejection::SigClip(p) => sigclip(named("sigclip"), p),
        Rejection::AvSigClip(p) => avsigclip(named("avsigclip"), p),
        // crreject is the ccdclip that rejects nothing low (algorithms.md 5.7).
        Rejection::CcdClip(p) if p.lsigma == f64::INFINITY => ccdclip(named("crreject"), p),
        Rejection::CcdClip(p) => ccdclip(named("ccdclip"), p),
        Rejection::MeanClip(p) => meanclip(named("meanclip"), p),
        Rejection::VarClip(p) => varclip(named("varclip"), p),
        Rejection::PClip(p) => pclip(named("pclip"), p),
        Rejection::Percentile(p) => percentile(named("percentile"), p),
        Rejection::MedSigma(p) => medsigma(named("medsigma"), p),
        Rejection::Winsorized(p) => winsorized(named("winsorized"), p),
        Rejection::LinearFit(p) => linearfit(named("linearfit"), p),
        Rejection::Gesd(p) => gesd(named("gesd"), p),
        // Rejections of later versions of the crate beside this one.
        other => named("other").with("parameters", format!("{other:?}")),
    }
}

fn factors(group: Group, lsigma: f64, hsigma: f64) -> Group {
    group.with("lsigma", lsigma).with("hsigma", hsigma)
}

fn floor(group: Group, nkeep: u32, maxrej: Option<u32>) -> Group {
    group.with("nkeep", nkeep).with("maxrej", maxrej)
}

fn center(center: Center) -> Value {
    Value::from(match center {
        Center::Median => "median",
        Center::Mean => "mean",
        Center::Lmedian => "lmedian",
    })
}

fn trim(trim: Trim) -> Value {
    Value::from(match trim {
        Trim::None => "none",
        Trim::First => "first",
        Trim::Every => "every",
    })
}

fn about(about: About) -> Value {
    Value::from(match about {
        About::Center => "center",
        About::Mean => "mean",
    })
}

fn restore(restore: Restore) -> Value {
    Value::from(match restore {
        Restore::Nearest => "nearest",
        Restore::Rollback => "rollback",
        Restore::None => "none",
    })
}

fn minmax(group: Group, p: &MinMax) -> Group {
    group.with("nlow", p.nlow).with("nhigh", p.nhigh)
}

fn extrema(group: Group, p: &Extrema) -> Group {
    let group = floor(group.with("nlow", p.nlow).with("nhigh", p.nhigh), p.nkeep, p.maxrej);
    group.with("count_missing", if p.count_missing_high { "high" } else { "no" })
}

fn sigclip(group: Group, p: &SigClip) -> Group {
    let mut group = factors(group, p.lsigma, p.hsigma).with("center", center(p.center));
    if let Some(first) = p.first_center {
        group = group.with("first_center", center(first));
    }
    if p.center == Center::Mean {
        group = group.with("trim", trim(p.trim));
    }
    group = match p.spread {
        Spread::Std => group.with("spread", "std").with("about", about(p.about)).with("ddof", p.ddof),
        Spread::Mad { factor } => group.with("spread", "mad").with("factor", factor),
        Spread::Iqr => group.with("spread", "iqr"),
        Spread::Sn => group.with("spread", "sn"),
    };
    group = floor(group.with("maxiters", p.maxiters).with("minclip", p.minclip), p.nkeep, p.maxrej);
    group = group.with("restore", restore(p.restore)).with(
        "zero_spread",
        match p.zero_spread {
            ZeroSpread::Stop => "stop",
            ZeroSpread::Test => "test",
        },
    );
    group.with("tolerance", p.tolerance).with("sigscale", p.sigscale)
}

fn avsigclip(group: Group, p: &AvSigClip) -> Group {
    let group = factors(group, p.lsigma, p.hsigma).with("center", center(p.center)).with(
        "pool",
        match p.pool {
            Pool::Row => "row",
            Pool::Pixel => "pixel",
        },
    );
    floor(group, p.nkeep, p.maxrej).with("sigscale", p.sigscale)
}

fn ccdclip(group: Group, p: &CcdClip) -> Group {
    let group =
        factors(group, p.lsigma, p.hsigma).with("center", center(p.center)).with("trim", trim(p.trim));
    let group = floor(group.with("maxiters", p.maxiters).with("minclip", p.minclip), p.nkeep, p.maxrej);
    group.with("restore", restore(p.restore)).with("sigscale", p.sigscale)
}

fn meanclip(group: Group, p: &MeanClip) -> Group {
    factors(group, p.lsigma, p.hsigma).with("rounds", p.rounds)
}

fn varclip(group: Group, p: &VarClip) -> Group {
    let group = factors(group, p.lsigma, p.hsigma);
    let group = match p.rule {
        VarRule::Dragons => group.with("rule", "dragons").with("center", center(p.center)),
        VarRule::Swarp { ampfrac } => return group.with("rule", "swarp").with("ampfrac", ampfrac),
    };
    floor(group.with("maxiters", p.maxiters), p.nkeep, p.maxrej)
}

fn pclip(group: Group, p: &PClip) -> Group {
    let group = factors(group.with("pclip", p.pclip), p.lsigma, p.hsigma);
    floor(group, p.nkeep, p.maxrej).with(
        "rule",
        match p.rule {
            PClipRule::Iraf => "iraf",
            PClipRule::Imcombiners => "imcombiners",
        },
    )
}

fn percentile(group: Group, p: &Percentile) -> Group {
    floor(group.with("plow", p.plow).with("phigh", p.phigh), p.nkeep, p.maxrej)
}

fn medsigma(group: Group, p: &MedSigma) -> Group {
    factors(group, p.lsigma, p.hsigma)
        .with("about", about(p.about))
        .with("ddof", p.ddof)
        .with("maxiters", p.maxiters)
}

fn winsorized(group: Group, p: &Winsorized) -> Group {
    let group = factors(group, p.lsigma, p.hsigma);
    match p.rule {
        WinsorizedRule::Median => group.with("rule", "median"),
        WinsorizedRule::MovingMean { cutoff } => group.with("rule", "moving-mean").with("cutoff", cutoff),
    }
}

fn linearfit(group: Group, p: &LinearFit) -> Group {
    let group = factors(group, p.lsigma, p.hsigma).with(
        "fit",
        match p.fit {
            LineFit::LeastSquares => "ols",
            LineFit::LeastAbsolute => "l1",
        },
    );
    floor(group, p.nkeep, p.maxrej)
}

fn gesd(group: Group, p: &Gesd) -> Group {
    let group = group.with("alpha", p.alpha).with(
        "max_outliers",
        match p.outliers {
            MaxOutliers::Fraction(fraction) => Value::Number(fraction),
            MaxOutliers::Count(count) => count.into(),
        },
    );
    floor(group, p.nkeep, p.maxrej)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Convention, crreject, madclip};

    #[test]
    fn every_parameter_has_its_word() {
        let line = |rejection: Rejection| group(&rejection).to_string();
        let iraf = "reject=sigclip lsigma=3 hsigma=3 center=median spread=std about=center ddof=1 maxiters=none minclip=3 \
                    nkeep=1 maxrej=none restore=nearest zero_spread=stop tolerance=none sigscale=0.1";
        assert_eq!(line(SigClip::iraf().into()), iraf);
        let mad = line(madclip(Convention::Astropy).unwrap().into());
        assert!(mad.contains("spread=mad factor=1.482602218505602 maxiters=5"), "{mad}");
        let mean = line(SigClip::iraf().center(Center::Mean).hsigma(f64::INFINITY).into());
        assert!(mean.contains("hsigma=inf center=mean trim=first"), "{mean}");
        let cr = line(crreject(Convention::Iraf).unwrap().into());
        assert!(cr.starts_with("reject=crreject lsigma=inf hsigma=3 center=median"), "{cr}");
        assert_eq!(line(MinMax::new(1.0, 0.25).into()), "reject=minmax nlow=1 nhigh=0.25");
        let pixinsight = Winsorized::pixinsight().into();
        assert_eq!(line(pixinsight), "reject=winsorized lsigma=3 hsigma=3 rule=moving-mean cutoff=5");
        let gesd = "reject=gesd alpha=0.05 max_outliers=0.3 nkeep=0 maxrej=none";
        assert_eq!(line(Gesd::textbook().into()), gesd);
    }

    #[test]
    fn no_rejection_is_written_as_debug_output() {
        let all: [Rejection; 13] = [
            MinMax::new(1.0, 1.0).into(),
            Extrema::new(1, 1).into(),
            SigClip::iraf().into(),
            AvSigClip::iraf().into(),
            CcdClip::convention(Convention::Iraf).unwrap().into(),
            MeanClip::lsst().into(),
            VarClip::dragons().into(),
            PClip::iraf().into(),
            Percentile::new(0.2, 0.1).into(),
            MedSigma::siril().into(),
            Winsorized::textbook().into(),
            LinearFit::textbook().into(),
            Gesd::textbook().into(),
        ];
        for rejection in all {
            let line = group(&rejection).to_string();
            let bad =
                line.contains(['{', '(', '[']) || line.contains("Some") || line.contains("reject=other");
            assert!(!bad, "{line}");
        }
    }
}
