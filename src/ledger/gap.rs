//! Where computed and stated balances part: between which two stated balances, and on which days.

use crate::money::{Money, MoneyError};
use jiff::ToSpan;
use jiff::civil::Date;
use std::fmt;

/// A stated balance beside the computed one at the end of the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The end of which day.
    pub day: Date,
    /// What the bank says.
    pub stated: Money,
    /// What the rows add up to.
    pub computed: Money,
}

/// Days on which computed and stated balances parted, or came together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceGap {
    /// The stated balance before these days, to which what is said of the difference is compared; none where the
    /// first stated balance differs already.
    pub before: Option<Date>,
    /// The first day on which it can have arisen.
    pub first_day: Date,
    /// The last day: that of the stated balance which shows it.
    pub last_day: Date,
    /// What the bank states for that day.
    pub stated: Money,
    /// What the rows add up to on that day.
    pub computed: Money,
    /// By how much the difference (computed less stated) grew over these days.
    pub change: Money,
    /// Those of these days of which no imported statement speaks, as first and last days.
    pub without_statement: Vec<(Date, Date)>,
}

impl fmt::Display for BalanceGap {
    /// For example `from 2026-02-01 to 2026-02-28 the rows lost 12.00 EUR against the bank's balances (...)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, by) = if self.change.is_negative() {
            ("fell behind", self.change.checked_neg())
        } else {
            ("ran ahead of", Ok(self.change))
        };
        let by = by.unwrap_or(self.change);
        if self.first_day == self.last_day {
            write!(f, "on {}", self.last_day)?;
        } else {
            write!(f, "from {} to {}", self.first_day, self.last_day)?;
        }
        write!(f, " the rows {verb} the bank's balances by {by}")?;
        write!(
            f,
            " (the bank states {} on {}, the rows come to {})",
            self.stated, self.last_day, self.computed
        )?;
        for (at, (first, last)) in self.without_statement.iter().enumerate() {
            f.write_str(if at == 0 { "; no statement speaks of " } else { ", " })?;
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first} to {last}")?;
            }
        }
        Ok(())
    }
}

/// The gaps between stated balances, earliest first.
///
/// `checkpoints` are in order of day; `periods` are the days of which statements speak; `known_from` is the first day
/// of which anything is known.
///
/// # Errors
/// [`MoneyError`] where a difference does not fit.
pub fn gaps(
    checkpoints: &[Checkpoint],
    periods: &[(Date, Date)],
    known_from: Option<Date>,
) -> Result<Vec<BalanceGap>, MoneyError> {
    let mut found = Vec::new();
    let mut before: Option<(Date, Money)> = None;
    for checkpoint in checkpoints {
        let difference = checkpoint.computed.checked_sub(checkpoint.stated)?;
        let was = before.map_or(Money::zero(difference.currency()), |(_, was)| was);
        if difference != was {
            let next = before.and_then(|(day, _)| day.tomorrow().ok());
            let first_day = next.or(known_from).unwrap_or(checkpoint.day).min(checkpoint.day);
            found.push(BalanceGap {
                before: before.map(|(day, _)| day),
                first_day,
                last_day: checkpoint.day,
                stated: checkpoint.stated,
                computed: checkpoint.computed,
                change: difference.checked_sub(was)?,
                without_statement: uncovered(first_day, checkpoint.day, periods),
            });
        }
        before = Some((checkpoint.day, difference));
    }
    Ok(found)
}

/// The days from `first` to `last` that are in none of the periods.
fn uncovered(first: Date, last: Date, periods: &[(Date, Date)]) -> Vec<(Date, Date)> {
    let mut periods: Vec<(Date, Date)> = periods.to_vec();
    periods.sort_unstable();
    let mut open = Vec::new();
    let mut next = first;
    for (from, to) in periods {
        if to < next || from > last {
            continue;
        }
        if from > next {
            open.push((next, from.checked_sub(1.day()).unwrap_or(from)));
        }
        match to.tomorrow() {
            Ok(after) => next = after,
            Err(_) => return open,
        }
    }
    if next <= last {
        open.push((next, last));
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use jiff::civil::date;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::iso("EUR").unwrap())
    }

    fn at(month: i8, day: i8, stated: i64, computed: i64) -> Checkpoint {
        Checkpoint { day: date(2026, month, day), stated: eur(stated), computed: eur(computed) }
    }

    #[test]
    fn a_gap_lies_between_the_last_balance_that_agreed_and_the_first_that_does_not() {
        let points = [at(1, 31, 100, 100), at(2, 28, 250, 200), at(3, 31, 300, 250)];
        let periods = [(date(2026, 1, 1), date(2026, 2, 10)), (date(2026, 2, 15), date(2026, 3, 31))];
        let found = gaps(&points, &periods, None).unwrap();
        assert_eq!(found.len(), 1, "the difference of March is February's: {found:?}");
        let gap = &found[0];
        assert_eq!((gap.before, gap.first_day), (Some(date(2026, 1, 31)), date(2026, 2, 1)));
        assert_eq!((gap.last_day, gap.change), (date(2026, 2, 28), eur(-50)));
        assert_eq!(gap.without_statement, [(date(2026, 2, 11), date(2026, 2, 14))]);
    }

    #[test]
    fn a_gap_that_closes_again_is_told_twice() {
        let points = [at(1, 31, 100, 90), at(2, 28, 200, 200)];
        let found = gaps(&points, &[], Some(date(2026, 1, 10))).unwrap();
        assert_eq!(found.iter().map(|gap| gap.change).collect::<Vec<_>>(), [eur(-10), eur(10)]);
        assert_eq!((found[0].before, found[0].first_day), (None, date(2026, 1, 10)));
        assert_eq!(found[1].without_statement, [(date(2026, 2, 1), date(2026, 2, 28))]);
    }

    #[test]
    fn two_statements_that_contradict_each_other_show_on_their_day() {
        let points = [at(1, 31, 100, 100), at(1, 31, 110, 100)];
        let found = gaps(&points, &[(date(2026, 1, 1), date(2026, 1, 31))], None).unwrap();
        assert_eq!((found[0].first_day, found[0].last_day), (date(2026, 1, 31), date(2026, 1, 31)));
        assert!(found[0].without_statement.is_empty());
        assert!(gaps(&[], &[], None).unwrap().is_empty());
    }
}
