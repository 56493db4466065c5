//! `disclosure revoke`, `status-list`, `renew`, `close`: what the owner does about a disclosure that left.

use super::disclose::{FormChoice, free_name, preview, print_preview, tell};
use super::disclosure::RecordShape;
use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::output_file::{OutputFile, check_free};
use crate::cli::render::Tone;
use crate::cli::session::Session;
use crate::cli::when::{local, parse_span};
use clap::{ArgGroup, Args};
use finvault::disclosure::{Lifetime, MAX_RECEIPT_LEN};
use finvault::vault::{DisclosureRecord, Vault, VaultError};
use jiff::SignedDuration;
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Take a disclosure back
///
/// Its reader learns it from the recipient's next status list: export one with "disclosure status-list" and
/// send it. What was read stays read.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Its number, as "disclosure list" shows it
    id: i64,
    /// Why, for your own log; it is not told to anybody
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Sign the list of what you revoked for one recipient
///
/// They open your disclosures with "--status-list FILE". The list names nobody and tells nothing but which
/// places are revoked.
#[derive(Debug, Args)]
pub struct StatusList {
    /// The recipient
    #[arg(long, value_name = "RECIPIENT")]
    to: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// For how long they may go by it, as 12h, 7d or 2w
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "7d")]
    valid: SignedDuration,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

/// Make a standing disclosure again, with fresh figures
///
/// Days move with the calendar: today's balance becomes the balance of the day of renewal, a window of whole
/// months the later months. Give the number of the first one each time; with --yes it runs from cron.
#[derive(Debug, Args)]
pub struct Renew {
    /// Its number, as "disclosure list" shows it
    id: i64,
    #[command(flatten)]
    form: FormChoice,
    /// The file to write [default: disclosure-RECIPIENT-DAY here, ending in .age, .html or .jwe]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Go ahead without being asked
    #[arg(long)]
    yes: bool,
}

/// Note that the recipient deleted a disclosure
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true))]
pub struct Close {
    /// Its number, as "disclosure list" shows it
    id: i64,
    /// Their signed receipt, as "finvault receipt make" wrote it
    #[arg(long, value_name = "FILE", group = "how")]
    receipt: Option<PathBuf>,
    /// What they said, where they cannot sign: kept as their bare word
    #[arg(long, value_name = "TEXT", group = "how")]
    statement: Option<String>,
}

impl Revoke {
    pub(super) fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let record = vault.revoke(self.id, self.reason.as_deref(), session.now())?;
        if session.console.is_json() {
            return session.console.json(&RecordShape::new(&record, session.now()));
        }
        session.console.say(format!("Revoked disclosure {} to {}", record.id, record.recipient.name))?;
        if record.life.revocable {
            return session.console.say(format!(
                "They learn it from a new status list: finvault disclosure status-list --to \"{}\" --output FILE",
                record.recipient.name
            ));
        }
        session
            .console
            .say("It was made before status lists were: no list can tell them. Tell them yourself.")
    }
}

#[derive(Serialize)]
struct StatusListShape<'a> {
    recipient: &'a str,
    output: String,
    revoked: usize,
    expires: String,
}

impl StatusList {
    pub(super) fn run(self, mut vault: Vault, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let valid_for = Lifetime::from_seconds(self.valid.as_secs())
            .map_err(|error| Failure::usage(error.to_string()).help("give --valid as 12h, 7d or 2w"))?;
        let (id, name) = ever_recipient(&vault, &self.to)?;
        let mut file = OutputFile::begin(&self.output, self.force)?;
        let list = vault.status_list(id, valid_for, session.now(), &mut |bytes| file.write(bytes))?;
        vault.close()?;
        file.keep()?;
        if session.console.is_json() {
            session.console.json(&StatusListShape {
                recipient: &name,
                output: self.output.display().to_string(),
                revoked: list.revoked,
                expires: iso(list.expires),
            })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!(
            "Signed the status list for {name} into {}: {} revoked, good until {}",
            self.output.display(),
            list.revoked,
            local(list.expires)
        ))?;
        Ok(Exit::Done)
    }
}

/// A recipient of that name; one that was removed counts too, since their disclosures may need revoking.
fn ever_recipient(vault: &Vault, name: &str) -> Result<(i64, String), Failure> {
    match vault.recipient(name) {
        Ok(recipient) => Ok((recipient.id, recipient.name)),
        Err(error @ VaultError::NoSuchRecipient { .. }) => {
            let folded = name.trim().to_lowercase();
            let records = vault.disclosures()?;
            let removed = records.iter().rev().find(|record| record.recipient.name.to_lowercase() == folded);
            removed
                .map(|record| (record.recipient.id, record.recipient.name.clone()))
                .ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

impl Renew {
    pub(super) fn run(self, mut vault: Vault, session: &mut Session<'_>) -> Result<Exit, Failure> {
        if let Some(path) = &self.output {
            check_free(path, self.force)?;
        }
        if !self.yes && session.console.is_json() {
            return Err(Failure::usage("with --json nothing is asked").help("give --yes to seal"));
        }
        let now = session.now();
        let mut request = vault.renewal(self.id, now)?;
        let form = self.form.for_file(self.output.as_deref());
        request.form = form.or(request.form);
        let preview = preview(&mut vault, &request, now, false)?;
        if !session.console.is_json() {
            print_preview(&preview, request.purpose.text(), false, session.console)?;
        }
        let name = &preview.recipient.name;
        if !self.yes && !session.console.confirm(&format!("Seal this for {name}?"), "--yes")? {
            session.console.say("Nothing was sealed.")?;
            return Ok(Exit::Failed);
        }
        let path = self
            .output
            .clone()
            .unwrap_or_else(|| free_name("disclosure", name, preview.form, session.today()));
        let mut file = OutputFile::begin(&path, self.force)?;
        let issued = vault.renew_as(self.id, form, now, &mut |bytes| file.write(bytes))?;
        vault.close()?;
        file.keep()?;
        tell(&issued, &preview, &[], &path, session.console)?;
        Ok(Exit::Done)
    }
}

impl Close {
    pub(super) fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let now = session.now();
        let record = match (&self.receipt, &self.statement) {
            (Some(path), _) => vault.close_with_receipt(self.id, &receipt_text(path)?, now)?,
            (None, Some(said)) => vault.close_with_statement(self.id, said, now)?,
            (None, None) => return Err(Failure::usage("give --receipt FILE or --statement TEXT")),
        };
        tell_closed(&record, session)
    }
}

fn tell_closed(record: &DisclosureRecord, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&RecordShape::new(record, session.now()));
    }
    let how = if record.life.receipt_signed {
        "they signed that they deleted it"
    } else {
        "on their bare word: nothing is signed"
    };
    session
        .console
        .say_toned(&[(Tone::Good, "Closed"), (Tone::Plain, &format!(" disclosure {}: {how}", record.id))])
}

fn receipt_text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let limit = MAX_RECEIPT_LEN as u64 + 1;
    std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(
        |error| {
            Failure::new(Exit::Failed, format!("cannot read {}: {}", path.display(), describe(&error)))
                .help("check the path and its permissions")
        },
    )?;
    Ok(text)
}
