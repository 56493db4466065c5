//! `key`: what opens the vault. Lists the key slots, adds and removes them, changes a passphrase, and makes a new key.

mod add;
mod rotate;

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::keeper;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::secrets;
use crate::cli::session::{OpenedWith, Session};
use clap::{Args, Subcommand};
use finvault::crypto::KdfParams;
use finvault::vault::VaultError;
use finvault::vault::keys::{KdfChoice, KeySlot};
use finvault::vfs::{self, Unlocked};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// See and change what opens the vault: passphrases, recovery codes, key files
///
/// Each has a key slot in the vault's header, in which the vault's key is wrapped; there are eight slots. Changing a slot
/// takes as long for a large vault as for an empty one, and a crash leaves either the old slot or the new. Every change is
/// an entry of the log, and "finvault log --verify" holds the key slots against the last one.
#[derive(Debug, Subcommand)]
pub enum Key {
    List(List),
    #[command(subcommand)]
    Add(add::Add),
    Remove(Remove),
    ChangePassphrase(ChangePassphrase),
    Rotate(rotate::Rotate),
}

/// List the key slots
#[derive(Debug, Args)]
pub struct List {}

/// Let a passphrase, recovery code or key file open the vault no more
///
/// It still opens copies of the vault that were made before, backups included.
#[derive(Debug, Args)]
pub struct Remove {
    /// The slot's number, as "finvault key list" shows it
    slot: u32,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Put a new passphrase in the place of one
///
/// Opens the vault with the passphrase, or with the recovery code or a key file when the passphrase is lost. The new one may
/// be the old one again, to give it a dearer key derivation.
#[derive(Debug, Args)]
pub struct ChangePassphrase {
    /// Which passphrase, by its key slot [default: the one that opens the vault now, or the only one]
    #[arg(long, value_name = "N")]
    slot: Option<u32>,
    /// Read the new passphrase from this file; a newline at its end is not part of it
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    kdf: KdfOptions,
}

/// What a guess at a passphrase costs.
#[derive(Debug, Args)]
pub struct KdfOptions {
    /// Memory that one guess at the passphrase costs, in MiB (19 or more) [default: as before; 256 at first]
    #[arg(long, value_name = "MIB")]
    kdf_memory: Option<u32>,
    /// Passes over that memory (2 or more) [default: as before; 3 at first]
    #[arg(long, value_name = "N")]
    kdf_passes: Option<u32>,
}

impl KdfOptions {
    fn choice(&self) -> KdfChoice {
        KdfChoice { memory_kib: self.kdf_memory.map(|mib| mib.saturating_mul(1024)), passes: self.kdf_passes }
    }

    fn params(&self) -> Result<KdfParams, Failure> {
        super::init::kdf_params(self.kdf_memory, self.kdf_passes)
    }
}

#[derive(Serialize)]
struct SlotShape {
    slot: u32,
    kind: &'static str,
    kdf_memory_mib: Option<u32>,
    kdf_passes: Option<u32>,
    added: Option<String>,
    label: String,
}

impl SlotShape {
    fn new(slot: &KeySlot) -> Self {
        Self {
            slot: slot.number,
            kind: word(slot),
            kdf_memory_mib: slot.kdf.map(|kdf| kdf.memory_kib() / 1024),
            kdf_passes: slot.kdf.map(|kdf| kdf.passes()),
            added: added(slot).map(iso),
            label: slot.note.label.clone(),
        }
    }
}

impl Key {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::List(command) => command.run(session),
            Self::Add(command) => command.run(session),
            Self::Remove(command) => command.run(session),
            Self::ChangePassphrase(command) => command.run(session),
            Self::Rotate(command) => command.run(session),
        }
    }
}

impl List {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let key = session.key_of(&path)?;
        let slots = session.keys(&path, &key).list()?;
        if session.console.is_json() {
            let shapes: Vec<SlotShape> = slots.iter().map(SlotShape::new).collect();
            session.console.json(&shapes)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[
            ("slot", Align::Right),
            ("opens with", Align::Left),
            ("a guess costs", Align::Left),
            ("made", Align::Left),
            ("label", Align::Left),
        ])
        .flexible(4);
        for slot in &slots {
            table.row([
                Cell::new(slot.number.to_string()),
                Cell::new(word(slot)),
                Cell::new(slot.kdf.map(cost).unwrap_or_default()),
                Cell::new(added(slot).map_or_else(|| "with the vault".to_owned(), day)),
                Cell::new(&slot.note.label),
            ]);
        }
        session.console.table(&table)?;
        Ok(Exit::Done)
    }
}

