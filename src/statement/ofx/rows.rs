//! One `STMTTRN`: from its fields to a row of the ledger, or a refusal that names it.

use super::super::wording::clean;
use super::super::write::ofx::OWN_ID;
use super::super::{StatementError, StatementErrorKind, StatementRow, Warning};
use super::fields::{Field, Part, is_no_date};
use super::survey::MarkRule;
use crate::ledger::{NewTransaction, TransactionStatus};
use crate::money::{Currency, Money};

/// The most memos of one transaction.
const MAX_MEMOS: usize = 32;

/// What a row needs to know of the statement around it.
pub(super) struct RowContext<'a> {
    /// The part of the text it stands in, for refusals.
    pub part: Part<'a>,
    /// The file's decimal mark.
    pub mark: MarkRule,
    /// What the statement's amounts are in.
    pub currency: Currency,
    /// Whether the account may hold cash in several currencies, as brokers' accounts do.
    pub holds_other_currencies: bool,
}

/// `CURRENCY` or `ORIGCURRENCY` of a row (OFX 2.3, section 5.2).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CurrencyNote<'a> {
    /// `ORIGCURRENCY`: the amount was converted already, and this says from what.
    pub converted: bool,
    /// `CURRATE`.
    pub rate: Option<Field<'a>>,
    /// `CURSYM`.
    pub symbol: Option<Field<'a>>,
}

/// A transaction while its tags are being read.
#[derive(Debug, Default)]
pub(super) struct RowDraft<'a> {
    /// The tag it began with.
    pub tag: &'a str,
    /// Where it began, in bytes.
    pub offset: usize,
    /// The line it began on.
    pub line: u32,
    /// Whether the list is one of pending transactions.
    pub pending: bool,
    /// `CURRENCY` or `ORIGCURRENCY`.
    pub currency: Option<CurrencyNote<'a>>,
    date: Option<Field<'a>>,
    amount: Option<Field<'a>>,
    bank_id: Option<Field<'a>>,
    check_number: Option<Field<'a>>,
    reference: Option<Field<'a>>,
    name: Option<Field<'a>>,
    payee_name: Option<Field<'a>>,
    extended_name: Option<Field<'a>>,
    memos: Vec<Field<'a>>,
    correction: Option<Field<'a>>,
}

/// What became of a row.
pub(super) enum RowOutcome {
    /// It is read.
    Row(Box<StatementRow>, Option<Warning>),
    /// It is no booking, and the warning says why.
    LeftOut(Warning),
}

impl<'a> RowDraft<'a> {
    pub fn new(tag: &'a str, offset: usize, line: u32, pending: bool) -> Self {
        Self { tag, offset, line, pending, ..Self::default() }
    }

