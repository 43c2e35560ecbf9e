//! Functions and instructions from the text of `objdump -d -C --no-show-raw-insn` (x86-64, AT&T syntax).

use std::collections::BTreeMap;

/// One instruction.
#[derive(Debug, Clone)]
pub(super) struct Instruction {
    pub(super) address: u64,
    /// Without prefixes.
    pub(super) mnemonic: String,
    /// As printed, symbols and comments included.
    pub(super) operands: String,
}

/// A symbol's instructions, in order of address.
#[derive(Debug)]
pub(super) struct Function {
    /// Demangled, without hashes of crates.
    pub(super) name: String,
    pub(super) code: Vec<Instruction>,
}

/// Where a jump or call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An address in the text.
    Address(u64),
    /// What this place in memory holds: an entry of the global offset table.
    Slot(u64),
    /// Worked out at run time.
    Computed,
}

const PREFIXES: &[&str] = &["bnd", "notrack", "data16", "cs", "ds", "rep", "repz", "repnz", "lock"];

impl Instruction {
    fn parse(line: &str) -> Option<Self> {
        let (address, text) = line.trim_start().split_once(":\t")?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let mut rest = text.trim();
        loop {
            let (word, operands) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if PREFIXES.contains(&word) && !operands.is_empty() {
                rest = operands.trim_start();
                continue;
            }
            return Some(Self { address, mnemonic: word.into(), operands: operands.trim().into() });
        }
    }

    pub(super) fn is_call(&self) -> bool {
        self.mnemonic.starts_with("call")
    }

    /// Conditional or not.
    pub(super) fn is_jump(&self) -> bool {
        self.mnemonic.starts_with('j')
    }

    /// After this nothing falls through to the next instruction.
    pub(super) fn ends_flow(&self) -> bool {
        self.mnemonic.starts_with("jmp")
            || self.mnemonic.starts_with("ret")
            || self.mnemonic.starts_with("ud2")
    }

    /// The address in a comment: what an operand relative to the instruction pointer names.
    pub(super) fn comment_address(&self) -> Option<u64> {
        let (_, comment) = self.operands.split_once("# ")?;
        u64::from_str_radix(comment.split_whitespace().next()?, 16).ok()
    }

    /// Target of a jump or call.
    pub(super) fn target(&self) -> Target {
        if let Some(operand) = self.operands.strip_prefix('*') {
            let relative = operand.split('#').next().is_some_and(|place| place.trim().ends_with("(%rip)"));
            return self.comment_address().filter(|_| relative).map_or(Target::Computed, Target::Slot);
        }
        let address = self.operands.split_whitespace().next();
        let address = address.and_then(|word| u64::from_str_radix(word, 16).ok());
        address.map_or(Target::Computed, Target::Address)
    }
}

/// All functions of a listing.
pub(super) fn functions(listing: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for line in listing.lines() {
        if let Some(name) = heading(line) {
            functions.push(Function { name: without_hashes(name), code: Vec::new() });
        } else if let (Some(function), Some(instruction)) = (functions.last_mut(), Instruction::parse(line)) {
            function.code.push(instruction);
        }
    }
    functions.retain(|function| !function.code.is_empty());
    functions
}

/// `0000000000012340 <name>:` has a name.
fn heading(line: &str) -> Option<&str> {
    let (address, name) = line.split_once(" <")?;
    u64::from_str_radix(address, 16).ok()?;
    name.strip_suffix(">:")
}

/// `krate[0123456789abcdef]::f` is `krate::f`: some versions of the demangler show the hash.
fn without_hashes(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        text.push_str(before);
        match after.split_once(']') {
            Some((hash, behind)) if hash.len() >= 8 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
                rest = behind;
            }
            _ => {
                text.push('[');
                rest = after;
            }
        }
    }
    text + rest
}

/// What the dynamic loader writes where, from the text of `objdump -R`: the name of an imported symbol, or an address of
/// this program.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filling {
    Symbol(String),
    Address(u64),
}

/// The slots of [`Target::Slot`].
pub(super) fn slots(relocations: &str) -> BTreeMap<u64, Filling> {
    let slot = |line: &str| {
        let mut words = line.split_whitespace();
        let place = u64::from_str_radix(words.next()?, 16).ok()?;
        let (_, value) = (words.next()?, words.next()?);
        let filling = match value.strip_prefix("*ABS*+0x") {
            Some(address) => Filling::Address(u64::from_str_radix(address, 16).ok()?),
            None => Filling::Symbol(value.split('@').next()?.to_owned()),
        };
        Some((place, filling))
    };
    relocations.lines().filter_map(slot).collect()
}

/// A part of the file that is loaded.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
}

/// The sections, from the text of `objdump -h`.
pub(super) fn sections(headers: &str) -> Vec<Section> {
    let section = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [number, _name, size, address, _load, offset, _align] = words[..] else { return None };
        number.parse::<u32>().ok()?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        Some(Section { address: hex(address)?, size: hex(size)?, offset: hex(offset)? })
    };
    headers.lines().filter_map(section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "
a.out:     file format elf64-x86-64

Disassembly of section .text:

0000000000001000 <<krate[0123456789abcdef]::Kernel as krate::Run>::run::<[f32]>>:
    1000:\tnotrack jmp *%rcx
    1003:\tcall   2000 <core::panicking::panic>
    1008:\tcall   *0x2f(%rip)        # 103d <memcpy@GLIBC_2.14>
    100e:\tjae    1003 <krate::f+0x3>
    1010:\tcall   *0x18(%rax)
\t...

0000000000002000 <core::panicking::panic>:
    2000:\tud2
";

    #[test]
    fn functions_have_names_without_hashes_and_instructions_without_prefixes() {
        let found = functions(LISTING);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "<krate::Kernel as krate::Run>::run::<[f32]>");
        let targets: Vec<Target> = found[0].code.iter().map(Instruction::target).collect();
        let expected = [
            Target::Computed,
            Target::Address(0x2000),
            Target::Slot(0x103d),
            Target::Address(0x1003),
            Target::Computed,
        ];
        assert_eq!(targets, expected);
        assert_eq!(found[0].code[0].mnemonic, "jmp");
        assert!(found[1].code[0].ends_flow());
    }

    #[test]
    fn slots_and_sections_are_read() {
        let text = "OFFSET           TYPE              VALUE\n\
                    0000000000001040 R_X86_64_RELATIVE  *ABS*+0x0000000000002000\n\
                    000000000000103d R_X86_64_GLOB_DAT  memcpy@GLIBC_2.14\n";
        let found = slots(text);
        assert_eq!(found[&0x1040], Filling::Address(0x2000));
        assert_eq!(found[&0x103d], Filling::Symbol("memcpy".into()));
        let headers = "Idx Name          Size      VMA               LMA               File off  Algn\n\
                       \x20 9 .rodata       000000f8  0000000000015b08  0000000000015b08  00000b08  2**3\n\
                       \x20                 CONTENTS, ALLOC, LOAD, READONLY, DATA\n";
        let sections = sections(headers);
        assert_eq!(sections.len(), 1);
        assert_eq!((sections[0].address, sections[0].size, sections[0].offset), (0x15b08, 0xf8, 0xb08));
    }
}
