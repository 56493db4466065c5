//! `recipient`: add, list, show, vet, limit, remove those you disclose to.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::{Day, local, parse_day, parse_span};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use finvault::disclosure::Lifetime;
use finvault::vault::{self, RecipientLimits, RecipientProfile, Vault, VettingPolicy};
use jiff::SignedDuration;
use serde::Serialize;

/// Add, list, show, vet, limit and remove those you disclose to
#[derive(Debug, Subcommand)]
pub enum Recipient {
    /// Add a recipient
    ///
    /// With a key, only the holder of its private half reads what you disclose. Without one, each disclosure
    /// is sealed under a passcode of its own, which you pass on by another way.
    Add {
        /// What you call them
        name: String,
        /// Their public key: "age1..." or "ssh-ed25519 ..."
        #[arg(long)]
        key: Option<String>,
        /// The "ssh-ed25519 ..." key under which they will confirm deletions and pass on what they may, if --key is of another kind
        #[arg(long, value_name = "KEY")]
        receipt_key: Option<String>,
    },
    /// Note that somebody looked into who a recipient is
    Vet {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
        /// Who looked
        #[arg(long, value_name = "WHO")]
        by: String,
        /// What they looked at
        #[arg(long, value_name = "TEXT")]
        what: String,
        /// The last day on which it counts
        #[arg(long, value_name = "DAY", value_parser = parse_day)]
        until: Day,
    },
    Limits(Limits),
    /// Introduce the key under which a recipient will confirm deletions, and pass on what they may
    ReceiptKey {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
        /// An "ssh-ed25519 ..." key of theirs
        key: String,
    },
    /// List the recipients
    List,
    /// Show one recipient
    Show {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
    },
    Policy(super::recipient_policy::Policy),
    /// Remove a recipient; what was disclosed to them stays in the log
    Remove {
        /// Their name
        #[arg(value_name = "RECIPIENT")]
        name: String,
    },
}

/// Set what a recipient may have at most; what is not named stays as it is
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct Limits {
    /// Their name
    #[arg(value_name = "RECIPIENT")]
    name: String,
    /// The longest that a disclosure may hold, as 12h, 7d or 2w; "any" takes the limit away
    #[arg(long, value_name = "SPAN", value_parser = parse_span_or_any, group = "change")]
    max_expiry: Option<SpanOrAny>,
    /// The kinds of fact they may have, as balance,transactions; "any" takes the limit away
    #[arg(long, value_name = "KINDS", value_delimiter = ',', group = "change")]
    allow: Option<Vec<String>>,
    /// What is done where they were not vetted, or too long ago
    #[arg(long, value_parser = parse_policy(), group = "change")]
    vetting: Option<VettingPolicy>,
    /// Seal nothing for them that this reviewer has not approved; give it once for each reviewer. They take
    /// the place of those set before
    #[arg(long = "approval", value_name = "RECIPIENT", group = "change", conflicts_with = "no_approval")]
    approvals: Vec<String>,
    /// Nobody needs to approve any more
    #[arg(long, group = "change")]
    no_approval: bool,
}

/// A span of time, or no limit.
#[derive(Debug, Clone, Copy)]
pub struct SpanOrAny(Option<SignedDuration>);

fn parse_span_or_any(text: &str) -> Result<SpanOrAny, String> {
    if text == "any" { Ok(SpanOrAny(None)) } else { parse_span(text).map(|span| SpanOrAny(Some(span))) }
}

fn parse_policy() -> impl TypedValueParser<Value = VettingPolicy> {
    PossibleValuesParser::new(VettingPolicy::ALL.map(VettingPolicy::as_str))
        .map(|word| VettingPolicy::ALL.into_iter().find(|policy| policy.as_str() == word).unwrap_or_default())
}

