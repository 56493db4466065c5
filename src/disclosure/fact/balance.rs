//! What an account's balance was at the end of a day: as an amount, or as a range that it lies in.

use super::{AccountLabel, check_rounding};
use crate::disclosure::selection::{Evidence, Selection};
use crate::disclosure::wire::{AmountWire, CreditDebitIndicator, IsoDate, SignedAmountWire};
use crate::money::Money;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Which balance is meant, as UK Open Banking names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BalanceType {
    /// Booked, at the end of the day.
    ClosingBooked,
    /// Booked so far, during the day.
    InterimBooked,
    /// Spendable, at the end of the day.
    ClosingAvailable,
    /// Spendable so far, during the day.
    InterimAvailable,
}

impl BalanceType {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClosingBooked => "ClosingBooked",
            Self::InterimBooked => "InterimBooked",
            Self::ClosingAvailable => "ClosingAvailable",
            Self::InterimAvailable => "InterimAvailable",
        }
    }
}

/// An account's balance at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceFact {
    /// Which account.
    pub account: AccountLabel,
    /// Which balance.
    pub balance_type: BalanceType,
    /// The end of which day, as the bank dates it.
    pub as_of: Date,
    /// How much, already rounded to `selection.rounding`; negative is owed.
    pub amount: Money,
    /// The rows it was computed from.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

/// Between which two amounts an account's balance was at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceRangeFact {
    /// Which account.
    pub account: AccountLabel,
    /// Which balance.
    pub balance_type: BalanceType,
    /// The end of which day, as the bank dates it.
    pub as_of: Date,
    /// It was this much or more.
    pub at_least: Money,
    /// It was less than this.
    pub below: Money,
    /// The rows it was computed from.
    pub selection: Selection,
    /// How well founded it is.
    pub evidence: Evidence,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct BalanceWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Account")]
    account: AccountLabel,
    #[serde(rename = "Balance")]
    balance: BalanceValueWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BalanceValueWire {
    #[serde(rename = "Type")]
    balance_type: BalanceType,
    #[serde(rename = "DateTime")]
    as_of: IsoDate,
    #[serde(rename = "CreditDebitIndicator")]
    side: CreditDebitIndicator,
    #[serde(rename = "Amount")]
    amount: AmountWire,
}

impl From<&BalanceFact> for BalanceWire {
    fn from(fact: &BalanceFact) -> Self {
        let (side, amount) = AmountWire::split(fact.amount);
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            account: fact.account.clone(),
            balance: BalanceValueWire {
                balance_type: fact.balance_type,
                as_of: IsoDate(fact.as_of),
                side,
                amount,
            },
        }
    }
}

impl TryFrom<BalanceWire> for BalanceFact {
    type Error = &'static str;

    fn try_from(wire: BalanceWire) -> Result<Self, Self::Error> {
        let fact = Self {
            account: wire.account,
            balance_type: wire.balance.balance_type,
            as_of: wire.balance.as_of.0,
            amount: wire.balance.amount.join(wire.balance.side)?,
            selection: wire.selection,
            evidence: wire.evidence,
        };
        if fact.selection.to != Some(fact.as_of) {
            return Err("a balance whose window does not end on its day");
        }
        check_rounding(fact.amount, &fact.selection)?;
        Ok(fact)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct BalanceRangeWire {
    selection: Selection,
    evidence: Evidence,
    #[serde(rename = "Account")]
    account: AccountLabel,
    #[serde(rename = "Range")]
    range: RangeWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeWire {
    #[serde(rename = "Type")]
    balance_type: BalanceType,
    #[serde(rename = "DateTime")]
    as_of: IsoDate,
    #[serde(rename = "AtLeast")]
    at_least: SignedAmountWire,
    #[serde(rename = "Below")]
    below: SignedAmountWire,
}

impl From<&BalanceRangeFact> for BalanceRangeWire {
    fn from(fact: &BalanceRangeFact) -> Self {
        Self {
            selection: fact.selection.clone(),
            evidence: fact.evidence.clone(),
            account: fact.account.clone(),
            range: RangeWire {
                balance_type: fact.balance_type,
                as_of: IsoDate(fact.as_of),
                at_least: fact.at_least.into(),
                below: fact.below.into(),
            },
        }
    }
}

impl TryFrom<BalanceRangeWire> for BalanceRangeFact {
    type Error = &'static str;

    fn try_from(wire: BalanceRangeWire) -> Result<Self, Self::Error> {
        let fact = Self {
            account: wire.account,
            balance_type: wire.range.balance_type,
            as_of: wire.range.as_of.0,
            at_least: wire.range.at_least.join()?,
            below: wire.range.below.join()?,
            selection: wire.selection,
            evidence: wire.evidence,
        };
        if fact.selection.to != Some(fact.as_of) {
            return Err("a balance whose window does not end on its day");
        }
        if fact.at_least.currency() != fact.below.currency() || fact.at_least.minor() >= fact.below.minor() {
            return Err("a range that holds nothing");
        }
        if fact.selection.rounding.is_some() {
            return Err("a range that is rounded");
        }
        Ok(fact)
    }
}
