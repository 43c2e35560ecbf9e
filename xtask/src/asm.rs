//! `cargo xtask asm`: what the compiler made of the kernels, read from the disassembled release program.
//!
//! ```text
//! for each function that is compiled for a level:
//!     registers  packed arithmetic is in registers of the level's width, nothing in wider ones
//!     fma        there is no fused multiply-add (a lane must do the same operations at every level)
//!     calls      the networks have none; an innermost loop has none but into the networks
//! for each other function of ours: no register wider than the baseline's
//! ```
//!
//! One `#[inline(always)]` that is forgotten gives the right bits at a tenth of the speed, and no other test sees it.
//! The program is built with symbols that keep generic arguments (`-Csymbol-mangling-version=v0`), in a folder of its own,
//! since the flag would have the ordinary build start again.

mod flow;
mod listing;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::shell::{self, Invocation};
use flow::{Flow, Outside, flow};
use listing::{Filling, Function, Instruction, Section, Target, functions, sections, slots};

/// Of the packed arithmetic of an AVX function, the part that must be in registers of the full width, in per cent. What is
/// left: halves that are widened or narrowed, and the last pixels of a tile, which go one by one.
const FULL_WIDTH: usize = 90;

/// The same for the loops over stored samples, which are plain Rust: the compiler gives each a second loop of half the width
/// for what is left over.
const FULL_WIDTH_OF_DECODING: usize = 75;

/// Calls that never return: what comes behind them in the listing is not what is done next. `_Unwind_Resume` ends a landing
/// pad; the others report a bug or that there is no memory.
const DIVERGING: &[&str] = &[
    "core::panicking::",
    "core::slice::index::slice_",
    "core::option::unwrap_failed",
    "core::option::expect_failed",
    "core::result::unwrap_failed",
    "len_mismatch_fail",
    "copy_from_slice_impl::",
    "alloc::raw_vec::handle_error",
    "alloc::alloc::handle_alloc_error",
    "core::cell::panic_",
    "_Unwind_Resume",
];

/// What a function is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Scalar,
    Baseline,
    Avx2,
    Avx512,
}

impl Level {
    /// By the entry of the level, or by the token of `Isa::call`. The entry of the scalar and of the baseline level is
    /// `Level::run` itself: both are inlined there, so that one function holds the two.
    fn of(name: &str) -> Option<Self> {
        let marks = [
            ("level::run_avx512::<", Self::Avx512),
            ("isa::avx512::Avx512 as skystack_simd::isa::Isa>::call", Self::Avx512),
            ("level::run_avx2::<", Self::Avx2),
            ("isa::avx2::Avx2 as skystack_simd::isa::Isa>::call", Self::Avx2),
            ("isa::baseline::Baseline as skystack_simd::isa::Isa>::call", Self::Baseline),
            ("level::Level>::run::<", Self::Baseline),
            ("isa::scalar::Scalar as skystack_simd::isa::Isa>::call", Self::Scalar),
        ];
        // A closure or a generic of another crate may name one of them as an argument: such a function is not compiled for it.
        let own = name.trim_start_matches('<').starts_with("skystack_simd::");
        marks.iter().find(|(mark, _)| own && name.contains(mark)).map(|(_, level)| *level)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// Instructions that use a register of a width, by the widest register of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Widths {
    zmm: usize,
    ymm: usize,
    xmm: usize,
}

impl Widths {
    fn count(&mut self, at: &Instruction) {
        let has = |register| at.operands.contains(register);
        if has("%zmm") {
            self.zmm += 1;
        } else if has("%ymm") {
            self.ymm += 1;
        } else if has("%xmm") {
            self.xmm += 1;
        }
    }

    fn all(self) -> usize {
        self.zmm + self.ymm + self.xmm
    }