impl Limits {
    /// Sets what was named, all of it or nothing.
    fn set(
        &self,
        recipient: &vault::Recipient,
        vault: &mut Vault,
        session: &Session<'_>,
    ) -> Result<RecipientProfile, Failure> {
        let mut profile = vault.recipient_profile(recipient.id)?;
        let reviewers = self.approvals.iter().map(|name| Ok(vault.recipient(name)?.id));
        let reviewers = reviewers.collect::<Result<Vec<i64>, Failure>>()?;
        // Looked at first, so that a wrong one leaves the limits as they are.
        vault.check_reviewers(recipient.id, &reviewers)?;
        if self.max_expiry.is_some() || self.allow.is_some() || self.vetting.is_some() {
            let limits = self.over(profile.limits)?;
            profile = vault.set_recipient_limits(recipient.id, &limits, session.now())?;
        }
        if self.no_approval || !reviewers.is_empty() {
            profile = vault.set_needed_approvals(recipient.id, &reviewers, session.now())?;
        }
        Ok(profile)
    }

    fn over(&self, mut limits: RecipientLimits) -> Result<RecipientLimits, Failure> {
        if let Some(SpanOrAny(span)) = self.max_expiry {
            let lifetime = span.map(|span| Lifetime::from_seconds(span.as_secs())).transpose();
            limits.max_lifetime = lifetime.map_err(|error| {
                Failure::usage(error.to_string()).help("give --max-expiry as 12h, 7d or 2w")
            })?;
        }
        if let Some(kinds) = &self.allow {
            let any = kinds.iter().any(|kind| kind == "any");
            limits.allowed = (!any).then(|| kinds.iter().map(|kind| kind.trim().to_owned()).collect());
        }
        limits.vetting = self.vetting.unwrap_or(limits.vetting);
        Ok(limits)
    }
}

#[derive(Serialize)]
struct ProfileShape {
    #[serde(flatten)]
    recipient: RecipientShape,
    receipt_key: Option<String>,
    max_expiry_s: Option<i64>,
    allowed: Option<Vec<String>>,
    vetting: &'static str,
    vetted: Vec<VettingShape>,
    approvals: Vec<String>,
    vetting_gap: Option<String>,
}

#[derive(Serialize)]
struct VettingShape {
    by: String,
    what: String,
    until: String,
    noted: String,
}

impl ProfileShape {
    fn new(recipient: &vault::Recipient, profile: &RecipientProfile, gap: Option<String>) -> Self {
        let vetted = profile.vettings.iter().map(|vetting| VettingShape {
            by: vetting.by.clone(),
            what: vetting.what.clone(),
            until: vetting.until.to_string(),
            noted: iso(vetting.noted),
        });
        Self {
            recipient: recipient.into(),
            receipt_key: profile.receipt_key.clone(),
            max_expiry_s: profile.limits.max_lifetime.map(Lifetime::seconds),
            allowed: profile.limits.allowed.clone(),
            vetting: profile.limits.vetting.as_str(),
            vetted: vetted.collect(),
            approvals: profile.approvals.iter().map(|needed| needed.name.clone()).collect(),
            vetting_gap: gap,
        }
    }
}

#[derive(Serialize)]
struct RecipientShape {
    recipient: String,
    key: Option<String>,
    issuer: String,
    issuer_words: String,
    added: String,
    removed: Option<String>,
}

impl From<&vault::Recipient> for RecipientShape {
    fn from(recipient: &vault::Recipient) -> Self {
        Self {
            recipient: recipient.name.clone(),
            key: recipient.key.clone(),
            issuer: recipient.issuer.clone(),
            issuer_words: recipient.issuer_words.clone(),
            added: iso(recipient.added),
            removed: recipient.removed.map(iso),
        }
    }
}

