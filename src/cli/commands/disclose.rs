//! `disclose`: shows what will leave, asks, and seals it for one recipient.

use super::facts;
use super::shapes::{amount, iso};
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::{OutputFile, check_free};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::{Day, check_window, local, parse_day, parse_span};
use clap::{Args, Subcommand};
use finvault::disclosure::{Fact, Lifetime, OnwardSharing, Purpose, Terms};
use finvault::ledger::Account;
use finvault::vault::{
    DisclosureRequest, FactRequest, Issued, LabelChoice, Preview, TransactionField, Vault, VaultError,
};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Disclose a fact to one recipient: signed, sealed, expiring, logged
#[derive(Debug, Subcommand)]
pub enum Disclose {
    Balance(Balance),
    Transactions(Transactions),
}

/// Disclose what an account's balance is
#[derive(Debug, Args)]
pub struct Balance {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// At the end of this day
    #[arg(long, value_name = "DAY", value_parser = parse_day, default_value = "today")]
    as_of: Day,
    /// Rounded to the nearest multiple of this
    #[arg(long, value_name = "AMOUNT")]
    round: Option<String>,
    /// The recipient
    #[arg(long, value_name = "RECIPIENT")]
    to: String,
    #[command(flatten)]
    common: Common,
}

/// Disclose some of an account's transactions, with chosen fields only
#[derive(Debug, Args)]
pub struct Transactions {
    /// The account's name, or the beginning of it
    #[arg(long)]
    account: String,
    /// From this day on
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    from: Day,
    /// Up to this day; "--to DAY" says the same
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    until: Option<Day>,
    /// The recipient. Given twice, the one that is a day is the window's end
    #[arg(long, value_name = "RECIPIENT", required = true)]
    to: Vec<String>,
    /// Whose payee contains this text
    #[arg(long)]
    text: Option<String>,
    /// What to tell of each: date, amount, payee, status, id
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = parse_field)]
    #[arg(default_value = "date,amount,payee")]
    fields: Vec<TransactionField>,
    #[command(flatten)]
    common: Common,
}

/// What every disclosure says, and where it goes.
#[derive(Debug, Args)]
pub struct Common {
    /// What they may use it for
    #[arg(long, value_name = "TEXT")]
    purpose: String,
    /// How long it holds, as 12h, 7d or 2w
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "7d")]
    expires: SignedDuration,
    /// Ask the recipient to keep it no longer than this day [default: the day it expires]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    retain_until: Option<Day>,
    /// Whether the recipient may pass it on: prohibited, with-consent or permitted
    #[arg(long, value_parser = parse_onward_sharing, default_value = "prohibited")]
    onward_sharing: OnwardSharing,
    /// How to call the account: number (its last four characters), name, both or nothing
    #[arg(long, value_name = "HOW", value_parser = parse_label, default_value = "number")]
    account_label: LabelChoice,
    /// Let "disclosure renew" make it again with fresh figures, up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    standing_until: Option<Day>,
    /// The file to write [default: disclosure-RECIPIENT-DAY.age here]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Disclose it although too much would follow from it; the reason is logged
    #[arg(long, value_name = "REASON")]
    accept_risk: Option<String>,
    /// Go ahead without being asked
    #[arg(long)]
    yes: bool,
    /// Only show what would leave
    #[arg(long)]
    dry_run: bool,
}

fn parse_field(text: &str) -> Result<TransactionField, String> {
    TransactionField::ALL.into_iter().find(|field| field.as_str() == text.trim()).ok_or_else(|| {
        let known: Vec<&str> = TransactionField::ALL.iter().map(|field| field.as_str()).collect();
        format!("the fields are {}", known.join(", "))
    })
}

fn parse_onward_sharing(text: &str) -> Result<OnwardSharing, String> {
    [OnwardSharing::Prohibited, OnwardSharing::WithConsent, OnwardSharing::Permitted]
        .into_iter()
        .find(|sharing| sharing.as_str() == text)
        .ok_or_else(|| "say prohibited, with-consent or permitted".to_owned())
}

