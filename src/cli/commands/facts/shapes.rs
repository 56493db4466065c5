//! Facts as scripts read them.

use finvault::disclosure::{
    Condition, Fact, FullNumber, NumberScheme, PeriodTotals, Row, RowStatus, Selection,
};
use finvault::money::Money;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// A fact for scripts.
#[derive(Serialize)]
pub struct FactShape {
    kind: &'static str,
    account: LabelShape,
    #[serde(flatten)]
    content: Content,
    rounded_to: Option<String>,
    selection: SelectionShape,
    evidence: EvidenceShape,
}

#[derive(Serialize)]
struct LabelShape {
    nickname: Option<String>,
    number: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Balance {
        r#type: &'static str,
        as_of: String,
        balance: String,
        currency: String,
    },
    BalanceRange {
        r#type: &'static str,
        as_of: String,
        at_least: String,
        below: String,
        currency: String,
    },
    Threshold {
        op: &'static str,
        amount: String,
        currency: String,
        measure: &'static str,
        window_days: u32,
        days_with_data: u32,
        result: bool,
    },
    Totals {
        period: &'static str,
        by: &'static str,
        payees: &'static str,
        min_rows: u64,
        periods: Vec<PeriodShape>,
    },
    Transactions {
        payees: &'static str,
        transactions: Vec<RowShape>,
        withheld: u64,
    },
    Account {
        holder: Option<String>,
        institution: Option<String>,
        account_kind: Option<&'static str>,
        currency: Option<String>,
        known_since: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        full_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scheme: Option<&'static str>,
        #[serde(flatten)]
        holder_details: BTreeMap<&'static str, String>,
    },
    Document {
        sha256: String,
        media_type: String,
        file_name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        enclosed: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<usize>,
    },
    Unknown {},
}

#[derive(Serialize)]
struct PeriodShape {
    from: String,
    to: String,
    totals: Vec<TotalShape>,
    suppressed_cells: u64,
    whole: Option<WholeShape>,
}

#[derive(Serialize)]
struct TotalShape {
    group: Option<String>,
    count: u64,
    amount: String,
    currency: String,
}

#[derive(Serialize)]
struct WholeShape {
    count: u64,
    amount: String,
    currency: String,
}

#[derive(Serialize)]
struct RowShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<String>,
}

#[derive(Serialize)]
struct SelectionShape {
    from: Option<String>,
    to: Option<String>,
    filter: Vec<String>,
    matched: u64,
    suppressed: u64,
    /// None where the disclosure does not say whether data is missing.
    gaps: Option<Vec<SpanShape>>,
}

