//! Sums and counts by period and group, with cells of few rows held back.

use super::rows::PayeeForm;
use super::{AccountLabel, check_rounding};
use crate::disclosure::selection::{Evidence, Selection};
use crate::disclosure::wire::{AmountWire, CreditDebitIndicator, IsoDate};
use crate::money::{Money, Sum};
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The fewest rows that a cell may have unless the owner sets another number.
pub const MIN_CELL_ROWS: u64 = 3;

/// Over which stretches of time totals are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Period {
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
    /// Calendar years.
    Year,
    /// The whole window at once.
    Window,
}

impl Period {
    /// Every period, from the shortest on.
    pub const ALL: [Self; 4] = [Self::Month, Self::Quarter, Self::Year, Self::Window];

    /// The word that the token, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Window => "window",
        }
    }

    /// The last day of the period that a day lies in; none for the whole window, which has no calendar.
    fn last_day(self, day: Date) -> Option<Date> {
        let (months, month) = match self {
            Self::Month => (1, day.month()),
            Self::Quarter => (3, (day.month() - 1) / 3 * 3 + 1),
            Self::Year => (12, 1),
            Self::Window => return None,
        };
        let begin = date(day.year(), month, 1);
        Some(
            begin
                .checked_add(Span::new().months(months))
                .and_then(|next| next.checked_sub(1.day()))
                .unwrap_or(Date::MAX),
        )
    }

    /// The periods that a window falls into, first and last cut to it. Both days are included.
    pub fn split(self, from: Date, to: Date) -> Vec<(Date, Date)> {
        let mut periods = Vec::new();
        let mut begin = from;
        while begin <= to {
            let end = self.last_day(begin).unwrap_or(to).min(to);
            periods.push((begin, end));
            match end.tomorrow() {
                Ok(next) => begin = next,
                Err(_) => break,
            }
        }
        periods
    }
}

/// By what rows are grouped within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Grouping {
    /// What came in (`income`) and what went out (`spending`).
    Flow,
    /// The owner's categories; rows without one are a group without a name.
    Category,
    /// The other party, in the form that the fact says.
    Payee,
}

impl Grouping {
    /// Every grouping, in the order that help shows them.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Category, Self::Payee];

    /// The word that the token, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Category => "category",
            Self::Payee => "payee",
        }
    }
}

/// The name of the group of what came in.
pub const INCOME: &str = "income";
/// The name of the group of what went out.
pub const SPENDING: &str = "spending";

/// One group's total in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellTotal {
    /// The group's name; none for rows that belong to no group.
    pub group: Option<String>,
    /// How many rows.
    pub count: u64,
    /// What they add up to, rounded as the selection says.
    pub amount: Money,
}

/// One period of a fact of totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodTotals {
    /// Its first day.
    pub from: Date,
    /// Its last day.
    pub to: Date,
    /// The totals of groups that have enough rows, in order of name.
    pub cells: Vec<CellTotal>,
    /// How many groups are held back.
    pub suppressed_cells: u64,
    /// The count and total over all groups, those held back included; only where asked for and safe.
    pub whole: Option<(u64, Money)>,
}

