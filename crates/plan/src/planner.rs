//! The plan and how it is made.

use std::fmt;

use crate::{Limits, Machine, Source, Workload};

/// How a workload is carried out. Plain data; any field may be pinned by hand for an experiment, the result is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Workers on the CPU.
    pub workers: usize,
    /// Rows of the output that are in memory at a time, with all their frames.
    pub band_rows: usize,
    /// Pixels that one worker processes at a time: of one row, or of several where the rows of every frame follow each
    /// other without gaps.
    pub tile_width: usize,
    /// Number of bands.
    pub bands: usize,
    /// Input files that stay open; those beyond are opened again for each band.
    pub open_files: usize,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Predicted peak of the memory that the job allocates, in bytes.
    pub peak_bytes: u64,
    /// What it may be at most, in bytes.
    pub budget_bytes: u64,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Why a field has its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Name of the field.
    pub field: &'static str,
    /// The reason.
    pub because: String,
}

/// There is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Not even one row with one worker fits.
    #[error("the memory limit is {}, needed {} for one row of all frames", readable(*available), readable(*needed))]
    Infeasible {
        /// Bytes that one worker and one row need.
        needed: u64,
        /// Bytes that may be used.
        available: u64,
    },
    /// A dimension is zero.
    #[error("{what} is 0, needed at least 1")]
    Empty {
        /// Which dimension.
        what: &'static str,
    },
}

/// Share of the available memory that a job takes where the user gives no limit: the rest is for the page cache and for others.
/// A choice, not a measurement: what others will need cannot be known.
const MEMORY_SHARE: (u64, u64) = (3, 4);

/// Share of the cores, in percent, rounded to the nearest whole core: one in seven stays free for reading and for others. A
/// choice, not a measurement: the records are of a machine with two cores, of which it takes both.
const CORE_SHARE: usize = 85;

/// Assumed where the available memory cannot be read: a small machine, so that the limit holds on a large one too.
const UNKNOWN_MEMORY: u64 = 2 << 30;

/// A band may take one in so many bytes of the largest cache: the rest is for outputs, scratch and other programs. A choice;
/// there is no record of another one.
const CACHE_PART: u64 = 2;

/// Assumed where the largest cache cannot be read.
const UNKNOWN_CACHE: u64 = 8 << 20;

/// Tiles of a band for each worker: the last ones to finish then differ by a quarter of a share at most. An argument, not a
/// measurement; there is no record of another number.
const TILES_PER_WORKER: usize = 4;

/// Samples that are worth a worker of their own. Waking the second one of a pool from outside takes 50 to 60 us; a sigclip of
/// 31 frames of 64 x 64 (127,000 samples) took 105 us on one and 119 on two workers, of 128 x 128 436 and 262. (AMD EPYC Zen 4,
/// two cores, 2026-11-21. Cheaper kernels would need more, costlier ones less.)
const LEAST_SAMPLES: usize = 1 << 18;

/// Pixels in the narrowest tile: 16 of the widest registers, which is meant to keep the cost of entering a tile small. There is no
/// record of that cost, nor of another width.
const LEAST_TILE_WIDTH: usize = 256;

/// Pixels in the widest tile. The first groups of a tile, which nothing has asked for ahead, are then about one in a hundred
/// (eight groups of 16 lanes in 16 384 pixels). Counted, not measured.
const MOST_TILE_WIDTH: usize = 1 << 14;

/// What the queue of tiles holds for each.
const TILE_BYTES: u64 = 128;

/// Descriptors that the process needs for other things than inputs.
const SPARE_FILES: u64 = 32;

/// Open inputs where the limit cannot be read.
const UNKNOWN_OPEN_FILES: u64 = 256;