#[derive(Serialize)]
struct SpanShape {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct EvidenceShape {
    grade: &'static str,
    statements: Vec<StatementShape>,
}

#[derive(Serialize)]
struct StatementShape {
    sha256: String,
    format: String,
}

impl From<&Fact> for FactShape {
    fn from(fact: &Fact) -> Self {
        Self {
            kind: fact.kind(),
            account: LabelShape {
                nickname: fact.account().nickname.clone(),
                number: fact.account().number.as_ref().map(ToString::to_string),
            },
            content: content(fact),
            rounded_to: fact.selection().rounding.map(Money::to_decimal),
            selection: fact.selection().into(),
            evidence: EvidenceShape {
                grade: fact.evidence().grade().as_str(),
                statements: fact
                    .evidence()
                    .statements()
                    .iter()
                    .map(|statement| StatementShape {
                        sha256: statement.sha256.to_string(),
                        format: statement.format.clone(),
                    })
                    .collect(),
            },
        }
    }
}

impl FactShape {
    /// Of a document, whether it came along, and how long it is then.
    #[must_use]
    pub fn with_enclosed(mut self, length: Option<usize>) -> Self {
        if let Content::Document { enclosed, bytes, .. } = &mut self.content {
            *enclosed = Some(length.is_some());
            *bytes = length;
        }
        self
    }
}

fn content(fact: &Fact) -> Content {
    match fact {
        Fact::Balance(fact) => Content::Balance {
            r#type: fact.balance_type.as_str(),
            as_of: fact.as_of.to_string(),
            balance: fact.amount.to_decimal(),
            currency: code(fact.amount),
        },
        Fact::BalanceRange(fact) => Content::BalanceRange {
            r#type: fact.balance_type.as_str(),
            as_of: fact.as_of.to_string(),
            at_least: fact.at_least.to_decimal(),
            below: fact.below.to_decimal(),
            currency: code(fact.at_least),
        },
        Fact::Threshold(fact) => Content::Threshold {
            op: fact.operator.as_str(),
            amount: fact.amount.to_decimal(),
            currency: code(fact.amount),
            measure: fact.measure.as_str(),
            window_days: fact.window_days,
            days_with_data: fact.days_with_data,
            result: fact.result,
        },
        Fact::Totals(fact) => Content::Totals {
            period: fact.period.as_str(),
            by: fact.grouping.as_str(),
            payees: fact.payees.as_str(),
            min_rows: fact.min_rows,
            periods: fact.periods.iter().map(PeriodShape::from).collect(),
        },
        Fact::Transactions(fact) => Content::Transactions {
            payees: fact.payees.as_str(),
            transactions: fact.rows.iter().map(RowShape::from).collect(),
            withheld: fact.withheld,
        },
        Fact::Account(fact) => Content::Account {
            holder: fact.holder.clone(),
            institution: fact.institution.clone(),
            account_kind: fact.kind.map(finvault::ledger::AccountKind::as_str),
            currency: fact.currency.clone(),
            known_since: day(fact.known_since),
            full_number: fact.number.as_ref().map(|number| number.as_str().to_owned()),
            scheme: fact.number.as_ref().and_then(FullNumber::scheme).map(NumberScheme::as_str),
            holder_details: fact
                .holder_details
                .stated()
                .map(|(word, value)| (if word == "tax-id" { "tax_id" } else { word }, value.to_owned()))
                .collect(),
        },
        Fact::Document(fact) => Content::Document {
            sha256: fact.sha256.to_string(),
            media_type: fact.media_type.clone(),
            file_name: fact.file_name.clone(),
            enclosed: None,
            bytes: None,
        },
        _ => Content::Unknown {},
    }
}

fn code(money: Money) -> String {
    money.currency().code().to_owned()
}

fn day(date: Option<Date>) -> Option<String> {
    date.map(|date| date.to_string())
}

impl From<&PeriodTotals> for PeriodShape {
    fn from(period: &PeriodTotals) -> Self {
        Self {
            from: period.from.to_string(),
            to: period.to.to_string(),
            totals: period
                .cells
                .iter()
                .map(|cell| TotalShape {
                    group: cell.group.clone(),
                    count: cell.count,
                    amount: cell.amount.to_decimal(),
                    currency: code(cell.amount),
                })
                .collect(),
            suppressed_cells: period.suppressed_cells,
            whole: period.whole.map(|(count, amount)| WholeShape {
                count,
                amount: amount.to_decimal(),
                currency: code(amount),
            }),
        }
    }
}

impl From<&Selection> for SelectionShape {
    fn from(selection: &Selection) -> Self {
        Self {
            from: day(selection.from),
            to: day(selection.to),
            filter: selection.filter.iter().map(Condition::to_string).collect(),
            matched: selection.matched,
            suppressed: selection.suppressed,
            gaps: selection.gaps.as_ref().map(|gaps| {
                gaps.iter()
                    .map(|gap| SpanShape { from: gap.from.to_string(), to: gap.to.to_string() })
                    .collect()
            }),
        }
    }
}

impl From<&Row> for RowShape {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.clone(),
            date: day(row.booked),
            amount: row.amount.map(Money::to_decimal),
            currency: row.amount.map(code),
            status: row.status.map(RowStatus::as_str),
            payee: row.information.clone(),
        }
    }
}