    fn shown(self) -> String {
        format!("{}/{}/{}", self.zmm, self.ymm, self.xmm)
    }
}

/// Does it compute with several lanes at once? Moves, shuffles and conversions do not count, nor what uses one lane.
fn is_packed_arithmetic(at: &Instruction) -> bool {
    const OPERATIONS: &[&str] = &["add", "sub", "mul", "div", "sqrt", "min", "max"];
    let name = at.mnemonic.strip_prefix('v').unwrap_or(&at.mnemonic);
    let name = name.strip_suffix("ps").or_else(|| name.strip_suffix("pd"));
    name.is_some_and(|name| OPERATIONS.contains(&name))
}

/// vfmadd, vfmsub, vfnmadd, vfnmsub, vfmaddsub and vfmsubadd, of any operands.
fn is_fused(at: &Instruction) -> bool {
    ["vfmadd", "vfmsub", "vfnmadd", "vfnmsub"].iter().any(|start| at.mnemonic.starts_with(start))
}

/// Something wrong, at an address or with the whole.
#[derive(Debug)]
struct Wrong {
    address: Option<u64>,
    what: String,
}

/// What was found in one function.
#[derive(Debug, Default)]
struct Report {
    name: String,
    instructions: usize,
    registers: Widths,
    loops: usize,
    /// Calls in innermost loops: all, and those that are allowed.
    calls: (usize, usize),
    wrong: Vec<Wrong>,
}

/// The program: every address has a name, every slot what it is filled with.
struct Program {
    names: BTreeMap<u64, String>,
    slots: BTreeMap<u64, Filling>,
    sections: Vec<Section>,
    bytes: Vec<u8>,
}

impl Program {
    /// Name of what is called or jumped to.
    fn callee(&self, target: &Target) -> Option<&str> {
        let named = |address: &u64| self.names.get(address).map(String::as_str);
        match target {
            Target::Address(address) => named(address),
            Target::Slot(slot) => match self.slots.get(slot)? {
                Filling::Symbol(name) => Some(name),
                Filling::Address(address) => named(address),
            },
            Target::Computed => None,
        }
    }
}

impl Outside for Program {
    fn word(&self, address: u64) -> Option<i32> {
        let holds = |section: &&Section| (section.address..section.address + section.size).contains(&address);
        let section = self.sections.iter().find(holds)?;
        let at = usize::try_from(section.offset + (address - section.address)).ok()?;
        Some(i32::from_le_bytes(self.bytes.get(at..)?.first_chunk().copied()?))
    }

