//! One statement while it is read: its account, rows and balances, and the bank's status beside it.

use super::super::packed::{PackedRows, PackedStatement};
use super::super::{
    StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind, StatementRow, Warning,
    problem,
};
use super::fields::{Field, Part, account_kind, is_no_date, parse_date};
use super::rows::RowContext;
use super::survey::MarkRule;
use crate::ledger::{AccountKind, BalanceKind};
use crate::money::{Currency, Money};
use jiff::civil::Date;

/// A `STATUS` aggregate (OFX 2.3, section 3.1.4).
#[derive(Debug, Default)]
pub(super) struct BankStatus {
    /// The line it began on.
    pub line: u32,
    /// Whether it answers the sign-on rather than one request.
    pub at_sign_on: bool,
    code: String,
    severity: String,
    message: String,
}

impl BankStatus {
    pub fn new(line: u32) -> Self {
        Self { line, ..Self::default() }
    }

    pub fn take(&mut self, field: Field<'_>) {
        let slot = match field.name {
            "CODE" if self.code.is_empty() => &mut self.code,
            "SEVERITY" => &mut self.severity,
            "MESSAGE" => &mut self.message,
            _ => return,
        };
        *slot = field.text().chars().take(200).collect();
    }

    fn is_nonzero(&self) -> bool {
        !self.code.is_empty() && self.code.bytes().any(|b| b != b'0')
    }

    /// Whether the bank refused what was asked.
    pub fn is_error(&self) -> bool {
        let harmless = ["INFO", "WARN"].iter().any(|word| self.severity.eq_ignore_ascii_case(word));
        self.severity.eq_ignore_ascii_case("ERROR") && self.code != "0" || (self.is_nonzero() && !harmless)
    }

    /// Whether the bank did what was asked but has something to say.
    pub fn is_note(&self) -> bool {
        self.is_nonzero() && !self.is_error()
    }

    fn words(&self) -> String {
        let message = problem::excerpt(&self.message);
        let code = problem::excerpt(&self.code);
        if message.is_empty() { format!("code {code}") } else { format!("\"{message}\" (code {code})") }
    }

    pub fn as_warning(&self) -> Warning {
        let verb = if self.is_error() { "refused part of what was asked" } else { "notes" };
        Warning { line: self.line, text: format!("the bank {verb}: {}", self.words()) }
    }

    pub fn as_error(&self) -> StatementError {
        let what = if self.at_sign_on { "refused the sign-on" } else { "sent no statement" };
        problem::on_line(
            StatementErrorKind::NoStatement,
            self.line,
            &self.message,
            format!("the bank {what}: {}", self.words()),
            "this file is the bank's error message, not a statement; download the statement again",
        )
    }
}

/// A `LEDGERBAL` or `AVAILBAL` while its tags are being read.
#[derive(Debug)]
pub(super) struct BalanceDraft<'a> {
    kind: BalanceKind,
    line: u32,
    amount: Option<Field<'a>>,
    date: Option<Field<'a>>,
}

impl<'a> BalanceDraft<'a> {
    pub fn new(kind: BalanceKind, line: u32) -> Self {
        Self { kind, line, amount: None, date: None }
    }

    pub fn take(&mut self, field: Field<'a>) {
        match field.name {
            "BALAMT" => self.amount = Some(field),
            "DTASOF" => self.date = Some(field),
            _ => {}
        }
    }

