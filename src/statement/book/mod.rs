//! Books: files that hold several accounts with their names, categories, splits and tags, as other ledgers write them.
//!
//! A [`BookFile`] is a [`StatementFile`] and, beside each of its statements, what no bank's statement says. Double-entry
//! books are turned into it here; finvault's own dump and table already have its shape.

pub(super) mod double_entry;
pub(super) mod mapping;

use super::packed::PackedRows;
use super::{Statement, StatementError, StatementErrorKind, StatementFile, StatementRow, problem};
use crate::ledger::annotation::check_split;
use crate::ledger::{AccountKind, CategoryPath, Opening, SplitPart, Tag};
use crate::money::{Currency, Money};
use jiff::civil::Date;

/// A file that was read, with what a book says beyond a bank's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFile<R = Vec<StatementRow>> {
    /// Its statements: of a book one for each account and currency.
    pub file: StatementFile<R>,
    /// What a book says of the account of each statement, in their order; empty for a bank's file.
    pub accounts: Vec<BookAccount>,
    /// Categories that it defines, whether anything is in them or not.
    pub categories: Vec<CategoryPath>,
    /// Commodities that it defines.
    pub commodities: Vec<Currency>,
    /// How many entries it has: one entry may move several accounts, or none of the owner's. For a bank's file, its
    /// rows.
    pub entries: usize,
}

/// What a book says of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookAccount {
    /// Its name there.
    pub name: String,
    /// What it is.
    pub kind: AccountKind,
    /// The bank, where it is named.
    pub institution: Option<String>,
    /// The number, where it is given.
    pub number: Option<String>,
    /// The balance before the first row; a book that says none begins with nothing.
    pub opening: Option<Opening>,
    /// The day on which it was closed.
    pub closed: Option<Date>,
    /// What goes with each row, in their order.
    pub extras: Vec<RowExtras>,
}

/// What a book says of a row beyond what a bank says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowExtras {
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Day and amount that the owner put in the place of those that the source wrote, which the row has.
    pub corrected: Option<Correction>,
}

/// What the owner corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The day.
    pub posted: Date,
    /// The amount.
    pub amount: Money,
}

impl BookFile {
    /// A bank's file, which says nothing beyond its statements.
    pub(super) fn plain(file: StatementFile) -> Self {
        let entries = file.statements.iter().map(|statement| statement.rows.len()).sum();
        Self { file, accounts: Vec::new(), categories: Vec::new(), commodities: Vec::new(), entries }
    }
}

impl BookFile<PackedRows> {
    /// A bank's file, which says nothing beyond its statements.
    pub(super) fn plain_packed(file: StatementFile<PackedRows>) -> Self {
        let entries = file.statements.iter().map(|statement| statement.rows.len()).sum();
        Self { file, accounts: Vec::new(), categories: Vec::new(), commodities: Vec::new(), entries }
    }
}

impl<R> BookFile<R> {
    /// The same with rows that are held otherwise.
    pub(super) fn with_rows<Q, E>(self, change: impl Fn(R) -> Result<Q, E>) -> Result<BookFile<Q>, E> {
        let StatementFile { format, statements, warnings } = self.file;
        let mut changed = Vec::with_capacity(statements.len());
        for Statement { account, currency, period, rows, balances } in statements {
            changed.push(Statement { account, currency, period, rows: change(rows)?, balances });
        }
        Ok(BookFile {
            file: StatementFile { format, statements: changed, warnings },
            accounts: self.accounts,
            categories: self.categories,
            commodities: self.commodities,
            entries: self.entries,
        })
    }
}

/// Checks that parts are a split of a row's amount.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn check_parts(
    line: u32,
    shown: &str,
    amount: Money,
    parts: &[SplitPart],
) -> Result<(), StatementError> {
    if parts.is_empty() {
        return Ok(());
    }
    let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
    check_split(amount, &amounts).map_err(|error| {
        bad_field(
            line,
            shown,
            error.to_string(),
            "correct the parts, or leave them out and give one category",
        )
    })
}

/// A refusal of a field on a line.
pub(super) fn bad_field(
    line: u32,
    shown: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> StatementError {
    problem::on_line(StatementErrorKind::BadField, line, shown, message, remedy)
}

/// Reads a tag of a book.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn tag(line: u32, shown: &str, text: &str) -> Result<Tag, StatementError> {
    Tag::parse(text).map_err(|error| bad_field(line, shown, error.to_string(), "correct the tag in the file"))
}

/// Reads a category of a book.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn category(line: u32, shown: &str, text: &str) -> Result<CategoryPath, StatementError> {
    CategoryPath::parse(text)
        .map_err(|error| bad_field(line, shown, error.to_string(), "correct the category in the file"))
}

/// Reads a day as ISO 8601 writes it.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn day(line: u32, shown: &str, text: &str) -> Result<Date, StatementError> {
    let is_iso = text.len() == 10 && text.is_ascii();
    text.parse().ok().filter(|_| is_iso).ok_or_else(|| {
        bad_field(
            line,
            shown,
            format!("\"{}\" is no day of the calendar", problem::excerpt(text)),
            "write it as YYYY-MM-DD",
        )
    })
}

/// Reads an amount with a point as decimal mark and no grouping.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn amount(
    line: u32,
    shown: &str,
    text: &str,
    currency: Currency,
) -> Result<Money, StatementError> {
    Money::parse(text, currency)
        .map_err(|error| bad_field(line, shown, error.to_string(), "correct the amount in the file"))
}
