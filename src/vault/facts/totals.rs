//! Totals by period and group, and the rule by which small cells are held back.
//!
//! A cell of fewer than k rows is held back. Where a period's whole is stated too, a single cell held back could be
//! subtracted out: then the smallest other cell (by rows, then by size) is held back with it, until at least two
//! cells and k rows are; where that cannot be done, the whole is held back as well. No total across periods is
//! stated, so that each period stands for itself.

use super::rows::payee;
use super::walk::{evidence, walk};
use super::{Drawing, FactRequest, account_label, usable_step};
use crate::disclosure::{
    CellTotal, Grouping, INCOME, Period, PeriodTotals, Row, SPENDING, Selection, TotalsFact,
};
use crate::ledger::Account;
use crate::money::{Money, MoneyError};
use crate::store::TransactionQuery;
use crate::store::aggregates::{AmountRow, GroupColumn};
use crate::vault::VaultError;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// The most cells that one fact states.
const MAX_CELLS: usize = 10_000;

/// What a cell adds up: rows, and their sum in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    rows: u64,
    minor: i128,
}

type Cells = BTreeMap<Option<String>, Cell>;
/// The numbers of each cell's rows.
type CellRows = BTreeMap<Option<String>, Vec<i64>>;

/// Answers a [`FactRequest::Totals`].
pub(super) fn totals(
    drawing: &mut Drawing<'_>,
    account: &Account,
    request: &FactRequest,
) -> Result<TotalsFact, VaultError> {
    let FactRequest::Totals { from, to, filter, period, grouping, payees, whole, round_to, label, .. } =
        request
    else {
        return Err(VaultError::Invalid("not totals".to_owned()));
    };
    let step = round_to.map(|step| usable_step("the rounding step", step, account)).transpose()?;
    let query = TransactionQuery { booked: true, ..filter.query(account.id, *from, *to) };
    let windows = period.split(*from, *to);
    let Collected { cells, matched, .. } = collect(drawing, account, &query, request, &windows)?;
    let k = drawing.min_rows;
    let mut periods = Vec::with_capacity(windows.len());
    let mut hidden_rows = 0u64;
    for ((from, to), cells) in windows.iter().zip(cells) {
        let held_back = hold_back(&cells, k, *whole);
        hidden_rows +=
            held_back.hidden.iter().filter_map(|group| cells.get(*group)).map(|cell| cell.rows).sum::<u64>();
        periods.push(held_back.into_totals(*from, *to, &cells, step, account)?);
    }
    let states_nothing = periods.iter().all(|period| period.cells.is_empty() && period.whole.is_none());
    if states_nothing && matched > 0 {
        return Err(VaultError::AllSuppressed { k, safe: safe_instead(drawing, account, request)? });
    }
    Ok(TotalsFact {
        account: account_label(account, *label),
        period: *period,
        grouping: *grouping,
        payees: if *grouping == Grouping::Payee { *payees } else { Default::default() },
        min_rows: k,
        periods,
        selection: Selection {
            from: Some(*from),
            to: Some(*to),
            filter: filter.conditions(),
            matched,
            suppressed: hidden_rows,
            rounding: step,
            gaps: Some(drawing.gaps(account, *from, *to)?),
        },
        evidence: evidence(drawing.store, account, &query, false)?,
    })
}

/// What one pass over the rows gives.
struct Collected {
    cells: Vec<Cells>,
    rows: Vec<CellRows>,
    matched: u64,
}

/// The sets of rows whose sums a [`FactRequest::Totals`] shows: one for each shown cell and each shown whole.
///
/// A split transaction stands whole in each of its cells, which is more than the recipient learns of it.
pub(in crate::vault) fn shown_rows(
    drawing: &mut Drawing<'_>,
    account: &Account,
    request: &FactRequest,
) -> Result<Vec<Vec<i64>>, VaultError> {
    let FactRequest::Totals { from, to, filter, period, whole, .. } = request else {
        return Err(VaultError::Invalid("not totals".to_owned()));
    };
    let query = TransactionQuery { booked: true, ..filter.query(account.id, *from, *to) };
    let windows = period.split(*from, *to);
    let collected = collect(drawing, account, &query, request, &windows)?;
    let mut shown = Vec::new();
    for (cells, rows) in collected.cells.iter().zip(collected.rows) {
        let held_back = hold_back(cells, drawing.min_rows, *whole);
        if held_back.whole {
            shown.push(rows.values().flatten().copied().collect());
        }
        let visible = rows.into_iter().filter(|(group, _)| !held_back.hidden.contains(&group));
        shown.extend(visible.map(|(_, rows)| rows));
    }
    Ok(shown)
}

