//! How one file is to be read: what detection found out, or what a profile says.

use super::answers::DateOrder;
use crate::money::{Currency, DecimalMark};

/// Where a row's day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateColumn {
    pub column: usize,
    /// Whether the bank fills it only when it books the row.
    pub booked: bool,
}

/// Where the amount stands and what gives it its sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AmountRule {
    /// One column, signed as written.
    Signed { column: usize },
    /// One column without signs, and another that says which way the money went.
    Directed { column: usize, direction: usize, words: Option<DirectionWords> },
    /// A column for money that left and one for money that came.
    Split { debit: Option<usize>, credit: Option<usize>, debit_is_negative: bool },
}

impl AmountRule {
    /// The columns that amounts and signs come from.
    pub fn sources(&self) -> Vec<usize> {
        match self {
            Self::Directed { column, direction, .. } => vec![*column, *direction],
            _ => self.columns(),
        }
    }

    /// The columns that hold amounts.
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Signed { column } | Self::Directed { column, .. } => vec![*column],
            Self::Split { debit, credit, .. } => debit.iter().chain(credit).copied().collect(),
        }
    }
}

/// The words of a profile for money out and money in, folded. An empty list means every other word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DirectionWords {
    pub negative: Vec<String>,
    pub positive: Vec<String>,
}

/// How one file is to be read.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub delimiter: u8,
    /// Rows before the first row of data, blank lines not counted.
    pub skip_rows: usize,
    /// The names of the columns, folded; empty where the file has no header row.
    pub headers: Vec<String>,
    /// The names of the columns as written.
    pub titles: Vec<String>,
    /// How many columns the file has.
    pub width: usize,
    pub order: DateOrder,
    pub mark: DecimalMark,
    /// In order of preference; never empty.
    pub dates: Vec<DateColumn>,
    pub amount: AmountRule,
    /// Turns every sign.
    pub invert: bool,
    pub fee: Option<usize>,
    /// Whether fees are known to come on top of the amounts; else the running balance must show it.
    pub fee_on_top: bool,
    pub balance: Option<usize>,
    pub currency: Option<usize>,
    pub fixed_currency: Option<Currency>,
    pub payees: Vec<usize>,
    pub memos: Vec<usize>,
    pub references: Vec<usize>,
    pub bank_id: Option<usize>,
    pub status: Option<usize>,
    /// The words (folded) that mean pending and no booking; every other means booked. None: those that are known.
    pub status_words: Option<(Vec<String>, Vec<String>)>,
    pub account: Option<usize>,
    /// The owner's category, in exports of programs that keep books.
    pub category: Option<usize>,
    /// Rows whose cell in this column is one of these words (folded) are no bookings.
    pub leave_out: Option<(usize, Vec<String>)>,
    /// The account that lines above the header or a profile name; what a column of accounts says follows it.
    pub fixed_account: Option<String>,
    /// Whether the column's name or the file's say that it is a card.
    pub is_card: bool,
    /// The type column, for words such as "Purchase" that show inverted signs.
    pub kinds: Option<usize>,
    /// Whether a person said what amounts without a minus mean.
    pub signs_told: bool,
    /// Whether a profile says all this.
    pub from_profile: bool,
    /// What was taken for granted and is worth saying.
    pub notes: Vec<String>,
}
