//! `log`: everything that ever left the vault, whether the log holds together, and copies of it for an auditor.

use super::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::output_file::OutputFile;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::{Args, Subcommand};
use finvault::disclosure::log::LogEntry;
use finvault::disclosure::{LogExport, MAX_LOG_EXPORT_LEN, fingerprint_words};
use finvault::vault::LogSummary;
use finvault::vault::keys::LoggedKeys;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Show everything that ever left the vault
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Log {
    #[command(subcommand)]
    action: Option<Action>,
    /// Check the chain of hashes and every signature, too
    #[arg(long)]
    verify: bool,
}

/// What else can be done with the log.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Sign a copy for an auditor: places, times, kinds, hashes; no amount, no name, no purpose
    Export {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        /// Replace that file if it exists
        #[arg(long)]
        force: bool,
    },
    /// Check such a copy; needs no vault
    VerifyExport {
        /// The file
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct ExportShape {
    signer: String,
    signer_words: String,
    made: Option<String>,
    entries: u64,
    head: String,
}

fn export(session: &mut Session<'_>, output: &Path, force: bool) -> Result<Exit, Failure> {
    let mut vault = session.open_vault()?;
    let now = session.now();
    let mut file = OutputFile::begin(output, force)?;
    let summary = vault.export_log(now, &mut |bytes| file.write(bytes))?;
    let signer = vault.log_fingerprint();
    vault.close()?;
    file.keep()?;
    if session.console.is_json() {
        session.console.json(&ExportShape {
            signer: signer.to_string(),
            signer_words: fingerprint_words(&signer),
            made: Some(iso(now)),
            entries: summary.entries,
            head: head(&summary),
        })?;
        return Ok(Exit::Done);
    }
    session.console.say(format!("Signed a copy of {} entries into {}", summary.entries, output.display()))?;
    session.console.say(format!("Tell the auditor your log's fingerprint:  {signer}"))?;
    session.console.say(format!("in words:  {}", fingerprint_words(&signer)))?;
    Ok(Exit::Done)
}

fn verify_export(session: &mut Session<'_>, file: &Path) -> Result<Exit, Failure> {
    let mut text = String::new();
    let limit = MAX_LOG_EXPORT_LEN as u64 + 2;
    std::fs::File::open(file).and_then(|opened| opened.take(limit).read_to_string(&mut text)).map_err(
        |error| {
            Failure::new(Exit::Failed, format!("cannot read {}: {}", file.display(), describe(&error)))
                .help("check the path and its permissions")
        },
    )?;
    let export = LogExport::read(&text, None).map_err(|error| {
        Failure::new(Exit::InputRejected, error.to_string()).help("do not rely on it; ask for it again")
    })?;
    if session.console.is_json() {
        session.console.json(&ExportShape {
            signer: export.signer.to_string(),
            signer_words: fingerprint_words(&export.signer),
            made: Some(iso(export.made)),
            entries: export.summary.entries,
            head: head(&export.summary),
        })?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        ("no", Align::Right),
        ("when", Align::Left),
        ("what", Align::Left),
        ("recipient", Align::Right),
        ("facts", Align::Left),
        ("id", Align::Left),
    ]);
    for entry in &export.entries {
        let when = Timestamp::from_millisecond(entry.at_ms).map(local).unwrap_or_default();
        table.row([
            Cell::new(entry.seq.to_string()),
            Cell::new(when),
            Cell::new(&entry.kind),
            Cell::new(entry.detail.recipient.map(|id| id.to_string()).unwrap_or_default()),
            Cell::new(entry.detail.fact_kinds.join(", ")),
            Cell::new(entry.detail.jti.as_deref().unwrap_or_default()),
        ]);
    }
    session.console.table(&table)?;
    session.console.say("")?;
    session.console.say_toned(&[
        (Tone::Good, "The copy is whole"),
        (Tone::Plain, &format!(": {} entries, none missing before the last", export.summary.entries)),
    ])?;
    session.console.say(format!("Compare its signer with what the owner tells you:  {}", export.signer))?;
    session.console.say(format!("in words:  {}", fingerprint_words(&export.signer)))?;
    Ok(Exit::Done)
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
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted_key_change: Option<u64>,
}

