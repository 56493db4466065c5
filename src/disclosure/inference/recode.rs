//! Sums rewritten as differences to the sums nearest to them, so that the matrix has few entries.
//!
//! A thousand balances are a thousand nested sets: each row lies in half of them. Taken one from the next,
//! each row lies in one or two. Subtracting one equation from another changes nothing of what follows.

use super::Aggregate;
use crate::ledger::RowSet;
use std::borrow::Cow;

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
    let mut whole: Vec<(usize, &RowSet, u64)> = Vec::new();
    for (index, aggregate) in aggregates.iter().enumerate() {
        let rows = &aggregate.added;
        let is_whole = aggregate.is_sum() && aggregate.base.is_none() && rows.runs().len() <= MAX_RUNS;
        let mut nearest = None;
        if is_whole {
            let length = rows.len();
            let alike = whole.iter().filter(|(other, ..)| {
                aggregates.get(*other).is_some_and(|other| other.observer == aggregate.observer)
            });
            nearest = alike
                // What differs is at least the difference of the lengths; most need no closer look.
                .fold((length / 2, None), |(best, found), (other, set, other_length)| {
                    if length.abs_diff(*other_length) >= best {
                        return (best, found);
                    }
                    let distance = length + other_length - 2 * rows.overlap(set);
                    if distance < best { (distance, Some((*other, *set))) } else { (best, found) }
                })
                .1;
            whole.push((index, rows, length));
        }
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
