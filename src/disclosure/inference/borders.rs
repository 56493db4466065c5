//! The borders of all runs of all sets, in order: what [atoms](super::atoms) are found by sweeping over.
//!
//! Totals by payee over a million rows have two million borders. Numbers of transactions lie close together, so these
//! are sorted by their digits (a radix sort, least digit first), which takes a fifth of the time of comparing them.

use super::atoms::Cover;
use crate::ledger::RowSet;
use crate::ledger::part_number::FIRST_PART;

/// Where a run of a set begins or ends.
#[derive(Clone, Copy)]
pub(super) struct Border {
    /// The run's first number, or its last.
    number: i64,
    /// Whether it lies behind the number.
    is_behind: bool,
    is_added: bool,
    cover: u32,
}

/// A border of no set, over which no stretch goes.
const NO_COVER: u32 = u32::MAX;
/// The bits of a digit.
const DIGIT_BITS: u32 = 11;
/// At most so many digits, and at least so many borders, or comparing is as fast.
const MAX_DIGITS: u32 = 4;
const MIN_BORDERS: usize = 4096;

impl Border {
    /// The first number past the border; one past the largest number is a place too.
    pub(super) const fn place(&self) -> i128 {
        self.number as i128 + self.is_behind as i128
    }

    /// The place of the set among the covers; past all of them for a border of no set.
    pub(super) const fn cover(&self) -> u32 {
        self.cover
    }

    /// Whether the run is of what the set adds, and not of what it takes away.
    pub(super) const fn is_added(&self) -> bool {
        self.is_added
    }

    /// In the order of the places: those before a number ahead of those behind it.
    const fn key(&self) -> (i64, bool) {
        (self.number, self.is_behind)
    }
}

/// How many runs the sets have.
pub(super) fn runs_of(covers: &[Cover<'_>]) -> usize {
    covers.iter().map(|cover| cover.added.runs().len() + cover.removed.runs().len()).sum()
}

/// A number of a transaction with about as many runs below it as above; none where there are no runs of transactions.
pub(super) fn middle(covers: &[Cover<'_>]) -> Option<i64> {
    let step = runs_of(covers) / SAMPLES + 1;
    let all = covers.iter().flat_map(|cover| cover.added.runs().iter().chain(cover.removed.runs()));
    let mut firsts: Vec<i64> = all.step_by(step).map(|(first, _)| *first).collect();
    firsts.retain(|first| (1..FIRST_PART).contains(first));
    let at = firsts.len() / 2;
    (!firsts.is_empty()).then(|| *firsts.select_nth_unstable(at).1)
}

/// Of how many runs the middle is found.
const SAMPLES: usize = 4096;

/// All borders of what the sets have within these numbers, by their places.
pub(super) fn in_order(covers: &[Cover<'_>], within: (i64, i64)) -> Vec<Border> {
    let (from, to) = within;
    let of = |set: &RowSet| {
        let runs = set.runs();
        let first = runs.partition_point(|(_, last)| *last < from);
        let behind = runs.partition_point(|(first, _)| *first <= to);
        first..behind
    };
    let runs: usize = covers.iter().map(|cover| of(cover.added).len() + of(cover.removed).len()).sum();
    // Anchors, transactions and parts of transactions are never one stretch.
    let apart = |number| Border { number, is_behind: false, is_added: true, cover: NO_COVER };
    let (mut anchors, mut transactions, mut parts) = (Vec::new(), Vec::new(), vec![apart(FIRST_PART)]);
    transactions.reserve_exact(2 * runs + 1);
    transactions.push(apart(0));
    for (cover, sets) in (0..NO_COVER).zip(covers) {
        for (set, is_added) in [(sets.added, true), (sets.removed, false)] {
            for (first, last) in set.runs().get(of(set)).unwrap_or_default() {
                for (number, is_behind) in [((*first).max(from), false), ((*last).min(to), true)] {
                    let among = match number {
                        ..0 => &mut anchors,
                        0..FIRST_PART => &mut transactions,
                        _ => &mut parts,
                    };
                    among.push(Border { number, is_behind, is_added, cover });
                }
            }
        }
    }
    let mut all = sorted(anchors);
    if all.is_empty() {
        all = sorted(transactions);
    } else {
        all.append(&mut sorted(transactions));
    }
    all.append(&mut sorted(parts));
    all
}

fn sorted(mut borders: Vec<Border>) -> Vec<Border> {
    let numbers = || borders.iter().map(|border| border.number);
    let (Some(least), Some(most)) = (numbers().min(), numbers().max()) else { return borders };
    // One bit more says on which side of its number a border lies.
    let bits = 65 - most.abs_diff(least).leading_zeros();
    if borders.len() < MIN_BORDERS || bits > MAX_DIGITS * DIGIT_BITS {
        borders.sort_unstable_by_key(Border::key);
        return borders;
    }
    let key = |border: &Border| border.number.abs_diff(least) << 1 | u64::from(border.is_behind);
    for digit in 0..bits.div_ceil(DIGIT_BITS) {
        borders = by_digit(&borders, |border| {
            (key(border) >> (digit * DIGIT_BITS)) as usize & ((1 << DIGIT_BITS) - 1)
        });
    }
    borders
}

/// Sorted by one digit; those with the same one stay in the order that they are in.
fn by_digit(borders: &[Border], digit: impl Fn(&Border) -> usize) -> Vec<Border> {
    // How many there are of each digit, then where the first of them goes.
    let mut places = [0usize; 1 << DIGIT_BITS];
    for border in borders {
        if let Some(count) = places.get_mut(digit(border)) {
            *count += 1;
        }
    }
    let mut before = 0;
    for place in &mut places {
        before += std::mem::replace(place, before);
    }
    let mut sorted = borders.to_vec();
    for border in borders {
        let place = places.get_mut(digit(border));
        if let Some((slot, place)) = place.and_then(|place| Some((sorted.get_mut(*place)?, place))) {
            *slot = *border;
            *place += 1;
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whether by digits or by comparing: the order of the places.
        #[test]
        fn borders_ascend(
            step in 1i64..5_000_000,
            count in 1usize..4_000,
            anchor in 0i64..3,
            part in 0i64..3,
        ) {
            let ids: Vec<i64> = (0..count as i64).map(|at| 1 + (at * 7_919 % count as i64) * step).collect();
            let some = RowSet::from_ids(ids.iter().copied().chain((anchor > 0).then_some(-anchor)));
            let other = RowSet::from_ids(ids.into_iter().filter(|id| id % 3 == 0).chain((part > 0).then_some(FIRST_PART + part)));
            let none = RowSet::new();
            let covers = [Cover { added: &some, removed: &other }, Cover { added: &other, removed: &none }];
            let found = in_order(&covers, (i64::MIN, i64::MAX));
            let runs = some.runs().len() + 2 * other.runs().len();
            prop_assert_eq!(found.len(), 2 * runs + 2);
            prop_assert!(found.is_sorted_by_key(Border::place));
            let ends = |cover: u32, added: bool| {
                let of: Vec<i128> =
                    found.iter().filter(|b| b.cover == cover && b.is_added == added).map(Border::place).collect();
                of
            };
            let expected = |set: &RowSet| -> Vec<i128> {
                set.runs().iter().flat_map(|(first, last)| [i128::from(*first), i128::from(*last) + 1]).collect()
            };
            prop_assert_eq!(ends(0, true), expected(&some));
            prop_assert_eq!(ends(0, false), expected(&other));
            prop_assert_eq!(ends(1, true), expected(&other));
        }
    }
}
