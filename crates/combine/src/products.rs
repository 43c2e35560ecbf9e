//! Further images beside the combined one: their names, which were asked for, and the memory that they take.
//!
//! They come in three families by the type of their samples. Asking for one never changes another.

macro_rules! family {
    ($(#[$doc:meta])* $family:ident { $($(#[$of:meta])* $variant:ident = $name:literal, $comment:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $family { $($(#[$of])* $variant,)* }

        impl $family {
            /// All of the family.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];
            const COUNT: usize = Self::ALL.len();

            /// The name in headers (EXTNAME).
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the image shows, in a line.
            pub const fn comment(self) -> &'static str {
                match self { $(Self::$variant => $comment,)* }
            }
        }

        impl From<$family> for Product {
            fn from(product: $family) -> Self {
                Self::$family(product)
            }
        }
    };
}

family! {
    /// Images of the working type.
    ValueProduct {
        /// Scatter of the used samples, see [`SigmaRule`](crate::SigmaRule).
        Sigma = "SIGMA", "scatter of the used samples";
        /// Variance of the result from the input variances (algorithms.md 8.1).
        Variance = "VAR", "variance of the image, propagated from the variances of the samples";
        /// Its root.
        Error = "ERR", "error of the image, propagated from the variances of the samples";
        /// Error of the result from the scatter of the used samples (algorithms.md 8.2); NaN for one sample.
        Empirical = "EMPERR", "error of the image, from the scatter of the used samples";
        /// Sum of the weights of the used samples; their number where there are no weights.
        Weight = "WEIGHT", "sum of the weights of the used samples";
        /// Sum of the exposure times of the used samples whose weight is not 0.
        Exposure = "EXPMAP", "[s] exposure time of the used samples";
    }
}

family! {
    /// Images of whole numbers.
    CountProduct {
        /// Used samples.
        Count = "COUNT", "number of used samples";
        /// Rejected samples; missing ones are not counted.
        Nrej = "NREJ", "number of rejected samples; missing ones are not counted";
        /// Samples rejected at the low side.
        Nlow = "NLOW", "number of samples rejected low";
        /// Samples rejected at the high side.
        Nhigh = "NHIGH", "number of samples rejected high";
        /// Samples rejected as neighbours of rejected ones.
        Ngrow = "NGROW", "number of samples rejected by grow";
        /// Missing samples.
        Nmiss = "NMISS", "number of missing samples";
        /// Samples before rejection.
        Coverage = "COVERAGE", "number of samples before rejection";
        /// Frames that are not used for whatever reason (IRAF `nrejmasks`).
        NrejMask = "NREJMASK", "number of samples not used, for whatever reason";
        /// 0 good, 1 nothing, 2 fallback.
        Bpm = "BPM", "0 = good, 1 = no sample, 2 = only samples that a mask calls bad";
        /// Data quality bits (algorithms.md 8.6).
        Dq = "DQ", "data quality bits of the used samples";
    }
}

family! {
    /// Cubes with a plane a frame.
    CubeProduct {
        /// 1 where the sample is not used, for whatever reason.
        Rejmask = "REJMASK", "one plane a frame: 1 = sample not used, 0 = used";
        /// Why, see [`Reason`](crate::Reason).
        Reasons = "REASONS", "one plane a frame: why the sample is used or not";
    }
}

/// Bit of [`CountProduct::Dq`]: no sample is used.
pub const DQ_NO_DATA: u32 = 1 << 24;
/// Bit of [`CountProduct::Dq`]: some sample was rejected low or high.
pub const DQ_CLIPPED: u32 = 1 << 25;
/// Bit of [`CountProduct::Dq`]: the samples used are such as a mask calls bad.
pub const DQ_FALLBACK: u32 = 1 << 26;
/// Bit of [`CountProduct::Dq`]: one sample is used.
pub const DQ_SINGLE: u32 = 1 << 27;

/// Any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Product {
    ValueProduct(ValueProduct),
    CountProduct(CountProduct),
    CubeProduct(CubeProduct),
}

impl Product {
    /// The name in headers (EXTNAME).
    pub const fn name(self) -> &'static str {
        match self {
            Self::ValueProduct(product) => product.name(),
            Self::CountProduct(product) => product.name(),
            Self::CubeProduct(product) => product.name(),
        }
    }

    /// What the image shows, in a line.
    pub const fn comment(self) -> &'static str {
        match self {
            Self::ValueProduct(product) => product.comment(),
            Self::CountProduct(product) => product.comment(),
            Self::CubeProduct(product) => product.comment(),
        }
    }

    /// Its bit in a set.
    const fn bit(self) -> u32 {
        1 << match self {
            Self::ValueProduct(product) => product as usize,
            Self::CountProduct(product) => ValueProduct::COUNT + product as usize,
            Self::CubeProduct(product) => ValueProduct::COUNT + CountProduct::COUNT + product as usize,
        }
    }
}

