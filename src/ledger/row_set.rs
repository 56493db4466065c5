//! Sets of rows, as runs of consecutive numbers: what lies beneath a sum, kept small and compared fast.
//!
//! Rows of one import have consecutive numbers, so the rows of a year are a handful of runs. Numbers above
//! zero are transactions ([`super::TransactionId`]), or from [`super::part_number::FIRST_PART`] on parts of split
//! ones; numbers below zero are anchors, unknown amounts that are no transactions, such as an account's opening
//! balance ([`RowSet::anchor_of`]).

use super::account::AccountId;
use super::part_number::{FIRST_PART, transaction_of};
use std::sync::Arc;

/// A set of row numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RowSet {
    /// First and last of each run, ascending, with a gap between any two.
    /// Shared by copies: a set beneath a total of a million rows is held by its figure, its equation and its record.
    runs: Arc<Vec<(i64, i64)>>,
}

/// Bytes that are no set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no set of rows")]
pub struct RowSetError;

/// From how many numbers on a set is found by marks, and how many there are for each number at most.
const MARKED_FROM: usize = 1 << 12;
const MARKED_WITHIN: usize = 64;
/// The marks of a word.
const BITS: usize = u64::BITS as usize;

/// The runs of set bits, the first of which stands for `least`.
fn runs_of_marks(words: &[u64], least: i64) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (mut word, start) in words.iter().copied().zip((0_i64..).map(|word| least + word * BITS as i64)) {
        while word != 0 {
            let first = word.trailing_zeros();
            let length = (word >> first).trailing_ones();
            let (from, to) = (start + i64::from(first), start + i64::from(first + length - 1));
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == from => *last = to,
                _ => runs.push((from, to)),
            }
            word &= u64::MAX.checked_shl(first + length).unwrap_or(0);
        }
    }
    runs
}

impl RowSet {
    /// A set with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set of these numbers, in any order, repeated or not.
    pub fn from_ids(ids: impl IntoIterator<Item = i64>) -> Self {
        let mut ids: Vec<i64> = ids.into_iter().collect();
        if let Some(set) = Self::from_marks(&ids) {
            return set;
        }
        ids.sort_unstable();
        Self::from_sorted(ids)
    }

    /// The set of these numbers by a bit for each one between the least and the greatest, where they are many and lie
    /// close together, as the rows of an account do: a million are not sorted then.
    fn from_marks(ids: &[i64]) -> Option<Self> {
        if ids.len() < MARKED_FROM {
            return None;
        }
        let (least, greatest) = (*ids.iter().min()?, *ids.iter().max()?);
        let span = usize::try_from(greatest.checked_sub(least)?).ok()?;
        if span / MARKED_WITHIN >= ids.len() {
            return None;
        }
        let mut words = vec![0_u64; span / BITS + 1];
        for id in ids {
            let place = (id - least) as usize;
            if let Some(word) = words.get_mut(place / BITS) {
                *word |= 1 << (place % BITS);
            }
        }
        Some(Self::of(runs_of_marks(&words, least)))
    }

    /// The set of these numbers, which ascend; one that does not is taken as its predecessor's repetition.
    pub fn from_sorted(ids: impl IntoIterator<Item = i64>) -> Self {
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for id in ids {
            match runs.last_mut() {
                Some((_, last)) if id <= *last => {}
                Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
                _ => runs.push((id, id)),
            }
        }
        Self::of(runs)
    }

    /// The set of these runs, first and last of each, in any order; touching or overlapping or not.
    pub fn from_runs(runs: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut sorted: Vec<(i64, i64)> = runs.into_iter().collect();
        sorted.sort_unstable();
        let mut runs: Vec<(i64, i64)> = Vec::with_capacity(sorted.len());
        for (first, last) in sorted {
            match runs.last_mut() {
                Some((_, before)) if before.checked_add(1).is_none_or(|next| first <= next) => {
                    *before = last.max(*before);
                }
                _ => runs.push((first, last)),
            }
        }
        Self::of(runs)
    }

    fn of(mut runs: Vec<(i64, i64)>) -> Self {
        runs.shrink_to_fit();
        Self { runs: Arc::new(runs) }
    }

    /// The number that stands for the opening balance of an account.
    pub const fn anchor_of(account: AccountId) -> i64 {
        account.0.saturating_neg()
    }

    /// Adds one number.
    #[must_use]
    pub fn with(self, id: i64) -> Self {
        self.union(&Self::of(vec![(id, id)]))
    }

    /// First and last of each run, ascending.
    pub fn runs(&self) -> &[(i64, i64)] {
        &self.runs
    }