/// Plans `workload` on `machine` within `limits`.
///
/// # Errors
/// [`PlanError::Infeasible`] where one row with one worker exceeds the budget; [`PlanError::Empty`] for an empty stack.
pub fn plan(workload: &Workload, machine: &Machine, limits: &Limits) -> Result<Plan, PlanError> {
    for (what, size) in
        [("number of frames", workload.frames), ("height", workload.height), ("width", workload.width)]
    {
        if size == 0 {
            return Err(PlanError::Empty { what });
        }
    }
    let mut reasons = Vec::new();
    let budget_bytes = budget(machine, limits, &mut reasons);
    let costs = Costs::of(workload);
    let (workers, fitting_rows) = fit(&costs, workload, machine, limits, budget_bytes, &mut reasons)?;
    let band_rows = band_rows(&costs, workload, machine, workers, fitting_rows, &mut reasons);
    let tile_width = tile_width(band_rows.saturating_mul(workload.width), workers);
    Ok(Plan {
        workers,
        band_rows,
        tile_width,
        bands: workload.height.div_ceil(band_rows),
        open_files: open_inputs(workload, machine, &mut reasons),
        bytes_read: costs.bytes_read,
        peak_bytes: costs.peak(workers, band_rows),
        budget_bytes,
        reasons,
    })
}

/// What a job allocates, in bytes. All sums saturate: a size that overflows does not fit anywhere.
struct Costs {
    fixed: u64,
    worker: u64,
    row: u64,
    bytes_read: u64,
}

impl Costs {
    fn of(workload: &Workload) -> Self {
        let Workload { frames, height, width, sample_bytes, .. } = *workload;
        let product = |factors: &[usize]| factors.iter().fold(1u64, |p, f| p.saturating_mul(*f as u64));
        let output_row = product(&[width, workload.output_bytes_per_pixel]);
        let (input_row, bytes_read) = match workload.source {
            Source::Borrowed => (0, 0),
            Source::Copied => (product(&[frames, width, sample_bytes]), 0),
            Source::File { bytes_per_row } => {
                (product(&[frames, width, sample_bytes]), product(&[frames, height, bytes_per_row]))
            }
        };
        let codes_row = product(&[frames, width, workload.code_bytes]);
        let halo = input_row.saturating_add(codes_row).saturating_mul(2 * workload.halo_rows as u64);
        let resident = if workload.outputs_stay { output_row.saturating_mul(height as u64) } else { 0 };
        Self {
            // Book-keeping of a frame: paths, headers and planes are of the order of a page.
            fixed: resident
                .saturating_add(product(&[frames, 4096]))
                .saturating_add(halo)
                .saturating_add(workload.fixed_bytes as u64),
            worker: (workload.scratch_bytes as u64).saturating_add(TILES_PER_WORKER as u64 * TILE_BYTES),
            // A row is one tile at least where rows have gaps.
            row: input_row
                .saturating_add(codes_row)
                .saturating_add(output_row)
                .saturating_add(product(&[width.div_ceil(MOST_TILE_WIDTH), TILE_BYTES as usize])),
            bytes_read,
        }
    }

    fn peak(&self, workers: usize, rows: usize) -> u64 {
        self.fixed
            .saturating_add(self.worker.saturating_mul(workers as u64))
            .saturating_add(self.row.saturating_mul(rows as u64))
    }

    /// Rows that fit beside `workers` workers.
    fn rows_within(&self, budget: u64, workers: usize) -> u64 {
        budget.saturating_sub(self.peak(workers, 0)) / self.row.max(1)
    }
}

fn budget(machine: &Machine, limits: &Limits, reasons: &mut Vec<Reason>) -> u64 {
    let (bytes, because) = match (limits.memory_bytes, machine.memory_available) {
        (Some(bytes), _) => (bytes, "the limit that was given".to_owned()),
        (None, Some(available)) => (
            available / MEMORY_SHARE.1 * MEMORY_SHARE.0,
            format!("75 % of {} available", readable(available)),
        ),
        (None, None) => (UNKNOWN_MEMORY, "the available memory is not known".to_owned()),
    };
    reasons.push(Reason { field: "budget_bytes", because });
    bytes
}

