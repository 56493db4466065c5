//! `disclosure`: what was disclosed, where it stands, and what the owner does about it afterwards.

use super::disclosure_drafts::{self, Approve, Draft, Seal};
use super::disclosure_life::{Close, Renew, Revoke, StatusList};
use super::disclosure_review::{Review, Trace};
use super::facts;
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::Subcommand;
use finvault::vault::{DisclosureRecord, DisclosureState, Vault};
use jiff::Timestamp;
use serde::Serialize;

/// Draft, list, show, revoke, renew, close, review and trace what was disclosed
#[derive(Debug, Subcommand)]
pub enum Disclosure {
    /// List what was disclosed
    List,
    /// Show one disclosure, with the facts that were sent
    ///
    /// That you looked at the facts is entered in the log.
    Show {
        /// Its number, as "disclosure list" shows it
        id: i64,
        /// Leave the facts out; then nothing is entered in the log
        #[arg(long)]
        no_facts: bool,
    },
    Draft(Box<Draft>),
    /// List the drafts, and what their reviewers said
    Drafts,
    Approve(Approve),
    Seal(Seal),
    /// Give a draft up
    Drop {
        /// Its number, as "disclosure drafts" shows it
        id: i64,
    },
    Revoke(Revoke),
    StatusList(StatusList),
    Renew(Renew),
    Close(Close),
    Review(Review),
    Trace(Trace),
    Exposure(super::exposure::Exposure),
}

#[derive(Serialize)]
pub(super) struct RecordShape<'a> {
    disclosure: i64,
    jti: &'a str,
    recipient: &'a str,
    purpose: &'a str,
    issued: String,
    expires: String,
    expired: bool,
    state: &'static str,
    revoked: Option<String>,
    revoked_why: Option<&'a str>,
    closed: Option<String>,
    receipt_signed: bool,
    standing_until: Option<String>,
    renews: Option<i64>,
    renewed_by: Option<i64>,
    sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentences: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Vec<facts::FactShape>>,
}

impl<'a> RecordShape<'a> {
    /// All but the facts.
    pub(super) fn new(record: &'a DisclosureRecord, now: Timestamp) -> Self {
        Self {
            disclosure: record.id,
            jti: &record.jti,
            recipient: &record.recipient.name,
            purpose: &record.purpose,
            issued: iso(record.issued),
            expires: iso(record.expires),
            expired: record.expires <= now,
            state: record.state(now).as_str(),
            revoked: record.life.revoked.map(iso),
            revoked_why: record.life.revoked_why.as_deref(),
            closed: record.life.closed.map(iso),
            receipt_signed: record.life.receipt_signed,
            standing_until: record.life.standing_until.map(|day| day.to_string()),
            renews: record.life.renews,
            renewed_by: record.life.renewed_by,
            sha256: &record.sha256,
            sentences: None,
            facts: None,
        }
    }

    /// With the facts, which only who looks into their own copy is shown.
    fn with_facts(self, record: &'a DisclosureRecord) -> Self {
        Self { sentences: Some(&record.sentences), facts: Some(facts::shapes(&record.facts)), ..self }
    }
}

