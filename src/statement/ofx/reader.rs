//! The second pass: walks the tags with a stack of open aggregates and makes statements of them.

use super::super::packed::PackedStatement;
mod parts;

use super::super::problem::{self, LineCounter};
use super::super::{ReadOptions, SkippedRow, StatementError, StatementErrorKind, Warning};
use super::aggregate::{Aggregate, classify, is_leaf};
use super::fields::{Field, Part};
use super::investment::InvestmentDraft;
use super::rows::{CurrencyNote, RowDraft, RowOutcome};
use super::statement::{BalanceDraft, BankStatus, StatementDraft};
use super::survey::Survey;
use super::tokens::{Token, Tokens};
use super::{MAX_DEPTH, Meter};
pub(super) use parts::{read_held, read_parts};
use std::borrow::Cow;

/// Whether the next tag stands directly in a broker's list of transactions.
fn in_investment_list(stack: &[Open<'_>]) -> bool {
    stack.last().is_some_and(|open| open.name == "INVTRANLIST")
}

/// The most fields of unknown aggregates that are held back at a time.
const MAX_HELD: usize = 10_000;

/// The most parts that were not read and are named one by one.
const MAX_UNREAD: usize = 8;

#[derive(Debug)]
struct Open<'a> {
    name: Cow<'a, str>,
    aggregate: Aggregate,
    /// The line it began on.
    line: u32,
    /// Where it begins, in bytes of the part that is read, or how it began where that was in an earlier part.
    start: Start,
    /// How many fields were held back when it opened.
    held: usize,
}

#[derive(Debug)]
enum Start {
    Here(usize),
    Before(String),
}

/// Statements, warnings, and the rows that were left out because they cannot be read.
pub(super) type ReadText = (Vec<PackedStatement>, Vec<Warning>, Vec<SkippedRow>);

/// Leaves out a row that cannot be read, where that is wanted: its tags close it, so the next one is sound.
fn skip_or_refuse(
    error: StatementError,
    options: &ReadOptions,
    skipped: &mut Vec<SkippedRow>,
) -> Result<(), StatementError> {
    if !options.skip_bad_rows {
        return Err(error);
    }
    skipped.push(error.into());
    Ok(())
}

struct Reader<'s, 'a> {
    part: Part<'a>,
    survey: &'s Survey,
    options: &'s ReadOptions,
    lines: LineCounter,
    stack: Vec<Open<'a>>,
    /// Fields inside unknown aggregates. Where the aggregate turns out to be an unclosed empty leaf, they belong to its parent.
    held: Vec<Field<'a>>,
    institution: Option<String>,
    draft: Option<StatementDraft<'a>>,
    row: Option<RowDraft<'a>>,
    investment: Option<InvestmentDraft<'a>>,
    balance: Option<BalanceDraft<'a>>,
    status: BankStatus,
    refusals: Vec<BankStatus>,
    unread: Vec<(u32, Cow<'a, str>)>,
    saw_root: bool,
    statements: Vec<PackedStatement>,
    warnings: Vec<Warning>,
    skipped: Vec<SkippedRow>,
}

impl Open<'_> {
    /// How it begins.
    fn shown(&self, part: Part<'_>) -> String {
        match &self.start {
            Start::Here(offset) => problem::excerpt(part.from(*offset)),
            Start::Before(shown) => shown.clone(),
        }
    }
}

