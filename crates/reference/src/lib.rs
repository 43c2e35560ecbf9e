//! The slow, obvious oracle: one output pixel at a time, everything in f64, written straight from the specification.
//!
//! Every kernel of skystack is compared with this crate, bit for bit. So it is arranged for the eye, not for the clock: a
//! file per rule of `algorithms.md`, functions short enough to be held against the text, each naming the rule it states
//! (E5, F1, 5.0.4). It allocates freely and sorts whenever an order is wanted. [`trace()`] gives the same answer with every
//! stage of the pixel written down: the best bug report there is.
//!
//! How the contract (section 3) is modelled: a value of the working type T is carried as the f64 equal to it, and
//! [`Working::round`] stands exactly where the contract says T(…). A *set* of samples is always a slice in frame order.
//!
//! **Must never know:** kernels, lanes, vectors, or any function that computes in another crate. Of `skystack-reject` it
//! uses the parameter structs and nothing else, so that an error there cannot hide here.
//!
//! ```
//! use skystack_reference::{Setup, Working, pixel, trace};
//! use skystack_reject::{Convention, SigClip};
//!
//! let column = [10.0, 11.0, f64::NAN, 9.0, 10.0, 90.0, 11.0];
//! let mut setup = Setup::convention(Convention::Iraf, Working::F32);
//! let rejections = [SigClip::iraf().hsigma(2.0).into()];
//! setup.rejections = &rejections;
//! let answer = pixel(&column, &setup);
//! assert_eq!((answer.count, answer.nrej, answer.nmiss), (5, 1, 1));
//! assert_eq!(answer.value as f32, 10.2);
//! let table = trace(&column, &setup).to_string();
//! assert!(table.contains("high, pass 1"), "{table}");
//! ```
#![forbid(unsafe_code)]

mod avsigclip;
mod ccdclip;
mod clipping;
mod column;
mod combine;
mod crreject;
mod errors;
mod extrema;
mod gesd;
mod grow;
mod linearfit;
mod madclip;
mod meanclip;
mod medsigma;
mod minmax;
mod moments;
mod noise;
mod none;
pub mod normalise;
mod one_pass;
mod order;
mod outcome;
mod pclip;
mod percentile;
mod pixel;
mod reason;
mod restore;
mod setup;
mod sigclip;
mod sigma;
mod spread;
mod stack;
mod student;
mod sums;
mod trace;
mod varclip;
mod winsorized;

pub use avsigclip::pooled;
pub use column::Ingest;
pub use grow::{Growth, Shape, grow};
pub use outcome::{Pass, Side, Stop};
pub use pixel::{Pixel, pixel};
pub use reason::Reason;
pub use setup::{Combine, Lmedian, Setup, SigmaRule, Working};
pub use stack::{Frame, StackPixel, StackSetup, Variances, stack};
pub use trace::{Stages, Trace, combined, trace};
