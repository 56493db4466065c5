//! Balances: exact, rounded, as a range, or as an answer to whether they reach an amount.

use super::beneath::Beneath;
use super::coverage::is_known;
use super::walk::{evidence, walk};
use super::{Drawing, FactRequest, LabelChoice, account_label, usable_step};
use crate::disclosure::{
    BalanceFact, BalanceRangeFact, BalanceType, DaySpan, Measure, Operator, Selection, ThresholdFact,
};
use crate::ledger::Account;
use crate::money::{Money, MoneyError};
use crate::store::TransactionQuery;
use crate::store::amounts::{AmountRow, GroupColumn};
use crate::vault::VaultError;
use crate::vault::accounts::same_currency;
use crate::vault::balances::known_from;
use jiff::civil::Date;

pub(super) fn balance(
    drawing: &mut Drawing<'_>,
    account: &Account,
    as_of: Date,
    round_to: Option<Money>,
    label: LabelChoice,
) -> Result<BalanceFact, VaultError> {
    let (exact, matched) = balance_at(drawing, account, as_of)?;
    let amount = match round_to {
        Some(step) => exact.round_to(usable_step("the rounding step", step, account)?)?,
        None => exact,
    };
    Ok(BalanceFact {
        account: account_label(account, label),
        balance_type: balance_type(as_of, drawing.today),
        as_of,
        amount,
        selection: Selection { rounding: round_to, ..selection_up_to(drawing, account, as_of, matched)? },
        evidence: evidence(drawing.store, account, &TransactionQuery::booked_up_to(account.id, as_of), true)?,
    })
}

pub(super) fn range(
    drawing: &mut Drawing<'_>,
    account: &Account,
    as_of: Date,
    bucket: Money,
    label: LabelChoice,
) -> Result<BalanceRangeFact, VaultError> {
    let width = usable_step("the width of the range", bucket, account)?.minor();
    let (exact, matched) = balance_at(drawing, account, as_of)?;
    let overflow = VaultError::Money(MoneyError::Overflow);
    let lower = exact.minor().div_euclid(width).checked_mul(width);
    let bounds = lower.and_then(|lower| Some((lower, lower.checked_add(width)?)));
    let (lower, upper) = bounds.ok_or(overflow)?;
    Ok(BalanceRangeFact {
        account: account_label(account, label),
        balance_type: balance_type(as_of, drawing.today),
        as_of,
        at_least: Money::new(lower, account.currency),
        below: Money::new(upper, account.currency),
        selection: selection_up_to(drawing, account, as_of, matched)?,
        evidence: evidence(drawing.store, account, &TransactionQuery::booked_up_to(account.id, as_of), true)?,
    })
}

const fn opening_minor(account: &Account) -> i128 {
    match &account.opening {
        Some(opening) => opening.amount.minor() as i128,
        None => 0,
    }
}

fn balance_type(as_of: Date, today: Date) -> BalanceType {
    if as_of < today { BalanceType::ClosingBooked } else { BalanceType::InterimBooked }
}

/// The exact balance at the end of a day, from the rows that the root commits to.
fn balance_at(drawing: &mut Drawing<'_>, account: &Account, as_of: Date) -> Result<(Money, u64), VaultError> {
    let mut minor = opening_minor(account);
    let matched =
        walk_balance(drawing, account, as_of, &mut |_, amount_minor| minor += i128::from(amount_minor))?;
    let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
    Ok((Money::new(minor, account.currency), matched))
}

/// Goes over the opening balance and every booked row up to a day.
fn walk_balance(
    drawing: &mut Drawing<'_>,
    account: &Account,
    to: Date,
    each: &mut dyn FnMut(&str, i64),
) -> Result<u64, VaultError> {
    if let (Some(root), Some(opening)) = (drawing.root.as_mut(), account.opening) {
        root.push_opening(opening.date, opening.amount);
    }
    let query = TransactionQuery::booked_up_to(account.id, to);
    let mut numbers: Vec<i64> = Vec::new();
    let mut each = |AmountRow { id, posted, minor, .. }: AmountRow<'_>| {
        numbers.push(id);
        each(posted, minor);
        Ok(())
    };
    let matched = walk(drawing, account, &query, GroupColumn::Nothing, false, &mut each)?;
    drawing.beneath = Some(Beneath::of_one(numbers));
    Ok(matched)
}

fn selection_up_to(
    drawing: &Drawing<'_>,
    account: &Account,
    as_of: Date,
    matched: u64,
) -> Result<Selection, VaultError> {
    let from = known_from(drawing.store, account)?.unwrap_or(as_of);
    Ok(Selection {
        to: Some(as_of),
        matched,
        gaps: Some(drawing.gaps(account, from.min(as_of), as_of)?),
        ..Selection::default()
    })
}

