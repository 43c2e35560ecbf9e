//! `cargo xtask codegen [--check]`: the sorting networks of `skystack-stats`.
//!
//! ```text
//! sort(n)   = best of: Batcher's merge exchange; Green's network for 16 without its last wires;
//!             sort(m) beside sort(n - m), then Batcher's odd-even merge, for every m
//! middle(n) = the same, of which only the comparators that the ranks n/2 - 1 and n/2 depend on are left
//! ```
//!
//! Best is least comparators for `sort`, least instructions (a comparator of which one side is used is one) for `middle`.
//! Wires are renumbered so that the smallest value ends on wire 0. Every network is checked by the 0-1 principle before it
//! is written: exhaustively up to 24 wires; beyond, each network is a merge of two checked ones, and for a merge the
//! (m + 1)(n - m + 1) pairs of sorted 0-1 inputs are exhaustive.
//!
//! Sources: Knuth, The Art of Computer Programming 3, section 5.3.4 (merge exchange, odd-even merge, Green's 60 comparators).

use std::fmt::Write as _;
use std::path::Path;

use crate::Result;

const OUTPUT: &str = "crates/stats/src/lane/network/tables.rs";

/// Widest network: what fits into the 32 registers of AVX-512.
const WIDEST: usize = 32;

/// Networks of up to this many wires are tried with every 0-1 input.
const EXHAUSTIVE: usize = 24;

/// (min goes to the first wire, max to the second).
type Comparator = (usize, usize);

/// Comparators in order; the k-th smallest value ends on wire `ranks[k]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Network {
    comparators: Vec<Comparator>,
    ranks: Vec<usize>,
}

/// Writes the tables, or says whether they are up to date.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<bool> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err(format!("codegen takes no arguments but --check; found {arguments:?}").into()),
    };
    let text = tables()?;
    let path = root.join(OUTPUT);
    if !check {
        std::fs::write(&path, text).map_err(|error| format!("{OUTPUT}: {error}"))?;
        return Ok(true);
    }
    let found = std::fs::read_to_string(&path).map_err(|error| format!("{OUTPUT}: {error}"))?;
    if found != text {
        println!("{OUTPUT} is not what the generator writes: run cargo xtask codegen");
    }
    Ok(found == text)
}

/// The whole generated file.
fn tables() -> Result<String> {
    let mut text = String::from(
        "//! Written by `cargo xtask codegen`, which checks each network by the 0-1 principle. Do not edit.\n\nuse super::*;\n",
    );
    let sorts = all_sorts(WIDEST);
    let mut sorted = Vec::new();
    let mut middles = Vec::new();
    for n in 2..=WIDEST {
        let sort = renumbered(&sorts[n]);
        verify(n, &sort, 0..n)?;
        sorted.push((n, sort));
        let middle = middle(n, &sorts);
        verify(n, &middle, n / 2 - 1..n / 2 + 1)?;
        middles.push((n, middle));
    }
    for (name, networks) in
        [("sorts", sorted), ("middles", middles), ("bitonic_sorts", vec![(WIDEST, bitonic(WIDEST))])]
    {
        text.push_str(&family(name, &networks));
    }
    Ok(text)
}

/// One macro call that lists networks.
fn family(name: &str, networks: &[(usize, Vec<Comparator>)]) -> String {
    let mut text = format!("\n{name}! {{\n");
    for (n, comparators) in networks {
        let _ = writeln!(text, "    {n} [");
        for line in comparators.chunks(16) {
            let line: Vec<String> = line.iter().map(|(a, b)| format!("{a} {b}")).collect();
            let _ = writeln!(text, "        {},", line.join(", "));
        }
        text.push_str("    ]\n");
    }
    text.push_str("}\n");
    text
}

/// The best sorting network for each number of wires up to `most`.
fn all_sorts(most: usize) -> Vec<Network> {
    let mut best: Vec<Network> = Vec::new();
    for n in 0..=most {
        let identity = |comparators| Network { comparators, ranks: (0..n).collect() };
        let mut candidates = vec![identity(merge_exchange(n))];
        if n <= 16 {
            candidates.push(identity(green().into_iter().filter(|(_, b)| *b < n).collect()));
        }
        candidates.extend((1..n).map(|m| merged(&best[m], &best[n - m])));
        let least = candidates.into_iter().min_by_key(|network| network.comparators.len());
        best.extend(least);
    }
    best
}

