//! The facts that a disclosure can state. Names of members follow UK Open Banking where it has them.

use super::json::make_plain;
use super::selection::{Evidence, Selection};
use super::wire::{AmountWire, CreditDebitIndicator, IsoDate};
use crate::ledger::account::mask_number;
use crate::ledger::transaction::TransactionStatus;
use crate::money::Money;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One statement of fact.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// What an account's balance was at the end of a day.
    Balance(BalanceFact),
    /// Transactions, with the chosen fields only.
    Transactions(TransactionsFact),
}

impl Fact {
    /// The word that the token and JSON use for this kind of fact.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Balance(_) => "balance",
            Self::Transactions(_) => "transactions",
        }
    }

    /// Which rows it rests on.
    pub const fn selection(&self) -> &Selection {
        match self {
            Self::Balance(fact) => &fact.selection,
            Self::Transactions(fact) => &fact.selection,
        }
    }

    /// How well founded it is.
    pub const fn evidence(&self) -> &Evidence {
        match self {
            Self::Balance(fact) => &fact.evidence,
            Self::Transactions(fact) => &fact.evidence,
        }
    }

    /// The account it is about.
    pub const fn account(&self) -> &AccountLabel {
        match self {
            Self::Balance(fact) => &fact.account,
            Self::Transactions(fact) => &fact.account,
        }
    }
}

impl Serialize for Fact {
    /// As the token has it, with the rows in their places; `withheld` is added where rows are missing.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Balance(fact) => FactWire::<Row>::Balance(fact.into()),
            Self::Transactions(fact) => FactWire::Transactions(TransactionsWire {
                selection: fact.selection.clone(),
                evidence: fact.evidence.clone(),
                account: fact.account.clone(),
                rows: fact.rows.clone(),
                withheld: Some(fact.withheld).filter(|count| *count > 0),
            }),
        }
        .serialize(serializer)
    }
}

/// An account number of which at most the last four characters can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaskedNumber(String);

impl MaskedNumber {
    /// Hides all but the last four letters and digits of a number; of a short number, all.
    pub fn new(number: &str) -> Self {
        Self(mask_number(number))
    }

    /// For example `••••6789`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MaskedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for MaskedNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let tail = text.strip_prefix("••••").ok_or("an account number that is not masked")?;
        let length = tail.chars().count();
        if (length == 0 || length == 4) && tail.chars().all(char::is_alphanumeric) {
            Ok(Self(text))
        } else {
            Err("an account number that is not masked")
        }
    }
}

impl From<MaskedNumber> for String {
    fn from(number: MaskedNumber) -> Self {
        number.0
    }
}

/// What the recipient is told about which account it is: nothing, unless the owner chooses a field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLabel {
    /// A name for it.
    #[serde(rename = "Nickname", skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Its number, masked.
    #[serde(rename = "Identification", skip_serializing_if = "Option::is_none")]
    pub number: Option<MaskedNumber>,
}

impl AccountLabel {
    /// A label from the owner's own texts: the name made plain, the number masked.
    pub fn new(nickname: Option<&str>, number: Option<&str>) -> Self {
        Self {
            nickname: nickname.map(make_plain).filter(|plain| !plain.is_empty()),
            number: number.map(MaskedNumber::new),
        }
    }
}

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

/// Transactions of one account, each of which a recipient can pass on alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionsFact {
    /// Which account.
    pub account: AccountLabel,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows were signed but are not in this copy of the token. Zero in a draft.
    pub withheld: u64,
    /// How they were selected.
    pub selection: Selection,
    /// How well founded they are.
    pub evidence: Evidence,
}

/// A transaction, of which only the chosen fields are there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "RowWire", into = "RowWire")]
pub struct Row {
    /// An id made for this recipient (see [`super::row_id`]); never the bank's.
    pub id: Option<String>,
    /// The day it was booked, as the bank wrote it.
    pub booked: Option<Date>,
    /// How much; negative left the account.
    pub amount: Option<Money>,
    /// Booked or pending.
    pub status: Option<RowStatus>,
    /// The other party and what else describes it.
    pub information: Option<String>,
}

impl Row {
    /// A bank's text as a row may carry it: characters that could mislead a reader become spaces.
    pub fn information_from(text: &str) -> Option<String> {
        Some(make_plain(text)).filter(|plain| !plain.is_empty())
    }
}

/// How settled a transaction is, as UK Open Banking names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RowStatus {
    /// Booked by the bank.
    Booked,
    /// Announced, not yet booked.
    Pending,
}

impl RowStatus {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "Booked",
            Self::Pending => "Pending",
        }
    }
}

impl From<TransactionStatus> for RowStatus {
    fn from(status: TransactionStatus) -> Self {
        match status {
            TransactionStatus::Pending => Self::Pending,
            TransactionStatus::Posted | TransactionStatus::Reconciled => Self::Booked,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowWire {
    #[serde(rename = "TransactionId", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "BookingDateTime", skip_serializing_if = "Option::is_none")]
    booked: Option<IsoDate>,
    #[serde(rename = "Amount", skip_serializing_if = "Option::is_none")]
    amount: Option<AmountWire>,
    #[serde(rename = "CreditDebitIndicator", skip_serializing_if = "Option::is_none")]
    side: Option<CreditDebitIndicator>,
    #[serde(rename = "Status", skip_serializing_if = "Option::is_none")]
    status: Option<RowStatus>,
    #[serde(rename = "TransactionInformation", skip_serializing_if = "Option::is_none")]
    information: Option<String>,
}

impl From<Row> for RowWire {
    fn from(row: Row) -> Self {
        let (side, amount) = row.amount.map(AmountWire::split).unzip();
        Self {
            id: row.id,
            booked: row.booked.map(IsoDate),
            amount,
            side,
            status: row.status,
            information: row.information,
        }
    }
}

impl TryFrom<RowWire> for Row {
    type Error = &'static str;

    fn try_from(wire: RowWire) -> Result<Self, Self::Error> {
        let amount = match (wire.amount, wire.side) {
            (Some(amount), Some(side)) => Some(amount.join(side)?),
            (None, None) => None,
            _ => return Err("an amount without its side, or a side without its amount"),
        };
        Ok(Self {
            id: wire.id,
            booked: wire.booked.map(|day| day.0),
            amount,
            status: wire.status,
            information: wire.information,
        })
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
    Transactions(TransactionsWire<R>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BalanceWire {
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransactionsWire<R> {
    pub(super) selection: Selection,
    pub(super) evidence: Evidence,
    #[serde(rename = "Account")]
    pub(super) account: AccountLabel,
    #[serde(rename = "Transaction")]
    pub(super) rows: Vec<R>,
    /// Never in a token: what is missing there is counted, not claimed.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub(super) withheld: Option<u64>,
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

impl TransactionsFact {
    /// Whether the numbers of rows fit together, and the amounts the rounding.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let shown = u64::try_from(self.rows.len()).map_err(|_| "too many rows")?;
        let counted = shown.checked_add(self.withheld).and_then(|n| n.checked_add(self.selection.suppressed));
        if counted != Some(self.selection.matched) {
            return Err("the rows are not as many as matched");
        }
        for row in &self.rows {
            if *row == Row::default() {
                return Err("a row with no field");
            }
            let outside = |day: Date| {
                self.selection.from.is_some_and(|from| day < from)
                    || self.selection.to.is_some_and(|to| day > to)
            };
            if row.booked.is_some_and(outside) {
                return Err("a row outside its window");
            }
            if let Some(amount) = row.amount {
                check_rounding(amount, &self.selection)?;
            }
        }
        Ok(())
    }
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
