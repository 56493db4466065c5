//! The other way round: plain values in, the text of other programs' formats out.
//!
//! A [`BookWriter`] is told of a book in order: what is in it ([`BookHead`]), then each account with its rows, one at
//! a time, so that a million rows are never held as text. What each format carries, and what it cannot, is in
//! `docs/export-formats.md`; a writer tells of the latter in [`BookWriter::losses`].

pub(super) mod beancount;
pub(super) mod csv;
pub(super) mod journal;
pub(super) mod jsonl;
pub(super) mod names;
pub(super) mod ofx;
mod qif;

use crate::ledger::{Account, Attachment, BatchId, CategoryPath, NewTransaction, SplitPart, StatedBalance};
use crate::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportFormat {
    /// One table of all rows.
    Csv,
    /// JSON Lines: all that the ledger holds; the same content gives the same bytes.
    Jsonl,
    /// OFX 2.2, XML.
    Ofx,
    /// Quicken Interchange Format.
    Qif,
    /// A journal that hledger and ledger read.
    Ledger,
    /// A Beancount file.
    Beancount,
}

impl ExportFormat {
    /// Every format, in the order that help shows them.
    pub const ALL: [Self; 6] = [Self::Csv, Self::Jsonl, Self::Ofx, Self::Qif, Self::Ledger, Self::Beancount];

    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ofx => "ofx",
            Self::Qif => "qif",
            Self::Ledger => "ledger",
            Self::Beancount => "beancount",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no format to export to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no format to export to")]
pub struct UnknownExportFormat(pub String);

impl FromStr for ExportFormat {
    type Err = UnknownExportFormat;

    fn from_str(text: &str) -> Result<Self, UnknownExportFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownExportFormat(text.chars().take(40).collect()))
    }
}

/// Which part of the ledger is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// This account alone, by name.
    pub account: Option<String>,
    /// Rows posted on or after this day.
    pub from: Option<Date>,
    /// Rows posted on or before this day.
    pub to: Option<Date>,
}

impl Selection {
    /// Whether it is the whole ledger.
    pub const fn is_all(&self) -> bool {
        self.account.is_none() && self.from.is_none() && self.to.is_none()
    }
}

/// An import, as an export tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Its number in the vault.
    pub id: BatchId,
    /// The file's name, without its folder.
    pub file_name: String,
    /// Digest of the file's bytes, lower-case hex.
    pub sha256: String,
    /// The format it was read as.
    pub format: String,
    /// When.
    pub imported_at: Timestamp,
    /// When the owner took it back, if they did.
    pub undone_at: Option<Timestamp>,
    /// Rows that were new.
    pub added: u64,
    /// Rows that the accounts had already.
    pub duplicate: u64,
    /// Pending rows that it booked.
    pub updated: u64,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
}

/// An account, as an export tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHead {
    /// The account; its opening is the balance before the first row that is written.
    pub account: Account,
    /// What statements stated about it within the days that are written, oldest first.
    pub stated: Vec<StatedBalance>,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
    /// The booked balance after the last row that is written, and its day; none for an account that nothing is
    /// known of.
    pub closing: Option<(Date, Money)>,
    /// The first and the last day that it speaks of.
    pub days: Option<(Date, Date)>,
}

/// What is in a book, before its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookHead {
    /// Which part of the ledger it is.
    pub selection: Selection,
    /// The owner's commodities, which ISO 4217 does not list.
    pub commodities: Vec<Currency>,
    /// The categories there are; empty where only a part is written.
    pub categories: Vec<CategoryPath>,
    /// The imports that the rows came from.
    pub imports: Vec<ImportRecord>,
    /// The accounts, in order of name.
    pub accounts: Vec<AccountHead>,
}

/// One row of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Its number in the vault.
    pub number: i64,
    /// What it says.
    pub detail: NewTransaction,
    /// The import that brought it; none when it was entered by hand.
    pub import: Option<BatchId>,
    /// The day as the source wrote it, where the owner changed it.
    pub source_posted: Option<Date>,
    /// The amount as the source wrote it, where the owner changed it.
    pub source_amount: Option<Money>,
    /// Its tags, in order of the alphabet.
    pub tags: Vec<String>,
    /// Its parts, in the owner's order; empty where it is not split.
    pub parts: Vec<SplitPart>,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
}

/// Writes a book in one format. The calls come in this order: `begin`, then for each account `begin_account`, its
/// rows oldest first, `end_account`; then `end`.
pub trait BookWriter {
    /// Begins the book.
    ///
    /// # Errors
    /// As the output reports.
    fn begin(&mut self, head: &BookHead) -> io::Result<()>;

    /// Begins an account.
    ///
    /// # Errors
    /// As the output reports.
    fn begin_account(&mut self, account: &AccountHead) -> io::Result<()>;

    /// Writes a row of the account that was begun last.
    ///
    /// # Errors
    /// As the output reports.
    fn row(&mut self, account: &AccountHead, row: &ExportRow) -> io::Result<()>;

    /// Ends an account.
    ///
    /// # Errors
    /// As the output reports.
    fn end_account(&mut self, account: &AccountHead) -> io::Result<()>;

    /// Ends the book.
    ///
    /// # Errors
    /// As the output reports.
    fn end(&mut self) -> io::Result<()>;

    /// Puts the accounts into the order that the format wants.
    fn arrange(&self, _accounts: &mut [AccountHead]) {}

    /// Whether rows that the bank has only announced are to come after all others of their account.
    fn wants_pending_last(&self) -> bool {
        false
    }

    /// What the format could not carry, a sentence each, once the book is ended.
    fn losses(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A writer of this format.
pub fn writer<'w>(format: ExportFormat, out: &'w mut dyn Write) -> Box<dyn BookWriter + 'w> {
    match format {
        ExportFormat::Csv => Box::new(csv::Csv::new(out)),
        ExportFormat::Jsonl => Box::new(jsonl::JsonLines::new(out)),
        ExportFormat::Ofx => Box::new(ofx::Ofx::new(out)),
        ExportFormat::Qif => Box::new(qif::Qif::new(out)),
        ExportFormat::Ledger => Box::new(journal::Journal::new(out)),
        ExportFormat::Beancount => Box::new(beancount::Beancount::new(out)),
    }
}
