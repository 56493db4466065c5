//! From requests to a sealed file: shows what will leave, asks, seals, and tells what to do with the file.

use super::Way;
use super::form::FormChoice;
use crate::cli::commands::facts;
use crate::cli::commands::shapes::iso;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::{OutputFile, check_free};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::{Day, local, parse_day, parse_span};
use clap::Args;
use finvault::disclosure::{Lifetime, OnwardSharing, Passcode, Purpose, SealedForm, Terms};
use finvault::vault::{DisclosureRequest, FactRequest, Issued, LabelChoice, Preview, Vault, VaultError};
use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// On which terms a disclosure leaves, and where it goes.
#[derive(Debug, Args)]
pub struct Delivery {
    /// How long it holds, as 12h, 7d or 2w [default: 7d]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(super) expires: Option<SignedDuration>,
    /// Ask the recipient to keep it no longer than this day [default: the day it expires]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    pub(super) retain_until: Option<Day>,
    /// Whether the recipient may pass it on: prohibited, with-consent or permitted [default:
    /// prohibited]
    #[arg(long, value_parser = parse_onward_sharing)]
    pub(super) onward_sharing: Option<OnwardSharing>,
    /// How to call the account: number (its last four characters), name, both or nothing
    #[arg(long, value_name = "HOW", value_parser = parse_label, default_value = "number")]
    pub account_label: LabelChoice,
    /// Let "disclosure renew" make it again with fresh figures, up to this day
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    pub(super) standing_until: Option<Day>,
    #[command(flatten)]
    pub(super) form: FormChoice,
    /// The file to write [default: disclosure-RECIPIENT-DAY here, ending in .age, .html or .jwe]
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    pub(super) force: bool,
    /// Disclose it although too much would follow from it; the reason is logged
    #[arg(long, value_name = "REASON")]
    pub(super) accept_risk: Option<String>,
    /// Go ahead without being asked
    #[arg(long)]
    pub(super) yes: bool,
    /// Only show what would leave
    #[arg(long)]
    pub(super) dry_run: bool,
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

/// What is to leave, before the vault is open.
pub struct Plan {
    /// What for.
    pub purpose: Purpose,
    /// Terms unless the options say otherwise.
    pub terms: Terms,
    /// For how long, unless the options say otherwise.
    pub lifetime: Lifetime,
}

/// What is to leave, once the vault is open.
pub(super) struct Asked {
    pub(super) request: DisclosureRequest,
    /// Lines shown above the preview.
    pub(super) notes: Vec<String>,
    /// The recipient's name.
    pub(super) recipient: String,
}

/// The facts, and what to tell about how they were chosen.
pub struct Chosen {
    /// What to state.
    pub facts: Vec<FactRequest>,
    /// Lines shown above the preview.
    pub notes: Vec<String>,
}

impl Delivery {
    /// Seals what `choose` picks for the recipient of that name, or makes a draft of it, once the owner agreed.
    pub fn run(
        &self,
        session: &mut Session<'_>,
        recipient: &str,
        plan: Plan,
        way: &Way,
        choose: impl FnOnce(&Vault, i64) -> Result<Chosen, Failure>,
    ) -> Result<Exit, Failure> {
        let lifetime = match self.expires {
            Some(span) => Lifetime::from_seconds(span.as_secs())
                .map_err(|error| Failure::usage(error.to_string()).help("give --expires as 12h, 7d or 2w"))?,
            None => plan.lifetime,
        };
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        if matches!(way, Way::Draft(_)) && self.standing_until.is_some() {
            return Err(Failure::usage("a draft is approved as it is, and is not renewed")
                .help("leave --standing-until out"));
        }
        if !self.yes && !self.dry_run && session.console.is_json() {
            return Err(Failure::usage("with --json nothing is asked")
                .help("give --yes to seal, or --dry-run to look"));
        }
        let vault = session.open_vault()?;
        let recipient = vault.recipient(recipient)?;
        let Chosen { facts, notes } = choose(&vault, recipient.id)?;
        let request = DisclosureRequest {
            recipient: recipient.id,
            facts: facts.into_iter().map(|fact| fact.called(self.account_label)).collect(),
            purpose: plan.purpose,
            lifetime,
            terms: Terms {
                retain_until: self
                    .retain_until
                    .map(|day| day.resolve(session.today()))
                    .or(plan.terms.retain_until),
                onward_sharing: self.onward_sharing.unwrap_or(plan.terms.onward_sharing),
                intent_to_retain: plan.terms.intent_to_retain,
            },
            accept_risk: self.accept_risk.clone(),
            form: match way {
                Way::Seal => self.form.for_file(self.output.as_deref()),
                // The file of a draft is for its reviewers and always an age file.
                Way::Draft(_) => self.form.named(),
            },
        };
        let asked = Asked { request, notes, recipient: recipient.name };
        match way {
            Way::Seal => self.seal(vault, session, &asked),
            Way::Draft(reviewers) => self.draft(vault, session, asked, reviewers),
        }
    }

