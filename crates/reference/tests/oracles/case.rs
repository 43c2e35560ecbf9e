//! Cases of `cases.toml`, and which of them one pixel at a time can answer.

use skystack_reference::{Combine, Setup, Working};
use skystack_reject::{
    Center, Convention, Extrema, Gesd, LinearFit, MaxOutliers, MedSigma, MinMax, PClip, Percentile,
    Rejection, SigClip, Spread, Winsorized, madclip,
};
use toml::{Table, Value};

/// Cases of schema 1 that [`Case::is_ours`] picks.
pub(crate) const EXPECTED: usize = 156;

/// Rejections that the reference has, by their names in the cases.
const REJECTIONS: [&str; 11] = [
    "none",
    "minmax",
    "extrema",
    "sigclip",
    "madclip",
    "pclip",
    "percentile",
    "medsigma",
    "winsorized",
    "linearfit",
    "gesd",
];

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) stack: String,
    pub(crate) options: Table,
    pub(crate) expect: Table,
}

pub(crate) fn parse(text: &str) -> Vec<Case> {
    let file: Table = text.parse().expect("cases.toml is TOML");
    let of = |case: &Value| {
        let text = |key: &str| case[key].as_str().expect("a string").to_owned();
        let table = |key: &str| case[key].as_table().expect("a table").clone();
        assert_eq!(text("frames"), "f*.fits");
        Case { name: text("name"), stack: text("stack"), options: table("options"), expect: table("expect") }
    };
    file["case"].as_array().expect("an array of cases").iter().map(of).collect()
}

impl Case {
    pub(crate) fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(|value| value.as_str().expect("a string"))
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.options.get(key).map(number)
    }

    /// No scaling, offset, mask or growth, weights that need no statistics, and rules that the reference has.
    pub(crate) fn is_ours(&self) -> bool {
        let absent = |key: &str| self.option(key).is_none_or(|value| value == "none");
        let weights_given =
            self.option("weight").is_none_or(|w| w == "exposure" || w.starts_with(['!', '@']));
        ["zero", "scale", "offsets", "masktype"].into_iter().all(absent)
            && self.number("grow").is_none_or(|radius| radius < 1.0)
            && weights_given
            && self.combine().is_some()
            && REJECTIONS.contains(&self.reject())
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
            _ => return None,
        })
    }

    /// The options as the reference takes them; `bitpix` decides T with `outtype` (B1).
    pub(crate) fn setup<'a>(
        &self,
        bitpix: i64,
        weights: Option<&'a [f64]>,
        rejection: &'a Rejection,
    ) -> Setup<'a> {
        let convention = self.convention();
        let double = self.option("outtype") == Some("double") || [32, 64, -64].contains(&bitpix);
        let base = Setup::convention(convention, if double { Working::F64 } else { Working::F32 });
        Setup {
            rejections: std::slice::from_ref(rejection),
            combine: self.combine().expect("one of ours"),
            lthreshold: self.number("lthreshold"),
            hthreshold: self.number("hthreshold"),
            blank: self.number("blank").unwrap_or(base.blank),
            weights,
            ..base
        }
    }

    fn convention(&self) -> Convention {
        self.option("convention").expect("a convention").parse().expect("a known one")
    }

    pub(crate) fn rejection(&self) -> Rejection {
        let convention = self.convention();
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
                let (lsigma, hsigma) = self.factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "winsorized" => {
                let row = Winsorized::convention(convention).expect("a defined pair");
                let (lsigma, hsigma) = self.factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "linearfit" => {
                let row = LinearFit::convention(convention).expect("a defined pair");
                let (lsigma, hsigma) = self.factors(row.lsigma, row.hsigma);
                row.lsigma(lsigma).hsigma(hsigma).into()
            }
            "gesd" => self.gesd(Gesd::convention(convention).expect("a defined pair")).into(),
            _ => Rejection::None,
        }
    }

    fn factors(&self, lsigma: f64, hsigma: f64) -> (f64, f64) {
        (self.number("lsigma").unwrap_or(lsigma), self.number("hsigma").unwrap_or(hsigma))
    }

    fn pclip(&self, row: PClip) -> PClip {
        let (lsigma, hsigma) = self.factors(row.lsigma, row.hsigma);
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

    /// What the case overrides.
    fn clip(&self, mut clip: SigClip) -> SigClip {
        clip.lsigma = self.number("lsigma").unwrap_or(clip.lsigma);
        clip.hsigma = self.number("hsigma").unwrap_or(clip.hsigma);
        clip.ddof = self.number("ddof").map_or(clip.ddof, |ddof| ddof as u32);
        if let Some(rounds) = self.number("maxiters") {
            clip.maxiters = (rounds >= 0.0).then_some(rounds as u32);
        }
        if let Some(mclip) = self.options.get("mclip") {
            clip.center = if mclip.as_bool().expect("a bool") { Center::Median } else { Center::Mean };
        }
        match self.option("center") {
            Some("mean") => clip.center = Center::Mean,
            Some("median") => clip.center = Center::Median,
            other => assert_eq!(other, None),
        }
        match (self.option("spread"), clip.spread) {
            (Some("std"), _) => clip.spread = Spread::Std,
            (Some("mad"), Spread::Std) => {
                clip.spread = Spread::Mad { factor: skystack_reject::MAD_STD_FACTOR }
            }
            (Some("mad") | None, _) => {}
            (other, _) => panic!("spread {other:?}"),
        }
        self.floor(clip)
    }

    /// Negative `nkeep` is IRAF's way to say `maxrej` (5.0.4).
    fn floor(&self, clip: SigClip) -> SigClip {
        let clip = match self.number("nkeep") {
            Some(nkeep) if nkeep < 0.0 => clip.nkeep(0).maxrej(-nkeep as u32),
            Some(nkeep) => clip.nkeep(nkeep as u32),
            None => clip,
        };
        self.number("maxrej").map_or(clip, |maxrej| clip.maxrej(maxrej as u32))
    }
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_float().or(value.as_integer().map(|whole| whole as f64)).expect("a number")
}