    fn diverges(&self, call: &Instruction) -> bool {
        self.callee(&call.target()).is_some_and(|name| DIVERGING.iter().any(|known| name.contains(known)))
    }
}

fn is_network(name: &str) -> bool {
    name.contains("Isa>::call::call::<skystack_stats::lane::network::")
}

/// A task of `Isa::call`: what kernels may call in a loop, since it is a function on purpose.
fn is_task(name: &str) -> bool {
    name.contains("skystack_simd::isa::Isa>::call::call::<")
}

fn inspect(function: &Function, level: Level, program: &Program) -> Report {
    let Flow { loops, innermost, obscure, held } = flow(function, program);
    let callee = |at: &Instruction| {
        let target = held.get(&at.address).cloned().unwrap_or_else(|| at.target());
        program.callee(&target).unwrap_or("a computed address")
    };
    let mut report =
        Report { name: function.name.clone(), instructions: function.code.len(), loops, ..Report::default() };
    let mut arithmetic = Widths::default();
    let mut wrong = |at: u64, what: String| report.wrong.push(Wrong { address: Some(at), what });
    for at in &function.code {
        report.registers.count(at);
        if is_packed_arithmetic(at) {
            arithmetic.count(at);
        }
        if is_fused(at) {
            wrong(at.address, format!("{} is fused", at.mnemonic));
        }
        if is_network(&function.name) && at.is_call() {
            wrong(at.address, format!("a network calls {}", short(callee(at))));
        }
    }
    for address in obscure {
        wrong(address, "the targets of a jump are not understood".into());
    }
    for at in innermost.iter().flatten().map(|i| &function.code[*i]).filter(|at| at.is_call()) {
        report.calls.0 += 1;
        if is_task(callee(at)) {
            report.calls.1 += 1;
        } else {
            wrong(at.address, format!("an innermost loop calls {}", short(callee(at))));
        }
    }
    let decodes = function.name.contains("::call::call::<skystack_combine::format::Decode<");
    let full_width = if decodes { FULL_WIDTH_OF_DECODING } else { FULL_WIDTH };
    report.wrong.extend(wrong_width(level, report.registers, arithmetic, full_width));
    report
}

/// What is wrong with the registers of a function of `level`, of whose packed arithmetic so many per cent are to be of its width.
fn wrong_width(level: Level, all: Widths, arithmetic: Widths, full_width: usize) -> Option<Wrong> {
    let (full, wider) = match level {
        Level::Avx512 => (arithmetic.zmm, 0),
        Level::Avx2 => (arithmetic.ymm, all.zmm),
        Level::Scalar | Level::Baseline => (arithmetic.xmm, all.zmm + all.ymm),
    };
    let packed = arithmetic.all();
    if wider > 0 {
        let what = format!("{wider} instructions use registers that level {} has not", level.name());
        return Some(Wrong { address: None, what });
    }
    let narrow = level >= Level::Avx2 && 100 * full < full_width * packed;
    let what = || format!("only {full} of {packed} packed operations use the whole register");
    narrow.then(|| Wrong { address: None, what: what() })
}

/// A function of ours that no level was entered for must not use what the baseline has not: a vector has come out of its
/// level, where every operation on it is a call.
fn inspect_outside(function: &Function) -> Option<Report> {
    let mut registers = Widths::default();
    function.code.iter().for_each(|at| registers.count(at));
    let wrong = wrong_width(Level::Baseline, registers, Widths::default(), 0)?;
    let (name, instructions) = (function.name.clone(), function.code.len());
    Some(Report { name, instructions, registers, wrong: vec![wrong], ..Report::default() })
}

/// A name without what is the same in all of them.
fn short(name: &str) -> String {
    let name = match name.split_once("Isa>::call::call::<") {
        Some((_, task)) => format!("call::<{task}"),
        None => name.to_owned(),
    };
    let mut text = name;
    let noise = [
        "skystack_stats::lane::",
        "skystack_combine::kernel::",
        "skystack_simd::level::",
        "skystack_simd::isa::avx512::",
        "skystack_simd::isa::avx2::",
        "skystack_simd::isa::baseline::",
        "skystack_simd::isa::scalar::",
        "skystack_reject::",
        "wide::f32x4_::",
        "wide::f64x2_::",
    ];
    for part in noise {
        text = text.replace(part, "");
    }
    match text.char_indices().nth(100) {
        Some((end, _)) => text[..end].to_owned() + "...",
        None => text,
    }
}

/// `call::<network::Sort<F32x16, 17>>` is `call::<network::Sort<F32x16, N>>`: one row for all.
fn family(name: &str) -> String {
    let name = short(name);
    match name.rsplit_once(", ") {
        Some((before, after)) if after.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{before}, N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        _ => name,
    }
}

/// Everything to print, and whether all was well. `sources` names the lines of addresses.
fn judge(
    functions: &[Function],
    program: &Program,
    sources: impl Fn(&[u64]) -> BTreeMap<u64, String>,
) -> (String, bool) {
    let mut rows: BTreeMap<(Level, String), Vec<Report>> = BTreeMap::new();
    let mut outside = Vec::new();
    for function in functions {
        if let Some(level) = Level::of(&function.name) {
            let report = inspect(function, level, program);
            rows.entry((level, family(&function.name))).or_default().push(report);
        } else if function.name.contains("skystack") {
            outside.extend(inspect_outside(function));
        }
    }
    let mut text = format!(
        "{:<62} {:<8} {:>5} {:>7} {:>17} {:>6} {:>11}  verdict\n",
        "function", "level", "count", "instr.", "zmm/ymm/xmm", "loops", "loop calls"
    );
    for ((level, family), reports) in &rows {
        text.push_str(&row(*level, family, reports));
    }
    let absent = absent(&rows);
    let wrong: Vec<&Report> =
        rows.values().flatten().chain(&outside).filter(|report| !report.wrong.is_empty()).collect();
    let addresses = wrong.iter().flat_map(|report| &report.wrong).filter_map(|wrong| wrong.address);
    let sources = sources(&addresses.collect::<Vec<_>>());
    for report in &wrong {
        text.push_str(&format!("\nWRONG {}\n", short(&report.name)));
        for Wrong { address, what } in &report.wrong {
            let source = address.and_then(|address| sources.get(&address)).map_or("", String::as_str);
            let address = address.map_or(String::new(), |address| format!("{address:x}: "));
            text.push_str(&format!("    {address}{what}{source}\n"));
        }
    }
    for line in &absent {
        text.push_str(&format!("\nABSENT {line}\n"));
    }
    let checked = rows.values().flatten().count();
    text.push_str(&format!("\nasm: {checked} functions of levels, {} wrong\n", wrong.len() + absent.len()));
    (text, wrong.is_empty() && absent.is_empty())
}

fn row(level: Level, family: &str, reports: &[Report]) -> String {
    let sum = |of: fn(&Report) -> usize| reports.iter().map(of).sum::<usize>();
    let registers = Widths {
        zmm: sum(|r| r.registers.zmm),
        ymm: sum(|r| r.registers.ymm),
        xmm: sum(|r| r.registers.xmm),
    };
    let (calls, allowed) = (sum(|r| r.calls.0), sum(|r| r.calls.1));
    let wrong = sum(|r| usize::from(!r.wrong.is_empty()));
    format!(
        "{:<62} {:<8} {:>5} {:>7} {:>17} {:>6} {:>11}  {}\n",
        family,
        level.name(),
        reports.len(),
        sum(|r| r.instructions),
        registers.shown(),
        sum(|r| r.loops),
        format!("{}+{allowed}", calls - allowed),
        if wrong == 0 { "ok".to_owned() } else { format!("{wrong} WRONG") }
    )
}

/// What must be there, or nothing was checked: symbols that are named otherwise would pass in silence.
fn absent(rows: &BTreeMap<(Level, String), Vec<Report>>) -> Vec<String> {
    let needed = [
        (Level::Avx512, "run_avx512::<TileKernel<f32>>"),
        (Level::Avx512, "run_avx512::<TileKernel<f64>>"),
        (Level::Avx512, "call::<network::Sort<F32x16, N>>"),
        (Level::Avx512, "call::<network::Middle<F32x16, N>>"),
        (Level::Avx2, "run_avx2::<TileKernel<f32>>"),
        (Level::Avx2, "run_avx2::<TileKernel<f64>>"),
        (Level::Avx2, "call::<network::Sort<F32x8, N>>"),
        (Level::Baseline, "<Level>::run::<TileKernel<f32>>"),
        (Level::Baseline, "call::<network::Sort<Portable<f32x4>, N>>"),
    ];
    let is_there = |level: Level, name: &str| rows.contains_key(&(level, name.to_owned()));
    let line = |(level, name): (Level, &str)| format!("{name} of level {}", level.name());
    needed.into_iter().filter(|(level, name)| !is_there(*level, name)).map(line).collect()
}

fn objdump(arguments: &[&str], program: &Path) -> Result<String> {
    let output = Command::new("objdump")
        .args(arguments)
        .arg(program)
        .output()
        .map_err(|error| format!("objdump is not installed: nothing was checked ({error})"))?;
    if !output.status.success() {
        return Err(format!("objdump: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The lines of ours that each address was inlined from, innermost first; nothing where addr2line does not answer.
fn sources(addresses: &[u64], program: &Path) -> BTreeMap<u64, String> {
    const FRAMES: usize = 4;
    let words = addresses.iter().map(|address| format!("{address:#x}"));
    let output = Command::new("addr2line").args(["-a", "-i", "-e"]).arg(program).args(words).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let mut found: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let mut at = 0;
    for line in text.lines() {
        if let Some(address) = line.strip_prefix("0x") {
            at = u64::from_str_radix(address, 16).unwrap_or(0);
        } else if let Some(place) = line.find("crates/") {
            // The standard library and the registry have no such folder.
            found.entry(at).or_default().push(line[place..].split(' ').next().unwrap_or(""));
        }
    }
    let shown = |places: Vec<&str>| format!(", {}", places[..FRAMES.min(places.len())].join(" < "));
    found.into_iter().map(|(address, places)| (address, shown(places))).collect()
}

/// Builds, disassembles, judges. An error says that nothing was checked.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    if !arguments.is_empty() {
        return Err(format!("asm takes no arguments; found {arguments:?}").into());
    }
    if cfg!(not(all(target_arch = "x86_64", target_os = "linux"))) {
        return Err("only programs for Linux on x86-64 are understood: nothing was checked".into());
    }
    // Before the build, which takes minutes.
    objdump(&["--version"], Path::new("-"))?;
    let folder = shell::target_dir(root).join("asm");
    let line = format!("cargo build --release -p skystack-cli --target-dir {}", folder.display());
    let build = Invocation::new(&line)
        .with_env("RUSTFLAGS", "-Csymbol-mangling-version=v0")
        // A profile that strips would leave nothing to judge.
        .with_env("CARGO_PROFILE_RELEASE_STRIP", "none")
        // For the lines of what is wrong; the instructions stay the same.
        .with_env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    if !build.run(root)? {
        return Ok(false);
    }
    let path = folder.join("release").join("skystack");
    let functions = functions(&objdump(&["-d", "-C", "--no-show-raw-insn"], &path)?);
    let program = Program {
        names: functions.iter().map(|function| (function.code[0].address, function.name.clone())).collect(),
        slots: slots(&objdump(&["-R"], &path)?),
        sections: sections(&objdump(&["-h"], &path)?),
        bytes: std::fs::read(&path)?,
    };
    let (text, good) = judge(&functions, &program, |addresses| sources(addresses, &path));
    print!("{text}");
    Ok(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: &str = "skystack_simd::level::run_avx512::<skystack_combine::kernel::TileKernel<f32>>";
    const NETWORK: &str = "<skystack_simd::isa::avx512::Avx512 as skystack_simd::isa::Isa>::call::call::<skystack_stats::lane::network::Sort<skystack_simd::isa::avx512::F32x16, 17>>";

    /// A function at 0x1000 whose instructions are 0x10 apart, the network at 0x2000, and memcpy in a slot at 0x9000.
    fn report(name: &str, code: &[&str]) -> Report {
        let mut listing = format!("0000000000001000 <{name}>:\n");
        for (i, line) in code.iter().enumerate() {
            listing.push_str(&format!("    {:x}:\t{line}\n", 0x1000 + 0x10 * i));
        }
        let function = functions(&listing).remove(0);
        let program = Program {
            names: BTreeMap::from([
                (0x2000, NETWORK.to_owned()),
                (0x3000, "core::panicking::panic".to_owned()),
            ]),
            slots: BTreeMap::from([(0x9000, Filling::Symbol("memcpy".into()))]),
            sections: Vec::new(),
            bytes: Vec::new(),
        };
        let level = Level::of(&function.name).expect("a name with a level");
        inspect(&function, level, &program)
    }

    fn wrongs(name: &str, code: &[&str]) -> Vec<String> {
        report(name, code).wrong.into_iter().map(|wrong| wrong.what).collect()
    }

    #[test]
    fn a_loop_may_call_networks_and_panic_and_nothing_else() {
        let good = [
            "vaddps %zmm0,%zmm1,%zmm2",
            "call   2000 <network>",
            "je     1040 <f+0x40>",
            "call   3000 <core::panicking::panic>",
            "jne    1000 <f>",
            "call   *0x7f(%rip)        # 9000 <memcpy@GLIBC_2.14>",
            "ret",
        ];
        let found = report(KERNEL, &good);
        assert!(found.wrong.is_empty(), "{:?}", found.wrong);
        assert_eq!((found.loops, found.calls), (1, (1, 1)));
        let bad = ["call   *0x7f(%rip)        # 9000 <memcpy@GLIBC_2.14>", "jne    1000 <f>", "ret"];
        assert_eq!(wrongs(KERNEL, &bad), ["an innermost loop calls memcpy"]);
        let hoisted =
            ["lea 0xff9(%rip),%r12        # 2000 <network>", "call *%r12", "jne 1010 <f+0x10>", "ret"];
        assert_eq!(wrongs(KERNEL, &hoisted), [""; 0]);
        let hoisted =
            ["mov 0x7f(%rip),%r12        # 9000 <memcpy>", "call *%r12", "jne 1010 <f+0x10>", "ret"];
        assert_eq!(wrongs(KERNEL, &hoisted), ["an innermost loop calls memcpy"]);
        let computed = ["call   *0x18(%rax)", "jne    1000 <f>", "ret"];
        assert_eq!(wrongs(KERNEL, &computed), ["an innermost loop calls a computed address"]);
    }

    #[test]
    fn a_network_calls_nothing_even_outside_of_loops() {
        assert_eq!(wrongs(NETWORK, &["vminps %zmm0,%zmm1,%zmm2", "call   *0x18(%rax)", "ret"]).len(), 1);
        assert!(wrongs(NETWORK, &["vminps %zmm0,%zmm1,%zmm2", "ret"]).is_empty());
    }

    #[test]
    fn arithmetic_is_in_registers_of_the_level() {
        let narrow = ["vminps %ymm0,%ymm1,%ymm2", "vmovups %zmm1,%zmm2", "ret"];
        assert_eq!(wrongs(KERNEL, &narrow), ["only 0 of 1 packed operations use the whole register"]);
        let avx2 = KERNEL.replace("avx512", "avx2");
        assert_eq!(wrongs(&avx2, &narrow), ["1 instructions use registers that level avx2 has not"]);
        let baseline = "<skystack_simd::level::Level>::run::<skystack_combine::kernel::TileKernel<f32>>";
        assert_eq!(wrongs(baseline, &narrow), ["2 instructions use registers that level baseline has not"]);
        assert!(wrongs(baseline, &["minps %xmm0,%xmm1", "minss %xmm0,%xmm1", "ret"]).is_empty());
    }

    #[test]
    fn a_fused_operation_is_found() {
        assert_eq!(wrongs(KERNEL, &["vfmadd213ps %zmm0,%zmm1,%zmm2", "ret"]), ["vfmadd213ps is fused"]);
    }

    #[test]
    fn a_function_belongs_to_a_level_by_its_entry_not_by_its_arguments() {
        let sorted = format!("core::slice::sort::ipnsort::<f64, {KERNEL}>");
        assert_eq!(Level::of(&sorted), None);
        assert_eq!(Level::of(NETWORK), Some(Level::Avx512));
        assert_eq!(family(NETWORK), "call::<network::Sort<F32x16, N>>");
        assert_eq!(family(KERNEL), "run_avx512::<TileKernel<f32>>");
    }

    #[test]
    fn a_program_whose_symbols_are_named_otherwise_does_not_pass() {
        let program = Program {
            names: BTreeMap::new(),
            slots: BTreeMap::new(),
            sections: Vec::new(),
            bytes: Vec::new(),
        };
        let (text, good) = judge(&[], &program, |_| BTreeMap::new());
        assert!(!good && text.contains("ABSENT run_avx512::<TileKernel<f32>> of level avx512"));
    }
}
