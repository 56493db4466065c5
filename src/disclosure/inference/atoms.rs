//! Splitting rows into atoms: the largest sets that no aggregate tells apart.
//!
//! One sweep over the borders of all runs; its cost grows with the runs, not with the rows inside them. A
//! stretch's signature is the exclusive or of 128 pseudo-random bits per aggregate that covers it.

use crate::ledger::RowSet;
use crate::ledger::part_number::{FIRST_PART, is_part, transaction_of};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// Rows that are in exactly the same aggregates.
pub(super) struct Atom {
    /// The rows, as runs.
    pub(super) runs: Vec<(i64, i64)>,
    /// How many transactions it has wholly or in part, anchors not counted.
    pub(super) rows: u64,
    /// Whether an unknown is among them that is no transaction.
    pub(super) anchored: bool,
    /// The aggregates that cover it, ascending, with the sign that they cover it with.
    pub(super) members: Vec<(usize, i8)>,
}

/// One set to split by: what it adds to its base, what it takes away.
pub(super) struct Cover<'a> {
    pub(super) added: &'a RowSet,
    pub(super) removed: &'a RowSet,
}

/// Where a run of a set begins or ends, small enough that millions are sorted fast.
///
/// They are sorted by place, those before a number ahead of those behind it: the order of their places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Border {
    /// The run's first number, or its last.
    number: i64,
    /// Whether it lies behind the number.
    is_behind: bool,
    is_added: bool,
    cover: u32,
}

impl Border {
    /// The first number past the border; one past the largest number is a place too.
    const fn place(&self) -> i128 {
        self.number as i128 + self.is_behind as i128
    }
}

/// A border of no set, over which no stretch goes.
const NO_COVER: u32 = u32::MAX;

/// Splits all rows that any of `covers` touches.
pub(super) fn split(covers: &[Cover<'_>], seed: &[u8; 32]) -> Vec<Atom> {
    let runs: usize = covers.iter().map(|cover| cover.added.runs().len() + cover.removed.runs().len()).sum();
    let mut borders: Vec<Border> = Vec::with_capacity(2 * runs + 2);
    for (cover, sets) in (0..NO_COVER).zip(covers) {
        for (set, is_added) in [(sets.added, true), (sets.removed, false)] {
            for (first, last) in set.runs() {
                borders.push(Border { number: *first, is_behind: false, is_added, cover });
                borders.push(Border { number: *last, is_behind: true, is_added, cover });
            }
        }
    }
    // Anchors, transactions and parts of transactions are never one stretch.
    for number in [0, FIRST_PART] {
        borders.push(Border { number, is_behind: false, is_added: true, cover: NO_COVER });
    }
    borders.sort_unstable();
    // What a set adds and what it takes away are told apart.
    let marks: Vec<[u128; 2]> =
        (0..covers.len()).map(|index| [mark(2 * index, seed), mark(2 * index + 1, seed)]).collect();
    let mut sweep = Sweep::default();
    let mut begun = None;
    for border in borders {
        let place = border.place();
        if let Some(first) = begun
            && first < place
        {
            // Both lie between two numbers of 64 bits.
            sweep.stretch(first as i64, (place - 1) as i64);
        }
        begun = Some(place);
        let index = border.cover as usize;
        if let Some([added, removed]) = marks.get(index) {
            let (sign, mark) = if border.is_added { (1, added) } else { (-1, removed) };
            sweep.toggle(index, sign, *mark);
        }
    }
    sweep.atoms
}

#[derive(Default)]
struct Sweep {
    signature: u128,
    /// Ascending. A list, since most stretches are covered by a few.
    covering: Vec<(usize, i8)>,
    known: HashMap<u128, usize, Drawn>,
    atoms: Vec<Atom>,
}

impl Sweep {
    fn toggle(&mut self, index: usize, sign: i8, mark: u128) {
        self.signature ^= mark;
        match self.covering.binary_search(&(index, sign)) {
            Ok(at) => {
                self.covering.remove(at);
            }
            Err(at) => self.covering.insert(at, (index, sign)),
        }
    }

    fn stretch(&mut self, first: i64, last: i64) {
        if self.covering.is_empty() {
            return;
        }
        let anchored = first < 0;
        let at = *self.known.entry(self.signature).or_insert_with(|| {
            let members = self.covering.clone();
            self.atoms.push(Atom { runs: Vec::new(), rows: 0, anchored: false, members });
            self.atoms.len() - 1
        });
        if let Some(atom) = self.atoms.get_mut(at) {
            let (from, to) = (transaction_of(first), transaction_of(last));
            // Parts ascend by transaction: one whose parts came last is counted already.
            let is_counted = is_part(first)
                && atom.runs.last().is_some_and(|(_, end)| is_part(*end) && transaction_of(*end) == from);
            let count = if anchored { 0 } else { from.abs_diff(to).saturating_add(u64::from(!is_counted)) };
            atom.runs.push((first, last));
            atom.rows = atom.rows.saturating_add(count);
            atom.anchored |= anchored;
        }
    }
}

/// Hashing for what is drawn at random already: the last 64 bits that are written, as they are.
#[derive(Default, Clone, Copy)]
struct Drawn(u64);

impl BuildHasher for Drawn {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for Drawn {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().rev().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte));
    }

    fn write_u128(&mut self, number: u128) {
        self.0 = number as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn mark(index: usize, seed: &[u8; 32]) -> u128 {
    let digest = Sha256::new()
        .chain_update(b"finvault/inference/mark")
        .chain_update(seed)
        .chain_update((index as u64).to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    u128::from_be_bytes(bytes)
}