impl VerifiedShape {
    fn new(summary: &LogSummary, keys: LoggedKeys) -> Self {
        Self { entries: summary.entries, head: head(summary), interrupted_key_change: keys.interrupted() }
    }
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
    /// Whether it is about a vault: a copy is checked without one.
    pub const fn uses_vault(&self) -> bool {
        !matches!(self.action, Some(Action::VerifyExport { .. }))
    }

    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match &self.action {
            Some(Action::Export { output, force }) => return export(session, output, *force),
            Some(Action::VerifyExport { file }) => return verify_export(session, file),
            None => {}
        }
        let vault = session.open_vault()?;
        let entries = vault.log()?;
        let verified = if self.verify { Some(vault.verify_log_with_keys()?) } else { None };
        vault.close()?;
        if session.console.is_json() {
            session.console.json(&LogShape {
                entries: entries.iter().map(EntryShape::from).collect(),
                verified: verified.map(|(summary, keys)| VerifiedShape::new(&summary, keys)),
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
        let disclosed: BTreeMap<String, u64> = entries
            .iter()
            .filter(|entry| entry.kind == "disclosed")
            .filter_map(|entry| Some((jti(entry)?, entry.seq)))
            .collect();
        for entry in &entries {
            let own_copy = (entry.kind == "own-copy-opened")
                .then(|| disclosed.get(&jti(entry)?).map(|seq| format!("of what left with entry {seq}")))
                .flatten();
            table.row([
                Cell::new(entry.seq.to_string()),
                Cell::new(entry.at().map(local).unwrap_or_default()),
                Cell::new(&entry.kind),
                Cell::new(own_copy.unwrap_or_else(|| detail(entry))),
            ]);
        }
        session.console.table(&table)?;
        if let Some((summary, keys)) = verified {
            session.console.say("")?;
            let entries = match summary.entries {
                1 => "1 entry".to_owned(),
                many => format!("{many} entries"),
            };
            session.console.say_toned(&[
                (Tone::Good, "The log is intact"),
                (Tone::Plain, &format!(": {entries}, every hash and signature checked")),
            ])?;
            session.console.say(format!(
                "Its head is {}. Note it down, and a log cut short later shows.",
                head(&summary)
            ))?;
            say_keys(keys, session)?;
        }
        Ok(Exit::Done)
    }
}

/// How the key slots compare with the log, where it knows of them.
fn say_keys(keys: LoggedKeys, session: &mut Session<'_>) -> Result<(), Failure> {
    match keys {
        LoggedKeys::NoChange => Ok(()),
        LoggedKeys::AsLogged => {
            session.console.say("The key slots are those that the last change of the keys left.")
        }
        LoggedKeys::Interrupted { seq } => say_interrupted(seq, session.console),
    }
}

/// What a change of the keys that was interrupted came to.
pub(super) fn say_interrupted(seq: u64, console: &mut Console) -> Result<(), Failure> {
    console.say_toned(&[
        (Tone::Caution, &format!("The change of the keys in entry {seq} was interrupted")),
        (Tone::Plain, ": what opens the vault is what opened it before. Make the change again."),
    ])
}

/// The id of the disclosure that an entry is about.
fn jti(entry: &LogEntry) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&entry.body).ok()?;
    body.get("jti")?.as_str().map(str::to_owned)
}