/// Adds the rows up, in one pass.
fn collect(
    drawing: &mut Drawing<'_>,
    account: &Account,
    query: &TransactionQuery,
    request: &FactRequest,
    windows: &[(Date, Date)],
) -> Result<Collected, VaultError> {
    let FactRequest::Totals { grouping, payees, .. } = request else {
        return Err(VaultError::Invalid("not totals".to_owned()));
    };
    let pseudonyms = drawing.pseudonyms;
    let ends: Vec<String> = windows.iter().map(|(_, to)| to.to_string()).collect();
    // The form of a group's name is worked out once for each text; cells are added up by its number.
    let mut groups: Vec<Option<String>> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut cells: Vec<HashMap<usize, (Cell, Vec<i64>)>> = vec![HashMap::new(); windows.len()];
    let mut at = 0;
    let mut count = 0usize;
    let column = match grouping {
        Grouping::Flow => GroupColumn::Nothing,
        Grouping::Category => GroupColumn::Category,
        Grouping::Payee => GroupColumn::Payee,
    };
    let matched =
        walk(drawing, account, query, column, &mut |AmountRow { id, posted, minor, group: text }| {
            // Rows come in order of day, and days as ISO 8601 sort as days do.
            while ends.get(at).is_some_and(|end| end.as_str() < posted) {
                at += 1;
            }
            let Some(period) = cells.get_mut(at) else { return Ok(()) };
            let flow = if minor < 0 { SPENDING } else { INCOME };
            let raw = if *grouping == Grouping::Flow { flow } else { text.unwrap_or_default() };
            let group = match numbers.get(raw) {
                Some(known) => *known,
                None => {
                    let made = match grouping {
                        Grouping::Payee => payee(raw, *payees, pseudonyms),
                        _ => Row::information_from(raw),
                    };
                    // Two texts may have one form, as two payees of the same initials do.
                    let number = groups.iter().position(|known| *known == made).unwrap_or_else(|| {
                        groups.push(made);
                        groups.len() - 1
                    });
                    numbers.insert(raw.to_owned(), number);
                    number
                }
            };
            let cell = period.entry(group).or_insert_with(|| {
                count += 1;
                Default::default()
            });
            cell.0.rows += 1;
            cell.0.minor += i128::from(minor);
            cell.1.push(id);
            if count > MAX_CELLS {
                return Err(VaultError::Invalid(format!(
                    "that is more than {MAX_CELLS} totals: choose longer periods or fewer groups"
                )));
            }
            Ok(())
        })?;
    let named = |period: HashMap<usize, (Cell, Vec<i64>)>| -> (Cells, CellRows) {
        let name = |number: usize| groups.get(number).cloned().flatten();
        period.into_iter().map(|(number, (cell, rows))| ((name(number), cell), (name(number), rows))).unzip()
    };
    let (cells, rows) = cells.into_iter().map(named).unzip();
    Ok(Collected { cells, rows, matched })
}

/// What of one period is held back.
struct HeldBack<'a> {
    hidden: Vec<&'a Option<String>>,
    whole: bool,
}

/// Applies the rule at the head of this module to one period.
fn hold_back(cells: &Cells, k: u64, whole: bool) -> HeldBack<'_> {
    let mut hidden: Vec<&Option<String>> =
        cells.iter().filter(|(_, cell)| cell.rows < k).map(|(group, _)| group).collect();
    let rows = |hidden: &[&Option<String>]| -> u64 {
        hidden.iter().filter_map(|group| cells.get(*group)).map(|cell| cell.rows).sum()
    };
    let mut whole = whole;
    while whole && !hidden.is_empty() && (hidden.len() < 2 || rows(&hidden) < k) {
        let smallest = cells
            .iter()
            .filter(|(group, _)| !hidden.contains(group))
            .min_by_key(|(_, cell)| (cell.rows, cell.minor.unsigned_abs()));
        match smallest {
            Some((group, _)) => hidden.push(group),
            None => whole = false,
        }
    }
    HeldBack { hidden, whole }
}

