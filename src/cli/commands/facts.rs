//! Facts of a disclosure as people and scripts read them, on the owner's side and on the recipient's.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use finvault::disclosure::{BalanceFact, Condition, Evidence, Fact, Grade, Row, Selection, TransactionsFact};
use finvault::money::Money;
use jiff::civil::Date;
use serde::Serialize;

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
    Balance { r#type: &'static str, as_of: String, balance: String, currency: String },
    Transactions { transactions: Vec<RowShape>, withheld: u64 },
    Unknown {},
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
        let selection = fact.selection();
        let day = |date: Option<Date>| date.map(|date| date.to_string());
        Self {
            kind: fact.kind(),
            account: LabelShape {
                nickname: fact.account().nickname.clone(),
                number: fact.account().number.as_ref().map(ToString::to_string),
            },
            content: match fact {
                Fact::Balance(balance) => Content::Balance {
                    r#type: balance.balance_type.as_str(),
                    as_of: balance.as_of.to_string(),
                    balance: balance.amount.to_decimal(),
                    currency: balance.amount.currency().code().to_owned(),
                },
                Fact::Transactions(transactions) => Content::Transactions {
                    transactions: transactions.rows.iter().map(RowShape::from).collect(),
                    withheld: transactions.withheld,
                },
                _ => Content::Unknown {},
            },
            rounded_to: selection.rounding.map(Money::to_decimal),
            selection: SelectionShape {
                from: day(selection.from),
                to: day(selection.to),
                filter: selection.filter.iter().map(Condition::to_string).collect(),
                matched: selection.matched,
                suppressed: selection.suppressed,
            },
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

impl From<&Row> for RowShape {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.clone(),
            date: row.booked.map(|day| day.to_string()),
            amount: row.amount.map(Money::to_decimal),
            currency: row.amount.map(|amount| amount.currency().code().to_owned()),
            status: row.status.map(finvault::disclosure::RowStatus::as_str),
            payee: row.information.clone(),
        }
    }
}

/// Every fact for scripts.
pub fn shapes(facts: &[Fact]) -> Vec<FactShape> {
    facts.iter().map(FactShape::from).collect()
}

/// Prints facts for people.
pub fn print(facts: &[Fact], console: &mut Console) -> Result<(), Failure> {
    for fact in facts {
        match fact {
            Fact::Balance(balance) => print_balance(balance, console)?,
            Fact::Transactions(transactions) => print_transactions(transactions, console)?,
            other => {
                console.say(format!("A fact of a kind that this finvault does not know: {}", other.kind()))?
            }
        }
        console.say_toned(&[(Tone::Dim, &format!("  {}", provenance(fact.evidence())))])?;
    }
    Ok(())
}

fn print_balance(fact: &BalanceFact, console: &mut Console) -> Result<(), Failure> {
    let rounding = fact.selection.rounding.map(|step| format!(", rounded to {step}")).unwrap_or_default();
    console.say_toned(&[
        (Tone::Plain, &format!("{}: the balance at the end of {} is ", account(&fact.account), fact.as_of)),
        (Tone::Strong, &fact.amount.to_string()),
        (Tone::Plain, &rounding),
    ])
}

/// Prints the rows of facts that have rows: the owner looks at each before it leaves.
pub fn print_rows(facts: &[Fact], console: &mut Console) -> Result<(), Failure> {
    for fact in facts {
        if let Fact::Transactions(transactions) = fact {
            print_table(transactions, console)?;
        }
    }
    Ok(())
}

fn print_transactions(fact: &TransactionsFact, console: &mut Console) -> Result<(), Failure> {
    console.say(format!("{}: {}", account(&fact.account), describe(&fact.selection)))?;
    print_table(fact, console)?;
    if fact.withheld > 0 {
        console.say(format!("  {} more were signed and are not in this copy", fact.withheld))?;
    }
    Ok(())
}

fn print_table(fact: &TransactionsFact, console: &mut Console) -> Result<(), Failure> {
    let has = |some: fn(&Row) -> bool| fact.rows.iter().any(some);
    let mut columns = Vec::new();
    let (dates, payees, amounts, statuses) = (
        has(|row| row.booked.is_some()),
        has(|row| row.information.is_some()),
        has(|row| row.amount.is_some()),
        has(|row| row.status.is_some()),
    );
    if dates {
        columns.push(("date", Align::Left));
    }
    if payees {
        columns.push(("payee", Align::Left));
    }
    if amounts {
        columns.push(("amount", Align::Right));
        columns.push(("currency", Align::Left));
    }
    if statuses {
        columns.push(("status", Align::Left));
    }
    let mut table = Table::new(&columns).flexible(usize::from(dates));
    for row in &fact.rows {
        let mut cells = Vec::new();
        if dates {
            cells.push(Cell::new(row.booked.map(|day| day.to_string()).unwrap_or_default()));
        }
        if payees {
            cells.push(Cell::new(row.information.as_deref().unwrap_or_default()));
        }
        if amounts {
            cells.push(row.amount.map(Cell::amount).unwrap_or_default());
            cells.push(Cell::new(row.amount.map(|amount| amount.currency().to_string()).unwrap_or_default()));
        }
        if statuses {
            cells.push(Cell::new(row.status.map(|status| status.as_str()).unwrap_or_default()));
        }
        table.row(cells);
    }
    if !table.is_empty() {
        console.table(&table)?;
    }
    Ok(())
}

fn account(label: &finvault::disclosure::AccountLabel) -> String {
    match (&label.nickname, &label.number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(name), None) => name.clone(),
        (None, Some(number)) => format!("Account {number}"),
        (None, None) => "An account that is not named".to_owned(),
    }
}

fn describe(selection: &Selection) -> String {
    let count = match selection.matched {
        1 => "1 transaction".to_owned(),
        n => format!("{n} transactions"),
    };
    let window = match (selection.from, selection.to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (Some(from), None) => format!(" from {from} on"),
        (None, Some(to)) => format!(" up to {to}"),
        (None, None) => String::new(),
    };
    let filter: Vec<String> = selection.filter.iter().map(Condition::to_string).collect();
    let filter = if filter.is_empty() { String::new() } else { format!(", {}", filter.join(" and ")) };
    let held_back = if selection.suppressed > 0 {
        format!(", {} held back", selection.suppressed)
    } else {
        String::new()
    };
    format!("{count}{window}{filter}{held_back}")
}

fn provenance(evidence: &Evidence) -> String {
    match evidence.grade() {
        Grade::DerivedFromImportedStatement => match evidence.statements().len() {
            1 => "derived from 1 imported statement".to_owned(),
            count => format!("derived from {count} imported statements"),
        },
        _ => "self-asserted: the owner entered or changed at least part of it".to_owned(),
    }
}