impl<'s, 'a> Reader<'s, 'a> {
    fn new(survey: &'s Survey, options: &'s ReadOptions, part: Part<'a>) -> Self {
        Self {
            part,
            survey,
            options,
            lines: LineCounter::from_line(part.first_line),
            stack: Vec::new(),
            held: Vec::new(),
            institution: None,
            draft: None,
            row: None,
            investment: None,
            balance: None,
            status: BankStatus::default(),
            refusals: Vec::new(),
            unread: Vec::new(),
            saw_root: false,
            statements: Vec::new(),
            warnings: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Reads the tags of the part; `done` is how far the parts before went.
    fn part(&mut self, meter: &mut Meter<'_>, done: usize) -> Result<(), StatementError> {
        let mut tokens = Tokens::new(self.part.text);
        while let Some(token) = tokens.next()? {
            meter.at((done + token.offset) as u64);
            self.token(token)?;
        }
        Ok(())
    }

    fn token(&mut self, token: Token<'a>) -> Result<(), StatementError> {
        if token.closes {
            return self.close(token);
        }
        let parent = self.stack.last().map(|open| open.aggregate);
        let has_text = token.has_text();
        let known = if has_text && token.name != "OFX" { None } else { classify(token.name, parent) };
        let aggregate = match known {
            Some(aggregate) => aggregate,
            None if has_text || is_leaf(token.name) => return self.leaf(token),
            None if token.empty || !self.survey.closed_names.contains(token.name) => return Ok(()),
            None if matches!(
                parent,
                Some(Aggregate::InvestmentTransaction | Aggregate::InvestmentDetail)
            ) =>
            {
                Aggregate::InvestmentDetail
            }
            None => Aggregate::Unknown,
        };
        if token.empty {
            return Ok(());
        }
        self.open(token, aggregate)
    }

    fn open(&mut self, token: Token<'a>, aggregate: Aggregate) -> Result<(), StatementError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(problem::on_line(
                StatementErrorKind::TooLarge,
                self.part.line_of(token.offset),
                self.part.from(token.offset),
                format!("tags are nested more than {MAX_DEPTH} deep, which no statement needs"),
                "the file is damaged or hostile; download it again",
            ));
        }
        let line = self.lines.at(self.part.text, token.offset);
        match aggregate {
            Aggregate::Frame if token.name == "OFX" => self.saw_root = true,
            Aggregate::Unknown if in_investment_list(&self.stack) => self.leave_unread(line, token.name),
            Aggregate::Frame if token.name.ends_with("STMTRS") => self.leave_unread(line, token.name),
            Aggregate::Statement(kind) => {
                self.refuse_inside(self.draft.is_some(), token)?;
                self.draft = Some(StatementDraft::new(kind, line));
            }
            Aggregate::Transaction => {
                self.refuse_inside(self.row.is_some(), token)?;
                let pending = matches!(
                    self.stack
                        .iter()
                        .rev()
                        .map(|open| open.aggregate)
                        .find(|a| matches!(a, Aggregate::TransactionList { .. })),
                    Some(Aggregate::TransactionList { pending: true })
                ) || token.name == "STMTTRNP";
                self.row = Some(RowDraft::new(token.name, token.offset, line, pending));
            }
            Aggregate::InvestmentTransaction => {
                self.investment = Some(InvestmentDraft::new(token.name, token.offset, line));
            }
            Aggregate::Balance(kind) => {
                self.refuse_inside(self.row.is_some(), token)?;
                self.balance = Some(BalanceDraft::new(kind, line));
            }
            Aggregate::TransactionList { .. } => self.refuse_inside(self.row.is_some(), token)?,
            Aggregate::Status => self.status = BankStatus::new(line),
            Aggregate::CurrencyNote { converted } => {
                let note = Some(CurrencyNote { converted, ..CurrencyNote::default() });
                if let Some(row) = &mut self.row {
                    row.currency = note;
                } else if let Some(investment) = &mut self.investment {
                    investment.currency = note;
                }
            }
            _ => {}
        }
        let held = self.held.len();
        let (name, start) = (Cow::Borrowed(token.name), Start::Here(token.offset));
        self.stack.push(Open { name, aggregate, line, start, held });
        Ok(())
    }

    /// Notes a part of the file that is not read. One more than are named is enough to say that there are more.
    fn leave_unread(&mut self, line: u32, name: &'a str) {
        if self.unread.len() <= MAX_UNREAD {
            self.unread.push((line, Cow::Borrowed(name)));
        }
    }

    /// Refuses a tag that cannot stand inside what is still open.
    fn refuse_inside(&self, inside: bool, token: Token<'a>) -> Result<(), StatementError> {
        if !inside {
            return Ok(());
        }
        let open = self
            .stack
            .iter()
            .rev()
            .find(|open| matches!(open.aggregate, Aggregate::Transaction | Aggregate::Statement(_)));
        Err(problem::on_line(
            StatementErrorKind::Malformed,
            self.part.line_of(token.offset),
            self.part.from(token.offset),
            format!("<{}> begins before </{}>", token.name, open.map_or("STMTTRN", |open| &open.name)),
            "part of the file is missing; download it again",
        ))
    }

    fn close(&mut self, token: Token<'a>) -> Result<(), StatementError> {
        let Some(index) = self.stack.iter().rposition(|open| open.name == token.name) else {
            if matches!(token.name, "OFX" | "STMTRS" | "CCSTMTRS" | "BANKTRANLIST" | "STMTTRN" | "LEDGERBAL")
            {
                return Err(problem::on_line(
                    StatementErrorKind::Malformed,
                    self.part.line_of(token.offset),
                    self.part.from(token.offset),
                    format!("</{}> closes nothing that is open", token.name),
                    "part of the file is missing; download it again",
                ));
            }
            return Ok(());
        };
        let mut held_from = self.held.len();
        while self.stack.len() > index + 1 {
            let Some(open) = self.stack.pop() else { break };
            if open.aggregate != Aggregate::Unknown {
                return Err(problem::on_line(
                    StatementErrorKind::Malformed,
                    self.part.line_of(token.offset),
                    self.part.from(token.offset),
                    format!("</{}> comes before </{}>", token.name, open.name),
                    "part of the file is missing; download it again",
                ));
            }
            held_from = held_from.min(open.held);
        }
        // Empty leaves that were never closed: what seemed to be inside them stands beside them.
        for field in self.held.split_off(held_from) {
            self.field(field)?;
        }
        let Some(open) = self.stack.pop() else { return Ok(()) };
        self.held.truncate(open.held);
        self.closed(&open)
    }

    fn closed(&mut self, open: &Open<'a>) -> Result<(), StatementError> {
        match open.aggregate {
            Aggregate::Status => {
                let mut status = std::mem::take(&mut self.status);
                status.at_sign_on = self.stack.last().is_some_and(|o| o.aggregate == Aggregate::SignOn);
                if status.is_error() {
                    self.refusals.push(status);
                } else if status.is_note() {
                    self.warnings.push(status.as_warning());
                }
            }
            Aggregate::Transaction => {
                if let (Some(row), Some(draft)) = (self.row.take(), self.draft.as_mut()) {
                    let context = draft.row_context(self.part, self.survey.mark, self.options.currency)?;
                    match row.finish(&context) {
                        Ok(RowOutcome::Row(row, warning)) => {
                            self.warnings.extend(warning);
                            draft.add(&row, context.currency)?;
                        }
                        Ok(RowOutcome::LeftOut(warning)) => self.warnings.push(warning),
                        Err(error) => skip_or_refuse(error, self.options, &mut self.skipped)?,
                    }
                }
            }
            Aggregate::InvestmentTransaction => {
                if let (Some(row), Some(draft)) = (self.investment.take(), self.draft.as_mut()) {
                    let context = draft.row_context(self.part, self.survey.mark, self.options.currency)?;
                    match row.finish(&context) {
                        Ok(row) => draft.add(&row, context.currency)?,
                        Err(error) => skip_or_refuse(error, self.options, &mut self.skipped)?,
                    }
                }
            }
            Aggregate::Balance(_) => {
                if let (Some(balance), Some(draft)) = (self.balance.take(), self.draft.as_mut()) {
                    draft.balances.push(balance);
                }
            }
            Aggregate::Statement(_) => {
                if let Some(draft) = self.draft.take() {
                    let read = draft.finish(
                        self.part,
                        self.survey.mark,
                        self.options.currency,
                        self.institution.as_deref(),
                        &mut self.warnings,
                    )?;
                    self.statements.extend(read);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn leaf(&mut self, token: Token<'a>) -> Result<(), StatementError> {
        let field = Field { name: token.name, raw: token.raw, offset: token.offset };
        if self.stack.last().is_some_and(|open| open.aggregate == Aggregate::Unknown) {
            if self.held.len() >= MAX_HELD {
                return Err(problem::on_line(
                    StatementErrorKind::TooLarge,
                    self.part.line_of(token.offset),
                    self.part.from(token.offset),
                    format!("a tag that is not of OFX holds more than {MAX_HELD} fields"),
                    "the file is damaged or hostile; download it again",
                ));
            }
            self.held.push(field);
            return Ok(());
        }
        self.field(field)
    }

    fn field(&mut self, field: Field<'a>) -> Result<(), StatementError> {
        match self.stack.last().map(|open| open.aggregate) {
            Some(Aggregate::Status) => self.status.take(field),
            Some(Aggregate::Institution) if field.name == "ORG" => {
                self.institution = Some(field.text().into_owned()).filter(|org| !org.is_empty());
            }
            Some(Aggregate::Transaction) => {
                if let Some(row) = &mut self.row {
                    if field.name == "PAYEE" {
                        row.take_payee_name(field);
                    } else {
                        row.take(self.part, field)?;
                    }
                }
            }
            Some(Aggregate::Payee) if field.name == "NAME" => {
                if let Some(row) = &mut self.row {
                    row.take_payee_name(field);
                }
            }
            Some(Aggregate::CurrencyNote { .. }) => {
                let row_note = self.row.as_mut().and_then(|row| row.currency.as_mut());
                let note = row_note.or(self.investment.as_mut().and_then(|row| row.currency.as_mut()));
                match (note, field.name) {
                    (Some(note), "CURSYM") => note.symbol = Some(field),
                    (Some(note), "CURRATE") => note.rate = Some(field),
                    _ => {}
                }
            }
            Some(Aggregate::InvestmentTransaction | Aggregate::InvestmentDetail) => {
                if let Some(investment) = &mut self.investment {
                    investment.take(field);
                }
            }
            Some(Aggregate::Balance(_)) => {
                if let Some(balance) = &mut self.balance {
                    balance.take(field);
                }
            }
            Some(
                Aggregate::Statement(_)
                | Aggregate::Account
                | Aggregate::TransactionList { .. }
                | Aggregate::InvestmentBalance,
            ) => {
                if let Some(draft) = &mut self.draft {
                    draft.take(self.part, field)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(mut self) -> Result<ReadText, StatementError> {
        if let Some(open) = self.stack.iter().rfind(|open| open.aggregate != Aggregate::Unknown) {
            return Err(problem::on_line(
                StatementErrorKind::Malformed,
                self.part.line_of(self.part.text.trim_end().len()),
                &open.shown(self.part),
                format!("the file ends inside <{}>, which began on line {}", open.name, open.line),
                "the download was cut short: nothing was read; download the statement again",
            ));
        }
        if !self.saw_root {
            return Err(problem::whole_file(
                StatementErrorKind::Malformed,
                "the file has the header of OFX but no <OFX>",
                "download the statement again",
            ));
        }
        if self.unread.len() > MAX_UNREAD {
            self.unread.truncate(MAX_UNREAD);
            self.warnings.push(Warning {
                line: 0,
                text: "more parts of the file were not read than are named".to_owned(),
            });
        }
        if self.statements.is_empty() {
            if let Some(refusal) = self.refusals.first() {
                return Err(refusal.as_error());
            }
            if let Some((line, name)) = self.unread.first() {
                return Err(problem::on_line(
                    StatementErrorKind::NoStatement,
                    *line,
                    name,
                    format!("the only statement in the file is a <{name}>, which is not read here"),
                    "export the account as CSV, or enter its balance by hand",
                ));
            }
            self.warnings.push(Warning {
                line: 0,
                text: "the file is well-formed OFX but holds no statement (it may be the bank's list of accounts or its profile), so there was nothing to read".to_owned(),
            });
        }
        self.warnings.extend(self.refusals.iter().map(BankStatus::as_warning));
        self.warnings.extend(
            self.unread
                .iter()
                .map(|(line, name)| Warning { line: *line, text: format!("a <{name}> was not read") }),
        );
        Ok((self.statements, self.warnings, self.skipped))
    }
}
