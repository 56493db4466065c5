//! The facts that a disclosure can state. Names of members follow UK Open Banking where it has them.

mod account;
mod balance;
mod label;
mod number;
mod rows;
mod threshold;
mod totals;

pub use account::{AccountFact, DocumentFact, HolderDetails};
pub use balance::{BalanceFact, BalanceRangeFact, BalanceType};
pub use label::{AccountLabel, MaskedNumber};
pub use number::{FullNumber, NumberScheme};
pub use rows::{PayeeForm, Row, RowStatus, TransactionsFact};
pub use threshold::{Measure, ThresholdFact};
pub use totals::{CellTotal, Grouping, INCOME, MIN_CELL_ROWS, Period, PeriodTotals, SPENDING, TotalsFact};

pub(super) use account::{AccountWire, DocumentWire};
pub(super) use balance::{BalanceRangeWire, BalanceWire};
pub(super) use rows::TransactionsWire;
pub(super) use threshold::ThresholdWire;
pub(super) use totals::TotalsWire;

use super::selection::{Evidence, Selection};
use crate::money::Money;
use serde::{Deserialize, Serialize};

/// One statement of fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// What an account's balance was at the end of a day.
    Balance(BalanceFact),
    /// Between which amounts it was.
    BalanceRange(BalanceRangeFact),
    /// Whether it was at least, or at most, an amount.
    Threshold(ThresholdFact),
    /// Sums and counts by period and group.
    Totals(TotalsFact),
    /// Transactions, with the chosen fields only.
    Transactions(TransactionsFact),
    /// That an account exists and what it is.
    Account(AccountFact),
    /// A document by its digest.
    Document(DocumentFact),
}

impl Fact {
    /// The word that the token and JSON use for this kind of fact.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Balance(_) => "balance",
            Self::BalanceRange(_) => "balance-range",
            Self::Threshold(_) => "balance-threshold",
            Self::Totals(_) => "totals-by-period",
            Self::Transactions(_) => "transactions",
            Self::Account(_) => "account",
            Self::Document(_) => "document",
        }
    }

    /// Which rows it rests on.
    pub const fn selection(&self) -> &Selection {
        match self {
            Self::Balance(fact) => &fact.selection,
            Self::BalanceRange(fact) => &fact.selection,
            Self::Threshold(fact) => &fact.selection,
            Self::Totals(fact) => &fact.selection,
            Self::Transactions(fact) => &fact.selection,
            Self::Account(fact) => &fact.selection,
            Self::Document(fact) => &fact.selection,
        }
    }

    /// How well founded it is.
    pub const fn evidence(&self) -> &Evidence {
        match self {
            Self::Balance(fact) => &fact.evidence,
            Self::BalanceRange(fact) => &fact.evidence,
            Self::Threshold(fact) => &fact.evidence,
            Self::Totals(fact) => &fact.evidence,
            Self::Transactions(fact) => &fact.evidence,
            Self::Account(fact) => &fact.evidence,
            Self::Document(fact) => &fact.evidence,
        }
    }

    /// The account it is about; a document is about none.
    pub const fn account(&self) -> &AccountLabel {
        match self {
            Self::Balance(fact) => &fact.account,
            Self::BalanceRange(fact) => &fact.account,
            Self::Threshold(fact) => &fact.account,
            Self::Totals(fact) => &fact.account,
            Self::Transactions(fact) => &fact.account,
            Self::Account(fact) => &fact.account,
            Self::Document(_) => AccountLabel::NONE,
        }
    }

    /// As the wire has it; `rows` gives what stands in the places of a transactions fact's rows.
    pub(super) fn to_wire<R, E>(
        &self,
        rows: impl FnOnce(&TransactionsFact) -> Result<TransactionsWire<R>, E>,
    ) -> Result<FactWire<R>, E> {
        Ok(match self {
            Self::Balance(fact) => FactWire::Balance(fact.into()),
            Self::BalanceRange(fact) => FactWire::BalanceRange(fact.into()),
            Self::Threshold(fact) => FactWire::BalanceThreshold(fact.into()),
            Self::Totals(fact) => FactWire::TotalsByPeriod(fact.into()),
            Self::Transactions(fact) => FactWire::Transactions(rows(fact)?),
            Self::Account(fact) => FactWire::Account(fact.into()),
            Self::Document(fact) => FactWire::Document(fact.into()),
        })
    }
}

impl Serialize for Fact {
    /// As the token has it, with the rows in their places; `withheld` is added where rows are missing.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let in_place = |fact: &TransactionsFact| {
            Ok(fact.with_rows(fact.rows.clone(), Some(fact.withheld).filter(|count| *count > 0)))
        };
        self.to_wire::<Row, S::Error>(in_place)?.serialize(serializer)
    }
}

/// A place in an array whose content is a disclosure of its own (RFC 9901, section 4.2.4.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slot {
    #[serde(rename = "...")]
    pub(super) digest: String,
}

/// A fact as its own disclosure carries it, with slots for `R`, or as people read it, with rows.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum FactWire<R> {
    Balance(BalanceWire),
    BalanceRange(BalanceRangeWire),
    BalanceThreshold(ThresholdWire),
    TotalsByPeriod(TotalsWire),
    Transactions(TransactionsWire<R>),
    Account(AccountWire),
    Document(DocumentWire),
}

/// An amount said to be rounded must be a multiple of the step.
fn check_rounding(amount: Money, selection: &Selection) -> Result<(), &'static str> {
    let Some(step) = selection.rounding else { return Ok(()) };
    if step.currency() != amount.currency() {
        return Err("rounded in another currency");
    }
    match amount.minor().checked_rem(step.minor()) {
        Some(0) => Ok(()),
        _ => Err("an amount that is not rounded as stated"),
    }
}