fn parse_label(text: &str) -> Result<LabelChoice, String> {
    match text {
        "number" => Ok(LabelChoice::Number),
        "name" => Ok(LabelChoice::Name),
        "both" => Ok(LabelChoice::Both),
        "nothing" => Ok(LabelChoice::Nothing),
        _ => Err("say number, name, both or nothing".to_owned()),
    }
}

impl Disclose {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Balance(asked) => {
                let as_of = asked.as_of.resolve(session.today());
                asked.common.run(session, &asked.account, &asked.to, |account| {
                    let round_to = asked
                        .round
                        .as_deref()
                        .map(|text| amount(text, account.currency, "--round"))
                        .transpose()?;
                    Ok(FactRequest::Balance {
                        account: account.id,
                        as_of,
                        round_to,
                        label: asked.common.account_label,
                    })
                })
            }
            Self::Transactions(asked) => {
                let (recipient, until) = recipient_and_end(&asked.to, asked.until)?;
                let (from, to) = (asked.from.resolve(session.today()), until.resolve(session.today()));
                check_window(Some(from), Some(to))?;
                asked.common.run(session, &asked.account, recipient, |account| {
                    Ok(FactRequest::Transactions {
                        account: account.id,
                        from,
                        to,
                        payee: asked.text.clone(),
                        fields: asked.fields.clone(),
                        label: asked.common.account_label,
                    })
                })
            }
        }
    }
}

/// Tells the recipient from the window's end where `--to` gives both.
fn recipient_and_end(to: &[String], until: Option<Day>) -> Result<(&str, Day), Failure> {
    let (days, names): (Vec<&String>, Vec<&String>) = to.iter().partition(|text| parse_day(text).is_ok());
    let end = match (until, days.as_slice()) {
        (Some(day), []) => Some(day),
        (None, [text]) => parse_day(text).ok(),
        (None, []) => None,
        _ => return Err(Failure::usage("the window's last day is given twice").help("give --until once")),
    };
    let Some(end) = end else {
        return Err(Failure::usage("the window's last day is missing").help("give it with --until DAY"));
    };
    match names.as_slice() {
        [name] => Ok((name, end)),
        [] => Err(Failure::usage("the recipient is missing").help("name them with --to RECIPIENT")),
        _ => Err(Failure::usage("a disclosure is for one recipient").help("run the command once for each")),
    }
}

