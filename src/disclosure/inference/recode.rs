//! Sums rewritten as differences to the sums nearest to them, so that the matrix has few entries.
//!
//! A thousand balances are a thousand nested sets: each row lies in half of them. Taken one from the next,
//! each row lies in one or two. Subtracting one equation from another changes nothing of what follows.

use super::Aggregate;
use crate::ledger::RowSet;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Sets of at most so many runs are compared with one another.
const MAX_RUNS: usize = 64;

/// An aggregate's set: as the difference to that of an earlier one, or whole.
pub(super) struct Code<'a> {
    pub(super) base: Option<usize>,
    pub(super) added: Cow<'a, RowSet>,
    pub(super) removed: Cow<'a, RowSet>,
}

/// The sets of all aggregates; those given whole are recoded where another is near.
pub(super) fn recode(aggregates: &[Aggregate]) -> Vec<Code<'_>> {
    let mut codes: Vec<Code<'_>> = Vec::with_capacity(aggregates.len());
    let mut whole = Whole::default();
    for (index, aggregate) in aggregates.iter().enumerate() {
        let rows = &aggregate.added;
        let is_whole = aggregate.is_sum() && aggregate.base.is_none() && rows.runs().len() <= MAX_RUNS;
        let nearest = is_whole.then(|| whole.nearest_then_take(index, aggregate)).flatten();
        codes.push(match nearest {
            Some((base, set)) => Code {
                base: Some(base),
                added: Cow::Owned(rows.difference(set)),
                removed: Cow::Owned(set.difference(rows)),
            },
            None => Code {
                base: aggregate.base,
                added: Cow::Borrowed(rows),
                removed: Cow::Borrowed(&aggregate.removed),
            },
        });
    }
    codes
}

/// Sets of more runs than this are compared only with those that have a run's border in common with them: thousands
/// of payees are sets of many runs each, all interleaved and none near another.
const FEW_RUNS: usize = 2;
/// The sets that have the most borders in common with one are looked at, up to so many.
const MOST_ALIKE: usize = 16;

/// The sets so far that were given whole.
#[derive(Default)]
struct Whole<'a> {
    sets: Vec<Set<'a>>,
    /// The places of those of few runs, which are compared with each other one by one.
    few: Vec<usize>,
    /// The places of the others, by a border of one of their runs: its first row, or the one behind its last.
    borders: HashMap<i64, Vec<usize>>,
}

#[derive(Clone, Copy)]
struct Set<'a> {
    index: usize,
    observer: i64,
    rows: &'a RowSet,
    length: u64,
}

impl<'a> Whole<'a> {
    /// The set so far that differs least from this one, if by less than half of it; and takes this one.
    fn nearest_then_take(&mut self, index: usize, aggregate: &'a Aggregate) -> Option<(usize, &'a RowSet)> {
        let rows = &aggregate.added;
        let set = Set { index, observer: aggregate.observer, rows, length: rows.len() };
        let place = self.sets.len();
        let nearest = if rows.runs().len() <= FEW_RUNS {
            let nearest = self.nearest(&set, self.few.iter().copied());
            self.few.push(place);
            nearest
        } else {
            let nearest = self.nearest(&set, self.alike(rows).into_iter());
            for border in borders(rows) {
                self.borders.entry(border).or_default().push(place);
            }
            nearest
        };
        self.sets.push(set);
        nearest.map(|nearest| (nearest.index, nearest.rows))
    }

    fn nearest(&self, set: &Set<'_>, places: impl Iterator<Item = usize>) -> Option<Set<'a>> {
        let others = places.filter_map(|place| self.sets.get(place));
        let (_, nearest) = others.filter(|other| other.observer == set.observer).fold(
            (set.length / 2, None),
            |(best, found), other| {
                // What differs is at least the difference of the lengths; most need no closer look.
                if set.length.abs_diff(other.length) >= best {
                    return (best, found);
                }
                let distance = set.length + other.length - 2 * set.rows.overlap(other.rows);
                if distance < best { (distance, Some(*other)) } else { (best, found) }
            },
        );
        nearest
    }

    /// The places of the sets that have the most borders in common with this one, ascending.
    fn alike(&self, rows: &RowSet) -> Vec<usize> {
        let mut common: HashMap<usize, usize> = HashMap::new();
        for place in borders(rows).filter_map(|border| self.borders.get(&border)).flatten() {
            *common.entry(*place).or_default() += 1;
        }
        let mut places: Vec<(usize, usize)> = common.into_iter().collect();
        places.sort_unstable_by_key(|(place, count)| (Reverse(*count), Reverse(*place)));
        places.truncate(MOST_ALIKE);
        let mut places: Vec<usize> = places.into_iter().map(|(place, _)| place).collect();
        places.sort_unstable();
        places
    }
}

fn borders(rows: &RowSet) -> impl Iterator<Item = i64> {
    rows.runs().iter().flat_map(|(first, last)| [*first, last.saturating_add(1)])
}
