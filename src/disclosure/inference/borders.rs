//! The borders of all runs of all sets, in order: what [atoms](super::atoms) are found by sweeping over.
//!
//! Totals by payee over a million rows have two million borders. Numbers of transactions lie close together, so the borders
//! at each are counted, and each goes straight to its place (a counting sort), in four bytes. Others are sorted by
//! comparing them.

use super::atoms::Cover;
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
/// At least so many borders, and at most so many numbers for each, or comparing is as fast.
const COUNTED_FROM: usize = 4096;
const MOST_NUMBERS: usize = 8;

/// All borders there are, by their places.
pub(super) struct Borders {
    /// Behind them, and before the parts, lies one of no set.
    anchors: Vec<Border>,
    transactions: Transactions,
    parts: Vec<Border>,
}

enum Transactions {
    Compared(Vec<Border>),
    Counted(Counted),
}

/// Borders by the numbers at which they are.
struct Counted {
    /// The first number.
    least: i64,
    /// Of each number, behind which of `sides` its own end.
    ends: Vec<u32>,
    /// The cover twice, and one more where the run is of what the cover adds.
    sides: Vec<u32>,
}

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

/// The borders of what the sets have within these numbers.
pub(super) fn in_order(covers: &[Cover<'_>], within: (i64, i64)) -> Borders {
    // Anchors, transactions and parts of transactions are never one stretch.
    let apart = |number| Border { number, is_behind: false, is_added: true, cover: NO_COVER };
    let (mut anchors, mut transactions, mut parts) = (vec![apart(0)], Vec::new(), vec![apart(FIRST_PART)]);
    let counted = Counted::of(covers, within);
    each_run(covers, within, |run, cover, is_added| {
        for (number, is_behind) in [(run.0, false), (run.1, true)] {
            let among = match number {
                ..0 => &mut anchors,
                0..FIRST_PART if counted.is_some() => continue,
                0..FIRST_PART => &mut transactions,
                _ => &mut parts,
            };
            among.push(Border { number, is_behind, is_added, cover });
        }
    });
    for some in [&mut anchors, &mut transactions, &mut parts] {
        some.sort_unstable_by_key(Border::key);
    }
    let transactions = counted.map_or(Transactions::Compared(transactions), Transactions::Counted);
    Borders { anchors, transactions, parts }
}

/// Goes over the runs that the sets have within these numbers, with the place of the cover, and whether it adds them.
fn each_run(covers: &[Cover<'_>], within: (i64, i64), mut each: impl FnMut((i64, i64), u32, bool)) {
    let (from, to) = within;
    for (cover, sets) in (0..NO_COVER).zip(covers) {
        for (set, is_added) in [(sets.added, true), (sets.removed, false)] {
            let runs = set.runs();
            let first = runs.partition_point(|(_, last)| *last < from);
            let behind = runs.partition_point(|(first, _)| *first <= to);
            for (first, last) in runs.get(first..behind).unwrap_or_default() {
                each(((*first).max(from), (*last).min(to)), cover, is_added);
            }
        }
    }
}

impl Borders {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        let transactions = match &self.transactions {
            Transactions::Compared(borders) => borders.len(),
            Transactions::Counted(counted) => counted.sides.len(),
        };
        self.anchors.len() + transactions + self.parts.len()
    }

    /// Goes over all of them in the order of their places.
    pub(super) fn each(&self, mut each: impl FnMut(Border)) {
        self.anchors.iter().for_each(|border| each(*border));
        match &self.transactions {
            Transactions::Compared(borders) => borders.iter().for_each(|border| each(*border)),
            Transactions::Counted(counted) => counted.each(&mut each),
        }
        self.parts.iter().for_each(|border| each(*border));
    }
}

impl Counted {
    /// The borders of runs of transactions, where they are many and lie close together.
    fn of(covers: &[Cover<'_>], (from, to): (i64, i64)) -> Option<Self> {
        let within = (from.max(0), to.min(FIRST_PART - 1));
        let (mut runs, mut least, mut behind) = (0, i64::MAX, i64::MIN);
        let mut is_apart = true;
        each_run(covers, (from, to), |(first, last), _, _| {
            if first >= 0 && last < FIRST_PART {
                (runs, least, behind) = (runs + 1, least.min(first), behind.max(last + 1));
            } else {
                is_apart &= last < 0 || first >= FIRST_PART;
            }
        });
        if !is_apart {
            return None;
        }
        let numbers = usize::try_from(behind.checked_sub(least)?).ok()?.checked_add(1)?;
        let borders: usize = 2 * runs;
        let fit =
            u32::try_from(borders).is_ok() && u32::try_from(covers.len()).is_ok_and(|all| all < 1 << 31);
        if borders < COUNTED_FROM || numbers / MOST_NUMBERS > borders || !fit {
            return None;
        }
        // How many there are at each number, then where the first of them goes.
        let mut ends = vec![0_u32; numbers];
        each_run(covers, within, |(first, last), _, _| {
            for number in [first, last + 1] {
                if let Some(count) = ends.get_mut((number - least) as usize) {
                    *count += 1;
                }
            }
        });
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        let mut sides = vec![0_u32; borders];
        each_run(covers, within, |(first, last), cover, is_added| {
            for number in [first, last + 1] {
                let end = ends.get_mut((number - least) as usize);
                if let Some((side, end)) = end.and_then(|end| Some((sides.get_mut(*end as usize)?, end))) {
                    *side = cover << 1 | u32::from(is_added);
                    *end += 1;
                }
            }
        });
        Some(Self { least, ends, sides })
    }

    fn each(&self, each: &mut impl FnMut(Border)) {
        let mut begin = 0;
        for (number, end) in (self.least..).zip(&self.ends) {
            for side in self.sides.get(begin..*end as usize).unwrap_or_default() {
                let (is_added, cover) = (side & 1 != 0, side >> 1);
                each(Border { number, is_behind: false, is_added, cover });
            }
            begin = *end as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::RowSet;
    use proptest::prelude::*;

    proptest! {
        /// Whether counted or compared: all borders are there, in the order of their places.
        #[test]
        fn borders_ascend(
            step in prop_oneof![1i64..10, 1i64..5_000_000],
            count in 1usize..4_000,
            anchor in 0i64..3,
            part in 0i64..3,
            cut in prop::option::of(0i64..4_000),
        ) {
            let ids: Vec<i64> = (0..count as i64).map(|at| 1 + (at * 7_919 % count as i64) * step).collect();
            let some = RowSet::from_ids(ids.iter().copied().chain((anchor > 0).then_some(-anchor)));
            let other = RowSet::from_ids(ids.into_iter().filter(|id| id % 3 == 0).chain((part > 0).then_some(FIRST_PART + part)));
            let none = RowSet::new();
            let covers = [Cover { added: &some, removed: &other }, Cover { added: &other, removed: &none }];
            let (from, to) = (cut.unwrap_or(i64::MIN), cut.map_or(i64::MAX, |cut| cut + 1_000 * step));
            let all = in_order(&covers, (from, to));
            let mut found = Vec::new();
            all.each(|border| found.push(border));
            let clipped = |set: &RowSet| -> Vec<(i64, i64)> {
                let runs = set.runs().iter().map(|(first, last)| ((*first).max(from), (*last).min(to)));
                runs.filter(|(first, last)| first <= last).collect()
            };
            prop_assert_eq!(found.len(), 2 * (clipped(&some).len() + 2 * clipped(&other).len()) + 2);
            prop_assert_eq!(found.len(), all.len());
            prop_assert!(found.is_sorted_by_key(Border::place));
            for apart in [0, i128::from(FIRST_PART)] {
                prop_assert!(found.iter().any(|border| border.place() == apart && border.cover() == NO_COVER));
            }
            let ends = |cover: u32, added: bool| {
                let of: Vec<i128> =
                    found.iter().filter(|b| b.cover == cover && b.is_added == added).map(Border::place).collect();
                of
            };
            let expected = |set: &RowSet| -> Vec<i128> {
                clipped(set).iter().flat_map(|(first, last)| [i128::from(*first), i128::from(*last) + 1]).collect()
            };
            prop_assert_eq!(ends(0, true), expected(&some));
            prop_assert_eq!(ends(0, false), expected(&other));
            prop_assert_eq!(ends(1, true), expected(&other));
        }
    }
}