    fn seal(&self, mut vault: Vault, session: &mut Session<'_>, asked: &Asked) -> Result<Exit, Failure> {
        let Asked { request, notes, recipient } = asked;
        // The moment of the preview is the moment of issue: what was looked at is what is sealed.
        let now = session.now();
        let preview = preview(&mut vault, request, now, self.dry_run)?;
        if let Some(exit) = self.show(&preview, request, notes, session)? {
            return Ok(exit);
        }
        let refusal = preview.refusal.as_ref().filter(|_| self.accept_risk.is_none());
        let standing = self.standing_until.map(|day| day.resolve(session.today()));
        if let Some(until) = standing.filter(|_| !session.console.is_json()) {
            session.console.say(format!("It may be renewed with fresh figures until {until}."))?;
        }
        if refusal.is_none()
            && !self.yes
            && !session.console.confirm(&format!("Seal this for {recipient}?"), "--yes")?
        {
            session.console.say("Nothing was sealed.")?;
            return Ok(Exit::Failed);
        }
        let path = match &self.output {
            Some(path) => path.clone(),
            None => free_name("disclosure", recipient, preview.form, session.today()),
        };
        // The file is not in its place yet: it gets there once the log entry is durable.
        let mut sealed = OutputFile::begin(&path, self.force)?;
        let mut deliver = |bytes: &[u8]| sealed.write(bytes);
        let issued = match standing {
            Some(until) => vault.disclose_standing(request, until, now, &mut deliver)?,
            None => vault.disclose(request, now, &mut deliver)?,
        };
        vault.close()?;
        sealed.keep()?;
        tell(&issued, &preview, notes, &path, session.console)?;
        Ok(Exit::Done)
    }

    /// Shows what would leave. Gives an exit code where that was all: on a dry run.
    pub(super) fn show(
        &self,
        preview: &Preview,
        request: &DisclosureRequest,
        notes: &[String],
        session: &mut Session<'_>,
    ) -> Result<Option<Exit>, Failure> {
        if !session.console.is_json() {
            for note in notes {
                session.console.say(note)?;
            }
            let accepted = request.accept_risk.is_some();
            print_preview(preview, request.purpose.text(), accepted, session.console)?;
        }
        if !self.dry_run {
            return Ok(None);
        }
        // What is refused is asked of nobody; unless this is a dry run, it is entered in the log as denied.
        if let Some(refusal) = preview.refusal.as_ref().filter(|_| self.accept_risk.is_none()) {
            return Err(VaultError::Refused(Box::new(refusal.clone())).into());
        }
        if session.console.is_json() {
            session.console.json(&PreviewShape::new(preview, notes))?;
        } else {
            session.console.say("Nothing was sealed: this was a dry run.")?;
        }
        Ok(Some(Exit::Done))
    }
}

/// Looks at what would leave. That the owner's own rules refuse it is logged, unless it was only a look.
pub(in crate::cli::commands) fn preview(
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
pub(in crate::cli::commands) fn free_name(
    what: &str,
    recipient: &str,
    form: SealedForm,
    today: Date,
) -> PathBuf {
    let ending = form.ending();
    let slug: String =
        recipient.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let slug: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    // Names of files are shorter than names of recipients may be.
    let slug: String = slug.join("-").chars().take(40).collect();
    let stem = format!("{what}-{slug}-{today}");
    let mut path = PathBuf::from(format!("{stem}.{ending}"));
    for number in 2.. {
        if std::fs::symlink_metadata(&path).is_err() {
            break;
        }
        path = PathBuf::from(format!("{stem}-{number}.{ending}"));
    }
    path
}

#[derive(Serialize)]
pub(in crate::cli::commands) struct PreviewShape<'a> {
    recipient: &'a str,
    facts: Vec<facts::FactShape>,
    enclosed: Vec<EnclosedShape<'a>>,
    sentences: &'a [String],
    expires: String,
    notes: &'a [String],
    stays: &'a [String],
    narrower: &'a [String],
    warnings: &'a [String],
    afterwards: &'a [String],
    accepted_risk: Option<String>,
    holder: Option<String>,
}

/// A document that travels along; `fact` is the place of the fact that states it, from 0.
#[derive(Serialize)]
struct EnclosedShape<'a> {
    fact: usize,
    sha256: &'a str,
    bytes: u64,
}