/// The entry's body in words; that of a kind which this version does not know, as `member value` pairs.
fn detail(entry: &LogEntry) -> String {
    let Ok(serde_json::Value::Object(body)) = serde_json::from_str(&entry.body) else {
        return entry.body.clone();
    };
    let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let number = |name: &str| body.get(name).and_then(serde_json::Value::as_i64).unwrap_or_default();
    match entry.kind.as_str() {
        "vault-created" => format!("with finvault {}", text("finvault")),
        "recipient-added" if text("key").is_empty() => format!("{}, sealed under passcodes", text("name")),
        "recipient-added" => format!("{}, sealed to {}", text("name"), text("key")),
        "recipient-removed" => text("name").to_owned(),
        "recipient-vetted" => {
            format!("{}, by {}, until {}: {}", text("name"), text("by"), text("until"), text("what"))
        }
        "recipient-limited" => format!("{}{}", text("name"), limited(&body)),
        "receipt-key-set" => format!("{} confirms deletions with {}", text("name"), text("key")),
        "revoked" => {
            let why = Some(text("why")).filter(|why| !why.is_empty()).map(|why| format!(": {why}"));
            format!("disclosure {}{}", number("disclosure"), why.unwrap_or_default())
        }
        "status-list-issued" => {
            format!("for {}: {} revoked, good until {}", text("name"), number("revoked"), text("expires"))
        }
        "closed" if body.get("signed") == Some(&true.into()) => {
            format!("disclosure {}: they signed that they deleted it", number("disclosure"))
        }
        "closed" => format!("disclosure {}, on their word: {}", number("disclosure"), text("statement")),
        "reviewed" => format!("{} disclosures", number("disclosures")),
        "keys-changed" => keys_changed(&body),
        "log-exported" => "a copy for an auditor".to_owned(),
        "denied" => format!("to {}, for \"{}\": {}", text("name"), text("purpose"), text("why")),
        "disclosed" => {
            let renews =
                body.get("renews").map(|id| format!(", renewing disclosure {id}")).unwrap_or_default();
            let risk = body.get("accepted_risk").and_then(|risk| risk.get("reason")?.as_str());
            let risk = risk.map(|reason| format!("; risk accepted: {reason}")).unwrap_or_default();
            let along = enclosed(&body);
            format!("to {}, for \"{}\"{renews}: {}{along}{risk}", text("name"), text("purpose"), said(&body))
        }
        _ => {
            let pairs = body.iter().map(|(name, value)| match value {
                serde_json::Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            });
            pairs.collect::<Vec<_>>().join(", ")
        }
    }
}

/// What was done to the keys.
fn keys_changed(body: &serde_json::Map<String, serde_json::Value>) -> String {
    let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let number = |name: &str| body.get(name).and_then(serde_json::Value::as_u64);
    if text("change") == "rotated" {
        let slots = body.get("slots").and_then(serde_json::Value::as_array);
        let slots: Vec<String> = slots.into_iter().flatten().map(ToString::to_string).collect();
        return format!("a new vault key, in the key slots {}", slots.join(", "));
    }
    let cost = match (number("kdf_memory_kib"), number("kdf_passes")) {
        (Some(memory), Some(passes)) => format!(", a guess costs {} MiB, {passes} passes", memory / 1_024),
        _ => String::new(),
    };
    let slot = number("slot").unwrap_or_default();
    format!("key slot {slot} {}: {}{cost}", text("change"), text("opens_with"))
}

/// What a recipient may have at most, as the log keeps it.
fn limited(body: &serde_json::Map<String, serde_json::Value>) -> String {
    let hours = body.get("max_lifetime_s").and_then(serde_json::Value::as_i64).map(|s| s / 3_600);
    let kinds = body
        .get("allowed")
        .and_then(serde_json::Value::as_array)
        .map(|kinds| kinds.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", "));
    let vetting = body.get("vetting").and_then(serde_json::Value::as_str).unwrap_or_default();
    format!(
        ": holds at most {}, may have {}, vetting {vetting}",
        hours.map_or_else(|| "as long as asked".to_owned(), |hours| format!("{hours}h")),
        kinds.unwrap_or_else(|| "every kind of fact".to_owned())
    )
}

/// What was disclosed, one sentence a fact.
fn said(body: &serde_json::Map<String, serde_json::Value>) -> String {
    let facts = body.get("facts").and_then(serde_json::Value::as_array);
    let sentences = facts.into_iter().flatten().filter_map(|fact| fact.get("says")?.as_str());
    sentences.collect::<Vec<_>>().join("; ")
}

/// Which files travelled along.
fn enclosed(body: &serde_json::Map<String, serde_json::Value>) -> String {
    let files = body.get("enclosed").and_then(serde_json::Value::as_array);
    let bytes = files.into_iter().flatten().filter_map(|file| file.get("bytes")?.as_u64());
    bytes.map(|bytes| format!("; a document of {bytes} bytes travelled along")).collect()
}

fn head(summary: &LogSummary) -> String {
    summary.head.as_ref().map(|head| hex(&head.hash)).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
