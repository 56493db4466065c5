//! `disclose preset` and `disclose request`: what a preset or a partner's request asks, answered from one account.

use super::Way;
use super::delivery::{Chosen, Delivery, Plan};
use crate::cli::commands::preset::{PresetValues, preset_failure};
use crate::cli::commands::request::read_request;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use clap::Args;
use finvault::disclosure::request::{InformationRequest, Preset, Retention};
use finvault::disclosure::{Lifetime, Purpose, Terms};
use finvault::ledger::{Attachment, AttachmentId, BatchId};
use finvault::vault::{Alternative, Answer, Given, Vault, WhyNot};
use jiff::ToSpan;
use jiff::civil::Date;
use std::path::PathBuf;

/// Disclose the facts of a preset: what does for a purpose that people are often asked about
#[derive(Debug, Args)]
pub struct FromPreset {
    /// The preset's name, as "finvault preset list" shows it
    name: String,
    /// The account that answers
    #[arg(long)]
    account: String,
    #[command(flatten)]
    values: PresetValues,
    /// Say whose account it is with the name in your profile [default where the preset has to say it]
    #[arg(long, conflicts_with = "holder")]
    holder_from_profile: bool,
    /// The recipient
    #[arg(long, value_name = "RECIPIENT")]
    to: String,
    /// What they may use it for [default: the preset's own words]
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    #[command(flatten)]
    delivery: Delivery,
}

/// Disclose what a partner's request file asks for, in the narrowest way that satisfies it
#[derive(Debug, Args)]
pub struct FromRequest {
    /// The request file; docs/request-format.md describes it
    file: PathBuf,
    /// The account that answers
    #[arg(long)]
    account: String,
    /// Whose account it is, where the request asks [default: the name in your profile]
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,
    /// The import whose file is named, where the request asks for a document
    #[arg(long, value_name = "N")]
    import: Option<i64>,
    /// The attachment that is the receipt, where the request asks for one
    #[arg(long, value_name = "ID")]
    receipt: Option<i64>,
    /// The recipient
    #[arg(long, value_name = "RECIPIENT")]
    to: String,
    /// What they may use it for [default: the request's own words]
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    #[command(flatten)]
    delivery: Delivery,
}

impl FromPreset {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>, way: &Way) -> Result<Exit, Failure> {
        let preset = Preset::named(&self.name).map_err(preset_failure)?;
        let today = session.today();
        let mut values = self.values.given(today);
        let says_holder =
            preset.parameters.iter().any(|parameter| parameter.name == "holder" && parameter.required);
        if self.holder_from_profile || says_holder {
            // The value only says that the holder is told; the name comes from the profile.
            values.entry("holder".to_owned()).or_default();
        }
        let templates = preset.templates(&values).map_err(preset_failure)?;
        let (holder, import) = (self.values.holder.clone(), self.values.import.map(BatchId));
        let purpose = own_words(&preset.purpose, self.purpose.as_deref())?;
        let days = Some(preset.expires_in_days);
        let plan = Plan { purpose, terms: terms(preset.retention, today), lifetime: lifetime(days)? };
        let note = format!("{}: they ask for {}; this does instead.", preset.title, preset.asked);
        self.delivery.run(session, &self.to, plan, way, |vault, _| {
            let account = vault.account(&self.account)?.id;
            let receipt = receipt(vault, self.values.receipt)?;
            let given = Given { account, holder, import, receipt, today };
            let facts = vault.fact_requests(&templates, &given)?;
            Ok(Chosen { facts, notes: vec![note] })
        })
    }
}

impl FromRequest {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>, way: &Way) -> Result<Exit, Failure> {
        let request = read_request(&self.file)?;
        let today = session.today();
        let now = session.now();
        let purpose = own_words(&request.purpose, self.purpose.as_deref())?;
        let lifetime = lifetime(request.expires_in_days)?;
        let plan = Plan { purpose, terms: terms(request.retention, today), lifetime };
        self.delivery.run(session, &self.to, plan, way, |vault, recipient| {
            let account = vault.account(&self.account)?.id;
            let given = Given {
                account,
                holder: self.holder.clone(),
                import: self.import.map(BatchId),
                receipt: receipt(vault, self.receipt)?,
                today,
            };
            let answer = vault.answer(recipient, &request, &given, now)?;
            let notes = notes(&request, &answer);
            Ok(Chosen { facts: answer.facts, notes })
        })
    }
}

fn receipt(vault: &Vault, id: Option<i64>) -> Result<Option<Attachment>, Failure> {
    Ok(id.map(|id| vault.attachment(AttachmentId(id))).transpose()?)
}

/// The purpose, in other words where the owner gives some; the code stays.
fn own_words(purpose: &Purpose, text: Option<&str>) -> Result<Purpose, Failure> {
    let Some(text) = text else { return Ok(purpose.clone()) };
    Purpose::new(purpose.code(), text).map_err(|error| {
        Failure::usage(error.to_string()).help("say with --purpose what the facts may be used for")
    })
}

fn lifetime(days: Option<u32>) -> Result<Lifetime, Failure> {
    match days {
        Some(days) => Lifetime::from_days(i64::from(days)).map_err(|error| Failure::usage(error.to_string())),
        None => Ok(Lifetime::default()),
    }
}

fn terms(retention: Option<Retention>, today: Date) -> Terms {
    let Some(retention) = retention else { return Terms::default() };
    Terms {
        retain_until: today.checked_add(i64::from(retention.retain_days).days()).ok(),
        onward_sharing: retention.onward_sharing,
        intent_to_retain: retention.intent_to_retain,
    }
}

/// What was asked, what was chosen, and what else would have done.
fn notes(request: &InformationRequest, answer: &Answer) -> Vec<String> {
    let mut notes = Vec::new();
    let who = request.requester.as_deref().unwrap_or("somebody who gives no name");
    notes.push(format!(
        "The request says that it is from {who}, for \"{}\". Nothing vouches for that.",
        request.purpose.text()
    ));
    notes.push(format!("Answered with: {}", answer.ids.join(", ")));
    notes.extend(answer.others.iter().map(|other| format!("  instead of {}", difference(other))));
    notes
}

fn difference(other: &Alternative) -> String {
    let ids = other.ids.join(" and ");
    match &other.why {
        WhyNot::TellsMore(sentences) => {
            format!("{ids}, which tells as much or more: {}", sentences.join("; "))
        }
        WhyNot::AnswersNo => format!("{ids}, whose answer would be no"),
        WhyNot::CannotBeStated(why) => format!("{ids}, which cannot be stated: {why}"),
        _ => format!("{ids}, which the request does not insist on"),
    }
}
