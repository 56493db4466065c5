//! Why a disclosure was refused, told to the owner only: what would become known, from what, and what would be safe.

use crate::ledger::TransactionId;
use crate::money::Money;
use jiff::civil::Date;
use std::fmt;

/// The most groups and rows that are told of in full.
const MAX_TOLD: usize = 8;

/// A disclosure that the owner's own rules forbid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// To whom it was to go.
    pub recipient: String,
    /// Groups of transactions that would become known.
    pub leaks: Vec<Leak>,
    /// Accounts on which too many yes-or-no answers would have been given.
    pub over_budget: Vec<OverBudget>,
    /// What would be safe instead.
    pub safe: Vec<String>,
}

/// A group of transactions, too small to hide any of them, whose sum would become known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Its transactions.
    pub rows: Vec<LeakedRow>,
    /// The disclosures from which it follows, together with the one that is asked for.
    pub from: Vec<Origin>,
    /// Whether it takes several recipients together to work it out.
    pub together: bool,
}

/// A transaction that would become known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakedRow {
    /// Its number.
    pub id: TransactionId,
    /// Whether only a part of it would, of those that it is split into; the amount is the part's then.
    pub in_part: bool,
    /// What it is; none where it was deleted, or split otherwise, since.
    pub detail: Option<LeakedDetail>,
}

/// What a transaction is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakedDetail {
    /// The day it was booked.
    pub date: Date,
    /// The other party.
    pub payee: String,
    /// How much.
    pub amount: Money,
}

/// A disclosure that was made before, or a draft that was given to a reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its number, among disclosures or among drafts.
    pub disclosure: i64,
    /// Whether it is a draft.
    pub in_draft: bool,
    /// The day it was issued, in UTC.
    pub issued: Date,
    /// To whom.
    pub recipient: String,
}

/// Too many yes-or-no answers: each halves the range that a balance can lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverBudget {
    /// The account.
    pub account: String,
    /// How many answers there would be.
    pub answers: u64,
    /// How many are allowed.
    pub budget: u64,
    /// Whether the answers are those of several recipients together.
    pub together: bool,
}

impl Refusal {
    /// What would become known from what, and what would be safe: lines for the owner.
    pub fn explanation(&self) -> String {
        let mut lines = Vec::new();
        for leak in self.leaks.iter().take(MAX_TOLD) {
            lines.push(match leak.rows.len() {
                1 => "this would be known:".to_owned(),
                count => format!("the sum of these {count} would be known:"),
            });
            lines.extend(leak.rows.iter().take(MAX_TOLD).map(|row| format!("  {row}")));
            lines.push(format!("  from {}", leak.origins(&self.recipient)));
        }
        if self.leaks.len() > MAX_TOLD {
            lines.push(format!("and {} more such groups", self.leaks.len() - MAX_TOLD));
        }
        for over in &self.over_budget {
            lines.push(format!(
                "the budget for \"{}\" is {}: each answer halves what is left to guess",
                over.account, over.budget
            ));
        }
        lines.extend(self.safe.iter().map(|safe| format!("safe instead: {safe}")));
        lines.push("to send it all the same, and have that logged: --accept-risk \"REASON\"".to_owned());
        lines.join("\n")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(leak) = self.leaks.first() {
            let rows: usize = self.leaks.iter().map(|leak| leak.rows.len()).sum();
            let rows = match rows {
                1 => "1 transaction that was".to_owned(),
                rows => format!("{rows} transactions that were"),
            };
            write!(f, "{} could work out {rows} not shown to them", leak.who(&self.recipient))?;
        }
        for (index, over) in self.over_budget.iter().enumerate() {
            if index > 0 || !self.leaks.is_empty() {
                f.write_str("; ")?;
            }
            let who = if over.together { "all recipients together" } else { &self.recipient };
            write!(f, "{who} would have {} yes-or-no answers on \"{}\"", over.answers, over.account)?;
        }
        Ok(())
    }
}

impl Leak {
    /// Who could work it out.
    pub(super) fn who(&self, recipient: &str) -> String {
        let mut names: Vec<&str> = vec![recipient];
        names.extend(
            self.from.iter().map(|origin| origin.recipient.as_str()).filter(|name| *name != recipient),
        );
        names.sort_unstable();
        names.dedup();
        match (names.split_last(), self.together) {
            (Some((last, others)), true) if !others.is_empty() => {
                format!("{} and {last} together", others.join(", "))
            }
            _ => recipient.to_owned(),
        }
    }

    fn origins(&self, recipient: &str) -> String {
        let mut parts = vec!["this disclosure".to_owned()];
        for origin in self.from.iter().take(MAX_TOLD) {
            let to = if origin.recipient == recipient {
                String::new()
            } else {
                format!(" to {}", origin.recipient)
            };
            let what = if origin.in_draft { "draft" } else { "disclosure" };
            parts.push(format!("{what} {} of {}{to}", origin.disclosure, origin.issued));
        }
        if self.from.len() > MAX_TOLD {
            parts.push(format!("{} more", self.from.len() - MAX_TOLD));
        }
        match parts.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}, combined", others.join(", "))
            }
            _ => parts.concat(),
        }
    }
}

impl fmt::Display for LeakedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => {
                write!(f, "{}  {}  {}", detail.date, detail.payee, detail.amount)?;
                if self.in_part { f.write_str(", a part of it") } else { Ok(()) }
            }
            None if self.in_part => write!(f, "a part of transaction {}, split otherwise since", self.id.0),
            None => write!(f, "transaction {}, deleted since", self.id.0),
        }
    }
}
