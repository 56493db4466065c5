//! `log`: everything that ever left the vault, and whether the log holds together.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Args;
use finvault::disclosure::log::LogEntry;
use finvault::vault::LogSummary;
use serde::Serialize;

/// Show everything that ever left the vault
#[derive(Debug, Args)]
pub struct Log {
    /// Check the chain of hashes and every signature, too
    #[arg(long)]
    verify: bool,
}

#[derive(Serialize)]
struct LogShape<'a> {
    entries: Vec<EntryShape<'a>>,
    verified: Option<VerifiedShape>,
}

#[derive(Serialize)]
struct EntryShape<'a> {
    seq: u64,
    at: Option<String>,
    kind: &'a str,
    detail: serde_json::Value,
    hash: String,
}

#[derive(Serialize)]
struct VerifiedShape {
    entries: u64,
    head: String,
}

impl<'a> From<&'a LogEntry> for EntryShape<'a> {
    fn from(entry: &'a LogEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at().map(iso),
            kind: &entry.kind,
            detail: serde_json::from_str(&entry.body).unwrap_or_else(|_| entry.body.clone().into()),
            hash: hex(&entry.hash),
        }
    }
}

impl Log {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let vault = session.open_vault()?;
        let entries = vault.log()?;
        let summary = if self.verify { Some(vault.verify_log()?) } else { None };
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&LogShape {
                entries: entries.iter().map(EntryShape::from).collect(),
                verified: summary
                    .map(|summary| VerifiedShape { entries: summary.entries, head: head(&summary) }),
            })?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[
            ("no", Align::Right),
            ("when", Align::Left),
            ("what", Align::Left),
            ("detail", Align::Left),
        ])
        .flexible(3);
        for entry in &entries {
            table.row([
                Cell::new(entry.seq.to_string()),
                Cell::new(entry.at().map(local).unwrap_or_default()),
                Cell::new(&entry.kind),
                Cell::new(detail(entry)),
            ]);
        }
        session.console.table(&table)?;
        if let Some(summary) = summary {
            session.console.say("")?;
            session.console.say_toned(&[
                (Tone::Good, "The log is intact"),
                (Tone::Plain, &format!(": {} entries, every hash and signature checked", summary.entries)),
            ])?;
            session.console.say(format!(
                "Its head is {}. Note it down, and a log cut short later shows.",
                head(&summary)
            ))?;
        }
        Ok(Exit::Done)
    }
}

/// The entry's body in words; that of a kind which this version does not know, as `member value` pairs.
fn detail(entry: &LogEntry) -> String {
    let Ok(serde_json::Value::Object(body)) = serde_json::from_str(&entry.body) else {
        return entry.body.clone();
    };
    let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    match entry.kind.as_str() {
        "vault-created" => format!("with finvault {}", text("finvault")),
        "recipient-added" if text("key").is_empty() => format!("{}, sealed under passcodes", text("name")),
        "recipient-added" => format!("{}, sealed to {}", text("name"), text("key")),
        "recipient-removed" => text("name").to_owned(),
        "disclosed" => {
            let risk = body.get("accepted_risk").and_then(|risk| risk.get("reason")?.as_str());
            let risk = risk.map(|reason| format!("; risk accepted: {reason}")).unwrap_or_default();
            format!("to {}, for \"{}\": {}{risk}", text("name"), text("purpose"), said(&body))
        }
        "denied" => format!("to {}, for \"{}\": {}", text("name"), text("purpose"), text("why")),
        _ => {
            let pairs = body.iter().map(|(name, value)| match value {
                serde_json::Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            });
            pairs.collect::<Vec<_>>().join(", ")
        }
    }
}

/// What was disclosed, one sentence a fact.
fn said(body: &serde_json::Map<String, serde_json::Value>) -> String {
    let facts = body.get("facts").and_then(serde_json::Value::as_array);
    let sentences = facts.into_iter().flatten().filter_map(|fact| fact.get("says")?.as_str());
    sentences.collect::<Vec<_>>().join("; ")
}

fn head(summary: &LogSummary) -> String {
    summary.head.as_ref().map(|head| hex(&head.hash)).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
