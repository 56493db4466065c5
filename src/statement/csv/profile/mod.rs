//! Named profiles: how one bank lays its file out, written down by a person as JSON.
//!
//! Columns are named as the file's header names them (letter case, accents and punctuation do not count) or
//! numbered from 1. What a profile leaves out is decided from the file, as without a profile. A profile that names no
//! column at all holds answers alone: what detection would otherwise refuse to guess.

mod plan;
mod spec;

use super::super::encoding;
use super::answers::{CsvAnswers, DateOrder, Signs};
use super::vocabulary::fold;
use crate::money::{Currency, DecimalMark};
use encoding_rs::Encoding;
use spec::{Column, CurrencySpec, DateSpec, MarkSpec, OrderSpec, SignSpec, Spec};

/// The layout of one bank's delimited files.
///
/// ```
/// use finvault::statement::{CsvProfile, ReadOptions, read};
///
/// let profile = CsvProfile::parse(r#"{
///     "name": "card",
///     "date": {"column": "Date", "order": "mdy"},
///     "amount": "Amount",
///     "payee": "Description",
///     "currency": "USD",
///     "invert": true
/// }"#)?;
/// let options = ReadOptions { profile: Some(profile), ..ReadOptions::default() };
/// let file = read(b"Date,Description,Amount\n01/02/2024,Corner Cafe,4.50\n", &options)?;
/// let row = &file.statements[0].rows[0].transaction;
/// assert_eq!((row.posted.to_string(), row.amount.to_string()), ("2024-01-02".into(), "-4.50 USD".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvProfile {
    json: String,
    spec: Spec,
    delimiter: Option<u8>,
    encoding: Option<&'static Encoding>,
    currency: Option<Currency>,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The text is no profile: malformed JSON, a field that is missing or not known.
    #[error("the profile cannot be read: {0}")]
    Malformed(String),
    /// It names columns and no date, or no columns but what only belongs to columns.
    #[error(
        "a profile names the columns of date and amount, or no columns at all and only what the file leaves open: \
         the order of dates, \"decimal_mark\" and \"invert\""
    )]
    Incomplete,
    /// It names no amount, or an amount beside debits and credits.
    #[error("a profile names either \"amount\" or \"debit\" and \"credit\" (one of them may be absent)")]
    Amount,
    /// A sign column without an amount column, or without words.
    #[error("\"sign\" goes with \"amount\" and lists words under \"negative\" or \"positive\"")]
    Sign,
    /// Columns are numbered from 1.
    #[error("columns are numbered from 1")]
    ColumnZero,
    /// The delimiter is not one character that a file can be cut at.
    #[error("\"delimiter\" is one of ',' ';' '|' or a tab, not {0:?}")]
    Delimiter(String),
    /// The encoding is not known.
    #[error("{0:?} is no encoding that is known; use for example \"utf-8\" or \"windows-1252\"")]
    Encoding(String),
    /// The currency is not in ISO 4217.
    #[error("{0:?} is no currency code of ISO 4217")]
    Currency(String),
    /// No profile of that name is built in.
    #[error("no profile is called {0:?}")]
    Unknown(String),
}

impl CsvProfile {
    /// Reads a profile from its JSON text.
    ///
    /// # Errors
    /// [`ProfileError`] for anything that is not a complete profile; a field that is not known is an error too.
    pub fn parse(json: &str) -> Result<Self, ProfileError> {
        let spec: Spec =
            serde_json::from_str(json).map_err(|error| ProfileError::Malformed(error.to_string()))?;
        let has_split = spec.debit.is_some() || spec.credit.is_some();
        if spec.all_columns().is_empty() {
            let only_answers = spec.header_rows.is_none()
                && spec.delimiter.is_none()
                && spec.currency.is_none()
                && spec.account.is_none();
            let some_answer = spec.invert.is_some() || spec.decimal_mark.is_some() || spec.date.is_some();
            if !only_answers || !some_answer {
                return Err(ProfileError::Incomplete);
            }
        } else if spec.date_columns().0.is_none() {
            return Err(ProfileError::Incomplete);
        } else if spec.amount.is_some() == has_split {
            return Err(ProfileError::Amount);
        }
        let empty = |sign: &SignSpec| sign.negative.is_empty() && sign.positive.is_empty();
        if spec.sign.as_ref().is_some_and(|sign| has_split || empty(sign)) {
            return Err(ProfileError::Sign);
        }
        if spec.all_columns().iter().any(|column| matches!(column, Column::Number(0))) {
            return Err(ProfileError::ColumnZero);
        }
        let delimiter = match spec.delimiter.as_deref() {
            None => None,
            Some("\t" | "tab" | "\\t") => Some(b'\t'),
            Some(text) => match text.as_bytes() {
                [byte @ (b',' | b';' | b'|')] => Some(*byte),
                _ => return Err(ProfileError::Delimiter(text.to_owned())),
            },
        };
        let encoding = match spec.encoding.as_deref() {
            None => None,
            Some(label) => {
                Some(encoding::by_label(label).ok_or_else(|| ProfileError::Encoding(label.to_owned()))?)
            }
        };
        let currency = match &spec.currency {
            Some(CurrencySpec::Code(code)) => {
                Some(Currency::iso(code).map_err(|_| ProfileError::Currency(code.clone()))?)
            }
            _ => None,
        };
        Ok(Self { json: json.to_owned(), spec, delimiter, encoding, currency })
    }