    /// Takes one leaf. The first of a kind counts; a second amount or date is a damaged row.
    ///
    /// # Errors
    /// A second amount or date.
    pub fn take(&mut self, part: Part<'_>, field: Field<'a>) -> Result<(), StatementError> {
        let slot = match field.name {
            "DTPOSTED" | "DTTRAN" => &mut self.date,
            "TRNAMT" => &mut self.amount,
            "FITID" => &mut self.bank_id,
            "CHECKNUM" => &mut self.check_number,
            "REFNUM" => &mut self.reference,
            "NAME" => &mut self.name,
            "EXTDNAME" => &mut self.extended_name,
            "CORRECTACTION" => &mut self.correction,
            "MEMO" | "MEMO2" => {
                if self.memos.len() >= MAX_MEMOS {
                    return Err(field.refuse(
                        part,
                        StatementErrorKind::TooLarge,
                        format!("one transaction holds more than {MAX_MEMOS} memos"),
                        "the file is damaged; download it again",
                    ));
                }
                self.memos.push(field);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if slot.is_some() && matches!(field.name, "TRNAMT" | "DTPOSTED") {
            return Err(field.refuse(
                part,
                StatementErrorKind::Malformed,
                format!("one transaction holds two <{}>", field.name),
                "the file is damaged; download it again",
            ));
        }
        slot.get_or_insert(field);
        Ok(())
    }

    /// Takes the name inside a `PAYEE` aggregate, or the text of a `PAYEE` that is none.
    pub fn take_payee_name(&mut self, field: Field<'a>) {
        self.payee_name.get_or_insert(field);
    }

    /// Puts the row together.
    ///
    /// # Errors
    /// A missing or unreadable date or amount, and an amount in a currency that is not the account's.
    pub fn finish(self, context: &RowContext<'a>) -> Result<RowOutcome, StatementError> {
        if let Some(action) = self.correction.map(|field| field.text()).filter(|text| !text.is_empty()) {
            let id = self.bank_id.map(|field| field.text().into_owned()).unwrap_or_default();
            if action.eq_ignore_ascii_case("DELETE") {
                return Ok(RowOutcome::LeftOut(Warning {
                    line: self.line,
                    text: format!(
                        "the bank withdraws a transaction that it sent before (id {id}); check that row by hand"
                    ),
                }));
            }
        }
        let date_field = self.required(context.part, self.date, "DTPOSTED")?;
        if is_no_date(&date_field.text()) {
            return Err(self.missing(context.part, "DTPOSTED"));
        }
        let posted = date_field.date(context.part)?;
        let currency = self.currency_of_amount(context)?;
        let amount = self.required(context.part, self.amount, "TRNAMT")?.amount(
            context.part,
            context.mark,
            currency,
        )?;
        let warning = self.correction.map(|_| Warning {
            line: self.line,
            text: "the bank says that this row replaces one that it sent before; check both".to_owned(),
        });
        let row = StatementRow {
            line: self.line,
            transaction: self.transaction(posted, amount),
            parts: Vec::new(),
        };
        Ok(RowOutcome::Row(Box::new(row), warning))
    }

    fn transaction(&self, posted: jiff::civil::Date, amount: Money) -> NewTransaction {
        let filled = |field: Option<Field<'a>>| {
            field.map(|field| field.text().into_owned()).filter(|text| !text.is_empty())
        };
        let mut memos: Vec<String> = self.memos.iter().filter_map(|field| filled(Some(*field))).collect();
        let (name, extended) = (filled(self.name), filled(self.extended_name));
        // A name that was cut goes on in EXTDNAME.
        let goes_on = |(name, extended): (&String, &String)| extended.starts_with(name.as_str());
        let is_longer = name.as_ref().zip(extended.as_ref()).is_some_and(goes_on);
        let payee_raw = name
            .filter(|_| !is_longer)
            .or_else(|| extended.clone().filter(|_| is_longer))
            .or_else(|| filled(self.payee_name))
            .or(extended)
            .or_else(|| (!memos.is_empty()).then(|| memos.remove(0)))
            .unwrap_or_default();
        if let Some(note) = self.currency.filter(|note| note.converted) {
            let symbol = filled(note.symbol).unwrap_or_default();
            let rate = filled(note.rate).map(|rate| format!(", rate {rate}")).unwrap_or_default();
            memos.push(format!("(originally in {symbol}{rate})"));
        }
        NewTransaction {
            posted,
            amount,
            payee: clean(&payee_raw),
            payee_raw,
            memo: (!memos.is_empty()).then(|| clean(&memos.join(" "))),
            reference: filled(self.check_number).or_else(|| filled(self.reference)),
            category: None,
            status: if self.pending { TransactionStatus::Pending } else { TransactionStatus::Posted },
            // What our own export put in the place of a missing id is none.
            bank_id: filled(self.bank_id).filter(|id| !id.starts_with(OWN_ID)),
        }
    }

    /// The currency that the amount is written in.
    fn currency_of_amount(&self, context: &RowContext<'a>) -> Result<Currency, StatementError> {
        let Some(symbol) = self.currency.filter(|note| !note.converted).and_then(|note| note.symbol) else {
            return Ok(context.currency);
        };
        let code = symbol.text();
        let written = Currency::iso(&code).ok().filter(|_| !code.is_empty());
        match written {
            Some(currency) if currency == context.currency || context.holds_other_currencies => Ok(currency),
            _ => Err(symbol.refuse(
                context.part,
                StatementErrorKind::BadField,
                format!(
                    "this transaction is in {}, the account in {}, and converting it would be a guess",
                    code.chars().take(12).collect::<String>(),
                    context.currency
                ),
                "write the amount in the account's currency in a copy of the file, or enter the row by hand",
            )),
        }
    }

    fn required(
        &self,
        part: Part<'_>,
        field: Option<Field<'a>>,
        name: &str,
    ) -> Result<Field<'a>, StatementError> {
        field.filter(|field| !field.raw.trim().is_empty()).ok_or_else(|| self.missing(part, name))
    }

    fn missing(&self, part: Part<'_>, name: &str) -> StatementError {
        let field = Field { name: self.tag, raw: "", offset: self.offset };
        let body = part.from(self.offset);
        let end = body.find("</STMTTRN").unwrap_or(body.len().min(400));
        let shown = body.get(..end).unwrap_or_default();
        let mut error = field.refuse(
            part,
            StatementErrorKind::BadField,
            format!("this transaction has no <{name}>"),
            "add it in a copy of the file, or take in all other rows with --skip-bad-rows",
        );
        error.excerpt = super::super::problem::excerpt(shown);
        error
    }
}