/// Workers and the rows that fit beside them: fewer workers where memory is short.
fn fit(
    costs: &Costs,
    workload: &Workload,
    machine: &Machine,
    limits: &Limits,
    budget: u64,
    reasons: &mut Vec<Reason>,
) -> Result<(usize, u64), PlanError> {
    let cores = machine.cores.max(1);
    let share = ((cores * CORE_SHARE + 50) / 100).max(1);
    let wanted = limits.threads.unwrap_or(share).max(1);
    // More workers than narrowest tiles in the image would stay idle; for few samples a further one is not worth waking.
    let pixels = workload.height.saturating_mul(workload.width);
    let tiles = pixels.div_ceil(LEAST_TILE_WIDTH);
    let useful = tiles.min(pixels.saturating_mul(workload.frames).div_ceil(LEAST_SAMPLES));
    let wanted = wanted.min(useful.max(1));
    let workers = (1..=wanted).rev().find(|workers| costs.rows_within(budget, *workers) >= 1);
    let Some(workers) = workers else {
        return Err(PlanError::Infeasible { needed: costs.peak(1, 1), available: budget });
    };
    let because = match limits.threads {
        _ if workers < wanted => format!("{wanted} do not fit into the memory limit"),
        Some(threads) if workers == threads => "as asked for".to_owned(),
        None if workers == share => format!("{CORE_SHARE} % of {cores} cores"),
        _ => "the image is small".to_owned(),
    };
    reasons.push(Reason { field: "workers", because });
    Ok((workers, costs.rows_within(budget, workers)))
}

/// As many rows as stay in the largest cache between reading and computing, enough for all workers, within memory.
fn band_rows(
    costs: &Costs,
    workload: &Workload,
    machine: &Machine,
    workers: usize,
    fitting: u64,
    reasons: &mut Vec<Reason>,
) -> usize {
    let cache = machine.cache_bytes.unwrap_or(UNKNOWN_CACHE);
    let in_cache = cache / CACHE_PART / costs.row.max(1);
    let busy = (workers * TILES_PER_WORKER) as u64;
    let wanted = in_cache.max(busy);
    let because = if fitting < wanted {
        "what fits into the memory limit"
    } else if in_cache >= busy {
        "half of the largest cache"
    } else {
        "four rows for each worker"
    };
    reasons.push(Reason { field: "band_rows", because: because.to_owned() });
    wanted.min(fitting).clamp(1, workload.height as u64) as usize
}

/// Equal shares for all workers, several each, within the limits of a tile.
fn tile_width(band_pixels: usize, workers: usize) -> usize {
    let share = band_pixels.div_ceil(workers * TILES_PER_WORKER);
    share.clamp(LEAST_TILE_WIDTH, MOST_TILE_WIDTH).next_multiple_of(LEAST_TILE_WIDTH)
}

fn open_inputs(workload: &Workload, machine: &Machine, reasons: &mut Vec<Reason>) -> usize {
    if !matches!(workload.source, Source::File { .. }) {
        return 0;
    }
    let open = open_files(workload.frames, machine);
    if open < workload.frames {
        let because = format!("the process may open {} files", open as u64 + SPARE_FILES);
        reasons.push(Reason { field: "open_files", because });
    }
    open
}

/// How many of `inputs` files stay open: a source needs to know before there is a whole workload to plan.
///
/// ```
/// use skystack_plan::{Machine, open_files};
/// let machine = Machine { open_files: Some(256), ..Machine::unknown() };
/// assert_eq!((open_files(31, &machine), open_files(5000, &machine)), (31, 224));
/// ```
pub fn open_files(inputs: usize, machine: &Machine) -> usize {
    let most = machine.open_files.map_or(UNKNOWN_OPEN_FILES, |files| files.saturating_sub(SPARE_FILES));
    usize::try_from(most).map_or(inputs, |most| inputs.min(most))
}

