//! What a statement says of days: which it speaks of, and with what the account began before them.

use crate::ledger::balance::opening_from_stated;
use crate::ledger::{BalanceKind, Opening, TransactionStatus};
use crate::money::{Money, MoneyError};
use crate::statement::packed::PackedStatement;
use jiff::civil::Date;

/// The days of which a statement speaks: its own period, widened to its rows; its rows alone where it names none.
pub(super) fn days_of(statement: &PackedStatement) -> Option<(Date, Date)> {
    let rows = statement.rows.heads().map(|row| row.posted);
    let stated = statement.period.into_iter().flat_map(|(from, to)| [from, to]);
    let days = rows.chain(stated);
    days.clone().min().zip(days.max())
}

/// The opening balance that makes the statement's own balance true; none where it states none.
pub(super) fn derive_opening(statement: &PackedStatement) -> Result<Option<Opening>, MoneyError> {
    let first_row = statement.rows.heads().map(|row| row.posted).min();
    let booked = statement.balances.iter().filter(|stated| stated.kind.is_booked()).max_by_key(|s| s.date);
    // Some programs write the epoch where they do not know when a statement begins.
    let period_from = statement.period.map(|(from, _)| from).filter(|from| from.year() > 1970);
    let first_day = [period_from, first_row, booked.map(|stated| stated.date)];
    let Some(date) = first_day.into_iter().flatten().min() else { return Ok(None) };
    if let Some(stated) = booked {
        let movements = statement
            .rows
            .heads()
            .filter(|row| row.posted <= stated.date && row.status != TransactionStatus::Pending)
            .map(|row| Money::new(row.amount_minor, statement.currency));
        let amount = opening_from_stated(stated.amount, movements)?;
        return Ok(Some(Opening { date, amount, derived: true }));
    }
    let opening = statement.balances.iter().find(|stated| stated.kind == BalanceKind::Opening);
    Ok(opening.map(|stated| Opening { date: date.min(stated.date), amount: stated.amount, derived: true }))
}
