//! The planner: a workload, a machine and limits in, a [`Plan`] out.
//!
//! [`plan`] is a pure function of plain data. Every decision about the workers and the memory of a job is made here, with its
//! reason; nowhere else in skystack is there a worker count or a band height. (Kernels know how much of a tile fits into a
//! cache, and `skystack_stats::slice`, which no plan guides, from what length on it shares a pass.) A plan decides how fast and
//! in how much memory, never what: it is not an input of any kernel.
//!
//! **Must never know:** threads, files, GPU calls, or what is computed. (Looking at the machine is the module behind the
//! feature `detect`, whose findings come in as data.)
//!
//! ```
//! use skystack_plan::{Limits, Machine, Source, Workload, plan};
//! let workload = Workload::new(31, 2048, 2048, 4).source(Source::File { bytes_per_row: 4096 });
//! let machine = Machine { cores: 2, memory_available: Some(8 << 30), ..Machine::unknown() };
//! let plan = plan(&workload, &machine, &Limits { memory_bytes: Some(128 << 20), threads: None })?;
//! assert!(plan.peak_bytes <= 128 << 20);
//! println!("{plan}");
//! # Ok::<(), skystack_plan::PlanError>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "detect")]
mod detect;
mod machine;
mod planner;
mod workload;

pub use machine::Machine;
pub use planner::{Plan, PlanError, Reason, open_files, plan};
pub use workload::{Limits, Source, Workload};
