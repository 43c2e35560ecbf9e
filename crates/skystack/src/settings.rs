//! Every option of a run as it was resolved: what HISTORY and the JSON report both say, from one list.

mod rejection;

use std::fmt;

use skystack_combine::normalise::{Affine, PairWeight, Statsec};
use skystack_combine::{Lmedian, Options, SigmaRule, Variance};

use crate::{
    Footprint, InputVariance, MaskType, Masks, Norm, Normalisation, Offsets, OverlapFit, PerFrame, Product,
    Stacker, Weight,
};

/// The value of an option, or a number in a warning. `Display` is one word: what HISTORY has.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// There is none: `none`.
    None,
    /// A word.
    Word(String),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any number: `nan`, `inf` and `-inf` included, and otherwise the fewest digits that give it back.
    Number(f64),
    /// Several, with commas between them.
    List(Vec<Value>),
}

/// Options that belong together, in a fixed order. `Display` is `key=value key=value ...`.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they are about: its name in the JSON report.
    pub topic: &'static str,
    /// Names, in the words of the command line, and values.
    pub entries: Vec<(&'static str, Value)>,
}

/// All groups of a run. A rejection is a group of its own, in the order in which they follow each other; what was left as it
/// is by default (no masks, no growth) has its group too.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The groups.
    pub groups: Vec<Group>,
}

impl Settings {
    /// The options of a run, of which `options` is what the frames made of them.
    pub(crate) fn of(
        stacker: &Stacker,
        options: &Options,
        element_bytes: usize,
        products: &[Product],
    ) -> Self {
        let mut groups = vec![combination(stacker, options, element_bytes)];
        match &stacker.options.rejections[..] {
            [] => groups.push(rejection::group(&crate::Rejection::None)),
            several => groups.extend(several.iter().map(rejection::group)),
        }
        groups.extend([
            growth(options),
            thresholds(options),
            normalisation(stacker),
            offsets(stacker),
            masks(&stacker.masks),
            noise(stacker),
            variance(stacker, options),
            of_products(products),
        ]);
        Self { groups }
    }

