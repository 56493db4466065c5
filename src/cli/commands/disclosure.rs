//! `disclosure`: list and show what was disclosed.

use super::facts;
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Subcommand;
use finvault::vault::{DisclosureRecord, Vault};
use jiff::Timestamp;
use serde::Serialize;

/// List and show what was disclosed
#[derive(Debug, Subcommand)]
pub enum Disclosure {
    /// List what was disclosed
    List,
    /// Show one disclosure
    Show {
        /// Its number, as "disclosure list" shows it
        id: i64,
    },
    Exposure(super::exposure::Exposure),
}

#[derive(Serialize)]
struct RecordShape<'a> {
    disclosure: i64,
    jti: &'a str,
    recipient: &'a str,
    purpose: &'a str,
    issued: String,
    expires: String,
    expired: bool,
    sha256: &'a str,
    sentences: &'a [String],
    facts: Vec<facts::FactShape>,
}

impl<'a> RecordShape<'a> {
    fn new(record: &'a DisclosureRecord, now: Timestamp) -> Self {
        Self {
            disclosure: record.id,
            jti: &record.jti,
            recipient: &record.recipient.name,
            purpose: &record.purpose,
            issued: iso(record.issued),
            expires: iso(record.expires),
            expired: record.expires <= now,
            sha256: &record.sha256,
            sentences: &record.sentences,
            facts: facts::shapes(&record.facts),
        }
    }
}

impl Disclosure {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Self::Exposure(command) = self {
            return command.run(session);
        }
        let vault = session.open_vault()?;
        match self {
            Self::List => list(&vault, session)?,
            Self::Show { id } => show(&vault.disclosure(id)?, session)?,
            Self::Exposure(_) => {}
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let records = vault.disclosures()?;
    let now = session.now();
    if session.console.is_json() {
        let shapes: Vec<RecordShape<'_>> =
            records.iter().map(|record| RecordShape::new(record, now)).collect();
        return session.console.json(&shapes);
    }
    if records.is_empty() {
        return session.console.say("Nothing was disclosed yet.");
    }
    let mut table = Table::new(&[
        ("id", Align::Right),
        ("issued", Align::Left),
        ("expires", Align::Left),
        ("recipient", Align::Left),
        ("purpose", Align::Left),
    ])
    .flexible(4);
    for record in &records {
        let tone = if record.expires <= now { Tone::Dim } else { Tone::Plain };
        table.row([
            Cell::new(record.id.to_string()),
            Cell::new(local(record.issued)),
            Cell::toned(tone, local(record.expires)),
            Cell::new(&record.recipient.name),
            Cell::new(&record.purpose),
        ]);
    }
    session.console.table(&table)
}

fn show(record: &DisclosureRecord, session: &mut Session<'_>) -> Result<(), Failure> {
    let now = session.now();
    if session.console.is_json() {
        return session.console.json(&RecordShape::new(record, now));
    }
    let mut table = Table::new(&[("disclosure", Align::Left), ("", Align::Left)]);
    let mut line = |title: &str, text: String| table.row([Cell::new(title), Cell::new(text)]);
    line("number", record.id.to_string());
    line("recipient", record.recipient.name.clone());
    line("purpose", record.purpose.clone());
    line("issued", local(record.issued));
    let expired = if record.expires <= now { " (expired)" } else { "" };
    line("expires", format!("{}{expired}", local(record.expires)));
    line("token", record.jti.clone());
    line("sealed bytes", format!("SHA-256 {}", record.sha256));
    session.console.table(&table)?;
    session.console.say("")?;
    facts::print(&record.facts, session.console)
}
