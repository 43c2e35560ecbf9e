//! From a case's options to those of the reference, and which cases one pixel at a time can answer.

use skystack_reference::{Combine, Setup, Working};
use skystack_reject::{
    AvSigClip, CcdClip, Center, Convention, Extrema, Gesd, LinearFit, MaxOutliers, MedSigma, MinMax, Noise,
    PClip, Percentile, Rejection, Scaling, SigClip, Spread, VarClip, VarRule, Winsorized, crreject, madclip,
};

use crate::cases::{Case, kind_of};

/// Cases of schema 1 that [`Case::is_ours`] picks.
pub(crate) const EXPECTED: usize = 248;

/// Rejections that the reference has, by their names in the cases.
const REJECTIONS: [&str; 16] = [
    "none",
    "minmax",
    "minmax_limits",
    "extrema",
    "sigclip",
    "madclip",
    "avsigclip",
    "ccdclip",
    "crreject",
    "clipped",
    "pclip",
    "percentile",
    "medsigma",
    "winsorized",
    "linearfit",
    "gesd",
];

impl Case {
    /// A rejection and a combination that the reference has.
    pub(crate) fn is_ours(&self) -> bool {
        self.combine().is_some() && REJECTIONS.contains(&self.reject())
    }

    /// Radius of growth, and how many samples it must leave.
    pub(crate) fn growth(&self) -> Option<(f64, u32)> {
        let nkeep = self.number("nkeep").unwrap_or(1.0).max(0.0) as u32;
        Some((self.number("grow")?, nkeep))
    }

    /// An option that is not known: to leave it out would be to answer another question.
    pub(crate) fn unknown_option(&self) -> Option<&str> {
        self.options.keys().map(String::as_str).find(|key| kind_of(key).is_none())
    }

    fn reject(&self) -> &str {
        self.option("reject").unwrap_or("none")
    }

    fn combine(&self) -> Option<Combine> {
        Some(match self.option("combine").unwrap_or("average") {
            "average" => Combine::Average,
            "median" => Combine::Median,
            "lmedian" => Combine::Lmedian,
            "sum" => Combine::Sum,
            "min" => Combine::Min,
            "max" => Combine::Max,
            "quadrature" => Combine::Quadrature,
            "nmodel" => Combine::Nmodel,
            _ => return None,
        })
    }