    /// The balance; `None` with a warning where the bank left it empty or wrote something that is not OFX.
    ///
    /// # Errors
    /// A number that cannot be held, and a date that the calendar does not have.
    fn finish(
        &self,
        part: Part<'_>,
        mark: MarkRule,
        currency: Currency,
        fallback: Option<Date>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<StatedAmount>, StatementError> {
        let mut left_out = |why: &str| {
            let kind = self.kind;
            warnings
                .push(Warning { line: self.line, text: format!("the {kind} balance is left out: {why}") });
            Ok(None)
        };
        let Some(field) = self.amount.filter(|field| !field.text().is_empty()) else {
            return left_out("the bank stated no amount");
        };
        if !field.text().chars().all(|c| c.is_ascii_digit() || " +-.,'()\u{a0}".contains(c)) {
            return left_out("its amount is not written as OFX writes amounts");
        }
        let amount = field.amount(part, mark, currency)?;
        let date_text = self.date.map(|field| field.text()).unwrap_or_default();
        let date = match (self.date, fallback) {
            (Some(field), _) if !is_no_date(&date_text) => {
                let plain = date_text.get(..8).is_some_and(|head| head.bytes().all(|b| b.is_ascii_digit()));
                if parse_date(&date_text).is_none() && !plain {
                    return left_out("its date is not written as OFX writes dates");
                }
                field.date(part)?
            }
            (_, Some(end)) => {
                warnings.push(Warning {
                    line: self.line,
                    text: format!(
                        "the {} balance has no date; the end of the statement, {end}, is taken",
                        self.kind
                    ),
                });
                end
            }
            (_, None) => return left_out("it has no date, and neither has the statement"),
        };
        Ok(Some(StatedAmount { kind: self.kind, date, amount }))
    }
}

/// A statement while its tags are being read.
#[derive(Debug)]
pub(super) struct StatementDraft<'a> {
    /// The balances met so far.
    pub balances: Vec<BalanceDraft<'a>>,
    kind: AccountKind,
    line: u32,
    currency: Option<Currency>,
    bank_id: Option<String>,
    account_id: Option<String>,
    start: Option<Date>,
    end: Option<Date>,
    as_of: Option<Field<'a>>,
    cash: Option<Field<'a>>,
    rows: PackedRows,
    /// Rows in other currencies than the account's, which only brokers' accounts may have.
    other_rows: Vec<(Currency, PackedRows)>,
}

impl<'a> StatementDraft<'a> {
    pub fn new(kind: AccountKind, line: u32) -> Self {
        Self {
            balances: Vec::new(),
            kind,
            line,
            currency: None,
            bank_id: None,
            account_id: None,
            start: None,
            end: None,
            as_of: None,
            cash: None,
            rows: PackedRows::default(),
            other_rows: Vec::new(),
        }
    }

    /// The same within the next part of the text; none where it holds fields of this one.
    pub fn carried<'b>(self) -> Option<StatementDraft<'b>> {
        if !self.balances.is_empty() || self.as_of.is_some() || self.cash.is_some() {
            return None;
        }
        Some(StatementDraft {
            balances: Vec::new(),
            kind: self.kind,
            line: self.line,
            currency: self.currency,
            bank_id: self.bank_id,
            account_id: self.account_id,
            start: self.start,
            end: self.end,
            as_of: None,
            cash: None,
            rows: self.rows,
            other_rows: self.other_rows,
        })
    }

    /// Takes a leaf that stands directly in the statement, its account or its list.
    ///
    /// # Errors
    /// A currency that is not in ISO 4217, or comes after rows that were read in another.
    pub fn take(&mut self, part: Part<'_>, field: Field<'a>) -> Result<(), StatementError> {
        let text = field.text();
        if text.is_empty() {
            return Ok(());
        }
        match field.name {
            "CURDEF" => {
                let currency = Currency::iso(&text).map_err(|error| {
                    let remedy = "correct <CURDEF> in a copy of the file to the account's ISO 4217 code";
                    field.refuse(part, StatementErrorKind::BadField, error.to_string(), remedy)
                })?;
                if self.rows.currency().is_some_and(|other| other != currency) {
                    let message = "<CURDEF> comes after transactions in another currency".to_owned();
                    let remedy = "the file contradicts itself; download it again";
                    return Err(field.refuse(part, StatementErrorKind::Malformed, message, remedy));
                }
                self.currency = Some(currency);
            }
            // A bank of that number is none: exports write it where none is known.
            "BANKID" | "BROKERID" if text.bytes().all(|b| b == b'0') => {}
            "BANKID" | "BROKERID" => self.bank_id = Some(text.into_owned()),
            "ACCTID" => self.account_id = Some(text.into_owned()),
            "ACCTTYPE" if self.kind != AccountKind::CreditCard => self.kind = account_kind(&text),
            "DTSTART" => self.start = parse_date(&text),
            "DTEND" => self.end = parse_date(&text),
            "DTASOF" => self.as_of = Some(field),
            "AVAILCASH" => self.cash = Some(field),
            _ => {}
        }
        Ok(())
    }