/// Two networks side by side, and their outputs merged.
fn merged(first: &Network, second: &Network) -> Network {
    let m = first.ranks.len();
    let shifted = |wire: &usize| wire + m;
    let mut comparators = first.comparators.clone();
    comparators.extend(second.comparators.iter().map(|(a, b)| (a + m, b + m)));
    let ranks =
        odd_even_merge(&first.ranks, &second.ranks.iter().map(shifted).collect::<Vec<_>>(), &mut comparators);
    Network { comparators, ranks }
}

/// Knuth 5.2.2 M.
fn merge_exchange(n: usize) -> Vec<Comparator> {
    let mut comparators = Vec::new();
    if n < 2 {
        return comparators;
    }
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            comparators.extend((0..n - d).filter(|i| i & p == r).map(|i| (i, i + d)));
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    comparators
}

/// Green's network of 60 comparators for 16 wires.
fn green() -> Vec<Comparator> {
    let mut comparators: Vec<Comparator> = Vec::new();
    for d in [1, 2, 4, 8] {
        comparators.extend((0..16).filter(|i| i & d == 0).map(|i| (i, i + d)));
    }
    comparators.extend([(5, 10), (6, 9), (3, 12), (13, 14), (4, 8), (7, 11), (1, 2)]);
    comparators.extend([(1, 4), (7, 13), (2, 8), (11, 14)]);
    comparators.extend([(2, 4), (5, 6), (9, 10), (11, 13), (3, 8), (7, 12)]);
    comparators.extend([(6, 8), (10, 12), (3, 5), (7, 9)]);
    comparators.extend([(3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (6, 7), (8, 9)]);
    comparators
}

/// Appends Batcher's odd-even merge of two sorted lists of wires; the wires in the order of their values.
fn odd_even_merge(a: &[usize], b: &[usize], comparators: &mut Vec<Comparator>) -> Vec<usize> {
    if a.is_empty() || b.is_empty() {
        return [a, b].concat();
    }
    if let ([a], [b]) = (a, b) {
        comparators.push((*a, *b));
        return vec![*a, *b];
    }
    let every_second = |wires: &[usize], from: usize| -> Vec<usize> {
        wires.iter().skip(from).step_by(2).copied().collect()
    };
    let even = odd_even_merge(&every_second(a, 0), &every_second(b, 0), comparators);
    let odd = odd_even_merge(&every_second(a, 1), &every_second(b, 1), comparators);
    let mut merged = vec![even[0]];
    for i in 0..odd.len().max(even.len() - 1) {
        match (odd.get(i), even.get(i + 1)) {
            (Some(low), Some(high)) => {
                comparators.push((*low, *high));
                merged.extend([*low, *high]);
            }
            (low, high) => merged.extend(low.or(high)),
        }
    }
    merged
}

/// Sorts a bitonic sequence of a power of two.
fn bitonic(n: usize) -> Vec<Comparator> {
    let mut comparators = Vec::new();
    let mut d = n / 2;
    while d > 0 {
        comparators.extend((0..n).filter(|i| i & d == 0).map(|i| (i, i + d)));
        d /= 2;
    }
    comparators
}

/// The comparators with wires named by the rank that ends on them. Which input enters where does not matter to a sort.
fn renumbered(network: &Network) -> Vec<Comparator> {
    let mut rank_of = vec![0; network.ranks.len()];
    for (rank, wire) in network.ranks.iter().enumerate() {
        rank_of[*wire] = rank;
    }
    network.comparators.iter().map(|(a, b)| (rank_of[*a], rank_of[*b])).collect()
}

/// The cheapest network whose wires n/2 − 1 and n/2 end with the values of these ranks.
fn middle(n: usize, sorts: &[Network]) -> Vec<Comparator> {
    let wanted = [n / 2 - 1, n / 2];
    let splits = (1..n).map(|m| renumbered(&merged(&sorts[m], &sorts[n - m])));
    let candidates = splits.chain([renumbered(&sorts[n])]).map(|comparators| pruned(&comparators, &wanted));
    candidates
        .min_by_key(|(_, instructions)| *instructions)
        .map(|(comparators, _)| comparators)
        .unwrap_or_default()
}

/// What the wanted wires depend on, and the number of minima and maxima in it.
fn pruned(comparators: &[Comparator], wanted: &[usize]) -> (Vec<Comparator>, usize) {
    let mut needed: Vec<usize> = wanted.to_vec();
    let (mut left, mut instructions) = (Vec::new(), 0);
    for (a, b) in comparators.iter().rev() {
        let sides = usize::from(needed.contains(a)) + usize::from(needed.contains(b));
        if sides > 0 {
            instructions += sides;
            left.push((*a, *b));
            needed.extend([*a, *b]);
        }
    }
    left.reverse();
    (left, instructions)
}

/// The 0-1 principle, 64 inputs at a time: do the wires `outputs` end with the values of their ranks?
fn verify(n: usize, comparators: &[Comparator], outputs: std::ops::Range<usize>) -> Result<()> {
    if n > EXHAUSTIVE {
        return Ok(());
    }
    /// Bit k of entry i is bit i of k.
    const LOW: [u64; 6] = [
        0xaaaa_aaaa_aaaa_aaaa,
        0xcccc_cccc_cccc_cccc,
        0xf0f0_f0f0_f0f0_f0f0,
        0xff00_ff00_ff00_ff00,
        0xffff_0000_ffff_0000,
        0xffff_ffff_0000_0000,
    ];
    for block in 0..1u64 << n.saturating_sub(6) {
        let input =
            |wire: usize| if wire < 6 { LOW[wire] } else { 0u64.wrapping_sub(block >> (wire - 6) & 1) };
        let mut wires: Vec<u64> = (0..n).map(input).collect();
        let ones_sorted = counts(&wires);
        for (a, b) in comparators {
            (wires[*a], wires[*b]) = (wires[*a] & wires[*b], wires[*a] | wires[*b]);
        }
        for output in outputs.clone() {
            // The value of rank r is 1 where more than n − 1 − r inputs are.
            if wires[output] != ones_sorted[n - 1 - output] {
                return Err(format!("the network for {n} wires does not find rank {output}").into());
            }
        }
    }
    Ok(())
}

/// Entry k: where more than k of the inputs are 1.
fn counts(wires: &[u64]) -> Vec<u64> {
    let mut more_than = vec![0u64; wires.len()];
    for wire in wires {
        for k in (1..more_than.len()).rev() {
            more_than[k] |= more_than[k - 1] & wire;
        }
        more_than[0] |= wire;
    }
    more_than
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_the_published_sizes() {
        let sizes: Vec<usize> = all_sorts(16).iter().map(|network| network.comparators.len()).collect();
        assert_eq!(sizes[2..=8], [1, 3, 5, 9, 12, 16, 19]);
        assert_eq!((sizes[15], sizes[16]), (56, 60));
    }

    #[test]
    fn a_wrong_network_is_found() {
        assert!(verify(4, &[(0, 1), (2, 3), (0, 2), (1, 3)], 0..4).is_err());
        assert!(verify(4, &[(0, 1), (2, 3), (0, 2), (1, 3), (1, 2)], 0..4).is_ok());
        // Without the last comparator the extremes are right already.
        assert!(verify(4, &[(0, 1), (2, 3), (0, 2), (1, 3)], 3..4).is_ok());
    }

    #[test]
    fn a_merge_of_checked_networks_sorts_every_pair_of_sorted_inputs() {
        let sorts = all_sorts(WIDEST);
        for n in EXHAUSTIVE + 1..=WIDEST {
            let found = (1..n).find(|m| merged(&sorts[*m], &sorts[n - m]) == sorts[n]);
            let m = found.expect("built by merging");
            // The merge alone: both halves arrive sorted.
            let mut comparators = Vec::new();
            let second: Vec<usize> = sorts[n - m].ranks.iter().map(|wire| wire + m).collect();
            let ranks = odd_even_merge(&sorts[m].ranks, &second, &mut comparators);
            for (zeros_first, zeros_second) in (0..=m).flat_map(|a| (0..=n - m).map(move |b| (a, b))) {
                let mut wires = vec![0; n];
                sorts[m].ranks[zeros_first..].iter().for_each(|wire| wires[*wire] = 1);
                second[zeros_second..].iter().for_each(|wire| wires[*wire] = 1);
                for (a, b) in &comparators {
                    (wires[*a], wires[*b]) = (wires[*a].min(wires[*b]), wires[*a].max(wires[*b]));
                }
                assert!(ranks.iter().map(|wire| wires[*wire]).is_sorted(), "{n} = {m} + {}", n - m);
            }
        }
    }
}
