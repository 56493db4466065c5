//! Readers for the statement files that banks hand out: bytes in, plain values out.
//!
//! [`read`] detects the format from the content, never from the name, and gives a [`StatementFile`].
//! A file that cannot be read exactly is refused with a [`StatementError`] that says where and what to
//! do; nothing is guessed that could turn a sign or shift a decimal.

mod beancount;
pub mod book;
mod camt;
mod csv;
mod detect;
mod dump;
mod encoding;
pub mod gnucash;
pub mod include;
mod journal;
mod mt940;
mod ofx;
pub mod packed;
mod problem;
mod qif;
mod reading;
mod table;
mod text;
mod wording;
pub mod write;

pub use self::csv::answers::{CsvAnswers, DateOrder, Signs};
pub use self::csv::profile::{CsvProfile, ProfileError};
pub use reading::{CsvLayout, Question, Reading, SkippedRow};
pub use text::Content;

pub use self::book::{BookAccount, BookFile, RowExtras};
use self::packed::PackedRows;
use crate::ledger::{AccountKind, BalanceKind, NewTransaction, SplitPart};
use crate::money::{Currency, Money};
use jiff::civil::Date;

/// A whole statement file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFile<R = Vec<StatementRow>> {
    /// The format it was found to be.
    pub format: Format,
    /// Its statements, one per account and period, in file order.
    pub statements: Vec<Statement<R>>,
    /// What was odd but did not stand in the way.
    pub warnings: Vec<Warning>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// OFX 1.x (SGML), QFX included.
    OfxSgml,
    /// OFX 2.x (XML).
    OfxXml,
    /// Delimited text.
    Csv,
    /// ISO 20022 camt.052, camt.053, camt.054.
    Camt,
    /// SWIFT MT940 and MT942.
    Mt940,
    /// Quicken Interchange Format.
    Qif,
    /// finvault's own dump, JSON Lines.
    Dump,
    /// finvault's own table of rows, CSV.
    Table,
    /// A journal of hledger or ledger.
    Journal,
    /// A Beancount file.
    Beancount,
    /// A GnuCash book: XML, plain or gzip, or SQLite.
    Gnucash,
}

impl Format {
    /// Every format, in the order in which they are named to people.
    pub const ALL: &'static [Self] = &[
        Self::OfxSgml,
        Self::OfxXml,
        Self::Csv,
        Self::Camt,
        Self::Mt940,
        Self::Qif,
        Self::Dump,
        Self::Table,
        Self::Journal,
        Self::Beancount,
        Self::Gnucash,
    ];

    /// The word that the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfxSgml => "ofx1",
            Self::OfxXml => "ofx2",
            Self::Csv => "csv",
            Self::Camt => "camt",
            Self::Mt940 => "mt940",
            Self::Qif => "qif",
            Self::Dump => "jsonl",
            Self::Table => "finvault-csv",
            Self::Journal => "ledger",
            Self::Beancount => "beancount",
            Self::Gnucash => "gnucash",
        }
    }
}

/// The statement of one account. `R` is how its rows are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<R = Vec<StatementRow>> {
    /// The account, where the file names it.
    pub account: Option<StatementAccount>,
    /// What its amounts are in. Readers of files that name no currency use the one they are given.
    pub currency: Currency,
    /// First and last day, where stated.
    pub period: Option<(Date, Date)>,
    /// Its rows, in file order.
    pub rows: R,
    /// The balances it states.
    pub balances: Vec<StatedAmount>,
}

/// An account as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementAccount {
    /// The bank's name or routing id.
    pub institution: Option<String>,
    /// The number, as written.
    pub number: String,
    /// What it is.
    pub kind: AccountKind,
}

/// One row and the line of the file it begins on (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// Line in the file, from 1.
    pub line: u32,
    /// What it says.
    pub transaction: NewTransaction,
    /// The parts over which the file splits it; they add up to its amount. Empty where it is not split.
    pub parts: Vec<SplitPart>,
}

/// A balance that the file states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedAmount {
    /// Which balance.
    pub kind: BalanceKind,
    /// The day it holds for, as written.
    pub date: Date,
    /// How much.
    pub amount: Money,
}

/// Something odd on a line, worth telling the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Line in the file, from 1; 0 where it is about the whole file.
    pub line: u32,
    /// What it is.
    pub text: String,
}

/// Why a file was refused: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StatementError {
    /// Which sort of refusal.
    pub kind: StatementErrorKind,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The included file that it is about, as a path from the folder of the first one; none where it is about the file
    /// itself.
    pub included: Option<Box<str>>,
    /// Line in the file, from 1; 0 where it is about the whole file.
    pub line: u32,
    /// The offending text, shortened, control characters removed; empty where there is none.
    pub excerpt: String,
    /// What the owner can do about it.
    pub remedy: String,
    /// The question whose answer would let the file be read, where there is one.
    pub question: Option<Question>,
}

/// The sorts of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementErrorKind {
    /// The content is none of the formats that are read.
    UnknownFormat,
    /// The file ends early or is malformed.
    Malformed,
    /// A date, amount, currency or other field cannot be read exactly.
    BadField,
    /// Columns, decimal mark, date order or signs could mean two things: a profile must say.
    Unsure,
    /// The file is the bank's own error message, or holds no statement.
    NoStatement,
    /// Larger or deeper than any real statement.
    TooLarge,
    /// The file cannot be read to its end, or changed while it was read.
    Unreadable,
}

