//! Basic blocks and natural loops of a function.
//!
//! ```text
//! blocks and their successors (jump tables are read from the file)
//! loops(blocks) = for each strongly connected component: one loop, and loops(component without its header)
//! ```
//!
//! Backward jumps alone would not do: compilers place cold blocks at the end, and their way back is no loop. Nor would
//! dominators: the compiler does make loops with two entries, of which one entry is taken as the header here.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{Function, Instruction, Loaded, Register, Target};

/// What a function looks like to the checks.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) loops: usize,
    /// The indices of the instructions of each innermost loop.
    pub(super) innermost: Vec<BTreeSet<usize>>,
    /// Addresses of jumps whose targets are unknown.
    pub(super) obscure: Vec<u64>,
    /// By their addresses, the targets of calls through a register, where one address is all that it can hold: the compiler
    /// takes the address of a function that a loop calls out of the loop.
    pub(super) held: BTreeMap<u64, Target>,
}

/// How to follow what the listing alone does not say.
pub(super) trait Outside {
    /// The 32-bit entry of a jump table.
    fn word(&self, address: u64) -> Option<i32>;
    /// Does this call never return?
    fn diverges(&self, call: &Instruction) -> bool;
}

/// Instructions between the reading of a jump table and the jump, at most; the compiler puts a few of others there.
const TABLE_REACH: usize = 40;

/// Entries of a jump table, at most: a bound on reading what is none.
const TABLE_ENTRIES: u64 = 1024;

/// Finds the loops.
pub(super) fn flow(function: &Function, outside: &impl Outside) -> Flow {
    let code = &function.code;
    let index: BTreeMap<u64, usize> = code.iter().enumerate().map(|(i, at)| (at.address, i)).collect();
    let mut found = Flow::default();
    let mut jumps: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, at) in code.iter().enumerate().filter(|(_, at)| at.is_jump()) {
        let targets = match at.target() {
            // A jump out of the function is a call that takes the place of a return.
            Target::Address(address) => index.get(&address).copied().into_iter().collect(),
            Target::Slot(_) => Vec::new(),
            Target::Computed => {
                let table = table(code, i, &index, outside);
                if table.is_empty() {
                    found.obscure.push(at.address);
                }
                table
            }
        };
        jumps.insert(i, targets);
    }
    let blocks = Blocks::new(code, &jumps, outside);
    let mut innermost = Vec::new();
    found.loops = blocks.loops(&blocks.reached(), &mut innermost);
    let instructions = |body: &Vec<usize>| body.iter().flat_map(|block| blocks.range(*block)).collect();
    found.innermost = innermost.iter().map(instructions).collect();
    let calls = code.iter().enumerate().filter(|(_, at)| at.is_call());
    found.held =
        calls.filter_map(|(i, at)| Some((at.address, blocks.held(code, i, at.register()?)?))).collect();
    found
}

/// The targets of `jmp *%r`: `lea table(%rip),%b`, `movslq (%b,%i,4),%r`, `add %b,%r`, with others in between.
fn table(
    code: &[Instruction],
    jump: usize,
    index: &BTreeMap<u64, usize>,
    outside: &impl Outside,
) -> Vec<usize> {
    let base = || {
        let read = (jump.saturating_sub(TABLE_REACH)..jump)
            .rev()
            .find(|i| code[*i].mnemonic == "movslq" && code[*i].operands.contains(",4)"))?;
        let register = code[read].operands.split_once('(')?.1.split(',').next()?;
        let loads = |at: &&Instruction| {
            at.mnemonic == "lea" && at.operands.split('#').next().unwrap_or("").trim().ends_with(register)
        };
        code[..read].iter().rev().find(loads)?.comment_address()
    };
    let Some(base) = base() else { return Vec::new() };
    let entry = |k: u64| {
        let address = base.checked_add_signed(outside.word(base + 4 * k)?.into())?;
        index.get(&address).copied()
    };
    let targets: BTreeSet<usize> = (0..TABLE_ENTRIES).map_while(entry).collect();
    targets.into_iter().collect()
}

