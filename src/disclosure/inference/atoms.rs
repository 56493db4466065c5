//! Splitting rows into atoms: the largest sets that no aggregate tells apart.
//!
//! One sweep over the borders of all runs; its cost grows with the runs, not with the rows inside them. A
//! stretch's signature is the exclusive or of 128 pseudo-random bits per aggregate that covers it.

use super::borders::in_order;
use crate::ledger::RowSet;
use crate::ledger::part_number::{is_part, transaction_of};
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

/// Splits all rows that any of `covers` touches.
pub(super) fn split(covers: &[Cover<'_>], seed: &[u8; 32]) -> Vec<Atom> {
    // What a set adds and what it takes away are told apart.
    let marks: Vec<[u128; 2]> =
        (0..covers.len()).map(|index| [mark(2 * index, seed), mark(2 * index + 1, seed)]).collect();
    let borders = in_order(covers);
    // A run has two borders.
    let mut sweep = Sweep { runs: Vec::with_capacity(borders.len() / 2), ..Sweep::default() };
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
        let index = border.cover() as usize;
        if let Some([added, removed]) = marks.get(index) {
            let (sign, mark) = if border.is_added() { (1, added) } else { (-1, removed) };
            sweep.toggle(index, sign, *mark);
        }
    }
    sweep.into_atoms()
}

#[derive(Default)]
struct Sweep {
    signature: u128,
    /// Ascending. A list, since most stretches are covered by a few.
    covering: Vec<(usize, i8)>,
    known: HashMap<u128, usize, Drawn>,
    /// Without their runs.
    atoms: Vec<Atom>,
    /// How many runs each has, and where its last one ends.
    sizes: Vec<(usize, i64)>,
    /// The runs and the atom of each, as they come: a list for each atom would grow run by run, here and there.
    runs: Vec<(usize, (i64, i64))>,
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
            self.sizes.push((0, 0));
            self.atoms.len() - 1
        });
        if let (Some(atom), Some((runs, end))) = (self.atoms.get_mut(at), self.sizes.get_mut(at)) {
            let (from, to) = (transaction_of(first), transaction_of(last));
            // Parts ascend by transaction: one whose parts came last is counted already.
            let is_counted = is_part(first) && *runs > 0 && is_part(*end) && transaction_of(*end) == from;
            let count = if anchored { 0 } else { from.abs_diff(to).saturating_add(u64::from(!is_counted)) };
            (*runs, *end) = (*runs + 1, last);
            self.runs.push((at, (first, last)));
            atom.rows = atom.rows.saturating_add(count);
            atom.anchored |= anchored;
        }
    }

    fn into_atoms(mut self) -> Vec<Atom> {
        for (atom, (runs, _)) in self.atoms.iter_mut().zip(self.sizes) {
            atom.runs.reserve_exact(runs);
        }
        for (at, run) in self.runs {
            if let Some(atom) = self.atoms.get_mut(at) {
                atom.runs.push(run);
            }
        }
        self.atoms
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