impl<'a> PreviewShape<'a> {
    pub(in crate::cli::commands) fn new(preview: &'a Preview, notes: &'a [String]) -> Self {
        Self {
            recipient: &preview.recipient.name,
            facts: facts::shapes(&preview.facts),
            enclosed: preview
                .enclosed
                .iter()
                .map(|file| EnclosedShape { fact: file.fact, sha256: &file.sha256, bytes: file.bytes })
                .collect(),
            sentences: &preview.sentences,
            expires: iso(preview.expires),
            notes,
            stays: &preview.stays,
            narrower: &preview.narrower,
            warnings: &preview.warnings,
            afterwards: &preview.afterwards,
            accepted_risk: preview.refusal.as_ref().map(ToString::to_string),
            holder: preview.holder.map(|holder| holder.to_string()),
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
    form: &'static str,
    passcode: Option<&'a str>,
    #[serde(flatten)]
    preview: PreviewShape<'a>,
}

pub(in crate::cli::commands) fn print_preview(
    preview: &Preview,
    purpose: &str,
    risk_accepted: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    console.say_toned(&[(
        Tone::Strong,
        &format!("This leaves the vault, for {} only:", preview.recipient.name),
    )])?;
    for (sentence, fact) in preview.sentences.iter().zip(&preview.facts) {
        console.say(format!("  {sentence}"))?;
        if let Some(missing) = facts::missing_data(fact.selection()) {
            console.say(format!("    {missing}, and it says so"))?;
        }
    }
    facts::print_rows(&preview.facts, console)?;
    console.say(format!("  purpose: {purpose}"))?;
    console.say(format!("  expires: {}", local(preview.expires)))?;
    if let Some(holder) = &preview.holder {
        let sharing = preview.terms.onward_sharing.as_str();
        console.say(format!("  passing on: {sharing}, under their key {holder}"))?;
    }
    let sealing = match preview.form {
        SealedForm::Page => "under a new passcode, as a page that opens in a browser",
        SealedForm::Data => "under a new passcode, as a data file for the viewer",
        _ if preview.recipient.key.is_some() => "to their key",
        _ => "under a new passcode",
    };
    console.say(format!("  sealed:  {sealing}"))?;
    console.say(format!("Everything else stays: {}.", preview.stays.join(", ")))?;
    if preview.earlier > 0 || !preview.afterwards.is_empty() {
        print_afterwards(preview, console)?;
    }
    if let Some(refusal) = preview.refusal.as_ref().filter(|_| risk_accepted) {
        console.say_toned(&[(Tone::Bad, "risk accepted"), (Tone::Plain, &format!(": {refusal}"))])?;
    }
    for offer in &preview.narrower {
        console.say_toned(&[(Tone::Good, "narrower"), (Tone::Plain, &format!(": {offer}"))])?;
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

/// Shows a passcode, which is shown once, and what to say with it.
pub(in crate::cli::commands) fn tell_passcode(
    passcode: &Passcode,
    form: SealedForm,
    sha256: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    console.say_toned(&[(Tone::Plain, "Passcode:  "), (Tone::Strong, &passcode.text())])?;
    console.say(format!("  to read aloud:  {}", passcode.spoken().as_str()))?;
    console.say("It is shown this once. Send it by another way than the file, by phone for example.")?;
    match form {
        SealedForm::Page => {
            console.say("They open the file in a browser and type the passcode; nothing is installed.")?
        }
        SealedForm::Data => console
            .say("They drop the file on the page that \"finvault viewer\" writes, and type the passcode.")?,
        _ => {}
    }
    console.say(format!("The file's SHA-256, to send with the passcode:  {sha256}"))
}

pub(in crate::cli::commands) fn tell(
    issued: &Issued,
    preview: &Preview,
    notes: &[String],
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
            form: issued.form.as_str(),
            passcode: passcode.as_ref().map(|text| text.as_str()),
            preview: PreviewShape::new(preview, notes),
        });
    }
    console.say_toned(&[
        (Tone::Good, "Sealed"),
        (Tone::Plain, &format!(" disclosure {} into {}", issued.id, path.display())),
    ])?;
    if let Some(passcode) = &issued.passcode {
        tell_passcode(passcode, issued.form, &issued.sha256, console)?;
    }
    console.say(format!("They see that it is yours by this fingerprint:  {}", issued.issuer))?;
    console.say(format!("in words:  {}", issued.recipient.issuer_words))?;
    console.say("Who opens it has read it: expiry makes programs refuse it later, and erases no copy.")
}