/// Totals by period and group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsFact {
    /// Which account.
    pub account: AccountLabel,
    /// Over which stretches.
    pub period: Period,
    /// By what.
    pub grouping: Grouping,
    /// How payees are written, where they are the groups.
    pub payees: PayeeForm,
    /// A cell of fewer rows than this is held back.
    pub min_rows: u64,
    /// The periods, in order; together they are the window.
    pub periods: Vec<PeriodTotals>,
    /// The rows beneath; `suppressed` counts those in cells held back.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct TotalsWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Account")]
    account: AccountLabel,
    #[serde(rename = "Totals")]
    totals: TotalsValueWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TotalsValueWire {
    period: Period,
    by: Grouping,
    #[serde(
        rename = "Counterparties",
        default,
        skip_serializing_if = "PayeeForm::is_shown",
        with = "super::rows::hidden_form"
    )]
    payees: PayeeForm,
    min_rows: u64,
    #[serde(rename = "Period")]
    periods: Vec<PeriodWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodWire {
    from: IsoDate,
    to: IsoDate,
    #[serde(rename = "Total")]
    cells: Vec<CellWire>,
    suppressed_cells: u64,
    #[serde(rename = "Whole", skip_serializing_if = "Option::is_none")]
    whole: Option<WholeWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CellWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    count: u64,
    #[serde(rename = "CreditDebitIndicator")]
    side: CreditDebitIndicator,
    #[serde(rename = "Amount")]
    amount: AmountWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeWire {
    count: u64,
    #[serde(rename = "CreditDebitIndicator")]
    side: CreditDebitIndicator,
    #[serde(rename = "Amount")]
    amount: AmountWire,
}

impl From<&TotalsFact> for TotalsWire {
    fn from(fact: &TotalsFact) -> Self {
        let periods = fact.periods.iter().map(|period| PeriodWire {
            from: IsoDate(period.from),
            to: IsoDate(period.to),
            cells: period.cells.iter().map(CellWire::from).collect(),
            suppressed_cells: period.suppressed_cells,
            whole: period.whole.map(|(count, money)| {
                let (side, amount) = AmountWire::split(money);
                WholeWire { count, side, amount }
            }),
        });
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            account: fact.account.clone(),
            totals: TotalsValueWire {
                period: fact.period,
                by: fact.grouping,
                payees: fact.payees,
                min_rows: fact.min_rows,
                periods: periods.collect(),
            },
        }
    }
}

impl From<&CellTotal> for CellWire {
    fn from(cell: &CellTotal) -> Self {
        let (side, amount) = AmountWire::split(cell.amount);
        Self { group: cell.group.clone(), count: cell.count, side, amount }
    }
}

impl TryFrom<PeriodWire> for PeriodTotals {
    type Error = &'static str;

    fn try_from(wire: PeriodWire) -> Result<Self, Self::Error> {
        let cells = wire.cells.into_iter().map(|cell| {
            Ok(CellTotal { group: cell.group, count: cell.count, amount: cell.amount.join(cell.side)? })
        });
        Ok(Self {
            from: wire.from.0,
            to: wire.to.0,
            cells: cells.collect::<Result<_, &'static str>>()?,
            suppressed_cells: wire.suppressed_cells,
            whole: match wire.whole {
                Some(whole) => Some((whole.count, whole.amount.join(whole.side)?)),
                None => None,
            },
        })
    }
}

impl TryFrom<TotalsWire> for TotalsFact {
    type Error = &'static str;

    fn try_from(wire: TotalsWire) -> Result<Self, Self::Error> {
        let periods = wire.totals.periods.into_iter().map(PeriodTotals::try_from);
        let fact = Self {
            account: wire.account,
            period: wire.totals.period,
            grouping: wire.totals.by,
            payees: wire.totals.payees,
            min_rows: wire.totals.min_rows,
            periods: periods.collect::<Result<_, _>>()?,
            selection: wire.selection,
            evidence: wire.evidence,
        };
        fact.check()?;
        Ok(fact)
    }
}

