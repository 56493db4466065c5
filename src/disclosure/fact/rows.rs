//! Transactions row by row, each with the chosen fields only.

use super::{AccountLabel, check_rounding};
use crate::disclosure::json::make_plain;
use crate::disclosure::pseudonym::{is_masked_payee, is_pseudonym};
use crate::disclosure::selection::{Evidence, Selection};
use crate::disclosure::wire::{AmountWire, CreditDebitIndicator, IsoDate};
use crate::ledger::transaction::TransactionStatus;
use crate::money::Money;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Transactions of one account, each of which a recipient can pass on alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionsFact {
    /// Which account.
    pub account: AccountLabel,
    /// How payees are written.
    pub payees: PayeeForm,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows were signed but are not in this copy of the token. Zero in a draft.
    pub withheld: u64,
    /// How they were selected.
    pub selection: Selection,
    /// How well founded they are.
    pub evidence: Evidence,
}

/// How payees are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PayeeForm {
    /// As the owner's records show them.
    #[default]
    Shown,
    /// By the initials of two words at most.
    Masked,
    /// By a name that is the same for one recipient and another for everybody else.
    Pseudonym,
}

impl PayeeForm {
    /// Every form, in the order that help shows them.
    pub const ALL: [Self; 3] = [Self::Shown, Self::Masked, Self::Pseudonym];

    /// The word that the token, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Masked => "masked",
            Self::Pseudonym => "pseudonym",
        }
    }

    pub(super) fn is_shown(&self) -> bool {
        *self == Self::Shown
    }

    /// Whether a payee's text has this form.
    pub(super) fn allows(self, text: &str) -> bool {
        match self {
            Self::Shown => true,
            Self::Masked => is_masked_payee(text),
            Self::Pseudonym => is_pseudonym(text),
        }
    }
}

/// On the wire a form is there only where payees are hidden: one text for each token.
pub(super) mod hidden_form {
    use super::PayeeForm;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(form: &PayeeForm, serializer: S) -> Result<S::Ok, S::Error> {
        form.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PayeeForm, D::Error> {
        match PayeeForm::deserialize(deserializer)? {
            PayeeForm::Shown => Err(D::Error::custom("payees that are shown are not announced")),
            form => Ok(form),
        }
    }
}

/// A transaction, of which only the chosen fields are there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "RowWire", into = "RowWire")]
pub struct Row {
    /// An id made for this recipient and question (see [`crate::disclosure::row_id`]); never the bank's. Where the same
    /// question is asked again, a row that did not change keeps it, and no other row gets it.
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::disclosure) struct TransactionsWire<R> {
    pub(in crate::disclosure) selection: Selection,
    pub(in crate::disclosure) evidence: Evidence,
    #[serde(rename = "Account")]
    pub(in crate::disclosure) account: AccountLabel,
    #[serde(
        rename = "Counterparties",
        default,
        skip_serializing_if = "PayeeForm::is_shown",
        with = "hidden_form"
    )]
    pub(in crate::disclosure) payees: PayeeForm,
    #[serde(rename = "Transaction")]
    pub(in crate::disclosure) rows: Vec<R>,
    /// Never in a token: what is missing there is counted, not claimed.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub(in crate::disclosure) withheld: Option<u64>,
}

impl TransactionsFact {
    /// As the wire has it, with these in the places of the rows.
    pub(in crate::disclosure) fn with_rows<R>(
        &self,
        rows: Vec<R>,
        withheld: Option<u64>,
    ) -> TransactionsWire<R> {
        TransactionsWire {
            selection: self.selection.clone(),
            evidence: self.evidence.clone(),
            account: self.account.clone(),
            payees: self.payees,
            rows,
            withheld,
        }
    }

    /// Whether the numbers of rows fit together, the amounts the rounding, and the payees their form.
    pub(in crate::disclosure) fn check(&self) -> Result<(), &'static str> {
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
            if row.information.as_deref().is_some_and(|text| !self.payees.allows(text)) {
                return Err("a payee that is not hidden as stated");
            }
        }
        Ok(())
    }
}
