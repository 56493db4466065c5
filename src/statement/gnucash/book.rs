//! A GnuCash book as plain values, and what it means.

use crate::ledger::{AccountKind, TransactionStatus};
use crate::money::Decimal;
use crate::statement::StatementError;
use crate::statement::book::bad_field;
use crate::statement::book::double_entry::{Class, Entry, Ledger, Moves, Posting, Value};
use crate::statement::wording::clean;
use jiff::civil::Date;
use std::collections::HashMap;

/// The deepest tree of accounts.
const MAX_DEPTH: usize = 64;

/// What amounts are in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashCommodity {
    /// How other rows refer to it: a GUID, or of XML the namespace and the code.
    pub id: String,
    /// `CURRENCY` for those of ISO 4217 (`ISO4217` in old files), else an exchange.
    pub namespace: String,
    /// Its code.
    pub code: String,
    /// Parts of its smallest unit in one: 100 for cents.
    pub fraction: i64,
}

/// An account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashAccount {
    /// Its GUID.
    pub id: String,
    /// Its own name, without those above it.
    pub name: String,
    /// `BANK`, `EXPENSE`, ...
    pub kind: String,
    /// What it is in, by the commodity's `id`.
    pub commodity: Option<String>,
    /// The account above it.
    pub parent: Option<String>,
    /// Whether it belongs to the templates of scheduled transactions.
    pub is_template: bool,
}

/// A transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashTransaction {
    /// Its GUID.
    pub id: String,
    /// Line in the file, from 1; 0 where it has none.
    pub line: u32,
    /// What its values are in, by the commodity's `id`.
    pub currency: String,
    /// Cheque number or the like.
    pub number: String,
    /// The day, as `2026-03-31`, with or without a time behind it.
    pub posted: String,
    /// The day alone, where the file has it apart.
    pub posted_day: Option<String>,
    /// Whether the time is the owner's own: then the date before it is the day.
    pub is_local_time: bool,
    /// What it says.
    pub description: String,
    /// Its notes.
    pub notes: Option<String>,
    /// Its sides.
    pub splits: Vec<GnucashSplit>,
}

/// One side of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashSplit {
    /// Line in the file, from 1; 0 where it has none.
    pub line: u32,
    /// The account, by its GUID.
    pub account: String,
    /// What it says.
    pub memo: String,
    /// `n`, `c`, `y`: not, cleared, reconciled; `v`: void.
    pub reconciled: String,
    /// The amount in the transaction's currency, as numerator and denominator.
    pub value: (i64, i64),
    /// The amount in the account's commodity, as numerator and denominator.
    pub quantity: (i64, i64),
}

/// A book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashBook {
    /// What amounts are in.
    pub commodities: Vec<GnucashCommodity>,
    /// The accounts.
    pub accounts: Vec<GnucashAccount>,
    /// The transactions.
    pub transactions: Vec<GnucashTransaction>,
}

/// What the accounts of a book are, by GUID.
struct Index<'b> {
    accounts: HashMap<&'b str, &'b GnucashAccount>,
    commodities: HashMap<&'b str, &'b GnucashCommodity>,
}

impl GnucashBook {
    pub(super) fn into_ledger(self) -> Result<Ledger, StatementError> {
        let index = Index {
            accounts: self.accounts.iter().map(|account| (account.id.as_str(), account)).collect(),
            commodities: self
                .commodities
                .iter()
                .map(|commodity| (commodity.id.as_str(), commodity))
                .collect(),
        };
        let mut ledger = Ledger::default();
        for commodity in &self.commodities {
            if let Some(digits) = digits_of(commodity.fraction) {
                ledger.digits.insert(word_of(commodity), digits);
            }
        }
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for transaction in &self.transactions {
            let is_template = transaction.splits.iter().any(|split| {
                index.accounts.get(split.account.as_str()).is_some_and(|account| index.is_template(account))
            });
            if is_template {
                continue;
            }
            let entry = index.entry(transaction, &mut ledger, &mut numbers)?;
            ledger.entries.push(entry);
        }
        Ok(ledger)
    }
}

impl<'b> Index<'b> {
    fn is_template(&self, account: &GnucashAccount) -> bool {
        self.line_of(account).iter().any(|account| account.is_template)
    }

    /// The account and those above it, itself first.
    fn line_of<'s>(&'s self, account: &'s GnucashAccount) -> Vec<&'s GnucashAccount> {
        let mut line = vec![account];
        let mut at = account;
        while let Some(parent) = at.parent.as_deref().and_then(|id| self.accounts.get(id)) {
            if line.len() >= MAX_DEPTH {
                break;
            }
            line.push(parent);
            at = parent;
        }
        line
    }

    fn full_name(&self, account: &GnucashAccount) -> String {
        let line = self.line_of(account);
        let names: Vec<String> = line
            .iter()
            .rev()
            .filter(|account| account.kind != "ROOT")
            .map(|account| clean(&account.name).replace(':', "-"))
            .collect();
        names.join(":")
    }

    fn class(&self, account: &GnucashAccount, full: &str) -> Class {
        let without_root = |root: &str| match full.split_once(':') {
            Some((first, below)) if first.to_lowercase().starts_with(root) => Some(below.to_owned()),
            _ => Some(full.to_owned()),
        };
        match account.kind.as_str() {
            "EXPENSE" => Class::Category(without_root("expense")),
            "INCOME" => Class::Category(without_root("income").map(|below| format!("Income:{below}"))),
            "EQUITY" | "TRADING" => Class::Category(Some(full.to_owned())),
            "BANK" | "CHECKING" => Class::Own(AccountKind::Checking),
            "SAVINGS" | "MONEYMRKT" => Class::Own(AccountKind::Savings),
            "CASH" => Class::Own(AccountKind::Cash),
            "CREDIT" => Class::Own(AccountKind::CreditCard),
            "CREDITLINE" => Class::Own(AccountKind::Loan),
            "STOCK" | "MUTUAL" => Class::Own(AccountKind::Investment),
            _ => Class::Own(super::super::journal::guessed_kind(full, AccountKind::Other)),
        }
    }

