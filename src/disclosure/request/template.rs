//! Facts as they are asked for, by a partner's request or a preset: without an account, days relative to today.

use crate::disclosure::fact::{Grouping, Measure, PayeeForm, Period};
use crate::disclosure::selection::{DaySpan, Operator};
use crate::disclosure::wire::IsoDate;
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most days or months that a window may reach back.
const MAX_BACK: u32 = 36_525;

/// One fact that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FactTemplate {
    /// A balance.
    Balance(BalanceTemplate),
    /// Between which amounts a balance lies.
    BalanceRange(BalanceRangeTemplate),
    /// Whether a balance reaches an amount.
    BalanceThreshold(ThresholdTemplate),
    /// Totals by period.
    TotalsByPeriod(TotalsTemplate),
    /// Transactions.
    Transactions(TransactionsTemplate),
    /// What an account is.
    Account(AccountTemplate),
    /// A document; which one, the owner chooses.
    Document(DocumentTemplate),
}

impl FactTemplate {
    /// The word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Balance(_) => "balance",
            Self::BalanceRange(_) => "balance-range",
            Self::BalanceThreshold(_) => "balance-threshold",
            Self::TotalsByPeriod(_) => "totals-by-period",
            Self::Transactions(_) => "transactions",
            Self::Account(_) => "account",
            Self::Document(_) => "document",
        }
    }
}

/// Asks for a balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceTemplate {
    /// At the end of which day.
    #[serde(default, skip_serializing_if = "DayTemplate::is_today")]
    pub as_of: DayTemplate,
    /// Rounded to a multiple of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<AmountText>,
}

/// Asks between which multiples of an amount a balance lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceRangeTemplate {
    /// At the end of which day.
    #[serde(default, skip_serializing_if = "DayTemplate::is_today")]
    pub as_of: DayTemplate,
    /// The width of the range.
    pub bucket: AmountText,
}

/// Asks whether a balance reaches an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdTemplate {
    /// At least or at most.
    pub op: Bound,
    /// The amount.
    pub amount: AmountText,
    /// Of which balances.
    pub measure: Measure,
    /// Over which days; with `closing` its last day counts.
    pub window: WindowTemplate,
}

/// Asks for totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsTemplate {
    /// Over which days.
    pub window: WindowTemplate,
    /// Over which stretches.
    pub period: Period,
    /// By what.
    pub by: Grouping,
    /// How payees are written, where they are the groups.
    #[serde(default = "pseudonyms")]
    pub payees: PayeeForm,
    /// Whether each period's whole is asked for too.
    #[serde(default)]
    pub whole: bool,
    /// Rounded to a multiple of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<AmountText>,
    /// Of which transactions.
    #[serde(default)]
    pub filter: FilterTemplate,
}

/// Asks for transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionsTemplate {
    /// Over which days.
    pub window: WindowTemplate,
    /// Which fields: `date`, `amount`, `payee`, `status`, `id`.
    pub fields: Vec<RowField>,
    /// How payees are written.
    #[serde(default)]
    pub payees: PayeeForm,
    /// Rounded to a multiple of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<AmountText>,
    /// At most so many, the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Which ones.
    #[serde(default)]
    pub filter: FilterTemplate,
}

/// Asks what an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountTemplate {
    /// Which particulars.
    pub fields: Vec<ParticularField>,
}

/// Asks for a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentTemplate {
    /// Which kind of document.
    #[serde(default, skip_serializing_if = "DocumentKind::is_statement")]
    pub document: DocumentKind,
    /// Whether the document itself is asked for, and not its digest alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enclosed: bool,
    /// Whether its file name is asked for too.
    #[serde(default)]
    pub file_name: bool,
}

/// A kind of document, as requests name it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// An imported statement's own file.
    #[default]
    Statement,
    /// A receipt or another file that the owner attached to something.
    Receipt,
}

impl DocumentKind {
    fn is_statement(&self) -> bool {
        *self == Self::Statement
    }
}

const fn pseudonyms() -> PayeeForm {
    PayeeForm::Pseudonym
}

/// A lower or an upper bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// This much or more.
    AtLeast,
    /// This much or less.
    AtMost,
}

impl From<Bound> for Operator {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::AtLeast => Self::AtLeast,
            Bound::AtMost => Self::AtMost,
        }
    }
}

