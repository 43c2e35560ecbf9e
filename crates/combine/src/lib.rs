//! The combining engine: N frames in, one image out, band by band.
//!
//! ```text
//! for each band (rows x all frames):  ask the FrameSource for rows
//!     for each tile (neighbouring pixels of one row, or of rows without gaps between them), in parallel:
//!         load + missing + thresholds -> reject -> combine -> outputs        (one fused kernel, L pixels at once)
//!     hand the finished rows to the RowSink
//! ```
//!
//! [`run`] does this for any [`FrameSource`] and [`RowSink`] as a [`skystack_plan::Plan`] says. The plan is not an input of
//! any kernel: band height, tile width, number of workers and level never change a bit of an output.
//!
//! **Must never know:** files and their formats (sources and sinks are somebody else's), headers, how many bytes or cores
//! are a good idea (that is the plan's business).
//!
//! ```
//! use skystack_combine::{Control, FrameSource, MemorySink, Options, Plane, run};
//! use skystack_plan::{Limits, Machine, Source, Workload, plan};
//! use skystack_simd::Level;
//!
//! /// Three frames of two by four pixels: 1, 2 and 6 everywhere.
//! struct Constant(Vec<Vec<f32>>);
//!
//! impl FrameSource<f32> for Constant {
//!     fn frames(&self) -> usize { self.0.len() }
//!     fn height(&self) -> usize { 2 }
//!     fn width(&self) -> usize { 4 }
//!     fn borrow(&self, frame: usize) -> Option<Plane<'_, f32>> {
//!         Some(Plane { data: &self.0[frame], stride: 4 })
//!     }
//! }
//!
//! let source = Constant([1.0, 2.0, 6.0].map(|v| vec![v; 8]).to_vec());
//! let options = Options::default();
//! let workload = Workload::new(3, 2, 4, 4).source(Source::Borrowed);
//! let plan = plan(&workload, &Machine::unknown(), &Limits::default())?;
//! let mut sink = MemorySink::new(&options.products, 3, 2, 4);
//! run(&options, &source, &mut sink, &plan, &Control::new(Level::Baseline))?;
//! assert_eq!(sink.image(), [3.0; 8]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod band;
mod engine;
mod error;
mod format;
mod grow;
mod kernel;
mod memory;
pub mod normalise;
mod options;
mod products;
mod reason;
mod source;

pub use band::BandOutput;
pub use engine::{Control, Progress, Summary, Timings, run};
pub use error::{BoxError, CombineError};
pub use format::{SampleFormat, SampleType};
pub use kernel::{FrameTotals, WorkingType, scratch_bytes};
pub use memory::MemorySink;
pub use options::{Combine, Grow, Lmedian, MOST_FRAMES, Options, SigmaRule, Variance};
pub use products::{CountProduct, CubeProduct, Planes, Product, Products, ValueProduct};
pub use products::{DQ_CLIPPED, DQ_FALLBACK, DQ_NO_DATA, DQ_SINGLE};
pub use reason::Reason;
pub use source::{FrameSource, Layer, NO_VALUE, Placement, Plane, RowSink};
