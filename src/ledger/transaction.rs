//! Transactions: one movement on one account, as the bank wrote it and as it is shown.

use super::account::AccountId;
use crate::money::Money;
use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// A transaction's number inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(pub i64);

/// The number of an import (one file, one batch) inside one vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub i64);

/// How settled a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionStatus {
    /// Announced by the bank, not yet booked.
    Pending,
    /// Booked.
    Posted,
    /// Booked, and compared with a statement by the owner.
    Reconciled,
}

impl TransactionStatus {
    /// The word that the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Posted => "posted",
            Self::Reconciled => "reconciled",
        }
    }
}

impl fmt::Display for TransactionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TransactionStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        [Self::Pending, Self::Posted, Self::Reconciled]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.chars().take(40).collect()))
    }
}

/// A word that names no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no status of a transaction")]
pub struct UnknownStatus(pub String);

/// What is said of a transaction when it is entered, by hand or from a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransaction {
    /// The day the bank booked it, as written (no time zone is applied).
    pub posted: Date,
    /// How much; positive raises the account's balance.
    pub amount: Money,
    /// The other party, cleaned for reading.
    pub payee: String,
    /// The other party exactly as the bank wrote it.
    pub payee_raw: String,
    /// Further text from the bank or the owner.
    pub memo: Option<String>,
    /// A cheque number or other reference.
    pub reference: Option<String>,
    /// The owner's category.
    pub category: Option<String>,
    /// How settled it is.
    pub status: TransactionStatus,
    /// The bank's own id for it, where the source has one.
    pub bank_id: Option<String>,
}

/// A transaction as the vault holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its number in this vault.
    pub id: TransactionId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The import that brought it; none when it was entered by hand.
    pub batch: Option<BatchId>,
    /// What was said of it.
    pub detail: NewTransaction,
}
