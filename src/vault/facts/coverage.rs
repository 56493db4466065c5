//! Of which days the vault knows anything, so that no fact passes over missing data in silence.
//!
//! A day is known where a statement speaks of it, or, in an account kept by hand alone, between its opening or first
//! transaction and its last. A stretch that no statement speaks of is known all the same where the balances
//! that the bank stated before and after it (or the opening balance) differ by exactly the rows between.

use crate::disclosure::DaySpan;
use crate::ledger::Account;
use crate::store::Store;
use crate::vault::VaultError;
use jiff::civil::Date;

/// The stretches of `from` to `to` of which the vault knows nothing, in order and apart.
pub(super) fn gaps(
    store: &Store,
    account: &Account,
    from: Date,
    to: Date,
) -> Result<Vec<DaySpan>, VaultError> {
    let mut known: Vec<DaySpan> =
        store.statement_periods(account.id)?.into_iter().map(|(from, to)| DaySpan { from, to }).collect();
    if known.is_empty() {
        known.extend(kept_by_hand(store, account)?);
    }
    let mut gaps = Vec::new();
    for gap in outside(&known, DaySpan { from, to }) {
        gaps.extend(without_agreeing_balances(store, account, gap)?);
    }
    Ok(gaps)
}

fn kept_by_hand(store: &Store, account: &Account) -> Result<Option<DaySpan>, VaultError> {
    let opening = account.opening.map(|opening| opening.date);
    let (first, last) = (store.first_movement_day(account.id)?, store.last_movement_day(account.id)?);
    let from = [opening, first].into_iter().flatten().min();
    let to = [opening, last].into_iter().flatten().max();
    Ok(from.zip(to).map(|(from, to)| DaySpan { from, to }))
}

/// What of the window none of the spans covers. `known` is in order of first days.
fn outside(known: &[DaySpan], window: DaySpan) -> Vec<DaySpan> {
    let mut gaps = Vec::new();
    let mut next = window.from;
    for span in known {
        if next > window.to {
            return gaps;
        }
        if span.from > next
            && let Ok(before) = span.from.yesterday()
        {
            gaps.push(DaySpan { from: next, to: before.min(window.to) });
        }
        if span.to >= next {
            match span.to.tomorrow() {
                Ok(day) => next = day,
                Err(_) => return gaps,
            }
        }
    }
    if next <= window.to {
        gaps.push(DaySpan { from: next, to: window.to });
    }
    gaps
}

/// What remains of a gap once stated balances have been compared with the rows across it.
fn without_agreeing_balances(
    store: &Store,
    account: &Account,
    gap: DaySpan,
) -> Result<Option<DaySpan>, VaultError> {
    let Ok(eve) = gap.from.yesterday() else { return Ok(Some(gap)) };
    let booked = |day| -> Result<Vec<_>, VaultError> {
        let stated = store.stated_balances(account, day)?;
        Ok(stated.into_iter().filter(|stated| stated.kind.is_booked()).collect())
    };
    // The opening balance held at the start of its day, a stated one at the end of its own.
    let opening = account
        .opening
        .filter(|opening| opening.date <= gap.from)
        .map(|opening| (opening.date, opening.amount.minor()));
    let before = match booked(eve)?.first() {
        Some(stated) => stated.date.tomorrow().ok().map(|day| (day, stated.amount.minor())),
        None => opening,
    };
    let later = booked(Date::MAX)?;
    let inside_or_after: Vec<_> = later.iter().filter(|stated| stated.date >= gap.from).collect();
    // The earliest one past the gap closes it whole; else the latest one inside it, a part.
    let past = inside_or_after.iter().rev().find(|stated| stated.date >= gap.to);
    let (Some((first_day, before)), Some(after)) = (before, past.or(inside_or_after.first())) else {
        return Ok(Some(gap));
    };
    let rows = store.movement_sum(account.id, Some(first_day), Some(after.date))?;
    if i128::from(before) + rows != i128::from(after.amount.minor()) {
        return Ok(Some(gap));
    }
    if after.date >= gap.to {
        return Ok(None);
    }
    Ok(after.date.tomorrow().ok().map(|from| DaySpan { from, to: gap.to }))
}

/// Whether none of the gaps has the day in it.
pub(super) fn is_known(gaps: &[DaySpan], day: Date) -> bool {
    !gaps.iter().any(|gap| gap.from <= day && day <= gap.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn gaps_are_what_no_span_covers() {
        let span = |from: i8, to: i8| DaySpan { from: date(2026, 1, from), to: date(2026, 1, to) };
        let window = span(5, 20);
        for (known, expected) in [
            (vec![], vec![span(5, 20)]),
            (vec![span(1, 31)], vec![]),
            (vec![span(5, 20)], vec![]),
            (vec![span(1, 3), span(25, 31)], vec![span(5, 20)]),
            (vec![span(7, 9), span(8, 8), span(9, 12)], vec![span(5, 6), span(13, 20)]),
            (vec![span(1, 5), span(6, 6), span(20, 22)], vec![span(7, 19)]),
        ] {
            assert_eq!(outside(&known, window), expected, "{known:?}");
        }
        assert!(is_known(&[span(5, 6)], date(2026, 1, 7)) && !is_known(&[span(5, 6)], date(2026, 1, 6)));
    }
}
