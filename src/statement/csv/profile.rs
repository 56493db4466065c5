//! Named profiles: how one bank lays its file out, written down by a person as JSON.
//!
//! Columns are named as the file's header names them (letter case, accents and punctuation do not count) or
//! numbered from 1. What a profile leaves out is decided from the file, as without a profile.

use super::super::{StatementError, StatementErrorKind, encoding, problem};
use super::columns::{date_order, decimal_mark};
use super::dates::DateOrder;
use super::plan::{AmountRule, DateColumn, DirectionWords, Plan};
use super::records::Rows;
use super::survey::{self, Facts};
use super::vocabulary::fold;
use crate::money::{Currency, DecimalMark};
use encoding_rs::Encoding;
use serde::Deserialize;

/// How far down the header row is looked for.
const HEADER_ROWS: usize = 60;

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

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    name: String,
    delimiter: Option<String>,
    encoding: Option<String>,
    header_rows: Option<usize>,
    date: DateSpec,
    amount: Option<ColumnSpec>,
    debit: Option<ColumnSpec>,
    credit: Option<ColumnSpec>,
    sign: Option<SignSpec>,
    decimal_mark: Option<MarkSpec>,
    payee: Option<ColumnsSpec>,
    memo: Option<ColumnsSpec>,
    reference: Option<ColumnSpec>,
    id: Option<ColumnSpec>,
    balance: Option<ColumnSpec>,
    status: Option<ColumnSpec>,
    account: Option<ColumnSpec>,
    currency: Option<CurrencySpec>,
    #[serde(default)]
    invert: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Column {
    Number(usize),
    Name(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct InColumn {
    column: Column,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum ColumnSpec {
    Plain(Column),
    Nested(InColumn),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum ColumnsSpec {
    One(ColumnSpec),
    Many(Vec<Column>),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum DateSpec {
    Plain(Column),
    Full(FullDate),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullDate {
    column: Column,
    order: Option<OrderSpec>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OrderSpec {
    Dmy,
    Mdy,
    Ymd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum MarkSpec {
    #[serde(rename = ".")]
    Point,
    #[serde(rename = ",")]
    Comma,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignSpec {
    column: Column,
    #[serde(default)]
    negative: Vec<String>,
    #[serde(default)]
    positive: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum CurrencySpec {
    Code(String),
    Column(InColumn),
}

impl ColumnSpec {
    fn column(&self) -> &Column {
        match self {
            Self::Plain(column) | Self::Nested(InColumn { column }) => column,
        }
    }
}

impl ColumnsSpec {
    fn columns(&self) -> Vec<&Column> {
        match self {
            Self::One(one) => vec![one.column()],
            Self::Many(many) => many.iter().collect(),
        }
    }
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
        if spec.amount.is_some() == has_split {
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
        Ok(Self { spec, delimiter, encoding, currency })
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

    pub(super) fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding
    }

    /// The plan that the profile makes for one file.
    ///
    /// # Errors
    /// Unsure where the profile does not fit the file, or leaves out what the file does not show.
    pub(super) fn plan(
        &self,
        text: &str,
        told: Option<super::super::DateOrder>,
        step: &mut dyn FnMut(usize),
    ) -> Result<Plan, StatementError> {
        let found = self.find_layout(text)?;
        let at = |column: &Column| found.index(column).unwrap_or(usize::MAX);
        let one = |column: &Option<ColumnSpec>| column.as_ref().map(|column| at(column.column()));
        let many = |columns: &Option<ColumnsSpec>| {
            columns.iter().flat_map(|columns| columns.columns()).map(at).collect::<Vec<_>>()
        };
        let spec = &self.spec;
        let (date, order) = match &spec.date {
            DateSpec::Plain(column) => (at(column), None),
            DateSpec::Full(full) => (at(&full.column), full.order),
        };
        let facts =
            survey::survey(text, found.delimiter, found.skip_rows, &[date], step)?.with_date_order(told);
        let amount = self.amount_rule(&one, &at, &facts);
        let order = match order {
            Some(OrderSpec::Dmy) => DateOrder::DayMonthYear,
            Some(OrderSpec::Mdy) => DateOrder::MonthDayYear,
            Some(OrderSpec::Ymd) => DateOrder::YearMonthDay,
            None => date_order(&[facts.column(date).order], &found.names)?,
        };
        let balance = one(&spec.balance);
        let mark = match spec.decimal_mark {
            Some(MarkSpec::Point) => DecimalMark::Point,
            Some(MarkSpec::Comma) => DecimalMark::Comma,
            None => {
                let votes: Vec<_> = amount
                    .columns()
                    .iter()
                    .chain(&balance)
                    .map(|column| facts.column(*column).mark)
                    .collect();
                decimal_mark(&votes, &found.names)?
            }
        };
        Ok(Plan {
            delimiter: found.delimiter,
            skip_rows: found.skip_rows,
            width: found.names.len().max(if found.names.is_empty() { facts.columns.len() } else { 0 }),
            titles: found.names.clone(),
            headers: found.names.clone(),
            order,
            mark,
            dates: vec![DateColumn { column: date, booked: false }],
            amount,
            invert: spec.invert,
            fee: None,
            balance,
            currency: match &spec.currency {
                Some(CurrencySpec::Column(column)) => Some(at(&column.column)),
                _ => None,
            },
            fixed_currency: self.currency,
            payees: many(&spec.payee),
            memos: many(&spec.memo),
            references: one(&spec.reference).into_iter().collect(),
            bank_id: one(&spec.id),
            status: one(&spec.status),
            account: one(&spec.account),
            fixed_account: None,
            is_card: false,
            kinds: None,
            from_profile: true,
            notes: Vec::new(),
        })
    }

    fn amount_rule(
        &self,
        one: &dyn Fn(&Option<ColumnSpec>) -> Option<usize>,
        at: &dyn Fn(&Column) -> usize,
        facts: &Facts,
    ) -> AmountRule {
        let (debit, credit) = (one(&self.spec.debit), one(&self.spec.credit));
        match (one(&self.spec.amount), &self.spec.sign) {
            (Some(column), None) => AmountRule::Signed { column },
            (Some(column), Some(sign)) => AmountRule::Directed {
                column,
                direction: at(&sign.column),
                words: Some(DirectionWords {
                    negative: folded(&sign.negative),
                    positive: folded(&sign.positive),
                }),
            },
            (None, _) => {
                let debits = debit.map(|column| facts.column(column)).unwrap_or_default();
                let debit_is_negative = debits.minus > 0 && debits.minus == debits.nonzero;
                AmountRule::Split { debit, credit, debit_is_negative }
            }
        }
    }

    /// Finds the delimiter and the header row under which every column of the profile exists.
    fn find_layout(&self, text: &str) -> Result<Layout, StatementError> {
        let candidates =
            self.delimiter.map_or_else(|| vec![b',', b';', b'\t', b'|'], |delimiter| vec![delimiter]);
        let mut failure = None;
        for delimiter in candidates {
            match self.layout_with(text, delimiter) {
                Ok(Some(layout)) => return Ok(layout),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        let wanted: Vec<String> = self.spec.all_columns().iter().map(|column| column.shown()).collect();
        Err(failure.unwrap_or_else(|| {
            problem::on_line(
                StatementErrorKind::Unsure,
                1,
                text.lines().next().unwrap_or_default(),
                format!("the profile \"{}\" does not fit this file", problem::excerpt(&self.spec.name)),
                format!(
                    "it needs the columns {}; name another profile or correct this one",
                    problem::excerpt(&wanted.join(", "))
                ),
            )
        }))
    }

    fn layout_with(&self, text: &str, delimiter: u8) -> Result<Option<Layout>, StatementError> {
        let columns = self.spec.all_columns();
        let needs_names = columns.iter().any(|column| matches!(column, Column::Name(_)));
        let mut rows = Rows::new(text, delimiter);
        let mut index = 0;
        while let Some(row) = rows.next()? {
            index += 1;
            let names: Vec<String> = row.cells.iter().map(|cell| fold(cell)).collect();
            let layout = |names: Vec<String>, skip_rows| Layout { delimiter, skip_rows, names };
            match self.spec.header_rows {
                Some(0) => {
                    let fits =
                        columns.iter().all(|c| matches!(c, Column::Number(n) if *n <= row.cells.len()));
                    return Ok(fits.then(|| layout(Vec::new(), 0)));
                }
                Some(count) if index < count => continue,
                Some(count) => {
                    let found = layout(names, count);
                    return Ok(columns.iter().all(|c| found.index(c).is_some()).then_some(found));
                }
                None if !needs_names => {
                    let widest = row.cells.len().max(1);
                    let fits = columns.iter().all(|c| matches!(c, Column::Number(n) if *n <= widest));
                    return Ok(fits.then(|| layout(Vec::new(), 0)));
                }
                None => {
                    let found = layout(names, index);
                    if columns.iter().all(|c| found.index(c).is_some()) {
                        return Ok(Some(found));
                    }
                    if index >= HEADER_ROWS {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }
}

fn folded(words: &[String]) -> Vec<String> {
    words
        .iter()
        .map(|word| if matches!(word.as_str(), "+" | "-") { word.clone() } else { fold(word) })
        .collect()
}

impl Spec {
    fn all_columns(&self) -> Vec<&Column> {
        let mut columns = vec![match &self.date {
            DateSpec::Plain(column) | DateSpec::Full(FullDate { column, .. }) => column,
        }];
        let singles = [
            &self.amount,
            &self.debit,
            &self.credit,
            &self.reference,
            &self.id,
            &self.balance,
            &self.status,
            &self.account,
        ];
        columns.extend(singles.into_iter().flatten().map(ColumnSpec::column));
        columns.extend(self.sign.iter().map(|sign| &sign.column));
        columns.extend([&self.payee, &self.memo].into_iter().flatten().flat_map(ColumnsSpec::columns));
        if let Some(CurrencySpec::Column(column)) = &self.currency {
            columns.push(&column.column);
        }
        columns
    }
}

impl Column {
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("number {number}"),
            Self::Name(name) => format!("\"{name}\""),
        }
    }
}

/// Where the data begins, and the names above it.
struct Layout {
    delimiter: u8,
    skip_rows: usize,
    names: Vec<String>,
}

impl Layout {
    /// The index of a column, if the file has it.
    fn index(&self, column: &Column) -> Option<usize> {
        match column {
            Column::Number(number) => {
                number.checked_sub(1).filter(|index| self.names.is_empty() || *index < self.names.len())
            }
            Column::Name(name) => {
                let folded = fold(name);
                self.names.iter().position(|known| *known == folded)
            }
        }
    }
}
