//! What a person can say about a file whose content leaves it open.

use crate::money::DecimalMark;
use std::fmt;
use std::str::FromStr;

/// Which comes first where both could be a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// `31/12/2026`
    DayMonthYear,
    /// `12/31/2026`
    MonthDayYear,
    /// `26/12/31`
    YearMonthDay,
}

/// What amounts without a minus mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signs {
    /// They came in, as banks write accounts.
    AsWritten,
    /// They went out, as many exports of cards write purchases.
    Inverted,
}

/// Answers to what a file may leave open. What is not answered is decided from the content, or the file is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CsvAnswers {
    /// Which number of a date comes first.
    pub date_order: Option<DateOrder>,
    /// What parts units from their fraction.
    pub decimal_mark: Option<DecimalMark>,
    /// What amounts without a minus mean.
    pub signs: Option<Signs>,
}

/// A word that is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no answer to this")]
pub struct NoAnswer(String);

impl CsvAnswers {
    /// These answers, and those of `other` where these say nothing.
    pub(in super::super) fn or(self, other: Self) -> Self {
        Self {
            date_order: self.date_order.or(other.date_order),
            decimal_mark: self.decimal_mark.or(other.decimal_mark),
            signs: self.signs.or(other.signs),
        }
    }
}

impl DateOrder {
    /// The word that the command line, profiles and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DayMonthYear => "dmy",
            Self::MonthDayYear => "mdy",
            Self::YearMonthDay => "ymd",
        }
    }

    /// What it says, for people.
    pub(in super::super) const fn words(self) -> &'static str {
        match self {
            Self::DayMonthYear => "day first",
            Self::MonthDayYear => "month first",
            Self::YearMonthDay => "year first",
        }
    }
}

impl FromStr for DateOrder {
    type Err = NoAnswer;

    fn from_str(text: &str) -> Result<Self, NoAnswer> {
        [Self::DayMonthYear, Self::MonthDayYear, Self::YearMonthDay]
            .into_iter()
            .find(|order| order.as_str() == text)
            .ok_or_else(|| NoAnswer(text.chars().take(40).collect()))
    }
}

impl Signs {
    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsWritten => "as-written",
            Self::Inverted => "inverted",
        }
    }
}

impl FromStr for Signs {
    type Err = NoAnswer;

    fn from_str(text: &str) -> Result<Self, NoAnswer> {
        [Self::AsWritten, Self::Inverted]
            .into_iter()
            .find(|signs| signs.as_str() == text)
            .ok_or_else(|| NoAnswer(text.chars().take(40).collect()))
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
