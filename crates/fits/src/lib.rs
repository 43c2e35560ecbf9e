//! FITS images for programs that work on many of them at once: reading by bands of rows, and writing files that
//! are complete or absent.
//!
//! - [`FitsFile`] opens a file and lists its HDUs; every size a header claims is checked against the file first.
//! - [`Image`] reads rows of one image as physical values, from any number of threads, into memory of the caller.
//! - [`Header`] keeps cards byte for byte, reads their values, and makes headers for outputs.
//! - [`FitsWriter`] writes rows in any order and headers last; the output appears in one step.
//! - [`publish_all`] lets several outputs of one run appear together, or none of them.
//! - [`InputPath`] is the notation `file.fits[SCI,1]`.
//!
//! # What it must never know
//!
//! Statistics, stacks, weights, masks: nothing of what the samples are for. It has no threads of its own, no
//! cache, and never holds a whole image. It maps no file into memory, because a file that shrinks would then end
//! the process. It contains no `unsafe`.
//!
//! # Values
//!
//! Samples come as `f32` or `f64`, see [`Physical`]. A stored integer equal to BLANK, NaN, infinities and what
//! overflows the type on the way are *missing* and read as NaN; -0 reads as +0. With BSCALE = 1 and BZERO = 0 a
//! value is the stored number rounded once; with BZERO = 2^(b-1), the convention for unsigned integers, it is the
//! exact integer rounded once; otherwise it is `f64(stored) * BSCALE + BZERO`, product and sum rounded separately,
//! rounded once to the type. These rules are the same on every machine.
//!
//! # Faults
//!
//! A file is untrusted input: sizes go through checked arithmetic and are bound by the file's real length and by
//! [`Limits`]; text from a header reaches messages and outputs only as printable ASCII. What is odd but readable
//! (free format, D exponents, lower-case keywords, missing final padding, trailing records) is read with a warning;
//! what could give wrong numbers is an error. Every [`FitsError`] is one line with the file, what was found and
//! what was needed.
//!
//! # Example
//!
//! ```
//! use skystack_fits::{Bitpix, FitsWriter, Header, Image, ImageSpec, InputPath, Limits};
//!
//! let folder = std::env::temp_dir();
//! let input = folder.join(format!("skystack-doc-in-{}.fits", std::process::id()));
//! let output = folder.join(format!("skystack-doc-out-{}.fits", std::process::id()));
//! # let spec = ImageSpec { bitpix: Bitpix::I16, axes: vec![4, 3], header: Header::new() };
//! # let mut writer = FitsWriter::create(&input, &spec, true)?;
//! # writer.write_rows(0, 0, &[7_u16; 12])?;
//! # writer.finish()?;
//!
//! // Twice the input, one row at a time.
//! let image = Image::open(&InputPath::parse(&input), &Limits::default())?;
//! let mut header = image.header().inherit(2);
//! let spec = ImageSpec {
//!     bitpix: Bitpix::F32,
//!     axes: vec![image.width() as u64, image.height() as u64],
//!     header: header.clone(),
//! };
//! let mut writer = FitsWriter::create(&output, &spec, false)?;
//! let mut row = vec![0.0_f32; image.width()];
//! let mut raw = Vec::new();
//! for y in 0..image.height() {
//!     image.read_rows(0, y..y + 1, &mut row, &mut raw)?;
//!     row.iter_mut().for_each(|v| *v *= 2.0);
//!     writer.write_rows(0, y, &row)?;
//! }
//! image.check_unchanged()?;
//! header.push_history("doubled");
//! writer.finish_with(header)?;
//! # std::fs::remove_file(&input).unwrap();
//! # std::fs::remove_file(&output).unwrap();
//! # Ok::<(), skystack_fits::FitsError>(())
//! ```
//!
//! # Feature `fitsrs`
//!
//! `Image::from_fitsrs` takes over an image HDU from a program that already holds it in the types of the `fitsrs`
//! crate.

#![forbid(unsafe_code)]

mod bitpix;
mod decode;
mod encode;
mod error;
mod file;
mod hdu;
mod header;
mod identity;
mod image;
mod input;
#[cfg(feature = "fitsrs")]
mod interop;
mod layout;
mod limits;
mod positioned;
mod publish;
mod structure;
mod table;
mod target;
mod text;
mod writer;

pub use bitpix::Bitpix;
pub use decode::{Physical, Scaling};
pub use encode::{Rounded, Stored, StoredInteger, round_to_integers};
pub use error::{Change, FitsError, FitsErrorKind, Unit, Unsupported};
pub use file::FitsFile;
pub use hdu::{Hdu, HduKind, HduSelector};
pub use header::{Card, Entry, Header, Value};
pub use identity::same_file;
pub use image::{Image, Working};
pub use input::InputPath;
pub use limits::Limits;
pub use publish::{PlainFile, PreparedFile, publish_all};
pub use table::{Column, Table};
pub use writer::{FitsWriter, ImageSpec, WriterOptions};