struct Blocks {
    /// First instruction of each block, and one past the last.
    start: Vec<usize>,
    next: Vec<Vec<usize>>,
    /// Of those that can be reached.
    before: Vec<Vec<usize>>,
}

impl Blocks {
    fn new(code: &[Instruction], jumps: &BTreeMap<usize, Vec<usize>>, outside: &impl Outside) -> Self {
        let ends = |at: &Instruction| at.ends_flow() || (at.is_call() && outside.diverges(at));
        let mut start: BTreeSet<usize> = jumps.values().flatten().copied().collect();
        start.extend([0, code.len()]);
        let behind = |(i, at): (usize, &Instruction)| (at.is_jump() || ends(at)).then_some(i + 1);
        start.extend(code.iter().enumerate().filter_map(behind));
        let start: Vec<usize> = start.into_iter().collect();
        let count = start.len() - 1;
        let number: BTreeMap<usize, usize> = start.iter().enumerate().map(|(k, i)| (*i, k)).collect();
        let mut next = vec![Vec::new(); count];
        for block in 0..count {
            let last = start[block + 1] - 1;
            let mut to: Vec<usize> = jumps.get(&last).into_iter().flatten().map(|i| number[i]).collect();
            if !ends(&code[last]) && block + 1 < count {
                to.push(block + 1);
            }
            next[block] = to;
        }
        let mut blocks = Self { start, next, before: vec![Vec::new(); count] };
        for from in blocks.reached() {
            for to in &blocks.next[from] {
                blocks.before[*to].push(from);
            }
        }
        blocks
    }

    fn range(&self, block: usize) -> std::ops::Range<usize> {
        self.start[block]..self.start[block + 1]
    }

    /// Blocks that can be reached. Landing pads cannot: panics are not followed.
    fn reached(&self) -> Vec<usize> {
        let mut seen = BTreeSet::from([0]);
        let mut open = vec![0];
        while let Some(block) = open.pop() {
            open.extend(self.next[block].iter().filter(|to| seen.insert(**to)));
        }
        seen.into_iter().collect()
    }

    /// What `register` holds at instruction `at`, if every way there has put the same known address into it.
    fn held(&self, code: &[Instruction], at: usize, register: &'static Register) -> Option<Target> {
        let mut found = None;
        let mut seen = BTreeSet::new();
        let mut open = vec![(self.start.partition_point(|start| *start <= at) - 1, at, register)];
        while let Some((block, end, register)) = open.pop() {
            if let Some(write) = (self.start[block]..end).rev().find(|i| code[*i].writes(register)) {
                match code[write].loaded()? {
                    Loaded::Copy(from) => open.push((block, write, from)),
                    Loaded::Known(target) if *found.get_or_insert_with(|| target.clone()) == target => (),
                    Loaded::Known(_) => return None,
                }
                continue;
            }
            // What the caller left in it; or a block that nothing is known to reach.
            if block == 0 || self.before[block].is_empty() {
                return None;
            }
            let before = self.before[block].iter().filter(|before| seen.insert((**before, register.name)));
            open.extend(before.map(|before| (*before, self.start[before + 1], register)));
        }
        found
    }

    /// Adds the innermost loops among `blocks`, which are in order, and returns the number of all.
    fn loops(&self, blocks: &[usize], innermost: &mut Vec<Vec<usize>>) -> usize {
        let mut count = 0;
        for component in self.components(blocks) {
            let is_inside = |block: &usize| component.binary_search(block).is_ok();
            let is_entry = |block: &&usize| self.before[**block].iter().any(|from| !is_inside(from));
            let header = component.iter().find(is_entry).unwrap_or(&component[0]);
            let rest: Vec<usize> = component.iter().copied().filter(|block| block != header).collect();
            let inner = self.loops(&rest, innermost);
            if inner == 0 {
                innermost.push(component);
            }
            count += 1 + inner;
        }
        count
    }

