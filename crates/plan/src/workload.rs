//! What is to be done, and what may be used.

/// Where the samples come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// In memory, in a layout that is used as it is: no copy is made.
    Borrowed,
    /// In memory in another layout: rows are copied into the band.
    #[default]
    Copied,
    /// In files.
    File {
        /// Bytes of one row of one frame on disk.
        bytes_per_row: usize,
    },
}

/// One combination: its shape and what it needs for each row, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workload {
    /// Number of frames N.
    pub frames: usize,
    /// Rows of the output.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Bytes of one sample in memory.
    pub sample_bytes: usize,
    /// Where the samples come from.
    pub source: Source,
    /// Bytes of all outputs for one pixel.
    pub output_bytes_per_pixel: usize,
    /// Are the outputs kept in memory whole?
    pub outputs_stay: bool,
    /// Scratch of one worker, in bytes.
    pub scratch_bytes: usize,
    /// What is allocated once whatever the plan, in bytes: writers, for example.
    pub fixed_bytes: usize,
    /// Rows above and below a band that are read with it.
    pub halo_rows: usize,
    /// Bytes a sample that a band, with its halo, keeps between two passes over it.
    pub code_bytes: usize,
}

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Most memory for the job, in bytes; `None`: 75 % of what is available.
    pub memory_bytes: Option<u64>,
    /// Number of workers; `None`: 85 % of the cores.
    pub threads: Option<usize>,
}

impl Workload {
    /// `frames` frames of `height` x `width` samples of `sample_bytes` each, with one image as output.
    pub const fn new(frames: usize, height: usize, width: usize, sample_bytes: usize) -> Self {
        Self {
            frames,
            height,
            width,
            sample_bytes,
            source: Source::Copied,
            output_bytes_per_pixel: sample_bytes,
            outputs_stay: false,
            scratch_bytes: 0,
            fixed_bytes: 0,
            halo_rows: 0,
            code_bytes: 0,
        }
    }

    /// Where the samples come from.
    pub const fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Bytes of all outputs for one pixel, and whether they are kept in memory whole.
    pub const fn outputs(mut self, bytes_per_pixel: usize, stay: bool) -> Self {
        self.output_bytes_per_pixel = bytes_per_pixel;
        self.outputs_stay = stay;
        self
    }

    /// What is allocated once whatever the plan, in bytes.
    pub const fn fixed(mut self, bytes: usize) -> Self {
        self.fixed_bytes = bytes;
        self
    }

    /// Rows above and below a band that are read with it, and bytes a sample that it keeps between two passes.
    pub const fn halo(mut self, rows: usize, code_bytes: usize) -> Self {
        self.halo_rows = rows;
        self.code_bytes = code_bytes;
        self
    }

    /// Scratch of one worker, in bytes.
    pub const fn scratch(mut self, bytes: usize) -> Self {
        self.scratch_bytes = bytes;
        self
    }
}