impl TotalsFact {
    /// Whether periods, counts, sums and what is held back fit together.
    fn check(&self) -> Result<(), &'static str> {
        let Some(window) = self.selection.window() else { return Err("totals without a window") };
        let days: Vec<(Date, Date)> = self.periods.iter().map(|period| (period.from, period.to)).collect();
        if days != self.period.split(window.from, window.to) {
            return Err("periods that are not those of the window");
        }
        if self.min_rows == 0 {
            return Err("totals of no rows");
        }
        if self.grouping != Grouping::Payee && self.payees != PayeeForm::Shown {
            return Err("a form of payees where none are named");
        }
        let mut shown = 0u64;
        let mut hidden_cells = 0u64;
        for period in &self.periods {
            self.check_period(period)?;
            let rows = period.cells.iter().map(|cell| cell.count);
            shown = rows.fold(shown, u64::saturating_add);
            hidden_cells = hidden_cells.saturating_add(period.suppressed_cells);
        }
        if shown.checked_add(self.selection.suppressed) != Some(self.selection.matched) {
            return Err("the rows are not as many as matched");
        }
        if (hidden_cells == 0) != (self.selection.suppressed == 0) || hidden_cells > self.selection.suppressed
        {
            return Err("rows held back without a cell, or a cell without rows");
        }
        let currencies = self.periods.iter().flat_map(|period| {
            let whole = period.whole.map(|(_, amount)| amount.currency());
            period.cells.iter().map(|cell| cell.amount.currency()).chain(whole)
        });
        if currencies.collect::<HashSet<_>>().len() > 1 {
            return Err("totals in several currencies");
        }
        Ok(())
    }

    fn check_period(&self, period: &PeriodTotals) -> Result<(), &'static str> {
        let mut groups = HashSet::new();
        let mut shown = 0u64;
        for cell in &period.cells {
            if !groups.insert(cell.group.as_deref()) {
                return Err("a group that is there twice");
            }
            if cell.count < self.min_rows {
                return Err("a cell of too few rows");
            }
            self.check_group(cell)?;
            check_rounding(cell.amount, &self.selection)?;
            shown = shown.saturating_add(cell.count);
        }
        let Some((count, amount)) = period.whole else { return Ok(()) };
        check_rounding(amount, &self.selection)?;
        let hidden = count.checked_sub(shown).ok_or("a whole that is less than its parts")?;
        match period.suppressed_cells {
            0 if hidden != 0 => Err("a whole that is not its parts"),
            0 if self.selection.rounding.is_none() => {
                let mut sum = Sum::new(amount.currency());
                let added = period.cells.iter().try_for_each(|cell| sum.add(cell.amount));
                match added.and_then(|()| sum.total()) {
                    Ok(total) if total == amount => Ok(()),
                    _ => Err("a whole that is not its parts"),
                }
            }
            0 => Ok(()),
            // One cell held back beside a stated whole is not held back at all.
            1 => Err("a cell held back that can be worked out"),
            _ if hidden < self.min_rows => Err("a cell held back that can be worked out"),
            _ => Ok(()),
        }
    }

    fn check_group(&self, cell: &CellTotal) -> Result<(), &'static str> {
        let well_formed = match (self.grouping, cell.group.as_deref()) {
            (Grouping::Flow, Some(INCOME)) => !cell.amount.is_negative(),
            (Grouping::Flow, Some(SPENDING)) => cell.amount.minor() <= 0,
            (Grouping::Flow, _) => false,
            (Grouping::Payee, Some(name)) => self.payees.allows(name),
            (Grouping::Category, _) | (Grouping::Payee, None) => true,
        };
        if well_formed { Ok(()) } else { Err("a group that does not fit its kind") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_fall_into_calendar_periods_cut_at_both_ends() {
        let (from, to) = (date(2025, 11, 15), date(2026, 2, 10));
        let months = Period::Month.split(from, to);
        assert_eq!(months.len(), 4);
        assert_eq!(months.first(), Some(&(from, date(2025, 11, 30))));
        assert_eq!(months.last(), Some(&(date(2026, 2, 1), to)));
        assert_eq!(Period::Quarter.split(from, to), [(from, date(2025, 12, 31)), (date(2026, 1, 1), to)]);
        assert_eq!(Period::Year.split(from, to).len(), 2);
        assert_eq!(Period::Window.split(from, to), [(from, to)]);
        assert_eq!(Period::Month.split(Date::MAX, Date::MAX), [(Date::MAX, Date::MAX)]);
        assert_eq!(Period::Month.split(to, from), []);
    }
}