    /// A profile that comes with this crate.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`] for any other name.
    pub fn builtin(name: &str) -> Result<Self, ProfileError> {
        let json = super::builtin::find(name)
            .ok_or_else(|| ProfileError::Unknown(name.chars().take(60).collect()))?;
        Self::parse(json)
    }

    /// The names of the profiles that come with this crate.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        super::builtin::names()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The text it was read from.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// A profile that remembers answers for files whose columns have these names.
    ///
    /// # Errors
    /// [`ProfileError::Incomplete`] where there is no answer to remember.
    pub fn remembering(name: &str, columns: &[String], answers: &CsvAnswers) -> Result<Self, ProfileError> {
        let mut profile = serde_json::Map::new();
        profile.insert("name".to_owned(), name.into());
        let names: Vec<&String> = columns.iter().filter(|name| !name.trim().is_empty()).collect();
        if !names.is_empty() {
            profile.insert("recognised_by".to_owned(), serde_json::json!([names]));
        }
        if let Some(order) = answers.date_order {
            profile.insert("date".to_owned(), serde_json::json!({ "order": order.as_str() }));
        }
        if let Some(mark) = answers.decimal_mark {
            let mark = if mark == DecimalMark::Comma { "," } else { "." };
            profile.insert("decimal_mark".to_owned(), mark.into());
        }
        if let Some(signs) = answers.signs {
            profile.insert("invert".to_owned(), (signs == Signs::Inverted).into());
        }
        let text = serde_json::to_string_pretty(&profile)
            .map_err(|error| ProfileError::Malformed(error.to_string()))?;
        Self::parse(&text)
    }

    /// Whether it says which columns hold what; else it holds answers alone.
    pub(super) fn names_columns(&self) -> bool {
        !self.spec.all_columns().is_empty()
    }

    /// Whether files are recognised as its own by their columns.
    pub fn is_recognised(&self) -> bool {
        !self.spec.recognised_by.is_empty()
    }

    /// How many names of columns it asks for and finds in one of these rows; 0 where some are missing.
    pub(super) fn recognised_in(&self, heads: &[Vec<String>]) -> usize {
        let found = self.spec.recognised_by.iter().filter(|names| {
            let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
            heads.iter().any(|head| folded.iter().all(|name| head.contains(name)))
        });
        found.map(Vec::len).max().unwrap_or(0)
    }

    /// What it says of dates, decimal mark and signs.
    pub(super) fn answers(&self) -> CsvAnswers {
        let order = match &self.spec.date {
            Some(DateSpec::Full(full)) => full.order,
            _ => None,
        };
        let signs = |invert| if invert { Signs::Inverted } else { Signs::AsWritten };
        CsvAnswers {
            date_order: order.map(|order| match order {
                OrderSpec::Dmy => DateOrder::DayMonthYear,
                OrderSpec::Mdy => DateOrder::MonthDayYear,
                OrderSpec::Ymd => DateOrder::YearMonthDay,
            }),
            decimal_mark: self.spec.decimal_mark.map(|mark| match mark {
                MarkSpec::Point => DecimalMark::Point,
                MarkSpec::Comma => DecimalMark::Comma,
            }),
            signs: self.spec.invert.map(signs),
        }
    }

    pub(super) fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding
    }
}
