//! How a file was understood: told beside what it says, so that nothing is taken for granted in silence.

use super::csv::answers::DateOrder;
use super::{BookFile, StatementRow, problem};
use crate::money::DecimalMark;
use std::fmt;

/// A file that was read, and how. `R` is how the rows of each statement are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<R = Vec<StatementRow>> {
    /// What it says.
    pub book: BookFile<R>,
    /// How a delimited file was understood; none for formats that leave nothing open.
    pub layout: Option<CsvLayout>,
    /// Rows that cannot be read and were left out, as [`ReadOptions::skip_bad_rows`](super::ReadOptions) asked.
    pub skipped: Vec<SkippedRow>,
}

impl From<BookFile> for Reading {
    /// Of a format that leaves nothing open.
    fn from(book: BookFile) -> Self {
        Self { book, layout: None, skipped: Vec::new() }
    }
}

impl<R> Reading<R> {
    /// The same with rows that are held otherwise.
    pub(super) fn with_rows<Q, E>(self, change: impl Fn(R) -> Result<Q, E>) -> Result<Reading<Q>, E> {
        Ok(Reading { book: self.book.with_rows(change)?, layout: self.layout, skipped: self.skipped })
    }
}

/// A row that was left out because it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedRow {
    /// Line in the file, from 1.
    pub line: u32,
    /// Its text, shortened, control characters removed.
    pub excerpt: String,
    /// Why it cannot be read.
    pub reason: String,
}

impl From<super::StatementError> for SkippedRow {
    fn from(error: super::StatementError) -> Self {
        Self { line: error.line, excerpt: error.excerpt, reason: error.message }
    }
}

/// What a file leaves open and a person can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Question {
    /// Which of the three numbers of a date is the day.
    DateOrder,
    /// Whether a comma or a point parts units from their fraction.
    DecimalMark,
    /// Whether amounts without a minus came in or went out.
    Signs,
}

impl Question {
    /// The option of the command line that answers it, with its values.
    pub(super) const fn option(self) -> &'static str {
        match self {
            Self::DateOrder => "--date-order dmy, mdy or ymd",
            Self::DecimalMark => "--decimal-mark ',' or '.'",
            Self::Signs => "--signs as-written or inverted",
        }
    }
}

/// How a delimited file was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvLayout {
    /// The profile that said so, if one did.
    pub profile: Option<String>,
    /// What parts the cells.
    pub delimiter: char,
    /// The name of the encoding.
    pub encoding: &'static str,
    /// The names of the columns as written; none where the file has no header row.
    pub columns: Vec<String>,
    /// Which number of a date comes first; none where months are written as words, and where there are no rows.
    pub date_order: Option<DateOrder>,
    /// The column that the day comes from.
    pub date: String,
    /// What parts units from their fraction.
    pub decimal_mark: DecimalMark,
    /// Where amounts and signs come from, in words.
    pub amount: String,
}

impl fmt::Display for CsvLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delimiter = match self.delimiter {
            '\t' => "tab".to_owned(),
            other => other.to_string(),
        };
        let mark = match self.decimal_mark {
            DecimalMark::Comma => "comma",
            DecimalMark::Point => "point",
        };
        write!(f, "{delimiter} separated, {}, day from {}, ", self.encoding, problem::excerpt(&self.date))?;
        if let Some(order) = self.date_order {
            write!(f, "{}, ", order.words())?;
        }
        write!(f, "decimal {mark}, {}", self.amount)
    }
}