    /// Strongly connected components with a cycle (Tarjan 1972), without recursion: functions have thousands of blocks.
    fn components(&self, blocks: &[usize]) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let mut number = vec![NEW; self.next.len()];
        let mut low = vec![0; self.next.len()];
        let mut on_stack = vec![false; self.next.len()];
        let (mut stack, mut found, mut visited) = (Vec::new(), Vec::new(), 0);
        for &root in blocks.iter() {
            let mut path = if number[root] == NEW { vec![(root, 0)] } else { Vec::new() };
            while let Some((block, edge)) = path.last_mut() {
                let block = *block;
                if *edge == 0 {
                    (number[block], low[block]) = (visited, visited);
                    visited += 1;
                    stack.push(block);
                    on_stack[block] = true;
                }
                *edge += 1;
                if let Some(&to) = self.next[block].get(*edge - 1) {
                    if blocks.binary_search(&to).is_err() {
                        continue;
                    }
                    if number[to] == NEW {
                        path.push((to, 0));
                    } else if on_stack[to] {
                        low[block] = low[block].min(number[to]);
                    }
                    continue;
                }
                path.pop();
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[block]);
                }
                if low[block] == number[block] {
                    let at = stack.iter().rposition(|b| *b == block).expect("it was pushed");
                    let mut component = stack.split_off(at);
                    component.iter().for_each(|b| on_stack[*b] = false);
                    component.sort_unstable();
                    if component.len() > 1 || self.next[block].contains(&block) {
                        found.push(component);
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::functions;
    use super::*;

    /// A table at 0x9000 of the two entries 0x1040 and 0x1050; what ends a call's flow is called `panic`.
    struct Known;

    impl Outside for Known {
        fn word(&self, address: u64) -> Option<i32> {
            [0x1040 - 0x9000, 0x1050 - 0x9000].get((address.checked_sub(0x9000)? / 4) as usize).copied()
        }
        fn diverges(&self, call: &Instruction) -> bool {
            call.operands.contains("panic")
        }
    }

    fn flow_of(code: &[&str]) -> (Flow, Function) {
        let mut listing = String::from("0000000000001000 <f>:\n");
        for line in code {
            listing.push_str(&format!("    {}\n", line.replacen(' ', ":\t", 1)));
        }
        let function = functions(&listing).remove(0);
        (flow(&function, &Known), function)
    }

    fn innermost(code: &[&str]) -> Vec<Vec<u64>> {
        let (flow, function) = flow_of(code);
        assert_eq!(flow.obscure, []);
        let addresses = |body: &BTreeSet<usize>| body.iter().map(|i| function.code[*i].address).collect();
        flow.innermost.iter().map(addresses).collect()
    }

    #[test]
    fn the_inner_of_two_loops_is_found_without_the_panic_in_its_middle() {
        let code = [
            "1000 xor %eax,%eax",
            "1010 mov %eax,%ebx",
            "1020 cmp %ebx,%ecx",
            "1030 je 1040 <f+0x40>",
            "1038 call 2000 <panic>",
            "1040 jne 1020 <f+0x20>",
            "1050 jne 1010 <f+0x10>",
            "1060 ret",
        ];
        assert_eq!(innermost(&code), [[0x1020, 0x1030, 0x1040]]);
        assert_eq!(flow_of(&code).0.loops, 2);
    }

    #[test]
    fn a_cold_block_that_jumps_back_is_no_loop() {
        let code = [
            "1000 je 1020 <f+0x20>",
            "1010 add %eax,%ebx",
            "1018 ret",
            "1020 call 2000 <memcpy>",
            "1030 jmp 1010 <f+0x10>",
        ];
        assert_eq!(innermost(&code), Vec::<Vec<u64>>::new());
    }

    #[test]
    fn a_loop_goes_through_the_arms_of_a_jump_table() {
        let code = [
            "1000 lea 0x7ff9(%rip),%rcx        # 9000 <anon>",
            "1010 movslq (%rcx,%rax,4),%rax",
            "1018 add %rcx,%rax",
            "1020 vxorps %xmm0,%xmm0,%xmm0",
            "1030 jmp *%rax",
            "1040 call 2000 <first>",
            "1048 jmp 1010 <f+0x10>",
            "1050 call 2000 <second>",
            "1058 ret",
        ];
        assert_eq!(innermost(&code), [[0x1010, 0x1018, 0x1020, 0x1030, 0x1040, 0x1048]]);
        let (unknown, _) = flow_of(&["1000 jmp *%rax", "1010 ret"]);
        assert_eq!(unknown.obscure, [0x1000]);
    }

    #[test]
    fn a_register_holds_what_every_way_has_put_into_it() {
        let held = |code: &[&str]| flow_of(code).0.held.into_values().next();
        let hoisted = [
            "1000 mov 0x7ff9(%rip),%rbx        # 9000 <anon>",
            "1010 mov %rbx,%rax",
            "1020 call *%rbx",
            "1030 jne 1020 <f+0x20>",
            "1040 pop %rbx",
            "1050 ret",
        ];
        assert_eq!(held(&hoisted), Some(Target::Slot(0x9000)));
        let with = |line: usize, text| {
            let mut code = hoisted;
            code[line] = text;
            held(&code)
        };
        assert_eq!(
            with(0, "1000 lea 0xff9(%rip),%rbx        # 2000 <network>"),
            Some(Target::Address(0x2000))
        );
        // Written in part, by another value, on one of two ways, and by nobody.
        assert_eq!(with(1, "1010 mov %al,%bl"), None);
        assert_eq!(with(1, "1010 mov 0x8(%rsp),%rbx"), None);
        assert_eq!(with(3, "1030 jne 1010 <f+0x10>"), Some(Target::Slot(0x9000)));
        assert_eq!(with(0, "1000 je 1020 <f+0x20>"), None);
        assert_eq!(with(0, "1000 nop"), None);
        // A copy, of a register that the call may change, and that it does not.
        assert_eq!(with(1, "1010 mov %r8,%rbx"), None);
        assert_eq!(with(0, "1000 mov 0x7ff9(%rip),%r8        # 9000 <anon>"), None);
        let copied = ["1000 mov 0x7ff9(%rip),%r8        # 9000 <anon>", "1010 mov %r8,%rbx"];
        assert_eq!(held(&[&copied, &hoisted[2..]].concat()), Some(Target::Slot(0x9000)));
        let lost = [copied[0], "1008 call 2000 <other>", copied[1]];
        assert_eq!(held(&[&lost, &hoisted[2..]].concat()), None);
    }

    #[test]
    fn a_register_that_holds_one_of_two_addresses_is_not_known() {
        let code = |second| {
            [
                "1000 je 1030 <f+0x30>",
                "1010 lea 0xff9(%rip),%r12        # 2000 <first>",
                "1020 jmp 1040 <f+0x40>",
                second,
                "1040 call *%r12",
                "1050 jne 1040 <f+0x40>",
                "1060 ret",
            ]
        };
        let held = |second| flow_of(&code(second)).0.held.into_values().next();
        assert_eq!(held("1030 lea 0xfe9(%rip),%r12        # 3000 <second>"), None);
        assert_eq!(held("1030 lea 0xfd9(%rip),%r12        # 2000 <first>"), Some(Target::Address(0x2000)));
    }

    #[test]
    fn a_loop_with_two_entries_is_one_loop() {
        let code = [
            "1000 je 1020 <f+0x20>",
            "1010 add %eax,%ebx",
            "1020 add %eax,%ebx",
            "1030 jne 1010 <f+0x10>",
            "1040 ret",
        ];
        assert_eq!(innermost(&code), [[0x1010, 0x1020, 0x1030]]);
    }
}
