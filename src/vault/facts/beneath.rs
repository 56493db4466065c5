//! The rows beneath the sums that a fact shows, by which the inference guard judges it.

use crate::ledger::RowSet;
use crate::ledger::part_number::{is_part, transaction_of};
use crate::store::aggregates::NumberedParts;
use std::collections::{BTreeSet, HashSet};

/// The rows as they were drawn. The fact is stated by then, and goes on its way while they are made sets of.
#[derive(Default)]
pub(in crate::vault) struct Beneath {
    /// The rows of a fact with one sum, of whole transactions.
    one: Option<Vec<i64>>,
    periods: Vec<PeriodRows>,
    parts: NumberedParts,
}

/// The rows beneath the sums of one period. Of a split transaction the numbers of its parts are here.
pub(super) struct PeriodRows {
    /// Whether the sum of all of them is shown.
    pub(super) whole: bool,
    /// Those of each cell that is shown.
    pub(super) shown: Vec<Vec<i64>>,
    /// Those of each cell that is held back.
    pub(super) hidden: Vec<Vec<i64>>,
}

/// The sets of rows whose sums a fact shows.
#[derive(Default)]
pub(in crate::vault) struct ShownRows {
    /// One for each shown cell and each shown whole; of a balance the one beneath it.
    pub(in crate::vault) sets: Vec<RowSet>,
    /// All parts of each transaction that has some but not all of them in one of the sets.
    pub(in crate::vault) parts: Vec<RowSet>,
}

impl Beneath {
    /// A fact with one sum, of whole transactions.
    pub(super) fn of_one(rows: Vec<i64>) -> Self {
        Self { one: Some(rows), ..Self::default() }
    }

    /// A fact with the sums of periods, of transactions some of which have these parts.
    pub(super) fn of_periods(periods: Vec<PeriodRows>, parts: NumberedParts) -> Self {
        Self { one: None, periods, parts }
    }

    /// Makes sets of them: of each period the whole first, then its cells.
    pub(in crate::vault) fn into_sets(self) -> ShownRows {
        let mut sets: Vec<RowSet> = self.one.map(RowSet::from_ids).into_iter().collect();
        let mut in_part = BTreeSet::new();
        for period in self.periods {
            if period.whole {
                let all = period.shown.iter().chain(&period.hidden).flatten().copied().collect();
                sets.push(joined(all, &self.parts, &mut in_part));
            }
            sets.extend(period.shown.into_iter().map(|rows| joined(rows, &self.parts, &mut in_part)));
        }
        let parts = in_part.iter().filter_map(|id| self.parts.get(id));
        let parts = parts.map(|parts| parts.iter().map(|part| part.number).collect()).collect();
        ShownRows { sets, parts }
    }
}

/// The set of these rows, where all parts of a transaction are the transaction; notes of which there are only some.
fn joined(rows: Vec<i64>, parts: &NumberedParts, in_part: &mut BTreeSet<i64>) -> RowSet {
    let held: HashSet<i64> = rows.iter().copied().filter(|number| is_part(*number)).collect();
    if held.is_empty() {
        return RowSet::from_ids(rows);
    }
    let whole = |number: i64| {
        let parts = parts.get(&transaction_of(number));
        parts.is_some_and(|parts| parts.iter().all(|part| held.contains(&part.number)))
    };
    let ids = rows.into_iter().map(|number| match is_part(number) {
        true if whole(number) => transaction_of(number),
        true => {
            in_part.insert(transaction_of(number));
            number
        }
        false => number,
    });
    ids.collect()
}