    /// The options as the reference takes them; `bitpix` decides T with `outtype` (B1).
    pub(crate) fn setup<'a>(&self, bitpix: i64, frames: &'a Frames) -> Setup<'a> {
        let convention = self.known_convention();
        let double = self.option("outtype") == Some("double") || [32, 64, -64].contains(&bitpix);
        let base = Setup::convention(convention, if double { Working::F64 } else { Working::F32 });
        Setup {
            rejections: std::slice::from_ref(&frames.rejection),
            combine: self.combine().expect("one of ours"),
            lthreshold: self.number("lthreshold"),
            hthreshold: self.number("hthreshold"),
            blank: self.number("blank").unwrap_or(base.blank),
            weights: frames.weights.as_deref(),
            weigh_by_variance: self.reject() == "clipped",
            scalings: &frames.scalings,
            noise: &frames.noise,
            variances: &frames.variances,
            ..base
        }
    }

    pub(crate) fn known_convention(&self) -> Convention {
        self.convention().parse().expect("a known convention")
    }

    pub(crate) fn rejection(&self) -> Rejection {
        let convention = self.known_convention();
        match self.reject() {
            "minmax" => {
                MinMax::new(self.number("nlow").unwrap_or(1.0), self.number("nhigh").unwrap_or(1.0)).into()
            }
            "extrema" => {
                let base = Extrema::convention(convention).expect("a defined pair");
                let count = |key, default| self.number(key).map_or(default, |count| count as u32);
                Extrema { nlow: count("nlow", base.nlow), nhigh: count("nhigh", base.nhigh), ..base }.into()
            }
            "sigclip" => self.clip(SigClip::convention(convention).expect("a defined pair")).into(),
            "madclip" => self.clip(madclip(convention).expect("a defined pair")).into(),
            "pclip" => self.pclip(PClip::convention(convention).expect("a defined pair")).into(),
            "percentile" => {
                let row = Percentile::convention(convention).expect("a defined pair");
                row.plow(self.number("plow").unwrap_or(row.plow))
                    .phigh(self.number("phigh").unwrap_or(row.phigh))
                    .into()
            }
            "medsigma" => {
                let row = MedSigma::convention(convention).expect("a defined pair");
                let (lsigma, hsigma) = self.clip_factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "winsorized" => {
                let row = Winsorized::convention(convention).expect("a defined pair");
                let (lsigma, hsigma) = self.clip_factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "linearfit" => {
                let row = LinearFit::convention(convention).expect("a defined pair");
                let (lsigma, hsigma) = self.clip_factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "gesd" => self.gesd(Gesd::convention(convention).expect("a defined pair")).into(),
            "avsigclip" => self.avsigclip(AvSigClip::convention(convention).expect("a defined pair")).into(),
            "ccdclip" => self.ccdclip(CcdClip::convention(convention).expect("a defined pair")).into(),
            "crreject" => {
                let clip = crreject(convention).expect("a defined pair");
                self.ccdclip(clip).lsigma(clip.lsigma).into()
            }
            "clipped" => self.varclip().into(),
            _ => Rejection::None,
        }
    }

    fn clip_factors(&self, lsigma: f64, hsigma: f64) -> (f64, f64) {
        (self.number("lsigma").unwrap_or(lsigma), self.number("hsigma").unwrap_or(hsigma))
    }

    fn pclip(&self, row: PClip) -> PClip {
        let (lsigma, hsigma) = self.clip_factors(row.lsigma, row.hsigma);
        let clip = row.lsigma(lsigma).hsigma(hsigma).pclip(self.number("pclip").unwrap_or(row.pclip));
        match self.number("nkeep") {
            Some(nkeep) if nkeep < 0.0 => clip.nkeep(0).maxrej(-nkeep as u32),
            Some(nkeep) => clip.nkeep(nkeep as u32),
            None => clip,
        }
    }

    fn gesd(&self, row: Gesd) -> Gesd {
        let row = row.alpha(self.number("alpha").unwrap_or(row.alpha));
        match (self.number("max_outlier_fraction"), self.number("max_outliers")) {
            (Some(fraction), _) => row.outliers(MaxOutliers::Fraction(fraction)),
            (None, Some(count)) => row.outliers(MaxOutliers::Count(count as u32)),
            (None, None) => row,
        }
    }

    fn avsigclip(&self, mut clip: AvSigClip) -> AvSigClip {
        clip.lsigma = self.number("lsigma").unwrap_or(clip.lsigma);
        clip.hsigma = self.number("hsigma").unwrap_or(clip.hsigma);
        clip.sigscale = self.number("sigscale").unwrap_or(clip.sigscale);
        clip.center = self.center().unwrap_or(clip.center);
        let (nkeep, maxrej) = self.floor();
        clip.nkeep = nkeep.unwrap_or(clip.nkeep);
        clip.maxrej = maxrej;
        clip
    }

    fn ccdclip(&self, mut clip: CcdClip) -> CcdClip {
        clip.lsigma = self.number("lsigma").unwrap_or(clip.lsigma);
        clip.hsigma = self.number("hsigma").unwrap_or(clip.hsigma);
        clip.sigscale = self.number("sigscale").unwrap_or(clip.sigscale);
        clip.maxiters = self.number("maxiters").map_or(clip.maxiters, |rounds| Some(rounds as u32));
        clip.center = self.center().unwrap_or(clip.center);
        let (nkeep, maxrej) = self.floor();
        clip.nkeep = nkeep.unwrap_or(clip.nkeep);
        clip.maxrej = maxrej;
        clip
    }

    fn varclip(&self) -> VarClip {
        let mut clip = VarClip::convention(self.known_convention()).expect("a defined pair");
        let kappa = self.number("lsigma").unwrap_or(clip.lsigma);
        if let Some(ampfrac) = self.number("clip_ampfrac") {
            clip.rule = VarRule::Swarp { ampfrac };
        }
        clip.lsigma(kappa).hsigma(kappa)
    }

    fn center(&self) -> Option<Center> {
        if let Some(mclip) = self.options.get("mclip") {
            return Some(if mclip.as_bool().expect("a bool") { Center::Median } else { Center::Mean });
        }
        Some(match self.option("center")? {
            "mean" => Center::Mean,
            "median" => Center::Median,
            other => panic!("center {other}"),
        })
    }

    /// What the case overrides.
    fn clip(&self, mut clip: SigClip) -> SigClip {
        clip.lsigma = self.number("lsigma").unwrap_or(clip.lsigma);
        clip.hsigma = self.number("hsigma").unwrap_or(clip.hsigma);
        clip.ddof = self.number("ddof").map_or(clip.ddof, |ddof| ddof as u32);
        if let Some(rounds) = self.number("maxiters") {
            clip.maxiters = (rounds >= 0.0).then_some(rounds as u32);
        }
        clip.sigscale = self.number("sigscale").unwrap_or(clip.sigscale);
        clip.center = self.center().unwrap_or(clip.center);
        match (self.option("spread"), clip.spread) {
            (Some("std"), _) => clip.spread = Spread::Std,
            (Some("mad"), Spread::Std) => {
                clip.spread = Spread::Mad { factor: skystack_reject::MAD_STD_FACTOR }
            }
            (Some("mad") | None, _) => {}
            (other, _) => panic!("spread {other:?}"),
        }
        let (nkeep, maxrej) = self.floor();
        clip = nkeep.map_or(clip, |nkeep| clip.nkeep(nkeep));
        maxrej.map_or(clip, |maxrej| clip.maxrej(maxrej))
    }

    /// nkeep and maxrej. Negative `nkeep` is IRAF's way to say `maxrej` (5.0.4).
    fn floor(&self) -> (Option<u32>, Option<u32>) {
        let maxrej = self.number("maxrej").map(|most| most as u32);
        match self.number("nkeep") {
            Some(nkeep) if nkeep < 0.0 => (Some(0), Some(-nkeep as u32)),
            nkeep => (nkeep.map(|least| least as u32), maxrej),
        }
    }
}

/// What a case says of each frame, and its rejection.
pub(crate) struct Frames {
    pub(crate) rejection: Rejection,
    pub(crate) scalings: Vec<Scaling>,
    pub(crate) noise: Vec<Noise>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) variances: Vec<f64>,
}
