//! What the kernels of several rejections are made of: columns, ranks, variances, passes. Each rejection has its own file beside this one.

pub(crate) mod clipping;
pub(crate) mod columns;
pub(crate) mod fates;
pub(crate) mod floor;
pub(crate) mod noise;
pub(crate) mod one_pass;
pub(crate) mod prepared;
pub(crate) mod ranks;
pub(crate) mod variance;
