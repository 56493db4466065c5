//! `imports`: list, show and undo imports.

use super::import_rows::{RowNoteShape, numbers, word};
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Subcommand;
use finvault::ledger::BatchId;
use finvault::vault::{Batch, RowOutcome, ShownImport, UndoConflicts, UndoReport, Vault};
use serde::Serialize;
use std::collections::BTreeMap;

/// List, show and undo imports
#[derive(Debug, Subcommand)]
pub enum Imports {
    /// List the imports
    List,
    /// Show an import row by row: why each was added, taken as known, or left out
    Show {
        /// The import's number, as "imports list" shows it
        id: i64,
    },
    /// Take back an import: its transactions, its stated balances, the accounts that only it uses, and the
    /// files attached to it or them
    ///
    /// Rows that another import shows too stay, and rows that it had booked are pending again. Where you have
    /// changed, reconciled, categorised or disclosed rows since, they are named, and nothing is done
    /// without --discard-changes.
    Undo {
        /// The import's number, as "imports list" shows it
        id: i64,
        /// Take it back even where that takes away what was done to its rows since
        #[arg(long)]
        discard_changes: bool,
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
            Self::Show { id } => show(&vault, id, session)?,
            Self::Undo { id, discard_changes } => undo(&mut vault, id, discard_changes, session)?,
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

fn show(vault: &Vault, id: i64, session: &mut Session<'_>) -> Result<(), Failure> {
    let shown = vault.show_import(BatchId(id))?;
    if session.console.is_json() {
        return session.console.json(&ShownShape::new(&shown));
    }
    let batch = &shown.batch;
    session.console.say(format!(
        "Import {} of {}: {} ({}), SHA-256 {}",
        batch.id.0,
        local(batch.imported_at),
        batch.file_name,
        batch.format,
        batch.sha256
    ))?;
    if let Some(undone) = batch.undone_at {
        return session.console.say(format!("It was taken back {}.", local(undone)));
    }
    for account in &shown.accounts {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        account.rows.iter().for_each(|row| *counts.entry(word(row.note.outcome)).or_default() += 1);
        let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        session.console.say(format!("{}: {}", account.account.name, counts.join(", ")))?;
        let mut table = Table::new(&[
            ("line", Align::Right),
            ("date", Align::Left),
            ("payee", Align::Left),
            ("amount", Align::Right),
            ("outcome", Align::Left),
            ("transaction", Align::Right),
            ("why", Align::Left),
        ])
        .flexible(2);
        for row in &account.rows {
            let note = &row.note;
            let (transaction, other) = numbers(note.outcome);
            let why = match (note.outcome, other) {
                (RowOutcome::Doubtful(..), Some(other)) => format!("may be {}: {}", other.0, note.why),
                _ => note.why.clone(),
            };
            table.row([
                Cell::new(row.line.map(|line| line.to_string()).unwrap_or_default()),
                Cell::new(note.row.posted.to_string()),
                Cell::new(&note.row.payee),
                Cell::amount(note.row.amount),
                Cell::new(word(note.outcome)),
                Cell::new(transaction.0.to_string()),
                Cell::new(why),
            ]);
        }
        session.console.table(&table)?;
        if account.gone > 0 {
            session.console.say(format!("{} more of its rows were deleted since", account.gone))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct ShownShape {
    #[serde(flatten)]
    batch: BatchShape,
    accounts: Vec<ShownAccountShape>,
}

#[derive(Serialize)]
struct ShownAccountShape {
    account: String,
    rows: Vec<RowNoteShape>,
    gone: u64,
}

impl ShownShape {
    fn new(shown: &ShownImport) -> Self {
        let account = |account: &finvault::vault::ShownAccount| ShownAccountShape {
            account: account.account.name.clone(),
            rows: account.rows.iter().map(|row| RowNoteShape::new(&row.note, row.line)).collect(),
            gone: account.gone,
        };
        Self { batch: BatchShape::from(&shown.batch), accounts: shown.accounts.iter().map(account).collect() }
    }
}

/// How many rows of one sort of conflict are named.
const MOST_NAMED: usize = 10;

fn undo(vault: &mut Vault, id: i64, discard: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    if !discard {
        let rehearsed = vault.rehearse_undo(BatchId(id), session.now())?;
        if !rehearsed.conflicts.is_empty() {
            refuse_or_ask(&rehearsed, session)?;
        }
    }
    let report = vault.undo_import(BatchId(id), session.now())?;
    if session.console.is_json() {
        #[derive(Serialize)]
        struct Undone {
            #[serde(flatten)]
            batch: BatchShape,
            removed: u64,
            kept: u64,
            pending_again: Vec<i64>,
            accounts_removed: Vec<String>,
            attachments_removed: u64,
        }
        return session.console.json(&Undone {
            batch: BatchShape::from(&report.batch),
            removed: report.removed,
            kept: report.kept,
            pending_again: report.pending_again.iter().map(|id| id.0).collect(),
            accounts_removed: report.accounts_removed,
            attachments_removed: report.attachments_removed,
        });
    }
    tell_undone(&report, session)
}

/// Names what taking the import back would take with it; goes on only where the owner says so.
fn refuse_or_ask(rehearsed: &UndoReport, session: &mut Session<'_>) -> Result<(), Failure> {
    let lines = conflict_lines(&rehearsed.conflicts);
    if !session.console.is_json() && session.console.can_ask() {
        for line in &lines {
            session.console.say(line)?;
        }
        let question = "Take the import back, with what was done to these rows?";
        if session.console.confirm(question, "--discard-changes")? {
            return Ok(());
        }
    }
    let batch = &rehearsed.batch;
    let message = format!("import {} ({}) has rows that were worked on since", batch.id.0, batch.file_name);
    let help = format!("{}\ngive --discard-changes to take it back all the same", lines.join("\n"));
    Err(Failure::new(Exit::Refused, message).help(help))
}

fn conflict_lines(conflicts: &UndoConflicts) -> Vec<String> {
    let line = |(what, rows): &(&str, &[finvault::ledger::TransactionId])| {
        let named: Vec<String> = rows.iter().take(MOST_NAMED).map(|id| id.0.to_string()).collect();
        let more = rows.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{what}: transaction {}{more}", named.join(", "))
    };
    conflicts.sorts().iter().filter(|(_, rows)| !rows.is_empty()).map(line).collect()
}

fn tell_undone(report: &UndoReport, session: &mut Session<'_>) -> Result<(), Failure> {
    session.console.say(format!(
        "Took back import {} ({}): {} transactions removed",
        report.batch.id.0, report.batch.file_name, report.removed
    ))?;
    if report.kept > 0 {
        session.console.say(format!("{} stay, since another import shows them too", report.kept))?;
    }
    if !report.pending_again.is_empty() {
        let ids: Vec<String> = report.pending_again.iter().map(|id| id.0.to_string()).collect();
        session.console.say(format!("Pending again: transaction {}", ids.join(", ")))?;
    }
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