    /// The value under `key` of the first group of this topic that has one.
    ///
    /// ```
    /// use skystack::settings::Value;
    /// use skystack::{SigClip, Stacker};
    /// let stack = skystack::simulate::stack(5, 8, 8, 1).frames;
    /// let report = Stacker::new().reject(SigClip::iraf().lsigma(2.5)).run(stack.view())?.report;
    /// assert_eq!(report.settings.get("reject", "lsigma"), Some(&Value::Number(2.5)));
    /// # Ok::<(), skystack::Error>(())
    /// ```
    pub fn get(&self, topic: &str, key: &str) -> Option<&Value> {
        let of_topic = self.groups.iter().filter(|group| group.topic == topic);
        of_topic.flat_map(|group| &group.entries).find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

fn combination(stacker: &Stacker, options: &Options, element_bytes: usize) -> Group {
    Group::new("combine")
        .with("combine", options.combine.name())
        .with("convention", stacker.convention.name())
        .with("blank", options.blank)
        .with(
            "lmedian",
            match options.lmedian {
                Lmedian::Iraf => "iraf",
                Lmedian::Lower => "lower",
            },
        )
        .with(
            "sigma",
            match options.sigma_rule {
                SigmaRule::Iraf => "iraf",
                SigmaRule::Scatter => "scatter",
                SigmaRule::Population => "population",
            },
        )
        .with("type", if element_bytes == 4 { "f32" } else { "f64" })
}

fn growth(options: &Options) -> Group {
    let group = Group::new("grow").with("grow", options.grow.radius);
    if options.grow.radius < 1.0 {
        return group;
    }
    let group = group.with("nkeep", options.grow.nkeep);
    match options.grow.maxrej {
        Some(maxrej) => group.with("maxrej", maxrej),
        None => group,
    }
}

fn thresholds(options: &Options) -> Group {
    Group::new("thresholds").with("lthreshold", options.lthreshold).with("hthreshold", options.hthreshold)
}

fn normalisation(stacker: &Stacker) -> Group {
    let mut group = factors(Group::new("normalisation"), &stacker.normalisation, ["scale", "zero", "norm"]);
    group = group.with("weight", weight(&stacker.weight));
    if let Some(norms) = &stacker.reject_normalisation {
        group = factors(group, norms, ["reject_scale", "reject_zero", "reject_norm"]);
    }
    if stacker.scaling_errors {
        group = group.with("scaling_errors", "added");
    }
    if !stacker.wanted().reads_samples() {
        return group;
    }
    group
        .with("statsec", statsec(&stacker.statsec))
        .with("statsample", if stacker.all_pixels { "all" } else { "thinned" })
}

/// What the factors come from, under these names: of a scale, of a zero, and of both at once.
fn factors(group: Group, norms: &Normalisation, [of_scale, of_zero, of_both]: [&'static str; 3]) -> Group {
    match norms {
        Normalisation::Levels { scale, zero } => group.with(of_scale, norm(scale)).with(of_zero, norm(zero)),
        Normalisation::Affine { mode, reference } => {
            let name = match mode {
                Affine::Add => "add",
                Affine::AddScale => "addscale",
                Affine::Mul => "mul",
                Affine::MulScale => "mulscale",
            };
            group.with(of_both, name).with("reference", *reference + 1)
        }
        Normalisation::Overlap(overlap) => {
            let name = match overlap.fit {
                OverlapFit::Zeros => "overlap-zero",
                OverlapFit::Gains => "overlap-scale",
                OverlapFit::GainsAndZeros => "overlap-both",
            };
            let weight = match overlap.weight {
                PairWeight::Pixels => "pixels",
                PairWeight::InverseVariance => "ivar",
            };
            group
                .with(of_both, name)
                .with("reference", overlap.reference + 1)
                .with("minoverlap", overlap.minoverlap)
                .with("pairs", weight)
        }
    }
}

fn norm(norm: &Norm) -> Value {
    match norm {
        Norm::Exposure => "exposure".into(),
        Norm::Given(_) => "given".into(),
        Norm::Keyword(keyword) => keyword_of(keyword),
        _ => norm.statistic().map_or(Value::None, |statistic| statistic.name().into()),
    }
}

fn weight(weight: &Weight) -> Value {
    match weight {
        Weight::Variance => "variance".into(),
        Weight::Exposure => "exposure".into(),
        Weight::Given(_) => "given".into(),
        Weight::Keyword(keyword) => keyword_of(keyword),
        _ => weight.statistic().map_or(Value::None, |statistic| statistic.name().into()),
    }
}

fn keyword_of(keyword: &str) -> Value {
    Value::Word(format!("!{keyword}"))
}

/// As FITS counts: from 1, ends included.
fn statsec(statsec: &Statsec) -> Value {
    Value::from(match statsec {
        Statsec::Whole => return Value::None,
        Statsec::Overlap => "overlap".to_owned(),
        Statsec::Input { columns, rows } => {
            format!("[{}:{},{}:{}]", columns.start + 1, columns.end, rows.start + 1, rows.end)
        }
        Statsec::Output { columns, rows } => {
            format!("output[{}:{},{}:{}]", columns.start + 1, columns.end, rows.start + 1, rows.end)
        }
    })
}

fn offsets(stacker: &Stacker) -> Group {
    let mut group = Group::new("offsets").with(
        "offsets",
        match &stacker.offsets {
            Offsets::None => Value::None,
            Offsets::Wcs => "wcs".into(),
            Offsets::Physical => "physical".into(),
            Offsets::Given(_) => "given".into(),
            Offsets::Grid { columns, step: (x, y) } => format!("grid({columns},{x},{y})").into(),
        },
    );
    group = group.with(
        "footprint",
        match &stacker.footprint {
            Footprint::Union => "union".to_owned(),
            Footprint::Intersection => "intersection".to_owned(),
            Footprint::Limits { x, y } => format!("[{}:{},{}:{}]", x.start + 1, x.end, y.start + 1, y.end),
        },
    );
    group
}

fn masks(masks: &Masks) -> Group {
    let kind = match masks.kind {
        MaskType::None => Value::None,
        MaskType::GoodValue => "goodvalue".into(),
        MaskType::BadValue => "badvalue".into(),
        MaskType::GoodBits => "goodbits".into(),
        MaskType::BadBits => "badbits".into(),
        MaskType::NoValue => "novalue".into(),
    };
    let group = Group::new("masks").with("masktype", kind);
    if masks.kind == MaskType::None && masks.files.is_none() {
        return group;
    }
    let group = group.with("maskvalue", masks.value).with(
        "masks",
        match &masks.files {
            None => "BPM".to_owned(),
            Some(files) => format!("{} files", files.len()).replace(' ', "_"),
        },
    );
    let classes = masks.fallback.iter().map(|class| Value::Integer(*class)).collect();
    if masks.fallback.is_empty() { group } else { group.with("fallback", Value::List(classes)) }
}

fn noise(stacker: &Stacker) -> Group {
    let number = |of: &PerFrame| match of {
        PerFrame::Same(number) => Value::Number(*number),
        PerFrame::Keyword(keyword) => keyword_of(keyword),
        PerFrame::Given(_) => "given".into(),
    };
    let model = &stacker.noise;
    Group::new("noise")
        .with("gain", number(&model.gain))
        .with("rdnoise", number(&model.rdnoise))
        .with("snoise", number(&model.snoise))
}

/// Arrays bring variances of their own, whatever the stacker was told.
fn variance(stacker: &Stacker, options: &Options) -> Group {
    let source = match (&options.variance, &stacker.variance) {
        (_, InputVariance::Extension(name)) => format!("[{name}]").into(),
        (Variance::Noise, _) => "noise".into(),
        (Variance::Constant(number), _) => Value::Number(*number),
        (Variance::Planes, _) => "planes".into(),
        _ => Value::None,
    };
    let group = Group::new("variance").with("variance", source);
    if options.sample_weights { group.with("sample_weights", true) } else { group }
}

fn of_products(products: &[Product]) -> Group {
    let names = products.iter().map(|product| product.name().to_lowercase().into()).collect();
    Group::new("products").with("products", Value::List(names))
}

impl Group {
    pub(crate) const fn new(topic: &'static str) -> Self {
        Self { topic, entries: Vec::new() }
    }

    pub(crate) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.entries.push((key, value.into()));
        self
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (key, value)) in self.entries.iter().enumerate() {
            write!(f, "{}{key}={value}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Word(word) => f.write_str(word),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Integer(number) => number.fmt(f),
            Self::Number(number) if number.is_nan() => f.write_str("nan"),
            Self::Number(number) => number.fmt(f),
            Self::List(values) if values.is_empty() => f.write_str("none"),
            Self::List(values) => {
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<String> for Value {
    fn from(word: String) -> Self {
        Self::Word(word)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        // Counts of samples: never that large.
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        (number as u64).into()
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grow;

    #[test]
    fn values_are_one_word() {
        let list = Value::List(vec![1_u32.into(), "a".into()]);
        let all = [
            (Value::from(None::<u32>), "none"),
            (f64::NAN.into(), "nan"),
            (f64::INFINITY.into(), "inf"),
            (f64::NEG_INFINITY.into(), "-inf"),
            (0.1.into(), "0.1"),
            (2.0.into(), "2"),
            (true.into(), "yes"),
            (list, "1,a"),
            (Value::List(Vec::new()), "none"),
        ];
        for (value, word) in all {
            assert_eq!(value.to_string(), word);
        }
        assert_eq!(Group::new("x").with("a", 1_u32).with("b", "c").to_string(), "a=1 b=c");
    }

    #[test]
    fn sections_count_as_fits_does() {
        let section = Statsec::Input { columns: 0..10, rows: 4..6 };
        assert_eq!(statsec(&section).to_string(), "[1:10,5:6]");
    }

    #[test]
    fn what_the_user_named_comes_back_in_the_words_of_the_command_line() {
        let stacker = Stacker::new()
            .scale(Norm::Median)
            .weight(Weight::Keyword("WGT".into()))
            .masks(Masks::new(MaskType::BadBits, 5).fallback(vec![4, 1]))
            .offsets(Offsets::Grid { columns: 2, step: (-3, 4) })
            .grow(Grow { nkeep: 2, ..Grow::new(1.5) })
            .lthreshold(-1.0);
        let settings = Settings::of(&stacker, &stacker.options, 4, &[]);
        let lines: Vec<String> = settings.groups.iter().map(ToString::to_string).collect();
        for line in [
            "combine=average convention=iraf blank=nan lmedian=iraf sigma=iraf type=f32",
            "reject=none",
            "grow=1.5 nkeep=2",
            "lthreshold=-1 hthreshold=none",
            "scale=median zero=none weight=!WGT statsec=none statsample=thinned",
            "offsets=grid(2,-3,4) footprint=union",
            "masktype=badbits maskvalue=5 masks=BPM fallback=4,1",
            "gain=1 rdnoise=0 snoise=0",
            "variance=none",
            "products=none",
        ] {
            assert!(lines.iter().any(|found| found == line), "{line} in {lines:?}");
        }
    }
}