    fn commodity(&self, id: &str, transaction: &GnucashTransaction) -> Result<String, StatementError> {
        let found = self.commodities.get(id).ok_or_else(|| missing(transaction, "a commodity"))?;
        Ok(word_of(found))
    }

    fn entry(
        &self,
        transaction: &GnucashTransaction,
        ledger: &mut Ledger,
        numbers: &mut HashMap<&'b str, usize>,
    ) -> Result<Entry, StatementError> {
        let currency = self.commodity(&transaction.currency, transaction)?;
        let mut postings = Vec::with_capacity(transaction.splits.len());
        for split in &transaction.splits {
            let (id, account) = self
                .accounts
                .get_key_value(split.account.as_str())
                .ok_or_else(|| missing(transaction, "an account"))?;
            let number = match numbers.get(id) {
                Some(number) => *number,
                None => {
                    // Two accounts of one name are two: the second is told apart by its GUID.
                    let mut full = self.full_name(account);
                    if ledger.by_name.contains_key(&full) {
                        full = format!("{full} {}", id.get(..8).unwrap_or(id));
                    }
                    let number = ledger.account(&full, |full| self.class(account, full));
                    numbers.insert(id, number);
                    number
                }
            };
            let held = match account.commodity.as_deref() {
                Some(commodity) => self.commodity(commodity, transaction)?,
                None => currency.clone(),
            };
            let amount = Value { number: decimal(transaction, split.quantity)?, commodity: held };
            let weight = Value { number: decimal(transaction, split.value)?, commodity: currency.clone() };
            let memo = Some(clean(&split.memo)).filter(|memo| !memo.is_empty());
            // A split that moves nothing here keeps only its words.
            postings.push(Posting {
                line: split.line.max(transaction.line),
                account: number,
                moves: Moves::Amount { amount, weight },
                memo,
                category: None,
            });
        }
        let states: Vec<&str> = transaction.splits.iter().map(|split| split.reconciled.as_str()).collect();
        let is_reconciled = !states.is_empty() && states.contains(&"y");
        let text = |text: &str| Some(clean(text)).filter(|text| !text.is_empty());
        Ok(Entry {
            line: transaction.line,
            shown: transaction.description.clone(),
            posted: posted(transaction)?,
            payee: clean(&transaction.description),
            payee_raw: None,
            memo: transaction.notes.as_deref().and_then(text),
            reference: text(&transaction.number),
            status: if is_reconciled { TransactionStatus::Reconciled } else { TransactionStatus::Posted },
            bank_id: None,
            tags: Vec::new(),
            opening: None,
            postings,
        })
    }
}

/// The word for a commodity: its code; one of an exchange that has a currency's code is told apart.
fn word_of(commodity: &GnucashCommodity) -> String {
    let is_currency = matches!(commodity.namespace.as_str(), "CURRENCY" | "ISO4217");
    let clash = !is_currency && crate::money::Currency::iso(&commodity.code).is_ok();
    let code: String = commodity
        .code
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    if clash { format!("{code}.X") } else { code }
}

fn digits_of(fraction: i64) -> Option<u8> {
    (0..=9u8).find(|digits| 10i64.checked_pow(u32::from(*digits)) == Some(fraction))
}

fn missing(transaction: &GnucashTransaction, what: &str) -> StatementError {
    bad_field(
        transaction.line,
        &transaction.description,
        format!("the transaction refers to {what} that is not in the file"),
        "let GnuCash check and repair the book, then save it again",
    )
}

fn decimal(
    transaction: &GnucashTransaction,
    (numerator, denominator): (i64, i64),
) -> Result<Decimal, StatementError> {
    Decimal::from_fraction(numerator, denominator).ok_or_else(|| {
        bad_field(
            transaction.line,
            &transaction.description,
            format!("{numerator}/{denominator} is no decimal amount"),
            "correct the amount in GnuCash",
        )
    })
}

/// The day of a transaction. Files keep the owner's midnight in UTC (before GnuCash 2.6.21) or 10:59 in UTC (since): a
/// midnight that is past noon in UTC belongs to the day after.
fn posted(transaction: &GnucashTransaction) -> Result<Date, StatementError> {
    let wrong = || {
        bad_field(
            transaction.line,
            &transaction.posted,
            "the transaction has no day of the calendar",
            "correct the date in GnuCash",
        )
    };
    if let Some(day) = &transaction.posted_day {
        let digits: String = day.chars().filter(char::is_ascii_digit).collect();
        let (year, rest) = digits.split_at_checked(4).ok_or_else(wrong)?;
        let (month, day) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else {
            return Err(wrong());
        };
        return Date::new(year, month, day).map_err(|_| wrong());
    }
    let (day, time) = transaction.posted.split_at_checked(10).ok_or_else(wrong)?;
    let date: Date = day.parse().map_err(|_| wrong())?;
    let hour: u8 = time.trim().get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(0);
    if hour >= 12 && !transaction.is_local_time { date.tomorrow().map_err(|_| wrong()) } else { Ok(date) }
}