impl Disclosure {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let command = match self {
            Self::Exposure(command) => return command.run(session),
            Self::Draft(command) => return command.run(session),
            command => command,
        };
        let mut vault = session.open_vault()?;
        match command {
            Self::List => list(&vault, session)?,
            Self::Show { id, no_facts: true } => show(&vault.disclosure(id)?, false, session)?,
            Self::Show { id, no_facts: false } => {
                show(&vault.open_own_copy(id, session.now())?, true, session)?;
            }
            Self::Exposure(_) | Self::Draft(_) => {}
            Self::Drafts => disclosure_drafts::list(&vault, session)?,
            Self::Approve(asked) => asked.run(&mut vault, session)?,
            Self::Seal(asked) => return asked.run(vault, session),
            Self::Drop { id } => disclosure_drafts::give_up(id, &mut vault, session)?,
            Self::Revoke(asked) => asked.run(&mut vault, session)?,
            Self::StatusList(asked) => return asked.run(vault, session),
            Self::Renew(asked) => return asked.run(vault, session),
            Self::Close(asked) => asked.run(&mut vault, session)?,
            Self::Review(asked) => asked.run(&mut vault, session)?,
            Self::Trace(asked) => asked.run(&vault, session)?,
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let records = vault.disclosures()?;
    let now = session.now();
    remind(vault, session)?;
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
        ("state", Align::Left),
        ("left", Align::Right),
        ("expires", Align::Left),
        ("recipient", Align::Left),
        ("purpose", Align::Left),
    ])
    .flexible(6);
    for record in &records {
        let state = record.state(now);
        let tone = tone(state);
        table.row([
            Cell::new(record.id.to_string()),
            Cell::new(local(record.issued)),
            Cell::toned(tone, state.as_str()),
            Cell::toned(tone, if state.holds() { left(record.expires, now) } else { String::new() }),
            Cell::toned(tone, local(record.expires)),
            Cell::new(&record.recipient.name),
            Cell::new(&record.purpose),
        ]);
    }
    session.console.table(&table)
}

/// Tells that it is time to look at what is out there.
fn remind(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let plan = vault.review_plan(session.now())?;
    if plan.due {
        let last = plan.last.map_or_else(|| "never".to_owned(), local);
        session.console.warn(&format!(
            "it is time to look at what is out there (last time: {last}): finvault disclosure review"
        ))?;
    }
    Ok(())
}

/// The colour of a state.
pub(super) fn tone(state: DisclosureState) -> Tone {
    match state {
        DisclosureState::Active => Tone::Good,
        DisclosureState::Expiring => Tone::Caution,
        DisclosureState::Revoked => Tone::Bad,
        _ => Tone::Dim,
    }
}

/// How long until then, in the two largest units: `6d 23h`, `47h 12m`, `5m`.
pub(super) fn left(until: Timestamp, now: Timestamp) -> String {
    // A minute that has begun counts: what was sealed for 7d just now has 7d left.
    let minutes = until.as_second().saturating_sub(now.as_second()).max(0).saturating_add(59) / 60;
    let (hours, days) = (minutes / 60, minutes / 1_440);
    match () {
        () if hours >= 48 => format!("{days}d {}h", hours % 24),
        () if hours > 0 => format!("{hours}h {}m", minutes % 60),
        () => format!("{minutes}m"),
    }
}

fn show(record: &DisclosureRecord, with_facts: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    let now = session.now();
    if session.console.is_json() {
        let shape = RecordShape::new(record, now);
        let shape = if with_facts { shape.with_facts(record) } else { shape };
        return session.console.json(&shape);
    }
    let mut table = Table::new(&[("disclosure", Align::Left), ("", Align::Left)]);
    let mut line = |title: &str, text: String| table.row([Cell::new(title), Cell::new(text)]);
    line("number", record.id.to_string());
    line("recipient", record.recipient.name.clone());
    line("purpose", record.purpose.clone());
    line("issued", local(record.issued));
    line("expires", local(record.expires));
    line("state", record.state(now).as_str().to_owned());
    let life = &record.life;
    if let Some(at) = life.revoked {
        let why = life.revoked_why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        line("revoked", format!("{}{why}", local(at)));
    }
    if let Some(at) = life.closed {
        let how = if life.receipt_signed { "on a signed receipt" } else { "on their word alone" };
        line("closed", format!("{}, {how}", local(at)));
    }
    if let Some(until) = life.standing_until {
        line("standing", format!("until {until}"));
    }
    if let Some(earlier) = life.renews {
        line("renews", earlier.to_string());
    }
    if let Some(later) = life.renewed_by {
        line("renewed by", later.to_string());
    }
    line("token", record.jti.clone());
    line("sealed bytes", format!("SHA-256 {}", record.sha256));
    session.console.table(&table)?;
    if !with_facts {
        return Ok(());
    }
    session.console.say("")?;
    facts::print(&record.facts, session.console)
}
