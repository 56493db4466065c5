//! Balances: what the account's rows add up to, what a statement says, and the difference between the two.

use super::account::{AccountId, AccountKind};
use super::transaction::BatchId;
use crate::money::{Money, MoneyError, Sum};
use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// The balance an account had at the start of a day, before the first transaction the vault knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The day at whose start it held.
    pub date: Date,
    /// How much.
    pub amount: Money,
    /// Whether it was worked out from a balance stated by the bank (else the owner gave it).
    pub derived: bool,
}

/// Which balance a statement states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BalanceKind {
    /// The booked balance at the end of a day.
    Ledger,
    /// What can be spent: booked, less holds, plus credit lines as the bank sees it.
    Available,
    /// The balance before the statement's first transaction.
    Opening,
    /// The balance after the statement's last transaction.
    Closing,
    /// A booked balance in the course of a day, or between two pages of a statement.
    Interim,
}

impl BalanceKind {
    /// The word that the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Available => "available",
            Self::Opening => "opening",
            Self::Closing => "closing",
            Self::Interim => "interim",
        }
    }

    /// Whether it should equal the computed balance at the end of its day.
    pub const fn is_booked(self) -> bool {
        matches!(self, Self::Ledger | Self::Closing)
    }
}

impl fmt::Display for BalanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of balance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no kind of balance")]
pub struct UnknownBalanceKind(pub String);

impl FromStr for BalanceKind {
    type Err = UnknownBalanceKind;

    fn from_str(text: &str) -> Result<Self, UnknownBalanceKind> {
        [Self::Ledger, Self::Available, Self::Opening, Self::Closing, Self::Interim]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownBalanceKind(text.chars().take(40).collect()))
    }
}

/// A balance that a statement stated, kept with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBalance {
    /// The account it is about.
    pub account: AccountId,
    /// Which balance.
    pub kind: BalanceKind,
    /// The day it holds for, as written.
    pub date: Date,
    /// How much.
    pub amount: Money,
    /// The import that brought it.
    pub batch: BatchId,
}

/// An account's computed balance at the end of a day, beside the last one its bank stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: AccountKind,
    /// The end of which day.
    pub as_of: Date,
    /// Opening balance plus every transaction booked up to that day.
    pub computed: Money,
    /// The first day the vault knows anything about; before it the balance is not known.
    pub known_from: Option<Date>,
    /// The latest booked balance stated on or before that day, with what the rows add up to on its own date.
    pub stated: Option<Comparison>,
}

/// A stated balance and the computed one of the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The day.
    pub date: Date,
    /// What the bank says.
    pub stated: Money,
    /// What the rows add up to.
    pub computed: Money,
}

impl Comparison {
    /// Computed less stated; zero where they agree.
    ///
    /// # Errors
    /// [`MoneyError`] when the two cannot be subtracted.
    pub fn difference(&self) -> Result<Money, MoneyError> {
        self.computed.checked_sub(self.stated)
    }
}

/// The opening balance that makes `stated` true at the end of its day, given the movements up to that day.
///
/// `movements` are the amounts posted from the opening's date to the stated balance's date, both included.
///
/// # Errors
/// [`MoneyError`] on a currency mismatch or overflow.
pub fn opening_from_stated(
    stated: Money,
    movements: impl IntoIterator<Item = Money>,
) -> Result<Money, MoneyError> {
    let mut sum = Sum::new(stated.currency());
    for amount in movements {
        sum.add(amount)?;
    }
    stated.checked_sub(sum.total()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn an_opening_balance_makes_the_stated_one_true() {
        let eur = |minor| Money::new(minor, Currency::iso("EUR").unwrap());
        let opening = opening_from_stated(eur(10_000), [eur(-2_500), eur(500)]).unwrap();
        assert_eq!(opening, eur(12_000));
    }
}
