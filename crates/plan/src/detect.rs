//! Looking at this machine: standard library, `/proc`, `/sys` and cgroups. What cannot be read is `None`.
//!
//! Own code, because it is small: the crates that do this bring far more than is needed and change often.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::Machine;

/// This machine.
pub(crate) fn machine() -> Machine {
    let memory = meminfo("MemTotal:");
    let group = cgroup();
    let least = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
    Machine {
        // Respects affinity and cgroup quotas.
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_total: least(memory, group.map(|group| group.limit)),
        memory_available: least(
            meminfo("MemAvailable:"),
            group.map(|group| group.limit.saturating_sub(group.used)),
        ),
        cache_bytes: largest_cache(),
        open_files: open_files(),
        levels: Vec::new(),
        devices: Vec::new(),
    }
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn number(path: impl AsRef<Path>) -> Option<u64> {
    read(path)?.trim().parse().ok()
}

/// A line of `/proc/meminfo`, in bytes.
fn meminfo(name: &str) -> Option<u64> {
    let text = read("/proc/meminfo")?;
    kibibytes(text.lines().find_map(|line| line.strip_prefix(name))?)
}

fn kibibytes(text: &str) -> Option<u64> {
    text.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Memory limit and use of the cgroup of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    limit: u64,
    /// Without page cache that can be given back.
    used: u64,
}

fn cgroup() -> Option<Group> {
    let membership = read("/proc/self/cgroup")?;
    let root = Path::new("/sys/fs/cgroup");
    // Version 2 has one line "0::/path"; inside a container the path may not exist, then the root is the group.
    if let Some(path) = membership.lines().find_map(|line| line.strip_prefix("0::/")) {
        let own = root.join(path);
        let group = if own.join("memory.max").exists() { own } else { root.to_owned() };
        if let Some(limit) = number(group.join("memory.max")) {
            let used = number(group.join("memory.current"))?;
            return Some(Group { limit, used: used.saturating_sub(inactive(&group)) });
        }
    }
    let path = membership.lines().find_map(|line| line.split_once(":memory:/")).map(|(_, path)| path)?;
    let own = root.join("memory").join(path);
    let group = if own.exists() { own } else { root.join("memory") };
    let limit = number(group.join("memory.limit_in_bytes"))?;
    let used = number(group.join("memory.usage_in_bytes"))?;
    // Version 1 writes a number near 2⁶³ for "no limit".
    (limit < 1 << 60).then(|| Group { limit, used: used.saturating_sub(inactive(&group)) })
}

fn inactive(group: &Path) -> u64 {
    let Some(text) = read(group.join("memory.stat")) else { return 0 };
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line("total_inactive_file ").or_else(|| line("inactive_file ")).unwrap_or(0)
}

/// Read once: it takes as long as combining a small image, and does not change.
fn largest_cache() -> Option<u64> {
    static LARGEST: OnceLock<Option<u64>> = OnceLock::new();
    *LARGEST.get_or_init(|| {
        let caches = fs::read_dir("/sys/devices/system/cpu/cpu0/cache").ok()?;
        caches.flatten().filter_map(|cache| cache_size(&read(cache.path().join("size"))?)).max()
    })
}

/// "32768K" or "2M".
fn cache_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1 << 10),
        None => (text.strip_suffix('M')?, 1 << 20),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// The soft limit.
fn open_files() -> Option<u64> {
    let text = read("/proc/self/limits")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        assert_eq!(kibibytes("   24576 kB"), Some(24 << 20));
        assert_eq!(cache_size("32768K\n"), Some(32 << 20));
        assert_eq!(cache_size("2M"), Some(2 << 20));
        assert_eq!(cache_size("big"), None);
    }

    #[test]
    fn this_machine_has_a_core() {
        assert!(machine().cores >= 1);
    }
}