impl Common {
    fn run(
        &self,
        session: &mut Session<'_>,
        account: &str,
        recipient: &str,
        fact: impl FnOnce(&Account) -> Result<FactRequest, Failure>,
    ) -> Result<Exit, Failure> {
        let purpose = Purpose::from_text(&self.purpose).map_err(|error| {
            Failure::usage(error.to_string()).help("say with --purpose what the facts may be used for")
        })?;
        let lifetime = Lifetime::from_seconds(self.expires.as_secs())
            .map_err(|error| Failure::usage(error.to_string()).help("give --expires as 12h, 7d or 2w"))?;
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        if !self.yes && !self.dry_run && session.console.is_json() {
            return Err(Failure::usage("with --json nothing is asked")
                .help("give --yes to seal, or --dry-run to look"));
        }
        let mut vault = session.open_vault()?;
        let account = vault.account(account)?;
        let recipient = vault.recipient(recipient)?;
        let request = DisclosureRequest {
            recipient: recipient.id,
            facts: vec![fact(&account)?],
            purpose,
            lifetime,
            terms: Terms {
                retain_until: self.retain_until.map(|day| day.resolve(session.today())),
                onward_sharing: self.onward_sharing,
                intent_to_retain: false,
            },
            accept_risk: self.accept_risk.clone(),
        };
        // The moment of the preview is the moment of issue: what was looked at is what is sealed.
        let now = session.now();
        let preview = preview(&mut vault, &request, now, self.dry_run)?;
        if !session.console.is_json() {
            print_preview(&preview, &request, session.console)?;
        }
        // What is refused is asked of nobody; unless this is a dry run, it is entered in the log as denied.
        let refusal = preview.refusal.as_ref().filter(|_| self.accept_risk.is_none());
        if let (Some(refusal), true) = (refusal, self.dry_run) {
            return Err(VaultError::Refused(Box::new(refusal.clone())).into());
        }
        if self.dry_run {
            if session.console.is_json() {
                session.console.json(&PreviewShape::new(&preview))?;
            } else {
                session.console.say("Nothing was sealed: this was a dry run.")?;
            }
            return Ok(Exit::Done);
        }
        if let Some(until) = self.standing_until.filter(|_| !session.console.is_json()) {
            let until = until.resolve(session.today());
            session.console.say(format!("It may be renewed with fresh figures until {until}."))?;
        }
        if refusal.is_none()
            && !self.yes
            && !session.console.confirm(&format!("Seal this for {}?", recipient.name), "--yes")?
        {
            session.console.say("Nothing was sealed.")?;
            return Ok(Exit::Failed);
        }
        let path = match &self.output {
            Some(path) => path.clone(),
            None => free_name(&recipient.name, session.today()),
        };
        let mut sealed = OutputFile::begin(&path, self.force)?;
        let mut deliver = |bytes: &[u8]| sealed.write(bytes);
        let issued = match self.standing_until.map(|day| day.resolve(session.today())) {
            Some(until) => vault.disclose_standing(&request, until, now, &mut deliver)?,
            None => vault.disclose(&request, now, &mut deliver)?,
        };
        vault.close()?;
        sealed.keep()?;
        tell(&issued, &preview, &path, session.console)?;
        Ok(Exit::Done)
    }
}

/// Looks at what would leave. That the owner's own rules refuse it is logged, unless it was only a look.
pub(super) fn preview(
    vault: &mut Vault,
    request: &DisclosureRequest,
    now: jiff::Timestamp,
    dry_run: bool,
) -> Result<Preview, Failure> {
    let preview = vault.preview(request, now);
    if let (Err(VaultError::NotAllowed(why)), false) = (&preview, dry_run) {
        vault.log_refusal(request.recipient, request.purpose.text(), why, now)?;
    }
    Ok(preview?)
}

/// A name in the current folder that says what the file is, and is free.
pub(super) fn free_name(recipient: &str, today: Date) -> PathBuf {
    let slug: String =
        recipient.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let slug: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    // Names of files are shorter than names of recipients may be.
    let slug: String = slug.join("-").chars().take(40).collect();
    let stem = format!("disclosure-{slug}-{today}");
    let mut path = PathBuf::from(format!("{stem}.age"));
    for number in 2.. {
        if std::fs::symlink_metadata(&path).is_err() {
            break;
        }
        path = PathBuf::from(format!("{stem}-{number}.age"));
    }
    path
}

#[derive(Serialize)]
struct PreviewShape<'a> {
    recipient: &'a str,
    facts: Vec<facts::FactShape>,
    sentences: &'a [String],
    expires: String,
    warnings: &'a [String],
    afterwards: &'a [String],
    accepted_risk: Option<String>,
}

impl<'a> PreviewShape<'a> {
    fn new(preview: &'a Preview) -> Self {
        Self {
            recipient: &preview.recipient.name,
            facts: facts::shapes(&preview.facts),
            sentences: &preview.sentences,
            expires: iso(preview.expires),
            warnings: &preview.warnings,
            afterwards: &preview.afterwards,
            accepted_risk: preview.refusal.as_ref().map(ToString::to_string),
        }
    }
}

