//! Brokers' statements: the cash side of each transaction. Holdings and prices are not read here.
//!
//! Buying, selling, income and fees carry `TOTAL`, the cash that moved, signed as written. A transfer,
//! split or reinvestment moves units and no cash; it becomes a row of zero whose memo says what moved, so
//! that no line of the statement is lost (OFX 2.3, section 13.9.2).

use super::super::wording::clean;
use super::super::{StatementError, StatementErrorKind, StatementRow, problem};
use super::fields::{Field, Part};
use super::rows::{CurrencyNote, RowContext};
use crate::ledger::{NewTransaction, TransactionStatus};
use crate::money::{Currency, Money};

/// Transactions whose `TOTAL` is the cash that moved.
const WITH_CASH: &[&str] = &[
    "BUYDEBT",
    "BUYMF",
    "BUYOPT",
    "BUYOTHER",
    "BUYSTOCK",
    "SELLDEBT",
    "SELLMF",
    "SELLOPT",
    "SELLOTHER",
    "SELLSTOCK",
    "INCOME",
    "INVEXPENSE",
    "MARGININTEREST",
    "RETOFCAP",
];
/// Transactions that move units, or cash between parts of one account.
const WITHOUT_CASH: &[&str] = &["CLOSUREOPT", "JRNLFUND", "JRNLSEC", "REINVEST", "SPLIT", "TRANSFER"];

/// A transaction of a broker while its tags are being read.
#[derive(Debug, Default)]
pub(super) struct InvestmentDraft<'a> {
    /// Its kind, for example `BUYSTOCK`.
    pub tag: &'a str,
    /// Where it began, in bytes.
    pub offset: usize,
    /// The line it began on.
    pub line: u32,
    /// `CURRENCY` or `ORIGCURRENCY`.
    pub currency: Option<CurrencyNote<'a>>,
    date: Option<Field<'a>>,
    total: Option<Field<'a>>,
    fraction_cash: Option<Field<'a>>,
    bank_id: Option<Field<'a>>,
    memo: Option<Field<'a>>,
    security: Option<Field<'a>>,
    units: Option<Field<'a>>,
    price: Option<Field<'a>>,
}

impl<'a> InvestmentDraft<'a> {
    pub fn new(tag: &'a str, offset: usize, line: u32) -> Self {
        Self { tag, offset, line, ..Self::default() }
    }

    /// Whether a tag directly inside `INVTRANLIST` is a transaction that is known.
    pub fn knows(tag: &str) -> bool {
        WITH_CASH.contains(&tag) || WITHOUT_CASH.contains(&tag)
    }

    /// Takes one leaf; the first of a kind counts.
    pub fn take(&mut self, field: Field<'a>) {
        let slot = match field.name {
            "DTTRADE" => &mut self.date,
            "TOTAL" => &mut self.total,
            "FRACCASH" => &mut self.fraction_cash,
            "FITID" => &mut self.bank_id,
            "MEMO" => &mut self.memo,
            "UNIQUEID" => &mut self.security,
            "UNITS" => &mut self.units,
            "UNITPRICE" => &mut self.price,
            _ => return,
        };
        slot.get_or_insert(field);
    }

    /// Puts the row together.
    ///
    /// # Errors
    /// A missing or unreadable date or total.
    pub fn finish(&self, context: &RowContext<'a>) -> Result<StatementRow, StatementError> {
        let Some(date) = self.date else { return Err(self.missing(context.part, "DTTRADE")) };
        let posted = date.date(context.part)?;
        let currency = self.currency_of_amount(context)?;
        let cash = if WITH_CASH.contains(&self.tag) { self.total } else { self.fraction_cash };
        let amount = match cash {
            Some(field) => field.amount(context.part, context.mark, currency)?,
            None if WITH_CASH.contains(&self.tag) => return Err(self.missing(context.part, "TOTAL")),
            None => Money::zero(currency),
        };
        let filled = |field: Option<Field<'a>>| {
            field.map(|field| field.text().into_owned()).filter(|text| !text.is_empty())
        };
        let security = filled(self.security);
        let payee_raw = filled(self.memo).or_else(|| security.clone()).unwrap_or_default();
        let mut memo = self.tag.to_owned();
        for (word, part) in [(" ", filled(self.units)), (" of ", security), (" at ", filled(self.price))] {
            if let Some(part) = part {
                memo.push_str(word);
                memo.push_str(&part);
            }
        }
        let transaction = NewTransaction {
            posted,
            amount,
            payee: clean(&payee_raw),
            payee_raw,
            memo: Some(clean(&memo)),
            reference: None,
            category: None,
            status: TransactionStatus::Posted,
            bank_id: filled(self.bank_id),
        };
        Ok(StatementRow { line: self.line, transaction, parts: Vec::new() })
    }

    fn currency_of_amount(&self, context: &RowContext<'a>) -> Result<Currency, StatementError> {
        let Some(symbol) = self.currency.filter(|note| !note.converted).and_then(|note| note.symbol) else {
            return Ok(context.currency);
        };
        Currency::iso(&symbol.text()).map_err(|error| {
            symbol.refuse(
                context.part,
                StatementErrorKind::BadField,
                error.to_string(),
                "correct the currency code in a copy of the file",
            )
        })
    }

    fn missing(&self, part: Part<'_>, name: &str) -> StatementError {
        problem::on_line(
            StatementErrorKind::BadField,
            self.line,
            part.from(self.offset),
            format!("this {} has no <{name}>", self.tag),
            "add it in a copy of the file, or ask the broker for the statement again",
        )
    }
}
