//! Splitting rows into atoms: the largest sets that no aggregate tells apart.
//!
//! One sweep over the borders of all runs; its cost grows with the runs, not with the rows inside them. A
//! stretch's signature is the exclusive or of 128 pseudo-random bits per aggregate that covers it.

use super::borders::{self, Borders};
use crate::disclosure::beside::beside;
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

/// From how many runs on the rows are split in two halves, on two threads.
const HALVED_FROM: usize = 1 << 16;

/// Splits all rows that any of `covers` touches.
pub(super) fn split(covers: &[Cover<'_>], seed: &[u8; 32]) -> Vec<Atom> {
    let is_large = borders::runs_of(covers) >= HALVED_FROM;
    split_at(covers, seed, if is_large { borders::middle(covers) } else { None })
}

/// The same, of what is below a number beside the rest, if there is one.
fn split_at(covers: &[Cover<'_>], seed: &[u8; 32], middle: Option<i64>) -> Vec<Atom> {
    // What a set adds and what it takes away are told apart.
    let marks: Vec<[u128; 2]> =
        (0..covers.len()).map(|index| [mark(2 * index, seed), mark(2 * index + 1, seed)]).collect();
    let swept = |from, to| Sweep::over(&borders::in_order(covers, (from, to)), &marks);
    let Some(middle) = middle else { return swept(i64::MIN, i64::MAX).into_atoms() };
    let (lower, upper) = beside("atoms", &|| swept(i64::MIN, middle - 1), || swept(middle, i64::MAX));
    let mut all = lower;
    all.append(upper);
    all.into_atoms()
}

#[derive(Default)]
struct Sweep {
    signature: u128,
    /// Ascending. A list, since most stretches are covered by a few.
    covering: Vec<(usize, i8)>,
    known: HashMap<u128, usize, Drawn>,
    /// Without their runs.
    atoms: Vec<Atom>,
    signatures: Vec<u128>,
    /// How many runs each has, and where its last one ends.
    sizes: Vec<(usize, i64)>,
    /// The runs and the atom of each, as they come: a list for each atom would grow run by run, here and there.
    runs: Vec<(usize, (i64, i64))>,
}

impl Sweep {
    fn over(borders: &Borders, marks: &[[u128; 2]]) -> Self {
        // A run has two borders.
        let mut sweep = Self { runs: Vec::with_capacity(borders.len() / 2), ..Self::default() };
        let mut begun = None;
        borders.each(|border| {
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
        });
        sweep
    }

    /// Adds what was found among the numbers from the next one on.
    fn append(&mut self, greater: Self) {
        let mut places = Vec::with_capacity(greater.atoms.len());
        for ((atom, signature), size) in greater.atoms.into_iter().zip(greater.signatures).zip(greater.sizes)
        {
            let at = *self.known.entry(signature).or_insert_with(|| {
                let members = atom.members;
                self.atoms.push(Atom { runs: Vec::new(), rows: 0, anchored: false, members });
                self.signatures.push(signature);
                self.sizes.push((0, 0));
                self.atoms.len() - 1
            });
            places.push(at);
            if let (Some(known), Some((runs, end))) = (self.atoms.get_mut(at), self.sizes.get_mut(at)) {
                (*runs, *end) = (*runs + size.0, size.1);
                known.rows = known.rows.saturating_add(atom.rows);
                known.anchored |= atom.anchored;
            }
        }
        self.runs.reserve_exact(greater.runs.len());
        let placed = |(at, run)| Some((*places.get(at)?, run));
        let mut runs = greater.runs.into_iter().filter_map(placed).peekable();
        // Where the two meet, a run may go on.
        if let (Some((last_at, last)), Some((at, run))) = (self.runs.last_mut(), runs.peek())
            && last_at == at
            && last.1.checked_add(1) == Some(run.0)
        {
            last.1 = run.1;
            runs.next();
        }
        self.runs.extend(runs);
    }

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
            self.signatures.push(self.signature);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::TransactionId;
    use crate::ledger::part_number::part_numbers;
    use proptest::prelude::*;

    /// What atoms there are, in words.
    fn told(atoms: Vec<Atom>) -> Vec<String> {
        let told = |atom: Atom| format!("{:?} {:?} {} {}", atom.members, atom.runs, atom.rows, atom.anchored);
        let mut told: Vec<String> = atoms.into_iter().map(told).collect();
        told.sort();
        told
    }

    proptest! {
        /// Two halves make what the whole does, wherever they meet.
        #[test]
        fn halves_make_the_whole(
            sets in prop::collection::vec(prop::collection::vec(-2..24_i64, 0..20), 1..6),
            parts in prop::collection::vec((0..6_usize, 1..24_i64, 0..2_usize), 0..4),
            middle in 1..26_i64,
        ) {
            let mut sets = sets;
            let count = sets.len();
            for (set, transaction, part) in parts {
                let numbers = part_numbers(TransactionId(transaction), &[1, 2]).unwrap();
                sets[set % count].push(numbers[part]);
            }
            let sets: Vec<RowSet> = sets.into_iter().map(|ids| RowSet::from_ids(ids.into_iter().filter(|id| *id != 0))).collect();
            let covers: Vec<Cover<'_>> =
                sets.chunks(2).map(|pair| Cover { added: &pair[0], removed: pair.last().unwrap() }).collect();
            let whole = told(split_at(&covers, &[7; 32], None));
            prop_assert_eq!(told(split_at(&covers, &[7; 32], Some(middle))), whole.clone());
            prop_assert_eq!(told(split_at(&covers, &[7; 32], borders::middle(&covers))), whole);
        }
    }
}