impl Recipient {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Self::Policy(command) = self {
            return command.run(session);
        }
        let mut vault = session.open_vault()?;
        match self {
            Self::Policy(_) => {}
            Self::Add { name, key, receipt_key } => {
                // Looked at first, so that a wrong one leaves no recipient behind.
                if let Some(key) = &receipt_key {
                    vault::check_receipt_key(key)?;
                }
                let added = vault.add_recipient(&name, key.as_deref(), session.now())?;
                if let Some(key) = &receipt_key {
                    vault.set_receipt_key(added.id, key, session.now())?;
                }
                tell(&added, "Added", session)?;
            }
            Self::List => list(&vault, session)?,
            Self::Vet { name, by, what, until } => {
                let recipient = vault.recipient(&name)?;
                let until = until.resolve(session.today());
                let profile = vault.vet_recipient(recipient.id, &by, &what, until, session.now())?;
                show(&recipient, &profile, session)?;
            }
            Self::Limits(asked) => {
                let recipient = vault.recipient(&asked.name)?;
                let profile = asked.set(&recipient, &mut vault, session)?;
                show(&recipient, &profile, session)?;
            }
            Self::ReceiptKey { name, key } => {
                let recipient = vault.recipient(&name)?;
                let profile = vault.set_receipt_key(recipient.id, &key, session.now())?;
                show(&recipient, &profile, session)?;
            }
            Self::Show { name } => {
                let recipient = vault.recipient(&name)?;
                let profile = vault.recipient_profile(recipient.id)?;
                show(&recipient, &profile, session)?;
            }
            Self::Remove { name } => {
                let id = vault.recipient(&name)?.id;
                let removed = vault.remove_recipient(id, session.now())?;
                tell(&removed, "Removed", session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn tell(recipient: &vault::Recipient, done: &str, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&RecipientShape::from(recipient));
    }
    session.console.say(format!("{done} {}", recipient.name))?;
    if recipient.removed.is_none() {
        session.console.say(format!("  sealing:  {}", sealing(recipient)))?;
        session.console.say(format!("  you sign for them with:  {}", recipient.issuer))?;
        session.console.say(format!("  in words:  {}", recipient.issuer_words))?;
        session.console.say(
            "  Tell them this fingerprint, by phone or in person: it is how they know your disclosures.",
        )?;
    }
    Ok(())
}

fn sealing(recipient: &vault::Recipient) -> String {
    match &recipient.key {
        Some(key) => key.clone(),
        None => "a new passcode for each disclosure".to_owned(),
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let recipients = vault.recipients()?;
    if session.console.is_json() {
        let shapes: Vec<RecipientShape> = recipients.iter().map(RecipientShape::from).collect();
        return session.console.json(&shapes);
    }
    if recipients.is_empty() {
        return session.console.say("No recipients yet.");
    }
    let mut table = Table::new(&[
        ("recipient", Align::Left),
        ("added", Align::Left),
        ("sealing", Align::Left),
        ("removed", Align::Left),
    ])
    .flexible(2);
    for recipient in &recipients {
        table.row([
            Cell::new(&recipient.name),
            Cell::new(local(recipient.added)),
            Cell::new(recipient.key.as_deref().unwrap_or("passcode")),
            Cell::new(recipient.removed.map(local).unwrap_or_default()),
        ]);
    }
    session.console.table(&table)
}

fn show(
    recipient: &vault::Recipient,
    profile: &RecipientProfile,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let gap = profile.vetting_gap(session.today());
    if session.console.is_json() {
        return session.console.json(&ProfileShape::new(recipient, profile, gap));
    }
    let mut table = Table::new(&[("recipient", Align::Left), ("", Align::Left)]);
    let mut line = |title: &str, text: String| table.row([Cell::new(title), Cell::new(text)]);
    line("name", recipient.name.clone());
    line("sealing", sealing(recipient));
    line("you sign with", recipient.issuer.clone());
    line("in words", recipient.issuer_words.clone());
    line("added", local(recipient.added));
    if let Some(removed) = recipient.removed {
        line("removed", local(removed));
    }
    if let Some(key) = &profile.receipt_key {
        line("confirms with", key.clone());
    }
    if let Some(most) = profile.limits.max_lifetime {
        line("holds at most", most.to_string());
    }
    if let Some(kinds) = &profile.limits.allowed {
        line("may have", kinds.join(", "));
    }
    if !profile.approvals.is_empty() {
        let names: Vec<&str> = profile.approvals.iter().map(|needed| needed.name.as_str()).collect();
        line("approved by", names.join(", "));
    }
    for vetting in &profile.vettings {
        line("vetted", format!("by {}, until {}: {}", vetting.by, vetting.until, vetting.what));
    }
    if let Some(gap) = gap {
        line("vetting", format!("{gap} ({})", profile.limits.vetting.as_str()));
    }
    session.console.table(&table)
}