/// Which images are made beside the combined one.
///
/// ```
/// use skystack_combine::{CountProduct, Products, ValueProduct};
/// let products = Products::NONE.with(ValueProduct::Sigma).with(CountProduct::Nrej);
/// assert!(products.contains(ValueProduct::Sigma) && !products.contains(CountProduct::Count));
/// assert_eq!(products.bytes_per_pixel(9, 4), 4 + 4 + 4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Products(u32);

impl Products {
    /// Only the combined image.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self((1 << (ValueProduct::COUNT + CountProduct::COUNT + CubeProduct::COUNT)) - 1);

    /// Also this one.
    pub fn with(self, product: impl Into<Product>) -> Self {
        Self(self.0 | product.into().bit())
    }

    /// Not this one.
    pub fn without(self, product: impl Into<Product>) -> Self {
        Self(self.0 & !product.into().bit())
    }

    /// Is it the combined image alone?
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Was it asked for?
    pub fn contains(self, product: impl Into<Product>) -> bool {
        self.0 & product.into().bit() != 0
    }

    /// All that were asked for.
    pub fn iter(self) -> impl Iterator<Item = Product> {
        let values = ValueProduct::ALL.iter().map(|product| Product::from(*product));
        let counts = CountProduct::ALL.iter().map(|product| Product::from(*product));
        let cubes = CubeProduct::ALL.iter().map(|product| Product::from(*product));
        values.chain(counts).chain(cubes).filter(move |product| self.contains(*product))
    }

    fn count<P: Into<Product> + Copy>(self, family: &[P]) -> usize {
        family.iter().filter(|product| self.contains(**product)).count()
    }

    /// Bytes of all images for one output pixel, the combined one included.
    pub fn bytes_per_pixel(self, frames: usize, element_bytes: usize) -> usize {
        (1 + self.count(ValueProduct::ALL)) * element_bytes
            + self.count(CountProduct::ALL) * size_of::<u32>()
            + self.count(CubeProduct::ALL) * frames
    }
}

impl<P: Into<Product>> FromIterator<P> for Products {
    fn from_iter<I: IntoIterator<Item = P>>(products: I) -> Self {
        products.into_iter().fold(Self::NONE, Self::with)
    }
}

/// A store for each product: vectors of what was asked for, empty ones for the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Planes<V, C, B> {
    /// The combined image.
    pub image: V,
    values: [V; ValueProduct::COUNT],
    counts: [C; CountProduct::COUNT],
    cubes: [B; CubeProduct::COUNT],
}

impl<V, C, B> Planes<V, C, B> {
    /// One store a product.
    pub(crate) fn new(
        image: V,
        mut values: impl FnMut(ValueProduct) -> V,
        mut counts: impl FnMut(CountProduct) -> C,
        mut cubes: impl FnMut(CubeProduct) -> B,
    ) -> Self {
        Self {
            image,
            values: std::array::from_fn(|i| values(ValueProduct::ALL[i])),
            counts: std::array::from_fn(|i| counts(CountProduct::ALL[i])),
            cubes: std::array::from_fn(|i| cubes(CubeProduct::ALL[i])),
        }
    }

    /// A further image of values; empty if it was not asked for.
    #[inline(always)]
    pub fn values(&self, product: ValueProduct) -> &V {
        &self.values[product as usize]
    }

    /// An image of whole numbers, likewise.
    #[inline(always)]
    pub fn counts(&self, product: CountProduct) -> &C {
        &self.counts[product as usize]
    }

    /// A cube, likewise.
    #[inline(always)]
    pub fn cube(&self, product: CubeProduct) -> &B {
        &self.cubes[product as usize]
    }

    #[inline(always)]
    pub(crate) fn values_mut(&mut self, product: ValueProduct) -> &mut V {
        &mut self.values[product as usize]
    }

    #[inline(always)]
    pub(crate) fn counts_mut(&mut self, product: CountProduct) -> &mut C {
        &mut self.counts[product as usize]
    }

    #[inline(always)]
    pub(crate) fn cube_mut(&mut self, product: CubeProduct) -> &mut B {
        &mut self.cubes[product as usize]
    }

    /// A store of references.
    pub(crate) fn as_mut(&mut self) -> Planes<&mut V, &mut C, &mut B> {
        Planes {
            image: &mut self.image,
            values: self.values.each_mut(),
            counts: self.counts.each_mut(),
            cubes: self.cubes.each_mut(),
        }
    }

    /// Every member replaced.
    pub fn map<V2, C2, B2>(
        self,
        mut values: impl FnMut(V) -> V2,
        counts: impl FnMut(C) -> C2,
        cubes: impl FnMut(B) -> B2,
    ) -> Planes<V2, C2, B2> {
        Planes {
            image: values(self.image),
            values: self.values.map(values),
            counts: self.counts.map(counts),
            cubes: self.cubes.map(cubes),
        }
    }

    /// The image and all further images of values.
    pub(crate) fn all_values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        std::iter::once(&mut self.image).chain(&mut self.values)
    }

    pub(crate) fn all_counts_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.counts.iter_mut()
    }

    pub(crate) fn all_cubes_mut(&mut self) -> impl Iterator<Item = &mut B> {
        self.cubes.iter_mut()
    }
}