/// Bytes with a unit.
pub(crate) fn readable(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |field: &str| {
            let reason = self.reasons.iter().find(|reason| reason.field == field);
            reason.map_or_else(String::new, |reason| format!("  ({})", reason.because))
        };
        writeln!(f, "workers       {}{}", self.workers, because("workers"))?;
        writeln!(f, "bands         {} of {} rows{}", self.bands, self.band_rows, because("band_rows"))?;
        writeln!(f, "tile width    {} pixels", self.tile_width)?;
        if self.open_files > 0 {
            writeln!(f, "open files    {}{}", self.open_files, because("open_files"))?;
            writeln!(f, "bytes read    {}", readable(self.bytes_read))?;
        }
        writeln!(f, "memory limit  {}{}", readable(self.budget_bytes), because("budget_bytes"))?;
        write!(f, "peak memory   {} predicted", readable(self.peak_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(frames: usize, height: usize, width: usize) -> Workload {
        Workload::new(frames, height, width, 4)
            .source(Source::File { bytes_per_row: 2 * width })
            .outputs(4, false)
            .scratch(frames * 256)
    }

    fn machine(cores: usize, memory: u64) -> Machine {
        Machine {
            cores,
            memory_available: Some(memory),
            cache_bytes: Some(32 << 20),
            open_files: Some(1024),
            ..Machine::unknown()
        }
    }

    #[test]
    fn plans_for_typical_jobs() {
        // (workload, cores, memory, limit) -> (workers, band_rows, open_files)
        let table = [
            (files(31, 2048, 2048), 2, 16 << 30, None, (2, 63, 31)),
            (files(31, 2048, 2048), 16, 16 << 30, None, (14, 63, 31)),
            (files(31, 2048, 2048), 2, 16 << 30, Some(4 << 20), (2, 15, 31)),
            (files(5, 300, 300), 8, 16 << 30, None, (2, 300, 5)),
            (files(5, 100, 100), 8, 16 << 30, None, (1, 100, 5)),
            (files(5, 1, 100), 8, 16 << 30, None, (1, 1, 5)),
            (files(5000, 256, 256), 2, 16 << 30, None, (2, 8, 992)),
        ];
        for (workload, cores, memory, limit, expected) in table {
            let limits = Limits { memory_bytes: limit, threads: None };
            let plan = plan(&workload, &machine(cores, memory), &limits).unwrap();
            let found = (plan.workers, plan.band_rows, plan.open_files);
            assert_eq!(found, expected, "{workload:?}\n{plan}");
            assert!(plan.peak_bytes <= plan.budget_bytes, "{plan}");
        }
    }

    #[test]
    fn one_row_is_split_among_workers() {
        let spectra = files(50, 1, 10_000);
        let plan = plan(&spectra, &machine(4, 1 << 30), &Limits::default()).unwrap();
        assert_eq!((plan.workers, plan.band_rows, plan.tile_width), (2, 1, 1280));
    }

    #[test]
    fn a_limit_that_one_row_exceeds_is_an_error_with_both_numbers() {
        let limits = Limits { memory_bytes: Some(1 << 20), threads: None };
        let error = plan(&files(1000, 10, 10_000), &machine(2, 1 << 34), &limits).unwrap_err();
        let PlanError::Infeasible { needed, available } = error.clone() else { panic!("{error}") };
        assert_eq!(available, 1 << 20);
        assert!(needed > 40_000_000);
        assert!(error.to_string().contains("1.0 MiB"));
    }

    #[test]
    fn the_peak_is_within_the_budget_or_there_is_no_plan() {
        // A small generator: every size from one to its limit, logarithmically.
        let mut state = 1u64;
        let mut draw = |most: f64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            most.powf((state >> 11) as f64 / (1u64 << 53) as f64) as usize
        };
        for _ in 0..20_000 {
            let workload = files(draw(1e5), draw(2e4), draw(2e4));
            let machine = machine(draw(256.0), draw(1e12) as u64);
            let limits = Limits { memory_bytes: (draw(2.0) == 1).then(|| draw(1e12) as u64), threads: None };
            match plan(&workload, &machine, &limits) {
                Ok(plan) => {
                    assert!(plan.peak_bytes <= plan.budget_bytes, "{workload:?} {plan}");
                    assert!(plan.workers >= 1 && plan.band_rows >= 1 && plan.tile_width >= 1);
                    assert!(plan.bands * plan.band_rows >= workload.height);
                }
                Err(PlanError::Infeasible { needed, available }) => assert!(needed > available),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn sizes_that_overflow_do_not_fit() {
        let monster = Workload::new(usize::MAX, usize::MAX, usize::MAX, 4)
            .source(Source::File { bytes_per_row: usize::MAX });
        let monster = Workload { scratch_bytes: 1, ..monster };
        let found = plan(&monster, &machine(2, 1 << 40), &Limits::default());
        assert!(matches!(found, Err(PlanError::Infeasible { .. })));
    }
}