impl HeldBack<'_> {
    fn into_totals(
        self,
        from: Date,
        to: Date,
        cells: &Cells,
        step: Option<Money>,
        account: &Account,
    ) -> Result<PeriodTotals, VaultError> {
        let money = |minor: i128| -> Result<Money, MoneyError> {
            let exact = Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, account.currency);
            step.map_or(Ok(exact), |step| exact.round_to(step))
        };
        let shown = cells.iter().filter(|(group, _)| !self.hidden.contains(group)).map(|(group, cell)| {
            Ok::<_, MoneyError>(CellTotal {
                group: group.clone(),
                count: cell.rows,
                amount: money(cell.minor)?,
            })
        });
        let shown = shown.collect::<Result<_, _>>()?;
        let whole = if self.whole {
            let rows = cells.values().map(|cell| cell.rows).sum();
            Some((rows, money(cells.values().map(|cell| cell.minor).sum())?))
        } else {
            None
        };
        Ok(PeriodTotals { from, to, cells: shown, suppressed_cells: self.hidden.len() as u64, whole })
    }
}

/// What would state something where all cells are held back: longer periods, or fewer groups.
fn safe_instead(
    drawing: &mut Drawing<'_>,
    account: &Account,
    request: &FactRequest,
) -> Result<Vec<String>, VaultError> {
    let FactRequest::Totals { from, to, filter, period, grouping, .. } = request else {
        return Ok(Vec::new());
    };
    let query = TransactionQuery { booked: true, ..filter.query(account.id, *from, *to) };
    let commit = drawing.root.take();
    let mut safe = Vec::new();
    let mut groupings = vec![*grouping];
    if *grouping != Grouping::Flow {
        groupings.push(Grouping::Flow);
    }
    for by in groupings {
        for longer in Period::ALL.into_iter().skip_while(|known| known != period) {
            let mut other = request.clone();
            if let FactRequest::Totals { grouping, .. } = &mut other {
                *grouping = by;
            }
            let windows = longer.split(*from, *to);
            let collected = collect(drawing, account, &query, &other, &windows)?;
            if collected.cells.iter().any(|cells| cells.values().any(|cell| cell.rows >= drawing.min_rows)) {
                safe.push(format!("--period {} --by {}", longer.as_str(), by.as_str()));
                break;
            }
        }
    }
    drawing.root = commit;
    Ok(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(of: &[(&str, u64, i128)]) -> Cells {
        of.iter()
            .map(|(name, rows, minor)| (Some((*name).to_owned()), Cell { rows: *rows, minor: *minor }))
            .collect()
    }

    fn hidden(cells: &Cells, whole: bool) -> (Vec<String>, bool) {
        let held_back = hold_back(cells, 3, whole);
        let mut names: Vec<String> = held_back.hidden.iter().filter_map(|name| (*name).clone()).collect();
        names.sort();
        (names, held_back.whole)
    }

    #[test]
    fn a_small_cell_takes_the_smallest_other_with_it_where_the_whole_is_stated() {
        let table = cells(&[("food", 9, -900), ("health", 2, -50), ("rent", 3, -3_000), ("travel", 3, -200)]);
        assert_eq!(hidden(&table, false), (vec!["health".to_owned()], false));
        assert_eq!(hidden(&table, true), (vec!["health".to_owned(), "travel".to_owned()], true));
        let two_small = cells(&[("a", 2, 1), ("b", 1, 1), ("c", 5, 5)]);
        assert_eq!(hidden(&two_small, true), (vec!["a".to_owned(), "b".to_owned()], true));
        let two_tiny = cells(&[("a", 1, 1), ("b", 1, 1), ("c", 5, 5), ("d", 6, 5)]);
        assert_eq!(hidden(&two_tiny, true).0.len(), 3, "two rows are fewer than three");
        let alone = cells(&[("a", 2, 1)]);
        assert_eq!(hidden(&alone, true), (vec!["a".to_owned()], false));
        let whole_hidden = cells(&[("a", 1, 1), ("b", 5, 1)]);
        assert_eq!(hidden(&whole_hidden, true), (vec!["a".to_owned(), "b".to_owned()], true));
    }

    proptest! {
        /// What can be subtracted out of a stated whole is at least two cells and k rows, or nothing.
        #[test]
        fn no_hidden_cell_can_be_worked_out(
            rows in prop::collection::vec((1u64..8, -100i128..100), 0..12),
            k in 1u64..6,
            ask: bool,
        ) {
            let table: Cells = rows
                .iter()
                .enumerate()
                .map(|(index, (rows, minor))| (Some(index.to_string()), Cell { rows: *rows, minor: *minor }))
                .collect();
            let held_back = hold_back(&table, k, ask);
            for (group, cell) in &table {
                prop_assert!(cell.rows >= k || held_back.hidden.contains(&group));
            }
            if held_back.whole && !held_back.hidden.is_empty() {
                let rows: u64 = held_back.hidden.iter().map(|group| table[*group].rows).sum();
                prop_assert!(held_back.hidden.len() >= 2 && rows >= k);
            }
            prop_assert!(ask || !held_back.whole);
        }
    }
}
