//! What there is to work with, as plain data.

use std::fmt;

/// A machine as the planner sees it. `None` is "not known".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Logical cores that this process may use (affinity and cgroup quota respected).
    pub cores: usize,
    /// Memory of the machine or of its cgroup, in bytes.
    pub memory_total: Option<u64>,
    /// Memory that is free for this process, in bytes.
    pub memory_available: Option<u64>,
    /// Largest cache, in bytes.
    pub cache_bytes: Option<u64>,
    /// Files that this process may have open.
    pub open_files: Option<u64>,
    /// Instruction sets, lowest first.
    pub levels: Vec<String>,
    /// GPUs that this build can use.
    pub devices: Vec<String>,
}

impl Machine {
    /// One core and nothing known: the base for machines made by hand.
    pub const fn unknown() -> Self {
        Self {
            cores: 1,
            memory_total: None,
            memory_available: None,
            cache_bytes: None,
            open_files: None,
            levels: Vec::new(),
            devices: Vec::new(),
        }
    }

    /// This machine. Levels and devices are for the caller to fill in: the planner does not look at CPUs.
    #[cfg(feature = "detect")]
    pub fn detect() -> Self {
        crate::detect::machine()
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |value: Option<u64>| value.map_or_else(|| "not known".into(), crate::planner::readable);
        let list = |names: &[String]| if names.is_empty() { "none".into() } else { names.join(" ") };
        writeln!(f, "cores         {}", self.cores)?;
        writeln!(f, "memory        {}", bytes(self.memory_total))?;
        writeln!(f, "available     {}", bytes(self.memory_available))?;
        writeln!(f, "largest cache {}", bytes(self.cache_bytes))?;
        let files = self.open_files.map_or_else(|| "not known".into(), |files| files.to_string());
        writeln!(f, "open files    {files}")?;
        writeln!(f, "levels        {}", list(&self.levels))?;
        write!(f, "devices       {}", list(&self.devices))
    }
}
