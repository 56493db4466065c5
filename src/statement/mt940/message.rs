//! Messages, and the statements that their pages make up.

use super::super::problem;
use super::super::{
    ReadOptions, StatedAmount, Statement, StatementAccount, StatementError, StatementErrorKind, StatementRow,
    Warning,
};
use super::account::read_account;
use super::fields::{Field, Token};
use super::row::Row;
use super::values::{BalanceText, RowText, refuse};
use crate::ledger::{BalanceKind, TransactionStatus};
use crate::money::{Currency, Money, Sum};

/// The most warnings that are told one by one.
const MAX_WARNINGS: usize = 40;

/// Gathers the statements of a file from its fields.
pub(super) struct Reader<'a> {
    text: &'a str,
    options: &'a ReadOptions,
    draft: Option<Draft<'a>>,
    statements: Vec<Finished>,
    warnings: Vec<Warning>,
    untold: usize,
}

/// A statement, and where the page after it would go on.
struct Finished {
    statement: Statement,
    goes_on_at: Option<Money>,
}

/// A message while it is read.
struct Draft<'a> {
    line: u32,
    account: Option<StatementAccount>,
    currency: Option<Currency>,
    /// Whether it is an interim report (MT942), which states no closing balance.
    is_report: bool,
    opening: Option<Money>,
    opening_is_page: bool,
    closing: Option<Money>,
    closing_is_page: bool,
    balances: Vec<StatedAmount>,
    rows: Vec<StatementRow>,
    row: Option<Row<'a>>,
    /// Whether a report's summary (`:90D:`, `:90C:`) came, which ends it.
    has_summary: bool,
    /// How many debits and credits the summary counts.
    summed: [Option<usize>; 2],
    /// The field that came last.
    last: &'a str,
}

impl<'a> Draft<'a> {
    fn new(line: u32) -> Self {
        Self {
            line,
            account: None,
            currency: None,
            is_report: false,
            opening: None,
            opening_is_page: false,
            closing: None,
            closing_is_page: false,
            balances: Vec::new(),
            rows: Vec::new(),
            row: None,
            has_summary: false,
            summed: [None, None],
            last: "20",
        }
    }

    fn close_row(&mut self) {
        if let Some(row) = self.row.take() {
            self.rows.push(row.finish());
        }
    }

    /// Notes the currency that a balance names.
    ///
    /// # Errors
    /// A code that ISO 4217 does not have, and one that is not the statement's.
    fn note_currency(&mut self, field: &Field<'_>, code: &str) -> Result<(), StatementError> {
        if code.is_empty() {
            return Ok(());
        }
        let found = Currency::iso(code).map_err(|error| {
            refuse(field, error.to_string(), "correct the code in a copy of the file to the ISO 4217 code")
        })?;
        match self.currency {
            Some(known) if known != found => {
                let message = format!("this balance is in {found}, the statement in {known}");
                Err(refuse(
                    field,
                    message,
                    "the file contradicts itself; ask the bank for the statement again",
                ))
            }
            _ => {
                self.currency = Some(found);
                Ok(())
            }
        }
    }

