//! `cargo xtask sanitize`: the crate with `unsafe`, and what stands on it, under Miri and AddressSanitizer.
//!
//! Miri interprets: it sees every wrong pointer, alignment, uninitialised byte and aliasing rule, at a thousandth of the speed.
//! It has the intrinsics of SSE2 and AVX2, not those of AVX-512 F. What a program finds the CPU to have is, under Miri, what
//! it was compiled for, so AVX2 is a run of its own; the other one has the baseline as users get it. AddressSanitizer sees
//! accesses outside of allocations and after their end only, but at every level of this machine. The engine is not for Miri:
//! rayon's queues turn integers into pointers, which Miri cannot check.
//!
//! Both need the nightly toolchain of rustup; what is not installed is named, and is not counted as passed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::shell::{self, Invocation};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// One run and what it needs.
struct Check {
    name: &'static str,
    needs: Tool,
    line: String,
    env: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tool {
    Miri,
    /// The runtime comes with the compiler.
    AddressSanitizer,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Miri => "Miri (rustup +nightly component add miri rust-src)",
            Self::AddressSanitizer => "AddressSanitizer (nightly toolchain, Linux on x86-64)",
        }
    }

    fn is_here(self) -> bool {
        let linux = cfg!(all(target_arch = "x86_64", target_os = "linux"));
        match self {
            Self::Miri => answers("rustup run nightly cargo miri --version"),
            Self::AddressSanitizer => linux && answers("rustup run nightly cargo --version"),
        }
    }
}

fn answers(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    let status = command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn checks(folder: &Path) -> Vec<Check> {
    let cargo = |words: &str| format!("rustup run nightly cargo {words} --target-dir {}", folder.display());
    let miri = |name, words: &str, env| Check { name, needs: Tool::Miri, line: cargo(words), env };
    let address = |name, words: &str| Check {
        name,
        needs: Tool::AddressSanitizer,
        line: cargo(&format!("test {words} --target {TARGET}")),
        env: vec![("RUSTFLAGS", "-Zsanitizer=address")],
    };
    let avx2 = ("RUSTFLAGS", "-Ctarget-feature=+avx2");
    let statistics = "-p skystack-simd -p skystack-stats -p skystack-reject --lib --tests";
    vec![
        miri("Miri: skystack-simd at scalar and baseline", "miri test -p skystack-simd", vec![]),
        miri(
            "Miri: skystack-simd at scalar, baseline and avx2",
            "miri test -p skystack-simd --lib",
            vec![avx2],
        ),
        address("AddressSanitizer: tests of simd, stats, reject at every level here", statistics),
        // Its other tests compare values; this one has every option set, and each would be compiled for minutes.
        address(
            "AddressSanitizer: kernels with every option set at every level here",
            "-p skystack-combine --lib --test levels",
        ),
    ]
}

/// Runs what can run. An error says that nothing could.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    if !arguments.is_empty() {
        return Err(format!("sanitize takes no arguments; found {arguments:?}").into());
    }
    let (mut summary, mut ran, mut good) = (String::new(), 0, true);
    for Check { name, needs, line, env } in checks(&shell::target_dir(root).join("sanitize")) {
        if !needs.is_here() {
            summary.push_str(&format!("not run   {name}: needs {}\n", needs.name()));
            continue;
        }
        let run = Invocation::new(&line);
        let run = env.into_iter().fold(run, |run, (variable, value)| run.with_env(variable, value));
        println!("\n{name}: {}", run.line());
        let passed = run.run(root)?;
        summary.push_str(&format!("{}    {name}\n", if passed { "passed" } else { "FAILED" }));
        ran += 1;
        good &= passed;
    }
    summary.push_str("not run   Miri: avx512, whose intrinsics it has not\n");
    println!("\n{summary}");
    if ran == 0 {
        return Err("no nightly toolchain of rustup: nothing was checked".into());
    }
    Ok(good)
}