#[derive(Serialize)]
struct IssuedShape<'a> {
    disclosure: i64,
    jti: &'a str,
    output: String,
    sha256: &'a str,
    issuer: &'a str,
    issuer_words: &'a str,
    passcode: Option<&'a str>,
    #[serde(flatten)]
    preview: PreviewShape<'a>,
}

pub(super) fn print_preview(
    preview: &Preview,
    request: &DisclosureRequest,
    console: &mut Console,
) -> Result<(), Failure> {
    console.say_toned(&[(
        Tone::Strong,
        &format!("This leaves the vault, for {} only:", preview.recipient.name),
    )])?;
    for sentence in &preview.sentences {
        console.say(format!("  {sentence}"))?;
    }
    facts::print_rows(&preview.facts, console)?;
    console.say(format!("  purpose: {}", request.purpose.text()))?;
    console.say(format!("  expires: {}", local(preview.expires)))?;
    let sealing = if preview.recipient.key.is_some() { "to their key" } else { "under a new passcode" };
    console.say(format!("  sealed:  {sealing}"))?;
    console.say(format!("Everything else stays: {}.", what_stays(&preview.facts)))?;
    if preview.earlier > 0 || !preview.afterwards.is_empty() {
        print_afterwards(preview, console)?;
    }
    if let Some(refusal) = preview.refusal.as_ref().filter(|_| request.accept_risk.is_some()) {
        console.say_toned(&[(Tone::Bad, "risk accepted"), (Tone::Plain, &format!(": {refusal}"))])?;
    }
    for warning in &preview.warnings {
        console.say_toned(&[(Tone::Caution, "warning"), (Tone::Plain, &format!(": {warning}"))])?;
    }
    Ok(())
}

/// What follows from this disclosure and all earlier ones to the same recipient.
fn print_afterwards(preview: &Preview, console: &mut Console) -> Result<(), Failure> {
    let with = match preview.earlier {
        0 => "From these facts together".to_owned(),
        1 => "With 1 earlier disclosure".to_owned(),
        count => format!("With {count} earlier disclosures"),
    };
    if preview.afterwards.is_empty() {
        return console.say(format!("{with}, nothing more follows than each says."));
    }
    console.say(format!("{with}, they will also know:"))?;
    for line in &preview.afterwards {
        console.say(format!("  {line}"))?;
    }
    Ok(())
}

/// What a reader may fear would leave with these facts, and does not.
fn what_stays(facts: &[Fact]) -> &'static str {
    if facts.iter().any(|fact| matches!(fact, Fact::Transactions(_))) {
        "every other transaction, every field not shown above, every balance, the full account number"
    } else {
        "every transaction, every other balance, the full account number"
    }
}

pub(super) fn tell(
    issued: &Issued,
    preview: &Preview,
    path: &Path,
    console: &mut Console,
) -> Result<(), Failure> {
    let passcode = issued.passcode.as_ref().map(|passcode| passcode.text());
    if console.is_json() {
        return console.json(&IssuedShape {
            disclosure: issued.id,
            jti: &issued.jti,
            output: path.display().to_string(),
            sha256: &issued.sha256,
            issuer: &issued.issuer,
            issuer_words: &issued.recipient.issuer_words,
            passcode: passcode.as_ref().map(|text| text.as_str()),
            preview: PreviewShape::new(preview),
        });
    }
    console.say_toned(&[
        (Tone::Good, "Sealed"),
        (Tone::Plain, &format!(" disclosure {} into {}", issued.id, path.display())),
    ])?;
    if let Some(passcode) = &passcode {
        console.say_toned(&[(Tone::Plain, "Passcode:  "), (Tone::Strong, passcode)])?;
        console.say("It is shown this once. Send it by another way than the file, by phone for example.")?;
    }
    console.say(format!("They see that it is yours by this fingerprint:  {}", issued.issuer))?;
    console.say(format!("in words:  {}", issued.recipient.issuer_words))?;
    console.say("Who opens it has read it: expiry makes programs refuse it later, and erases no copy.")
}