    /// What rows need to know.
    ///
    /// # Errors
    /// No currency, neither in the file nor given.
    pub fn row_context(
        &self,
        part: Part<'a>,
        mark: MarkRule,
        given: Option<Currency>,
    ) -> Result<RowContext<'a>, StatementError> {
        let currency = self.currency.or(given).ok_or_else(|| self.no_currency())?;
        let holds_other_currencies = self.kind == AccountKind::Investment;
        Ok(RowContext { part, mark, currency, holds_other_currencies })
    }

    /// Adds a row that is read; `own` is what the statement's amounts are in.
    ///
    /// # Errors
    /// As [`PackedRows::push`].
    pub fn add(&mut self, row: &StatementRow, own: Currency) -> Result<(), StatementError> {
        let currency = row.transaction.amount.currency();
        if currency == own {
            return self.rows.push(row);
        }
        if let Some((_, rows)) = self.other_rows.iter_mut().find(|(other, _)| *other == currency) {
            return rows.push(row);
        }
        let mut rows = PackedRows::default();
        rows.push(row)?;
        self.other_rows.push((currency, rows));
        Ok(())
    }

    fn no_currency(&self) -> StatementError {
        problem::on_line(
            StatementErrorKind::BadField,
            self.line,
            "",
            "the statement does not say which currency it is in",
            "name the account with --account: its currency is then used",
        )
    }

    /// Puts the statement together: one, and one more for each further currency of a broker's account.
    ///
    /// # Errors
    /// No currency, or a balance that cannot be held exactly.
    pub fn finish(
        self,
        part: Part<'_>,
        mark: MarkRule,
        given: Option<Currency>,
        institution: Option<&str>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<PackedStatement>, StatementError> {
        let currency = self.currency.or(given).ok_or_else(|| self.no_currency())?;
        let mut balances = Vec::new();
        for balance in &self.balances {
            balances.extend(balance.finish(part, mark, currency, self.end, warnings)?);
        }
        if let (Some(cash), Some(as_of)) = (self.cash, self.as_of) {
            // A broker's cash may carry more digits than money has; only an exact one is kept.
            let read = cash.amount(part, mark, currency).ok().zip(parse_date(&as_of.text()));
            balances.extend(read.map(|(amount, date)| StatedAmount {
                kind: BalanceKind::Available,
                date,
                amount: Money::new(amount.minor(), currency),
            }));
        }
        if self.kind == AccountKind::Investment {
            warnings.push(Warning {
                line: self.line,
                text: "of this broker's statement only the cash side is read; holdings and prices are not"
                    .to_owned(),
            });
        }
        let kind = self.kind;
        let account = match self.account_id {
            Some(number) => Some(StatementAccount {
                institution: institution.map(str::to_owned).or(self.bank_id),
                number,
                kind,
            }),
            None => {
                warnings.push(Warning { line: self.line, text: "the statement names no account".to_owned() });
                None
            }
        };
        let period = self.start.zip(self.end).filter(|(start, end)| start <= end);
        let mut statements =
            vec![Statement { account: account.clone(), currency, period, rows: self.rows, balances }];
        for (currency, rows) in self.other_rows {
            statements.push(Statement {
                account: account.clone(),
                currency,
                period,
                rows,
                balances: Vec::new(),
            });
        }
        Ok(statements)
    }
}
