//! The members of a profile, as they stand in its JSON.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub name: String,
    pub delimiter: Option<String>,
    pub encoding: Option<String>,
    pub header_rows: Option<usize>,
    #[serde(default)]
    pub recognised_by: Vec<Vec<String>>,
    pub date: Option<DateSpec>,
    pub amount: Option<ColumnSpec>,
    pub debit: Option<ColumnSpec>,
    pub credit: Option<ColumnSpec>,
    pub sign: Option<SignSpec>,
    pub decimal_mark: Option<MarkSpec>,
    pub payee: Option<ColumnsSpec>,
    pub memo: Option<ColumnsSpec>,
    pub reference: Option<ColumnSpec>,
    pub id: Option<ColumnSpec>,
    pub balance: Option<ColumnSpec>,
    pub status: Option<StatusSpec>,
    pub account: Option<AccountSpec>,
    pub category: Option<ColumnSpec>,
    pub fee: Option<ColumnSpec>,
    pub leave_out: Option<LeaveOutSpec>,
    pub currency: Option<CurrencySpec>,
    pub invert: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum AccountSpec {
    Named(NamedAccount),
    Column(ColumnSpec),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedAccount {
    pub named: String,
    /// What follows the name, where one file holds several accounts.
    pub column: Option<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum StatusSpec {
    Words(StatusWordsSpec),
    Column(ColumnSpec),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusWordsSpec {
    pub column: Column,
    pub pending: Vec<String>,
    pub void: Vec<String>,
}

impl StatusSpec {
    pub fn column(&self) -> &Column {
        match self {
            Self::Words(words) => &words.column,
            Self::Column(column) => column.column(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaveOutSpec {
    pub column: Column,
    pub words: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Column {
    Number(usize),
    Name(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InColumn {
    pub column: Column,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum ColumnSpec {
    Plain(Column),
    Nested(InColumn),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum ColumnsSpec {
    One(ColumnSpec),
    Many(Vec<Column>),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum DateSpec {
    Plain(Column),
    Full(FullDate),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullDate {
    pub column: Option<Column>,
    /// Where the first is empty, since the bank has not booked the row yet.
    pub otherwise: Option<Column>,
    pub order: Option<OrderSpec>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OrderSpec {
    Dmy,
    Mdy,
    Ymd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum MarkSpec {
    #[serde(rename = ".")]
    Point,
    #[serde(rename = ",")]
    Comma,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignSpec {
    pub column: Column,
    #[serde(default)]
    pub negative: Vec<String>,
    #[serde(default)]
    pub positive: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum CurrencySpec {
    Code(String),
    Column(InColumn),
}

impl ColumnSpec {
    pub fn column(&self) -> &Column {
        match self {
            Self::Plain(column) | Self::Nested(InColumn { column }) => column,
        }
    }
}

impl ColumnsSpec {
    pub fn columns(&self) -> Vec<&Column> {
        match self {
            Self::One(one) => vec![one.column()],
            Self::Many(many) => many.iter().collect(),
        }
    }
}

impl Spec {
    /// The columns of the day, the second for where the first is empty.
    pub fn date_columns(&self) -> (Option<&Column>, Option<&Column>) {
        match &self.date {
            Some(DateSpec::Plain(column)) => (Some(column), None),
            Some(DateSpec::Full(full)) => (full.column.as_ref(), full.otherwise.as_ref()),
            None => (None, None),
        }
    }

    pub fn all_columns(&self) -> Vec<&Column> {
        let (date, otherwise) = self.date_columns();
        let mut columns: Vec<&Column> = date.into_iter().chain(otherwise).collect();
        let singles = [
            &self.amount,
            &self.debit,
            &self.credit,
            &self.reference,
            &self.id,
            &self.balance,
            &self.category,
            &self.fee,
        ];
        columns.extend(singles.into_iter().flatten().map(ColumnSpec::column));
        columns.extend(self.status.iter().map(StatusSpec::column));
        match &self.account {
            Some(AccountSpec::Column(column)) => columns.push(column.column()),
            Some(AccountSpec::Named(account)) => columns.extend(&account.column),
            None => {}
        }
        columns.extend(self.sign.iter().map(|sign| &sign.column));
        columns.extend(self.leave_out.iter().map(|rule| &rule.column));
        columns.extend([&self.payee, &self.memo].into_iter().flatten().flat_map(ColumnsSpec::columns));
        if let Some(CurrencySpec::Column(column)) = &self.currency {
            columns.push(&column.column);
        }
        columns
    }
}

impl Column {
    pub fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("number {number}"),
            Self::Name(name) => format!("\"{name}\""),
        }
    }
}
