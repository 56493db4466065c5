//! Totals by period and group, and the rule by which small cells are held back.
//!
//! A cell of fewer than k rows is held back. Where a period's whole is stated too, a single cell held back could be
//! subtracted out: then the smallest other cell (by rows, then by size) is held back with it, until at least two
//! cells and k rows are; where that cannot be done, the whole is held back as well. No total across periods is
//! stated, so that each period stands for itself. A transaction of which several cells have a part counts once among
//! what is held back.

use super::beneath::{Beneath, PeriodRows};
use super::rows::payee;
use super::walk::{evidence, walk};
use super::{Drawing, FactRequest, account_label, usable_step};
use crate::disclosure::{
    CellTotal, Grouping, INCOME, Period, PeriodTotals, Row, SPENDING, Selection, TotalsFact,
};
use crate::ledger::Account;
use crate::ledger::part_number::{is_part, transaction_of};
use crate::money::{Money, MoneyError};
use crate::store::TransactionQuery;
use crate::store::aggregates::NumberedParts;
use crate::store::amounts::{AmountRow, GroupColumn};
use crate::vault::VaultError;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The most cells that one fact states.
const MAX_CELLS: usize = 10_000;

/// What a cell adds up: rows, and their sum in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    rows: u64,
    minor: i128,
}

type Cells = BTreeMap<Option<String>, Cell>;
/// A cell and the numbers of its rows.
type FilledCell = (Cell, Vec<i64>);
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
    let Collected { cells, rows, matched, parts } = collect(drawing, account, &query, request, &windows)?;
    if *grouping == Grouping::Flow {
        warn_about_transfers(drawing, account, &query)?;
    }
    let k = drawing.min_rows;
    let mut periods = Vec::with_capacity(windows.len());
    let mut hidden_rows = 0u64;
    let mut beneath = Vec::with_capacity(windows.len());
    for ((from, to), (cells, rows)) in windows.iter().zip(cells.into_iter().zip(rows)) {
        let held_back = hold_back(&cells, &rows, k, *whole);
        hidden_rows +=
            held_back.hidden.iter().filter_map(|group| cells.get(*group)).map(|cell| cell.rows).sum::<u64>();
        beneath.push(held_back.rows(rows));
        periods.push(held_back.into_totals(*from, *to, &cells, step, account)?);
    }
    let states_nothing = periods.iter().all(|period| period.cells.is_empty() && period.whole.is_none());
    if states_nothing && matched > 0 {
        return Err(VaultError::AllSuppressed { k, safe: safe_instead(drawing, account, request)? });
    }
    drawing.beneath = Some(Beneath::of_periods(beneath, parts));
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

/// Tells the owner where linked transfers are among what counts as income and spending: the format has no group for them.
fn warn_about_transfers(
    drawing: &mut Drawing<'_>,
    account: &Account,
    query: &TransactionQuery,
) -> Result<(), VaultError> {
    let linked = drawing.store.count_transfer_sides(query)?;
    if linked > 0 {
        let (rows, count, are) = match linked {
            1 => ("row", "counts", "is a side of a transfer"),
            _ => ("rows", "count", "are sides of transfers"),
        };
        drawing.warnings.push(format!(
            "{linked} {rows} of \"{}\" that {count} here as income or spending {are} between your own accounts; totals by \
             category show transfers apart, where they have a category of their own",
            account.name
        ));
    }
    Ok(())
}

/// What one pass over the rows gives.
struct Collected {
    cells: Vec<Cells>,
    rows: Vec<CellRows>,
    matched: u64,
    parts: NumberedParts,
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
    let mut groups = Groups::default();
    let mut periods: Vec<Vec<(usize, FilledCell)>> = Vec::with_capacity(windows.len());
    let mut current = CurrentPeriod::default();
    let mut count = 0usize;
    let column = match grouping {
        Grouping::Flow => GroupColumn::Nothing,
        Grouping::Category => GroupColumn::Category,
        Grouping::Payee => GroupColumn::Payee,
    };
    let parts = if *grouping == Grouping::Category || query.category.is_some() {
        drawing.store.numbered_parts(query)?
    } else {
        NumberedParts::new()
    };
    let matched = walk(drawing, account, query, column, !parts.is_empty(), &mut |row| {
        // Rows come in order of day, and days as ISO 8601 sort as days do.
        while ends.get(periods.len()).is_some_and(|end| end.as_str() < row.posted) {
            periods.push(current.finish());
        }
        let flow = if row.minor < 0 { SPENDING } else { INCOME };
        let by_flow = *grouping == Grouping::Flow;
        let text = if by_flow { usize::from(row.minor < 0) } else { row.group_number };
        let group = groups.number(text, || {
            let raw = if by_flow { flow } else { row.group.unwrap_or_default() };
            match grouping {
                Grouping::Payee => payee(raw, *payees, pseudonyms),
                _ => Row::information_from(raw),
            }
        });
        let is_first = if row.in_part {
            current.add(group, row.minor, &numbers_of_parts(&row, column, &parts))
        } else {
            current.add(group, row.minor, &[row.id])
        };
        count += usize::from(is_first);
        if count > MAX_CELLS {
            return Err(VaultError::Invalid(format!(
                "that is more than {MAX_CELLS} totals: choose longer periods or fewer groups"
            )));
        }
        Ok(())
    })?;
    periods.push(current.finish());
    periods.resize_with(windows.len(), Vec::new);
    let named = |period: Vec<(usize, FilledCell)>| -> (Cells, CellRows) {
        let name = |number| groups.name(number);
        period.into_iter().map(|(number, (cell, rows))| ((name(number), cell), (name(number), rows))).unzip()
    };
    let (cells, rows) = periods.into_iter().map(named).unzip();
    Ok(Collected { cells, rows, matched, parts })
}

