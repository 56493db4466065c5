//! `imports`: list and undo imports.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Subcommand;
use finvault::ledger::BatchId;
use finvault::vault::{Batch, Vault};
use serde::Serialize;

/// List and undo imports
#[derive(Debug, Subcommand)]
pub enum Imports {
    /// List the imports
    List,
    /// Take back an import: its transactions, its stated balances, the accounts that only it uses, and the
    /// files attached to it or them
    Undo {
        /// The import's number, as "imports list" shows it
        id: i64,
    },
}

#[derive(Serialize)]
struct BatchShape {
    batch: i64,
    file: String,
    format: String,
    sha256: String,
    imported: String,
    added: u64,
    duplicate: u64,
    updated: u64,
    undone: Option<String>,
}

impl From<&Batch> for BatchShape {
    fn from(batch: &Batch) -> Self {
        Self {
            batch: batch.id.0,
            file: batch.file_name.clone(),
            format: batch.format.to_string(),
            sha256: batch.sha256.clone(),
            imported: iso(batch.imported_at),
            added: batch.added,
            duplicate: batch.duplicate,
            updated: batch.updated,
            undone: batch.undone_at.map(iso),
        }
    }
}

impl Imports {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::List => list(&vault, session)?,
            Self::Undo { id } => undo(&mut vault, id, session)?,
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let batches = vault.batches()?;
    if session.console.is_json() {
        let shapes: Vec<BatchShape> = batches.iter().map(BatchShape::from).collect();
        return session.console.json(&shapes);
    }
    if batches.is_empty() {
        return session.console.say("No imports yet.");
    }
    let mut table = Table::new(&[
        ("import", Align::Right),
        ("when", Align::Left),
        ("file", Align::Left),
        ("format", Align::Left),
        ("added", Align::Right),
        ("known", Align::Right),
        ("updated", Align::Right),
        ("undone", Align::Left),
    ])
    .flexible(2);
    for batch in &batches {
        table.row([
            Cell::new(batch.id.0.to_string()),
            Cell::new(local(batch.imported_at)),
            Cell::new(&batch.file_name),
            Cell::new(&batch.format),
            Cell::new(batch.added.to_string()),
            Cell::new(batch.duplicate.to_string()),
            Cell::new(batch.updated.to_string()),
            Cell::new(batch.undone_at.map(local).unwrap_or_default()),
        ]);
    }
    session.console.table(&table)
}

fn undo(vault: &mut Vault, id: i64, session: &mut Session<'_>) -> Result<(), Failure> {
    let report = vault.undo_import(BatchId(id), session.now())?;
    if session.console.is_json() {
        #[derive(Serialize)]
        struct Undone {
            #[serde(flatten)]
            batch: BatchShape,
            removed: u64,
            accounts_removed: Vec<String>,
            attachments_removed: u64,
        }
        return session.console.json(&Undone {
            batch: BatchShape::from(&report.batch),
            removed: report.removed,
            accounts_removed: report.accounts_removed,
            attachments_removed: report.attachments_removed,
        });
    }
    session.console.say(format!(
        "Took back import {} ({}): {} transactions removed",
        report.batch.id.0, report.batch.file_name, report.removed
    ))?;
    match report.attachments_removed {
        0 => {}
        1 => session.console.say("The file that was attached to it or them is gone too")?,
        many => {
            session.console.say(format!("The {many} files that were attached to it and them are gone too"))?
        }
    }
    for account in &report.accounts_removed {
        session
            .console
            .say(format!("The account {account}, which it had made and nothing else uses, is gone too"))?;
    }
    Ok(())
}