/// What a reader may be told.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Reads the file as this format instead of detecting it.
    pub format: Option<Format>,
    /// The currency for files that name none (the account's).
    pub currency: Option<Currency>,
    /// How a delimited file is laid out, where detecting that is not wanted or not sure.
    pub profile: Option<CsvProfile>,
    /// The owner's own profiles: one whose column names a delimited file has is used for it.
    pub known_profiles: Vec<CsvProfile>,
    /// What is known about a delimited file that its content may leave open; its date order is told to QIF as well.
    pub answers: CsvAnswers,
    /// Leaves out rows that cannot be read, where the format tells where the next one begins (OFX and CSV),
    /// instead of refusing the file.
    pub skip_bad_rows: bool,
}

/// Reads a statement file of any format that is known, told apart by its content.
///
/// ```
/// use finvault::statement::{Format, ReadOptions, read};
///
/// let csv = "Date,Payee,Amount,Currency\n2024-01-15,Corner Cafe,-4.50,EUR\n";
/// let file = read(csv.as_bytes(), &ReadOptions::default())?;
/// assert_eq!(file.format, Format::Csv);
/// assert_eq!(file.statements[0].rows[0].transaction.amount.to_string(), "-4.50 EUR");
/// # Ok::<(), finvault::statement::StatementError>(())
/// ```
///
/// # Errors
/// [`StatementError`] for anything that cannot be read exactly; nothing is read in part.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<StatementFile, StatementError> {
    read_with_progress(bytes, options, &mut |_, _| {})
}

/// As [`read`], and calls `progress` now and then with the bytes done and the bytes in all.
///
/// # Errors
/// As [`read`].
pub fn read_with_progress(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<StatementFile, StatementError> {
    read_book(bytes, options, progress).map(|book| book.file)
}

/// As [`read_with_progress`], with all that a book says beyond what a bank's statement can.
///
/// # Errors
/// As [`read`].
pub fn read_book(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BookFile, StatementError> {
    read_explained(bytes, options, progress).map(|reading| reading.book)
}

/// As [`read_book`], and tells how the file was understood and which rows were left out.
///
/// # Errors
/// As [`read`].
pub fn read_explained(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading, StatementError> {
    match format_of(bytes, options)? {
        Format::OfxSgml | Format::OfxXml | Format::Csv => {
            read_packed(bytes, options, progress).map(Reading::unpacked)
        }
        format => read_held(bytes, format, options, progress),
    }
}

/// As [`read_explained`], with the rows packed: those of a long file take a fraction of the memory.
///
/// # Errors
/// As [`read`].
pub fn read_packed(
    bytes: &[u8],
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading<PackedRows>, StatementError> {
    match format_of(bytes, options)? {
        format @ (Format::OfxSgml | Format::OfxXml) => ofx::read(bytes, format, options, progress),
        Format::Csv => csv::read(bytes, options, progress),
        format => read_held(bytes, format, options, progress)?.packed(),
    }
}

/// What was read, and the digest (SHA-256) of the bytes it was read from.
pub type Digested = (Reading<PackedRows>, [u8; 32]);

/// Reads the formats that are read from their file a piece at a time, and gives the digest (SHA-256) of the file's bytes:
/// none for one that must be held to be read.
///
/// # Errors
/// As [`read`]; a file that cannot be read, or changes meanwhile.
pub fn read_in_pieces(
    file: &std::fs::File,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Digested>, StatementError> {
    let head = Content::File(file);
    let format = format_of(&head.head()?, options);
    if !matches!(format, Ok(Format::Csv | Format::OfxSgml | Format::OfxXml)) {
        return Ok(None);
    }
    let format = format?;
    let text = match text::TextFile::open(file)? {
        text::Opened::Text(text) => Some(text),
        text::Opened::Other if format == Format::Csv => text::TextFile::transcoded(file, None, true)?,
        text::Opened::Other => {
            text::TextFile::transcoded(file, ofx::declared_encoding(&head.head()?), false)?
        }
    };
    let Some(text) = text else { return Ok(None) };
    let read = match format {
        Format::Csv => csv::read_file(&text, options, progress)?,
        format => ofx::read_file(&text, format, options, progress)?,
    };
    Ok(read.map(|reading| (reading, text.sha256())))
}

fn format_of(bytes: &[u8], options: &ReadOptions) -> Result<Format, StatementError> {
    match (options.format, &options.profile) {
        (Some(format), _) => Ok(format),
        (None, Some(_)) => Ok(Format::Csv),
        (None, None) => detect(bytes),
    }
}

/// Reads a format whose rows are held one by one.
fn read_held(
    bytes: &[u8],
    format: Format,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Reading, StatementError> {
    let plain = match format {
        Format::OfxSgml | Format::OfxXml | Format::Csv => {
            return read_packed(bytes, options, progress).map(Reading::unpacked);
        }
        Format::Camt => camt::read(bytes, options, progress).map(BookFile::plain),
        Format::Mt940 => mt940::read(bytes, options, progress).map(BookFile::plain),
        Format::Qif => qif::read(bytes, options, progress).map(BookFile::plain),
        Format::Dump => dump::read(bytes, progress),
        Format::Table => table::read(bytes, progress),
        Format::Journal => journal::read(bytes, options, progress),
        Format::Beancount => beancount::read(bytes, options, progress),
        Format::Gnucash => gnucash::read(bytes, options, progress),
    };
    plain.map(Reading::from)
}

/// Finds the format from the beginning of the content.
///
/// # Errors
/// [`StatementErrorKind::UnknownFormat`] for an empty file and for content that is none of the formats,
/// with what it looks like where that is known.
pub fn detect(bytes: &[u8]) -> Result<Format, StatementError> {
    detect::detect(bytes)
}

#[cfg(test)]
mod pieces_tests;
