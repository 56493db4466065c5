//! The JSON shapes that several commands print, and amounts as they are typed.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use finvault::ledger::{Account, Annotations, Balance, Opening, Transaction};
use finvault::money::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;

/// An account.
#[derive(Serialize)]
pub struct AccountShape {
    account: String,
    kind: &'static str,
    currency: String,
    institution: Option<String>,
    number: Option<String>,
    opening: Option<OpeningShape>,
    closed: Option<String>,
}

#[derive(Serialize)]
struct OpeningShape {
    date: String,
    amount: String,
    derived: bool,
}

impl AccountShape {
    /// The account with its number in full: the owner asked for this one.
    pub fn full(account: &Account) -> Self {
        Self { number: account.number.clone(), ..Self::masked(account) }
    }

    /// The account with all but the number's end hidden.
    pub fn masked(account: &Account) -> Self {
        Self {
            account: account.name.clone(),
            kind: account.kind.as_str(),
            currency: account.currency.code().to_owned(),
            institution: account.institution.clone(),
            number: account.masked_number(),
            opening: account.opening.as_ref().map(|opening: &Opening| OpeningShape {
                date: opening.date.to_string(),
                amount: opening.amount.to_decimal(),
                derived: opening.derived,
            }),
            closed: account.closed.map(|day| day.to_string()),
        }
    }
}

/// A transaction.
#[derive(Serialize)]
pub struct TransactionShape {
    id: i64,
    account: String,
    date: String,
    amount: String,
    currency: String,
    payee: String,
    payee_raw: String,
    memo: Option<String>,
    reference: Option<String>,
    category: Option<String>,
    status: &'static str,
    bank_id: Option<String>,
    batch: Option<i64>,
}

impl TransactionShape {
    /// A transaction of the account of this name.
    pub fn new(transaction: &Transaction, account: &str) -> Self {
        let detail = &transaction.detail;
        Self {
            id: transaction.id.0,
            account: account.to_owned(),
            date: detail.posted.to_string(),
            amount: detail.amount.to_decimal(),
            currency: detail.amount.currency().code().to_owned(),
            payee: detail.payee.clone(),
            payee_raw: detail.payee_raw.clone(),
            memo: detail.memo.clone(),
            reference: detail.reference.clone(),
            category: detail.category.clone(),
            status: detail.status.as_str(),
            bank_id: detail.bank_id.clone(),
            batch: transaction.batch.map(|batch| batch.0),
        }
    }
}

/// A transaction with what was added to it.
#[derive(Serialize)]
pub struct AnnotatedShape {
    #[serde(flatten)]
    transaction: TransactionShape,
    tags: Vec<String>,
    splits: Vec<PartShape>,
    attachments: u64,
}

#[derive(Serialize)]
struct PartShape {
    category: String,
    amount: String,
    memo: Option<String>,
}

impl AnnotatedShape {
    /// A transaction of the account of this name, and what was added to it, if anything.
    pub fn new(transaction: &Transaction, account: &str, annotations: Option<&Annotations>) -> Self {
        Self {
            transaction: TransactionShape::new(transaction, account),
            tags: annotations.map(|added| added.tags.clone()).unwrap_or_default(),
            splits: annotations
                .iter()
                .flat_map(|added| &added.parts)
                .map(|part| PartShape {
                    category: part.category.to_string(),
                    amount: part.amount.to_decimal(),
                    memo: part.memo.clone(),
                })
                .collect(),
            attachments: annotations.map(|added| added.attachments).unwrap_or_default(),
        }
    }
}

/// An account's balance; the first five keys are a promise.
#[derive(Serialize)]
pub struct BalanceShape {
    account: String,
    kind: &'static str,
    currency: String,
    balance: String,
    as_of: String,
    stated: Option<StatedShape>,
}

#[derive(Serialize)]
struct StatedShape {
    date: String,
    balance: String,
    computed: String,
    difference: Option<String>,
}

impl From<&Balance> for BalanceShape {
    fn from(balance: &Balance) -> Self {
        Self {
            account: balance.name.clone(),
            kind: balance.kind.as_str(),
            currency: balance.computed.currency().code().to_owned(),
            balance: balance.computed.to_decimal(),
            as_of: balance.as_of.to_string(),
            stated: balance.stated.as_ref().map(|comparison| StatedShape {
                date: comparison.date.to_string(),
                balance: comparison.stated.to_decimal(),
                computed: comparison.computed.to_decimal(),
                difference: comparison.difference().ok().map(Money::to_decimal),
            }),
        }
    }
}

/// A moment in UTC, to the second, as ISO 8601 writes it.
pub fn iso(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads an amount as typed: a point as decimal mark, no grouping.
pub fn amount(text: &str, currency: Currency, option: &str) -> Result<Money, Failure> {
    Money::parse(text, currency).map_err(|error| {
        Failure::new(Exit::Usage, error.to_string())
            .help(format!("write {option} with a point and at most {} decimal digits", currency.exponent()))
    })
}
