//! `disclosure review` and `disclosure trace`: what is out there, and where a leak came from.

use super::disclosure::{left, tone};
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::{local, parse_span};
use clap::Args;
use finvault::vault::{self, RecipientReview, TraceMatch, TraceStrength, Vault};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::io::Read;
use std::path::PathBuf;

/// The largest file that is traced, in bytes.
const MAX_TRACED_LEN: u64 = 256 * 1024 * 1024;

/// Look at what is out there: with whom, what it reveals in sum, what to close
#[derive(Debug, Args)]
pub struct Review {
    /// Be reminded by "disclosure list" after each such time, as 90d or 12w; "never" ends that
    #[arg(long, value_name = "SPAN", value_parser = parse_interval)]
    every: Option<Interval>,
}

/// Whole days, or no reminder.
#[derive(Debug, Clone, Copy)]
pub struct Interval(Option<u32>);

fn parse_interval(text: &str) -> Result<Interval, String> {
    if text == "never" {
        return Ok(Interval(None));
    }
    let span: SignedDuration = parse_span(text)?;
    let days = u32::try_from(span.as_secs() / 86_400).ok().filter(|days| *days > 0);
    days.map(|days| Interval(Some(days))).ok_or_else(|| "write a span of at least a day, as 90d".to_owned())
}

/// Find out which disclosure a leaked file came from: a sealed file, a token, a table, any text
#[derive(Debug, Args)]
pub struct Trace {
    /// The file; "-" reads standard input
    file: PathBuf,
}

#[derive(Serialize)]
struct ReviewShape<'a> {
    last: Option<String>,
    every_days: Option<u32>,
    recipients: Vec<RecipientShape<'a>>,
}

#[derive(Serialize)]
struct RecipientShape<'a> {
    recipient: &'a str,
    removed: bool,
    open: Vec<i64>,
    over: Vec<i64>,
    knows: &'a [String],
    advice: Vec<AdviceShape<'a>>,
}

#[derive(Serialize)]
struct AdviceShape<'a> {
    disclosure: Option<i64>,
    why: &'a str,
    command: &'a str,
}

impl<'a> RecipientShape<'a> {
    fn new(review: &'a RecipientReview, now: Timestamp) -> Self {
        let (open, over): (Vec<_>, Vec<_>) =
            review.disclosures.iter().partition(|record| record.state(now).holds());
        Self {
            recipient: &review.recipient.name,
            removed: review.recipient.removed.is_some(),
            open: open.iter().map(|record| record.id).collect(),
            over: over.iter().map(|record| record.id).collect(),
            knows: &review.knows,
            advice: review
                .advice
                .iter()
                .map(|advice| AdviceShape {
                    disclosure: advice.disclosure,
                    why: &advice.why,
                    command: &advice.command,
                })
                .collect(),
        }
    }
}

impl Review {
    pub(super) fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        if let Some(Interval(days)) = self.every {
            vault.set_review_interval(days)?;
        }
        let now = session.now();
        let review = vault.review(now)?;
        if session.console.is_json() {
            session.console.json(&ReviewShape {
                last: review.last.map(iso),
                every_days: review.every_days,
                recipients: review.recipients.iter().map(|one| RecipientShape::new(one, now)).collect(),
            })?;
        } else {
            print_review(&review, now, session)?;
        }
        // What was shown counts as looked at.
        Ok(vault.mark_reviewed(now)?)
    }
}

fn print_review(review: &vault::Review, now: Timestamp, session: &mut Session<'_>) -> Result<(), Failure> {
    let console = &mut *session.console;
    if review.recipients.is_empty() {
        console.say("Nothing was disclosed yet.")?;
    }
    for one in &review.recipients {
        let removed = if one.recipient.removed.is_some() { " (removed)" } else { "" };
        console.say_toned(&[(Tone::Strong, &one.recipient.name), (Tone::Dim, removed)])?;
        for record in &one.disclosures {
            let state = record.state(now);
            let left =
                if state.holds() { format!(", {} left", left(record.expires, now)) } else { String::new() };
            console.say_toned(&[
                (Tone::Plain, &format!("  {:>3}  ", record.id)),
                (tone(state), state.as_str()),
                (Tone::Plain, &format!("{left}: {}", record.purpose)),
            ])?;
        }
        console.say("  In sum they were told:")?;
        for said in &one.knows {
            console.say(format!("    {said}"))?;
        }
        for advice in &one.advice {
            let about = advice.disclosure.map(|id| format!("disclosure {id}: ")).unwrap_or_default();
            console.say_toned(&[
                (Tone::Caution, "  consider"),
                (Tone::Plain, &format!(": {about}{}\n            {}", advice.why, advice.command)),
            ])?;
        }
        console.say("")?;
    }
    if let Some(last) = review.last {
        console.say(format!("Last looked at {}.", local(last)))?;
    }
    match review.every_days {
        Some(days) => console.say(format!("\"disclosure list\" reminds you every {days} days.")),
        None => console.say("Be reminded to look again: finvault disclosure review --every 90d"),
    }
}

#[derive(Serialize)]
struct TraceShape<'a> {
    disclosure: i64,
    recipient: &'a str,
    strength: &'static str,
    reasons: &'a [String],
    found: usize,
    stated: usize,
}

impl Trace {
    pub(super) fn run(self, vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().lock().take(MAX_TRACED_LEN + 1).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(&self.file)
                .and_then(|file| file.take(MAX_TRACED_LEN + 1).read_to_end(&mut bytes))
        };
        read.map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot read {}: {}", self.file.display(), describe(&error)))
                .help("check the path and its permissions")
        })?;
        if bytes.len() as u64 > MAX_TRACED_LEN {
            return Err(Failure::new(Exit::InputRejected, "the file is larger than 256 MiB")
                .help("trace a part of it"));
        }
        print_trace(&vault.trace(&bytes)?, session)
    }
}

fn print_trace(matches: &[TraceMatch], session: &mut Session<'_>) -> Result<(), Failure> {
    let console = &mut *session.console;
    if console.is_json() {
        let shapes: Vec<TraceShape<'_>> = matches
            .iter()
            .map(|found| TraceShape {
                disclosure: found.disclosure.id,
                recipient: &found.disclosure.recipient.name,
                strength: found.strength.as_str(),
                reasons: &found.reasons,
                found: found.found,
                stated: found.stated,
            })
            .collect();
        return console.json(&shapes);
    }
    if matches.is_empty() {
        return console.say("Nothing in it is known from any disclosure of this vault.");
    }
    for found in matches {
        let tone = match found.strength {
            TraceStrength::Certain => Tone::Bad,
            TraceStrength::Likely => Tone::Caution,
            _ => Tone::Plain,
        };
        console.say_toned(&[
            (tone, found.strength.as_str()),
            (
                Tone::Plain,
                &format!(": disclosure {} to {}", found.disclosure.id, found.disclosure.recipient.name),
            ),
        ])?;
        for reason in &found.reasons {
            console.say(format!("  {reason}"))?;
        }
    }
    if matches.iter().all(|found| found.strength != TraceStrength::Certain) {
        console.say("Dates and amounts alone prove nothing: others may have them from elsewhere.")?;
    }
    Ok(())
}