/// Answers a [`FactRequest::Threshold`].
pub(super) fn threshold(
    drawing: &mut Drawing<'_>,
    account: &Account,
    request: &FactRequest,
) -> Result<ThresholdFact, VaultError> {
    let FactRequest::Threshold { measure, operator, amount, from, to, label, .. } = request else {
        return Err(VaultError::Invalid("not a threshold".to_owned()));
    };
    same_currency("the amount", amount.currency(), &account.name, account.currency)?;
    if !matches!(operator, Operator::AtLeast | Operator::AtMost) {
        return Err(VaultError::Invalid("a threshold is at least or at most an amount".to_owned()));
    }
    let window = match measure {
        Measure::Closing => DaySpan { from: *to, to: *to },
        _ => DaySpan { from: *from, to: *to },
    };
    let gaps = drawing.gaps(account, window.from, window.to)?;
    let mut balances = DailyBalances::new(opening_minor(account), window)?;
    let matched =
        walk_balance(drawing, account, window.to, &mut |posted, minor| balances.add(posted, minor))?;
    let known = balances.at_ends_of_days(|day| is_known(&gaps, day));
    let days_with_data = u32::try_from(known.len()).unwrap_or(u32::MAX);
    if known.is_empty() {
        return Err(VaultError::NoData {
            account: account.name.clone(),
            day: window.to,
            known_from: known_from(drawing.store, account)?,
        });
    }
    Ok(ThresholdFact {
        account: account_label(account, *label),
        operator: *operator,
        amount: *amount,
        measure: *measure,
        window_days: u32::try_from(window.days()).unwrap_or(u32::MAX),
        days_with_data,
        result: answer(*measure, *operator, amount.minor(), &known),
        selection: Selection {
            from: Some(window.from),
            to: Some(window.to),
            matched,
            gaps: Some(gaps),
            ..Selection::default()
        },
        evidence: evidence(
            drawing.store,
            account,
            &TransactionQuery::booked_up_to(account.id, window.to),
            true,
        )?,
    })
}

/// Whether balances reach an amount. The mean is never divided out: its sum is compared with as many times the
/// amount, so that nothing is rounded.
fn answer(measure: Measure, operator: Operator, amount_minor: i64, balances: &[i128]) -> bool {
    let amount = i128::from(amount_minor);
    let meets = |value: i128, bound: i128| match operator {
        Operator::AtMost => value <= bound,
        _ => value >= bound,
    };
    match measure {
        Measure::Average => {
            let sum: i128 = balances.iter().sum();
            meets(sum, amount * balances.len() as i128)
        }
        _ => balances.iter().all(|balance| meets(*balance, amount)),
    }
}

/// An account's balance at the end of each day of a window, in minor units.
struct DailyBalances {
    before: i128,
    first_day: String,
    days: Vec<Date>,
    changes: Vec<i128>,
    /// Where the last row went; rows come in order of day.
    at: usize,
    names: Vec<String>,
}

impl DailyBalances {
    fn new(opening: i128, window: DaySpan) -> Result<Self, VaultError> {
        let days: Vec<Date> =
            window.from.series(jiff::Span::new().days(1)).take_while(|day| *day <= window.to).collect();
        let names: Vec<String> = days.iter().map(ToString::to_string).collect();
        Ok(Self {
            before: opening,
            first_day: window.from.to_string(),
            changes: vec![0; days.len()],
            days,
            at: 0,
            names,
        })
    }

    /// Takes a row of a day as ISO 8601, which sorts as days do.
    fn add(&mut self, posted: &str, minor: i64) {
        if posted < self.first_day.as_str() {
            self.before += i128::from(minor);
            return;
        }
        while self.names.get(self.at).is_some_and(|name| name.as_str() < posted) {
            self.at += 1;
        }
        if let Some(change) = self.changes.get_mut(self.at) {
            *change += i128::from(minor);
        }
    }

    fn at_ends_of_days(&self, known: impl Fn(Date) -> bool) -> Vec<i128> {
        let mut balance = self.before;
        let mut balances = Vec::new();
        for (day, change) in self.days.iter().zip(&self.changes) {
            balance += change;
            if known(*day) {
                balances.push(balance);
            }
        }
        balances
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mean_is_compared_to_the_last_minor_unit() {
        // The mean of 1.00, 1.00 and 1.01 is above 1.00 and below 1.01, and is neither.
        let days = [100, 100, 101];
        assert!(answer(Measure::Average, Operator::AtLeast, 100, &days));
        assert!(!answer(Measure::Average, Operator::AtLeast, 101, &days));
        assert!(!answer(Measure::Average, Operator::AtMost, 100, &days));
        assert!(answer(Measure::Average, Operator::AtMost, 101, &days));
        assert!(answer(Measure::EveryDay, Operator::AtLeast, 100, &days));
        assert!(!answer(Measure::EveryDay, Operator::AtMost, 100, &days));
        assert!(answer(Measure::Average, Operator::AtLeast, i64::MAX, &[i128::from(i64::MAX); 5]));
        assert!(answer(Measure::Average, Operator::AtMost, -50, &[-100, 0]));
    }

    proptest! {
        #[test]
        fn daily_balances_are_what_adding_up_gives(
            opening in -1_000i64..1_000,
            mut rows in prop::collection::vec((0i32..40, -500i64..500), 0..60),
        ) {
            rows.sort();
            let begin = jiff::civil::date(2026, 1, 1);
            let day = |offset: i32| begin.checked_add(jiff::Span::new().days(offset)).unwrap();
            let window = DaySpan { from: day(10), to: day(29) };
            let mut balances = DailyBalances::new(i128::from(opening), window).unwrap();
            for (offset, minor) in rows.iter().filter(|(offset, _)| *offset < 30) {
                balances.add(&day(*offset).to_string(), *minor);
            }
            let found = balances.at_ends_of_days(|_| true);
            prop_assert_eq!(found.len(), 20);
            for (index, balance) in found.iter().enumerate() {
                let end = 10 + index as i32;
                let sum: i64 = rows.iter().filter(|(offset, _)| *offset <= end).map(|(_, minor)| minor).sum();
                prop_assert_eq!(*balance, i128::from(opening + sum));
            }
        }
    }
}