/// The numbers of the parts that a row of a pass is about.
fn numbers_of_parts(row: &AmountRow<'_>, column: GroupColumn, parts: &NumberedParts) -> Vec<i64> {
    let by_category = column == GroupColumn::Category;
    let own = parts.get(&row.id).into_iter().flatten();
    own.filter(|part| part.is_asked && (!by_category || row.group == Some(part.category.as_str())))
        .map(|part| part.number)
        .collect()
}

/// Groups by number: the form of a name is worked out once for each text, and two texts may have one form, as two
/// payees of the same initials do.
#[derive(Default)]
struct Groups {
    /// By the number of the text in the pass.
    by_text: Vec<Option<usize>>,
    by_name: HashMap<Option<String>, usize>,
    names: Vec<Option<String>>,
}

impl Groups {
    /// The number of the group of a text, by the text's own; `name` gives the form where it is not known.
    fn number(&mut self, text: usize, name: impl FnOnce() -> Option<String>) -> usize {
        if let Some(Some(known)) = self.by_text.get(text) {
            return *known;
        }
        let name = name();
        let names = &mut self.names;
        let number = *self.by_name.entry(name.clone()).or_insert_with(|| {
            names.push(name);
            names.len() - 1
        });
        self.by_text.resize(self.by_text.len().max(text + 1), None);
        if let Some(place) = self.by_text.get_mut(text) {
            *place = Some(number);
        }
        number
    }

    fn name(&self, number: usize) -> Option<String> {
        self.names.get(number).cloned().flatten()
    }
}

/// The cells of the period at hand, by the numbers of their groups.
#[derive(Default)]
struct CurrentPeriod {
    cells: Vec<Cell>,
    used: Vec<usize>,
    /// The group and the number of each row, as they came. A list for each cell would grow row by row, here and there.
    rows: Vec<(usize, i64)>,
}

impl CurrentPeriod {
    /// Adds a row, which goes by these numbers; whether it is the first of its cell.
    fn add(&mut self, group: usize, minor: i64, numbers: &[i64]) -> bool {
        if group >= self.cells.len() {
            self.cells.resize(group + 1, Cell::default());
        }
        let Some(cell) = self.cells.get_mut(group) else { return false };
        self.rows.extend(numbers.iter().map(|number| (group, *number)));
        cell.rows += 1;
        cell.minor += i128::from(minor);
        if cell.rows == 1 {
            self.used.push(group);
        }
        cell.rows == 1
    }

    /// Gives the cells that have rows, and begins anew.
    fn finish(&mut self) -> Vec<(usize, FilledCell)> {
        let used = std::mem::take(&mut self.used);
        let mut place = vec![usize::MAX; self.cells.len()];
        let mut filled = Vec::with_capacity(used.len());
        for group in used {
            let Some(cell) = self.cells.get_mut(group).map(std::mem::take) else { continue };
            if let Some(place) = place.get_mut(group) {
                *place = filled.len();
            }
            filled.push((group, (cell, Vec::with_capacity(usize::try_from(cell.rows).unwrap_or(0)))));
        }
        for (group, number) in self.rows.drain(..) {
            let place = place.get(group).and_then(|place| filled.get_mut(*place));
            if let Some((_, (_, numbers))) = place {
                numbers.push(number);
            }
        }
        filled
    }
}

/// What of one period is held back.
struct HeldBack<'a> {
    hidden: Vec<&'a Option<String>>,
    whole: bool,
}

/// Applies the rule at the head of this module to one period.
fn hold_back<'a>(cells: &'a Cells, numbers: &CellRows, k: u64, whole: bool) -> HeldBack<'a> {
    let mut hidden: Vec<&Option<String>> =
        cells.iter().filter(|(_, cell)| cell.rows < k).map(|(group, _)| group).collect();
    let has_parts = whole && numbers.values().flatten().any(|number| is_part(*number));
    let rows = |hidden: &[&Option<String>]| -> u64 {
        if has_parts {
            let hidden = hidden.iter().filter_map(|group| numbers.get(*group)).flatten();
            return hidden.map(|number| transaction_of(*number)).collect::<HashSet<i64>>().len() as u64;
        }
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
    /// The rows beneath what is shown and what is not.
    fn rows(&self, rows: CellRows) -> PeriodRows {
        let mut period = PeriodRows { whole: self.whole, shown: Vec::new(), hidden: Vec::new() };
        for (group, rows) in rows {
            let is_hidden = self.hidden.contains(&&group);
            if is_hidden { &mut period.hidden } else { &mut period.shown }.push(rows);
        }
        period
    }

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
        let held_back = hold_back(cells, &CellRows::new(), 3, whole);
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
            let held_back = hold_back(&table, &CellRows::new(), k, ask);
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
