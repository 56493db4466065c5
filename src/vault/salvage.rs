//! What can still be read of a damaged vault, written out as JSON Lines: one row a line, and a line for each gap.

pub use crate::store::lost_movements::LostTransaction;

use super::{Problem, Progress, Vault, VaultError};
use crate::money::Money;
use crate::store::salvage::TableName;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Rows of one table that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRows {
    /// The table, in the words of the vault's schema.
    pub table: String,
    /// The first number that cannot be read; none for a table whose rows have no numbers.
    pub from: Option<i64>,
    /// The last one; none where nothing behind the first could be read.
    pub to: Option<i64>,
    /// Transactions: those of them that an index still knows, in order of their numbers.
    pub transactions: Vec<LostTransaction>,
}

/// What a salvage came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// Rows written, by table, in order of name; tables without a row are left out.
    pub rows: Vec<(String, u64)>,
    /// What could not be read. Not every number in between need have had a row.
    pub lost: Vec<LostRows>,
}

impl Vault {
    /// Writes every row that can be read as JSON Lines, in clear: `{"table": ..., "row": {...}}`, columns as in the
    /// vault's schema, and for what cannot be read `{"table": ..., "lost": {"from": ..., "to": ...}}`; of lost transactions this has
    /// `transactions` as well, with the account, day and amount of each that an index still knows.
    ///
    /// # Errors
    /// [`VaultError::Write`] where `out` fails; [`VaultError::Store`] where not even the list of tables
    /// can be read.
    pub fn salvage(
        &self,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<SalvageReport, VaultError> {
        let tables = self.read(|store| Ok(store.tables()?))?;
        let mut report = SalvageReport::default();
        for (done, table) in (0..).zip(&tables) {
            progress(Progress { stage: "salvaging", done, total: tables.len() as u64 });
            self.salvage_table(table, out, &mut report).map_err(VaultError::Write)?;
        }
        out.flush().map_err(VaultError::Write)?;
        Ok(report)
    }

    fn salvage_table(
        &self,
        table: &TableName,
        out: &mut dyn Write,
        report: &mut SalvageReport,
    ) -> io::Result<()> {
        let name = &table.name;
        let found = self
            .store
            .salvage_table(table, &mut |row| writeln!(out, "{}", json!({"table": name, "row": row})))?;
        for gap in &found.lost {
            let from = table.numbered.then_some(gap.from);
            let transactions =
                if name == "movement" { self.store.lost_transactions(*gap) } else { Vec::new() };
            let mut line = json!({"table": name, "lost": {"from": from, "to": gap.to}});
            let lost = line.get_mut("lost").and_then(Value::as_object_mut);
            if let Some(lost) = lost.filter(|_| !transactions.is_empty()) {
                lost.insert("transactions".to_owned(), transactions.iter().map(json_of).collect());
            }
            writeln!(out, "{line}")?;
            report.lost.push(LostRows { table: name.clone(), from, to: gap.to, transactions });
        }
        if found.rows > 0 {
            report.rows.push((name.clone(), found.rows));
        }
        Ok(())
    }

    /// Which accounts, transactions and so on the damage has taken, in the owner's terms.
    pub(super) fn losses(&self) -> Result<Vec<Problem>, VaultError> {
        let report = self.salvage(&mut io::sink(), &mut |_| {})?;
        let lost = |what: String| Problem { what, twin_serves: false };
        let mut problems: Vec<Problem> = report.lost.iter().map(|gap| lost(gap.to_string())).collect();
        let known: Vec<&LostTransaction> = report.lost.iter().flat_map(|gap| &gap.transactions).collect();
        problems.extend(known.iter().take(MOST_NAMED).map(|row| lost(format!("{row}, is lost"))));
        if let Some(more) = known.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            problems.push(lost(format!(
                "{more} more transactions are lost; the file that \"finvault salvage\" writes names each"
            )));
        }
        Ok(problems)
    }
}

/// How many lost transactions a check names one by one.
const MOST_NAMED: usize = 100;

fn json_of(row: &LostTransaction) -> Value {
    json!({
        "id": row.number,
        "account": row.account_name,
        "account_id": row.account,
        "posted": row.date.to_string(),
        "amount": row.amount.map(Money::to_decimal),
        "currency": row.amount.map(|amount| amount.currency().to_string()),
    })
}

impl std::fmt::Display for LostRows {
    /// For example `transactions 57 to 103 cannot be read`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.table.as_str() {
            "movement" => "transactions",
            "account" => "accounts",
            "batch" => "imports",
            "stated_balance" => "balances stated by the bank",
            "disclosure" => "disclosures",
            "log_entry" => "entries of the log of disclosures",
            "recipient" => "recipients",
            "attachment_chunk" | "attachment" | "attachment_link" => "parts of attachments",
            other => return self.fmt_rows(&format!("rows of the table {other}"), f),
        };
        self.fmt_rows(what, f)
    }
}

impl LostRows {
    fn fmt_rows(&self, what: &str, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => write!(f, "{what}: number {from} cannot be read"),
            (Some(from), Some(to)) => write!(f, "{what}: numbers {from} to {to} cannot be read"),
            (Some(from), None) => write!(f, "{what}: nothing from number {from} on can be read"),
            _ => write!(f, "{what}: some cannot be read"),
        }
    }
}