    /// How many numbers there are, anchors included.
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|(first, last)| first.abs_diff(*last).saturating_add(1)).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether the number is in it.
    pub fn contains(&self, id: i64) -> bool {
        let at = self.runs.partition_point(|(_, last)| *last < id);
        self.runs.get(at).is_some_and(|(first, _)| *first <= id)
    }

    /// Each number, ascending.
    pub fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// The numbers of parts in it, ascending.
    pub fn parts(&self) -> impl Iterator<Item = i64> + '_ {
        let from = self.runs.partition_point(|(_, last)| *last < FIRST_PART);
        let runs = self.runs.get(from..).unwrap_or(&[]);
        runs.iter().flat_map(|(first, last)| (*first).max(FIRST_PART)..=*last)
    }

    /// The largest number of a transaction that is in it, wholly or with a part; none where there are anchors alone.
    pub fn last_transaction(&self) -> Option<i64> {
        let below = self.runs.partition_point(|(first, _)| *first < FIRST_PART);
        let whole = below.checked_sub(1).and_then(|at| self.runs.get(at)).map(|(_, last)| *last);
        let in_part = self.runs.last().map(|(_, last)| transaction_of(*last));
        whole.into_iter().chain(in_part).max().filter(|last| *last > 0)
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        combine([self, other], |in_one, in_other| in_one || in_other)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        combine([self, other], |in_one, in_other| in_one && !in_other)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        combine([self, other], |in_one, in_other| in_one && in_other)
    }

    /// How many numbers are in both.
    pub fn overlap(&self, other: &Self) -> u64 {
        let (mut ours, mut theirs) = (self.runs.iter().peekable(), other.runs.iter().peekable());
        let mut count = 0u64;
        while let (Some((first, last)), Some((other_first, other_last))) = (ours.peek(), theirs.peek()) {
            let (from, to) = (first.max(other_first), last.min(other_last));
            if from <= to {
                count = count.saturating_add(from.abs_diff(*to).saturating_add(1));
            }
            if last < other_last {
                ours.next()
            } else {
                theirs.next()
            };
        }
        count
    }

    /// What is in an odd number of the sets: a chain of differences, resolved.
    pub fn in_odd_number<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut borders: Vec<i128> = Vec::new();
        for set in sets {
            for (first, last) in set.runs() {
                borders.extend([i128::from(*first), i128::from(*last) + 1]);
            }
        }
        borders.sort();
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for pair in borders.chunks_exact(2) {
            match (pair, runs.last_mut()) {
                ([first, end], _) if first == end => {}
                // Where one run ends the next begins: they are one.
                ([first, end], Some((_, last))) if i128::from(*last) + 1 == *first => {
                    *last = (end - 1) as i64
                }
                ([first, end], _) => runs.push((*first as i64, (end - 1) as i64)),
                _ => {}
            }
        }
        Self::of(runs)
    }

    /// The set as bytes: for each run the gap to the one before and its length less one, as LEB128; the first
    /// gap, from zero, is zigzag-coded since it may be negative.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.runs.len() * 2);
        let mut before: Option<i64> = None;
        for (first, last) in self.runs() {
            match before {
                None => push_number(&mut bytes, ((first << 1) ^ (first >> 63)) as u64),
                Some(before) => push_number(&mut bytes, before.abs_diff(*first)),
            }
            push_number(&mut bytes, first.abs_diff(*last));
            before = Some(*last);
        }
        bytes
    }

    /// Reads what [`RowSet::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`RowSetError`] for anything that it would not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RowSetError> {
        let mut rest = bytes;
        let mut runs: Vec<(i64, i64)> = Vec::new();
        while !rest.is_empty() {
            let gap = take_number(&mut rest)?;
            let length = take_number(&mut rest)?;
            let first = match runs.last() {
                None => ((gap >> 1) as i64) ^ -((gap & 1) as i64),
                Some((_, before)) if gap > 1 => before.checked_add_unsigned(gap).ok_or(RowSetError)?,
                Some(_) => return Err(RowSetError),
            };
            runs.push((first, first.checked_add_unsigned(length).ok_or(RowSetError)?));
        }
        Ok(Self::of(runs))
    }
}

impl FromIterator<i64> for RowSet {
    fn from_iter<T: IntoIterator<Item = i64>>(ids: T) -> Self {
        Self::from_ids(ids)
    }
}

/// Walks over the borders of both sets and keeps the stretches that `keep` wants.
fn combine(sets: [&RowSet; 2], keep: impl Fn(bool, bool) -> bool) -> RowSet {
    // A border of 128 bits, so that one past the largest number is a number too.
    let mut borders: Vec<(i128, usize)> = Vec::with_capacity(2 * (sets[0].runs.len() + sets[1].runs.len()));
    for (which, set) in sets.iter().enumerate() {
        for (first, last) in set.runs() {
            borders.push((i128::from(*first), which));
            borders.push((i128::from(*last) + 1, which));
        }
    }
    // Two ascending stretches: a stable sort merges them.
    borders.sort();
    let mut runs: Vec<(i64, i64)> = Vec::new();
    let mut inside = [false, false];
    let mut begun: Option<i128> = None;
    let mut at = 0;
    while let Some((place, _)) = borders.get(at).copied() {
        while let Some((_, which)) = borders.get(at).filter(|(other, _)| *other == place) {
            if let Some(flag) = inside.get_mut(*which) {
                *flag = !*flag;
            }
            at += 1;
        }
        match (begun, keep(inside[0], inside[1])) {
            (None, true) => begun = Some(place),
            (Some(first), false) => {
                // Both lie between two numbers of 64 bits.
                runs.push((first as i64, (place - 1) as i64));
                begun = None;
            }
            _ => {}
        }
    }
    RowSet::of(runs)
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number as u8 & 0x7f) | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Result<u64, RowSetError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(RowSetError)?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return Err(RowSetError);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            // One number, one spelling.
            return if *byte == 0 && shift > 0 { Err(RowSetError) } else { Ok(number) };
        }
    }
    Err(RowSetError)
}

