//! How a fact was come by: what was selected ([`Selection`]) and on what it rests ([`Evidence`]).

use super::json::make_plain;
use super::wire::{AmountWire, IsoDate};
use crate::money::Money;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which rows a fact rests on. Days are as the bank booked them, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "SelectionWire", into = "SelectionWire")]
pub struct Selection {
    /// The first day; none means from the account's beginning.
    pub from: Option<Date>,
    /// The last day; none means up to the last row known when the disclosure was made.
    pub to: Option<Date>,
    /// Conditions that every row had to meet.
    pub filter: Vec<Condition>,
    /// How many rows met them.
    pub matched: u64,
    /// How many of these were held back by the owner.
    pub suppressed: u64,
    /// The step to which amounts were rounded (halves away from zero); none means that they are exact.
    pub rounding: Option<Money>,
    /// Stretches of the window of which the records know nothing, in order; none means that it is not stated.
    pub gaps: Option<Vec<DaySpan>>,
}

impl Selection {
    /// The window, where both its ends are stated.
    pub fn window(&self) -> Option<DaySpan> {
        self.from.zip(self.to).map(|(from, to)| DaySpan { from, to })
    }

    /// How many days of the window the records know nothing of; none where it is not stated.
    pub fn gap_days(&self) -> Option<i64> {
        let gaps = self.gaps.as_ref()?;
        Some(gaps.iter().map(|gap| gap.days()).fold(0, i64::saturating_add))
    }
}

/// Days in a row, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DaySpan {
    /// The first.
    pub from: Date,
    /// The last; never before the first.
    pub to: Date,
}

impl DaySpan {
    /// How many days.
    pub fn days(&self) -> i64 {
        i64::from((self.to - self.from).get_days()) + 1
    }
}

impl fmt::Display for DaySpan {
    /// For example `2026-01-03 to 2026-01-09`, or one day alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{} to {}", self.from, self.to)
        }
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Field {
    /// The other party.
    Payee,
    /// The owner's category.
    Category,
    /// `in` or `out`.
    Direction,
    /// The amount, signed.
    Amount,
    /// Pending or booked.
    Status,
}

impl Field {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payee => "payee",
            Self::Category => "category",
            Self::Direction => "direction",
            Self::Amount => "amount",
            Self::Status => "status",
        }
    }
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operator {
    /// Equal.
    Is,
    /// Contains, upper and lower case alike.
    Contains,
    /// Equal or more.
    AtLeast,
    /// Equal or less.
    AtMost,
}

impl Operator {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::Contains => "contains",
            Self::AtLeast => "at-least",
            Self::AtMost => "at-most",
        }
    }
}

/// One condition that rows had to meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is looked at.
    pub field: Field,
    /// How it is compared.
    #[serde(rename = "op")]
    pub operator: Operator,
    /// With what.
    pub value: String,
}

impl Condition {
    /// A condition whose value is made plain.
    pub fn new(field: Field, operator: Operator, value: &str) -> Self {
        Self { field, operator, value: make_plain(value) }
    }
}

impl fmt::Display for Condition {
    /// For example `payee contains "Corner Cafe"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} \"{}\"", self.field.as_str(), self.operator.as_str().replace('-', " "), self.value)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<IsoDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<IsoDate>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectionWire {
    window: WindowWire,
    filter: Vec<Condition>,
    matched: u64,
    suppressed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rounding: Option<AmountWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Vec<GapWire>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapWire {
    from: IsoDate,
    to: IsoDate,
}

impl From<Selection> for SelectionWire {
    fn from(selection: Selection) -> Self {
        Self {
            window: WindowWire { from: selection.from.map(IsoDate), to: selection.to.map(IsoDate) },
            filter: selection.filter,
            matched: selection.matched,
            suppressed: selection.suppressed,
            rounding: selection.rounding.map(|step| AmountWire::split(step).1),
            gaps: selection.gaps.map(|gaps| {
                gaps.into_iter().map(|gap| GapWire { from: IsoDate(gap.from), to: IsoDate(gap.to) }).collect()
            }),
        }
    }
}

impl TryFrom<SelectionWire> for Selection {
    type Error = &'static str;

