//! What a timing says nothing without: the machine and how it was used.

use std::fmt;
use std::fs;
use std::path::Path;

use skystack::Level;

/// One cache of the first core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cache {
    /// `L1 Data`, `L2 Unified`, ...
    pub(super) name: String,
    /// As the system states it: `32K`, `32768K`.
    pub(super) size: String,
}

/// Machine and setting of a run. What cannot be read is `None`.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) cpu: Option<String>,
    pub(super) cores: usize,
    pub(super) memory_bytes: Option<u64>,
    pub(super) caches: Vec<Cache>,
    pub(super) levels: Vec<String>,
    pub(super) level: Level,
    pub(super) threads: usize,
    pub(super) quick: bool,
}

impl Facts {
    pub(super) fn look(level: Level, threads: usize, quick: bool) -> Self {
        let machine = skystack::machine();
        Self {
            cpu: fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| cpu_name(&text)),
            cores: machine.cores,
            memory_bytes: machine.memory_total,
            caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
            levels: machine.levels,
            level,
            threads,
            quick,
        }
    }

    /// The caches on one line.
    pub(super) fn cache_words(&self) -> String {
        let words: Vec<String> =
            self.caches.iter().map(|cache| format!("{} {}", cache.name, cache.size)).collect();
        if words.is_empty() { "not known".to_owned() } else { words.join(", ") }
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "skystack {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "cpu       {}, {} cores", self.cpu.as_deref().unwrap_or("not known"), self.cores)?;
        writeln!(f, "caches    {} (first core)", self.cache_words())?;
        writeln!(f, "levels    {}; measured: {}", self.levels.join(" "), self.level)?;
        writeln!(f, "threads   {}", self.threads)?;
        if self.quick {
            writeln!(
                f,
                "quick     small stacks, few turns: shows that it works, not what the machine can do"
            )?;
        }
        write!(
            f,
            "Medians of turns, each kernel in turn with the plain sum over the same stack in memory;\n\
             spread: the middle half of the turns, in percent of the median; GB/s: input bytes by time.\n"
        )
    }
}

/// `model name` of x86, or what ARM has in its place.
fn cpu_name(text: &str) -> Option<String> {
    let value = |key: &str| {
        let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
        Some(line.split_once(':')?.1.trim().to_owned()).filter(|value| !value.is_empty())
    };
    value("model name").or_else(|| value("Model")).or_else(|| value("CPU part"))
}

fn caches(folder: &Path) -> Vec<Cache> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let one = |path: &Path| {
        let text = |name: &str| Some(fs::read_to_string(path.join(name)).ok()?.trim().to_owned());
        Some(Cache { name: format!("L{} {}", text("level")?, text("type")?), size: text("size")? })
    };
    let mut all: Vec<Cache> = entries.flatten().filter_map(|entry| one(&entry.path())).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_is_named_as_the_system_names_it() {
        let x86 = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
        assert_eq!(cpu_name(x86).as_deref(), Some("AMD EPYC"));
        assert_eq!(cpu_name("CPU part\t: 0xd0c\n").as_deref(), Some("0xd0c"));
        assert_eq!(cpu_name("model name\t:\n"), None);
        assert_eq!(caches(Path::new("/no/such/folder")), []);
    }
}
