//! Splitting rows into atoms: the largest sets that no aggregate tells apart.
//!
//! One sweep over the borders of all runs; its cost grows with the runs, not with the rows inside them. A
//! stretch's signature is the exclusive or of 128 pseudo-random bits per aggregate that covers it.

use crate::ledger::RowSet;
use crate::ledger::part_number::{FIRST_PART, is_part, transaction_of};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
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

/// Where parts of transactions begin: no stretch goes over this border.
const PARTS: i128 = FIRST_PART as i128;

/// Splits all rows that any of `covers` touches.
pub(super) fn split(covers: &[Cover<'_>], seed: &[u8; 32]) -> Vec<Atom> {
    let mut borders: Vec<(i128, usize, i8)> = Vec::new();
    for (index, cover) in covers.iter().enumerate() {
        for (set, sign) in [(cover.added, 1), (cover.removed, -1)] {
            for (first, last) in set.runs() {
                borders.push((i128::from(*first), index, sign));
                borders.push((i128::from(*last) + 1, index, sign));
            }
        }
    }
    // Anchors and transactions are never one stretch.
    borders.push((0, usize::MAX, 0));
    borders.push((PARTS, usize::MAX, 0));
    // Ascending stretches one after another: a stable sort merges them. What changes at one place has no order.
    borders.sort_by_key(|(place, ..)| *place);
    // What a set adds and what it takes away are told apart.
    let marks: Vec<[u128; 2]> =
        (0..covers.len()).map(|index| [mark(2 * index, seed), mark(2 * index + 1, seed)]).collect();
    let mut sweep = Sweep::default();
    let mut begun = None;
    for (place, index, sign) in borders {
        if let Some(first) = begun
            && first < place
        {
            // Both lie between two numbers of 64 bits.
            sweep.stretch(first as i64, (place - 1) as i64);
        }
        begun = Some(place);
        if let Some([added, removed]) = marks.get(index) {
            sweep.toggle(index, sign, if sign > 0 { *added } else { *removed });
        }
    }
    sweep.atoms
}

#[derive(Default)]
struct Sweep {
    signature: u128,
    covering: BTreeSet<(usize, i8)>,
    known: HashMap<u128, usize, Drawn>,
    atoms: Vec<Atom>,
}

impl Sweep {
    fn toggle(&mut self, index: usize, sign: i8, mark: u128) {
        self.signature ^= mark;
        if !self.covering.remove(&(index, sign)) {
            self.covering.insert((index, sign));
        }
    }

    fn stretch(&mut self, first: i64, last: i64) {
        if self.covering.is_empty() {
            return;
        }
        let anchored = first < 0;
        let at = *self.known.entry(self.signature).or_insert_with(|| {
            let members = self.covering.iter().copied().collect();
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