    /// What the rows lead to from the opening balance, where the closing balance is another.
    fn gap(&self) -> Option<Money> {
        let (opening, closing) = self.opening.zip(self.closing)?;
        let mut sum = Sum::new(opening.currency());
        sum.add(opening).ok()?;
        let booked = self.rows.iter().filter(|row| row.transaction.status != TransactionStatus::Pending);
        booked.map(|row| row.transaction.amount).try_for_each(|amount| sum.add(amount)).ok()?;
        sum.total().ok().filter(|reached| *reached != closing)
    }
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str, options: &'a ReadOptions) -> Self {
        Self { text, options, draft: None, statements: Vec::new(), warnings: Vec::new(), untold: 0 }
    }

    fn warn(&mut self, line: u32, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { line, text });
        } else {
            self.untold += 1;
        }
    }

    /// Takes the next field, or the end of a message.
    ///
    /// # Errors
    /// A field that cannot be read exactly or stands where it cannot.
    pub fn token(&mut self, token: &Token<'a>) -> Result<(), StatementError> {
        match token {
            Token::End => self.close(),
            Token::Field(field) => self.field(field),
        }
    }

    fn field(&mut self, field: &Field<'a>) -> Result<(), StatementError> {
        let begins = match field.tag {
            "20" => true,
            "60F" | "60M" | "25" | "25P" => self.draft.as_ref().is_none_or(|draft| draft.closing.is_some()),
            _ => false,
        };
        if begins {
            self.close()?;
            self.draft = Some(Draft::new(field.line));
        }
        let given = self.options.currency;
        let Some(draft) = &mut self.draft else {
            return match field.tag {
                "61" | "62F" | "62M" => {
                    let message = format!(
                        "a :{}: stands outside any statement (no :20: or :60F: before it)",
                        field.tag
                    );
                    Err(refuse(field, message, "part of the file is missing; download it again"))
                }
                _ => Ok(()),
            };
        };
        if !matches!(field.tag, "86" | "NS") {
            draft.close_row();
        }
        match field.tag {
            "25" | "25P" => {
                let (account, code) = read_account(field.first());
                draft.account = account;
                if let Some(code) = code {
                    draft.currency = draft.currency.or(Some(code));
                }
            }
            "34F" | "13D" | "13" => {
                draft.is_report = true;
                let code = field.first().get(..3).and_then(|code| Currency::iso(code).ok());
                if field.tag == "34F" {
                    draft.currency = draft.currency.or(code);
                }
            }
            "60F" | "60M" => Self::opening(draft, field, given)?,
            "61" => {
                let (row, warning) = Self::row(draft, field, given)?;
                draft.row = Some(row);
                if let Some(Warning { line, text }) = warning {
                    self.warn(line, text);
                }
            }
            "86" => {
                if let Some(row) = &mut draft.row {
                    row.narrative.extend(&field.lines);
                }
            }
            "NS" => {
                if let Some(row) = &mut draft.row {
                    row.coded.extend(&field.lines);
                }
            }
            "62F" | "62M" => {
                if let Some(Warning { line, text }) = Self::closing(draft, field, given)? {
                    self.warn(line, text);
                }
            }
            "64" => Self::available(draft, field, given)?,
            "90D" | "90C" => {
                draft.has_summary = true;
                let digits: String = field.first().chars().take_while(char::is_ascii_digit).collect();
                let index = usize::from(field.tag == "90C");
                if let Some(count) = draft.summed.get_mut(index) {
                    *count = digits.parse().ok();
                }
            }
            _ => {}
        }
        if let Some(draft) = &mut self.draft {
            draft.last = field.tag;
        }
        Ok(())
    }

    fn opening(
        draft: &mut Draft<'a>,
        field: &Field<'a>,
        given: Option<Currency>,
    ) -> Result<(), StatementError> {
        let balance = BalanceText::read(field)?;
        draft.note_currency(field, balance.code)?;
        let amount = balance.money(field, currency_of(draft, field, given)?)?;
        if draft.opening.is_some() || !draft.rows.is_empty() {
            let message = "a second opening balance stands in one statement".to_owned();
            return Err(refuse(field, message, "part of the file is missing; download it again"));
        }
        draft.opening = Some(amount);
        draft.opening_is_page = field.tag == "60M";
        let kind = BalanceKind::Opening;
        draft.balances.extend(balance.date.map(|date| StatedAmount { kind, date, amount }));
        Ok(())
    }

    fn closing(
        draft: &mut Draft<'a>,
        field: &Field<'a>,
        given: Option<Currency>,
    ) -> Result<Option<Warning>, StatementError> {
        let balance = BalanceText::read(field)?;
        draft.note_currency(field, balance.code)?;
        let amount = balance.money(field, currency_of(draft, field, given)?)?;
        if draft.closing.is_some() {
            let message = "a second closing balance stands in one statement".to_owned();
            return Err(refuse(field, message, "part of the file is missing; download it again"));
        }
        draft.closing = Some(amount);
        draft.closing_is_page = field.tag == "62M";
        let kind = if draft.closing_is_page { BalanceKind::Interim } else { BalanceKind::Closing };
        draft.balances.extend(balance.date.map(|date| StatedAmount { kind, date, amount }));
        let text = format!("the {kind} balance is left out: its day is not in the calendar");
        Ok(balance.date.is_none().then_some(Warning { line: field.line, text }))
    }

    fn available(
        draft: &mut Draft<'a>,
        field: &Field<'a>,
        given: Option<Currency>,
    ) -> Result<(), StatementError> {
        let balance = BalanceText::read(field)?;
        draft.note_currency(field, balance.code)?;
        let amount = balance.money(field, currency_of(draft, field, given)?)?;
        let kind = BalanceKind::Available;
        draft.balances.extend(balance.date.map(|date| StatedAmount { kind, date, amount }));
        Ok(())
    }

    fn row(
        draft: &Draft<'a>,
        field: &Field<'a>,
        given: Option<Currency>,
    ) -> Result<(Row<'a>, Option<Warning>), StatementError> {
        if draft.closing.is_some() {
            let message = "a movement stands after the closing balance".to_owned();
            return Err(refuse(field, message, "part of the file is missing; download it again"));
        }
        let parts = RowText::read(field)?;
        let amount = parts.money(field, currency_of(draft, field, given)?)?;
        let text = format!("the 29th or 30th of February, as interest is reckoned, is read as {}", parts.day);
        let warning = parts.moved.then_some(Warning { line: field.line, text });
        let details = field.lines.iter().skip(1).copied().collect();
        let row = Row { line: field.line, parts, amount, details, narrative: Vec::new(), coded: Vec::new() };
        Ok((row, warning))
    }

    /// Ends the message that is open.
    ///
    /// # Errors
    /// One without a closing balance: nothing tells a short statement from one that was cut short.
    fn close(&mut self) -> Result<(), StatementError> {
        let Some(mut draft) = self.draft.take() else { return Ok(()) };
        draft.close_row();
        let is_empty = draft.rows.is_empty() && draft.opening.is_none();
        if draft.closing.is_none() && !draft.is_report {
            if is_empty {
                return Ok(());
            }
            return Err(problem::on_line(
                StatementErrorKind::Malformed,
                draft.line,
                "",
                "this statement has no closing balance (:62F:), so its end is missing",
                "the download was cut short: nothing was read; download the statement again",
            ));
        }
        let Some(currency) = draft.currency.or(self.options.currency) else {
            return Err(no_currency(draft.line));
        };
        if let Some(reached) = draft.gap() {
            let closing = draft.closing.map(|amount| amount.to_string()).unwrap_or_default();
            let text = format!(
                "the movements lead to {reached}, the closing balance is {closing}: compare them with the bank"
            );
            self.warn(draft.line, text);
        }
        for (name, stated, below_zero) in
            [("debits", draft.summed[0], true), ("credits", draft.summed[1], false)]
        {
            let found =
                draft.rows.iter().filter(|row| row.transaction.amount.is_negative() == below_zero).count();
            if let Some(stated) = stated.filter(|stated| *stated != found) {
                self.warn(
                    draft.line,
                    format!("the report counts {stated} {name}, but {found} are in the file"),
                );
            }
        }
        if draft.account.is_none() {
            self.warn(draft.line, "the statement names no account".to_owned());
        }
        self.join(draft, currency);
        Ok(())
    }

    /// Adds a message: to the statement before it where it is its next page.
    fn join(&mut self, draft: Draft<'a>, currency: Currency) {
        let goes_on_at = draft.closing.filter(|_| draft.closing_is_page);
        let before = self.statements.last_mut().filter(|before| {
            let same_account =
                before.statement.account == draft.account && before.statement.currency == currency;
            draft.opening_is_page
                && same_account
                && before.goes_on_at.is_some()
                && before.goes_on_at == draft.opening
        });
        if let Some(before) = before {
            let balances = draft.balances.into_iter().filter(|balance| balance.kind != BalanceKind::Opening);
            before.statement.rows.extend(draft.rows);
            before.statement.balances.extend(balances);
            before.goes_on_at = goes_on_at;
            return;
        }
        let Draft { account, rows, balances, .. } = draft;
        let statement = Statement { account, currency, period: None, rows, balances };
        self.statements.push(Finished { statement, goes_on_at });
    }

    /// The statements, once the whole text has been read.
    ///
    /// # Errors
    /// No statement, or one that was cut short.
    pub fn finish(mut self) -> Result<(Vec<Statement>, Vec<Warning>), StatementError> {
        if let Some(draft) = &mut self.draft {
            draft.close_row();
            let may_lack_digits = ends_inside_an_amount(self.text, draft.currency);
            let cut = match draft.last {
                "62F" | "62M" => may_lack_digits && draft.gap().is_some(),
                "64" => may_lack_digits,
                // A report that neither a hyphen, an envelope nor a summary ends may have lost movements.
                _ => draft.is_report && draft.closing.is_none() && !draft.has_summary,
            };
            if cut {
                return Err(problem::on_line(
                    StatementErrorKind::Malformed,
                    problem::line_of(self.text, self.text.len()),
                    self.text.lines().last().unwrap_or_default(),
                    "the file ends inside a statement",
                    "the download was cut short: nothing was read; download the statement again",
                ));
            }
        }
        self.close()?;
        if self.statements.is_empty() {
            return Err(problem::whole_file(
                StatementErrorKind::NoStatement,
                "the file has fields of MT940 but no statement",
                "download the statement again, or export the account as CSV",
            ));
        }
        if self.untold > 0 {
            let text = format!("{} more statements or movements were odd in the same ways", self.untold);
            self.warnings.push(Warning { line: 0, text });
        }
        Ok((self.statements.into_iter().map(|finished| finished.statement).collect(), self.warnings))
    }
}

/// Whether the text ends, without a line's end, in an amount that has fewer decimals than its currency.
fn ends_inside_an_amount(text: &str, currency: Option<Currency>) -> bool {
    let last = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    let decimals = last.rsplit_once([',', '.']).map(|(_, decimals)| decimals.len());
    !last.is_empty() && decimals != Some(currency.map_or(2, |currency| usize::from(currency.exponent())))
}

fn currency_of(
    draft: &Draft<'_>,
    field: &Field<'_>,
    given: Option<Currency>,
) -> Result<Currency, StatementError> {
    draft.currency.or(given).ok_or_else(|| no_currency(field.line))
}

fn no_currency(line: u32) -> StatementError {
    problem::on_line(
        StatementErrorKind::BadField,
        line,
        "",
        "the statement does not say which currency it is in",
        "name the account with --account: its currency is then used",
    )
}
