//! Setters that parameters of several rejections have in common: one definition of each, and of what is said about it.

/// Defines setters of fields of these names.
macro_rules! builders {
    (@lsigma) => {
        /// Low clipping factor, in widths of the rejection; infinite: this side rejects nothing.
        #[doc(alias = "sigma_lower")]
        pub const fn lsigma(mut self, lsigma: f64) -> Self {
            self.lsigma = lsigma;
            self
        }
    };
    (@hsigma) => {
        /// High clipping factor, likewise.
        #[doc(alias = "sigma_upper")]
        pub const fn hsigma(mut self, hsigma: f64) -> Self {
            self.hsigma = hsigma;
            self
        }
    };
    (@center) => {
        /// Centre of the test, median or mean.
        #[doc(alias = "cenfunc")]
        #[doc(alias = "mclip")]
        pub const fn center(mut self, center: Center) -> Self {
            self.center = center;
            self
        }
    };
    (@trim) => {
        /// Trimming of a mean centre.
        pub const fn trim(mut self, trim: Trim) -> Self {
            self.trim = trim;
            self
        }
    };
    (@maxiters) => {
        /// Most passes; `None`: to convergence.
        pub const fn maxiters(mut self, maxiters: Option<u32>) -> Self {
            self.maxiters = maxiters;
            self
        }
    };
    (@nkeep) => {
        /// Least number of samples kept.
        pub const fn nkeep(mut self, nkeep: u32) -> Self {
            self.nkeep = nkeep;
            self
        }
    };
    (@maxrej) => {
        /// Most samples rejected (IRAF: a negative `nkeep`).
        pub const fn maxrej(mut self, maxrej: u32) -> Self {
            self.maxrej = Some(maxrej);
            self
        }
    };
    (@sigscale) => {
        /// Scales that are further than this from 1 correct the noise of their frames; 0: never.
        pub const fn sigscale(mut self, sigscale: f64) -> Self {
            self.sigscale = sigscale;
            self
        }
    };
    ($($field:ident)+) => { $(builders!(@$field);)+ };
}

pub(crate) use builders;