    fn try_from(wire: SelectionWire) -> Result<Self, Self::Error> {
        let (from, to) = (wire.window.from.map(|day| day.0), wire.window.to.map(|day| day.0));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err("a window that ends before it begins");
        }
        if wire.suppressed > wire.matched {
            return Err("more rows held back than matched");
        }
        let rounding = wire.rounding.map(|step| step.join_positive()).transpose()?;
        let selection = Self {
            from,
            to,
            filter: wire.filter,
            matched: wire.matched,
            suppressed: wire.suppressed,
            rounding,
            gaps: wire
                .gaps
                .map(|gaps| gaps.into_iter().map(|gap| DaySpan { from: gap.from.0, to: gap.to.0 }).collect()),
        };
        selection.check_gaps()?;
        Ok(selection)
    }
}

impl Selection {
    /// Gaps are in order, apart, and inside the window.
    fn check_gaps(&self) -> Result<(), &'static str> {
        let mut free_from = self.from;
        for gap in self.gaps.iter().flatten() {
            let begins_late_enough = free_from.is_none_or(|day| gap.from >= day);
            if gap.from > gap.to || !begins_late_enough || self.to.is_some_and(|to| gap.to > to) {
                return Err("gaps out of order or outside the window");
            }
            // Two gaps that touch would be one gap.
            free_from = gap.to.tomorrow().and_then(Date::tomorrow).ok();
            if free_from.is_none() {
                free_from = Some(Date::MAX);
            }
        }
        Ok(())
    }
}

/// How well founded a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Grade {
    /// At least one row beneath it was entered or changed by the owner.
    SelfAsserted,
    /// Every row beneath it was imported from the statements named.
    DerivedFromImportedStatement,
}

impl Grade {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfAsserted => "self-asserted",
            Self::DerivedFromImportedStatement => "derived-from-imported-statement",
        }
    }
}

/// A text that is no SHA-256 in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct DigestError;

/// The SHA-256 of a file, written in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileDigest([u8; 32]);

impl FileDigest {
    /// A digest from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for FileDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let nibble = |symbol: u8| match symbol {
            b'0'..=b'9' => Ok(symbol - b'0'),
            b'a'..=b'f' => Ok(symbol - b'a' + 10),
            _ => Err(DigestError),
        };
        if text.len() != 64 {
            return Err(DigestError);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            for symbol in pair {
                *byte = *byte << 4 | nibble(*symbol)?;
            }
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for FileDigest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<FileDigest> for String {
    fn from(digest: FileDigest) -> Self {
        digest.to_string()
    }
}

/// A statement file that rows were imported from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRef {
    /// The SHA-256 of the file as the bank gave it.
    pub sha256: FileDigest,
    /// The file's format, for example `ofx`.
    pub format: String,
}

/// On what a fact rests. The grade is the owner's word; the digests can be compared with statement files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EvidenceWire", into = "EvidenceWire")]
pub struct Evidence {
    grade: Grade,
    statements: Vec<StatementRef>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceWire {
    grade: Grade,
    statements: Vec<StatementRef>,
}

impl Evidence {
    /// Evidence of a fact: `entered_by_hand` says whether any row beneath it did not come from a statement.
    ///
    /// With no statement at all the fact is self-asserted, whatever `entered_by_hand` says. Statements are
    /// put in order and named once.
    pub fn new(mut statements: Vec<StatementRef>, entered_by_hand: bool) -> Self {
        statements.sort();
        statements.dedup();
        let grade = if entered_by_hand || statements.is_empty() {
            Grade::SelfAsserted
        } else {
            Grade::DerivedFromImportedStatement
        };
        Self { grade, statements }
    }

    /// How well founded the fact is.
    pub const fn grade(&self) -> Grade {
        self.grade
    }

    /// The statements that rows beneath it came from.
    pub fn statements(&self) -> &[StatementRef] {
        &self.statements
    }
}

impl From<Evidence> for EvidenceWire {
    fn from(evidence: Evidence) -> Self {
        Self { grade: evidence.grade, statements: evidence.statements }
    }
}

impl TryFrom<EvidenceWire> for Evidence {
    type Error = &'static str;

    fn try_from(wire: EvidenceWire) -> Result<Self, Self::Error> {
        let by_hand = wire.grade == Grade::SelfAsserted;
        let evidence = Self::new(wire.statements.clone(), by_hand);
        if evidence.grade != wire.grade {
            return Err("derived from statements, but none is named");
        }
        if evidence.statements != wire.statements {
            return Err("statements out of order or named twice");
        }
        Ok(evidence)
    }
}