#[cfg(test)]
mod tests {
    use super::super::part_number::part_numbers;
    use super::super::transaction::TransactionId;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn consecutive_numbers_are_one_run() {
        let set = RowSet::from_ids([3, 1, 2, 2, 7, -4]);
        assert_eq!(set.runs(), [(-4, -4), (1, 3), (7, 7)]);
        assert_eq!((set.len(), set.last_transaction()), (5, Some(7)));
        assert_eq!(RowSet::from_ids([-4]).last_transaction(), None);
        let parts = part_numbers(TransactionId(9), &[1, 2]).unwrap();
        assert_eq!(RowSet::from_ids([3, parts[0]]).last_transaction(), Some(9));
        assert_eq!(RowSet::from_ids([3, parts[0]]).parts().collect::<Vec<_>>(), [parts[0]]);
        assert!(set.contains(2) && !set.contains(4) && set.contains(-4) && !set.contains(8));
        assert_eq!(set.with(4).runs(), [(-4, -4), (1, 4), (7, 7)]);
        assert_eq!(RowSet::anchor_of(AccountId(9)), -9);
    }

    #[test]
    fn a_hundred_thousand_rows_take_a_few_bytes() {
        let set = RowSet::from_sorted((1..=100_000).chain([100_002]));
        assert_eq!(set.to_bytes().len(), 6);
    }

    #[test]
    fn bytes_have_one_meaning_and_sets_one_spelling() {
        for bytes in [&[1u8][..], &[0x80], &[0x80, 0], &[0, 0, 0, 0], &[0, 0, 1, 0], &[0xff; 12]] {
            assert_eq!(RowSet::from_bytes(bytes), Err(RowSetError), "{bytes:?}");
        }
        let widest = RowSet::of(vec![(i64::MIN, i64::MAX)]);
        assert_eq!(RowSet::from_bytes(&widest.to_bytes()), Ok(widest.clone()));
        assert!(widest.difference(&widest).is_empty());
        assert_eq!(widest.union(&RowSet::from_ids([i64::MAX])), widest);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn many_numbers_make_the_set_that_sorting_makes(
            least in prop_oneof![Just(i64::MIN), -6_000..6_000_i64, Just(i64::MAX - 262_143)],
            numbers in prop::collection::vec(0..1_000_000_i64, MARKED_FROM..MARKED_FROM + 900),
            within in prop_oneof![Just(262_144_i64), 1..20_000_i64],
        ) {
            let mut ids: Vec<i64> = numbers.iter().map(|number| least + number % within).collect();
            let set = RowSet::from_ids(ids.iter().copied());
            prop_assert!(RowSet::from_marks(&ids).is_some_and(|marked| marked == set));
            ids.sort_unstable();
            prop_assert_eq!(set, RowSet::from_sorted(ids));
        }
    }

    proptest! {
        #[test]
        fn sets_do_what_sets_do(one: Vec<i8>, other: Vec<i8>) {
            let ids = |list: &[i8]| list.iter().map(|id| i64::from(*id)).collect::<Vec<_>>();
            let (plain_one, plain_other): (BTreeSet<i64>, BTreeSet<i64>) =
                (ids(&one).into_iter().collect(), ids(&other).into_iter().collect());
            let (one, other) = (RowSet::from_ids(ids(&one)), RowSet::from_ids(ids(&other)));
            let all = |set: RowSet| set.ids().collect::<Vec<_>>();
            prop_assert_eq!(all(one.union(&other)), plain_one.union(&plain_other).copied().collect::<Vec<_>>());
            prop_assert_eq!(
                all(one.difference(&other)),
                plain_one.difference(&plain_other).copied().collect::<Vec<_>>()
            );
            prop_assert_eq!(
                all(one.intersection(&other)),
                plain_one.intersection(&plain_other).copied().collect::<Vec<_>>()
            );
            let odd = RowSet::in_odd_number([&one, &other, &one, &one]);
            prop_assert_eq!(all(odd), plain_one.symmetric_difference(&plain_other).copied().collect::<Vec<_>>());
            prop_assert_eq!(RowSet::in_odd_number([&one, &other]).union(&one), one.union(&other));
            prop_assert_eq!(one.overlap(&other), one.intersection(&other).len());
            prop_assert_eq!(one.len(), plain_one.len() as u64);
            prop_assert_eq!(RowSet::from_bytes(&one.to_bytes()), Ok(one));
        }

        #[test]
        fn any_bytes_are_read_or_refused_and_read_ones_are_written_alike(bytes: Vec<u8>) {
            if let Ok(set) = RowSet::from_bytes(&bytes) {
                prop_assert_eq!(set.to_bytes(), bytes);
            }
        }
    }
}