impl Remove {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let (_, unlocked) = unlocked(session)?;
        let slots = session.keys(&path, &unlocked.key).list()?;
        let slot = slots.iter().find(|slot| slot.number == self.slot).ok_or_else(|| {
            Failure::from(VaultError::File(vfs::VfsError::NoSuchSlot { number: self.slot }))
        })?;
        let own = slot.number == unlocked.slot_number;
        if slots.len() > 1 {
            let with_it = if own { ", which you have just opened the vault with" } else { "" };
            let question = format!("Remove {}{with_it}?", named(slot));
            if !self.yes && !session.console.confirm(&question, "--yes")? {
                return Err(Failure::new(Exit::Failed, "nothing was removed, as you said"));
            }
        }
        session.keys(&path, &unlocked.key).remove(slot.number, session.now())?;
        let forgotten = forget(&unlocked);
        let left: Vec<&KeySlot> = slots.iter().filter(|other| other.number != slot.number).collect();
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                removed: SlotShape,
                left: Vec<SlotShape>,
            }
            let left = left.into_iter().map(SlotShape::new).collect();
            session.console.json(&Shape { removed: SlotShape::new(slot), left })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("Removed {}", named(slot)))?;
        if own {
            session.console.say("You had opened the vault with it. From now on it does not open it.")?;
        }
        let left: Vec<String> = left.into_iter().map(named).collect();
        session.console.say(format!("What opens the vault now: {}", left.join(", ")))?;
        say_forgotten(forgotten, session)?;
        say_old_copies(session)
    }
}

impl ChangePassphrase {
    fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        let (_, unlocked) = unlocked(session)?;
        let passphrase = secrets::chosen_passphrase(self.new_passphrase_file.as_deref(), session.console)?;
        super::init::warn_if_short(&passphrase, session.console)?;
        let (kdf, now) = (self.kdf.choice(), session.now());
        let keys = session.keys(&path, &unlocked.key);
        let change = keys.change_passphrase(&unlocked, self.slot, &passphrase, kdf, now)?;
        let forgotten = forget(&unlocked);
        let weaker = change.before.is_some_and(|before| work(change.now) < work(before));
        if weaker {
            session.console.warn("a guess at the passphrase costs less now than it did before")?;
        }
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shape {
                slot: u32,
                replaced: bool,
                kdf_memory_mib: u32,
                kdf_passes: u32,
            }
            session.console.json(&Shape {
                slot: change.slot,
                replaced: change.before.is_some(),
                kdf_memory_mib: change.now.memory_kib() / 1024,
                kdf_passes: change.now.passes(),
            })?;
            return Ok(Exit::Done);
        }
        let what =
            if change.before.is_some() { "Changed the passphrase of" } else { "Added a passphrase in" };
        session.console.say(format!(
            "{what} key slot {}; a guess costs {}",
            change.slot,
            cost(change.now)
        ))?;
        say_forgotten(forgotten, session)?;
        if change.before.is_none() {
            return Ok(Exit::Done);
        }
        say_old_copies(session)
    }
}

/// Unlocks the header with a secret that is given now, also where a key is kept: who changes the keys shows one.
fn unlocked(session: &mut Session<'_>) -> Result<(OpenedWith, Unlocked), Failure> {
    let path = session.vault_path()?;
    let secret = session.secret_for(&path)?;
    let unlocked = vfs::unlock(&path, &secret.secret()).map_err(VaultError::from)?;
    for warning in &unlocked.warnings {
        session.console.warn(&warning.to_string())?;
    }
    // Told before anything else is asked for.
    session.keys(&path, &unlocked.key).list()?;
    Ok((secret, unlocked))
}

/// A key that was kept for a while is kept no longer than the slots it was fetched with. Says whether one was.
fn forget(unlocked: &Unlocked) -> bool {
    keeper::forget(unlocked.vault_id).unwrap_or(false)
}

fn say_forgotten(forgotten: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    if forgotten {
        session.console.say("The key that \"finvault unlock\" kept is forgotten")?;
    }
    Ok(())
}

fn say_old_copies(session: &mut Session<'_>) -> Result<Exit, Failure> {
    session.console.say_toned(&[
        (Tone::Caution, "Copies made before, backups included, still open as they did"),
        (Tone::Plain, ", and the vault's key can be had from them. \"finvault key rotate\" makes a new one."),
    ])?;
    Ok(Exit::Done)
}

/// How a slot is called in a sentence.
fn named(slot: &KeySlot) -> String {
    let label = if slot.note.label.is_empty() { String::new() } else { format!(" \"{}\"", slot.note.label) };
    format!("key slot {} ({}{label})", slot.number, word(slot))
}

fn word(slot: &KeySlot) -> &'static str {
    slot.kind.map_or("unknown", vfs::SlotKind::as_str)
}

fn cost(kdf: KdfParams) -> String {
    format!("{} MiB, {} passes", kdf.memory_kib() / 1024, kdf.passes())
}

fn work(kdf: KdfParams) -> u64 {
    u64::from(kdf.memory_kib()).saturating_mul(u64::from(kdf.passes()))
}

fn added(slot: &KeySlot) -> Option<Timestamp> {
    slot.note.added_s.and_then(|second| Timestamp::from_second(second).ok())
}

fn day(moment: Timestamp) -> String {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Reads a key file, for opening the vault or for adding it.
pub fn read_key_file(path: &Path, exit: Exit) -> Result<finvault::crypto::KeyFile, Failure> {
    let mut content = secrets::read_secret_file("the key file", path)?;
    finvault::crypto::KeyFile::from_content(std::mem::take(&mut *content)).map_err(|error| {
        Failure::new(exit, format!("{} is no key file: {error}", path.display()))
            .help("\"finvault key add key-file FILE --generate\" makes one")
    })
}