/// A field of a transaction, as requests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum RowField {
    Date,
    Amount,
    Payee,
    Status,
    Id,
}

/// A particular of an account, as requests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum ParticularField {
    Holder,
    Name,
    Number,
    Institution,
    Kind,
    Currency,
    KnownSince,
    FullNumber,
    Business,
    Email,
    Phone,
    Address,
    TaxId,
}

/// Conditions on transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterTemplate {
    /// The payee has this text in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    /// In this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Only what came in, or only what went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Way>,
    /// Of this amount or more, sign included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<AmountText>,
    /// Of this amount or less, sign included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<AmountText>,
}

/// Which way money moved, as requests name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Into the account.
    In,
    /// Out of the account.
    Out,
}

/// A decimal number in the account's currency, which a request does not know: `1500.00` or `-4.5`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AmountText(String);

impl AmountText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AmountText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let size = text.strip_prefix('-').unwrap_or(&text);
        let (whole, fraction) = size.split_once('.').unwrap_or((size, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if digits(whole) && digits(fraction) && text.len() <= 32 {
            Ok(Self(text))
        } else {
            Err("not an amount")
        }
    }
}

impl From<AmountText> for String {
    fn from(amount: AmountText) -> Self {
        amount.0
    }
}

impl fmt::Display for AmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A day: `today`, or `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DayTemplate {
    /// The day on which the request is answered.
    #[default]
    Today,
    /// A day of the calendar.
    On(Date),
}

impl DayTemplate {
    fn is_today(&self) -> bool {
        *self == Self::Today
    }

    /// Which day that is when it is `today` now.
    pub const fn resolve(self, today: Date) -> Date {
        match self {
            Self::Today => today,
            Self::On(day) => day,
        }
    }
}

impl TryFrom<String> for DayTemplate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "today" { Ok(Self::Today) } else { IsoDate::try_from(text).map(|day| Self::On(day.0)) }
    }
}

impl From<DayTemplate> for String {
    fn from(day: DayTemplate) -> Self {
        match day {
            DayTemplate::Today => "today".to_owned(),
            DayTemplate::On(day) => day.to_string(),
        }
    }
}

/// Days: the last so many up to today, the last so many whole calendar months, or from one day to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WindowForm", into = "WindowForm")]
pub enum WindowTemplate {
    /// So many days, the last of them today.
    LastDays(u32),
    /// So many whole calendar months, the last of them the one before today's.
    LastMonths(u32),
    /// From a day to a day, both included.
    Between(DayTemplate, DayTemplate),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_months: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<DayTemplate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<DayTemplate>,
}

impl TryFrom<WindowForm> for WindowTemplate {
    type Error = &'static str;

    fn try_from(form: WindowForm) -> Result<Self, Self::Error> {
        match (form.last_days, form.last_months, form.from, form.to) {
            (Some(days @ 1..=MAX_BACK), None, None, None) => Ok(Self::LastDays(days)),
            (None, Some(months @ 1..=1_200), None, None) => Ok(Self::LastMonths(months)),
            (None, None, Some(from), Some(to)) => Ok(Self::Between(from, to)),
            _ => Err("a window is last_days, last_months, or from and to"),
        }
    }
}

impl From<WindowTemplate> for WindowForm {
    fn from(window: WindowTemplate) -> Self {
        let none = Self { last_days: None, last_months: None, from: None, to: None };
        match window {
            WindowTemplate::LastDays(days) => Self { last_days: Some(days), ..none },
            WindowTemplate::LastMonths(months) => Self { last_months: Some(months), ..none },
            WindowTemplate::Between(from, to) => Self { from: Some(from), to: Some(to), ..none },
        }
    }
}

impl WindowTemplate {
    /// Which days those are when it is `today` now; none where they lie beyond all calendars or end before they begin.
    pub fn resolve(self, today: Date) -> Option<DaySpan> {
        let (from, to) = match self {
            Self::LastDays(days) => (today.checked_sub((i64::from(days) - 1).days()).ok()?, today),
            Self::LastMonths(months) => {
                let this_month = today.first_of_month();
                let from = this_month.checked_sub(Span::new().months(i64::from(months))).ok()?;
                (from, this_month.yesterday().ok()?)
            }
            Self::Between(from, to) => (from.resolve(today), to.resolve(today)),
        };
        (from <= to).then_some(DaySpan { from, to })
    }
}
