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

/// A register that can be followed through a function: no instruction writes it without naming it, but for a few that
/// [`Instruction::writes`] knows, and calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Register {
    pub(super) name: &'static str,
    parts: &'static [&'static str],
    /// By a call.
    kept: bool,
}

const FOLLOWED: &[Register] = &[
    Register { name: "%rbx", parts: &["%ebx", "%bx", "%bl", "%bh"], kept: true },
    Register { name: "%rbp", parts: &["%ebp", "%bp", "%bpl"], kept: true },
    Register { name: "%rdi", parts: &["%edi", "%di", "%dil"], kept: false },
    Register { name: "%rsi", parts: &["%esi", "%si", "%sil"], kept: false },
    Register { name: "%r8", parts: &["%r8d", "%r8w", "%r8b"], kept: false },
    Register { name: "%r9", parts: &["%r9d", "%r9w", "%r9b"], kept: false },
    Register { name: "%r10", parts: &["%r10d", "%r10w", "%r10b"], kept: false },
    Register { name: "%r11", parts: &["%r11d", "%r11w", "%r11b"], kept: false },
    Register { name: "%r12", parts: &["%r12d", "%r12w", "%r12b"], kept: true },
    Register { name: "%r13", parts: &["%r13d", "%r13w", "%r13b"], kept: true },
    Register { name: "%r14", parts: &["%r14d", "%r14w", "%r14b"], kept: true },
    Register { name: "%r15", parts: &["%r15d", "%r15w", "%r15b"], kept: true },
];

impl Register {
    /// The whole register of this name.
    fn named(name: &str) -> Option<&'static Self> {
        FOLLOWED.iter().find(|register| register.name == name)
    }

    fn has(&self, operand: &str) -> bool {
        self.name == operand || self.parts.contains(&operand)
    }
}

/// What an instruction puts into a register.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Loaded {
    /// An address that the listing knows.
    Known(Target),
    /// What this other register holds.
    Copy(&'static Register),
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

    /// The register that holds the target of a call, if it can be followed.
    pub(super) fn register(&self) -> Option<&'static Register> {
        self.operands.strip_prefix('*').filter(|_| self.is_call()).and_then(Register::named)
    }

    /// Does it write any part of this register? Perhaps not where this says yes, surely not where it says no.
    pub(super) fn writes(&self, register: &Register) -> bool {
        const UNNAMED: &[&str] = &["cpuid", "enter", "leave", "syscall"];
        const SEVERAL: &[&str] = &["xchg", "xadd", "mulx", "cmpxchg"];
        const NONE: &[&str] = &["cmp", "test", "push", "jmp"];
        let is = |names: &[&str]| names.iter().any(|name| self.mnemonic.starts_with(name));
        if self.is_call() {
            return !register.kept;
        }
        let operands = self.operands.split('#').next().unwrap_or("");
        // Instructions for strings move what points to them.
        if operands.contains("%es:(") || operands.contains("%ds:(") {
            return true;
        }
        let has = |operand: &str| register.has(operand.trim());
        let last = operands.rsplit(',').next().is_some_and(has);
        is(UNNAMED) || (is(SEVERAL) && operands.split(',').any(has)) || (last && !is(NONE))
    }

    /// What it puts into the register that it writes, if that can be told.
    pub(super) fn loaded(&self) -> Option<Loaded> {
        let (from, to) = self.operands.split('#').next()?.rsplit_once(',')?;
        let (from, _) = (from.trim(), Register::named(to.trim())?);
        let known = || self.comment_address().filter(|_| from.ends_with("(%rip)"));
        match self.mnemonic.as_str() {
            "lea" => Some(Loaded::Known(Target::Address(known()?))),
            "mov" => match Register::named(from) {
                Some(register) => Some(Loaded::Copy(register)),
                None => Some(Loaded::Known(Target::Slot(known()?))),
            },
            _ => None,
        }
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
    fn writes_of_a_register_are_known_by_any_of_its_parts() {
        let parse = |text: &str| Instruction::parse(&format!("1000:\t{text}")).expect("an instruction");
        let register = |name| Register::named(name).expect("a register that is followed");
        let writes = |text: &str| parse(text).writes(register("%r12"));
        for text in ["mov (%r12,%rax,4),%r12", "setne %r12b", "pop %r12", "cpuid", "inc %r12"] {
            assert!(writes(text), "{text}");
        }
        for text in ["xchg %r12d,%eax", "cmpxchg %rax,%r12"] {
            assert!(writes(text), "{text}");
        }
        for text in
            ["mov %r12,%rax", "mov %rax,(%rbx,%r12)", "cmp %rax,%r12", "push %r12", "call *%r12", "ret"]
        {
            assert!(!writes(text), "{text}");
        }
        assert!(parse("call 2000 <f>").writes(register("%r8")));
        assert!(parse("rep stos %rax,%es:(%rdi)").writes(register("%rdi")));
        assert!(!parse("mov %rax,(%rdi)").writes(register("%rdi")));
    }

    #[test]
    fn what_a_register_is_given_is_an_address_or_a_copy() {
        let loaded =
            |text: &str| Instruction::parse(&format!("1000:\t{text}")).expect("an instruction").loaded();
        let known = |target| Some(Loaded::Known(target));
        assert_eq!(loaded("lea 0x10(%rip),%r12        # 2000 <f>"), known(Target::Address(0x2000)));
        assert_eq!(loaded("mov 0x10(%rip),%r12        # 9000 <g>"), known(Target::Slot(0x9000)));
        assert_eq!(loaded("mov %r8,%r12"), Register::named("%r8").map(Loaded::Copy));
        for text in
            ["mov 0x10(%rsp),%r12", "mov %rax,%r12", "mov %r8d,%r12d", "add 0x10(%rip),%r12 # 9000 <g>"]
        {
            assert_eq!(loaded(text), None, "{text}");
        }
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
